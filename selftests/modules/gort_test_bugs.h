/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort_test_bugs.ko: what its files share.
 *
 * gort_test_bugs_main.c is ordinary kernel code, gort_test_bugs_load.c G code.
 */
#ifndef _GORT_TEST_BUGS_H
#define _GORT_TEST_BUGS_H

#include <linux/gort.h>
#include <linux/types.h>

/* What is wrong; the tests of the instruments pass these. */
enum x_bug {
	X_NONE,		/* nothing: the same ways without the mistake */
	X_FRAME,	/* past the end of an array in a frame */
	X_DEEP,		/* the same, in a segment that the G grew into */
	X_DEAD,		/* into the stack of a G that has ended */
	X_OBJECT,	/* past the end of an object */
	X_FREED,	/* an object that was freed */
	X_BOUNDS,	/* an index that its array has not */
	X_LEAK,		/* an object that nobody knows any more */
	X_TIMER,	/* a timer that runs in memory that is freed */
	X_ATOMIC,	/* might sleep with preemption off */
	X_ORDER,	/* two locks, one way and the other */
	X_RACE,		/* two Gs and a counter */
	X_LAST = X_RACE,
};

extern unsigned long *x_kept;
extern unsigned int x_index;

long x_k_alloc(void *size);
long x_k_free(void *p);
long x_k_leak(void *really);
long x_k_timer(void *really);
long x_k_atomic(void *really);

int x_bug(const u64 *args, u64 *result);

#endif /* _GORT_TEST_BUGS_H */
