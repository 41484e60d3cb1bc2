/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What event_test, time_test and group_test share: gort_test_event.ko, and the
 * fixture that loads it.
 */
#ifndef EVENT_TEST_H
#define EVENT_TEST_H

#include "core_test.h"

#define MSEC	GT_NSEC_PER_MSEC

#define EV_CMD	"/sys/module/gort_test_event/parameters/cmd"

/* Runs a command of gort_test_event.ko in this process; its result. */
#define ev_cmd(...)							\
({									\
	char __text[96];						\
									\
	snprintf(__text, sizeof(__text), __VA_ARGS__);			\
	ev_command(__text);						\
})

static inline long ev_command(const char *text)
{
	char buf[32];
	int err = gt_write_file(EV_CMD, text);

	if (!err)
		err = gt_read_file(EV_CMD, buf, sizeof(buf));
	return err ? err : strtol(buf, NULL, 10);
}

static inline int ev_insmod(void)
{
	return ct_insmod_own("gort_test_event", "");
}

FIXTURE(event) {
	struct gt_params saved;
	int fd;
};

/* Every test begins with the parameters at their defaults. */
FIXTURE_SETUP(event)
{
	self->fd = -1;
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("nprocs", 0));
	ASSERT_EQ(0, gt_param_set("slice_us", 10000));
	ASSERT_EQ(0, gt_param_set("max_threads", 64));
	if (!ct_loaded("gort_test_event"))
		ASSERT_EQ(0, ev_insmod());
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(event)
{
	EXPECT_EQ(0, close(self->fd));
	/* the module's own files are among those that it keeps */
	EXPECT_EQ(0, ev_cmd("drop"));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test_event"));
}

#endif /* EVENT_TEST_H */
