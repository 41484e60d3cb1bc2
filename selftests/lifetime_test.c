// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks live as long as their file: what ends them (close, exit, exec, a kill,
 * a cancel), what does not (a dup, a fork, a signal), and that nothing stays.
 * Every test ends by comparing the green threads of the machine with what it
 * found; a close that returns before its tasks are gone fails there.
 */
#include "life.h"

#define SLOW	(GT_PATIENCE / 2)	/* "at once", on an emulated CPU */

/* A task that does not end by itself while anybody looks. */
static bool long_task(int fd, const char *name, struct gort_task_desc *t)
{
	struct gort_workload_info w;

	if (gt_find(fd, name, &w))
		return false;
	*t = (struct gort_task_desc) {
		.workload = w.id,
		.args = { w.args[0].max, w.args[1].def, w.args[2].def },
	};
	return true;
}

static int run_long(int fd, const char *name, int n)
{
	struct gort_task_desc t;

	return long_task(fd, name, &t) ? gt_submit_n(fd, &t, n, NULL) : -ENOENT;
}

/* Tasks in every state: asleep, waiting for each other, running, queued. */
static bool load(int fd)
{
	return gt_run(fd, "sleep", 300, GT_HOUR, 1, 0) == 300 &&
	       run_long(fd, "call", 4) == 4 &&
	       run_long(fd, "pingpong", 8) == 8 &&
	       run_long(fd, "lock", 3) == 3 &&
	       run_long(fd, "yield", 4) == 4 &&
	       gt_run(fd, "spawn", 4, 6, 3, 0) == 4 &&
	       gt_run(fd, "sleep", 300, GT_NSEC_PER_MSEC, 5, 0) == 300;
}

/* A program must be able to end, whatever it started. */
TEST_F(life, close_ends_what_runs)
{
	struct gort_stats before, now;
	__u64 start;

	ASSERT_EQ(0, gt_stats(self->watch, GORT_STATS_ALL, &before));
	ASSERT_TRUE(load(self->fd));
	ASSERT_TRUE(gt_wait_for(!gt_stats(self->watch, GORT_STATS_ALL, &now) &&
				now.parked >= before.parked + 300));
	start = gt_now();
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_GT(SLOW, gt_now() - start);
	EXPECT_EQ(self->base, gt_total(self->watch));
}

/* ... and however many they are: twice as many must not take four times. */
TEST_F(life, close_ends_twenty_thousand)
{
	struct gort_stats before, now;
	__u64 start;

	ASSERT_EQ(0, gt_stats(self->watch, GORT_STATS_ALL, &before));
	ASSERT_EQ(20000, gt_run(self->fd, "sleep", 20000, GT_HOUR, 1, 0));
	EXPECT_EQ(self->base + 20000, gt_total(self->watch));
	ASSERT_TRUE(gt_wait_for(!gt_stats(self->watch, GORT_STATS_ALL, &now) &&
				now.parked >= before.parked + 20000));
	start = gt_now();
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_GT(SLOW, gt_now() - start);
}

/*
 * ... also if it never looks. Who has begun such a loop can only be awaited, and
 * some have, since they take turns; but the many that wait for their first turn
 * must not have it.
 */
TEST_F(life, close_ends_loops_without_calls)
{
	struct gort_stats before, now;
	struct gort_completion c;
	__u64 start, one;

	start = gt_now();
	ASSERT_EQ(1, gt_run(self->fd, "loop", 1, 1 << 26, 0, 0));
	ASSERT_EQ(1, gt_read(self->fd, &c, 1));
	one = gt_now() - start;
	ASSERT_EQ(0, gt_stats(self->watch, GORT_STATS_ALL, &before));
	ASSERT_EQ(400, gt_run(self->fd, "loop", 400, 1 << 26, 0, 0));
	ASSERT_TRUE(gt_wait_for(!gt_stats(self->watch, GORT_STATS_ALL, &now) &&
				now.switches > before.switches));
	start = gt_now();
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_GT(50 * one, gt_now() - start);
}

/* ... also before anything has begun, and when it ends just then. */
TEST_F(life, close_races_with_start_and_end)
{
	int i, fd;

	for (i = 0; i < 60; i++) {
		fd = gt_open(0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(30, gt_run(fd, "sleep", 30, 50000 * i + 1, 1, 0));
		ASSERT_EQ(20, gt_run(fd, "yield", 20, 1 + i % 7, 0, 0));
		ASSERT_EQ(20, gt_run(fd, "pingpong", 20, 1 + i, 0, 0));
		if (i % 3)
			usleep(i * 100);
		ASSERT_EQ(0, close(fd));
		ASSERT_EQ(self->base, gt_total(self->watch));
	}
}

/* The last descriptor ends them, not the first. */
TEST_F(life, dup_keeps_tasks)
{
	int copy = dup(self->fd);
	struct gort_wait w;

	ASSERT_LE(0, copy);
	ASSERT_EQ(10, gt_run(self->fd, "sleep", 10, GT_HOUR, 1, 0));
	ASSERT_EQ(0, close(self->fd));
	self->fd = copy;
	/* None has completed, and none does. */
	EXPECT_EQ(-ETIME, gt_wait(copy, 1, gt_in_ms(50), &w));
	EXPECT_EQ(self->base + 10, gt_total(self->watch));
	EXPECT_EQ(1, gt_run(copy, "yield", 1, 1, 0, 0));
}

/* A second close is the program's mistake and must stay harmless. */
TEST_F(life, double_close_is_ebadf)
{
	ASSERT_EQ(10, gt_run(self->fd, "sleep", 10, GT_HOUR, 1, 0));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(-1, close(self->fd));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(self->base, gt_total(self->watch));
	self->fd = -1;
}

/* A child that cleans up after a fork must not end its parent's tasks. */
TEST_F(life, fork_shares_tasks)
{
	struct gort_completion c[4];
	struct gort_wait w;
	pid_t pid;
	int i;

	ASSERT_EQ(3, gt_run(self->fd, "sleep", 3, 20000000, 1, 0));
	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(close(self->fd) ? 1 : 0);
	ASSERT_EQ(0, gt_reap(pid));
	EXPECT_EQ(4, gt_of_file(self->fd));
	ASSERT_EQ(3, gt_read_all(self->fd, c, 3));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, c[i].status);
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 0, gt_in_ms(20), &w));
	/* The child's copy is as good as the parent's. */
	ASSERT_EQ(1, gt_run(self->fd, "yield", 1, 1, 0, 0));
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(gt_read(self->fd, c, 4) == 1 ? 0 : 1);
	EXPECT_EQ(0, gt_reap(pid));
	EXPECT_EQ(1, gt_of_file(self->fd));
}

/* With the GT_STUB variable set this program says that it runs, and waits. */
static void __attribute__((constructor)) stub(void)
{
	char c = 'r';

	if (!getenv("GT_STUB"))
		return;
	if (write(STDOUT_FILENO, &c, 1) == 1)
		c = read(STDIN_FILENO, &c, 1);
	_exit(0);
}

/* A child that submits, replaces itself by the stub, and ends with @in. */
static pid_t exec_stub(int cloexec, int *in)
{
	int to[2], from[2];
	pid_t pid;
	char c;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return -1;
	pid = gt_fork();
	if (!pid) {
		int fd = gt_open(0);

		if (fd < 0 || gt_run(fd, "sleep", 10, GT_HOUR, 1, 0) != 10 ||
		    fcntl(fd, F_SETFD, cloexec))
			_exit(1);
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		setenv("GT_STUB", "1", 1);
		execl("/proc/self/exe", "stub", NULL);
		_exit(2);
	}
	close(to[0]);
	close(from[1]);
	if (read(from[0], &c, 1) != 1)
		pid = -1;
	close(from[0]);
	*in = to[1];
	return pid;
}

/* A program that knows nothing of the file must not hold its tasks. */
TEST_F(life, exec_ends_tasks_if_it_closes)
{
	pid_t pid;
	int in;

	pid = exec_stub(FD_CLOEXEC, &in);
	ASSERT_LT(0, pid);
	EXPECT_EQ(self->base, gt_total(self->watch));
	close(in);
	EXPECT_EQ(0, gt_reap(pid));

	pid = exec_stub(0, &in);
	ASSERT_LT(0, pid);
	EXPECT_EQ(self->base + 10, gt_total(self->watch));
	close(in);
	EXPECT_EQ(0, gt_reap(pid));
	EXPECT_EQ(self->base, gt_total(self->watch));
}

/* What a submitter that gets killed is doing. */
static const struct victim {
	const char *doing;
	long nr;		/* system call it is asleep in, -1: none */
} victims[] = {
	{ "pausing", SYS_pause },
	{ "waiting", SYS_ioctl },
	{ "reading", SYS_read },
	{ "submitting", -1 },
};

static void be_victim(const struct victim *v)
{
	int fd = gt_open(O_NONBLOCK * (v->nr == -1));
	struct gort_completion c[64];
	struct gort_wait w;

	if (fd < 0 || gt_run(fd, "sleep", 200, GT_HOUR, 1, 0) != 200 ||
	    run_long(fd, "pingpong", 5) != 5)
		return;
	for (;;) {
		if (v->nr == SYS_pause)
			pause();
		else if (v->nr == SYS_ioctl)
			gt_wait(fd, 0, GORT_WAIT_FOREVER, &w);
		else if (v->nr == SYS_read)
			gt_read(fd, c, 1);
		else if (gt_run(fd, "yield", 64, 1, 0, 0) < 0 ||
			 gt_read(fd, c, 64) == -EIO)
			return;
	}
}

/* Nobody is left to clean up after a SIGKILL but the module. */
TEST_F(life, kill_of_a_submitter_ends_its_tasks)
{
	unsigned int i, round;
	__u64 start;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(victims); i++) {
		for (round = 0; round < 3; round++) {
			pid = gt_fork();
			ASSERT_LE(0, pid);
			if (!pid) {
				be_victim(&victims[i]);
				_exit(1);
			}
			ASSERT_TRUE(gt_wait_for(gt_total(self->watch) >=
						self->base + 205));
			ASSERT_TRUE(gt_wait_for(victims[i].nr < 0 ||
						gt_blocked_in(pid,
							      victims[i].nr)));
			start = gt_now();
			kill(pid, SIGKILL);
			EXPECT_EQ(-SIGKILL, gt_reap(pid))
				TH_LOG("%s", victims[i].doing);
			EXPECT_GT(SLOW, gt_now() - start);
			EXPECT_EQ(self->base, gt_total(self->watch))
				TH_LOG("%s", victims[i].doing);
		}
	}
}

/* A thread that blocks in a call on a file. */
struct sleeper {
	pthread_t thread;
	int fd;
	long nr;
	pid_t tid;
	bool again;		/* after EINTR */
	int interrupted;
	int ret;
	struct gort_wait wait;
	struct gort_completion c;
};

static void *sleep_in_call(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gt_tid(), __ATOMIC_RELEASE);
	do {
		if (s->nr == SYS_read)
			s->ret = gt_read(s->fd, &s->c, 1);
		else
			s->ret = gt_wait(s->fd, 0, GORT_WAIT_FOREVER, &s->wait);
		s->interrupted += s->ret == -EINTR;
	} while (s->again && s->ret == -EINTR);
	return NULL;
}

/* Returns when the thread is asleep. */
static bool start_sleeper(struct sleeper *s, int fd, long nr, bool again)
{
	*s = (struct sleeper) { .fd = fd, .nr = nr, .again = again };
	if (pthread_create(&s->thread, NULL, sleep_in_call, s))
		return false;
	return gt_wait_for(__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE) &&
			   gt_blocked_in(s->tid, nr));
}

/* A cancel that wakes the tasks but not who waits for them is a hang. */
TEST_F(life, cancel_wakes_who_waits)
{
	struct sleeper reader, waiter;
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
		ASSERT_TRUE(start_sleeper(&waiter, self->fd, SYS_ioctl, false));
		ASSERT_TRUE(start_sleeper(&reader, self->fd, SYS_read, false));
		ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
		pthread_join(waiter.thread, NULL);
		pthread_join(reader.thread, NULL);
		ASSERT_EQ(0, waiter.ret);
		ASSERT_EQ(0, waiter.wait.running);
		ASSERT_EQ(1, reader.ret);
		ASSERT_EQ(-ECANCELED, reader.c.status);
	}
}

/* A call in progress keeps the file: its descriptor may go, its tasks not. */
TEST_F(life, close_under_a_blocked_call)
{
	long nr[] = { SYS_ioctl, SYS_read };
	struct sleeper s;
	int i, fd;

	gt_catch(SIGUSR1, 0);
	for (i = 0; i < 2; i++) {
		fd = gt_open(0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(5, gt_run(fd, "sleep", 5, GT_HOUR, 1, 0));
		ASSERT_TRUE(start_sleeper(&s, fd, nr[i], false));
		EXPECT_EQ(0, close(fd));
		EXPECT_EQ(self->base + 5, gt_total(self->watch));
		EXPECT_TRUE(gt_blocked_in(s.tid, nr[i]));
		pthread_kill(s.thread, SIGUSR1);
		pthread_join(s.thread, NULL);
		EXPECT_EQ(-EINTR, s.ret);
		EXPECT_EQ(self->base, gt_total(self->watch));
	}
}

/* One means one. */
TEST_F(life, cancel_one_leaves_the_others)
{
	struct gort_completion c;
	struct gort_task_desc t;
	struct gort_wait w;
	__u64 first, asked;
	int i;

	ASSERT_TRUE(gt_task(self->fd, "sleep", &t, GT_HOUR, 1, 0));
	ASSERT_EQ(20, gt_submit_n(self->fd, &t, 20, &first));
	for (i = 0; i < 20; i += 2) {
		EXPECT_EQ(0, gt_cancel(self->fd, first + i, &asked));
		EXPECT_EQ(1, asked);
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		EXPECT_EQ(first + i, c.id);
		EXPECT_EQ(-ECANCELED, c.status);
	}
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 1, gt_in_ms(50), &w));
	EXPECT_EQ(10, gt_of_file(self->fd));
}

/* All means all, and each of them once. */
TEST_F(life, cancel_all_counts_tasks)
{
	struct gort_completion c[128];
	__u64 asked;
	int i;

	ASSERT_EQ(100, gt_run(self->fd, "sleep", 100, GT_HOUR, 1, 0));
	ASSERT_EQ(10, run_long(self->fd, "pingpong", 10));
	ASSERT_EQ(2, run_long(self->fd, "call", 2));
	EXPECT_EQ(0, gt_cancel_all(self->fd, &asked));
	EXPECT_EQ(112, asked);
	EXPECT_EQ(112, gt_read_all(self->fd, c, 128));
	for (i = 0; i < 112; i++)
		EXPECT_EQ(-ECANCELED, c[i].status);
	EXPECT_EQ(0, gt_cancel_all(self->fd, &asked));
	EXPECT_EQ(0, asked);
}

/* Two that cancel the same task are both right. */
TEST_F(life, cancelling_twice_is_no_error)
{
	struct gort_completion c;
	struct gort_task_desc t;
	struct gort_wait w;
	__u64 id;
	int err;

	/* It runs on for a while after the first request, or it has ended. */
	ASSERT_TRUE(long_task(self->fd, "lock", &t));
	ASSERT_EQ(1, gt_submit_n(self->fd, &t, 1, &id));
	EXPECT_EQ(0, gt_cancel(self->fd, id, NULL));
	err = gt_cancel(self->fd, id, NULL);
	EXPECT_TRUE(!err || err == -ENOENT);
	EXPECT_EQ(0, gt_wait(self->fd, 0, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(1, w.completed);
	EXPECT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(-ENOENT, gt_cancel(self->fd, id, NULL));
}

/*
 * The tasks to be cancelled wait behind hogs on the only P, so none of them has
 * begun. If one did, it would show: each would start a child.
 */
TEST_F(life, cancelled_before_start_does_not_run)
{
	struct gort_task_desc t;
	struct gort_stats before, after;
	struct gort_completion c;
	__u64 first, asked;
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000000));
	ASSERT_TRUE(gt_task(self->fd, "spawn", &t, 1, 1, 0));
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &before));
	ASSERT_EQ(1, gt_submit_n(self->fd, &t, 1, NULL));
	ASSERT_EQ(1, gt_read(self->fd, &c, 1));
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &after));
	ASSERT_EQ(before.spawned + 2, after.spawned);

	ASSERT_EQ(64, run_long(self->fd, "call", 64));
	ASSERT_EQ(100, gt_submit_n(self->fd, &t, 100, &first));
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, gt_cancel(self->fd, first + i, &asked));
		EXPECT_EQ(1, asked);
	}
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	for (i = 0; i < 164; i++) {
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		if (c.id >= first)
			EXPECT_EQ(-ECANCELED, c.status);
	}
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &before));
	EXPECT_EQ(after.spawned + 164, before.spawned);
}

static void *cancel_on_and_on(void *arg)
{
	struct sleeper *s = arg;

	while (!__atomic_load_n(&s->ret, __ATOMIC_ACQUIRE)) {
		if (gt_cancel_all(s->fd, NULL))
			return s;
		gt_pause();
	}
	return NULL;
}

/* Where the end of a task meets its cancel, it must still end once. */
TEST_F(life, cancel_races_with_the_end)
{
	struct sleeper s = { .fd = self->fd };
	struct gort_completion c[100];
	int ended = 0, cancelled = 0, round, i, j;
	void *failed;

	ASSERT_EQ(0, pthread_create(&s.thread, NULL, cancel_on_and_on, &s));
	for (round = 0; round < 60; round++) {
		ASSERT_EQ(50, gt_run(self->fd, "sleep", 50, 1000, 20, 0));
		ASSERT_EQ(50, gt_run(self->fd, "pingpong", 50, 20, 0, 0));
		ASSERT_EQ(100, gt_read_all(self->fd, c, 100));
		for (i = 0; i < 100; i++) {
			ASSERT_TRUE(!c[i].status || c[i].status == -ECANCELED);
			ended += !c[i].status;
			cancelled += !!c[i].status;
			for (j = 0; j < i; j++)
				ASSERT_NE(c[j].id, c[i].id);
		}
	}
	__atomic_store_n(&s.ret, 1, __ATOMIC_RELEASE);
	pthread_join(s.thread, &failed);
	EXPECT_FALSE(!!failed);
	EXPECT_EQ(0, gt_of_file(self->fd));
	/* Both happened, or there was no race. */
	EXPECT_LT(0, ended);
	EXPECT_LT(0, cancelled);
}

/* Code must not be unloaded under the file that runs it, busy or idle. */
TEST_F(life, module_in_use_stays)
{
	EXPECT_EQ(-1, syscall(SYS_delete_module, "gort", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);
	ASSERT_EQ(5, gt_run(self->fd, "sleep", 5, GT_HOUR, 1, 0));
	EXPECT_EQ(-1, syscall(SYS_delete_module, "gort", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);
	EXPECT_EQ(5, gt_of_file(self->fd));
	EXPECT_EQ(1, gt_run(self->fd, "yield", 1, 1, 0, 0));
}

/* A leak of a byte per file is a leak of a machine per month. */
TEST_F(life, files_come_and_go)
{
	int i, fd;

	for (i = 0; i < 1000; i++) {
		fd = gt_open(0);
		ASSERT_LE(0, fd);
		if (i & 1)
			ASSERT_EQ(2, gt_run(fd, "sleep", 2, GT_HOUR, 1, 0));
		if (i & 2)
			ASSERT_EQ(2, gt_run(fd, "yield", 2, 1, 0, 0));
		ASSERT_EQ(0, close(fd));
	}
}

/*
 * The blocking calls once more, while a thousand signals a second come in: with
 * SA_RESTART they must not notice, without it they fail with EINTR and go on
 * when called again. Either way nothing is lost and nothing hangs.
 */
FIXTURE(storm) {
	int fd;
	int watch;
	__s64 base;
	int interrupted;
};

FIXTURE_VARIANT(storm) {
	bool blows;
	int flags;
};

FIXTURE_VARIANT_ADD(storm, calm) {
	.blows = false,
};

FIXTURE_VARIANT_ADD(storm, restarting) {
	.blows = true,
	.flags = SA_RESTART,
};

FIXTURE_VARIANT_ADD(storm, interrupting) {
	.blows = true,
};

static int blow(long usec)
{
	struct itimerval it = {
		.it_interval = { .tv_usec = usec },
		.it_value = { .tv_usec = usec },
	};

	return setitimer(ITIMER_REAL, &it, NULL);
}

FIXTURE_SETUP(storm)
{
	self->watch = gt_open(0);
	ASSERT_LE(0, self->watch);
	self->base = gt_total(self->watch);
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, gt_catch(SIGALRM, variant->flags));
	ASSERT_EQ(0, blow(variant->blows ? 1000 : 0));
}

FIXTURE_TEARDOWN(storm)
{
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(self->base, gt_total(self->watch));
	EXPECT_TRUE(gt_wait_for(!variant->blows || gt_signals() > 20));
	EXPECT_EQ(0, blow(0));
	EXPECT_EQ(variant->blows, gt_signals() > 0);
	if (variant->flags || !variant->blows)
		EXPECT_EQ(0, self->interrupted);
	close(self->watch);
}

/* Calls again while signals interrupt, and counts them. */
#define persist(self, call)						\
({									\
	int __ret;							\
									\
	while ((__ret = (call)) == -EINTR)				\
		(self)->interrupted++;					\
	__ret;								\
})

TEST_F(storm, wait)
{
	struct gort_completion c[8];
	struct gort_wait w;
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(5, gt_run(self->fd, "sleep", 5, 20000000, 1, 0));
		ASSERT_EQ(0, persist(self, gt_wait(self->fd, 2,
						   GORT_WAIT_FOREVER, &w)));
		ASSERT_LE(2, w.completed);
		ASSERT_EQ(0, persist(self, gt_wait(self->fd, 0,
						   gt_now() + GT_PATIENCE, &w)));
		ASSERT_EQ(5, w.completed);
		ASSERT_EQ(5, gt_read_all(self->fd, c, 5));
	}
	if (variant->blows && !variant->flags)
		EXPECT_LT(0, self->interrupted);
}

TEST_F(storm, read)
{
	struct gort_completion c[4];
	int i, n, left;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(4, gt_run(self->fd, "sleep", 4, 20000000, 1, 0));
		for (left = 4; left; left -= n) {
			n = persist(self, gt_read(self->fd, c, 4));
			ASSERT_LT(0, n);
			ASSERT_EQ(0, c[n - 1].status);
		}
	}
	if (variant->blows && !variant->flags)
		EXPECT_LT(0, self->interrupted);
}

/* poll() is never restarted, so it is not counted. */
TEST_F(storm, poll)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct gort_completion c;
	int i, n;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, 20000000, 1, 0));
		do {
			n = poll(&p, 1, GT_POLL_MS);
		} while (n < 0 && errno == EINTR);
		ASSERT_EQ(1, n);
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		ASSERT_EQ(0, c.status);
	}
}

/* close() can't be called again: it has to wait for its tasks regardless. */
TEST_F(storm, close)
{
	int i, fd;

	for (i = 0; i < 20; i++) {
		fd = gt_open(0);
		ASSERT_LE(0, fd);
		ASSERT_TRUE(load(fd));
		ASSERT_EQ(0, close(fd));
		ASSERT_EQ(self->base, gt_total(self->watch));
	}
}

/* Nor can a submit, without knowing what became of the first one. */
TEST_F(storm, submit)
{
	static struct gort_task_desc batch[GORT_MAX_BATCH];
	static struct gort_completion c[GORT_MAX_BATCH];
	struct gort_submit s;
	int i, n, left;

	for (i = 0; i < GORT_MAX_BATCH; i++)
		ASSERT_TRUE(i ? !!memcpy(&batch[i], batch, sizeof(*batch)) :
			    gt_task(self->fd, "yield", batch, 2, 0, 0));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, gt_submit(self->fd, batch, GORT_MAX_BATCH, &s));
		ASSERT_EQ(GORT_MAX_BATCH, s.submitted);
		for (left = GORT_MAX_BATCH; left; left -= n) {
			n = persist(self, gt_read(self->fd, c, GORT_MAX_BATCH));
			ASSERT_LT(0, n);
		}
	}
}

TEST_F(storm, cancel)
{
	struct sleeper s;
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(20, gt_run(self->fd, "sleep", 20, GT_HOUR, 1, 0));
		ASSERT_TRUE(start_sleeper(&s, self->fd, SYS_ioctl, true));
		ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
		pthread_join(s.thread, NULL);
		ASSERT_EQ(0, s.ret);
		self->interrupted += s.interrupted;
		while (persist(self, gt_read(self->fd, &s.c, 1)) > 0)
			ASSERT_EQ(-ECANCELED, s.c.status);
		ASSERT_EQ(0, gt_of_file(self->fd));
	}
}

TEST_HARNESS_MAIN
