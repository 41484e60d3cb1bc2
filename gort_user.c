// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users: what all files of one user may have together.
 *
 * The cap of a file says little when anybody may open as many as they like. So
 * files, tasks (until their completion is read) and the green threads that tasks
 * spawn are counted for the user who opened the file, too: the real user id,
 * whatever user namespace it is seen from. A descriptor that is passed on stays
 * its opener's, like the memory that it causes. Root is a user like others.
 *
 * There is one structure per user who has a file open, found by its id when one
 * is opened, and gone with the last. A file keeps it, and its context points to
 * it. A module's own contexts belong to no user: there the module is to be asked.
 *
 * The count of tasks is an atomic of its own rather than the sum over the files:
 * it has to be right when many of them submit at once.
 */

#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "gort.h"

/**
 * struct gort_user - a user with open files
 * @node: in users; U
 * @uid: who; I
 * @files: open files; U
 * @tasks: tasks and spawned green threads; A
 */
struct gort_user {
	struct hlist_node node;
	kuid_t uid;
	unsigned int files;
	atomic_t tasks;
};

static DEFINE_SPINLOCK(users_lock);	/* U, a leaf */
static DEFINE_HASHTABLE(users, 6);	/* U */

static struct gort_user *user_of(kuid_t uid)
{
	struct gort_user *u;

	lockdep_assert_held(&users_lock);
	hash_for_each_possible(users, u, node, __kuid_val(uid))
		if (uid_eq(u->uid, uid))
			return u;
	return NULL;
}

/**
 * gort_user_open() - count one more file of the calling user
 *
 * Context: process.
 * Return: the user, or -EDQUOT, -ENOMEM.
 */
struct gort_user *gort_user_open(void)
{
	struct gort_user *u, *new;

	new = gort_try(kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT), NULL);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->uid = current_uid();
	spin_lock(&users_lock);
	u = user_of(new->uid);
	if ((u ? u->files : 0) >= READ_ONCE(gort_max_files_user)) {
		u = ERR_PTR(-EDQUOT);
	} else if (u) {
		u->files++;
	} else {
		u = new;
		new = NULL;
		u->files = 1;
		hash_add(users, &u->node, __kuid_val(u->uid));
	}
	spin_unlock(&users_lock);
	kfree(new);
	return u;
}

/* One file less; it has no tasks any more. */
void gort_user_close(struct gort_user *u)
{
	spin_lock(&users_lock);
	if (--u->files)
		u = NULL;
	else
		hash_del(&u->node);
	spin_unlock(&users_lock);
	kfree(u);
}

/* Count one more task or green thread of @u, which may be NULL: 0 or -EDQUOT. */
int gort_user_charge(struct gort_user *u)
{
	if (!u || (unsigned int)atomic_inc_return(&u->tasks) <=
		  READ_ONCE(gort_max_tasks_user))
		return 0;
	atomic_dec(&u->tasks);
	return -EDQUOT;
}

void gort_user_uncharge(struct gort_user *u)
{
	if (u)
		atomic_dec(&u->tasks);
}
