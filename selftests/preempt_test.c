// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preemption: a green thread that may not yield when it is asked to, yields as
 * soon as it may. No request is lost, and without the restores many are.
 */

#include "core_test.h"

/* Low half of t_restore's result: lost; high half: yields without need. */
static __u64 lost(const struct gort_completion *c)
{
	return c->result & 0xffffffff;
}

static __u64 needless(const struct gort_completion *c)
{
	return c->result >> 32;
}

static __u64 restored_by_sections(const struct gort_stats *st)
{
	return st->restored[GORT_SITE_UNLOCK] + st->restored[GORT_SITE_SPIN];
}

/*
 * 100,000 requests in all kinds of sections, each answered by the first check
 * after the last release. Breaks if any wrapper forgets to restore, if a
 * nested one restores too early, or if a request is answered twice: beyond the
 * one yield per trial, only ticks may cause any.
 */
TEST_F(core, request_in_a_section_is_answered_after_it)
{
	const __u64 trials = 100000 / CT_KINDS + 1;
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	__u64 kind, extra = 0;

	for (kind = 0; kind < CT_KINDS; kind++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_restore", trials, kind))
			TH_LOG("kind %llu", kind);
		EXPECT_EQ(0, lost(&c))
			TH_LOG("kind %llu", kind);
		EXPECT_LE(trials, c.preempted);
		EXPECT_LE(trials, c.declined);
		extra += needless(&c);
	}
	after = ct_stats(self->fd);
	EXPECT_LE(extra, after.ticks - before.ticks);
	/* where a tick asked in between, there was nothing left to restore */
	EXPECT_LE(CT_KINDS * trials * 9 / 10,
		  restored_by_sections(&after) - restored_by_sections(&before));
	EXPECT_EQ(before.lost, after.lost);
}

/*
 * The same with the restores off loses nearly all of them (a tick may ask
 * again): the test above can fail.
 */
TEST_F(core, without_restores_requests_in_sections_are_lost)
{
	const __u64 trials = 1000;
	struct gort_completion c;
	__u64 kind;

	ASSERT_EQ(0, gt_param_set("restore", 0));
	for (kind = 0; kind < CT_KINDS; kind++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_restore", trials, kind))
			TH_LOG("kind %llu", kind);
		EXPECT_LT(trials * 9 / 10, lost(&c))
			TH_LOG("kind %llu", kind);
	}
	ASSERT_EQ(0, gt_param_set("restore", 1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_restore", trials, 0));
	EXPECT_EQ(0, lost(&c));
}

/*
 * Requests by the real tick, at the shortest slice, into G code that is mostly
 * inside sections. Breaks if a request that comes at any instruction of a
 * wrapper is dropped: the tick itself looks for such a state and counts it.
 */
TEST_F(core, tick_that_meets_a_section_is_not_lost)
{
	struct gort_stats before, after;
	struct gort_completion c;
	__u64 kind;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	before = ct_stats(self->fd);
	for (kind = 0; kind < CT_KINDS; kind++)
		ASSERT_EQ(2, ct_start(self->fd, "t_hold", 2, 2000, 50, 5, kind));
	for (i = 0; i < 2 * CT_KINDS; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(2000 * 55, c.result);
	}
	after = ct_stats(self->fd);
	EXPECT_LT(before.requested, after.requested);
	EXPECT_LT(before.declined[GORT_DECLINE_LOCKS],
		  after.declined[GORT_DECLINE_LOCKS]);
	EXPECT_LT(restored_by_sections(&before), restored_by_sections(&after));
	EXPECT_LT(before.accepted, after.accepted);
	EXPECT_EQ(before.lost, after.lost);
}

/*
 * With the restores off the tick does find lost requests, so that the counter
 * that the other tests expect to stand still is known to move.
 */
TEST_F(core, lost_requests_are_counted)
{
	struct gort_stats before, after;
	__u64 until;

	ASSERT_EQ(0, gt_param_set("slice_us", 100));
	ASSERT_EQ(0, gt_param_set("restore", 0));
	before = ct_stats(self->fd);
	until = gt_now() + GT_PATIENCE;
	do {
		ASSERT_EQ(0, ct_run(self->fd, NULL, "t_hold", 20, 10000, 10000,
				    CT_KIND_LOCK));
		after = ct_stats(self->fd);
	} while (after.lost == before.lost && gt_now() < until);
	EXPECT_LT(before.lost, after.lost);

	ASSERT_EQ(0, gt_param_set("restore", 1));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_hold", 100, 10000, 10000,
			    CT_KIND_LOCK));
	after = ct_stats(self->fd);
	EXPECT_EQ(before.lost, after.lost);
}

/* The built-in "lock" workload, as users run it: right results, none lost. */
TEST_F(core, lock_workload_loses_nothing)
{
	struct gort_stats before, after;
	struct gort_completion c;
	__u64 kind;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 100));
	before = ct_stats(self->fd);
	for (kind = 0; kind < 6; kind++)
		ASSERT_EQ(4, ct_start(self->fd, "lock", 4, 2000, 50, kind));
	for (i = 0; i < 24; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(gt_steps(2000 * 50), c.result);
	}
	after = ct_stats(self->fd);
	EXPECT_LT(before.accepted, after.accepted);
	EXPECT_EQ(before.lost, after.lost);
}

/* Runs t_site with the hook in place; its status, and the losses in @c. */
static int run_site(int fd, __u64 trials, __u64 site, struct gort_completion *c)
{
	int err = ct_hook(true);

	if (err)
		return err;
	err = ct_run(fd, c, "t_site", trials, site);
	return ct_hook(false) ? -EIO : err;
}

/*
 * A request inside gort_ready(), where the M must not lose its G. Breaks if
 * that section ends without a restore; and with the restores off it does.
 */
TEST_F(core, request_inside_ready_is_answered_after_it)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	ASSERT_EQ(0, run_site(self->fd, 20000, GORT_SITE_READY, &c));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_LT(18000, after.restored[GORT_SITE_READY] -
			 before.restored[GORT_SITE_READY]);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	ASSERT_EQ(0, run_site(self->fd, 1000, GORT_SITE_READY, &c));
	EXPECT_LT(900, c.result);
}

/* The same inside gort_go(), which starts another G. */
TEST_F(core, request_inside_go_is_answered_after_it)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	ASSERT_EQ(0, run_site(self->fd, 10000, GORT_SITE_GO, &c));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_LT(9000, after.restored[GORT_SITE_GO] -
			 before.restored[GORT_SITE_GO]);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	ASSERT_EQ(0, run_site(self->fd, 1000, GORT_SITE_GO, &c));
	EXPECT_LT(900, c.result);
}

/*
 * Brings about that the G of a running t_site asks for a new M: a second P
 * comes into use, but the first attempt to make its M fails. ETIME: the M that
 * runs the G was first to ask again.
 */
static int try_allocm(int fd, struct gort_completion *c)
{
	__u64 switches;
	int err;

	if (gt_param_set("nprocs", 1) || gt_param_set("fail_nth", 0))
		return -EIO;
	switches = ct_stats(fd).switches;
	if (ct_start(fd, "t_site", 1, 1, GORT_SITE_ALLOCM) != 1)
		return -EIO;
	if (!gt_wait_for(ct_stats(fd).switches > switches + 100))
		return -EIO;
	if (gt_param_set("fail_nth", 1) || gt_param_set("nprocs", 2))
		return -EIO;
	err = ct_next(fd, c);
	return err ? err : c->status;
}

static int run_allocm(int fd, struct gort_completion *c)
{
	int err, i;

	for (i = 0; i < 50; i++) {
		err = try_allocm(fd, c);
		if (err != -ETIME)
			return err;
	}
	return err;
}

/*
 * The same where a G finds a P without an M and asks for one. EPROTO or ETIME
 * here mean that it did not come to that. Without the restore a tick may still
 * ask anew before the check, since Linux wants the CPU for who makes the M: one
 * loss in ten shows that it is the restore that makes it none.
 */
TEST_F(core, request_inside_allocm_is_answered_after_it)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	__u64 lost = 0;
	int i;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, ct_hook(true));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, run_allocm(self->fd, &c));
		EXPECT_EQ(0, c.result);
	}
	after = ct_stats(self->fd);
	EXPECT_LE(9, after.restored[GORT_SITE_ALLOCM] -
		      before.restored[GORT_SITE_ALLOCM]);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, run_allocm(self->fd, &c));
		lost += c.result;
	}
	EXPECT_LE(1, lost);
	EXPECT_EQ(0, ct_hook(false));
}

/*
 * A request around a change of stack segments, in the modes 0 to 5 of t_edge:
 * each writes the limit anew. Breaks if one of them forgets the request, if a
 * declined check forgets to grow, or if growing lets a lock's holder yield.
 */
TEST_F(core, request_survives_a_change_of_segments)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	__u64 mode;

	for (mode = 0; mode <= 5; mode++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_edge", 10000, mode))
			TH_LOG("mode %llu", mode);
		EXPECT_EQ(0, c.result)
			TH_LOG("mode %llu", mode);
		EXPECT_LE(10000, c.preempted);
	}
	after = ct_stats(self->fd);
	/* mode 5 */
	EXPECT_LT(9000, after.restored[GORT_SITE_SHRINK] -
			 before.restored[GORT_SITE_SHRINK]);
	EXPECT_LE(6 * 10000, after.grown - before.grown);
	EXPECT_EQ(before.lost, after.lost);
}

/* Mode 3 is answered on the way in and needs no restore; all others do. */
TEST_F(core, without_restores_a_change_of_segments_loses_requests)
{
	struct gort_completion c;
	__u64 mode;

	ASSERT_EQ(0, gt_param_set("restore", 0));
	for (mode = 0; mode <= 5; mode++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_edge", 1000, mode))
			TH_LOG("mode %llu", mode);
		if (mode == 3) {
			EXPECT_EQ(0, c.result);
		} else {
			EXPECT_LT(900, c.result)
				TH_LOG("mode %llu", mode);
		}
	}
}

/*
 * A tick in the very moment of growth. There is no deterministic way to hit
 * it, so a G that hardly does anything but grow runs until it was hit. Breaks
 * if the tail of the slow path overwrites a request.
 */
TEST_F(core, tick_while_growing_is_restored)
{
	struct gort_stats before, after;
	__u64 until = gt_now() + GT_PATIENCE;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	before = ct_stats(self->fd);
	do {
		ASSERT_EQ(0, ct_run(self->fd, NULL, "t_split", 20000));
		after = ct_stats(self->fd);
	} while (gt_now() < until &&
		 (after.restored[GORT_SITE_GROW] ==
		  before.restored[GORT_SITE_GROW] ||
		  after.restored[GORT_SITE_SHRINK] ==
		  before.restored[GORT_SITE_SHRINK]));
	EXPECT_LT(before.restored[GORT_SITE_GROW],
		  after.restored[GORT_SITE_GROW]);
	EXPECT_LT(before.restored[GORT_SITE_SHRINK],
		  after.restored[GORT_SITE_SHRINK]);
	EXPECT_EQ(before.lost, after.lost);
}

/* Two Gs on one P that only call a small or medium function while waiting. */
TEST_F(core, calls_are_preempted)
{
	struct gort_completion c;
	__u64 frame;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("async", 0));
	for (frame = 0; frame <= 1; frame++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_turns", 50, frame));
		EXPECT_EQ(50, c.result);
		EXPECT_LE(49, c.preempted);
	}
}

/*
 * The other one comes on next, each time: who has just left does not come back
 * at once from the global queue, which every 61st turn looks at first. A tick
 * right at the start of a turn may come in between.
 */
TEST_F(core, who_is_preempted_makes_room)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("async", 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_turns", 1000, 0));
	EXPECT_EQ(1000, c.result);
	EXPECT_GE(1000 + 4, c.preempted);
}

/*
 * The same with the largest frame: its prologue compares the stack pointer
 * minus the frame, which must not wrap around on the value that asks to yield.
 */
TEST_F(core, calls_with_a_large_frame_are_preempted)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("async", 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_turns", 50, 2));
	EXPECT_EQ(50, c.result);
	EXPECT_LE(49, c.preempted);
}

TEST_F(core, slice_out_of_range_is_refused)
{
	static const __s64 bad[] = { -1, 0, 1, 49, 1000001, 1LL << 32 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_NE(0, gt_param_set("slice_us", bad[i]))
			TH_LOG("slice_us=%lld", bad[i]);
		EXPECT_EQ(10000, gt_param_get("slice_us"));
	}
	EXPECT_EQ(-EINVAL, gt_param_set("slice_us", 49));
	EXPECT_EQ(-EINVAL, gt_param_set("slice_us", 1000001));
	EXPECT_EQ(-EINVAL, gt_write_file(GT_PARAMS "slice_us", "soon"));
	EXPECT_EQ(0, gt_param_set("slice_us", 50));
	EXPECT_EQ(0, gt_param_set("slice_us", 1000000));
	EXPECT_EQ(1000000, gt_param_get("slice_us"));
}

/* How often one of two hogs on one P was preempted, each doing @n calls. */
static __u64 preemptions(int fd, __u64 slice_us, __u64 n)
{
	struct gort_completion c[2];

	if (gt_param_set("slice_us", slice_us) ||
	    ct_start(fd, "call", 2, n) != 2)
		return 0;
	if (ct_next(fd, &c[0]) || ct_next(fd, &c[1]) ||
	    c[0].result != gt_steps(n) || c[1].result != gt_steps(n))
		return 0;
	return (__u64)c[0].preempted + c[1].preempted;
}

/*
 * A shorter slice preempts more often. Breaks if the parameter is not used, or
 * only by Gs that start later. The factors are far below the real ones (20 and
 * 10), because an emulated CPU can't keep up with 20,000 ticks a second.
 */
TEST_F(core, slice_decides_how_often_a_hog_is_preempted)
{
	__u64 n = 1 << 18, us50 = 0, ms1 = 0, ms10;
	int tries;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	/* long enough for a few slices of 10 ms */
	do {
		n *= 2;
		ms10 = preemptions(self->fd, 10000, n);
	} while (ms10 < 8 && n < 1ULL << 32);
	/* who emulates the CPU may be away for longer than a tick, but not always */
	for (tries = 0; tries < 5 && ms1 <= 3 * ms10; tries++)
		ms1 = preemptions(self->fd, 1000, n);
	for (tries = 0; tries < 5 && us50 <= 2 * ms1; tries++)
		us50 = preemptions(self->fd, 50, n);
	TH_LOG("%llu calls: %llu at 10 ms, %llu at 1 ms, %llu at 50 us",
	       n, ms10, ms1, us50);
	EXPECT_LE(8, ms10);
	EXPECT_LT(3 * ms10, ms1);
	EXPECT_LT(2 * ms1, us50);
}

TEST_HARNESS_MAIN
