// SPDX-License-Identifier: GPL-2.0-only
/*
 * The preempt count is the CPU's, and gort keeps its own account of it.
 *
 * expect: rejected
 * says: accesses the preempt count
 * says: gort_preempt_off()
 */
#include <linux/preempt.h>

#include "case.h"

long work(long n, void *p)
{
	preempt_disable();
	barrier_data(p);
	preempt_enable();
	return n;
}
