// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the machine does to gort: CPUs that come and go, sleep, want of memory,
 * kills, a clock that is set, modules that are removed. Each case is a row of
 * Documentation/reliability.rst, and logs the figure that stands there.
 */

#include "cgroup.h"
#include "core_test.h"

#define FAULTS		"gort_test_faults"
#define CPUS		"/sys/devices/system/cpu"

static double ms(__u64 ns)
{
	return (double)ns / GT_NSEC_PER_MSEC;
}

/* CPUs */

static int cpu_set(int cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), CPUS "/cpu%d/online", cpu);
	return gt_write_file(path, online ? "1" : "0");
}

static bool cpu_can_go(int cpu)
{
	char path[64];

	snprintf(path, sizeof(path), CPUS "/cpu%d/online", cpu);
	return !access(path, W_OK);
}

/* Some that last a while; returns how many. */
static int load(int fd)
{
	return ct_start(fd, "call", 4, 30000) +
	       ct_start(fd, "pingpong", 4, 100) +
	       ct_start(fd, "sleep", 4, 2000000, 5) +
	       ct_start(fd, "spawn", 2, 4, 4) +
	       ct_start(fd, "lock", 4, 100, 20, 0);
}

static bool right(const struct gort_completion *c)
{
	return !c->status &&
	       (c->result == gt_steps(30000) || c->result == 200 ||
		c->result == 5 || c->result == gt_tree(4, 4) ||
		c->result == gt_steps(2000));
}

/* All @n completions, each with its right result */
static void expect_all_right(struct __test_metadata *_metadata, int fd, int n)
{
	struct gort_completion c;

	while (n--) {
		ASSERT_EQ(0, ct_next(fd, &c));
		EXPECT_TRUE(right(&c))
			TH_LOG("status %d, result %llu", c.status, c.result);
	}
	EXPECT_EQ(0, gt_of_file(fd));
}

static __u32 procs(int fd)
{
	struct gort_info info;

	return gt_info(fd, &info) ? 0 : info.nr_procs;
}

/* Takes the CPU away under load and gives it back; the longest of all took... */
static __u64 off_and_on(struct __test_metadata *_metadata, int fd, int cpu,
			int *running)
{
	__u64 start, longest = 0;
	int on, n;

	for (on = 0; on < 2; on++) {
		n = load(fd);
		ASSERT_EQ(18, n);
		*running += n;
		start = gt_now();
		ASSERT_EQ(0, cpu_set(cpu, on));
		if (gt_now() - start > longest)
			longest = gt_now() - start;
	}
	return longest;
}

FIXTURE(cpus) {
	struct gt_params saved;
	int fd;
};

FIXTURE_VARIANT(cpus) {
	int nprocs;
};

FIXTURE_VARIANT_ADD(cpus, all_in_use) {
	.nprocs = 0,
};

/* The CPU that goes may be the only one that has a P. */
FIXTURE_VARIANT_ADD(cpus, one_in_use) {
	.nprocs = 1,
};

FIXTURE_SETUP(cpus)
{
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("nprocs", variant->nprocs));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(cpus)
{
	int cpu;

	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++)
		if (cpu_can_go(cpu))
			EXPECT_EQ(0, cpu_set(cpu, true));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(gt_params_restore(&self->saved));
}

/*
 * Each CPU that Linux lets go goes and comes, with work on it. Breaks if the
 * last P is taken before another one is in use, or if work stays behind.
 */
TEST_F_TIMEOUT(cpus, each_goes_and_comes_under_load, 60)
{
	const __u32 ps = procs(self->fd);
	int cpu, round, running = 0, gone = 0;
	__u64 longest = 0, took;

	for (round = 0; round < 5; round++) {
		for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
			if (!cpu_can_go(cpu) || ct_cpus() < 2)
				continue;
			took = off_and_on(_metadata, self->fd, cpu, &running);
			if (took > longest)
				longest = took;
			gone++;
			EXPECT_EQ(ps, procs(self->fd));
		}
	}
	if (!gone)
		SKIP(return, "needs a CPU that can be taken away");
	expect_all_right(_metadata, self->fd, running);
	TH_LOG("%d times, %d tasks, the longest took %.1f ms", gone, running,
	       ms(longest));
}

/* Sleep of the machine */

#define POWER		"/sys/power"
#define PM_DELAY	"/sys/module/suspend/parameters/pm_test_delay"
#define DELAY_NS	GT_NSEC_PER_SEC		/* as sleep_now() sets it */
#define WAKE_PARAM	"/sys/module/" FAULTS "/parameters/wake_ms"
#define CPUIDLE		CPUS "/cpuidle/current_driver"

FIXTURE(asleep) {
	struct gt_params saved;
	int fd;
};

/*
 * How far it goes: @test is one of pm_test's, NULL: all the way. @ticks: the
 * clock goes on meanwhile.
 */
FIXTURE_VARIANT(asleep) {
	const char *test;
	const char *state;
	bool ticks;
};

FIXTURE_VARIANT_ADD(asleep, processes_frozen) {
	.test = "freezer", .state = "freeze", .ticks = true,
};

FIXTURE_VARIANT_ADD(asleep, devices_off) {
	.test = "devices", .state = "freeze", .ticks = true,
};

FIXTURE_VARIANT_ADD(asleep, cpus_off) {
	.test = "core", .state = "mem",
};

FIXTURE_VARIANT_ADD(asleep, to_idle) {
	.state = "freeze",
};

/* Is @word one of the words in the file? */
static bool offers(const char *path, const char *word)
{
	char text[256], *at;

	if (gt_read_file(path, text, sizeof(text)))
		return false;
	at = strstr(text, word);
	return at && strchr(" \n]", at[strlen(word)]);
}

FIXTURE_SETUP(asleep)
{
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	if (!ct_loaded("gort_test"))
		ASSERT_EQ(0, ct_insmod_test());
	if (!ct_loaded(FAULTS))
		ASSERT_EQ(0, ct_insmod_own(FAULTS, ""));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(asleep)
{
	gt_write_file(POWER "/pm_test", "none");
	EXPECT_EQ(0, ct_gate(true));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test"));
	EXPECT_TRUE(ct_rmmod_soon(FAULTS));
}

/*
 * May the machine sleep as the variant says? Without pm_test a timer wakes it,
 * which runs in this sleep only as long as there is no cpuidle driver.
 */
#define can_sleep(variant)						\
	(offers(POWER "/state", (variant)->state) &&			\
	 ((variant)->test ? offers(POWER "/pm_test", (variant)->test) :	\
			    offers(CPUIDLE, "none")))

/* Sleeps for a second; or until the timer, which must not come too early. */
static int sleep_now(const char *test, const char *state)
{
	int err = gt_write_file(POWER "/pm_test", test ?: "none");
	char text[16];
	int wake_ms;

	if (!err && test)
		err = gt_write_file(PM_DELAY, "1");
	if (err || test)
		return err ?: gt_write_file(POWER "/state", state);
	for (wake_ms = 1000; wake_ms <= 16000; wake_ms *= 2) {
		snprintf(text, sizeof(text), "%d", wake_ms);
		err = gt_write_file(WAKE_PARAM, text) ?:
		      gt_write_file(POWER "/state", state);
		if (err != -EBUSY)
			break;
	}
	return err;
}

/* How often the machine has slept; its own count. */
static long slept(void)
{
	char text[32];

	if (gt_read_file(POWER "/suspend_stats/success", text, sizeof(text)))
		return -1;
	return strtol(text, NULL, 10);
}

/* Each G gets its first segment when it begins. */
static __u64 stacks_given(int fd)
{
	const struct gort_stats s = ct_stats(fd);

	return s.seg_allocs + s.seg_reuses;
}

/* Waits for the hogs to end; the shortest gap that one of them has seen */
static __u64 least_gap(struct __test_metadata *_metadata, int fd, int hogs)
{
	struct gort_completion c;
	__u64 least = ~0ULL;

	ASSERT_EQ(0, gt_cancel_all(fd, NULL));
	while (hogs--) {
		ASSERT_EQ(0, ct_next(fd, &c));
		ASSERT_EQ(0, c.status);
		if (c.result < least)
			least = c.result;
	}
	return least;
}

/*
 * The machine sleeps while tasks compute, sleep and block: none of them runs
 * before it is awake, and each ends as ever. Breaks if gort goes on while
 * programs are frozen, keeps the machine awake, or is not there afterwards.
 * For how long the clock goes on in the first sleeps is known.
 */
TEST_F_TIMEOUT(asleep, nothing_runs_and_nothing_is_lost, 60)
{
	const __u32 ps = procs(self->fd);
	int hogs = gt_open(0), running, before = slept();
	struct gort_completion c;
	__u64 gap, start, begun;

	if (!can_sleep(variant))
		SKIP(return, "this machine has no such sleep");
	ASSERT_LE(0, hogs);
	begun = stacks_given(hogs);
	ASSERT_EQ(4, ct_start(hogs, "t_gap", 4, 0));
	ASSERT_TRUE(gt_wait_for(stacks_given(hogs) >= begun + 4));
	ASSERT_EQ(0, ct_gate(false));
	ASSERT_EQ(3, ct_start(self->fd, "t_gate", 3, CT_SYSCALL));
	ASSERT_TRUE(gt_wait_for(ct_gate_waiting() == 3));
	running = load(self->fd);
	ASSERT_EQ(18, running);

	start = gt_now();
	ASSERT_EQ(0, sleep_now(variant->test, variant->state));
	start = gt_now() - start;
	EXPECT_EQ(before + 1, slept());
	EXPECT_EQ(ps, procs(self->fd));

	gap = least_gap(_metadata, hogs, 4);
	EXPECT_EQ(0, close(hogs));
	if (variant->ticks)
		EXPECT_LE(DELAY_NS, gap);
	ASSERT_EQ(0, ct_gate(true));
	for (running += 3; running; running--) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
	TH_LOG("%.0f ms on the clock, no hog ran for %.0f ms", ms(start),
	       ms(gap));
}

/*
 * Deadlines before, in and after the sleep: none ends early on the clock that
 * they are given in. Sleeps of 50 ms each check this themselves.
 */
TEST_F_TIMEOUT(asleep, deadlines_are_kept, 60)
{
	struct gort_completion c;
	struct gort_wait w;
	__u64 deadline;
	int i;

	if (!can_sleep(variant))
		SKIP(return, "this machine has no such sleep");
	ASSERT_EQ(20, ct_start(self->fd, "sleep", 20, 50 * GT_NSEC_PER_MSEC,
			       30));
	ASSERT_EQ(0, sleep_now(variant->test, variant->state));
	deadline = gt_in_ms(20);
	ASSERT_EQ(-ETIME, gt_wait(self->fd, 21, deadline, &w));
	EXPECT_LE(deadline, gt_now());
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(30, c.result);
		EXPECT_LE(30 * 50 * GT_NSEC_PER_MSEC, c.latency_ns);
	}
}

TEST_HARNESS_MAIN
