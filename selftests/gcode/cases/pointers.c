// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls through pointers are beyond what the check can see.
 *
 * expect: accepted
 */
#include "case.h"

long other(long n, void *p)
{
	long (*fn)(long n) = p;

	return fn(n + 1);
}

long work(long n, void *p)
{
	long (*fn)(long n, void *p) = p;

	return fn(n, fn) + 1;
}
