/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Selects over two channels without a buffer: the steps at the head of
 * gort_select.c, and the claim of gort_chan.c.
 *
 * Two selects with two cases each, two plain operations, each one operation or
 * two, and the clock, which ends some of the waits:
 *
 *		in two channels			-DSAME, in one
 *	0	send to A, receive from B	send to A, receive from A
 *	1	receive from A, send to B	receive from A, twice
 *	2	receive from A			send to A
 *	3	send to B			send to A
 *
 * With -DDEFAULT, two channels with a buffer of one instead: one who moves a value
 * from the one to the other, the new one first, and one who tries both.
 *
 * Properties. At each time
 *
 *	both		was another number of cases done than one, or than none if
 *			it returned an error? (never)
 *	doubled		was a value received twice? (never)
 *	lost		has a send returned 0 and nobody has the value? (never)
 *	phantom		has one returned an error, and somebody has? (never)
 *	gone		was an operation used that has returned? (never)
 *	self		did a select meet itself? (never)
 *	missed		was nothing found though something was always there?
 *			(never)
 *
 * and when nothing can happen any more
 *
 *	stuck		does somebody wait for a lock? (never)
 *	forgotten	do two sleep who are partners, or one that was told?
 *			(never)
 *
 * What models what:
 *
 *	lock_all()	lock_all(), sort_by_addr(), chan_at()
 *	look()		gort_case_do(), pop()
 *	Op()		select_do(), gort_op_wait(), done(), gort_op_wake();
 *			plain_try() as a select of one case
 *	wait()		op_sleep(), with the permit of gort_park()
 *	leave()		select_leave(), plain_leave()
 *	try()		gort_tryselect()
 *
 * The order of memory is as in chan.pml: what is exchanged is exchanged, all else
 * is under a lock.
 */

#ifndef LATE
#define LATE		1
#endif
#define NP		4
#define NOBODY		NP
#define A		0
#define B		1
#define RECV		0
#define SEND		1

#define OK		0
#define WAITS		1
#define ETIME		3

bool held[2];			/* the channels' locks */

#ifdef DEFAULT

bool has[2];
bool missed;

inline lock(c)		{ atomic { !held[c] -> held[c] = true } }

/* There is a value at all times, in the one or in the other. */
active proctype mover()
{
	byte to = B;

	has[A] = true;
	do
	:: lock(to); has[to] = true; held[to] = false;
		lock(1 - to); has[1 - to] = false; held[1 - to] = false;
		to = 1 - to
	od
}

active proctype try()
{
	bool found;

	has[A] || has[B];
	do
	:: found = false;
#ifdef ONE_BY_ONE	/* each under its own lock */
		lock(A); found = has[A]; held[A] = false;
		lock(B); found = found || has[B]; held[B] = false;
#else
		lock(A);
		lock(B);
		found = has[A];
		found = found || has[B];
		held[A] = false;
		held[B] = false;
#endif
		missed = !found;
		assert(!missed)
	od
}

#else

typedef kase { byte chn; byte dir }
typedef list { kase at[2] }

list k[NP];			/* the cases of each */
/* Who waits to receive from, and to send to, A and B: with which case */
chan queue[4] = [5] of { byte, byte };
#define Q(c, d)		queue[2 * (c) + (d)]

byte result[NP];
bool permit[NP];
bool late[NP];
byte chosen[NP];
byte val[NP];

/* For the properties alone */
#define NV		8
bool alive[NP];
bool asleep[NP];
byte dones[NP];
bool got[NV];
byte tmp, tmp2;
bool both, doubled, lost, phantom, gone, self, stuck, forgotten;

#define USE(p)		gone = gone || !alive[p]; assert(!gone)

/* one and two: the first channel and the second one to be locked */
inline lock_all()
{
	atomic { !held[one] -> held[one] = true };
	if
#ifdef TWICE		/* one that is named twice is locked twice */
	:: n == 2 ->
#else
	:: n == 2 && one != two ->
#endif
		atomic { !held[two] -> held[two] = true }
	:: else
	fi
}

inline unlock_all()
{
	held[one] = false;
	held[two] = (n == 2 -> false : held[two])
}

/* Who waits on the other side of case i, and has not been claimed yet? */
inline look(i)
{
	do
	:: q == NOBODY && len(Q(k[me].at[i].chn, 1 - k[me].at[i].dir)) > 0 ->
		atomic {
			Q(k[me].at[i].chn, 1 - k[me].at[i].dir) ? q, c;
			USE(q);
			self = self || q == me;
			assert(!self);
#ifdef NO_EXCHANGE	/* looks, and then stores */
			skip
		};
		atomic {
#endif
			if
			:: result[q] == WAITS ->
#ifndef NO_EXCHANGE
				result[q] = OK;
#endif
				chosen[me] = i
			:: result[q] != WAITS -> q = NOBODY
			fi
		};
#ifdef NO_EXCHANGE
		if
		:: q != NOBODY -> result[q] = OK
		:: else
		fi
#endif
	:: else -> break
	od
}

inline receive(v)
{
	doubled = doubled || got[v];
	assert(!doubled);
	got[v] = true
}

/* q was claimed: the value, then the wake-up, then the locks. */
inline finish()
{
	atomic {
		USE(q);
		chosen[q] = c;
		dones[q]++;
		dones[me]++;
		if
		:: k[me].at[chosen[me]].dir == SEND -> receive(val[me])
		:: else -> receive(val[q])
		fi
	};
	atomic {
		USE(q);
		permit[q] = true;
		q = NOBODY;
		c = 0;
		unlock_all()
	}
}

inline wait(me)
{
	asleep[me] = true;
end_wait:
	do
	:: atomic {
			permit[me] ->
			permit[me] = false;
			if
			:: late[me] || result[me] != WAITS ->
				asleep[me] = false;
				break
			:: else
			fi
		}
	od
}

inline queue_all()
{
	Q(k[me].at[0].chn, k[me].at[0].dir) ! me, 0;
	if
	:: n == 2 -> Q(k[me].at[1].chn, k[me].at[1].dir) ! me, 1
	:: else
	fi
}

/* It may have been taken off by who found it, claimed. */
inline off(i)
{
	if
	:: Q(k[me].at[i].chn, k[me].at[i].dir) ?? [eval(me), i] ->
		Q(k[me].at[i].chn, k[me].at[i].dir) ?? eval(me), i
	:: else
	fi
}

inline leave(me)
{
	lock_all();
	atomic {
		if
		:: result[me] == WAITS -> result[me] = ETIME
		:: else
		fi;
#ifdef STAYS		/* the cases that were not done stay where they are */
		if
		:: result[me] == ETIME -> off(0)
		:: else
		fi;
#else
		off(0);
		if
		:: n == 2 -> off(1)
		:: else
		fi;
#endif
		alive[me] = false;
		late[me] = false;
		r = result[me];
		unlock_all()
	}
}

/* What came of it. */
inline judge()
{
	both = both || dones[me] != (r == OK -> 1 : 0);
	assert(!both);
	if
	:: r == OK && k[me].at[chosen[me]].dir == SEND ->
		lost = lost || !got[val[me]]
	:: r != OK -> phantom = phantom || got[val[me]]
	:: else
	fi;
	assert(!lost);
	assert(!phantom);
	dones[me] = 0;
	chosen[me] = 0
}

proctype Op(byte me; byte n; byte rounds)
{
	byte q = NOBODY;
	byte c, r, round;
	byte one = k[me].at[0].chn;
	byte two = k[me].at[n - 1].chn;

#ifndef OWN_ORDER	/* the locks in the order of the cases */
	if
	:: one > two -> one = A; two = B
	:: else
	fi;
#endif
	do
	:: round < rounds ->
		val[me] = 2 * me + round;
		lock_all();
#ifdef QUEUE_FIRST	/* it is in the queues when it looks */
		atomic { result[me] = WAITS; alive[me] = true; queue_all() };
#endif
		if
		:: look(0);
			if
			:: n == 2 -> look(1)
			:: else
			fi
		:: n == 2 -> look(1); look(0)
		fi;
		if
		:: q != NOBODY -> finish(); r = OK
		:: else ->
#ifdef GAP		/* lets go of the locks before it queues */
			unlock_all();
			lock_all();
#endif
			atomic {
				result[me] = WAITS;
				alive[me] = true;
#ifndef QUEUE_FIRST
				queue_all();
#endif
				unlock_all()
			};
			wait(me);
			leave(me)
		fi;
		atomic { judge(); r = OK; round++ }
	:: round == rounds -> break
	od
}

/* The time of those who wait may be over, or not. */
proctype clock()
{
	byte n;

	do
	:: atomic { n < LATE && asleep[0] -> late[0] = true; permit[0] = true; n++ }
	:: atomic { n < LATE && asleep[1] -> late[1] = true; permit[1] = true; n++ }
	:: break
	od
}

/* tmp wants to send to c, and tmp2 to receive from it. */
#define HAS(p, i, c, d)	(k[p].at[i].chn == c && k[p].at[i].dir == d)
#define EITHER(p, c, d)	(HAS(p, 0, c, d) || (p < 2 && HAS(p, 1, c, d)))
#define PARTNERS(c)	(EITHER(tmp, c, SEND) && EITHER(tmp2, c, RECV))

init {
	atomic {
		k[0].at[0].chn = A; k[0].at[0].dir = SEND;
#ifdef SAME
		k[0].at[1].chn = A; k[0].at[1].dir = RECV;
		k[1].at[0].chn = A; k[1].at[0].dir = RECV;
		k[1].at[1].chn = A; k[1].at[1].dir = RECV;
		k[2].at[0].chn = A; k[2].at[0].dir = SEND;
		k[3].at[0].chn = A; k[3].at[0].dir = SEND;
#else
		k[0].at[1].chn = B; k[0].at[1].dir = RECV;
		k[1].at[0].chn = B; k[1].at[0].dir = SEND;
		k[1].at[1].chn = A; k[1].at[1].dir = RECV;
		k[2].at[0].chn = A; k[2].at[0].dir = RECV;
		k[3].at[0].chn = B; k[3].at[0].dir = SEND;
#endif
		run Op(0, 2, 2);
		run Op(1, 2, 2);
		run Op(2, 1, 1);
		run Op(3, 1, 1);
		run clock()
	};
	timeout;
	d_step {
		stuck = held[A] || held[B];
		do
		:: tmp == NP -> break
		:: else ->
			forgotten = forgotten || (asleep[tmp] &&
				(permit[tmp] || result[tmp] != WAITS));
			tmp2 = 0;
			do
			:: tmp2 == NP -> break
			:: else ->
				forgotten = forgotten || (tmp != tmp2 &&
					asleep[tmp] && asleep[tmp2] &&
					(PARTNERS(A) || PARTNERS(B)));
				tmp2++
			od;
			tmp++
		od
	};
	assert(!stuck);
	assert(!forgotten);
end:
	false
}

#endif
