// SPDX-License-Identifier: GPL-2.0-only
/*
 * Semaphores.
 *
 * A unit that is released goes to who waits first, if anybody does: nobody
 * overtakes, and nobody is woken for nothing.
 */

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
		ret = op->result = GORT_OP_WAITS;
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
