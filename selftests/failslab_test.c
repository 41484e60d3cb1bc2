// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own fault injection (failslab, fail_page_alloc), on kernels that
 * are built with it: /proc/PID/fail-nth lets the n-th allocation of one task
 * fail, those inside of the kernel's functions that gort calls included. What
 * fail_nth can't reach is met here: a vmalloc area whose third page is missing.
 *
 * The operations are those of nth_test, each as seen from the task that calls,
 * or from gort's threads. What the kernel allocates it may be able to do
 * without: then the operation works. Else it says ENOMEM, nothing stays, and the
 * next one works.
 */
#include "left.h"
#include "nth_ops.h"

#define MAX_NTH		1000	/* more than one operation allocates */
#define MAX_THREADS	64
#define INJECT		"/sys/kernel/debug/"

/* Tasks whose allocations fail: this process, or gort's threads */
struct tasks {
	int nr;
	int fd[MAX_THREADS];	/* fail-nth of each */
};

static void add_task(struct tasks *t, const char *pid)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/fail-nth", pid);
	if (t->nr < MAX_THREADS)
		t->fd[t->nr] = open(path, O_RDWR | O_CLOEXEC);
	t->nr += t->nr < MAX_THREADS && t->fd[t->nr] >= 0;
}

static void add_threads(struct tasks *t)
{
	char path[300], comm[32];
	struct dirent *e;
	DIR *d = opendir("/proc");

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		if (isdigit(e->d_name[0]) &&
		    !gt_read_file(path, comm, sizeof(comm)) &&
		    !strncmp(comm, "gort/", 5))
			add_task(t, e->d_name);
	}
	if (d)
		closedir(d);
}

static void drop_tasks(struct tasks *t)
{
	while (t->nr)
		close(t->fd[--t->nr]);
}

/* From here on the @n-th allocation of each fails; false: not of all */
static bool arm(const struct tasks *t, int n)
{
	char text[16];
	int i, len = snprintf(text, sizeof(text), "%d", n);
	bool ok = t->nr > 0;

	for (i = 0; i < t->nr; i++)
		ok &= pwrite(t->fd[i], text, len, 0) == len;
	return ok;
}

/* No more; returns how many of them have met it. Who has ended is not counted. */
static int disarm(const struct tasks *t)
{
	char text[16];
	int i, fired = 0;

	for (i = 0; i < t->nr; i++) {
		memset(text, 0, sizeof(text));
		if (pread(t->fd[i], text, sizeof(text) - 1, 0) > 0)
			fired += !atoi(text);
		if (pwrite(t->fd[i], "0", 1, 0) < 0)
			continue;
	}
	return fired;
}

FIXTURE(inject) {
	struct gt_params params;
	int watch;
	struct left before;
};

FIXTURE_VARIANT(inject) {
	int (*run)(void);
	bool threads;		/* of gort's, not this process */
	int min;		/* failures, at least */
	int also;		/* an errno beside ENOMEM */
	const char *module;	/* that it needs */
};

FIXTURE_VARIANT_ADD(inject, open) {
	.run = nth_open, .min = 3,
};

FIXTURE_VARIANT_ADD(inject, submit_one) {
	.run = nth_one, .min = 6,
};

FIXTURE_VARIANT_ADD(inject, submit_each_workload) {
	.run = nth_each, .min = 20,
};

FIXTURE_VARIANT_ADD(inject, ring) {
	.run = nth_ring, .min = 9,
};

FIXTURE_VARIANT_ADD(inject, debugfs) {
	.run = nth_debugfs, .min = 11,
};

FIXTURE_VARIANT_ADD(inject, context) {
	.run = nth_context, .min = 3, .module = "gort_test",
};

/* A stack is an area, its pages, and what describes them. */
FIXTURE_VARIANT_ADD(inject, stack) {
	.run = nth_one, .threads = true, .min = 3,
};

FIXTURE_VARIANT_ADD(inject, spawn) {
	.run = nth_spawn, .threads = true, .min = 12,
};

FIXTURE_VARIANT_ADD(inject, growth) {
	.run = nth_growth, .threads = true, .min = 20,
};

FIXTURE_VARIANT_ADD(inject, channel) {
	.run = nth_channel, .threads = true, .min = 6, .module = "gort_test_chan",
};

FIXTURE_VARIANT_ADD(inject, group) {
	.run = nth_group, .threads = true, .min = 12, .also = -ECANCELED,
	.module = "gort_test_event",
};

FIXTURE_VARIANT_ADD(inject, heap) {
	.run = nth_heap, .threads = true, .min = 9, .module = "gort_test",
};

/* Allocations that may wait fail as well, of any size; and no stack is kept. */
FIXTURE_SETUP(inject)
{
	ASSERT_EQ(0, gt_write_file(INJECT "failslab/ignore-gfp-wait", "N"));
	ASSERT_EQ(0, gt_write_file(INJECT "failslab/verbose", "0"));
	ASSERT_EQ(0, gt_write_file(INJECT "fail_page_alloc/ignore-gfp-wait", "N"));
	ASSERT_EQ(0, gt_write_file(INJECT "fail_page_alloc/ignore-gfp-highmem",
				   "N"));
	ASSERT_EQ(0, gt_write_file(INJECT "fail_page_alloc/min-order", "0"));
	ASSERT_EQ(0, gt_write_file(INJECT "fail_page_alloc/verbose", "0"));
	ASSERT_TRUE(gt_params_save(&self->params));
	if (variant->module)
		ASSERT_EQ(0, ct_insmod_own(variant->module, ""));
	ASSERT_EQ(0, gt_param_set("stack_cache", 0));
	self->watch = gt_open(0);
	ASSERT_LE(0, self->watch);
	ASSERT_EQ(0, variant->run());
	ASSERT_TRUE(gt_wait_for(gt_total(self->watch) == 0));
	ASSERT_TRUE(left_before(self->watch, &self->before));
}

FIXTURE_TEARDOWN(inject)
{
	close(self->watch);
	if (variant->module)
		EXPECT_TRUE(ct_rmmod_soon(variant->module));
	EXPECT_TRUE(gt_params_restore(&self->params));
}

TEST_F_TIMEOUT(inject, each_allocation_fails_in_turn, 60)
{
	int n, err, told = 0, fired = 1;
	struct tasks t = { 0 };

	for (n = 1; fired && n < MAX_NTH; n++) {
		if (variant->threads)
			add_threads(&t);
		else
			add_task(&t, "self");
		ASSERT_TRUE(arm(&t, n));
		err = variant->run();
		fired = disarm(&t);
		drop_tasks(&t);
		ASSERT_TRUE(!err || (fired && (err == -ENOMEM ||
					       err == variant->also)))
			TH_LOG("n=%d: %d", n, err);
		told += !!err;
		ASSERT_TRUE(gt_wait_for(gt_total(self->watch) == 0));
		err = variant->run();
		ASSERT_EQ(0, err)
			TH_LOG("after n=%d: %d", n, err);
	}
	EXPECT_EQ(0, fired);
	EXPECT_LE(variant->min, told);
	EXPECT_TRUE(left_as_before(self->watch, self->before));
	TH_LOG("%d allocations, %d failures told", n - 2, told);
}

TEST_HARNESS_MAIN
