// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: where an event is fired, and on which stack.
 *
 * Whoever listens to a tracepoint (ftrace, perf, a BPF program) is called there
 * and then, and may need some kilobytes of stack; a G has its guard, which is
 * less. Hence one rule: no event is fired on a G's stack. The scheduler, growth
 * and blocking calls are on g0 anyway, ticks on the stack for interrupts, and
 * fire directly by trace_EVENT(). What may be on either fires by gort_trace():
 *
 *  1. trace_EVENT_enabled() is a jump that is patched in when somebody listens.
 *     Nobody does: that is all, and nothing is put on the stack.
 *  2. gort_trace_fire() goes to g0, unless it is not on the G's stack, and fires
 *     there. It is one function with the event as its argument, and the code
 *     that the tracepoint expands to is in none of the small frames.
 *
 * There current is the M's task and stack traces are those of a kthread: the
 * unwinder ends at gort_on_g0(), and where a tick has hit a G on its own stack,
 * at the interrupt. gort_oldstack() fires where it is: at the top of a segment
 * that is left, and free from there on, which has room as a kernel stack has.
 *
 * A listener takes time, in which ticks come. What an event says has happened
 * when it is fired, so that nothing is lost in between: a request that is
 * declined or restored was put off or armed before, and one that comes meanwhile
 * is armed as ever. No code of a G runs, so none is declined on account of the
 * event. Start is fired before the G is current, and stop when it is not any
 * more: else short slices would be over before the G has made a step, as it comes
 * on, and it would leave again at once, for ever.
 *
 * Of one G the events are in order, whatever CPUs it was on: stop comes before
 * the G is in a queue, ready before that too, start after it was taken out.
 *
 * Rejected: a larger guard (it would be needed in each segment, for who does
 * not trace too), and records of our own, to be fired later by the M (wrong
 * times, wrong order, and one more place where events are lost).
 */

#include "gort.h"

/* What @g sleeps for, if that is why it stopped; for the event */
static const char *gort_wait_of(const struct gort_g *g, int reason)
{
	const char *wait = READ_ONCE(g->wait_reason);

	return reason == GORT_ACT_PARK && wait ? wait : "";
}

#define CREATE_TRACE_POINTS
#include "gort_trace.h"

static unsigned long fire_on_m(unsigned long g, unsigned long what,
			       unsigned long fire)
{
	((void (*)(struct gort_g *g, int what))fire)((struct gort_g *)g, what);
	return 0;
}

/* Fire an event about @g, which is current, from its stack or any other. */
void gort_trace_fire(struct gort_g *g, int what,
		     void (*fire)(struct gort_g *g, int what))
{
	gort_systemstack(g, (unsigned long)g, what, (unsigned long)fire,
			 fire_on_m);
}
