// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks: they grow and shrink at any place without a trace, end cleanly when
 * there is no more, and give their memory back.
 */

#include "core_test.h"

#define FRAMES		120	/* functions of one family in gort_test.ko */

/* Segments that gort has of the kernel: its areas in /proc/vmallocinfo. */
static int segments(void)
{
	return ct_areas("[gort]");
}

/*
 * Bytes over the ends of two segments: the next one is larger by 12 or 16 KiB.
 */
static __u64 two_ends(void)
{
	return 2 * gt_stack() + 12288;
}

/*
 * One family of functions, every frame size, at every depth of the stack:
 * undisturbed, made to yield in each prologue, and declining to. Each prologue
 * then takes another way out of the slow path: to a new segment, back to where
 * it is, or both at once.
 */
static void sweep(struct __test_metadata *_metadata, int fd, __u64 family)
{
	struct gort_stats before, after;
	struct gort_completion c;
	__u64 bytes = two_ends(), ask;

	ASSERT_LT(12288, bytes);
	for (ask = 0; ask <= 2; ask++) {
		before = ct_stats(fd);
		EXPECT_EQ(0, ct_run(fd, &c, "t_frames", family, bytes, ask))
			TH_LOG("ask %llu", ask);
		EXPECT_EQ(bytes / 16 * FRAMES, c.result);
		after = ct_stats(fd);
		/* frames of 1 KiB on average, at two ends of segments */
		EXPECT_LT(2 * FRAMES * 50, after.grown - before.grown);
		if (ask == 1)
			EXPECT_LE(bytes / 16 * FRAMES, c.preempted);
		if (ask == 2)
			EXPECT_LE(bytes / 16 * FRAMES, c.declined);
	}
}

/*
 * Arguments in registers, on the stack and in a structure by value. Breaks if
 * the copy of the stack arguments is too short or at the wrong place, or if
 * the slow path harms a register that carries an argument.
 */
TEST_F(core, arguments_come_through_growth)
{
	sweep(_metadata, self->fd, 0);
}

/*
 * Breaks if a variadic function on a new segment looks for them there, and also
 * if one that stays where it is looks for them elsewhere.
 */
TEST_F(core, variable_arguments_come_through_growth)
{
	sweep(_metadata, self->fd, 1);
}

/* A structure returned through the hidden pointer to the old segment. */
TEST_F(core, returned_structure_comes_through_growth)
{
	sweep(_metadata, self->fd, 2);
}

/* Breaks if the way back to the old segment harms %rax or %rdx. */
TEST_F(core, result_in_two_registers_comes_through_growth)
{
	sweep(_metadata, self->fd, 3);
}

/* The registers that a function must keep, over growth and a yield in it. */
TEST_F(core, kept_registers_come_through_growth)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_regs", 20000));
	EXPECT_EQ(0, c.result);
	EXPECT_LE(10000, c.preempted);
}

/*
 * All of it on all CPUs, preempted as often as possible. Breaks if a G that
 * comes back on another CPU uses anything of the one it left.
 */
TEST_F(core, results_are_exact_under_fast_preemption)
{
	struct gort_completion c;
	__u64 bytes = two_ends(), preempted = 0, family;
	int i;

	ASSERT_LT(12288, bytes);
	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	for (family = 0; family < 4; family++)
		ASSERT_EQ(1, ct_start(self->fd, "t_frames", 1, family, bytes,
				      family % 3));
	ASSERT_EQ(2, ct_start(self->fd, "t_regs", 2, 10000));
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_TRUE(c.result == bytes / 16 * FRAMES || c.result == 0);
		preempted += c.preempted;
	}
	EXPECT_LT(10000 + 100, preempted);
}

/* The built-in recursion at many frame sizes, each checking its frames. */
TEST_F(core, recursion_works_with_every_frame_size)
{
	struct gort_completion c;
	__u64 frame;

	for (frame = 16; frame <= 1920; frame += 16) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "recurse", 60, frame))
			TH_LOG("frame %llu", frame);
		EXPECT_EQ(60 * 61 / 2, c.result);
		/* all frames lay on its stack at the same time */
		EXPECT_LE(60 * (frame - 16), c.stack_bytes);
	}
}

/* What t_mutual returns: seven digits turned @depth times, and 6 a level. */
static __u64 mutual(__u64 depth)
{
	__u64 sum = 6 * depth, weight = 1, i;

	for (i = 0; i < 7; i++, weight *= 10)
		sum += weight * ((i + depth) % 7 + 1);
	return sum;
}

/* t_big's kinds: a frame of more than a page, one beyond any segment */
enum { BIG_PAGE, BIG_SEGMENT };

/*
 * The only prologue on the way is that of a frame of more than a page: its
 * comparison of the limit must not wrap, and it sees requests like any other.
 */
TEST_F(core, frame_beyond_a_page_is_preempted)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_insmod_own("gort_test_big", ""));
	ASSERT_EQ(0, gt_param_set("async", 0));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_big", BIG_PAGE, 2000000));
	EXPECT_LE(3, c.result);
	EXPECT_TRUE(ct_rmmod_soon("gort_test_big"));
}

/* Whoever raises the bound of the checker too far loses the G, not the machine. */
TEST_F(core, frame_beyond_a_segment_ends_the_task_alone)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_insmod_own("gort_test_big", ""));
	EXPECT_EQ(-EOVERFLOW, ct_run(self->fd, &c, "t_big", BIG_SEGMENT, 1));
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_big", BIG_PAGE, 10));
	EXPECT_TRUE(ct_rmmod_soon("gort_test_big"));
}

/* Three functions with small, medium and large frames that call each other. */
TEST_F(core, mutual_recursion_keeps_its_arguments)
{
	struct gort_completion c;
	__u64 depth;

	for (depth = 0; depth <= 64; depth++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_mutual", depth));
		EXPECT_EQ(mutual(depth), c.result);
	}
}

/* What a task reports is what it used: more when deeper, never over the cap. */
TEST_F(core, stack_use_is_reported_and_capped)
{
	struct gort_completion shallow, deep;
	struct gort_info info;

	ASSERT_EQ(0, gt_info(self->fd, &info));
	ASSERT_EQ(0, ct_run(self->fd, &shallow, "call", 1));
	ASSERT_EQ(0, ct_run(self->fd, &deep, "recurse", 100, 1024));
	EXPECT_LT(0, shallow.stack_bytes);
	EXPECT_LT(shallow.stack_bytes + 90 * 1024, deep.stack_bytes);
	EXPECT_LE(deep.stack_bytes, info.stack_max);
}

/*
 * Recursion without end fails with EOVERFLOW, and neither the machine nor a
 * neighbour notices. Breaks if the cap is not looked at, or if the G's end in
 * the middle of a call harms its M.
 */
TEST_F(core, overflow_ends_the_task_alone)
{
	struct gort_stats before = ct_stats(self->fd);
	struct gort_completion c;
	struct gort_info info;
	int i, over = 0;

	ASSERT_EQ(0, gt_info(self->fd, &info));
	ASSERT_EQ(10, ct_start(self->fd, "t_deep", 10, CT_KIND_NONE, 0, ~0ULL));
	ASSERT_EQ(10, ct_start(self->fd, "fib", 10, 16));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		if (c.status) {
			EXPECT_EQ(-EOVERFLOW, c.status);
			EXPECT_LE(c.stack_bytes, info.stack_max);
			EXPECT_LT(info.stack_max / 2, c.stack_bytes);
			over++;
		} else {
			EXPECT_EQ(gt_fib(16), c.result);
		}
	}
	EXPECT_EQ(10, over);
	EXPECT_EQ(before.overflows + 10, ct_stats(self->fd).overflows);
}

/*
 * The same with a gort lock held: it is released, so that others who want it go
 * on, and those who come later too.
 */
TEST_F(core, overflow_releases_the_locks_of_the_task)
{
	struct gort_completion c;
	int i, over = 0;

	ASSERT_EQ(4, ct_start(self->fd, "t_uselock", 4, 500));
	ASSERT_EQ(4, ct_start(self->fd, "t_deep", 4, CT_KIND_NONE, 1, ~0ULL));
	ASSERT_EQ(4, ct_start(self->fd, "t_uselock", 4, 500));
	for (i = 0; i < 12; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		if (c.status) {
			EXPECT_EQ(-EOVERFLOW, c.status);
			over++;
		} else {
			EXPECT_EQ(500, c.result);
		}
	}
	EXPECT_EQ(4, over);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_uselock", 1));
}

/*
 * The same inside every kind of section. Where the M may not sleep it may run
 * out of segments before it is at the cap. Breaks if the M keeps preemption or
 * interrupts off: the tasks after it look at that.
 */
TEST_F(core, overflow_in_a_section_leaves_the_machine_neutral)
{
	struct gort_completion c;
	__u64 kind;
	int err;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	for (kind = 0; kind < CT_KINDS; kind++) {
		err = ct_run(self->fd, &c, "t_deep", kind, 0, ~0ULL);
		EXPECT_TRUE(err == -EOVERFLOW || err == -ENOMEM)
			TH_LOG("kind %llu: %d", kind, err);
		EXPECT_EQ(0, ct_run(self->fd, &c, "t_neutral"));
		EXPECT_EQ(0, c.result)
			TH_LOG("kind %llu", kind);
	}
	ASSERT_EQ(0, ct_run(self->fd, &c, "call", 100000));
	EXPECT_EQ(gt_steps(100000), c.result);
}

/*
 * Where the M may not sleep, a stack can still grow by a segment, which every
 * P keeps for that. (The yields let a P that has none get one.)
 */
TEST_F(core, stack_grows_inside_every_section)
{
	struct gort_completion c;
	__u64 kind;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "yield", 200));
	for (kind = 0; kind < CT_KINDS; kind++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_deep", kind, 0, 30))
			TH_LOG("kind %llu", kind);
		EXPECT_EQ(30, c.result);
		EXPECT_LT(30 * 256, c.stack_bytes);
	}
}

/*
 * A loop that crosses the end of a segment at every turn, the case for which Go
 * and Rust gave segmented stacks up. Breaks if a segment is given back when the
 * stack returns from it.
 */
TEST_F(core, hot_split_allocates_nothing)
{
	struct gort_stats before, after;
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_split", 10));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_split", 100000));
	EXPECT_EQ(100000, c.result);
	after = ct_stats(self->fd);
	EXPECT_LE(100000, after.grown - before.grown);
	EXPECT_GT(10, after.seg_allocs - before.seg_allocs);
	EXPECT_GT(10, after.seg_reuses - before.seg_reuses);

	/* the test can fail: who does not keep a segment needs one each time */
	before = after;
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_split", 1));
	after = ct_stats(self->fd);
	EXPECT_LE(100, after.seg_allocs - before.seg_allocs +
		       after.seg_reuses - before.seg_reuses);
}

/*
 * 64 stacks of 80 KiB at a time, with more big segments than one P keeps: each
 * task sleeps at the bottom until all are there.
 */
static void many_deep_stacks(struct __test_metadata *_metadata, int fd)
{
	struct gort_completion c[64];
	int i;

	ASSERT_EQ(64, ct_start(fd, "t_deep", 64, CT_KIND_NONE, 0, 300,
			       100 * GT_NSEC_PER_MSEC));
	ASSERT_EQ(64, gt_read_all(fd, c, 64));
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(0, c[i].status);
		EXPECT_EQ(300, c[i].result);
		EXPECT_LT(300 * 256, c[i].stack_bytes);
	}
}

/*
 * Stacks that have ended are reused, and what is kept for that is bounded.
 * Breaks if segments pile up, if the cache is never asked, or if a lower bound
 * is not kept to.
 */
TEST_F(core, cache_of_segments_is_bounded)
{
	struct gort_stats before, after;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_write_file("/proc/sys/vm/drop_caches", "2"));
	many_deep_stacks(_metadata, self->fd);
	/* of two sizes, all of the small ones and 256 of the big ones */
	EXPECT_GE(64 + 256, segments());
	EXPECT_LT(200, segments());
	before = ct_stats(self->fd);
	many_deep_stacks(_metadata, self->fd);
	after = ct_stats(self->fd);
	EXPECT_LT(200, after.seg_reuses - before.seg_reuses);
	EXPECT_GE(64 + 256, segments());

	/* what is above a lower bound goes at once */
	ASSERT_EQ(0, gt_param_set("stack_cache", 4));
	EXPECT_GE(2 * 4, segments());
	many_deep_stacks(_metadata, self->fd);
	EXPECT_GE(2 * 4, segments());
}

/*
 * What the cache holds follows what runs. A thousand shallow stacks that all
 * ended have filled it with small segments; deep ones find theirs there all the
 * same when they come again. Breaks if what came first stays for good.
 */
TEST_F(core, cache_serves_those_who_run_now)
{
	struct gort_stats before, after;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_steal", 1000, 1, 1));
	many_deep_stacks(_metadata, self->fd);
	many_deep_stacks(_metadata, self->fd);
	before = ct_stats(self->fd);
	many_deep_stacks(_metadata, self->fd);
	after = ct_stats(self->fd);
	EXPECT_LT(64, after.seg_reuses - before.seg_reuses);
}

/* Under memory pressure the caches are given back, and nothing breaks. */
TEST_F(core, shrinker_empties_the_caches)
{
	struct gort_completion c;
	int full, empty;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	many_deep_stacks(_metadata, self->fd);
	full = segments();
	ASSERT_EQ(0, gt_write_file("/proc/sys/vm/drop_caches", "2"));
	empty = segments();
	TH_LOG("%d segments, after drop_caches %d", full, empty);
	EXPECT_LT(200, full);
	EXPECT_GE(2, empty);
	ASSERT_EQ(0, ct_run(self->fd, &c, "recurse", 100, 1024));
	EXPECT_EQ(100 * 101 / 2, c.result);
}

/*
 * The guard at the end of each segment is used, by frames that do not ask and
 * by interrupts, but not even half of it. Painting is chosen at load time, so
 * gort is loaded again for it.
 */
TEST_F(core, guard_is_at_most_half_used)
{
	struct gort_completion c;
	struct gort_stats st;
	__u64 bytes = two_ends(), family;

	ASSERT_LT(12288, bytes);
	ASSERT_EQ(0, close(self->fd));
	ASSERT_TRUE(ct_rmmod_soon("gort_test"));
	ASSERT_TRUE(ct_rmmod_soon("gort"));
	ASSERT_EQ(0, ct_insmod_gort("stack_paint=1"));
	ASSERT_EQ(0, ct_insmod_test());
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	for (family = 0; family < 4; family++)
		EXPECT_EQ(1, ct_start(self->fd, "t_frames", 1, family, bytes,
				      1));
	EXPECT_EQ(2, ct_start(self->fd, "t_split", 2, 20000));
	EXPECT_EQ(2, ct_start(self->fd, "lock", 2, 1000, 50, 3));
	EXPECT_EQ(2, ct_start(self->fd, "t_waits", 2, 8192));
	for (family = 0; family < 10; family++) {
		EXPECT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
	st = ct_stats(self->fd);
	TH_LOG("guard: %llu of %llu bytes used", st.guard_used, st.guard_bytes);
	EXPECT_LT(0, st.guard_used);
	EXPECT_GE(st.guard_bytes / 2, st.guard_used);

	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(ct_rmmod_soon("gort_test"));
	EXPECT_TRUE(ct_rmmod_soon("gort"));
	EXPECT_EQ(0, ct_insmod_gort(""));
	self->fd = gt_open(0);
	EXPECT_LE(0, self->fd);
}

TEST_HARNESS_MAIN
