// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: the first error ends all, and no child outlives the wait, whatever
 * happens to who waits. The workload looks itself whether all of its children
 * have ended, and returns EIO if not.
 */

#include "event_test.h"

/* As enum e_group_what */
enum {
	ALL, ERROR, CANCEL, CANCEL_EARLY, STAY, LATE, MISUSE, CAP, EXIT,
	OVERFLOW, CHAIN, CHILD_EXIT, CHILD_OVERFLOW, TREE,
};

/* As e_group_here() has it */
enum { NO_CTX, HERE_ALL, HERE_FAILS, HERE_SLOW, HERE_LATE, HERE_ATOMIC };

static int group_run(int fd, int what, __u64 n, __u64 ns)
{
	return ct_run(fd, NULL, "e_group", what, n, ns);
}

/* Runs a test on one P and on two. */
#define on_each(what)							\
	do {								\
		int __n;						\
									\
		for (__n = 1; __n <= 2; __n++) {			\
			ASSERT_EQ(0, gt_param_set("nprocs", __n));	\
			what;						\
		}							\
	} while (0)

/* All are awaited, and a group without an error can be used again. */
TEST_F(event, all_children_are_awaited)
{
	on_each(EXPECT_EQ(0, group_run(self->fd, ALL, 0, 0)));
	on_each(EXPECT_EQ(0, group_run(self->fd, ALL, 1, 0)));
	on_each(EXPECT_EQ(0, group_run(self->fd, ALL, 500, 0)));
}

/* Breaks if the others are not told, are not awaited, or their error counts. */
TEST_F(event, first_error_ends_the_others)
{
	on_each(EXPECT_EQ(0, group_run(self->fd, ERROR, 1, 0)));
	on_each(EXPECT_EQ(0, group_run(self->fd, ERROR, 100, 0)));
}

/* Also those that have not begun. */
TEST_F(event, cancelled_group_takes_no_more)
{
	on_each(EXPECT_EQ(0, group_run(self->fd, CANCEL, 100, 0)));
	on_each(EXPECT_EQ(0, group_run(self->fd, CANCEL_EARLY, 100, 0)));
}

/* Who waits is cancelled, and comes back when the last child has gone. */
TEST_F(event, cancelling_who_waits_ends_the_children_first)
{
	struct gort_completion c;

	ASSERT_EQ(1, ct_start(self->fd, "e_group", 1, STAY, 50));
	EXPECT_TRUE(gt_wait_for(ev_cmd("begun") == 50));
	ASSERT_EQ(0, gt_cancel(self->fd, 1, NULL));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(-ECANCELED, c.status);
	EXPECT_EQ(50, ev_cmd("ended"));
}

TEST_F(event, deadline_leaves_the_children)
{
	on_each(EXPECT_EQ(-ETIME, group_run(self->fd, LATE, 20, 5 * MSEC)));
}

/* Wrong use is an errno, with a message, and the group goes on. */
TEST_F(event, wrong_use_of_a_group_is_an_errno)
{
	int log = ct_kmsg_open();

	ASSERT_LE(0, log);
	EXPECT_EQ(0, group_run(self->fd, MISUSE, 0, 0));
	EXPECT_TRUE(ct_kmsg_has(log, "by one of the Gs that it would wait"));
	close(log);
}

TEST_F(event, group_reaches_the_cap_of_its_context)
{
	EXPECT_EQ(-EAGAIN, group_run(self->fd, CAP, 0, 0));
	EXPECT_EQ(-EAGAIN, group_run(self->fd, CAP, 0, 0));
}

/*
 * Who has the group on its stack ends without waiting: it is not gone before its
 * children are. Breaks if it is: they are not all counted then.
 */
TEST_F(event, who_ends_early_stays_for_its_children)
{
	int log = ct_kmsg_open();

	ASSERT_LE(0, log);
	on_each(EXPECT_EQ(0, group_run(self->fd, EXIT, 20, 0));
		EXPECT_EQ(40, ev_cmd("ended")));
	on_each(EXPECT_EQ(-EOVERFLOW, group_run(self->fd, OVERFLOW, 20, 0));
		EXPECT_EQ(40, ev_cmd("ended")));
	close(log);
}

/* Thousands that end before their children are buried without recursion. */
TEST_F(event, chain_of_early_ends_is_buried)
{
	struct gort_completion c;

	on_each(EXPECT_EQ(0, ct_run(self->fd, &c, "e_group", CHAIN, 2000));
		EXPECT_EQ(2001, c.result));
}

/* A child that ends early is counted, and running out of stack is an error. */
TEST_F(event, child_that_ends_early_is_awaited)
{
	EXPECT_EQ(0, group_run(self->fd, CHILD_EXIT, 0, 0));
	EXPECT_EQ(-EOVERFLOW, group_run(self->fd, CHILD_OVERFLOW, 0, 0));
}

/* Children have groups of their own. */
TEST_F(event, groups_nest)
{
	struct gort_completion c;

	on_each(EXPECT_EQ(0, ct_run(self->fd, &c, "e_group", TREE, 6));
		EXPECT_EQ(1093, c.result));
}

/* Each allocation fails once: the group ends, and nothing stays. */
TEST_F(event, group_fails_cleanly_without_memory)
{
	__s64 total = gt_total(self->fd), left;
	int n, err, failed = 0;

	for (n = 1; n < 200; n++) {
		ASSERT_EQ(0, gt_param_set("fail_nth", n));
		err = group_run(self->fd, ALL, 5, 0);
		left = gt_param_get("fail_nth");
		ASSERT_EQ(0, gt_param_set("fail_nth", 0));
		EXPECT_TRUE(err == -ENOMEM || !err || err == -ECANCELED);
		failed += err == -ENOMEM;
		EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == total));
		if (left)
			break;
	}
	EXPECT_LT(n, 200);
	EXPECT_LE(5, failed);
}

/* A process has groups as well. */
TEST_F(event, process_may_have_groups)
{
	EXPECT_EQ(-EINVAL, ev_cmd("group %d 0", NO_CTX));
	EXPECT_EQ(0, ev_cmd("group %d 100", HERE_ALL));
	EXPECT_EQ(-EXDEV, ev_cmd("group %d 20", HERE_FAILS));
	EXPECT_EQ(-ETIME, ev_cmd("group %d 20", HERE_LATE));
	EXPECT_EQ(-EPERM, ev_cmd("group %d 20", HERE_ATOMIC));
}

struct waiter {
	pthread_t thread;
	pid_t tid;
	long result;
};

static void *process_waits(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gt_tid(), __ATOMIC_RELEASE);
	w->result = ev_cmd("group %d 20", HERE_SLOW);
	return NULL;
}

/* Signals, one after the other, end the children and then the wait. */
TEST_F(event, signals_end_the_group_of_a_process)
{
	struct waiter w = { 0 };
	struct gt_poker p;
	int i;

	ASSERT_EQ(0, gt_catch(SIGUSR1, 0));
	for (i = 0; i < 5; i++) {
		w.tid = 0;
		ASSERT_EQ(0, pthread_create(&w.thread, NULL, process_waits,
					    &w));
		ASSERT_TRUE(gt_wait_for(__atomic_load_n(&w.tid,
							__ATOMIC_ACQUIRE)));
		p = (struct gt_poker) {
			.target = w.thread, .tid = w.tid, .nr = SYS_write,
			.times = 3,
		};
		ASSERT_EQ(0, pthread_create(&p.thread, NULL, gt_poke, &p));
		pthread_join(w.thread, NULL);
		gt_poke_end(&p);
		EXPECT_EQ(-512, w.result); /* ERESTARTSYS; EIO: one was left */
	}
}

TEST_HARNESS_MAIN
