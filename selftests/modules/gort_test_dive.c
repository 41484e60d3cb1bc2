// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for debugfs_test: a G in a state that is known, so deep in a recursion
 * that its stack has several segments.
 */

#include "gort_test_kernel.h"

/* A loop without calls ends after this, if nobody ends it */
#define T_DIVE_MS	60000UL

typedef GORT_CHAN(u64) t_dive_chan;

static noinline int t_dive_recv(void)
{
	t_dive_chan c;
	int err = gort_chan_init(&c, 0);

	if (err)
		return err;
	err = gort_recv(&c, NULL);
	gort_chan_fini(&c);
	return err;
}

/* Leaves its stack where a prologue asks. */
static noinline int t_dive_run(void)
{
	while (!gort_cancelled())
		t_check();
	return -ECANCELED;
}

/* Leaves it in the middle of the loop. */
static noinline int t_dive_loop(void)
{
	gort_call(t_k_loops_fuse, (void *)T_DIVE_MS);
	while (!READ_ONCE(t_loops_end))
		barrier();
	return 0;
}

static noinline int t_dive_bottom(u64 how)
{
	switch (how) {
	case T_DIVE_RECV:
		return t_dive_recv();
	case T_DIVE_GATE:
		return gort_syscall(t_k_gate, NULL);
	case T_DIVE_CALL:
		return gort_call(t_k_gate, NULL);
	case T_DIVE_RUN:
		return t_dive_run();
	case T_DIVE_LOOP:
		return t_dive_loop();
	default:
		return gort_sleep(3600 * NSEC_PER_SEC);
	}
}

/* One frame for each level, none of which is optimized away. */
static noinline int t_dive_level(u64 depth, u64 how)
{
	u64 room[64];
	int err;

	room[0] = depth;
	OPTIMIZER_HIDE_VAR(depth);
	barrier_data(room);
	err = depth ? t_dive_level(depth - 1, how) : t_dive_bottom(how);
	barrier_data(room);
	return room[0] == depth ? err : -EIO;
}

/*
 * t_dive: how, depth. Goes down so many levels, and does at the bottom what enum
 * t_dive_how says. Returns what that returned, or EIO if the stack is not as it
 * was left. Result: depth.
 */
int t_dive(const u64 *args, u64 *result)
{
	*result = args[1];
	return t_dive_level(args[1], args[0]);
}
