// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code that another module could call.
 *
 * expect: rejected
 * says: exports work(), which is G code
 * says: exports other(), which is G code
 * says: starts a G by gort_go(ctx, work, arg)
 */
#include <linux/export.h>
#include <linux/gort.h>

#include "case.h"

long work(long n, void *p)
{
	gort_yield();
	return n;
}
EXPORT_SYMBOL_GPL(work);

long other(long n, void *p)
{
	return work(n, p) + work(1, p);
}
