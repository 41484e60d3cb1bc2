// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: structured concurrency. Who starts Gs into a group gets back what came
 * of all of them, and goes on when the last one has ended, not before.
 *
 *   child   a G of the group; its function returns 0 or a negative errno
 *   first   the error that came first: it is the group's, and cancels it
 *   cancel  all children are told to end (gort_cancel), and no more come
 *   wait    until there is no child. Who waits and is told to end himself cancels
 *           the group, and waits on until the children have gone
 *
 * A child, step by step; nr counts it from 1 to 5:
 *
 *  1. gort_group_go(), Q: not cancelled: nr + 1. The G is made. It runs for
 *     certain, but who made it has no hold of it: it may be over at any time.
 *  2. The child itself, Q: into the list of children. Was the group cancelled
 *     meanwhile? Then it cancels itself. So each child is told, either in the
 *     list or here.
 *  3. It runs the user's function.
 *  4. It has ended, in whatever way (gort_group_left(), on the M, when its stack
 *     is gone): Q: out of the list. Its error is the group's if it is the first
 *     one, and then all others are told.
 *  5. Q: nr - 1. The last one lets go who waits. After that the group is not
 *     touched: it may be gone.
 *
 * To tell all is done some at a time, so that Q is never held for long: who was
 * told goes to another list. The group can't go meanwhile, as it is the user's
 * who tells, or a child that still counts.
 *
 * The scope. A group is mostly on the stack of the G that waits for it, and so is
 * what the children work on. That G may end without waiting: gort_exit(), no
 * stack left. As it then has a group with children (g->groups, entered when it
 * starts one), it cancels the group, and is itself not buried before they have
 * gone: its stack stays, and it is still there for who waits for it or its
 * context. The last child to leave buries it (grp->heir). A G that returns from
 * the function that has the group, without having waited, is on its own: as with
 * all else that it has left in a dead frame.
 *
 * Memory: one small object for each child, from gort_group_go() to its end, paid
 * for by the context, and no more of them than the context may have Gs.
 *
 * Lock order: Q, then S.
 *
 * Rejected: to look whether the group is cancelled wherever it is looked whether
 * the G is. One pointer more to follow there, and sleepers must be woken anyway;
 * and to end children in the middle, which nothing here does.
 */

#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "gort.h"
#include "gort_wait.h"

/* Children that are told without letting others at Q */
#define GROUP_BATCH	32

/**
 * struct gort_child - what a G is to its group
 * @node: in one of the group's lists, from step 2 to 4; Q
 * @grp: the group; I
 * @g: the G; its own
 * @fn: what it runs; I
 * @arg: I
 * @err: what that returned; its own
 */
struct gort_child {
	struct list_head node;
	struct gort_group *grp;
	struct gort_g *g;
	int (*fn)(void *arg);
	void *arg;
	int err;
};

/**
 * struct group_op - who waits for a group
 * @op: the operation
 * @grp: the group
 */
struct group_op {
	struct gort_op op;
	struct gort_group *grp;
};

/* Is the group on @g's stack? */
static bool on_stack_of(const struct gort_g *g, const struct gort_group *grp)
{
	unsigned long addr = (unsigned long)grp;
	const struct gort_seg *s;

	for (s = g->seg; s; s = s->prev)
		if (addr >= s->lo && addr < (unsigned long)s)
			return true;
	return false;
}

static long group_setup(void *arg)
{
	struct gort_group *grp = arg;
	struct gort_g *g = gort_getg();

	raw_spin_lock_init(&grp->lock);
	INIT_LIST_HEAD(&grp->children);
	INIT_LIST_HEAD(&grp->told);
	INIT_LIST_HEAD(&grp->waiters);
	INIT_LIST_HEAD(&grp->going);
	if (g && on_stack_of(g, grp))
		grp->owner = g;
	return 0;
}

/**
 * gort_group_init() - make a group
 * @grp: the group, in memory of any kind; on its stack if a G makes it for itself
 * @ctx: whose Gs the children will be; NULL: the caller's own, who is a G
 *
 * Nothing has to be undone: when all were awaited the memory may go.
 *
 * Context: any.
 * Return: 0, or -EINVAL (no context outside a G), with a message.
 */
int gort_group_init(struct gort_group *grp, struct gort_ctx *ctx)
{
	struct gort_g *g = gort_getg();

	if (!ctx && !g) {
		gort_op_misuse(__func__, "outside a G there must be a context");
		return -EINVAL;
	}
	*grp = (struct gort_group){ .ctx = ctx ?: g->ctx };
	gort_op_run(group_setup, grp);
	return 0;
}
EXPORT_SYMBOL_GORT(gort_group_init);

/* Tells some that have not been told; false when there are none. */
static bool tell_some(struct gort_group *grp)
{
	unsigned int n = GROUP_BATCH;
	struct gort_child *c;
	unsigned long flags;
	bool more;

	raw_spin_lock_irqsave(&grp->lock, flags);
	while (n-- && !list_empty(&grp->children)) {
		c = list_first_entry(&grp->children, struct gort_child, node);
		list_move(&c->node, &grp->told);
		gort_cancel(c->g);
	}
	more = !list_empty(&grp->children);
	raw_spin_unlock_irqrestore(&grp->lock, flags);
	return more;
}

/* No more come, and those that are there are to end; @err if it is the first. */
static long group_stop(struct gort_group *grp, int err)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&grp->lock, flags);
	grp->cancelled = true;
	if (!grp->err)
		grp->err = err;
	raw_spin_unlock_irqrestore(&grp->lock, flags);
	while (tell_some(grp))
		cpu_relax();
	return 0;
}

static long group_cancel(void *grp)
{
	return group_stop(grp, -ECANCELED);
}

/**
 * gort_group_cancel() - tell all children to end, and take no more
 * @grp: the group
 *
 * The children end when they come to it; gort_group_wait() waits for that. Its
 * result is -ECANCELED if there was no error before.
 *
 * Context: any. What it wakes: all children that sleep.
 */
void gort_group_cancel(struct gort_group *grp)
{
	gort_op_run(group_cancel, grp);
}
EXPORT_SYMBOL_GORT(gort_group_cancel);

/* Step 2; by the child. */
static long child_enter(void *arg)
{
	struct gort_child *c = arg;
	struct gort_group *grp = c->grp;
	unsigned long flags;

	c->g = gort_getg();
	c->g->child = c;
	c->g->body = c->fn; /* for messages */
	raw_spin_lock_irqsave(&grp->lock, flags);
	list_add_tail(&c->node, grp->cancelled ? &grp->told : &grp->children);
	if (grp->cancelled)
		WRITE_ONCE(c->g->cancelled, true);
	raw_spin_unlock_irqrestore(&grp->lock, flags);
	return 0;
}

static void child_main(void *arg)
{
	struct gort_child *c = arg;

	gort_op_run(child_enter, c);
	c->err = c->fn(c->arg);
}

NOKPROBE_SYMBOL(child_main);

/* Step 5. Return: who is to be buried now that it has no children, or NULL. */
static struct gort_g *group_leave(struct gort_group *grp)
{
	struct gort_g *heir = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&grp->lock, flags);
	if (!--grp->nr) {
		heir = grp->heir;
		list_splice_tail_init(&grp->waiters, &grp->going);
		gort_op_wake_some(&grp->going);
	}
	raw_spin_unlock_irqrestore(&grp->lock, flags);
	return heir;
}

/**
 * gort_group_left() - steps 4 and 5: a child has ended
 * @g: the child; its stack is gone
 *
 * Context: the M.
 * Return: a G that has ended before, and was kept for its children until now: to
 * be buried; or NULL.
 */
struct gort_g *gort_group_left(struct gort_g *g)
{
	struct gort_child *c = g->child;
	struct gort_group *grp = c->grp;
	int err = g->status ?: c->err;
	unsigned long flags;

	raw_spin_lock_irqsave(&grp->lock, flags);
	list_del(&c->node);
	raw_spin_unlock_irqrestore(&grp->lock, flags);
	g->child = NULL;
	kfree(c);
	if (err)
		group_stop(grp, err);
	return group_leave(grp);
}

static void group_unlist(struct gort_group *grp)
{
	struct gort_group **link = &grp->owner->groups;

	while (*link != grp)
		link = &(*link)->outer;
	*link = grp->outer;
	grp->listed = false;
}

/**
 * gort_group_abandon() - a G has ended without waiting for its groups
 * @g: the G; its stack is still there
 *
 * Context: the M.
 * Return: true if it has children yet: they bury it, and it is not to be touched
 * any more.
 */
bool gort_group_abandon(struct gort_g *g)
{
	struct gort_group *grp;
	unsigned long flags;
	bool wait;

	while ((grp = g->groups)) {
		group_stop(grp, -ECANCELED);
		raw_spin_lock_irqsave(&grp->lock, flags);
		wait = grp->nr;
		if (wait)
			grp->heir = g;
		raw_spin_unlock_irqrestore(&grp->lock, flags);
		if (wait)
			return true;
		group_unlist(grp);
	}
	return false;
}

/* Step 1: it counts, or why not. */
static int group_enter(struct gort_group *grp)
{
	unsigned long flags;
	int err = 0;

	raw_spin_lock_irqsave(&grp->lock, flags);
	if (grp->cancelled)
		err = -ECANCELED;
	else
		grp->nr++;
	raw_spin_unlock_irqrestore(&grp->lock, flags);
	return err;
}

static struct gort_child *child_alloc(struct gort_ctx *ctx)
{
	struct gort_child *c;
	struct mem_cgroup *old;

	old = gort_charge_begin(ctx);
	c = gort_try(kzalloc(sizeof(*c), gort_gfp(ctx)), NULL);
	gort_charge_end(old);
	return c;
}

/* The new G runs the same code as the caller, and keeps its module. */
static int child_start(struct gort_child *c, struct gort_ctx *ctx)
{
	struct gort_g *self = gort_getg();
	struct module *owner = self ? self->owner : NULL;
	int err;

	if (self && ctx != self->ctx)
		gort_ctx_unwatch(self->ctx); /* who can tell whom it wakes? */
	if (owner)
		__module_get(owner);
	err = gort_newproc(ctx, child_main, c, self ? &self->text : &ctx->text,
			   owner, NULL, NULL);
	if (err)
		module_put(owner);
	return err;
}

/* gort_group_go(), where there is room; gets what it starts, or an error. */
static long group_go(void *arg)
{
	struct gort_child *new = arg, *c;
	struct gort_group *grp = new->grp;
	struct gort_g *self = gort_getg();
	int err;

	err = group_enter(grp);
	if (err)
		return err;
	err = -ENOMEM;
	c = child_alloc(grp->ctx);
	if (!c)
		goto err_leave;
	*c = *new;
	if (grp->owner && grp->owner == self && !grp->listed) {
		grp->listed = true;
		grp->outer = self->groups;
		self->groups = grp;
	}
	err = child_start(c, grp->ctx);
	if (!err)
		return self ? (long)gort_wakep() : 0;
	kfree(c);
err_leave:
	gort_gdead(group_leave(grp)); /* the owner has ended meanwhile */
	return err;
}

/**
 * gort_group_go() - start a G in a group
 * @grp: the group
 * @fn: what it runs, G code as for gort_go(); returns 0 or a negative errno
 * @arg: its argument
 *
 * If @fn returns an error, or the G ends early for one (-EOVERFLOW: no stack
 * left), and it is the first of the group, the group is cancelled and
 * gort_group_wait() returns it. It runs for certain once this has returned 0.
 *
 * Context: G or process; not in a section that must not sleep. Also by a child.
 * Return: 0, -ECANCELED (the group was cancelled, or had an error, or the context
 * is being destroyed), -EAGAIN (the cap of the context or of the machine is
 * reached), -EDQUOT (that of the user), -ENOMEM, -EINVAL (no function), -EDEADLK
 * (in such a section).
 */
int gort_group_go(struct gort_group *grp, int (*fn)(void *arg), void *arg)
{
	struct gort_child new = { .grp = grp, .fn = fn, .arg = arg };
	struct gort_g *self = gort_getg();
	long ret;

	if (!fn)
		return -EINVAL;
	if (self && gort_must_not_sleep(self->m)) {
		gort_misuse(self, "gort_group_go",
			    "in a section that must not sleep");
		return -EDEADLK;
	}
	ret = gort_op_run(group_go, &new);
	if (IS_ERR_VALUE(ret))
		return ret;
	if (ret)
		gort_allocm((struct gort_p *)ret);
	return 0;
}
EXPORT_SYMBOL_GORT(gort_group_go);
NOKPROBE_SYMBOL(gort_group_go);

static int group_try(struct gort_op *op)
{
	struct gort_group *grp = container_of(op, struct group_op, op)->grp;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&grp->lock, flags);
	if (grp->nr) {
		op->result = GORT_OP_WAITS;
		ret = GORT_OP_WAITS;
		list_add_tail(&op->node, &grp->waiters);
	}
	raw_spin_unlock_irqrestore(&grp->lock, flags);
	return ret;
}

static int group_waited(struct gort_op *op, int err)
{
	struct gort_group *grp = container_of(op, struct group_op, op)->grp;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&grp->lock, flags);
	ret = gort_op_leave(op, err);
	gort_op_wake_some(&grp->going);
	raw_spin_unlock_irqrestore(&grp->lock, flags);
	return ret;
}

/* Does @g wait for itself? */
static bool is_child_of(const struct gort_g *g, const struct gort_group *grp)
{
	return g && g->child && g->child->grp == grp;
}

/* No child is left. */
static long group_over(void *arg)
{
	struct gort_group *grp = arg;

	if (grp->listed && grp->owner == gort_getg())
		group_unlist(grp);
	return 0;
}

/**
 * gort_group_wait_until() - wait until all children have ended
 * @grp: the group
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * No child outlives this: when it returns with anything else than -ETIME,
 * -EDEADLK or -EPERM there is none, and what they used may go. If the waiting G
 * is cancelled, or the waiting task gets a signal, the group is cancelled, and is
 * waited for all the same. After -ETIME the children go on: wait again, or cancel
 * the group and wait. A group without an error can be used anew.
 *
 * Context: G or process. In a child of this very group there is no end to it:
 * -EDEADLK, with a message.
 * Return: the first error of a child, or 0; -ECANCELED also if the G is to end,
 * or the group was cancelled; -ERESTARTSYS if a task got a signal; -ETIME if the
 * deadline passed; -EDEADLK if the G holds a gort lock, has a section open, or is
 * a child of the group; -EPERM where nobody can wait.
 */
int gort_group_wait_until(struct gort_group *grp, u64 deadline_ns)
{
	struct gort_g *g = gort_getg();
	struct group_op go = {
		.op = {
			.try = group_try,
			.leave = group_waited,
			.what = "gort_group_wait",
			.reason = "group",
			.outside = g && g->ctx != grp->ctx,
			.deadline = deadline_ns,
		},
		.grp = grp,
	};
	int err;

	if (is_child_of(g, grp)) {
		gort_op_misuse("gort_group_wait",
			       "by one of the Gs that it would wait for");
		return -EDEADLK;
	}
	err = gort_op_wait(&go.op);
	if (err == -ECANCELED || err == -ERESTARTSYS) {
		gort_group_cancel(grp);
		go.op.must = true;
		gort_op_wait(&go.op);
	} else if (err) {
		return err;
	}
	gort_op_run(group_over, grp);
	return err ?: READ_ONCE(grp->err);
}
EXPORT_SYMBOL_GORT(gort_group_wait_until);
NOKPROBE_SYMBOL(gort_group_wait_until);
