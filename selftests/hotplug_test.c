// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs come and go while green threads run on them: none is lost, none is run
 * twice, and the number of Ps follows.
 */

#include "core_test.h"

#define ONLINE		"/sys/devices/system/cpu/cpu1/online"
#define ROUNDS		20

static int cpu1(bool online)
{
	return gt_write_file(ONLINE, online ? "1" : "0");
}

static __u32 procs(int fd)
{
	struct gort_info info;

	return gt_info(fd, &info) ? 0 : info.nr_procs;
}

static bool can_plug(void)
{
	return !access(ONLINE, W_OK) && ct_cpus() > 1;
}

/* Some of each kind; returns how many. */
static int load(int fd)
{
	return ct_start(fd, "fib", 4, 16) + ct_start(fd, "pingpong", 4, 100) +
	       ct_start(fd, "sleep", 4, 200000, 5) +
	       ct_start(fd, "lock", 4, 100, 20, 0) +
	       ct_start(fd, "lock", 4, 100, 20, 3) +
	       ct_start(fd, "spawn", 2, 4, 4) + ct_start(fd, "yield", 4, 300) +
	       ct_start(fd, "recurse", 4, 100, 1024) +
	       ct_start(fd, "t_pairs", 2, 100, 20);
}

static bool right(const struct gort_completion *c)
{
	return !c->status &&
	       (c->result == gt_fib(16) || c->result == 200 ||
		c->result == 5 || c->result == gt_steps(2000) ||
		c->result == gt_tree(4, 4) || c->result == 300 ||
		c->result == 100 * 101 / 2 || c->result == 201);
}

/*
 * CPU 1 goes and comes under load. Breaks if a P that goes leaves Gs in its
 * queue, if a G that has run there can't go on elsewhere, or if a timer of one
 * is lost.
 */
TEST_F(core, no_task_is_lost_when_a_cpu_goes)
{
	const __u32 all = procs(self->fd);
	struct gort_completion c;
	int i, n, running = 0;

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	for (i = 0; i < ROUNDS; i++) {
		n = load(self->fd);
		ASSERT_EQ(32, n);
		running += n;
		ASSERT_EQ(0, cpu1(i & 1));
		EXPECT_EQ(i & 1 ? all : all - 1, procs(self->fd));
	}
	ASSERT_EQ(0, cpu1(true));
	for (i = 0; i < running; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_TRUE(right(&c))
			TH_LOG("status %d, result %llu", c.status, c.result);
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/*
 * Tasks that sleep for long and Gs that hold a CPU for long are on their way
 * when it goes: the former wake, the latter finish, on the CPU that is left.
 */
TEST_F(core, tasks_on_a_cpu_that_goes_move)
{
	struct gort_completion c;
	int i, round;

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(8, ct_start(self->fd, "call", 8, 300000));
		ASSERT_EQ(8, ct_start(self->fd, "sleep", 8,
				      20 * GT_NSEC_PER_MSEC, 3));
		ASSERT_EQ(0, cpu1(false));
		for (i = 0; i < 16; i++) {
			ASSERT_EQ(0, ct_next(self->fd, &c));
			EXPECT_EQ(0, c.status);
			EXPECT_TRUE(c.result == gt_steps(300000) ||
				    c.result == 3);
		}
		ASSERT_EQ(0, cpu1(true));
	}
}

/* A CPU that is back is used again. Breaks if its P or its M stays away. */
TEST_F(core, cpu_that_is_back_is_used)
{
	struct gort_completion c;

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	ASSERT_EQ(0, cpu1(false));
	ASSERT_EQ(0, ct_run(self->fd, &c, "fib", 10));
	ASSERT_EQ(0, cpu1(true));
	ASSERT_EQ(0, gt_param_set("slice_us", 100000));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_parallel", 200, 40));
	EXPECT_EQ(200, c.result);
}

/* The number of Ps that was asked for is kept when there are CPUs for it. */
TEST_F(core, number_of_procs_follows_the_cpus)
{
	const __u32 all = procs(self->fd);

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	EXPECT_EQ(1, procs(self->fd));
	ASSERT_EQ(0, cpu1(false));
	EXPECT_EQ(1, procs(self->fd));
	ASSERT_EQ(0, gt_param_set("nprocs", 0));
	EXPECT_EQ(all - 1, procs(self->fd));
	ASSERT_EQ(0, cpu1(true));
	EXPECT_EQ(all, procs(self->fd));
	EXPECT_EQ(0, gt_param_get("nprocs"));
}

/*
 * A CPU goes while Gs are in blocking calls there: it need not wait for them,
 * and they come back on another one. Breaks if its P is kept for them, or if one
 * goes on where it was.
 */
TEST_F(core, blocking_call_outlives_its_cpu)
{
	struct gort_stats before, after;
	struct gort_completion c;
	int i, round;

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, gt_stats(self->fd, 1, &before));
		ASSERT_EQ(0, ct_gate(false));
		ASSERT_EQ(16, ct_start(self->fd, "t_gate", 16, CT_SYSCALL));
		ASSERT_TRUE(gt_wait_for(ct_gate_waiting() == 16));
		ASSERT_EQ(0, gt_stats(self->fd, 1, &after));
		EXPECT_LT(before.blocking, after.blocking);
		ASSERT_EQ(0, cpu1(false));
		EXPECT_EQ(16, ct_gate_waiting());
		/* in the second round, the CPU is back before they are */
		if (round == 1)
			ASSERT_EQ(0, cpu1(true));
		ASSERT_EQ(0, ct_gate(true));
		for (i = 0; i < 16; i++) {
			ASSERT_EQ(0, ct_next(self->fd, &c));
			EXPECT_EQ(0, c.status);
			if (round != 1)
				EXPECT_EQ(0, c.result);
		}
		ASSERT_EQ(0, cpu1(true));
	}
}

/*
 * Functions in blocking calls take the very lock that a CPU on its way waits for.
 * Breaks, for good, if that CPU waits for their G at the same time. Who has not
 * begun can only be cancelled, and while the lock is asked for that often some
 * begin late.
 */
TEST_F(core, blocking_call_may_take_the_hotplug_lock)
{
	const __u64 before = ct_begun(self->fd);
	struct gort_completion c;
	int i;

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	ASSERT_EQ(6, ct_start(self->fd, "t_cpus", 6, 3000));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, cpu1(i & 1));
	ASSERT_EQ(0, cpu1(true));
	ASSERT_TRUE(gt_wait_for(ct_begun(self->fd) >= before + 6));
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_LT(0, c.result);
	}
}

/* Calls of each kind come and go while the CPU does. */
TEST_F(core, blocking_calls_survive_cpus_that_come_and_go)
{
	struct gort_completion c;
	int i;

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(6, ct_start(self->fd, "t_blocking", 6, 100, 400, CT_SYSCALL));
	ASSERT_EQ(4, ct_start(self->fd, "t_blocking", 4, 5000, 30, CT_SYSCALL));
	ASSERT_EQ(4, ct_start(self->fd, "t_blocking", 4, 5000, 30, CT_CALL));
	ASSERT_EQ(2, ct_start(self->fd, "t_within", 2, 50));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, cpu1(i & 1));
	ASSERT_EQ(0, cpu1(true));
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
}

/* How many of @n locked Gs that waited at the gate have another thread now */
static int moved(struct __test_metadata *_metadata, int fd, int n)
{
	struct gort_completion c;
	int changed = 0;

	while (n--) {
		ASSERT_EQ(0, ct_next(fd, &c));
		EXPECT_EQ(0, c.status);
		if (c.result >> 32 != (c.result & 0xffffffff))
			changed++;
	}
	return changed;
}

/*
 * A locked G whose CPU goes gets another thread, and keeps that one; the others
 * keep theirs. Breaks if it waits for the thread that has left. Each P has
 * somebody who runs all the time, or one of them could take all that begin:
 * so both do, and this is tried until one of them began on that CPU.
 */
TEST_F_TIMEOUT(core, locked_task_outlives_its_cpu, 60)
{
	int how, changed = 0, tries, i;
	struct gort_completion c;

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	for (how = 0; how <= 2; how++) {
		for (tries = 0; tries < 10 && !changed; tries++) {
			ASSERT_EQ(0, ct_gate(false));
			ASSERT_EQ(2, ct_start(self->fd, "call", 2, 1ULL << 40));
			ASSERT_EQ(12, ct_start(self->fd, "t_lockgate", 12, how));
			ASSERT_TRUE(gt_wait_for(ct_gate_waiting() == 12));
			ASSERT_EQ(0, cpu1(false));
			ASSERT_EQ(0, ct_gate(true));
			changed = moved(_metadata, self->fd, 12);
			ASSERT_EQ(0, cpu1(true));
			ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
			for (i = 0; i < 2; i++)
				ASSERT_EQ(0, ct_next(self->fd, &c));
		}
		EXPECT_LT(0, changed);
		changed = 0;
	}
}

/* Stops of the world, by Gs and by functions in blocking calls, among all that. */
TEST_F(core, world_can_be_stopped_while_a_cpu_goes)
{
	struct gort_completion c;
	int i;

	if (!can_plug())
		SKIP(return, "needs a second CPU that can be taken away");
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(3, ct_start(self->fd, "t_stop", 3, 100, 10, 10));
	ASSERT_EQ(1, ct_start(self->fd, "t_stopcall", 1, 100));
	ASSERT_EQ(4, ct_start(self->fd, "t_blocking", 4, 2000, 50, CT_SYSCALL));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, cpu1(i & 1));
	ASSERT_EQ(0, cpu1(true));
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
}

TEST_HARNESS_MAIN
