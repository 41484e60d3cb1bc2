/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort's own structures, and what each file offers to the others.
 *
 * Locks, each with the letter that marks the fields it protects:
 *
 *   W	gort_world	which Ps are in use, and stops of the world (a
 *			semaphore: a G may get it on one M and give it back on
 *			another)
 *   H	gort_heaps.lock	what is free in the heaps, spans, roots, finalizers
 *   X	ctxs_mutex	the list of contexts, the order of their Gs (gort_ctx.c)
 *   C	ctx->lock	a context's list of Gs
 *   S	sched.lock	raw, interrupts off; global queue, who has which P
 *   K	cache->lock	a P's cached stack segments
 *   Q	an object's	raw, interrupts off; who waits for a channel, a lock ...
 *			(gort_wait.c)
 *   U	users_lock	users and their files (gort_user.c)
 *   E	helper.lock	raw, interrupts off; who waits for completions
 *			(gort_event.c)
 *
 * Order: the kernel's lock on CPU hotplug, W, H, X, C, E, Q, S, below which are
 * only the locks that wake_up_process() takes; K and U are leaves.
 *
 * Other letters:
 *
 *   I	set when the object is made, then constant
 *   O	only the M that holds the P (for a G: the M that runs it)
 *   T	only the tick of the P, in hard interrupt context
 *   A	atomic, or READ_ONCE()/WRITE_ONCE() with the protocol at its user
 */
#ifndef _GORT_H
#define _GORT_H

#include <linux/gort.h>
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "gort_asm.h"
#include "gort_compat.h"
#include "gort_fail.h"

/* Above any stack pointer: the next check takes the slow path. As in Go. */
#define GORT_STACK_PREEMPT	((unsigned long)-1314)

#define GORT_RUNQ_SIZE		256	/* power of two */
#define GORT_GLOBAL_TICK	61	/* look at the global queue every so often */
#define GORT_SECTIONS		8	/* open ones that an M remembers */
#define GORT_NEST_MAX		65535	/* gort_lock_thread() in itself */

/*
 * The guard is what a function may use without asking: a small frame, the
 * frames of this module's entry points above g0, and an interrupt with the
 * preemption of the M on top; Documentation/design.rst has the measurement.
 */
#if defined(CONFIG_KASAN) || defined(CONFIG_PROVE_LOCKING) || defined(CONFIG_KCSAN)
#define GORT_GUARD		8192UL
#define GORT_SEG_SMALL		(4 * PAGE_SIZE)
#define GORT_SEG_BIG		(8 * PAGE_SIZE)
#else
#define GORT_GUARD		2048UL
#define GORT_SEG_SMALL		PAGE_SIZE
#define GORT_SEG_BIG		(4 * PAGE_SIZE)
#endif

/**
 * struct gort_seg - a piece of stack, in its own vmalloc area, at its top
 * @lo: lowest byte of the area; I
 * @prev: segment that this one continues; O
 * @next: segment that continues this one, kept when the stack returns; O.
 *	Also links cached segments; K
 * @tag: whose memory it is charged to; I
 * @left: stack pointer when the stack went on to @next; O
 * @spare: memory of a G that has ended, kept for the next one that starts here,
 *	or NULL; K
 * @big: of size GORT_SEG_BIG; I
 */
struct gort_seg {
	unsigned long lo;
	struct gort_seg *prev;
	struct gort_seg *next;
	u64 tag;
	unsigned long left;
	struct gort_g *spare;
	bool big;
};

/* What the M does for a G that has just left its stack */
enum gort_action {
	GORT_ACT_PREEMPT,	/* to the global queue */
	GORT_ACT_ASYNC,		/* the same, by an injected call */
	GORT_ACT_YIELD,		/* to the end of the local queue */
	GORT_ACT_PARK,		/* asleep, unless readied meanwhile */
	GORT_ACT_EXIT,		/* never again */
	GORT_ACT_BLOCKED,	/* back from a blocking call; the M has no P */
};

/* gort_g.wait: the permit, so that no wake-up is lost */
enum gort_permit {
	GORT_PERMIT_NONE,
	GORT_PERMIT_PARKED,
	GORT_PERMIT_GIVEN,	/* the next park returns at once */
};

/**
 * struct gort_g - a green thread
 * @stackguard0: what prologues compare with: @stackguard, or
 *	GORT_STACK_PREEMPT; as @preempt, written in gort_preempt.c alone
 * @stackguard: true limit of the current segment; O
 * @sp: stack pointer while it does not run, or calls something on g0; O
 * @stack_lo: lowest byte of the current segment; O
 * @stack_hi: byte after its stack; O
 * @m: the M that runs it, or ran it last; O
 * @cpu: the CPU of that M, or -1; O, read without
 * @call: function of the blocking call that it is in, or NULL; O and the tick,
 *	read without
 * @since: jiffies when it went to sleep, or into that call; as @call
 * @async_ip: where the injected call returns to; the tick until that begins,
 *	then O
 * @text: the G code that it runs, where calls may be injected; I
 * @preempt: it is to yield as soon as it may; O and interrupts on its CPU
 * @lost_seen: this request was counted as lost; as @preempt
 * @unheard: the last tick left a request that is armed; as @preempt
 * @named: the watchdog has named it for this request; as @preempt
 * @asked_ns: how long it has run since the request, as ticks saw; as @preempt
 * @cancelled: it is to end; A
 * @wait: enum gort_permit; A
 * @seg: current segment; O
 * @schedlink: next in the global queue; S
 * @fn: body; I
 * @body: what messages call it: its body, or that of its workload; I
 * @arg: its argument; I
 * @done: called on the M when the G has left its stack for good; I
 * @owner: module whose code it runs, a reference, or NULL; I
 * @status: 0, or why it was ended early; O
 * @ctx: whom it belongs to; I
 * @ctx_node: in the context's list, or alone when it has ended; C, read without
 * @id: for messages; I
 * @wait_reason: why it sleeps; A
 * @dozes: it sleeps, but something outside its context is sure to wake it, as
 *	@timer: counts as awake; O, or the waker while it sleeps
 * @ended: it has left its stack for good; O, read without
 * @timer: wakes it; O
 * @events: in whose queues it is (gort_event.c), innermost first; O
 * @child: what it is to the group that it belongs to, or NULL; O
 * @groups: groups on its stack that have or had children, innermost first; O
 * @ref: one for its life, one for each gort_get(); A
 * @stats: what happened to it; O
 * @stack_now: bytes of stack it has; O
 * @callret: what the function returned that it called; O
 * @lockcount: how often it asked to stay on its M; O
 * @lockedm: the M that it stays on; S
 * @held: what it has to give back before it ends (gort_wait.c); O
 *
 * What each switch needs comes first, in two cache lines.
 */
struct gort_g {
	unsigned long stackguard0;
	unsigned long stackguard;
	unsigned long sp;
	unsigned long stack_lo;
	unsigned long stack_hi;
	struct gort_m *m;
	struct gort_seg *seg;
	struct gort_ctx *ctx;
	bool preempt;
	bool lost_seen;
	bool unheard;
	bool named;
	bool cancelled;
	bool dozes;
	bool ended;
	int cpu;
	u32 lockcount;
	atomic_t wait;
	u64 id;
	unsigned long since;
	const char *wait_reason;
	struct gort_g *schedlink;
	/* not needed at each switch */
	unsigned long async_ip;
	struct gort_text text;
	void *call;
	u64 asked_ns;
	gort_fn_t fn;
	const void *body;
	void *arg;
	void (*done)(struct gort_g *g);
	struct module *owner;
	int status;
	u32 stack_now;
	long callret;
	struct gort_m *lockedm;
	struct list_head held;
	struct list_head ctx_node;
	struct gort_g_stats stats;
	struct gort_event *events;
	struct gort_child *child;
	struct gort_group *groups;
	refcount_t ref;
	struct hrtimer timer;
};

/**
 * struct gort_section - a section of the kernel's that G code has open
 * @kind: enum section of gort_lock.c
 * @flags: of spin_lock_irqsave()
 * @lock: if it has one
 */
struct gort_section {
	unsigned int kind;
	unsigned long flags;
	spinlock_t *lock;	/* the caller's */
};

/**
 * struct gort_m - a kthread that runs Gs
 * @g0_sp: its own stack's pointer while a G runs; O
 * @p: the P of its CPU, which it runs Gs with when p->m says so; I
 * @task: the kthread; I
 * @locks: runtime locks and open sections; no G yields while not zero; O
 * @mallocing: it allocates; no G yields while not zero; O
 * @gcing: it collects; as @mallocing; O
 * @nsections: those of @locks in which the M must not sleep; O
 * @sections: the first of them; O
 * @spinning: looking for work, counted in sched.nmspinning; O, or the waker
 *	while the M sleeps
 * @action: why the G came back, or @left left; O
 * @left: G that has left its stack for that of the one that runs, which puts it
 *	where it belongs as it comes on (gort_straight.c), or NULL; O
 * @taken: what the G that came back has taken from the queue, or NULL; O
 * @inherits: that goes on in the running slice; O
 * @held: gort_locks held, last first; O
 * @call: function that gort_call() or gort_syscall() runs, or NULL; O, read
 *	without
 * @callg: G whose announced blocking call it is in, or that has come back from
 *	any without the P; O, read by the tick
 * @gid: the number of the G that it runs, or ran last; O, read without
 * @lockedg: the one G that it runs; S, read without by itself
 * @nextg: what to run first when it gets the P; S
 * @leave: it is to end; O
 * @pooled: in p->pool; S
 * @pool_node: place there; S
 * @node: place in p->ms; S
 */
struct gort_m {
	unsigned long g0_sp;
	struct gort_p *p;
	struct task_struct *task;
	u32 locks;
	u32 mallocing;
	u32 gcing;
	u32 nsections;
	bool spinning;
	bool leave;
	bool pooled;
	bool inherits;
	enum gort_action action;
	struct gort_g *left;
	struct gort_g *taken;
	u64 gid;
	struct gort_lock *held;
	struct gort_section sections[GORT_SECTIONS];
	void *call;
	struct gort_g *callg;
	struct gort_g *lockedg;
	struct gort_g *nextg;
	struct list_head pool_node;
	struct list_head node;
};

/**
 * struct gort_gq - Gs in order, linked by schedlink
 * @head: first; S
 * @tail: last, undefined if there is none; S
 * @size: how many; S
 */
struct gort_gq {
	struct gort_g *head;
	struct gort_g *tail;
	unsigned int size;
};

/**
 * struct gort_cache - stack segments kept for reuse
 * @lock: K
 * @top: last in, first out, by size (small, big); K
 * @nr: how many; K, read without for the bound
 */
struct gort_cache {
	raw_spinlock_t lock;
	struct gort_seg *top[2];
	unsigned int nr[2];
};

/**
 * struct gort_p - what it takes to run Gs on one CPU
 * @runqhead: next G to take; A, moved by the owner and by thieves
 * @runqtail: next free slot; O, read by thieves
 * @runnext: runs before the queue, in the time slice of who readied it; A
 * @ctx: whose Gs are in the queue and in @runnext; no reference, see
 *	gort_runq.c. O, set under S while these are empty, or by a thief
 * @turn: counts turns of contexts; O, read by the tick
 * @turntick: @turn at the last tick; T
 * @turnseen: how many ticks in a row have found that one; T
 * @turn_over: the turn of @ctx is to end; A between the M and the tick on its
 *	CPU
 * @schedtick: counts slices begun; O, read by the tick
 * @ticktick: @schedtick at the last tick; T
 * @tickseen: how many ticks in a row have found that one; T
 * @calltick: counts blocking calls; O, read by the tick
 * @callseen: @calltick at the last tick; T
 * @sleepseen: the sleep in which the last tick found an M, by its count; T
 * @ticking: the tick is on; A between the M and the tick on its CPU
 * @active: in use; W, read without by thieves
 * @stop: somebody wants it, its M is to let go; W, read without
 * @taken: who holds W has it; S
 * @rand: state of the order in which it steals; O
 * @cpu: its CPU; I
 * @m: the M that has it, or NULL; S, read without by that M
 * @sysm: @m while it is in a blocking call and anybody may take the P; A
 * @pool: Ms of this CPU that sleep without a P; S
 * @ms: all Ms of this CPU; S
 * @nms: how many; S
 * @locked: ready Gs that stay on an M of this CPU; S, @head read without
 * @allocm: makes an M; I
 * @tick: sysmon's eyes on this P; O
 * @cache: stack segments; K
 * @heap_objects: objects allocated on it, ever; O, read without
 * @stats: counters; O, but @requested, @ticks, @lost, @stuck, @retaken,
 *	@unannounced, @thread_limit: T
 * @runq: the queue
 *
 * What each switch needs comes first, in one cache line.
 */
struct gort_p {
	atomic_t runqhead;
	u32 runqtail;
	struct gort_g *runnext;
	struct gort_ctx *ctx;
	u32 schedtick;
	bool turn_over;
	bool ticking;
	bool stop;
	bool active;
	bool taken;
	unsigned int cpu;
	struct gort_gq locked;
	/* not needed at each switch */
	u32 turn;
	u32 turntick;
	u32 turnseen;
	u32 ticktick;
	u32 tickseen;
	u32 calltick;
	u32 callseen;
	unsigned long sleepseen;
	u32 rand;
	struct gort_m *m;
	struct gort_m *sysm;
	struct list_head pool;
	struct list_head ms;
	unsigned int nms;
	struct work_struct allocm;
	struct hrtimer tick;
	struct gort_cache cache;
	u64 heap_objects;
	struct gort_stats stats;
	struct gort_g *runq[GORT_RUNQ_SIZE];
};

/**
 * struct gort_sched - what all Ps share
 * @lock: S
 * @round: contexts that have Gs in the global queue, in order of their turns; S
 * @turns: counts turns of contexts that others waited beside; S
 * @size: length of the global queue; S, read without to look for work
 * @idle: Ps that nobody has, for lack of work; S, read without
 * @nidle: how many; S, read without
 * @nactive: Ps in use; W, read without
 * @nmspinning: Ms looking for work; A
 * @nr_gs: Gs that exist; A
 * @stats: counters of what did not happen on a P; S
 */
struct gort_sched {
	raw_spinlock_t lock;
	struct list_head round;
	u64 turns;
	unsigned int size;
	struct cpumask idle;
	unsigned int nidle;
	unsigned int nactive;
	atomic_t nmspinning ____cacheline_aligned_in_smp;
	atomic_t nr_gs;
	struct gort_stats stats;
};

/**
 * struct gort_ctx - whom a set of Gs belongs to
 * @node: in the list of contexts; X
 * @lock: C
 * @gs: its Gs; C
 * @nr_gs: how many; C
 * @nr_live: those that have not ended, which the cap is for; A
 * @awake: lower half: those not asleep for good; upper half: how often that
 *	grew; A, see gort_dead.c
 * @told: @awake in the deadlock that was reported last; C
 * @queue: its Gs in the global queue; S
 * @round: in sched.round, if it has some there; S
 * @served: sched.turns when it had its last turn; S
 * @max_gs: cap; I
 * @cancelling: cancels of all of them under way; C
 * @cancelled: takes no new Gs; C
 * @watched: if all are asleep it is a deadlock; A
 * @wait: woken when @nr_gs becomes 0, in a deadlock, and, for a file, when a
 *	task completes; own lock
 * @memcg: pays for its memory, or NULL; I
 * @user: whose open file it is, or NULL; I
 * @text: G code of the module that made it, for Gs started from outside; I
 * @heap: what its Gs allocated, made for the first of it; H, read without
 * @name: for messages; I
 * @id: for who looks from outside, never reused; I
 * @rcu: frees it
 */
struct gort_ctx {
	struct list_head node;
	spinlock_t lock;	/* C */
	struct list_head gs;
	unsigned int nr_gs;
	atomic_t nr_live;
	atomic64_t awake;
	u64 told;
	struct gort_gq queue;
	struct list_head round;
	u64 served;
	unsigned int max_gs;
	unsigned int cancelling;
	bool cancelled;
	bool watched;
	wait_queue_head_t wait;
	struct mem_cgroup *memcg;
	struct gort_user *user;
	struct gort_text text;
	struct gort_heap *heap;
	char name[GORT_NAME_LEN];
	u64 id;
	struct rcu_head rcu;
};

extern struct gort_sched gort_sched;
extern struct gort_g gort_nog;	/* current where no G runs; never asked */

DECLARE_PER_CPU(struct gort_g *, gort_curg);
DECLARE_PER_CPU(struct task_struct *, gort_mtask);

/* Module parameters (gort_main.c) */
extern unsigned int gort_slice_us;
extern unsigned int gort_stack_max;
extern unsigned int gort_stack_cache;
extern bool gort_stack_paint;
extern bool gort_async_on;
extern unsigned int gort_watchdog_ms;
extern unsigned long gort_heap_max;
extern unsigned long gort_gc_min;
extern unsigned int gort_max_tasks;
extern unsigned int gort_max_tasks_file;
extern unsigned int gort_max_tasks_user;
extern unsigned int gort_max_files_user;
extern unsigned int gort_max_threads;

/*
 * The G that the caller runs in, or NULL: in interrupts, outside an M, and in
 * the scheduler. Only a task that is this CPU's M can match gort_mtask, and
 * that one is pinned: no need to keep the two reads together.
 */
static inline struct gort_g *gort_getg(void)
{
	struct gort_g *g;

	if (!gort_in_task() || gort_cpu_read(gort_mtask) != gort_current())
		return NULL;
	g = gort_cpu_read(gort_curg);
	return g == &gort_nog ? NULL : g;
}

/* Is @g's own stack the one in use, and not the M's? */
static inline bool gort_on_gstack(const struct gort_g *g)
{
	unsigned long sp = current_stack_pointer;

	return sp >= g->stack_lo && sp < g->stack_hi;
}

#define gort_warn(g, fmt, ...)						\
	do {								\
		const struct gort_g *warn_g = (g);			\
									\
		pr_warn_ratelimited("G %llu of %s: " fmt, warn_g->id,	\
				    warn_g->ctx->name, ##__VA_ARGS__);	\
	} while (0)

/*
 * Has @g, whose memory is referenced, left its context? If not, and the caller is
 * in an RCU section, the context stays until the end of that: it waits for the
 * last G, and then for RCU. If @g has not even ended, the same is true of the
 * module of its code.
 */
static inline bool gort_gone(const struct gort_g *g)
{
	return list_empty_careful(&g->ctx_node);
}

/*
 * What its owner alone writes, often and without a mark, for others to know of:
 * a count, a size. Any recent value will do, and no decision rests on it.
 */
#define gort_peek(x)	data_race(READ_ONCE(x))

/* Is @g to end, by itself or with its context? */
static inline bool gort_g_cancelled(const struct gort_g *g)
{
	return READ_ONCE(g->cancelled) || READ_ONCE(g->ctx->cancelled);
}

/* Must the G on @m stay there, and the P? */
static inline bool gort_m_busy(const struct gort_m *m)
{
	return m->locks || m->mallocing || m->gcing;
}

/* Is the M as it was before the G came on? */
static inline bool gort_is_neutral(const struct gort_m *m)
{
	return !gort_m_busy(m) && !preempt_count() && !irqs_disabled() &&
	       !gort_bh_count() && !rcu_preempt_depth();
}

/* Is there nothing in the M's own queue? Of another M: was there nothing? */
static inline bool gort_runqempty(const struct gort_p *p)
{
	return atomic_read(&p->runqhead) == READ_ONCE(p->runqtail) &&
	       !READ_ONCE(p->runnext);
}

/* gort_switch.S */
void gort_switch(unsigned long *save, unsigned long load);
unsigned long gort_on_g0(unsigned long a, unsigned long b, unsigned long c,
			 unsigned long (*fn)(unsigned long a, unsigned long b,
					     unsigned long c),
			 unsigned long g0_sp, unsigned long *save);
void gort_gogo(unsigned long sp);
void gort_gentry(void);
void gort_morestack(void);
void gort_lessstack(void);
void gort_async(void);
void gort_on_g0_over(void);
void gort_gentry_over(void);
void gort_morestack_over(void);
void gort_async_over(void);

/* gort_preempt.c */
void gort_guard_reset(struct gort_g *g);
bool gort_decide(struct gort_g *g);
void gort_check(struct gort_g *g);
void gort_restore(struct gort_g *g, int site);
void gort_preemptone(struct gort_p *p);
bool gort_interrupted(const struct gort_g *g);
void gort_tick_init(struct gort_p *p);
void gort_tick_start(struct gort_p *p);
void gort_tick_stop(struct gort_p *p);
void gort_tick_changed(void);
void gort_request_blocked(struct gort_g *g, struct gort_p *p);
void gort_request_current(void);
void gort_run_site_hook(int site);
DECLARE_STATIC_KEY_TRUE(gort_restore_key);
DECLARE_STATIC_KEY_FALSE(gort_hook_key);

/* Step 5 of the protocol there: @g is about to come on. */
static inline void gort_forget_request(struct gort_g *g)
{
	/* what belongs to a request is as it is for a new G, if there was none */
	if (likely(!g->preempt))
		return;
	WRITE_ONCE(g->preempt, false);
	g->lost_seen = false;
	g->unheard = false;
	g->named = false;
	g->asked_ns = 0;
	gort_guard_reset(g);
}

/* gort_async.c */
void gort_unanswered(struct gort_p *p, struct gort_g *g, u64 tick_ns);
void gort_async_leave(struct gort_g *g);

/*
 * From here to gort_releasem() the G is not made to yield; a request that it
 * meets meanwhile is declined.
 */
static inline void gort_acquirem(struct gort_g *g)
{
	g->m->locks++;
	barrier();
}

/*
 * The same where G code calls this module. Functions in G code look for a
 * request when they are entered, so this does: a loop that calls nothing else
 * yields too. Afterwards the G may be on another M.
 */
static inline void gort_enter(struct gort_g *g)
{
	if (unlikely(READ_ONCE(g->preempt)))
		gort_check(g);
	gort_acquirem(g);
}

/*
 * The one way out of a section. The request is restored before the count goes
 * down, so that "no locks, and a request pending but not armed" is never true,
 * not even for the tick: that state is what counts as lost.
 */
static inline void gort_releasem(struct gort_g *g, int site)
{
	struct gort_m *m = g->m;

	barrier();
	if (m->locks == 1 && unlikely(READ_ONCE(g->preempt)))
		gort_restore(g, site);
	barrier();
	m->locks--;
}

/* A test's function in G code, inside the section of @site. */
static inline void gort_at_site(struct gort_g *g, int site)
{
	if (static_branch_unlikely(&gort_hook_key) && gort_on_gstack(g))
		gort_run_site_hook(site);
}

/* gort_stack.c */
int gort_stack_init(void);
void gort_stack_exit(void);
struct gort_seg *gort_stack_get(struct gort_ctx *ctx, struct gort_p *p);
void gort_stack_start(struct gort_g *g, struct gort_seg *s);
void gort_stack_unget(struct gort_seg *s, struct gort_p *p);
void gort_stack_free(struct gort_g *g, struct gort_p *p);
bool gort_stack_spare(struct gort_g *g, u64 tag, struct gort_p *p);
void gort_stack_refill(struct gort_p *p);
unsigned int gort_cache_trim(struct gort_cache *c, unsigned int keep);
void gort_stack_cache_changed(void);
unsigned long gort_newstack(struct gort_g *g, unsigned long frame,
			    unsigned long args, unsigned long bp);
void gort_oldstack(struct gort_g *g);
unsigned long gort_guard_used(void);
unsigned long gort_segs(bool big);

/* gort_runq.c */
void gort_globrunqput(struct gort_g *g);
void gort_globrunqput_locked(struct gort_g *g);
struct gort_g *gort_globrunqget(struct gort_p *p, unsigned int max, bool turn);
bool gort_turn_wanted(struct gort_p *p);
void gort_turn_end(struct gort_p *p);
void gort_turn_forget(struct gort_ctx *ctx);
struct gort_g *gort_own_locked(const struct gort_p *p);
bool gort_startlockedm(struct gort_p *p);
bool gort_put_locked(struct gort_g *g);
void gort_m_unlock(struct gort_m *m);
void gort_runqput(struct gort_p *p, struct gort_g *g, bool next);
void gort_runqyield(struct gort_p *p, struct gort_g *g);
void gort_runqdrain(struct gort_p *p);
struct gort_g *gort_stealwork(struct gort_p *p);
bool gort_work_anywhere(struct gort_p *self);

/* gort_straight.c */
void gort_mcall(struct gort_g *g, enum gort_action action);
void gort_leave(struct gort_g *g);
void gort_finish(struct gort_g *g, struct gort_g *left);

/* gort_sched.c */
__must_check struct gort_p *gort_wakep(void);
__must_check struct gort_p *gort_wakep_on_m(struct gort_g *g);
void gort_wake(void);
bool gort_handoffp(struct gort_p *p, struct gort_m *sysm);
void gort_submit_global(struct gort_g *g);
void gort_submit_new(struct gort_g *g);
void gort_schedule(struct gort_m *m);
void gort_gmain(struct gort_g *g);
unsigned long gort_systemstack(struct gort_g *g, unsigned long a,
			       unsigned long b, unsigned long c,
			       unsigned long (*fn)(unsigned long a,
						   unsigned long b,
						   unsigned long c));

/* gort_thread.c */
void gort_lockm(struct gort_m *m, struct gort_g *g);
void gort_unlockm(struct gort_m *m, struct gort_g *g);

/* gort_m.c */
void gort_m_init(struct gort_p *p);
void gort_m_exit(void);
void gort_allocm(struct gort_p *p);
bool gort_startm(struct gort_p *p, struct gort_m *m, bool spinning);
void gort_m_pool(struct gort_m *m);
bool gort_m_acquire(struct gort_m *m);
void gort_m_take(struct gort_m *m);
void gort_m_wake_all(struct gort_p *p);
bool gort_m_limit(const struct gort_p *p);

/* gort_proc.c */
int gort_proc_init(void);
void gort_proc_exit(void);
int gort_procs_set(unsigned int n);
void gort_procs_sleep(bool asleep);
struct gort_p *gort_p_of(unsigned int cpu);
bool gort_p_busy(struct gort_p *p);
void gort_p_idle(struct gort_p *p);
void gort_p_letgo(struct gort_m *m);
unsigned int gort_ps_take(void);
void gort_p_give(struct gort_p *p);
extern struct semaphore gort_world;

/* gort_sleep.c */
int gort_sleep_init(void);
void gort_sleep_exit(void);

/* gort_syscall.c */
void gort_retake(struct gort_p *p, bool over);
void gort_close_beyond(int count, int rcu, bool off);
long gort_block(struct gort_g *g, long (*fn)(void *arg), void *arg);
void gort_asleep(struct gort_p *p, struct gort_g *g);

/* gort_stw.c */
void gort_stw_abandon(struct gort_g *g);
void gort_stw_no_p(struct gort_g *g);
u64 gort_stw_median(void);

/* gort_g.c */
int gort_g_init(void);
void gort_g_exit(void);
int gort_newproc(struct gort_ctx *ctx, gort_fn_t fn, void *arg,
		 const struct gort_text *text, struct module *owner,
		 void (*done)(struct gort_g *g), struct gort_g **ret);
void gort_gdead(struct gort_g *g);
void gort_g_free(struct gort_g *g);

/* gort_ctx.c */
void gort_ctx_end(struct gort_ctx *ctx);
struct gort_ctx *gort_ctx_alloc(const char *name, unsigned int max_gs,
				struct mem_cgroup *memcg);
u64 gort_ctx_tag(const struct gort_ctx *ctx);
struct mem_cgroup *gort_charge_begin(const struct gort_ctx *ctx);
void gort_charge_end(struct mem_cgroup *old);
int gort_ctx_add(struct gort_ctx *ctx, struct gort_g *g);
void gort_ctx_del(struct gort_ctx *ctx, struct gort_g *g);
void gort_ctx_cancel_gs(struct gort_ctx *ctx);
void gort_gs_walk(void (*fn)(struct gort_g *g));
long gort_gs_get(struct gort_g ***ret);
void gort_gs_put(struct gort_g **gs, unsigned int nr);
gfp_t gort_gfp(const struct gort_ctx *ctx);

/* gort_dead.c */
void gort_ctx_unwatch(struct gort_ctx *ctx);
void gort_all_asleep(struct gort_ctx *ctx);
bool gort_checkdead(struct gort_ctx *ctx);
void gort_report_dead(struct gort_ctx *ctx);

/* A G of @ctx was made, or is to come on again: before it is in a queue. */
static inline void gort_count_awake(struct gort_ctx *ctx)
{
	atomic64_add(BIT_ULL(32) | 1, &ctx->awake);
}

/* One has parked or ended. Was it the last one awake? */
static inline bool gort_count_asleep(struct gort_ctx *ctx)
{
	return !lower_32_bits(atomic64_dec_return(&ctx->awake));
}

static inline u32 gort_nr_awake(const struct gort_ctx *ctx)
{
	return lower_32_bits(atomic64_read_acquire(&ctx->awake));
}

/* gort_lock.c */
void gort_neutralise(struct gort_m *m, struct gort_g *g);
bool gort_must_not_sleep(const struct gort_m *m);
void gort_misuse(struct gort_g *g, const char *what, const char *why);

/* gort_heap.c */
void gort_heap_destroy(struct gort_ctx *ctx);
void gort_heap_stats(struct gort_stats *st);

/* gort_gc.c */
int gort_gc_init(void);
void gort_gc_exit(void);

/* gort_park.c */
bool gort_parked(struct gort_g *g);
bool gort_parked_beside(struct gort_g *g);
int gort_may_not_leave(struct gort_g *g, const char *what);
void gort_park_must(struct gort_g *g, const char *reason);

/* May the caller leave its stack? Else an errno, and a message. */
static inline int gort_may_leave(struct gort_g *g, const char *what)
{
	if (likely(g && gort_on_gstack(g) && !gort_m_busy(g->m)))
		return 0;
	return gort_may_not_leave(g, what);
}

/* gort_wait.c */
void gort_abandon(struct gort_g *g);

/* gort_event.c */
int gort_event_init(void);
void gort_event_exit(void);
void gort_event_abandon(struct gort_g *g);

/* gort_group.c */
struct gort_g *gort_group_left(struct gort_g *g);
bool gort_group_abandon(struct gort_g *g);

/* gort_task.c: workloads and the tasks that run them */
const void *gort_task_body(const void *task);
int gort_task_init(void);
void gort_task_exit(void);

/* gort_work.c: the workloads that come with the module; G code */
extern struct gort_workload gort_workloads[];
extern const unsigned int gort_nr_workloads;

/* gort_user.c */
struct gort_user *gort_user_open(void);
void gort_user_close(struct gort_user *u);
int gort_user_charge(struct gort_user *u);
void gort_user_uncharge(struct gort_user *u);

/* gort_dev.c */
int gort_dev_init(void);
void gort_dev_exit(void);

/* gort_backtrace.c */
enum gort_frame_how {
	GORT_FRAME_CALL,	/* ip is where a call returns to */
	GORT_FRAME_HIT,		/* ip was interrupted */
	GORT_FRAME_GUESS,	/* ip may be where a call returned to long ago */
};

/**
 * struct gort_frame - one call on a stack
 * @ip: where the function goes on
 * @how: what that is
 */
struct gort_frame {
	unsigned long ip;
	enum gort_frame_how how;
};

struct pt_regs;
unsigned int gort_backtrace(const struct gort_g *g, struct gort_frame *f,
			    unsigned int max);
unsigned int gort_backtrace_regs(const struct gort_g *g,
				 const struct pt_regs *regs,
				 struct gort_frame *f, unsigned int max);

/* gort_debugfs.c */
void gort_debugfs_init(void);
void gort_debugfs_exit(void);

#endif /* _GORT_H */
