// SPDX-License-Identifier: GPL-2.0-only
/*
 * The task is the M's, and another one after any call.
 *
 * expect: rejected
 * says: :16: error: G code: work() in
 * says: accesses current
 * says: gort_self()
 */
#include <linux/sched.h>

#include "case.h"

long work(long n, void *p)
{
	return current->pid;
}
