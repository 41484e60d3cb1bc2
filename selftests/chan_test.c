// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: what is sent arrives, once and in order, whoever the partners are and
 * whatever ends their waiting.
 */

#include "chan_test.h"

/* Values that the four by four and the pipeline pass on */
#define ITEMS		271828

/*
 * For each capacity: an empty channel waits to be sent to, a full one to be
 * received from, close lets out what is in and nobody in, and wakes who waits.
 */
TEST_F_TIMEOUT(chan, every_capacity, 120)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_basic", 0, 20));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_basic", 99, 101));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_basic", 199, 199));
}

/* Nothing is written beside a value of 0, 1, 2, 3, 4, 8 or 256 bytes. */
TEST_F(chan, values_of_all_sizes)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_types"));
}

TEST_F(chan, arguments_are_evaluated_once)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_once"));
}

TEST_F(chan, channel_that_is_null_is_never_ready)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_nil"));
}

/* Breaks if who waits first does not come first, with and without a buffer. */
TEST_F(chan, fifo)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_fifo", 0, 20));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_fifo", 10, 20));
}

/* As many green threads as Go's test has, each waits for the one before. */
TEST_F_TIMEOUT(chan, goroutines, 120)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_chain", 10000));
}

/* A prime is what none of the green threads before it has kept. */
TEST_F_TIMEOUT(chan, sieve1, 60)
{
	__u64 prime;

	ASSERT_EQ(0, chan_run(self->fd, &prime, "c_sieve", 100, 0));
	EXPECT_EQ(541, prime);
}

/* The same with buffers between them, all of which go on when it ends. */
TEST_F_TIMEOUT(chan, sieve2, 60)
{
	__u64 prime;

	ASSERT_EQ(0, chan_run(self->fd, &prime, "c_sieve", 100, 10));
	EXPECT_EQ(541, prime);
	EXPECT_TRUE(gt_wait_for(gt_of_file(self->fd) == 0));
}

/* Some hundred green threads that ask each other for coefficients. */
TEST_F_TIMEOUT(chan, powser1, 60)
{
	__u64 what;

	for (what = 0; what < 4; what++)
		EXPECT_EQ(0, chan_run(self->fd, NULL, "c_powser", what, 9));
}

TEST_F_TIMEOUT(chan, each_value_arrives_once, 120)
{
	static const __u64 partners[][2] = {
		{ 1, 1 }, { 4, 4 }, { 1, 4 }, { 4, 1 },
	};
	static const __u64 caps[] = { 0, 1, 7, 100 };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(partners); i++)
		for (k = 0; k < ARRAY_SIZE(caps); k++)
			EXPECT_EQ(0, chan_run(self->fd, NULL, "c_conserve", 2000,
					      partners[i][0], partners[i][1],
					      caps[k]));
}

/* Slices so short that most operations are interrupted by a request. */
TEST_F_TIMEOUT(chan, each_value_arrives_once_in_short_slices, 120)
{
	ASSERT_EQ(0, gt_param_set("slice_us", 100));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_conserve", 10000, 4, 4, 0));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_conserve", 10000, 4, 4, 3));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_multi", 23, 5000));
}

TEST_F_TIMEOUT(chan, four_by_four_conserve_271828, 240)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_conserve", ITEMS, 4, 4, 0));
}

/* Through 23 workers between two channels with a buffer. */
TEST_F_TIMEOUT(chan, multi_consumer, 240)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_multi", 23, ITEMS / 10));
}

/* More than are woken at a time; breaks if one is forgotten in between. */
TEST_F_TIMEOUT(chan, close_wakes_all, 120)
{
	__u64 send, select;

	for (send = 0; send < 2; send++)
		for (select = 0; select < 2; select++)
			EXPECT_EQ(0, chan_run(self->fd, NULL, "c_closemany", 500,
					      send, select));
}

/*
 * In each form: who waits is told that it is to end, and nothing of it stays
 * behind; who is to end does not even do what it could.
 */
TEST_F_TIMEOUT(chan, cancel_ends_the_waiting, 60)
{
	__u64 form;

	for (form = 0; form < 16; form++) {
		EXPECT_EQ(0, chan_run(self->fd, NULL, "c_cancel", form, 0));
		EXPECT_EQ(0, chan_run(self->fd, NULL, "c_cancel", form, 1));
	}
}

/* In each form a deadline is kept, and one that has passed waits for nothing. */
TEST_F_TIMEOUT(chan, deadlines, 60)
{
	__u64 form;

	for (form = 0; form < 8; form++) {
		EXPECT_EQ(0, chan_run(self->fd, NULL, "c_late", form, 0));
		EXPECT_EQ(0, chan_run(self->fd, NULL, "c_late", form,
				      2 * GT_NSEC_PER_MSEC));
	}
}

/*
 * A value is never lost, nor there twice, because waiting ends just when it is
 * handed over: deadlines and cancels by the thousand.
 */
TEST_F_TIMEOUT(chan, waiting_that_ends_early_loses_nothing, 120)
{
	__u64 late = 0, ns;

	/* until some wait is too short: how long one takes depends on the CPU */
	for (ns = 50000; !late && ns > 500; ns /= 3)
		EXPECT_EQ(0, chan_run(self->fd, &late, "c_chaos", 3000, 0, ns));
	EXPECT_LT(0, late);
	EXPECT_EQ(0, chan_run(self->fd, &late, "c_chaos", 3000, 4, 20000));
	TH_LOG("%llu deadlines passed", late);
}

/* A hard interrupt sends, receives, selects and closes, and can't wait. */
TEST_F_TIMEOUT(chan, interrupt_as_partner, 60)
{
	__u64 what;

	for (what = 0; what < 5; what++)
		EXPECT_EQ(0, chan_run(self->fd, NULL, "c_irq", what, 500, 0));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_irq", 0, 500, 4));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_irq", 1, 500, 4));
}

/*
 * An object that only a buffer, or who waits to send it, points to survives
 * collections; it goes when it was received, and when its channel goes.
 */
TEST_F_TIMEOUT(chan, collector_looks_into_channels, 60)
{
	__u64 what;

	for (what = 0; what < 3; what++)
		EXPECT_EQ(0, chan_run(self->fd, NULL, "c_gc", what, 3));
}

/* The bounds, on both sides of them. */
TEST_F(chan, sizes_are_bounded)
{
	__u64 how, cap;

	for (how = 0; how < 3; how++) {
		__u64 most = (1 << 20) / (how == 2 ? 256 : 8);

		EXPECT_EQ(0, chan_run(self->fd, &cap, "c_make", how, most));
		EXPECT_EQ(most, cap);
		EXPECT_EQ(how ? -EINVAL : -ENOMEM,
			  chan_run(self->fd, NULL, "c_make", how, most + 1));
		EXPECT_EQ(how ? -EINVAL : -ENOMEM,
			  chan_run(self->fd, NULL, "c_make", how, 0xffffffff));
	}
}

/* Each allocation fails once: ENOMEM, and nothing else. */
TEST_F(chan, no_memory_for_a_channel)
{
	struct gort_completion c;
	int n, failed = 0;
	__u64 how;

	ASSERT_EQ(0, gt_param_set("fail_nth", 1));
	EXPECT_EQ(-ENOMEM, chan_anew(self->dev, 4));
	EXPECT_EQ(0, gt_param_get("fail_nth"));
	EXPECT_EQ(0, chan_anew(self->dev, 4));
	for (how = 0; how < 2; how++) {
		for (n = 1; n < 20; n++) {
			ASSERT_EQ(0, gt_param_set("fail_nth", n));
			if (ct_run(self->fd, &c, "c_make", how, 4) == -ENOMEM)
				failed |= 1 << how;
		}
	}
	ASSERT_EQ(0, gt_param_set("fail_nth", 0));
	EXPECT_EQ(3, failed);
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_make", 1, 4));
}

/* Whatever is refused is an errno, and everybody goes on. */
TEST_F(chan, misuse_is_refused)
{
	__u64 op;

	for (op = 0; op < 9; op++)
		EXPECT_EQ(0, chan_run(self->fd, NULL, "c_misuse", op));
}

static bool says_so(int fd, int kmsg, __u64 op, const char *what)
{
	return !ct_run(fd, NULL, "c_misuse", op) && ct_kmsg_has(kmsg, what);
}

/* The message says who it was, and what to do instead. */
TEST_F_TIMEOUT(chan, misuse_is_named, 60)
{
	static const char * const says[] = {
		" of chan_test: gort_close: it is closed already",
		" of chan_test: gort_close: NULL is no channel",
		" of chan_test: gort_select: too many cases",
		"only G code can do that, and not inside gort_call()",
		"leave it to the collector",
		" of chan_test: gort_chan_fini: somebody waits for it",
	};
	int kmsg = ct_kmsg_open();
	__u64 i;

	ASSERT_LE(0, kmsg);
	for (i = 0; i < ARRAY_SIZE(says); i++) {
		/* messages are limited: one in some seconds comes for sure */
		EXPECT_TRUE(gt_wait_for(says_so(self->fd, kmsg, i + 2, says[i])))
			TH_LOG("%s", says[i]);
	}
	close(kmsg);
}

/* Where nobody can wait: EPERM, also if it need not wait. */
TEST_F(chan, atomic_sections_do_not_wait)
{
	__u32 what;

	ASSERT_EQ(0, chan_anew(self->dev, 0));
	for (what = 0; what < C_NR_ATOMIC; what++)
		EXPECT_EQ(-EPERM, chan_do(self->dev, C_IOC_ATOMIC, what, 0))
			TH_LOG("section %u", what);
}

/* A process that uses a channel, in a thread of its own */
struct partner {
	pthread_t thread;
	int dev;
	__u32 chan;
	int n;		/* how many values */
	__u64 first;	/* the first to be sent */
	__u64 sum;	/* of those received */
	int wrong;	/* out of order */
	int eintr;
	int err;
};

/* Signals of the process come to its partners, who wait in channels. */
static void block_storm(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(how, &set, NULL);
}

static void *partner_recv(void *arg)
{
	struct partner *p = arg;
	__u64 last = 0;
	int i = 0;

	block_storm(SIG_UNBLOCK);
	while (i < p->n) {
		struct c_cmd cmd = {
			.chan = p->chan, .deadline_ns = CHAN_FOREVER,
		};
		int err = chan_cmd(p->dev, C_IOC_RECV, &cmd);

		if (err == -EINTR) {
			p->eintr++;
			continue;
		}
		if (err) {
			p->err = err;
			break;
		}
		p->wrong += i && cmd.value <= last;
		last = cmd.value;
		p->sum += cmd.value;
		i++;
	}
	return NULL;
}

static void *partner_send(void *arg)
{
	struct partner *p = arg;
	int i = 0, err;

	block_storm(SIG_UNBLOCK);
	while (i < p->n) {
		err = chan_do(p->dev, C_IOC_SEND, p->chan, p->first + i);
		if (err == -EINTR) {
			p->eintr++;
			continue;
		}
		if (err) {
			p->err = err;
			break;
		}
		i++;
	}
	return NULL;
}

static int partner_start(struct partner *p, int dev, __u32 chan, int n,
			 void *(*fn)(void *))
{
	*p = (struct partner) {
		.dev = dev, .chan = chan, .n = n, .first = 1000,
	};
	return -pthread_create(&p->thread, NULL, fn, p);
}

/* n values, first and up */
static __u64 sum_of(__u64 first, __u64 n)
{
	return n * first + n * (n - 1) / 2;
}

/* Green threads on one side, processes on the other, in both directions. */
static void both_ways(struct __test_metadata *_metadata, int fd, int dev,
		      int cap, int n, int *eintr)
{
	struct gort_completion c;
	struct partner r[2], s[2];
	__u64 sum = 0;
	int i;

	ASSERT_EQ(0, chan_anew(dev, cap));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, partner_start(&r[i], dev, 0, n, partner_recv));
		ASSERT_EQ(0, partner_start(&s[i], dev, 1, n, partner_send));
	}
	ASSERT_EQ(1, ct_start(fd, "c_ext_send", 1, 5, 2 * n));
	ASSERT_EQ(1, ct_start(fd, "c_ext_recv", 1, 2 * n));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(r[i].thread, NULL));
		ASSERT_EQ(0, pthread_join(s[i].thread, NULL));
		EXPECT_EQ(0, r[i].err);
		EXPECT_EQ(0, s[i].err);
		EXPECT_EQ(0, r[i].wrong);
		sum += r[i].sum;
		if (eintr)
			*eintr += r[i].eintr + s[i].eintr;
	}
	EXPECT_EQ(sum_of(5, 2 * n), sum);
	for (i = 0, sum = 0; i < 2; i++) {
		ASSERT_EQ(0, ct_next(fd, &c));
		EXPECT_EQ(0, c.status);
		sum += c.result;
	}
	EXPECT_EQ(2 * sum_of(1000, n) + 2 * n, sum);
	EXPECT_EQ(0, chan_waiting(dev));
}

TEST_F_TIMEOUT(chan, tasks_as_partners, 60)
{
	both_ways(_metadata, self->fd, self->dev, 0, 1000, NULL);
	both_ways(_metadata, self->fd, self->dev, 8, 1000, NULL);
}

static int blow(long usec)
{
	struct itimerval it = {
		.it_interval = { .tv_usec = usec },
		.it_value = { .tv_usec = usec },
	};

	return setitimer(ITIMER_REAL, &it, NULL);
}

/*
 * Under a storm of signals nothing is lost: a wait that a signal ends has done
 * nothing, and is done again, by the process or by the kernel.
 */
TEST_F_TIMEOUT(chan, tasks_in_a_storm_of_signals, 120)
{
	int eintr = 0;

	block_storm(SIG_BLOCK);
	ASSERT_EQ(0, gt_catch(SIGALRM, 0));
	ASSERT_EQ(0, blow(1000));
	both_ways(_metadata, self->fd, self->dev, 0, 2000, &eintr);
	TH_LOG("%d signals, %d ended a wait", gt_signals(), eintr);
	EXPECT_LT(0, eintr);
	ASSERT_EQ(0, gt_catch(SIGALRM, SA_RESTART));
	eintr = 0;
	both_ways(_metadata, self->fd, self->dev, 4, 2000, &eintr);
	EXPECT_EQ(0, eintr);
	ASSERT_EQ(0, blow(0));
}

/* Each form of a task's waiting is ended by a signal, and does nothing then. */
TEST_F(chan, signal_ends_a_tasks_waiting)
{
	static const unsigned long forms[] = {
		C_IOC_SEND, C_IOC_RECV, C_IOC_SELECT,
	};
	struct gt_poker poker;
	unsigned int i;

	ASSERT_EQ(0, chan_anew(self->dev, 0));
	ASSERT_EQ(0, gt_catch(SIGUSR1, 0));
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		ASSERT_EQ(0, gt_poke_me(&poker, SYS_ioctl, 1));
		EXPECT_EQ(-EINTR, chan_do(self->dev, forms[i], 0, 1));
		gt_poke_end(&poker);
		EXPECT_EQ(0, chan_waiting(self->dev));
		EXPECT_EQ(-EAGAIN, chan_do(self->dev, C_IOC_TRYRECV, 0, 0));
		EXPECT_EQ(-EAGAIN, chan_do(self->dev, C_IOC_TRYSEND, 1, 0));
	}
}

/* So does a deadline, and one that has passed does not keep what can be done. */
TEST_F(chan, deadline_ends_a_tasks_waiting)
{
	static const unsigned long forms[] = {
		C_IOC_SEND, C_IOC_RECV, C_IOC_SELECT,
	};
	unsigned int i;

	ASSERT_EQ(0, chan_anew(self->dev, 0));
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		struct c_cmd cmd = { .deadline_ns = gt_in_ms(5) };

		EXPECT_EQ(-ETIME, chan_cmd(self->dev, forms[i], &cmd));
		EXPECT_LE(cmd.deadline_ns, gt_now());
		cmd.deadline_ns = 0;
		EXPECT_EQ(-ETIME, chan_cmd(self->dev, forms[i], &cmd));
		EXPECT_EQ(0, chan_waiting(self->dev));
	}
	ASSERT_EQ(0, chan_anew(self->dev, 1));
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		struct c_cmd cmd = { .value = 9 };

		EXPECT_EQ(0, chan_cmd(self->dev, forms[i], &cmd));
	}
	EXPECT_EQ(0, chan_do(self->dev, C_IOC_TRYRECV, 0, 0));
}

/* A process that is killed while it waits is not waited for. */
TEST_F(chan, killed_task_leaves_nothing_behind)
{
	pid_t pid;

	ASSERT_EQ(0, chan_anew(self->dev, 0));
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		chan_do(self->dev, C_IOC_RECV, 0, 0);
		_exit(0);
	}
	ASSERT_TRUE(gt_wait_for(chan_waiting(self->dev) == 1));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-SIGKILL, gt_reap(pid));
	EXPECT_EQ(0, chan_waiting(self->dev));
	EXPECT_EQ(-EAGAIN, chan_do(self->dev, C_IOC_TRYSEND, 0, 1));
}

/* Tasks stand in line, in the order in which they came. */
TEST_F(chan, tasks_wait_in_line)
{
	struct partner p[4];
	int i;

	ASSERT_EQ(0, chan_anew(self->dev, 0));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, partner_start(&p[i], self->dev, 0, 1,
					   partner_recv));
		ASSERT_TRUE(gt_wait_for(chan_waiting(self->dev) == i + 1));
	}
	EXPECT_EQ(0, ct_run(self->fd, NULL, "c_ext_send", 70, 4));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(p[i].thread, NULL));
		EXPECT_EQ(70 + i, p[i].sum);
	}
}

/* A close by a process ends the waiting of tasks and of green threads. */
TEST_F(chan, close_by_a_task)
{
	struct gort_completion c;
	struct partner p;

	ASSERT_EQ(0, chan_anew(self->dev, 0));
	ASSERT_EQ(0, partner_start(&p, self->dev, 1, 1, partner_recv));
	ASSERT_TRUE(gt_wait_for(chan_waiting(self->dev) == 1));
	ASSERT_EQ(1, ct_start(self->fd, "c_ext_recv", 1, 1));
	ASSERT_TRUE(gt_wait_for(chan_waiting(self->dev) == 2));
	EXPECT_EQ(0, chan_do(self->dev, C_IOC_CLOSE, 1, 0));
	ASSERT_EQ(0, pthread_join(p.thread, NULL));
	EXPECT_EQ(-EPIPE, p.err);
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(-EPIPE, c.status);
	EXPECT_EQ(-EPIPE, chan_do(self->dev, C_IOC_CLOSE, 1, 0));
	EXPECT_EQ(-EPIPE, chan_do(self->dev, C_IOC_SEND, 1, 0));
	EXPECT_EQ(-EPIPE, chan_do(self->dev, C_IOC_TRYSEND, 1, 0));
	EXPECT_EQ(-EPIPE, chan_do(self->dev, C_IOC_TRYRECV, 1, 0));
	EXPECT_EQ(0, chan_do(self->dev, C_IOC_LEN, 1, 0));
}

TEST_HARNESS_MAIN
