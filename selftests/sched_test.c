// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler: green threads run where there is room, wake exactly when they
 * are woken, and can't harm it by using it wrongly.
 */

#include "core_test.h"

/* Reads @n completions of tasks that must all return @result. */
static void expect_all(struct __test_metadata *_metadata, int fd, int n,
		       __u64 result)
{
	struct gort_completion c;

	while (n--) {
		ASSERT_EQ(0, ct_next(fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(result, c.result);
	}
}

/*
 * Two Gs that can get on only together do so without being preempted each time.
 * Breaks if both run on one CPU: it then takes a slice a round.
 */
TEST_F(core, two_tasks_run_at_the_same_time)
{
	struct gort_completion c;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, gt_param_set("slice_us", 100000));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_parallel", 400, 80));
	EXPECT_EQ(400, c.result);
	/* the test can fail: on one P they run out of patience */
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	EXPECT_EQ(-EXDEV, ct_run(self->fd, &c, "t_parallel", 400, 80));
}

/* Gs that one G starts find their way to the other CPU, each of them once. */
TEST_F(core, new_tasks_are_stolen)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_steal", 200, 5000, 0));
	after = ct_stats(self->fd);
	EXPECT_LT(before.stolen, after.stolen);
	EXPECT_LT(0, c.result);
}

/* So do Gs that have run before, and slept, and have things on their stack. */
TEST_F(core, started_tasks_are_stolen)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_steal", 200, 5000, 1));
	after = ct_stats(self->fd);
	EXPECT_LT(before.stolen, after.stolen);
	EXPECT_LT(0, c.result);
}

/* More of them than a ring of the scheduler holds: what runs over is not lost. */
TEST_F(core, queue_overflow_loses_no_task)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_steal", 4000, 10, 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_steal", 4000, 10, 1));
}

/* A G that polls and yields sees the answer after a few yields, also on one P. */
TEST_F(core, yielding_lets_the_other_get_on)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_poll", 5000));
	EXPECT_GT(100, c.result)
		TH_LOG("%llu yields for one answer", c.result);
	ASSERT_EQ(0, ct_run(self->fd, &c, "yield", 5000));
	EXPECT_EQ(5000, c.result);
}

/*
 * A sleeper wakes while hogs and a pair that plays ping-pong keep every P busy,
 * late by a few slices for each that may be in front of it, however long these
 * are. Most of the time, that is: whoever emulates the CPUs may halt them for
 * longer. Breaks if a timer waits for a P to be idle, or if what readies each
 * other in one slice starves the rest.
 */
TEST_F(core, sleeper_wakes_beside_hogs)
{
	const __u64 hogs = 2 * ct_cpus(), slice = 20 * GT_NSEC_PER_MSEC;
	struct gort_completion c;
	int i, very_late = 0;

	ASSERT_EQ(0, gt_param_set("slice_us", slice / 1000));
	ASSERT_EQ(hogs, ct_start(self->fd, "call", hogs, 1ULL << 40));
	ASSERT_EQ(1, ct_start(self->fd, "pingpong", 1, 1ULL << 30));
	for (i = 0; i < 9; i++) {
		/* none of the others ends before it is told to */
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_late", slice, 1));
		TH_LOG("late by %llu slices", c.result / slice);
		very_late += c.result / slice > 3 * (hogs + 2);
	}
	EXPECT_GT(5, very_late);
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
}

/* Sleeps are never too short, and many of them end in any order. */
TEST_F(core, sleeps_end_when_they_should)
{
	ASSERT_EQ(200, ct_start(self->fd, "sleep", 200, GT_NSEC_PER_MSEC, 5));
	expect_all(_metadata, self->fd, 200, 5);
}

/* The number of Ps changes all the time while every kind of task runs. */
TEST_F(core, number_of_cpus_can_change_while_tasks_run)
{
	struct gort_info info;
	int i;

	for (i = 0; i < 30; i++) {
		ASSERT_EQ(4, ct_start(self->fd, "fib", 4, 14));
		ASSERT_EQ(4, ct_start(self->fd, "pingpong", 4, 20));
		ASSERT_EQ(4, ct_start(self->fd, "sleep", 4, 100000, 3));
		ASSERT_EQ(4, ct_start(self->fd, "lock", 4, 50, 10, i % 6));
		ASSERT_EQ(2, ct_start(self->fd, "spawn", 2, 4, 3));
		ASSERT_EQ(0, gt_param_set("nprocs", 1 + i % ct_cpus()));
		ASSERT_EQ(0, gt_info(self->fd, &info));
		EXPECT_EQ(1 + i % ct_cpus(), info.nr_procs);
	}
	for (i = 0; i < 30 * 18; i++) {
		struct gort_completion c;

		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_TRUE(c.result == gt_fib(14) || c.result == 40 ||
			    c.result == 3 || c.result == gt_steps(500) ||
			    c.result == gt_tree(4, 3));
	}
	EXPECT_EQ(-EINVAL, gt_param_set("nprocs", 1 << 20));
}

/* Has nothing moved for a tenth of a second? */
static bool settled(int fd)
{
	struct gort_stats st = ct_stats(fd);

	usleep(100000);
	return ct_stats(fd).ticks == st.ticks;
}

/*
 * An idle gort does nothing at all: no tick, no switch, no wake-up. Breaks if an
 * M polls for work or a tick forgets to stop.
 */
TEST_F(core, idle_means_idle)
{
	struct gort_stats before, after;
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "spawn", 4, 4));
	ASSERT_TRUE(gt_wait_for(settled(self->fd)));
	before = ct_stats(self->fd);
	sleep(1);
	after = ct_stats(self->fd);
	EXPECT_EQ(before.ticks, after.ticks);
	EXPECT_EQ(before.switches, after.switches);
	EXPECT_EQ(before.wakeups, after.wakeups);
	/* and works again at once */
	ASSERT_EQ(0, ct_run(self->fd, &c, "fib", 10));
	EXPECT_LT(after.switches, ct_stats(self->fd).switches);
}

/*
 * Two Gs wake each other over 100,000 times, before, while and after the other
 * falls asleep. A wake-up too few hangs, one too many is EPROTO.
 */
TEST_F(core, no_wakeup_is_lost_between_tasks)
{
	struct gort_completion c;

	ASSERT_EQ(1, ct_start(self->fd, "t_pairs", 1, 20000, 0));
	ASSERT_EQ(1, ct_start(self->fd, "t_pairs", 1, 20000, 50));
	ASSERT_EQ(1, ct_start(self->fd, "t_pairs", 1, 10000, 400));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
}

/* The same from interrupts, which hit the G at any point on its way to sleep. */
TEST_F(core, no_wakeup_is_lost_from_interrupts)
{
	struct gort_completion c;
	__u64 delay;

	for (delay = 1000; delay <= 1000000; delay *= 10) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_irqready", 1000, delay,
				    200))
			TH_LOG("delay %llu ns", delay);
		EXPECT_EQ(1000, c.result);
	}
}

/* Parking ends by the deadline, by a wake-up that came before, or by neither. */
TEST_F(core, park_ends_for_the_right_reason)
{
	const __u64 ms = GT_NSEC_PER_MSEC;
	struct gort_completion c;

	EXPECT_EQ(-ETIME, ct_run(self->fd, &c, "t_park", 1, ms));
	EXPECT_EQ(-ETIME, ct_run(self->fd, &c, "t_park", 1, 0));
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_park", 2, 0));
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_park", 3, GT_HOUR));
	EXPECT_EQ(0, c.result);
}

/* A parked G that is cancelled returns from its park, with or without deadline. */
TEST_F(core, cancelling_ends_a_park)
{
	struct gort_completion c;
	__u64 parked = ct_stats(self->fd).parked, n;

	ASSERT_EQ(8, ct_start(self->fd, "t_park", 8, 0, 0));
	ASSERT_EQ(8, ct_start(self->fd, "t_park", 8, 1, GT_HOUR));
	ASSERT_TRUE(gt_wait_for(ct_stats(self->fd).parked >= parked + 16));
	ASSERT_EQ(0, gt_cancel_all(self->fd, &n));
	EXPECT_EQ(16, n);
	for (n = 0; n < 16; n++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(-ECANCELED, c.status);
	}
}

/* A context takes as many Gs as it was made for, and more when these are gone. */
TEST_F(core, context_has_a_cap)
{
	struct gort_completion c;

	EXPECT_EQ(-EAGAIN, ct_run(self->fd, &c, "t_cap", 20));
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_cap", 8));
	EXPECT_EQ(8, c.result);
}

/* Destroying a context awaits its Gs, each of which gets to its end. */
TEST_F(core, destroying_a_context_awaits_its_tasks)
{
	char text[64];

	ASSERT_EQ(0, ct_read_test_param("contexts", text, sizeof(text)));
	EXPECT_STREQ("8 -11 8\n", text);
}

/*
 * Blocking inside a section fails with EDEADLK and leaves the section as it
 * was. Breaks if one of the calls goes to sleep with a spin lock held.
 */
TEST_F(core, blocking_in_a_section_is_refused)
{
	struct gort_completion c;
	__u64 kind, op;

	for (kind = 0; kind < CT_KINDS; kind++) {
		for (op = 0; op <= 4; op++)
			EXPECT_EQ(-EDEADLK, ct_run(self->fd, &c, "t_misuse",
						   kind, op))
				TH_LOG("kind %llu, call %llu", kind, op);
	}
	ASSERT_EQ(0, ct_run(self->fd, &c, "call", 1000));
}

/*
 * A G that ends with sections open fails, and only it: they are closed, its
 * locks released, and the next G on this P finds everything as it should be.
 */
TEST_F(core, task_that_ends_in_a_section_harms_nobody)
{
	struct gort_completion c;
	__u64 kind, how;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	for (kind = 0; kind < CT_KINDS; kind++) {
		for (how = 0; how <= 3; how++) {
			EXPECT_EQ(-EDEADLK, ct_run(self->fd, &c, "t_leave",
						   kind, how))
				TH_LOG("kind %llu, how %llu", kind, how);
			ASSERT_EQ(0, ct_run(self->fd, &c, "t_neutral"));
			EXPECT_EQ(0, c.result)
				TH_LOG("kind %llu, how %llu", kind, how);
			ASSERT_EQ(0, ct_run(self->fd, &c, "t_uselock", 10));
		}
	}
	ASSERT_EQ(0, ct_run(self->fd, &c, "lock", 100, 10, 3));
	EXPECT_EQ(gt_steps(1000), c.result);
}

/*
 * A function that G code calls and that leaves preemption or interrupts off, or
 * an RCU section open: the M is put right, and the G that did it fails.
 */
TEST_F(core, called_function_that_disturbs_fails_its_task)
{
	struct gort_completion c;
	__u64 what;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	for (what = 0; what <= 3; what++) {
		EXPECT_EQ(-EDEADLK, ct_run(self->fd, &c, "t_badcall", what))
			TH_LOG("case %llu", what);
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_neutral"));
		EXPECT_EQ(0, c.result)
			TH_LOG("case %llu", what);
	}
}

/* In an ordinary process there is no G: EPERM, and nothing to look at. */
TEST_F(core, blocking_calls_outside_of_a_task_are_refused)
{
	char text[64];

	ASSERT_EQ(0, ct_read_test_param("outside", text, sizeof(text)));
	EXPECT_STREQ("-1 -1 -1 -1 -1 0\n", text);
}

TEST_HARNESS_MAIN
