// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for the kernel: wait queues, completions, and what can be polled.
 *
 * None of it holds an M. A G lies in the queue itself, and what the kernel calls
 * for the entry makes the G ready, from any context (gort_ready()). How it
 * sleeps, is cancelled and meets its deadline is gort_wait.c's.
 *
 * A wait queue calls a function for each entry, with its lock held:
 *
 *	who waits				who wakes
 *	---------				---------
 *  1.	the queue's lock: add the entry		make the condition true
 *  2.	smp_mb()				smp_mb(), if it looks whether
 *  3.	is the condition true? Done: 6		anybody waits, without the lock
 *  4.	Q: woken? Then forget that, and 3.	wake_up(): with the queue's lock,
 *	Else the operation sleeps		Q: who sleeps is ready, or woken
 *  5.	back to 3				is remembered
 *  6.	the queue's lock: remove the entry
 *
 * The condition is the user's, evaluated on the stack of who waits, with the
 * entry in the queue. A G may end in the middle of it (gort_exit(), or no stack
 * left): so it knows where it has entries (g->events), and the M removes them
 * before the stack goes (gort_event_abandon()). Step 6 takes the lock under
 * which the entry's function runs, so that neither the entry nor the G is used
 * any more afterwards.
 *
 * A poll method names its queues when it is asked first; with several of them Q
 * is what their functions have in common, so there is one for each wait
 * (struct gort_waker). It may sleep, hence gort_syscall(). A queue may be freed
 * while somebody polls (POLLFREE): then its function takes the entry off and,
 * last of all, forgets the queue; who removes looks for the queue in an RCU
 * section, in which it is not freed. The file may be about to go, so it is not
 * asked again: EPOLLHUP is the answer.
 *
 * A completion has a simple wait queue, which knows tasks only and calls nobody.
 * The task of all of our entries is one kthread, the helper:
 *
 *	who waits		complete()		the helper, when woken
 *	---------		----------		----------------------
 *	E, Q: done > 0: take	Q: done + 1, wake the	each operation in its list,
 *	one. Else add the	task of the first	with E and Q: its entry is off
 *	entry, and itself to	entry, take that	the queue: done > 0: take one,
 *	the helper's list	off the queue		it is over. Else put it back
 *
 * where Q is the completion's own lock. The helper takes from done what a task
 * would that was woken; and like that task, it may find that somebody else was
 * faster. Who gives up (cancelled, late) takes it as well if its entry was taken
 * off: so each complete() is worth exactly one, and is never lost with the one
 * that it woke. The helper looks at all operations each time it is woken, some
 * at a time with E held, and it is woken once for all that happened meanwhile:
 * with many completions pending the cost of each falls. complete() wakes first
 * and then takes the entry off, so only Q tells.
 *
 * Lock order: the lock of a wait queue, Q; E, Q; and below that S.
 *
 * Rejected: a kthread, or an M, for each wait (what this is there to avoid);
 * a task_struct that is none, as the task of the entries, to be told which; and
 * to check completion_done() in a timer.
 */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/net.h>
#include <linux/swait.h>

#include "gort.h"
#include "gort_wait.h"

/* Operations that the helper looks at without letting others at E */
#define HELPER_BATCH	32

/* What may be waited for; the rest of the bits is for epoll and the kernel. */
#define POLL_EVENTS	(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP | \
			 EPOLLNVAL | EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM | \
			 EPOLLWRBAND | EPOLLMSG | EPOLLRDHUP)

/**
 * struct waker_op - who sleeps until a queue is woken
 * @op: the operation
 * @waker: of which wait
 */
struct waker_op {
	struct gort_op op;
	struct gort_waker *waker;
};

static void waker_init(struct gort_waker *w)
{
	raw_spin_lock_init(&w->lock);
	w->op = NULL;
	w->woken = false;
}

/* Step 4 of who wakes; the lock of the queue is held. */
static void waker_wake(struct gort_waker *w)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&w->lock, flags);
	if (w->op)
		gort_op_wake(w->op, 0);
	else
		w->woken = true;
	w->op = NULL;
	raw_spin_unlock_irqrestore(&w->lock, flags);
}

static int waker_try(struct gort_op *op)
{
	struct gort_waker *w = container_of(op, struct waker_op, op)->waker;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&w->lock, flags);
	if (!w->woken) {
		ret = GORT_OP_WAITS;
		op->result = ret;
		w->op = op;
	}
	w->woken = false;
	raw_spin_unlock_irqrestore(&w->lock, flags);
	return ret;
}

static int waker_leave(struct gort_op *op, int err)
{
	struct gort_waker *w = container_of(op, struct waker_op, op)->waker;
	unsigned long flags;

	raw_spin_lock_irqsave(&w->lock, flags);
	if (w->op) {
		w->op = NULL;
		op->result = err;
	}
	raw_spin_unlock_irqrestore(&w->lock, flags);
	return op->result;
}

/* Step 4 of who waits: 0 if it was woken. */
static int waker_wait(struct gort_waker *w, const char *what,
		      const char *reason, u64 deadline_ns)
{
	struct waker_op wo = {
		.op = {
			.try = waker_try,
			.leave = waker_leave,
			.what = what,
			.reason = reason,
			.outside = true,
			.deadline = deadline_ns,
		},
		.waker = w,
	};

	return gort_op_wait(&wo.op);
}

static int event_woken(struct wait_queue_entry *entry, unsigned int mode,
		       int sync, void *key)
{
	waker_wake(&container_of(entry, struct gort_event, entry)->waker);
	return 1;
}

static long event_add(void *arg)
{
	struct gort_event *ev = arg;
	struct gort_g *g = gort_getg();

	waker_init(&ev->waker);
	init_waitqueue_func_entry(&ev->entry, event_woken);
	if (g) {
		ev->outer = g->events;
		g->events = ev;
	}
	add_wait_queue(ev->wq, &ev->entry);
	smp_mb(); /* pairs with the one before waitqueue_active() */
	return 0;
}

static long event_del(void *arg)
{
	struct gort_event *ev = arg;
	struct gort_g *g = gort_getg();

	remove_wait_queue(ev->wq, &ev->entry);
	if (g)
		g->events = ev->outer;
	return 0;
}

/* @g has ended; on the M's stack. Its own is still there. */
void gort_event_abandon(struct gort_g *g)
{
	struct gort_event *ev;

	for (ev = g->events; ev; ev = ev->outer)
		remove_wait_queue(ev->wq, &ev->entry);
	g->events = NULL;
}

/* Steps 1 and 2 of gort_wait_event_until(). */
int gort_event_begin(struct gort_event *ev, struct wait_queue_head *wq)
{
	struct gort_op op = { .what = "gort_wait_event" };
	int err = gort_op_begin(&op);

	if (err)
		return err;
	ev->wq = wq;
	gort_op_run(event_add, ev);
	return 0;
}
EXPORT_SYMBOL_GORT(gort_event_begin);
NOKPROBE_SYMBOL(gort_event_begin);

/* Step 4. */
int gort_event_sleep(struct gort_event *ev, u64 deadline_ns)
{
	return waker_wait(&ev->waker, "gort_wait_event", "event", deadline_ns);
}
EXPORT_SYMBOL_GORT(gort_event_sleep);
NOKPROBE_SYMBOL(gort_event_sleep);

/* Step 6. */
void gort_event_end(struct gort_event *ev)
{
	gort_op_run(event_del, ev);
}
EXPORT_SYMBOL_GORT(gort_event_end);
NOKPROBE_SYMBOL(gort_event_end);

static int poll_woken(struct wait_queue_entry *wait, unsigned int mode,
		      int sync, void *key)
{
	struct gort_poll_entry *e;
	struct gort_poll *p = wait->private;
	__poll_t what = key_to_poll(key);

	if (what && !(what & (p->events | POLLFREE)))
		return 0;
	if (what & POLLFREE)
		WRITE_ONCE(p->freed, true);
	waker_wake(&p->waker);
	if (what & POLLFREE) {
		e = container_of(wait, struct gort_poll_entry, wait);
		list_del_init(&wait->entry);
		/* pairs with poll_del(), which goes on without the lock now */
		smp_store_release(&e->head, NULL);
	}
	return 1;
}

/* The poll method names a queue. */
static void poll_add(struct file *file, struct wait_queue_head *head,
		     poll_table *table)
{
	struct gort_poll *p = container_of(table, struct gort_poll, table);
	struct gort_poll_entry *e;

	if (p->nr++ >= GORT_POLL_QUEUES)
		return;
	e = &p->entries[p->nr - 1];
	init_waitqueue_func_entry(&e->wait, poll_woken);
	e->wait.private = p;
	e->head = head;
	add_wait_queue(head, &e->wait);
	smp_mb(); /* pairs with the one before waitqueue_active() */
}

static long poll_init(void *arg)
{
	struct gort_poll *p = arg;

	if ((!p->file && !p->sock) || p->events & ~POLL_EVENTS)
		return -EINVAL;
	if (p->sock && !READ_ONCE(p->sock->ops)->poll)
		return -EOPNOTSUPP;
	p->events |= EPOLLERR | EPOLLHUP;
	p->nr = 0;
	p->freed = false;
	waker_init(&p->waker);
	init_poll_funcptr(&p->table, poll_add);
	p->table._key = p->events;
	return 0;
}

/* Is it ready? The first time, it names its queues as well. */
static long poll_ask(void *arg)
{
	struct gort_poll *p = arg;

	if (p->file)
		p->ready = vfs_poll(p->file, &p->table);
	else
		p->ready = READ_ONCE(p->sock->ops)->poll(p->sock->file, p->sock,
							 &p->table);
	p->ready &= p->events;
	p->table._qproc = NULL;
	return 0;
}

static long poll_del(void *arg)
{
	unsigned int i, nr;
	struct gort_poll *p = arg;
	struct wait_queue_head *head;

	nr = min_t(unsigned int, p->nr, GORT_POLL_QUEUES);
	for (i = 0; i < nr; i++) {
		rcu_read_lock();
		/* pairs with poll_woken() */
		head = smp_load_acquire(&p->entries[i].head);
		if (head)
			remove_wait_queue(head, &p->entries[i].wait);
		rcu_read_unlock();
	}
	return 0;
}

/* @err: why to wait no longer, or 0. Return: what it came to, 0: it waits. */
static int poll_result(struct gort_poll *p, int err)
{
	if (READ_ONCE(p->freed))
		return (__force int)EPOLLHUP;
	gort_syscall(poll_ask, p);
	if (p->ready)
		return (__force int)p->ready;
	if (p->nr > GORT_POLL_QUEUES)
		return -E2BIG;
	return err;
}

/* gort_poll_until() and the others; @p has a file or a socket, and events. */
int __gort_poll(struct gort_poll *p, u64 deadline_ns)
{
	struct gort_op op = { .what = "gort_poll" };
	int ret, err = gort_op_begin(&op);

	if (err)
		return err;
	err = gort_op_run(poll_init, p);
	if (err)
		return err;
	while (!(ret = poll_result(p, err)))
		err = waker_wait(&p->waker, "gort_poll", "poll", deadline_ns);
	gort_op_run(poll_del, p);
	return ret;
}
EXPORT_SYMBOL_GORT(__gort_poll);
NOKPROBE_SYMBOL(__gort_poll);

/**
 * struct helper - who waits for all completions
 * @lock: E
 * @ops: operations that wait, in no order; E
 * @nr: how many; E
 * @task: the task of their entries; I
 */
struct helper {
	raw_spinlock_t lock; /* E */
	struct list_head ops;
	unsigned int nr;
	struct task_struct *task;
};

static struct helper helper = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(helper.lock),
	.ops = LIST_HEAD_INIT(helper.ops),
};

/**
 * struct done_op - who waits for a completion
 * @op: the operation; @op.node is in helper.ops, E
 * @x: the completion
 * @wait: place in its queue; Q
 */
struct done_op {
	struct gort_op op;
	struct completion *x;
	struct swait_queue wait;
};

/* What a task does that was woken. x->wait.lock is held. */
static bool done_take(struct completion *x)
{
	lockdep_assert_held(&x->wait.lock);
	if (!x->done)
		return false;
	if (x->done != UINT_MAX) /* else complete_all() */
		x->done--;
	return true;
}

/* It waits no more. helper.lock is held. */
static void done_forget(struct done_op *d)
{
	lockdep_assert_held(&helper.lock);
	list_del(&d->op.node);
	helper.nr--;
}

static int done_try(struct gort_op *op)
{
	struct done_op *d = container_of(op, struct done_op, op);
	struct completion *x = d->x;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&helper.lock, flags);
	raw_spin_lock(&x->wait.lock);
	if (!done_take(x)) {
		ret = GORT_OP_WAITS;
		op->result = ret;
		d->wait.task = helper.task;
		list_add_tail(&d->wait.task_list, &x->wait.task_list);
		list_add_tail(&op->node, &helper.ops);
		helper.nr++;
	}
	raw_spin_unlock(&x->wait.lock);
	raw_spin_unlock_irqrestore(&helper.lock, flags);
	return ret;
}

static int done_leave(struct gort_op *op, int err)
{
	struct done_op *d = container_of(op, struct done_op, op);
	struct completion *x = d->x;
	unsigned long flags;

	raw_spin_lock_irqsave(&helper.lock, flags);
	if (op->result == GORT_OP_WAITS) {
		done_forget(d);
		raw_spin_lock(&x->wait.lock);
		/* taken off by complete(): that one was for this operation */
		if (list_empty(&d->wait.task_list) && done_take(x))
			err = 0;
		list_del_init(&d->wait.task_list);
		raw_spin_unlock(&x->wait.lock);
		op->result = err;
	}
	raw_spin_unlock_irqrestore(&helper.lock, flags);
	return op->result;
}

/**
 * gort_wait_completion_until() - wait_for_completion() without a thread
 * @x: the completion
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * Gs and tasks that wait for the same one, in whatever way, share what
 * complete() gives: each call lets one of them go, in the order in which they
 * came for the most part. As with wait_for_completion(), who comes while one
 * that was woken is on its way may be faster.
 *
 * Context: G or process.
 * Return: 0 if it was complete, -ECANCELED if the G is to end, -ETIME if the
 * deadline passed, -ERESTARTSYS if a task got a signal, -EDEADLK if the G holds
 * a gort lock or has a section open, -EPERM where nobody can wait.
 */
int gort_wait_completion_until(struct completion *x, u64 deadline_ns)
{
	struct done_op d = {
		.op = {
			.try = done_try,
			.leave = done_leave,
			.what = "gort_wait_completion",
			.reason = "completion",
			.outside = true,
			.deadline = deadline_ns,
		},
		.x = x,
	};

	return gort_op_wait(&d.op);
}
EXPORT_SYMBOL_GORT(gort_wait_completion_until);
NOKPROBE_SYMBOL(gort_wait_completion_until);

/* Was @d taken off its queue? helper.lock is held, so it is still there. */
static void helper_look(struct done_op *d)
{
	struct completion *x = d->x;

	raw_spin_lock(&x->wait.lock);
	if (list_empty(&d->wait.task_list)) {
		if (done_take(x)) {
			done_forget(d);
			gort_op_wake(&d->op, 0);
		} else {
			list_add_tail(&d->wait.task_list, &x->wait.task_list);
		}
	}
	raw_spin_unlock(&x->wait.lock);
}

/* Those that it has looked at go to the end of the list. */
static void helper_look_at_all(void)
{
	unsigned int todo, n;
	struct done_op *d;

	raw_spin_lock_irq(&helper.lock);
	for (todo = helper.nr; todo && helper.nr; ) {
		for (n = min(todo, HELPER_BATCH + 0U); n && helper.nr; n--) {
			d = list_first_entry(&helper.ops, struct done_op,
					     op.node);
			list_move_tail(&d->op.node, &helper.ops);
			helper_look(d);
			todo--;
		}
		raw_spin_unlock_irq(&helper.lock);
		cond_resched();
		raw_spin_lock_irq(&helper.lock);
	}
	raw_spin_unlock_irq(&helper.lock);
}

/* It looks after it has said that it sleeps: what wakes it then is not lost. */
static int helper_main(void *unused)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		helper_look_at_all();
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

int gort_event_init(void)
{
	struct task_struct *task;

	task = gort_try(kthread_create(helper_main, NULL, "gort_complete"),
			ERR_PTR(-ENOMEM));
	if (IS_ERR(task))
		return PTR_ERR(task);
	wake_up_process(task);
	helper.task = task;
	return 0;
}

/* Nobody waits any more: who does has a module that needs this one. */
void gort_event_exit(void)
{
	kthread_stop(helper.task);
}
