/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One channel, without a buffer or with one of CAP values: the steps at the head
 * of gort_chan.c, and those of gort_wait.c by which its users wait.
 *
 * Two senders and two receivers, one of each with two operations, the other with
 * one; one who closes the channel, at any time or never; and the clock, which ends
 * some of the waits.
 *
 * Properties. At each time
 *
 *	doubled		was a value received twice? (never)
 *	overtaken	was a value received before another one that waited
 *			longer? (never)
 *	gone		was an operation used that has returned? (never)
 *
 * and when nothing can happen any more
 *
 *	lost		is a value missing whose send returned 0? (never)
 *	phantom		was one received whose send returned an error? (never)
 *	forgotten	does somebody sleep who need not: its partner sleeps as
 *			well, there is room or a value, or the channel is
 *			closed, or it was told? (never)
 *
 * What models what:
 *
 *	held		the channel's lock (Q), if for more than one step
 *	S(), R()	do_send(), do_recv() and plain_try() under it; gort_op_wait()
 *	finish()	done(), gort_op_wake()
 *	wait()		op_sleep(), with the permit of gort_park()
 *	leave()		plain_leave()
 *	C()		close_some(), with a batch of one
 *	clock()		gort_park_until(), a cancel, a signal
 *
 * What is shared is under the lock, but the permit, which sched.pml has, and one
 * look at the result; so memory is in order here.
 */

#ifndef CAP
#define CAP		0
#endif
#ifndef LATE
#define LATE		2	/* waits that are ended */
#endif
#define EACH		2	/* values of sender 0 and receiver 2, others one */
#define NV		3
#define NP		4	/* senders 0 and 1, receivers 2 and 3 */

#define NOBODY		NP
#define OK		0
#define WAITS		1
#define EPIPE		2
#define ETIME		3
#define RETRY		4

chan sendq = [2] of { byte };
chan recvq = [2] of { byte };
#if CAP
chan buf = [CAP] of { byte };
#endif
bool held;
bool closed;
byte result[NP];
byte val[NP];			/* what is sent, or was received */
bool permit[NP];
bool late[NP];

/* For the properties alone */
bool alive[NP];			/* it has an operation that others may use */
bool asleep[NP];
byte sent[NV] = WAITS;		/* what the send returned */
bool got[NV];
byte line[NV];			/* values that wait, in order */
byte nline;
byte tmp;
bool doubled, overtaken, gone, lost, phantom, forgotten;

#define USE(p)		gone = gone || !alive[p]; assert(!gone)

/* A value begins to wait, in the buffer or with its sender. */
inline line_up(v)
{
	line[nline] = v;
	nline++
}

/* It waits no longer. */
inline line_off(v)
{
	d_step {
		tmp = 0;
		do
		:: tmp == nline -> break
		:: tmp < nline && line[tmp] == v -> break
		:: else -> tmp++
		od;
		do
		:: tmp + 1 >= nline -> break
		:: else ->
			line[tmp] = line[tmp + 1];
			tmp++
		od;
		nline--;
		line[nline] = 0;
		tmp = 0
	}
}

/* v is received; it was the first in line, if it had to wait. */
inline receive(v, waited)
{
	overtaken = overtaken || (nline > 0 && (!(waited) || line[0] != v));
	doubled = doubled || got[v];
	assert(!overtaken);
	assert(!doubled);
	got[v] = true;
	if
	:: waited -> line_off(v)
	:: else
	fi
}

/*
 * q is off its queue: tell it what its operation came to, and let go of the lock.
 * In two steps: it may see the result, and come on by itself, in between.
 */
inline finish(q, told)
{
	if
	:: q != NOBODY ->
		atomic { USE(q); result[q] = told };
		atomic {
			USE(q);
			permit[q] = true;
			q = NOBODY;
			held = false
		}
	:: else
	fi
}

/* Step 2 and 3 there: until it is told, or its time is over. */
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

/* Step 4 there; queue is where it waits. */
inline leave(me, queue)
{
	if
#ifdef NO_LEAVE		/* who was told does not take the lock */
	:: atomic {
			result[me] != WAITS ->
			alive[me] = false;
			late[me] = false;
			r = result[me]
		}
	:: result[me] == WAITS ->
#else
	:: true ->
#endif
		atomic {
			!held ->
			if
			:: result[me] == WAITS ->
#ifndef STAYS		/* who gives up leaves its case in the queue */
				queue ?? eval(me);
				line_gone(me);
#endif
				result[me] = ETIME
			:: else
			fi;
#ifdef LATE_WINS	/* the time is over, whatever it was told */
			result[me] = (late[me] -> ETIME : result[me]);
#endif
			alive[me] = false;
			late[me] = false;
			r = result[me]
		}
	fi
}

/* Under the lock; it is let go. */
inline begin_wait(me, queue)
{
	result[me] = WAITS;
	alive[me] = true;
	queue ! me;
	r = WAITS
}

/* Who sends a value that gives up takes it out of the line. */
inline line_gone(me)
{
	if
	:: me < 2 -> line_off(val[me])
	:: else
	fi
}

#ifdef CLOSED_FIRST	/* whether it is closed is looked at without the lock */
#define SHUT		(r == EPIPE)
#define LOOK		r = (closed -> EPIPE : OK)
#else
#define SHUT		closed
#define LOOK		skip
#endif
#ifdef PUT_FIRST	/* a value goes into the buffer though somebody waits */
#define TO_WAITER	(len(recvq) > 0 && len(buf) == CAP)
#else
#define TO_WAITER	(len(recvq) > 0)
#endif

proctype S(byte me)
{
	byte k = me;		/* sender 1 has one value only */
	byte q = NOBODY;
	byte r;

	do
	:: k < EACH ->
		val[me] = me + k;
again:
		LOOK;
		atomic {
			!held ->
			if
			:: SHUT -> r = EPIPE
			:: !SHUT && TO_WAITER ->
				held = true;
				recvq ? q;
				USE(q);
				val[q] = val[me];
				receive(val[me], false);
				r = OK
#if CAP
			:: !SHUT && !TO_WAITER && len(buf) < CAP ->
				buf ! val[me];
				line_up(val[me]);
				r = OK
			:: !SHUT && !TO_WAITER && len(buf) == CAP ->
#else
			:: !SHUT && !TO_WAITER ->
#endif
				line_up(val[me]);
				begin_wait(me, sendq)
			fi
		};
		finish(q, OK);
		if
		:: r == WAITS -> wait(me); leave(me, sendq)
		:: else
		fi;
#ifdef COMPETE
		if
		:: r == RETRY -> goto again
		:: else
		fi;
#endif
		atomic {
			sent[val[me]] = r;
			r = OK;
			k++
		}
	:: k == EACH -> break
	od
}

proctype R(byte me)
{
	byte k = me - 2;	/* receiver 3 receives once */
	byte q = NOBODY;
	byte told = OK;
	byte r;

	do
	:: k < EACH ->
		LOOK;
		atomic {
			!held ->
			if
#if CAP
			:: len(buf) > 0 ->
				buf ? val[me];
				receive(val[me], true);
				r = OK;
				if
				:: len(sendq) > 0 && !closed ->
#ifdef NO_REFILL	/* nobody is told that there is room */
					skip
#else
					held = true;
					sendq ? q;
					USE(q);
#ifdef COMPETE		/* who waits to send is told to try again */
					line_off(val[q]);
					told = RETRY
#else
					buf ! val[q]
#endif
#endif
				:: else
				fi
			:: len(buf) == 0 && SHUT -> r = EPIPE
			:: len(buf) == 0 && !SHUT ->
#else
			:: SHUT -> r = EPIPE
			:: !SHUT && len(sendq) > 0 ->
				held = true;
				sendq ? q;
				USE(q);
				val[me] = val[q];
				receive(val[me], true);
				r = OK
			:: !SHUT && len(sendq) == 0 ->
#endif
				begin_wait(me, recvq)
			fi
		};
		finish(q, told);
		if
		:: r == WAITS -> wait(me); leave(me, recvq)
		:: else
		fi;
		atomic {
			val[me] = 0;
			r = OK;
			k++
		}
	:: k == EACH -> break
	od
}

#ifdef CLOSE
/* One of those who wait each time that it has the lock. */
proctype C()
{
	byte q = NOBODY;

	do
	:: atomic {
			!held ->
			closed = true;
			if
			:: len(recvq) > 0 -> held = true; recvq ? q
			:: len(recvq) == 0 && len(sendq) > 0 ->
				held = true;
				sendq ? q;
				line_off(val[q])
			:: len(recvq) == 0 && len(sendq) == 0 -> break
			fi
		};
		finish(q, EPIPE)
#ifdef CLOSE_ONCE	/* those of one batch are told */
		; break
#endif
	od
}
#endif

/* The time of those who wait may be over, or not. */
proctype clock()
{
	byte n;

	do
	:: atomic { n < LATE && asleep[0] -> late[0] = true; permit[0] = true; n++ }
	:: atomic { n < LATE && asleep[2] -> late[2] = true; permit[2] = true; n++ }
	:: break
	od
}

init {
	byte p;

	atomic {
		run S(0);
		run S(1);
		run R(2);
		run R(3);
#ifdef CLOSE
		run C();
#endif
		run clock()
	};
	/* nothing else can happen */
	timeout;
	d_step {
		forgotten = (asleep[0] || asleep[1]) && (asleep[2] || asleep[3]);
		do
		:: p == NP -> break
		:: else ->
			forgotten = forgotten || (asleep[p] &&
				(closed || permit[p] || result[p] != WAITS));
#if CAP
			forgotten = forgotten || (asleep[p] &&
				(p < 2 -> len(buf) < CAP : len(buf) > 0));
#endif
			p++
		od;
		p = 0;
		do
		:: p == NV -> break
		:: else ->
#if CAP
			lost = lost || (sent[p] == OK && !got[p] &&
				!(buf ?? [eval(p)]));
#else
			lost = lost || (sent[p] == OK && !got[p]);
#endif
			phantom = phantom || (sent[p] > WAITS && got[p]);
			p++
		od
	};
	assert(!forgotten);
	assert(!lost);
	assert(!phantom);
end:
	false
}
