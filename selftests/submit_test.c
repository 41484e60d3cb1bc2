// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is submitted completes: once, with its own result and its own user_data,
 * in the file that submitted it, whoever reads it and whenever; and those who
 * wait for it are woken.
 */
#include "gort_test.h"

#include <sys/epoll.h>
#include <sys/resource.h>

/*
 * Small tasks of every kind, with arguments that vary from task to task. Those
 * of the last two kinds spawn.
 */
static const struct kind {
	const char *name;
	__u64 base[3];		/* argument i is base[i] + n % vary[i] */
	__u64 vary[3];
} kinds[] = {
	{ "call", { 1, 0, 0 }, { 40, 1, 1 } },
	{ "loop", { 1, 0, 0 }, { 90, 1, 1 } },
	{ "lock", { 1, 1, 0 }, { 3, 4, 6 } },
	{ "recurse", { 1, 64, 0 }, { 9, 200, 1 } },
	{ "fib", { 1, 0, 0 }, { 7, 1, 1 } },
	{ "yield", { 1, 0, 0 }, { 3, 1, 1 } },
	{ "sleep", { 1000, 1, 0 }, { 5000, 2, 1 } },
	{ "pingpong", { 1, 0, 0 }, { 3, 1, 1 } },
	{ "spawn", { 1, 1, 0 }, { 1, 2, 1 } },
};

#define NR_KINDS	ARRAY_SIZE(kinds)

static __u32 kind_id[NR_KINDS];

static bool find_kinds(int fd)
{
	struct gort_workload_info w;
	unsigned int i;

	for (i = 0; i < NR_KINDS; i++) {
		if (gt_find(fd, kinds[i].name, &w))
			return false;
		kind_id[i] = w.id;
	}
	return true;
}

/* Task number @n: its kind, its arguments, its user_data. */
static void make_task(struct gort_task_desc *t, __u64 n)
{
	const struct kind *k = &kinds[n % NR_KINDS];
	unsigned int i;

	*t = (struct gort_task_desc) {
		.workload = kind_id[n % NR_KINDS],
		.user_data = n,
	};
	for (i = 0; i < 3; i++)
		t->args[i] = k->base[i] + n / NR_KINDS % k->vary[i];
}

static bool is_right(const struct gort_completion *c)
{
	struct gort_task_desc t;

	make_task(&t, c->user_data);
	return !c->status &&
	       c->result == gt_expected(kinds[c->user_data % NR_KINDS].name,
					t.args);
}

#define TASKS	100000

static unsigned char seen[TASKS];
static __u64 id_of[TASKS];

/* Notes completions down; false if one is wrong or came before. */
static bool note(const struct gort_completion *c, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (c[i].user_data >= TASKS || !is_right(&c[i]) ||
		    __atomic_exchange_n(&seen[c[i].user_data], 1,
					__ATOMIC_RELAXED)) {
			fprintf(stderr, "# task %llu, %s: status %d, result %llu\n",
				c[i].user_data,
				kinds[c[i].user_data % NR_KINDS].name,
				c[i].status, c[i].result);
			return false;
		}
		id_of[c[i].user_data] = c[i].id;
	}
	return true;
}

static int nr_seen(void)
{
	int i, n = 0;

	for (i = 0; i < TASKS; i++)
		n += seen[i];
	return n;
}

FIXTURE(tasks) {
	int fd;
	__s64 base;
	struct gt_params params;
};

FIXTURE_SETUP(tasks)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	self->base = gt_total(self->fd);
	ASSERT_TRUE(find_kinds(self->fd));
}

FIXTURE_TEARDOWN(tasks)
{
	EXPECT_TRUE(gt_params_restore(&self->params));
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	close(self->fd);
}

/*
 * The module's main promise, over all kinds at once: a task lost, run twice,
 * given another's result or numbered out of turn shows here.
 */
TEST_F_TIMEOUT(tasks, each_of_100000_completes_once, 120)
{
	static struct gort_task_desc batch[1000];
	static struct gort_completion c[1000];
	__u64 next_id = 0;
	struct gort_submit s;
	int done = 0, n, i;

	for (i = 0; i < TASKS; i += 1000) {
		for (n = 0; n < 1000; n++)
			make_task(&batch[n], i + n);
		ASSERT_EQ(0, gt_submit(self->fd, batch, 1000, &s));
		ASSERT_EQ(1000, s.submitted);
		ASSERT_EQ(0, s.error);
		ASSERT_LE(next_id, s.first_id);
		next_id = s.first_id + 1000;
		id_of[i] = s.first_id;
		/* Half a batch behind, so that submits meet completions. */
		while (done < i + 500) {
			n = gt_read(self->fd, c, 500);
			ASSERT_LT(0, n);
			for (done += n; n--; ) {
				__u64 nth = c[n].user_data;

				ASSERT_GT(TASKS, nth);
				ASSERT_EQ(id_of[nth / 1000 * 1000] + nth % 1000,
					  c[n].id);
				ASSERT_TRUE(note(&c[n], 1));
			}
		}
	}
	while ((n = gt_read(self->fd, c, 1000)) > 0)
		ASSERT_TRUE(note(c, n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(TASKS, nr_seen());
	EXPECT_EQ(0, gt_of_file(self->fd));
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base));
}

#define THREADS		4
#define PER_THREAD	4000
#define BATCH		100

static __u64 first_of[THREADS * PER_THREAD / BATCH];

struct worker {
	pthread_t thread;
	int fd, nr;
	pid_t tid;
	bool ok;
};

/* Submits its share in batches, and reads whatever completions it finds. */
static void *submit_and_read(void *arg)
{
	struct gort_task_desc batch[BATCH];
	struct gort_completion c[BATCH];
	struct worker *w = arg;
	struct gort_submit s;
	int i, n, from;

	for (from = 0; from < PER_THREAD; from += BATCH) {
		int at = w->nr * PER_THREAD + from;

		for (i = 0; i < BATCH; i++)
			make_task(&batch[i], at + i);
		if (gt_submit(w->fd, batch, BATCH, &s) || s.submitted != BATCH)
			return NULL;
		first_of[at / BATCH] = s.first_id;
		n = gt_read(w->fd, c, BATCH);
		if (n < 0 || !note(c, n))
			return NULL;
	}
	while ((n = gt_read(w->fd, c, 7)) > 0)
		if (!note(c, n))
			return NULL;
	w->ok = !n;
	return NULL;
}

/* Readers that race for one queue must share it, and a batch keep its ids. */
TEST_F(tasks, threads_share_a_file)
{
	struct worker w[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker) { .fd = self->fd, .nr = i };
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, submit_and_read,
					    &w[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_TRUE(w[i].ok);
	}
	EXPECT_EQ(THREADS * PER_THREAD, nr_seen());
	for (i = 0; i < THREADS * PER_THREAD; i++)
		ASSERT_EQ(first_of[i / BATCH] + i % BATCH, id_of[i]);
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* A file is a context: neither results nor ends of another show in it. */
TEST_F(tasks, files_do_not_mix)
{
	struct gort_task_desc t;
	struct gort_completion c;
	int fd[3], n[3] = { 0 }, i, j;

	for (i = 0; i < 3; i++) {
		fd[i] = gt_open(0);
		ASSERT_LE(0, fd[i]);
	}
	for (j = 0; j < 300; j++) {
		make_task(&t, j);
		ASSERT_EQ(1, gt_submit_n(fd[j % 3], &t, 1, NULL));
	}
	for (i = 0; i < 3; i++) {
		while (gt_read(fd[i], &c, 1) > 0) {
			ASSERT_EQ(i, c.user_data % 3);
			ASSERT_TRUE(note(&c, 1));
			n[i]++;
		}
		EXPECT_EQ(100, n[i]);
		EXPECT_EQ(0, gt_of_file(fd[i]));
		close(fd[i]);
	}
	EXPECT_EQ(0, gt_read(self->fd, &c, 1));
}

/* Completions are kept, however late their reader. */
TEST_F(tasks, completions_wait_to_be_read)
{
	struct gort_completion c[50];
	struct gort_task_desc t;
	struct gort_wait w;
	int i, n = 0;

	for (i = 0; i < 500; i++) {
		make_task(&t, i);
		ASSERT_EQ(1, gt_submit_n(self->fd, &t, 1, NULL));
	}
	ASSERT_EQ(0, gt_wait(self->fd, 0, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(500, w.completed);
	EXPECT_EQ(0, w.running);
	EXPECT_EQ(500, gt_of_file(self->fd));
	/* They hold no green thread any more. */
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base));
	while ((i = gt_read(self->fd, c, 50)) > 0) {
		ASSERT_TRUE(note(c, i));
		n += i;
	}
	EXPECT_EQ(500, n);
	EXPECT_EQ(500, nr_seen());
}

/* The @n-th task of those that need no child: a child may meet the cap. */
static __u64 childless(__u64 n)
{
	return n / (NR_KINDS - 2) * NR_KINDS + n % (NR_KINDS - 2);
}

/* At the cap a submitter is held back; nothing that was accepted is lost. */
TEST_F(tasks, cap_holds_back_and_loses_nothing)
{
	struct gort_task_desc batch[40];
	struct gort_completion c[16];
	int next = 0, held = 0, err, i, n, fd;
	struct gort_submit s;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 32));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	while (next < 4000) {
		for (i = 0; i < 40; i++)
			make_task(&batch[i], childless(next + i));
		err = gt_submit(fd, batch, 40, &s);
		ASSERT_TRUE(!err || err == -EAGAIN);
		next += err ? 0 : s.submitted;
		held += err || s.error == EAGAIN;
		ASSERT_GE(32, gt_of_file(fd));
		n = gt_read(fd, c, 16);
		ASSERT_LT(0, n);
		ASSERT_TRUE(note(c, n));
	}
	while ((n = gt_read(fd, c, 16)) > 0)
		ASSERT_TRUE(note(c, n));
	EXPECT_EQ(next, nr_seen());
	EXPECT_LT(0, held);
	close(fd);
}

/* A wait for some must not be a wait for all, nor end before they are there. */
TEST_F(tasks, wait_counts_completions)
{
	struct gort_completion c[4];
	struct gort_wait w;

	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	ASSERT_EQ(3, gt_run(self->fd, "sleep", 3, 5000000, 1, 0));
	EXPECT_EQ(0, gt_wait(self->fd, 3, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(3, w.completed);
	EXPECT_EQ(1, w.running);
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 4, gt_in_ms(20), &w));
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 0, gt_in_ms(20), &w));
	EXPECT_EQ(1, gt_read(self->fd, c, 1));
	EXPECT_EQ(0, gt_wait(self->fd, 2, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(2, w.completed);
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 3, gt_in_ms(20), &w));
	/* More than there can ever be: the last end is the end. */
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(0, gt_wait(self->fd, 100, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(3, w.completed);
	EXPECT_EQ(0, w.running);
	EXPECT_EQ(3, gt_read_all(self->fd, c, 4));
}

/*
 * Who waits for many sleeps until they are there, though they end one by one.
 * Breaks if each of them wakes it: then it sleeps as often as tasks end.
 */
TEST_F(tasks, who_waits_for_many_is_woken_once)
{
	struct gort_completion c[64];
	struct rusage before, after;
	struct gort_wait w;
	unsigned int i;

	for (i = 1; i <= ARRAY_SIZE(c); i++)
		ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, i * 4000000ULL, 1, 0));
	ASSERT_EQ(0, getrusage(RUSAGE_THREAD, &before));
	EXPECT_EQ(0, gt_wait(self->fd, ARRAY_SIZE(c), GORT_WAIT_FOREVER, &w));
	ASSERT_EQ(0, getrusage(RUSAGE_THREAD, &after));
	EXPECT_EQ(ARRAY_SIZE(c), w.completed);
	EXPECT_GE(before.ru_nvcsw + 8, after.ru_nvcsw);
	EXPECT_EQ(ARRAY_SIZE(c), gt_read_all(self->fd, c, ARRAY_SIZE(c)));
}

/* Wakes whom it finds asleep in @nr with the end of a task. */
struct waker {
	pthread_t thread;
	int fd;
	pid_t tid;
	long nr;
	int err;
};

static void *submit_when_asleep(void *arg)
{
	struct waker *w = arg;

	if (!gt_wait_for(gt_blocked_in(w->tid, w->nr)))
		w->err = -ETIME;
	else if (gt_run(w->fd, "yield", 1, 1, 0, 0) != 1)
		w->err = -EIO;
	return NULL;
}

static int wake_me(struct waker *w, int fd, long nr)
{
	*w = (struct waker) { .fd = fd, .tid = gt_tid(), .nr = nr };
	return pthread_create(&w->thread, NULL, submit_when_asleep, w);
}

/* A sleeper that misses its completion sleeps for ever; each kind, many times. */
TEST_F(tasks, completion_wakes_sleepers)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), woken, i;
	struct gort_completion c;
	struct waker waker;
	struct gort_wait w;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &ev));
	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	for (i = 0; i < 80; i++) {
		long nr[] = { SYS_read, SYS_poll, SYS_ioctl, SYS_epoll_wait };

		ASSERT_EQ(0, wake_me(&waker, self->fd, nr[i % 4]));
		woken = 1;
		if (i % 4 == 1)
			woken = poll(&p, 1, GT_POLL_MS);
		else if (i % 4 == 2)
			woken = !gt_wait(self->fd, 1, gt_now() + GT_PATIENCE, &w);
		else if (i % 4 == 3)
			woken = epoll_wait(ep, &ev, 1, GT_POLL_MS);
		EXPECT_EQ(1, woken);
		EXPECT_EQ(1, gt_read(self->fd, &c, 1));
		pthread_join(waker.thread, NULL);
		ASSERT_EQ(0, waker.err)
			TH_LOG("round %d", i);
	}
	close(ep);
}

static void *read_one(void *arg)
{
	struct gort_completion c;
	struct worker *w = arg;

	__atomic_store_n(&w->tid, gt_tid(), __ATOMIC_RELEASE);
	w->ok = gt_read(w->fd, &c, 1) == 0;
	return NULL;
}

static bool is_reading(struct worker *w)
{
	pid_t tid = __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE);

	return tid && gt_blocked_in(tid, SYS_read);
}

/* The last completion wakes all readers: for the others there is nothing. */
TEST_F(tasks, last_completion_ends_all_readers)
{
	struct worker w[THREADS];
	int i, ends = 0;

	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker) { .fd = self->fd };
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, read_one,
					    &w[i]));
		ASSERT_TRUE(gt_wait_for(is_reading(&w[i])));
	}
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		ends += w[i].ok;
	}
	EXPECT_EQ(THREADS - 1, ends);
}

/* What a task is charged with must lie within what really passed. */
TEST_F(tasks, latency_is_plausible)
{
	struct gort_completion c;
	__u64 start, wall;
	int i;

	for (i = 0; i < 20; i++) {
		start = gt_now();
		ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, 1000000 * i + 1, 1,
				    0));
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		wall = gt_now() - start;
		EXPECT_EQ(0, c.status);
		EXPECT_LE(1000000 * i + 1, c.latency_ns);
		EXPECT_GE(wall, c.latency_ns);
	}
}

/* A task that never left its stack's first bytes or used them all shows it. */
TEST_F(tasks, stack_use_is_plausible)
{
	struct gort_completion flat, deep;
	struct gort_info info;

	ASSERT_EQ(0, gt_info(self->fd, &info));
	ASSERT_EQ(1, gt_run(self->fd, "recurse", 1, 1, 64, 0));
	ASSERT_EQ(1, gt_read(self->fd, &flat, 1));
	ASSERT_EQ(1, gt_run(self->fd, "recurse", 1, 60, 1024, 0));
	ASSERT_EQ(1, gt_read(self->fd, &deep, 1));
	EXPECT_EQ(0, flat.status);
	EXPECT_EQ(0, deep.status);
	EXPECT_LT(0, flat.stack_bytes);
	EXPECT_LE(60 * 1024, deep.stack_bytes);
	EXPECT_GT(deep.stack_bytes, flat.stack_bytes);
	EXPECT_GE(info.stack_max, deep.stack_bytes);
}

TEST_HARNESS_MAIN
