// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation may fail. The parameter fail_nth lets the n-th one do so;
 * the tests let n run from the first to the last that their calls lead to. Each
 * time the outcome is a documented one, the next calls work, and no green
 * thread stays behind. That no memory does is for whoever unloads the module.
 */
#include "gort_test.h"

#define MAX_NTH		1000	/* more than one sequence allocates */
#define TASKS		3	/* of one kind, in one batch */

FIXTURE(nth) {
	int watch;
	__s64 base;
	struct gt_params params;
};

FIXTURE_VARIANT(nth) {
	const char *name;
	__u64 args[3];
	int min_sites;		/* allocations that one batch makes, at least */
};

/* Three for each task (the task, its id, its G), and one for its stack. */
FIXTURE_VARIANT_ADD(nth, call) {
	.name = "call", .args = { 100 }, .min_sites = 4 * TASKS,
};

FIXTURE_VARIANT_ADD(nth, sleep) {
	.name = "sleep", .args = { 1000, 2 }, .min_sites = 4 * TASKS,
};

/* And for each segment. */
FIXTURE_VARIANT_ADD(nth, recurse) {
	.name = "recurse", .args = { 100, 1024 }, .min_sites = 9 * TASKS,
};

FIXTURE_VARIANT_ADD(nth, lock) {
	.name = "lock", .args = { 10, 10, 1 }, .min_sites = 4 * TASKS,
};

/* And two for each child. */
FIXTURE_VARIANT_ADD(nth, pingpong) {
	.name = "pingpong", .args = { 10 }, .min_sites = 6 * TASKS,
};

FIXTURE_VARIANT_ADD(nth, spawn) {
	.name = "spawn", .args = { 2, 3 }, .min_sites = 28 * TASKS,
};

/*
 * A stack from a cache is no allocation: keep none, and use up what is there.
 * A P that goes out of use gives its own back; on the one that is left deep
 * tasks run until they find no more.
 */
static bool empty_caches(int fd)
{
	struct gort_completion c[TASKS];
	struct gort_stats before, after;
	int i;

	if (gt_param_set("stack_cache", 0) || gt_param_set("nprocs", 1))
		return false;
	for (i = 0; i < 500; i++) {
		if (gt_stats(fd, GORT_STATS_ALL, &before) ||
		    gt_run(fd, "recurse", TASKS, 100, 1024, 0) != TASKS ||
		    gt_read_all(fd, c, TASKS) != TASKS ||
		    gt_stats(fd, GORT_STATS_ALL, &after))
			return false;
		if (before.seg_reuses == after.seg_reuses)
			return true;
	}
	return false;
}

FIXTURE_SETUP(nth)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	self->watch = gt_open(0);
	ASSERT_LE(0, self->watch);
	self->base = gt_total(self->watch);
	ASSERT_TRUE(empty_caches(self->watch));
	ASSERT_EQ(0, gt_param_set("nprocs", self->params.value[0]));
	ASSERT_TRUE(gt_wait_for(gt_total(self->watch) == self->base));
}

FIXTURE_TEARDOWN(nth)
{
	EXPECT_TRUE(gt_params_restore(&self->params));
	EXPECT_EQ(self->base, gt_total(self->watch));
	close(self->watch);
}

/* What became of one open, one batch, and its completions. */
struct outcome {
	int open;		/* 0 or a negative errno */
	int submit;
	int error;		/* as the submit says */
	int completed;		/* as many as were accepted */
	int failed;		/* with ENOMEM; any other failure is a bug */
	bool sane;
};

static struct outcome sequence(const char *name, const __u64 *args)
{
	struct gort_completion c[TASKS];
	struct outcome o = { .sane = true };
	struct gort_task_desc t[TASKS];
	struct gort_submit s;
	int fd = gt_open(0), i;

	if (fd < 0) {
		o.open = fd;
		return o;
	}
	for (i = 0; i < TASKS; i++) {
		o.sane &= gt_task(fd, name, &t[i], args[0], args[1], args[2]);
		t[i].user_data = i;
	}
	o.submit = gt_submit(fd, t, TASKS, &s);
	o.error = s.error;
	if (!o.submit) {
		o.completed = gt_read_all(fd, c, TASKS);
		o.sane &= o.completed == (int)s.submitted;
	}
	for (i = 0; i < o.completed; i++) {
		o.failed += c[i].status == -ENOMEM;
		o.sane &= c[i].status == -ENOMEM ||
			  (!c[i].status &&
			   c[i].result == gt_expected(name, args));
	}
	o.sane &= !close(fd);
	return o;
}

/* All sites in turn: the first failure that is not handled crashes or leaks. */
TEST_F(nth, allocation_fails_cleanly)
{
	int n, opens = 0, submits = 0, tasks = 0, left;
	struct outcome o;

	for (n = 1; n < MAX_NTH; n++) {
		ASSERT_EQ(0, gt_param_set("fail_nth", n));
		o = sequence(variant->name, variant->args);
		left = gt_param_get("fail_nth");
		ASSERT_EQ(0, gt_param_set("fail_nth", 0));
		ASSERT_TRUE(o.sane)
			TH_LOG("fail_nth=%d", n);
		ASSERT_TRUE(!o.open || o.open == -ENOMEM);
		ASSERT_TRUE(!o.submit || o.submit == -ENOMEM);
		ASSERT_TRUE(!o.error || o.error == ENOMEM);
		/* One failure shows once, or not at all if it was made up. */
		ASSERT_GE(1, !!o.open + !!o.error + o.failed);
		ASSERT_EQ(self->base, gt_total(self->watch));
		opens += !!o.open;
		submits += !!o.error;
		tasks += o.failed;

		o = sequence(variant->name, variant->args);
		ASSERT_TRUE(o.sane && !o.open && !o.error && !o.failed)
			TH_LOG("after fail_nth=%d", n);
		ASSERT_EQ(TASKS, o.completed);
		ASSERT_EQ(self->base, gt_total(self->watch));
		if (left)
			break;
	}
	/* It came to its end, and it met what it was to meet. */
	EXPECT_GT(MAX_NTH, n);
	EXPECT_LT(variant->min_sites, n);
	EXPECT_LE(2, opens);
	EXPECT_LE(TASKS, submits);
	EXPECT_LE(1, tasks);
}

/* With no memory at all for a while: nothing is accepted, nothing breaks. */
TEST_F(nth, a_row_of_failures_is_survived)
{
	struct outcome o;
	int n;

	for (n = 0; n < 50; n++) {
		ASSERT_EQ(0, gt_param_set("fail_nth", 1 + n % 7));
		o = sequence(variant->name, variant->args);
		ASSERT_TRUE(o.sane);
		ASSERT_EQ(self->base, gt_total(self->watch));
	}
	ASSERT_EQ(0, gt_param_set("fail_nth", 0));
	o = sequence(variant->name, variant->args);
	EXPECT_TRUE(o.sane && !o.open && !o.error && !o.failed);
}

/* The instrument itself: it fires once, at the n-th, and then rests. */
TEST(fail_nth_counts_down)
{
	struct gort_task_desc t;
	struct gt_params params;
	int fd = gt_open(0), i;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(gt_params_save(&params));
	EXPECT_EQ(0, gt_param_get("fail_nth"));
	ASSERT_EQ(0, gt_param_set("fail_nth", 1000000));
	EXPECT_EQ(1000000, gt_param_get("fail_nth"));
	ASSERT_TRUE(gt_task(fd, "yield", &t, 1, 0, 0));
	ASSERT_EQ(1, gt_submit_n(fd, &t, 1, NULL));
	EXPECT_GT(1000000, gt_param_get("fail_nth"));

	ASSERT_EQ(0, gt_param_set("fail_nth", 1));
	EXPECT_EQ(-ENOMEM, gt_submit_n(fd, &t, 1, NULL));
	EXPECT_EQ(0, gt_param_get("fail_nth"));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(1, gt_submit_n(fd, &t, 1, NULL));
	EXPECT_TRUE(gt_params_restore(&params));
	close(fd);
}

TEST_HARNESS_MAIN
