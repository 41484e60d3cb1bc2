/* SPDX-License-Identifier: GPL-2.0-only */
/* gort_test_big.ko: what its two files share. */
#ifndef _GORT_TEST_BIG_H
#define _GORT_TEST_BIG_H

#include <linux/gort.h>

/* What t_big calls. User space passes these. */
enum t_big_kind {
	T_BIG_PAGE,	/* a frame of more than a page */
	T_BIG_SEGMENT,	/* one that no segment has room for */
	T_BIG_NONE,	/* nothing */
};

int t_big_fn(const u64 *args, u64 *result);

#endif /* _GORT_TEST_BIG_H */
