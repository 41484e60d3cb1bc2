// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers and tickers, which send the time into channels. The workload looks
 * itself at what it receives, and returns EIO if it is not what it should be.
 */

#include "event_test.h"

/* As enum e_time_what */
enum {
	TICKS, SLOW, TICKER_STOPPED, TICKER_AGAIN, TICKER_SHORT, TICKER_CLOSED,
	AFTER, TIMER_STOPPED, TIMER_AGAIN, SELECT, RACE, FINI, EVER,
};

static int time_run(int fd, int what, __u64 ns, __u64 n)
{
	return ct_run(fd, NULL, "e_time", what, ns, n);
}

/* Ticks come in order, none before its time. */
TEST_F(event, ticker_ticks)
{
	EXPECT_EQ(0, time_run(self->fd, TICKS, MSEC, 20));
	EXPECT_EQ(0, time_run(self->fd, TICKS, 10000, 100));
}

/* Breaks if ticks pile up for who is slow, or the oldest one is replaced. */
TEST_F(event, ticks_are_dropped_for_who_is_slow)
{
	EXPECT_EQ(0, time_run(self->fd, SLOW, 20 * MSEC, 0));
}

TEST_F(event, stopped_ticker_sends_nothing)
{
	EXPECT_EQ(0, time_run(self->fd, TICKER_STOPPED, MSEC, 0));
}

TEST_F(event, reset_ticker_has_the_new_period_alone)
{
	EXPECT_EQ(0, time_run(self->fd, TICKER_AGAIN, 2 * MSEC, 0));
}

/* A period that would leave no time for anything else; with a message. */
TEST_F(event, period_that_is_too_short_is_refused)
{
	int log = ct_kmsg_open();

	ASSERT_LE(0, log);
	EXPECT_EQ(-EINVAL, time_run(self->fd, TICKER_SHORT, MSEC, 0));
	EXPECT_TRUE(ct_kmsg_has(log, "gort_ticker: a period below"));
	close(log);
}

/* What users may do to the channel does no harm. */
TEST_F(event, channel_of_a_ticker_may_be_closed)
{
	int log = ct_kmsg_open();

	ASSERT_LE(0, log);
	EXPECT_EQ(0, time_run(self->fd, TICKER_CLOSED, MSEC, 0));
	EXPECT_EQ(0, time_run(self->fd, FINI, MSEC, 0));
	EXPECT_TRUE(ct_kmsg_has(log, "gort_chan_fini"));
	close(log);
}

TEST_F(event, timer_fires_once)
{
	int i;

	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, time_run(self->fd, AFTER, i * MSEC / 4, 0));
}

/* Breaks if a value that was sent before the stop can be received after it. */
TEST_F(event, stopped_timer_sends_nothing)
{
	EXPECT_EQ(0, time_run(self->fd, TIMER_STOPPED, MSEC, 0));
}

TEST_F(event, reset_timer_fires_at_the_new_time)
{
	EXPECT_EQ(0, time_run(self->fd, TIMER_AGAIN, 2 * MSEC, 0));
}

TEST_F(event, select_takes_what_comes_first)
{
	EXPECT_EQ(0, time_run(self->fd, SELECT, 5 * MSEC, 0));
}

/*
 * Of each start comes either a value, once, or true from what stopped it: breaks
 * if one is lost or comes twice.
 */
TEST_F(event, stop_and_fire_exclude_each_other)
{
	int nprocs;

	for (nprocs = 1; nprocs <= 2; nprocs++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs));
		EXPECT_EQ(0, time_run(self->fd, RACE, 0, 2000));
	}
}

/* Who waits for the clock is not asleep for good. */
TEST_F(event, waiting_for_a_tick_is_no_deadlock)
{
	struct gort_completion c;
	struct gort_wait w;

	ASSERT_EQ(1, ct_start(self->fd, "e_time", 1, TICKS, 100 * MSEC, 3));
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 1, gt_in_ms(150), &w));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
	ASSERT_EQ(1, ct_start(self->fd, "e_time", 1, SELECT, 100 * MSEC));
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 1, gt_in_ms(150), &w));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
}

TEST_F(event, waiting_for_a_timer_can_be_cancelled)
{
	struct gort_completion c;

	ASSERT_EQ(1, ct_start(self->fd, "e_time", 1, EVER));
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(-ECANCELED, c.status);
}

/*
 * Ticks of 20 ms come beside Gs that only compute, on all CPUs and on one: as
 * TestTimerFairness in Go.
 */
TEST_F(event, ticks_come_beside_hogs)
{
	struct gort_completion c;
	int nprocs;

	for (nprocs = 1; nprocs <= 2; nprocs++) {
		ASSERT_EQ(0, gt_param_set("nprocs", nprocs));
		ASSERT_EQ(4, ct_start(self->fd, "call", 4, 1ULL << 40));
		ASSERT_EQ(1, ct_start(self->fd, "e_time", 1, TICKS, 20 * MSEC,
				      10));
		/* the hogs do not end by themselves */
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
		while (gt_read(self->fd, &c, 1) == 1)
			EXPECT_EQ(-ECANCELED, c.status);
	}
}

/* Processes receive from them as well. */
TEST_F(event, process_may_use_timers)
{
	EXPECT_EQ(0, ev_cmd("time %llu", 2 * MSEC));
	EXPECT_EQ(-EINVAL, ev_cmd("time 1"));
}

TEST_HARNESS_MAIN
