// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sleep of the kernel's stops the M and all its Gs.
 *
 * expect: rejected
 * says: calls msleep()
 * says: gort_sleep(ns)
 */
#include <linux/delay.h>

#include "case.h"

long work(long n, void *p)
{
	msleep(100);
	return n;
}
