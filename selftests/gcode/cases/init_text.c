// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code that is freed after loading can't be G code.
 *
 * expect: rejected
 * says: has code in the section .init.text
 * says: into an ordinary file
 */
#include <linux/init.h>

#include "case.h"

long __init work(long n, void *p)
{
	return n + 1;
}
