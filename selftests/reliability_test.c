// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the machine does to gort: CPUs that come and go, sleep, want of memory,
 * kills, a clock that is set, modules that are removed. Each case is a row of
 * Documentation/reliability.rst, and logs the figure that stands there.
 */

#include "cgroup.h"
#include "core_test.h"

#include <sched.h>

#define FAULTS		"gort_test_faults"
#define CPUS		"/sys/devices/system/cpu"
#define MIN_FREE	"/proc/sys/vm/min_free_kbytes"

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

/* The CPU that goes has the only P, or none. */
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
	int hogs;	/* a file for those that compute */
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
	if (!at)
		return false;
	at += strlen(word);
	return *at == ' ' || *at == ']' || *at == '\n';
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
	self->hogs = gt_open(0);
	ASSERT_LE(0, self->hogs);
}

FIXTURE_TEARDOWN(asleep)
{
	gt_write_file(POWER "/pm_test", "none");
	EXPECT_EQ(0, ct_gate(true));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->hogs));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test"));
	EXPECT_TRUE(ct_rmmod_soon(FAULTS));
}

/*
 * May the machine sleep like this? Without pm_test a timer wakes it, which runs
 * in suspend to idle only as long as there is no cpuidle driver. Without S3 "mem"
 * is suspend to idle, too, in which no CPU goes off.
 */
static bool can_sleep(const char *test, const char *state)
{
	return offers(POWER "/state", state) &&
	       (strcmp(state, "mem") || offers(POWER "/mem_sleep", "deep")) &&
	       (test ? offers(POWER "/pm_test", test) :
		       offers(CPUIDLE, "none"));
}

/*
 * Sleeps for a second; or until the timer, which must not come too early. The
 * second is one of udelay(), which emulated CPUs get wrong but for the first.
 */
static int sleep_now(const char *test, const char *state)
{
	cpu_set_t first;
	int wake_ms, err = 0;
	char text[16];

	/* without CONFIG_PM_DEBUG it sleeps for real or not at all */
	if (test || !access(POWER "/pm_test", F_OK))
		err = gt_write_file(POWER "/pm_test", test ?: "none");
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (!err && sched_setaffinity(0, sizeof(first), &first))
		err = -errno;
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

/* Four that compute and three that block, all of them begun */
static void hogs_and_blockers(struct __test_metadata *_metadata, int hogs,
			      int fd)
{
	__u64 begun = stacks_given(fd);

	ASSERT_EQ(4, ct_start(hogs, "t_gap", 4, 0));
	ASSERT_EQ(0, ct_gate(false));
	ASSERT_EQ(3, ct_start(fd, "t_gate", 3, CT_SYSCALL));
	ASSERT_TRUE(gt_wait_for(stacks_given(fd) >= begun + 7));
	ASSERT_TRUE(gt_wait_for(ct_gate_waiting() == 3));
}

/*
 * The machine sleeps while tasks compute, sleep and block: none of them runs
 * before it is awake, and each ends as ever, with its deadlines kept. Breaks if
 * gort goes on while programs are frozen, keeps the machine awake, or is not
 * there afterwards. For how long the clock goes on in the first sleeps is known.
 */
TEST_F_TIMEOUT(asleep, nothing_runs_and_nothing_is_lost, 60)
{
	const __u32 ps = procs(self->fd);
	int hogs = self->hogs, left, before = slept();
	struct gort_completion c;
	__u64 gap, start;

	if (!can_sleep(variant->test, variant->state))
		SKIP(return, "this machine has no such sleep");
	hogs_and_blockers(_metadata, hogs, self->fd);
	ASSERT_EQ(18, load(self->fd));
	/* these are asleep before, in and after it */
	ASSERT_EQ(20, ct_start(self->fd, "sleep", 20, 50 * GT_NSEC_PER_MSEC,
			       10));
	start = gt_now();
	ASSERT_EQ(0, sleep_now(variant->test, variant->state));
	start = gt_now() - start;
	EXPECT_EQ(before + 1, slept());
	EXPECT_TRUE(gt_wait_for(procs(self->fd) == ps));

	gap = least_gap(_metadata, hogs, 4);
	if (variant->ticks)
		EXPECT_LE(DELAY_NS, gap);
	ASSERT_EQ(0, ct_gate(true));
	for (left = 3 + 18 + 20; left; left--) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		if (c.result == 10)
			EXPECT_LE(500 * GT_NSEC_PER_MSEC, c.latency_ns);
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
	TH_LOG("%.0f ms on the clock, no hog ran for %.0f ms", ms(start),
	       ms(gap));
}

/* Memory */

static int segments(void)
{
	return ct_areas("[gort]");
}

/* A line of /proc/meminfo, in MiB */
static long memory_of(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long value = -1;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ": %ld", &value);
	fclose(f);
	return value < 0 ? -1 : value >> 10;
}

/* Uses up so many MiB, until the process ends. */
static bool use_up(size_t mib)
{
	return mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
		    0) != MAP_FAILED;
}

/*
 * Memory gets scarce, by nobody's order: stacks that are kept for reuse go back
 * before anything is killed for them. Breaks if the shrinker does not count
 * them, or frees none. The kernel is to begin as early as one with huge pages
 * does: later, what it got back may all lie where it does not look before it kills.
 */
TEST_F_TIMEOUT(core, scarce_memory_frees_kept_stacks, 150)
{
	static struct gort_completion c[600];
	char reserve[32];
	int full, left;

	ASSERT_EQ(0, gt_read_file(MIN_FREE, reserve, sizeof(reserve)));
	if (atoi(reserve) < 65536)
		ASSERT_EQ(0, gt_write_file(MIN_FREE, "65536"));
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(600, ct_start(self->fd, "sleep", 600,
				100 * GT_NSEC_PER_MSEC, 1));
	ASSERT_EQ(600, gt_read_all(self->fd, c, 600));
	full = segments();
	ASSERT_LT(200, full);
	while (memory_of("MemFree") > 300)
		ASSERT_TRUE(use_up(128));
	do {
		ASSERT_LT(20, memory_of("MemFree"));
		ASSERT_TRUE(use_up(1));
		left = segments();
	} while (left > full / 2);
	TH_LOG("%d segments, %d with %ld MiB free", full, left,
	       memory_of("MemFree"));
	ASSERT_EQ(4, ct_start(self->fd, "recurse", 4, 100, 1024));
	ASSERT_EQ(4, gt_read_all(self->fd, c, 4));
	EXPECT_EQ(100 * 101 / 2, c[3].result);
	EXPECT_EQ(0, gt_write_file(MIN_FREE, reserve));
}

/* In the cgroup: tasks, and then more memory than there is. */
static void be_killed_for_memory(int ready)
{
	int fd;

	if (gt_write_file(CGROUP "/cgroup.procs", "0"))
		_exit(1);
	fd = gt_open(0);
	if (ct_start(fd, "sleep", 200, GT_HOUR, 1) != 200 ||
	    ct_start(fd, "pingpong", 4, 1ULL << 30) != 4)
		_exit(2);
	if (write(ready, "", 1) != 1)
		_exit(3);
	while (use_up(1))
		;
	_exit(4);
}

/*
 * Who submits is killed for the memory of its cgroup: its tasks end, what they
 * were charged for is back, and nobody else notices.
 */
TEST_F(core, killed_for_memory_ends_its_tasks_alone)
{
	int ready[2], running, watch = gt_open(0);
	__s64 base = gt_total(watch), left;
	__u64 start;
	pid_t pid;
	char x;

	ASSERT_TRUE(cgroup_make("16M"));
	ASSERT_EQ(0, gt_param_set("stack_cache", 0));
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid)
		be_killed_for_memory(ready[1]);
	ASSERT_EQ(1, read(ready[0], &x, 1));
	start = gt_now();
	running = load(self->fd);
	ASSERT_EQ(18, running);
	EXPECT_EQ(-SIGKILL, gt_reap(pid));
	start = gt_now() - start;
	EXPECT_LT(0, cgroup_kills());
	expect_all_right(_metadata, self->fd, running);
	EXPECT_TRUE(gt_wait_for(gt_total(watch) == base));
	left = cgroup_get("memory.current");
	EXPECT_TRUE(gt_wait_for((left = cgroup_get("memory.current")) <
				2 << 20));
	TH_LOG("gone after %.0f ms, %lld KiB still charged", ms(start),
	       left >> 10);
	EXPECT_EQ(0, rmdir(CGROUP));
	close(watch);
}

/* Kills */

static void polling(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	poll(&p, 1, -1);
}

static void cancelling(int fd)
{
	gt_cancel_all(fd, NULL);
	gt_run(fd, "sleep", 64, GT_HOUR, 1, 0);
}

static void opening(int fd)
{
	int other = gt_open(0);

	gt_run(other, "sleep", 8, GT_HOUR, 1, 0);
	close(other);
	(void)fd;
}

/* ... a file whose task does not see that it is cancelled */
static void closing(int fd)
{
	int other = gt_open(0);

	gt_run(other, "loop", 4, 1 << 20, 0, 0);
	close(other);
	(void)fd;
}

static void asking(int fd)
{
	struct gort_stats st;

	gt_stats(fd, GORT_STATS_ALL, &st);
	gt_total(fd);
}

static void giving_bad_addresses(int fd)
{
	struct gort_submit s = {
		.size = sizeof(s), .tasks = 8, .count = 4,
		.task_size = sizeof(struct gort_task_desc),
	};

	gt_ioctl(fd, GORT_IOC_SUBMIT, &s);
	if (syscall(SYS_read, fd, 8L, 4096L) < 0)
		gt_run(fd, "yield", 4, 1, 0, 0);
}

static void stopped(int fd)
{
	(void)fd;
	raise(SIGSTOP);
}

FIXTURE(victim) {
	int watch;
	__s64 base;
};

/* What it does all the time; the others are in lifetime_test and device_test. */
FIXTURE_VARIANT(victim) {
	void (*does)(int fd);
};

FIXTURE_VARIANT_ADD(victim, polling) {
	.does = polling,
};

FIXTURE_VARIANT_ADD(victim, cancelling) {
	.does = cancelling,
};

FIXTURE_VARIANT_ADD(victim, opening) {
	.does = opening,
};

FIXTURE_VARIANT_ADD(victim, closing) {
	.does = closing,
};

FIXTURE_VARIANT_ADD(victim, asking) {
	.does = asking,
};

FIXTURE_VARIANT_ADD(victim, giving_bad_addresses) {
	.does = giving_bad_addresses,
};

FIXTURE_VARIANT_ADD(victim, stopped) {
	.does = stopped,
};

FIXTURE_SETUP(victim)
{
	self->watch = gt_open(0);
	ASSERT_LE(0, self->watch);
	self->base = gt_total(self->watch);
}

FIXTURE_TEARDOWN(victim)
{
	close(self->watch);
}

static void be_victim(void (*does)(int fd), int ready)
{
	int fd = gt_open(0);

	if (gt_run(fd, "sleep", 50, GT_HOUR, 1, 0) != 50 ||
	    gt_run(fd, "pingpong", 4, 1 << 30, 0, 0) != 4 ||
	    write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		does(fd);
}

/* Killed at whatever moment: when its end is known, its tasks are gone. */
TEST_F(victim, killed_leaves_nothing)
{
	__u64 start, longest = 0;
	int ready[2], round;
	pid_t pid;
	char x;

	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	for (round = 0; round < 8; round++) {
		pid = gt_fork();
		ASSERT_LE(0, pid);
		if (!pid)
			be_victim(variant->does, ready[1]);
		ASSERT_EQ(1, read(ready[0], &x, 1));
		usleep(1000 * round);
		start = gt_now();
		kill(pid, SIGKILL);
		EXPECT_EQ(-SIGKILL, gt_reap(pid));
		if (gt_now() - start > longest)
			longest = gt_now() - start;
		EXPECT_EQ(self->base, gt_total(self->watch));
	}
	TH_LOG("the longest took %.1f ms", ms(longest));
}

/* What green threads do wrong */

/*
 * A G sleeps where it must not: it is told so, by an errno and in the log, and
 * does not sleep; all others on its P go on. The function that it calls by
 * gort_call() is the kernel's to watch.
 */
TEST_F(core, sleep_in_atomic_context_is_refused_and_told)
{
	int log = ct_kmsg_open(), running, other = gt_open(0);
	struct gort_completion c;

	ASSERT_LE(0, log);
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	running = load(other);
	ASSERT_EQ(18, running);
	EXPECT_EQ(-EDEADLK, ct_run(self->fd, &c, "t_misuse", CT_KIND_SPIN, 0));
	EXPECT_TRUE(ct_kmsg_has(log, "with a gort lock held or a section open"));
	expect_all_right(_metadata, other, running);
	close(other);
	close(log);
}

/* The clock */

static bool turn_clock(long seconds)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts))
		return false;
	ts.tv_sec += seconds;
	return !clock_settime(CLOCK_REALTIME, &ts);
}

/*
 * The clock on the wall is set to and fro by a month: who sleeps neither wakes
 * early nor oversleeps. The workload says EIO of a sleep that was too short.
 */
TEST_F(core, clock_that_is_set_moves_no_deadline)
{
	const long month = 30 * 24 * 3600;
	struct gort_completion c;
	struct gort_wait w;
	__u64 deadline, late;
	int i;

	ASSERT_EQ(20, ct_start(self->fd, "sleep", 20, 20 * GT_NSEC_PER_MSEC,
			       20));
	deadline = gt_in_ms(200);
	for (i = 0; gt_now() < deadline - 50 * GT_NSEC_PER_MSEC || i & 1; i++) {
		ASSERT_TRUE(turn_clock(i & 1 ? -month : month));
		gt_pause();
	}
	EXPECT_LT(0, i);
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 21, deadline, &w));
	late = gt_now() - deadline;
	EXPECT_GT(GT_PATIENCE, late);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(20, c.result);
		EXPECT_LE(400 * GT_NSEC_PER_MSEC, c.latency_ns);
	}
	TH_LOG("a wait of 200 ms ended %.1f ms late", ms(late));
}

/* Modules */

struct submitter {
	pthread_t thread;
	int fd;
	bool end;
	int accepted, refused, wrong;
};

/* Submits one task after the other, whether its workload is there or not. */
static void *submit_on_and_on(void *arg)
{
	struct submitter *s = arg;
	struct gort_completion c;
	int err;

	while (!__atomic_load_n(&s->end, __ATOMIC_ACQUIRE)) {
		err = ct_run(s->fd, &c, "t_gap", 200);
		if (!err)
			__atomic_fetch_add(&s->accepted, 1, __ATOMIC_RELAXED);
		else if (err == -ENOENT)
			__atomic_fetch_add(&s->refused, 1, __ATOMIC_RELAXED);
		else
			s->wrong = err;
	}
	return NULL;
}

static bool grows(const int *n)
{
	int before = __atomic_load_n(n, __ATOMIC_RELAXED);

	return gt_wait_for(__atomic_load_n(n, __ATOMIC_RELAXED) > before);
}

/*
 * A module goes and comes while its workload is submitted and its own Gs run:
 * it goes as soon as no task runs, a task runs to its end or is ENOENT, and its
 * own end with it.
 */
TEST_F_TIMEOUT(core, module_is_removed_while_its_tasks_are_submitted, 60)
{
	struct submitter s = { .fd = gt_open(0) };
	__s64 base = gt_total(self->fd);
	__u64 start, longest = 0;
	int round;

	ASSERT_LE(0, s.fd);
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, submit_on_and_on, &s));
	for (round = 0; round < 10; round++) {
		EXPECT_TRUE(grows(&s.refused));
		ASSERT_EQ(0, ct_insmod_own(FAULTS, "own=4"));
		EXPECT_TRUE(grows(&s.accepted));
		start = gt_now();
		ASSERT_TRUE(ct_rmmod_soon(FAULTS));
		if (gt_now() - start > longest)
			longest = gt_now() - start;
	}
	__atomic_store_n(&s.end, true, __ATOMIC_RELEASE);
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.wrong);
	EXPECT_EQ(0, close(s.fd));
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == base));
	TH_LOG("%d tasks ran, %d were refused, the longest removal took %.1f ms",
	       s.accepted, s.refused, ms(longest));
}

FIXTURE(module) {
	bool was_loaded;
};

FIXTURE_SETUP(module)
{
	self->was_loaded = ct_loaded("gort");
	ASSERT_TRUE(ct_rmmod_soon("gort_test"));
	ASSERT_TRUE(ct_rmmod_soon("gort"));
}

FIXTURE_TEARDOWN(module)
{
	ct_rmmod_soon(FAULTS);
	ct_rmmod_soon("gort");
	if (self->was_loaded)
		EXPECT_EQ(0, ct_insmod_gort(""));
}

/* In, used by one who is killed, on CPUs that change, and out again. */
static void one_life(struct __test_metadata *_metadata, int round)
{
	int ready[2];
	pid_t pid;
	char x;

	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	ASSERT_EQ(0, ct_insmod_gort(""));
	ASSERT_EQ(0, ct_insmod_own(FAULTS, "own=2"));
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid)
		be_victim(cancelling, ready[1]);
	ASSERT_EQ(1, read(ready[0], &x, 1));
	if (cpu_can_go(1) && round % 3 == 0)
		ASSERT_EQ(0, cpu_set(1, round & 1));
	kill(pid, SIGKILL);
	ASSERT_EQ(-SIGKILL, gt_reap(pid));
	ASSERT_TRUE(ct_rmmod_soon(FAULTS));
	ASSERT_TRUE(ct_rmmod_soon("gort"));
	ASSERT_EQ(0, segments());
	close(ready[0]);
	close(ready[1]);
}

static int cycles_wanted(void)
{
	return atoi(ct_env("GORT_CYCLES", "20"));
}

/*
 * GORT_CYCLES times, 20 by default, gort comes and goes, used hard in between.
 * Breaks if a cycle leaves an area of vmalloc; module_test looks at the slab
 * caches in the same way.
 */
TEST_F_TIMEOUT(module, comes_and_goes_with_all_that_happens, 60)
{
	int cycles = cycles_wanted(), i;
	__u64 start = gt_now();
	long areas = 0;

	ASSERT_LE(10, cycles);
	for (i = 0; i < cycles; i++) {
		one_life(_metadata, i);
		if (i == cycles / 2 - 1)
			areas = ct_areas(NULL);
	}
	if (cpu_can_go(1))
		ASSERT_EQ(0, cpu_set(1, true));
	/* what is freed later, and by whom it likes, has some room */
	EXPECT_TRUE(gt_wait_for(ct_areas(NULL) < areas + cycles / 4));
	TH_LOG("%d cycles of %.0f ms, %ld areas at half time, %ld at the end",
	       cycles, ms(gt_now() - start) / cycles, areas, ct_areas(NULL));
}

/* Two seconds for each cycle, as many as there are. */
static void __attribute__((constructor)) stretch_the_cycles(void)
{
	struct __test_metadata *t =
		&_module_comes_and_goes_with_all_that_happens_object;

	if (2 * cycles_wanted() > t->timeout)
		t->timeout = 2 * cycles_wanted();
}

TEST_HARNESS_MAIN
