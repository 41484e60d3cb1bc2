/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libgort: tasks through a ring (io_uring), for programs that submit many. One
 * system call gives any number of batches and takes what has completed.
 *
 * A ring belongs to one context and to one thread at a time. At most one batch
 * is on its way into the module, and one array of completions on its way out:
 * both are kept by the ring, so that they stay where the kernel has been told
 * that they are. The tasks of a batch that find the context full stay in the
 * ring, and are given again when completions have been taken.
 *
 * The kernel has to have io_uring, switched on, and with URING_CMD (5.19);
 * gortc_ring_open() says so if not. What is not here is done with the context
 * itself: gortc_cancel() and all the rest.
 */
#ifndef LIBGORT_RING_H
#define LIBGORT_RING_H

#include "libgort.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gortc_ring;

/**
 * gortc_ring_open() - a ring for a context
 * @c: the context, which stays open until the ring is closed
 * @ring: set to the ring
 * @batch: most tasks that wait in it for being given, 1 to GORT_MAX_BATCH
 *
 * Return: 0; -ENOSYS, -EPERM or -EOPNOTSUPP if there is no such ring here, use
 * gortc_submit() and gortc_read() then; -EINVAL, -ENOMEM.
 */
int gortc_ring_open(struct gortc *c, struct gortc_ring **ring, __u32 batch);

/**
 * gortc_ring_close() - give the ring back
 * @ring: the ring, or NULL
 *
 * Tasks that were given go on; those that were not are forgotten.
 */
void gortc_ring_close(struct gortc_ring *ring);

/**
 * gortc_ring_room() - how many more tasks can be put into the ring now
 * @ring: the ring
 *
 * Return: 0 to the size of a batch.
 */
__u32 gortc_ring_room(const struct gortc_ring *ring);

/**
 * gortc_ring_put() - put a task into the ring
 * @ring: the ring
 * @task: what to run
 *
 * Nothing else happens before gortc_ring_turn().
 *
 * Return: 0, or -ENOBUFS if there is no room.
 */
int gortc_ring_put(struct gortc_ring *ring, const struct gort_task_desc *task);

/**
 * gortc_ring_turn() - give what is in the ring, and take what has completed
 * @ring: the ring
 * @min: wait until so many completions can be taken, or no task runs any more;
 *	0: do not wait
 * @c: set to an array of completions, which is the ring's and stays until the
 *	next turn
 *
 * One system call. A task that the module refuses stays the first one in the
 * ring: gortc_ring_drop() takes it out. While others of the context run, the
 * cap is no error.
 *
 * Return: how many completions there are. If there are none: 0; the error of the
 * first task that was not accepted (-EAGAIN: the context is full, and none of
 * its tasks has completed; -ENOENT, -EINVAL, -ENOMEM); -EDEADLK; -EINTR.
 */
int gortc_ring_turn(struct gortc_ring *ring, __u32 min,
		    const struct gort_completion **c);

/**
 * gortc_ring_drop() - forget the first task in the ring
 * @ring: the ring
 * @task: set to it, or NULL
 *
 * Return: 0, or -ENODATA if there is none.
 */
int gortc_ring_drop(struct gortc_ring *ring, struct gort_task_desc *task);

#ifdef __cplusplus
}
#endif

#endif /* LIBGORT_RING_H */
