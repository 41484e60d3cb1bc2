// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nor can code that gort would not find.
 *
 * expect: rejected
 * says: has code in the section .elsewhere.text
 * says: remove the section attribute
 */
#include "case.h"

__section(".elsewhere.text")
long work(long n, void *p)
{
	return n + 1;
}
