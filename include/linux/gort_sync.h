/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort: what Gs and tasks synchronise with (gort_sync.c).
 *
 * All that waits is for Gs and for process context that may sleep, can be
 * cancelled, and has a form with a deadline; what is named try, and what wakes,
 * is for any context. The structures are the user's; their fields are not.
 */
#ifndef _LINUX_GORT_SYNC_H
#define _LINUX_GORT_SYNC_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <linux/gort.h>

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
int gort_sem_acquire_until(struct gort_sem *s, u64 deadline_ns);
int gort_sem_tryacquire(struct gort_sem *s);
int gort_sem_release(struct gort_sem *s);

/**
 * gort_sem_acquire() - gort_sem_acquire_until() without a deadline
 * @s: the semaphore
 *
 * Context: G or process.
 * Return: as gort_sem_acquire_until().
 */
static inline int gort_sem_acquire(struct gort_sem *s)
{
	return gort_sem_acquire_until(s, GORT_NO_DEADLINE);
}

#endif /* _LINUX_GORT_SYNC_H */
