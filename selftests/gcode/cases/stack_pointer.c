// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack pointer is the compiler's.
 *
 * expect: rejected
 * says: sets the stack pointer
 * says: leave it to the compiler
 */
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	asm volatile("mov %0, %%rsp" :: "r"(p));
	return gort_yield();
}
