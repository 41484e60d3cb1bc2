// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocking calls: while a green thread blocks, others run on its CPU, with
 * another kernel thread; it comes back by one of three ways, and no request to
 * yield is lost on any. Who blocks without saying so is found out and named.
 */

#include "core_test.h"

/* Gone when surplus threads have left, two seconds after they were needed */
static bool one_thread(int fd)
{
	return ct_stats(fd).threads == 1;
}

/* One P, and one thread for it: nobody can take over. */
static void only_one_thread(struct __test_metadata *_metadata, int fd)
{
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("max_threads", 1));
	ASSERT_TRUE(gt_wait_for(one_thread(fd)));
}

/* Waits until that many tasks are at the gate. */
static bool at_gate(int n)
{
	return gt_wait_for(ct_gate_waiting() == n);
}

/*
 * Eight Gs that make nothing but short blocking calls take turns on one P, and
 * no P changes hands for that. Breaks if the slice begins anew with each call,
 * if the tick asks nobody who is in a call, or if what it has asked then is
 * forgotten; and if a P is taken from whoever is in a call when the tick comes.
 */
TEST_F(core, preemption_after_syscall)
{
	struct gort_stats before, after;
	struct gort_completion c;
	__u64 us;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	for (us = 10; us <= 1000; us *= 10) {
		before = ct_stats(self->fd);
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_aftercall", us, 8))
			TH_LOG("calls of %llu us", us);
		after = ct_stats(self->fd);
		TH_LOG("%llu us: %llu calls until all had begun", us, c.result);
		EXPECT_LT(before.requested, after.requested);
		EXPECT_LT(before.accepted, after.accepted);
		EXPECT_LT(before.restored[GORT_SITE_EXIT_OWN],
			  after.restored[GORT_SITE_EXIT_OWN]);
		EXPECT_EQ(before.lost, after.lost);
		EXPECT_GT((after.ticks - before.ticks) / 2 + 2,
			  after.retaken - before.retaken);
	}
}

/*
 * A request that comes during a call is answered by the first check after it,
 * each time; the P was never taken, since there is no other thread. Breaks if
 * the way back to the own P forgets it, which with the restores off it does.
 */
TEST_F(core, request_during_a_call_is_answered_after_it_on_the_own_p)
{
	struct gort_stats before, after;
	struct gort_completion c;

	only_one_thread(_metadata, self->fd);
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_exit", 50, 10, CT_SYSCALL));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	/* what a tick armed just before the call needs no restore */
	EXPECT_LE(45, after.restored[GORT_SITE_EXIT_OWN] -
		      before.restored[GORT_SITE_EXIT_OWN]);
	EXPECT_EQ(before.retaken, after.retaken);
	EXPECT_LT(before.thread_limit, after.thread_limit);
	EXPECT_EQ(before.lost, after.lost);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_exit", 50, 10, CT_SYSCALL));
	EXPECT_LE(45, c.result);
}

/*
 * The same where the P was taken meanwhile, and nobody had a use for it. Breaks
 * if the way back by the idle P forgets the request, or is never taken.
 */
TEST_F(core, request_during_a_call_is_answered_after_it_on_an_idle_p)
{
	struct gort_stats before, after;
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_exit", 50, 10, CT_SYSCALL));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_LE(45, after.restored[GORT_SITE_EXIT_IDLE] -
		      before.restored[GORT_SITE_EXIT_IDLE]);
	EXPECT_EQ(50, after.retaken - before.retaken);
	EXPECT_EQ(before.lost, after.lost);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_exit", 50, 10, CT_SYSCALL));
	EXPECT_LE(45, c.result);
}

/*
 * On one P, a G blocks until another one opens the gate. Breaks if the P stays
 * with the one that blocks.
 */
TEST_F(core, others_run_while_one_blocks)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(1, ct_start(self->fd, "t_gate", 1, CT_SYSCALL));
	ASSERT_TRUE(at_gate(1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "call", 100000));
	EXPECT_EQ(gt_steps(100000), c.result);
	EXPECT_EQ(1, ct_gate_waiting());
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_open"));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
	after = ct_stats(self->fd);
	EXPECT_LT(before.retaken, after.retaken);
	EXPECT_LT(before.blocking, after.blocking);
	EXPECT_EQ(before.unannounced, after.unannounced);
}

/*
 * A G that comes back while another one has the P waits for its turn. Breaks if
 * it runs beside it, or is forgotten.
 */
TEST_F(core, busy_p_is_waited_for)
{
	struct gort_stats before, after;
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(1, ct_start(self->fd, "t_bump", 1));
	before = ct_stats(self->fd);
	ASSERT_EQ(4, ct_start(self->fd, "t_exit", 4, 20, 10, CT_SYSCALL));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
	after = ct_stats(self->fd);
	EXPECT_EQ(80, after.retaken - before.retaken);
	EXPECT_EQ(before.lost, after.lost);
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
}

/*
 * No more threads than allowed, however many Gs block; those that find none wait
 * and are served when one comes back. Breaks if the bound is not kept, if it is
 * not counted, or if work that found no thread is forgotten.
 */
TEST_F(core, thread_exhaustion)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	__u64 max;
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	for (max = 1; max <= 4; max++) {
		ASSERT_EQ(0, gt_param_set("max_threads", max));
		ASSERT_TRUE(gt_wait_for(ct_stats(self->fd).threads <= max));
		ASSERT_EQ(0, ct_gate(false));
		ASSERT_EQ(8, ct_start(self->fd, "t_gate", 8, CT_SYSCALL));
		ASSERT_TRUE(at_gate(max));
		usleep(100000);
		EXPECT_EQ(max, ct_gate_waiting());
		after = ct_stats(self->fd);
		EXPECT_EQ(max, after.threads);
		EXPECT_LT(before.thread_limit, after.thread_limit);
		ASSERT_EQ(0, ct_gate(true));
		for (i = 0; i < 8; i++) {
			ASSERT_EQ(0, ct_next(self->fd, &c));
			EXPECT_EQ(0, c.status);
		}
		before = after;
	}
}

/* Threads that were made for calls leave when they have nothing to do. */
TEST_F(core, idle_threads_leave)
{
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(20, ct_start(self->fd, "t_gate", 20, CT_SYSCALL));
	ASSERT_TRUE(at_gate(20));
	EXPECT_LE(20, ct_stats(self->fd).threads);
	ASSERT_EQ(0, ct_gate(true));
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_TRUE(gt_wait_for(one_thread(self->fd)))
		TH_LOG("%llu threads", ct_stats(self->fd).threads);
	/* and the last one works */
	EXPECT_EQ(0, ct_run(self->fd, NULL, "fib", 10));
}

/*
 * A blocking call within a blocking call or within a plain one is a plain call:
 * it gets its result, and is in the context that the outer one made.
 */
TEST_F(core, calls_nest)
{
	static const __u64 where[] = { 0, 0, 1, 1 };
	struct gort_completion c;
	__u64 what;

	for (what = 0; what < ARRAY_SIZE(where); what++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_nest", what));
		EXPECT_EQ(where[what], c.result)
			TH_LOG("case %llu", what);
	}
}

/* In a blocking call there is no G: it can't park, yield, or be locked to its M. */
TEST_F(core, function_in_a_blocking_call_is_no_g)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_nest", 4));
	EXPECT_EQ(0, c.result);
	ASSERT_EQ(0, ct_run(self->fd, &c, "fib", 10));
}

/*
 * With any section open, EDEADLK: the function is not called, the section stays
 * as it was, and the message says what to do.
 */
TEST_F(core, blocking_call_in_a_section_is_refused)
{
	struct gort_completion c;
	int kmsg = ct_kmsg_open();
	bool said = false;
	__u64 kind, until = gt_now() + GT_PATIENCE;

	ASSERT_LE(0, kmsg);
	do {
		for (kind = 0; kind < CT_KINDS; kind++) {
			EXPECT_EQ(-EDEADLK, ct_run(self->fd, &c, "t_sysmisuse",
						   kind))
				TH_LOG("kind %llu", kind);
			EXPECT_EQ(0, c.result)
				TH_LOG("kind %llu", kind);
		}
		said |= ct_kmsg_has(kmsg, "gort_syscall with a gort lock held or a section open");
	} while (!said && gt_now() < until);
	EXPECT_TRUE(said);
	close(kmsg);
}

/* In an ordinary process both are plain calls. */
TEST_F(core, calls_outside_of_a_task_are_plain)
{
	char text[64];

	ASSERT_EQ(0, ct_read_test_param("plain", text, sizeof(text)));
	EXPECT_STREQ("42 42 2\n", text);
}

/*
 * A function that comes back from a blocking call with preemption, bottom halves
 * or interrupts off, or an RCU section open: put right, and the G that called it
 * is cancelled, by name.
 */
TEST_F(core, blocking_call_that_disturbs_fails_its_task)
{
	__u64 what, until = gt_now() + GT_PATIENCE;
	struct gort_completion c;
	int kmsg = ct_kmsg_open();
	bool said = false;

	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	do {
		for (what = 0; what <= 3; what++) {
			EXPECT_EQ(-EDEADLK, ct_run(self->fd, &c, "t_badcall",
						   what, CT_SYSCALL))
				TH_LOG("case %llu", what);
			ASSERT_EQ(0, ct_run(self->fd, &c, "t_neutral"));
			EXPECT_EQ(0, c.result)
				TH_LOG("case %llu", what);
		}
		said |= ct_kmsg_has(kmsg,
				    "t_k_disturb [gort_test] returned with another preemption");
	} while (!said && gt_now() < until);
	EXPECT_TRUE(said);
	close(kmsg);
}

/* Functions in blocking calls make Gs ready and start new ones. */
TEST_F(core, blocking_call_wakes_and_starts_others)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_within", 300));
	EXPECT_EQ(300, c.result);
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_within", 300));
	EXPECT_EQ(300, c.result);
}

/*
 * Who sleeps in gort_call(), on one P: others go on all the same, it is counted,
 * and the function is named. Breaks if it stalls the P, or nobody is told.
 */
TEST_F(core, unannounced_sleep_stalls_nobody)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	int kmsg = ct_kmsg_open();

	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(1, ct_start(self->fd, "t_gate", 1, CT_CALL));
	ASSERT_TRUE(at_gate(1));
	ASSERT_EQ(0, ct_run(self->fd, &c, "call", 100000));
	EXPECT_EQ(gt_steps(100000), c.result);
	after = ct_stats(self->fd);
	EXPECT_EQ(1, after.unannounced - before.unannounced);
	EXPECT_EQ(1, after.retaken - before.retaken);
	EXPECT_EQ(1, ct_gate_waiting());
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_open"));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
	EXPECT_TRUE(ct_kmsg_has(kmsg, "t_k_gate [gort_test] sleeps in gort_call()"));
	close(kmsg);
}

/*
 * A request meanwhile is not lost either, and each sleep is found out. Breaks if
 * the way back forgets it, or the same sleep is looked for but once.
 */
TEST_F(core, request_during_an_unannounced_sleep_is_answered)
{
	struct gort_stats before, after;
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 10000));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_blocking", 100000, 20, CT_CALL));
	after = ct_stats(self->fd);
	EXPECT_EQ(20, after.unannounced - before.unannounced);
	/* no check comes after the last call */
	EXPECT_LE(19, c.preempted);
	EXPECT_EQ(before.lost, after.lost);
}

/* Naps shorter than a tick are no reason for a hand-off, or for a message. */
TEST_F(core, short_unannounced_naps_are_let_pass)
{
	struct gort_stats before = ct_stats(self->fd), after;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000000));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_blocking", 10, 4000, CT_CALL));
	after = ct_stats(self->fd);
	EXPECT_LT(before.ticks + 4, after.ticks);
	EXPECT_GT((after.ticks - before.ticks) / 4 + 1,
		  after.unannounced - before.unannounced);
}

/*
 * With a gort lock held the P stays: whoever came on instead would run into the
 * lock. Breaks if the other G gets on meanwhile.
 */
TEST_F(core, sleep_with_a_lock_held_keeps_the_p)
{
	struct gort_stats before, after;
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_lockcall", 50));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_EQ(before.unannounced, after.unannounced);
	EXPECT_EQ(before.retaken, after.retaken);
}

/* With no thread left the P stays, until one comes back. */
TEST_F(core, unannounced_sleep_keeps_to_the_limit)
{
	struct gort_stats before, after;
	struct gort_completion c;

	only_one_thread(_metadata, self->fd);
	before = ct_stats(self->fd);
	ASSERT_EQ(1, ct_start(self->fd, "t_gate", 1, CT_CALL));
	ASSERT_TRUE(at_gate(1));
	ASSERT_EQ(1, ct_start(self->fd, "fib", 1, 10));
	ASSERT_TRUE(gt_wait_for(ct_stats(self->fd).thread_limit >
				before.thread_limit));
	usleep(100000);
	after = ct_stats(self->fd);
	EXPECT_EQ(1, after.threads);
	EXPECT_EQ(before.unannounced, after.unannounced);
	EXPECT_EQ(before.exited, after.exited);
	ASSERT_EQ(0, ct_gate(true));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	ASSERT_EQ(0, ct_next(self->fd, &c));
}

/* The number of Ps changes while Gs are in calls: the Ps are taken at once. */
TEST_F(core, number_of_cpus_can_change_during_calls)
{
	struct gort_completion c;
	struct gort_info info;
	int i, how;

	for (how = CT_CALL; how <= CT_SYSCALL; how++) {
		ASSERT_EQ(0, ct_gate(false));
		ASSERT_EQ(0, gt_param_set("nprocs", 0));
		ASSERT_EQ(16, ct_start(self->fd, "t_gate", 16, how));
		ASSERT_TRUE(at_gate(16));
		for (i = 0; i < 50; i++) {
			ASSERT_EQ(0, gt_param_set("nprocs", 1 + i % ct_cpus()));
			ASSERT_EQ(0, gt_info(self->fd, &info));
			EXPECT_EQ(1 + i % ct_cpus(), info.nr_procs);
		}
		EXPECT_EQ(16, ct_gate_waiting());
		ASSERT_EQ(0, gt_param_set("nprocs", 1));
		ASSERT_EQ(0, ct_gate(true));
		for (i = 0; i < 16; i++) {
			ASSERT_EQ(0, ct_next(self->fd, &c));
			EXPECT_EQ(0, c.status);
		}
	}
}

/* The same while calls come and go. */
TEST_F(core, number_of_cpus_can_change_between_calls)
{
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(8, ct_start(self->fd, "t_blocking", 8, 100, 300, CT_SYSCALL));
	ASSERT_EQ(4, ct_start(self->fd, "t_blocking", 4, 5000, 20, CT_SYSCALL));
	ASSERT_EQ(4, ct_start(self->fd, "t_blocking", 4, 5000, 20, CT_CALL));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, gt_param_set("nprocs", 1 + i % ct_cpus()));
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_TRUE(c.result == 300 || c.result == 20);
	}
}

TEST_HARNESS_MAIN
