/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort_test.ko: what its files share.
 *
 * gort_test_main.c is ordinary kernel code, every other file is G code. G code
 * reaches the functions of gort_test_main.c through gort_call() alone.
 */
#ifndef _GORT_TEST_MOD_H
#define _GORT_TEST_MOD_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gort.h>
#include <linux/hrtimer.h>
#include <linux/types.h>

/* Kinds of sections that t_open() and t_close() know */
#define T_NR_KINDS	17

/* Bytes of a local array that make a frame close to the largest allowed */
#define T_FRAME_LARGE	1984

/* Gs that t_small_ctx can have */
#define T_SMALL_CTX	8

/* Further apart than caller and callee in one segment can be */
#define T_SAME_SEGMENT	4096

/**
 * struct t_locks - the locks of one test, and what is open of them
 * @a: outer lock
 * @b: inner lock
 * @s: spin lock
 * @flags: what gort_spin_lock_irqsave() returned
 */
struct t_locks {
	struct gort_lock a;
	struct gort_lock b;
	spinlock_t s; /* protects nothing */
	unsigned long flags;
};

/**
 * struct t_timer - a timer whose interrupt wakes one G
 * @timer: armed by t_k_timer_start()
 * @g: who is made ready
 * @delay_ns: after how long
 * @fired: interrupts taken so far
 */
struct t_timer {
	struct hrtimer timer;
	struct gort_g *g;
	u64 delay_ns;
	atomic_t fired;
};

/**
 * struct t_group - children that one G waits for
 * @left: how many have not ended
 * @error: the first error among them
 * @parent: who waits
 */
struct t_group {
	atomic_t left;
	atomic_t error;
	struct gort_g *parent;
};

/* gort_test_main.c */
extern struct gort_ctx *t_ctx;
extern struct gort_ctx *t_small_ctx;
extern struct gort_lock t_shared_lock;
extern u64 t_shared_count;

long t_k_alloc(void *size);
long t_k_free(void *p);
long t_k_locks_init(void *locks);
long t_k_cpu(void *unused);
long t_k_state(void *unused);
long t_k_disturb(void *what);
long t_k_timer_init(void *timer);
long t_k_timer_start(void *timer);
long t_k_timer_cancel(void *timer);

/* gort_test_preempt.c: small frame, passes the check in its prologue */
void t_check(void);

/* gort_test_preempt.c */
struct t_locks *t_locks_new(void);
void t_open(struct t_locks *l, unsigned int kind);
void t_close(struct t_locks *l, unsigned int kind);
void t_site_hook(int site);
int t_restore(const u64 *args, u64 *result);
int t_hold(const u64 *args, u64 *result);
int t_site(const u64 *args, u64 *result);
int t_turns(const u64 *args, u64 *result);

/**
 * struct t_probe - what to do at some depth of the stack
 * @body: called there
 * @bytes: how much stack was asked for below the caller
 * @arg: for @body
 */
struct t_probe {
	int (*body)(struct t_probe *p);
	u64 bytes;
	void *arg;
};

/* gort_test_frames.c */
int t_pad(struct t_probe *p, u64 bytes);
int t_frames(const u64 *args, u64 *result);

/* gort_test_stack.c */
int t_edge(const u64 *args, u64 *result);
int t_split(const u64 *args, u64 *result);
int t_mutual(const u64 *args, u64 *result);
int t_deep(const u64 *args, u64 *result);
int t_regs(const u64 *args, u64 *result);

/* gort_test_sched.c */
int t_spawn(struct t_group *grp, gort_fn_t fn, void *arg);
void t_child_done(struct t_group *grp, int error);
int t_join(struct t_group *grp);
int t_parallel(const u64 *args, u64 *result);
int t_steal(const u64 *args, u64 *result);
int t_poll(const u64 *args, u64 *result);
int t_late(const u64 *args, u64 *result);
int t_pairs(const u64 *args, u64 *result);
int t_irqready(const u64 *args, u64 *result);

/* gort_test_misuse.c */
int t_park(const u64 *args, u64 *result);
int t_cap(const u64 *args, u64 *result);
int t_misuse(const u64 *args, u64 *result);
int t_badcall(const u64 *args, u64 *result);
int t_leave(const u64 *args, u64 *result);
int t_neutral(const u64 *args, u64 *result);
int t_uselock(const u64 *args, u64 *result);
void t_sleeper(void *arg);

static inline void *t_alloc(size_t size)
{
	return (void *)gort_call(t_k_alloc, (void *)size);
}

static inline void t_free(void *p)
{
	gort_call(t_k_free, p);
}

static inline int t_cpu(void)
{
	return gort_call(t_k_cpu, NULL);
}

/* Where the stack is now; enough to see whether a call changed segments. */
static __always_inline unsigned long t_sp(void)
{
	unsigned long sp;

	asm volatile("movq %%rsp, %0" : "=r" (sp));
	return sp;
}

/* A cheap generator: tests repeat with the same seed. */
static __always_inline u32 t_rand(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

#endif /* _GORT_TEST_MOD_H */
