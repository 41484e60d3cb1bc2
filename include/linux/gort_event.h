/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort: waiting for the kernel without holding a thread (gort_event.c).
 *
 * A G that waits here is a few words in the kernel's own queues; what wakes the
 * queue makes the G runnable, from whatever context. Process context may wait
 * as well. The structures are for what is inline here, nobody else's business.
 */
#ifndef _LINUX_GORT_EVENT_H
#define _LINUX_GORT_EVENT_H

#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <linux/gort.h>

struct completion;
struct file;
struct gort_op;
struct socket;

/* Wait queues that one file or socket may have */
#define GORT_POLL_QUEUES	4

/**
 * struct gort_waker - where wake-ups from the kernel's queues come together
 * @lock: Q, inside the lock of the kernel's queue
 * @op: who sleeps, or NULL; Q
 * @woken: one came while nobody slept; Q
 */
struct gort_waker {
	raw_spinlock_t lock; /* all below */
	struct gort_op *op;
	bool woken;
};

/**
 * struct gort_event - one wait for a condition, on its caller's stack
 * @waker: woken by the queue
 * @entry: place in the queue; the queue's lock
 * @wq: the queue; I
 * @outer: the wait whose condition this one is part of; the G's
 */
struct gort_event {
	struct gort_waker waker;
	struct wait_queue_entry entry;
	struct wait_queue_head *wq;
	struct gort_event *outer;
};

int gort_event_begin(struct gort_event *ev, struct wait_queue_head *wq);
int gort_event_sleep(struct gort_event *ev, u64 deadline_ns);
void gort_event_end(struct gort_event *ev);

/**
 * gort_wait_event_until() - wait until a condition is true
 * @wq: a wait_queue_head_t that is woken when the condition may have become true
 * @cond: an expression without side effects; in G code it is G code, and what it
 *	reads is read without a lock, unless it takes one
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * The condition is looked at once at least, and after each wake-up. It may call
 * functions of G code, and may itself wait; who leaves the macro does so through
 * its end (no return, no goto), or ends the G. As wait_event_interruptible(),
 * but no thread sleeps.
 *
 * Context: G or process.
 * Return: 0 if the condition was true, -ECANCELED if the G is to end, -ETIME if
 * the deadline passed and it still was not, -ERESTARTSYS if a task got a signal,
 * -EDEADLK if the G holds a gort lock or has a section open, -EPERM where nobody
 * can wait.
 */
#define gort_wait_event_until(wq, cond, deadline_ns)			\
({									\
	struct gort_event __ev;						\
	u64 __deadline = (deadline_ns);					\
	int __err = gort_event_begin(&__ev, &(wq));			\
									\
	if (!__err) {							\
		for (;;) {						\
			if (cond) {					\
				__err = 0;				\
				break;					\
			}						\
			if (__err)					\
				break;					\
			__err = gort_event_sleep(&__ev, __deadline);	\
		}							\
		gort_event_end(&__ev);					\
	}								\
	__err;								\
})

/**
 * gort_wait_event() - gort_wait_event_until() without a deadline
 * @wq: the wait_queue_head_t
 * @cond: the condition
 *
 * Context: G or process.
 * Return: as gort_wait_event_until(), but never -ETIME.
 */
#define gort_wait_event(wq, cond) \
	gort_wait_event_until(wq, cond, GORT_NO_DEADLINE)

int __must_check gort_wait_completion_until(struct completion *x,
					    u64 deadline_ns);

/**
 * gort_wait_completion() - gort_wait_completion_until() without a deadline
 * @x: the completion
 *
 * Context: G or process.
 * Return: as gort_wait_completion_until(), but never -ETIME.
 */
static inline int __must_check gort_wait_completion(struct completion *x)
{
	return gort_wait_completion_until(x, GORT_NO_DEADLINE);
}

/**
 * struct gort_poll_entry - a place in one of a file's wait queues
 * @wait: the entry; the queue's lock
 * @head: the queue, NULL when it is gone; written under its lock
 */
struct gort_poll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *head;
};

/**
 * struct gort_poll - one wait for a file or a socket, on its caller's stack
 * @table: what the poll method gets
 * @waker: woken by all queues
 * @file: what is asked, or NULL; I
 * @sock: else this; I
 * @events: what is waited for, EPOLLERR and EPOLLHUP included; I
 * @ready: what the poll method returned last
 * @nr: how many queues it named
 * @freed: one of them is gone; Q
 * @entries: those that there is room for
 */
struct gort_poll {
	poll_table table;
	struct gort_waker waker;
	struct file *file;
	struct socket *sock;
	__poll_t events;
	__poll_t ready;
	unsigned int nr;
	bool freed;
	struct gort_poll_entry entries[GORT_POLL_QUEUES];
};

int __gort_poll(struct gort_poll *p, u64 deadline_ns);

/**
 * gort_poll_until() - wait until a file is ready
 * @file: the file; the caller keeps its reference
 * @events: EPOLLIN and so on, as for poll(2); EPOLLERR and EPOLLHUP are always
 *	waited for
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * The file's poll method runs as in gort_syscall(): for it the current task is
 * some kthread, which matters to files that are about the task (signalfd). A
 * file without one is always ready to be read and written. EPOLLHUP comes also
 * when the file lets its wait queue go (POLLFREE).
 *
 * Context: G or process.
 * Return: which of the events are there, never 0; -EINVAL (no file, or what is
 * no event), -E2BIG if it is not ready and has more than GORT_POLL_QUEUES wait
 * queues, -ECANCELED if the G is to end, -ETIME if the deadline passed,
 * -ERESTARTSYS if a task got a signal, -EDEADLK if the G holds a gort lock or
 * has a section open, -EPERM where nobody can wait.
 */
static inline int __must_check gort_poll_until(struct file *file,
					       __poll_t events, u64 deadline_ns)
{
	struct gort_poll p;

	p.file = file;
	p.sock = NULL;
	p.events = events;
	return __gort_poll(&p, deadline_ns);
}

/**
 * gort_poll() - gort_poll_until() without a deadline
 * @file: the file
 * @events: what to wait for
 *
 * Context: G or process.
 * Return: as gort_poll_until(), but never -ETIME.
 */
static inline int __must_check gort_poll(struct file *file, __poll_t events)
{
	return gort_poll_until(file, events, GORT_NO_DEADLINE);
}

/**
 * gort_poll_socket_until() - wait until a socket is ready
 * @sock: the socket, with a file or without
 * @events: as for gort_poll_until()
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * Context: G or process.
 * Return: as gort_poll_until(), and -EOPNOTSUPP if it has no poll method.
 */
static inline int __must_check gort_poll_socket_until(struct socket *sock,
						      __poll_t events,
						      u64 deadline_ns)
{
	struct gort_poll p;

	p.file = NULL;
	p.sock = sock;
	p.events = events;
	return __gort_poll(&p, deadline_ns);
}

/**
 * gort_poll_socket() - gort_poll_socket_until() without a deadline
 * @sock: the socket
 * @events: what to wait for
 *
 * Context: G or process.
 * Return: as gort_poll_socket_until(), but never -ETIME.
 */
static inline int __must_check gort_poll_socket(struct socket *sock,
						__poll_t events)
{
	return gort_poll_socket_until(sock, events, GORT_NO_DEADLINE);
}

#endif /* _LINUX_GORT_EVENT_H */
