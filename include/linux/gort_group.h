/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort: groups of Gs that are started, cancelled and awaited together
 * (gort_group.c).
 *
 *	struct gort_group grp;
 *
 *	err = gort_group_init(&grp, NULL);
 *	for (i = 0; i < n && !err; i++)
 *		err = gort_group_go(&grp, part, &parts[i]);
 *	if (err)
 *		gort_group_cancel(&grp);
 *	err = gort_group_wait(&grp) ?: err;
 *
 * After the wait none of them is there any more, whatever has happened.
 */
#ifndef _LINUX_GORT_GROUP_H
#define _LINUX_GORT_GROUP_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <linux/gort.h>

/**
 * struct gort_group - Gs that belong together, its children
 * @lock: Q
 * @children: those that run, and were not told to end; Q
 * @told: those that run, and were; Q
 * @waiters: operations that wait for the end of all; Q
 * @going: those for which it has come; Q
 * @nr: children that have not ended, those included that have not begun; Q
 * @err: the first error; Q, read without by who has waited
 * @cancelled: no more come; Q
 * @listed: it is among the groups of @owner; @owner's
 * @ctx: whose Gs the children are; I
 * @owner: the G on whose stack it is, or NULL; I
 * @outer: next of its owner's groups; @owner's
 * @heir: @owner, when it has ended and is kept for the children's sake; Q
 */
struct gort_group {
	raw_spinlock_t lock; /* all that is Q */
	struct list_head children;
	struct list_head told;
	struct list_head waiters;
	struct list_head going;
	unsigned int nr;
	int err;
	bool cancelled;
	bool listed;
	struct gort_ctx *ctx;
	struct gort_g *owner;
	struct gort_group *outer;
	struct gort_g *heir;
};

int __must_check gort_group_init(struct gort_group *grp, struct gort_ctx *ctx);
int __must_check gort_group_go(struct gort_group *grp, int (*fn)(void *arg),
			       void *arg);
void gort_group_cancel(struct gort_group *grp);
int __must_check gort_group_wait_until(struct gort_group *grp,
				       u64 deadline_ns);

/**
 * gort_group_wait() - gort_group_wait_until() without a deadline
 * @grp: the group
 *
 * Context: G or process.
 * Return: as gort_group_wait_until().
 */
static inline int __must_check gort_group_wait(struct gort_group *grp)
{
	return gort_group_wait_until(grp, GORT_NO_DEADLINE);
}

#endif /* _LINUX_GORT_GROUP_H */
