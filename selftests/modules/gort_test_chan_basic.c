// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for chan_test: what one channel does, and what it refuses.
 */

#include "gort_test_chan.h"

#define NAP_NS	(200 * NSEC_PER_USEC)

/* A run with at most so many children, or NULL */
struct c_run *c_begin(unsigned int children)
{
	struct c_run *run = gort_alloc(sizeof(*run));

	if (!run)
		return NULL;
	run->done = gort_make_chan(union u64s, children);
	return run->done ? run : NULL;
}

int c_go(struct c_run *run, gort_fn_t fn, void *arg)
{
	int err = gort_go(NULL, fn, arg);

	if (C_OK(run, !err))
		run->nr++;
	return err;
}

/* A child's last act; never waits, so that one that is cancelled does it too. */
void c_end(struct c_run *run)
{
	gort_trysend(run->done, 0);
}

int c_join(struct c_run *run)
{
	int err;

	for (; run->nr; run->nr--) {
		err = gort_recv(run->done, NULL);
		if (err)
			return err;
	}
	return 0;
}

int c_result(struct c_run *run, u64 *result)
{
	int line = atomic_read(&run->line);

	*result = line;
	return line ? -EPROTO : 0;
}

/* Until so many cases wait in a channel; false if they never do */
bool c_await(void *chan, long waiting)
{
	int i;

	for (i = 0; i < 20000; i++) {
		if (gort_call(c_k_waiting, chan) >= waiting)
			return true;
		if (gort_sleep(NAP_NS))
			return false;
	}
	return false;
}

/**
 * struct basic - a channel and a child that does one thing with it
 * @run: the child and its parent
 * @c: the channel
 * @n: how many values
 * @got: what it got last
 * @err: what it was told last
 * @over: it is not waiting any more
 */
struct basic {
	struct c_run *run;
	union u64s *c;
	u64 n;
	u64 got;
	int err;
	bool over;
};

static void recv_one(void *arg)
{
	struct basic *b = arg;

	b->got = ~0ULL;
	b->err = gort_recv(b->c, &b->got);
	WRITE_ONCE(b->over, true);
	c_end(b->run);
}

static void send_one(void *arg)
{
	struct basic *b = arg;

	b->err = gort_send(b->c, b->n);
	WRITE_ONCE(b->over, true);
	c_end(b->run);
}

static void send_all(void *arg)
{
	struct basic *b = arg;
	u64 i;

	for (i = 0; i < b->n; i++)
		C_OK(b->run, !gort_send(b->c, i));
	c_end(b->run);
}

/* An empty one: a receive waits, and gets what comes. */
static void empty_waits(struct basic *b)
{
	u64 got;

	C_OK(b->run, gort_tryrecv(b->c, &got) == -EAGAIN);
	b->over = false;
	c_go(b->run, recv_one, b);
	C_OK(b->run, c_await(b->c, 1) && !READ_ONCE(b->over));
	C_OK(b->run, !gort_trysend(b->c, 77));
	C_OK(b->run, !c_join(b->run) && !b->err && b->got == 77);
}

/* A full one: a send waits, and its value comes last. */
static void full_waits(struct basic *b, u64 cap)
{
	u64 i, got;

	for (i = 0; i < cap; i++) {
		C_OK(b->run, gort_chan_len(b->c) == i);
		C_OK(b->run, !gort_send(b->c, i));
	}
	C_OK(b->run, gort_chan_len(b->c) == cap);
	C_OK(b->run, gort_trysend(b->c, 1) == -EAGAIN);
	b->over = false;
	b->n = cap;
	c_go(b->run, send_one, b);
	C_OK(b->run, c_await(b->c, 1) && !READ_ONCE(b->over));
	for (i = 0; i <= cap; i++)
		C_OK(b->run, !gort_tryrecv(b->c, &got) && got == i);
	C_OK(b->run, !c_join(b->run) && !b->err);
	C_OK(b->run, gort_tryrecv(b->c, &got) == -EAGAIN);
}

/* What was sent before the close is there, and zeros after it. */
static void closed_drains(struct basic *b, u64 cap)
{
	u64 i, got;

	for (i = 0; i < cap; i++)
		C_OK(b->run, !gort_send(b->c, i + 1));
	C_OK(b->run, !gort_close(b->c));
	C_OK(b->run, gort_trysend(b->c, 1) == -EPIPE);
	C_OK(b->run, gort_send(b->c, 1) == -EPIPE);
	for (i = 0; i < cap; i++)
		C_OK(b->run, !gort_recv(b->c, &got) && got == i + 1);
	got = 5;
	C_OK(b->run, gort_recv(b->c, &got) == -EPIPE && !got);
	got = 5;
	C_OK(b->run, gort_tryrecv(b->c, &got) == -EPIPE && !got);
	C_OK(b->run, gort_recv(b->c, NULL) == -EPIPE);
}

static void close_wakes(struct basic *b, gort_fn_t fn, u64 cap)
{
	u64 i;

	b->c = gort_make_chan(union u64s, cap);
	if (!C_OK(b->run, b->c))
		return;
	for (i = 0; fn == send_one && i < cap; i++)
		C_OK(b->run, !gort_send(b->c, i));
	c_go(b->run, fn, b);
	C_OK(b->run, c_await(b->c, 1));
	C_OK(b->run, !gort_close(b->c));
	C_OK(b->run, !c_join(b->run) && b->err == -EPIPE);
	C_OK(b->run, fn == send_one || !b->got);
	/* what a sender waited with has not got in */
	C_OK(b->run, gort_chan_len(b->c) == (fn == send_one ? cap : 0));
}

static void in_order(struct basic *b, u64 cap)
{
	u64 i, got;

	b->c = gort_make_chan(union u64s, cap);
	b->n = 100;
	if (!C_OK(b->run, b->c))
		return;
	c_go(b->run, send_all, b);
	for (i = 0; i < 100; i++)
		C_OK(b->run, !gort_recv(b->c, &got) && got == i);
	C_OK(b->run, !c_join(b->run));
}

/* c_basic: from, to. Channels of these capacities, one after the other. */
int c_basic(const u64 *args, u64 *result)
{
	struct basic *b = gort_alloc(sizeof(*b));
	u64 cap;

	if (!b)
		return -ENOMEM;
	b->run = c_begin(1);
	if (!b->run)
		return -ENOMEM;
	for (cap = args[0]; cap <= args[1]; cap++) {
		b->c = gort_make_chan(union u64s, cap);
		if (!b->c)
			return -ENOMEM;
		C_OK(b->run, gort_chan_cap(b->c) == cap &&
		     !gort_chan_len(b->c));
		empty_waits(b);
		full_waits(b, cap);
		closed_drains(b, cap);
		close_wakes(b, recv_one, cap);
		close_wakes(b, send_one, cap);
		in_order(b, cap);
	}
	return c_result(b->run, result);
}

/*
 * One value of a type through a channel without and with a buffer, tried and
 * waited for, between two canaries.
 */
#define TRY_TYPE(name, type, ...)					\
static void try_##name(struct c_run *run)				\
{									\
	GORT_CHAN_TYPE(chans, type);					\
	union chans *c = gort_make_chan(union chans, 2);				\
	struct {							\
		u64 before;						\
		type got;						\
		u64 after;						\
	} t = { .before = 1, .after = 2 };				\
	type v = __VA_ARGS__;						\
									\
	if (!C_OK(run, c))						\
		return;							\
	C_OK(run, gort_tryrecv(c, &t.got) == -EAGAIN);			\
	C_OK(run, !gort_trysend(c, v) && !gort_send(c, v));		\
	C_OK(run, gort_trysend(c, v) == -EAGAIN);			\
	C_OK(run, !gort_tryrecv(c, &t.got));				\
	C_OK(run, !__builtin_memcmp(&t.got, &v, sizeof(v)));		\
	__builtin_memset(&t.got, 0, sizeof(v));				\
	C_OK(run, !gort_recv(c, &t.got));				\
	C_OK(run, !__builtin_memcmp(&t.got, &v, sizeof(v)));		\
	C_OK(run, t.before == 1 && t.after == 2);			\
	C_OK(run, !gort_close(c) && gort_tryrecv(c, &t.got) == -EPIPE);	\
	C_OK(run, t.before == 1 && t.after == 2);			\
}

struct c_nothing {
};

struct c_three {
	u8 b[3];
};

struct c_largest {
	u8 b[GORT_CHAN_ELEM_MAX];
};

TRY_TYPE(u8, u8, 0xa5)
TRY_TYPE(u16, u16, 0xa55a)
TRY_TYPE(int, int, -5)
TRY_TYPE(bool, bool, true)
TRY_TYPE(pointer, void *, run)
#ifndef __CHECKER__ /* sparse has no arrays of nothing */
TRY_TYPE(nothing, struct c_nothing, {})
#endif
TRY_TYPE(three, struct c_three, { { 1, 2, 3 } })
TRY_TYPE(largest, struct c_largest, { { [GORT_CHAN_ELEM_MAX - 1] = 7 } })

/* c_types: no arguments. Values of 0 to GORT_CHAN_ELEM_MAX bytes. */
int c_types(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(0);

	if (!run)
		return -ENOMEM;
	try_u8(run);
	try_u16(run);
	try_int(run);
	try_bool(run);
	try_pointer(run);
#ifndef __CHECKER__
	try_nothing(run);
#endif
	try_three(run);
	try_largest(run);
	return c_result(run, result);
}

static union u64s *count_chan(union u64s *c, unsigned int *calls)
{
	++*calls;
	return c;
}

static u64 count_val(unsigned int *calls)
{
	++*calls;
	return 9;
}

/* The same of the macros that make cases */
static void once_in_cases(struct c_run *run, union u64s *c)
{
	unsigned int n = 0, m = 0;
	u64 val = 4, got = 0;
	struct gort_case cases[] = {
		GORT_CASE_SEND(count_chan(c, &n), count_val(&m) ? &val : NULL),
		GORT_CASE_RECV(count_chan(c, &n), count_val(&m) ? &got : NULL),
	};

	C_OK(run, n == 2 && m == 2);
	C_OK(run, gort_select(cases, 2) == 0 && !got);
	C_OK(run, gort_select(cases + 1, 1) == 0 && got == 4);
}

/*
 * c_once: no arguments. Each macro evaluates its channel and its value once, also
 * one inside of another.
 */
int c_once(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(0);
	union u64s *c = gort_make_chan(union u64s, 4);
	unsigned int n = 0, m = 0;
	u64 got = 0;

	if (!run || !c)
		return -ENOMEM;
	C_OK(run, !gort_send(count_chan(c, &n), count_val(&m)));
	C_OK(run, n == 1 && m == 1);
	C_OK(run, !gort_trysend(count_chan(c, &n), count_val(&m)));
	C_OK(run, n == 2 && m == 2);
	C_OK(run, !gort_recv(count_chan(c, &n), count_val(&m) ? &got : NULL));
	C_OK(run, n == 3 && m == 3 && got == 9);
	C_OK(run, !gort_tryrecv(count_chan(c, &n), count_val(&m) ? &got : NULL));
	C_OK(run, n == 4 && m == 4);
	C_OK(run, !gort_send(c, 3) && !gort_send(c, gort_chan_len(c)));
	C_OK(run, !gort_recv(c, &got) && got == 3);
	C_OK(run, !gort_send(c, gort_recv(c, &got) + 7UL));
	C_OK(run, got == 1 && !gort_recv(c, &got) && got == 7);
	once_in_cases(run, c);
	C_OK(run, !gort_close(count_chan(c, &n)) && n == 5);
	return c_result(run, result);
}

/* With a section open: what could wait is refused, ready or not. */
static void refused(struct c_run *run, union u64s *c)
{
	u64 got = 0, val = 3;
	struct gort_case cases[] = {
		GORT_CASE_RECV(c, &got), GORT_CASE_SEND(c, &val),
	};

	C_OK(run, gort_send(c, 1) == -EDEADLK);
	C_OK(run, gort_send_until(c, 1, 0) == -EDEADLK);
	C_OK(run, !gort_trysend(c, 2));
	C_OK(run, gort_recv(c, &got) == -EDEADLK);
	C_OK(run, gort_recv_until(c, &got, 0) == -EDEADLK);
	C_OK(run, gort_select(cases, 2) == -EDEADLK);
	C_OK(run, gort_select_until(cases, 2, 0) == -EDEADLK);
	C_OK(run, !gort_tryrecv(c, &got) && got == 2);
	C_OK(run, gort_tryselect(cases, 2) == 1);
	C_OK(run, gort_tryselect(cases, 1) == 0 && got == 3);
}

GORT_CHAN_TYPE(too_large, struct { u8 b[GORT_CHAN_ELEM_MAX + 1]; });

static void bad_init(struct c_run *run)
{
	union too_large large;
	union u64s c;

	C_OK(run, gort_chan_init(&c, GORT_CHAN_BYTES_MAX / 8 + 1) == -EINVAL);
	C_OK(run, gort_chan_init(&c, -1) == -EINVAL);
	C_OK(run, gort_chan_init(&large, 0) == -EINVAL);
	C_OK(run, !gort_chan_init(&c, GORT_CHAN_BYTES_MAX / 8));
	C_OK(run, !gort_trysend(&c, 1));
	gort_chan_fini(&c);
	C_OK(run, gort_trysend(&c, 1) == -EPIPE);
}

static void bad_select(struct c_run *run, union u64s *c)
{
	struct gort_case *many;
	struct gort_case none[] = { GORT_CASE_SEND(c, NULL) };

	many = gort_alloc(sizeof(*many) * (GORT_SELECT_MAX + 1));
	if (!C_OK(run, many))
		return;
	C_OK(run, gort_select(many, GORT_SELECT_MAX + 1) == -EINVAL);
	C_OK(run, gort_tryselect(many, GORT_SELECT_MAX + 1) == -EINVAL);
	C_OK(run, gort_select(none, 1) == -EINVAL);
	C_OK(run, gort_tryselect(none, 1) == -EINVAL);
}

static DEFINE_SPINLOCK(c_section);

static void in_sections(struct c_run *run, union u64s *c, bool spin)
{
	struct gort_lock *l = gort_alloc(sizeof(*l));
	union u64s own;

	if (!C_OK(run, l))
		return;
	if (spin) {
		gort_spin_lock_irq(&c_section);
		refused(run, c);
		C_OK(run, gort_chan_init(&own, 1) == -EDEADLK);
		C_OK(run, !gort_chan_init(&own, 0));
		gort_spin_unlock_irq(&c_section);
		return;
	}
	gort_lock_init(l);
	gort_lock(l);
	refused(run, c);
	C_OK(run, !gort_chan_init(&own, 1));
	gort_chan_fini(&own);
	gort_unlock(l);
}

/* The channel goes while somebody waits. */
static void fini_wakes(struct c_run *run)
{
	struct basic *b = gort_alloc(sizeof(*b));
	union u64s *c = gort_alloc(sizeof(*c));

	if (!C_OK(run, b && c && !gort_chan_init(c, 0)))
		return;
	b->run = run;
	b->c = c;
	c_go(run, recv_one, b);
	C_OK(run, c_await(c, 1));
	gort_chan_fini(c);
	C_OK(run, !c_join(run) && b->err == -EPIPE && !b->got);
}

/* c_misuse: op. Each is refused, and the G goes on. */
int c_misuse(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(1);
	union u64s *c = gort_make_chan(union u64s, 2);

	if (!run || !c)
		return -ENOMEM;
	switch (args[0]) {
	case 0:
	case 1:
		in_sections(run, c, args[0]);
		break;
	case 2:
		C_OK(run, !gort_close(c) && gort_close(c) == -EPIPE);
		C_OK(run, gort_send(c, 1) == -EPIPE);
		break;
	case 3:
		C_OK(run, gort_close((union u64s *)NULL) == -EINVAL);
		break;
	case 4:
		bad_select(run, c);
		break;
	case 5:
		C_OK(run, gort_call(c_k_wait_here, c) == -EPERM);
		break;
	case 6:
		gort_chan_fini(c);
		C_OK(run, !gort_trysend(c, 1) && !gort_tryrecv(c, NULL));
		break;
	case 7:
		fini_wakes(run);
		break;
	default:
		bad_init(run);
	}
	return c_result(run, result);
}

GORT_CHAN_TYPE(largest, struct c_largest);

/*
 * c_make: how, capacity. Makes a channel: 0 by gort_make_chan(), 1 and 2 by
 * gort_chan_init(), the latter with values of GORT_CHAN_ELEM_MAX bytes. Returns
 * what it returned, ENOMEM for NULL.
 */
int c_make(const u64 *args, u64 *result)
{
	union largest large;
	union u64s c, *made;
	int err;

	*result = 0;
	switch (args[0]) {
	case 0:
		made = gort_make_chan(union u64s, args[1]);
		if (!made)
			return -ENOMEM;
		*result = gort_chan_cap(made);
		return 0;
	case 1:
		err = gort_chan_init(&c, args[1]);
		if (err)
			return err;
		*result = gort_chan_cap(&c);
		gort_chan_fini(&c);
		return 0;
	default:
		err = gort_chan_init(&large, args[1]);
		if (err)
			return err;
		*result = gort_chan_cap(&large);
		gort_chan_fini(&large);
		return 0;
	}
}

/* c_nil: no arguments. A channel that is NULL is never ready. */
int c_nil(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(0);
	union u64s *c = NULL;
	u64 got = 4;
	struct gort_case cases[] = {
		GORT_CASE_RECV(c, &got), GORT_CASE_SEND(c, &got),
	};
	u64 soon;

	if (!run)
		return -ENOMEM;
	C_OK(run, gort_trysend(c, 1) == -EAGAIN);
	C_OK(run, gort_tryrecv(c, &got) == -EAGAIN && got == 4);
	C_OK(run, gort_tryselect(cases, 2) == -EAGAIN);
	C_OK(run, gort_tryselect(NULL, 0) == -EAGAIN);
	C_OK(run, !gort_chan_len(c) && !gort_chan_cap(c));
	soon = gort_now() + NSEC_PER_MSEC;
	C_OK(run, gort_send_until(c, 1, soon) == -ETIME);
	C_OK(run, gort_now() >= soon);
	C_OK(run, gort_recv_until(c, &got, soon) == -ETIME);
	C_OK(run, gort_select_until(cases, 2, soon) == -ETIME);
	soon = gort_now() + NSEC_PER_MSEC;
	C_OK(run, gort_select_until(NULL, 0, soon) == -ETIME);
	C_OK(run, gort_now() >= soon);
	return c_result(run, result);
}
