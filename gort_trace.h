/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events that tracefs, perf and BPF see as gort:*. Documentation/trace.rst
 * says when each is fired and what its fields mean; gort_trace.c how to fire one.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM gort

#if !defined(_GORT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _GORT_TRACE_H

#include <linux/tracepoint.h>

#include "gort.h"

#ifndef _GORT_TRACE_ONCE
#define _GORT_TRACE_ONCE

/* Who wants the G to leave */
enum gort_cause {
	GORT_CAUSE_SLICE,	/* its slice is over */
	GORT_CAUSE_RESCHED,	/* Linux wants the CPU */
	GORT_CAUSE_STOP,	/* somebody wants the P */
	GORT_CAUSE_SELF,	/* gort_preempt_self() */
	GORT_CAUSE_BLOCKED,	/* its slice ended in a blocking call */
};

/* Where it left */
enum gort_take {
	GORT_TAKE_CHECK,	/* at a check of its own */
	GORT_TAKE_ASYNC,	/* in a call that the tick injected */
};

/* How a G came back from a blocking call */
enum gort_exit {
	GORT_EXIT_OWN,		/* with the P that it had */
	GORT_EXIT_IDLE,		/* that was taken and idle, and it has it again */
	GORT_EXIT_QUEUED,	/* without one */
};

enum gort_phase {
	GORT_PHASE_BEGIN,
	GORT_PHASE_STOPPED,	/* no other G runs */
	GORT_PHASE_START,	/* they run again */
	GORT_PHASE_END,
};

void gort_trace_fire(struct gort_g *g, int what,
		     void (*fire)(struct gort_g *g, int what));

/* An event of code that may be on the G's own stack, see gort_trace.c. */
#define gort_trace(event, g, what)					\
	do {								\
		if (trace_##event##_enabled())				\
			gort_trace_fire(g, what, trace_##event);	\
	} while (0)

#endif /* _GORT_TRACE_ONCE */

TRACE_DEFINE_ENUM(GORT_CAUSE_SLICE);
TRACE_DEFINE_ENUM(GORT_CAUSE_RESCHED);
TRACE_DEFINE_ENUM(GORT_CAUSE_STOP);
TRACE_DEFINE_ENUM(GORT_CAUSE_SELF);
TRACE_DEFINE_ENUM(GORT_CAUSE_BLOCKED);
TRACE_DEFINE_ENUM(GORT_TAKE_CHECK);
TRACE_DEFINE_ENUM(GORT_TAKE_ASYNC);
TRACE_DEFINE_ENUM(GORT_EXIT_OWN);
TRACE_DEFINE_ENUM(GORT_EXIT_IDLE);
TRACE_DEFINE_ENUM(GORT_EXIT_QUEUED);
TRACE_DEFINE_ENUM(GORT_PHASE_BEGIN);
TRACE_DEFINE_ENUM(GORT_PHASE_STOPPED);
TRACE_DEFINE_ENUM(GORT_PHASE_START);
TRACE_DEFINE_ENUM(GORT_PHASE_END);
TRACE_DEFINE_ENUM(GORT_ACT_PREEMPT);
TRACE_DEFINE_ENUM(GORT_ACT_ASYNC);
TRACE_DEFINE_ENUM(GORT_ACT_YIELD);
TRACE_DEFINE_ENUM(GORT_ACT_PARK);
TRACE_DEFINE_ENUM(GORT_ACT_EXIT);
TRACE_DEFINE_ENUM(GORT_ACT_BLOCKED);

#define show_cause(cause)						\
	__print_symbolic(cause,						\
			 { GORT_CAUSE_SLICE, "slice" },			\
			 { GORT_CAUSE_RESCHED, "resched" },		\
			 { GORT_CAUSE_STOP, "stop" },			\
			 { GORT_CAUSE_SELF, "self" },			\
			 { GORT_CAUSE_BLOCKED, "blocked" })

#define show_take(how)							\
	__print_symbolic(how,						\
			 { GORT_TAKE_CHECK, "check" },			\
			 { GORT_TAKE_ASYNC, "async" })

#define show_exit(how)							\
	__print_symbolic(how,						\
			 { GORT_EXIT_OWN, "own" },			\
			 { GORT_EXIT_IDLE, "idle" },			\
			 { GORT_EXIT_QUEUED, "queued" })

#define show_phase(phase)						\
	__print_symbolic(phase,						\
			 { GORT_PHASE_BEGIN, "begin" },			\
			 { GORT_PHASE_STOPPED, "stopped" },		\
			 { GORT_PHASE_START, "start" },			\
			 { GORT_PHASE_END, "end" })

#define show_action(reason)						\
	__print_symbolic(reason,					\
			 { GORT_ACT_PREEMPT, "preempt" },		\
			 { GORT_ACT_ASYNC, "async" },			\
			 { GORT_ACT_YIELD, "yield" },			\
			 { GORT_ACT_PARK, "park" },			\
			 { GORT_ACT_EXIT, "exit" },			\
			 { GORT_ACT_BLOCKED, "block" })

#define show_decline(why)						\
	__print_symbolic(why,						\
			 { GORT_DECLINE_LOCKS, "locks" },		\
			 { GORT_DECLINE_ALLOC, "alloc" },		\
			 { GORT_DECLINE_GC, "gc" },			\
			 { GORT_DECLINE_STATE, "state" })

#define show_site(site)							\
	__print_symbolic(site,						\
			 { GORT_SITE_UNLOCK, "unlock" },		\
			 { GORT_SITE_SPIN, "spin" },			\
			 { GORT_SITE_READY, "ready" },			\
			 { GORT_SITE_GO, "go" },			\
			 { GORT_SITE_ALLOCM, "allocm" },		\
			 { GORT_SITE_GROW, "grow" },			\
			 { GORT_SITE_SHRINK, "shrink" },		\
			 { GORT_SITE_ALLOC, "alloc" },			\
			 { GORT_SITE_GC, "gc" },			\
			 { GORT_SITE_STW, "stw" },			\
			 { GORT_SITE_EXIT_OWN, "exit_own" },		\
			 { GORT_SITE_EXIT_IDLE, "exit_idle" },		\
			 { GORT_SITE_OP, "op" })

TRACE_EVENT(go,
	    TP_PROTO(const struct gort_g *g, u64 parent),
	    TP_ARGS(g, parent),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(u64, parent)
			     __field(u64, ctx)
			     __field(const void *, fn)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->parent = parent;
			   __entry->ctx = g->ctx->id;
			   __entry->fn = g->body;),
	    TP_printk("gid=%llu parent=%llu ctx=%llu fn=%ps", __entry->gid,
		      __entry->parent, __entry->ctx, __entry->fn));

TRACE_EVENT(ready,
	    TP_PROTO(const struct gort_g *g),
	    TP_ARGS(g),
	    TP_STRUCT__entry(__field(u64, gid)),
	    TP_fast_assign(__entry->gid = g->id;),
	    TP_printk("gid=%llu", __entry->gid));

TRACE_EVENT(start,
	    TP_PROTO(const struct gort_g *g, bool inherit),
	    TP_ARGS(g, inherit),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(bool, inherit)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->inherit = inherit;),
	    TP_printk("gid=%llu inherit=%d", __entry->gid, __entry->inherit));

TRACE_EVENT(stop,
	    TP_PROTO(const struct gort_g *g, int reason),
	    TP_ARGS(g, reason),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(int, reason)
			     __string(wait, gort_wait_of(g, reason))),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->reason = reason;
			   gort_assign_str(wait, gort_wait_of(g, reason));),
	    TP_printk("gid=%llu reason=%s wait=%s", __entry->gid,
		      show_action(__entry->reason), __get_str(wait)));

TRACE_EVENT(preempt_request,
	    TP_PROTO(struct gort_g *g, int cause),
	    TP_ARGS(g, cause),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(int, cause)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->cause = cause;),
	    TP_printk("gid=%llu cause=%s", __entry->gid, show_cause(__entry->cause)));

TRACE_EVENT(preempt_decline,
	    TP_PROTO(struct gort_g *g, int why),
	    TP_ARGS(g, why),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(int, why)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->why = why;),
	    TP_printk("gid=%llu why=%s", __entry->gid, show_decline(__entry->why)));

TRACE_EVENT(preempt_restore,
	    TP_PROTO(struct gort_g *g, int site),
	    TP_ARGS(g, site),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(int, site)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->site = site;),
	    TP_printk("gid=%llu site=%s", __entry->gid, show_site(__entry->site)));

TRACE_EVENT(preempt_take,
	    TP_PROTO(struct gort_g *g, int how),
	    TP_ARGS(g, how),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(int, how)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->how = how;),
	    TP_printk("gid=%llu how=%s", __entry->gid, show_take(__entry->how)));

TRACE_EVENT(steal,
	    TP_PROTO(const struct gort_g *g, unsigned int victim, unsigned int n),
	    TP_ARGS(g, victim, n),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(unsigned int, victim)
			     __field(unsigned int, n)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->victim = victim;
			   __entry->n = n;),
	    TP_printk("gid=%llu victim=%u n=%u", __entry->gid, __entry->victim,
		      __entry->n));

TRACE_EVENT(grow,
	    TP_PROTO(const struct gort_g *g, unsigned int bytes),
	    TP_ARGS(g, bytes),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(unsigned int, bytes)
			     __field(unsigned int, total)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->bytes = bytes;
			   __entry->total = g->stack_now;),
	    TP_printk("gid=%llu bytes=%u total=%u", __entry->gid, __entry->bytes,
		      __entry->total));

TRACE_EVENT(syscall_enter,
	    TP_PROTO(const struct gort_g *g, const void *fn),
	    TP_ARGS(g, fn),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(const void *, fn)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->fn = fn;),
	    TP_printk("gid=%llu fn=%ps", __entry->gid, __entry->fn));

TRACE_EVENT(syscall_exit,
	    TP_PROTO(const struct gort_g *g, int how),
	    TP_ARGS(g, how),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(int, how)),
	    TP_fast_assign(__entry->gid = g->id;
			   __entry->how = how;),
	    TP_printk("gid=%llu how=%s", __entry->gid, show_exit(__entry->how)));

TRACE_EVENT(syscall_retake,
	    TP_PROTO(u64 gid, unsigned int cpu_p),
	    TP_ARGS(gid, cpu_p),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(unsigned int, cpu_p)),
	    TP_fast_assign(__entry->gid = gid;
			   __entry->cpu_p = cpu_p;),
	    TP_printk("gid=%llu cpu_p=%u", __entry->gid, __entry->cpu_p));

TRACE_EVENT(gc,
	    TP_PROTO(const struct gort_g *g, int phase, size_t bytes, u64 objects),
	    TP_ARGS(g, phase, bytes, objects),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(u64, ctx)
			     __field(int, phase)
			     __field(u64, bytes)
			     __field(u64, objects)),
	    TP_fast_assign(__entry->gid = g ? g->id : 0;
			   __entry->ctx = g ? g->ctx->id : 0;
			   __entry->phase = phase;
			   __entry->bytes = bytes;
			   __entry->objects = objects;),
	    TP_printk("gid=%llu ctx=%llu phase=%s bytes=%llu objects=%llu",
		      __entry->gid, __entry->ctx, show_phase(__entry->phase),
		      __entry->bytes, __entry->objects));

TRACE_EVENT(stw,
	    TP_PROTO(const struct gort_g *g, int phase, u64 ns),
	    TP_ARGS(g, phase, ns),
	    TP_STRUCT__entry(__field(u64, gid)
			     __field(int, phase)
			     __field(u64, ns)),
	    TP_fast_assign(__entry->gid = g ? g->id : 0;
			   __entry->phase = phase;
			   __entry->ns = ns;),
	    TP_printk("gid=%llu phase=%s ns=%llu", __entry->gid,
		      show_phase(__entry->phase), __entry->ns));

#endif /* _GORT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE gort_trace
#include <trace/define_trace.h>
