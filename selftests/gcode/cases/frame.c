// SPDX-License-Identifier: GPL-2.0-only
/*
 * A frame whose size the test chooses.
 *
 * expect: accepted
 */
#include <linux/gort.h>

#include "case.h"

#ifndef FRAME_BYTES
#define FRAME_BYTES 1000
#endif

long work(long n, void *p)
{
	char buf[FRAME_BYTES];

	barrier_data(buf);
	gort_yield();
	return buf[n];
}
