/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel, as far as the pure parts of gort know it, in a process: the one
 * header behind all <linux/...> of the files that are compiled here unchanged.
 *
 * A lock only knows whether it is held: to take it twice, to give back one that
 * is not held, and to need one that is not, end the program. To sleep is to call
 * the test, which lets something happen. Memory of the user is unit_areas, all
 * else is EFAULT, and it may change after each look at it.
 *
 * What only has to be there for a structure to be complete is empty.
 */
#ifndef UNIT_SHIM_H
#define UNIT_SHIM_H

#include <asm/types.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* One that must hold, of the code or of the shim */
#define unit_check(cond)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: not true: %s\n",	\
				__FILE__, __LINE__, #cond);		\
			abort();					\
		}							\
	} while (0)

/* Types */
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef s64 ktime_t;
typedef unsigned int gfp_t;
typedef unsigned int __poll_t;
typedef struct { unsigned int val; } kuid_t;

#define U32_MAX			UINT32_MAX
#define U64_MAX			UINT64_MAX
#define KTIME_MAX		INT64_MAX

/* The compiler */
#define __user
#define __iomem
#define __percpu
#define __init
#define __exit
#define __force
#define __always_unused		__attribute__((unused))
#define __must_check		__attribute__((warn_unused_result))
#define __noreturn		__attribute__((noreturn))
#define __weak			__attribute__((weak))
#define __used			__attribute__((used))
#define __aligned(n)		__attribute__((aligned(n)))
#define __section(name)		__attribute__((section(name)))
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define noinline		__attribute__((noinline))
#define notrace
#define fallthrough		__attribute__((fallthrough))
#define ____cacheline_aligned_in_smp
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define static_assert		_Static_assert
#define BUILD_BUG_ON_ZERO(e)	((int)sizeof(struct { int : (-!!(e)); }))
#define barrier()		__asm__ volatile ("" : : : "memory")
#define container_of(p, type, member)					\
	((type *)((char *)(p) - offsetof(type, member)))
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define READ_ONCE_NOCHECK(x)	READ_ONCE(x)
#define data_race(x)		(x)	/* one thread */
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define cmpxchg(p, old, new)						\
({									\
	__typeof__(*(p)) cmpxchg_old = (old);				\
									\
	__atomic_compare_exchange_n(p, &cmpxchg_old, new, false,	\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	cmpxchg_old;							\
})

/* Numbers */
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define min3(a, b, c)		min(min(a, b), c)
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define ALIGN(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(!((x) & ((a) - 1)))
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define lower_32_bits(n)	((u32)(n))
#define upper_32_bits(n)	((u32)((u64)(n) >> 32))
#define NSEC_PER_USEC		1000L
#define NSEC_PER_SEC		1000000000L
#define HZ			250
#define SZ_1K			1024
#define SZ_8K			8192
#define SZ_16K			16384
#define SZ_64K			65536
#define SZ_1M			(1 << 20)
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_ALIGN(n)		ALIGN(n, PAGE_SIZE)
#define jiffies			0UL
#define time_after(a, b)	((long)((b) - (a)) < 0)

static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

/* Errors */
#define ERESTARTSYS		512
#define MAX_ERRNO		4095
#define ERR_PTR(err)		((void *)(long)(err))
#define PTR_ERR(p)		((long)(p))
#define ERR_CAST(p)		((void *)(p))
#define IS_ERR(p)		((unsigned long)(p) >= (unsigned long)-MAX_ERRNO)

/* Modules, parameters, messages */
struct module { int refs; };
#define KBUILD_BASENAME		"unit"
#define KBUILD_MODNAME		"unit"
#define THIS_MODULE		((struct module *)NULL)
#define NOKPROBE_SYMBOL(fn)	extern int unit_unused
#define pr_warn_ratelimited(...)	((void)0)
#define pr_info(...)		((void)0)

static inline bool try_module_get(struct module *m)
{
	if (m)
		m->refs++;
	return true;
}

static inline void __module_get(struct module *m)
{
	try_module_get(m);
}

static inline void module_put(struct module *m)
{
	if (m)
		unit_check(m->refs-- > 0);
}

/* Which kernel */
#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE	KERNEL_VERSION(6, 1, 0)

/* Atomics */
typedef struct { int v; } atomic_t;
typedef struct { s64 v; } atomic64_t;
typedef struct { long v; } atomic_long_t;
typedef struct { int v; } refcount_t;
#define ATOMIC_INIT(n)			{ n }
#define atomic_read(a)			READ_ONCE((a)->v)
#define atomic_read_acquire(a)		smp_load_acquire(&(a)->v)
#define atomic_set(a, n)		WRITE_ONCE((a)->v, n)
#define atomic_inc(a)			((void)atomic_inc_return(a))
#define atomic_dec(a)			((void)__atomic_sub_fetch(&(a)->v, 1, __ATOMIC_SEQ_CST))
#define atomic_inc_return(a)		__atomic_add_fetch(&(a)->v, 1, __ATOMIC_SEQ_CST)
#define atomic_cmpxchg(a, old, new)	cmpxchg(&(a)->v, (int)(old), (int)(new))
#define atomic_cmpxchg_release(a, old, new) \
	((__typeof__(old))atomic_cmpxchg(a, old, new))
#define atomic64_add(n, a)		((void)__atomic_add_fetch(&(a)->v, n, __ATOMIC_SEQ_CST))
#define atomic64_dec_return(a)		__atomic_sub_fetch(&(a)->v, 1, __ATOMIC_SEQ_CST)
#define atomic64_read_acquire(a)	smp_load_acquire(&(a)->v)

/* Locks */
struct unit_lock { bool held; };
typedef struct unit_lock spinlock_t;
typedef struct unit_lock raw_spinlock_t;
struct mutex { struct unit_lock lock; };
struct semaphore { struct unit_lock lock; };
struct lock_class_key { int unused; };

static inline void unit_lock(struct unit_lock *l)
{
	unit_check(!l->held);
	l->held = true;
}

static inline void unit_unlock(struct unit_lock *l)
{
	unit_check(l->held);
	l->held = false;
}

#define __MUTEX_INITIALIZER(name)	{ { false } }
#define DEFINE_MUTEX(name)		struct mutex name
#define DEFINE_SPINLOCK(name)		spinlock_t name
#define mutex_init(m)			((m)->lock.held = false)
#define mutex_lock(m)			unit_lock(&(m)->lock)
#define mutex_unlock(m)			unit_unlock(&(m)->lock)
#define mutex_trylock(m)		((m)->lock.held ? 0 : (mutex_lock(m), 1))
#define mutex_lock_interruptible(m)	(mutex_trylock(m) ? 0 : -EINTR)
#define spin_lock_init(l)		((l)->held = false)
#define spin_lock(l)			unit_lock(l)
#define spin_unlock(l)			unit_unlock(l)
#define raw_spin_lock_irq(l)		unit_lock(l)
#define raw_spin_unlock_irq(l)		unit_unlock(l)
#define raw_spin_lock_irqsave(l, f)	((f) = 0, unit_lock(l))
#define raw_spin_unlock_irqrestore(l, f) ((void)(f), unit_unlock(l))
#define lockdep_assert_held(l)		unit_check(((struct unit_lock *)(l))->held)
#define rcu_read_lock()			((void)0)
#define rcu_read_unlock()		((void)0)
#define cond_resched()			((void)0)
#define udelay(n)			((void)(n))
#define preempt_count()			0
#define irqs_disabled()			false
#define rcu_preempt_depth()		0

/* CPUs: one of them at a time, chosen by the test */
#define UNIT_CPUS	3
#define nr_cpu_ids	((unsigned int)UNIT_CPUS)
#define cpu_possible(cpu)		((cpu) < UNIT_CPUS)
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < UNIT_CPUS; (cpu)++)
#define for_each_online_cpu(cpu)	for_each_possible_cpu(cpu)
#define DECLARE_PER_CPU(type, name)	extern __typeof__(type) name
#define array_index_nospec(i, n)	(i)
struct cpumask { unsigned long bits; };
struct static_key { bool on; };
#define DECLARE_STATIC_KEY_TRUE(name)	extern struct static_key name
#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key name
#define static_branch_unlikely(key)	((key)->on)
#define current_stack_pointer \
	((unsigned long)__builtin_frame_address(0))

/* Tasks, time, waiting */
struct mm_struct;
struct mem_cgroup;
struct task_struct { const char *comm; int pid; struct mm_struct *mm; };
struct cred;
struct hrtimer { int unused; };
enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS, HRTIMER_MODE_ABS_HARD };
struct work_struct { int unused; };
struct rcu_head { int unused; };
struct completion { int unused; };
struct delayed_work { int unused; };
struct irq_work { int unused; };
struct file;
struct wait_queue_entry {
	int (*func)(struct wait_queue_entry *w, unsigned int mode, int flags, void *key);
};

typedef struct wait_queue_entry wait_queue_entry_t;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *w, unsigned int mode,
				 int flags, void *key);
typedef struct wait_queue_head { int unused; } wait_queue_head_t;
typedef struct poll_table_struct { int unused; } poll_table;
typedef void (*poll_queue_proc)(struct file *f, wait_queue_head_t *q, poll_table *t);
struct llist_node { struct llist_node *next; };
struct llist_head { struct llist_node *first; };
extern struct task_struct unit_task;
extern bool unit_signal;
extern u64 unit_now;
void unit_sleep(void);	/* the test's: something happens, or time passes */
#define current			(&unit_task)
#define CLOCK_MONOTONIC		1
#define TASK_INTERRUPTIBLE	1
#define init_wait(w)		((w)->func = NULL)
#define autoremove_wake_function(w, mode, flags, key)	1
#define init_waitqueue_head(q)	((void)(q))
#define prepare_to_wait(q, w, state)	((void)(q), (void)(w))
#define finish_wait(q, w)	((void)(q), (void)(w))
#define wake_up_all(q)		((void)(q))
#define TASK_NORMAL		3
#define poll_to_key(mask)	((void *)(unsigned long)(mask))
#define __wake_up(q, mode, nr, key)	((void)(q), (void)(key))
#define wq_has_sleeper(q)	((void)(q), true)
#define signal_pending(task)	unit_signal
#define schedule()		unit_sleep()
#define schedule_hrtimeout(t, mode)	((void)(t), unit_sleep())
#define ns_to_ktime(n)		((ktime_t)(n))
#define ktime_compare(a, b)	((a) < (b) ? -1 : (a) > (b))
#define ktime_get()		((ktime_t)unit_now)
#define ktime_get_ns()		unit_now
#define DECLARE_WORK(name, f)	struct work_struct name; \
	static void __attribute__((unused)) (*name##_fn)(struct work_struct *w) = (f)
#define system_long_wq		NULL
#define queue_work(wq, w)	((void)(w), true)
#define cancel_work_sync(w)	((void)(w))

/* Memory; gfp flags mean nothing. */
#define GFP_KERNEL		1
#define GFP_KERNEL_ACCOUNT	2
#define GFP_NOWAIT		4
#define __GFP_ACCOUNT		8
#define __GFP_NOWARN		16
#define __GFP_ZERO		32
#define SHRINK_EMPTY		(~0UL - 1)
#define SHRINK_STOP		(~0UL)
struct shrink_control { unsigned long nr_to_scan; };
struct shrinker;

struct kmem_cache { size_t size; };
#define struct_size(p, member, n) \
	(sizeof(*(p)) + (n) * sizeof((p)->member[0]))
#define kmalloc(size, gfp)	((void)(gfp), malloc(size))
#define kzalloc(size, gfp)	((void)(gfp), calloc(1, size))
#define kfree(p)		free(p)
#define vfree(p)		free(p)
#define kmem_cache_zalloc(c, gfp)	kzalloc((c)->size, gfp)
#define kmem_cache_free(c, p)	((void)(c), free(p))
#define kmem_cache_destroy(c)	free(c)
#define SLAB_ACCOUNT		0

static inline void *__vmalloc(size_t size, gfp_t gfp)
{
	void *p = aligned_alloc(PAGE_SIZE, size);

	if (p && gfp & __GFP_ZERO)
		memset(p, 0, size);
	return p;
}

static inline struct kmem_cache *unit_cache(size_t size)
{
	struct kmem_cache *c = calloc(1, sizeof(*c));

	c->size = size;
	return c;
}

#define KMEM_CACHE(type, flags)	unit_cache(sizeof(struct type))

#define get_mem_cgroup_from_mm(mm)	((void)(mm), (struct mem_cgroup *)NULL)
#define mem_cgroup_put(memcg)	((void)(memcg))

/* Strings and bits */
static inline ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = 0;
	return n;
}

#define BITS_PER_LONG		64
#define BITS_TO_LONGS(n)	(((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define test_bit(i, map)	(!!((map)[(i) / 64] & 1UL << (i) % 64))
#define __set_bit(i, map)	((map)[(i) / 64] |= 1UL << (i) % 64)
#define bitmap_copy(to, from, n) \
	memcpy(to, from, BITS_TO_LONGS(n) * sizeof(long))
#define bitmap_zero(map, n)	memset(map, 0, BITS_TO_LONGS(n) * sizeof(long))
#define for_each_set_bit(i, map, n)					\
	for ((i) = 0; (i) < (n); (i)++)					\
		if (test_bit(i, map))

static inline bool __test_and_set_bit(unsigned int i, unsigned long *map)
{
	bool was = test_bit(i, map);

	__set_bit(i, map);
	return was;
}

static inline unsigned int find_next_zero_bit(const unsigned long *map,
					      unsigned int n, unsigned int i)
{
	while (i < n && test_bit(i, map))
		i++;
	return min(i, n);
}

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int n)
{
	unsigned int i, sum = 0;

	for (i = 0; i < n; i++)
		sum += test_bit(i, map);
	return sum;
}

#include "shim_lists.h"
#include "shim_files.h"

/* Instead of gort_compat.h: this is a version of its own. */
#define _GORT_COMPAT_H
#define EXPORT_SYMBOL_GORT(sym)	extern int unit_unused
#define gort_current()		current
#define gort_in_task()		true
#define gort_cpu_read(name)	READ_ONCE(name)
#define gort_cpu_write(name, v)	WRITE_ONCE(name, v)
#define gort_bh_count()		0
#define gort_uring_payload(c)	((c)->cmd)
#define gort_hrtimer_setup(t, fn, mode)	((void)(t), (void)(fn))
#define gort_kasan_poison(p, size)	((void)(p))
#define gort_kasan_unpoison(p, size)	((void)(p))
#define gort_shrinker_add(name, count, scan) \
	((void)(count), (void)(scan), (struct shrinker *)calloc(1, 1))
#define gort_shrinker_del(s)	free(s)

/* Trace events: none is on. */
#define TP_PROTO(...)		__VA_ARGS__
#define TP_ARGS(...)		__VA_ARGS__
#define TRACE_DEFINE_ENUM(e)	extern int unit_unused
#define DECLARE_EVENT_CLASS(...)	extern int unit_unused
#define unit_event(name, ...)						\
	static inline void __attribute__((unused))			\
	trace_##name(__VA_ARGS__) {}					\
	static inline bool __attribute__((unused))			\
	trace_##name##_enabled(void) { return false; }			\
	extern int unit_unused
#define TRACE_EVENT(name, proto, ...)	unit_event(name, proto)
#define DEFINE_EVENT(class, name, proto, ...)	unit_event(name, proto)

#endif /* UNIT_SHIM_H */
