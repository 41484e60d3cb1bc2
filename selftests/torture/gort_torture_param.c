// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of gort, written as user space does: the test changes what runs
 * under it, and puts back what it found.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "gort_torture.h"

#define PARAM_LEN	16

/**
 * struct param - a parameter of gort that changes during the test
 * @name: its name
 * @values: what it is set to, at random; none: only a broken twin changes it
 * @found: what it was; empty: gort has none of that name
 */
struct param {
	const char *name;
	const char *values[4];
	char found[PARAM_LEN];
};

/* nprocs is 0, which is all, twice as often: that is where most happens. */
static struct param params[] = {
	{ "nprocs", { "0", "1", "0", "1" } },
	{ "slice_us", { "300", "1000", "5000", "10000" } },
	{ "stack_cache", { "0", "2", "64", "256" } },
	{ "max_threads", { "1", "3", "16", "64" } },
	{ "gc_min", { "65536", "262144", "1048576", "4194304" } },
	{ "heap_max", { "262144", "4194304", "67108864", "67108864" } },
	{ "async", { "0", "1", "1", "1" } },
	{ "restore" },
};

static int file_rw(const char *path, char *buf, size_t len, bool write)
{
	struct file *f = filp_open(path, write ? O_WRONLY : O_RDONLY, 0);
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(f))
		return PTR_ERR(f);
	n = write ? kernel_write(f, buf, len, &pos) :
		    kernel_read(f, buf, len, &pos);
	filp_close(f, NULL);
	return min_t(ssize_t, n, INT_MAX);
}

static int param_rw(const char *name, char *buf, size_t len, bool write)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/gort/parameters/%s", name);
	return file_rw(path, buf, len, write);
}

int tort_param_set(const char *name, const char *value)
{
	char buf[PARAM_LEN];
	int n;

	strscpy(buf, value, sizeof(buf));
	n = param_rw(name, buf, strlen(buf), true);
	return min(n, 0);
}

void tort_params_save(void)
{
	struct param *p;
	int n;

	for (p = params; p < params + ARRAY_SIZE(params); p++) {
		n = param_rw(p->name, p->found, sizeof(p->found) - 1, false);
		p->found[max(n, 0)] = '\0';
	}
}

void tort_params_restore(void)
{
	struct param *p;

	for (p = params; p < params + ARRAY_SIZE(params); p++)
		if (p->found[0] && tort_param_set(p->name, strim(p->found)))
			pr_warn("gort's parameter %s is not what it was before\n",
				p->name);
}

static void change(const struct param *p, const char *value)
{
	/* none of that name, or none to be changed */
	if (!p->found[0] || !value)
		return;
	atomic_inc_return(&tort_changes_begun);
	if (tort_param_set(p->name, value))
		pr_warn("gort's parameter %s can't be set to %s\n", p->name,
			value);
	atomic_inc_return(&tort_changes_done);
}

/* One of them gets another value, or all shrinkers have their turn. */
void tort_params_change(u64 *rng)
{
	u32 n = tort_next(rng) % (ARRAY_SIZE(params) + 1);
	char all[] = "2";

	if (n < ARRAY_SIZE(params))
		change(&params[n], params[n].values[tort_next(rng) % 4]);
	else
		file_rw("/proc/sys/vm/drop_caches", all, 1, true);
}
