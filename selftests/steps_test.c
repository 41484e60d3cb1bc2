// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steps of the protocols, one at a time: each case fails if its step is left
 * out of the source. selftests/mutants says which; "make mutants" leaves them out.
 */

#include "core_test.h"

#include <sched.h>

/* As enum t_step_where of gort_test.ko */
enum {
	STEP_UNLOCK,
	STEP_TRYLOCK,
	STEP_CLOSE,
	STEP_GROW,
	STEP_SHRINK,
	STEP_START,
	STEP_GC,
	STEP_TAKE,
	STEP_GIVE,
};

/*
 * A request at one place inside gort is put off there and answered right after;
 * without the restores it is lost.
 */
static void expect_step(struct __test_metadata *_metadata, int fd, __u64 step,
			int site, __u64 trials)
{
	struct gort_stats before = ct_stats(fd), after;
	struct gort_completion c;

	ASSERT_EQ(0, ct_hook(true));
	EXPECT_EQ(0, ct_run(fd, &c, "t_step", trials, step));
	EXPECT_EQ(0, c.result);
	after = ct_stats(fd);
	/* where a tick came too, there was nothing left to restore */
	EXPECT_LT(trials * 9 / 10,
		  after.restored[site] - before.restored[site]);
	EXPECT_EQ(before.lost, after.lost);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	EXPECT_EQ(0, ct_run(fd, &c, "t_step", trials / 5, step));
	EXPECT_LT(trials * 8 / 50, c.result);
	EXPECT_EQ(0, ct_hook(false));
}

/*
 * While gort_unlock() still has the lock. Breaks if it counts down first: the G
 * would leave with the lock held, and who wants it would wait for its turn.
 */
TEST_F(core, unlock_releases_before_it_lets_go)
{
	expect_step(_metadata, self->fd, STEP_UNLOCK, GORT_SITE_UNLOCK, 5000);
}

/* The same in gort_spin_unlock(): it would leave with preemption off. */
TEST_F(core, section_is_closed_before_it_lets_go)
{
	expect_step(_metadata, self->fd, STEP_CLOSE, GORT_SITE_SPIN, 5000);
}

/* gort_trylock() that gets no lock has opened and closes a section too. */
TEST_F(core, request_in_a_failing_trylock_is_answered_after_it)
{
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	expect_step(_metadata, self->fd, STEP_TRYLOCK, GORT_SITE_UNLOCK, 5000);
}

/*
 * Between the decision to grow and the new segment, whose limit overwrites the
 * request. The function on that segment must answer, not only who comes after.
 */
TEST_F(core, request_while_growing_is_answered_on_the_new_segment)
{
	expect_step(_metadata, self->fd, STEP_GROW, GORT_SITE_GROW, 5000);
}

TEST_F(core, request_while_shrinking_is_answered_after_it)
{
	expect_step(_metadata, self->fd, STEP_SHRINK, GORT_SITE_SHRINK, 5000);
}

/* When the others run again, before the one that stopped them may yield */
TEST_F(core, request_while_the_world_starts_is_answered_after_it)
{
	expect_step(_metadata, self->fd, STEP_START, GORT_SITE_STW, 1000);
}

/*
 * The same in a collection. It is not the collection any more that puts the
 * request off: that is over before the world starts, as others may begin theirs.
 */
TEST_F(core, collection_is_over_before_the_world_starts)
{
	struct gort_stats before = ct_stats(self->fd), after;

	expect_step(_metadata, self->fd, STEP_GC, GORT_SITE_GC, 200);
	after = ct_stats(self->fd);
	EXPECT_LE(200, after.declined[GORT_DECLINE_LOCKS] -
		       before.declined[GORT_DECLINE_LOCKS]);
	/* a tick may ask before, and the hook has checks of its own */
	EXPECT_GT(50, after.declined[GORT_DECLINE_GC] -
		      before.declined[GORT_DECLINE_GC]);
}

/*
 * In what takes the lock of a channel, a semaphore or another object: on g0, and
 * so without a check, but the functions around it have some.
 */
TEST_F(core, request_in_an_operation_is_answered_after_it)
{
	expect_step(_metadata, self->fd, STEP_TAKE, GORT_SITE_OP, 2000);
	ASSERT_EQ(0, gt_param_set("restore", 1));
	expect_step(_metadata, self->fd, STEP_GIVE, GORT_SITE_OP, 2000);
}

/*
 * The restore comes before the count goes down, so that a tick never finds a
 * request that is pending, not armed, and that nothing forbids. Each trial has
 * one moment at which that would be so; among 100,000, many ticks hit it.
 */
TEST_F(core, tick_finds_no_request_between_count_and_restore)
{
	struct gort_stats before, after;
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_restore", 50000, CT_KIND_LOCK));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_restore", 50000, CT_KIND_SPIN));
	after = ct_stats(self->fd);
	EXPECT_LT(1000, after.ticks - before.ticks);
	EXPECT_EQ(before.lost, after.lost);
}

/*
 * A request is put off once, and the rest of the section runs at full speed.
 * Breaks if declining leaves the limit armed, or if closing an inner section
 * arms it: each check inside would then take the slow path.
 */
TEST_F(core, request_is_put_off_once)
{
	const __u64 trials = 200, checks = 100;
	struct gort_stats before, after;
	struct gort_completion c;
	__u64 kind;

	for (kind = 0; kind < CT_KINDS; kind++) {
		before = ct_stats(self->fd);
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_once", trials, checks,
				    kind));
		after = ct_stats(self->fd);
		EXPECT_LE(trials, c.result);
		EXPECT_GE(trials + after.ticks - before.ticks, c.result)
			TH_LOG("kind %llu", kind);
	}
}

/*
 * A loop whose only calls are gort's own entry points gives way all the same,
 * by them alone. Breaks if one of these does not look for a request.
 */
TEST_F(core, loop_of_entry_points_gives_way)
{
	struct gort_completion c;
	__u64 kind;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("async", 0));
	for (kind = 0; kind <= 6; kind++)
		EXPECT_EQ(0, ct_run(self->fd, &c, "t_enter", kind,
				    GT_PATIENCE / 4))
			TH_LOG("kind %llu", kind);
}

/*
 * Who gives its slice back in time is not made to, however long that goes on:
 * each turn is a slice of its own. Breaks if a turn goes on in the slice of the
 * one before.
 */
TEST_F(core, each_turn_is_a_new_slice)
{
	struct gort_completion c[2];

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 30000));
	ASSERT_EQ(2, ct_start(self->fd, "t_share", 2, 100,
			      5 * GT_NSEC_PER_MSEC));
	ASSERT_EQ(0, ct_next(self->fd, &c[0]));
	ASSERT_EQ(0, ct_next(self->fd, &c[1]));
	EXPECT_EQ(0, c[0].status);
	EXPECT_EQ(0, c[1].status);
	/* a second, and so 33 slices or more */
	TH_LOG("made to yield: %u and %u times", c[0].preempted,
	       c[1].preempted);
	EXPECT_GE(8, c[0].preempted + c[1].preempted);
}

/*
 * A slice that is longer than a tick lasts as long as it says. Breaks if the
 * ticks of another slice count for it.
 */
TEST_F(core, long_slice_is_not_cut_short)
{
	struct gort_completion c[2];
	__u64 begin, slices;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 100000));
	begin = gt_now();
	ASSERT_EQ(2, ct_start(self->fd, "t_share", 2, 1, GT_NSEC_PER_SEC));
	ASSERT_EQ(0, ct_next(self->fd, &c[0]));
	ASSERT_EQ(0, ct_next(self->fd, &c[1]));
	slices = (gt_now() - begin) / (100 * GT_NSEC_PER_MSEC);
	TH_LOG("made to yield: %u and %u times in %llu slices", c[0].preempted,
	       c[1].preempted, slices);
	EXPECT_LE(3, c[0].preempted + c[1].preempted);
	/* Linux may want the CPU too, now and then */
	EXPECT_GE(2 * slices, c[0].preempted + c[1].preempted);
}

/*
 * Two that ready each other go on in one slice, and when it is over it is the
 * others' turn. Breaks if each of their turns begins a slice: they would never
 * use one up, and who waits in the P's own queue would wait for good.
 */
TEST_F(core, pair_does_not_starve_who_yields)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(1, ct_start(self->fd, "pingpong", 1, 1ULL << 40));
	/* 60 of these in each turn: 170 slices */
	EXPECT_EQ(0, ct_run(self->fd, &c, "yield", 10000));
	EXPECT_EQ(10000, c.result);
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
}

/*
 * Those who yield to each other without an end let in who comes from outside.
 * Breaks if they go straight from one to the next for ever: their slices are
 * short, so that no request makes them look anywhere else.
 */
TEST_F(core, those_who_yield_let_newcomers_in)
{
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(4, ct_start(self->fd, "yield", 4, 1ULL << 40));
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, ct_run(self->fd, &c, "yield", 100));
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
}

/*
 * Linux gets the CPU back within a tick, not after a slice, where it can't take
 * it. Breaks if the tick does not look whether it wants it, or if the M runs on
 * to the next G without giving it.
 */
TEST_F(core, linux_gets_the_cpu_within_a_tick)
{
	const struct timespec ms = { .tv_nsec = GT_NSEC_PER_MSEC };
	__u64 hogs = 2 * ct_cpus(), begin;
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000000));
	ASSERT_EQ(hogs, ct_start(self->fd, "call", hogs, 1ULL << 40));
	begin = gt_now();
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, nanosleep(&ms, NULL));
	TH_LOG("20 sleeps of a millisecond took %llu ms",
	       (gt_now() - begin) / GT_NSEC_PER_MSEC);
	EXPECT_GT(GT_PATIENCE / 4, gt_now() - begin);
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
}

/*
 * What is submitted at once runs at once, a task on each idle P. Breaks if who
 * was woken for the first one finds it and does not have the next one looked
 * for. (Who emulates the CPUs may halt one now and then.)
 */
TEST_F(core, batch_spreads_over_the_idle_cpus)
{
	struct gort_completion c;
	int i, slow = 0;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, gt_param_set("slice_us", 1000000));
	for (i = 1; i <= 100 && slow < 20; i++) {
		ASSERT_EQ(2, ct_start(self->fd, "t_meet", 2, i, 2));
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		slow += c.latency_ns > 300 * GT_NSEC_PER_MSEC;
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
	TH_LOG("%d of %d pairs had to take turns", slow, i - 1);
	EXPECT_GT(20, slow);
}

/*
 * A G that another one starts or wakes comes on elsewhere, on a P that has long
 * been idle. Breaks if that one is not told: the G would wait until the other
 * one's slice is over.
 */
TEST_F(core, idle_cpu_hears_of_new_and_woken_tasks)
{
	struct gort_completion c;
	__u64 kind;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, gt_param_set("slice_us", 200000));
	for (kind = 0; kind <= 1; kind++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_announce", kind, 20));
		EXPECT_LT(15, c.result)
			TH_LOG("kind %llu: heard %llu of 20 times", kind,
			       c.result);
	}
	/* the test can fail: on one P there is nobody to hear */
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_announce", 0, 5));
	EXPECT_EQ(0, c.result);
}

/*
 * The queue of a P that goes away is not left for whoever has nothing else to
 * do: the P that stays always has. Breaks if it is not put into the global one.
 */
TEST_F(core, queue_of_a_cpu_that_goes_is_run)
{
	struct gort_completion c;
	int i, round;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(40, ct_start(self->fd, "yield", 40, 1ULL << 40));
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, gt_param_set("nprocs", 2));
		ASSERT_EQ(100, ct_start(self->fd, "yield", 100, 500));
		ASSERT_EQ(0, gt_param_set("nprocs", 1));
		for (i = 0; i < 100; i++) {
			ASSERT_EQ(0, ct_next(self->fd, &c))
				TH_LOG("round %d: %d of 100 came", round, i);
			EXPECT_EQ(500, c.result);
		}
	}
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
}

/*
 * A task that is submitted while the M falls asleep is run. Breaks if the M does
 * not look again after it has said that it sleeps. What is submitted meets the M
 * at every point on its way, since the last task's completion is looked for
 * without sleeping, on the other CPU.
 */
TEST_F(core, task_that_meets_an_m_falling_asleep_is_run)
{
	__u64 end = gt_in_ms(5000), until;
	struct gort_completion c;
	struct gort_task_desc t;
	unsigned int i, n;
	cpu_set_t set;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_TRUE(gt_task(self->fd, "call", &t, 0, 0, 0));
	for (i = 0; gt_now() < end; i++) {
		ASSERT_EQ(1, gt_submit_n(self->fd, &t, 1, NULL));
		until = gt_now() + GT_PATIENCE / 10;
		while (gt_read(self->fd, &c, 1) != 1)
			ASSERT_GT(until, gt_now())
				TH_LOG("task %u is left lying", i);
		for (n = i % 1000; n; n--)
			__asm__ volatile("");
	}
	TH_LOG("%u tasks", i);
}

/*
 * A task that waits for the only P gets it when the one that has it blocks: it is
 * there before, so nobody announces it. Breaks if a P that is taken from a
 * blocking call goes to nobody.
 */
TEST_F(core, waiting_task_gets_the_p_of_one_that_blocks)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(1, ct_start(self->fd, "t_gate", 1, CT_SYSCALL));
	ASSERT_EQ(1, ct_start(self->fd, "call", 1, 100));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(gt_steps(100), c.result);
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_open"));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
}

/*
 * The others are asked by an interrupt, and need not be found by their tick.
 * Breaks if they are not asked: each stop would wait for one. On a busy host many
 * a stop takes longer than the 10 ms between two ticks, without waiting for one.
 */
TEST_F(core, stop_does_not_wait_for_a_tick)
{
	__u64 hogs = 2 * ct_cpus();
	struct gort_completion c;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, gt_param_set("slice_us", 100000));
	ASSERT_EQ(hogs, ct_start(self->fd, "call", hogs, 1ULL << 40));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_stops", 100));
	TH_LOG("a tick in %llu of 100 stops", c.result);
	EXPECT_GT(96, c.result);
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
}

TEST_HARNESS_MAIN
