// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine goes to sleep: to idle, to memory, to disk.
 *
 * Gs run what programs ask for, so they stand still while programs do. A G that
 * computes would otherwise keep its CPU from idling, and nobody who is awake
 * could cancel it; and one that uses a device would find it off.
 *
 * The kernel freezes all processes first, then those of its own threads that
 * say they may be frozen, then it puts devices and CPUs to sleep; it wakes them
 * in reverse order. This file has one such thread:
 *
 *  1. It is asked to freeze. All processes are frozen by then: nobody submits,
 *     or awaits the last G of a file.
 *  2. It takes all Ps out of use, as if their CPUs had gone: what runs is asked
 *     to yield, what is queued goes to the global queue, Ms leave, cached
 *     stacks are freed. An M in a blocking call stays in it; when the call is
 *     over its G waits like the others.
 *  3. It freezes. CPUs that go and come now find no P in use.
 *  4. The kernel thaws it, after all devices: the Ps are in use again.
 *
 * If a G does not yield (a loop without calls, with async=0), step 2 takes as
 * long as that, and the kernel gives up going to sleep after its own time-out,
 * EBUSY, and names this thread. The Ps are given back as soon as it can.
 *
 * Deadlines are those of CLOCK_MONOTONIC, which stands still while the machine
 * sleeps. A timer that fires between 2 and 4 makes its G ready, no more.
 *
 * Rejected: Ms that can be frozen (one in a blocking call can't, which would
 * keep the machine awake; one that has a P would never let it go to a CPU that
 * is taken away); a notifier of the kernel's (it is called before processes are
 * frozen, and one that awaits its Gs in close() could not be, without Ps); to
 * leave it to modules (what programs run is no module's).
 */

#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/kthread.h>

#include "gort.h"

static struct task_struct *sleeper;	/* I */

static int gort_sleeper(void *unused)
{
	set_freezable();
	while (!kthread_should_stop()) {
		/* not TASK_FREEZABLE: it has to be woken, not frozen asleep */
		set_current_state(TASK_IDLE);
		if (!freezing(current) && !kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
		if (!freezing(current))
			continue;
		gort_procs_sleep(true);
		try_to_freeze();
		gort_procs_sleep(false);
	}
	return 0;
}

int gort_sleep_init(void)
{
	sleeper = gort_try(kthread_create(gort_sleeper, NULL, "gort/sleep"),
			   ERR_PTR(-ENOMEM));
	if (IS_ERR(sleeper))
		return PTR_ERR(sleeper);
	wake_up_process(sleeper);
	return 0;
}

void gort_sleep_exit(void)
{
	kthread_stop(sleeper);
}
