/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounds of the fuzzer of /dev/gort: begin, go on, and what must be left. */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include <sys/time.h>

#include "fuzz_calls.h"

/* Between two looks whether an ordinary task still does what it is told */
#define FZ_LOOK		200

/* What a thread needs that its round does not change */
static bool fz_init(struct fz *z)
{
	int fd = gt_open(0), i;
	bool ok;

	memset(z, 0, sizeof(*z));
	for (i = 0; i < FZ_FDS; i++)
		z->fd[i] = -1;
	z->beside = !!getenv("GORT_FUZZ_BESIDE");
	if (fd < 0)
		return false;
	/* those that every gort has come first */
	for (i = 0; i < 9 && !gt_workload(fd, i, &z->workload[i]); i++)
		z->nr_workloads++;
	close(fd);
	ok = z->nr_workloads && fz_area_init(&z->arg, 8192) &&
	     fz_area_init(&z->in, 4096) && fz_area_init(&z->out, 4096);
	return ok && !io_uring_queue_init(FZ_ENTRIES, &z->ring, 0);
}

static void fz_exit(struct fz *z)
{
	io_uring_queue_exit(&z->ring);
	free(z->arg.copy);
	free(z->in.copy);
	free(z->out.copy);
	munmap(z->arg.base, z->arg.len + 4096);
	munmap(z->in.base, z->in.len + 4096);
	munmap(z->out.base, z->out.len + 4096);
}

static void fz_restore(struct fz *z)
{
	if (!z->beside && !gt_params_restore(&gt_params_found))
		fz_bad(z, "parameters can't be put back");
}

/* One that nobody else has a hand in */
static void fz_ordinary(struct fz *z)
{
	struct gort_completion c = { 0 };
	int fd = gt_open(0), n = fd;
	struct gort_task_desc t;

	if (fd >= 0)
		n = gt_task(fd, "call", &t, 1000, 0, 0) ? 0 : -ENOENT;
	if (!n)
		n = gt_submit_n(fd, &t, 1, NULL);
	if (n == 1)
		n = gt_read(fd, &c, 1);
	if (n != 1)
		fz_bad(z, "an ordinary task can't be run: %d", n);
	else if (c.status || c.result != gt_steps(1000))
		fz_bad(z, "an ordinary task ended with %d and %#llx", c.status,
		       (__u64)c.result);
	close(fd);
}

/* The first task that has not completed */
static __u64 fz_unseen(const struct fz_file *f)
{
	__u64 id = 1;

	while (id < FZ_TASKS && f->seen[id / 64] & 1ULL << id % 64)
		id++;
	return id;
}

/* All that was accepted completes, once. */
static void fz_settle(struct fz *z, struct fz_file *f, int fd)
{
	struct gort_completion c[16];
	int err = gt_cancel_all(fd, NULL), n;

	if (err)
		fz_bad(z, "all cancelled: %d", err);
	if (fcntl(fd, F_SETFL, 0))
		fz_bad(z, "O_NONBLOCK stays");
	while ((n = gt_read(fd, c, 16)) > 0 || n == -EINTR)
		if (n > 0)
			fz_completed(z, f, c, n);
	if (n)
		fz_bad(z, "the rest can't be read: %d", n);
	if (f->accepted != f->completed)
		fz_bad(z, "%llu tasks accepted, %llu completed, not %llu",
		       f->accepted, f->completed, fz_unseen(f));
}

/*
 * Makes @steps calls. If it is @alone, ordinary tasks have to go through in
 * between, with the parameters as they were.
 */
static void fz_round(struct fz *z, __u64 seed, unsigned int steps, bool alone)
{
	unsigned int i;

	z->seed = seed;
	z->state = seed;
	z->step = 0;
	if (fz_slot(z) < 0 && fz_open(z))
		fz_bad(z, "can't be opened");
	for (i = 0; i < steps && !*z->bad; i++) {
		fz_step(z, fz_calls, FZ_CALLS);
		if (!alone || z->beside || i % FZ_LOOK)
			continue;
		fz_restore(z);
		fz_ordinary(z);
	}
	z->now = NULL;
}

/* The end of a round, of all threads that share files. */
static void fz_finish(struct fz *z)
{
	int i;

	fz_restore(z);
	for (i = 0; i < FZ_FDS; i++) {
		if (z->fd[i] < 0)
			continue;
		if (z->of[i] >= z->file && z->of[i] < z->file + FZ_FILES)
			fz_settle(z, z->of[i], z->fd[i]);
		fz_close_slot(z, i);
	}
}

/* What several threads do, who are interrupted all the time */
static void *fz_thread(void *arg)
{
	struct fz *z = arg;

	fz_round(z, z->seed, z->steps, false);
	return NULL;
}

/*
 * A round of @n threads that share the first one's file. What did not hold is in
 * one of them.
 */
static void fz_together(struct fz *z, int n, __u64 seed, unsigned int steps)
{
	const struct itimerval tick = { { 0, 5000 }, { 0, 5000 } };
	const struct itimerval none = { 0 };
	pthread_t thread[FZ_THREADS];
	int i;

	for (i = 0; i < n; i++) {
		z[i].seed = seed + i;
		z[i].steps = steps;
		if (fz_open(&z[i]) || !i)
			continue;
		z[i].fd[1] = dup(z[0].fd[0]);
		z[i].of[1] = z[0].of[0];
		z[0].of[0]->fds++;
	}
	gt_catch(SIGALRM, 0);
	setitimer(ITIMER_REAL, &tick, NULL);
	for (i = 0; i < n; i++)
		if (pthread_create(&thread[i], NULL, fz_thread, &z[i]))
			exit(1);
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	setitimer(ITIMER_REAL, &none, NULL);
	for (i = n - 1; i >= 0; i--)
		fz_finish(&z[i]);
}

#endif /* FUZZ_RUN_H */
