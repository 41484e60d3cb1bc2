// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for time_test: timers and tickers.
 */

#include <linux/err.h>

#include "gort_test_ev.h"

/* One of each; they are stopped when a test begins, and when the module goes. */
struct gort_timer e_timer;
struct gort_ticker e_ticker;

/* So many ticks, none early, each later than the one before. */
static noinline int e_ticks(u64 ns, u64 n)
{
	u64 start = gort_now(), last = 0, now, i;
	int err = gort_ticker_init(&e_ticker, ns);

	for (i = 1; i <= n && !err; i++) {
		err = gort_recv(&e_ticker.chan, &now);
		if (!err && (now <= last || now < start + i * ns))
			err = -EIO;
		last = now;
	}
	gort_ticker_stop(&e_ticker);
	return err;
}

/* Who comes late finds one tick, not ten, and the next one in its time. */
static noinline int e_slow(u64 ns)
{
	u64 start = gort_now(), first, next;
	int err = gort_ticker_init(&e_ticker, ns);

	if (!err)
		err = gort_sleep(10 * ns);
	if (!err && gort_chan_len(&e_ticker.chan) != 1)
		err = -EIO;
	if (!err)
		err = gort_recv(&e_ticker.chan, &first);
	if (!err && first >= start + 9 * ns)
		err = -EIO; /* the oldest one was kept */
	if (!err)
		err = gort_recv(&e_ticker.chan, &next);
	if (!err && next < start + 10 * ns)
		err = -EIO;
	gort_ticker_stop(&e_ticker);
	return err;
}

static noinline int e_ticker_stopped(u64 ns)
{
	int err = gort_ticker_init(&e_ticker, ns);

	if (!err)
		err = gort_recv(&e_ticker.chan, NULL);
	if (!err)
		err = gort_sleep(3 * ns); /* one is in the channel */
	gort_ticker_stop(&e_ticker);
	if (!err && gort_tryrecv(&e_ticker.chan, NULL) != -EAGAIN)
		err = -EIO;
	if (!err && gort_recv_until(&e_ticker.chan, NULL,
				    gort_now() + 5 * ns) != -ETIME)
		err = -EIO;
	return err;
}

/* An old tick does not come with the new period. */
static noinline int e_ticker_again(u64 ns)
{
	int err = gort_ticker_init(&e_ticker, ns);
	u64 start, now;

	if (!err)
		err = gort_sleep(3 * ns);
	start = gort_now();
	if (!err)
		err = gort_ticker_reset(&e_ticker, 5 * ns);
	if (!err)
		err = gort_recv(&e_ticker.chan, &now);
	if (!err && now < start + 5 * ns)
		err = -EIO;
	if (!err && gort_ticker_reset(&e_ticker, 1) != -EINVAL)
		err = -EIO;
	if (!err && gort_recv_until(&e_ticker.chan, NULL,
				    gort_now() + 10 * ns) != -ETIME)
		err = -EIO;
	gort_ticker_stop(&e_ticker);
	return err;
}

static noinline int e_ticker_short(u64 ns)
{
	int err = gort_ticker_init(&e_ticker, GORT_TICKER_MIN_NS - 1);

	if (gort_recv_until(&e_ticker.chan, NULL, gort_now() + ns) != -ETIME)
		return -EIO;
	gort_ticker_stop(&e_ticker);
	return err;
}

static noinline int e_ticker_closed(u64 ns)
{
	int err = gort_ticker_init(&e_ticker, ns);

	if (!err)
		err = gort_close(&e_ticker.chan);
	if (!err && gort_recv(&e_ticker.chan, NULL) != -EPIPE)
		err = -EIO;
	if (!err)
		err = gort_sleep(3 * ns);
	gort_ticker_stop(&e_ticker);
	return err;
}

static noinline int e_after(u64 ns)
{
	u64 at = gort_now() + ns, now;
	int err;

	gort_timer_init(&e_timer, at);
	err = gort_recv(&e_timer.chan, &now);
	if (!err && (now < at || gort_timer_stop(&e_timer)))
		err = -EIO;
	return err;
}

/* What it was started for comes, or the stop says that it does not. */
static noinline int e_timer_stopped(u64 ns)
{
	gort_timer_init(&e_timer, gort_now() + 1000 * NSEC_PER_SEC);
	if (!gort_timer_stop(&e_timer) || gort_timer_stop(&e_timer))
		return -EIO;
	gort_timer_init(&e_timer, gort_now());
	while (!gort_chan_len(&e_timer.chan))
		if (gort_yield())
			return -ECANCELED;
	if (!gort_timer_stop(&e_timer) || gort_timer_stop(&e_timer))
		return -EIO;
	if (gort_tryrecv(&e_timer.chan, NULL) != -EAGAIN)
		return -EIO;
	if (gort_recv_until(&e_timer.chan, NULL, gort_now() + ns) != -ETIME)
		return -EIO;
	return 0;
}

static noinline int e_timer_again(u64 ns)
{
	u64 at, now;
	int err;

	gort_timer_init(&e_timer, GORT_NO_DEADLINE);
	if (gort_recv_until(&e_timer.chan, NULL, gort_now() + ns) != -ETIME)
		return -EIO;
	if (gort_timer_reset(&e_timer, gort_now() + 1000 * NSEC_PER_SEC))
		return -EIO;
	at = gort_now() + ns;
	if (!gort_timer_reset(&e_timer, at))
		return -EIO;
	err = gort_recv(&e_timer.chan, &now);
	if (!err && now < at)
		err = -EIO;
	if (gort_timer_reset(&e_timer, 0))
		return -EIO;
	return err ?: gort_recv(&e_timer.chan, NULL);
}

/* The first one that comes, by a select. */
static noinline int e_time_select(u64 ns)
{
	union gort_times *never = NULL; /* is never ready */
	struct gort_case c[] = {
		GORT_CASE_RECV(never, NULL),
		GORT_CASE_RECV(&e_ticker.chan, NULL),
		GORT_CASE_RECV(&e_timer.chan, NULL),
	};
	int got = gort_ticker_init(&e_ticker, ns), ticks = 0;

	if (got)
		return got;
	gort_timer_init(&e_timer, gort_now() + 5 * ns + ns / 2);
	while ((got = gort_select(c, 3)) == 1)
		ticks++;
	gort_ticker_stop(&e_ticker);
	if (got < 0)
		return got;
	return got == 2 && ticks && ticks <= 5 ? 0 : -EIO;
}

static atomic_t e_received, e_receivers;

static void e_receiver(void *unused)
{
	while (!gort_recv(&e_timer.chan, NULL))
		atomic_inc(&e_received);
	atomic_dec(&e_receivers);
}

/*
 * Stops and resets against firing and receiving: of each start comes one thing.
 */
static noinline int e_time_race(u64 n)
{
	u64 stopped = 0, i, rand = 1;
	int err;

	atomic_set(&e_received, 0);
	atomic_set(&e_receivers, 1);
	gort_timer_init(&e_timer, GORT_NO_DEADLINE);
	err = gort_go(NULL, e_receiver, NULL);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		rand = rand * 6364136223846793005ULL + 1442695040888963407ULL;
		stopped += gort_timer_reset(&e_timer,
					    gort_now() + (rand >> 48));
		if (i % 3)
			gort_sleep(rand >> 40 & 0xffff);
	}
	stopped += gort_timer_stop(&e_timer);
	gort_close(&e_timer.chan);
	while (atomic_read(&e_receivers))
		gort_yield();
	return stopped + atomic_read(&e_received) == n ? 0 : -EIO;
}

/* It is not the user's to free; it goes on. */
static noinline int e_time_fini(u64 ns)
{
	int err = gort_ticker_init(&e_ticker, ns);

	gort_chan_fini(&e_ticker.chan);
	if (!err)
		err = gort_recv(&e_ticker.chan, NULL);
	gort_ticker_stop(&e_ticker);
	return err;
}

static noinline int e_time_ever(void)
{
	int err;

	gort_timer_init(&e_timer, GORT_NO_DEADLINE);
	err = gort_recv(&e_timer.chan, NULL);
	gort_timer_stop(&e_timer);
	return err;
}

/* e_time: what (enum e_time_what), ns, n. EIO if something is wrong. */
int e_time(const u64 *args, u64 *result)
{
	u64 ns = args[1], n = args[2];

	switch (args[0]) {
	case E_TICKS:
		return e_ticks(ns, n);
	case E_SLOW:
		return e_slow(ns);
	case E_TICKER_STOPPED:
		return e_ticker_stopped(ns);
	case E_TICKER_AGAIN:
		return e_ticker_again(ns);
	case E_TICKER_SHORT:
		return e_ticker_short(ns);
	case E_TICKER_CLOSED:
		return e_ticker_closed(ns);
	case E_AFTER:
		return e_after(ns);
	case E_TIMER_STOPPED:
		return e_timer_stopped(ns);
	case E_TIMER_AGAIN:
		return e_timer_again(ns);
	case E_TIME_SELECT:
		return e_time_select(ns);
	case E_TIME_RACE:
		return e_time_race(n);
	case E_TIME_FINI:
		return e_time_fini(ns);
	default:
		return e_time_ever();
	}
}
