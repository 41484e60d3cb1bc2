// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks for one writer or many readers, in the order of Go's RWMutex.
 *
 *  1. A reader goes in unless a writer is inside or waits: who reads all the
 *     time can't keep a writer out.
 *  2. A writer goes in when nobody is inside and nobody waits, else it waits its
 *     turn among the writers.
 *  3. The last reader that comes out lets the first writer in.
 *  4. A writer that comes out lets in all readers that wait, or, if there are
 *     none, the next writer: who writes all the time can't keep readers out.
 *  5. The last waiting writer that gives up (cancelled, late) lets in the readers
 *     that wait because of it.
 *
 * Who lets another one in makes it the owner, or counts it, at once: nobody is
 * woken to find that it has to wait again. Readers that are let in together are
 * woken in a chain (gort_wait.c), each counted when it is woken. While some of
 * them are still to be woken, one that was is inside or on its way: the count is
 * not 0, and no writer comes between.
 *
 * The writer is known, so that misuse is told from use, and that the lock is
 * given back for a G that ends with it. Of readers there is only the number.
 *
 * Rejected: a mutex for the writers below, as in Go, whose normal mode gains
 * nothing here: a writer has to wait for readers in any case.
 */

#include <linux/kprobes.h>

#include "gort.h"
#include "gort_wait.h"

/**
 * struct rw_op - who wants in
 * @op: the operation
 * @l: which lock
 * @owns: it is inside as its writer; the owner's
 */
struct rw_op {
	struct gort_op op;
	struct gort_rwlock *l;
	bool owns;
};

static struct rw_op *to_rw_op(struct gort_op *op)
{
	return container_of(op, struct rw_op, op);
}

/* Rules 4 and 5 */
static void readers_go(struct gort_rwlock *l)
{
	lockdep_assert_held(&l->lock);
	list_splice_tail_init(&l->readers, &l->going);
	l->nr += gort_op_wake_some(&l->going);
}

/* Nobody is inside: rules 3 and 4 */
static void writer_goes(struct gort_rwlock *l)
{
	struct gort_op *op;

	lockdep_assert_held(&l->lock);
	op = list_first_entry_or_null(&l->writers, struct gort_op, node);
	if (!op)
		return;
	list_del(&op->node);
	l->owner = gort_op_owner(op);
	gort_op_wake(op, 0);
}

/* Rule 1 */
static bool reader_in(struct gort_rwlock *l)
{
	lockdep_assert_held(&l->lock);
	if (l->owner || !list_empty(&l->writers))
		return false;
	l->nr++;
	return true;
}

/* Rule 2; a reader that waits does so because of a writer */
static bool writer_in(struct gort_rwlock *l, void *me)
{
	lockdep_assert_held(&l->lock);
	if (l->owner || l->nr || !list_empty(&l->writers))
		return false;
	l->owner = me;
	gort_hold(me, &l->held, GORT_HELD_WRITE);
	return true;
}

static int read_try(struct gort_op *op)
{
	struct rw_op *ro = to_rw_op(op);
	struct gort_rwlock *l = ro->l;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&l->lock, flags);
	ro->owns = l->owner == gort_op_owner(op);
	if (ro->owns) {
		ret = -EDEADLK;
	} else if (!reader_in(l)) {
		op->result = GORT_OP_WAITS;
		ret = GORT_OP_WAITS;
		list_add_tail(&op->node, &l->readers);
	}
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return ret;
}

static int read_leave(struct gort_op *op, int err)
{
	struct gort_rwlock *l = to_rw_op(op)->l;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&l->lock, flags);
	ret = gort_op_leave(op, err);
	l->nr += gort_op_wake_some(&l->going);
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return ret;
}

static int write_try(struct gort_op *op)
{
	struct rw_op *ro = to_rw_op(op);
	struct gort_rwlock *l = ro->l;
	void *me = gort_op_owner(op);
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&l->lock, flags);
	ro->owns = l->owner == me;
	if (ro->owns) {
		ret = -EDEADLK;
	} else if (!writer_in(l, me)) {
		op->result = GORT_OP_WAITS;
		ret = GORT_OP_WAITS;
		list_add_tail(&op->node, &l->writers);
	}
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return ret;
}

static int write_leave(struct gort_op *op, int err)
{
	struct gort_rwlock *l = to_rw_op(op)->l;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&l->lock, flags);
	ret = gort_op_leave(op, err);
	if (!ret) /* it was let in */
		gort_hold(gort_op_owner(op), &l->held, GORT_HELD_WRITE);
	else if (!l->owner && list_empty(&l->writers))
		readers_go(l);
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return ret;
}

static noinline int rw_lock(struct gort_rwlock *l, u64 deadline_ns, bool write,
			    const char *what)
{
	struct rw_op ro = {
		.op = {
			.try = write ? write_try : read_try,
			.leave = write ? write_leave : read_leave,
			.what = what,
			.reason = write ? "write lock" : "read lock",
			.deadline = deadline_ns,
		},
		.l = l,
	};
	int ret = gort_op_wait(&ro.op);

	if (unlikely(ro.owns))
		gort_op_misuse(what, "of a lock that it holds to write: unlock it first");
	return ret;
}

NOKPROBE_SYMBOL(rw_lock);

/**
 * gort_read_lock_until() - go in as a reader, wait for that if need be
 * @l: the lock
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * Who is inside as a reader must not do this again: a writer that has come to
 * wait meanwhile would wait for the one, and keep the other out.
 *
 * Context: G or process.
 * Return: 0, -ECANCELED if the G is to end, -ETIME if the deadline passed,
 * -ERESTARTSYS if a task got a signal, -EDEADLK if the caller is inside as the
 * writer, or if the G holds a gort lock or has a section open, -EPERM where
 * nobody can wait.
 */
int gort_read_lock_until(struct gort_rwlock *l, u64 deadline_ns)
{
	return rw_lock(l, deadline_ns, false, __func__);
}
EXPORT_SYMBOL_GORT(gort_read_lock_until);
NOKPROBE_SYMBOL(gort_read_lock_until);

static long rw_read_trylock(void *arg)
{
	struct gort_rwlock *l = arg;
	unsigned long flags;
	bool in;

	raw_spin_lock_irqsave(&l->lock, flags);
	in = reader_in(l);
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return in ? 0 : -EAGAIN;
}

/**
 * gort_read_trylock() - go in as a reader if that can be done at once
 * @l: the lock
 *
 * Context: any.
 * Return: 0, or -EAGAIN if a writer is inside or waits.
 */
int gort_read_trylock(struct gort_rwlock *l)
{
	return gort_op_run(rw_read_trylock, l);
}
EXPORT_SYMBOL_GORT(gort_read_trylock);

static long rw_read_unlock(void *arg)
{
	struct gort_rwlock *l = arg;
	unsigned long flags;
	int err = 0;

	raw_spin_lock_irqsave(&l->lock, flags);
	if (!l->nr)
		err = -EPERM;
	else if (!--l->nr)
		writer_goes(l);
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return err;
}

/**
 * gort_read_unlock() - come out as a reader
 * @l: the lock
 *
 * Context: any. What it wakes: the first writer that waits, if nobody else is
 * inside.
 * Return: 0, or -EPERM if no reader is inside, with a message; then nothing has
 * changed.
 */
int gort_read_unlock(struct gort_rwlock *l)
{
	int err = gort_op_run(rw_read_unlock, l);

	if (unlikely(err))
		gort_op_misuse(__func__, "of a lock that nobody holds to read");
	return err;
}
EXPORT_SYMBOL_GORT(gort_read_unlock);

/**
 * gort_write_lock_until() - go in as the writer, wait for that if need be
 * @l: the lock
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * If a G ends while it is the writer, the lock is unlocked, with a message, and
 * the G has the status -EDEADLK.
 *
 * Context: G or process.
 * Return: as gort_read_lock_until().
 */
int gort_write_lock_until(struct gort_rwlock *l, u64 deadline_ns)
{
	return rw_lock(l, deadline_ns, true, __func__);
}
EXPORT_SYMBOL_GORT(gort_write_lock_until);
NOKPROBE_SYMBOL(gort_write_lock_until);

static long rw_write_trylock(void *arg)
{
	void *me = gort_op_caller();
	struct gort_rwlock *l = arg;
	unsigned long flags;
	bool in;

	if (!me)
		return -EPERM;
	raw_spin_lock_irqsave(&l->lock, flags);
	in = writer_in(l, me);
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return in ? 0 : -EAGAIN;
}

/**
 * gort_write_trylock() - go in as the writer if that can be done at once
 * @l: the lock
 *
 * Context: G, or a task, also with locks held. Not in an interrupt, where
 * nobody could be its owner.
 * Return: 0, -EAGAIN if somebody is inside or waits, -EPERM in an interrupt, with
 * a message.
 */
int gort_write_trylock(struct gort_rwlock *l)
{
	int err = gort_op_run(rw_write_trylock, l);

	if (unlikely(err == -EPERM))
		gort_op_misuse(__func__, "in an interrupt, which can own nothing: use a semaphore");
	return err;
}
EXPORT_SYMBOL_GORT(gort_write_trylock);

static void writer_out(struct gort_rwlock *l)
{
	lockdep_assert_held(&l->lock);
	gort_unhold(&l->held);
	l->owner = NULL;
	if (list_empty(&l->readers))
		writer_goes(l);
	else
		readers_go(l);
}

static long rw_write_unlock(void *arg)
{
	void *me = gort_op_caller();
	struct gort_rwlock *l = arg;
	unsigned long flags;
	int err = -EPERM;

	raw_spin_lock_irqsave(&l->lock, flags);
	if (me && l->owner == me) {
		writer_out(l);
		err = 0;
	}
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return err;
}

/**
 * gort_write_unlock() - come out as the writer
 * @l: the lock
 *
 * Context: that of its owner; locks may be held. What it wakes: the readers that
 * wait, of many the first few, which wake the others; or, if there are none, the
 * writer that waits first.
 * Return: 0, or -EPERM if the caller is not the writer, with a message; then
 * nothing has changed.
 */
int gort_write_unlock(struct gort_rwlock *l)
{
	int err = gort_op_run(rw_write_unlock, l);

	if (unlikely(err))
		gort_op_misuse(__func__, "of a lock that it does not hold to write");
	return err;
}
EXPORT_SYMBOL_GORT(gort_write_unlock);

/* The G that was the writer has ended. */
void gort_rwlock_abandon(struct gort_held *held)
{
	struct gort_rwlock *l = container_of(held, struct gort_rwlock, held);
	unsigned long flags;

	raw_spin_lock_irqsave(&l->lock, flags);
	writer_out(l);
	raw_spin_unlock_irqrestore(&l->lock, flags);
}

static long rwlock_init_on_m(void *arg)
{
	struct gort_rwlock *l = arg;

	raw_spin_lock_init(&l->lock);
	INIT_LIST_HEAD(&l->readers);
	INIT_LIST_HEAD(&l->going);
	INIT_LIST_HEAD(&l->writers);
	l->nr = 0;
	l->owner = NULL;
	l->held.listed = false;
	return 0;
}

/**
 * gort_rwlock_init() - make a lock for one writer or many readers
 * @l: the lock, in memory of any kind; GORT_RWLOCK_INIT() is for static ones
 *
 * Context: any.
 */
void gort_rwlock_init(struct gort_rwlock *l)
{
	gort_op_run(rwlock_init_on_m, l);
}
EXPORT_SYMBOL_GORT(gort_rwlock_init);
