// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every errno that the commands of /dev/gort document, each provoked, and each
 * without a trace: the teardown of every test compares what the file and the
 * machine hold with what they held before. E2BIG, ENOTTY and the EINVAL of
 * sizes, flags and padding are abi_test's, ENOMEM is nth_test's.
 */
#include "gort_test.h"

#include <linux/userfaultfd.h>

#define KERNEL_ADDRESS	0xffff888000000000ULL

static const struct {
	const char *name;
	unsigned long cmd;
	__u32 size;
} commands[] = {
	{ "info", GORT_IOC_INFO, GORT_INFO_SIZE_VER0 },
	{ "workload", GORT_IOC_WORKLOAD, GORT_WORKLOAD_INFO_SIZE_VER0 },
	{ "submit", GORT_IOC_SUBMIT, GORT_SUBMIT_SIZE_VER0 },
	{ "wait", GORT_IOC_WAIT, GORT_WAIT_SIZE_VER0 },
	{ "cancel", GORT_IOC_CANCEL, GORT_CANCEL_SIZE_VER0 },
	{ "stats", GORT_IOC_STATS, GORT_STATS_SIZE_VER0 },
	{ "reap", GORT_IOC_REAP, GORT_REAP_SIZE_VER0 },
};

FIXTURE(failing) {
	int fd;
	struct gort_info before;
	struct gt_params params;
	struct gort_task_desc quick;	/* ends at once */
	struct gort_task_desc hour;	/* does not end by itself */
};

FIXTURE_SETUP(failing)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(gt_task(self->fd, "yield", &self->quick, 1, 0, 0));
	ASSERT_TRUE(gt_task(self->fd, "sleep", &self->hour, GT_HOUR, 1, 0));
	ASSERT_EQ(0, gt_info(self->fd, &self->before));
}

FIXTURE_TEARDOWN(failing)
{
	struct gort_completion c[64];
	struct gort_info after;

	EXPECT_TRUE(gt_params_restore(&self->params));
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	while (gt_read(self->fd, c, 64) > 0)
		;
	/* A task may be read just before it is gone. */
	gt_wait_for(gt_total(self->fd) ==
		    (__s64)self->before.tasks_total);
	EXPECT_EQ(0, gt_info(self->fd, &after));
	EXPECT_EQ(0, memcmp(&self->before, &after, sizeof(after)));
	close(self->fd);
}

/* A bad pointer that is followed takes the machine down. */
TEST_F(failing, bad_argument_is_efault)
{
	void *hole = gt_hole_after(0);
	unsigned int i;

	ASSERT_TRUE(!!hole);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		unsigned long cmd = commands[i].cmd;

		EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, cmd, NULL))
			TH_LOG("%s of NULL", commands[i].name);
		EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, cmd, hole))
			TH_LOG("%s of a hole", commands[i].name);
		EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, cmd,
					    (void *)(uintptr_t)KERNEL_ADDRESS))
			TH_LOG("%s of the kernel", commands[i].name);
	}
}

/* The structure is as long as its size says, wherever its memory ends. */
TEST_F(failing, structure_cut_off_is_efault)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		__u32 size = commands[i].size, there[] = { 3, 4, 8, size - 1 };
		unsigned char *p;

		for (j = 0; j < ARRAY_SIZE(there); j++) {
			p = gt_hole_after(there[j]);
			ASSERT_TRUE(!!p);
			memcpy(p, &size, there[j] < 4 ? there[j] : 4);
			EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, commands[i].cmd,
						    p))
				TH_LOG("%s, %u bytes", commands[i].name,
				       there[j]);
		}
		/* As long as the first version, but said to be longer. */
		p = gt_hole_after(size);
		size += 8;
		memcpy(p, &size, sizeof(size));
		EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, commands[i].cmd, p))
			TH_LOG("%s without its tail", commands[i].name);
	}
}

/* What can't be answered must not be done: nobody would know the ids. */
TEST_F(failing, read_only_structure_is_efault)
{
	union {
		struct gort_submit submit;
		struct gort_cancel cancel;
		struct gort_reap reap;
		__u32 size;
	} *u = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int idle = gt_open(0);
	struct gort_wait w;
	unsigned int i;

	ASSERT_LE(0, idle);
	ASSERT_NE(MAP_FAILED, (void *)u);
	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		ASSERT_EQ(0, mprotect(u, 4096, PROT_READ | PROT_WRITE));
		memset(u, 0, 4096);
		u->size = commands[i].size;
		if (commands[i].cmd == GORT_IOC_SUBMIT) {
			u->submit.tasks = (uintptr_t)&self->quick;
			u->submit.count = 1;
			u->submit.task_size = sizeof(self->quick);
		} else if (commands[i].cmd == GORT_IOC_CANCEL) {
			u->cancel.flags = GORT_CANCEL_ALL;
		} else if (commands[i].cmd == GORT_IOC_REAP) {
			u->reap.count = 1;
		}
		ASSERT_EQ(0, mprotect(u, 4096, PROT_READ));
		EXPECT_EQ(-EFAULT, gt_ioctl(commands[i].cmd == GORT_IOC_WAIT ?
					    idle : self->fd, commands[i].cmd,
					    u))
			TH_LOG("%s", commands[i].name);
		EXPECT_EQ(1, gt_of_file(self->fd));
	}
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 0, gt_in_ms(20), &w));
	close(idle);
}

/* A completion that can't be delivered stays to be read. */
TEST_F(failing, read_into_a_hole_loses_nothing)
{
	const size_t one = sizeof(struct gort_completion);
	struct gort_completion *edge = gt_hole_after(one), c[4];
	struct gort_completion *cut = gt_hole_after(one + 8);
	struct gort_completion *nowhere = (void *)(uintptr_t)KERNEL_ADDRESS;
	struct gort_wait w;
	__u64 first;

	ASSERT_TRUE(edge && cut);
	ASSERT_EQ(3, gt_submit_n(self->fd, &self->quick, 3, &first));
	ASSERT_EQ(0, gt_wait(self->fd, 0, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(-EFAULT, gt_read(self->fd, nowhere, 1));
	EXPECT_EQ(-EFAULT, gt_read(self->fd, edge + 1, 1));
	EXPECT_EQ(3, gt_of_file(self->fd));
	/* One fits, the next would be cut: it is left for later. */
	EXPECT_EQ(1, gt_read(self->fd, edge, 2));
	EXPECT_EQ(1, gt_read(self->fd, cut, 2));
	EXPECT_EQ(1, gt_read(self->fd, c, 4));
	EXPECT_EQ(3 * first + 3, edge->id + cut->id + c->id);
	EXPECT_NE(edge->id, cut->id);
	EXPECT_NE(cut->id, c->id);
}

TEST_F(failing, bad_task_pointer_is_efault)
{
	__u64 bad[] = {
		0, 1, KERNEL_ADDRESS, ~0ULL, ~0ULL - sizeof(self->quick) + 1,
		(uintptr_t)gt_hole_after(0), (uintptr_t)gt_hole_after(47),
		1ULL << 47, 1ULL << 63,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct gort_submit s = {
			.size = sizeof(s), .tasks = bad[i], .count = 2,
			.task_size = sizeof(self->quick),
		};

		EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, GORT_IOC_SUBMIT, &s))
			TH_LOG("tasks at %#llx", bad[i]);
		EXPECT_EQ(0, gt_of_file(self->fd));
	}
}

/*
 * What was accepted before the hole runs, and the caller learns how many. Every
 * length up to a few pages of descriptors: the module may copy them in pieces.
 */
TEST_F(failing, hole_in_a_batch_keeps_what_came_before)
{
	struct gort_completion c[150];
	int there, i;

	for (there = 1; there < 150; there += there < 8 ? 1 : 7) {
		struct gort_task_desc *t = gt_hole_after(there * sizeof(*t));
		struct gort_submit s;

		ASSERT_TRUE(!!t);
		for (i = 0; i < there; i++)
			t[i] = self->quick;
		ASSERT_EQ(0, gt_submit(self->fd, t, there + 5, &s));
		ASSERT_EQ(there, s.submitted);
		ASSERT_EQ(EFAULT, s.error);
		ASSERT_EQ(there, gt_read_all(self->fd, c, 150));
		for (i = 0; i < there; i++)
			ASSERT_LT(c[i].id - s.first_id, there);
	}
}

/* Makes a task bad in one of five ways; returns what it must fail with. */
static int spoil(struct gort_task_desc *t, int kind)
{
	switch (kind) {
	case 0:
		t->workload = ~0U;
		return -ENOENT;
	case 1:
		t->flags = 1;
		return -EINVAL;
	case 2:
		t->flags = 1U << 31;
		return -EINVAL;
	case 3:
		t->args[0] = ~0ULL;
		return -EINVAL;
	default:
		t->args[GORT_MAX_ARGS - 1] = 1;
		return -EINVAL;
	}
}

/* A bad task stops the batch where it stands: none behind it is started. */
TEST_F(failing, bad_task_stops_its_batch)
{
	struct gort_completion c[8];
	struct gort_task_desc t[8];
	struct gort_submit s;
	int kind, at, i, error, err;

	for (kind = 0; kind < 5; kind++) {
		for (at = 0; at < 8; at++) {
			for (i = 0; i < 8; i++)
				t[i] = self->quick;
			error = spoil(&t[at], kind);
			err = gt_submit(self->fd, t, 8, &s);
			ASSERT_EQ(at ? 0 : error, err)
				TH_LOG("kind %d at %d", kind, at);
			if (at) {
				ASSERT_EQ(at, s.submitted);
				ASSERT_EQ(-error, s.error);
			}
			ASSERT_EQ(at, gt_read_all(self->fd, c, 8));
		}
	}
}

/* Limits that are not held by the module hold nowhere. */
TEST_F(failing, argument_out_of_bounds_is_einval)
{
	struct gort_workload_info w;
	struct gort_task_desc t;
	__u32 i, j;

	for (i = 0; !gt_workload(self->fd, i, &w); i++) {
		for (j = 0; j < w.nr_args; j++) {
			t = (struct gort_task_desc) { .workload = w.id };
			t.args[0] = w.args[0].def;
			t.args[1] = w.args[1].def;
			t.args[2] = w.args[2].def;
			t.args[3] = w.args[3].def;
			t.args[j] = w.args[j].min - 1;
			if (w.args[j].min)
				EXPECT_EQ(-EINVAL, gt_submit_n(self->fd, &t, 1,
							       NULL))
					TH_LOG("%s %s too small", w.name,
					       w.args[j].name);
			t.args[j] = w.args[j].max + 1;
			if (t.args[j])
				EXPECT_EQ(-EINVAL, gt_submit_n(self->fd, &t, 1,
							       NULL))
					TH_LOG("%s %s too large", w.name,
					       w.args[j].name);
			t.args[j] = ~0ULL;
			if (w.args[j].max < ~0ULL)
				EXPECT_EQ(-EINVAL, gt_submit_n(self->fd, &t, 1,
							       NULL))
					TH_LOG("%s %s -1", w.name,
					       w.args[j].name);
		}
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* The smallest values are values. */
TEST_F(failing, smallest_arguments_are_taken)
{
	struct gort_workload_info w;
	struct gort_task_desc t;
	struct gort_completion c;
	__u32 i, j;

	for (i = 0; !gt_workload(self->fd, i, &w); i++) {
		t = (struct gort_task_desc) { .workload = w.id };
		for (j = 0; j < w.nr_args; j++)
			t.args[j] = w.args[j].min;
		ASSERT_EQ(1, gt_submit_n(self->fd, &t, 1, NULL))
			TH_LOG("%s refused", w.name);
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		EXPECT_EQ(0, c.status)
			TH_LOG("%s failed", w.name);
		if (gt_expected(w.name, t.args) != ~0ULL)
			EXPECT_EQ(gt_expected(w.name, t.args), c.result)
				TH_LOG("%s", w.name);
	}
}

/* An argument nobody reads today can't get a meaning tomorrow. */
TEST_F(failing, excess_argument_is_einval)
{
	struct gort_workload_info w;
	struct gort_task_desc t;
	__u32 i, j, k;

	for (i = 0; !gt_workload(self->fd, i, &w); i++) {
		for (j = w.nr_args; j < GORT_MAX_ARGS; j++) {
			t = (struct gort_task_desc) { .workload = w.id };
			for (k = 0; k < w.nr_args; k++)
				t.args[k] = w.args[k].min;
			t.args[j] = 1;
			EXPECT_EQ(-EINVAL, gt_submit_n(self->fd, &t, 1, NULL))
				TH_LOG("%s argument %u", w.name, j);
			t.args[j] = 1ULL << 63;
			EXPECT_EQ(-EINVAL, gt_submit_n(self->fd, &t, 1, NULL))
				TH_LOG("%s argument %u", w.name, j);
		}
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* A count bounds the work of one call. */
TEST_F(failing, batch_size_out_of_bounds_is_einval)
{
	__u32 counts[] = { 0, GORT_MAX_BATCH + 1, 1U << 31, ~0U };
	struct gort_task_desc *t = calloc(GORT_MAX_BATCH + 1, sizeof(*t));
	struct gort_completion c[64];
	struct gort_submit s;
	unsigned int i;
	int left, n;

	ASSERT_TRUE(!!t);
	for (i = 0; i <= GORT_MAX_BATCH; i++)
		t[i] = self->quick;
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		EXPECT_EQ(-EINVAL, gt_submit(self->fd, t, counts[i], &s))
			TH_LOG("count %u", counts[i]);
		EXPECT_EQ(0, gt_of_file(self->fd));
	}
	ASSERT_EQ(0, gt_submit(self->fd, t, GORT_MAX_BATCH, &s));
	EXPECT_EQ(GORT_MAX_BATCH, s.submitted);
	EXPECT_EQ(0, s.error);
	for (left = GORT_MAX_BATCH; left; left -= n) {
		n = gt_read(self->fd, c, 64);
		ASSERT_LT(0, n);
	}
}

/* Read with the wrong stride, the second task would be nonsense. */
TEST_F(failing, wrong_task_size_is_einval)
{
	__u32 sizes[] = { 0, 1, 40, 47, 49, 56, 96, 4096, ~0U };
	struct gort_task_desc t[2] = { self->quick, self->quick };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct gort_submit s = {
			.size = sizeof(s), .tasks = (uintptr_t)t, .count = 2,
			.task_size = sizes[i],
		};

		EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, GORT_IOC_SUBMIT, &s))
			TH_LOG("task_size %u", sizes[i]);
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* Without the file's cap one user's tasks are everybody's out of memory. */
TEST_F(failing, file_cap_is_eagain)
{
	struct gort_task_desc t[6];
	struct gort_completion c;
	struct gort_submit s;
	struct gort_wait w;
	int fd, i;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 4));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	for (i = 0; i < 6; i++)
		t[i] = self->hour;
	t[2] = self->quick;
	ASSERT_EQ(0, gt_submit(fd, t, 6, &s));
	EXPECT_EQ(4, s.submitted);
	EXPECT_EQ(EAGAIN, s.error);
	/* Another file has a cap of its own. */
	EXPECT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	/* A completion counts until it is read. */
	ASSERT_EQ(0, gt_wait(fd, 1, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(-EAGAIN, gt_submit(fd, t, 6, &s));
	EXPECT_EQ(4, gt_of_file(fd));
	ASSERT_EQ(1, gt_read(fd, &c, 1));
	EXPECT_EQ(0, gt_submit(fd, t, 1, &s));
	EXPECT_EQ(-EAGAIN, gt_submit(fd, t, 1, &s));
	close(fd);
}

/* Without the machine's cap many files are. */
TEST_F(failing, machine_cap_is_eagain)
{
	struct gort_task_desc t[6] = {
		self->hour, self->hour, self->hour, self->hour, self->hour,
		self->hour,
	};
	struct gort_submit s;
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_param_set("max_tasks", self->before.tasks_total + 4));
	EXPECT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	ASSERT_EQ(0, gt_submit(fd, t, 6, &s));
	EXPECT_EQ(3, s.submitted);
	EXPECT_EQ(EAGAIN, s.error);
	EXPECT_EQ(-EAGAIN, gt_submit(fd, t, 1, &s));
	EXPECT_EQ(-EAGAIN, gt_submit(self->fd, t, 1, &s));
	EXPECT_EQ(self->before.tasks_total + 4, gt_total(fd));
	close(fd);
	EXPECT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
}

/* A deadline that has passed must not block, one to come must be waited for. */
TEST_F(failing, deadline_is_etime)
{
	__u64 past[] = { 0, 1, gt_now() - 1, gt_now() };
	struct gort_wait w;
	unsigned int i;
	__u64 until;

	/* With nothing to wait for a deadline says nothing. */
	EXPECT_EQ(0, gt_wait(self->fd, 1, 0, &w));
	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	for (i = 0; i < ARRAY_SIZE(past); i++) {
		EXPECT_EQ(-ETIME, gt_wait(self->fd, 0, past[i], &w));
		EXPECT_EQ(-ETIME, gt_wait(self->fd, 1, past[i], &w));
	}
	until = gt_in_ms(50);
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 1, until, &w));
	EXPECT_LE(until, gt_now());
	EXPECT_GT(until + GT_PATIENCE, gt_now());
	EXPECT_EQ(1, gt_of_file(self->fd));
}

/* A time beyond the clock's range lies in the future, not in the past. */
TEST_F(failing, far_deadline_is_not_etime)
{
	__u64 far[] = { 1ULL << 62, 1ULL << 63, ~0ULL >> 1, ~0ULL - 1, ~0ULL };
	struct gort_completion c;
	struct gort_wait w;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, 10000000, 1, 0));
		EXPECT_EQ(0, gt_wait(self->fd, 0, far[i], &w))
			TH_LOG("deadline %#llx", far[i]);
		EXPECT_EQ(1, gt_read(self->fd, &c, 1));
	}
}

/* Ctrl-C must work. */
TEST_F(failing, signal_is_eintr)
{
	struct gort_completion c;
	struct gort_wait w;
	struct gt_poker p;

	gt_catch(SIGUSR1, 0);
	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	ASSERT_EQ(0, gt_poke_me(&p, SYS_ioctl, 1));
	EXPECT_EQ(-EINTR, gt_wait(self->fd, 1, GORT_WAIT_FOREVER, &w));
	gt_poke_end(&p);
	ASSERT_EQ(0, gt_poke_me(&p, SYS_ioctl, 1));
	EXPECT_EQ(-EINTR, gt_wait(self->fd, 0, gt_now() + GT_HOUR, &w));
	gt_poke_end(&p);
	ASSERT_EQ(0, gt_poke_me(&p, SYS_read, 1));
	EXPECT_EQ(-EINTR, gt_read(self->fd, &c, 1));
	gt_poke_end(&p);
	EXPECT_EQ(3, gt_signals());
	EXPECT_EQ(1, gt_of_file(self->fd));
}

/*
 * A restarted wait ends at its deadline: signals that come often, as from a
 * profiler, must not keep it waiting for ever.
 */
TEST_F(failing, restarted_wait_keeps_its_deadline)
{
	struct gort_wait w;
	struct gt_poker p;
	__u64 until;

	gt_catch(SIGUSR1, SA_RESTART);
	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	ASSERT_EQ(0, gt_poke_me(&p, SYS_ioctl, 20000));
	until = gt_in_ms(200);
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 1, until, &w));
	EXPECT_LE(until, gt_now());
	EXPECT_GT(until + GT_PATIENCE / 4, gt_now());
	gt_poke_end(&p);
	EXPECT_LE(2, gt_signals());
}

/* A restarted read() goes on as if nothing had happened. */
TEST_F(failing, restarted_read_gets_its_completion)
{
	struct gort_completion c;
	struct gt_poker p;

	gt_catch(SIGUSR1, SA_RESTART);
	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, 200000000, 1, 0));
	ASSERT_EQ(0, gt_poke_me(&p, SYS_read, 20000));
	EXPECT_EQ(1, gt_read(self->fd, &c, 1));
	gt_poke_end(&p);
	EXPECT_EQ(0, c.status);
	EXPECT_LE(2, gt_signals());
}

/* A submit that waits for its descriptors' page to be filled in. */
struct stuck {
	pthread_t thread;
	int fd, uffd;
	pid_t tid;
	struct gort_task_desc *tasks;
	struct gort_submit s;
	int ret;
};

static void *stuck_submit(void *arg)
{
	struct stuck *k = arg;

	__atomic_store_n(&k->tid, gt_tid(), __ATOMIC_RELEASE);
	k->ret = gt_submit(k->fd, k->tasks, 2, &k->s);
	return NULL;
}

static bool get_stuck(struct stuck *k, int fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register r = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	*k = (struct stuck) { .fd = fd };
	k->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	k->tasks = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (k->uffd < 0 || (void *)k->tasks == MAP_FAILED)
		return false;
	r.range.start = (uintptr_t)k->tasks;
	r.range.len = 4096;
	if (ioctl(k->uffd, UFFDIO_API, &api) ||
	    ioctl(k->uffd, UFFDIO_REGISTER, &r) ||
	    pthread_create(&k->thread, NULL, stuck_submit, k))
		return false;
	return gt_wait_for(__atomic_load_n(&k->tid, __ATOMIC_ACQUIRE) &&
			   gt_blocked_in(k->tid, SYS_ioctl));
}

static int get_unstuck(struct stuck *k, const struct gort_task_desc *t)
{
	static struct gort_task_desc page[4096 / sizeof(*t) + 1];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)k->tasks, .src = (uintptr_t)page, .len = 4096,
	};

	page[0] = *t;
	page[1] = *t;
	if (ioctl(k->uffd, UFFDIO_COPY, &copy))
		return -errno;
	pthread_join(k->thread, NULL);
	close(k->uffd);
	return k->ret;
}

/* Who waits for another thread's submit can be interrupted as well. */
TEST_F(failing, signal_before_a_submit_is_eintr)
{
	struct gort_completion c[4];
	struct gort_submit s;
	struct gt_poker p;
	struct stuck k;

	gt_catch(SIGUSR1, 0);
	ASSERT_TRUE(get_stuck(&k, self->fd));
	ASSERT_EQ(0, gt_poke_me(&p, SYS_ioctl, 1));
	EXPECT_EQ(-EINTR, gt_submit(self->fd, &self->quick, 1, &s));
	gt_poke_end(&p);
	EXPECT_EQ(1, gt_signals());
	EXPECT_EQ(0, gt_of_file(self->fd));
	/* The other one was not disturbed. */
	EXPECT_EQ(0, get_unstuck(&k, &self->quick));
	EXPECT_EQ(2, k.s.submitted);
	EXPECT_EQ(2, gt_read_all(self->fd, c, 4));
}

/* An index from outside reaches an array of the module. */
TEST_F(failing, unknown_cpu_is_enxio)
{
	__u32 cpus[] = { 8192, 1U << 31, GORT_STATS_ALL - 1 };
	struct gort_stats st;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpus); i++) {
		EXPECT_EQ(-ENXIO, gt_stats(self->fd, cpus[i], &st))
			TH_LOG("cpu %u", cpus[i]);
		EXPECT_EQ(0, gt_stats(self->fd, 0, &st));
		EXPECT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &st));
	}
}

/* An id says nothing to whom it does not belong. */
TEST_F(failing, cancel_of_what_does_not_run_is_enoent)
{
	struct gort_completion c;
	struct gort_wait w;
	int other = gt_open(0);
	__u64 id, asked;

	ASSERT_LE(0, other);
	EXPECT_EQ(-ENOENT, gt_cancel(self->fd, 0, NULL));
	EXPECT_EQ(-ENOENT, gt_cancel(self->fd, ~0ULL, NULL));
	ASSERT_EQ(1, gt_submit_n(self->fd, &self->quick, 1, &id));
	ASSERT_EQ(0, gt_wait(self->fd, 1, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(-ENOENT, gt_cancel(self->fd, id, NULL));
	ASSERT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(-ENOENT, gt_cancel(self->fd, id, NULL));
	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, &id));
	EXPECT_EQ(-ENOENT, gt_cancel(self->fd, id + 1, NULL));
	EXPECT_EQ(-ENOENT, gt_cancel(other, id, NULL));
	EXPECT_EQ(0, gt_cancel_all(other, &asked));
	EXPECT_EQ(0, asked);
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 0, gt_in_ms(20), &w));
	close(other);
}

/* Does the caller mean one or all? Rather ask than end the wrong ones. */
TEST_F(failing, cancel_all_with_an_id_is_einval)
{
	struct gort_cancel cancel = {
		.size = sizeof(cancel), .flags = GORT_CANCEL_ALL,
	};
	struct gort_wait w;

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, &cancel.id));
	if (!cancel.id)
		cancel.id = 1;
	EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, GORT_IOC_CANCEL, &cancel));
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 0, gt_in_ms(20), &w));
}

TEST_HARNESS_MAIN
