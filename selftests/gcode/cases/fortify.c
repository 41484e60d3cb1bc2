// SPDX-License-Identifier: GPL-2.0-only
/*
 * A copy whose size the compiler can't check may report at run time.
 *
 * expect: rejected
 * says: compare the size with the buffer's before the copy
 */
#include <linux/string.h>

#include "case.h"

long work(long n, void *p)
{
	char buf[16];

	memcpy(buf, p, n);
	barrier_data(buf);
	return buf[3];
}
