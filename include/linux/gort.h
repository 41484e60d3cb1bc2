/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort: green threads in the kernel, interface for other modules.
 *
 * A G is a green thread: C code on a growing stack of its own, run by one of a
 * few kthreads (Ms), one on each CPU in use (P). "G code" is C compiled by the
 * rules of scripts/gcode.mk; it may call only what is declared here (and a few
 * leaf functions), everything else through gort_call(). The build checks that.
 *
 * Each function says from where it may be called:
 *
 *   G        from G code, on the G's own stack
 *   process  from process context that may sleep
 *   any      also from interrupts and with locks held
 *
 * The descriptions are with the definitions; import the namespace GORT.
 */
#ifndef _LINUX_GORT_H
#define _LINUX_GORT_H

#include <linux/limits.h>
#include <linux/lockdep_types.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/version.h>
#include <uapi/linux/gort.h>

/* MODULE_IMPORT_NS(GORT) is for all kernels; 6.13 made that a string. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define GORT	"GORT"
#endif

struct gort_ctx;
struct gort_g;
struct module;

/* For what takes a deadline, in nanoseconds of CLOCK_MONOTONIC */
#define GORT_NO_DEADLINE	U64_MAX

/* Body of a G; always G code. */
typedef void (*gort_fn_t)(void *arg);

/**
 * struct gort_text - where a module has its G code
 * @end: the byte behind its last one
 * @size: how many bytes it has
 * @module: that module
 *
 * In there, and nowhere else, a loop without calls is stopped. The link tells
 * (scripts/gcode.lds); both are zero in a module without G code.
 */
struct gort_text {
	const char *end;
	unsigned long size;
	struct module *module;
};

extern const char gort_gtext_end[] __weak;
extern const char gort_gtext_size[] __weak; /* its address is the size */

/* The G code of the module that this is compiled for. */
static inline const struct gort_text *gort_this_text(void)
{
	/* data: an address in code can't be as far away as NULL */
	static const struct gort_text text = {
		.end = gort_gtext_end,
		.size = (unsigned long)gort_gtext_size,
		.module = THIS_MODULE,
	};

	return &text;
}

/* Contexts: whom Gs belong to (gort_ctx.c) */
struct gort_ctx *__gort_ctx_create(const char *name, unsigned int max_gs,
				   const struct gort_text *text);
void gort_ctx_destroy(struct gort_ctx *ctx);
void gort_ctx_cancel(struct gort_ctx *ctx);
int gort_ctx_wait(struct gort_ctx *ctx);
void gort_ctx_watch(struct gort_ctx *ctx);

/**
 * gort_ctx_create() - make a context for a module's Gs
 * @name: for messages
 * @max_gs: cap on its Gs, at least 1
 *
 * The Gs that are started in it from outside of a G run G code of the module
 * that calls this.
 *
 * Context: process.
 * Return: the context, or ERR_PTR() of -EINVAL or -ENOMEM.
 */
static inline struct gort_ctx *gort_ctx_create(const char *name,
					       unsigned int max_gs)
{
	return __gort_ctx_create(name, max_gs, gort_this_text());
}

/* Gs (gort_g.c) */
int gort_go(struct gort_ctx *ctx, gort_fn_t fn, void *arg);
struct gort_g *gort_self(void);
struct gort_g *gort_get(struct gort_g *g);
void gort_put(struct gort_g *g);
void gort_cancel(struct gort_g *g);
bool gort_cancelled(void);

/* Waiting and waking (gort_park.c) */
int gort_yield(void);
void gort_exit(void) __noreturn;
int gort_park(const char *reason);
int gort_park_until(u64 deadline_ns, const char *reason);
int gort_sleep(u64 ns);
int gort_sleep_until(u64 deadline_ns);
u64 gort_now(void);
void gort_ready(struct gort_g *g);

/* Kernel functions from G code (gort_syscall.c) */
long gort_call(long (*fn)(void *arg), void *arg);
long gort_syscall(long (*fn)(void *arg), void *arg);

/* A G that always runs on the same M (gort_thread.c) */
int gort_lock_thread(void);
int gort_unlock_thread(void);

/* All Gs stand still (gort_stw.c) */
int gort_stop_the_world(void);
void gort_start_the_world(void);

/* Memory that is collected (gort_heap.c, gort_gc.c) */
void *gort_alloc(size_t size);
int gort_set_finalizer(void *obj, gort_fn_t fn);
int gort_root_add(void *start, size_t len);
void gort_root_del(void *start);
int gort_gc(void);

/**
 * struct gort_lock - a lock for short sections of G code
 * @mutex: the lock itself; its owner is the M, not the G
 * @next: next lock that the same M holds; M: only by the holder
 *
 * While a G holds one it is not made to yield and must not block.
 */
struct gort_lock {
	struct mutex mutex;	/* the lock */
	struct gort_lock *next;
};

#define GORT_LOCK_INIT(name) \
	{ .mutex = __MUTEX_INITIALIZER((name).mutex), .next = NULL }

void __gort_lock_init(struct gort_lock *l, const char *name,
		      struct lock_class_key *key);

/**
 * gort_lock_init() - make a gort lock usable
 * @l: the lock, in memory of any kind; GORT_LOCK_INIT() is for static ones
 *
 * For lockdep, locks that are made in the same place are of one kind.
 *
 * Context: any.
 */
#define gort_lock_init(l)						\
	do {								\
		static struct lock_class_key lock_key;			\
									\
		__gort_lock_init((l), #l, &lock_key);			\
	} while (0)

void gort_lock(struct gort_lock *l);
bool gort_trylock(struct gort_lock *l);
void gort_unlock(struct gort_lock *l);

/* The kernel's own sections, opened from G code (gort_lock.c) */
void gort_spin_lock(spinlock_t *l);
void gort_spin_unlock(spinlock_t *l);
void gort_spin_lock_bh(spinlock_t *l);
void gort_spin_unlock_bh(spinlock_t *l);
void gort_spin_lock_irq(spinlock_t *l);
void gort_spin_unlock_irq(spinlock_t *l);
unsigned long gort_spin_lock_irqsave(spinlock_t *l);
void gort_spin_unlock_irqrestore(spinlock_t *l, unsigned long flags);
void gort_rcu_read_lock(void);
void gort_rcu_read_unlock(void);
void gort_preempt_off(void);
void gort_preempt_on(void);

/**
 * struct gort_workload_arg - one argument of a workload
 * @name: how users call it, at most GORT_NAME_LEN - 1 characters
 * @min: smallest value
 * @max: largest value
 * @def: default, within the two
 */
struct gort_workload_arg {
	const char *name;
	u64 min;
	u64 max;
	u64 def;
};

/**
 * struct gort_workload - something that user space can submit by name
 * @name: unique, at most GORT_NAME_LEN - 1 characters
 * @help: one line
 * @owner: THIS_MODULE; pinned while a task of it is unfinished
 * @fn: G code; gets the checked arguments, stores a result, returns 0 or a
 *	negative errno
 * @woken_outside: its Gs may be woken by something else than Gs of the same file
 *	and their own deadlines: by an interrupt, a task, another context, or
 *	tasks that are to be submitted later. For a file that has run one, no
 *	deadlock is found.
 * @nr_args: how many of @args count
 * @args: the arguments in order
 * @id: set by gort_workload_register()
 * @text: set by gort_workload_register()
 */
struct gort_workload {
	const char *name;
	const char *help;
	struct module *owner;
	int (*fn)(const u64 *args, u64 *result);
	bool woken_outside;
	unsigned int nr_args;
	struct gort_workload_arg args[GORT_MAX_ARGS];
	u32 id;
	struct gort_text text;
};

int __gort_workload_register(struct gort_workload *w,
			     const struct gort_text *text);
void gort_workload_unregister(struct gort_workload *w);

/**
 * gort_workload_register() - offer a workload to user space
 * @w: the workload, which stays the caller's; @w->id is set. Its function is G
 *	code of the module that calls this.
 *
 * Context: process.
 * Return: 0, -EINVAL (no name or function, a name too long, an argument's
 * default out of its range), -EEXIST (the name is taken), -ENOMEM.
 */
static inline int gort_workload_register(struct gort_workload *w)
{
	return __gort_workload_register(w, gort_this_text());
}

/**
 * struct gort_g_stats - what happened to one G so far
 * @preempted: times it was made to yield
 * @declined: times a request was put off
 * @stack_bytes: most stack it had at a time
 */
struct gort_g_stats {
	u32 preempted;
	u32 declined;
	u32 stack_bytes;
};

/* For tests and measurements (gort_preempt.c, gort_dev.c) */
void gort_preempt_self(void);
void gort_self_stats(struct gort_g_stats *st);
void gort_set_site_hook(void (*hook)(int site));
int gort_read_stats(u32 cpu, struct gort_stats *st);

#include <linux/gort_chan.h>
#include <linux/gort_sync.h>
#include <linux/gort_event.h>
#include <linux/gort_group.h>

#endif /* _LINUX_GORT_H */
