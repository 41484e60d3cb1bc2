// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: blocking calls, deep stacks, Gs that stay on an M, and loops without
 * calls.
 *
 * What is computed on the way must come out right: what a call returns, what
 * frames hold that were left for a while, and the sums of loops that were
 * interrupted anywhere.
 */

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "gort_torture.h"

/* Bytes of a buffer that a string instruction copies */
#define TORT_BUF	256

static void blocking(struct tort_g *t, long (*fn)(void *arg), u64 us)
{
	long ret = gort_syscall(fn, (void *)us);

	if (tort_is(TWIN_RESULT) && tort_one_in(t, 16))
		ret++;
	if (ret != (long)tort_mix(us))
		tort_fail(t, WHAT_RESULT, ret, us);
}

void tort_block(struct tort_g *t, u64 us)
{
	blocking(t, tort_k_sleep, us);
}

/* Sleeps: mostly less than a tick, sometimes long enough to lose the P. */
void tort_act_syscall(struct tort_g *t)
{
	if (tort_one_in(t, 64))
		gort_syscall(tort_k_sync, NULL);
	else
		blocking(t, tort_k_sleep, tort_one_in(t, 8) ?
					  tort_rand(t, 20000) :
					  tort_rand(t, 2000));
}

/* Does not sleep, but may; many in a row must not evade preemption. */
void tort_act_short(struct tort_g *t)
{
	u32 n = 1 + tort_rand(t, 50);

	while (n--)
		blocking(t, tort_k_delay, tort_rand(t, 40));
}

/* A mutex of the kernel, which others hold over a sleep. */
void tort_act_mutex(struct tort_g *t)
{
	gort_syscall(tort_k_mutex, t);
}

/* Nobody is told that this sleeps. Each time is a message. */
void tort_act_asleep(struct tort_g *t)
{
	u64 us = 5000 + tort_rand(t, 40000);

	if (tort_one_in(t, 8) &&
	    gort_call(tort_k_sleep, (void *)us) != (long)tort_mix(us))
		tort_fail(t, WHAT_RESULT, 0, us);
}

/* What the G does at the bottom of its stack */
static void at_bottom(struct tort_g *t, u64 *top)
{
	if (tort_is(TWIN_FRAME) && tort_one_in(t, 4))
		top[3]++;
	tort_at_bottom(t);
	switch (tort_rand(t, 8)) {
	case 0:
		tort_errno(t, gort_yield());
		break;
	case 1:
		tort_errno(t, gort_sleep(tort_rand(t, NSEC_PER_MSEC)));
		break;
	case 2:
		tort_act_syscall(t);
		break;
	case 3:
		tort_act_alloc(t);
		break;
	case 4:
		tort_act_lock(t);
		break;
	case 5:
		tort_act_gc(t);
		break;
	default:
		tort_act_ask(t);
	}
}

static void put(u64 *pad, u32 n, u64 key)
{
	u32 i;

	for (i = 0; i < n; i++)
		pad[i] = tort_mix(key + i);
}

static bool is(const u64 *pad, u32 n, u64 key)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (pad[i] != tort_mix(key + i))
			return false;
	return true;
}

static u64 deep(struct tort_g *t, u32 depth, u64 key, u64 *top);

/* A frame that a prologue compares by its size. */
static noinline u64 deep_wide(struct tort_g *t, u32 depth, u64 key, u64 *top)
{
	u64 pad[80], *p = pad, sum;

	OPTIMIZER_HIDE_VAR(p);
	put(p, ARRAY_SIZE(pad), key);
	sum = deep(t, depth - 1, key + 1, top);
	if (!is(p, ARRAY_SIZE(pad), key))
		tort_fail(t, WHAT_FRAME, depth, key);
	return sum + 2 * depth;
}

/* @depth calls deep; the sum depends on nothing else. */
static noinline u64 deep(struct tort_g *t, u32 depth, u64 key, u64 *top)
{
	u64 pad[8], *p = pad, sum;

	OPTIMIZER_HIDE_VAR(p);
	put(p, ARRAY_SIZE(pad), key);
	if (!top)
		top = p;
	if (!depth) {
		at_bottom(t, top);
		sum = 0;
	} else if (tort_mix(key) & 3) {
		sum = deep(t, depth - 1, key + 1, top) + 2 * depth;
	} else {
		sum = deep_wide(t, depth, key, top);
	}
	if (!is(p, ARRAY_SIZE(pad), key))
		tort_fail(t, WHAT_FRAME, depth, key);
	return sum;
}

/* Through several segments and back, with something in between. */
void tort_act_recurse(struct tort_g *t)
{
	u32 depth = 1 + tort_rand(t, tort_one_in(t, 8) ? 120 : 20);
	u64 sum;

	sum = deep(t, depth, tort_next(&t->rng), NULL);
	if (sum != (u64)depth * (depth + 1))
		tort_fail(t, WHAT_FRAME, sum, depth);
}

/* Something after which a G is often on another M. */
static void move(struct tort_g *t)
{
	switch (tort_rand(t, 5)) {
	case 0:
		tort_errno(t, gort_yield());
		break;
	case 1:
		tort_errno(t, gort_sleep(tort_rand(t, NSEC_PER_MSEC)));
		break;
	case 2:
		tort_act_syscall(t);
		break;
	case 3:
		tort_act_irqready(t);
		break;
	default:
		tort_act_ask(t);
	}
}

/* No change of the set of Ps since the task was noted, nor under way. */
static bool same_ps(const struct tort_g *t)
{
	int begun = atomic_read(&tort_changes_begun);

	smp_rmb(); /* pairs with the writer's increments */
	return begun == t->locked_gen &&
	       atomic_read(&tort_changes_done) == begun;
}

/* Where it is now is where it has to be from here on. */
static void note_thread(struct tort_g *t)
{
	int done = atomic_read(&tort_changes_done);

	smp_rmb(); /* pairs with the writer's increments */
	t->locked_gen = atomic_read(&tort_changes_begun) == done ? done : -1;
	WRITE_ONCE(t->locked, (void *)gort_call(tort_k_where, t));
}

/* False: there are as many threads of that kind as may be. */
static bool lock_thread(struct tort_g *t)
{
	int err = tort_is(TWIN_MIGRATE) ? 0 : gort_lock_thread();

	if (err && err != -EAGAIN)
		tort_errno(t, err);
	return !err;
}

/* The same M all the time, unless its P has gone. */
void tort_act_thread(struct tort_g *t)
{
	u32 n = 1 + tort_rand(t, 6);

	/* not in an action inside of this one */
	if (t->locked || !lock_thread(t))
		return;
	note_thread(t);
	if (tort_one_in(t, 4) && lock_thread(t) && !tort_is(TWIN_MIGRATE))
		tort_errno(t, gort_unlock_thread());
	while (n--) {
		move(t);
		if ((void *)gort_call(tort_k_where, t) == t->locked)
			continue;
		if (same_ps(t))
			tort_fail(t, WHAT_THREAD, 0, 0);
		note_thread(t);
	}
	WRITE_ONCE(t->locked, NULL);
	if (!tort_is(TWIN_MIGRATE))
		tort_errno(t, gort_unlock_thread());
}

/* n times x = 3x + 1, by squaring. */
static u64 steps(u64 x, u64 n)
{
	u64 mul = 3, add = 1;

	for (; n; n >>= 1) {
		if (n & 1)
			x = x * mul + add;
		add = add * mul + add;
		mul *= mul;
	}
	return x;
}

static void loop_steps(struct tort_g *t, u64 n)
{
	u64 x = tort_next(&t->rng), want = steps(x, n), i;

	for (i = tort_is(TWIN_WRONGSUM) ? 1 : 0; i < n; i++) {
		x = x * 3 + 1;
		OPTIMIZER_HIDE_VAR(x);
	}
	if (x != want)
		tort_fail(t, WHAT_SUM, x, want);
}

/* The carry is in the flags between two instructions. */
static void loop_carry(struct tort_g *t, u64 n)
{
	u64 lo = 0, hi = 0, x = tort_next(&t->rng) | 1ULL << 63, i;
	u64 want_lo = x * n;
	u64 want_hi = mul_u64_u64_shr(x, n, 64);

	for (i = 0; i < n; i++)
		asm volatile("addq %2, %0\n\tadcq $0, %1"
			     : "+r" (lo), "+r" (hi) : "r" (x) : "cc");
	if (lo != want_lo || hi != want_hi)
		tort_fail(t, WHAT_SUM, lo, hi);
}

/* An instruction that an interrupt leaves in its middle. */
static void loop_string(struct tort_g *t, u64 n)
{
	u64 from[TORT_BUF / 8], to[TORT_BUF / 8];
	void *s, *d;
	size_t c;
	u64 i;

	put(from, ARRAY_SIZE(from), t->rng);
	for (i = 0; i < n / TORT_BUF; i++) {
		s = from;
		d = to;
		c = TORT_BUF;
		to[i % ARRAY_SIZE(to)] = 0;
		asm volatile("rep movsb" : "+S" (s), "+D" (d), "+c" (c)
			     : : "memory");
		if (c || s != from + ARRAY_SIZE(from) ||
		    d != to + ARRAY_SIZE(to))
			break;
	}
	if (i != n / TORT_BUF || (i && !is(to, ARRAY_SIZE(to), t->rng)))
		tort_fail(t, WHAT_SUM, i, n);
}

/* Up to some slices of nothing but arithmetic. */
void tort_act_loop(struct tort_g *t)
{
	u64 n = tort_rand(t, 1000) * tort_loops_per_ms / 1000 + 1;

	if (tort_one_in(t, 8))
		n *= 30;
	switch (tort_rand(t, 3)) {
	case 0:
		loop_steps(t, n);
		break;
	case 1:
		loop_carry(t, n);
		break;
	default:
		loop_string(t, n);
	}
}
