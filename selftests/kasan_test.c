// SPDX-License-Identifier: GPL-2.0-only
/*
 * Do the instruments of a debug kernel see what Gs do, on stacks that it has not
 * made? For one with KASAN, lockdep, kmemleak and their kind.
 *
 * The order matters: most reports turn lockdep off, so it comes first.
 */

#include "planted.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

/* Two locks of gort, taken one way and the other. */
TEST_F(planted, lockdep_sees_an_inversion)
{
	EXPECT_REPORT(X_ORDER, 1, "possible circular locking dependency");
}

/* In a call, preemption is off where a function might sleep. */
TEST_F(planted, might_sleep_sees_an_atomic_call)
{
	EXPECT_REPORT(X_ATOMIC, 1,
		      "BUG: sleeping function called from invalid context");
}

/*
 * Twice, since an object counts as lost that did not change from one look to
 * the next.
 */
static int scan(void)
{
	int err = gt_write_file(KMEMLEAK, "scan");

	return err ? err : gt_write_file(KMEMLEAK, "scan");
}

/* The object has to be some seconds old, too. */
TEST_F_TIMEOUT(planted, kmemleak_sees_a_leak, 120)
{
	int lost;

	for (lost = 0; lost < 2; lost++) {
		/* what the kernel itself has lost */
		ASSERT_EQ(0, scan());
		ASSERT_EQ(0, gt_write_file(KMEMLEAK, "clear"));
		ct_kmsg_has(self->kmsg, "");
		EXPECT_EQ(0, planted(self->fd, X_LEAK, lost));
		/* nothing of it in registers, nor on the stack of a thread */
		EXPECT_EQ(0, planted(self->fd, X_NONE, 0));
		sleep(7);
		ASSERT_EQ(0, scan());
		EXPECT_EQ(lost, ct_kmsg_has(self->kmsg, "new suspected memory leaks"));
	}
	ASSERT_EQ(0, gt_write_file(KMEMLEAK, "clear"));
}

/* An index in G code */
TEST_F(planted, ubsan_sees_an_index)
{
	EXPECT_REPORT(X_BOUNDS, 5, "UBSAN: array-index-out-of-bounds");
}

/* A timer that is on when its memory is freed, in a call */
TEST_F(planted, debugobjects_sees_a_timer)
{
	EXPECT_REPORT(X_TIMER, 1, "ODEBUG: free active");
}

/* Past the end of an array on the first segment, and on one grown into */
TEST_F(planted, kasan_sees_past_the_end_of_a_frame)
{
	EXPECT_REPORT(X_FRAME, 5, "BUG: KASAN: stack-out-of-bounds in x_frame");
	EXPECT_REPORT(X_DEEP, 5, "BUG: KASAN: stack-out-of-bounds in x_frame");
}

/*
 * The stack of a G that has ended, which waits in a P's cache: as if it were not
 * there.
 */
TEST_F(planted, kasan_sees_a_stack_that_is_gone)
{
	ASSERT_EQ(0, gt_param_set("stack_cache", 256));
	EXPECT_REPORT(X_DEAD, 1, "BUG: KASAN: vmalloc-out-of-bounds in x_");
	/* given back at once, it is nobody's */
	ASSERT_EQ(0, gt_param_set("stack_cache", 0));
}

/* Objects */
TEST_F(planted, kasan_sees_past_an_object_and_a_freed_one)
{
	EXPECT_REPORT(X_OBJECT, 40, "BUG: KASAN: slab-out-of-bounds in x_");
	EXPECT_REPORT(X_FREED, 1, "BUG: KASAN: use-after-free in x_");
}

TEST_HARNESS_MAIN
