// SPDX-License-Identifier: GPL-2.0-only
/*
 * Semaphores, wait groups, and what is done once.
 *
 * Semaphore. A unit that is released goes to who waits first, if anybody does:
 * nobody overtakes, and nobody is woken for nothing. A unit that went to one
 * that is cancelled or late by then is that one's all the same, so none is lost.
 *
 * Wait group. The one that counts down to 0 decides all that wait: they go on
 * whatever is counted after that. Go needs three checks for a group that is used
 * anew while the waiters of before have not all woken; here that is no misuse.
 *
 * Once. The first to come does it, the others wait until it has been done. If
 * the G that does it ends within, who waits first is woken to try: it may find
 * that somebody else has come before, and waits on.
 *
 * The wake-ups of many are a chain, see gort_wait.c.
 */

#include <linux/kprobes.h>
#include <linux/overflow.h>

#include "gort.h"
#include "gort_wait.h"

/**
 * struct sem_op - who wants a unit
 * @op: the operation
 * @sem: of which semaphore
 */
struct sem_op {
	struct gort_op op;
	struct gort_sem *sem;
};

static bool sem_take(struct gort_sem *s)
{
	lockdep_assert_held(&s->lock);
	if (!s->count)
		return false;
	s->count--;
	return true;
}

static int sem_try(struct gort_op *op)
{
	struct gort_sem *s = container_of(op, struct sem_op, op)->sem;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&s->lock, flags);
	if (!sem_take(s)) {
		op->result = GORT_OP_WAITS;
		ret = GORT_OP_WAITS;
		list_add_tail(&op->node, &s->waiters);
	}
	raw_spin_unlock_irqrestore(&s->lock, flags);
	return ret;
}

static int sem_leave(struct gort_op *op, int err)
{
	struct gort_sem *s = container_of(op, struct sem_op, op)->sem;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&s->lock, flags);
	ret = gort_op_leave(op, err);
	raw_spin_unlock_irqrestore(&s->lock, flags);
	return ret;
}

/**
 * gort_sem_acquire_until() - take a unit, wait for one if need be
 * @s: the semaphore
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * Context: G or process.
 * Return: 0, -ECANCELED if the G is to end, -ETIME if the deadline passed,
 * -ERESTARTSYS if a task got a signal, -EDEADLK if the G holds a gort lock or
 * has a section open, -EPERM where nobody can wait.
 */
int gort_sem_acquire_until(struct gort_sem *s, u64 deadline_ns)
{
	struct sem_op so = {
		.op = {
			.try = sem_try,
			.leave = sem_leave,
			.what = __func__,
			.reason = "semaphore",
			.deadline = deadline_ns,
		},
		.sem = s,
	};

	return gort_op_wait(&so.op);
}
EXPORT_SYMBOL_GORT(gort_sem_acquire_until);
NOKPROBE_SYMBOL(gort_sem_acquire_until);

static long sem_tryacquire(void *arg)
{
	struct gort_sem *s = arg;
	unsigned long flags;
	bool got;

	raw_spin_lock_irqsave(&s->lock, flags);
	got = sem_take(s);
	raw_spin_unlock_irqrestore(&s->lock, flags);
	return got ? 0 : -EAGAIN;
}

/**
 * gort_sem_tryacquire() - take a unit if there is one
 * @s: the semaphore
 *
 * Context: any.
 * Return: 0, or -EAGAIN if there is none.
 */
int gort_sem_tryacquire(struct gort_sem *s)
{
	return gort_op_run(sem_tryacquire, s);
}
EXPORT_SYMBOL_GORT(gort_sem_tryacquire);

static long sem_release(void *arg)
{
	struct gort_sem *s = arg;
	unsigned long flags;
	struct gort_op *op;
	int err = 0;

	raw_spin_lock_irqsave(&s->lock, flags);
	op = list_first_entry_or_null(&s->waiters, struct gort_op, node);
	if (op) {
		list_del(&op->node);
		gort_op_wake(op, 0);
	} else if (s->count == UINT_MAX) {
		err = -EOVERFLOW;
	} else {
		s->count++;
	}
	raw_spin_unlock_irqrestore(&s->lock, flags);
	return err;
}

/**
 * gort_sem_release() - give a unit back, or add one
 * @s: the semaphore
 *
 * Context: any. What it wakes: who waits first.
 * Return: 0, or -EOVERFLOW if there are UINT_MAX units already, with a message.
 */
int gort_sem_release(struct gort_sem *s)
{
	int err = gort_op_run(sem_release, s);

	if (err)
		gort_op_misuse(__func__, "too many units: release only what was acquired");
	return err;
}
EXPORT_SYMBOL_GORT(gort_sem_release);

static long sem_init(void *arg)
{
	struct gort_sem *s = arg;

	raw_spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->waiters);
	return 0;
}

/**
 * gort_sem_init() - make a semaphore
 * @s: the semaphore, in memory of any kind; GORT_SEM_INIT() is for static ones
 * @count: units to begin with
 *
 * Context: any.
 */
void gort_sem_init(struct gort_sem *s, unsigned int count)
{
	s->count = count;
	gort_op_run(sem_init, s);
}
EXPORT_SYMBOL_GORT(gort_sem_init);

/**
 * struct wg_op - who waits for a wait group
 * @op: the operation
 * @wg: which one
 */
struct wg_op {
	struct gort_op op;
	struct gort_wg *wg;
};

static int wg_try(struct gort_op *op)
{
	struct gort_wg *wg = container_of(op, struct wg_op, op)->wg;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&wg->lock, flags);
	if (wg->count) {
		op->result = GORT_OP_WAITS;
		ret = GORT_OP_WAITS;
		list_add_tail(&op->node, &wg->waiters);
	}
	raw_spin_unlock_irqrestore(&wg->lock, flags);
	return ret;
}

static int wg_leave(struct gort_op *op, int err)
{
	struct gort_wg *wg = container_of(op, struct wg_op, op)->wg;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&wg->lock, flags);
	ret = gort_op_leave(op, err);
	gort_op_wake_some(&wg->going);
	raw_spin_unlock_irqrestore(&wg->lock, flags);
	return ret;
}

/**
 * gort_wg_wait_until() - wait until nothing is left to do
 * @wg: the wait group
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * Who waits is let go when the count comes to 0, though it may have grown again
 * before it has woken: a wait group can be used anew at once.
 *
 * Context: G or process.
 * Return: 0, -ECANCELED if the G is to end, -ETIME if the deadline passed,
 * -ERESTARTSYS if a task got a signal, -EDEADLK if the G holds a gort lock or
 * has a section open, -EPERM where nobody can wait.
 */
int gort_wg_wait_until(struct gort_wg *wg, u64 deadline_ns)
{
	struct wg_op wo = {
		.op = {
			.try = wg_try,
			.leave = wg_leave,
			.what = __func__,
			.reason = "wait group",
			.deadline = deadline_ns,
		},
		.wg = wg,
	};

	return gort_op_wait(&wo.op);
}
EXPORT_SYMBOL_GORT(gort_wg_wait_until);
NOKPROBE_SYMBOL(gort_wg_wait_until);

/**
 * struct wg_add - what gort_wg_add() was called with
 * @wg: the wait group
 * @n: how many
 */
struct wg_add {
	struct gort_wg *wg;
	int n;
};

static long wg_add(void *arg)
{
	const struct wg_add *add = arg;
	struct gort_wg *wg = add->wg;
	unsigned long flags;
	int count, err = 0;

	raw_spin_lock_irqsave(&wg->lock, flags);
	if (check_add_overflow(wg->count, add->n, &count)) {
		err = -EOVERFLOW;
	} else if (count < 0) {
		err = -EINVAL;
	} else {
		wg->count = count;
		if (!count) {
			list_splice_tail_init(&wg->waiters, &wg->going);
			gort_op_wake_some(&wg->going);
		}
	}
	raw_spin_unlock_irqrestore(&wg->lock, flags);
	return err;
}

/**
 * gort_wg_add() - more to wait for, or less
 * @wg: the wait group
 * @n: how many; may be negative
 *
 * Add before what is to be waited for begins, and before the wait does: one that
 * comes first finds nothing to wait for. That is the one misuse that can't be
 * told from use.
 *
 * Context: any. What it wakes: when the count comes to 0, all that wait, of many
 * the first few, which wake the others.
 * Return: 0, -EINVAL if less than nothing would be left, -EOVERFLOW if more than
 * INT_MAX would be; both with a message, and nothing has changed.
 */
int gort_wg_add(struct gort_wg *wg, int n)
{
	struct wg_add add = { .wg = wg, .n = n };
	int err = gort_op_run(wg_add, &add);

	if (unlikely(err))
		gort_op_misuse(__func__, err == -EINVAL ?
			       "less than nothing is left: be done once for each" :
			       "too much: be done with some of it first");
	return err;
}
EXPORT_SYMBOL_GORT(gort_wg_add);

static long wg_init(void *arg)
{
	struct gort_wg *wg = arg;

	raw_spin_lock_init(&wg->lock);
	INIT_LIST_HEAD(&wg->waiters);
	INIT_LIST_HEAD(&wg->going);
	wg->count = 0;
	return 0;
}

/**
 * gort_wg_init() - make a wait group with nothing to wait for
 * @wg: the wait group, in memory of any kind; GORT_WG_INIT() is for static ones
 *
 * Context: any.
 */
void gort_wg_init(struct gort_wg *wg)
{
	gort_op_run(wg_init, wg);
}
EXPORT_SYMBOL_GORT(gort_wg_init);

/* once_try(): the caller is who does it */
#define ONCE_MINE	3

/**
 * struct once_op - who needs that something has been done
 * @op: the operation
 * @once: what
 * @owns: it is doing it already; the owner's
 */
struct once_op {
	struct gort_op op;
	struct gort_once *once;
	bool owns;
};

static int once_try(struct gort_op *op)
{
	struct once_op *oo = container_of(op, struct once_op, op);
	struct gort_once *once = oo->once;
	void *me = gort_op_owner(op);
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&once->lock, flags);
	if (once->owner == me) {
		oo->owns = true;
		ret = -EDEADLK;
	} else if (once->owner) {
		op->result = GORT_OP_WAITS;
		ret = GORT_OP_WAITS;
		list_add_tail(&op->node, &once->waiters);
	} else if (!once->done) {
		once->owner = me;
		gort_hold(me, &once->held, GORT_HELD_ONCE);
		ret = ONCE_MINE;
	}
	raw_spin_unlock_irqrestore(&once->lock, flags);
	return ret;
}

static int once_leave(struct gort_op *op, int err)
{
	struct gort_once *once = container_of(op, struct once_op, op)->once;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&once->lock, flags);
	ret = gort_op_leave(op, err);
	gort_op_wake_some(&once->going);
	raw_spin_unlock_irqrestore(&once->lock, flags);
	return ret;
}

/* Is it the caller's turn to do it? ONCE_MINE, or what it came to */
static noinline int once_wait(struct gort_once *once, u64 deadline_ns)
{
	struct once_op oo = {
		.op = {
			.try = once_try,
			.leave = once_leave,
			.what = "gort_once_do_until",
			.reason = "once",
			.deadline = deadline_ns,
		},
		.once = once,
	};
	int ret = gort_op_wait(&oo.op);

	if (unlikely(oo.owns))
		gort_op_misuse(oo.op.what, "inside of what is done: it would wait for itself");
	return ret;
}

NOKPROBE_SYMBOL(once_wait);

static long once_done(void *arg)
{
	struct gort_once *once = arg;
	unsigned long flags;

	raw_spin_lock_irqsave(&once->lock, flags);
	gort_unhold(&once->held);
	once->owner = NULL;
	/* pairs with the acquire in gort_once_do_until(): what @fn did is seen */
	smp_store_release(&once->done, true);
	list_splice_tail_init(&once->waiters, &once->going);
	gort_op_wake_some(&once->going);
	raw_spin_unlock_irqrestore(&once->lock, flags);
	return 0;
}

/**
 * gort_once_do_until() - do something, unless it has been done
 * @once: knows whether it has
 * @fn: does it; G code, runs where the caller is
 * @arg: its argument
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE: how
 *	long to wait for somebody else who does it
 *
 * When this returns 0, @fn has returned, here or elsewhere, and all that it did
 * is seen. It has been done also if @fn gave up, for instance because its G was
 * cancelled: how it went is to be told by what it leaves. But if the G ends in
 * @fn (gort_exit(), no more stack), it has not, as with POSIX and unlike Go: with
 * a message, the next one who waits or comes does it, and the G has the status
 * -EDEADLK.
 *
 * Context: G or process; any if it has been done.
 * Return: 0, also for a G that is to end, if it has been done; -ECANCELED if the
 * G is to end, -ETIME if the deadline passed, -ERESTARTSYS if a task got a
 * signal, -EDEADLK in @fn itself, or if the G holds a gort lock or has a section
 * open, -EPERM where nobody can wait.
 */
int gort_once_do_until(struct gort_once *once, gort_fn_t fn, void *arg,
		       u64 deadline_ns)
{
	int ret;

	if (smp_load_acquire(&once->done)) /* pairs with once_done() */
		return 0;
	ret = once_wait(once, deadline_ns);
	if (ret != ONCE_MINE)
		return ret;
	fn(arg);
	gort_op_run(once_done, once);
	return 0;
}
EXPORT_SYMBOL_GORT(gort_once_do_until);
NOKPROBE_SYMBOL(gort_once_do_until);

/* The G that did it has ended before: who waits first is to do it. */
void gort_once_abandon(struct gort_held *held)
{
	struct gort_once *once = container_of(held, struct gort_once, held);
	unsigned long flags;
	struct gort_op *op;

	raw_spin_lock_irqsave(&once->lock, flags);
	gort_unhold(held);
	once->owner = NULL;
	op = list_first_entry_or_null(&once->waiters, struct gort_op, node);
	if (op) {
		list_del(&op->node);
		gort_op_wake(op, GORT_OP_RETRY);
	}
	raw_spin_unlock_irqrestore(&once->lock, flags);
}

static long once_init(void *arg)
{
	struct gort_once *once = arg;

	raw_spin_lock_init(&once->lock);
	INIT_LIST_HEAD(&once->waiters);
	INIT_LIST_HEAD(&once->going);
	once->owner = NULL;
	once->done = false;
	once->held.listed = false;
	return 0;
}

/**
 * gort_once_init() - make a once that has not been done
 * @once: the once, in memory of any kind; GORT_ONCE_INIT() is for static ones
 *
 * Context: any.
 */
void gort_once_init(struct gort_once *once)
{
	gort_op_run(once_init, once);
}
EXPORT_SYMBOL_GORT(gort_once_init);
