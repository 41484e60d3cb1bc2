// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stop the world: between stop and start no other green thread runs, whoever
 * stops it and whatever the others do; and how long it takes to get there, which
 * is what the restores are for.
 */

#include "core_test.h"

/* Fills every P, and one more place, with Gs that only call functions. */
static int bumpers(int fd)
{
	int n = ct_cpus() + 1;

	return ct_start(fd, "t_bump", n) == n ? n : -1;
}

/*
 * Ends all tasks of the file but those already ended. Each must say 0, or that
 * its turn had not come yet.
 */
static void end_all(struct __test_metadata *_metadata, int fd, int n)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_cancel_all(fd, NULL));
	while (n--) {
		ASSERT_EQ(0, ct_next(fd, &c));
		if (c.status != -ECANCELED || c.stack_bytes)
			EXPECT_EQ(0, c.status);
	}
}

static void *change_procs(void *times)
{
	long i, bad = 0;

	for (i = 0; i < (long)times; i++)
		bad += !!gt_param_set("nprocs", 1 + i % ct_cpus());
	return (void *)bad;
}

/* Stops by a process; a negative errno, or in how many of them a G ran */
static void *stop_often(void *times)
{
	char text[32];
	int err;

	snprintf(text, sizeof(text), "%ld", (long)times);
	err = ct_write_test_param("stops", text);
	return (void *)(long)(err ? err : ct_test_number("stops"));
}

/*
 * A thousand stops, a thousand changes of the number of Ps and a G of which each
 * starts the next, all at once. Breaks if two of them wait for each other.
 */
TEST_F(core, stop_the_world_deadlock)
{
	struct gort_stats before = ct_stats(self->fd);
	struct gort_completion c;
	pthread_t procs;
	void *bad;

	ASSERT_EQ(1, ct_start(self->fd, "t_spawner", 1));
	ASSERT_EQ(0, pthread_create(&procs, NULL, change_procs, (void *)1000));
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_stop", 1000, 0, 100));
	EXPECT_EQ(0, c.result);
	pthread_join(procs, &bad);
	EXPECT_EQ(NULL, bad);
	EXPECT_EQ(1000, ct_stats(self->fd).stops - before.stops);
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
	EXPECT_LT(100, c.result);
}

/*
 * Gs on all Ps that do nothing but call functions can't hold off ten stops; in
 * none of them does one run on. Breaks if a stop waits for the end of a slice,
 * or does not wait for all.
 */
TEST_F(core, preemption_gc)
{
	struct gort_stats before, after;
	struct gort_completion c;
	int n;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000000));
	n = bumpers(self->fd);
	ASSERT_LT(0, n);
	before = ct_stats(self->fd);
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_stop", 10, 1000, 1000));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_EQ(10, after.stops - before.stops);
	end_all(_metadata, self->fd, n);
}

/*
 * Nothing moves while the world stands still, often and for long enough for the
 * others to be noticed, and it moves again in between.
 */
TEST_F(core, nothing_runs_while_the_world_stands_still)
{
	struct gort_stats before, after;
	struct gort_completion c;
	int n = bumpers(self->fd);

	ASSERT_LT(0, n);
	before = ct_stats(self->fd);
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_stop", 150, 200, 5000));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_LT(before.switches + 30, after.switches);
	EXPECT_EQ(before.lost, after.lost);
	end_all(_metadata, self->fd, n);
}

/* A process does it as well, and so does a function in a blocking call. */
TEST_F(core, process_stops_the_world)
{
	struct gort_completion c;
	int n = bumpers(self->fd);

	ASSERT_LT(0, n);
	EXPECT_EQ(NULL, stop_often((void *)100));
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_stopcall", 100));
	EXPECT_EQ(0, c.result);
	end_all(_metadata, self->fd, n);
}

/* Two Gs, one in a blocking call, and a process stop it at the same time. */
TEST_F(core, stops_at_the_same_time_take_turns)
{
	struct gort_stats before;
	struct gort_completion c;
	int i, n = bumpers(self->fd);

	ASSERT_LT(0, n);
	before = ct_stats(self->fd);
	ASSERT_EQ(2, ct_start(self->fd, "t_stop", 2, 100, 100, 10));
	ASSERT_EQ(1, ct_start(self->fd, "t_stopcall", 1, 100));
	EXPECT_EQ(NULL, stop_often((void *)100));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(0, c.result);
	}
	EXPECT_EQ(400, ct_stats(self->fd).stops - before.stops);
	end_all(_metadata, self->fd, n);
}

/*
 * A request that comes while the G has stopped the world is answered by its
 * first check after the start. Breaks if starting it forgets the request.
 */
TEST_F(core, request_while_the_world_stands_still_is_answered_after_it)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_stopreq", 500));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_LE(450, after.restored[GORT_SITE_STW] -
		       before.restored[GORT_SITE_STW]);
	EXPECT_EQ(before.lost, after.lost);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_stopreq", 500));
	EXPECT_LT(450, c.result);
}

/*
 * Who is in a blocking call when the world stops may come back from the kernel,
 * but not go on as G code before it starts. Breaks if the way back does not look
 * who has the P.
 */
TEST_F(core, blocking_call_comes_back_after_the_start)
{
	struct gort_completion c;
	int i, how;

	for (how = CT_CALL; how <= CT_SYSCALL; how++) {
		ASSERT_EQ(0, ct_gate(false));
		ASSERT_EQ(8, ct_start(self->fd, "t_gate", 8, how));
		ASSERT_TRUE(gt_wait_for(ct_gate_waiting() == 8));
		/* reading opens the gate, in a world that stands still */
		EXPECT_EQ(0, ct_test_number("stop_gate"));
		for (i = 0; i < 8; i++) {
			ASSERT_EQ(0, ct_next(self->fd, &c));
			EXPECT_EQ(0, c.status);
		}
		EXPECT_EQ(8 + 8 * how, ct_test_number("passed"));
	}
}

/* Gs can be made meanwhile. They run afterwards. */
TEST_F(core, new_tasks_wait_for_the_start)
{
	char text[64];

	ASSERT_EQ(0, ct_read_test_param("stop_go", text, sizeof(text)));
	EXPECT_STREQ("0 10\n", text);
}

/* What is wrong is refused, changes nothing, and the world goes on turning. */
TEST_F(core, wrong_stops_are_refused)
{
	struct gort_completion c;
	char text[64];
	__u64 kind;
	int n = bumpers(self->fd);

	ASSERT_LT(0, n);
	EXPECT_EQ(0, ct_run(self->fd, NULL, "t_stopbad", 0));
	EXPECT_EQ(-EDEADLK, ct_run(self->fd, NULL, "t_stopbad", 1));
	for (kind = 0; kind < CT_KINDS; kind++)
		EXPECT_EQ(-EDEADLK, ct_run(self->fd, NULL, "t_stopbad", 2, kind))
			TH_LOG("kind %llu", kind);
	EXPECT_EQ(-EPERM, ct_run(self->fd, NULL, "t_stopbad", 3));
	EXPECT_EQ(-EDEADLK, ct_run(self->fd, NULL, "t_stopbad", 6));
	ASSERT_EQ(0, ct_read_test_param("stop_misuse", text, sizeof(text)));
	EXPECT_STREQ("0 -35 0\n", text);
	EXPECT_EQ(0, ct_run(self->fd, &c, "t_stop", 10, 100, 10));
	EXPECT_EQ(0, c.result);
	end_all(_metadata, self->fd, n);
}

/* Who starts a world that he has not stopped is told so. */
TEST_F(core, start_without_stop_says_so)
{
	int kmsg = ct_kmsg_open();
	char text[64];
	bool said = false;
	__u64 until = gt_now() + GT_PATIENCE;

	ASSERT_LE(0, kmsg);
	do {
		ASSERT_EQ(0, ct_run(self->fd, NULL, "t_stopbad", 0));
		ASSERT_EQ(0, ct_read_test_param("stop_misuse", text,
						sizeof(text)));
		said |= ct_kmsg_has(kmsg, "gort_start_the_world: the caller, stw_test");
	} while (!said && gt_now() < until);
	EXPECT_TRUE(said);
	close(kmsg);
}

/*
 * A G that ends while it has stopped the world fails; the world goes on, and can
 * be stopped again. Breaks if it stands still for good.
 */
TEST_F(core, task_that_ends_in_a_stopped_world_starts_it)
{
	struct gort_completion c;
	int i, n = bumpers(self->fd);

	ASSERT_LT(0, n);
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(-EDEADLK, ct_run(self->fd, NULL, "t_stopbad",
					   4 + i % 2));
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_stop", 2, 100, 10));
		EXPECT_EQ(0, c.result);
	}
	end_all(_metadata, self->fd, n);
}

/* Times and rounds are told, and fit together. */
TEST_F(core, stops_are_measured)
{
	struct gort_stats before = ct_stats(self->fd), after;
	__u64 start = gt_now();
	int n = bumpers(self->fd);

	ASSERT_LT(0, n);
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_stop", 200, 0, 1000));
	after = ct_stats(self->fd);
	EXPECT_EQ(200, after.stops - before.stops);
	EXPECT_LT(before.stop_sends, after.stop_sends);
	EXPECT_LT(0, after.stop_median_ns);
	EXPECT_LE(after.stop_median_ns, after.stop_max_ns);
	/* half of the last 128 took the median or more, all in this time */
	EXPECT_GT(gt_now() - start, 64 * after.stop_median_ns);
	end_all(_metadata, self->fd, n);
}

/* What it took to stop Gs that are in sections nearly all the time */
struct effort {
	__u64 stops;
	__u64 rounds;		/* of requests */
	__u64 put_off;		/* sections in which a request was put off */
	__u64 late;		/* of these, not answered right after it */
};

/* Such Gs on every P, and another one that stops the world so often. */
static void stop_heavy(struct __test_metadata *_metadata, int fd, __u64 kind,
		       __u64 stops, struct effort *e)
{
	struct gort_stats before, after;
	struct gort_completion c;
	__u64 n = ct_cpus(), begun = ct_begun(fd);

	*e = (struct effort) { .stops = stops };
	ASSERT_EQ(n, ct_start(fd, "t_heavy", n, 1000, 0, kind));
	ASSERT_TRUE(gt_wait_for(ct_begun(fd) >= begun + n));
	before = ct_stats(fd);
	ASSERT_EQ(0, ct_run(fd, &c, "t_stop", stops, 0, 1000));
	EXPECT_EQ(0, c.result);
	after = ct_stats(fd);
	e->rounds = after.stop_sends - before.stop_sends;
	ASSERT_EQ(0, gt_cancel_all(fd, NULL));
	while (n--) {
		ASSERT_EQ(0, ct_next(fd, &c));
		EXPECT_EQ(0, c.status);
		e->put_off += c.result & 0xffffffff;
		e->late += c.result >> 32;
	}
}

/*
 * With the restores on, one request reaches a G that holds a lock: the first
 * check after the release answers it, each time; without them none does. A round
 * is repeated too when the machine is slow, so a few more than one for each stop
 * are allowed. How many it takes without the restores is a matter of luck, and
 * measured by benchmarks/stop.
 */
static void expect_one_request(struct __test_metadata *_metadata, int fd,
			       __u64 kind)
{
	struct effort on, some, off = { 0 };
	int tries;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	/* it would make up for a lost request at the next tick */
	ASSERT_EQ(0, gt_param_set("async", 0));
	stop_heavy(_metadata, fd, kind, 50, &on);
	ASSERT_EQ(0, gt_param_set("restore", 0));
	for (tries = 0; tries < 40 && off.put_off < 4; tries++) {
		stop_heavy(_metadata, fd, kind, 8, &some);
		off.stops += some.stops;
		off.rounds += some.rounds;
		off.put_off += some.put_off;
		off.late += some.late;
	}
	TH_LOG("on: %llu stops, %llu rounds, %llu put off, %llu late",
	       on.stops, on.rounds, on.put_off, on.late);
	TH_LOG("off: %llu stops, %llu rounds, %llu put off, %llu late",
	       off.stops, off.rounds, off.put_off, off.late);
	EXPECT_LT(0, on.put_off);
	EXPECT_EQ(0, on.late);
	EXPECT_GE(2 * on.stops, on.rounds);
	EXPECT_LT(off.put_off / 2, off.late);
}

TEST_F(core, stop_among_holders_of_gort_lock_takes_one_request)
{
	expect_one_request(_metadata, self->fd, CT_KIND_LOCK);
}

TEST_F(core, stop_among_holders_of_spin_locks_takes_one_request)
{
	expect_one_request(_metadata, self->fd, CT_KIND_SPIN);
}

TEST_F(core, stop_among_holders_of_bh_locks_takes_one_request)
{
	expect_one_request(_metadata, self->fd, CT_KIND_BH);
}

TEST_F(core, stop_among_rcu_readers_takes_one_request)
{
	expect_one_request(_metadata, self->fd, CT_KIND_RCU);
}

TEST_F(core, stop_among_those_with_preemption_off_takes_one_request)
{
	expect_one_request(_metadata, self->fd, CT_KIND_PREEMPT);
}

TEST_HARNESS_MAIN
