// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers and tickers: the time, sent into a channel.
 *
 * Each has an hrtimer, whose hard interrupt sends (gort_trysend), and a channel
 * with room for one value, so that it can be waited for together with others. As
 * in Go:
 *
 *  - A ticker does not wait for a slow receiver. While a tick has not been
 *    received, the next ones are dropped; those to come keep to the period, from
 *    when it was started, so that it does not drift.
 *  - What is stopped or reset has sent nothing that is received afterwards: a
 *    value that was sent and nobody took is taken back. So of each start of a
 *    timer there comes exactly one thing: a value that somebody receives, or
 *    true from the stop or reset that was faster.
 *  - To stop does not close the channel: who waits goes on waiting.
 *
 *	stop, reset, anywhere			the interrupt
 *	---------------------			-------------
 *  1.	cancel the timer: when this returns	the channel has room: send
 *	the interrupt is over and comes		ticker: the next one is due
 *	no more					a period later
 *  2.	take what is in the channel
 *  3.	reset: start the timer
 *
 * Who stops and resets one timer in several places at the same time gets one of
 * these, not a mixture: each step is one operation of the timer's or the
 * channel's.
 *
 * The interrupt is a hard one, since it does little, and since softirqs may have
 * to wait until ksoftirqd gets the CPU.
 *
 * A G that waits for such a channel is waiting for the clock, and so for nobody
 * who could be asleep: the deadlock detector counts it as awake (chan->timed).
 *
 * The buffer lies where gort_make_chan() has it, right behind the channel:
 * gort_chan_fini() then knows that it has nothing to free.
 *
 * Rejected: a heap of timers of our own for each P, as Go has: hrtimers are that
 * already, and fire without a P; and a G for each ticker.
 */

#include <linux/hrtimer.h>
#include <linux/stddef.h>

#include "gort.h"
#include "gort_case.h"

static_assert(offsetof(struct gort_timer, slot) == ALIGN(sizeof(struct gort_chan), 16));
static_assert(offsetof(struct gort_ticker, slot) == offsetof(struct gort_timer, slot));
static_assert(offsetof(struct gort_ticker, timer) == offsetof(struct gort_timer, timer));

/**
 * struct start_args - a timer that is to be started
 * @timer: which one
 * @at: when; GORT_NO_DEADLINE: never
 * @fn: what to call then, for one that is made; else NULL
 */
struct start_args {
	struct hrtimer *timer;
	u64 at;
	enum hrtimer_restart (*fn)(struct hrtimer *timer);
};

static long start(void *arg)
{
	const struct start_args *a = arg;

	if (a->fn)
		gort_hrtimer_setup(a->timer, a->fn, HRTIMER_MODE_ABS_HARD);
	if (a->at != GORT_NO_DEADLINE)
		hrtimer_start(a->timer, ns_to_ktime(min_t(u64, a->at, KTIME_MAX)),
			      HRTIMER_MODE_ABS_HARD);
	return 0;
}

static long cancel(void *timer)
{
	return hrtimer_cancel(timer);
}

/* Steps 1 and 2. True: nobody receives anything of what was started last. */
static bool stop(struct hrtimer *timer, struct gort_chan *chan)
{
	bool armed = gort_op_run(cancel, timer);

	return !__gort_chan_tryrecv(chan, NULL) || armed;
}

static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	struct gort_timer *t = container_of(timer, struct gort_timer, timer);

	gort_trysend(&t->chan, ktime_get_ns());
	return HRTIMER_NORESTART;
}

static enum hrtimer_restart ticker_fired(struct hrtimer *timer)
{
	struct gort_ticker *t = container_of(timer, struct gort_ticker, timer);

	if (gort_trysend(&t->chan, ktime_get_ns()) == -EPIPE)
		return HRTIMER_NORESTART; /* the user has closed it */
	hrtimer_forward_now(timer, ns_to_ktime(READ_ONCE(t->period)));
	return HRTIMER_RESTART;
}

/* A channel without a value, and a timer that is not started */
static void make(struct gort_chan *chan, u64 *slot, struct hrtimer *timer,
		 enum hrtimer_restart (*fn)(struct hrtimer *timer))
{
	struct start_args a = { timer, GORT_NO_DEADLINE, fn };

	*slot = 0;
	gort_chan_setup(chan, sizeof(*slot), 1, slot);
	chan->timed = true;
	gort_op_run(start, &a);
}

/**
 * gort_timer_init() - make a timer, and start it
 * @t: the timer
 * @deadline_ns: when it sends, CLOCK_MONOTONIC, as from gort_now(), at once if
 *	that has passed; GORT_NO_DEADLINE: when it was reset
 *
 * As NewTimer in Go; with a select, as time.After.
 *
 * Context: any.
 */
void gort_timer_init(struct gort_timer *t, u64 deadline_ns)
{
	struct start_args a = { .timer = &t->timer, .at = deadline_ns };

	make(&t->chan.chan, &t->slot.ns, &t->timer, timer_fired);
	gort_op_run(start, &a);
}
EXPORT_SYMBOL_GORT(gort_timer_init);

/**
 * gort_timer_stop() - nothing comes from it any more
 * @t: the timer; when this returns it may be freed, if nobody waits for its
 *	channel
 *
 * Context: any, but not in an interrupt with a higher priority than timers' (an
 * NMI).
 * Return: true if nobody has received, nor will receive, what it was last
 * started for; false if somebody has, or if it was stopped before.
 */
bool gort_timer_stop(struct gort_timer *t)
{
	return stop(&t->timer, &t->chan.chan);
}
EXPORT_SYMBOL_GORT(gort_timer_stop);

/**
 * gort_timer_reset() - start a timer anew
 * @t: the timer, started or stopped
 * @deadline_ns: as for gort_timer_init()
 *
 * Context: as gort_timer_stop().
 * Return: as gort_timer_stop().
 */
bool gort_timer_reset(struct gort_timer *t, u64 deadline_ns)
{
	struct start_args a = { .timer = &t->timer, .at = deadline_ns };
	bool stopped = stop(&t->timer, &t->chan.chan);

	gort_op_run(start, &a);
	return stopped;
}
EXPORT_SYMBOL_GORT(gort_timer_reset);

static int ticker_start(struct gort_ticker *t, u64 period_ns)
{
	u64 now = gort_now();
	struct start_args a = { .timer = &t->timer };

	if (period_ns < GORT_TICKER_MIN_NS) {
		gort_op_misuse("gort_ticker", "a period below GORT_TICKER_MIN_NS");
		return -EINVAL;
	}
	period_ns = min_t(u64, period_ns, KTIME_MAX - now);
	WRITE_ONCE(t->period, period_ns);
	a.at = now + period_ns;
	gort_op_run(start, &a);
	return 0;
}

/**
 * gort_ticker_init() - make a ticker, and start it
 * @t: the ticker
 * @period_ns: the first tick comes after this, and then one each time; at least
 *	GORT_TICKER_MIN_NS
 *
 * As NewTicker in Go.
 *
 * Context: any.
 * Return: 0, or -EINVAL: a period that is too short, with a message. The ticker
 * can be received from, reset and stopped even then.
 */
int gort_ticker_init(struct gort_ticker *t, u64 period_ns)
{
	make(&t->chan.chan, &t->slot.ns, &t->timer, ticker_fired);
	t->period = 0;
	return ticker_start(t, period_ns);
}
EXPORT_SYMBOL_GORT(gort_ticker_init);

/**
 * gort_ticker_stop() - no tick comes any more
 * @t: the ticker; when this returns it may be freed, if nobody waits for its
 *	channel. A tick that nobody has received is taken back.
 *
 * Context: as gort_timer_stop().
 */
void gort_ticker_stop(struct gort_ticker *t)
{
	stop(&t->timer, &t->chan.chan);
}
EXPORT_SYMBOL_GORT(gort_ticker_stop);

/**
 * gort_ticker_reset() - start a ticker anew, with another period
 * @t: the ticker, started or stopped
 * @period_ns: as for gort_ticker_init(); the first tick comes after this
 *
 * Context: as gort_timer_stop().
 * Return: 0, or -EINVAL as gort_ticker_init(): then it is stopped.
 */
int gort_ticker_reset(struct gort_ticker *t, u64 period_ns)
{
	stop(&t->timer, &t->chan.chan);
	return ticker_start(t, period_ns);
}
EXPORT_SYMBOL_GORT(gort_ticker_reset);
