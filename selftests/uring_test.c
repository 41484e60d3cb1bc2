// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of /dev/gort given through a ring (io_uring): they do what the
 * ioctls do and fail as they do, those that wait hold up nobody and can be
 * cancelled, and whoever leaves a ring with commands in it leaves nothing else.
 * GORT_IOC_REAP, which is made for that, is tested as an ioctl, too.
 */
#include "gort_test.h"

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
	if (io_uring_submit(r) != 1)
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

/* How a process leaves a ring in which commands wait */
enum leave { LEAVE_EXIT, LEAVE_KILL, LEAVE_EXEC, LEAVE_CLOSE, LEAVE_WAYS };

static void leave_child(enum leave how, int ready)
{
	struct gort_completion c[4];
	struct gort_reap p[2];
	struct io_uring r;
	int fd = gt_open(0);

	if (gt_run(fd, "sleep", 3, GT_HOUR, 1, 0) != 3 ||
	    io_uring_queue_init(8, &r, 0))
		_exit(1);
	fill_reap(&p[0], c, 2, 1);
	fill_reap(&p[1], c + 2, 2, 1);
	put(&r, fd, GORT_IOC_REAP, &p[0], 0);
	put(&r, fd, GORT_IOC_REAP, &p[1], 1);
	if (io_uring_submit(&r) != 2 || write(ready, "x", 1) != 1)
		_exit(2);
	switch (how) {
	case LEAVE_EXEC:
		execl("/proc/self/exe", "uring_test", "-h", NULL);
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

/* Tasks for an hour, and two commands in the ring that wait for them. */
TEST_F(ring, leaving_leaves_nothing)
{
	enum leave how;
	int ready[2];
	pid_t pid;
	char x;

	for (how = LEAVE_EXIT; how < LEAVE_WAYS; how++) {
		ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
		pid = gt_fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			int null = open("/dev/null", O_RDWR);

			dup2(null, 1);
			dup2(null, 2);
			leave_child(how, ready[1]);
		}
		ASSERT_EQ(1, read(ready[0], &x, 1));
		if (how == LEAVE_KILL)
			kill(pid, SIGKILL);
		EXPECT_TRUE(gt_wait_for(gt_total(self->fd) ==
					(__s64)self->before.tasks_total))
			TH_LOG("way %d", how);
		if (how == LEAVE_CLOSE)
			kill(pid, SIGKILL);
		gt_reap(pid);
		close(ready[0]);
		close(ready[1]);
	}
}

TEST_HARNESS_MAIN
