// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test_event.ko: workloads that wait for the kernel, for time and for each
 * other. Its one parameter, cmd, runs a command of gort_test_ev_kernel.c in the
 * process that writes it; read, it is what came of the last one.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "gort_test_ev.h"

struct gort_ctx *e_ctx;
struct gort_ctx *e_small_ctx;

static struct gort_workload e_workloads[] = {
	{
		.name = "e_wait", .fn = e_wait,
		.help = "one wait",
		.nr_args = 3, .args = {
			{ "kind", 0, E_KIND_LAST, 0 },
			{ "how", 0, E_HOW_LAST, 0 },
			{ "ns", 0, U64_MAX / 2, 1000000 },
		},
	}, {
		.name = "e_crowd", .fn = e_crowd,
		.help = "many wait for the same",
		.nr_args = 2, .args = {
			{ "kind", 0, E_KIND_LAST, 0 },
			{ "gs", 1, E_MAX_GS, 100 },
		},
	}, {
		.name = "e_race", .fn = e_race,
		.help = "wake-ups against deadlines and cancels",
		.nr_args = 3, .args = {
			{ "kind", 0, E_KIND_LAST, 0 },
			{ "against", 0, 2, 0 },
			{ "rounds", 0, 1 << 30, 100 },
		},
	}, {
		.name = "e_share", .fn = e_share,
		.help = "Gs and tasks share what is completed",
		.nr_args = 3, .args = {
			{ "gs", 0, E_MAX_GS, 10 },
			{ "tasks", 0, 64, 2 },
			{ "ns", 0, U64_MAX / 2, 1000000 },
		},
	}, {
		.name = "e_chosen", .fn = e_chosen,
		.help = "completes, and does not let who helps know",
		.nr_args = 1, .args = { { "ns", 0, U64_MAX / 8, 1000000 } },
	}, {
		.name = "e_poll", .fn = e_poll,
		.help = "polls a file that the test has handed in",
		.nr_args = 4, .args = {
			{ "slot", 0, U64_MAX, 0 },
			{ "events", 0, U32_MAX, 1 },
			{ "ns", 0, U64_MAX, 1000000 },
			{ "socket", 0, E_SOCK_LAST, 0 },
		},
	}, {
		.name = "e_time", .fn = e_time,
		.help = "timers and tickers",
		.nr_args = 3, .args = {
			{ "what", 0, E_TIME_LAST, 0 },
			{ "ns", 0, U64_MAX / 32, 1000000 },
			{ "n", 0, 1 << 20, 10 },
		},
	}, {
		.name = "e_group", .fn = e_group,
		.help = "groups",
		.nr_args = 3, .args = {
			{ "what", 0, E_GROUP_LAST, 0 },
			{ "n", 0, E_MAX_GS, 10 },
			{ "ns", 0, U64_MAX / 2, 1000000 },
		},
	},
};

static void e_unregister(unsigned int n)
{
	while (n--)
		gort_workload_unregister(&e_workloads[n]);
}

static int e_register(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(e_workloads); i++) {
		e_workloads[i].owner = THIS_MODULE;
		err = gort_workload_register(&e_workloads[i]);
		if (err) {
			e_unregister(i);
			return err;
		}
	}
	return 0;
}

static long e_result;

static int e_cmd_set(const char *val, const struct kernel_param *kp)
{
	return e_command(val, &e_result);
}

static int e_cmd_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%ld\n", e_result);
}

static const struct kernel_param_ops e_cmd_ops = {
	.set = e_cmd_set,
	.get = e_cmd_get,
};

module_param_cb(cmd, &e_cmd_ops, NULL, 0600);
MODULE_PARM_DESC(cmd, "Something to be done by this process, see gort_test_ev_kernel.c");

static int __init e_init(void)
{
	int err;

	e_k_reset(NULL);
	e_ctx = gort_ctx_create("events", E_MAX_GS);
	if (IS_ERR(e_ctx))
		return PTR_ERR(e_ctx);
	e_small_ctx = gort_ctx_create("small", E_SMALL_CTX);
	err = PTR_ERR_OR_ZERO(e_small_ctx);
	if (!err)
		err = e_register();
	if (err) {
		gort_ctx_destroy(e_small_ctx);
		gort_ctx_destroy(e_ctx);
	}
	return err;
}

static void __exit e_exit(void)
{
	e_unregister(ARRAY_SIZE(e_workloads));
	gort_ctx_destroy(e_small_ctx);
	gort_ctx_destroy(e_ctx);
	e_kernel_exit();
}

module_init(e_init);
module_exit(e_exit);
MODULE_DESCRIPTION("Waits for the tests of gort");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
