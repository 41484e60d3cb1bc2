// SPDX-License-Identifier: GPL-2.0-only
/*
 * Printing takes more stack than a G may count on.
 *
 * expect: rejected
 * says: :16: error: G code: work() in
 * says: calls _printk()
 * says: gort_call(fn, arg)
 */
#include <linux/printk.h>

#include "case.h"

long work(long n, void *p)
{
	pr_info("%p\n", p);
	return n;
}
