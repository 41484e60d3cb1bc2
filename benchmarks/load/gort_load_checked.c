// SPDX-License-Identifier: GPL-2.0-only
/* The programs as G code, each function with a check of its stack. */

#include "gort_load_kernels.h"

static void both(struct load_check *c)
{
	struct gort_g_stats before, after;

	gort_self_stats(&before);
	measure(&c[0]);
	gort_self_stats(&after);
	c[0].grew = before.stack_bytes != after.stack_bytes;
	gort_call(plain_checked, &c[1]);
}

/* With checks into the first of two, without into the second */
void g_checked(void *arg)
{
	both(arg);
	gort_call(load_done, NULL);
}
