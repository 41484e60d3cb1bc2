// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same copy, with its size checked before.
 *
 * expect: accepted
 */
#include <linux/string.h>

#include "case.h"

long work(long n, void *p)
{
	char buf[16];

	if (n < 0 || n > sizeof(buf))
		return -1;
	memcpy(buf, p, n);
	barrier_data(buf);
	return buf[3];
}
