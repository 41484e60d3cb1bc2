// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many small tasks in a second, by how they are submitted? Each way gives the
 * same tasks in rounds of WINDOW, reads all completions of a round before the
 * next, and each task must complete once. Prints, for each way: its name, tasks
 * in a second, system calls for each 1000 tasks.
 */
#include <err.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tools/lib/libgort.h"
#include "../tools/lib/libgort_ring.h"

#define WINDOW	64
#define ROUNDS	300

static struct gortc context;
static struct gortc_ring *ring;
static struct io_uring uring;
static struct gort_task_desc tasks[WINDOW];
static struct gort_completion done[WINDOW];
static unsigned char seen[WINDOW];
static unsigned long calls;

static void check(int what, const char *doing)
{
	if (what < 0)
		errx(1, "%s: %s", doing, strerror(-what));
}

static void count(const struct gort_completion *c, int n)
{
	while (n--)
		if (c[n].status || c[n].user_data >= WINDOW ||
		    seen[c[n].user_data]++)
			errx(1, "task %llu: not once, or wrong",
			     (unsigned long long)c[n].id);
}

static void read_all(int left)
{
	struct gort_wait w;
	int n;

	while (left) {
		check(gortc_wait(&context, left, GORT_WAIT_FOREVER, &w), "wait");
		n = gortc_read(&context, done, left);
		check(n, "read");
		count(done, n);
		left -= n;
		calls += 2;
	}
}

static void one_and_wait(void)
{
	struct gort_submit s;
	int i;

	for (i = 0; i < WINDOW; i++) {
		check(gortc_submit(&context, &tasks[i], 1, &s), "submit");
		calls++;
		read_all(1);
	}
}

static void one_by_one(void)
{
	struct gort_submit s;
	int i;

	for (i = 0; i < WINDOW; i++)
		check(gortc_submit(&context, &tasks[i], 1, &s), "submit");
	calls += WINDOW;
	read_all(WINDOW);
}

static void batch(void)
{
	struct gort_submit s;

	check(gortc_submit(&context, tasks, WINDOW, &s), "submit");
	calls++;
	read_all(s.submitted);
}

static void put(__u32 cmd, void *arg)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring);

	*sqe = (struct io_uring_sqe) {
		.opcode = IORING_OP_URING_CMD, .fd = context.fd, .cmd_op = cmd,
	};
	*(__u64 *)(void *)sqe->cmd = (unsigned long)arg;
}

/* A command for each task, and one that reads all */
static void ring_one_by_one(void)
{
	struct gort_submit s[WINDOW];
	struct gort_reap r = {
		.size = sizeof(r), .completions = (unsigned long)done,
		.count = WINDOW, .min_complete = WINDOW,
		.deadline_ns = GORT_WAIT_FOREVER,
	};
	struct io_uring_cqe *cqe;
	int i;

	for (i = 0; i < WINDOW; i++) {
		s[i] = (struct gort_submit) {
			.size = sizeof(s[i]), .tasks = (unsigned long)&tasks[i],
			.count = 1, .task_size = sizeof(tasks[i]),
		};
		put(GORT_IOC_SUBMIT, &s[i]);
	}
	put(GORT_IOC_REAP, &r);
	check(io_uring_submit_and_wait(&uring, WINDOW + 1), "ring");
	calls++;
	for (i = 0; i <= WINDOW; i++) {
		check(io_uring_wait_cqe(&uring, &cqe), "ring");
		check(cqe->res, "command");
		io_uring_cqe_seen(&uring, cqe);
	}
	if (r.completed != WINDOW)
		errx(1, "%u of %u completed", r.completed, WINDOW);
	count(done, WINDOW);
}

static void ring_batch(void)
{
	const struct gort_completion *c;
	int i, n, left = WINDOW;

	for (i = 0; i < WINDOW; i++)
		check(gortc_ring_put(ring, &tasks[i]), "put");
	while (left) {
		n = gortc_ring_turn(ring, left, &c);
		check(n, "turn");
		if (!n)
			errx(1, "%d tasks are missing", left);
		count(c, n);
		left -= n;
		calls++;
	}
}

static const struct {
	const char *name;
	void (*round)(void);
} ways[] = {
	{ "one_and_wait", one_and_wait },
	{ "one_by_one", one_by_one },
	{ "batch", batch },
	{ "ring_one_by_one", ring_one_by_one },
	{ "ring_batch", ring_batch },
	{ NULL, NULL }
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void measure(int way)
{
	double start = 0;
	int i, j;

	for (i = -10; i < ROUNDS; i++) {
		if (!i) { /* those before have warmed it up */
			calls = 0;
			start = now();
		}
		memset(seen, 0, sizeof(seen));
		ways[way].round();
		for (j = 0; j < WINDOW; j++)
			if (seen[j] != 1)
				errx(1, "task %d completed %d times", j, seen[j]);
	}
	printf("%s %.0f %lu\n", ways[way].name,
	       WINDOW * ROUNDS / (now() - start),
	       calls * 1000 / (WINDOW * ROUNDS));
	fflush(stdout);
}

int main(void)
{
	struct gort_workload_info w;
	unsigned int i, turn;

	check(gortc_open(&context, GORTC_DEVICE), "open");
	check(gortc_find(&context, "yield", &w), "yield");
	check(gortc_ring_open(&context, &ring, WINDOW), "ring");
	check(io_uring_queue_init(2 * WINDOW, &uring, 0), "ring");
	for (i = 0; i < WINDOW; i++)
		tasks[i] = (struct gort_task_desc) {
			.workload = w.id, .user_data = i, .args = { 1 },
		};
	for (turn = 0; turn < 3; turn++)
		for (i = 0; ways[i].name; i++)
			measure(i);
	io_uring_queue_exit(&uring);
	gortc_ring_close(ring);
	gortc_close(&context);
	return 0;
}
