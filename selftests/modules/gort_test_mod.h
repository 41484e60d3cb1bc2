/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort_test.ko: what its files share.
 *
 * gort_test_main.c, gort_test_kernel.c and gort_test_loops.c are ordinary kernel
 * code, every other file is G code, which reaches their functions through
 * gort_call() and gort_syscall() alone.
 */
#ifndef _GORT_TEST_MOD_H
#define _GORT_TEST_MOD_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gort.h>
#include <linux/hrtimer.h>
#include <linux/jump_label.h>
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

/* What t_exact does; the latter four also backwards. User space passes these. */
enum t_exact_what {
	T_EXACT_ADD,
	T_EXACT_SUB,
	T_EXACT_REGS,
	T_EXACT_FLAGS,
	T_EXACT_MOVS,
	T_EXACT_STOS,
	T_EXACT_SCAS,
	T_EXACT_CMPS,
	T_EXACT_BACK,
	T_EXACT_LAST = T_EXACT_CMPS | T_EXACT_BACK,
};

/* Bytes of an operand, at least: room for a word for each pattern of flags */
#define T_EXACT_SMALL	4096

/* General registers but %rsp */
#define T_NR_REGS	15

/**
 * struct t_exact - one task of t_exact
 * @what: enum t_exact_what
 * @round: which one it is
 * @n: steps of what has no operands in memory
 * @len: bytes of each operand, a multiple of 8
 * @a: first operand
 * @b: second one
 * @to: what comes out; a guard of a word on either side
 * @area: where they are
 * @carry: all ones if the sum has one
 * @byte: what is stored or looked for
 * @at: where it is, or where the operands differ
 * @si: where %rsi ended, from the operand's beginning
 * @di: the same of %rdi
 * @left: %rcx at the end
 */
struct t_exact {
	u64 what;
	u64 round;
	u64 n;
	u64 len;
	u64 *a;
	u64 *b;
	u64 *to;
	void *area;
	u64 carry;
	u8 byte;
	u64 at;
	s64 si;
	s64 di;
	u64 left;
};

/* t_loops_end: why the loops ended */
#define T_LOOPS_USER	1
#define T_LOOPS_FUSE	2	/* nobody ended them in time */

/* gort_test_loops.c */
extern u32 t_loops_end;
DECLARE_STATIC_KEY_TRUE(t_loops_key);
void t_loops_init(void);
void t_loops_exit(void);
long t_k_loops_fuse(void *ms);
long t_k_burn(void *ns);
long t_k_rounds(void *n);
long t_k_big(void *size);
long t_k_big_free(void *p);
long t_k_exact_begin(void *exact);
long t_k_exact_wrong(void *exact);
long t_k_exact_end(void *exact);

/**
 * struct t_lonely - what a G of t_wait_one() waits for
 * @t: its timer; fired: it may end
 * @elsewhere: it starts another G in another context
 */
struct t_lonely {
	struct t_timer t;
	bool elsewhere;
};

/* gort_test_main.c */
extern struct gort_ctx *t_ctx;
extern struct gort_ctx *t_small_ctx;
extern struct gort_lock t_shared_lock;
extern u64 t_shared_count;

long t_k_alloc(void *size);
long t_k_free(void *p);
long t_k_locks_init(void *locks);
long t_k_take(void *lock);
long t_k_release(void *lock);
long t_k_sleep(void *ns);
long t_k_other_ticks(void *unused);
long t_k_cpu(void *unused);
long t_k_state(void *unused);
long t_k_disturb(void *what);
long t_k_timer_init(void *timer);
long t_k_timer_start(void *timer);
long t_k_timer_cancel(void *timer);
long t_k_hold(void *hold);
long t_k_hold_root(void *obj);
long t_k_gc(void *unused);
long t_k_gort_alloc(void *size);
long t_k_finalizer(void *obj);
long t_k_write(void *unused);

/* gort_test_preempt.c: small frame, passes the check in its prologue */
void t_check(void);

/* gort_test_preempt.c */
struct t_locks *t_locks_new(void);
void t_open(struct t_locks *l, unsigned int kind);
void t_close(struct t_locks *l, unsigned int kind);
void t_site_hook(int site);
void t_nothing(void *grp);
int t_restore(const u64 *args, u64 *result);
int t_hold(const u64 *args, u64 *result);
int t_site(const u64 *args, u64 *result);
int t_turns(const u64 *args, u64 *result);

/* gort_test_steps.c */
bool t_step_hook(int site);
int t_step(const u64 *args, u64 *result);
int t_once(const u64 *args, u64 *result);
int t_enter(const u64 *args, u64 *result);
int t_share(const u64 *args, u64 *result);
int t_meet(const u64 *args, u64 *result);
int t_announce(const u64 *args, u64 *result);
int t_stops(const u64 *args, u64 *result);

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
int t_waits(const u64 *args, u64 *result);

/* gort_test_sched.c */
int t_spawn_in(struct gort_ctx *ctx, struct t_group *grp, gort_fn_t fn,
	       void *arg);
int t_spawn(struct t_group *grp, gort_fn_t fn, void *arg);
void t_child_done(struct t_group *grp, int error);
int t_join(struct t_group *grp);
int t_parallel(const u64 *args, u64 *result);
int t_steal(const u64 *args, u64 *result);
int t_poll(const u64 *args, u64 *result);
int t_late(const u64 *args, u64 *result);
int t_pairs(const u64 *args, u64 *result);
int t_irqready(const u64 *args, u64 *result);

/* gort_test_async.c */
void t_loop_g(void *unused);
u64 t_rounds(u64 n);
int t_loop(const u64 *args, u64 *result);
int t_roam(const u64 *args, u64 *result);
int t_exact(const u64 *args, u64 *result);
int t_outside(const u64 *args, u64 *result);
int t_inside(const u64 *args, u64 *result);
int t_depths(const u64 *args, u64 *result);

/* gort_test_misuse.c */
int t_park(const u64 *args, u64 *result);
int t_cap(const u64 *args, u64 *result);
int t_misuse(const u64 *args, u64 *result);
int t_badcall(const u64 *args, u64 *result);
int t_leave(const u64 *args, u64 *result);
int t_neutral(const u64 *args, u64 *result);
int t_uselock(const u64 *args, u64 *result);
void t_sleeper(void *arg);

/**
 * struct t_watch - what finalizers of a kind of objects tell
 * @runs: how often one has run
 * @bad: how often it found its object changed
 */
struct t_watch {
	atomic_t runs;
	atomic_t bad;
};

#define T_WATCHES	2

/**
 * struct t_hold - one trial of t_survive; not in the heap
 * @hidden: all bits turned round: where to the holder points
 * @state: 1 while the object is held; assembly knows where it is
 * @stop: the holder is to let go
 * @how: enum t_how
 * @g: the holder, a reference
 * @w: tells of the object
 * @grp: the holder and its parent
 */
struct t_hold {
	u64 hidden;
	u32 state;
	bool stop;
	u64 how;
	struct gort_g *g;
	struct t_watch *w;
	struct t_group grp;
};

/* gort_test_heap.c */
int t_sizes(const u64 *args, u64 *result);
int t_refused(const u64 *args, u64 *result);
int t_fill(const u64 *args, u64 *result);
int t_churn(const u64 *args, u64 *result);
int t_comb(const u64 *args, u64 *result);

/* gort_test_gc.c */
extern struct t_watch t_watches[T_WATCHES];
extern u64 t_roots[16];
int t_survive(const u64 *args, u64 *result);
int t_fin(const u64 *args, u64 *result);
int t_crowd(const u64 *args, u64 *result);
int t_gc(const u64 *args, u64 *result);

/* gort_test_dead.c */
int t_alone(const u64 *args, u64 *result);
int t_couple(const u64 *args, u64 *result);
int t_family(const u64 *args, u64 *result);
int t_widow(const u64 *args, u64 *result);
int t_orphan(const u64 *args, u64 *result);
int t_ring(const u64 *args, u64 *result);
void t_lonely(void *arg);

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
