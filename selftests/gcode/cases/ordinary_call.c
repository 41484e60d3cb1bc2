// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the module's other files do not ask for stack either.
 *
 * expect: rejected
 * says: calls ordinary(), which is no G code
 * says: run it by gort_call(fn, arg)
 */
#include "case.h"

long work(long n, void *p)
{
	return ordinary(p) + n;
}
