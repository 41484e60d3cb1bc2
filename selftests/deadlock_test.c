// SPDX-License-Identifier: GPL-2.0-only
/*
 * The deadlock detector: when all green threads of a file are asleep and none
 * is left to wake them, who waits is told, and the log says who waits for what.
 * And never otherwise.
 */

#include "core_test.h"

#include <sched.h>
#include <sys/epoll.h>

#define MSEC	GT_NSEC_PER_MSEC
#define EVER	GORT_WAIT_FOREVER

/* How the child of t_widow spends its life */
enum { SLEEP, PARK, CALL, SYSCALL, RUN, KINDS, STAY = KINDS };

/* A report has had time enough if it has not come by then. */
static int wait_a_while(int fd)
{
	struct gort_wait w;

	return gt_wait(fd, 0, gt_in_ms(150), &w);
}

static int wait_for_all(int fd)
{
	struct gort_wait w;

	return gt_wait(fd, 0, EVER, &w);
}

static int poll_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* Cancels all; how many completions said so, or minus one if one did not. */
static int cancel_and_count(int fd)
{
	struct gort_completion c;
	int n;

	if (gt_cancel_all(fd, NULL) || wait_for_all(fd))
		return -1;
	for (n = 0; gt_read(fd, &c, 1) == 1; n++)
		if (c.status != -ECANCELED)
			return -1;
	return n;
}

/*
 * The simplest one: a task that waits for nobody. Every call that would wait
 * for ever says so, with or without a deadline, as often as it is made.
 */
TEST_F(core, task_that_waits_for_nobody_is_a_deadlock)
{
	struct gort_completion c;
	struct gort_wait w;

	ASSERT_EQ(1, ct_start(self->fd, "t_alone", 1));
	EXPECT_EQ(-EDEADLK, gt_wait(self->fd, 0, EVER, &w));
	EXPECT_EQ(0, w.completed);
	EXPECT_EQ(1, w.running);
	EXPECT_EQ(-EDEADLK, gt_wait(self->fd, 1, gt_now() + GT_HOUR, &w));
	EXPECT_EQ(-EDEADLK, gt_wait(self->fd, 1, 0, &w));
	EXPECT_EQ(-EDEADLK, gt_read(self->fd, &c, 1));
	EXPECT_EQ(-EDEADLK, gt_read(self->fd, &c, 1));
	/* who does not wait is not told */
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, gt_read(self->fd, &c, 1));
	EXPECT_EQ(1, cancel_and_count(self->fd));
}

/* Two that wait for each other, and all of a tree, of which only leaves do. */
TEST_F(core, tasks_that_wait_for_each_other_are_a_deadlock)
{
	ASSERT_EQ(1, ct_start(self->fd, "t_couple", 1));
	EXPECT_EQ(-EDEADLK, wait_for_all(self->fd));
	ASSERT_EQ(1, ct_start(self->fd, "t_family", 1, 4, 3));
	EXPECT_EQ(-EDEADLK, wait_for_all(self->fd));
	ASSERT_EQ(20, ct_start(self->fd, "t_couple", 20));
	EXPECT_EQ(-EDEADLK, wait_for_all(self->fd));
	EXPECT_EQ(22, cancel_and_count(self->fd));
	EXPECT_EQ(0, wait_for_all(self->fd));
}

/*
 * One that sleeps by a timer, blocks in a call or runs may wake the others: no
 * deadlock while it is there, and one as soon as it has ended without a word.
 */
TEST_F(core, last_one_awake_puts_the_deadlock_off)
{
	int how;

	for (how = SLEEP; how < KINDS; how++) {
		__u64 start = gt_now();

		ASSERT_EQ(1, ct_start(self->fd, "t_widow", 1, how, 400 * MSEC));
		EXPECT_EQ(-ETIME, wait_a_while(self->fd))
			TH_LOG("child of kind %d", how);
		EXPECT_EQ(0, poll_now(self->fd));
		EXPECT_EQ(-EDEADLK, wait_for_all(self->fd))
			TH_LOG("child of kind %d", how);
		EXPECT_LE(400 * MSEC, gt_now() - start);
		EXPECT_EQ(1, cancel_and_count(self->fd));
	}
}

/* A child that its task has left behind is waited for by nobody. */
TEST_F(core, no_task_no_deadlock)
{
	struct gort_completion c;

	ASSERT_EQ(1, ct_start(self->fd, "t_orphan", 1));
	EXPECT_EQ(0, wait_for_all(self->fd));
	EXPECT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(0, c.status);
	EXPECT_EQ(0, gt_read(self->fd, &c, 1));
	EXPECT_EQ(0, poll_now(self->fd) & POLLERR);
}

/* What completed is to be had before the news that the rest does not. */
TEST_F(core, completions_come_before_the_deadlock)
{
	struct gort_completion c[4];
	struct gort_wait w;
	int i;

	for (i = 0; i < 50; i++) {
		ASSERT_EQ(1, ct_start(self->fd, "t_alone", 1));
		ASSERT_EQ(3, ct_start(self->fd, "yield", 3, i % 5));
		EXPECT_EQ(0, gt_wait(self->fd, 3, EVER, &w));
		EXPECT_EQ(-EDEADLK, gt_wait(self->fd, 4, EVER, &w));
		EXPECT_EQ(3, w.completed);
		EXPECT_EQ(1, w.running);
		EXPECT_EQ(3, gt_read(self->fd, c, 4));
		EXPECT_EQ(-EDEADLK, gt_read(self->fd, c, 4));
		ASSERT_EQ(1, cancel_and_count(self->fd));
	}
}

/*
 * Also at the very moment: the one task that is awake ends while others look
 * whether it has, a little earlier or later each time.
 */
TEST_F(core, completion_in_the_last_moment_comes_before_the_deadlock)
{
	struct gort_completion c;
	struct gort_wait w;
	int i;

	ASSERT_EQ(1, ct_start(self->fd, "t_alone", 1));
	for (i = 0; i < 6000; i++) {
		ASSERT_EQ(1, ct_start(self->fd, "call", 1, i * 7 % 500));
		if (i % 2)
			ASSERT_EQ(0, gt_wait(self->fd, 1, EVER, &w))
				TH_LOG("round %d", i);
		ASSERT_EQ(1, gt_read(self->fd, &c, 1))
			TH_LOG("round %d", i);
		ASSERT_EQ(0, c.status);
	}
	EXPECT_EQ(-EDEADLK, gt_read(self->fd, &c, 1));
	EXPECT_EQ(1, cancel_and_count(self->fd));
}

/* One who waits, in its own way, from before the deadlock on. */
struct waiter {
	pthread_t thread;
	int fd;
	long nr;
	pid_t tid;
	int ret;
};

static void *wait_for_it(void *arg)
{
	struct pollfd p = { .events = POLLIN };
	struct gort_completion c;
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gt_tid(), __ATOMIC_RELEASE);
	if (w->nr == SYS_poll) {
		p.fd = w->fd;
		w->ret = poll(&p, 1, GT_POLL_MS) == 1 ? p.revents : -ETIME;
	} else if (w->nr == SYS_read) {
		w->ret = gt_read(w->fd, &c, 1);
	} else {
		w->ret = wait_for_all(w->fd);
	}
	return NULL;
}

static int start_waiter(struct waiter *w, int fd, long nr)
{
	*w = (struct waiter) { .fd = fd, .nr = nr };
	return -pthread_create(&w->thread, NULL, wait_for_it, w);
}

static bool is_waiting(struct waiter *w)
{
	pid_t tid = __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE);

	return tid && gt_blocked_in(tid, w->nr);
}

/*
 * Who has gone to sleep before is woken by the deadlock, whoever brings it
 * about: one that parks, or one that ends. They all learn of the same one, and
 * it is counted as one; the next one is another.
 */
TEST_F(core, deadlock_wakes_all_who_wait_and_counts_once)
{
	static const long nr[] = { SYS_ioctl, SYS_read, SYS_poll, SYS_ioctl };
	__u64 before = ct_stats(self->fd).deadlocks;
	struct waiter w[ARRAY_SIZE(nr)];
	unsigned int i, round;

	for (round = 0; round < 6; round++) {
		ASSERT_EQ(1, ct_start(self->fd, "t_widow", 1,
				      round < KINDS ? round : STAY, 300 * MSEC));
		for (i = 0; i < ARRAY_SIZE(nr); i++)
			ASSERT_EQ(0, start_waiter(&w[i], self->fd, nr[i]));
		for (i = 0; i < ARRAY_SIZE(nr); i++) {
			pthread_join(w[i].thread, NULL);
			EXPECT_EQ(nr[i] == SYS_poll ? POLLERR : -EDEADLK,
				  w[i].ret)
				TH_LOG("waiter %u in round %u", i, round);
		}
		EXPECT_EQ(-EDEADLK, wait_for_all(self->fd));
		EXPECT_EQ(before + round + 1, ct_stats(self->fd).deadlocks);
	}
	EXPECT_EQ(6, cancel_and_count(self->fd));
	EXPECT_EQ(before + 6, ct_stats(self->fd).deadlocks);
}

/*
 * poll() has an event for it, at once, and for as long as it lasts; not beside
 * completions, which are to be read first.
 */
TEST_F(core, poll_says_error_in_a_deadlock)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct gort_completion c;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &ev));
	EXPECT_EQ(0, poll_now(self->fd));
	ASSERT_EQ(1, ct_start(self->fd, "t_widow", 1, SLEEP, 200 * MSEC));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, GT_POLL_MS));
	EXPECT_EQ(EPOLLERR, ev.events);
	EXPECT_EQ(POLLERR, poll_now(self->fd));

	ASSERT_EQ(1, ct_start(self->fd, "yield", 1, 1));
	ASSERT_TRUE(gt_wait_for(poll_now(self->fd) == POLLIN));
	EXPECT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_TRUE(gt_wait_for(poll_now(self->fd) == POLLERR));
	EXPECT_EQ(-EDEADLK, gt_read(self->fd, &c, 1));
	EXPECT_EQ(1, cancel_and_count(self->fd));
	EXPECT_EQ(0, poll_now(self->fd));
	close(ep);
}

/* After the news all goes on as before: tasks are taken, cancelled, and gone. */
TEST_F(core, deadlock_is_no_end)
{
	struct gort_completion c;
	int fd = gt_open(0), i;
	__u64 total;

	ASSERT_LE(0, fd);
	total = gt_total(fd);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(5, ct_start(fd, "t_alone", 5));
		ASSERT_EQ(5, ct_start(fd, "t_family", 5, 2, 4));
		EXPECT_EQ(-EDEADLK, wait_for_all(fd));
		EXPECT_EQ(0, ct_run(fd, &c, "fib", 10));
		EXPECT_EQ(gt_fib(10), c.result);
		EXPECT_EQ(-EDEADLK, wait_for_all(fd));
		if (i % 2)
			EXPECT_EQ(20, cancel_and_count(fd));
	}
	ASSERT_EQ(5, ct_start(fd, "t_family", 5, 2, 4));
	EXPECT_EQ(-EDEADLK, wait_for_all(fd));
	EXPECT_EQ(0, close(fd));
	EXPECT_TRUE(gt_wait_for((__u64)gt_total(self->fd) == total));
}

/*
 * A file is a world of its own: it is not saved by hogs in another one, which
 * leave no P idle, and does not take another one along that sleeps.
 */
TEST_F(core, other_files_have_no_part_in_it)
{
	const int hogs = 2 * ct_cpus();
	int busy = gt_open(0), asleep = gt_open(0);

	ASSERT_LE(0, busy);
	ASSERT_LE(0, asleep);
	ASSERT_EQ(hogs, ct_start(busy, "call", hogs, 1ULL << 40));
	ASSERT_EQ(1, ct_start(asleep, "sleep", 1, GT_HOUR, 1));
	ASSERT_EQ(1, ct_start(self->fd, "t_couple", 1));
	EXPECT_EQ(-EDEADLK, wait_for_all(self->fd));
	EXPECT_EQ(-ETIME, wait_a_while(busy));
	EXPECT_EQ(-ETIME, wait_a_while(asleep));
	EXPECT_EQ(0, poll_now(busy));
	EXPECT_EQ(0, poll_now(asleep));
	EXPECT_EQ(0, close(busy));
	EXPECT_EQ(1, cancel_and_count(asleep));
	close(asleep);
}

/* The kernel log, from now on. */
static int log_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log >= 0)
		lseek(log, 0, SEEK_END);
	return log;
}

struct found {
	int deadlocks, others, named, more;
	char first[1024];
};

/* Reads what has come: how many lines of each kind, and the first named G. */
static void log_read(int log, const char *body, const char *reason,
		     struct found *f)
{
	char line[1024];
	ssize_t len;

	while ((len = read(log, line, sizeof(line) - 1)) > 0) {
		line[len] = '\0';
		f->deadlocks += !!strstr(line, "gort: deadlock in deadlock_test");
		f->more += !!strstr(line, "gort: and 13 more of deadlock_test");
		if (!strstr(line, "gort: G "))
			continue;
		if (!strstr(line, " of deadlock_test: ") ||
		    !strstr(line, body) || !strstr(line, reason)) {
			f->others++;
			continue;
		}
		if (!f->named++)
			snprintf(f->first, sizeof(f->first), "%.*s",
				 (int)strcspn(line, "\n"), line);
	}
}

/* Deadlocks until one is reported: reports are rate-limited. */
static struct found report_of(int fd, const char *name, __u64 a0, __u64 a1,
			      const char *body, const char *reason)
{
	struct found f = { 0 };
	int log = log_open();

	gt_wait_for(({
		ct_start(fd, name, 1, a0, a1);
		wait_for_all(fd);
		log_read(log, body, reason, &f);
		cancel_and_count(fd);
		f.deadlocks;
	}));
	close(log);
	return f;
}

/*
 * The log names each G, what it runs and what it waits for: a task by its
 * workload, a G that another one started by its function. Eight of them; of a
 * tree with a root and 20 leaves 13 are left.
 */
TEST_F(core, report_says_who_waits_for_what)
{
	struct found f;

	f = report_of(self->fd, "t_alone", 0, 0, " in t_alone [gort_test], ",
		      "waits for: nobody");
	EXPECT_EQ(1, f.deadlocks);
	EXPECT_EQ(1, f.named);
	EXPECT_EQ(0, f.others);
	EXPECT_EQ(0, f.more);
	TH_LOG("%s", f.first);

	f = report_of(self->fd, "t_couple", 0, 0, " in t_couple",
		      "waits for: partner");
	EXPECT_EQ(2, f.named);
	EXPECT_EQ(0, f.others);

	f = report_of(self->fd, "t_family", 1, 20, " in t_family_fn [gort_test], ",
		      "waits for: nobody");
	EXPECT_EQ(1, f.deadlocks);
	EXPECT_LE(7, f.named);
	EXPECT_EQ(8, f.named + f.others);
	EXPECT_EQ(1, f.more);
}

/*
 * A workload that says that its Gs are woken from outside is believed, and the
 * file from then on. The test can fail: the same one that does not say so is
 * taken for dead at once.
 */
TEST_F(core, tasks_woken_from_outside_are_no_deadlock)
{
	const __u64 delay = 300 * MSEC;
	struct gort_completion c;

	ASSERT_EQ(1, ct_start(self->fd, "t_irqplain", 1, 1, delay, 0));
	EXPECT_EQ(-EDEADLK, wait_for_all(self->fd));
	ASSERT_TRUE(gt_wait_for(poll_now(self->fd) == POLLIN));
	EXPECT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(0, c.status);

	EXPECT_EQ(0, ct_run(self->fd, &c, "t_irqready", 1, delay, 0));
	ASSERT_EQ(1, ct_start(self->fd, "t_alone", 1));
	EXPECT_EQ(-ETIME, wait_a_while(self->fd));
	EXPECT_EQ(0, poll_now(self->fd));
	EXPECT_EQ(1, cancel_and_count(self->fd));
}

/* A G in another context may wake those who know it: nobody can say. */
TEST_F(core, tasks_with_kin_elsewhere_are_no_deadlock)
{
	struct gort_completion c;

	EXPECT_EQ(0, ct_run(self->fd, &c, "t_pairs", 1000, 50));
	ASSERT_EQ(1, ct_start(self->fd, "t_alone", 1));
	EXPECT_EQ(-ETIME, wait_a_while(self->fd));
	EXPECT_EQ(1, cancel_and_count(self->fd));
}

/*
 * Contexts of modules are watched if they want to be. What waiting returns, and
 * again after the G was woken (1, 3), cancelled (2); and for Gs that a timer
 * wakes when the context is not watched (4), or not any more (5).
 */
TEST_F(core, contexts_of_modules_are_watched_on_request)
{
	char text[64];

	ASSERT_EQ(0, ct_read_test_param("waits", text, sizeof(text)));
	EXPECT_STREQ("-35 0, -35 0, -35 0, 0 0, 0 0\n", text);
}

/* Lets the caller, and threads that it starts from now on, run on these CPUs. */
static int use_cpus(const cpu_set_t *cpus)
{
	return sched_setaffinity(0, sizeof(*cpus), cpus) ? -errno : 0;
}

/*
 * To cancel all is one step: that some are gone already while another one, who
 * waits without a deadline, has not been told yet is no deadlock. The one who
 * cancels shares its CPU with the only P, so that it stands aside in between;
 * the one who waits has another CPU to look from.
 */
TEST_F_TIMEOUT(core, cancelling_all_is_no_deadlock, 60)
{
	__u64 before = ct_stats(self->fd).deadlocks;
	cpu_set_t one, all;
	struct waiter w;
	int i;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	for (i = 0; i < 60; i++) {
		__u64 parked = ct_stats(self->fd).parked;

		/* the context lets others at its lock after 64 */
		ASSERT_EQ(64, ct_start(self->fd, "sleep", 64, GT_HOUR, 1));
		ASSERT_EQ(1, ct_start(self->fd, "t_alone", 1));
		ASSERT_TRUE(gt_wait_for(ct_stats(self->fd).parked >=
					parked + 65));
		ASSERT_EQ(0, start_waiter(&w, self->fd, SYS_ioctl));
		ASSERT_TRUE(gt_wait_for(is_waiting(&w)));
		ASSERT_EQ(0, use_cpus(&one));
		EXPECT_EQ(65, cancel_and_count(self->fd));
		ASSERT_EQ(0, use_cpus(&all));
		pthread_join(w.thread, NULL);
		ASSERT_EQ(0, w.ret)
			TH_LOG("round %d", i);
	}
	EXPECT_EQ(before, ct_stats(self->fd).deadlocks);
}

/*
 * The count of those awake stays right through every way to sleep, wake and
 * end: one too many, and no deadlock is ever found again; one too few, and
 * there is one where none is.
 */
TEST_F_TIMEOUT(core, count_of_those_awake_stays_right, 60)
{
	__u64 before = ct_stats(self->fd).deadlocks;
	int i;

	for (i = 0; i < 40; i++) {
		ASSERT_EQ(4, ct_start(self->fd, "sleep", 4, 50000, 5));
		ASSERT_EQ(4, ct_start(self->fd, "sleep", 4, GT_HOUR, 1));
		ASSERT_EQ(2, ct_start(self->fd, "t_widow", 2, i % KINDS, MSEC));
		ASSERT_EQ(2, ct_start(self->fd, "t_park", 2, i % 4, i * 1000));
		ASSERT_EQ(2, ct_start(self->fd, "pingpong", 2, 1 << 30));
		ASSERT_EQ(2, ct_start(self->fd, "t_ring", 2, 5, 1 << 20, i));
		ASSERT_EQ(2, ct_start(self->fd, "spawn", 2, 3, 3));
		ASSERT_EQ(2, ct_start(self->fd, "t_couple", 2));
		if (i % 2)
			EXPECT_EQ(-ETIME, gt_wait(self->fd, 0, gt_in_ms(i),
						  &(struct gort_wait){ 0 }));
		ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
		ASSERT_EQ(0, wait_for_all(self->fd));
		EXPECT_EQ(before + i, ct_stats(self->fd).deadlocks);
		ASSERT_EQ(1, ct_start(self->fd, "t_alone", 1));
		while (gt_of_file(self->fd) > 1)
			ASSERT_EQ(1, gt_read(self->fd,
					     &(struct gort_completion){ 0 }, 1));
		EXPECT_EQ(-EDEADLK, wait_for_all(self->fd));
		EXPECT_EQ(1, cancel_and_count(self->fd));
	}
}

/* A file in which something is going on, and two who wait for it. */
struct storm {
	pthread_t reader, waiter;
	int fd;
	bool end;
	int reads, waits, bad;
};

static void *storm_read(void *arg)
{
	struct gort_completion c;
	struct storm *s = arg;
	int n;

	while (!__atomic_load_n(&s->end, __ATOMIC_ACQUIRE)) {
		n = gt_read(s->fd, &c, 1);
		if (n < 0 || (n && c.status))
			s->bad = n < 0 ? n : c.status;
		s->reads += n > 0;
		if (!n)
			sched_yield();
	}
	return NULL;
}

static void *storm_wait(void *arg)
{
	struct storm *s = arg;
	struct gort_wait w;
	int err;

	while (!__atomic_load_n(&s->end, __ATOMIC_ACQUIRE)) {
		/* more than can complete: until none runs */
		err = gt_wait(s->fd, 1 << 20, gt_in_ms(20), &w);
		if ((err && err != -ETIME) || poll_now(s->fd) & POLLERR)
			s->bad = err ? err : -EIO;
		s->waits++;
		if (!err)
			sched_yield();
	}
	return NULL;
}

static int storm_begin(struct storm *s)
{
	*s = (struct storm) { .fd = gt_open(0) };
	if (s->fd < 0)
		return s->fd;
	return -(pthread_create(&s->reader, NULL, storm_read, s) ||
		 pthread_create(&s->waiter, NULL, storm_wait, s));
}

/* Lets all tasks come to their end, and waits for the two. */
static int storm_end(struct storm *s)
{
	if (!gt_wait_for(!gt_of_file(s->fd)))
		return -ETIME;
	__atomic_store_n(&s->end, true, __ATOMIC_RELEASE);
	pthread_join(s->reader, NULL);
	pthread_join(s->waiter, NULL);
	return s->bad;
}

/*
 * The one that matters: seconds of parking and readying on all CPUs, in the
 * shortest slices, in files of which in one a single G is awake at nearly all
 * times. If ever all seem asleep when they are not, one of those who wait is
 * told so. Afterwards each file still knows a deadlock.
 */
TEST_F_TIMEOUT(core, storm_is_never_taken_for_a_deadlock, 60)
{
	__u64 before = ct_stats(self->fd).deadlocks, until = gt_in_ms(6000);
	struct storm one, many;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	ASSERT_EQ(0, storm_begin(&one));
	ASSERT_EQ(0, storm_begin(&many));
	while ((gt_now() < until || one.reads <= 10 || many.reads <= 10) &&
	       !one.bad && !many.bad) {
		if (gt_of_file(one.fd) < 1)
			ASSERT_EQ(1, ct_start(one.fd, "t_ring", 1, 2, 400,
					      one.reads % 3 * 40));
		if (gt_of_file(many.fd) < 8) {
			ASSERT_EQ(1, ct_start(many.fd, "t_ring", 1, 7, 200, 9));
			ASSERT_EQ(1, ct_start(many.fd, "pingpong", 1, 500));
			ASSERT_EQ(1, ct_start(many.fd, "spawn", 1, 3, 3));
			ASSERT_EQ(1, ct_start(many.fd, "sleep", 1, 20000, 20));
		}
		usleep(200);
	}
	EXPECT_EQ(0, storm_end(&one));
	EXPECT_EQ(0, storm_end(&many));
	EXPECT_EQ(before, ct_stats(self->fd).deadlocks);
	TH_LOG("%d and %d tasks, %d and %d times waited for", one.reads,
	       many.reads, one.waits, many.waits);
	EXPECT_LT(10, one.reads);
	EXPECT_LT(10, many.reads);

	ASSERT_EQ(1, ct_start(one.fd, "t_alone", 1));
	EXPECT_EQ(-EDEADLK, wait_for_all(one.fd));
	ASSERT_EQ(1, ct_start(many.fd, "t_alone", 1));
	EXPECT_EQ(-EDEADLK, wait_for_all(many.fd));
	close(one.fd);
	close(many.fd);
}

TEST_HARNESS_MAIN
