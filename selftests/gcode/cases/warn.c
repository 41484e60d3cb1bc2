// SPDX-License-Identifier: GPL-2.0-only
/*
 * A warning prints on the stack on which it is raised.
 *
 * expect: rejected
 * says: has the instruction ud2
 * says: WARN_ON() and BUG_ON()
 */
#include <linux/bug.h>

#include "case.h"

long work(long n, void *p)
{
	WARN_ON(n > 3);
	return n;
}
