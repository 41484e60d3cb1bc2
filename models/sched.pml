/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Submit, park, idle, wake, steal: the opening comment of gort_sched.c, and the
 * permit of gort_park.c.
 *
 * Two Ps, each with its M on a CPU of its own, and one CPU outside of them
 * (interrupts, the device). Two Gs, which go on for ever:
 *
 *	G 0	is preempted, yields, starts G 1 if that has ended, and sleeps
 *		until its condition is true
 *	G 1	is preempted, yields, makes G 0's condition true and readies it,
 *		ends
 *	outside	makes the condition true and readies G 0, submits a G that has
 *		ended
 *
 * Properties. Let all be settled: each M sleeps or is in a G's code, the outside
 * does nothing, no store is on its way. Then
 *
 *	forgotten	is a G in a queue while an M sleeps? (never)
 *	unwoken		does G 0 sleep while its condition is true? (never)
 *	miscounted	does somebody count as looking for work? (never)
 *
 * and at each time
 *
 *	wrong		does an M run a G that was in no queue, or is still on
 *			its stack? (never)
 *
 * What models what:
 *
 *	globput()	gort_globrunqput_locked() of gort_submit_global() and of a G
 *			that was preempted
 *	ringput()	gort_runqput(), runqputslow()
 *	nextput()	gort_runqput() with next
 *	runqget()	gort_runqget()
 *	turnend()	gort_turn_end()
 *	globget()	gort_globrunqget()
 *	steal()		gort_stealwork(), runqsteal(), runqgrab(): the last round
 *	wakep()		gort_wakep(), gort_p_busy(), gort_startm()
 *	ready()		give_permit() of gort_ready()
 *	make_current()	straight(), for one that comes on instead of another
 *	M()		gort_schedule(), findrunnable(), resetspinning(),
 *			gort_left(), gort_parked(), gort_park(), gort_finish(),
 *			gort_idle(), gort_work_anywhere(), gort_m_acquire()
 *
 * The rings are lists here: a store to the tail appends, a move of the head
 * takes; runq.pml has what is inside. Left to chance: whether this is the turn
 * that looks at the global queue first, whether an M may spin, whether the turn of
 * a context is over, and whether the P serves that of a G that is put. Not here: Ps
 * that come and go, or have no M (handoff.pml), and Gs locked to an M.
 */

#define OUT		2	/* CPU of the outside */
#define NCPU		3
#define NG		2
#define NONE		NG
#ifndef RING
#define RING		1	/* GORT_RUNQ_SIZE */
#endif

/* What is stored to without atomic operations and read without a lock */
#define SIZE		0	/* gort_sched.size */
#define NIDLE		1	/* gort_sched.nidle */
#define COND		2	/* G 0's condition */
#define TAIL(p)		(3 + (p))	/* p->runqtail */
#define NMEM		5
/*
 * sched.lock is let go with the last store before: when it is free is seen by
 * takers alone.
 */
#define UNLOCK		128
#define BUF		3

#define COMMIT(a, v) \
	if \
	:: (a) == TAIL(0) -> ring[0] ! v; pushing[0]-- \
	:: (a) == TAIL(1) -> ring[1] ! v; pushing[1]-- \
	:: (a) >= UNLOCK -> mem[(a) - UNLOCK] = v; held = false \
	:: else -> mem[a] = v \
	fi

chan ring[2] = [RING] of { byte };	/* what others see of p->runq */
byte pushing[2];		/* stores to the tail on their way */
bool moved[2];			/* the head, since the thief has read it */
byte next[2] = NONE;		/* p->runnext */
chan glob = [NG] of { byte };	/* the global queue */
bool held;			/* sched.lock */
byte idle;			/* sched.idle */
byte nspin;			/* sched.nmspinning */
bool spinning[2];		/* m->spinning */
bool has[2] = true;		/* p->m == m */
bool runs[2] = true;		/* the state of the M's task */

#define NOPERMIT	0
#define PARKED		1
#define GIVEN		2
byte wait;			/* G 0's permit */

#include "tso.pml"

/* For the properties alone */
#define DEAD		0
#define QUEUED		1
#define ONCPU		2
#define ASLEEP		3
byte is[NG];
bool waits;			/* G 0 is in gort_park(), or comes back to it */
bool given;			/* somebody has made its condition true */
bool unsaved;			/* G 0's registers */
bool forgotten, unwoken, miscounted, wrong;

#define BIT(p)		(1 << (p))

/* To take sched.lock; what is done first under it follows in the same step. */
#define LOCKED(c)	!held && RELAXED(c) -> held = true

#ifdef NO_MB_WAKEP	/* gort_wakep() without [1] */
#define MB_WAKEP(c)	true
#else
#define MB_WAKEP(c)	MB(c)
#endif
#ifdef NO_MB_IDLE	/* gort_idle() without [1] */
#define MB_IDLE(c)	true
#else
#define MB_IDLE(c)	MB(c)
#endif
#ifdef READY_RELAXED	/* gort_ready() without the order of [2] */
#define ORDERED_READY(c) RELAXED(c)
#else
#define ORDERED_READY(c) ORDERED(c)
#endif

inline globput(c, g)
{
	atomic {
		LOCKED(c);
		glob ! g;
		g = NONE;
		STORE(c, SIZE + UNLOCK, len(glob))
	}
}

inline push(me, g)
{
	pushing[me]++;
	STORE(me, TAIL(me), g);
	g = NONE
}

inline ringput(me, g)
{
	if
	:: atomic { len(ring[me]) + pushing[me] < RING -> push(me, g) }
	:: atomic {
			len(ring[me]) + pushing[me] == RING && ORDERED(me) ->
			ring[me] ? y;
			moved[me] = true
		};
		atomic {
			LOCKED(me);
			glob ! y;
			glob ! g;
			y = NONE;
			g = NONE;
			STORE(me, SIZE + UNLOCK, len(glob))
		}
	fi
}

inline nextput(me, g)
{
	atomic {
		ORDERED(me);
		y = next[me];
		next[me] = g;
		g = y;
		y = NONE
	};
	if
	:: g != NONE -> ringput(me, g)
	:: else
	fi
}

inline put(me, g)
{
#ifdef TURNS	/* the P may serve another context */
	if
	:: nextput(me, g)
	:: globput(me, g)
	fi
#else
	nextput(me, g)
#endif
}

inline runqget(me)
{
	if
	:: atomic {
			next[me] != NONE && ORDERED(me) ->
			g = next[me];
			next[me] = NONE
		}
	:: atomic {
			next[me] == NONE && len(ring[me]) > 0 && ORDERED(me) ->
			ring[me] ? g;
			moved[me] = true
		}
	:: next[me] == NONE && len(ring[me]) == 0 && pushing[me] == 0
	fi
}

/* In one step: what it has at hand in between is in no queue, as elsewhere. */
inline turnend(me)
{
	atomic {
		LOCKED(me);
		if
		:: len(ring[me]) > 0 -> ring[me] ? g; glob ! g; moved[me] = true
		:: else
		fi;
		if
		:: next[me] != NONE -> glob ! next[me]; next[me] = NONE
		:: else
		fi;
		g = NONE;
		STORE(me, SIZE + UNLOCK, len(glob))
	}
}

inline globget(me, max)
{
	atomic {
		LOAD(me, SIZE, x);
		if
		:: x == 0 -> goto out
		:: else -> x = 0
		fi
	};
	atomic {
		LOCKED(me);
		if
		:: len(glob) > 0 -> glob ? g
		:: else
		fi;
		if
		:: len(glob) > 0 && max > 1 -> glob ? y
		:: else
		fi;
		STORE(me, SIZE + UNLOCK, len(glob));
		if
		:: y != NONE -> push(me, y)
		:: else
		fi
	};
out:
}

inline steal(me, v)
{
	do
	:: atomic { len(ring[v]) > 0 -> moved[v] = false };
		atomic {
			ORDERED(me);
			if
			:: !moved[v] -> ring[v] ? g; break
			:: else
			fi
		}
	:: len(ring[v]) == 0 ->
		if
		:: atomic {
				next[v] != NONE && ORDERED(me) ->
				g = next[v];
				next[v] = NONE
			}
		:: next[v] == NONE
		fi;
		break
	od
}

inline wakep(c)
{
	atomic {
		MB_WAKEP(c);
		LOAD(c, NIDLE, x);
		if
		:: x == 0 -> goto done
		:: else -> x = 0
		fi
	};
	atomic {
		if
		:: nspin != 0 && RELAXED(c) -> goto done
		:: nspin == 0 && ORDERED(c) -> nspin = 1
		fi
	};
	atomic {
		LOCKED(c);
		/* no store is on its way since the exchange, nor waits from here */
		held = false;
		if
		:: idle == 0 -> nspin--
		:: else ->
			x = (idle & 1 -> 0 : 1);
			idle = idle & ~BIT(x);
			mem[NIDLE]--;
			has[x] = true;
			spinning[x] = true;
			runs[x] = true;
			x = 0
		fi
	};
done:
}

/* g is to be queued, if it is a G. */
inline ready(c, g)
{
	atomic {
		ORDERED_READY(c);
		if
		:: wait == PARKED -> g = 0; is[0] = QUEUED
		:: else
		fi;
#ifdef NO_PERMIT	/* a wake-up that comes before the sleep is not kept */
		wait = (wait == PARKED -> GIVEN : wait)
#else
		wait = GIVEN
#endif
	}
}

#define me _pid

/* The G has left its stack. */
#define OFF()		g = cur; cur = NONE; is[g] = QUEUED

/* It has, for that of g, which was taken from a queue, and is in g itself then. */
inline make_current()
{
	atomic {
		wrong = (is[g] != QUEUED || (g == 0 && unsaved));
		assert(!wrong);
		is[g] = ONCPU;
		x = cur;
		cur = g;
		g = x;
		x = 0;
		is[g] = QUEUED
	}
}

active [2] proctype M()
{
	byte g = NONE, cur = NONE, x, y = NONE;

find:	/* findrunnable() */
#ifdef TURNS	/* p->turn_over */
	if
	:: turnend(me)
	:: true
	fi;
#endif
	if
	:: globget(me, 1)
	:: true
	fi;
	if
	:: g == NONE -> runqget(me)
	:: else
	fi;
	if
	:: g == NONE -> globget(me, NG)
	:: else
	fi;
	if
	:: g == NONE ->
		/* startspinning() */
		if
		:: spinning[me] -> steal(me, 1 - me)
		:: atomic {
				!spinning[me] && RELAXED(me) ->
				spinning[me] = true;
				nspin++
			};
			steal(me, 1 - me)
		:: !spinning[me]
		fi
	:: else
	fi;
	if
	:: g == NONE -> goto nothing
	:: else
	fi;

	/* resetspinning() */
	atomic {
		if
		:: spinning[me] && RELAXED(me) -> spinning[me] = false; nspin--
#ifdef NO_RESPIN	/* a spinner that finds work does not tell */
			; goto execute
#endif
		:: !spinning[me] ->
#ifdef NO_LEFTOVER	/* who did not spin does not tell of what is left */
			goto execute
#else
			if
			:: next[me] != NONE || len(ring[me]) + pushing[me] > 0
			:: else ->
				LOAD(me, SIZE, x);
				if
				:: x -> x = 0
				:: else -> goto execute
				fi
			fi
#endif
		fi
	};
	wakep(me);

execute:
	atomic {
		wrong = (is[g] != QUEUED || (g == 0 && unsaved));
		assert(!wrong);
		is[g] = ONCPU;
		cur = g;
		g = NONE;
		if
		:: cur == 0 && waits -> goto park
		:: else
		fi
	};

running:
	if
#ifndef TURNS	/* preempted */
	:: atomic { true; OFF() };
		globput(me, g);
		goto find
#endif
	/* gort_yield() */
	:: atomic { true; OFF() };
		ringput(me, g);
		goto find
	/* the same, straight to the next one */
	:: runqget(me);
		if
		:: g == NONE -> goto running
		:: else -> make_current()
		fi;
		ringput(me, g);
		goto announce
	/* gort_go() */
	:: atomic { cur == 0 && is[1] == DEAD; is[1] = QUEUED; g = 1 };
		put(me, g);
		wakep(me);
		goto running
	/* ends */
	:: atomic { cur == 1 -> is[1] = DEAD; cur = NONE; goto find }
	/* gort_ready(G 0) */
	:: atomic { cur == 1 && !given && is[0] != DEAD ->
			given = true;
			STORE(me, COND, true)
		};
		ready(me, g);
		if
		:: g == NONE -> goto running
		:: else
		fi;
		put(me, g);
		wakep(me);
		goto running
	/* gort_park(), again and again */
	:: atomic { cur == 0 -> waits = true };
park:
		atomic { ORDERED(me) -> x = wait; wait = NOPERMIT };
		atomic {
			LOAD(me, COND, sb_v);
			if
			:: sb_v ->
				sb_v = 0;
				x = 0;
				mem[COND] = false;
				given = false;
				waits = false;
				goto running
			:: !sb_v && x == GIVEN -> x = 0; goto park
			:: else -> x = 0
			fi
		};
		/* straight to the next one, if there is one */
		if
		:: runqget(me);
			if
			:: g == NONE -> goto leave
			:: else -> make_current()
			fi;
			/* gort_parked_beside() */
			atomic {
				if
				:: wait == NOPERMIT && ORDERED(me) ->
					wait = PARKED;
					is[0] = ASLEEP;
					g = NONE;
					goto announce
				:: wait != NOPERMIT && RELAXED(me)
				fi
			};
			nextput(me, g);
			goto announce
		:: true
		fi;
leave:
#ifdef PARK_EARLY	/* parked, and only then off its stack */
		atomic {
			if
			:: wait == NOPERMIT && ORDERED(me) ->
				wait = PARKED;
				is[0] = ASLEEP;
				unsaved = true
			:: wait != NOPERMIT && RELAXED(me) -> goto park
			fi
		};
		atomic { true; unsaved = false; cur = NONE; goto find };
#endif
#ifdef PARK_PLAIN	/* looked at and written, not exchanged */
		if
		:: wait != NOPERMIT -> goto awake
		:: wait == NOPERMIT
		fi;
		atomic {
			wait = PARKED;
			is[0] = ASLEEP;
			cur = NONE;
			goto find
		};
awake:		OFF();
#else
		/* gort_left(), gort_parked() */
		atomic {
			if
			:: wait == NOPERMIT && ORDERED(me) ->
				wait = PARKED;
				is[0] = ASLEEP;
				cur = NONE;
				goto find
			:: wait != NOPERMIT && RELAXED(me) -> OFF()
			fi
		};
#endif
		nextput(me, g);
		goto find
	fi;

announce:	/* cur has come on for another one, gort_finish() */
	atomic {
		if
		:: next[me] != NONE || len(ring[me]) + pushing[me] > 0
		:: else ->
			LOAD(me, SIZE, x);
			if
			:: x -> x = 0
			:: else -> goto on
			fi
		fi
	};
#ifndef NO_STRAIGHT_TELL	/* who goes straight to the next one tells nobody */
	wakep(me);
#endif
on:
	if
	:: cur == 0 && waits -> goto park
	:: else -> goto running
	fi;

nothing:	/* gort_idle() */
	atomic {
		LOCKED(me);
#ifndef LATE_CLEAR
		x = spinning[me];
		spinning[me] = false;
#endif
		idle = idle | BIT(me);
		has[me] = false;
		LOAD(me, NIDLE, sb_v);
		STORE(me, NIDLE + UNLOCK, sb_v + 1);
		sb_v = 0
	};
#ifdef LATE_CLEAR	/* no spinner any more when others can make it one */
	atomic { x = spinning[me]; spinning[me] = false };
#endif
	if
	:: atomic { x && RELAXED(me) -> x = 0; nspin-- }
	:: !x
	fi;
#ifdef NO_LOOK		/* asleep without another look */
	goto acquire;
#endif
	atomic {
		MB_IDLE(me);
		LOAD(me, SIZE, x);
		if
		:: x -> x = 0; goto found
		:: else
		fi
	};
	if
	:: len(ring[1 - me]) > 0 -> goto found
	:: len(ring[1 - me]) == 0
	fi;
	if
	:: next[1 - me] != NONE
	:: next[1 - me] == NONE -> goto acquire
	fi;
found:
	atomic {
		LOCKED(me);
		if
		:: idle & BIT(me) ->
			idle = idle & ~BIT(me);
			has[me] = true;
			spinning[me] = true;
			nspin++;
			LOAD(me, NIDLE, sb_v);
			STORE(me, NIDLE + UNLOCK, sb_v - 1);
			sb_v = 0
		:: else -> held = false
		fi
	};

acquire:	/* gort_m_acquire() */
	atomic {
		LOCKED(me);
		held = false;
		if
		:: has[me] -> goto find
		:: else
		fi;
#ifndef LATE_STATE
		runs[me] = false
#endif
	};
#ifdef LATE_STATE	/* the task's state changes after the lock is released */
	runs[me] = false;
#endif
sleeping:
	atomic { runs[me] -> goto acquire }
}

#undef me

active proctype outside()
{
	byte g = NONE, x;

resting:
	if
	:: atomic { is[0] == DEAD -> g = 0; is[0] = QUEUED }
	:: atomic { is[1] == DEAD -> g = 1; is[1] = QUEUED }
	:: atomic { is[0] != DEAD && !given -> given = true; STORE(OUT, COND, true) };
		ready(OUT, g);
		if
		:: g == NONE -> goto resting
		:: else
		fi
	fi;
	globput(OUT, g);
#ifndef NO_WAKE		/* a submit wakes nobody */
	wakep(OUT);
#endif
	goto resting
}

#define SLEEPS(m)	(M[m]@sleeping && !runs[m])
#define SETTLED		((M[0]@running || SLEEPS(0)) && \
			 (M[1]@running || SLEEPS(1)) && \
			 outside[2]@resting && \
			 EMPTY(0) && EMPTY(1) && EMPTY(OUT))

active proctype buffers()
{
end:	do
	:: drain(0)
	:: drain(1)
	:: drain(OUT)
	:: atomic {
			SETTLED && (SLEEPS(0) || SLEEPS(1)) &&
			(is[0] == QUEUED || is[1] == QUEUED) ->
			forgotten = true;
			assert(!forgotten)
		}
	:: atomic {
			SETTLED && is[0] == ASLEEP && given ->
			unwoken = true;
			assert(!unwoken)
		}
	:: atomic {
			SETTLED && nspin ->
			miscounted = true;
			assert(!miscounted)
		}
	od
}
