// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loops without calls: the injected call, and the watchdog.
 *
 * A G finds a request where it looks at stackguard0: in the prologue of each
 * function and in the entry points of this module. A loop that calls nothing
 * never looks, and without more it would keep its P for as long as it likes,
 * and on a kernel without full preemption the CPU too.
 *
 * The injected call (parameter "async"). A tick finds a request armed that the
 * tick before it left armed: nobody has looked for a whole tick.
 *
 *  1. The tick sees that the interrupt hit the G where it may leave its stack
 *     (may_inject()), keeps the address of the instruction that comes next in
 *     g->async_ip, and lets the interrupt return to gort_async instead. The
 *     G's stack is not written to.
 *  2. gort_async (gort_switch.S) keeps the flags and all registers on the G's
 *     stack, counts by gort_async_leave() on g0, and leaves for the M as the
 *     slow path of a prologue does. The M puts the G on the global queue.
 *  3. When the G comes on again, maybe on another CPU, gort_async puts all of
 *     it back and goes on at g->async_ip.
 *
 * To the G it is as if nothing had happened, at whichever instruction it was,
 * since G code has nothing that belongs to a CPU or to an M: the build sees to
 * that (scripts/gcode-check). What G code keeps of gort_curg in a prologue is
 * the G, which does not change. All else that is in use at a time is in
 * registers, flags and the stack. That is true of G code alone. Therefore:
 *
 *  - The address must be in the G's own text. A function of the kernel, of this
 *    module or of another one may be in the middle of anything. The range is
 *    the one that the G was made with, which its module lives as long as: no
 *    list to look through, and no lock.
 *  - The stack pointer must be in the G's current segment. Else it is G code
 *    that somebody runs on an ordinary stack.
 *  - It must not be lower than where a prologue lets it be without asking: below
 *    that, what gort_async pushes and an interrupt on top have to fit into the
 *    guard. G code that is lower is just about to ask.
 *  - No lock is held and no section is open, not even one that gort does not
 *    know of: those count in Linux's own terms, too.
 *
 * A second tick can't inject once more before the first call has begun: the
 * address is no longer in G code then.
 *
 * The watchdog (parameter "watchdog_ms"). A G that runs on for that long in
 * spite of a request is named, once for each request, and counted (stuck): with
 * its body, for how many slices it has kept its P from the others, and where it
 * is, as far as the tick that found it can tell (gort_backtrace.c). It is in a
 * loop without calls and can't be made to leave (async is off), in a function that
 * is no G code, or holds a lock. The time is counted by ticks that find the M
 * running, so that it is the G's own: one that comes late counts once,
 * since somebody else may have had the CPU. With interrupts off there is no tick
 * and no request; who does that for long is for Linux's own detectors.
 *
 * The limit is a time and not a number of slices: what waits behind such a G waits
 * for a time, and a hundred slices are 5 ms or 100 s, as slice_us has it.
 *
 * Rejected: a signal or a thread that stops the M from outside (only its own CPU
 * knows where it is), checks at the ends of loops (some percent in each loop,
 * for what hardly ever happens), and a return address that is replaced (a loop
 * does not return).
 */

#include <linux/math64.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <asm/irq_regs.h>

#include "gort_trace.h"

/* Callers of the function that a G is stuck in, that are named */
#define CALLERS		3

bool gort_async_on = true;
unsigned int gort_watchdog_ms = 1000;

static bool in_gtext(const struct gort_g *g, unsigned long ip)
{
	return (unsigned long)g->text.end - 1 - ip < g->text.size;
}

/*
 * May a call be injected where the tick's interrupt hit @g? See the top. That
 * interrupts were on is looked at too, though this one could not have come.
 */
static bool may_inject(const struct gort_g *g)
{
	const struct pt_regs *regs = get_irq_regs();

	return gort_interrupted(g) && !rcu_preempt_depth() &&
	       in_gtext(g, gort_regs_ip(regs)) &&
	       gort_regs_sp(regs) >= g->stackguard - GORT_SMALL_FRAME;
}

/* If so, let the interrupt return to gort_async. */
static bool inject(struct gort_g *g)
{
	struct pt_regs *regs = get_irq_regs();

	if (!READ_ONCE(gort_async_on) || !may_inject(g))
		return false;
	g->async_ip = gort_regs_ip(regs);
	return gort_regs_divert(regs, (unsigned long)gort_async);
}

/* The injected call has come; on g0. The G leaves its stack next. */
void gort_async_leave(struct gort_g *g)
{
	struct gort_m *m = g->m;

	m->p->stats.async++;
	g->stats.preempted++;
	trace_preempt_take(g, GORT_TAKE_ASYNC);
	m->action = GORT_ACT_ASYNC;
}

/* Through whom @g came to where it is, if its stack stands still. */
static void name_callers(const struct gort_g *g, char *buf, size_t size)
{
	struct gort_frame f[CALLERS + 1];
	unsigned int n, i = 1, len = 0;

	n = gort_backtrace_regs(g, get_irq_regs(), f, ARRAY_SIZE(f));
	if (!n && READ_ONCE(g->m->call)) {
		i = 0;
		n = gort_backtrace(g, f, CALLERS);
	}
	buf[0] = '\0';
	for (; i < n && f[i].how == GORT_FRAME_CALL; i++)
		len += scnprintf(buf + len, size - len, "%s%pB",
				 len ? ", " : ", called by ", (void *)f[i].ip);
}

static void name_stuck(const struct gort_g *g, unsigned long ip)
{
	unsigned int ms = div_u64(g->asked_ns, NSEC_PER_MSEC);
	const char *what, *todo;
	char callers[256];

	if (g->m->locks) {
		what = "holds a lock or section, at";
		todo = "release it in between";
	} else if (!in_gtext(g, ip)) {
		what = "runs a function that is no G code,";
		todo = "let that do less at a time";
	} else if (READ_ONCE(gort_async_on)) {
		what = "a loop without calls, at";
		todo = "it can't be stopped there: call gort_cancelled() in it";
	} else {
		what = "a loop without calls, at";
		todo = "call gort_cancelled() in it, or set the parameter async";
	}
	name_callers(g, callers, sizeof(callers));
	gort_warn(g, "did not yield for %u ms (%llu slices) in %ps: %s %pS%s; %s\n",
		  ms, div_u64(g->asked_ns, READ_ONCE(gort_slice_us) * 1000U),
		  g->body, what, (void *)ip, callers, todo);
}

/* @g has run on for one tick more, with a request. For too long now? */
static void watch(struct gort_p *p, struct gort_g *g, u64 tick_ns)
{
	u64 limit_ns = READ_ONCE(gort_watchdog_ms) * (u64)NSEC_PER_MSEC;

	g->asked_ns += tick_ns;
	if (!limit_ns || g->asked_ns < limit_ns || g->named || g->lost_seen)
		return;
	g->named = true;
	name_stuck(g, gort_regs_ip(get_irq_regs()));
	p->stats.stuck++; /* who sees the count finds the message */
}

/**
 * gort_unanswered() - a request is pending: does anybody look?
 * @p: the P of this CPU
 * @g: what runs there
 * @tick_ns: length of a tick
 *
 * Context: the tick, before it makes a request of its own.
 */
void gort_unanswered(struct gort_p *p, struct gort_g *g, u64 tick_ns)
{
	if (!get_irq_regs() || current != g->m->task)
		return;
	if (g->unheard && READ_ONCE(g->stackguard0) == GORT_STACK_PREEMPT &&
	    inject(g))
		return;
	watch(p, g, tick_ns);
}
