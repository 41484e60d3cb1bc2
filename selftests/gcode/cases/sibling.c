// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code calls G code of another file of the module.
 *
 * expect: accepted
 */
#include "case.h"

long work(long n, void *p)
{
	return other(n, p) + 1;
}
