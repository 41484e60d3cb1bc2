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

static bool has_ended(char *result, size_t size)
{
	return gt_read_file(RESULT, result, size) ||
	       strncmp(result, "running", 7);
}

/* Runs the module to its end; what it says of itself is in @result. */
static int torture(const char *params, char *result, size_t size)
{
	const char *seed = getenv("GORT_SEED");
	char path[256], all[256];
	int err;

	snprintf(path, sizeof(path), "%s/gort_torture.ko",
		 ct_env("GORT_MODULES", "/gort/modules"));
	snprintf(all, sizeof(all), "seed=%s %s", seed && *seed ? seed : "0",
		 params);
	err = ct_insmod(path, all);
	if (err)
		return err;
	while (!has_ended(result, size))
		usleep(50000);
	return ct_rmmod("gort_torture");
}

/*
 * Everything that gort does, at once, with CPUs that come and go: nothing is
 * wrong, and all of it has happened.
 */
TEST_F_TIMEOUT(torture, nothing_breaks_and_everything_happens, 150)
{
	ASSERT_EQ(0, torture("duration_s=5 grace_s=90", self->result,
			     sizeof(self->result)));
	EXPECT_STREQ("SUCCESS\n", self->result);
}

/* What can't be understood is not passed over. */
TEST_F_TIMEOUT(torture, wrong_parameters_are_refused, 30)
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

/* A twin that is wrong in one way, and must be found to be wrong in that way. */
#define TWIN_FAILS(name, params, reason)				\
TEST_F_TIMEOUT(torture, twin_##name##_fails, 90)			\
{									\
	ASSERT_EQ(0, torture("twin=" #name " " TWIN params,		\
			     self->result, sizeof(self->result)));	\
	EXPECT_EQ(0, strncmp(self->result, "FAILURE: " reason,		\
			     strlen("FAILURE: " reason)))		\
		TH_LOG("%s", self->result);				\
}

TWIN_FAILS(norestore, "", "a request was lost")
TWIN_FAILS(nolock, "", "mutual exclusion is broken (lock)")
TWIN_FAILS(nospin, "", "mutual exclusion is broken (spin)")
TWIN_FAILS(nobh, "", "mutual exclusion is broken (bh)")
TWIN_FAILS(noirq, "", "mutual exclusion is broken (irq)")
TWIN_FAILS(noirqsave, "", "mutual exclusion is broken (irqsave)")
TWIN_FAILS(nopreempt, "", "mutual exclusion is broken (preempt)")
TWIN_FAILS(norcu, "data_ms=1", "a grace period ended before a reader")
TWIN_FAILS(nostop, "", "the world does not stand still")
TWIN_FAILS(nostoptask, "stw_ms=10", "the world does not stand still")
TWIN_FAILS(corrupt, "", "an object in use is damaged")
TWIN_FAILS(hidden, "", "an object in use is damaged")
TWIN_FAILS(finalize, "", "a finalizer of an object in use runs")
TWIN_FAILS(wrongsum, "", "a loop has a wrong sum")
TWIN_FAILS(frame, "", "a frame is damaged")
TWIN_FAILS(canary, "", "a G's own data is damaged")
TWIN_FAILS(migrate, "", "a G locked to its thread")
TWIN_FAILS(result, "", "a call has a wrong result")
TWIN_FAILS(noready, "stall_s=2", "no progress")
TWIN_FAILS(early, "", "a sleep ended too early")
TWIN_FAILS(leak, "duration_s=2", "not every G that was started has ended")
TWIN_FAILS(idle, "exercise=1 duration_s=3 grace_s=0", "not exercised: action pair")

TEST_HARNESS_MAIN
