// SPDX-License-Identifier: GPL-2.0-only
/* G code for stack_test: functions with frames beyond a page. */

#include <linux/compiler.h>

#include "gort_test_big.h"

static noinline u64 t_page(u64 n)
{
	u64 buf[6000 / 8];
	u64 *p = buf;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[0], n);
	WRITE_ONCE(p[6000 / 8 - 1], n);
	return READ_ONCE(p[0]) ^ READ_ONCE(p[6000 / 8 - 1]);
}

static noinline u64 t_segment(u64 n)
{
	u64 buf[40000 / 8];
	u64 *p = buf;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[0], n);
	return READ_ONCE(p[0]) - n;
}

/*
 * t_big: kind, calls. No other function is entered between the first call and
 * the last one, so a request is answered in that function's prologue or not at
 * all. Result: how often it was made to yield meanwhile. EIO: a frame was damaged.
 */
int t_big_fn(const u64 *args, u64 *result)
{
	struct gort_g_stats before, after;
	u64 i, bad = 0;

	gort_self_stats(&before);
	for (i = 0; i < args[1]; i++) {
		if (args[0] == T_BIG_PAGE)
			bad |= t_page(i);
		else if (args[0] == T_BIG_SEGMENT)
			bad |= t_segment(i);
		barrier();
	}
	gort_self_stats(&after);
	*result = after.preempted - before.preempted;
	return bad ? -EIO : 0;
}
