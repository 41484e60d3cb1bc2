// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler's thread-local data are user space's.
 *
 * expect: rejected
 * says: unexpected use of %fs
 */
#include "case.h"

static __thread int counter;

long work(long n, void *p)
{
	return n + ++counter;
}
