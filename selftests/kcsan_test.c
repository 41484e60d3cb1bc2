// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does KCSAN see a race of two Gs? For a kernel that has it.
 */

#include "planted.h"

#define KCSAN	"/sys/kernel/debug/kcsan"

/* The kernel's unwinder does not know a G's stack: there are no names. */
static bool reported(int kmsg)
{
	return ct_kmsg_has(kmsg, "BUG: KCSAN: data-race in 0x0 / 0x0");
}

/*
 * Two Gs on two Ps bump a counter. One report for each pair of places within
 * some seconds: the race goes on until there is one.
 */
TEST_F_TIMEOUT(planted, kcsan_sees_a_race, 120)
{
	struct gort_completion c;
	bool seen = false;
	int i, n;

	ASSERT_LE(2, ct_cpus());
	ASSERT_EQ(0, gt_write_file(KCSAN, "on"));
	EXPECT_EQ(0, planted(self->fd, X_RACE, 0));
	EXPECT_FALSE(reported(self->kmsg));
	for (n = 0; n < 50 && !seen; n++) {
		ASSERT_EQ(2, ct_start(self->fd, "x_bug", 2, X_RACE));
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, ct_next(self->fd, &c));
			EXPECT_EQ(0, c.status);
		}
		seen = reported(self->kmsg);
	}
	EXPECT_TRUE(seen);
	ASSERT_EQ(0, gt_write_file(KCSAN, "off"));
}

TEST_HARNESS_MAIN
