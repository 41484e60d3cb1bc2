// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs that do not mean well, or are not let: limits, signals, rings,
 * deadlocks, ends in whatever state, and what the others notice of it.
 */

#include "bpf_test.h"
#include "core_test.h"

#include <liburing.h>
#include <linux/securebits.h>
#include <linux/userfaultfd.h>

#define USER	4711

FIXTURE(bad) {
	int fd;
	__s64 base;
	struct gt_params params;
};

FIXTURE_SETUP(bad)
{
	if (!bt_known())
		SKIP(return, "this kernel has no BPF");
	ASSERT_TRUE(gt_params_save(&self->params));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	self->base = gt_total(self->fd);
}

FIXTURE_TEARDOWN(bad)
{
	EXPECT_TRUE(gt_params_restore(&self->params));
	/* who spawns may have one more child while the others are cancelled */
	EXPECT_TRUE(gt_wait_for((gt_cancel_all(self->fd, NULL),
				 gt_total(self->fd) == self->base)));
	close(self->fd);
}

static const struct op end[] = { END(0) };
static const struct op sleeps[] = {
	{ .action = GORT_BPF_SLEEP, .a = { GT_HOUR }, .later = 1 }, END(0),
};

/* It ends with what its last action came to, when that is an error. */
static int until_error(__u32 action)
{
	struct prog p = { .n = 0 };
	unsigned int jump;

	bt_load(&p, BPF_REG_3, CTX(ret));
	jump = p.n;
	bt_insn(&p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 0, 0);
	bt_set(&p, CTX(args[0]), 0);
	bt_return(&p, action);
	p.i[jump].off = p.n - jump - 1;
	bt_insn(&p, BPF_ALU64 | BPF_NEG, BPF_REG_3, 0, 0, 0);
	bt_store(&p, CTX(args[1]), BPF_REG_3);
	bt_return(&p, GORT_BPF_DONE);
	return bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
}

/* Limits */

/* As a user who has a quota of four: what meets it, and whether all comes back. */
static int with_quota(int prog, int spawns)
{
	int a, b, i;

	if (setgid(USER) || setuid(USER))
		return 1;
	a = gt_open(0);
	b = gt_open(0);
	if (a < 0 || b < 0)
		return 2;
	for (i = 0; i < 4; i++)
		if (bt_submit(i & 1 ? a : b, prog, i, NULL))
			return 3;
	if (bt_submit(a, prog, i, NULL) != -EDQUOT)
		return 4;
	gt_cancel_all(a, NULL);
	gt_cancel_all(b, NULL);
	for (i = 0; i < 4; i++)
		if (bt_end(i & 1 ? a : b, NULL) != -ECANCELED)
			return 5;
	/* each child spawns one more, until there are four */
	if (bt_submit(a, spawns, 0, NULL))
		return 6;
	return bt_end(a, NULL) == -EDQUOT ? 0 : 7;
}

TEST_F(bad, users_have_a_quota)
{
	int prog = bt_prog(sleeps, NULL), spawns = until_error(GORT_BPF_SPAWN);
	pid_t pid;

	ASSERT_LE(0, prog);
	ASSERT_LE(0, spawns);
	ASSERT_EQ(0, gt_param_set("max_tasks_user", 4));
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* the device and BPF are root's: keep the rights, not the name */
		if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP))
			_exit(255);
		_exit(with_quota(prog, spawns));
	}
	EXPECT_EQ(0, gt_reap(pid));
	close(prog);
	close(spawns);
}

/* All of them spawn all the time: others are let in, and it ends by a cancel. */
TEST_F_TIMEOUT(bad, endless_spawn_by_children, 120)
{
	struct prog p = { .n = 0 };
	int prog, other = gt_open(0), i;

	bt_set(&p, CTX(args[0]), 0);
	bt_return(&p, GORT_BPF_SPAWN);
	prog = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	ASSERT_LE(0, prog);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, gt_param_set("max_tasks_file", 200));
	close(self->fd);
	self->fd = gt_open(0);
	ASSERT_EQ(0, bt_submit(self->fd, prog, 0, NULL));
	close(prog);
	gt_pause();
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, bt_run(other, end, NULL));
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(-ECANCELED, bt_end(self->fd, NULL));
	close(other);
}

/* Signals, and rings */

struct slow {
	int fd;
	int uffd;
	struct gort_bpf_run b;
	pid_t tid;
	int ret;
	pthread_t thread;
};

static void *slow_submit(void *arg)
{
	struct slow *s = arg;

	__atomic_store_n(&s->tid, gt_tid(), __ATOMIC_RELEASE);
	s->ret = gt_ioctl(s->fd, GORT_IOC_BPF, &s->b);
	return NULL;
}

/* A thread is submitting, and waits for its data, which are a page that is not there. */
static bool slow_begin(struct slow *s, int fd, int prog)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register r = {
		.range = { .len = 4096 },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*s = (struct slow) {
		.fd = fd, .uffd = syscall(__NR_userfaultfd, O_CLOEXEC),
		.b = { .size = sizeof(s->b), .prog_fd = prog, .data_size = 8,
		       .data = (uintptr_t)page },
	};
	r.range.start = (uintptr_t)page;
	if (s->uffd < 0 || page == MAP_FAILED ||
	    ioctl(s->uffd, UFFDIO_API, &api) ||
	    ioctl(s->uffd, UFFDIO_REGISTER, &r) ||
	    pthread_create(&s->thread, NULL, slow_submit, s))
		return false;
	return gt_wait_for(__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE) &&
			   gt_blocked_in(s->tid, SYS_ioctl));
}

static int slow_end(struct slow *s)
{
	struct uffdio_zeropage z = { .range = { .start = s->b.data, .len = 4096 } };

	if (ioctl(s->uffd, UFFDIO_ZEROPAGE, &z))
		return -errno;
	pthread_join(s->thread, NULL);
	close(s->uffd);
	return s->ret;
}

TEST_F(bad, signal_before_a_submission_is_eintr)
{
	int prog = bt_prog(end, NULL);
	struct gt_poker p;
	struct slow s;

	ASSERT_LE(0, prog);
	gt_catch(SIGUSR1, 0);
	ASSERT_TRUE(slow_begin(&s, self->fd, prog));
	ASSERT_EQ(0, gt_poke_me(&p, SYS_ioctl, 1));
	EXPECT_EQ(-EINTR, bt_submit(self->fd, prog, 0, NULL));
	gt_poke_end(&p);
	EXPECT_EQ(0, gt_of_file(self->fd));
	EXPECT_EQ(0, slow_end(&s));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	close(prog);
}

/* One command through the ring, and its result */
static int ring_give(struct io_uring *r, int fd, struct gort_bpf_run *b)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(r);
	struct io_uring_cqe *cqe;
	__u64 *payload;
	int res;

	assert(sqe);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = GORT_IOC_BPF;
	payload = (__u64 *)sqe->cmd;
	payload[0] = (uintptr_t)b;
	if (io_uring_submit(r) < 0 || io_uring_wait_cqe(r, &cqe))
		return -EPROTO;
	res = cqe->res;
	io_uring_cqe_seen(r, cqe);
	return res;
}

/* The same command by a ring; also when a worker has to wait for its turn. */
TEST_F(bad, submitted_through_a_ring)
{
	static const struct op end7[] = { END(7) };
	struct gort_bpf_run b = { .size = sizeof(b), .user_data = 5 };
	struct gort_completion c;
	struct io_uring r;
	int prog = bt_prog(end7, NULL);

	ASSERT_LE(0, prog);
	ASSERT_EQ(0, io_uring_queue_init(4, &r, 0));
	b.prog_fd = -1;
	EXPECT_EQ(-EBADF, ring_give(&r, self->fd, &b));
	b.prog_fd = prog;
	b.nr_fds = 1;
	b.fds[0] = self->fd;
	EXPECT_EQ(-ELOOP, ring_give(&r, self->fd, &b));
	b.nr_fds = 0;
	EXPECT_EQ(0, ring_give(&r, self->fd, &b));
	EXPECT_NE(0, b.id);
	ASSERT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(b.id, c.id);
	EXPECT_EQ(5, c.user_data);
	EXPECT_EQ(7, c.result);
	EXPECT_EQ(0, c.status);
	io_uring_queue_exit(&r);
	close(prog);
}

TEST_F(bad, a_ring_waits_for_its_turn)
{
	struct gort_bpf_run b = { .size = sizeof(b), .prog_fd = bt_prog(end, NULL) };
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	struct io_uring r;
	struct slow s;

	ASSERT_LE(0, b.prog_fd);
	ASSERT_EQ(0, io_uring_queue_init(4, &r, 0));
	ASSERT_TRUE(slow_begin(&s, self->fd, b.prog_fd));
	sqe = io_uring_get_sqe(&r);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = self->fd;
	sqe->cmd_op = GORT_IOC_BPF;
	*(__u64 *)sqe->cmd = (uintptr_t)&b;
	ASSERT_EQ(1, io_uring_submit(&r));
	gt_pause();
	EXPECT_EQ(-EAGAIN, io_uring_peek_cqe(&r, &cqe));
	EXPECT_EQ(0, slow_end(&s));
	ASSERT_EQ(0, io_uring_wait_cqe(&r, &cqe));
	EXPECT_EQ(0, cqe->res);
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	io_uring_queue_exit(&r);
	close(b.prog_fd);
}

/* Deadlocks */

/* Each receives first what the other one would send then. */
TEST_F(bad, a_deadlock_by_channels_is_told)
{
	static const struct op make[] = { MAKE(1, CHAN, 0), MAKE(2, CHAN, 0), END(0) };
	static const struct op one[] = {
		{ .action = GORT_BPF_RECV, .a = { 1, EVER } },
		{ .action = GORT_BPF_SEND, .a = { 2, 0, EVER } }, END(0),
	};
	static const struct op two[] = {
		{ .action = GORT_BPF_RECV, .a = { 2, EVER } },
		{ .action = GORT_BPF_SEND, .a = { 1, 0, EVER } }, END(0),
	};
	static const struct op helps[] = {
		{ .action = GORT_BPF_SEND, .a = { 1, 0, EVER } },
		{ .action = GORT_BPF_RECV, .a = { 1, EVER } }, END(0),
	};
	struct gort_completion c;
	struct gort_wait w;

	ASSERT_EQ(0, bt_run(self->fd, make, NULL));
	ASSERT_EQ(0, bt_start(self->fd, one, NULL));
	ASSERT_EQ(0, bt_start(self->fd, two, NULL));
	EXPECT_EQ(-EDEADLK, gt_wait(self->fd, 1, EVER, &w));
	EXPECT_EQ(2, w.running);
	EXPECT_EQ(-EDEADLK, gt_read(self->fd, &c, 1));
	/* somebody may still come and help */
	ASSERT_EQ(0, bt_start(self->fd, helps, NULL));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
}

/* One that waits for a pipe may yet be woken: that is no deadlock. */
TEST_F(bad, who_waits_for_a_file_is_in_no_deadlock)
{
	static const struct op reads[] = {
		{ .action = GORT_BPF_READ, .a = { 0, 0, 1, EVER }, .ret = 1 }, END(0),
	};
	char byte = 0;
	struct gort_bpf_run b = {
		.data = (uintptr_t)&byte, .data_size = 1, .nr_fds = 1,
	};
	struct gort_wait w;
	int p[2];

	ASSERT_EQ(0, pipe2(p, O_CLOEXEC));
	b.fds[0] = p[0];
	ASSERT_EQ(0, bt_give(self->fd, reads, &b));
	gt_pause();
	EXPECT_EQ(-ETIME, gt_wait(self->fd, 1, gt_in_ms(100), &w));
	ASSERT_EQ(1, write(p[1], "x", 1));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	close(p[0]);
	close(p[1]);
}

/* Ends */

/* Every state that a program may be in for long, and never leaves by itself */
static const struct op states[][4] = {
	{ { .action = GORT_BPF_YIELD }, END(0) }, /* over and over, see state() */
	{ { .action = GORT_BPF_SLEEP, .a = { EVER } }, END(0) },
	{ MAKE(1, LOCK, 0), { .action = GORT_BPF_LOCK, .a = { 1, EVER } },
	  { .action = GORT_BPF_SLEEP, .a = { EVER } }, END(0) },
	{ { .action = GORT_BPF_LOCK, .a = { 1, EVER } }, END(0) },
	{ MAKE(2, EVENT, 0), { .action = GORT_BPF_WAIT, .a = { 2, 0, EVER } }, END(0) },
	{ MAKE(3, CHAN, 0), { .action = GORT_BPF_SEND, .a = { 3, 0, EVER } }, END(0) },
	{ MAKE(4, CHAN, 0), { .action = GORT_BPF_RECV, .a = { 4, EVER } }, END(0) },
	{ MAKE(5, CHAN, 0), { .action = GORT_BPF_SELECT, .a = { 1, EVER },
	  .cases = { { .chan = 5 } } }, END(0) },
	{ { .action = GORT_BPF_SPAWN, .a = { 1 } },
	  { .action = GORT_BPF_JOIN, .a = { 0, EVER }, .keep = 1 }, END(0) },
	{ { .action = GORT_BPF_READ, .a = { 0, 0, 8, EVER } }, END(0) },
	{ { .action = GORT_BPF_READ, .a = { 1, 0, 8, EVER } }, END(0) },
	{ { .action = GORT_BPF_WRITE, .a = { 2, 0, 8, EVER } }, END(0) },
};

/* Ends with zero if another one has the lock. */
static const struct op held[] = {
	{ .action = GORT_BPF_LOCK, .a = { 1, 1 }, .ret = -ETIME }, END(0),
};

#define HOLDER	2

/* All states beside each other in one file; how many Gs that are, or an error */
static int start_states(int fd)
{
	char page[4096] = "";
	__u64 data = 0;
	struct gort_bpf_run b = {
		.data = (uintptr_t)&data, .data_size = 8, .nr_fds = 3, .nr_progs = 1,
	};
	int p[2], full[2], s[2], err;
	struct prog spin = { .n = 0 };
	unsigned int i;

	bt_return(&spin, GORT_BPF_YIELD);
	if (pipe2(p, O_CLOEXEC) || pipe2(full, O_CLOEXEC | O_NONBLOCK) ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s))
		return -errno;
	while (write(full[1], page, sizeof(page)) > 0)
		;
	b.fds[0] = p[0];
	b.fds[1] = s[0];
	b.fds[2] = full[1];
	b.progs[0] = bt_load_prog(&spin, BPF_PROG_TYPE_SYSCALL);
	b.size = sizeof(b);
	b.prog_fd = b.progs[0];
	err = gt_ioctl(fd, GORT_IOC_BPF, &b);
	for (i = 1; i < ARRAY_SIZE(states) && !err; i++) {
		err = bt_give(fd, states[i], &b);
		/* the next one is to find it locked */
		if (i == HOLDER && !gt_wait_for(!bt_run(fd, held, NULL)))
			err = -ETIME;
	}
	close(b.progs[0]);
	return err ?: (int)ARRAY_SIZE(states) + 1;
}

/* Nothing is left of programs whose submitter is killed, whatever they do. */
TEST_F_TIMEOUT(bad, killed_in_every_state, 120)
{
	__s64 n = ARRAY_SIZE(states) + 1;
	int round;
	pid_t pid;

	for (round = 0; round < 5; round++) {
		pid = gt_fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			int fd = gt_open(0);

			if (fd < 0 || start_states(fd) < 0)
				_exit(1);
			pause();
		}
		EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base + n));
		if (round)
			gt_pause();
		kill(pid, SIGKILL);
		EXPECT_EQ(-SIGKILL, gt_reap(pid));
		EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base));
	}
}

/* Breaks as well if a stack of one segment, a page, is too small for any of them. */
TEST_F_TIMEOUT(bad, cancelled_in_every_state, 120)
{
	__u64 grown = ct_stats(self->fd).grown;
	int n = start_states(self->fd), i, dead = 0;
	struct gort_completion c;
	__u32 most = 0;

	ASSERT_LT(0, n);
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base + n));
	gt_pause();
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	for (i = 0; i < n - 1; i++) {
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		dead += c.status == -EDEADLK;
		if (c.status != -EDEADLK)
			EXPECT_EQ(-ECANCELED, c.status) TH_LOG("the %d. that ended", i);
		if (c.stack_bytes > most)
			most = c.stack_bytes;
	}
	EXPECT_EQ(grown, ct_stats(self->fd).grown);
	TH_LOG("%u bytes of stack at most", most);
	/* the one that had the lock, and maybe who got it from that one */
	EXPECT_LE(1, dead);
	EXPECT_GE(2, dead);
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* Others */

/* A G that computes gets a third of its due, beside programs that only yield. */
TEST_F_TIMEOUT(bad, spinning_has_its_share_and_no_more, 120)
{
	struct prog p = { .n = 0 };
	struct gort_completion c;
	int prog, hog = gt_open(0), i;

	ASSERT_EQ(0, ct_insmod_own("gort_test_share", ""));
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	bt_return(&p, GORT_BPF_YIELD);
	prog = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	ASSERT_LE(0, prog);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, bt_submit(hog, prog, 0, NULL));
	close(prog);
	ASSERT_EQ(0, ct_run(self->fd, &c, "s_share", 120, 1, 0));
	TH_LOG("%llu of %llu ticks", c.result >> 32, c.result & 0xffffffff);
	EXPECT_LE((c.result & 0xffffffff) / 6, c.result >> 32);
	/* they are all there, and have their share, too */
	EXPECT_EQ(100, gt_of_file(hog));
	EXPECT_LE((c.result & 0xffffffff) / 6,
		  (c.result & 0xffffffff) - (c.result >> 32));
	close(hog);
	EXPECT_TRUE(ct_rmmod_soon("gort_test_share"));
}

TEST_HARNESS_MAIN
