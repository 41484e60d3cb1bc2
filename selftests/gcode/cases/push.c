// SPDX-License-Identifier: GPL-2.0-only
/*
 * Assembly must not use more stack than was asked for.
 *
 * expect: rejected
 * says: bytes of stack but checks for 255
 * says: push nothing in inline assembly
 */
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	asm volatile("sub $512, %%rsp; add $512, %%rsp" ::: "cc");
	return gort_yield();
}
