// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mutex sleeps, and its M with it.
 *
 * expect: rejected
 * says: calls mutex_lock()
 * says: calls mutex_unlock()
 * says: struct gort_lock
 */
#include <linux/mutex.h>

#include "case.h"

long work(long n, void *p)
{
	mutex_lock(p);
	mutex_unlock(p);
	return n;
}
