// SPDX-License-Identifier: GPL-2.0-only
/*
 * What takes many Gs, and what the checks of the stack cost. benchmarks/load/guest
 * inserts this in a virtual machine and writes to the parameter "run":
 *
 *	checks		each program of gort_load_kernels.h, with and without
 *	cpus N		no measurement: how many CPUs are in use, for the names
 *	burst N		start N Gs, which end
 *	room N		no measurement: get the memory that the following need
 *	make N		start N Gs, which park, and stay until "end"
 *	wake		wake each of those, until they all park again
 *	yield, park, chan
 *			they do that, some 200,000 times together
 *	stop_parked, stop_ready
 *			stop the world while they park, and while they yield
 *	end		they end
 *
 * A line in the kernel's log for each, in nanoseconds for one
 * operation, or with cycles=1 in ticks of the time stamp counter, of which QEMU
 * with -icount makes one an instruction:
 *
 *	bench: scale.yield.CPUS.GS gort 59.812
 */

#define pr_fmt(fmt) "bench: " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "gort_load.h"

#define MAX_GS		1048000UL
#define OPS		200000UL	/* of all Gs together, or one of each */
#define STOPS		64
#define LIMIT		(300 * HZ)	/* nothing takes so long */

static bool cycles;
module_param(cycles, bool, 0444);
MODULE_PARM_DESC(cycles, "checks: count ticks of the time stamp counter (0)");

static unsigned long cpus = 1;	/* for names */
static struct gort_ctx *ctx;
static DECLARE_COMPLETION(done);
struct load_many many;

long load_done(void *unused)
{
	complete(&done);
	return 0;
}

static int wait_done(void)
{
	long left = wait_for_completion_killable_timeout(&done, LIMIT);

	if (!left)
		return -ETIMEDOUT;
	return left < 0 ? left : READ_ONCE(many.err);
}

static void print(const char *what, const char *system, u64 ns, u64 ops)
{
	u64 ps = mul_u64_u64_div_u64(ns, 1000, ops);

	pr_info("%s %s %llu.%03llu\n", what, system, ps / 1000, ps % 1000);
}

static void print_many(const char *what, u64 ns, u64 ops)
{
	char name[40];

	snprintf(name, sizeof(name), "scale.%s.%lu.%lu", what, cpus, many.n);
	print(name, "gort", ns, ops);
}

/* The programs */

static const char * const names[LOAD_KERNELS] = {
	"sort", "hash", "parser", "matrix", "tree", "fib",
};

static int check_one(unsigned int which)
{
	struct load_check c[2] = {
		{ .which = which, .best = U64_MAX },
		{ .which = which, .best = U64_MAX },
	};
	u64 tsc = load_time_stamp(), ns = ktime_get_ns();
	char name[40];
	int i, err;

	many.err = 0;
	err = gort_go(ctx, g_checked, c) ?: wait_done();
	if (err)
		return err;
	if (c[0].grew || c[0].sum != c[1].sum)
		return -EBADMSG;
	tsc = load_time_stamp() - tsc;
	ns = ktime_get_ns() - ns;
	snprintf(name, sizeof(name), "checks.%s", names[which]);
	for (i = 0; i < 2; i++)
		print(name, i ? "unchecked" : "gort",
		      cycles ? c[i].best :
		      mul_u64_u64_div_u64(c[i].best, ns, tsc), 1);
	return 0;
}

static int checks(unsigned long unused)
{
	unsigned int which;
	int err = 0;

	for (which = 0; which < LOAD_KERNELS && !err; which++)
		err = check_one(which);
	return err;
}

/* Many Gs */

static void free_room(void)
{
	vfree(many.pairs);
	vfree(many.g);
	many.pairs = NULL;
	many.g = NULL;
}

static int get_room(void)
{
	unsigned long i, pairs = many.n / 2 + 1;
	int err = 0;

	many.g = vzalloc(many.n * sizeof(*many.g));
	many.pairs = vzalloc(pairs * sizeof(*many.pairs));
	if (!many.g || !many.pairs)
		err = -ENOMEM;
	for (i = 0; i < pairs && !err; i++)
		err = gort_chan_init(&many.pairs[i].chan, 0);
	return err;
}

static int start(unsigned long n, gort_fn_t fn, const char *what)
{
	u64 begun = ktime_get_ns();
	int err;

	many.n = n;
	many.err = 0;
	atomic_long_set(&many.left, n);
	err = gort_go(ctx, fn, NULL) ?: wait_done();
	if (!err)
		print_many(what, many.ended - begun, n);
	return err;
}

static int burst(unsigned long n)
{
	if (many.g || !n || n > MAX_GS)
		return -EINVAL;
	return start(n, g_burst, "burst");
}

static int room(unsigned long n)
{
	int err;

	if (many.g || !n || n > MAX_GS)
		return -EINVAL;
	many.n = n;
	err = get_room();
	if (err)
		free_room();
	return err;
}

static int make(unsigned long n)
{
	if (!many.g || n != many.n)
		return -EINVAL;
	return start(n, g_make, "make");
}

static void new_round(enum load_phase phase)
{
	unsigned long i;

	many.phase = phase;
	many.stop = false;
	atomic_long_set(&many.left, many.n);
	/* pairs with wait_round() */
	smp_store_release(&many.round, many.round + 1);
	for (i = 0; i < many.n; i++)
		gort_ready(many.g[i]);
}

/* The Gs of a round are all ready when its time begins. */
static int begin(enum load_phase phase, u64 *begun)
{
	int err = gort_stop_the_world();

	if (err)
		return err;
	new_round(phase);
	*begun = ktime_get_ns();
	gort_start_the_world();
	return 0;
}

static int phase(enum load_phase phase, const char *what)
{
	/* Of two, each does half of what is there and back. */
	bool pairs = phase == LOAD_PARK || phase == LOAD_CHAN;
	u64 begun;
	int err;

	if (!many.g || (pairs && many.n % 2))
		return -EINVAL;
	many.ops = max(OPS / many.n, 1UL);
	err = begin(phase, &begun) ?: wait_done();
	if (!err)
		print_many(what, many.ended - begun,
			   many.n * many.ops / (pairs ? 2 : 1));
	return err;
}

static int wake(unsigned long unused)
{
	u64 begun = ktime_get_ns();
	int err;

	if (!many.g)
		return -EINVAL;
	many.ops = 0;
	new_round(LOAD_WAKE);
	err = wait_done();
	if (!err)
		print_many("wake", many.ended - begun, many.n);
	return err;
}

static int end(unsigned long unused)
{
	int err;

	if (!many.g)
		return -EINVAL;
	err = phase(LOAD_END, "end") ?: gort_ctx_wait(ctx);
	if (!err)
		free_room();
	return err;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static int stop_times(const char *what)
{
	u64 took[STOPS];
	int i, err = 0;

	for (i = 0; i < STOPS && !err; i++) {
		took[i] = ktime_get_ns();
		err = gort_stop_the_world();
		took[i] = ktime_get_ns() - took[i];
		if (!err)
			gort_start_the_world();
		usleep_range(1000, 2000);
	}
	if (err)
		return err;
	sort(took, STOPS, sizeof(*took), compare, NULL);
	print_many(what, took[STOPS / 2], 1);
	return 0;
}

static int stop_parked(unsigned long unused)
{
	return stop_times("stop_parked");
}

static int stop_ready(unsigned long unused)
{
	u64 begun;
	int err, late;

	if (!many.g)
		return -EINVAL;
	err = begin(LOAD_BUSY, &begun);
	if (err)
		return err;
	err = stop_times("stop_ready");
	WRITE_ONCE(many.stop, true);
	late = wait_done();
	return err ?: late;
}

static int set_cpus(unsigned long n)
{
	cpus = n;
	return 0;
}

static int do_yield(unsigned long unused)
{
	return phase(LOAD_YIELD, "yield");
}

static int do_park(unsigned long unused)
{
	return phase(LOAD_PARK, "park");
}

static int do_chan(unsigned long unused)
{
	return phase(LOAD_CHAN, "chan");
}

static const struct {
	const char *what;
	int (*run)(unsigned long n);
} commands[] = {
	{ "checks", checks }, { "cpus", set_cpus }, { "burst", burst },
	{ "room", room }, { "make", make }, { "wake", wake },
	{ "yield", do_yield }, { "park", do_park }, { "chan", do_chan },
	{ "stop_parked", stop_parked }, { "stop_ready", stop_ready },
	{ "end", end },
};

static int run(const char *what, unsigned long n)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(what, commands[i].what))
			return commands[i].run(n);
	return -EINVAL;
}

static int run_set(const char *val, const struct kernel_param *kp)
{
	unsigned long n = 0;
	char what[16];
	int err;

	if (!ctx || sscanf(val, "%15s %lu", what, &n) < 1)
		return -EINVAL;
	reinit_completion(&done);
	err = run(what, n);
	if (err)
		pr_err("%s %lu failed: %d\n", what, n, err);
	return err;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
};

module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "what to measure, and of how many Gs");

static int __init load_init(void)
{
	struct gort_ctx *new = gort_ctx_create("load", MAX_GS + 1);

	if (IS_ERR(new))
		return PTR_ERR(new);
	ctx = new;
	return 0;
}

static void __exit load_exit(void)
{
	gort_ctx_destroy(ctx);
	free_room();
}

module_init(load_init);
module_exit(load_exit);
MODULE_DESCRIPTION("Measurements of gort with many green threads");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
