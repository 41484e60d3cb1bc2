// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for chan_test: many values, and many Gs.
 */

#include <linux/bitops.h>

#include "gort_test_chan.h"

/**
 * struct fifo - one of a row of senders, of which each waits for the one before
 * @run: all of them and their parent
 * @c: what they send to
 * @before: the one before has sent
 * @after: tells the next one
 * @n: its number
 */
struct fifo {
	struct c_run *run;
	union u64s *c;
	union u64s *before;
	union u64s *after;
	u64 n;
};

static void fifo_fn(void *arg)
{
	struct fifo *f = arg;

	C_OK(f->run, !gort_recv(f->before, NULL));
	C_OK(f->run, !gort_send(f->c, f->n));
	C_OK(f->run, !gort_send(f->after, 0));
	c_end(f->run);
}

static void wait_send_fn(void *arg)
{
	struct fifo *f = arg;

	C_OK(f->run, !gort_send(f->c, f->n));
	c_end(f->run);
}

/* Who begins to wait first comes first. */
static void in_line(struct c_run *run, union u64s *c, u64 n)
{
	u64 i, got, cap = gort_chan_cap(c);
	struct fifo *f;

	for (i = 0; i < n + cap; i++) {
		f = gort_alloc(sizeof(*f));
		if (!C_OK(run, f))
			return;
		*f = (struct fifo){ .run = run, .c = c, .n = i };
		c_go(run, wait_send_fn, f);
		if (i < cap)
			C_OK(run, !c_join(run));
		else
			C_OK(run, c_await(c, i - cap + 1));
	}
	for (i = 0; i < n + cap; i++)
		C_OK(run, !gort_recv(c, &got) && got == i);
	C_OK(run, !c_join(run));
}

/*
 * c_fifo: capacity, count. Senders one after the other, by a chain of channels
 * between them, and all at once, in the order in which they began to wait.
 */
int c_fifo(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(args[1] + 1);
	union u64s *c = gort_make_chan(union u64s, args[0]);
	union u64s *before, *first;
	struct fifo *f;
	u64 i, got;

	if (!run || !c)
		return -ENOMEM;
	first = gort_make_chan(union u64s, 0);
	before = first;
	for (i = 0; i < args[1]; i++) {
		f = gort_alloc(sizeof(*f));
		if (!f)
			return -ENOMEM;
		*f = (struct fifo){
			.run = run, .c = c, .before = before, .n = i,
			.after = gort_make_chan(union u64s, i + 1 == args[1]),
		};
		if (!before || !f->after)
			return -ENOMEM;
		before = f->after;
		c_go(run, fifo_fn, f);
	}
	C_OK(run, !gort_send(first, 0));
	for (i = 0; i < args[1]; i++)
		C_OK(run, !gort_recv(c, &got) && got == i);
	C_OK(run, !c_join(run));
	in_line(run, c, args[1]);
	return c_result(run, result);
}

static void chain_fn(void *arg)
{
	struct fifo *f = arg;
	u64 got;

	if (!gort_recv(f->before, &got))
		C_OK(f->run, !gort_send(f->after, got + 1));
}

/* c_chain: gs. A number goes through so many Gs, each adds one. */
int c_chain(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(0);
	union u64s *left = gort_make_chan(union u64s, 0);
	union u64s *right = left;
	struct fifo *f;
	u64 i, got = 0;

	if (!run || !left)
		return -ENOMEM;
	for (i = 0; i < args[0]; i++) {
		f = gort_alloc(sizeof(*f));
		if (!f)
			return -ENOMEM;
		f->run = run;
		f->before = right;
		right = gort_make_chan(union u64s, 0);
		f->after = right;
		if (!right)
			return -ENOMEM;
		if (!C_OK(run, !gort_go(NULL, chain_fn, f)))
			break;
	}
	C_OK(run, !gort_send(left, 1));
	C_OK(run, !gort_recv(right, &got) && got == args[0] + 1);
	return c_result(run, result);
}

/**
 * struct flow - so many values go through one channel
 * @run: all who take part
 * @c: the channel
 * @senders: that have not ended; the last one closes it
 * @next: to be sent next
 * @items: values 0 and up, each once
 * @received: how many arrived
 * @seen: which
 */
struct flow {
	struct c_run *run;
	union u64s *c;
	atomic_t senders;
	atomic64_t next;
	s64 items;
	atomic64_t received;
	unsigned long *seen;
};

static void flow_send(void *arg)
{
	struct flow *f = arg;
	s64 i;

	while ((i = atomic64_fetch_inc(&f->next)) < f->items)
		if (!C_OK(f->run, !gort_send(f->c, i)))
			break;
	if (atomic_dec_and_test(&f->senders))
		C_OK(f->run, !gort_close(f->c));
	c_end(f->run);
}

static void flow_recv(void *arg)
{
	struct flow *f = arg;
	u64 got;
	int err;

	while (!(err = gort_recv(f->c, &got))) {
		if (!C_OK(f->run, got < f->items))
			break;
		C_OK(f->run, !test_and_set_bit(got, f->seen));
		atomic64_inc(&f->received);
	}
	C_OK(f->run, err == -EPIPE);
	c_end(f->run);
}

/*
 * c_conserve: items, senders, receivers, capacity. Each value that is sent is
 * received, and once.
 */
int c_conserve(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(args[1] + args[2]);
	struct flow *f = gort_alloc(sizeof(*f));
	u64 i;

	if (!f || !run)
		return -ENOMEM;
	f->run = run;
	f->items = args[0];
	f->c = gort_make_chan(union u64s, args[3]);
	f->seen = gort_alloc(BITS_TO_LONGS(f->items) * sizeof(long));
	if (!f->c || !f->seen)
		return -ENOMEM;
	atomic_set(&f->senders, args[1]);
	for (i = 0; i < args[1]; i++)
		c_go(run, flow_send, f);
	for (i = 0; i < args[2]; i++)
		c_go(run, flow_recv, f);
	C_OK(run, !c_join(run));
	C_OK(run, atomic64_read(&f->received) == f->items);
	return c_result(run, result);
}

/**
 * struct multi - workers that take from one channel and give to another
 * @run: all of them, and the feeder
 * @q: what they take from
 * @r: what they give to
 * @items: how many go through
 */
struct multi {
	struct c_run *run;
	union u64s *q;
	union u64s *r;
	u64 items;
};

/* Some give way now and then, others never do. */
static void multi_work(void *arg)
{
	struct multi *m = arg;
	u64 got;

	while (!gort_recv(m->q, &got)) {
		if (!(got % 7))
			gort_yield();
		if (!C_OK(m->run, !gort_send(m->r, got * 3)))
			break;
	}
	c_end(m->run);
}

static void multi_feed(void *arg)
{
	struct multi *m = arg;
	u64 i;

	for (i = 0; i < m->items; i++)
		if (!C_OK(m->run, !gort_send(m->q, i)))
			break;
	C_OK(m->run, !gort_close(m->q));
	c_end(m->run);
}

/* c_multi: workers, items. The sum of what came through is that of what went. */
int c_multi(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(args[0] + 1);
	struct multi *m = gort_alloc(sizeof(*m));
	u64 i, got, n = 0, sum = 0;

	if (!run || !m)
		return -ENOMEM;
	*m = (struct multi){
		.run = run, .items = args[1],
		.q = gort_make_chan(union u64s, args[0] * 3),
		.r = gort_make_chan(union u64s, args[0] * 3),
	};
	if (!m->q || !m->r)
		return -ENOMEM;
	for (i = 0; i < args[0]; i++)
		c_go(run, multi_work, m);
	c_go(run, multi_feed, m);
	for (; n < m->items && !gort_recv(m->r, &got); n++)
		sum += got;
	C_OK(run, n == m->items);
	C_OK(run, sum == 3 * (m->items * (m->items - 1) / 2));
	C_OK(run, !c_join(run));
	C_OK(run, gort_tryrecv(m->r, &got) == -EAGAIN);
	return c_result(run, result);
}

/**
 * struct sieve - a G that lets through what its prime does not divide
 * @run: all of them
 * @in: what comes
 * @out: what goes on
 * @prime: its own, or 0: sends all numbers from 2 on
 */
struct sieve {
	struct c_run *run;
	union u64s *in;
	union u64s *out;
	u64 prime;
};

/* Ends when nobody wants more: then its own sender is not wanted either. */
static void sieve_fn(void *arg)
{
	struct sieve *s = arg;
	u64 i = 1;

	for (;;) {
		if (!s->prime)
			i++;
		else if (gort_recv(s->in, &i))
			break;
		if ((!s->prime || i % s->prime) && gort_send(s->out, i))
			break;
	}
	if (s->prime)
		C_OK(s->run, !gort_close(s->in));
	c_end(s->run);
}

/* The next one of the chain; NULL for want of memory */
static union u64s *sieve_go(struct c_run *run, union u64s *in, u64 prime, u64 cap)
{
	struct sieve *s = gort_alloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct sieve){
		.run = run, .in = in, .prime = prime,
		.out = gort_make_chan(union u64s, cap),
	};
	if (s->out)
		c_go(run, sieve_fn, s);
	return s->out;
}

/*
 * c_sieve: primes, capacity. So many primes by a chain of Gs, the end of which
 * is closed by who has enough. Result: the last one.
 */
int c_sieve(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(args[0] + 1);
	u64 i, prime = 0, before = 1;
	union u64s *c;

	if (!run)
		return -ENOMEM;
	c = sieve_go(run, NULL, 0, args[1]);
	for (i = 0; c; i++) {
		C_OK(run, !gort_recv(c, &prime) && prime > before);
		before = prime;
		if (i + 1 == args[0])
			break;
		c = sieve_go(run, c, prime, args[1]);
	}
	if (!c)
		return -ENOMEM;
	C_OK(run, !gort_close(c));
	C_OK(run, !c_join(run));
	if (atomic_read(&run->line))
		return c_result(run, result);
	*result = prime;
	return 0;
}

/**
 * struct crowd - Gs that wait until a channel is closed
 * @run: all of them
 * @c: the channel
 * @other: one that nothing happens to
 * @send: they wait to send
 * @select: they wait in both channels
 * @woken: how many were told
 */
struct crowd {
	struct c_run *run;
	union u64s *c;
	union u64s *other;
	bool send;
	bool select;
	atomic_t woken;
};

static int crowd_wait(struct crowd *w, u64 *val)
{
	struct gort_case cases[] = {
		GORT_CASE_RECV(w->other, NULL),
		GORT_CASE_RECV(w->c, val),
	};
	int ret;

	if (w->send)
		cases[1] = (struct gort_case)GORT_CASE_SEND(w->c, val);
	if (w->select) {
		ret = gort_select(cases, 2);
		if (ret != 1)
			return -EPROTO;
		return cases[1].err;
	}
	if (w->send)
		return gort_send(w->c, 1);
	return gort_recv(w->c, val);
}

static void crowd_fn(void *arg)
{
	struct crowd *w = arg;
	u64 val = 5;

	C_OK(w->run, crowd_wait(w, &val) == -EPIPE);
	C_OK(w->run, w->send || !val);
	atomic_inc(&w->woken);
	c_end(w->run);
}

/* c_closemany: gs, send, select. All who wait are told, once, and none stays. */
int c_closemany(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(args[0]);
	struct crowd *w = gort_alloc(sizeof(*w));
	u64 i;

	if (!run || !w)
		return -ENOMEM;
	w->run = run;
	w->c = gort_make_chan(union u64s, 0);
	w->other = gort_make_chan(union u64s, 0);
	w->send = args[1];
	w->select = args[2];
	if (!w->c || !w->other)
		return -ENOMEM;
	for (i = 0; i < args[0]; i++)
		if (c_go(run, crowd_fn, w))
			break;
	C_OK(run, c_await(w->c, run->nr));
	C_OK(run, !gort_close(w->c));
	C_OK(run, !gort_call(c_k_waiting, w->c));
	C_OK(run, !c_join(run));
	C_OK(run, atomic_read(&w->woken) == args[0]);
	C_OK(run, !gort_call(c_k_waiting, w->other));
	return c_result(run, result);
}
