// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for select_test.
 */

#include "gort_test_chan.h"

#define NR_CHANS	4

/**
 * struct many - some channels and who uses them
 * @run: all of them
 * @c: the channels
 * @rounds: how often
 * @sum: of what was received
 * @n: how many values
 * @turn: numbers who comes
 */
struct many {
	struct c_run *run;
	union u64s *c[NR_CHANS];
	u64 rounds;
	atomic64_t sum;
	atomic64_t n;
	atomic_t turn;
};

/* A run with so many children, and channels of these capacities; or NULL */
static struct many *many_new(u64 rounds, const u8 *caps)
{
	struct many *m = gort_alloc(sizeof(*m));
	int i;

	if (!m)
		return NULL;
	m->run = c_begin(16);
	m->rounds = rounds;
	for (i = 0; i < NR_CHANS; i++) {
		m->c[i] = gort_make_chan(union u64s, caps[i]);
		if (!m->c[i])
			return NULL;
	}
	return m->run ? m : NULL;
}

static void self_fn(void *arg)
{
	struct many *m = arg;
	u64 i, got, me = atomic_inc_return(&m->turn);
	int ret, send;

	for (i = 0; i < m->rounds; i++) {
		struct gort_case cases[2];

		send = i & 1;
		cases[send] = (struct gort_case)GORT_CASE_SEND(m->c[0], &me);
		cases[!send] = (struct gort_case)GORT_CASE_RECV(m->c[0], &got);
		got = 0;
		ret = gort_select(cases, 2);
		C_OK(m->run, ret == 0 || ret == 1);
		if (ret == !send && gort_chan_cap(m->c[0]) == 0)
			C_OK(m->run, got == 3 - me);
		else if (ret == send)
			C_OK(m->run, !got);
	}
	c_end(m->run);
}

/*
 * c_self: capacity, rounds. Two Gs send and receive by select on one channel; with
 * no buffer in between nobody gets what it has sent.
 */
int c_self(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { args[0], };
	struct many *m = many_new(args[1], caps);

	if (!m)
		return -ENOMEM;
	c_go(m->run, self_fn, m);
	c_go(m->run, self_fn, m);
	C_OK(m->run, !c_join(m->run));
	return c_result(m->run, result);
}

/* One that uses one channel, and not by select */
struct stress {
	struct many *m;
	union u64s *c;
	bool send;
};

static void stress_plain(void *arg)
{
	struct stress *s = arg;
	struct many *m = s->m;
	u64 i, got = 0;
	int err;

	for (i = 0; i < m->rounds; i++) {
		err = s->send ? gort_send(s->c, 1) : gort_recv(s->c, &got);
		if (!C_OK(m->run, !err))
			break;
		atomic64_add(got, &m->sum);
	}
	c_end(m->run);
}

static int stress_go(struct many *m, union u64s *c, bool send)
{
	struct stress *s = gort_alloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct stress){ .m = m, .c = c, .send = send };
	return c_go(m->run, stress_plain, s);
}

/* So many on each channel; one that is done with is NULL from then on. */
static void stress_select(struct many *m, bool send)
{
	u64 left[NR_CHANS], all = NR_CHANS * m->rounds;
	u64 i, val = 1, got = 0;
	struct gort_case cases[NR_CHANS];
	int ret;

	for (i = 0; i < NR_CHANS; i++) {
		left[i] = m->rounds;
		if (send)
			cases[i] = (struct gort_case)GORT_CASE_SEND(m->c[i], &val);
		else
			cases[i] = (struct gort_case)GORT_CASE_RECV(m->c[i], &got);
	}
	for (i = 0; i < all; i++) {
		ret = gort_select(cases, NR_CHANS);
		if (!C_OK(m->run, ret >= 0 && left[ret] && !cases[ret].err))
			break;
		if (!--left[ret])
			cases[ret].chan = NULL;
		if (!send)
			atomic64_add(got, &m->sum);
	}
}

static void stress_select_send(void *arg)
{
	struct many *m = arg;

	stress_select(m, true);
	c_end(m->run);
}

static void stress_select_recv(void *arg)
{
	struct many *m = arg;

	stress_select(m, false);
	c_end(m->run);
}

/*
 * c_stress: rounds. Four channels; on each one sends, one receives, and one more
 * of each kind uses all of them by select.
 */
int c_stress(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, 0, 2, 3 };
	struct many *m = many_new(args[0], caps);
	int i, err;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < 2 * NR_CHANS; i++) {
		err = stress_go(m, m->c[i / 2], i & 1);
		if (err)
			return err;
	}
	c_go(m->run, stress_select_send, m);
	c_go(m->run, stress_select_recv, m);
	C_OK(m->run, !c_join(m->run));
	C_OK(m->run, atomic64_read(&m->sum) == 2 * NR_CHANS * m->rounds);
	return c_result(m->run, result);
}

static void random_send(void *arg)
{
	struct many *m = arg;
	u64 i, zero = 0, one = 1;
	struct gort_case cases[] = {
		GORT_CASE_SEND(m->c[0], &zero), GORT_CASE_SEND(m->c[0], &one),
	};

	for (i = 0; i < m->rounds; i++)
		C_OK(m->run, gort_select(cases, 2) >= 0);
	c_end(m->run);
}

/*
 * c_random: capacity, rounds. A select sends 0 or 1 to the same channel: each in
 * about half of the turns, whoever came first. Result: how many ones.
 */
int c_random(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { args[0], };
	struct many *m = many_new(args[1], caps);
	u64 i, got, ones = 0;

	if (!m)
		return -ENOMEM;
	c_go(m->run, random_send, m);
	for (i = 0; i < m->rounds; i++) {
		C_OK(m->run, !gort_recv(m->c[0], &got) && got <= 1);
		ones += got;
	}
	C_OK(m->run, !c_join(m->run));
	C_OK(m->run, ones > m->rounds * 2 / 5 && ones < m->rounds * 3 / 5);
	if (atomic_read(&m->run->line))
		return c_result(m->run, result);
	*result = ones;
	return 0;
}

/*
 * c_fair: rounds. Four channels that always have a value, eight times in the
 * array, the last of them four times: how often each case is chosen differs by
 * less than a quarter from an eighth of all.
 */
int c_fair(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 1, 1, 1, 1 };
	struct many *m = many_new(args[0], caps);
	struct gort_case cases[8];
	u64 i, got, chosen[8] = {}, eighth = args[0] / 8;
	int k, ret;

	if (!m)
		return -ENOMEM;
	for (k = 0; k < 8; k++)
		cases[k] = (struct gort_case)
			GORT_CASE_RECV(m->c[min(k, 3)], &got);
	for (k = 0; k < NR_CHANS; k++)
		C_OK(m->run, !gort_send(m->c[k], k));
	for (i = 0; i < m->rounds; i++) {
		ret = gort_select(cases, 8);
		if (!C_OK(m->run, ret >= 0 && got == min(ret, 3)))
			break;
		chosen[ret]++;
		C_OK(m->run, !gort_trysend(m->c[got], got));
	}
	for (k = 0; k < 8; k++)
		C_OK(m->run, chosen[k] > eighth * 3 / 4 &&
		     chosen[k] < eighth * 5 / 4);
	return c_result(m->run, result);
}

static void recvrace_fn(void *arg)
{
	struct many *m = arg;
	u64 got;
	int ret = gort_tryrecv(m->c[0], &got);

	C_OK(m->run, (!ret && got == 1) || (ret == -EPIPE && !got));
	c_end(m->run);
}

/*
 * c_recvrace: rounds. A channel with one value is closed and emptied, and never
 * looks as if one had to wait for it.
 */
int c_recvrace(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 1, };
	struct many *m = many_new(args[0], caps);
	u64 i, got;
	int ret;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < args[0]; i++) {
		m->c[0] = gort_make_chan(union u64s, 1);
		if (!m->c[0])
			return -ENOMEM;
		C_OK(m->run, !gort_send(m->c[0], 1));
		c_go(m->run, recvrace_fn, m);
		C_OK(m->run, !gort_close(m->c[0]));
		ret = gort_recv(m->c[0], &got);
		C_OK(m->run, !ret || ret == -EPIPE);
		C_OK(m->run, !c_join(m->run));
	}
	return c_result(m->run, result);
}

static void selrace_fn(void *arg)
{
	struct many *m = arg;
	u64 got;
	struct gort_case cases[] = {
		GORT_CASE_RECV(m->c[0], &got), GORT_CASE_RECV(m->c[1], &got),
	};

	C_OK(m->run, gort_tryselect(cases, 2) >= 0);
	c_end(m->run);
}

/*
 * c_selrace: rounds, close. First the one channel has a value, then both, or the
 * other one is closed, then only that one: at no time has a select of the two to
 * wait. It would if it looked at one after the other.
 */
int c_selrace(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 1, 1 };
	struct many *m = many_new(args[0], caps);
	u64 i;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < args[0]; i++) {
		m->c[0] = gort_make_chan(union u64s, 1);
		m->c[1] = gort_make_chan(union u64s, 1);
		if (!m->c[0] || !m->c[1])
			return -ENOMEM;
		C_OK(m->run, !gort_send(m->c[0], 1));
		c_go(m->run, selrace_fn, m);
		if (i & 1)
			gort_yield();
		if (args[1])
			C_OK(m->run, !gort_close(m->c[1]));
		else
			C_OK(m->run, !gort_send(m->c[1], 1));
		if (gort_tryrecv(m->c[0], NULL)) /* it has it: leave the other */
			C_OK(m->run, !gort_chan_len(m->c[0]));
		C_OK(m->run, !c_join(m->run));
	}
	return c_result(m->run, result);
}

static void dup_fn(void *arg)
{
	struct many *m = arg;
	u64 got;
	struct gort_case cases[] = {
		GORT_CASE_RECV(m->c[0], &got), GORT_CASE_RECV(m->c[0], &got),
		GORT_CASE_RECV(m->c[1], &got),
	};

	C_OK(m->run, gort_select(cases, 3) == 2 && got == 7);
	C_OK(m->run, !gort_send(m->c[2], 9));
	c_end(m->run);
}

static void dup_recv_fn(void *arg)
{
	struct many *m = arg;
	u64 got;

	C_OK(m->run, !gort_recv(m->c[0], &got) && got == 8);
	c_end(m->run);
}

static void dup_take(struct many *m, u64 val)
{
	u64 a = 0, b = 0;
	struct gort_case cases[] = {
		GORT_CASE_RECV(m->c[3], &a), GORT_CASE_RECV(m->c[3], &b),
		GORT_CASE_SEND(m->c[3], &val), GORT_CASE_SEND(m->c[3], &val),
	};
	int ret = gort_select(cases, 2);

	C_OK(m->run, (ret == 0 && a == val && !b) ||
	     (ret == 1 && b == val && !a));
	ret = gort_tryselect(cases, 4);
	C_OK(m->run, ret == -EAGAIN);
}

static void dup_wait_fn(void *arg)
{
	struct many *m = arg;

	dup_take(m, 5);
	c_end(m->run);
}

/*
 * c_dup: no arguments. A channel is in two cases of a select that waits and is
 * then done in a third one: who waits behind it in that channel is found.
 */
int c_dup(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, };
	struct many *m = many_new(0, caps);
	u64 got;

	if (!m)
		return -ENOMEM;
	c_go(m->run, dup_fn, m);
	C_OK(m->run, c_await(m->c[0], 2));
	c_go(m->run, dup_recv_fn, m);
	C_OK(m->run, c_await(m->c[0], 3));
	C_OK(m->run, !gort_send(m->c[1], 7));
	C_OK(m->run, !gort_recv(m->c[2], &got) && got == 9);
	C_OK(m->run, !gort_trysend(m->c[0], 8));
	C_OK(m->run, !c_join(m->run));
	c_go(m->run, dup_wait_fn, m);
	C_OK(m->run, c_await(m->c[3], 2));
	C_OK(m->run, !gort_trysend(m->c[3], 5));
	C_OK(m->run, gort_trysend(m->c[3], 5) == -EAGAIN);
	C_OK(m->run, !c_join(m->run));
	return c_result(m->run, result);
}

/* Numbers in order, each to one of the channels. */
static void double_send(void *arg)
{
	struct many *m = arg;
	u64 i;
	struct gort_case cases[NR_CHANS];
	int k;

	for (k = 0; k < NR_CHANS; k++)
		cases[k] = (struct gort_case)GORT_CASE_SEND(m->c[k], &i);
	for (i = 1; i <= m->rounds; i++)
		if (!C_OK(m->run, gort_select(cases, NR_CHANS) >= 0))
			break;
	for (k = 0; k < NR_CHANS; k++)
		C_OK(m->run, !gort_close(m->c[k]));
	c_end(m->run);
}

/*
 * c_double: rounds. A select sends numbers to four channels, another one, with
 * each channel twice, receives them: without a buffer, in order and once.
 */
int c_double(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, };
	struct many *m = many_new(args[0], caps);
	struct gort_case cases[2 * NR_CHANS];
	u64 i, got;
	int k, ret;

	if (!m)
		return -ENOMEM;
	for (k = 0; k < 2 * NR_CHANS; k++)
		cases[k] = (struct gort_case)
			GORT_CASE_RECV(m->c[k % NR_CHANS], &got);
	c_go(m->run, double_send, m);
	for (i = 1; i <= m->rounds; i++) {
		ret = gort_select(cases, 2 * NR_CHANS);
		if (!C_OK(m->run, ret >= 0 && !cases[ret].err && got == i))
			break;
	}
	C_OK(m->run, !c_join(m->run));
	for (k = 0; k < NR_CHANS; k++)
		C_OK(m->run, gort_recv(m->c[k], &got) == -EPIPE);
	ret = gort_select(cases, 2 * NR_CHANS);
	C_OK(m->run, ret >= 0 && cases[ret].err == -EPIPE && !got);
	return c_result(m->run, result);
}

/* A channel in some state; cases on it wait, or do not */
static void waits(struct many *m, union u64s *c, bool recv_waits, bool send_waits)
{
	u64 got, val = 1, soon;
	struct gort_case recv[] = { GORT_CASE_RECV(c, &got) };
	struct gort_case send[] = { GORT_CASE_SEND(c, &val) };
	int ret;

	ret = gort_tryselect(recv, 1);
	C_OK(m->run, ret == (recv_waits ? -EAGAIN : 0));
	soon = gort_now() + 100 * NSEC_PER_USEC;
	ret = gort_select_until(recv, 1, soon);
	C_OK(m->run, ret == (recv_waits ? -ETIME : 0));
	ret = gort_tryselect(send, 1);
	C_OK(m->run, ret == (send_waits ? -EAGAIN : 0));
	soon = gort_now() + 100 * NSEC_PER_USEC;
	ret = gort_select_until(send, 1, soon);
	C_OK(m->run, ret == (send_waits ? -ETIME : 0));
}

/* c_select3: no arguments. Which states of a channel make a case wait. */
int c_select3(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, 4, 4, 0 };
	struct many *m = many_new(0, caps);
	u64 got = 1, i;
	struct gort_case closed[2];

	if (!m)
		return -ENOMEM;
	waits(m, NULL, true, true);
	waits(m, m->c[0], true, true);	/* nobody on the other side */
	waits(m, m->c[1], true, false);	/* empty; has two values then */
	waits(m, m->c[1], false, false); /* two in, two out */
	for (i = 0; i < 4; i++)
		gort_trysend(m->c[2], i);
	C_OK(m->run, gort_chan_len(m->c[2]) == 4);
	C_OK(m->run, gort_trysend(m->c[2], 1) == -EAGAIN);
	C_OK(m->run, !gort_close(m->c[2]));
	C_OK(m->run, !gort_close(m->c[3]));
	waits(m, m->c[2], false, false); /* closed, with values */
	waits(m, m->c[3], false, false); /* closed, without */
	closed[0] = (struct gort_case)GORT_CASE_RECV(m->c[3], &got);
	C_OK(m->run, gort_select(closed, 1) == 0 && closed[0].err == -EPIPE &&
	     !got);
	closed[0] = (struct gort_case)GORT_CASE_SEND(m->c[3], &got);
	C_OK(m->run, gort_tryselect(closed, 1) == 0 &&
	     closed[0].err == -EPIPE);
	got = 7;
	closed[0] = (struct gort_case)GORT_CASE_RECV(m->c[2], &got);
	C_OK(m->run, gort_select(closed, 1) == 0 && !closed[0].err && got == 2);
	return c_result(m->run, result);
}

static void select6_wait(void *arg)
{
	struct many *m = arg;
	struct gort_case cases[] = {
		GORT_CASE_RECV(m->c[0], NULL), GORT_CASE_RECV(m->c[1], NULL),
	};

	C_OK(m->run, gort_select(cases, 2) == 1);
	c_end(m->run);
}

static void select6_recv(void *arg)
{
	struct many *m = arg;

	C_OK(m->run, !gort_recv(m->c[0], NULL));
	c_end(m->run);
}

/*
 * c_select6: no arguments. A select that was last in a queue, and is done in
 * another one, leaves the queue whole: who waits before and after it is woken.
 */
int c_select6(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, };
	struct many *m = many_new(0, caps);

	if (!m)
		return -ENOMEM;
	c_go(m->run, select6_recv, m);
	C_OK(m->run, c_await(m->c[0], 1));
	c_go(m->run, select6_wait, m);
	C_OK(m->run, c_await(m->c[0], 2));
	C_OK(m->run, !gort_send(m->c[1], 0));
	c_go(m->run, select6_recv, m);
	/* the select is gone from the queue, or about to go */
	C_OK(m->run, c_await(m->c[0], 2));
	C_OK(m->run, !gort_send(m->c[0], 0));
	C_OK(m->run, !gort_send(m->c[0], 0));
	C_OK(m->run, !c_join(m->run));
	return c_result(m->run, result);
}

static void select7_send(void *arg)
{
	struct many *m = arg;

	C_OK(m->run, !gort_send(m->c[0], 42));
	c_end(m->run);
}

static void select7_select_send(void *arg)
{
	struct many *m = arg;
	u64 val = 42;
	struct gort_case cases[] = {
		GORT_CASE_RECV(m->c[1], NULL), GORT_CASE_SEND(m->c[0], &val),
	};

	C_OK(m->run, gort_select(cases, 2) == 1 && !cases[1].err);
	c_end(m->run);
}

static void select7_recv(struct many *m, int how)
{
	u64 got = 0;
	struct gort_case cases[] = {
		GORT_CASE_RECV(m->c[0], &got), GORT_CASE_RECV(m->c[1], NULL),
	};

	switch (how) {
	case 0:
		C_OK(m->run, !gort_recv(m->c[0], &got));
		break;
	case 1:
		C_OK(m->run, !gort_tryrecv(m->c[0], &got));
		break;
	case 2:
		C_OK(m->run, gort_select(cases, 1) == 0);
		break;
	case 3:
		C_OK(m->run, gort_select(cases, 2) == 0);
		break;
	default:
		C_OK(m->run, gort_tryselect(cases, 2) == 0);
	}
	C_OK(m->run, got == 42);
}

static void select7_one(struct many *m, gort_fn_t send, int how)
{
	c_go(m->run, send, m);
	C_OK(m->run, c_await(m->c[0], 1));
	select7_recv(m, how);
	C_OK(m->run, !c_join(m->run));
	C_OK(m->run, !gort_call(c_k_waiting, m->c[0]));
	C_OK(m->run, !gort_call(c_k_waiting, m->c[1]));
}

/* c_select7: no arguments. Each kind of receive takes from each kind of send. */
int c_select7(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, };
	struct many *m = many_new(0, caps);
	int how;

	if (!m)
		return -ENOMEM;
	for (how = 0; how < 5; how++) {
		select7_one(m, select7_send, how);
		select7_one(m, select7_select_send, how);
	}
	return c_result(m->run, result);
}

/* Half of them in the one order, half in the other. */
static void cross_fn(void *arg)
{
	struct many *m = arg;
	u64 i, got, one = 1, me = atomic_fetch_inc(&m->turn);
	int a = me & 1, ret;

	for (i = 0; i < m->rounds; i++) {
		struct gort_case cases[] = {
			GORT_CASE_SEND(m->c[a], &one),
			GORT_CASE_RECV(m->c[!a], &got),
		};

		got = 0;
		ret = gort_select(cases, 2);
		if (!C_OK(m->run, ret >= 0 && !cases[ret].err))
			break;
		C_OK(m->run, got == ret);
		atomic64_add(ret ? -1 : 1, &m->sum);
	}
	c_end(m->run);
}

/*
 * c_cross: rounds. Two Gs, each of which sends where the other one receives: in
 * each turn of the one the other one has a turn of the opposite kind.
 */
int c_cross(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, };
	struct many *m = many_new(args[0], caps);

	if (!m)
		return -ENOMEM;
	c_go(m->run, cross_fn, m);
	c_go(m->run, cross_fn, m);
	C_OK(m->run, !c_join(m->run));
	C_OK(m->run, !atomic64_read(&m->sum));
	C_OK(m->run, !gort_call(c_k_waiting, m->c[0]));
	C_OK(m->run, !gort_call(c_k_waiting, m->c[1]));
	return c_result(m->run, result);
}

#define NR_ORDER	32

/* A select of many channels, forwards or backwards */
struct order {
	struct many *m;
	struct gort_case cases[NR_ORDER];
};

static void order_fn(void *arg)
{
	struct order *o = arg;
	u64 i;

	for (i = 0; i < o->m->rounds; i++)
		C_OK(o->m->run, gort_tryselect(o->cases, NR_ORDER) == -EAGAIN);
	c_end(o->m->run);
}

/*
 * c_order: rounds. Two Gs look into the same channels, named in opposite orders,
 * again and again. On two Ps they stand still if the locks are taken so.
 */
int c_order(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, };
	struct many *m = many_new(args[0], caps);
	struct order *o[2] = {
		gort_alloc(sizeof(**o)), gort_alloc(sizeof(**o)),
	};
	union u64s *c;
	int i;

	if (!m || !o[0] || !o[1])
		return -ENOMEM;
	o[0]->m = m;
	o[1]->m = m;
	for (i = 0; i < NR_ORDER; i++) {
		c = gort_make_chan(union u64s, 0);
		if (!c)
			return -ENOMEM;
		o[0]->cases[i] = (struct gort_case)GORT_CASE_RECV(c, NULL);
		o[1]->cases[NR_ORDER - 1 - i] = o[0]->cases[i];
	}
	c_go(m->run, order_fn, o[0]);
	c_go(m->run, order_fn, o[1]);
	C_OK(m->run, !c_join(m->run));
	return c_result(m->run, result);
}

static void stale_fn(void *arg)
{
	struct many *m = arg;
	struct gort_case cases[] = {
		GORT_CASE_RECV(m->c[0], NULL), GORT_CASE_RECV(m->c[1], NULL),
	};

	C_OK(m->run, gort_select(cases, 2) == 0 && cases[0].err == -EPIPE);
	c_end(m->run);
}

static void stale_last(void *arg)
{
	struct many *m = arg;
	u64 got;

	C_OK(m->run, !gort_recv(m->c[1], &got) && got == 1);
	c_end(m->run);
}

/*
 * c_stale: gs, select. They wait in two channels, and behind them somebody else in
 * the second one. The first is closed; then, before they come on, only that one
 * is to be found in the second.
 */
int c_stale(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, };
	struct many *m = many_new(0, caps);
	u64 i, val = 1;
	struct gort_case cases[2];

	if (!m)
		return -ENOMEM;
	m->run->done = gort_make_chan(union u64s, args[0] + 1);
	if (!m->run->done)
		return -ENOMEM;
	for (i = 0; i < args[0]; i++)
		if (c_go(m->run, stale_fn, m))
			break;
	C_OK(m->run, c_await(m->c[1], args[0]));
	c_go(m->run, stale_last, m);
	C_OK(m->run, c_await(m->c[1], args[0] + 1));
	cases[0] = (struct gort_case)GORT_CASE_SEND(m->c[1], &val);
	cases[1] = (struct gort_case)GORT_CASE_RECV(m->c[2], NULL);
	C_OK(m->run, !gort_close(m->c[0]));
	if (args[1]) {
		C_OK(m->run, gort_tryselect(cases, 2) == 0);
		C_OK(m->run, gort_tryselect(cases, 2) == -EAGAIN);
	} else {
		C_OK(m->run, !gort_trysend(m->c[1], 1));
		C_OK(m->run, gort_trysend(m->c[1], 1) == -EAGAIN);
	}
	C_OK(m->run, !c_join(m->run));
	C_OK(m->run, !gort_call(c_k_waiting, m->c[1]));
	return c_result(m->run, result);
}

static void most_fn(void *arg)
{
	struct many *m = arg;
	u64 i;

	for (i = 0; i < m->rounds; i++)
		C_OK(m->run, !gort_send(m->c[i % NR_CHANS], i));
	c_end(m->run);
}

/* c_most: n. A select of so many cases, each of a channel of its own. */
int c_most(const u64 *args, u64 *result)
{
	const u8 caps[NR_CHANS] = { 0, };
	struct many *m = many_new(args[0] * 4, caps);
	struct gort_case *cases;
	u64 i, n = args[0], got;
	union u64s *c;
	int ret;

	if (!m)
		return -ENOMEM;
	cases = gort_alloc((n + 1) * sizeof(*cases));
	if (!cases)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		c = gort_make_chan(union u64s, 0);
		if (!c)
			return -ENOMEM;
		cases[i] = (struct gort_case)GORT_CASE_RECV(c, &got);
		if (i < NR_CHANS)
			m->c[NR_CHANS - 1 - i] = c;
	}
	c_go(m->run, most_fn, m);
	for (i = 0; i < m->rounds; i++) {
		ret = gort_select(cases, n);
		if (ret < 0)
			return ret;
		C_OK(m->run, got == i && ret == NR_CHANS - 1 - i % NR_CHANS);
	}
	C_OK(m->run, !c_join(m->run));
	return c_result(m->run, result);
}
