/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What gort_test_kernel.c, ordinary kernel code, and the G code that runs its
 * functions by gort_call() and gort_syscall() share.
 */
#ifndef _GORT_TEST_KERNEL_H
#define _GORT_TEST_KERNEL_H

#include "gort_test_mod.h"

/* What has to happen has happened after this, on any machine */
#define T_PATIENCE_NS	(10ULL * NSEC_PER_SEC)

/* How G code runs a function that blocks */
enum t_how {
	T_CALL,			/* gort_call(), unannounced */
	T_SYSCALL,		/* gort_syscall() */
	T_HOW_LAST = T_SYSCALL,
};

/* gort_test_kernel.c */
extern bool t_gate_is_open;
extern bool t_gate_calls;
extern atomic_t t_gate_waiting;
extern atomic_t t_passed;
extern atomic64_t t_bumps;

int t_kernel_init(void);
void t_kernel_exit(void);
long t_k_gate(void *unused);
long t_k_gate_open(void *open);
long t_k_usleep(void *us);
long t_k_naps(void *n);
long t_k_spin(void *us);
long t_k_pid(void *unused);
long t_k_count(void *n);
long t_k_cpus(void *us);
long t_k_nested_call(void *unused);
long t_k_nested_syscall(void *unused);
long t_k_as_g(void *unused);
long t_k_ready(void *g);
long t_k_go(void *grp);
long t_k_stop(void *us);

/* gort_test_syscall.c */
int t_gate(const u64 *args, u64 *result);
int t_open_gate(const u64 *args, u64 *result);
int t_blocking(const u64 *args, u64 *result);
int t_aftercall(const u64 *args, u64 *result);
int t_exit_call(const u64 *args, u64 *result);
int t_nest(const u64 *args, u64 *result);
int t_sysmisuse(const u64 *args, u64 *result);
int t_within(const u64 *args, u64 *result);
int t_lockcall(const u64 *args, u64 *result);
int t_cpus(const u64 *args, u64 *result);

/* gort_test_stw.c */
int t_bump(const u64 *args, u64 *result);
void t_bump_once(void *unused);
int t_stop(const u64 *args, u64 *result);
int t_stopcall(const u64 *args, u64 *result);
int t_stopreq(const u64 *args, u64 *result);
int t_stopbad(const u64 *args, u64 *result);
int t_spawner(const u64 *args, u64 *result);
int t_heavy(const u64 *args, u64 *result);

/* gort_test_thread.c */
int t_samem(const u64 *args, u64 *result);
int t_nesting(const u64 *args, u64 *result);
int t_toomany(const u64 *args, u64 *result);
int t_beside(const u64 *args, u64 *result);
int t_lockexit(const u64 *args, u64 *result);
int t_lockgate(const u64 *args, u64 *result);
int t_lockhog(const u64 *args, u64 *result);
int t_progress(const u64 *args, u64 *result);
int t_messages(const u64 *args, u64 *result);

/* gort_test_fair.c */
int t_fair(const u64 *args, u64 *result);
int t_gonil(const u64 *args, u64 *result);
int t_hogpair(const u64 *args, u64 *result);

/* gort_test_dive.c: what is at the bottom; user space passes these */
enum t_dive_how {
	T_DIVE_RECV,	/* sleeps in a channel that nobody sends to */
	T_DIVE_GATE,	/* blocks in gort_syscall() until the gate is open */
	T_DIVE_CALL,	/* the same in gort_call(), unannounced */
	T_DIVE_RUN,	/* runs until it is cancelled, calling functions */
	T_DIVE_LOOP,	/* a loop without calls, until "loops" is cleared */
	T_DIVE_SLEEP,	/* has a deadline far away */
	T_DIVE_LAST = T_DIVE_SLEEP,
};

int t_dive(const u64 *args, u64 *result);

static inline long t_do(u64 how, long (*fn)(void *arg), void *arg)
{
	return how == T_CALL ? gort_call(fn, arg) : gort_syscall(fn, arg);
}

#endif /* _GORT_TEST_KERNEL_H */
