/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mistakes planted in G code, for the tests of a debug kernel's instruments. Such
 * a test has a boot of its own, which goes on after a report.
 */
#ifndef PLANTED_H
#define PLANTED_H

#include "core_test.h"

/* As enum x_bug */
enum {
	X_NONE, X_FRAME, X_DEEP, X_DEAD, X_OBJECT, X_FREED, X_BOUNDS, X_LEAK,
	X_TIMER, X_ATOMIC, X_ORDER, X_RACE,
};

#define PLANTED_INDEX	"/sys/module/gort_test_bugs/parameters/index"

FIXTURE(planted) {
	struct gt_params saved;
	int fd;
	int kmsg;
};

FIXTURE_SETUP(planted)
{
	self->fd = -1;
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, ct_insmod_own("gort_test_bugs", ""));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	self->kmsg = ct_kmsg_open();
	ASSERT_LE(0, self->kmsg);
}

FIXTURE_TEARDOWN(planted)
{
	close(self->kmsg);
	if (self->fd >= 0)
		close(self->fd);
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test_bugs"));
}

/* A G makes a mistake; with index 0 it does the same rightly. */
static inline int planted(int fd, int bug, int index)
{
	char text[16];
	int err;

	snprintf(text, sizeof(text), "%d", index);
	err = gt_write_file(PLANTED_INDEX, text);
	return err ? err : ct_run(fd, NULL, "x_bug", bug);
}

/* It is reported when it is made, only then, and the rest goes on. */
#define EXPECT_REPORT(bug, index, what)					\
do {									\
	const char *__what = what;					\
	int __bug = bug;						\
									\
	EXPECT_EQ(0, planted(self->fd, __bug, 0));			\
	EXPECT_FALSE(ct_kmsg_has(self->kmsg, __what));			\
	EXPECT_EQ(0, planted(self->fd, __bug, index));			\
	EXPECT_TRUE(gt_wait_for(ct_kmsg_has(self->kmsg, __what)));	\
	EXPECT_EQ(0, planted(self->fd, X_NONE, 0));			\
} while (0)

#endif /* PLANTED_H */
