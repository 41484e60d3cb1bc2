// SPDX-License-Identifier: GPL-2.0-only
/*
 * Assembly beside the functions has no check.
 *
 * expect: rejected
 * says: has code outside of any function
 */
#include "case.h"

asm(".text\nstray: mov %rdi, %rax");

long work(long n, void *p)
{
	return n + 1;
}
