// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workloads that come with the module. This file is G code: each function
 * checks its stack and yields when asked, and calls nothing but gort.
 *
 * Each has a result that whoever submits it can compute, and ends early with
 * -ECANCELED when it is cancelled.
 */

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "gort.h"

/* How often loops look whether they are to end */
#define POLL_MASK	0xfff
#define LOOP_MASK	0xfffff

/* The sequence whose n-th member is the result: x = 3x + 1, from 1 on. */
static noinline u64 step(u64 x)
{
	barrier();
	return x * 3 + 1;
}

static int work_call(const u64 *args, u64 *result)
{
	u64 n = args[0], x = 1;

	while (n--) {
		x = step(x);
		if (!(n & POLL_MASK) && gort_cancelled())
			return -ECANCELED;
	}
	*result = x;
	return 0;
}

/*
 * No call for a long time, and so no check: a request finds nobody. The length
 * is bounded so that a kernel without preemption is not stalled for long. Now
 * and then it looks whether it is cancelled, which is no check: many that have
 * begun would keep who closes their file for hours.
 */
static int work_loop(const u64 *args, u64 *result)
{
	u64 n = args[0], x = 1;

	while (n--) {
		x = x * 3 + 1;
		OPTIMIZER_HIDE_VAR(x);
		if (!(n & LOOP_MASK) && gort_cancelled())
			return -ECANCELED;
	}
	*result = x;
	return 0;
}

static struct gort_lock work_glock = GORT_LOCK_INIT(work_glock);
static DEFINE_SPINLOCK(work_spinlock);
static DEFINE_SPINLOCK(work_bhlock);
static DEFINE_SPINLOCK(work_irqlock);

/* Steps in one section: some ten microseconds, also with interrupts off */
#define LOCK_WORK_MAX	10000

/* args[2] of "lock" */
enum lock_kind {
	LOCK_GORT,
	LOCK_SPIN,
	LOCK_BH,
	LOCK_IRQSAVE,
	LOCK_RCU,
	LOCK_PREEMPT,
	LOCK_LAST = LOCK_PREEMPT,
};

static unsigned long section_open(u64 kind)
{
	switch (kind) {
	case LOCK_GORT:
		gort_lock(&work_glock);
		break;
	case LOCK_SPIN:
		gort_spin_lock(&work_spinlock);
		break;
	case LOCK_BH:
		gort_spin_lock_bh(&work_bhlock);
		break;
	case LOCK_IRQSAVE:
		return gort_spin_lock_irqsave(&work_irqlock);
	case LOCK_RCU:
		gort_rcu_read_lock();
		break;
	case LOCK_PREEMPT:
		gort_preempt_off();
		break;
	}
	return 0;
}

static void section_close(u64 kind, unsigned long flags)
{
	switch (kind) {
	case LOCK_GORT:
		gort_unlock(&work_glock);
		break;
	case LOCK_SPIN:
		gort_spin_unlock(&work_spinlock);
		break;
	case LOCK_BH:
		gort_spin_unlock_bh(&work_bhlock);
		break;
	case LOCK_IRQSAVE:
		gort_spin_unlock_irqrestore(&work_irqlock, flags);
		break;
	case LOCK_RCU:
		gort_rcu_read_unlock();
		break;
	case LOCK_PREEMPT:
		gort_preempt_on();
		break;
	}
}

static int work_lock(const u64 *args, u64 *result)
{
	u64 n = args[0], work = args[1], kind = args[2], i, x = 1;
	unsigned long flags;

	while (n--) {
		flags = section_open(kind);
		for (i = 0; i < work; i++)
			x = step(x);
		section_close(kind, flags);
		if (gort_cancelled())
			return -ECANCELED;
	}
	*result = x;
	return 0;
}

/*
 * Recursion with a frame of at least @size bytes, of which the first and the
 * last word are looked at again when the calls below have returned.
 */
#define RECURSE(size)							\
static noinline u64 recurse_##size(u64 depth)				\
{									\
	u64 room[(size) / sizeof(u64)];					\
	u64 sum;							\
									\
	room[0] = depth;						\
	room[ARRAY_SIZE(room) - 1] = ~depth;				\
	OPTIMIZER_HIDE_VAR(depth);					\
	barrier_data(room);						\
	if (!depth || gort_cancelled())					\
		return 0;						\
	sum = recurse_##size(depth - 1) + depth;			\
	barrier_data(room);						\
	if (room[0] != depth || room[ARRAY_SIZE(room) - 1] != ~depth)	\
		return 0;						\
	return sum;							\
}

RECURSE(16)
RECURSE(64)
RECURSE(128)
RECURSE(256)
RECURSE(512)
RECURSE(1024)
RECURSE(1536)
RECURSE(1920)

static int work_recurse(const u64 *args, u64 *result)
{
	u64 depth = args[0], frame = args[1];

	if (frame <= 16)
		*result = recurse_16(depth);
	else if (frame <= 64)
		*result = recurse_64(depth);
	else if (frame <= 128)
		*result = recurse_128(depth);
	else if (frame <= 256)
		*result = recurse_256(depth);
	else if (frame <= 512)
		*result = recurse_512(depth);
	else if (frame <= 1024)
		*result = recurse_1024(depth);
	else if (frame <= 1536)
		*result = recurse_1536(depth);
	else
		*result = recurse_1920(depth);
	return gort_cancelled() ? -ECANCELED : 0;
}

static noinline u64 fib(u64 n)
{
	if (n < 2)
		return n;
	return fib(n - 1) + fib(n - 2);
}

/* In pieces, so that it can be cancelled: fib(n) from leaves of fib(20). */
static noinline u64 fib_pieces(u64 n)
{
	if (n <= 20)
		return fib(n);
	if (gort_cancelled())
		return 0;
	return fib_pieces(n - 1) + fib_pieces(n - 2);
}

static int work_fib(const u64 *args, u64 *result)
{
	*result = fib_pieces(args[0]);
	return gort_cancelled() ? -ECANCELED : 0;
}

static int work_yield(const u64 *args, u64 *result)
{
	u64 i;
	int err;

	for (i = 0; i < args[0]; i++) {
		err = gort_yield();
		if (err)
			return err;
	}
	*result = i;
	return 0;
}

static int work_sleep(const u64 *args, u64 *result)
{
	u64 i, deadline;
	int err;

	for (i = 0; i < args[1]; i++) {
		deadline = gort_now() + args[0];
		err = gort_sleep_until(deadline);
		if (err)
			return err;
		if (gort_now() < deadline)
			return -EIO;
	}
	*result = i;
	return 0;
}

/*
 * Two Gs that hand a ball to and fro. It lies on the stack of the first one,
 * which therefore does not go before the other is done with it.
 */
struct pingpong {
	struct gort_g *ping;
	struct gort_g *pong;
	u64 rounds;
	u64 ball;	/* even: ping's turn */
	bool done;	/* pong has gone, or was never there */
};

static bool my_turn(const struct pingpong *pp, u64 parity)
{
	return (READ_ONCE(pp->ball) & 1) == parity;
}

static void pong(void *arg)
{
	struct pingpong *pp = arg;
	struct gort_g *ping = gort_get(pp->ping);

	/* pairs with the acquire in work_pingpong() */
	smp_store_release(&pp->pong, gort_get(gort_self()));
	gort_ready(ping);
	while (READ_ONCE(pp->ball) < 2 * pp->rounds) {
		if (!my_turn(pp, 1)) {
			if (gort_park("pong"))
				break;
			continue;
		}
		WRITE_ONCE(pp->ball, pp->ball + 1);
		gort_ready(ping);
	}
	/* pairs with the acquire in pingpong_end(); the ball is ping's again */
	smp_store_release(&pp->done, true);
	gort_ready(ping);
	gort_put(ping);
}

/* Wait for the other one, which is told to go if it was not done by itself. */
static void pingpong_end(struct pingpong *pp, struct gort_g *peer)
{
	if (READ_ONCE(pp->ball) < 2 * pp->rounds)
		gort_cancel(peer);
	while (!smp_load_acquire(&pp->done)) /* pairs with pong()'s release */
		if (gort_park("pong to end"))
			gort_yield();
	gort_put(peer);
}

static int work_pingpong(const u64 *args, u64 *result)
{
	struct pingpong pp = { .ping = gort_self(), .rounds = args[0] };
	struct gort_g *peer;
	int err;

	err = gort_go(NULL, pong, &pp);
	if (err)
		return err;
	/* not to be cancelled before there is somebody to cancel */
	while (!(peer = smp_load_acquire(&pp.pong))) /* pong()'s release */
		if (gort_park("pong to start"))
			gort_yield();
	while (READ_ONCE(pp.ball) < 2 * pp.rounds) {
		if (!my_turn(&pp, 0)) {
			err = gort_park("ping");
			if (err)
				break;
			continue;
		}
		WRITE_ONCE(pp.ball, pp.ball + 1);
		gort_ready(peer);
	}
	pingpong_end(&pp, peer);
	*result = pp.ball;
	return pp.ball == 2 * pp.rounds ? 0 : err ?: -ECANCELED;
}

/* A tree of Gs: each node spawns its children and waits for all of them. */
struct node {
	struct gort_g *parent;
	atomic_t *left;		/* children of the parent that still run */
	atomic64_t *count;
	atomic_t *err;
	u64 depth;
	u64 fanout;
};

#define FANOUT_MAX	8

static void node_run(struct node *self);

static void node_main(void *arg)
{
	struct node *self = arg;
	struct gort_g *parent = gort_get(self->parent);
	atomic_t *left = self->left;

	node_run(self);
	/* the last one's decrement lets the parent's stack go */
	atomic_dec(left);
	gort_ready(parent);
	gort_put(parent);
}

static void node_run(struct node *self)
{
	struct node child[FANOUT_MAX];
	atomic_t left = ATOMIC_INIT(0);
	u64 i;
	int err;

	atomic64_inc(self->count);
	if (!self->depth || atomic_read(self->err))
		return;
	for (i = 0; i < self->fanout; i++) {
		child[i] = *self;
		child[i].parent = gort_self();
		child[i].left = &left;
		child[i].depth--;
		atomic_inc(&left);
		err = gort_go(NULL, node_main, &child[i]);
		if (err) {
			atomic_dec(&left);
			atomic_set(self->err, err);
			break;
		}
	}
	while (atomic_read(&left))
		if (gort_park("children")) {
			atomic_set(self->err, -ECANCELED);
			gort_yield();
		}
}

static int work_spawn(const u64 *args, u64 *result)
{
	atomic64_t count = ATOMIC64_INIT(0);
	atomic_t err = ATOMIC_INIT(0);
	struct node root = {
		.count = &count,
		.err = &err,
		.depth = args[0],
		.fanout = args[1],
	};

	node_run(&root);
	*result = atomic64_read(&count);
	return atomic_read(&err);
}

struct gort_workload gort_workloads[] = {
	{
		.name = "call", .help = "x = 3x + 1, each step a function call",
		.owner = THIS_MODULE, .fn = work_call, .nr_args = 1,
		.args = { { "iterations", 0, 1ULL << 40, 1000000 } },
	}, {
		.name = "loop", .help = "x = 3x + 1 in a loop without calls",
		.owner = THIS_MODULE, .fn = work_loop, .nr_args = 1,
		.args = { { "iterations", 0, 1ULL << 30, 1000000 } },
	}, {
		.name = "lock",
		.help = "as call, inside gort 0 spin 1 bh 2 irq 3 rcu 4 preempt_off 5",
		.owner = THIS_MODULE, .fn = work_lock, .nr_args = 3,
		.args = { { "iterations", 0, 1ULL << 32, 1000 },
			  { "work", 0, LOCK_WORK_MAX, 100 },
			  { "kind", LOCK_GORT, LOCK_LAST, LOCK_GORT } },
	}, {
		.name = "recurse", .help = "sum of 1..depth by recursion",
		.owner = THIS_MODULE, .fn = work_recurse, .nr_args = 2,
		.args = { { "depth", 0, 1000000, 100 },
			  { "frame", 0, 2048, 64 } },
	}, {
		.name = "fib", .help = "Fibonacci number, by recursion",
		.owner = THIS_MODULE, .fn = work_fib, .nr_args = 1,
		.args = { { "n", 0, 60, 20 } },
	}, {
		.name = "yield", .help = "yield to others count times",
		.owner = THIS_MODULE, .fn = work_yield, .nr_args = 1,
		.args = { { "count", 0, 1ULL << 40, 1000 } },
	}, {
		.name = "sleep", .help = "sleep count times",
		.owner = THIS_MODULE, .fn = work_sleep, .nr_args = 2,
		.args = { { "ns", 0, 1ULL << 60, 1000000 },
			  { "count", 0, 1ULL << 32, 1 } },
	}, {
		.name = "pingpong", .help = "hand a ball to another G and back",
		.owner = THIS_MODULE, .fn = work_pingpong, .nr_args = 1,
		.args = { { "rounds", 0, 1ULL << 40, 1000 } },
	}, {
		.name = "spawn", .help = "a tree of Gs",
		.owner = THIS_MODULE, .fn = work_spawn, .nr_args = 2,
		.args = { { "depth", 0, 16, 3 }, { "fanout", 1, FANOUT_MAX, 2 } },
	},
};

const unsigned int gort_nr_workloads = ARRAY_SIZE(gort_workloads);
