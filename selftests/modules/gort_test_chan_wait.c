// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for chan_test: what ends the waiting, partners that are no Gs, and the
 * collector.
 */

#include <linux/bitops.h>

#include "gort_test_chan.h"

/* What a form waits for; the latter half is the same with a deadline far away. */
enum form {
	FORM_SEND,		/* nobody receives */
	FORM_SEND_FULL,		/* the buffer is full */
	FORM_RECV,		/* nobody sends */
	FORM_SELECT,		/* both, in two channels */
	FORM_SELECT_SAME,	/* both, in one */
	FORM_SELECT_NONE,	/* nothing at all */
	FORM_NIL_SEND,		/* a channel that is NULL */
	FORM_NIL_RECV,
	FORM_DEADLINE,
};

/**
 * struct waiter - a child that waits in one of the forms
 * @run: it and its parent
 * @form: enum form
 * @deadline: of the latter forms
 * @a: the channel
 * @b: the other one
 * @g: the child, a reference
 * @go: it may begin
 * @err: what it was told
 * @over: it has been
 */
struct waiter {
	struct c_run *run;
	u64 form;
	u64 deadline;
	union u64s *a;
	union u64s *b;
	struct gort_g *g;
	bool go;
	int err;
	bool over;
};

static struct waiter *waiter_new(u64 form)
{
	struct waiter *w = gort_alloc(sizeof(*w));

	if (!w)
		return NULL;
	w->run = c_begin(1);
	w->form = form % FORM_DEADLINE;
	w->deadline = form < FORM_DEADLINE ? GORT_NO_DEADLINE :
					     gort_now() + 3600 * NSEC_PER_SEC;
	w->a = gort_make_chan(union u64s, w->form == FORM_SEND_FULL);
	w->b = gort_make_chan(union u64s, 0);
	if (!w->run || !w->a || !w->b)
		return NULL;
	if (w->form == FORM_SEND_FULL)
		C_OK(w->run, !gort_send(w->a, 1));
	return w;
}

static int wait_in_form(struct waiter *w)
{
	u64 got = 0, val = 2;
	struct gort_case cases[] = {
		GORT_CASE_SEND(w->a, &val), GORT_CASE_RECV(w->b, &got),
	};

	switch (w->form) {
	case FORM_SEND:
	case FORM_SEND_FULL:
		return gort_send_until(w->a, 2, w->deadline);
	case FORM_RECV:
		return gort_recv_until(w->a, &got, w->deadline);
	case FORM_SELECT:
		return gort_select_until(cases, 2, w->deadline);
	case FORM_SELECT_SAME:
		cases[1].chan = cases[0].chan;
		return gort_select_until(cases, 2, w->deadline);
	case FORM_SELECT_NONE:
		return gort_select_until(NULL, 0, w->deadline);
	case FORM_NIL_SEND:
		return gort_send_until((union u64s *)NULL, 2, w->deadline);
	default:
		return gort_recv_until((union u64s *)NULL, &got, w->deadline);
	}
}

/* How many cases of a form are in the queues of a */
static long queued(const struct waiter *w)
{
	if (w->form >= FORM_SELECT_NONE)
		return 0;
	return w->form == FORM_SELECT_SAME ? 2 : 1;
}

/* Nothing is left of who waited, and nothing of it was done. */
static void nothing_left(struct waiter *w)
{
	u64 got = 0;

	C_OK(w->run, !gort_call(c_k_waiting, w->a));
	C_OK(w->run, !gort_call(c_k_waiting, w->b));
	if (w->form == FORM_SEND_FULL)
		C_OK(w->run, !gort_tryrecv(w->a, &got) && got == 1);
	C_OK(w->run, gort_tryrecv(w->a, &got) == -EAGAIN);
	if (w->form != FORM_SEND_FULL)
		C_OK(w->run, gort_trysend(w->a, 1) == -EAGAIN);
	C_OK(w->run, gort_trysend(w->b, 1) == -EAGAIN);
}

static void waiter_fn(void *arg)
{
	struct waiter *w = arg;

	w->g = gort_get(gort_self());
	/* pairs with the release in c_cancel() */
	while (!smp_load_acquire(&w->go))
		gort_yield();
	w->err = wait_in_form(w);
	WRITE_ONCE(w->over, true);
	c_end(w->run);
}

/*
 * c_cancel: form, before. A child that waits is cancelled, or, @before, one that
 * is about to do what need not wait.
 */
int c_cancel(const u64 *args, u64 *result)
{
	struct waiter *w = waiter_new(args[0]);
	u64 got;

	if (!w)
		return -ENOMEM;
	c_go(w->run, waiter_fn, w);
	while (!READ_ONCE(w->g))
		gort_yield();
	if (args[1]) {
		if (w->form == FORM_SEND_FULL)
			C_OK(w->run, !gort_recv(w->a, &got));
		gort_cancel(w->g);
	}
	smp_store_release(&w->go, true); /* for waiter_fn() */
	if (!args[1]) {
		C_OK(w->run, c_await(w->a, queued(w)));
		gort_sleep(NSEC_PER_MSEC);
		C_OK(w->run, !READ_ONCE(w->over));
		gort_cancel(w->g);
	}
	C_OK(w->run, !c_join(w->run) && w->err == -ECANCELED);
	if (args[1] && w->form == FORM_SEND_FULL)
		C_OK(w->run, !gort_chan_len(w->a) && !gort_trysend(w->a, 1));
	nothing_left(w);
	gort_put(w->g);
	return c_result(w->run, result);
}

/*
 * c_late: form, ns. Waits until a deadline in so many ns, and not less; with 0
 * one that has passed. What need not wait is done all the same.
 */
int c_late(const u64 *args, u64 *result)
{
	struct waiter *w = waiter_new(args[0]);
	u64 got, val = 8, now = gort_now();
	struct gort_case cases[] = {
		GORT_CASE_RECV((union u64s *)NULL, NULL), GORT_CASE_SEND((union u64s *)NULL, &val),
	};

	if (!w)
		return -ENOMEM;
	w->deadline = args[1] ? now + args[1] : 0;
	C_OK(w->run, wait_in_form(w) == -ETIME);
	C_OK(w->run, gort_now() >= w->deadline);
	nothing_left(w);
	/* w->a is empty now, and has room if it has a buffer */
	if (w->form == FORM_SEND_FULL) {
		C_OK(w->run, !gort_send_until(w->a, 7, 0));
		C_OK(w->run, !gort_recv_until(w->a, &got, 0) && got == 7);
		cases[1].chan = &w->a->chan;
		C_OK(w->run, gort_select_until(cases, 2, 0) == 1);
		C_OK(w->run, !gort_tryrecv(w->a, &got) && got == 8);
	}
	return c_result(w->run, result);
}

/**
 * struct chaos - values that go through two channels while waiting ends early
 * @run: all who take part
 * @c: the channels
 * @next: to be sent next
 * @left: senders that have not ended; the last one closes both
 * @items: values 0 and up
 * @ns: how long one waits at a time, at most
 * @late: how often that was too short
 * @seen: which were received
 * @received: how many
 */
struct chaos {
	struct c_run *run;
	union u64s *c[2];
	atomic64_t next;
	atomic_t left;
	s64 items;
	u64 ns;
	atomic_t late;
	unsigned long *seen;
	atomic64_t received;
};

static u64 chaos_soon(const struct chaos *x, u64 i)
{
	return gort_now() + (i * 2654435761U >> 7) % (x->ns + 1);
}

/* Sends one value by a way that depends on it. */
static int chaos_send_one(struct chaos *x, u64 i, u64 try)
{
	u64 soon = chaos_soon(x, i + try);
	struct gort_case cases[] = {
		GORT_CASE_SEND(x->c[0], &i), GORT_CASE_SEND(x->c[1], &i),
	};
	int ret;

	switch ((i + try) % 4) {
	case 0:
		return gort_send_until(x->c[0], i, soon);
	case 1:
		return gort_send_until(x->c[1], i, soon);
	case 2:
		return gort_trysend(x->c[i & 1], i);
	default:
		ret = gort_select_until(cases, 2, soon);
		return ret < 0 ? ret : cases[ret].err;
	}
}

static void chaos_send(void *arg)
{
	struct chaos *x = arg;
	u64 try;
	s64 i;
	int err;

	while ((i = atomic64_fetch_inc(&x->next)) < x->items) {
		try = 0;
		while ((err = chaos_send_one(x, i, try++))) {
			if (err == -EAGAIN)
				gort_yield();
			else if (!C_OK(x->run, err == -ETIME))
				break;
			atomic_inc(&x->late);
		}
	}
	if (atomic_dec_and_test(&x->left)) {
		C_OK(x->run, !gort_close(x->c[0]));
		C_OK(x->run, !gort_close(x->c[1]));
	}
	c_end(x->run);
}

static int chaos_recv_one(struct chaos *x, u64 try, u64 *got, bool *over)
{
	u64 soon = chaos_soon(x, try);
	struct gort_case cases[] = {
		GORT_CASE_RECV(x->c[0], got), GORT_CASE_RECV(x->c[1], got),
	};
	int ret, i = try & 1;

	if (over[0])
		cases[0].chan = NULL;
	if (over[1])
		cases[1].chan = NULL;
	if (try % 3 == 0) {
		ret = gort_select_until(cases, 2, soon);
		if (ret < 0)
			return ret;
		i = ret;
		ret = cases[i].err;
	} else {
		i = over[i] ? !i : i;
		ret = gort_recv_until(x->c[i], got, soon);
	}
	if (ret == -EPIPE)
		over[i] = true;
	return ret;
}

static void chaos_recv(void *arg)
{
	struct chaos *x = arg;
	bool over[2] = {};
	u64 try = 0, got = ~0ULL;
	int err;

	while (!over[0] || !over[1]) {
		err = chaos_recv_one(x, try++, &got, over);
		if (err == -ECANCELED)
			break;
		if (err == -ETIME)
			atomic_inc(&x->late);
		if (err || !C_OK(x->run, got < x->items))
			continue;
		C_OK(x->run, !test_and_set_bit(got, x->seen));
		atomic64_inc(&x->received);
	}
	c_end(x->run);
}

/**
 * struct mortal - a receiver that is cancelled soon
 * @run: it and its parent
 * @x: where it receives
 * @g: itself, a reference
 */
struct mortal {
	struct c_run *run;
	struct chaos *x;
	struct gort_g *g;
};

static void chaos_mortal(void *arg)
{
	struct mortal *w = arg;
	struct chaos *x = w->x;
	bool over[2] = {};
	u64 try = 0, got = ~0ULL;
	int err = 0;

	WRITE_ONCE(w->g, gort_get(gort_self()));
	while (err != -ECANCELED && !(over[0] && over[1])) {
		err = chaos_recv_one(x, try++, &got, over);
		if (err)
			continue;
		C_OK(x->run, got < x->items);
		C_OK(x->run, !test_and_set_bit(got, x->seen));
		atomic64_inc(&x->received);
	}
	c_end(w->run);
}

/* One receiver after the other, each cancelled when it has begun. */
static void chaos_kill(struct chaos *x)
{
	struct c_run *run = c_begin(1);
	struct mortal *w;

	while (run && atomic_read(&x->left)) {
		w = gort_alloc(sizeof(*w));
		if (!w)
			break;
		w->run = run;
		w->x = x;
		if (c_go(run, chaos_mortal, w))
			break;
		while (!READ_ONCE(w->g))
			gort_yield();
		gort_sleep(x->ns);
		gort_cancel(w->g);
		gort_put(w->g);
		C_OK(x->run, !c_join(run));
	}
	C_OK(x->run, run && !atomic_read(&run->line));
}

/*
 * c_chaos: items, capacity, ns. Senders and receivers of all forms in two
 * channels, with deadlines too short, and others that are cancelled. What a send
 * returned 0 for arrives once, and what it did not, never: it is sent again.
 */
int c_chaos(const u64 *args, u64 *result)
{
	struct chaos *x = gort_alloc(sizeof(*x));
	int i;

	if (!x)
		return -ENOMEM;
	x->run = c_begin(8);
	x->items = args[0];
	x->ns = args[2];
	x->c[0] = gort_make_chan(union u64s, args[1]);
	x->c[1] = gort_make_chan(union u64s, args[1] / 2);
	x->seen = gort_alloc(BITS_TO_LONGS(x->items) * sizeof(long));
	if (!x->run || !x->c[0] || !x->c[1] || !x->seen)
		return -ENOMEM;
	atomic_set(&x->left, 3);
	for (i = 0; i < 3; i++) {
		c_go(x->run, chaos_send, x);
		c_go(x->run, chaos_recv, x);
	}
	chaos_kill(x);
	C_OK(x->run, !c_join(x->run));
	C_OK(x->run, atomic64_read(&x->received) == x->items);
	C_OK(x->run, !gort_call(c_k_waiting, x->c[0]));
	C_OK(x->run, !gort_call(c_k_waiting, x->c[1]));
	if (atomic_read(&x->run->line))
		return c_result(x->run, result);
	*result = atomic_read(&x->late);
	return 0;
}

static struct c_irq c_the_irq;	/* not collected: the interrupt uses it */

/* Partner of the interrupt in as many rounds */
static void irq_rounds(struct c_run *run, struct c_irq *c, u64 rounds)
{
	u64 i, got, val = 2, sum = 0;
	struct gort_case cases[] = {
		GORT_CASE_RECV(&c->a, &got), GORT_CASE_SEND(&c->b, &val),
	};
	int ret;

	for (i = 0; i < rounds; i++) {
		if (c->what == C_IRQ_SEND) {
			C_OK(run, !gort_recv(&c->a, &got) && got == i);
		} else if (c->what == C_IRQ_RECV) {
			C_OK(run, !gort_send(&c->b, i));
			sum += i;
		} else {
			ret = gort_select(cases, 2);
			C_OK(run, ret == 0 || ret == 1);
			sum += ret == 1 ? 2 : 0;
		}
	}
	/* what is in a buffer still has to get out */
	for (i = 0; i < 1000 && READ_ONCE(c->left) && gort_chan_len(&c->b); i++)
		gort_sleep(NSEC_PER_MSEC);
	gort_call(c_k_irq_end, c);
	C_OK(run, c->what == C_IRQ_SEND || c->sum == sum);
}

/* What an interrupt can't do, or does once. */
static void irq_once(struct c_run *run, struct c_irq *c)
{
	u64 got = 3;
	int i;

	if (c->what == C_IRQ_CLOSE) {
		C_OK(run, gort_recv(&c->a, &got) == -EPIPE && !got);
	} else {
		for (i = 0; i < 1000 && READ_ONCE(c->left); i++)
			gort_sleep(NSEC_PER_MSEC);
	}
	gort_call(c_k_irq_end, c);
	C_OK(run, c->ok == 1);
}

/*
 * c_irq: what, rounds, capacity. A timer's hard interrupt sends, receives,
 * selects or closes, and a G is its partner. One task at a time.
 */
int c_irq(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(0);
	struct c_irq *c = &c_the_irq;
	u64 rounds = args[0] < C_IRQ_CLOSE ? args[1] : 1;

	if (!run)
		return -ENOMEM;
	*c = (struct c_irq){
		.what = args[0], .delay_ns = 50 * NSEC_PER_USEC, .left = rounds,
	};
	if (gort_chan_init(&c->a, args[2]))
		return -ENOMEM;
	if (gort_chan_init(&c->b, args[2])) {
		gort_chan_fini(&c->a);
		return -ENOMEM;
	}
	gort_call(c_k_irq_begin, c);
	if (c->what < C_IRQ_CLOSE)
		irq_rounds(run, c, rounds);
	else
		irq_once(run, c);
	C_OK(run, c->hard && !c->err);
	*result = c->busy;
	gort_chan_fini(&c->a);
	gort_chan_fini(&c->b);
	return atomic_read(&run->line) ? c_result(run, result) : 0;
}

/* An object that knows whether it is intact */
struct thing {
	u64 mark;
	struct thing *self;
	u64 fill[14];
};

GORT_CHAN_TYPE(things, struct thing *);

#define THING_MARK	0x7e57ab1e0b1ec7ULL

static atomic_t c_things_gone;	/* finalizers run */

static void thing_gone(void *obj)
{
	atomic_inc(&c_things_gone);
}

/**
 * struct keep - what the Gs of c_gc know
 * @run: all of them
 * @c: the channel, or NULL: nobody knows it but who waits in it
 * @more: one child waits to send, while the buffer is full
 */
struct keep {
	struct c_run *run;
	union things *c;
	bool more;
};

static struct thing *thing_new(struct keep *k)
{
	struct thing *t = gort_alloc(sizeof(*t));

	if (!C_OK(k->run, t))
		return NULL;
	t->mark = THING_MARK;
	t->self = t;
	C_OK(k->run, !gort_set_finalizer(t, thing_gone));
	return t;
}

static void keep_put(void *arg)
{
	struct keep *k = arg;
	struct thing *t = thing_new(k);

	if (t)
		C_OK(k->run, !gort_send(k->c, t));
	c_end(k->run);
}

static void keep_get(void *arg)
{
	struct keep *k = arg;
	struct thing *t = NULL;

	C_OK(k->run, !gort_recv(k->c, &t));
	C_OK(k->run, t && t->mark == THING_MARK && t->self == t);
	c_end(k->run);
}

/* Until so many union things are gone; they go when their finalizers have run. */
static bool things_gone(int n)
{
	int i;

	for (i = 0; i < 100; i++) {
		if (gort_gc())
			return false;
		gort_sleep(NSEC_PER_MSEC);
		if (atomic_read(&c_things_gone) >= n)
			return true;
	}
	return false;
}

/*
 * One thing in the buffer, and @k->more: another one with who waits to send it.
 * Both are there after collections, and not any more when they were received.
 */
static void keep_round(struct keep *k, int *gone)
{
	int i, n = 1 + k->more;

	c_go(k->run, keep_put, k);
	C_OK(k->run, !c_join(k->run));
	if (k->more) {
		c_go(k->run, keep_put, k);
		C_OK(k->run, c_await(k->c, 1));
	}
	for (i = 0; i < 3; i++) {
		C_OK(k->run, !gort_gc());
		gort_sleep(100 * NSEC_PER_USEC);
	}
	C_OK(k->run, atomic_read(&c_things_gone) == *gone);
	for (i = 0; i < n; i++)
		c_go(k->run, keep_get, k);
	C_OK(k->run, !c_join(k->run));
	*gone += n;
	C_OK(k->run, things_gone(*gone));
}

/* A child leaves a thing behind in a channel that nobody knows. */
static void keep_forget(void *arg)
{
	struct keep *k = arg;
	union things *c = gort_make_chan(union things, 1);
	struct thing *t = thing_new(k);

	if (C_OK(k->run, c) && t)
		C_OK(k->run, !gort_send(c, t));
	c_end(k->run);
}

/*
 * c_gc: what, rounds. 0: a thing that is in a buffer alone; 1: and another one
 * that a waiting sender has; 2: a channel that nobody has goes, with what is in
 * it.
 */
int c_gc(const u64 *args, u64 *result)
{
	struct keep *k = gort_alloc(sizeof(*k));
	int gone = 0;
	u64 i;

	if (!k)
		return -ENOMEM;
	k->run = c_begin(2);
	k->c = gort_make_chan(union things, 1);
	k->more = args[0] == 1;
	if (!k->run || !k->c)
		return -ENOMEM;
	atomic_set(&c_things_gone, 0);
	for (i = 0; i < args[1]; i++) {
		if (args[0] < 2) {
			keep_round(k, &gone);
			continue;
		}
		c_go(k->run, keep_forget, k);
		C_OK(k->run, !c_join(k->run));
		C_OK(k->run, things_gone(++gone));
	}
	return c_result(k->run, result);
}

/* c_ext_send: first, n. To a process, in order, then the channel is closed. */
int c_ext_send(const u64 *args, u64 *result)
{
	u64 i;
	int err;

	for (i = 0; i < args[1]; i++) {
		err = gort_send(&c_ext[0], args[0] + i);
		if (err)
			return err;
	}
	*result = i;
	return 0;
}

/* c_ext_recv: n. Result: the sum of so many values. */
int c_ext_recv(const u64 *args, u64 *result)
{
	u64 i, got;
	int err;

	for (i = 0; i < args[0]; i++) {
		err = gort_recv(&c_ext[1], &got);
		if (err)
			return err;
		*result += got;
	}
	return 0;
}
