/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has a P: blocking calls, the tick that takes the P from them, stopping the
 * world. The opening comments of gort_syscall.c, gort_proc.c, gort_stw.c.
 *
 * One P with two Ms and its tick on one CPU, all that this file is about. On
 * another CPU a P whose M never runs out of work: it submits Gs to the global
 * queue, puts Gs into its own ring, and stops the world (that is, the first P)
 * and starts it again, all for as long as it likes. NG Gs, which on the first P
 * take and release a lock, start Gs, yield, end, and make blocking calls, short
 * ones and some that never return. Ms may be preempted by Linux anywhere.
 *
 * Properties, at each time:
 *
 *	owners		does an M run with the P that is not its own, or that
 *			somebody has taken? (never) So it has one owner, and no
 *			G runs while the world stands still.
 *	lost		is a request pending and not armed while the G may be
 *			preempted? (never)
 *
 * Let all be settled: each M sleeps, or its G runs, unlocked and not asked to
 * yield, or is in a call; the tick and the other CPU do nothing; no store is on
 * its way. Then
 *
 *	forgotten	is there work that the P could do, and an M for it?
 *			(never)
 *	miscounted	does somebody count as looking for work, has a G
 *			vanished or doubled, or an M the P and sleeps? (never)
 *	unasked		does a G run on while somebody waits for the P? (never)
 *			So one request is enough to stop it.
 *
 * and with -DLIVE, by weak fairness of the processes,
 *
 *	completes	the world stops, whenever somebody stops it, if who
 *			declines a request releases its lock after that.
 *
 * What models what:
 *
 *	handoffp()	gort_handoffp()
 *	look_again()	its end, when the P has become idle
 *	wakep()		gort_wakep()
 *	startm()	gort_startm()
 *	globput()	gort_submit_global(), gort_globrunqput_locked()
 *	globget()	gort_globrunqget(), of one G
 *	M()		gort_schedule(), gort_m_acquire(), findrunnable(),
 *			gort_p_letgo(), execute(), entersyscall(), exit_own(),
 *			exit_idle(), back(), reschedule(), gort_idle()
 *	tick()		gort_tick(), gort_retake()
 *	other()		gort_ready() into its ring; stop(), gort_ps_take(),
 *			take(), gort_preemptone(), start(), gort_p_give()
 *	maker()		gort_allocm(), allocm_work(), retry_work(): a P that
 *			waits for an M gets one of those that sleep by then
 *
 * Both Ms are all that max_threads allows. Not here: Ps that go out of use, Ms
 * that end or find themselves on another CPU, Gs locked to an M, and calls that
 * are not announced (the tick takes the P in the same way).
 */

#define HERE		0	/* CPU of the P, its Ms and its tick */
#define THERE		1	/* CPU of the other one */
#define NCPU		2
#define NM		2
#define NOBODY		NM
#ifndef NG
#define NG		2
#endif
#ifndef PUSHES		/* does the other M put Gs into its ring? */
#define PUSHES		true
#endif

/* What is stored to without atomic operations and read without a lock */
#define SIZE		0	/* gort_sched.size, and the global queue */
#define NIDLE		1	/* gort_sched.nidle */
#define RING1		2	/* the other P's ring; a store appends */
#define SYSM		3	/* p->sysm: 0, or the M's number + 1 */
#define STOP		4	/* p->stop */
#define NOWHERE		5
#define NMEM		6
#define UNLOCK		128	/* sched.lock, with the store before */
#define BUF		4

#define COMMIT(a, v) \
	if \
	:: (a) >= UNLOCK -> mem[(a) - UNLOCK] = v; held = false \
	:: (a) == RING1 -> mem[a]++ \
	:: else -> mem[a] = v \
	fi

bool held;			/* sched.lock */
#include "tso.pml"

byte pm = 0;			/* p->m */
bool taken;			/* p->taken */
bool idle;			/* is it in sched.idle? */
byte nspin;			/* sched.nmspinning */
byte ring;			/* Gs in its ring */
byte curg = NOBODY;		/* the M whose G is gort_curg */

/* By M */
bool pooled[NM];		/* m->pooled */
bool runs[NM] = true;		/* the state of its task */
bool spinning[NM];		/* m->spinning */
bool preempt[NM], armed[NM];	/* of its G */
bool locked[NM];		/* m->locks */

/* For the properties alone */
byte dead = NG;			/* Gs that have ended */
bool stopped, asking;
bool owners, lost, forgotten, miscounted, unasked;

#define LOCKED(c)	!held && RELAXED(c) -> held = true

inline unlock(c)
{
	if
	:: EMPTY(c) -> held = false
	:: else -> STORE(c, NOWHERE + UNLOCK, 0)
	fi
}

inline globput(c)
{
	atomic {
		LOCKED(c);
		LOAD(c, SIZE, sb_v);
		STORE(c, SIZE + UNLOCK, sb_v + 1);
		sb_v = 0
	}
}

inline globget(c)
{
	atomic {
		LOAD(c, SIZE, x);
		if
		:: x == 0 -> goto out
		:: else -> x = 0
		fi
	};
	atomic {
		LOCKED(c);
		LOAD(c, SIZE, sb_v);
		if
		:: sb_v > 0 ->
			STORE(c, SIZE + UNLOCK, sb_v - 1);
			sb_v = 0;
			goto execute
		:: else -> unlock(c)
		fi
	};
out:
}

/* sched.lock is held for these four. */
inline p_idle(c)
{
	idle = true;
	LOAD(c, NIDLE, sb_v);
	STORE(c, NIDLE, sb_v + 1);
	sb_v = 0
}

inline p_busy(c)
{
	if
	:: idle ->
		idle = false;
		LOAD(c, NIDLE, sb_v);
		STORE(c, NIDLE, sb_v - 1);
		sb_v = 0
	:: else
	fi
}

inline startm(m, spins)
{
	pooled[m] = false;
	spinning[m] = spins;
	pm = m;
	runs[m] = true
}

/* Then the lock is free; x: to be followed by look_again() */
inline handoffp(c)
{
	pm = NOBODY;
	LOAD(c, STOP, x);
	taken = x;
	if
	:: taken -> x = 0
	:: else -> LOAD(c, SIZE, x);
		if
#ifdef RING_FORGOTTEN	/* does not look into the P's own ring */
		:: x > 0 ->
#else
		:: x > 0 || ring > 0 ->
#endif
			x = 0;
			if
			:: pooled[0] -> startm(0, false)
			:: pooled[1] -> startm(1, false)
			:: !pooled[0] && !pooled[1]
			fi
		:: else -> x = 1; p_idle(c)
		fi
	fi;
	unlock(c)
}

inline wakep(c)
{
	atomic {
		MB(c);
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
		held = false;
		if
		:: !idle -> nspin--
		:: else ->
			idle = false;
			mem[NIDLE]--;
			if
			:: pooled[0] -> startm(0, true)
			:: pooled[1] -> startm(1, true)
			:: !pooled[0] && !pooled[1] -> nspin--
			fi
		fi
	};
done:
}

inline look_again(c)
{
	if
	:: x -> x = 0;
#ifndef NO_LOOK_HANDOFF	/* idle without another look */
		atomic {
#ifndef NO_MB_HANDOFF	/* gort_handoffp() without [1] */
			MB(c);
#endif
			LOAD(c, SIZE, x)
		};
		if
		:: x
		:: else -> LOAD(c, RING1, x)
		fi;
		if
		:: x -> x = 0; wakep(c)
		:: else
		fi
#endif
	:: else
	fi
}

#define me _pid

/* The M has the P, and is about to run a G. */
#define OWNER() \
	owners = (pm != me || taken || stopped || curg != NOBODY); \
	assert(!owners)

/* The G leaves; execute() clears what it was asked for, here it is done now. */
#define OFF() \
	curg = NOBODY; \
	preempt[me] = false; \
	armed[me] = false

active [NM] proctype M()
{
	byte x;

acquire:	/* gort_m_acquire() */
	atomic {
		LOCKED(HERE);
		if
		:: pm == me -> unlock(HERE); goto find
		:: else ->
			pooled[me] = true;
			runs[me] = false;
			unlock(HERE)
		fi
	};
sleeping:
	atomic { runs[me] -> goto acquire };

find:	/* findrunnable() */
#ifndef NO_STOP_FIND	/* does not look whether the P is wanted */
	atomic {
		LOAD(HERE, STOP, x);
		if
		:: x -> x = 0;
			if
			:: spinning[me] -> spinning[me] = false; nspin--
			:: else
			fi
		:: else -> goto look
		fi
	};
	/* gort_p_letgo() */
	atomic {
		LOCKED(HERE);
		pm = NOBODY;
		pooled[me] = true;
		taken = true;
		unlock(HERE);
		goto acquire
	};
look:
#endif
	if
	:: atomic { ring > 0 && ORDERED(HERE) -> ring--; goto execute }
	:: ring == 0
	fi;
	globget(HERE);
	/* startspinning() */
	if
	:: spinning[me]
	:: atomic {
			!spinning[me] && RELAXED(HERE) ->
			spinning[me] = true;
			nspin++
		}
	:: !spinning[me] -> goto nothing
	fi;
	if
	:: atomic { mem[RING1] > 0 && ORDERED(HERE) -> mem[RING1]--; goto execute }
	:: mem[RING1] == 0 -> goto nothing
	fi;

execute:
	atomic {
		/*
		 * resetspinning(); there is nobody to tell, as no other P is
		 * ever idle
		 */
		if
		:: spinning[me] && RELAXED(HERE) -> spinning[me] = false; nspin--
		:: !spinning[me]
		fi;
		OWNER();
		curg = me
	};
#ifndef NO_STOP_EXECUTE	/* does not look whether the P is wanted */
	atomic {
		LOAD(HERE, STOP, x);
		if
		:: x -> x = 0; preempt[me] = true; armed[me] = true
		:: else
		fi
	};
#endif

running:
	if
	/* a check: accepts, or declines */
	:: atomic { armed[me] && !locked[me] -> OFF() };
		globput(HERE);
		goto find
	:: atomic {
			armed[me] && locked[me] ->
			armed[me] = false;
#ifndef LIVE
			goto running
#endif
		};
		atomic { true; goto release }
	/* gort_lock(), gort_unlock() */
	:: atomic {
			!locked[me] && !preempt[me] ->
			locked[me] = true;
			goto running
		}
	:: atomic {
			locked[me] ->
release:
#ifndef NO_RESTORE_UNLOCK	/* and each other gort_releasem() */
			if
			:: preempt[me] -> armed[me] = true
			:: else
			fi;
#endif
			locked[me] = false;
			goto running
		}
	/* gort_go() */
	:: atomic { !locked[me] && dead > 0 -> dead--; ring++; goto running }
	/* ends; gort_yield() */
	:: atomic { !locked[me] -> OFF(); dead++; goto find }
	:: atomic { !locked[me] -> OFF(); ring++; goto find }
	/* gort_syscall(), entersyscall() with interrupts off */
	:: atomic {
			!locked[me] && !preempt[me] ->
			curg = NOBODY;
			STORE(HERE, SYSM, me + 1)
		}
	fi;

calling:
	if
	/* exit_own() */
#ifdef PLAIN_EXIT	/* looks and writes, but does not exchange */
	:: EMPTY(HERE) && mem[SYSM] == me + 1 ->
		mem[SYSM] = 0;
		goto own
#else
	:: atomic {
			ORDERED(HERE) && mem[SYSM] == me + 1 ->
			mem[SYSM] = 0;
			goto own
		}
#endif
	:: EMPTY(HERE) && mem[SYSM] != me + 1
	fi;
	/* exit_idle() */
	atomic {
		LOCKED(HERE);
		if
#ifdef NO_TAKEN		/* takes it also from who stopped the world */
		:: pm == NOBODY ->
#else
		:: pm == NOBODY && !taken ->
#endif
			p_busy(HERE);
			pm = me;
			unlock(HERE);
			goto back
		:: else -> unlock(HERE)
		fi
	};
	/* reschedule(), execute() */
	atomic {
		LOCKED(HERE);
		LOAD(HERE, SIZE, sb_v);
		STORE(HERE, SIZE + UNLOCK, sb_v + 1);
		sb_v = 0;
		preempt[me] = false
	};
	wakep(HERE);
	goto acquire;

own:
	x = 1;
back:
	atomic { OWNER(); curg = me };
#ifndef NO_STOP_BACK	/* does not look whether the P is wanted */
	atomic {
		LOAD(HERE, STOP, sb_v);
		if
		:: sb_v -> sb_v = 0; preempt[me] = true; armed[me] = true
		:: else
		fi
	};
#endif
	atomic {
		if
#ifdef NO_RESTORE_OWN	/* exit_own() does not restore */
		:: preempt[me] && !x -> armed[me] = true
#else
#ifdef NO_RESTORE_IDLE	/* exit_idle() does not */
		:: preempt[me] && x -> armed[me] = true
#else
		:: preempt[me] -> armed[me] = true
#endif
#endif
		:: else
		fi;
		x = 0;
		goto running
	};

nothing:	/* gort_idle() */
	atomic {
		LOCKED(HERE);
#ifndef NO_STOP_IDLE	/* does not look whether the P is wanted */
		LOAD(HERE, STOP, x);
		if
		:: x -> x = 0; unlock(HERE); goto find
		:: else
		fi;
#endif
		x = spinning[me];
		spinning[me] = false;
		p_idle(HERE);
		pm = NOBODY;
		pooled[me] = true;
		unlock(HERE)
	};
	if
	:: atomic { x && RELAXED(HERE) -> x = 0; nspin-- }
	:: !x
	fi;
	atomic {
		MB(HERE);
		LOAD(HERE, SIZE, x);
		if
		:: x -> x = 0; goto work
		:: else
		fi
	};
	if
	:: mem[RING1] == 0 -> goto acquire
	:: mem[RING1] > 0
	fi;
work:
	atomic {
		LOCKED(HERE);
		if
		:: idle -> p_busy(HERE); startm(me, true); nspin++
		:: else
		fi;
		unlock(HERE);
		goto acquire
	}
}

#undef me

#define ON_STACK(m)	(curg == m && M[m]@running)

active proctype tick()
{
	byte x;

resting:
	do
	/* a G runs: look for a loss, and ask it, or not */
	:: atomic {
			curg != NOBODY ->
			lost = (ON_STACK(0) || ON_STACK(1)) && !locked[curg] &&
			       preempt[curg] && !armed[curg];
			assert(!lost);
			if
			:: preempt[curg] = true; armed[curg] = true
			:: true
			fi
		}
	/* one is in a call: ask it, */
	:: atomic { mem[SYSM] != 0 && !held -> preempt[mem[SYSM] - 1] = true }
	/* or take the P, if another M sleeps */
	:: atomic {
			mem[SYSM] != 0 && ORDERED(HERE) && !held &&
			(pooled[0] || pooled[1]) ->
			held = true;
			mem[SYSM] = 0;
			handoffp(HERE)
		};
		look_again(HERE)
	od
}

active proctype other()
{
	byte x;

resting:
	if
	:: atomic { dead > 0 -> dead-- };
		globput(THERE);
		wakep(THERE);
		goto resting
	:: atomic { PUSHES && dead > 0 -> dead--; STORE(THERE, RING1, 0) };
		wakep(THERE);
		goto resting
	:: atomic { asking = true; STORE(THERE, STOP, true) }
	fi;
take:
#ifdef PLAIN_TAKE	/* looks and writes, but does not exchange */
	atomic { LOCKED(THERE); x = mem[SYSM] };
	atomic {
		EMPTY(THERE);
		if
		:: x -> x = 0; mem[SYSM] = 0; pm = NOBODY
		:: else
		fi;
#else
	atomic {
		LOCKED(THERE);
		if
		:: mem[SYSM] && ORDERED(THERE) -> mem[SYSM] = 0; pm = NOBODY
		:: mem[SYSM] == 0
		fi;
#endif
		if
		:: pm == NOBODY -> p_busy(THERE); taken = true
		:: else
		fi;
		unlock(THERE)
	};
	/* gort_preemptone(): an interrupt to the P's CPU, and back */
	atomic {
		MB(THERE);
		if
		:: taken -> goto has
		:: else
		fi;
#ifndef NO_ASK		/* waits without asking */
		if
		:: curg != NOBODY -> preempt[curg] = true; armed[curg] = true
		:: else
		fi
#endif
	};
waiting:
	if
	:: taken
	:: atomic { true; goto take }
	fi;
has:
	atomic {
		taken;
		owners = (pm != NOBODY || curg != NOBODY);
		assert(!owners);
		asking = false;
		stopped = true
	};
	/* gort_p_give() */
	atomic { stopped = false; STORE(THERE, STOP, false) };
	atomic { LOCKED(THERE); handoffp(THERE) };
	look_again(THERE);
	goto resting
}

/* Is the P to get an M that is made? Which is one that sleeps by now. */
#define WAITS	(pm == NOBODY && !taken && !idle && (pooled[0] || pooled[1]))

active proctype maker()
{
end:	do
	:: atomic {
			WAITS && !held ->
			if
			:: pooled[0] -> startm(0, true)
			:: pooled[1] -> startm(1, true)
			fi;
			nspin++
		}
	od
}

active [NCPU] proctype buffers()
{
	byte c = _pid - 5;	/* 2 Ms, tick, other, maker */

end:	do
	:: drain(c)
	od
}

#define SLEEPS(m)	(M[m]@sleeping && !runs[m])
#define IN_G(m)		(M[m]@running || M[m]@calling)
#define SETTLES(m)	(SLEEPS(m) || M[m]@calling || \
			 M[m]@running && !armed[m] && !locked[m])
#define SETTLED		(SETTLES(0) && SETTLES(1) && tick[2]@resting && \
			 !WAITS && EMPTY(HERE) && EMPTY(THERE))
#define ALL_SETTLED	(SETTLED && other[3]@resting)
#define WORK		(mem[SIZE] || mem[RING1] || ring)

active proctype monitor()
{
end:	do
	:: atomic {
			ALL_SETTLED && WORK && pm == NOBODY &&
			(SLEEPS(0) || SLEEPS(1)) ->
			forgotten = true;
			assert(!forgotten)
		}
	:: atomic {
			ALL_SETTLED &&
			(nspin || pm != NOBODY && SLEEPS(pm) ||
			 NG != dead + ring + mem[SIZE] + mem[RING1] +
			       IN_G(0) + IN_G(1)) ->
			miscounted = true;
			assert(!miscounted)
		}
	:: atomic {
			SETTLED && other[3]@waiting && !taken &&
			(M[0]@running || M[1]@running) ->
			unasked = true;
			assert(!unasked)
		}
	od
}

#ifdef LIVE
ltl completes { [] (asking -> <> !asking) }
#endif
