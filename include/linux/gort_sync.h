/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort: what Gs and tasks synchronise with (gort_sync.c, gort_mutex.c,
 * gort_rwlock.c).
 *
 * All that waits is for Gs and for process context that may sleep, can be
 * cancelled, and has a form with a deadline; what is named try, and what wakes,
 * is for any context, except where only an owner can do it. The structures are
 * the user's; their fields are not.
 */
#ifndef _LINUX_GORT_SYNC_H
#define _LINUX_GORT_SYNC_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <linux/gort.h>

/**
 * struct gort_held - in what a G has to give back before it ends
 * @node: place in the list of the G that has it; the owner's
 * @kind: what it is in; the owner's
 * @listed: it is in such a list; the owner's
 */
struct gort_held {
	struct list_head node;
	u8 kind;
	bool listed;
};

/**
 * struct gort_sem - a counting semaphore
 * @lock: Q
 * @waiters: operations that wait, first come first; Q
 * @count: units to be had; Q
 */
struct gort_sem {
	raw_spinlock_t lock; /* all below */
	struct list_head waiters;
	unsigned int count;
};

#define GORT_SEM_INIT(name, n) {					\
	.lock = __RAW_SPIN_LOCK_UNLOCKED((name).lock),			\
	.waiters = LIST_HEAD_INIT((name).waiters),			\
	.count = (n),							\
}

void gort_sem_init(struct gort_sem *s, unsigned int count);
int __must_check gort_sem_acquire_until(struct gort_sem *s, u64 deadline_ns);
int __must_check gort_sem_tryacquire(struct gort_sem *s);
int gort_sem_release(struct gort_sem *s);

/**
 * gort_sem_acquire() - gort_sem_acquire_until() without a deadline
 * @s: the semaphore
 *
 * Context: G or process.
 * Return: as gort_sem_acquire_until().
 */
static inline int __must_check gort_sem_acquire(struct gort_sem *s)
{
	return gort_sem_acquire_until(s, GORT_NO_DEADLINE);
}

/* In gort_mutex.word: it changes under the mutex's Q alone */
#define GORT_MUTEX_SLOW		1L

/**
 * struct gort_mutex - a lock that a G or task may hold while it waits
 * @lock: Q
 * @waiters: operations that wait, who comes next first; Q
 * @word: the G or task that holds it, or zero, and GORT_MUTEX_SLOW: both Q while
 *	that is set
 * @woken: one that waited was woken and is about to compete; Q
 * @starving: one has waited for long: the mutex is handed over; Q
 * @held: in the owner's list; the owner's
 */
struct gort_mutex {
	raw_spinlock_t lock; /* all below */
	struct list_head waiters;
	atomic_long_t word;
	bool woken;
	bool starving;
	struct gort_held held;
};

#define GORT_MUTEX_INIT(name) {						\
	.lock = __RAW_SPIN_LOCK_UNLOCKED((name).lock),			\
	.waiters = LIST_HEAD_INIT((name).waiters),			\
}

void gort_mutex_init(struct gort_mutex *m);
int __must_check gort_mutex_lock_until(struct gort_mutex *m, u64 deadline_ns);
int __must_check gort_mutex_trylock(struct gort_mutex *m);
int gort_mutex_unlock(struct gort_mutex *m);

/**
 * gort_mutex_lock() - gort_mutex_lock_until() without a deadline
 * @m: the mutex
 *
 * Context: G or process.
 * Return: as gort_mutex_lock_until().
 */
static inline int __must_check gort_mutex_lock(struct gort_mutex *m)
{
	return gort_mutex_lock_until(m, GORT_NO_DEADLINE);
}

/**
 * struct gort_cond - where the holders of a mutex wait for what it protects
 * @lock: Q
 * @waiters: operations that wait, first come first; Q
 * @going: those that a broadcast has decided; Q
 */
struct gort_cond {
	raw_spinlock_t lock; /* all below */
	struct list_head waiters;
	struct list_head going;
};

#define GORT_COND_INIT(name) {						\
	.lock = __RAW_SPIN_LOCK_UNLOCKED((name).lock),			\
	.waiters = LIST_HEAD_INIT((name).waiters),			\
	.going = LIST_HEAD_INIT((name).going),				\
}

void gort_cond_init(struct gort_cond *c);
int __must_check gort_cond_wait_until(struct gort_cond *c, struct gort_mutex *m,
				      u64 deadline_ns);
void gort_cond_signal(struct gort_cond *c);
void gort_cond_broadcast(struct gort_cond *c);

/**
 * gort_cond_wait() - gort_cond_wait_until() without a deadline
 * @c: the condition
 * @m: the mutex, which the caller holds
 *
 * Context: G or process.
 * Return: as gort_cond_wait_until().
 */
static inline int __must_check gort_cond_wait(struct gort_cond *c,
					      struct gort_mutex *m)
{
	return gort_cond_wait_until(c, m, GORT_NO_DEADLINE);
}

/**
 * struct gort_rwlock - a lock for one writer or many readers
 * @lock: Q
 * @readers: operations of readers that wait; Q
 * @going: those that the writer before them has let in; Q
 * @writers: operations of writers that wait, first come first; Q
 * @nr: readers inside; Q
 * @owner: the writer inside, or NULL; Q
 * @held: in the writer's list; the writer's
 */
struct gort_rwlock {
	raw_spinlock_t lock; /* all below */
	struct list_head readers;
	struct list_head going;
	struct list_head writers;
	unsigned int nr;
	void *owner;
	struct gort_held held;
};

#define GORT_RWLOCK_INIT(name) {					\
	.lock = __RAW_SPIN_LOCK_UNLOCKED((name).lock),			\
	.readers = LIST_HEAD_INIT((name).readers),			\
	.going = LIST_HEAD_INIT((name).going),				\
	.writers = LIST_HEAD_INIT((name).writers),			\
}

void gort_rwlock_init(struct gort_rwlock *l);
int __must_check gort_read_lock_until(struct gort_rwlock *l, u64 deadline_ns);
int __must_check gort_read_trylock(struct gort_rwlock *l);
int gort_read_unlock(struct gort_rwlock *l);
int __must_check gort_write_lock_until(struct gort_rwlock *l, u64 deadline_ns);
int __must_check gort_write_trylock(struct gort_rwlock *l);
int gort_write_unlock(struct gort_rwlock *l);

/**
 * gort_read_lock() - gort_read_lock_until() without a deadline
 * @l: the lock
 *
 * Context: G or process.
 * Return: as gort_read_lock_until().
 */
static inline int __must_check gort_read_lock(struct gort_rwlock *l)
{
	return gort_read_lock_until(l, GORT_NO_DEADLINE);
}

/**
 * gort_write_lock() - gort_write_lock_until() without a deadline
 * @l: the lock
 *
 * Context: G or process.
 * Return: as gort_write_lock_until().
 */
static inline int __must_check gort_write_lock(struct gort_rwlock *l)
{
	return gort_write_lock_until(l, GORT_NO_DEADLINE);
}

/**
 * struct gort_wg - a wait group: counts what has to be done before waiters go on
 * @lock: Q
 * @waiters: operations that wait; Q
 * @going: those for which it is done; Q
 * @count: what is left to do; Q
 */
struct gort_wg {
	raw_spinlock_t lock; /* all below */
	struct list_head waiters;
	struct list_head going;
	int count;
};

#define GORT_WG_INIT(name) {						\
	.lock = __RAW_SPIN_LOCK_UNLOCKED((name).lock),			\
	.waiters = LIST_HEAD_INIT((name).waiters),			\
	.going = LIST_HEAD_INIT((name).going),				\
}

void gort_wg_init(struct gort_wg *wg);
int gort_wg_add(struct gort_wg *wg, int n);
int __must_check gort_wg_wait_until(struct gort_wg *wg, u64 deadline_ns);

/**
 * gort_wg_done() - one thing less to wait for
 * @wg: the wait group
 *
 * Context: any. What it wakes: as gort_wg_add().
 * Return: as gort_wg_add().
 */
static inline int gort_wg_done(struct gort_wg *wg)
{
	return gort_wg_add(wg, -1);
}

/**
 * gort_wg_wait() - gort_wg_wait_until() without a deadline
 * @wg: the wait group
 *
 * Context: G or process.
 * Return: as gort_wg_wait_until().
 */
static inline int __must_check gort_wg_wait(struct gort_wg *wg)
{
	return gort_wg_wait_until(wg, GORT_NO_DEADLINE);
}

/**
 * struct gort_once - something that is done by the first who needs it
 * @lock: Q
 * @waiters: operations that wait until it has been done; Q
 * @going: those for which it has; Q
 * @owner: the G or task that does it now, or NULL; Q
 * @done: it has been done; Q, read without
 * @held: in the list of @owner; the owner's
 */
struct gort_once {
	raw_spinlock_t lock; /* all below */
	struct list_head waiters;
	struct list_head going;
	void *owner;
	bool done;
	struct gort_held held;
};

#define GORT_ONCE_INIT(name) {						\
	.lock = __RAW_SPIN_LOCK_UNLOCKED((name).lock),			\
	.waiters = LIST_HEAD_INIT((name).waiters),			\
	.going = LIST_HEAD_INIT((name).going),				\
}

void gort_once_init(struct gort_once *once);
int __must_check gort_once_do_until(struct gort_once *once, gort_fn_t fn,
				    void *arg, u64 deadline_ns);

/**
 * gort_once_do() - gort_once_do_until() without a deadline
 * @once: knows whether it has been done
 * @fn: does it; G code
 * @arg: its argument
 *
 * Context: G or process; any if it has been done.
 * Return: as gort_once_do_until().
 */
static inline int __must_check gort_once_do(struct gort_once *once,
					    gort_fn_t fn, void *arg)
{
	return gort_once_do_until(once, fn, arg, GORT_NO_DEADLINE);
}

#endif /* _LINUX_GORT_SYNC_H */
