// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutexes, locks for readers and writers, semaphores, wait groups, conditions
 * and what is done once: the properties that the tests of Go's package sync
 * demand, with cancelling, deadlines, tasks and interrupts beside.
 */

#include "sync_test.h"

#include <pthread.h>

/* On how many CPUs: all, one */
static const int nprocs[] = { 0, 1 };

/* One workload on all CPUs and on one, with slices of @us. */
static void on_all_and_one(struct __test_metadata *_metadata, int fd,
			   const char *name, const __u64 *args, int us)
{
	struct gort_completion c;
	unsigned int i;

	ASSERT_EQ(0, gt_param_set("slice_us", us));
	for (i = 0; i < ARRAY_SIZE(nprocs); i++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs[i]));
		ASSERT_EQ(0, ct_run_args(fd, &c, name, args)) {
			TH_LOG("%s %llu, crew %#llx, spice %llu, nprocs %d",
			       name, args[0], args[1], args[3], nprocs[i]);
		}
		TH_LOG("%s %llu, spice %llu, nprocs %d: %llu, and %llu not",
		       name, args[0], args[3], nprocs[i], st_low(&c),
		       st_high(&c));
		/* attempts that never fail prove nothing */
		if (args[0] <= ST_WRITE && args[3] & ST_DEADLINES)
			EXPECT_LT(0, st_high(&c));
	}
}

/*
 * Gs and tasks at one semaphore: never are more inside than it has units, nobody
 * waits for ever, and at the end all units are there. Breaks if a release finds
 * nobody while somebody goes to sleep.
 */
TEST_F_TIMEOUT(sync, semaphore_keeps_its_units, 90)
{
	const __u64 args[] = { ST_SEM, ST_CREW(6, 2), 300, ST_TIMER };

	on_all_and_one(_metadata, self->fd, "s_hammer", args, 10000);
}

/*
 * The same while Gs are cancelled, and others are late, at any moment. Breaks if
 * a unit that was given to one that gives up goes with it.
 */
TEST_F_TIMEOUT(sync, semaphore_keeps_its_units_when_waiters_give_up, 90)
{
	const __u64 args[] = { ST_SEM, ST_CREW(6, 2), 300,
			       ST_TIMER | ST_CANCELS | ST_DEADLINES };

	on_all_and_one(_metadata, self->fd, "s_hammer", args, 10000);
	on_all_and_one(_metadata, self->fd, "s_hammer", args, 50);
}

/* One at a time, and everybody comes. Objects made by the compiler. */
TEST_F_TIMEOUT(sync, mutex_excludes, 90)
{
	const __u64 args[] = { ST_MUTEX, ST_CREW(6, 2), 300, ST_STATIC };

	on_all_and_one(_metadata, self->fd, "s_hammer", args, 10000);
}

/*
 * Breaks if one that was woken gives up and does not pass it on, or if one is
 * handed a mutex that it does not wait for any more.
 */
TEST_F_TIMEOUT(sync, mutex_excludes_when_waiters_give_up, 90)
{
	const __u64 args[] = { ST_MUTEX, ST_CREW(6, 2), 300,
			       ST_CANCELS | ST_DEADLINES };

	on_all_and_one(_metadata, self->fd, "s_hammer", args, 10000);
	on_all_and_one(_metadata, self->fd, "s_hammer", args, 50);
}

/* Readers with readers, a writer alone; an interrupt reads as well. */
TEST_F_TIMEOUT(sync, writer_excludes_all, 90)
{
	const __u64 args[] = { ST_READ, ST_CREW(6, 2), 300,
			       ST_TIMER | ST_STATIC };

	on_all_and_one(_metadata, self->fd, "s_hammer", args, 10000);
}

TEST_F_TIMEOUT(sync, writer_excludes_all_when_waiters_give_up, 90)
{
	const __u64 args[] = { ST_READ, ST_CREW(6, 2), 300,
			       ST_TIMER | ST_CANCELS | ST_DEADLINES };

	on_all_and_one(_metadata, self->fd, "s_hammer", args, 10000);
	on_all_and_one(_metadata, self->fd, "s_hammer", args, 50);
}

/*
 * A buffer whose users wake each other by signals, one for one. Breaks if a
 * signal finds nobody while somebody goes to sleep, or if who gives up comes back
 * without the mutex.
 */
TEST_F_TIMEOUT(sync, no_signal_is_lost, 90)
{
	const __u64 args[] = { ST_COND, ST_CREW(6, 2), 300, 0 };
	const __u64 hard[] = { ST_COND, ST_CREW(6, 2), 300,
			       ST_CANCELS | ST_DEADLINES };

	on_all_and_one(_metadata, self->fd, "s_buffer", args, 10000);
	on_all_and_one(_metadata, self->fd, "s_buffer", hard, 10000);
	on_all_and_one(_metadata, self->fd, "s_buffer", hard, 50);
}

/* Broadcasts from an interrupt, beside, wake who then looks again. */
TEST_F_TIMEOUT(sync, broadcasts_from_an_interrupt_do_no_harm, 60)
{
	const __u64 args[] = { ST_COND, ST_CREW(6, 2), 300,
			       ST_TIMER | ST_STATIC };

	on_all_and_one(_metadata, self->fd, "s_buffer", args, 10000);
}

/* Once, and nobody goes on before it has been done. */
TEST_F_TIMEOUT(sync, once_is_once, 60)
{
	__u64 args[] = { ST_ONCE, ST_CREW(8, 2), 0, 0 };
	struct gort_completion c;

	for (; args[3] <= (ST_DEADLINES | ST_CANCELS); args[3]++) {
		ASSERT_EQ(0, ct_run_args(self->fd, &c, "s_onces", args)) {
			TH_LOG("spice %llu", args[3]);
		}
		EXPECT_EQ(10 * 8, c.result);
	}
}

/* The same wait group for all rounds; the waiter may be late in any. */
TEST_F_TIMEOUT(sync, wait_group_is_used_for_many_rounds, 60)
{
	__u64 args[] = { ST_WG, ST_CREW(4, 2), 100, 0 };
	struct gort_completion c;

	for (; args[3] <= ST_DEADLINES; args[3]++) {
		ASSERT_EQ(0, ct_run_args(self->fd, &c, "s_rounds", args)) {
			TH_LOG("spice %llu", args[3]);
		}
		EXPECT_EQ(5 * 100, c.result);
	}
}

/*
 * One G has the mutex nearly all the time, another one gets its turns all the
 * same, after a millisecond or so each. Breaks without the handing over: on one
 * CPU it would get none.
 */
TEST_F(sync, mutex_is_fair)
{
	struct gort_completion c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nprocs); i++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs[i]));
		ASSERT_EQ(0, ct_run(self->fd, &c, "s_fair", 10, 2000));
		TH_LOG("nprocs %d: the other one had it %llu times", nprocs[i],
		       c.result);
		EXPECT_GT(2000, c.result);
	}
}

/*
 * Who runs may lock again while the other one is on its way. Breaks if the mutex
 * is always handed over: those who want it often would have to wait for a switch
 * each time.
 */
TEST_F(sync, mutex_is_not_handed_over_without_need)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 100000));
	ASSERT_EQ(0, ct_run(self->fd, &c, "s_barge", 10));
	/* where a tick comes between, the other one is there first */
	EXPECT_LE(8, c.result);
}

/* Who hands it over gives the rest of the slice along, as in TestSemaHandoff. */
TEST_F(sync, handoff_yields_to_the_waiter)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 100000));
	ASSERT_EQ(0, ct_run(self->fd, &c, "s_handoff", 10));
	EXPECT_LE(8, c.result);
}

TEST_F(sync, readers_are_parallel)
{
	struct gort_completion c;
	unsigned int i;
	__u64 n;

	for (i = 0; i < ARRAY_SIZE(nprocs); i++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs[i]));
		for (n = 1; n <= 16; n *= 4) {
			EXPECT_EQ(0, ct_run(self->fd, &c, "s_readers", n));
			EXPECT_EQ(n, c.result);
		}
	}
}

/*
 * A waiting writer keeps new readers out, readers that waited go together after
 * it, and before the next writer. Breaks if readers overtake a writer, or if
 * writers go first.
 */
TEST_F(sync, readers_and_writers_take_turns)
{
	struct gort_completion c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nprocs); i++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs[i]));
		EXPECT_EQ(0, ct_run(self->fd, &c, "s_order"));
		EXPECT_EQ(0, c.result);
	}
}

/* Breaks if the readers that wait for its sake are left waiting. */
TEST_F(sync, writer_that_gives_up_lets_readers_in)
{
	struct gort_completion c;
	__u64 cancelled;

	for (cancelled = 0; cancelled <= 1; cancelled++) {
		EXPECT_EQ(0, ct_run(self->fd, &c, "s_giveup", cancelled));
		EXPECT_EQ(20, c.result);
	}
}

/* Each signal wakes the one that has waited longest, and no other. */
TEST_F(sync, signals_wake_in_order)
{
	struct gort_completion c;

	EXPECT_EQ(0, ct_run(self->fd, &c, "s_signals", 0));
	EXPECT_EQ(0, c.result);
}

TEST_F(sync, broadcast_wakes_all)
{
	struct gort_completion c;

	EXPECT_EQ(0, ct_run(self->fd, &c, "s_signals", 1));
	EXPECT_EQ(0, c.result);
}

/* A signal is for who waits when it comes, not for who comes a moment later. */
TEST_F(sync, signal_is_not_stolen)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	EXPECT_EQ(0, ct_run(self->fd, &c, "s_stealing", 20));
	EXPECT_EQ(0, c.result);
}

/*
 * A signal that comes as the one it is for gives up, late or cancelled: that one
 * has it all the same, or the next one does. Breaks if it is lost between them.
 */
TEST_F(sync, signal_for_one_that_gives_up_is_not_lost)
{
	struct gort_completion c;
	unsigned int i;
	__u64 cancel;

	ASSERT_EQ(0, gt_param_set("slice_us", 100000));
	for (i = 0; i < ARRAY_SIZE(nprocs); i++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs[i]));
		for (cancel = 0; cancel <= 1; cancel++) {
			EXPECT_EQ(0, ct_run(self->fd, &c, "s_signallate", 20,
					    cancel));
			TH_LOG("nprocs %d: %llu of 20 were theirs", nprocs[i],
			       c.result);
			/* on one CPU it does not come to give up before */
			if (nprocs[i] == 1)
				EXPECT_LT(10, c.result);
		}
	}
}

/*
 * The wait group is on the stack of who waits, and that is written over when the
 * wait is over. Breaks if who was done last still uses it then.
 */
TEST_F(sync, wait_group_may_go_when_the_wait_is_over)
{
	struct gort_completion c;

	EXPECT_EQ(0, ct_run(self->fd, &c, "s_wgrace", 1000));
	EXPECT_EQ(1000, c.result);
}

/* All that waited go on, though the count has grown again before they wake. */
TEST_F(sync, wait_group_is_used_anew_at_once)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	EXPECT_EQ(0, ct_run(self->fd, &c, "s_wgreuse", 50));
	EXPECT_EQ(50, c.result);
}

/*
 * A thousand that wait for the same: the first few that are woken wake the
 * others. Breaks if that chain does.
 */
TEST_F(sync, herd_is_let_go)
{
	const __u64 forms[] = { ST_READ, ST_COND, ST_WG };
	struct gort_completion c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		EXPECT_EQ(0, ct_run(self->fd, &c, "s_herd", forms[i], 1000));
		EXPECT_EQ(1000, c.result);
	}
}

/* A thread of this process that takes what Gs hammer at */
struct st_taker {
	pthread_t thread;
	unsigned int form;
	bool stop;
	__u64 taken, interrupted;
	int wrong;
};

static void *take(void *arg)
{
	struct st_taker *t = arg;
	int err;

	while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE) && !t->wrong) {
		err = st_task("take", t->form, 0);
		if (err == -EINTR)
			t->interrupted++;
		else if (err)
			t->wrong = err;
		else
			t->taken++;
	}
	return NULL;
}

/*
 * A task that takes part under a storm of signals: what it was given although a
 * signal came it has, and gives back. Breaks if a signal takes a unit along.
 */
TEST_F_TIMEOUT(sync, storm_of_signals_loses_nothing, 90)
{
	struct pollfd done = { .fd = self->fd, .events = POLLIN };
	struct st_taker t = { 0 };
	struct gort_completion c;

	ASSERT_EQ(0, gt_catch(SIGUSR1, 0));
	for (t.form = ST_SEM; t.form <= ST_WRITE; t.form++) {
		t.taken = 0;
		t.interrupted = 0;
		t.stop = false;
		ASSERT_EQ(1, ct_start(self->fd, "s_hammer", 1, t.form,
				      ST_CREW(4, 0), 1000,
				      ST_STATIC | ST_SHARED));
		ASSERT_EQ(0, pthread_create(&t.thread, NULL, take, &t));
		while (!poll(&done, 1, 0)) {
			pthread_kill(t.thread, SIGUSR1);
			usleep(300);
		}
		__atomic_store_n(&t.stop, true, __ATOMIC_RELEASE);
		pthread_join(t.thread, NULL);
		TH_LOG("form %u: taken %llu times, interrupted %llu times",
		       t.form, t.taken, t.interrupted);
		EXPECT_EQ(0, t.wrong);
		EXPECT_LT(0, t.taken);
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(4000, st_low(&c));
		/* all is there */
		EXPECT_EQ(0, ct_run(self->fd, &c, "s_hammer", t.form,
				    ST_CREW(1, 0), 1, ST_STATIC));
	}
}

TEST_HARNESS_MAIN
