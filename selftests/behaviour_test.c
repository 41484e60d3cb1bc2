// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Go's own tests demand of a scheduler and the other programs here do not
 * show yet; Documentation/testing.rst has the whole list.
 */

#include "core_test.h"

/* Low half of t_fair's result: us too late; high half: woken before */
static __u64 late_us(const struct gort_completion *c)
{
	return c->result & 0xffffffff;
}

static __u64 woken(const struct gort_completion *c)
{
	return c->result >> 32;
}

/*
 * On one P, and on all: three times in a row. Nobody is late by a second for a
 * reason of gort's, but whoever emulates the CPUs may halt them for long.
 */
static void expect_fair(struct __test_metadata *_metadata, int fd, __u64 calls)
{
	__u64 least, wakes;
	struct gort_completion c;
	int n, i;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	for (n = 1; n >= 0; n--) {
		ASSERT_EQ(0, gt_param_set("nprocs", n));
		least = ~0ULL;
		wakes = 0;
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, ct_run(fd, &c, "t_fair",
					    20 * GT_NSEC_PER_MSEC, calls));
			least = late_us(&c) < least ? late_us(&c) : least;
			wakes += woken(&c);
		}
		TH_LOG("late by %llu us, woken %llu times before", least, wakes);
		EXPECT_LT(0, wakes);
		EXPECT_GT(1000000, least);
	}
}

/*
 * A deadline of 20 ms is kept by a G that two others wake all the time, who also
 * wake each other. Breaks if what wakes each other in one slice starves timers.
 */
TEST_F(core, timer_fairness)
{
	expect_fair(_metadata, self->fd, 0);
}

/* The same for two Gs that make blocking calls and wake each other. */
TEST_F(core, timer_fairness_2)
{
	expect_fair(_metadata, self->fd, 1);
}

/*
 * Of two pairs on one P that take turns within the pair, one takes a thousand
 * times longer ones (a hundred, where a switch takes as long as a short turn):
 * both get about the same share. Breaks if who is handed the turn waits behind the
 * other pair, each time.
 */
TEST_F(core, ping_pong_hog)
{
	struct gort_completion c;
	__u64 hog, light;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_hogpair", 400 * GT_NSEC_PER_MSEC,
			    1000000, 1000 * gt_slow()));
	hog = c.result >> 32;
	light = c.result & 0xffffffff;
	TH_LOG("long turns %llu, short turns %llu", hog, light);
	EXPECT_LT(0, light);
	EXPECT_GT(4 * light, hog);
	EXPECT_GT(4 * hog, light);
}

/*
 * The number of Gs that exist is told the same in three ways, while they sleep,
 * while some of them end, and when all have ended.
 */
TEST_F(core, num_goroutine)
{
	struct gort_stats before = ct_stats(self->fd), st;
	struct gort_completion c;
	__u64 first, i;

	ASSERT_EQ(0, gt_total(self->fd));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(1, ct_start(self->fd, "t_park", 1, 0, 0));
	ASSERT_TRUE(gt_wait_for(ct_stats(self->fd).parked >=
				before.parked + 100));
	EXPECT_EQ(100, gt_total(self->fd));
	EXPECT_EQ(100, gt_of_file(self->fd));
	ASSERT_EQ(0, ct_run(self->fd, &c, "fib", 3));
	first = c.id - 100;
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(0, gt_cancel(self->fd, first + i, NULL));
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(first + i, c.id);
	}
	st = ct_stats(self->fd);
	EXPECT_EQ(60, st.spawned - st.exited);
	EXPECT_EQ(60, gt_total(self->fd));
	EXPECT_EQ(60, gt_of_file(self->fd));
	ASSERT_EQ(0, gt_cancel_all(self->fd, &i));
	EXPECT_EQ(60, i);
	for (i = 0; i < 60; i++)
		ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, gt_total(self->fd));
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/*
 * 256 times 32 Gs with 128 KiB of stack each: what is kept of them is bounded
 * by the caches, from the first to the last. Breaks if segments pile up.
 */
TEST_F_TIMEOUT(core, stack_mem, 120)
{
	const long segments = ct_areas("[gort]");
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	long most = 0, now;
	int i, j;

	for (i = 0; i < 256; i++) {
		ASSERT_EQ(32, ct_start(self->fd, "recurse", 32, 124, 1024));
		for (j = 0; j < 32; j++) {
			ASSERT_EQ(0, ct_next(self->fd, &c));
			ASSERT_EQ(0, c.status);
			EXPECT_EQ(124 * 125 / 2, c.result);
			EXPECT_LE(124 * 1024, c.stack_bytes);
		}
		now = ct_areas("[gort]");
		most = now > most ? now : most;
	}
	after = ct_stats(self->fd);
	TH_LOG("%ld segments at first, %ld at most; %llu from the kernel, %llu from a cache",
	       segments, most, after.seg_allocs - before.seg_allocs,
	       after.seg_reuses - before.seg_reuses);
	/* two sizes for each P */
	EXPECT_GE(2 * 256 * ct_cpus(), most);
	/* of the larger segments that instruments need, so many are enough */
	EXPECT_LE(6 * 32 * 256, after.grown - before.grown);
}

/* There is no G without a body, and none without a context to belong to. */
TEST_F(core, go_nil)
{
	__s64 total = gt_total(self->fd);
	char text[64];

	EXPECT_EQ(-EINVAL, ct_run(self->fd, NULL, "t_gonil"));
	ASSERT_EQ(0, ct_read_test_param("go_nil", text, sizeof(text)));
	EXPECT_STREQ("-22 -22\n", text);
	EXPECT_EQ(total, gt_total(self->fd));
}

TEST_HARNESS_MAIN
