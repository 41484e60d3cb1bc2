// SPDX-License-Identifier: GPL-2.0-only
/*
 * Green threads that stay on their kernel thread: whatever they do, they come
 * back on the same one, and nobody else runs there.
 */

#include "core_test.h"

/* What t_samem can do, see there */
#define SAMEM_WAYS	7

static bool is_thread(__u64 pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%llu/comm", pid);
	return !access(path, F_OK);
}

/*
 * Locks count: the G is free after as many unlocks, and not before, which shows
 * by whether another one shares its thread. One unlock too many is EINVAL.
 */
TEST_F(core, lock_thread_nesting)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_nesting"));
	EXPECT_EQ(10, c.result);
}

/* There is a bound, far away, and reaching it harms nobody. */
TEST_F(core, nesting_has_a_bound)
{
	struct gort_completion c;

	EXPECT_EQ(-EOVERFLOW, ct_run(self->fd, &c, "t_toomany"));
	EXPECT_EQ(65535, c.result);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_samem", 5, 0));
}

/*
 * A G that ends while it is locked takes its thread along, and one that is not
 * locked any more does not. Breaks if what it did to the thread could be met by
 * the next G; or if threads are thrown away for nothing.
 */
TEST_F(core, lock_thread_exit)
{
	struct gort_completion c;
	__u64 how;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	for (how = 0; how <= 3; how++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_lockexit", how));
		ASSERT_LT(0, c.result);
		if (how & 1) {
			usleep(100000);
			EXPECT_TRUE(is_thread(c.result))
				TH_LOG("case %llu", how);
		} else {
			EXPECT_TRUE(gt_wait_for(!is_thread(c.result)))
				TH_LOG("case %llu", how);
		}
		/* there is another one */
		ASSERT_EQ(0, ct_run(self->fd, NULL, "fib", 10));
	}
}

/*
 * No more than max_threads of a CPU are kept for locked Gs: who comes after that
 * is refused, and can be locked when another one has ended.
 */
TEST_F(core, kept_threads_have_a_bound)
{
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("max_threads", 3));
	ASSERT_EQ(3, ct_start(self->fd, "t_lockgate", 3, 0));
	ASSERT_TRUE(gt_wait_for(ct_gate_waiting() == 3));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EAGAIN, ct_run(self->fd, NULL, "t_lockexit", 0));
	EXPECT_EQ(0, ct_run(self->fd, NULL, "fib", 10));
	ASSERT_EQ(0, ct_gate(true));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
	EXPECT_EQ(0, ct_run(self->fd, NULL, "t_lockexit", 0));
}

/* Hundreds in a row: as many threads come and go, and none stays. */
TEST_F(core, threads_of_locked_tasks_do_not_pile_up)
{
	struct gort_completion c;
	int i;

	ASSERT_EQ(300, ct_start(self->fd, "t_lockexit", 300, 0));
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
	EXPECT_TRUE(gt_wait_for(ct_stats(self->fd).threads <=
				(__u64)ct_cpus()))
		TH_LOG("%llu threads", ct_stats(self->fd).threads);
}

/*
 * Yields, sleeps, preemptions, blocking calls of each kind and parks bring it
 * back to the thread that it left, alone and beside others, on one P and on all.
 */
TEST_F(core, locked_task_stays_on_its_thread)
{
	struct gort_completion c;
	__u64 way;
	int n;

	for (n = 1; n >= 0; n--) {
		ASSERT_EQ(0, gt_param_set("nprocs", n));
		for (way = 0; way < SAMEM_WAYS; way++) {
			EXPECT_EQ(0, ct_run(self->fd, &c, "t_samem", 20, way))
				TH_LOG("way %llu", way);
			EXPECT_EQ(20, c.result);
		}
		ASSERT_EQ(2, ct_start(self->fd, "t_bump", 2));
		for (way = 0; way < SAMEM_WAYS; way++) {
			EXPECT_EQ(0, ct_run(self->fd, &c, "t_samem", 5, way))
				TH_LOG("way %llu, beside others", way);
			EXPECT_EQ(5, c.result);
		}
		ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
		ASSERT_EQ(0, ct_next(self->fd, &c));
		ASSERT_EQ(0, ct_next(self->fd, &c));
	}
}

/*
 * Linux gets the CPU from locked Gs that never leave it of their own accord,
 * alone on theirs, on a kernel that gives it up only where it says so. Breaks if
 * an M that has its P back at once, with its G, never asks.
 */
TEST_F(core, linux_gets_the_cpu_from_locked_tasks)
{
	struct gort_completion c;
	__u64 start;
	int i, n = ct_cpus();

	ASSERT_EQ(n, ct_start(self->fd, "t_lockhog", n));
	start = gt_now();
	for (i = 0; i < 20; i++)
		gt_pause();
	TH_LOG("20 sleeps of 1 ms took %llu us", (gt_now() - start) / 1000);
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	while (n--) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_LT(0, c.preempted);
	}
	/* 20 slices and ticks, on a quiet machine; without, there is no end */
	EXPECT_GT(GT_PATIENCE / 2, gt_now() - start);
}

/* Many locked ones beside each other, more than there are Ps. */
TEST_F(core, locked_tasks_share_the_ps)
{
	struct gort_completion c;
	__u64 way;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	for (way = 0; way < SAMEM_WAYS; way++)
		ASSERT_EQ(4, ct_start(self->fd, "t_samem", 4, 10, way));
	for (i = 0; i < 4 * SAMEM_WAYS; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(10, c.result);
	}
}

/*
 * Nobody else ever runs on the thread of a locked G, however long that one is
 * away. Breaks if a thread whose G sleeps takes another one.
 */
TEST_F(core, thread_of_a_locked_task_runs_nobody_else)
{
	struct gort_completion c;
	int n;

	/* so that the one that blocks has its P taken */
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	for (n = 1; n >= 0; n--) {
		ASSERT_EQ(0, gt_param_set("nprocs", n));
		EXPECT_EQ(0, ct_run(self->fd, &c, "t_beside", 4, 40));
		EXPECT_EQ(0, c.result);
	}
}

/* A G that polls and yields sees each message. */
TEST_F(core, yield_progress)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_progress", 50, 0));
	EXPECT_EQ(50, c.result);
}

/* So does one that is locked to its thread. */
TEST_F(core, yield_locked_progress)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_progress", 50, 1));
	EXPECT_EQ(50, c.result);
}

/* A locked G yields and sleeps ten times, and ends like that. */
TEST_F(core, yield_locked)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_messages", 10, 1, 0));
	EXPECT_EQ(10, c.result);
}

/* A locked G hands over ten messages, waits for each to be taken, and ends. */
TEST_F(core, block_locked)
{
	struct gort_completion c;
	__u64 unlock;
	int n;

	for (n = 1; n >= 0; n--) {
		ASSERT_EQ(0, gt_param_set("nprocs", n));
		for (unlock = 0; unlock <= 1; unlock++) {
			ASSERT_EQ(0, ct_run(self->fd, &c, "t_messages", 10, 0,
					    unlock));
			EXPECT_EQ(10, c.result);
		}
	}
}

/* A locked G can stop the world, and be stopped. */
TEST_F(core, locked_tasks_take_part_in_stops)
{
	struct gort_completion c;
	int i;

	ASSERT_EQ(4, ct_start(self->fd, "t_samem", 4, 20, 0));
	ASSERT_EQ(4, ct_start(self->fd, "t_samem", 4, 20, 3));
	ASSERT_EQ(1, ct_start(self->fd, "t_stop", 1, 50, 100, 100));
	for (i = 0; i < 9; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
}

/* Its P goes out of use: it goes on elsewhere, and stays on that thread then. */
TEST_F(core, locked_task_survives_changes_of_the_number_of_cpus)
{
	struct gort_completion c;
	int i, how, round;

	for (round = 0; round < 9; round++) {
		how = round % 3;
		ASSERT_EQ(0, ct_gate(false));
		ASSERT_EQ(0, gt_param_set("nprocs", 0));
		ASSERT_EQ(6, ct_start(self->fd, "t_lockgate", 6, how));
		for (i = 0; i < 10; i++)
			ASSERT_EQ(0, gt_param_set("nprocs", 1 + i % ct_cpus()));
		ASSERT_EQ(0, gt_param_set("nprocs", 1));
		ASSERT_EQ(0, ct_gate(true));
		for (i = 0; i < 6; i++) {
			ASSERT_EQ(0, ct_next(self->fd, &c));
			EXPECT_EQ(0, c.status)
				TH_LOG("round %d", round);
		}
	}
}

/* In an ordinary process there is no G to lock: EPERM. */
TEST_F(core, locking_outside_of_a_task_is_refused)
{
	char text[64];

	ASSERT_EQ(0, ct_read_test_param("thread", text, sizeof(text)));
	EXPECT_STREQ("-1 -1\n", text);
}

TEST_HARNESS_MAIN
