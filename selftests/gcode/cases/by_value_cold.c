// SPDX-License-Identifier: GPL-2.0-only
/*
 * It is not where GCC looks for short code: no frame is asked for there.
 *
 * expect: rejected
 * says: bytes of stack but checks for 255
 * says: pass large arguments by pointer
 */
#include <linux/gort.h>

#include "case.h"

struct big {
	long v[48];
};

static noinline long sum(struct big b, long i)
{
	gort_yield();
	return b.v[i];
}

__cold long work(long n, void *p)
{
	struct big *b = p;

	return sum(*b, n) + 1;
}
