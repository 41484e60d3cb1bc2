// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same, past the kernel's own functions.
 *
 * expect: rejected
 * says: has the instruction cli
 * says: has the instruction popf
 * says: gort_spin_lock_irqsave()
 */
#include "case.h"

long work(long n, void *p)
{
	asm volatile("pushf; cli" ::: "memory");
	barrier_data(p);
	asm volatile("popf" ::: "memory", "cc");
	return n;
}
