// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ABI as a 32-bit program on a 64-bit kernel sees it: every test of
 * abi_test, where longs, pointers and the alignment of a __u64 are others.
 */
#include "gort_test.h"

static_assert(sizeof(void *) == 4, "build this with -m32");

/*
 * Addresses travel as 64 bits. One that does not fit a 32-bit program must not
 * be cut down to something that does.
 */
TEST(address_is_not_truncated)
{
	struct gort_task_desc t;
	struct gort_submit s = { .size = sizeof(s), .count = 1 };
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(gt_task(fd, "yield", &t, 1, 0, 0));
	s.task_size = sizeof(t);
	s.tasks = (uintptr_t)&t | 1ULL << 32;
	EXPECT_EQ(-EFAULT, gt_ioctl(fd, GORT_IOC_SUBMIT, &s));
	s.tasks = (uintptr_t)&t;
	EXPECT_EQ(0, gt_ioctl(fd, GORT_IOC_SUBMIT, &s));
	EXPECT_EQ(1, s.submitted);
	close(fd);
}

/* Numbers beyond 32 bits must come through whole, in both directions. */
TEST(values_keep_their_upper_half)
{
	struct gort_task_desc t;
	struct gort_completion c;
	struct gort_submit s;
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(gt_task(fd, "call", &t, 64, 0, 0));
	t.user_data = 0xfedcba9876543210ULL;
	ASSERT_EQ(0, gt_submit(fd, &t, 1, &s));
	ASSERT_EQ(1, gt_read(fd, &c, 1));
	EXPECT_EQ(0xfedcba9876543210ULL, c.user_data);
	EXPECT_EQ(gt_steps(64), c.result);
	EXPECT_LT(1ULL << 32, c.result);
	close(fd);
}

#include "abi_test.c"
