// SPDX-License-Identifier: GPL-2.0-only
/*
 * A jump to a function of the kernel is a call as well.
 *
 * expect: rejected
 * says: : error: G code: jump() in
 * says: calls msleep()
 */
#include <linux/delay.h>

#include "case.h"

static noinline void jump(long n)
{
	if (n)
		msleep(n + 100);
}

long work(long n, void *p)
{
	jump(n);
	return n;
}
