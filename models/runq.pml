/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the rings of gort_runq.c, which have no lock.
 *
 * An M puts PUTS Gs into its ring and takes some out again. One or two thieves
 * each steal half of what they find into a ring of their own, any number of
 * times, and run them from there. What runs over goes to the global queue. Head
 * and tail count up and do not wrap around, as 32 bits do not while somebody
 * looks.
 *
 * Properties:
 *
 *	wrong		does somebody take a G that was not put, or that
 *			somebody has taken before? (never)
 *	vanished	at the end, is there a G that nobody has taken and that
 *			is in no ring? (never)
 *
 * What models what:
 *
 *	runqput()	gort_runqput(), runqputslow()
 *	runqget()	gort_runqget()
 *	thief()		runqsteal(), runqgrab(), but for runnext
 */

#define OWNER		0
#ifndef THIEVES
#define THIEVES		1
#endif
#define NCPU		(THIEVES + 1)
#define SLOTS		4	/* GORT_RUNQ_SIZE */
#define BATCH		2	/* SLOTS / 2, for runqputslow() and runqgrab() */
#ifndef PUTS
#define PUTS		6
#endif

#define TAIL(p)		(p)			/* p->runqtail */
#define SLOT(p, i)	(NCPU + (p) * SLOTS + (i) % SLOTS)	/* p->runq */
#define NMEM		(NCPU + NCPU * SLOTS)
#define BUF		4
#define STALL		/* who only puts never empties its buffer */
#define COMMIT(a, v)	mem[a] = v

#include "tso.pml"

byte head[NCPU];			/* p->runqhead */
byte ended;				/* processes */

/* For the properties alone; Gs are numbers from 1 on */
bool put[PUTS + 1], taken[PUTS + 1];
bool wrong, vanished;

inline take(g)
{
	wrong = (g == 0 || !put[g] || taken[g]);
	assert(!wrong);
	taken[g] = true
}

inline runqput(me, g)
{
	do
	:: h = head[me];
		LOAD(me, TAIL(me), t);
		if
		:: t - h < SLOTS ->
			atomic {
				put[g] = true;
#ifdef TAIL_FIRST	/* the tail before what it is to show */
				STORE(me, TAIL(me), t + 1);
				STORE(me, SLOT(me, t), g)
#else
				STORE(me, SLOT(me, t), g);
				STORE(me, TAIL(me), t + 1)
#endif
			};
			break
#if PUTS > SLOTS
		:: else ->
			LOAD(me, SLOT(me, h), a);
			LOAD(me, SLOT(me, h + 1), b);
			atomic {
				ORDERED(me);
				if
				:: head[me] == h ->
					head[me] = h + BATCH;
					put[g] = true;
					take(a);
					take(b);
					take(g);
					break
				:: else
				fi
			}
#endif
		fi
	od;
	h = 0; t = 0; a = 0; b = 0
}

inline runqget(me)
{
	do
	:: h = head[me];
		LOAD(me, TAIL(me), t);
		if
		:: h == t -> break
		:: else
		fi;
		LOAD(me, SLOT(me, h), a);
#ifdef GET_PLAIN	/* looks and writes, but does not exchange */
		if
		:: head[me] == h
		:: else -> goto again
		fi;
		atomic { head[me] = h + 1; take(a); break };
again:
#else
		atomic {
			ORDERED(me);
			if
			:: head[me] == h -> head[me] = h + 1; take(a); break
			:: else
			fi
		}
#endif
	od;
	h = 0; t = 0; a = 0
}

proctype owner()
{
	byte h, t, a, b, g;

	do
	:: g < PUTS -> g++; runqput(OWNER, g)
	:: runqget(OWNER)
	:: g == PUTS -> break
	od;
	ended++
}

proctype thief(byte me)
{
	byte h, t, n, a, b;

	do
	:: h = head[OWNER];
		atomic {
			LOAD(me, TAIL(OWNER), t);
			n = t - h;
			n = n - n / 2
		};
		if
		:: n == 0 || n > BATCH -> goto again
		:: else
		fi;
		LOAD(me, SLOT(OWNER, h), a);
		LOAD(me, TAIL(me), t);
		if
		:: n == 2 ->
			LOAD(me, SLOT(OWNER, h + 1), b);
			atomic {
				STORE(me, SLOT(me, t), a);
#ifdef PUBLISH_FIRST	/* shown before they are the thief's */
				STORE(me, TAIL(me), t + 1);
#endif
				a = b
			}
		:: else
		fi;
		atomic {
			ORDERED(me);
			if
#ifdef STEAL_PLAIN	/* writes, but does not exchange */
			:: true ->
#else
			:: head[OWNER] == h ->
#endif
				head[OWNER] = h + n;
				take(a);
#ifndef PUBLISH_FIRST
				if
				:: n == 2 -> STORE(me, TAIL(me), t + 1)
				:: else
				fi
#endif
			:: else
			fi
		};
again:
		h = 0; t = 0; n = 0; a = 0; b = 0
	:: runqget(me)
	:: ended -> break
	od;
	ended++
}

#define ALL_EMPTY	(EMPTY(0) && EMPTY(1) && EMPTY(THIEVES))

proctype buffers()
{
	byte i, left;

	do
	:: drain(0)
	:: drain(1)
#if THIEVES == 2
	:: drain(2)
#endif
	:: atomic { ended == NCPU && ALL_EMPTY -> break }
	od;
	atomic {
		for (i : 1 .. PUTS) {
			left = left + !taken[i]
		}
		for (i : 0 .. THIEVES) {
			left = left - (mem[TAIL(i)] - head[i])
		}
		vanished = (left != 0);
		assert(!vanished)
	}
}

init {
	atomic {
		run owner();
		run thief(1);
#if THIEVES == 2
		run thief(2);
#endif
		run buffers()
	}
}
