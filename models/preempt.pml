/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Request, decline, restore, accept, clear: the opening comment of
 * gort_preempt.c.
 *
 * Two CPUs, and one G that does what it likes for as long as it likes, now here,
 * now there: it calls functions, opens sections (up to three, one in the other),
 * allocates, collects, changes stack segments, makes blocking calls, leaves. At any
 * instruction the tick or an interrupt from another CPU may come, if interrupts
 * are on.
 *
 * Properties:
 *
 *	lost		is a request pending and not armed while nothing is in
 *			the way? (never) Looked for where gort_look_for_loss()
 *			does: by each tick that hits the G in its own code, and
 *			at each entry into the module.
 *	unanswered	does the G pass a check with nothing in the way after it
 *			was asked to yield? (never) So a request is answered by
 *			the first check after the last section. Whether one
 *			comes is up to the G, so no fairness is assumed.
 *	inside		does the G leave its stack in a section, or while it
 *			allocates? (never)
 *
 * What models what (gort_preempt.c, if nothing else is said):
 *
 *	request()	gort_request()
 *	restore()	gort_restore()
 *	FREE()		why_not()
 *	look_for_loss()	gort_look_for_loss()
 *	enter()		gort_enter() in gort.h, gort_check()
 *	check()		a prologue; gort_newstack() in gort_stack.c,
 *			gort_decide()
 *	releasem()	gort_releasem() in gort.h
 *	move()		g_move() in gort_stack.c
 *	M()		execute() and gort_left() in gort_sched.c; the end of
 *			gort_alloc() in gort_heap.c; entersyscall(),
 *			exit_own(), exit_idle() and back() in gort_syscall.c
 *	irq()		gort_tick(), gort_request_here(); gort_retake() and
 *			gort_request_blocked() in gort_syscall.c
 *
 * To leave (gort_yield(), gort_park(), the call that gort_async.c injects) is the
 * same to this protocol, and may be done wherever nothing is in the way.
 *
 * All sections that end in gort_releasem() are alike here; which site it was is
 * decided at the end. Only what is on its way between CPUs is in a buffer: the
 * rest (m->locks, gort_curg) is seen by one CPU alone. Not here: the scheduler
 * (sched.pml), and who has the P in a blocking call (handoff.pml).
 *
 * REMOTE is the design that was rejected: another CPU writes to the G, and sends
 * no interrupt. There a moment between its two stores is no loss; lost means for
 * good. With BARRIERS it would do.
 */

#define MAXLOCKS	3

#define PREEMPT		0	/* g->preempt */
#define GUARD		1	/* g->stackguard0: is it GORT_STACK_PREEMPT? */
#define QUEUED		2	/* the G is in the global queue */
#define NMEM		3
#define UNLOCK		128	/* sched.lock, with the store before */
#define BUF		4
#define STALL		/* a G can go on for ever without a barrier */
#define NCPU		3
#define OTHER		2	/* CPU of who writes in REMOTE */

#define COMMIT(a, v) \
	if \
	:: (a) >= UNLOCK -> mem[(a) - UNLOCK] = v; held = false \
	:: else -> mem[a] = v \
	fi

bool held;
#include "tso.pml"

/* By CPU, what its M and the interrupts there see; nobody else does */
bool cur[2];		/* the G is gort_curg */
byte locks[2];		/* m->locks */
bool mallocing[2];	/* m->mallocing */
bool gcing[2];		/* m->gcing */
bool irqs_off[2];
bool on_stack[2];	/* the M is on the G's stack, not on g0 */
bool sysm[2];		/* p->sysm: the G is in a call, the P still there */
bool aside[2];		/* it is in a call, the P has gone on */

/* For the properties alone */
bool asked;		/* since the G came on */
bool writing;
bool lost, unanswered, inside;

/* Sites, as GORT_SITE_* */
#define S_UNLOCK	1
#define S_SPIN		2
#define S_READY		3
#define S_GO		4
#define S_ALLOCM	5
#define S_GROW		6
#define S_SHRINK	7
#define S_ALLOC		8
#define S_GC		9
#define S_STW		10
#define S_EXIT_OWN	11
#define S_EXIT_IDLE	12
#ifndef NO_RESTORE
#define NO_RESTORE	0
#endif

/* What a design with REMOTE would need before each look at g->preempt */
#ifdef BARRIERS
#define LOOK(me)	MB(me); LOAD(me, PREEMPT, x)
#else
#define LOOK(me)	LOAD(me, PREEMPT, x)
#endif

#define BUSY(me)	(locks[me] || mallocing[me] || gcing[me])
#ifdef NO_REASON	/* an allocation is no reason to decline */
#define FREE(me)	(!locks[me] && !gcing[me] && !irqs_off[me])
#else
#define FREE(me)	(!BUSY(me) && !irqs_off[me])
#endif

/* May the last section end? While it collects, the world stays stopped. */
#ifdef GCING_LATE	/* the collection is over when the world has started */
#define MAY_CLOSE(me)	true
#else
#define MAY_CLOSE(me)	(locks[me] > 1 || !gcing[me])
#endif

#ifdef REMOTE		/* for good, and not for a moment */
#define SURE		(EMPTY(0) && EMPTY(1) && EMPTY(OTHER) && !writing)
#else
#define SURE		true
#endif

/* Step 1, in an interrupt on this CPU */
inline request(me)
{
	asked = true;
	STORE(me, PREEMPT, true);
	STORE(me, GUARD, true)
}

/* Step 3 */
inline restore(me, site)
{
	atomic {
		LOAD(me, GUARD, x);
		if
		:: !x && (site == 0 || site != NO_RESTORE) -> STORE(me, GUARD, true)
		:: else
		fi;
		x = 0
	}
}

inline look_for_loss(me)
{
	d_step {
		LOAD(me, PREEMPT, lost);
		if
		:: lost -> LOAD(me, GUARD, lost); lost = !lost && SURE
		:: else
		fi;
		assert(!lost)
	}
}

#ifdef REMOTE
#define answered()	skip
#else
#define answered()	unanswered = asked && FREE(me); assert(!unanswered)
#endif

inline enter(me)
{
	atomic {
		LOAD(me, PREEMPT, x);
		if
		:: !x || !FREE(me) -> x = 0; answered(); goto in
		:: else -> x = 0
		fi
	};
	atomic {
		look_for_loss(me);
		LOAD(me, GUARD, x);
		if
		:: x -> x = 0; goto leave
#ifdef REMOTE		/* else it would have been a loss */
		:: else
#endif
		fi
	};
in:
}

/* Steps 2 and 4 */
inline check(me)
{
	atomic {
		LOAD(me, GUARD, x);
		if
		:: !x -> answered(); goto on
		:: x && FREE(me) -> x = 0; goto leave
		:: else -> x = 0
		fi
	};
	atomic {
		STORE(me, GUARD, false);
#ifdef FORGET		/* who declines forgets the request */
		STORE(me, PREEMPT, false)
#endif
	};
on:
}

inline releasem(me, site)
{
#ifdef RELEASE_FIRST	/* the count goes down before the restore */
	locks[me]--;
#endif
	atomic {
		LOOK(me);
#ifdef RELEASE_FIRST
		x = (x && locks[me] == 0)
#else
		x = (x && locks[me] == 1)
#endif
	};
	if
	:: x -> restore(me, site)
	:: else
	fi;
#ifndef RELEASE_FIRST
	locks[me]--
#endif
}

/* Into another segment, with another limit */
inline move(me, site)
{
	locks[me]++;
	STORE(me, GUARD, false);
	releasem(me, site)
}

#define me _pid

active [2] proctype M()
{
	byte x;

sched:
	if
	:: atomic { !held && mem[QUEUED] ->
			held = true;
			STORE(me, QUEUED + UNLOCK, false)
		};
		/* execute(): step 5, then it is current */
#ifdef LATE_CLEAR	/* the other way round */
		cur[me] = true;
#endif
		atomic { asked = false; STORE(me, PREEMPT, false) };
		STORE(me, GUARD, false);
		cur[me] = true;
#ifdef BARRIERS
		atomic { LOOK(me) };
		if
		:: x -> restore(me, 0)
		:: else
		fi;
#endif
		on_stack[me] = true
	/* exit_idle(), back() */
	:: atomic { aside[me] -> aside[me] = false; cur[me] = true };
		atomic { LOOK(me) };
		if
		:: x -> restore(me, S_EXIT_IDLE)
		:: else
		fi;
		on_stack[me] = true
	fi;

	do
	/* a function */
	:: check(me)
	/* a section opens */
	:: locks[me] < MAXLOCKS -> enter(me); locks[me]++
	/* and closes; with interrupts off it turns them on first */
	:: locks[me] && !irqs_off[me] && MAY_CLOSE(me) ->
		if
		:: releasem(me, S_UNLOCK)
		:: releasem(me, S_SPIN)
		:: releasem(me, S_READY)
		:: releasem(me, S_GO)
		:: releasem(me, S_ALLOCM)
		:: releasem(me, S_GC)
		:: releasem(me, S_STW)
		fi
	:: locks[me] -> irqs_off[me] = !irqs_off[me]
	/* gort_gc(), with the world stopped, which counts as a lock */
	:: locks[me] && !gcing[me] -> gcing[me] = true
#ifdef GCING_LATE
	:: gcing[me] -> gcing[me] = false
#else
	:: locks[me] && gcing[me] -> gcing[me] = false
#endif
	/* gort_alloc() */
	:: !mallocing[me] && !gcing[me] -> mallocing[me] = true
	:: mallocing[me] ->
		atomic {
			LOOK(me);
			x = (x && !locks[me])
		};
		if
		:: x -> restore(me, S_ALLOC)
		:: else
		fi;
		mallocing[me] = false
	/* no room left in the segment; return to the one before */
	:: locks[me] < MAXLOCKS -> check(me); move(me, S_GROW)
	:: locks[me] < MAXLOCKS -> move(me, S_SHRINK)
	/* gort_syscall(): entersyscall(), with interrupts off */
	:: FREE(me) -> enter(me);
		atomic {
			sysm[me] = true;
			cur[me] = false;
			on_stack[me] = false
		};
		if
		/* exit_own(), back() */
		:: atomic { sysm[me] -> sysm[me] = false };
			cur[me] = true;
			atomic { LOOK(me) };
			if
			:: x -> restore(me, S_EXIT_OWN)
			:: else
			fi;
			on_stack[me] = true
		/* this is another M now */
		:: !sysm[me] -> goto sched
		fi
	/* gort_yield(), gort_park() */
	:: FREE(me) -> goto leave
	od;

leave:	/* gort_mcall() or gort_newstack(), then execute(), gort_left() */
	atomic {
		inside = BUSY(me);
		assert(!inside);
		on_stack[me] = false
	};
#ifndef LATE_NOG
	atomic { cur[me] = false; asked = false };
#endif
	atomic {
		!held -> held = true;
		STORE(me, QUEUED + UNLOCK, true)
	};
#ifdef LATE_NOG		/* current until it is in the queue */
	cur[me] = false;
#endif
	goto sched
}

#undef me

/* Interrupts of one CPU: nothing else happens there meanwhile. */
proctype irq(byte me)
{
	do
	/* a G runs: the tick looks, and it or another CPU asks */
	:: atomic { cur[me] && !irqs_off[me] && sb[me].n + 2 <= BUF ->
			if
			:: on_stack[me] && !BUSY(me) -> look_for_loss(me)
			:: else
			fi
#ifndef REMOTE
			;
			if
			:: request(me)
			:: true
			fi
#endif
		}
	/* it is in a call: the tick asks, */
	:: atomic { sysm[me] && sb[me].n < BUF ->
			asked = true;
			STORE(me, PREEMPT, true)
		}
	/* or the P goes on, */
	:: atomic { sysm[me] -> sysm[me] = false; aside[me] = true }
	/* and the M that comes back gets none */
	:: atomic { aside[me] && !held && sb[me].n < BUF ->
			aside[me] = false;
			asked = false;
			held = true;
			STORE(me, QUEUED + UNLOCK, true)
		}
	od
}

#ifdef REMOTE
proctype other()
{
	do
	:: atomic { cur[0] || cur[1] -> writing = true };
		STORE(OTHER, PREEMPT, true);
		STORE(OTHER, GUARD, true);
		atomic { EMPTY(OTHER) -> writing = false }
	od
}
#endif

proctype buffers()
{
end:	do
	:: drain(0)
	:: drain(1)
#ifdef REMOTE
	:: drain(OTHER)
#endif
	od
}

init {
	atomic {
		mem[QUEUED] = true;
		run irq(0);
		run irq(1);
		run buffers();
#ifdef REMOTE
		run other()
#endif
	}
}
