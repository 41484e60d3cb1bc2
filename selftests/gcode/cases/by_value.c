// SPDX-License-Identifier: GPL-2.0-only
/*
 * A large argument is counted with the frame of the caller.
 *
 * expect: accepted
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

long work(long n, void *p)
{
	struct big *b = p;

	return sum(*b, n) + 1;
}
