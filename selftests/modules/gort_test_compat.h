/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions, as far as the tests' modules know them;
 * gort's own are in gort_compat.h, which is not for others to include.
 */
#ifndef _GORT_TEST_COMPAT_H
#define _GORT_TEST_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/timer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *t,
				 enum hrtimer_restart (*fn)(struct hrtimer *t),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(t, clock, mode);
	t->function = fn;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync(t)	del_timer_sync(t)
#endif

#endif /* _GORT_TEST_COMPAT_H */
