// SPDX-License-Identifier: GPL-2.0-only
/*
 * What gort takes for a thing, beside what the kernel takes for the same, one
 * after the other in the same run. benchmarks/bench inserts this in User-Mode
 * Linux, where it runs at the speed of the machine, and runs the programs of
 * benchmarks/peers in turn with it.
 *
 * It measures when it is inserted. A line for each repetition of each, in
 * nanoseconds for one operation:
 *
 *	bench: NAME SYSTEM 59.812
 *
 * For one CPU: with more, gort needs nprocs=1, or what is to run in turn runs at
 * the same time. The bursts need the parameters stack_cache and max_tasks of gort
 * to be as large as they are.
 */

#define pr_fmt(fmt) "bench: " fmt

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/string.h>

#include "gort_bench.h"

static char *only = "";
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "measurements to do, their names with spaces or commas between (all)");

static unsigned int reps = 1;
module_param(reps, uint, 0444);
MODULE_PARM_DESC(reps, "how often to do all of them, 0 to 1000 (1)");

static struct gort_ctx *ctx;
static DECLARE_COMPLETION(done);

/* What is compared stands side by side: it is measured at nearly the same time. */
static struct bench benches[] = {
	{ "yield", "gort", .g = g_yield },
	{ "yield", "kthread", .run = k_yield },
	{ "park", "gort", .g = g_park },
	{ "park", "kthread", .run = k_park },
	{ "chan_unbuffered", "gort", .g = g_chan_unbuffered },
	{ "chan_buffered", "gort", .g = g_chan_buffered },
	{ "spawn", "gort", .g = g_spawn },
	{ "spawn_join", "gort", .g = g_spawn_join },
	{ "spawn_join", "kthread", .run = k_spawn_join },
	{ "spawn_join", "workqueue", .run = k_work_join },
	{ "lock", "gort", .g = g_lock },
	{ "lock", "kernel", .run = k_mutex },
	{ "mutex", "gort", .g = g_mutex },
	{ "mutex", "kernel", .run = k_mutex },
	{ "spin", "gort", .g = g_spin },
	{ "spin", "kernel", .run = k_spin },
	{ "mutex_contended", "gort", .g = g_mutex_contended },
	{ "mutex_contended", "kthread", .run = k_mutex_contended },
	{ "hot_split", "gort", .g = g_split },
	{ "hot_split", "unsplit", .g = g_unsplit },
	{ "burst_100k", "gort", .g = g_burst, .n = 100000 },
	{ "burst_100k", "workqueue", .run = k_work_burst, .n = 100000 },
	{ "burst_500k", "gort", .g = g_burst, .n = 500000 },
	{ "burst_500k", "workqueue", .run = k_work_burst, .n = 500000 },
};

long bench_done(void *arg)
{
	complete(&done);
	return 0;
}

/* Is this name one of the words of the parameter? */
static bool chosen(const char *name)
{
	size_t len = strlen(name);
	const char *at = only;

	if (!*only)
		return true;
	while ((at = strstr(at, name))) {
		if ((at == only || strchr(" ,", at[-1])) &&
		    (!at[len] || strchr(" ,", at[len])))
			return true;
		at += len;
	}
	return false;
}

static int run_g(struct bench *b)
{
	int err = gort_go(ctx, b->g, b);

	if (!err)
		wait_for_completion(&done);
	return err ?: b->err;
}

static int run_one(struct bench *b)
{
	int err;

	b->best = U64_MAX;
	b->err = 0;
	err = b->g ? run_g(b) : b->run(b);
	if (!err && b->best == U64_MAX)
		err = -ENODATA;
	if (err) {
		pr_err("%s %s failed: %d\n", b->name, b->system, err);
		return err;
	}
	pr_info("%s %s %llu.%03llu\n", b->name, b->system, b->best / 1000,
		b->best % 1000);
	return 0;
}

static int run_all(void)
{
	unsigned int rep, i;
	int err = 0;

	for (rep = 0; rep < reps && !err; rep++)
		for (i = 0; i < ARRAY_SIZE(benches) && !err; i++)
			if (chosen(benches[i].name))
				err = run_one(&benches[i]);
	return err;
}

static int __init bench_init(void)
{
	int err;

	if (reps > 1000)
		return -EINVAL;
	ctx = gort_ctx_create("bench", 1000000);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	err = run_all();
	if (err)
		gort_ctx_destroy(ctx);
	return err;
}

static void __exit bench_exit(void)
{
	gort_ctx_destroy(ctx);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Measurements of gort beside the kernel's own means");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
