// SPDX-License-Identifier: GPL-2.0-only
/*
 * A few seconds of gort_torture.ko, which puts random load on all of gort at
 * once and watches it, and of each of its broken twins. It says of itself what
 * was wrong; here that has to be nothing, or exactly what the twin does wrong.
 */

#include "core_test.h"

#define RESULT		"/sys/module/gort_torture/parameters/result"

/* A twin is noticed within less; what else happens is of no interest. */
#define TWIN		"duration_s=20 exercise=0 hotplug_ms=0 param_ms=0 "

static bool has_ended(char *result, size_t size)
{
	return gt_read_file(RESULT, result, size) ||
	       strncmp(result, "running", 7);
}

/* Runs the module to its end; what it says of itself is in @result. */
static int torture(const char *params, char *result, size_t size)
{
	const char *seed = ct_env("GORT_SEED", "0");
	char all[256];
	int err;

	snprintf(all, sizeof(all), "seed=%s %s", seed, params);
	err = ct_insmod_own("gort_torture", all);
	if (err)
		return err;
	while (!has_ended(result, size))
		usleep(50000);
	return ct_rmmod("gort_torture");
}

FIXTURE(torture) {
	struct gt_params saved;
	char result[256];
};

FIXTURE_SETUP(torture)
{
	ASSERT_TRUE(gt_params_save(&self->saved));
}

FIXTURE_TEARDOWN(torture)
{
	if (ct_loaded("gort_torture"))
		EXPECT_EQ(0, ct_rmmod("gort_torture"));
	EXPECT_TRUE(gt_params_restore(&self->saved));
}

/*
 * Everything that gort does, at once, with CPUs that come and go: nothing is
 * wrong, and all of it has happened.
 */
TEST_F_TIMEOUT(torture, nothing_breaks_and_everything_happens, 150)
{
	char params[64];

	snprintf(params, sizeof(params), "duration_s=5 grace_s=%llu",
		 90 * gt_slow());
	ASSERT_EQ(0, torture(params, self->result, sizeof(self->result)));
	EXPECT_STREQ("SUCCESS\n", self->result);
}

/* It changes parameters of gort all the time, and puts back what it found. */
TEST_F_TIMEOUT(torture, parameters_are_as_before, 60)
{
	__s64 slice = gt_param_get("slice_us");
	unsigned int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 7777));
	ASSERT_EQ(0, torture("duration_s=1 exercise=0 param_ms=5",
			     self->result, sizeof(self->result)));
	EXPECT_STREQ("SUCCESS\n", self->result);
	EXPECT_EQ(7777, gt_param_get("slice_us"));
	ASSERT_EQ(0, gt_param_set("slice_us", slice));
	for (i = 0; i < ARRAY_SIZE(gt_param_names); i++) {
		EXPECT_EQ(self->saved.value[i], gt_param_get(gt_param_names[i])) {
			TH_LOG("%s", gt_param_names[i]);
		}
	}
}

/* Without a duration it goes on until it is removed, at any time. */
TEST_F_TIMEOUT(torture, removal_ends_it, 60)
{
	ASSERT_EQ(0, ct_insmod_own("gort_torture", "exercise=0"));
	usleep(300000);
	ASSERT_EQ(0, gt_read_file(RESULT, self->result,
				  sizeof(self->result)));
	EXPECT_STREQ("running\n", self->result);
	ASSERT_EQ(0, ct_rmmod("gort_torture"));
	EXPECT_FALSE(ct_loaded("gort_torture"));
}

/* What can't be understood is not passed over. */
TEST_F(torture, wrong_parameters_are_refused)
{
	EXPECT_EQ(-EINVAL, torture("twin=nobody", self->result,
				   sizeof(self->result)));
	EXPECT_EQ(-EINVAL, torture("weights=dance=1", self->result,
				   sizeof(self->result)));
	EXPECT_EQ(-EINVAL, torture("weights=lock=many", self->result,
				   sizeof(self->result)));
	EXPECT_EQ(-EINVAL, torture("weights=lock", self->result,
				   sizeof(self->result)));
}

/* Each is wrong in one way, and must be found to be wrong in that way. */
FIXTURE(twin) {
	struct gt_params saved;
	char result[256];
};

FIXTURE_VARIANT(twin) {
	const char *params;
	const char *reason;
};

FIXTURE_SETUP(twin)
{
	ASSERT_TRUE(gt_params_save(&self->saved));
}

FIXTURE_TEARDOWN(twin)
{
	if (ct_loaded("gort_torture"))
		EXPECT_EQ(0, ct_rmmod("gort_torture"));
	EXPECT_TRUE(gt_params_restore(&self->saved));
}

FIXTURE_VARIANT_ADD(twin, norestore) {
	.params = "twin=norestore",
	.reason = "a request was lost",
};

FIXTURE_VARIANT_ADD(twin, nolock) {
	.params = "twin=nolock",
	.reason = "mutual exclusion is broken (lock)",
};

FIXTURE_VARIANT_ADD(twin, nospin) {
	.params = "twin=nospin",
	.reason = "mutual exclusion is broken (spin)",
};

FIXTURE_VARIANT_ADD(twin, nobh) {
	.params = "twin=nobh",
	.reason = "mutual exclusion is broken (bh)",
};

FIXTURE_VARIANT_ADD(twin, noirq) {
	.params = "twin=noirq",
	.reason = "mutual exclusion is broken (irq)",
};

FIXTURE_VARIANT_ADD(twin, noirqsave) {
	.params = "twin=noirqsave",
	.reason = "mutual exclusion is broken (irqsave)",
};

FIXTURE_VARIANT_ADD(twin, nopreempt) {
	.params = "twin=nopreempt",
	.reason = "mutual exclusion is broken (preempt)",
};

FIXTURE_VARIANT_ADD(twin, norcu) {
	.params = "twin=norcu data_ms=1",
	.reason = "a grace period ended before a reader",
};

FIXTURE_VARIANT_ADD(twin, nostop) {
	.params = "twin=nostop",
	.reason = "the world does not stand still",
};

FIXTURE_VARIANT_ADD(twin, nostoptask) {
	.params = "twin=nostoptask stw_ms=10",
	.reason = "the world does not stand still",
};

FIXTURE_VARIANT_ADD(twin, corrupt) {
	.params = "twin=corrupt",
	.reason = "an object in use is damaged",
};

FIXTURE_VARIANT_ADD(twin, hidden) {
	.params = "twin=hidden",
	.reason = "an object in use is damaged",
};

FIXTURE_VARIANT_ADD(twin, finalize) {
	.params = "twin=finalize",
	.reason = "a finalizer of an object in use runs",
};

FIXTURE_VARIANT_ADD(twin, wrongsum) {
	.params = "twin=wrongsum",
	.reason = "a loop has a wrong sum",
};

FIXTURE_VARIANT_ADD(twin, frame) {
	.params = "twin=frame",
	.reason = "a frame is damaged",
};

FIXTURE_VARIANT_ADD(twin, canary) {
	.params = "twin=canary",
	.reason = "a G's own data is damaged",
};

FIXTURE_VARIANT_ADD(twin, migrate) {
	.params = "twin=migrate",
	.reason = "a G locked to its thread",
};

FIXTURE_VARIANT_ADD(twin, result) {
	.params = "twin=result",
	.reason = "a call has a wrong result",
};

FIXTURE_VARIANT_ADD(twin, noready) {
	.params = "twin=noready stall_s=2",
	.reason = "no progress",
};

FIXTURE_VARIANT_ADD(twin, early) {
	.params = "twin=early",
	.reason = "a sleep ended too early",
};

FIXTURE_VARIANT_ADD(twin, leak) {
	.params = "twin=leak duration_s=2",
	.reason = "not every G that was started has ended",
};

FIXTURE_VARIANT_ADD(twin, noown) {
	.params = "twin=noown",
	.reason = "mutual exclusion is broken (gort_mutex)",
};

FIXTURE_VARIANT_ADD(twin, keep) {
	.params = "twin=keep duration_s=3",
	.reason = "somebody has kept a unit or a mutex",
};

FIXTURE_VARIANT_ADD(twin, idle) {
	.params = "twin=idle duration_s=3 grace_s=0 exercise=1",
	.reason = "not exercised: action pair",
};

TEST_F_TIMEOUT(twin, fails_for_its_reason, 90)
{
	const char *reason = variant->reason;
	char params[128];
	int err;

	snprintf(params, sizeof(params), TWIN "%s", variant->params);
	err = torture(params, self->result, sizeof(self->result));
	if (err == -EOPNOTSUPP)
		SKIP(return, "an instrument of this kernel would report it");
	ASSERT_EQ(0, err);
	EXPECT_EQ(0, strncmp(self->result, "FAILURE: ", 9));
	EXPECT_EQ(0, strncmp(self->result + 9, reason, strlen(reason)))
		TH_LOG("%s", self->result);
}

TEST_HARNESS_MAIN
