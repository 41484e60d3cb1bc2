/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions, all of them here. Those between
 * architectures are in gort_x86.h and gort_um.h.
 */
#ifndef _GORT_COMPAT_H
#define _GORT_COMPAT_H

#include <linux/version.h>

#ifdef CONFIG_UML
#include "gort_um.h"
#else
#include "gort_x86.h"
#endif

#ifndef __ASSEMBLY__

#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/hrtimer.h>
#include <linux/kasan.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/uio.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif
#ifdef CONFIG_UNWINDER_ORC
#include <linux/objtool.h>
#include <asm/orc_types.h>
#endif

#include "gort_fail.h"

/*
 * Softirqs that are turned off are part of the CPU's preemption count. With
 * PREEMPT_RT they are a count of the task's, and off by a lock that is taken
 * inside of rcu_read_lock(), unless preemption was off before.
 */
static inline int gort_bh_count(void)
{
#ifdef CONFIG_PREEMPT_RT
	return gort_current()->softirq_disable_cnt & SOFTIRQ_MASK;
#else
	return softirq_count();
#endif
}

/* Both counts, as they are without PREEMPT_RT. */
static inline int gort_preempt_count(void)
{
#ifdef CONFIG_PREEMPT_RT
	return preempt_count() | gort_bh_count();
#else
	return preempt_count();
#endif
}

/* Set them, but turn no softirqs on: gort_bh_enable() does. */
static inline void gort_preempt_count_set(int count)
{
	int bh = 0;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		bh = max_t(int, gort_bh_count(), count & SOFTIRQ_MASK);
	preempt_count_set((count & ~SOFTIRQ_MASK) | bh);
}

/* in_task(), without a look at current. */
static inline bool gort_in_task(void)
{
	return !(gort_preempt_count() &
		 (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET));
}

/* Turn softirqs on by one; @locked: has RCU been locked since they were on? */
static inline void gort_bh_enable(bool locked)
{
#ifdef CONFIG_PREEMPT_RT
	if (!locked)
		preempt_disable();
	local_bh_enable();
	if (!locked)
		preempt_enable();
#else
	if (irqs_disabled())
		_local_bh_enable();
	else
		local_bh_enable();
#endif
}

/* 6.13 made the namespace a string. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define EXPORT_SYMBOL_GORT(sym)	EXPORT_SYMBOL_NS_GPL(sym, "GORT")
#else
#define EXPORT_SYMBOL_GORT(sym)	EXPORT_SYMBOL_NS_GPL(sym, GORT)
#endif

static inline void gort_hrtimer_setup(struct hrtimer *t,
				      enum hrtimer_restart (*fn)(struct hrtimer *t),
				      enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(t, fn, CLOCK_MONOTONIC, mode);
#else
	hrtimer_init(t, CLOCK_MONOTONIC, mode);
	t->function = fn;
#endif
}

/*
 * Memory that nobody may look at for now. Of KASAN's own functions none is
 * exported for this in all versions, those that compilers call are.
 */
#if defined(CONFIG_KASAN_GENERIC) && defined(CONFIG_KASAN_VMALLOC)
void __asan_set_shadow_00(const void *shadow, ssize_t size);
void __asan_set_shadow_f8(const void *shadow, ssize_t size);

/* Both are multiples of eight. */
static inline void gort_kasan_poison(const void *p, size_t size)
{
	__asan_set_shadow_f8(kasan_mem_to_shadow(p),
			     size >> KASAN_SHADOW_SCALE_SHIFT);
}

static inline void gort_kasan_unpoison(const void *p, size_t size)
{
	__asan_set_shadow_00(kasan_mem_to_shadow(p),
			     size >> KASAN_SHADOW_SCALE_SHIFT);
}
#else
static inline void gort_kasan_poison(const void *p, size_t size) {}
static inline void gort_kasan_unpoison(const void *p, size_t size) {}
#endif

/* The sixteen bytes that a command of a ring brings along. */
static inline const void *gort_uring_payload(const struct io_uring_cmd *c)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return c->sqe->cmd;
#else
	return c->cmd;
#endif
}

/* 6.10 remembers the source that __string() was given. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define gort_assign_str(dst, src)	__assign_str(dst)
#else
#define gort_assign_str(dst, src)	__assign_str(dst, src)
#endif

#ifdef CONFIG_UNWINDER_ORC
/* Does it describe an ordinary frame? 6.4 gave "no frame" a type of its own. */
static inline bool gort_orc_is_call(const struct orc_entry *orc)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return orc->type == ORC_TYPE_CALL;
#else
	return orc->type == UNWIND_HINT_TYPE_CALL && !orc->end;
#endif
}
#endif

typedef unsigned long (*gort_shrink_fn)(struct shrinker *s,
					struct shrink_control *sc);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)

static inline struct shrinker *gort_shrinker_add(const char *name,
						 gort_shrink_fn count,
						 gort_shrink_fn scan)
{
	struct shrinker *s = gort_try(shrinker_alloc(0, "%s", name), NULL);

	if (!s)
		return NULL;
	s->count_objects = count;
	s->scan_objects = scan;
	shrinker_register(s);
	return s;
}

static inline void gort_shrinker_del(struct shrinker *s)
{
	shrinker_free(s);
}

#else /* before 6.7 */

static inline struct shrinker *gort_shrinker_add(const char *name,
						 gort_shrink_fn count,
						 gort_shrink_fn scan)
{
	struct shrinker *s = gort_try(kzalloc(sizeof(*s), GFP_KERNEL), NULL);

	if (!s)
		return NULL;
	s->count_objects = count;
	s->scan_objects = scan;
	s->seeks = DEFAULT_SEEKS;
	if (!gort_try(register_shrinker(s, "%s", name), -ENOMEM))
		return s;
	kfree(s);
	return NULL;
}

static inline void gort_shrinker_del(struct shrinker *s)
{
	unregister_shrinker(s);
	kfree(s);
}

#endif

#endif /* !__ASSEMBLY__ */
#endif /* _GORT_COMPAT_H */
