// SPDX-License-Identifier: GPL-2.0-only
/* G code for reliability_test. */

#include "gort_test_faults.h"

/* Asks, in its prologue. */
static noinline void t_step(void)
{
	barrier();
}

/*
 * t_gap: looks. Looks at the clock that often, or, if 0, until it is cancelled.
 * Result: the longest time between two looks.
 */
int t_gap(const u64 *args, u64 *result)
{
	u64 last = gort_now(), now, longest = 0, left = args[0];

	while (!gort_cancelled()) {
		t_step();
		now = gort_now();
		if (now - last > longest)
			longest = now - last;
		last = now;
		if (left && !--left)
			break;
	}
	*result = longest;
	return 0;
}

/* Body of the module's own Gs: one half of the time it runs, one it sleeps. */
void t_own(void *unused)
{
	u64 until;

	while (!gort_cancelled()) {
		until = gort_now() + 1000000;
		while (gort_now() < until && !gort_cancelled())
			t_step();
		gort_sleep(1000000);
	}
}
