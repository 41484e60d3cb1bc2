// SPDX-License-Identifier: GPL-2.0-only
/* The other file of G code */
#include "case.h"

long other(long n, void *p)
{
	return n * 2;
}
