/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort_torture.ko: what its files share.
 *
 * gort_torture_main.c is the map. gort_torture_sched.c, _calls.c, _locks.c,
 * _sync.c and _heap.c are G code, which reaches the functions of gort_torture_kern.c through
 * gort_call() and gort_syscall() alone. The inline functions here are for both.
 */
#ifndef _GORT_TORTURE_H
#define _GORT_TORTURE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/gort.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#define TORT_MAGIC	0x7a6f7274756c6168ULL
#define TORT_SLOTS	256	/* power of two */
#define TORT_OBJS	8	/* objects that one G keeps */
#define TORT_CHAIN	12	/* objects of a chain, at most */
#define TORT_SHARED	32	/* objects that Gs hand to each other */
#define TORT_FINS	256	/* objects with a finalizer, power of two */
#define TORT_DEPTH	2	/* children of children, and no more */
#define TORT_CHILDREN	3	/* of one G at a time */
#define TORT_UNITS	2	/* of the semaphore */

/* Owners of guarded data that are no Gs; those count from 1. */
#define TORT_WHO_IRQ	0xf0000001U
#define TORT_WHO_BH	0xf0000002U
#define TORT_WHO_TASK	0xf0000003U

/* What a G does; in the order of tort_actions[] */
enum tort_action {
	ACT_LOCK,
	ACT_TRYLOCK,
	ACT_SPIN,
	ACT_BH,
	ACT_IRQ,
	ACT_IRQSAVE,
	ACT_RCU,
	ACT_PREEMPT,
	ACT_NEST,
	ACT_STATE,
	ACT_ASK,
	ACT_ALLOC,
	ACT_CHAIN,
	ACT_SHARE,
	ACT_FINALIZER,
	ACT_GC,
	ACT_SYSCALL,
	ACT_SHORT,
	ACT_MUTEX,
	ACT_ASLEEP,
	ACT_GO,
	ACT_BLOCK,
	ACT_YIELD,
	ACT_PAIR,
	ACT_SLEEP,
	ACT_IRQREADY,
	ACT_CANCEL,
	ACT_EXIT,
	ACT_RECURSE,
	ACT_THREAD,
	ACT_LOOP,
	ACT_STW,
	ACT_OWN,
	ACT_UNITS,
	NR_ACTIONS
};

/* What can be wrong; in the order of tort_whats[] */
enum tort_what {
	WHAT_MUTEX,
	WHAT_RCU,
	WHAT_LOST,
	WHAT_YIELDED,
	WHAT_DECLINE,
	WHAT_WORLD,
	WHAT_OBJECT,
	WHAT_DIRTY,
	WHAT_FINALIZER,
	WHAT_SUM,
	WHAT_FRAME,
	WHAT_CANARY,
	WHAT_THREAD,
	WHAT_SHARED_M,
	WHAT_RESULT,
	WHAT_ERRNO,
	WHAT_EARLY,
	WHAT_CLOCK,
	WHAT_COUNTER,
	WHAT_STALL,
	WHAT_STUCK,
	WHAT_ACCOUNT,
	WHAT_UNITS,
	WHAT_EXERCISE,
	NR_WHATS
};

/* Deliberately broken variants; in the order of tort_twins[] */
enum tort_twin {
	TWIN_NONE,
	TWIN_NORESTORE,
	TWIN_NOLOCK,
	TWIN_NOSPIN,
	TWIN_NOBH,
	TWIN_NOIRQ,
	TWIN_NOIRQSAVE,
	TWIN_NOPREEMPT,
	TWIN_NORCU,
	TWIN_NOSTOP,
	TWIN_NOSTOPTASK,
	TWIN_CORRUPT,
	TWIN_HIDDEN,
	TWIN_FINALIZE,
	TWIN_WRONGSUM,
	TWIN_FRAME,
	TWIN_CANARY,
	TWIN_MIGRATE,
	TWIN_RESULT,
	TWIN_NOREADY,
	TWIN_EARLY,
	TWIN_LEAK,
	TWIN_NOOWN,
	TWIN_KEEP,
	TWIN_IDLE,
	NR_TWINS
};

/* Sections, in the order in which they nest */
enum tort_kind {
	KIND_OUTER,		/* two gort locks */
	KIND_INNER,
	KIND_RCU,
	KIND_SPIN,
	KIND_BH,
	KIND_IRQ,
	KIND_IRQSAVE,
	KIND_PREEMPT,		/* last: with PREEMPT_RT the others may sleep */
	NR_KINDS
};

/* Others that exclude, where a kind of section is told */
#define TORT_MUTEX	(NR_KINDS + 0)	/* the kernel's */
#define TORT_OWN	(NR_KINDS + 1)	/* gort's */
#define TORT_SEM	(NR_KINDS + 2)

/**
 * struct tort_guard - data that a lock protects
 * @owner: who is inside, 0: nobody
 * @a: times that somebody went in
 * @b: times that somebody came out
 */
struct tort_guard {
	u32 owner;
	u64 a;
	u64 b;
};

/**
 * struct tort_obj - an object of the heap
 * @next: another one, which this one keeps
 * @magic: TORT_MAGIC, mixed with @key
 * @key: what @fill is made from
 * @words: length of @fill
 * @fin: index of its finalizer's record plus one, 0: it has none
 * @fill: checked
 */
struct tort_obj {
	struct tort_obj *next;
	u64 magic;
	u64 key;
	u32 words;
	u32 fin;
	u64 fill[];
};

/**
 * struct tort_g - one G of the test
 * @head: TORT_MAGIC, mixed with @id
 * @parent: who waits for it, or NULL
 * @g: itself, with a reference, once it runs
 * @rng: state of its random numbers
 * @progress: actions done
 * @now: the clock when it last looked
 * @id: from 1
 * @slot: its beat
 * @action: what it does
 * @job: enum tort_job of a child
 * @depth: of a child, from 1
 * @share: it belongs to the main context
 * @left: children that have not ended
 * @turn: whose turn it is, of two Gs
 * @fired: its timer's interrupt has come
 * @soft: that is to be a softirq
 * @over: it has ended
 * @locked: the task that it stays on, or NULL
 * @locked_gen: changes of the set of Ps when that was looked up
 * @timer: wakes it
 * @objs: objects that it keeps
 * @tail: as @head
 */
struct tort_g {
	u64 head;
	struct tort_g *parent;
	struct gort_g *g;
	u64 rng;
	u64 progress;
	u64 now;
	u32 id;
	u32 slot;
	u32 action;
	u32 job;
	u32 depth;
	bool share;
	bool soft;
	bool over;
	u32 turn;
	u32 fired;
	atomic_t left;
	void *locked;
	int locked_gen;
	struct hrtimer timer;
	struct tort_obj *objs[TORT_OBJS];
	u64 tail;
};

/**
 * struct tort_failure - the first thing that was wrong
 * @set: somebody has found it
 * @ready: it is filled in
 * @what: enum tort_what
 * @id: the G, 0: none
 * @action: what that did
 * @a: depends on @what
 * @b: the same
 */
struct tort_failure {
	atomic_t set;
	bool ready;
	u32 what;
	u32 id;
	u32 action;
	u64 a;
	u64 b;
};

/**
 * struct tort_act - an action
 * @name: for parameters and reports
 * @fn: does it; G code
 * @weight: how often, by default
 */
struct tort_act {
	const char *name;
	void (*fn)(struct tort_g *t);
	unsigned int weight;
};

/* gort_torture_main.c */
extern struct gort_ctx *tort_ctx;
extern const struct tort_act tort_actions[NR_ACTIONS];
extern unsigned int tort_weights[NR_ACTIONS];
extern unsigned int tort_weight_sum;
extern bool tort_beside;
extern unsigned int tort_twin;
extern unsigned int tort_nworkers;
extern struct tort_g *tort_workers;
extern u64 tort_seed;
extern u64 tort_loops_per_ms;
extern bool tort_stop;
extern bool tort_quiet;
extern struct tort_failure tort_failure;
extern u32 tort_beats[TORT_SLOTS];
extern atomic_t tort_last_id;
extern atomic_long_t tort_counts[NR_ACTIONS];
extern atomic_long_t tort_kinds[NR_KINDS];
extern atomic_long_t tort_spawned;
extern atomic_long_t tort_ended;
extern atomic_t tort_live;

/* gort_torture_report.c */
extern const char * const tort_twins[NR_TWINS];
void tort_report_begin(void);
void tort_report_stats(void);
void tort_report_stall(void);
u64 tort_lost(void);
bool tort_missing(char *buf, size_t size);
void tort_describe(char *buf, size_t size);

/* gort_torture_kern.c: for gort_call() and gort_syscall() */
extern void (*const tort_raw_preempt_off)(void);
extern void (*const tort_raw_preempt_on)(void);
long tort_k_peek(void *word);
long tort_k_cpu(void *unused);
long tort_k_where(void *t);
long tort_k_sleep(void *us);
long tort_k_delay(void *us);
long tort_k_mutex(void *t);
long tort_k_sync(void *unused);
long tort_k_timer_start(void *t);
long tort_k_timer_cancel(void *t);

/* gort_torture_threads.c */
extern atomic_t tort_changes_begun;
extern atomic_t tort_changes_done;
extern wait_queue_head_t tort_wait;
int tort_threads_start(void);
unsigned int tort_threads_left(void);
void tort_threads_stop(void);
bool tort_thread_idle(char *buf, size_t size);
void tort_thread_names(char *buf, size_t size);

/* gort_torture_param.c */
int tort_param_set(const char *name, const char *value);
void tort_params_save(void);
void tort_params_restore(void);
void tort_params_change(u64 *rng);

/* gort_torture_locks.c */
extern struct tort_guard tort_guards[NR_KINDS];
extern struct gort_lock tort_outer;
extern spinlock_t tort_spin, tort_bh, tort_irq, tort_irqsave;
extern struct tort_rcu *tort_rcu;
extern u32 *tort_cpu_owner;
void tort_act_lock(struct tort_g *t);
void tort_act_trylock(struct tort_g *t);
void tort_act_spin(struct tort_g *t);
void tort_act_bh(struct tort_g *t);
void tort_act_irq(struct tort_g *t);
void tort_act_irqsave(struct tort_g *t);
void tort_act_rcu(struct tort_g *t);
void tort_act_preempt(struct tort_g *t);
void tort_act_nest(struct tort_g *t);
void tort_act_state(struct tort_g *t);
void tort_act_ask(struct tort_g *t);

/**
 * struct tort_rcu - what readers in RCU sections look at
 * @magic: TORT_MAGIC until a grace period after it was replaced
 */
struct tort_rcu {
	u64 magic;
};

/* gort_torture_sync.c */
extern struct gort_mutex tort_own;
extern struct gort_sem tort_units;
extern struct tort_guard tort_own_data;
extern atomic_t tort_inside;
void tort_act_own(struct tort_g *t);
void tort_act_units(struct tort_g *t);
bool tort_all_there(void);

/* gort_torture_heap.c */
extern struct tort_obj *tort_shared[TORT_SHARED];
extern atomic_long_t tort_finalized;
extern atomic_long_t tort_objects;
void tort_act_alloc(struct tort_g *t);
void tort_act_chain(struct tort_g *t);
void tort_act_share(struct tort_g *t);
void tort_act_finalizer(struct tort_g *t);
void tort_act_gc(struct tort_g *t);
struct tort_g *tort_child_alloc(void);

/* gort_torture_calls.c */
void tort_block(struct tort_g *t, u64 us);
void tort_act_syscall(struct tort_g *t);
void tort_act_short(struct tort_g *t);
void tort_act_mutex(struct tort_g *t);
void tort_act_asleep(struct tort_g *t);
void tort_act_recurse(struct tort_g *t);
void tort_act_thread(struct tort_g *t);
void tort_act_loop(struct tort_g *t);

/* gort_torture_sched.c */
void tort_check(struct tort_g *t);
void tort_g_init(struct tort_g *t, struct tort_g *parent, bool share);
void tort_worker(void *arg);
void tort_hook(int site);
void tort_at_bottom(struct tort_g *t);
int tort_errno(struct tort_g *t, int err);
u64 tort_clock(struct tort_g *t);
void tort_world_note(void);
bool tort_world_stands(u32 slot);
void tort_act_go(struct tort_g *t);
void tort_act_block(struct tort_g *t);
void tort_act_yield(struct tort_g *t);
void tort_act_pair(struct tort_g *t);
void tort_act_sleep(struct tort_g *t);
void tort_act_irqready(struct tort_g *t);
void tort_act_cancel(struct tort_g *t);
void tort_act_exit(struct tort_g *t);
void tort_act_stw(struct tort_g *t);

static inline bool tort_is(enum tort_twin twin)
{
	return unlikely(tort_twin == twin);
}

static inline bool tort_stopping(void)
{
	return READ_ONCE(tort_stop);
}

/* @t has found that something is wrong; the first one counts. */
static inline void tort_fail(const struct tort_g *t, enum tort_what what,
			     u64 a, u64 b)
{
	struct tort_failure *f = &tort_failure;

	if (atomic_cmpxchg(&f->set, 0, 1))
		return;
	f->what = what;
	f->id = t ? t->id : 0;
	f->action = t ? t->action : NR_ACTIONS;
	f->a = a;
	f->b = b;
	smp_store_release(&f->ready, true); /* pairs with the report's */
	WRITE_ONCE(tort_stop, true);
}

/* Numbers that depend on the seed alone, and on who asks how often. */
static __always_inline u64 tort_mix(u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static __always_inline u64 tort_next(u64 *rng)
{
	*rng += 0x9e3779b97f4a7c15ULL;
	return tort_mix(*rng);
}

static __always_inline u32 tort_rand(struct tort_g *t, u32 below)
{
	return (tort_next(&t->rng) >> 32) * below >> 32;
}

static __always_inline bool tort_one_in(struct tort_g *t, u32 n)
{
	return !tort_rand(t, n);
}

/* Somebody goes in, is in, comes out. False: he is not alone. */
static inline bool tort_guard_in(struct tort_guard *d, u32 who)
{
	bool alone = !READ_ONCE(d->owner) &&
		     READ_ONCE(d->a) == READ_ONCE(d->b);

	WRITE_ONCE(d->owner, who);
	WRITE_ONCE(d->a, d->a + 1);
	return alone;
}

static inline bool tort_guard_is(const struct tort_guard *d, u32 who)
{
	return READ_ONCE(d->owner) == who &&
	       READ_ONCE(d->a) == READ_ONCE(d->b) + 1;
}

static inline bool tort_guard_out(struct tort_guard *d, u32 who)
{
	bool alone = tort_guard_is(d, who);

	WRITE_ONCE(d->b, d->b + 1);
	WRITE_ONCE(d->owner, 0);
	return alone;
}

#endif /* _GORT_TORTURE_H */
