// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of /dev/gort given through a ring (io_uring): they do what the
 * ioctls do and fail as they do, those that wait hold up nobody and can be
 * cancelled, and whoever leaves a ring with commands in it leaves nothing else.
 * GORT_IOC_REAP, which is made for that, is tested as an ioctl, too.
 */
#include "core_test.h"

#include <liburing.h>

#define ENTRIES		64
#define COMPLETIONS	256

FIXTURE(ring) {
	int fd;
	struct io_uring r;
	struct gt_params params;
	struct gort_info before;
	struct gort_task_desc quick;	/* ends at once */
	struct gort_task_desc hour;	/* does not end by itself */
};

FIXTURE_SETUP(ring)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, gt_info(self->fd, &self->before));
	ASSERT_TRUE(gt_task(self->fd, "yield", &self->quick, 1, 0, 0));
	ASSERT_TRUE(gt_task(self->fd, "sleep", &self->hour, GT_HOUR, 1, 0));
	ASSERT_EQ(0, io_uring_queue_init(ENTRIES, &self->r, 0));
}

FIXTURE_TEARDOWN(ring)
{
	struct gort_completion c[64];

	EXPECT_TRUE(gt_params_restore(&self->params));
	io_uring_queue_exit(&self->r);
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	while (gt_read(self->fd, c, 64) > 0)
		;
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) ==
				(__s64)self->before.tasks_total));
	EXPECT_EQ(0, gt_of_file(self->fd));
	close(self->fd);
}

/* Puts command @cmd into the ring, which has room. */
static struct io_uring_sqe *put(struct io_uring *r, int fd, __u32 cmd,
				void *arg, __u64 data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(r);
	__u64 *payload;

	assert(sqe);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = cmd;
	sqe->user_data = data;
	payload = (__u64 *)sqe->cmd;
	payload[0] = (uintptr_t)arg;
	return sqe;
}

/* The next result, with the user data it came with; -EPERM: none comes. */
static int next(struct io_uring *r, __u64 *data)
{
	struct __kernel_timespec patience = {
		.tv_sec = GT_PATIENCE / GT_NSEC_PER_SEC,
	};
	struct io_uring_cqe *cqe;
	int res;

	if (io_uring_wait_cqe_timeout(r, &cqe, &patience))
		return -EPERM;
	res = cqe->res;
	if (data)
		*data = cqe->user_data;
	io_uring_cqe_seen(r, cqe);
	return res;
}

static bool quiet(struct io_uring *r)
{
	struct io_uring_cqe *cqe;

	return io_uring_peek_cqe(r, &cqe) == -EAGAIN;
}

/* One command through the ring, and its result. */
static int give(struct io_uring *r, int fd, __u32 cmd, void *arg)
{
	put(r, fd, cmd, arg, 0);
	/* a thread of the kernel may have taken it before it is counted */
	if (io_uring_submit(r) < 0)
		return -EPERM;
	return next(r, NULL);
}

static void fill_reap(struct gort_reap *p, struct gort_completion *c, __u32 n,
		      __u32 min)
{
	*p = (struct gort_reap) {
		.size = sizeof(*p), .completions = (uintptr_t)c, .count = n,
		.min_complete = min, .deadline_ns = GORT_WAIT_FOREVER,
	};
}

static void fill_submit(struct gort_submit *s, struct gort_task_desc *t, __u32 n)
{
	*s = (struct gort_submit) {
		.size = sizeof(*s), .tasks = (uintptr_t)t, .count = n,
		.task_size = sizeof(*t),
	};
}

/*
 * Batches of tasks and what reads their completions, linked, in one system call
 * for all; each task completes once.
 */
TEST_F(ring, tasks_go_in_and_come_out)
{
	struct gort_task_desc t[COMPLETIONS];
	struct gort_completion c[COMPLETIONS];
	struct gort_submit s[ENTRIES / 2];
	struct gort_reap p[ENTRIES / 2];
	unsigned int seen[COMPLETIONS] = { 0 }, i, n = COMPLETIONS / 8;
	__u64 data;

	for (i = 0; i < COMPLETIONS; i++) {
		t[i] = self->quick;
		t[i].user_data = i;
	}
	for (i = 0; i < 8; i++) {
		fill_submit(&s[i], &t[i * n], n);
		fill_reap(&p[i], &c[i * n], n, n);
		put(&self->r, self->fd, GORT_IOC_SUBMIT, &s[i], i)->flags |=
			IOSQE_IO_LINK;
		put(&self->r, self->fd, GORT_IOC_REAP, &p[i], 100 + i);
	}
	ASSERT_EQ(16, io_uring_submit_and_wait(&self->r, 16));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(0, next(&self->r, &data)) TH_LOG("command %llu", data);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(n, s[i].submitted);
		EXPECT_EQ(0, s[i].error);
		EXPECT_EQ(n, p[i].completed);
	}
	for (i = 0; i < COMPLETIONS; i++) {
		ASSERT_GT(COMPLETIONS, c[i].user_data);
		EXPECT_EQ(0, c[i].status);
		seen[c[i].user_data]++;
	}
	for (i = 0; i < COMPLETIONS; i++)
		EXPECT_EQ(1, seen[i]);
}

/* Whatever is wrong with a command, both ways say the same. */
TEST_F(ring, errors_are_those_of_the_ioctl)
{
	struct gort_task_desc bad = { .workload = 0xffffff };
	struct gort_completion c[2];
	union {
		__u32 size;
		struct gort_info info;
		struct gort_workload_info workload;
		struct gort_submit submit;
		struct gort_wait wait;
		struct gort_cancel cancel;
		struct gort_stats stats;
		struct gort_reap reap;
		unsigned char bytes[8192];
	} a, b;
	static const struct {
		__u32 cmd, size, at;	/* one byte there is set */
		int err;
	} cases[] = {
		{ GORT_IOC_INFO, 8, 0, -EINVAL },
		{ GORT_IOC_INFO, 8192, 0, -E2BIG },
		{ GORT_IOC_INFO, 200, 199, -E2BIG },
		{ GORT_IOC_INFO, 72, 68, -EINVAL },
		{ GORT_IOC_WORKLOAD, 256, 7, -ENOENT },
		{ GORT_IOC_SUBMIT, 40, 4, -EINVAL },
		{ GORT_IOC_SUBMIT, 40, 0, -EINVAL },
		{ GORT_IOC_WAIT, 40, 4, -EINVAL },
		{ GORT_IOC_WAIT, 40, 12, -EINVAL },
		{ GORT_IOC_CANCEL, 24, 5, -EINVAL },
		{ GORT_IOC_CANCEL, 24, 8, -ENOENT },
		{ GORT_IOC_STATS, 440, 11, -ENXIO },
		{ GORT_IOC_STATS, 440, 4, -EINVAL },
		{ GORT_IOC_REAP, 40, 0, -EINVAL },
		{ GORT_IOC_REAP, 48, 0, -EINVAL },	/* count */
		{ GORT_IOC_REAP, 48, 4, -EINVAL },	/* flags */
		{ GORT_IOC_REAP, 48, 36, -EINVAL },	/* pad */
		{ GORT_IOC_REAP, 48, 18, -EINVAL },	/* count: too many */
		{ GORT_IOC_REAP + 1, 48, 0, -ENOTTY },
		{ 0, 48, 0, -ENOTTY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&a, 0, sizeof(a));
		a.bytes[cases[i].at] = 1;
		a.size = cases[i].size;
		if (cases[i].cmd == GORT_IOC_REAP && cases[i].at > 18)
			a.reap.count = 1;
		b = a;
		EXPECT_EQ(cases[i].err,
			  gt_ioctl(self->fd, cases[i].cmd, &a))
			TH_LOG("case %u", i);
		EXPECT_EQ(cases[i].err,
			  give(&self->r, self->fd, cases[i].cmd, &b))
			TH_LOG("case %u", i);
		EXPECT_EQ(0, memcmp(&a, &b, sizeof(a))) TH_LOG("case %u", i);
	}
	EXPECT_EQ(-EFAULT, give(&self->r, self->fd, GORT_IOC_INFO, NULL));

	fill_submit(&a.submit, &bad, 1);
	EXPECT_EQ(-ENOENT, give(&self->r, self->fd, GORT_IOC_SUBMIT, &a));
	EXPECT_EQ(ENOENT, a.submit.error);
	fill_submit(&a.submit, NULL, 1);
	EXPECT_EQ(-EFAULT, give(&self->r, self->fd, GORT_IOC_SUBMIT, &a));

	/* the other half of the payload is for times to come */
	memset(&a, 0, sizeof(a));
	a.size = sizeof(a.info);
	((__u64 *)put(&self->r, self->fd, GORT_IOC_INFO, &a, 0)->cmd)[1] = 1;
	ASSERT_EQ(1, io_uring_submit(&self->r));
	EXPECT_EQ(-EINVAL, next(&self->r, NULL));

	fill_reap(&a.reap, c, 2, 0);
	EXPECT_EQ(0, give(&self->r, self->fd, GORT_IOC_REAP, &a));
	EXPECT_EQ(0, a.reap.completed);
}

/* As an ioctl: how long it waits, what it reads, and that a fault loses none. */
TEST_F(ring, reap_waits_and_reads)
{
	struct gort_completion c[8], *hole;
	struct gort_reap p;

	ASSERT_EQ(3, gt_run(self->fd, "yield", 3, 1, 0, 0));
	fill_reap(&p, c, 8, 8);
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_REAP, &p)); /* none runs */
	EXPECT_EQ(3, p.completed);
	EXPECT_EQ(0, p.running);

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	fill_reap(&p, c, 8, 0);
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_REAP, &p));
	EXPECT_EQ(0, p.completed);
	EXPECT_EQ(1, p.running);
	fill_reap(&p, c, 8, 1);
	p.deadline_ns = gt_in_ms(20);
	EXPECT_EQ(-ETIME, gt_ioctl(self->fd, GORT_IOC_REAP, &p));
	EXPECT_LE(p.deadline_ns, gt_now());
	EXPECT_EQ(1, p.running);

	/* time is up, but there is one to read */
	ASSERT_EQ(1, gt_submit_n(self->fd, &self->quick, 1, NULL));
	fill_reap(&p, c, 8, 2);
	p.deadline_ns = gt_in_ms(200);
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_REAP, &p));
	EXPECT_EQ(1, p.completed);

	/* the second one does not fit into the memory there is */
	ASSERT_EQ(2, gt_submit_n(self->fd, &self->quick, 2, NULL));
	hole = gt_hole_after(sizeof(c[0]) + 8);
	ASSERT_TRUE(!!hole);
	fill_reap(&p, hole, 2, 2);
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_REAP, &p));
	EXPECT_EQ(1, p.completed);
	fill_reap(&p, (void *)((char *)hole + sizeof(c[0])), 2, 1);
	EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, GORT_IOC_REAP, &p));
	fill_reap(&p, c, 8, 1);
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_REAP, &p));
	EXPECT_EQ(1, p.completed);
	EXPECT_EQ(0, c[0].status);
}

/* One waits for an hour; the ring goes on, and so does who gave the command. */
TEST_F(ring, waiting_holds_up_nobody)
{
	struct gort_completion c[2];
	struct io_uring_sqe *sqe;
	struct gort_info info;
	struct gort_reap p;
	__u64 data;
	int i, res;

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	fill_reap(&p, c, 2, 1);
	put(&self->r, self->fd, GORT_IOC_REAP, &p, 1);
	ASSERT_EQ(1, io_uring_submit(&self->r));
	for (i = 0; i < 5; i++) {
		memset(&info, 0, sizeof(info));
		info.size = sizeof(info);
		EXPECT_EQ(0, give(&self->r, self->fd, GORT_IOC_INFO, &info));
		EXPECT_EQ(1, info.tasks_file);
	}
	ASSERT_TRUE(quiet(&self->r));

	sqe = io_uring_get_sqe(&self->r);
	io_uring_prep_cancel64(sqe, 1, 0);
	sqe->user_data = 2;
	ASSERT_EQ(1, io_uring_submit(&self->r));
	for (i = 0; i < 2; i++) {
		res = next(&self->r, &data);
		if (data == 1) {
			EXPECT_TRUE(res == -EINTR || res == -ECANCELED)
				TH_LOG("reap: %d", res);
		} else {
			EXPECT_TRUE(!res || res == -EALREADY)
				TH_LOG("cancel: %d", res);
		}
	}
	EXPECT_EQ(1, gt_of_file(self->fd)); /* the task was not meant */
}

TEST_F(ring, deadline_ends_a_wait)
{
	struct gort_completion c[2];
	struct gort_reap p;
	struct gort_wait w = { .size = sizeof(w), .min_complete = 1 };

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	fill_reap(&p, c, 2, 1);
	p.deadline_ns = gt_in_ms(20);
	EXPECT_EQ(-ETIME, give(&self->r, self->fd, GORT_IOC_REAP, &p));
	EXPECT_EQ(1, p.running);
	w.deadline_ns = gt_in_ms(20);
	EXPECT_EQ(-ETIME, give(&self->r, self->fd, GORT_IOC_WAIT, &w));
	EXPECT_EQ(1, w.running);
}

/* read() of a descriptor that may block: the ring waits for it by poll. */
TEST_F(ring, read_waits_for_a_completion)
{
	struct gort_completion c[2];
	struct io_uring_sqe *sqe;
	__u64 id;

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, &id));
	sqe = io_uring_get_sqe(&self->r);
	io_uring_prep_read(sqe, self->fd, c, sizeof(c), 0);
	ASSERT_EQ(1, io_uring_submit(&self->r));
	EXPECT_TRUE(quiet(&self->r));
	ASSERT_EQ(0, gt_cancel(self->fd, id, NULL));
	EXPECT_EQ(sizeof(c[0]), next(&self->r, NULL));
	EXPECT_EQ(id, c[0].id);
	EXPECT_EQ(-ECANCELED, c[0].status);
}

TEST_F(ring, read_can_be_cancelled)
{
	struct gort_completion c[2];
	struct io_uring_sqe *sqe;
	__u64 data;
	int i, res;

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	sqe = io_uring_get_sqe(&self->r);
	io_uring_prep_read(sqe, self->fd, c, sizeof(c), 0);
	sqe->user_data = 1;
	ASSERT_EQ(1, io_uring_submit(&self->r));
	sqe = io_uring_get_sqe(&self->r);
	io_uring_prep_cancel64(sqe, 1, 0);
	sqe->user_data = 2;
	ASSERT_EQ(1, io_uring_submit(&self->r));
	for (i = 0; i < 2; i++) {
		res = next(&self->r, &data);
		EXPECT_EQ(data == 1 ? -ECANCELED : 0, res);
	}
	EXPECT_EQ(1, gt_of_file(self->fd));
}

/* A full file is told as the ioctl tells it, and has room when it was read. */
TEST_F(ring, full_file_is_eagain)
{
	struct gort_task_desc t[8];
	struct gort_completion c[8];
	struct gort_submit s;
	struct gort_reap p;
	int i, fd;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 4));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	for (i = 0; i < 8; i++)
		t[i] = self->quick;
	fill_submit(&s, t, 8);
	EXPECT_EQ(0, give(&self->r, fd, GORT_IOC_SUBMIT, &s));
	EXPECT_EQ(4, s.submitted);
	EXPECT_EQ(EAGAIN, s.error);
	EXPECT_EQ(-EAGAIN, give(&self->r, fd, GORT_IOC_SUBMIT, &s));
	EXPECT_EQ(0, s.submitted);
	fill_reap(&p, c, 8, 4);
	EXPECT_EQ(0, give(&self->r, fd, GORT_IOC_REAP, &p));
	EXPECT_EQ(4, p.completed);
	EXPECT_EQ(0, give(&self->r, fd, GORT_IOC_SUBMIT, &s));
	EXPECT_EQ(4, s.submitted);
	close(fd);
}

/* A thread of the kernel gives the commands, in the name of the process. */
TEST_F(ring, kernel_thread_submits)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 100,
	};
	struct gort_task_desc t[32];
	struct gort_completion c[32];
	struct gort_submit s;
	struct gort_reap p;
	struct io_uring r;
	int i;

	ASSERT_EQ(0, io_uring_queue_init_params(8, &r, &params));
	for (i = 0; i < 32; i++)
		t[i] = self->quick;
	fill_submit(&s, t, 32);
	EXPECT_EQ(0, give(&r, self->fd, GORT_IOC_SUBMIT, &s));
	EXPECT_EQ(32, s.submitted);
	fill_reap(&p, c, 32, 32);
	EXPECT_EQ(0, give(&r, self->fd, GORT_IOC_REAP, &p));
	EXPECT_EQ(32, p.completed);
	io_uring_queue_exit(&r);
}

/*
 * Two wait for one completion. The other one is not left waiting for what does
 * not come: its read ends as any read does then.
 */
TEST_F(ring, end_is_told_to_who_waits)
{
	struct gort_completion c[2];
	struct io_uring_sqe *sqe;
	int i, got = 0;
	__u64 id;

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, &id));
	for (i = 0; i < 2; i++) {
		sqe = io_uring_get_sqe(&self->r);
		io_uring_prep_read(sqe, self->fd, &c[i], sizeof(c[i]), 0);
	}
	ASSERT_EQ(2, io_uring_submit(&self->r));
	EXPECT_TRUE(quiet(&self->r));
	ASSERT_EQ(0, gt_cancel(self->fd, id, NULL));
	for (i = 0; i < 2; i++) {
		int res = next(&self->r, NULL);

		EXPECT_TRUE(!res || res == sizeof(c[0])) TH_LOG("%d", res);
		got += res;
	}
	EXPECT_EQ(sizeof(c[0]), got);
}

/*
 * More commands wait than a ring has workers. Those that need not wait are done
 * beside them, reads too, and in the end each has what it waited for.
 */
TEST_F(ring, many_wait)
{
	struct gort_completion c[40], other;
	struct gort_task_desc t = self->quick;
	struct gort_submit s;
	struct gort_reap p[40];
	struct io_uring_sqe *sqe;
	unsigned int i, seen = 0;
	__u64 data;

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	for (i = 0; i < 40; i++) {
		fill_reap(&p[i], &c[i], 1, 1);
		put(&self->r, self->fd, GORT_IOC_REAP, &p[i], i);
	}
	ASSERT_EQ(40, io_uring_submit(&self->r));
	ASSERT_TRUE(quiet(&self->r));
	for (i = 0; i < 39; i++) {
		fill_submit(&s, &t, 1);
		put(&self->r, self->fd, GORT_IOC_SUBMIT, &s, 100);
		ASSERT_EQ(1, io_uring_submit(&self->r));
		while (next(&self->r, &data) == 0 && data != 100)
			seen++;
		EXPECT_EQ(100, data);
		EXPECT_EQ(1, s.submitted);
	}
	while (seen < 39) {
		ASSERT_EQ(0, next(&self->r, &data));
		seen++;
	}
	EXPECT_TRUE(quiet(&self->r));
	/* the last one waits for the task of an hour; so does this */
	sqe = io_uring_get_sqe(&self->r);
	io_uring_prep_read(sqe, self->fd, &other, sizeof(other), 0);
	sqe->user_data = 200;
	ASSERT_EQ(1, io_uring_submit(&self->r));
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	for (i = 0; i < 2; i++)
		EXPECT_LE(0, next(&self->r, &data));
	for (i = seen = 0; i < 40; i++)
		seen += p[i].completed;
	EXPECT_TRUE(seen == 39 || seen == 40);
}

/*
 * A submit that fails takes along what is linked to it; so does a timeout, which
 * says ENOENT or EALREADY if a worker waits.
 */
TEST_F(ring, links_break)
{
	struct __kernel_timespec soon = { .tv_nsec = 20000000 };
	struct gort_task_desc bad = { .workload = 0xffffff };
	struct gort_completion c[2];
	struct io_uring_sqe *sqe;
	struct gort_submit s;
	struct gort_reap p;
	__u64 data;
	int i, res;

	fill_submit(&s, &bad, 1);
	fill_reap(&p, c, 2, 1);
	put(&self->r, self->fd, GORT_IOC_SUBMIT, &s, 1)->flags |= IOSQE_IO_LINK;
	put(&self->r, self->fd, GORT_IOC_REAP, &p, 2);
	ASSERT_EQ(2, io_uring_submit(&self->r));
	for (i = 0; i < 2; i++) {
		res = next(&self->r, &data);
		EXPECT_EQ(data == 1 ? -ENOENT : -ECANCELED, res);
	}

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	put(&self->r, self->fd, GORT_IOC_REAP, &p, 1)->flags |= IOSQE_IO_LINK;
	sqe = io_uring_get_sqe(&self->r);
	io_uring_prep_link_timeout(sqe, &soon, 0);
	sqe->user_data = 2;
	ASSERT_EQ(2, io_uring_submit(&self->r));
	for (i = 0; i < 2; i++) {
		res = next(&self->r, &data);
		EXPECT_TRUE(res == (data == 1 ? -EINTR : -ETIME) ||
			    (data == 1 && res == -ECANCELED) ||
			    (data == 2 && (res == -EALREADY || res == -ENOENT)))
			TH_LOG("%llu: %d", data, res);
	}
}

/* There is nothing to be polled by the kernel here: no ring gets that far. */
TEST_F(ring, polled_ring_is_refused)
{
	struct gort_info info = { .size = sizeof(info) };
	struct io_uring r;

	ASSERT_EQ(0, io_uring_queue_init(4, &r, IORING_SETUP_IOPOLL));
	EXPECT_EQ(-EOPNOTSUPP, give(&r, self->fd, GORT_IOC_INFO, &info));
	io_uring_queue_exit(&r);
}

#define TURNS	300

/*
 * What a ring tells its own threads looks like a signal to who sleeps. No command
 * may end with EINTR for it: nobody has cancelled any. The thread that gives the
 * commands is told that one has ended just while it gives the next.
 */
TEST_F(ring, nothing_is_interrupted_by_the_ring)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 1000,
	};
	struct gort_task_desc t[8];
	struct gort_completion c[8];
	struct gort_submit s[8];
	struct gort_reap p[8];
	struct io_uring r;
	int i, res, turn;
	__u64 data;

	ASSERT_EQ(0, io_uring_queue_init_params(64, &r, &params));
	for (i = 0; i < 8; i++)
		ASSERT_TRUE(gt_task(self->fd, "sleep", &t[i],
				    (i + 1) * 100000, 1, 0));
	for (turn = 0; turn < TURNS; turn++) {
		for (i = 0; i < 8; i++) {
			fill_submit(&s[i], &t[i], 1);
			fill_reap(&p[i], &c[i], 1, 1);
			put(&r, self->fd, GORT_IOC_SUBMIT, &s[i], i);
			put(&r, self->fd, GORT_IOC_REAP, &p[i], 100 + i);
			if (i % 4 == 3)
				ASSERT_LE(0, io_uring_submit(&r));
		}
		for (i = 0; i < 16; i++) {
			res = next(&r, &data);
			ASSERT_EQ(0, res) TH_LOG("turn %d, %llu", turn, data);
		}
		while (gt_read(self->fd, c, 8) > 0)
			;
	}
	io_uring_queue_exit(&r);
}

/* A file that is registered is open, whoever closes its descriptor. */
TEST_F(ring, registered_file_is_open)
{
	struct gort_info info = { .size = sizeof(info) };
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(2, gt_run(fd, "sleep", 2, GT_HOUR, 1, 0));
	ASSERT_EQ(0, io_uring_register_files(&self->r, &fd, 1));
	close(fd);
	put(&self->r, 0, GORT_IOC_INFO, &info, 0)->flags |= IOSQE_FIXED_FILE;
	ASSERT_EQ(1, io_uring_submit(&self->r));
	EXPECT_EQ(0, next(&self->r, NULL));
	EXPECT_EQ(2, info.tasks_file);
	EXPECT_EQ(0, io_uring_unregister_files(&self->r));
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) ==
				(__s64)self->before.tasks_total));
}

/* With this variable the program is what a child executes, and ends. */
static void __attribute__((constructor)) stub(void)
{
	if (getenv("GT_STUB"))
		_exit(0);
}

/* How a process leaves a ring in which commands wait */
enum leave { LEAVE_EXIT, LEAVE_KILL, LEAVE_EXEC, LEAVE_CLOSE, LEAVE_WAYS };

static void leave_child(enum leave how, bool sqpoll, int ready)
{
	struct gort_completion c[4], last;
	struct gort_reap p[2];
	struct io_uring r;
	int fd = gt_open(0);

	if (gt_run(fd, "sleep", 3, GT_HOUR, 1, 0) != 3 ||
	    io_uring_queue_init(8, &r, sqpoll ? IORING_SETUP_SQPOLL : 0))
		_exit(1);
	fill_reap(&p[0], c, 2, 1);
	fill_reap(&p[1], c + 2, 2, 1);
	put(&r, fd, GORT_IOC_REAP, &p[0], 0);
	put(&r, fd, GORT_IOC_REAP, &p[1], 1);
	io_uring_prep_read(io_uring_get_sqe(&r), fd, &last, sizeof(last), 0);
	io_uring_prep_poll_add(io_uring_get_sqe(&r), fd, POLLIN);
	if (io_uring_submit(&r) < 0 || write(ready, "x", 1) != 1)
		_exit(2);
	switch (how) {
	case LEAVE_EXEC:
		setenv("GT_STUB", "1", 1);
		execl("/proc/self/exe", "stub", NULL);
		break;
	case LEAVE_CLOSE:
		io_uring_queue_exit(&r);
		close(fd);
		for (;;)
			pause();
	case LEAVE_KILL:
		for (;;)
			pause();
	default:
		break;
	}
	_exit(0);
}

/*
 * Tasks for an hour; two commands in the ring that wait for them, a read, and a
 * poll. A second round with a thread of the kernel that gives them.
 */
TEST_F(ring, leaving_leaves_nothing)
{
	int ready[2], i;
	enum leave how;
	pid_t pid;
	char x;

	for (i = 0; i < 2 * LEAVE_WAYS; i++) {
		how = i % LEAVE_WAYS;
		ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
		pid = gt_fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			int null = open("/dev/null", O_RDWR);

			dup2(null, 1);
			dup2(null, 2);
			leave_child(how, i >= LEAVE_WAYS, ready[1]);
		}
		ASSERT_EQ(1, read(ready[0], &x, 1));
		if (how == LEAVE_KILL)
			kill(pid, SIGKILL);
		EXPECT_TRUE(gt_wait_for(gt_total(self->fd) ==
					(__s64)self->before.tasks_total))
			TH_LOG("way %d", i);
		if (how == LEAVE_CLOSE)
			kill(pid, SIGKILL);
		gt_reap(pid);
		close(ready[0]);
		close(ready[1]);
	}
}

/* A deadlock is told to each that waits for what will not come. */
TEST_F(core, deadlock_ends_what_waits)
{
	struct gort_wait w = {
		.size = sizeof(w), .deadline_ns = GORT_WAIT_FOREVER,
	};
	struct gort_completion c[3];
	struct io_uring_sqe *sqe;
	struct gort_reap p;
	struct io_uring r;
	int i, res, got = 0;
	__u64 data;

	ASSERT_EQ(0, io_uring_queue_init(8, &r, 0));
	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	fill_reap(&p, c, 1, 1);
	put(&r, self->fd, GORT_IOC_REAP, &p, 0);
	put(&r, self->fd, GORT_IOC_WAIT, &w, 1);
	for (i = 2; i < 4; i++) {
		sqe = io_uring_get_sqe(&r);
		io_uring_prep_read(sqe, self->fd, &c[i - 1], sizeof(*c), 0);
		sqe->user_data = i;
	}
	sqe = io_uring_get_sqe(&r);
	io_uring_prep_poll_add(sqe, self->fd, POLLPRI);
	sqe->user_data = 4;
	ASSERT_EQ(5, io_uring_submit(&r));
	ASSERT_TRUE(quiet(&r));
	ASSERT_EQ(1, ct_start(self->fd, "t_couple", 1));
	/* one of those who read gets what this one leaves */
	ASSERT_EQ(0, gt_cancel(self->fd, 1, NULL));
	for (i = 0; i < 5; i++) {
		res = next(&r, &data);
		if (data != 1 && data != 4 && res >= 0)
			got++;
		else
			EXPECT_EQ(data == 4 ? POLLERR : -EDEADLK, res)
				TH_LOG("command %llu", data);
	}
	EXPECT_EQ(1, got);
	io_uring_queue_exit(&r);
}

TEST_HARNESS_MAIN
