/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort: channels (gort_chan.c) and select (gort_select.c).
 *
 * A channel passes values of one type, in order, between Gs, tasks and
 * interrupts. The macros check the type; below them everything is bytes.
 *
 *	GORT_CHAN_TYPE(ints, int);
 *
 *	union ints *c = gort_make_chan(union ints, 16);	collected, in G code
 *	GORT_CHAN(struct job) jobs;			the user's, anywhere
 *	err = gort_chan_init(&jobs, 16);		... gort_chan_fini(&jobs)
 *
 *	err = gort_send(c, 5);
 *	err = gort_recv(c, &i);
 *
 * What is named try, gort_close() too, is for any context; what waits is for Gs
 * and for process context that may sleep. A channel that is NULL is never ready.
 */
#ifndef _LINUX_GORT_CHAN_H
#define _LINUX_GORT_CHAN_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <linux/gort.h>

#define GORT_CHAN_ELEM_MAX	256	/* bytes of a value */
#define GORT_CHAN_BYTES_MAX	SZ_1M	/* of all values in a buffer */
#define GORT_SELECT_MAX		64	/* cases of one select */

struct gort_wait_cases;

/**
 * struct gort_chan - a channel of any type
 * @lock: Q
 * @closed: nothing is sent any more; Q
 * @timed: the clock sends, so that no deadlock detector can know; I
 * @elem: bytes of a value; I
 * @cap: how many values the buffer has room for; I
 * @len: how many are in it; Q, read without
 * @first: place of the oldest one; Q
 * @buf: the buffer, a ring; the pointer I, what it points to Q
 * @senders: cases that wait to send, first come first; Q
 * @receivers: cases that wait to receive; Q
 */
struct gort_chan {
	raw_spinlock_t lock; /* all that is Q */
	bool closed;
	bool timed;
	unsigned int elem;
	unsigned int cap;
	unsigned int len;
	unsigned int first;
	void *buf;
	struct list_head senders;
	struct list_head receivers;
};

/**
 * GORT_CHAN() - the type of a channel
 * @type: of its values, at most GORT_CHAN_ELEM_MAX bytes
 */
#define GORT_CHAN(type)							\
	union {								\
		struct gort_chan chan;					\
		type *type_;						\
	}

/**
 * GORT_CHAN_TYPE() - the same with a name: declares union @name
 * @name: the tag
 * @type: of its values
 */
#define GORT_CHAN_TYPE(name, type)					\
	union name {							\
		struct gort_chan chan;					\
		type *type_;						\
	}

/**
 * GORT_CHAN_INIT() - initializer of a channel without a buffer
 * @name: the variable
 */
#define GORT_CHAN_INIT(name) {						\
	.chan.lock = __RAW_SPIN_LOCK_UNLOCKED((name).chan.lock),	\
	.chan.elem = sizeof((name).type_[0]) +				\
		BUILD_BUG_ON_ZERO(sizeof((name).type_[0]) > GORT_CHAN_ELEM_MAX), \
	.chan.senders = LIST_HEAD_INIT((name).chan.senders),		\
	.chan.receivers = LIST_HEAD_INIT((name).chan.receivers),	\
}

/**
 * struct gort_case - one thing that a select may do
 * @chan: the channel, or NULL: never ready
 * @ptr: where the value is, or is to go; for a receive it may be NULL
 * @send: else receive
 * @err: of the case that was chosen: 0, or -EPIPE if the channel was closed
 * @poll: private: at this place of a random order comes the case of that index
 * @by_addr: private: the same for the order of the channels' addresses
 * @node: private: in the channel's queue; Q
 * @wait: private: whose it is; Q
 *
 * Made by GORT_CASE_SEND() and GORT_CASE_RECV(). Where many of them are used
 * they need not be on the stack.
 */
struct gort_case {
	struct gort_chan *chan;
	void *ptr;
	bool send;
	u8 poll;
	u8 by_addr;
	int err;
	struct list_head node;
	struct gort_wait_cases *wait;
};

/* @ptr, which the compiler takes only if it is of this type, or NULL */
#define __gort_chan_ptr(ptr, type)	(1 ? (ptr) : (type)NULL)

/**
 * GORT_CASE_SEND() - initializer of a case that sends
 * @ch: the channel, or NULL of its type
 * @from: where the value is; read when it is sent
 */
#define GORT_CASE_SEND(ch, from) \
	{ .chan = &(ch)->chan, .send = true,				\
	  .ptr = __gort_chan_ptr(from, typeof((ch)->type_)) }

/**
 * GORT_CASE_RECV() - initializer of a case that receives
 * @ch: the channel, or NULL of its type
 * @to: where the value goes, or NULL
 */
#define GORT_CASE_RECV(ch, to) \
	{ .chan = &(ch)->chan,						\
	  .ptr = __gort_chan_ptr(to, typeof((ch)->type_)) }

int __must_check __gort_chan_init(struct gort_chan *ch, size_t elem,
				  unsigned int cap);
void __gort_chan_fini(struct gort_chan *ch);
void *__gort_chan_make(size_t elem, unsigned int cap);
int __must_check __gort_chan_send(struct gort_chan *ch, const void *from,
				  u64 deadline_ns);
int __gort_chan_trysend(struct gort_chan *ch, const void *from);
int __must_check __gort_chan_recv(struct gort_chan *ch, void *to,
				  u64 deadline_ns);
int __must_check __gort_chan_tryrecv(struct gort_chan *ch, void *to);
int __gort_chan_close(struct gort_chan *ch);

int __must_check gort_select_until(struct gort_case *cases, unsigned int n,
				   u64 deadline_ns);
int __must_check gort_tryselect(struct gort_case *cases, unsigned int n);

/**
 * gort_chan_init() - make a channel that is the caller's
 * @ch: the channel, in memory of any kind
 * @capacity: how many values its buffer has room for; 0: who sends waits for
 *	who receives
 *
 * Context: G or process; not in a section that must not sleep.
 * Return: 0, -EINVAL (values over GORT_CHAN_ELEM_MAX bytes, a buffer over
 * GORT_CHAN_BYTES_MAX), -ENOMEM, -EDEADLK (a G in such a section).
 */
#define gort_chan_init(ch, capacity) \
	__gort_chan_init(&(ch)->chan, sizeof((ch)->type_[0]), capacity)

/**
 * gort_chan_fini() - give back what gort_chan_init() got
 * @ch: the channel; nobody uses it any more. Who still waits is woken, as by
 *	gort_close(), with a message.
 *
 * Context: G or process; not in a section that must not sleep, where the buffer
 * stays and a message says so.
 */
#define gort_chan_fini(ch)	__gort_chan_fini(&(ch)->chan)

/**
 * gort_make_chan() - make a channel that is collected
 * @type: a channel's type, as union @name of GORT_CHAN_TYPE()
 * @capacity: how many values its buffer has room for, or 0
 *
 * The channel and its buffer are one object of gort_alloc(): it stays while
 * something points to it, and so does what the values in it point to. It is
 * not finished by gort_chan_fini().
 *
 * Context: G.
 * Return: the channel, or NULL: too large, as for gort_chan_init(), or for one
 * of the reasons of gort_alloc().
 */
#define gort_make_chan(type, capacity) \
	((type *)__gort_chan_make(sizeof(((type *)0)->type_[0]), capacity))

/**
 * gort_send_until() - send a value, and wait until it is taken or has room
 * @ch: the channel
 * @val: the value
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * Context: G or process. What it wakes: who waits first to receive.
 * Return: 0; -EPIPE if the channel is closed, or is closed meanwhile;
 * -ECANCELED if the G is to end, -ETIME if the deadline passed, -ERESTARTSYS if
 * a task got a signal: nothing was sent; -EDEADLK if the G holds a gort lock or
 * has a section open, -EPERM where nobody can wait.
 */
#define gort_send_until(ch, val, deadline_ns)				\
	__gort_chan_send(&(ch)->chan,					\
			 (typeof((ch)->type_[0])[1]) { (val) }, deadline_ns)

/**
 * gort_send() - gort_send_until() without a deadline
 * @ch: the channel
 * @val: the value
 *
 * Context: G or process. What it wakes: who waits first to receive.
 * Return: as gort_send_until().
 */
#define gort_send(ch, val)	gort_send_until(ch, val, GORT_NO_DEADLINE)

/**
 * gort_trysend() - send a value if that need not wait
 * @ch: the channel
 * @val: the value
 *
 * Context: any. What it wakes: who waits first to receive.
 * Return: 0, -EAGAIN if nobody waits for it and the buffer is full, -EPIPE if
 * the channel is closed.
 */
#define gort_trysend(ch, val)						\
	__gort_chan_trysend(&(ch)->chan, (typeof((ch)->type_[0])[1]) { (val) })

/**
 * gort_recv_until() - receive a value, and wait for one
 * @ch: the channel
 * @to: where it goes, or NULL
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * What was sent before a channel was closed is received first.
 *
 * Context: G or process. What it wakes: who waits first to send.
 * Return: 0; -EPIPE if the channel is closed and empty: *@to is zeroed; and
 * nothing was received: -ECANCELED if the G is to end, -ETIME if the deadline
 * passed, -ERESTARTSYS if a task got a signal, -EDEADLK if the G holds a gort
 * lock or has a section open, -EPERM where nobody can wait.
 */
#define gort_recv_until(ch, to, deadline_ns) \
	__gort_chan_recv(&(ch)->chan,					\
			 __gort_chan_ptr(to, typeof((ch)->type_)), deadline_ns)

/**
 * gort_recv() - gort_recv_until() without a deadline
 * @ch: the channel
 * @to: where it goes, or NULL
 *
 * Context: G or process. What it wakes: who waits first to send.
 * Return: as gort_recv_until().
 */
#define gort_recv(ch, to)	gort_recv_until(ch, to, GORT_NO_DEADLINE)

/**
 * gort_tryrecv() - receive a value if there is one
 * @ch: the channel
 * @to: where it goes, or NULL
 *
 * Context: any. What it wakes: who waits first to send.
 * Return: 0, -EAGAIN if there is none, -EPIPE if the channel is closed and
 * empty: *@to is zeroed.
 */
#define gort_tryrecv(ch, to) \
	__gort_chan_tryrecv(&(ch)->chan,				\
			    __gort_chan_ptr(to, typeof((ch)->type_)))

/**
 * gort_close() - nothing is sent any more
 * @ch: the channel
 *
 * What is in the buffer can still be received; after that, and at once for who
 * waits already, a receive returns -EPIPE. So does a send, also one that waits.
 * The channel must stay until this has returned.
 *
 * Context: any. What it wakes: all who wait for the channel.
 * Return: 0, -EPIPE if it is closed already, -EINVAL if it is NULL, with a
 * message.
 */
#define gort_close(ch)		__gort_chan_close(&(ch)->chan)

/**
 * gort_chan_len() - how many values are in the buffer
 * @ch: the channel
 *
 * Context: any.
 * Return: so many; others may change it at any time.
 */
#define gort_chan_len(ch)	__gort_chan_len(&(ch)->chan)

/**
 * gort_chan_cap() - for how many values the buffer has room
 * @ch: the channel
 *
 * Context: any.
 * Return: so many.
 */
#define gort_chan_cap(ch)	__gort_chan_cap(&(ch)->chan)

static inline unsigned int __gort_chan_len(const struct gort_chan *ch)
{
	return ch ? READ_ONCE(ch->len) : 0;
}

static inline unsigned int __gort_chan_cap(const struct gort_chan *ch)
{
	return ch ? ch->cap : 0;
}

/**
 * gort_select() - gort_select_until() without a deadline
 * @cases: what may be done
 * @n: how many cases, at most GORT_SELECT_MAX
 *
 * Context: G or process. What it wakes: the partner in the case.
 * Return: as gort_select_until().
 */
static inline int __must_check gort_select(struct gort_case *cases,
					   unsigned int n)
{
	return gort_select_until(cases, n, GORT_NO_DEADLINE);
}

/* Has channels in its structures: whoever comes first, it is behind this. */
#include <linux/gort_time.h>

#endif /* _LINUX_GORT_CHAN_H */
