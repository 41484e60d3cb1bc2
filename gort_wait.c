// SPDX-License-Identifier: GPL-2.0-only
/*
 * How channels, locks and everything else that can be waited for wait.
 *
 * An operation (struct gort_op) lies on the stack of who waits, a G or a task.
 * Each object has a raw spinlock (Q) and one or more queues of operations:
 *
 *	who waits (gort_op_wait)		who makes it true, anywhere
 *	------------------------		---------------------------
 *  1.	Q: it can be done: do it. Else queue	Q: make it true, choose one
 *	the operation, result = WAITS		from the queue, do its part
 *  2.	park, or schedule()			    off the queue,
 *  3.	result is WAITS still: back to 2	    result = 0, wake it
 *  4.	Q: still queued (cancelled, late):	Q released
 *	off the queue. Return result
 *
 * The waiter always passes through Q before it goes on (4). So who holds Q may
 * use an operation that was queued, and its G or task, until it lets go: no
 * references, and no barriers. Whatever decides an operation does so under Q,
 * which is why a value is never lost between two: one that was given to a waiter
 * counts, though the waiter be cancelled meanwhile.
 *
 * Interrupts may make things true: hence the raw lock with interrupts off, and
 * all that happens under it is short. G code calls in on its own stack; whatever
 * takes Q runs on g0 (gort_op_run), unless it needs little stack and is done all
 * the time: a plain send or receive (op.small) stays where it is, and goes to g0
 * for what is below it and deep, as waking a task. Either way a request for
 * preemption is put off, and restored at the end (GORT_SITE_OP).
 *
 * A task waits in the same queues, in order with the Gs, and can be interrupted
 * by a signal. In an interrupt or atomic section, and in a function that a G
 * calls by gort_call(), there is nobody who could wait: -EPERM, with a message.
 *
 * Many at once. Who wakes all that wait moves them to a queue of their own
 * (going), which decides them, and wakes a few; each of these wakes as many
 * again when it passes through Q (gort_op_wake_some). So Q is never held for
 * long, the wake-ups spread over the CPUs, and who began it need not come back to
 * the object, which may be gone with the last that waited. There is always
 * somebody left to wake the rest: while the queue is not empty, one that was
 * woken has not passed through Q yet.
 *
 * What a G takes that nobody else can give back for it (a mutex) is in its list
 * (struct gort_held). If it ends with it, that is given back for it, with a
 * message. The list is the owner's: who hands over a mutex leaves it to the new
 * owner to enter it, when that one passes through Q.
 *
 * Lock order: Q, then S (a wake-up); several Qs by address (gort_select.c).
 *
 * Rejected: the kernel's wait queues (they wake tasks only, or call back, and
 * then who is woken has to compete again: no order, no hand-off); and dropping
 * step 4 for operations that somebody else has finished. That saves a lock that
 * is rarely contended, for a reference to each G and task that is woken. Letting
 * go of Q between batches of wake-ups, and coming back: see above.
 */

#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>

#include "gort.h"
#include "gort_wait.h"

/* Operations that one wakes before it lets go of Q */
#define WAKE_BATCH	8

static unsigned long on_m(unsigned long fn, unsigned long arg,
			  unsigned long unused)
{
	return ((long (*)(void *))fn)((void *)arg);
}

/* On g0, or on the stack of @self if it is @small. */
static long run(struct gort_g *self, long (*fn)(void *arg), void *arg,
		bool small)
{
	long ret;

	gort_enter(self);
	gort_at_site(self, GORT_SITE_OP);
	ret = small ? fn(arg) :
		      gort_systemstack(self, (unsigned long)fn,
				       (unsigned long)arg, 0, on_m);
	gort_releasem(self, GORT_SITE_OP);
	return ret;
}

NOKPROBE_SYMBOL(run);

/**
 * gort_op_run() - run what takes an object's lock
 * @fn: does not sleep
 * @arg: its argument
 *
 * Context: any. In a G @fn runs on g0, with requests for preemption put off.
 * Return: what @fn returns.
 */
long gort_op_run(long (*fn)(void *arg), void *arg)
{
	struct gort_g *self = gort_getg();

	return self ? run(self, fn, arg, false) : fn(arg);
}

NOKPROBE_SYMBOL(gort_op_run);

static long op_run(long (*fn)(void *arg), struct gort_op *op)
{
	return op->g ? run(op->g, fn, op, op->small) : fn(op);
}

static long misuse(void *arg)
{
	const char * const *text = arg;
	struct gort_g *g = gort_getg();

	if (g)
		gort_warn(g, "%s: %s\n", text[0], text[1]);
	else
		pr_warn_ratelimited("%s: %s: called by %s (%d)\n", text[0],
				    text[1], current->comm, current->pid);
	return 0;
}

/**
 * gort_op_misuse() - say what the caller did wrong
 * @what: the public function
 * @why: what is wrong, and what to do instead; literals
 *
 * Context: any, with no object's lock held.
 */
void gort_op_misuse(const char *what, const char *why)
{
	const char * const text[] = { what, why };

	gort_op_run(misuse, (void *)text);
}

/* May the caller, which is no G, wait? */
static int task_may_wait(const struct gort_op *op)
{
	if (!gort_in_task() || irqs_disabled() || preempt_count() ||
	    rcu_preempt_depth()) {
		gort_op_misuse(op->what,
			       "would wait in an interrupt or atomic section: use the form that does not");
		return -EPERM;
	}
	return 0;
}

/**
 * gort_op_begin() - may the caller wait, and is it to go on?
 * @op: @what is set; gets @g and @task
 *
 * Context: any.
 * Return: 0, -ECANCELED, -EDEADLK or -EPERM, as gort_op_wait().
 */
int gort_op_begin(struct gort_op *op)
{
	int err;

	op->g = gort_getg();
	op->task = op->g ? NULL : current;
	if (op->must)
		return 0;
	if (!op->g)
		return task_may_wait(op);
	err = gort_may_leave(op->g, op->what);
	if (!err && gort_g_cancelled(op->g))
		err = -ECANCELED;
	return err;
}

static int task_sleep(struct gort_op *op)
{
	ktime_t t = min_t(u64, op->deadline, KTIME_MAX);
	int err = 0;

	set_current_state(TASK_INTERRUPTIBLE); /* then look: no wake-up is lost */
	if (READ_ONCE(op->result) == GORT_OP_WAITS) {
		if (signal_pending(current))
			err = -ERESTARTSYS;
		else if (op->deadline == GORT_NO_DEADLINE)
			schedule();
		else if (!schedule_hrtimeout(&t, HRTIMER_MODE_ABS))
			err = -ETIME;
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

/* Step 2 for what must come to its end: nothing else wakes for good. */
static void must_sleep(struct gort_op *op)
{
	if (op->g) {
		op->g->dozes = op->outside;
		gort_park_must(op->g, op->reason);
		op->g->dozes = false;
		return;
	}
	set_current_state(TASK_IDLE); /* then look: no wake-up is lost */
	if (READ_ONCE(op->result) == GORT_OP_WAITS)
		schedule();
	__set_current_state(TASK_RUNNING);
}

/* Step 2: 0 if there may be news, or why to wait no longer. */
static int op_sleep(struct gort_op *op)
{
	int err;

	if (op->must) {
		must_sleep(op);
		return 0;
	}
	if (!op->g)
		return task_sleep(op);
	if (op->deadline != GORT_NO_DEADLINE)
		return gort_park_until(op->deadline, op->reason);
	op->g->dozes = op->outside;
	err = gort_park(op->reason);
	op->g->dozes = false;
	return err;
}

static long do_try(void *op)
{
	return ((struct gort_op *)op)->try(op);
}

/* The G or task goes on: it decides nothing, it only learns. */
static long do_leave(void *arg)
{
	struct gort_op *op = arg;

	return op->leave(op, op->err);
}

/**
 * gort_op_wait() - do an operation, and wait as long as it takes
 * @op: all fields marked I are set, but @g and @task
 *
 * Context: G or process.
 * Return: what @try or @leave return, but never GORT_OP_WAITS or GORT_OP_RETRY;
 * -ECANCELED if the G is to end, also if it need not have waited; -ETIME if the
 * deadline passed; -ERESTARTSYS if a signal came, to a task; -EDEADLK if the G
 * holds a gort lock or has a section open; -EPERM where nobody can wait.
 */
int gort_op_wait(struct gort_op *op)
{
	int ret;

	ret = gort_op_begin(op);
	if (ret)
		return ret;
	do {
		ret = op_run(do_try, op);
		if (ret != GORT_OP_WAITS)
			continue;
		do {
			op->err = op_sleep(op);
		} while (!op->err && READ_ONCE(op->result) == GORT_OP_WAITS);
		ret = op_run(do_leave, op);
	} while (ret == GORT_OP_RETRY);
	return ret;
}

NOKPROBE_SYMBOL(gort_op_wait);

static unsigned long wake_task_on_m(unsigned long task, unsigned long unused1,
				    unsigned long unused2)
{
	return wake_up_process((struct task_struct *)task);
}

static void wake_task(struct task_struct *task)
{
	struct gort_g *self = gort_getg();

	if (self)
		gort_systemstack(self, (unsigned long)task, 0, 0,
				 wake_task_on_m);
	else
		wake_up_process(task);
}

/**
 * gort_op_wake() - decide an operation that is queued no more
 * @op: the operation; its object's lock is held, and it is off the queue
 * @result: what it came to, or GORT_OP_RETRY
 *
 * Context: any, with the object's lock held.
 */
void gort_op_wake(struct gort_op *op, int result)
{
	WRITE_ONCE(op->result, result);
	if (op->task)
		wake_task(op->task);
	else
		gort_ready(op->g);
}

NOKPROBE_SYMBOL(gort_op_wake);

/**
 * gort_op_leave() - what @leave does when it holds the lock
 * @op: the operation
 * @err: why it waits no longer, or 0
 *
 * Return: what the operation came to.
 */
int gort_op_leave(struct gort_op *op, int err)
{
	if (op->result == GORT_OP_WAITS) {
		list_del(&op->node);
		op->result = err;
	}
	return op->result;
}

/**
 * gort_op_wake_some() - let some go of those that are decided
 * @going: operations that only need to be woken; their object's lock is held
 *
 * To be called once when the queue gets its operations, and then in @leave of
 * each operation that may have been in it.
 *
 * Context: any, with the object's lock held.
 * Return: how many were woken, with the result 0.
 */
unsigned int gort_op_wake_some(struct list_head *going)
{
	struct gort_op *op, *next;
	unsigned int n = 0;

	list_for_each_entry_safe(op, next, going, node) {
		list_del(&op->node);
		gort_op_wake(op, 0);
		if (++n == WAKE_BATCH)
			break;
	}
	return n;
}

/**
 * gort_op_owner() - who an operation is for, as an owner
 * @op: the operation
 *
 * Return: its G or task.
 */
void *gort_op_owner(const struct gort_op *op)
{
	return op->g ? (void *)op->g : op->task;
}

/**
 * gort_op_caller() - who calls, as an owner
 *
 * Context: any; a function that a G calls by gort_call() is the G.
 * Return: the G, or the task outside of one, or NULL in an interrupt.
 */
void *gort_op_caller(void)
{
	struct gort_g *g = gort_getg();

	if (g)
		return g;
	return gort_in_task() ? gort_current() : NULL;
}

/**
 * gort_hold() - the owner has taken something
 * @owner: from gort_op_owner() or gort_op_caller(): the caller itself
 * @held: in what it has taken
 * @kind: what that is
 *
 * Nobody gives back what a task has taken, so that is not remembered.
 *
 * Context: any, with the object's lock held.
 */
void gort_hold(void *owner, struct gort_held *held, enum gort_held_kind kind)
{
	struct gort_g *g = gort_getg();

	if (g && g == owner)
		gort_hold_g(g, held, kind);
	else
		held->listed = false;
}

/**
 * gort_unhold() - the owner gives it back
 * @held: what gort_hold() was called for
 *
 * Context: the owner's, with the object's lock held.
 */
void gort_unhold(struct gort_held *held)
{
	if (held->listed)
		list_del(&held->node);
	held->listed = false;
}

/**
 * gort_abandon() - give back what a G has taken and takes along
 * @g: it has ended, its stack is still there
 *
 * Context: g0, as the M.
 */
void gort_abandon(struct gort_g *g)
{
	static const char * const names[] = {
		[GORT_HELD_MUTEX] = "a gort_mutex",
		[GORT_HELD_WRITE] = "a gort_rwlock, as its writer",
		[GORT_HELD_ONCE] = "a gort_once that it had not done",
	};
	struct gort_held *held;

	while (!list_empty(&g->held)) {
		held = list_first_entry(&g->held, struct gort_held, node);
		gort_warn(g, "in %ps ended with %s: released it\n", g->body,
			  names[held->kind]);
		if (held->kind == GORT_HELD_MUTEX)
			gort_mutex_abandon(held);
		else if (held->kind == GORT_HELD_WRITE)
			gort_rwlock_abandon(held);
		else
			gort_once_abandon(held);
		if (!g->status)
			g->status = -EDEADLK;
	}
}
