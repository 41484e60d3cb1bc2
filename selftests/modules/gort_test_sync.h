/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort_test_sync.ko: what its files share.
 *
 * gort_test_sync_main.c is ordinary kernel code, every other file is G code. A
 * crew is some workers, Gs and tasks, that do the same with the same objects:
 * a body is G code, which a task can run as well.
 */
#ifndef _GORT_TEST_SYNC_H
#define _GORT_TEST_SYNC_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/gort.h>
#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/types.h>

#define S_WORKERS	16	/* of a crew, at most */
#define S_LIVES		8	/* Gs that one worker can be, one after the other */
#define S_UNITS		2	/* of the semaphore */
#define S_ONCES		8
#define S_ROOM		4	/* items in the buffer */

/* Nothing takes this long; what does is given up */
#define S_PATIENCE_NS	(12ULL * NSEC_PER_SEC)

/* What a workload makes worse for its crew; user space passes these. */
#define S_DEADLINES	1	/* some attempts have a deadline, or only try */
#define S_CANCELS	2	/* Gs are cancelled; others go on in their place */
#define S_TIMER		4	/* an interrupt takes part */
#define S_STATIC	8	/* objects that were initialised by the compiler */
#define S_SHARED	16	/* others use these as well: nothing is counted */

/* What can be waited for; user space passes these. */
enum s_form {
	S_SEM,
	S_MUTEX,
	S_READ,
	S_WRITE,
	S_COND,
	S_WG,
	S_ONCE,
	S_FORMS
};

/**
 * struct s_objs - one of each kind
 * @sem: a semaphore
 * @mutex: a mutex
 * @rw: a lock for readers and writers
 * @wg: a wait group
 * @cond: a condition
 * @once: a once
 * @inside: who is inside of one now
 * @plain: counted inside, without atomics
 */
struct s_objs {
	struct gort_sem sem;
	struct gort_mutex mutex;
	struct gort_rwlock rw;
	struct gort_wg wg;
	struct gort_cond cond;
	struct gort_once once;
	atomic_t inside;
	u64 plain;
};

struct s_crew;

/**
 * struct s_worker - a G, or some in turn, or a task
 * @crew: whose
 * @id: from 0
 * @task: the task, or NULL
 * @is_task: it is to be one
 * @seed: of its random numbers
 * @left: rounds to do
 * @lives: Gs that it has been
 * @g: these, with references
 * @taken: attempts that succeeded
 * @late: those that came too late
 * @refused: those that only tried
 * @sum: depends on the body
 */
struct s_worker {
	struct s_crew *crew;
	u32 id;
	struct task_struct *task;
	bool is_task;
	u32 seed;
	u64 left;
	u32 lives;
	struct gort_g *g[S_LIVES];
	u64 taken;
	u64 late;
	u64 refused;
	u64 sum;
};

/**
 * struct s_crew - workers, and what they share
 * @body: what they do; until @left of the worker is 0
 * @form: enum s_form, for s_hammer
 * @spice: S_DEADLINES and so on
 * @n: how many workers
 * @left: how many have not ended
 * @bad: what was wrong first
 * @parent: who waits for them
 * @o: the objects
 * @own: those, unless they are static
 * @never: a semaphore without units, to sleep at
 * @space: a condition: there is space in the buffer
 * @onces: for the body of s_onces
 * @did: how often each of them was done
 * @items: in the buffer
 * @head: items ever put there
 * @ring: the buffer
 * @timer: an interrupt that takes part
 * @has: what that has taken
 * @fired: how often it came
 * @w: the workers
 */
struct s_crew {
	int (*body)(struct s_worker *w);
	u32 form;
	u32 spice;
	u32 n;
	atomic_t left;
	atomic_t bad;
	struct gort_g *parent;
	struct s_objs *o;
	struct s_objs own;
	struct gort_sem never;
	struct gort_cond space;
	struct gort_once onces[S_ONCES];
	u32 did[S_ONCES];
	u32 items;
	u64 head;
	u64 ring[S_ROOM];
	struct hrtimer timer;
	bool has;
	u32 fired;
	struct s_worker w[S_WORKERS];
};

/* gort_test_sync_main.c */
extern struct gort_ctx *s_ctx;
extern struct s_objs s_static;
long s_k_alloc(void *size);
long s_k_free(void *p);
long s_k_tasks_start(void *crew);
long s_k_tasks_stop(void *crew);
long s_k_tasks_kick(void *crew);
long s_k_timer_start(void *crew);
long s_k_timer_stop(void *crew);
long s_k_spin_init(void *lock);
long s_k_nap(void *unused);

/* gort_test_sync_crew.c */
void s_check(void);
void s_fail(struct s_crew *c, int err);
bool s_bad(const struct s_crew *c);
void s_snooze(struct s_crew *c, u64 ns);
void s_objs_init(struct s_objs *o, u32 units);
int s_crew_run(struct s_crew *c, u32 gs, u32 tasks, u64 rounds);
void s_run_worker(struct s_worker *w);
void s_worker_done(struct s_worker *w);
struct s_crew *s_crew_new(int (*body)(struct s_worker *w), u32 spice);

/* gort_test_sync_hammer.c: with many at once */
int s_take_part(struct s_crew *c, u32 form);
int s_hammer(const u64 *args, u64 *result);
int s_buffer(const u64 *args, u64 *result);
int s_onces(const u64 *args, u64 *result);
int s_rounds(const u64 *args, u64 *result);

/* gort_test_sync_order.c: who comes when */
int s_fair(const u64 *args, u64 *result);
int s_barge(const u64 *args, u64 *result);
int s_handoff(const u64 *args, u64 *result);
int s_readers(const u64 *args, u64 *result);
int s_order(const u64 *args, u64 *result);
int s_giveup(const u64 *args, u64 *result);
int s_signals(const u64 *args, u64 *result);
int s_stealing(const u64 *args, u64 *result);
int s_signallate(const u64 *args, u64 *result);
int s_wgrace(const u64 *args, u64 *result);
int s_wgreuse(const u64 *args, u64 *result);
int s_herd(const u64 *args, u64 *result);

/**
 * struct s_busy - one of each, with which nobody can get on at once
 * @o: the semaphore has no unit, the mutex is held, a writer is inside of the
 *	lock, the wait group counts 1, and the once is being done
 * @read: a lock with a reader inside
 * @own: the mutex for the condition
 * @ready: wait group: all this is so
 * @over: semaphore: it is to end
 * @gone: wait group: it has ended
 */
struct s_busy {
	struct s_objs o;
	struct gort_rwlock read;
	struct gort_mutex own;
	struct gort_wg ready;
	struct gort_sem over;
	struct gort_wg gone;
};

/* gort_test_sync_wait.c: what becomes of who waits, and misuse */
int s_busy_begin(struct s_busy *b);
void s_busy_end(struct s_busy *b);
int s_wait(struct s_busy *b, u32 form, u64 deadline_ns);
int s_again(struct s_busy *b, u32 form);
int s_self(u32 form);
int s_not_owned(u32 form);
void s_nothing(void *arg);
int s_block(const u64 *args, u64 *result);
int s_misuse(const u64 *args, u64 *result);
int s_leave(const u64 *args, u64 *result);
int s_passon(const u64 *args, u64 *result);
int s_forget(const u64 *args, u64 *result);

static inline void *s_alloc(size_t size)
{
	return (void *)gort_call(s_k_alloc, (void *)size);
}

static inline void s_free(void *p)
{
	gort_call(s_k_free, p);
}

/* A cheap generator: tests repeat with the same seed. */
static __always_inline u32 s_rand(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

#endif /* _GORT_TEST_SYNC_H */
