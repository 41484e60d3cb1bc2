// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for the kernel: wait queues, completions, files and sockets. Each wait
 * ends as it should and leaves no entry behind, wake-ups and completions are
 * neither lost nor doubled, and no thread is held meanwhile.
 */

#include "event_test.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

/* The kernel's own, which no system call returns */
#define ERESTARTSYS	512

/* As enum e_kind */
enum { EVENT, DONE, POLL, KINDS };

/* As enum e_how */
enum {
	TRUE, TIMER, SOFT, LATE, SILENT, SPURIOUS, LOCKED, SECTION, INSIDE,
	SYSCALL, ENDED, EVER, EXIT, OVERFLOW, NESTED, ALMOST,
};

/* As enum e_sock */
enum { FILE_ITSELF, SOCKET_OF_FILE, PLAIN_SOCKET, NO_POLL };

/* As the kernel's, for keys */
#define KEY_OUT		(EPOLLOUT | EPOLLWRNORM)

static int wait_one(int fd, int kind, int how, __u64 ns)
{
	return ct_run(fd, NULL, "e_wait", kind, how, ns);
}

/* All tasks are cancelled, and this is what they say. */
static int cancel_one(int fd)
{
	struct gort_completion c;

	if (gt_cancel_all(fd, NULL) || ct_next(fd, &c))
		return -EIO;
	return c.status;
}

/* So many wait. A poll is counted when the file was asked. */
static bool all_wait(int kind, int n)
{
	return ev_cmd(kind == POLL ? "asked" : "queued") >= n;
}

/* What it waits for is there, or comes from an interrupt. */
TEST_F(event, wait_ends_when_it_comes_true)
{
	int kind, i;

	ASSERT_EQ(0, ev_cmd("fake 1"));
	for (kind = EVENT; kind < KINDS; kind++) {
		EXPECT_EQ(0, wait_one(self->fd, kind, TRUE, 0));
		for (i = 0; i < 20; i++) {
			EXPECT_EQ(0, wait_one(self->fd, kind, TIMER,
					      i * MSEC / 10))
				TH_LOG("kind %d", kind);
			EXPECT_EQ(0, wait_one(self->fd, kind, SOFT,
					      i * MSEC / 10));
		}
	}
}

/* Nobody wakes it: the deadline does, and takes the entry off. */
TEST_F(event, wait_ends_at_the_deadline)
{
	int kind;

	ASSERT_EQ(0, ev_cmd("fake 1"));
	for (kind = EVENT; kind < KINDS; kind++) {
		__u64 start = gt_now();

		EXPECT_EQ(-ETIME, wait_one(self->fd, kind, LATE, 5 * MSEC));
		EXPECT_LE(5 * MSEC, gt_now() - start);
		EXPECT_EQ(-ETIME, wait_one(self->fd, kind, LATE, 0));
	}
}

/* It is looked at once more when the deadline has passed. */
TEST_F(event, what_came_true_without_a_word_counts_at_the_deadline)
{
	ASSERT_EQ(0, ev_cmd("fake 1"));
	EXPECT_EQ(0, wait_one(self->fd, EVENT, SILENT, 10 * MSEC));
	EXPECT_EQ(0, wait_one(self->fd, POLL, SILENT, 10 * MSEC));
}

/*
 * A wake-up between the look and the sleep, to the instruction: breaks if it is
 * not remembered.
 */
TEST_F(event, wakeup_just_before_the_sleep_counts)
{
	__u64 start = gt_now();

	EXPECT_EQ(0, wait_one(self->fd, EVENT, ALMOST, 0));
	ASSERT_EQ(0, ev_cmd("fake 1"));
	EXPECT_EQ(0, ev_cmd("late 1"));
	EXPECT_EQ(1, ev_cmd("poll 0 %d %llu", EPOLLIN, GT_PATIENCE));
	EXPECT_EQ(0, ev_cmd("ready 0"));
	EXPECT_EQ(0, ct_run(self->fd, NULL, "e_poll", 0, EPOLLIN, GT_PATIENCE));
	EXPECT_GT(GT_PATIENCE, gt_now() - start);
}

/* Who is woken for nothing looks, and waits on. */
TEST_F(event, spurious_wakeups_end_no_wait)
{
	struct gort_completion c;

	ASSERT_EQ(0, ev_cmd("fake 1"));
	EXPECT_EQ(-ETIME, ct_run(self->fd, &c, "e_wait", EVENT, SPURIOUS,
				 MSEC));
	EXPECT_LE(3, c.result);
	EXPECT_EQ(-ETIME, wait_one(self->fd, POLL, SPURIOUS, MSEC));
	EXPECT_LE(3, ev_cmd("asked"));
}

/* Where a G can't wait it is told why; the machine goes on. */
TEST_F(event, misuse_is_an_errno)
{
	int log = ct_kmsg_open(), kind;

	ASSERT_LE(0, log);
	ASSERT_EQ(0, ev_cmd("fake 1"));
	for (kind = EVENT; kind < KINDS; kind++) {
		EXPECT_EQ(-EDEADLK, wait_one(self->fd, kind, LOCKED, 0));
		EXPECT_EQ(-EDEADLK, wait_one(self->fd, kind, SECTION, 0));
		EXPECT_EQ(-EPERM, wait_one(self->fd, kind, INSIDE, 0));
		EXPECT_EQ(-ETIME, wait_one(self->fd, kind, SYSCALL, 0));
	}
	EXPECT_TRUE(ct_kmsg_has(log, "gort_poll: only G code can do that") ||
		    ct_kmsg_has(log, "callbacks suppressed"));
	close(log);
	EXPECT_EQ(0, wait_one(self->fd, EVENT, TIMER, MSEC));
}

/* Who is to end waits no more, also for what is there. */
TEST_F(event, cancelling_ends_the_wait)
{
	int kind;

	ASSERT_EQ(0, ev_cmd("fake 1"));
	for (kind = EVENT; kind < KINDS; kind++) {
		struct gort_completion c;

		EXPECT_EQ(-ECANCELED, ct_run(self->fd, &c, "e_wait", kind,
					     ENDED));
		EXPECT_EQ(0, c.result);
		ASSERT_EQ(1, ct_start(self->fd, "e_wait", 1, kind, EVER));
		EXPECT_TRUE(gt_wait_for(all_wait(kind, 1)));
		EXPECT_EQ(-ECANCELED, cancel_one(self->fd));
		EXPECT_EQ(0, ev_cmd("queued"));
	}
}

/*
 * A G may end while it looks, with its entry in the queue: that goes with it.
 * Breaks if it stays, on a stack that is somebody else's.
 */
TEST_F(event, who_ends_while_it_looks_leaves_no_entry)
{
	int i;

	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, wait_one(self->fd, EVENT, EXIT, 0));
		EXPECT_EQ(0, ev_cmd("queued"));
		EXPECT_EQ(-EOVERFLOW, wait_one(self->fd, EVENT, OVERFLOW, 0));
		EXPECT_EQ(0, ev_cmd("queued"));
		EXPECT_EQ(0, ev_cmd("release 0"));
	}
}

/* The condition may wait as well, for another queue. */
TEST_F(event, condition_may_wait_itself)
{
	EXPECT_EQ(0, wait_one(self->fd, EVENT, NESTED, 20 * MSEC));
	EXPECT_EQ(0, ev_cmd("queued"));
}

/*
 * A crowd waits with no more threads than are there without it, and nobody takes
 * it for a deadlock: the kernel will wake it.
 */
static void crowd(struct __test_metadata *_metadata, int fd, int kind, int n)
{
	struct gort_completion c;
	struct gort_wait w;
	__u64 threads;

	EXPECT_EQ(0, ev_cmd("reset"));
	ASSERT_EQ(0, ev_cmd("fake 1"));
	threads = ct_stats(fd).threads;
	if (threads < (__u64)ct_cpus())
		threads = ct_cpus();
	ASSERT_EQ(1, ct_start(fd, "e_crowd", 1, kind, n));
	EXPECT_TRUE(gt_wait_for(all_wait(kind, n)));
	EXPECT_EQ(-ETIME, gt_wait(fd, 1, gt_in_ms(50), &w));
	/* a poll method that takes a tick gets a thread, which leaves later */
	EXPECT_GE(kind == POLL ? threads + 16 : threads, ct_stats(fd).threads);
	EXPECT_LE(n, gt_total(fd));
	EXPECT_EQ(0, ev_cmd("release %d", kind));
	ASSERT_EQ(0, ct_next(fd, &c));
	EXPECT_EQ(0, c.status);
	EXPECT_EQ((__u64)n, c.result);
	EXPECT_EQ(0, ev_cmd("queued"));
}

TEST_F_TIMEOUT(event, ten_thousand_wait_for_a_queue_without_a_thread, 120)
{
	crowd(_metadata, self->fd, EVENT, 10000);
}

TEST_F_TIMEOUT(event, ten_thousand_wait_for_a_completion_without_a_thread, 120)
{
	crowd(_metadata, self->fd, DONE, 10000);
}

TEST_F_TIMEOUT(event, ten_thousand_poll_a_file_without_a_thread, 120)
{
	crowd(_metadata, self->fd, POLL, 10000);
}

/* Crowds that are cancelled rather than woken */
TEST_F(event, crowds_can_be_cancelled)
{
	int kind;

	for (kind = EVENT; kind < KINDS; kind++) {
		EXPECT_EQ(0, ev_cmd("reset"));
		ASSERT_EQ(0, ev_cmd("fake 1"));
		ASSERT_EQ(1, ct_start(self->fd, "e_crowd", 1, kind, 500));
		EXPECT_TRUE(gt_wait_for(all_wait(kind, 500)));
		close(self->fd);
		self->fd = gt_open(0);
		ASSERT_LE(0, self->fd);
		EXPECT_EQ(0, ev_cmd("queued"));
	}
}

/*
 * No wake-up is lost, at whatever moment it comes, and none is invented: against
 * nobody, a deadline at the same time, and a cancel.
 */
static void races(struct __test_metadata *_metadata, int fd, int kind)
{
	struct gort_completion c;
	int against, nprocs;

	ASSERT_EQ(0, ev_cmd("fake 1"));
	for (nprocs = 1; nprocs <= 2; nprocs++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs));
		for (against = 0; against < 3; against++) {
			ASSERT_EQ(0, ct_run(fd, &c, "e_race", kind, against,
					    300))
				TH_LOG("against %d on %d", against, nprocs);
			if (!against)
				EXPECT_EQ(300, c.result);
		}
	}
}

TEST_F(event, no_wakeup_of_a_queue_is_lost)
{
	races(_metadata, self->fd, EVENT);
}

TEST_F(event, no_completion_is_lost)
{
	races(_metadata, self->fd, DONE);
}

TEST_F(event, no_readiness_is_lost)
{
	races(_metadata, self->fd, POLL);
}

/*
 * Gs and tasks wait for one completion, with deadlines: each complete() is worth
 * one of them, whoever was faster.
 */
TEST_F(event, completions_are_conserved)
{
	struct gort_completion c;
	int nprocs;

	for (nprocs = 1; nprocs <= 2; nprocs++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs));
		ASSERT_EQ(0, ct_run(self->fd, &c, "e_share", 20, 3,
				    500 * MSEC));
		EXPECT_LT(0, (__u32)c.result);
		EXPECT_LT(0, c.result >> 32);
	}
}

/*
 * Who finds that a task was faster waits on: breaks if its entry is not put
 * back.
 */
TEST_F(event, who_was_too_slow_waits_on)
{
	struct gort_completion c;
	int nprocs;

	for (nprocs = 1; nprocs <= 2; nprocs++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs));
		ASSERT_EQ(0, ct_run(self->fd, &c, "e_share", 20, 3, 0));
		EXPECT_EQ(400, (__u32)c.result);
	}
}

/* The kthread that waits for completions, or -1 */
static pid_t find_helper(void)
{
	char path[64], name[32];
	pid_t pid;

	for (pid = 1; pid < 32768; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		if (!gt_read_file(path, name, sizeof(name)) &&
		    !strcmp(name, "gort_complete\n"))
			return pid;
	}
	return -1;
}

static int pin(pid_t pid, int cpu)
{
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	for (i = 0; i < ct_cpus(); i++)
		if (cpu < 0 || i == cpu)
			CPU_SET(i, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

static bool hog_end;

/* Has the last CPU for itself. */
static void *hog(void *arg)
{
	struct sched_param p = { .sched_priority = 50 };
	__u64 until = gt_now() + GT_PATIENCE / 4;
	int err = pin(0, ct_cpus() - 1);

	if (!err && sched_setscheduler(0, SCHED_FIFO, &p))
		err = -errno;
	__atomic_store_n((int *)arg, err, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&hog_end, __ATOMIC_ACQUIRE) && gt_now() < until)
		;
	return NULL;
}

/*
 * Who is late, or cancelled, after complete() took its entry off and before the
 * helper has come to it, has it all the same. The helper gets no CPU meanwhile.
 * Breaks if the completion is left to nobody.
 */
TEST_F(event, who_was_chosen_is_not_late)
{
	pid_t helper = find_helper();
	struct gort_completion c;
	pthread_t thread;
	int err = 1, i;

	ASSERT_LT(0, helper);
	ASSERT_LT(1, ct_cpus());
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, pin(helper, ct_cpus() - 1));
	for (i = 0; i < 3; i++) {
		err = 1;
		hog_end = false;
		ASSERT_EQ(0, pthread_create(&thread, NULL, hog, &err));
		EXPECT_TRUE(gt_wait_for(__atomic_load_n(&err,
							__ATOMIC_ACQUIRE) <= 0));
		EXPECT_EQ(0, err);
		EXPECT_EQ(0, ct_run(self->fd, &c, "e_chosen", 60 * MSEC));
		EXPECT_EQ(0, c.result);
		__atomic_store_n(&hog_end, true, __ATOMIC_RELEASE);
		pthread_join(thread, NULL);
	}
	EXPECT_EQ(0, pin(helper, -1));
}

/* Processes wait as well; where they can't they are told. */
TEST_F(event, process_may_wait)
{
	int kind;

	for (kind = EVENT; kind < KINDS; kind++) {
		EXPECT_EQ(0, ev_cmd("reset"));
		ASSERT_EQ(0, ev_cmd("fake 1"));
		EXPECT_EQ(-ETIME, ev_cmd("wait %d %d %llu", kind, LATE,
					 2 * MSEC));
		EXPECT_EQ(-EPERM, ev_cmd("wait %d %d 0", kind, SECTION));
		EXPECT_EQ(-EPERM, ev_cmd("wait %d %d 0", kind, INSIDE));
		EXPECT_EQ(0, ev_cmd("queued"));
		EXPECT_EQ(0, ev_cmd("release %d", kind));
		/* it stays true: what complete_all() gives is not used up */
		EXPECT_LE(0, ev_cmd("wait %d %d %llu", kind, LATE, GT_PATIENCE));
		EXPECT_LE(0, ev_cmd("wait %d %d %llu", kind, LATE, GT_PATIENCE));
	}
}

struct waiter {
	pthread_t thread;
	pid_t tid;
	long result;
	char cmd[32];
};

static void *process_waits(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gt_tid(), __ATOMIC_RELEASE);
	w->result = ev_command(w->cmd);
	return NULL;
}

/* A process that waits is woken like a G, and interrupted by signals. */
TEST_F(event, process_is_woken_or_interrupted)
{
	struct waiter w = { 0 };
	int kind;

	ASSERT_EQ(0, gt_catch(SIGUSR1, 0));
	for (kind = EVENT; kind < KINDS; kind++) {
		EXPECT_EQ(0, ev_cmd("reset"));
		ASSERT_EQ(0, ev_cmd("fake 1"));
		EXPECT_EQ(kind == POLL, ev_cmd("wait %d %d 0", kind, TIMER));
		EXPECT_EQ(0, ev_cmd("reset"));
		w.tid = 0;
		snprintf(w.cmd, sizeof(w.cmd), "wait %d %d 0", kind, EVER);
		ASSERT_EQ(0, pthread_create(&w.thread, NULL, process_waits,
					    &w));
		ASSERT_TRUE(gt_wait_for(__atomic_load_n(&w.tid,
							__ATOMIC_ACQUIRE)));
		ASSERT_TRUE(gt_wait_for(gt_blocked_in(w.tid, SYS_write)));
		pthread_kill(w.thread, SIGUSR1);
		pthread_join(w.thread, NULL);
		EXPECT_EQ(-ERESTARTSYS, w.result);
	}
}

/*
 * Sends signals to a thread until it is told to stop. The pauses differ, lest
 * they fall into step with the waits, each of which would then end alike.
 */
struct storm {
	pthread_t thread;
	pthread_t victim;
	bool stop;
};

static void *blow(void *arg)
{
	struct storm *s = arg;
	unsigned int n;

	for (n = 0; !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE); n++) {
		usleep(1000 << n % 10);
		pthread_kill(s->victim, SIGUSR1);
	}
	return NULL;
}

/*
 * Under a storm of signals each wait of a process comes to what it waited for or
 * to the signal, and leaves nothing in the kernel's queues.
 */
TEST_F_TIMEOUT(event, storm_of_signals_leaves_nothing_behind, 90)
{
	struct storm s = { .victim = pthread_self() };
	int kind, i, woken = 0, interrupted = 0;
	long ret;

	ASSERT_EQ(0, gt_catch(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, blow, &s));
	for (kind = EVENT; kind < KINDS; kind++) {
		for (i = 0; i < 40; i++) {
			EXPECT_EQ(0, ev_cmd("reset"));
			EXPECT_EQ(0, ev_cmd("fake 1"));
			ret = ev_cmd("wait %d %d 0", kind, TIMER);
			woken += ret == (kind == POLL);
			interrupted += ret == -ERESTARTSYS;
			EXPECT_EQ(0, ev_cmd("queued"));
		}
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
	pthread_join(s.thread, NULL);
	TH_LOG("%d woken, %d interrupted", woken, interrupted);
	EXPECT_EQ(KINDS * 40, woken + interrupted);
	EXPECT_LT(0, woken);
	EXPECT_LT(0, interrupted);
}

static int poll_slot(int fd, int slot, __u32 events, __u64 ns, int how,
		     __u64 *ready)
{
	struct gort_completion c = { 0 };
	int err = ct_run(fd, &c, "e_poll", slot, events, ns, how);

	*ready = c.result;
	return err;
}

/* Starts a poll, lets it sleep, and then the test does something. */
#define poll_while(fd, slot, events, how, ready, what)			\
({									\
	struct gort_completion __c = { 0 };				\
	int __fd = fd;							\
	__u64 __parked = ct_stats(__fd).parked;				\
	int __err = ct_start(__fd, "e_poll", 1, slot, events, 0, how);	\
									\
	if (__err == 1)							\
		__err = gt_wait_for(ct_stats(__fd).parked > __parked) ?	\
			0 : -ETIME;					\
	what;								\
	if (!__err)							\
		__err = ct_next(__fd, &__c);				\
	*(ready) = __c.result;						\
	__err ? __err : __c.status;					\
})

static void drain(int fd)
{
	char page[4096];

	while (read(fd, page, sizeof(page)) > 0)
		gt_pause();
}

/* A pipe: bytes, room, and the other end's close. */
TEST_F(event, pipes_can_be_polled)
{
	char page[4096] = "";
	__u64 ready;
	int p[2];

	ASSERT_EQ(0, pipe2(p, O_NONBLOCK));
	ASSERT_EQ(0, ev_cmd("file %d 1", p[0]));
	ASSERT_EQ(0, ev_cmd("file %d 2", p[1]));
	EXPECT_EQ(0, poll_slot(self->fd, 2, EPOLLOUT, 0, 0, &ready));
	EXPECT_EQ(EPOLLOUT, ready);
	EXPECT_EQ(-ETIME, poll_slot(self->fd, 1, EPOLLIN, MSEC, 0, &ready));
	EXPECT_EQ(0, poll_while(self->fd, 1, EPOLLIN, 0, &ready,
				EXPECT_EQ(1, write(p[1], "x", 1))));
	EXPECT_EQ(EPOLLIN, ready);
	while (write(p[1], page, sizeof(page)) > 0)
		gt_pause();
	EXPECT_EQ(0, poll_while(self->fd, 2, EPOLLOUT, 0, &ready,
				drain(p[0])));
	EXPECT_EQ(EPOLLOUT, ready);
	close(p[0]);
	/* the reader's file is gone when slot 1 lets it go */
	EXPECT_EQ(0, ev_cmd("file %d 1", p[1]));
	EXPECT_EQ(0, poll_slot(self->fd, 2, EPOLLIN, 0, 0, &ready));
	EXPECT_EQ(EPOLLERR, ready);
	close(p[1]);
}

/* An eventfd, and an epoll instance that watches it */
TEST_F(event, eventfd_and_epoll_can_be_polled)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int efd = eventfd(0, EFD_NONBLOCK), ep = epoll_create1(0);
	__u64 one = 1, ready;

	ASSERT_LE(0, efd);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, efd, &ev));
	ASSERT_EQ(0, ev_cmd("file %d 1", efd));
	ASSERT_EQ(0, ev_cmd("file %d 2", ep));
	EXPECT_EQ(0, poll_while(self->fd, 1, EPOLLIN, 0, &ready,
				EXPECT_EQ(8, write(efd, &one, 8))));
	EXPECT_EQ(EPOLLIN, ready);
	ASSERT_EQ(8, read(efd, &one, 8));
	EXPECT_EQ(-ETIME, poll_slot(self->fd, 2, EPOLLIN, MSEC, 0, &ready));
	EXPECT_EQ(0, poll_while(self->fd, 2, EPOLLIN, 0, &ready,
				EXPECT_EQ(8, write(efd, &one, 8))));
	EXPECT_EQ(EPOLLIN, ready);
	close(ep);
	close(efd);
}

/* Sockets: of a process, with a file, and the kernel's own, without one. */
TEST_F(event, sockets_can_be_polled)
{
	__u64 ready;
	int s[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_EQ(0, ev_cmd("file %d 1", s[0]));
	EXPECT_EQ(0, poll_while(self->fd, 1, EPOLLIN, SOCKET_OF_FILE, &ready,
				EXPECT_EQ(1, write(s[1], "x", 1))));
	EXPECT_EQ(EPOLLIN, ready);
	EXPECT_EQ(0, poll_slot(self->fd, 1, EPOLLOUT, 0, SOCKET_OF_FILE,
			       &ready));
	EXPECT_EQ(EPOLLOUT, ready);
	ASSERT_EQ(0, ev_cmd("pair"));
	EXPECT_EQ(-ETIME, poll_slot(self->fd, 0, EPOLLIN, MSEC, PLAIN_SOCKET,
				    &ready));
	EXPECT_EQ(0, poll_while(self->fd, 0, EPOLLIN, PLAIN_SOCKET, &ready,
				EXPECT_EQ(1, ev_cmd("send"))));
	EXPECT_EQ(EPOLLIN, ready);
	EXPECT_EQ(-EOPNOTSUPP, poll_slot(self->fd, 0, EPOLLIN, 0, NO_POLL,
					 &ready));
	close(s[0]);
	close(s[1]);
}

/* What has no poll method is ready; what is not a file, or an event, is none. */
TEST_F(event, poll_refuses_what_it_must)
{
	int null = open("/sys/module/gort", O_RDONLY | O_DIRECTORY);
	__u64 ready;

	ASSERT_LE(0, null);
	ASSERT_EQ(0, ev_cmd("file %d 1", null));
	EXPECT_EQ(0, poll_slot(self->fd, 1, EPOLLIN | EPOLLOUT, 0, 0, &ready));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, ready);
	EXPECT_EQ(-EINVAL, poll_slot(self->fd, 99, EPOLLIN, 0, 0, &ready));
	EXPECT_EQ(-EINVAL, poll_slot(self->fd, 1, EPOLLET, 0, 0, &ready));
	EXPECT_EQ(-EINVAL, poll_slot(self->fd, 1, 0x4000, 0, 0, &ready));
	close(null);
}

/* As many wait queues as there is room for, each of them wakes; and no more. */
TEST_F(event, several_queues_of_a_file)
{
	__u64 ready;
	int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, ev_cmd("fake 4"));
		ASSERT_EQ(0, poll_while(self->fd, 0, EPOLLIN, 0, &ready,
					ev_cmd("ready %d", EPOLLIN);
					ev_cmd("wake %d %d", i, EPOLLIN)));
		EXPECT_EQ(EPOLLIN, ready);
	}
	ASSERT_EQ(0, ev_cmd("fake 5"));
	EXPECT_EQ(-E2BIG, poll_slot(self->fd, 0, EPOLLIN, 0, 0, &ready));
	EXPECT_EQ(0, ev_cmd("free"));
	ASSERT_EQ(0, ev_cmd("fake 5"));
	ev_cmd("ready %d", EPOLLIN);
	EXPECT_EQ(0, poll_slot(self->fd, 0, EPOLLIN, 0, 0, &ready));
	EXPECT_EQ(0, ev_cmd("free"));
}

/* A wake-up that is about something else is not worth asking the file. */
TEST_F(event, key_of_a_wakeup_counts)
{
	__u64 ready;
	int i;

	ASSERT_EQ(0, ev_cmd("fake 1"));
	EXPECT_EQ(0, poll_while(self->fd, 0, EPOLLIN, 0, &ready, ({
		for (i = 0; i < 10; i++)
			ev_cmd("wake 0 %d", KEY_OUT);
		EXPECT_EQ(1, ev_cmd("asked"));
		ev_cmd("ready %d", EPOLLHUP);
		ev_cmd("wake 0 %d", EPOLLHUP);
	})));
	EXPECT_EQ(EPOLLHUP, ready);
	EXPECT_EQ(2, ev_cmd("asked"));
}

/*
 * The queues are freed while a crowd polls: each is told, none stays, and none
 * is looked at again. Breaks, with SLUB's poison, if one is.
 */
TEST_F(event, queue_that_goes_lets_its_pollers_go)
{
	struct gort_completion c;
	__u64 ready;
	int i;

	for (i = 0; i < 10; i++) {
		/* who polls may do so yet if this fails: no new file then */
		ASSERT_EQ(0, ev_cmd("fake %d", i % 4 + 1));
		ASSERT_EQ(0, poll_while(self->fd, 0, EPOLLIN, 0, &ready,
					EXPECT_EQ(0, ev_cmd("free"))));
		EXPECT_EQ(EPOLLHUP, ready);
		EXPECT_EQ(1, ev_cmd("asked"));
	}
	ASSERT_EQ(0, ev_cmd("fake 3"));
	ASSERT_EQ(1, ct_start(self->fd, "e_crowd", 1, POLL, 200));
	EXPECT_TRUE(gt_wait_for(ev_cmd("asked") == 200));
	EXPECT_EQ(0, ev_cmd("free"));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
	EXPECT_EQ(200, c.result);
}

/* While a task waits, its module and with it gort stay. */
TEST_F(event, nothing_is_unloaded_while_somebody_waits)
{
	int kind;

	for (kind = EVENT; kind < KINDS; kind++) {
		EXPECT_EQ(0, ev_cmd("reset"));
		ASSERT_EQ(0, ev_cmd("fake 1"));
		ASSERT_EQ(1, ct_start(self->fd, "e_wait", 1, kind, EVER));
		EXPECT_EQ(-EWOULDBLOCK, ct_rmmod("gort_test_event"));
		EXPECT_EQ(-EWOULDBLOCK, ct_rmmod("gort"));
		EXPECT_EQ(-ECANCELED, cancel_one(self->fd));
	}
}

TEST_HARNESS_MAIN
