/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort_test_share.ko: what its files share.
 *
 * gort_test_share_main.c is ordinary kernel code, gort_test_share_load.c G code.
 */
#ifndef _GORT_TEST_SHARE_H
#define _GORT_TEST_SHARE_H

#include <linux/atomic.h>
#include <linux/gort.h>
#include <linux/types.h>

/* What a G of the hog does all the time; fair_test passes these. */
enum s_kind {
	S_BURN,		/* calls */
	S_YIELD,	/* yields */
	S_PAIR,		/* hands a ball to and fro, with a partner of its own */
	S_SPAWN,	/* starts others, and waits for them */
	S_SLEEP,	/* sleeps and wakes */
	S_BLOCK,	/* makes blocking calls */
	S_LOCKED,	/* calls, locked to its M if it may be */
	S_KIND_LAST = S_LOCKED,
};

/* Of the G that s_woken() is, with nothing else to wake it */
extern struct gort_g *s_sleeper;

/* Ticks at its last wake-up, or 0: not yet */
extern atomic64_t s_wake_ticks;

/* Those who call count how often; written by the test, without a lock */
extern bool s_count;

long s_k_usleep(void *us);
long s_k_ticks(void *unused);

int s_hog(const u64 *args, u64 *result);
int s_share(const u64 *args, u64 *result);
int s_woken(const u64 *args, u64 *result);
int s_nap(const u64 *args, u64 *result);

#endif /* _GORT_TEST_SHARE_H */
