// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libgort: tasks through a ring, see libgort_ring.h.
 *
 * A turn is a submit, if there are tasks, and a reap. They are not linked: a
 * submit that finds the context full must not keep the reap from making room.
 * io_uring starts them in this order, on this thread, and the module tries both
 * at once; so a reap sees the tasks of its own turn, but for a submit that has
 * to wait for another thread's, in which case it may say early that none runs.
 *
 * Both have ended when the turn is over: after a signal, the reap is cancelled
 * and awaited, since the structures are used again in the next turn.
 *
 * Rejected: several turns under way at a time. It is what a ring is good for,
 * but a program that wants that has its own ring, for other files too, and puts
 * the two commands in there by itself.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "libgort_ring.h"

/* What a command is recognized by when it has ended */
enum { SUBMIT, REAP, CANCEL, COMMANDS };

struct gortc_ring {
	struct io_uring uring;
	int fd;
	__u32 size;
	__u32 count;			/* tasks in the ring */
	struct gort_task_desc *tasks;
	struct gort_completion *done;
	struct gort_submit submit;
	struct gort_reap reap;
};

/* There is room: at most COMMANDS are ever under way. */
static struct io_uring_sqe *get(struct gortc_ring *r, int which)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->uring);

	*sqe = (struct io_uring_sqe){ .user_data = which };
	return sqe;
}

static void put_command(struct gortc_ring *r, int which, __u32 cmd, void *arg)
{
	struct io_uring_sqe *sqe = get(r, which);

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = r->fd;
	sqe->cmd_op = cmd;
	*(__u64 *)(void *)sqe->cmd = (__u64)(unsigned long)arg;
}

static void put_submit(struct gortc_ring *r)
{
	r->submit = (struct gort_submit) {
		.size = sizeof(r->submit),
		.tasks = (__u64)(unsigned long)r->tasks,
		.count = r->count,
		.task_size = sizeof(*r->tasks),
	};
	put_command(r, SUBMIT, GORT_IOC_SUBMIT, &r->submit);
}

static void put_reap(struct gortc_ring *r, __u32 min)
{
	r->reap = (struct gort_reap) {
		.size = sizeof(r->reap),
		.completions = (__u64)(unsigned long)r->done,
		.count = r->size,
		.min_complete = min,
		.deadline_ns = GORT_WAIT_FOREVER,
	};
	put_command(r, REAP, GORT_IOC_REAP, &r->reap);
}

static void cancel_reap(struct gortc_ring *r)
{
	struct io_uring_sqe *sqe = get(r, CANCEL);

	io_uring_prep_cancel64(sqe, REAP, 0);
	sqe->user_data = CANCEL;
}

/*
 * Give what was put, and wait for @n results, each to its place. A signal leads
 * to a cancel, once: what was cancelled ends soon. A call that has given
 * something does not say that a signal ended it; but then it has too few.
 */
static void run(struct gortc_ring *r, unsigned int n, int res[COMMANDS])
{
	struct io_uring_cqe *cqe;
	int cancelled = 0, err;

	while (n) {
		err = io_uring_submit_and_wait(&r->uring, n);
		if (!cancelled && (err == -EINTR ||
				   (err >= 0 && io_uring_cq_ready(&r->uring) < n))) {
			cancel_reap(r);
			cancelled = 1;
			n++;
		}
		while (n && !io_uring_peek_cqe(&r->uring, &cqe)) {
			if (cqe->user_data < COMMANDS)
				res[cqe->user_data] = cqe->res;
			io_uring_cqe_seen(&r->uring, cqe);
			n--;
		}
	}
}

int gortc_ring_turn(struct gortc_ring *r, __u32 min,
		    const struct gort_completion **c)
{
	int res[COMMANDS] = { 0 }, n = 1;

	if (r->count) {
		put_submit(r);
		n++;
	}
	put_reap(r, min < r->size ? min : r->size);
	run(r, n, res);
	if (n == 2 && !res[SUBMIT]) {
		r->count -= r->submit.submitted;
		memmove(r->tasks, r->tasks + r->submit.submitted,
			r->count * sizeof(*r->tasks));
		res[SUBMIT] = -(int)r->submit.error;
	}
	*c = r->done;
	if (res[REAP] == -ECANCELED)
		res[REAP] = -EINTR;
	if (!res[REAP] && r->reap.completed)
		return r->reap.completed;
	/* that it is full goes by while tasks run */
	if (res[SUBMIT] && (res[SUBMIT] != -EAGAIN || !res[REAP]))
		return res[SUBMIT];
	return res[REAP];
}

__u32 gortc_ring_room(const struct gortc_ring *r)
{
	return r->size - r->count;
}

int gortc_ring_put(struct gortc_ring *r, const struct gort_task_desc *task)
{
	if (!gortc_ring_room(r))
		return -ENOBUFS;
	r->tasks[r->count++] = *task;
	return 0;
}

int gortc_ring_drop(struct gortc_ring *r, struct gort_task_desc *task)
{
	if (!r->count)
		return -ENODATA;
	if (task)
		*task = *r->tasks;
	r->count--;
	memmove(r->tasks, r->tasks + 1, r->count * sizeof(*r->tasks));
	return 0;
}

/* Does this kernel take commands for this file? An old one does not know how. */
static int probe(struct gortc_ring *r)
{
	struct gort_info info = { .size = sizeof(info) };
	int res[COMMANDS] = { 0 };

	put_command(r, SUBMIT, GORT_IOC_INFO, &info);
	run(r, 1, res);
	return res[SUBMIT] == -EINVAL ? -EOPNOTSUPP : res[SUBMIT];
}

int gortc_ring_open(struct gortc *c, struct gortc_ring **ring, __u32 batch)
{
	struct gortc_ring *r;
	int err;

	if (!batch || batch > GORT_MAX_BATCH)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->fd = c->fd;
	r->size = batch;
	err = io_uring_queue_init(2 * COMMANDS, &r->uring, 0);
	if (err) {
		free(r);
		return err;
	}
	r->tasks = calloc(batch, sizeof(*r->tasks));
	r->done = calloc(batch, sizeof(*r->done));
	err = r->tasks && r->done ? probe(r) : -ENOMEM;
	if (err) {
		gortc_ring_close(r);
		return err;
	}
	*ring = r;
	return 0;
}

void gortc_ring_close(struct gortc_ring *r)
{
	if (!r)
		return;
	io_uring_queue_exit(&r->uring);
	free(r->tasks);
	free(r->done);
	free(r);
}
