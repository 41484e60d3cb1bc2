// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs as green threads: files and other programs that they were given.
 */

#include "bpf_test.h"

#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define READ(file, at, len, until) \
	{ .action = GORT_BPF_READ, .a = { file, at, len, until } }
#define WRITE(file, at, len, until) \
	{ .action = GORT_BPF_WRITE, .a = { file, at, len, until } }
#define HOSTNAME	"/proc/sys/kernel/hostname"

FIXTURE(io) {
	int fd;
	int p[2];	/* a pipe */
	int s[2];	/* a pair of sockets */
	__s64 base;
};

FIXTURE_SETUP(io)
{
	if (!bt_known())
		SKIP(return, "this kernel has no BPF");
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pipe2(self->p, O_CLOEXEC));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self->s));
	self->base = gt_total(self->fd);
}

FIXTURE_TEARDOWN(io)
{
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base));
	close(self->fd);
	close(self->p[0]);
	close(self->p[1]);
	close(self->s[0]);
	close(self->s[1]);
}

/* A script with two files and room for 64 bytes */
static int give2(int fd, const struct op *op, int one, int two)
{
	char data[64] = "what the program has";
	struct gort_bpf_run b = {
		.data = (uintptr_t)data, .data_size = sizeof(data),
		.nr_fds = 2, .fds = { one, two },
	};

	return bt_give(fd, op, &b);
}

/* The same, to its end; the step that it is about in @step, if it is EPROTO. */
static int run2(int fd, const struct op *op, int one, int two, __u64 *step)
{
	int err = give2(fd, op, one, two);

	return err ?: bt_end(fd, step);
}

/* How many bytes come out of @fd, which are to be these. */
static bool comes(int fd, const char *text)
{
	char buf[128];
	ssize_t len = read(fd, buf, sizeof(buf));

	return len == (ssize_t)strlen(text) && !memcmp(buf, text, len);
}

/* What it reads from one it writes to the other; it waits for both. */
TEST_F(io, copies_from_a_pipe_to_a_socket)
{
	static const struct op copy[] = {
		{ .action = GORT_BPF_READ, .a = { 0, 8, 56, EVER }, .ret = 5 },
		{ .action = GORT_BPF_WRITE, .a = { 1, 9, 4, EVER }, .ret = 4 },
		READ(0, 0, 64, EVER), END(7),
	};
	__u64 res = 0;

	ASSERT_EQ(0, give2(self->fd, copy, self->p[0], self->s[0]));
	gt_pause();
	ASSERT_EQ(5, write(self->p[1], "ahead", 5));
	EXPECT_TRUE(comes(self->s[1], "head"));
	/* the last writer goes: the end of the file */
	close(self->p[1]);
	self->p[1] = -1;
	EXPECT_EQ(0, bt_end(self->fd, &res));
	EXPECT_EQ(7, res);
}

/* Breaks if an end for writing stays open until the completion is read. */
TEST_F(io, files_go_with_the_program)
{
	static const struct op end[] = { WRITE(1, 0, 0, EVER), END(0) };

	ASSERT_EQ(0, give2(self->fd, end, self->s[0], self->p[1]));
	close(self->p[1]);
	self->p[1] = -1;
	EXPECT_TRUE(comes(self->p[0], ""));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
}

/* The position is the file's own, and it moves. */
TEST_F(io, a_regular_file_has_one_position)
{
	static const struct op first[] = {
		{ .action = GORT_BPF_WRITE, .a = { 0, 0, 4, EVER }, .ret = 4 },
		{ .action = GORT_BPF_WRITE, .a = { 0, 5, 3, 0 }, .ret = 3 }, END(0),
	};
	static const struct op then[] = {
		{ .action = GORT_BPF_READ, .a = { 0, 0, 64, 0 }, .ret = 6 },
		READ(0, 0, 64, 0),
		{ .action = GORT_BPF_WRITE, .a = { 1, 0, 6, 0 }, .ret = 6 }, END(0),
	};
	char name[] = "/tmp/bpf_io_XXXXXX";
	int file = mkstemp(name);
	__u64 step = 0;

	ASSERT_LE(0, file);
	unlink(name);
	EXPECT_EQ(0, run2(self->fd, first, file, self->p[0], &step))
		TH_LOG("at step %llu", step);
	EXPECT_EQ(7, lseek(file, 0, SEEK_CUR));
	EXPECT_EQ(1, lseek(file, 1, SEEK_SET));
	EXPECT_EQ(0, run2(self->fd, then, file, self->p[1], &step))
		TH_LOG("at step %llu", step);
	EXPECT_TRUE(comes(self->p[0], "hatthe"));
	close(file);
}

/* Every error that an action has, with files that there are. */
TEST_F(io, actions_are_checked)
{
	static const struct op script[] = {
		{ .action = GORT_BPF_READ, .a = { 2, 0, 8, EVER }, .ret = -EBADF },
		{ .action = GORT_BPF_READ, .a = { ~0ULL, 0, 8, EVER }, .ret = -EBADF },
		{ .action = GORT_BPF_WRITE, .a = { 0, 0, 8, EVER }, .ret = -EBADF },
		{ .action = GORT_BPF_READ, .a = { 1, 0, 8, EVER }, .ret = -EBADF },
		{ .action = GORT_BPF_READ, .a = { 0, 0, 65, EVER }, .ret = -EINVAL },
		{ .action = GORT_BPF_READ, .a = { 0, 65, 0, EVER }, .ret = -EINVAL },
		{ .action = GORT_BPF_READ, .a = { 0, 64, 1, EVER }, .ret = -EINVAL },
		{ .action = GORT_BPF_READ, .a = { 0, ~0ULL, 2, EVER }, .ret = -EINVAL },
		{ .action = GORT_BPF_WRITE, .a = { 1, 2, ~0ULL, EVER }, .ret = -EINVAL },
		{ .action = GORT_BPF_READ, .a = { 0, 0, 8, 0 }, .ret = -ETIME },
		{ .action = GORT_BPF_READ, .a = { 0, 0, 8, 20 * MS }, .later = 8,
		  .ret = -ETIME },
		WRITE(1, 64, 0, EVER),
		END(0),
	};
	static const struct op none[] = {
		{ .action = GORT_BPF_READ, .a = { 0, 0, 0, EVER }, .ret = -EBADF }, END(0),
	};
	static const struct op writes[] = {
		{ .action = GORT_BPF_WRITE, .a = { 0, 0, 8, EVER }, .ret = -EOPNOTSUPP },
		{ .action = GORT_BPF_READ, .a = { 0, 0, 8, 0 }, .ret = 8 }, END(0),
	};
	int event = eventfd(1, 0);
	__u64 step = 0;

	EXPECT_EQ(0, run2(self->fd, script, self->p[0], self->p[1], &step))
		TH_LOG("at step %llu", step);
	EXPECT_EQ(0, bt_run(self->fd, none, NULL));
	/* knows write(), but nothing that the kernel could call */
	EXPECT_EQ(0, run2(self->fd, writes, event, self->p[1], &step))
		TH_LOG("at step %llu", step);
	close(event);
}

/* Nobody reads any more: an error, and no signal. */
TEST_F(io, a_broken_pipe_is_told)
{
	static const struct op broken[] = {
		{ .action = GORT_BPF_WRITE, .a = { 0, 0, 8, EVER }, .ret = -EPIPE },
		{ .action = GORT_BPF_WRITE, .a = { 1, 0, 8, EVER }, .ret = -EPIPE }, END(0),
	};

	close(self->p[0]);
	close(self->s[1]);
	EXPECT_EQ(0, run2(self->fd, broken, self->p[1], self->s[0], NULL));
	self->p[0] = -1;
	self->s[1] = -1;
}

/* What may not be given, and what becomes of the rest. */
TEST_F(io, submission_is_checked)
{
	static const struct op end[] = { END(0) };
	int tty = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int path = open("/", O_PATH | O_CLOEXEC), poll = epoll_create1(0);
	struct io_uring_params params = {};
	int ring = syscall(__NR_io_uring_setup, 4, &params);
	struct gort_bpf_run b = { .nr_fds = GORT_BPF_FDS + 1 };

	EXPECT_EQ(-EINVAL, bt_give(self->fd, end, &b));
	b.nr_fds = ~0U;
	EXPECT_EQ(-EINVAL, bt_give(self->fd, end, &b));
	EXPECT_EQ(-EBADF, give2(self->fd, end, self->p[0], -1));
	EXPECT_EQ(-EBADF, give2(self->fd, end, self->p[0], path));
	EXPECT_EQ(-ELOOP, give2(self->fd, end, self->p[0], self->fd));
	EXPECT_EQ(-EOPNOTSUPP, give2(self->fd, end, self->p[0], dir));
	EXPECT_EQ(-EOPNOTSUPP, give2(self->fd, end, self->p[0], tty));
	EXPECT_EQ(-EOPNOTSUPP, give2(self->fd, end, self->p[0], poll));
	EXPECT_EQ(-EOPNOTSUPP, give2(self->fd, end, self->p[0], ring));
	EXPECT_EQ(0, gt_of_file(self->fd));
	for (b.nr_fds = 0; b.nr_fds < GORT_BPF_FDS; b.nr_fds++)
		b.fds[b.nr_fds] = self->p[0];
	EXPECT_EQ(0, bt_give(self->fd, end, &b));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	close(tty);
	close(dir);
	close(path);
	close(poll);
	close(ring);
}

/* A FIFO is opened once more, which is what a FIFO may refuse. */
TEST_F(io, a_fifo_that_nobody_reads)
{
	static const struct op end[] = { END(0) };
	char name[] = "/tmp/bpf_fifo_XXXXXX";
	int dir = mkdtemp(name) ? open(name, O_PATH | O_CLOEXEC) : -1, out, in;

	ASSERT_LE(0, dir);
	ASSERT_EQ(0, mkfifoat(dir, "f", 0600));
	in = openat(dir, "f", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	out = openat(dir, "f", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, out);
	EXPECT_EQ(0, run2(self->fd, end, in, out, NULL));
	close(in);
	/* the kernel closes what the program had a moment later */
	EXPECT_TRUE(gt_wait_for(run2(self->fd, end, self->p[0], out, NULL) == -ENXIO));
	close(out);
	unlinkat(dir, "f", 0);
	rmdir(name);
	close(dir);
}

/* A full pipe and an empty one: it waits, holds no thread, and can be cancelled. */
TEST_F(io, cancelled_while_it_waits)
{
	static const struct op reads[] = { READ(0, 0, 8, EVER), END(0) };
	static const struct op writes[] = { WRITE(1, 0, 8, EVER), END(0) };
	const struct op *const ops[] = { reads, reads, writes, writes };
	const int files[][2] = {
		{ self->p[0], -1 }, { self->s[0], -1 },
		{ self->p[0], self->p[1] }, { self->s[0], self->s[1] },
	};
	struct gort_bpf_run b;
	char page[4096] = "";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		__u64 data = 0;

		b = (struct gort_bpf_run){
			.data = (uintptr_t)&data, .data_size = sizeof(data),
			.nr_fds = files[i][1] < 0 ? 1 : 2,
			.fds = { files[i][0], files[i][1] },
		};
		if (b.nr_fds == 2) {
			fcntl(files[i][1], F_SETFL, O_NONBLOCK);
			while (write(files[i][1], page, sizeof(page)) > 0)
				;
		}
		ASSERT_EQ(0, bt_give(self->fd, ops[i], &b));
		gt_pause();
		EXPECT_EQ(0, gt_cancel(self->fd, b.id, NULL));
		EXPECT_EQ(-ECANCELED, bt_end(self->fd, NULL)) TH_LOG("state %u", i);
	}
}

/*
 * Many wait for one pipe, and one byte comes for each: all of them are told that
 * it is ready, one of them is. Breaks if another one then blocks its thread.
 */
TEST_F_TIMEOUT(io, who_was_slower_waits_on, 120)
{
	static const struct op reads[] = {
		{ .action = GORT_BPF_READ, .a = { 0, 0, 1, EVER }, .ret = 1 }, END(0),
	};
	struct gort_stats before, now;
	struct gort_info info;
	int i;

	ASSERT_EQ(0, gt_info(self->fd, &info));
	for (i = 0; i < 64; i++)
		ASSERT_EQ(0, give2(self->fd, reads, self->p[0], self->p[1]));
	gt_pause();
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &before));
	for (i = 0; i < 63; i++) {
		ASSERT_EQ(1, write(self->p[1], "x", 1));
		ASSERT_EQ(0, bt_end(self->fd, NULL));
	}
	/* the last one waits for another byte, and can be cancelled */
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &now));
	EXPECT_GE(before.threads + info.nr_procs, now.threads);
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(-ECANCELED, bt_end(self->fd, NULL));
}

/* Who submits is killed, or closes everything, while they wait for its files. */
TEST_F(io, killed_while_they_wait)
{
	static const struct op reads[] = { READ(0, 0, 8, EVER), END(0) };
	pid_t pid = gt_fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = gt_open(0);

		if (fd < 0 || give2(fd, reads, self->p[0], self->p[1]) ||
		    give2(fd, reads, self->s[0], self->s[1]))
			_exit(1);
		pause();
	}
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base + 2));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, gt_reap(pid));
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base));
	/* soon no reader is left: none was leaked */
	close(self->p[0]);
	self->p[0] = -1;
	signal(SIGPIPE, SIG_IGN);
	EXPECT_TRUE(gt_wait_for(write(self->p[1], "x", 1) < 0 && errno == EPIPE));
}

/* Breaks if the file sees the rights of the kernel's thread. */
TEST_F(io, a_file_sees_its_submitters_rights)
{
	static const struct op may_not[] = {
		{ .action = GORT_BPF_WRITE, .a = { 0, 0, 8, EVER }, .ret = -EPERM }, END(0),
	};
	static const struct op may[] = {
		{ .action = GORT_BPF_WRITE, .a = { 0, 0, 8, EVER }, .ret = 8 }, END(0),
	};
	int file = open(HOSTNAME, O_RDWR | O_CLOEXEC);
	char name[64] = "";
	pid_t pid;

	ASSERT_LE(0, file);
	ASSERT_LT(0, read(file, name, sizeof(name)));
	EXPECT_EQ(0, run2(self->fd, may, file, self->p[0], NULL));
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(bt_be_nobody(1ULL << CAP_BPF) ||
		      run2(self->fd, may_not, file, self->p[0], NULL));
	EXPECT_EQ(0, gt_reap(pid));
	close(file);
	EXPECT_EQ(0, gt_write_file(HOSTNAME, name));
}

/* Other programs */

/* Programs one and two are children, with arguments; there is no third. */
TEST_F(io, spawns_another_program)
{
	static const struct op parent[] = {
		{ .action = GORT_BPF_SPAWN, .a = { 1, 10, 20, 30 } },
		{ .action = GORT_BPF_JOIN, .a = { 0, EVER }, .keep = 1, .check = true, .is = 10 },
		{ .action = GORT_BPF_SPAWN, .a = { 2 } },
		{ .action = GORT_BPF_JOIN, .a = { 0, EVER }, .keep = 1, .check = true, .is = 99 },
		{ .action = GORT_BPF_SPAWN, .a = { 3 }, .ret = -ENOENT },
		{ .action = GORT_BPF_SPAWN, .a = { ~0ULL }, .ret = -ENOENT },
		END(5),
	};
	/* a child has the same choice */
	static const struct op second[] = {
		{ .action = GORT_BPF_SPAWN, .a = { 1, 99 } },
		{ .action = GORT_BPF_JOIN, .a = { 0, EVER }, .keep = 1, .check = true, .is = 99 },
		END(99),
	};
	struct gort_bpf_run b = { .nr_progs = 2 };
	struct prog first = { .n = 0 };
	__u64 res = 0;

	/* its result is its second argument */
	bt_load(&first, BPF_REG_2, CTX(args[1]));
	bt_store(&first, CTX(args[0]), BPF_REG_2);
	bt_set(&first, CTX(args[1]), 0);
	bt_return(&first, GORT_BPF_DONE);
	b.progs[0] = bt_load_prog(&first, BPF_PROG_TYPE_SYSCALL);
	b.progs[1] = bt_prog(second, NULL);
	ASSERT_EQ(0, bt_give(self->fd, parent, &b));
	close(b.progs[0]);
	close(b.progs[1]);
	EXPECT_EQ(0, bt_end(self->fd, &res)) TH_LOG("at step %llu", res);
	EXPECT_EQ(5, res);
}

TEST_F(io, other_programs_are_checked)
{
	static const struct op end[] = { END(0) };
	struct gort_bpf_run b = { .nr_progs = GORT_BPF_PROGS + 1 };
	struct prog p = { .n = 0 };
	int i, big, wrong;

	EXPECT_EQ(-EINVAL, bt_give(self->fd, end, &b));
	b.nr_progs = 2;
	b.progs[0] = bt_prog(end, NULL);
	b.progs[1] = -1;
	EXPECT_EQ(-EBADF, bt_give(self->fd, end, &b));
	b.progs[1] = self->fd;
	EXPECT_EQ(-EINVAL, bt_give(self->fd, end, &b));

	bt_return(&p, 0);
	wrong = bt_load_prog(&p, BPF_PROG_TYPE_SOCKET_FILTER);
	b.progs[1] = wrong;
	EXPECT_EQ(-EINVAL, bt_give(self->fd, end, &b));

	/* it looks where the first one has nothing */
	p.n = 0;
	bt_load(&p, BPF_REG_2, sizeof(struct gort_bpf_ctx));
	bt_return(&p, GORT_BPF_DONE);
	big = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	b.progs[1] = big;
	EXPECT_EQ(-EMSGSIZE, bt_give(self->fd, end, &b));
	for (i = 1; i < GORT_BPF_PROGS; i++)
		b.progs[i] = b.progs[0];
	b.nr_progs = GORT_BPF_PROGS;
	EXPECT_EQ(0, bt_give(self->fd, end, &b));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	close(b.progs[0]);
	close(wrong);
	close(big);
}

/* A child reads what its parent was given, when the parent has ended. */
TEST_F(io, children_have_the_same_files)
{
	static const struct op parent[] = { { .action = GORT_BPF_SPAWN }, END(0) };
	static const struct op child[] = {
		{ .action = GORT_BPF_READ, .a = { 0, 0, 8, EVER }, .ret = 3 },
		{ .action = GORT_BPF_WRITE, .a = { 1, 0, 3, EVER }, .ret = 3 }, END(0),
	};
	__u64 data = 0;
	struct gort_bpf_run b = {
		.size = sizeof(b), .data = (uintptr_t)&data,
		.data_size = sizeof(data), .nr_fds = 2,
		.fds = { self->p[0], self->s[0] },
	};

	b.prog_fd = bt_prog(parent, child);
	ASSERT_LE(0, b.prog_fd);
	ASSERT_EQ(0, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	close(b.prog_fd);
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	ASSERT_EQ(3, write(self->p[1], "abc", 3));
	EXPECT_TRUE(comes(self->s[1], "abc"));
}

TEST_HARNESS_MAIN
