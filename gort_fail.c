// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail on purpose, on any kernel.
 *
 * An error path that never runs is wrong sooner or later, and memory is hardly
 * ever short. So each call of this module that allocates (memory, an entry of
 * an array, a thread, a file in debugfs) is inside gort_try(). The parameter
 * fail_nth counts these calls down, and the one that it reaches 0 at fails
 * without being made: once, so that a test that lets n run from 1 until nothing
 * fails has met them all. One message says which one it was; there is one for
 * each number that root has written.
 *
 * That no call is left out is not a matter of discipline: scripts/alloc-check
 * looks at each call in the module as it was built. gort_try() writes the list
 * of the sites into it as well, where modinfo finds it, so that selftests/
 * nth_test can tell that each of them has failed.
 *
 * The count is one for the machine: what another thread of gort's allocates
 * meanwhile is counted, too. Where that matters, fail_at says which sites count:
 * those in whose name, as modinfo lists it, it is.
 *
 * Rejected: the kernel's own fault injection (distributions build without it; it
 * works here as well where it is there); failing at random (what was met and
 * what was not is a matter of luck); a macro in place of each kernel function
 * (newer kernels have macros there themselves).
 */

#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "gort_fail.h"

atomic_t gort_fail_nth;

static char fail_at[160];

/* One of those that count has come: is it the last? */
bool gort_fail_count(const char *site)
{
	if (!strstr(site, fail_at) || atomic_dec_return(&gort_fail_nth))
		return false;
	pr_info("fail_nth: %s\n", site);
	return true;
}

static int fail_nth_set(const char *val, const struct kernel_param *kp)
{
	int n, err = kstrtoint(val, 0, &n);

	if (err || n < 0)
		return -EINVAL;
	atomic_set(&gort_fail_nth, n);
	return 0;
}

static int fail_nth_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", max(atomic_read(&gort_fail_nth), 0));
}

static const struct kernel_param_ops fail_nth_ops = {
	.set = fail_nth_set,
	.get = fail_nth_get,
};

module_param_cb(fail_nth, &fail_nth_ops, NULL, 0644);
MODULE_PARM_DESC(fail_nth, "Let the n-th allocation from now on fail, for tests; 0 is none (default 0)");

/* Without the end of a line. Who counts meanwhile sees some of it. */
static int fail_at_set(const char *val, const struct kernel_param *kp)
{
	size_t len = strcspn(val, "\n");

	if (len >= sizeof(fail_at))
		return -EINVAL;
	memcpy(fail_at, val, len);
	fail_at[len] = '\0';
	return 0;
}

static int fail_at_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", fail_at);
}

static const struct kernel_param_ops fail_at_ops = {
	.set = fail_at_set,
	.get = fail_at_get,
};

module_param_cb(fail_at, &fail_at_ops, NULL, 0644);
MODULE_PARM_DESC(fail_at, "Only allocations with this in their name count for fail_nth; empty is all (default empty)");
