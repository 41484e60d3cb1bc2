// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test_share.ko: contexts that want all they can get, and one that counts
 * what it gets. The parameter wake wakes the G that waits for it, in the process
 * that writes it; count says whether those who call count.
 */

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "gort_test_share.h"

struct gort_g *s_sleeper;
atomic64_t s_wake_ticks;
bool s_count = true;

long s_k_usleep(void *us)
{
	usleep_range((unsigned long)us, (unsigned long)us + 100);
	return 0;
}

/*
 * Ticks of all Ps: the clock of the tests. It stands still, but for one, while
 * whoever emulates a CPU has halted it.
 */
long s_k_ticks(void *unused)
{
	struct gort_stats st;
	unsigned int cpu;
	long ticks = 0;

	for_each_online_cpu(cpu)
		if (!gort_read_stats(cpu, &st))
			ticks += st.ticks;
	return ticks;
}

static int wake_set(const char *val, const struct kernel_param *kp)
{
	struct gort_g *g = xchg(&s_sleeper, NULL); /* or s_woken() does */

	if (!g)
		return -EAGAIN;
	atomic64_set(&s_wake_ticks, s_k_ticks(NULL));
	gort_ready(g);
	gort_put(g);
	return 0;
}

static const struct kernel_param_ops wake_ops = {
	.set = wake_set,
};

module_param_cb(wake, &wake_ops, NULL, 0200);
MODULE_PARM_DESC(wake, "Wake the task that s_woken is");
module_param_named(count, s_count, bool, 0600);
MODULE_PARM_DESC(count, "Do those who call count? (default Y)");

static struct gort_workload workloads[] = {
	{
		.name = "s_hog", .fn = s_hog, .owner = THIS_MODULE,
		.help = "one of a hog",
		.nr_args = 1, .args = { { "kind", 0, S_KIND_LAST, S_BURN } },
	}, {
		.name = "s_share", .fn = s_share, .owner = THIS_MODULE,
		.help = "call, and measure how much of the time",
		.nr_args = 3, .args = { { "ticks", 1, 1 << 20, 100 },
					{ "Ps", 1, 1024, 1 },
					{ "locked", 0, 1, 0 } },
	}, {
		.name = "s_nap", .fn = s_nap, .owner = THIS_MODULE,
		.help = "sleep, then call until cancelled",
		.nr_args = 1, .args = { { "ns", 0, U64_MAX / 2, 0 } },
	}, {
		.name = "s_woken", .fn = s_woken, .owner = THIS_MODULE,
		.help = "be woken, and count how often that takes long",
		.nr_args = 2, .args = { { "rounds", 1, 1 << 20, 1 },
					{ "ticks", 0, 1 << 20, 1 } },
	},
};

static void unregister(unsigned int n)
{
	while (n--)
		gort_workload_unregister(&workloads[n]);
}

static int __init s_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(workloads); i++) {
		err = gort_workload_register(&workloads[i]);
		if (err) {
			unregister(i);
			return err;
		}
	}
	return 0;
}

static void __exit s_exit(void)
{
	unregister(ARRAY_SIZE(workloads));
}

module_init(s_init);
module_exit(s_exit);
MODULE_DESCRIPTION("Contexts beside each other for the tests of gort");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
