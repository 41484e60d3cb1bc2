// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer of /dev/gort (fuzz.h), with seeds that are always the same; "make
 * fuzz" draws others, for as long as one likes. If it finds something, its message
 * has the seed and the number of the step.
 */

#include "core_test.h"
#include "fuzz_run.h"

#define STEPS		1200
#define THREADS		3

FIXTURE(fuzz) {
	struct gt_params saved;
	int watch;
	__s64 base;
	struct fz *z;
};

FIXTURE_SETUP(fuzz)
{
	ASSERT_TRUE(gt_params_save(&self->saved));
	self->watch = gt_open(0);
	ASSERT_LE(0, self->watch);
	self->base = gt_total(self->watch);
	self->z = calloc(THREADS, sizeof(*self->z));
	ASSERT_NE(NULL, self->z);
}

FIXTURE_TEARDOWN(fuzz)
{
	free(self->z);
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(gt_wait_for(gt_total(self->watch) == self->base));
	close(self->watch);
}

/* One thread: the same calls in each run. All that is listed has to come. */
TEST_F_TIMEOUT(fuzz, nothing_comes_of_odd_calls, 180)
{
	struct fz *z = self->z;
	const char *missing;
	__u64 seed;

	ASSERT_TRUE(fz_init(z));
	for (seed = 1; seed <= 3 && !*z->bad; seed++) {
		fz_round(z, seed, STEPS, true);
		fz_finish(z);
	}
	EXPECT_STREQ("", z->bad);
	missing = fz_missing(fz_calls, FZ_CALLS, z->count);
	EXPECT_STREQ("", missing ? missing : "");
	fz_exit(z);
}

/* Three threads share a file, and are interrupted all the time. */
TEST_F_TIMEOUT(fuzz, nothing_comes_of_odd_calls_at_the_same_time, 180)
{
	struct fz *z = self->z;
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_TRUE(fz_init(&z[i]));
	fz_together(z, THREADS, 100, STEPS / 2);
	for (i = 0; i < THREADS; i++) {
		EXPECT_STREQ("", z[i].bad);
		fz_exit(&z[i]);
	}
}

TEST_HARNESS_MAIN
