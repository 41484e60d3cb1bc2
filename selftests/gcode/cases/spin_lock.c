// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's lock turns preemption off, of which gort would not know.
 *
 * expect: rejected
 * says: spin_lock(), which is no G code
 * says: gort_spin_lock()
 */
#include <linux/spinlock.h>

#include "case.h"

long work(long n, void *p)
{
	spin_lock(p);
	spin_unlock(p);
	return n;
}
