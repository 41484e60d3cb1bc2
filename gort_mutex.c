// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutexes, and conditions to wait for with one held.
 *
 * A mutex has an owner, a G or a task, and two modes, as Go's.
 *
 *  - Normal. Who unlocks wakes the first that waits, and whoever comes first
 *    takes it: who runs already need not wait for a switch, and a G that locks
 *    and unlocks in a loop goes on at full speed. The one that was woken and
 *    comes too late is the first to be woken again. While one is on its way
 *    (woken) no other is sent after it.
 *  - Starving. One that comes too late and has waited for a millisecond says so,
 *    and from then on the mutex is handed to the first that waits and is free at
 *    no time, so that who just comes has to wait behind. Who hands it over gives
 *    the rest of its slice along, and yields. That goes on until nobody waits, or
 *    one has it that did not wait for so long.
 *
 * Most of the time nobody waits, and then the mutex is one word: its owner. A G
 * takes and releases it with one atomic instruction on its own stack. That is
 * the fast way; it is closed while the word has GORT_MUTEX_SLOW, which is changed
 * under Q alone, as is then the whole word:
 *
 *	who finds it locked			the owner, the fast way
 *	-------------------			-----------------------
 *  1.	Q; SLOW into the word, whoever		owner -> free, unless SLOW
 *	the owner is
 *  2.	it was free: take it. Else
 *	wait, the owner will come
 *	through Q
 *
 * Who unlocks the slow way leaves SLOW there, and the next owner takes it away,
 * under Q, if nobody waits. So whoever has the mutex next has waited until Q is
 * free, and may free the mutex.
 *
 * Who is woken in the normal mode tries in any case, though it be cancelled or
 * late by then. So a wake-up is never lost with the one that got it: it takes
 * the mutex, or there is an owner who will wake the next.
 *
 * A condition is a queue, and nothing else.
 *
 *	wait				signal, anywhere
 *	----				------
 *  1.	queue			[Q]	take the first off the queue	[Q]
 *  2.	unlock the mutex		result = 0, wake it
 *  3.	sleep
 *  4.	leave the queue		[Q]
 *  5.	lock the mutex
 *
 * A signal after 2 finds whoever was there to see that it had to wait. It is for
 * who waits at that time: the first, and a broadcast is for all of them, whoever
 * comes before they have woken (gort_op_wake_some()). Step 5 has to be done
 * whatever becomes of the G or task, since it holds the mutex when it returns:
 * it waits as long as it takes (op->must).
 *
 * Lock order: a condition's Q is released before its mutex's Q is taken.
 *
 * Rejected: to spin for a while before waiting, as Go does: the owner may be a G
 * that is ready on this very P, and what spins here is the CPU of the whole
 * machine; and a mutex without an owner, as Go's, which can neither tell misuse
 * nor be given back for a G that has ended.
 */

#include <linux/kprobes.h>
#include <linux/ktime.h>

#include "gort.h"
#include "gort_wait.h"

/* Who has waited for longer gets the mutex from who has it */
#define STARVING_NS	(1 * NSEC_PER_MSEC)

/* gort_mutex_unlock(): a G has the mutex now, and is ready to run */
#define HANDED		1

/**
 * struct mutex_op - who wants a mutex
 * @op: the operation
 * @m: which mutex
 * @since: when it began to wait, 0: it has not; Q
 * @owns: it has the mutex already; the owner's
 */
struct mutex_op {
	struct gort_op op;
	struct gort_mutex *m;
	u64 since;
	bool owns;
};

static struct mutex_op *to_mutex_op(struct gort_op *op)
{
	return container_of(op, struct mutex_op, op);
}

/* Who has @m: a G or task, or NULL. */
static void *mutex_owner(const struct gort_mutex *m)
{
	return (void *)(atomic_long_read(&m->word) & ~GORT_MUTEX_SLOW);
}

/* @owner has @m, or, if it is NULL, nobody; Q. The next one has to come by Q. */
static void mutex_give(struct gort_mutex *m, void *owner)
{
	lockdep_assert_held(&m->lock);
	atomic_long_set_release(&m->word, (long)owner | GORT_MUTEX_SLOW);
}

/* Take @m for @me if it is free. Who has it instead, or @me, as before; Q. */
static void *mutex_take(struct gort_mutex *m, void *me)
{
	long old;

	lockdep_assert_held(&m->lock);
	old = atomic_long_fetch_or(GORT_MUTEX_SLOW, &m->word);
	if (old & ~GORT_MUTEX_SLOW)
		return (void *)(old & ~GORT_MUTEX_SLOW);
	if (list_empty(&m->waiters))
		atomic_long_set(&m->word, (long)me);
	else
		mutex_give(m, me);
	gort_hold(me, &m->held, GORT_HELD_MUTEX);
	return NULL;
}

static bool lock_fast(struct gort_mutex *m)
{
	struct gort_g *g = gort_getg();

	if (!gort_goes_fast(g) ||
	    atomic_long_cmpxchg_acquire(&m->word, 0, (long)g))
		return false;
	gort_hold_g(g, &m->held, GORT_HELD_MUTEX);
	return true;
}

/* If it fails, the owner still has it, but it is in the owner's list no more. */
static bool word_release(struct gort_mutex *m, void *me)
{
	if (atomic_long_read(&m->word) != (long)me)
		return false;
	gort_unhold(&m->held);
	return atomic_long_cmpxchg_release(&m->word, (long)me, 0) == (long)me;
}

static bool unlock_fast(struct gort_mutex *m)
{
	struct gort_g *g = gort_getg();

	return gort_goes_fast(g) && word_release(m, g);
}

static bool starves(const struct mutex_op *mo)
{
	return ktime_get_ns() - mo->since > STARVING_NS;
}

static void mutex_queue(struct mutex_op *mo)
{
	struct gort_mutex *m = mo->m;

	lockdep_assert_held(&m->lock);
	mo->op.result = GORT_OP_WAITS;
	if (mo->since) {
		list_add(&mo->op.node, &m->waiters);
		m->starving |= starves(mo);
	} else {
		mo->since = ktime_get_ns();
		list_add_tail(&mo->op.node, &m->waiters);
	}
}

static int mutex_try(struct gort_op *op)
{
	struct mutex_op *mo = to_mutex_op(op);
	struct gort_mutex *m = mo->m;
	void *me = gort_op_owner(op);
	unsigned long flags;
	void *owner;
	int ret = 0;

	raw_spin_lock_irqsave(&m->lock, flags);
	if (mo->since) /* it is the one that was woken */
		m->woken = false;
	owner = mutex_take(m, me);
	if (owner == me) {
		mo->owns = true;
		ret = -EDEADLK;
	} else if (owner) {
		mutex_queue(mo);
		ret = GORT_OP_WAITS;
	}
	raw_spin_unlock_irqrestore(&m->lock, flags);
	return ret;
}

static int mutex_leave(struct gort_op *op, int err)
{
	struct gort_mutex *m = to_mutex_op(op)->m;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&m->lock, flags);
	ret = gort_op_leave(op, err);
	if (list_empty(&m->waiters))
		m->starving = false;
	if (!ret) /* it was handed over */
		gort_hold(gort_op_owner(op), &m->held, GORT_HELD_MUTEX);
	raw_spin_unlock_irqrestore(&m->lock, flags);
	return ret;
}

/* The owner lets go. HANDED if a G has it now. */
static int mutex_pass(struct gort_mutex *m)
{
	struct gort_op *op;

	lockdep_assert_held(&m->lock);
	op = list_first_entry_or_null(&m->waiters, struct gort_op, node);
	if (!op || m->woken) {
		mutex_give(m, NULL);
		return 0;
	}
	list_del(&op->node);
	if (!m->starving) {
		mutex_give(m, NULL);
		m->woken = true;
		gort_op_wake(op, GORT_OP_RETRY);
		return 0;
	}
	m->starving = !list_empty(&m->waiters) && starves(to_mutex_op(op));
	mutex_give(m, gort_op_owner(op));
	gort_op_wake(op, 0);
	return op->g ? HANDED : 0;
}

static struct mutex_op mutex_op(struct gort_mutex *m, u64 deadline_ns,
				const char *what)
{
	return (struct mutex_op){
		.op = {
			.try = mutex_try,
			.leave = mutex_leave,
			.what = what,
			.reason = "mutex",
			.deadline = deadline_ns,
		},
		.m = m,
	};
}

static noinline int mutex_lock_slow(struct gort_mutex *m, u64 deadline_ns)
{
	struct mutex_op mo = mutex_op(m, deadline_ns, "gort_mutex_lock_until");
	int ret = gort_op_wait(&mo.op);

	if (unlikely(mo.owns))
		gort_op_misuse(mo.op.what, "of a mutex that it holds: unlock it first");
	return ret;
}

NOKPROBE_SYMBOL(mutex_lock_slow);

/**
 * gort_mutex_lock_until() - lock a mutex, wait for it if need be
 * @m: the mutex
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * Its owner may sleep and do anything else while it has it. If a G ends with
 * it, it is unlocked, with a message, and the G has the status -EDEADLK.
 *
 * Context: G or process.
 * Return: 0, -ECANCELED if the G is to end, -ETIME if the deadline passed,
 * -ERESTARTSYS if a task got a signal, -EDEADLK if the caller has it already, or
 * if the G holds a gort lock or has a section open, -EPERM where nobody can wait.
 */
int gort_mutex_lock_until(struct gort_mutex *m, u64 deadline_ns)
{
	return lock_fast(m) ? 0 : mutex_lock_slow(m, deadline_ns);
}
EXPORT_SYMBOL_GORT(gort_mutex_lock_until);
NOKPROBE_SYMBOL(gort_mutex_lock_until);

static long mutex_trylock_one(void *arg)
{
	void *me = gort_op_caller();
	struct gort_mutex *m = arg;
	unsigned long flags;
	void *owner;

	if (!me)
		return -EPERM;
	raw_spin_lock_irqsave(&m->lock, flags);
	owner = mutex_take(m, me);
	raw_spin_unlock_irqrestore(&m->lock, flags);
	return owner ? -EAGAIN : 0;
}

/**
 * gort_mutex_trylock() - lock a mutex if it is free
 * @m: the mutex
 *
 * Context: G, or a task, also with locks held. Not in an interrupt, where
 * nobody could be its owner.
 * Return: 0, -EAGAIN if it is not free, -EPERM in an interrupt, with a message.
 */
int gort_mutex_trylock(struct gort_mutex *m)
{
	int ret = lock_fast(m) ? 0 : gort_op_run(mutex_trylock_one, m);

	if (unlikely(ret == -EPERM))
		gort_op_misuse(__func__, "in an interrupt, which can own nothing: use a semaphore");
	return ret;
}
EXPORT_SYMBOL_GORT(gort_mutex_trylock);

static long mutex_unlock_one(void *arg)
{
	void *me = gort_op_caller();
	struct gort_mutex *m = arg;
	unsigned long flags;
	int ret = -EPERM;

	if (me && word_release(m, me))
		return 0;
	raw_spin_lock_irqsave(&m->lock, flags);
	if (me && mutex_owner(m) == me) {
		gort_unhold(&m->held);
		ret = mutex_pass(m);
	}
	raw_spin_unlock_irqrestore(&m->lock, flags);
	return ret;
}

/* The rest of the slice is for the G that was woken. */
static void hand_off(void)
{
	struct gort_g *g = gort_getg();

	if (g && gort_on_gstack(g) && gort_is_neutral(g->m))
		gort_mcall(g, GORT_ACT_YIELD);
}

/**
 * gort_mutex_unlock() - unlock a mutex
 * @m: the mutex
 *
 * A G yields if it hands the mutex to another one that has long waited.
 *
 * Context: that of its owner; locks may be held. What it wakes: who waits first.
 * Return: 0, or -EPERM if the caller does not own it, with a message; then
 * nothing has changed.
 */
int gort_mutex_unlock(struct gort_mutex *m)
{
	int ret = unlock_fast(m) ? 0 : gort_op_run(mutex_unlock_one, m);

	if (unlikely(ret == HANDED)) {
		hand_off();
		ret = 0;
	}
	if (unlikely(ret))
		gort_op_misuse(__func__, "of a mutex that it does not hold");
	return ret;
}
EXPORT_SYMBOL_GORT(gort_mutex_unlock);
NOKPROBE_SYMBOL(gort_mutex_unlock);

/* The G that owned it has ended. */
void gort_mutex_abandon(struct gort_held *held)
{
	struct gort_mutex *m = container_of(held, struct gort_mutex, held);
	unsigned long flags;

	raw_spin_lock_irqsave(&m->lock, flags);
	gort_unhold(held);
	mutex_pass(m);
	raw_spin_unlock_irqrestore(&m->lock, flags);
}

static long mutex_init_on_m(void *arg)
{
	struct gort_mutex *m = arg;

	raw_spin_lock_init(&m->lock);
	INIT_LIST_HEAD(&m->waiters);
	atomic_long_set(&m->word, 0);
	m->woken = false;
	m->starving = false;
	m->held.listed = false;
	return 0;
}

/**
 * gort_mutex_init() - make a mutex
 * @m: the mutex, in memory of any kind; GORT_MUTEX_INIT() is for static ones
 *
 * Context: any.
 */
void gort_mutex_init(struct gort_mutex *m)
{
	gort_op_run(mutex_init_on_m, m);
}
EXPORT_SYMBOL_GORT(gort_mutex_init);

/**
 * struct cond_op - who waits for a condition
 * @op: the operation
 * @c: which condition
 * @m: the mutex
 * @unlocked: step 2 was done; the owner's
 * @wrong: it did not have the mutex; the owner's
 */
struct cond_op {
	struct gort_op op;
	struct gort_cond *c;
	struct gort_mutex *m;
	bool unlocked;
	bool wrong;
};

/* Steps 1 and 2. Only the owner can change that it is the owner. */
static int cond_try(struct gort_op *op)
{
	struct cond_op *co = container_of(op, struct cond_op, op);
	struct gort_cond *c = co->c;
	unsigned long flags;

	if (mutex_owner(co->m) != gort_op_owner(op)) {
		co->wrong = true;
		return -EPERM;
	}
	raw_spin_lock_irqsave(&c->lock, flags);
	op->result = GORT_OP_WAITS;
	list_add_tail(&op->node, &c->waiters);
	raw_spin_unlock_irqrestore(&c->lock, flags);
	co->unlocked = true;
	mutex_unlock_one(co->m);
	return GORT_OP_WAITS;
}

static int cond_leave(struct gort_op *op, int err)
{
	struct gort_cond *c = container_of(op, struct cond_op, op)->c;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&c->lock, flags);
	ret = gort_op_leave(op, err);
	gort_op_wake_some(&c->going);
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return ret;
}

/* Steps 1 to 4; the two operations do not need their stack at the same time. */
static noinline int cond_sleep(struct gort_cond *c, struct gort_mutex *m,
			       u64 deadline_ns, bool *unlocked)
{
	struct cond_op co = {
		.op = {
			.try = cond_try,
			.leave = cond_leave,
			.what = "gort_cond_wait_until",
			.reason = "condition",
			.deadline = deadline_ns,
		},
		.c = c,
		.m = m,
	};
	int ret = gort_op_wait(&co.op);

	if (unlikely(co.wrong))
		gort_op_misuse(co.op.what, "without the mutex: lock it first");
	*unlocked = co.unlocked;
	return ret;
}

NOKPROBE_SYMBOL(cond_sleep);

/* Step 5. */
static noinline void cond_relock(struct gort_mutex *m)
{
	struct mutex_op mo = mutex_op(m, GORT_NO_DEADLINE, "gort_cond_wait_until");

	mo.op.must = true;
	gort_op_wait(&mo.op);
}

NOKPROBE_SYMBOL(cond_relock);

/**
 * gort_cond_wait_until() - wait for a signal, and let others have the mutex
 * @c: the condition
 * @m: the mutex, which the caller holds
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * The caller holds @m again when this returns, whatever it returns: that may
 * take beyond the deadline. What is waited for may be true or not: others had
 * the mutex before, so look in a loop. A signal that came counts, also for a G
 * that was cancelled meanwhile: 0.
 *
 * Context: G or process.
 * Return: 0, -ECANCELED if the G is to end, -ETIME if the deadline passed,
 * -ERESTARTSYS if a task got a signal, -EDEADLK if the G holds a gort lock or has
 * a section open, -EPERM where nobody can wait, and if the caller does not own
 * @m, with a message.
 */
int gort_cond_wait_until(struct gort_cond *c, struct gort_mutex *m,
			 u64 deadline_ns)
{
	bool unlocked;
	int ret = cond_sleep(c, m, deadline_ns, &unlocked);

	if (unlocked)
		cond_relock(m);
	return ret;
}
EXPORT_SYMBOL_GORT(gort_cond_wait_until);
NOKPROBE_SYMBOL(gort_cond_wait_until);

static long cond_signal(void *arg)
{
	struct gort_cond *c = arg;
	unsigned long flags;
	struct gort_op *op;

	raw_spin_lock_irqsave(&c->lock, flags);
	op = list_first_entry_or_null(&c->waiters, struct gort_op, node);
	if (op) {
		list_del(&op->node);
		gort_op_wake(op, 0);
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return 0;
}

/**
 * gort_cond_signal() - wake one that waits for a condition
 * @c: the condition
 *
 * The mutex need not be held. Who comes to wait later is not woken by it.
 *
 * Context: any. What it wakes: who waits first, if anybody does.
 */
void gort_cond_signal(struct gort_cond *c)
{
	gort_op_run(cond_signal, c);
}
EXPORT_SYMBOL_GORT(gort_cond_signal);

static long cond_broadcast(void *arg)
{
	struct gort_cond *c = arg;
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	list_splice_tail_init(&c->waiters, &c->going);
	gort_op_wake_some(&c->going);
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return 0;
}

/**
 * gort_cond_broadcast() - wake all that wait for a condition
 * @c: the condition
 *
 * The mutex need not be held. Who comes to wait later is not woken by it.
 *
 * Context: any. What it wakes: all that wait, of many the first few, which wake
 * the others.
 */
void gort_cond_broadcast(struct gort_cond *c)
{
	gort_op_run(cond_broadcast, c);
}
EXPORT_SYMBOL_GORT(gort_cond_broadcast);

static long cond_init(void *arg)
{
	struct gort_cond *c = arg;

	raw_spin_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->waiters);
	INIT_LIST_HEAD(&c->going);
	return 0;
}

/**
 * gort_cond_init() - make a condition
 * @c: the condition, in memory of any kind; GORT_COND_INIT() is for static ones
 *
 * Context: any.
 */
void gort_cond_init(struct gort_cond *c)
{
	gort_op_run(cond_init, c);
}
EXPORT_SYMBOL_GORT(gort_cond_init);
