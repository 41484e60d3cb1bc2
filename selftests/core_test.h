/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the core share: gort_test.ko, whose workloads they submit,
 * and the fixture that loads it.
 *
 * Most of what is to be proven happens inside a green thread. There the
 * workloads look themselves, and hand back a count or an errno; a test says
 * which ones to run, under which parameters, and what must come back.
 */
#ifndef CORE_TEST_H
#define CORE_TEST_H

#include "gort_test.h"

#define CT_KINDS	17	/* sections of gort_test.ko, see t_kinds there */
#define CT_KIND_LOCK	0	/* one gort_lock */
#define CT_KIND_SPIN	2	/* one spin lock */
#define CT_KIND_BH	3	/* the same, bottom halves off */
#define CT_KIND_RCU	6	/* an RCU reader */
#define CT_KIND_PREEMPT	7	/* preemption off */
#define CT_KIND_NONE	CT_KINDS

/* How a G blocks, as enum t_how there */
#define CT_CALL		0	/* gort_call(), unannounced */
#define CT_SYSCALL	1	/* gort_syscall() */

static inline const char *ct_env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static inline int ct_insmod(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return err;
}

static inline int ct_insmod_gort(const char *params)
{
	return ct_insmod(ct_env("GORT_KO", "/gort/gort.ko"), params);
}

/* One of the tests' own modules. */
static inline int ct_insmod_own(const char *name, const char *params)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.ko",
		 ct_env("GORT_MODULES", "/gort/modules"), name);
	return ct_insmod(path, params);
}

static inline int ct_insmod_test(void)
{
	return ct_insmod_own("gort_test", "");
}

static inline int ct_rmmod(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static inline bool ct_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return !access(path, F_OK);
}

/* A module is in use until the last of its Gs is gone, just after its task. */
static inline bool ct_rmmod_soon(const char *name)
{
	return !ct_loaded(name) || gt_wait_for(!ct_rmmod(name));
}

/* A file of gort_test.ko in sysfs. */
static inline int ct_read_test_param(const char *name, char *buf, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/module/gort_test/parameters/%s",
		 name);
	return gt_read_file(path, buf, size);
}

static inline int ct_write_test_param(const char *name, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/module/gort_test/parameters/%s",
		 name);
	return gt_write_file(path, text);
}

/* A collection by this process, which is no G; what gort_gc() returned. */
static inline int ct_collect(void)
{
	char text[32];
	int err = ct_read_test_param("collect", text, sizeof(text));

	return err ? err : atoi(text);
}

/* A number that such a file has, or a negative errno */
static inline int ct_test_number(const char *name)
{
	char text[32];
	int err = ct_read_test_param(name, text, sizeof(text));

	return err ? err : atoi(text);
}

static inline int ct_hook(bool on)
{
	return ct_write_test_param("hook", on ? "1" : "0");
}

/* The loops without calls of gort_test.ko: may they go on? */
static inline int ct_loops(bool go_on)
{
	return ct_write_test_param("loops", go_on ? "1" : "0");
}

/* Tasks that wait at the gate of gort_test.ko go on when it is open. */
static inline int ct_gate(bool open)
{
	return ct_write_test_param("gate", open ? "1" : "0");
}

/* It stays closed, and those that stay away from it are to come. */
static inline int ct_gate_call(void)
{
	return ct_write_test_param("gate", "2");
}

static inline int ct_gate_waiting(void)
{
	return ct_test_number("gate");
}

/* The kernel's messages from here on */
static inline int ct_kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Is @what in one that was not read yet? */
static inline bool ct_kmsg_has(int fd, const char *what)
{
	char text[8192];
	bool has = false;
	ssize_t len;

	/* EPIPE: some were overwritten before they were read */
	while ((len = read(fd, text, sizeof(text) - 1)) > 0 || errno == EPIPE) {
		if (len <= 0)
			continue;
		text[len] = '\0';
		has |= !!strstr(text, what);
	}
	return has;
}

/* Starts @n tasks of a workload; the rest are its arguments. */
#define ct_start(fd, name, n, ...) \
	ct_start_args(fd, name, n, (const __u64 [GORT_MAX_ARGS]) { __VA_ARGS__ })

static inline int ct_start_args(int fd, const char *name, __u32 n,
				const __u64 *args)
{
	struct gort_workload_info w;
	struct gort_task_desc t = { 0 };
	int err = gt_find(fd, name, &w);

	if (err)
		return err;
	t.workload = w.id;
	memcpy(t.args, args, sizeof(t.args));
	return gt_submit_n(fd, &t, n, NULL);
}

/* Waits for the next completion, with patience, and reads it. */
static inline int ct_next(int fd, struct gort_completion *c)
{
	struct gort_wait w;
	int err = gt_wait(fd, 1, gt_now() + GT_PATIENCE, &w);

	if (err)
		return err;
	return gt_read(fd, c, 1) == 1 ? 0 : -ENODATA;
}

/*
 * Runs one task of a workload to its end. Returns its status, or a negative
 * errno if it could not be run; @c, if not NULL, is its completion.
 */
#define ct_run(fd, c, name, ...) \
	ct_run_args(fd, c, name, (const __u64 [GORT_MAX_ARGS]) { __VA_ARGS__ })

static inline int ct_run_args(int fd, struct gort_completion *c,
			      const char *name, const __u64 *args)
{
	struct gort_completion own;
	int n = ct_start_args(fd, name, 1, args);
	int err;

	if (!c)
		c = &own;
	if (n != 1)
		return n ? n : -ENODATA;
	err = ct_next(fd, c);
	return err ? err : c->status;
}

/* Counters of all CPUs; all ones if they can't be had. */
static inline struct gort_stats ct_stats(int fd)
{
	struct gort_stats st;

	if (gt_stats(fd, GORT_STATS_ALL, &st))
		memset(&st, 0xff, sizeof(st));
	return st;
}

/*
 * How many tasks have begun: each gets its first segment then. Who has not can
 * only be cancelled.
 */
static inline __u64 ct_begun(int fd)
{
	const struct gort_stats s = ct_stats(fd);

	return s.seg_allocs + s.seg_reuses;
}

/* Lines of /proc/vmallocinfo that contain @what, or all for NULL. */
static inline long ct_areas(const char *what)
{
	FILE *f = fopen("/proc/vmallocinfo", "re");
	char line[512];
	long n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		n += !what || strstr(line, what);
	fclose(f);
	return n;
}

static inline long ct_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

FIXTURE(core) {
	struct gt_params saved;
	int fd;
};

/* Every test begins with the parameters at their defaults. */
FIXTURE_SETUP(core)
{
	self->fd = -1;
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("nprocs", 0));
	ASSERT_EQ(0, gt_param_set("slice_us", 10000));
	ASSERT_EQ(0, gt_param_set("restore", 1));
	ASSERT_EQ(0, gt_param_set("async", 1));
	ASSERT_EQ(0, gt_param_set("watchdog_ms", 1000));
	ASSERT_EQ(0, gt_param_set("stack_cache", 256));
	ASSERT_EQ(0, gt_param_set("max_threads", 64));
	if (!ct_loaded("gort_test"))
		ASSERT_EQ(0, ct_insmod_test());
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

/*
 * No close() is to wait for the loops of a test that has failed, nor for what
 * waits at the gate.
 */
FIXTURE_TEARDOWN(core)
{
	if (ct_loaded("gort_test")) {
		EXPECT_EQ(0, ct_loops(false));
		EXPECT_EQ(0, ct_gate(true));
	}
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test"));
}

#endif /* CORE_TEST_H */
