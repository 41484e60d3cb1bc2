// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs as green threads: steps, actions, what bad programs come to.
 */

#include "bpf_test.h"

FIXTURE(bpf) {
	int fd;
};

FIXTURE_SETUP(bpf)
{
	if (!bt_known())
		SKIP(return, "this kernel has no BPF");
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(bpf)
{
	close(self->fd);
}

/* Breaks if a step does not find its number, or a sleep ends too early. */
TEST_F(bpf, yields_sleeps_and_ends)
{
	static const struct op script[] = {
		{ .action = GORT_BPF_YIELD },
		{ .action = GORT_BPF_SLEEP, .a = { 20 * MS }, .later = 1 },
		{ .action = GORT_BPF_YIELD },
		END(4711),
	};
	__u64 begun = gt_now(), res = 0;

	EXPECT_EQ(0, bt_run(self->fd, script, &res));
	EXPECT_EQ(4711, res);
	EXPECT_LE(begun + 20 * MS, gt_now());
}

/* The instrument: a script that demands what is not so is told so. */
TEST_F(bpf, a_wrong_script_is_seen)
{
	static const struct op script[] = {
		{ .action = GORT_BPF_YIELD, .ret = -ENOENT },
		END(1),
	};
	__u64 res = 0;

	EXPECT_EQ(-EPROTO, bt_run(self->fd, script, &res));
}

TEST_F(bpf, ends_with_an_errno)
{
	static const struct op err[] = { { .action = GORT_BPF_DONE, .a = { 0, ENOTTY } } };
	static const struct op none[] = { { .action = GORT_BPF_DONE, .a = { 0, 4096 } } };

	EXPECT_EQ(-ENOTTY, bt_run(self->fd, err, NULL));
	EXPECT_EQ(-EINVAL, bt_run(self->fd, none, NULL));
}

/* Arguments and data arrive; the program's descriptor is closed meanwhile. */
TEST_F(bpf, sees_its_arguments_and_data)
{
	struct prog p = { .n = 0 };
	__u64 data[2] = { 1000, 200 }, res = 0;
	struct gort_bpf_run b = {
		.size = sizeof(b), .data = (uintptr_t)data,
		.data_size = sizeof(data), .args = { 0, 0, 30, 4 },
	};

	bt_load(&p, BPF_REG_2, sizeof(struct gort_bpf_ctx));
	bt_load(&p, BPF_REG_3, sizeof(struct gort_bpf_ctx) + 8);
	bt_insn(&p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	bt_load(&p, BPF_REG_3, CTX(args[2]));
	bt_insn(&p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	bt_load(&p, BPF_REG_3, CTX(args[3]));
	bt_insn(&p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	bt_store(&p, CTX(args[0]), BPF_REG_2);
	bt_set(&p, CTX(args[1]), 0);
	bt_return(&p, GORT_BPF_DONE);
	b.prog_fd = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	ASSERT_LE(0, b.prog_fd);
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	close(b.prog_fd);
	EXPECT_EQ(0, bt_end(self->fd, &res));
	EXPECT_EQ(1234, res);

	b.prog_fd = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	b.data_size = 8;
	EXPECT_EQ(-EMSGSIZE, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	b.data_size = 16;
	b.data = 8;
	EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	EXPECT_EQ(0, gt_of_file(self->fd));
	close(b.prog_fd);
}

TEST_F(bpf, submission_is_checked)
{
	static const struct op end[] = { END(0) };
	struct gort_bpf_run b = { .size = sizeof(b), .prog_fd = -1 };
	struct prog p = { .n = 0 };

	EXPECT_EQ(-EBADF, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	b.prog_fd = self->fd;
	EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	bt_return(&p, 0);
	b.prog_fd = bt_load_prog(&p, BPF_PROG_TYPE_SOCKET_FILTER);
	ASSERT_LE(0, b.prog_fd);
	EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	close(b.prog_fd);

	b.prog_fd = bt_prog(end, NULL);
	ASSERT_LE(0, b.prog_fd);
	b.flags = 1;
	EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	b.flags = 0;
	b.data_size = GORT_BPF_DATA_MAX + 1;
	EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	b.data_size = 0;
	b.size = sizeof(b) - 8;
	EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	b.size = 8192;
	EXPECT_EQ(-E2BIG, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	EXPECT_EQ(-EFAULT, gt_ioctl(self->fd, GORT_IOC_BPF, NULL));
	b.size = sizeof(b);
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	close(b.prog_fd);
}

/*
 * The size of the context is that of the program which is submitted. One
 * that goes over to another one is not loaded by older kernels, and not taken by
 * gort.
 */
TEST_F(bpf, there_are_no_tail_calls)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4,
		.value_size = 4, .max_entries = 1,
	};
	int map = syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)), prog;
	struct prog p = { .n = 0 };

	ASSERT_LE(0, map);
	bt_insn(&p, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, map);
	bt_insn(&p, 0, 0, 0, 0, 0);
	bt_insn(&p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0);
	bt_insn(&p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call);
	bt_return(&p, GORT_BPF_DONE);
	prog = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	EXPECT_EQ(-EINVAL, prog < 0 ? prog : bt_submit(self->fd, prog, 0, NULL));
	if (prog >= 0)
		close(prog);
	close(map);
}

TEST_F(bpf, an_unknown_action_ends_it)
{
	static const struct op next[] = { { .action = GORT_BPF_WRITE + 1 } };
	static const struct op last[] = { { .action = ~0U } };

	EXPECT_EQ(-EBADRQC, bt_run(self->fd, next, NULL));
	EXPECT_EQ(-EBADRQC, bt_run(self->fd, last, NULL));
}

/* Each action on a name that there is not, or that is something else. */
TEST_F(bpf, names_are_looked_up)
{
	static const struct op script[] = {
		{ .action = GORT_BPF_LOCK, .a = { 1, EVER }, .ret = -ENOENT },
		{ .action = GORT_BPF_UNLOCK, .a = { 1 }, .ret = -ENOENT },
		{ .action = GORT_BPF_WAIT, .a = { 1, 0, EVER }, .ret = -ENOENT },
		{ .action = GORT_BPF_NOTIFY, .a = { 1 }, .ret = -ENOENT },
		{ .action = GORT_BPF_SEND, .a = { 1, 0, EVER }, .ret = -ENOENT },
		{ .action = GORT_BPF_RECV, .a = { 1, EVER }, .ret = -ENOENT },
		{ .action = GORT_BPF_CLOSE, .a = { 1 }, .ret = -ENOENT },
		{ .action = GORT_BPF_SELECT, .a = { 1, EVER }, .cases = { { .chan = 1 } },
		  .ret = -ENOENT },
		{ .action = GORT_BPF_SELECT, .a = { 0, EVER }, .ret = -EINVAL },
		{ .action = GORT_BPF_SELECT, .a = { 9, EVER }, .ret = -EINVAL },
		{ .action = GORT_BPF_JOIN, .a = { 1, EVER }, .ret = -ENOENT },
		{ .action = GORT_BPF_MAKE, .a = { 1, 0 }, .ret = -EINVAL },
		{ .action = GORT_BPF_MAKE, .a = { 1, 4 }, .ret = -EINVAL },
		{ .action = GORT_BPF_MAKE, .a = { 1, GORT_BPF_IS_LOCK, 1 }, .ret = -EINVAL },
		{ .action = GORT_BPF_MAKE, .a = { 1, GORT_BPF_IS_CHAN, GORT_BPF_CHAN_MAX + 1 },
		  .ret = -EINVAL },
		MAKE(1, LOCK, 0),
		{ .action = GORT_BPF_MAKE, .a = { 1, GORT_BPF_IS_CHAN, 0 }, .ret = -EEXIST },
		MAKE(~0ULL, CHAN, GORT_BPF_CHAN_MAX),
		{ .action = GORT_BPF_SEND, .a = { 1, 0, EVER }, .ret = -ENOENT },
		{ .action = GORT_BPF_LOCK, .a = { ~0ULL, EVER }, .ret = -ENOENT },
		END(0),
	};

	EXPECT_EQ(0, bt_run(self->fd, script, NULL));
}

/* What need not wait, and what comes too late. */
TEST_F(bpf, actions_do_what_they_say)
{
	static const struct op script[] = {
		MAKE(1, LOCK, 0), MAKE(2, EVENT, 0), MAKE(3, CHAN, 1), MAKE(4, CHAN, 0),
		{ .action = GORT_BPF_UNLOCK, .a = { 1 }, .ret = -EPERM },
		{ .action = GORT_BPF_LOCK, .a = { 1, EVER } },
		{ .action = GORT_BPF_LOCK, .a = { 1, EVER }, .ret = -EDEADLK },
		{ .action = GORT_BPF_UNLOCK, .a = { 1 } },
		{ .action = GORT_BPF_WAIT, .a = { 2, 0, MS }, .later = 4, .ret = -ETIME },
		{ .action = GORT_BPF_NOTIFY, .a = { 2 }, .check = true, .is = 1 },
		{ .action = GORT_BPF_WAIT, .a = { 2, 0, EVER }, .check = true, .is = 1 },
		{ .action = GORT_BPF_RECV, .a = { 3, 0 }, .ret = -ETIME },
		{ .action = GORT_BPF_SEND, .a = { 3, 77, EVER } },
		{ .action = GORT_BPF_SEND, .a = { 3, 78, MS }, .later = 4, .ret = -ETIME },
		{ .action = GORT_BPF_SELECT, .a = { 2, EVER }, .ret = 1,
		  .cases = { { .chan = 4 }, { .chan = 3 } } },
		{ .action = GORT_BPF_SELECT, .a = { 2, EVER }, .ret = 0,
		  .cases = { { .chan = 3, .value = 79, .send = 1 }, { .chan = 4 } } },
		{ .action = GORT_BPF_CLOSE, .a = { 3 } },
		{ .action = GORT_BPF_CLOSE, .a = { 3 }, .ret = -EPIPE },
		{ .action = GORT_BPF_SEND, .a = { 3, 1, EVER }, .ret = -EPIPE },
		{ .action = GORT_BPF_RECV, .a = { 3, EVER }, .check = true, .is = 79 },
		{ .action = GORT_BPF_RECV, .a = { 3, EVER }, .ret = -EPIPE },
		{ .action = GORT_BPF_SELECT, .a = { 1, EVER }, .cases = { { .chan = 3 } },
		  .ret = -EPIPE },
		END(0),
	};
	__u64 step = 0;

	EXPECT_EQ(0, bt_run(self->fd, script, &step)) TH_LOG("at step %llu", step);
}

/* Two programs, each with what the other waits for. */
TEST_F(bpf, programs_wait_for_each_other)
{
	static const struct op one[] = {
		MAKE(1, CHAN, 0), MAKE(2, CHAN, 0), MAKE(3, EVENT, 0),
		{ .action = GORT_BPF_RECV, .a = { 1, EVER }, .check = true, .is = 5 },
		{ .action = GORT_BPF_SEND, .a = { 2, 6, EVER } },
		{ .action = GORT_BPF_WAIT, .a = { 3, 0, EVER }, .check = true, .is = 1 },
		END(0),
	};
	static const struct op two[] = {
		{ .action = GORT_BPF_SEND, .a = { 1, 5, EVER } },
		{ .action = GORT_BPF_SELECT, .a = { 2, EVER }, .ret = 1,
		  .cases = { { .chan = 1 }, { .chan = 2 } } },
		{ .action = GORT_BPF_NOTIFY, .a = { 3 } },
		END(0),
	};

	ASSERT_EQ(0, bt_start(self->fd, one, NULL));
	ASSERT_EQ(0, bt_asleep(self->fd));
	ASSERT_EQ(0, bt_start(self->fd, two, NULL));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
	EXPECT_EQ(0, bt_end(self->fd, NULL));
}

/* A program of the ring: takes a number from one channel, gives the next to another. */
static int ring_prog(void)
{
	const __s16 in = sizeof(struct gort_bpf_ctx), out = in + 8;
	struct prog p = { .n = 0 };
	unsigned int step, jump;

	for (step = 0; step < 3; step++) {
		bt_load(&p, BPF_REG_2, CTX(step));
		jump = p.n;
		bt_insn(&p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0, step);
		bt_load(&p, BPF_REG_3, step == 2 ? out : in);
		bt_load(&p, BPF_REG_4, CTX(args[0]));
		bt_store(&p, CTX(args[0]), BPF_REG_3);
		bt_insn(&p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_4, 0, 0, 1);
		if (step == 2)
			bt_store(&p, CTX(args[1]), BPF_REG_4);
		else
			bt_set(&p, CTX(args[1]), step ? EVER : GORT_BPF_IS_CHAN);
		bt_set(&p, CTX(args[2]), step == 2 ? EVER : 0);
		bt_return(&p, step == 0 ? GORT_BPF_MAKE :
			      step == 1 ? GORT_BPF_RECV : GORT_BPF_SEND);
		p.i[jump].off = p.n - jump - 1;
	}
	bt_load(&p, BPF_REG_4, CTX(args[1]));
	bt_store(&p, CTX(args[0]), BPF_REG_4);
	bt_set(&p, CTX(args[1]), 0);
	bt_return(&p, GORT_BPF_DONE);
	return bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
}

/* Each of 1,000 programs gets the token once, and in its turn. */
TEST_F_TIMEOUT(bpf, a_token_goes_round, 120)
{
	static const struct op starter[] = {
		MAKE(1001, CHAN, 0),
		{ .action = GORT_BPF_SEND, .a = { 1, 0, EVER } },
		{ .action = GORT_BPF_RECV, .a = { 1001, EVER }, .check = true, .is = 1000 },
		END(0),
	};
	__u64 names[2], res, i, seen = 0;
	struct gort_bpf_run b = {
		.size = sizeof(b), .data = (uintptr_t)names,
		.data_size = sizeof(names), .prog_fd = ring_prog(),
	};
	struct gort_completion c;

	ASSERT_LE(0, b.prog_fd);
	for (i = 1; i <= 1000; i++) {
		names[0] = i;
		names[1] = i + 1;
		b.user_data = i;
		ASSERT_EQ(0, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	}
	close(b.prog_fd);
	ASSERT_EQ(0, bt_asleep(self->fd));
	ASSERT_EQ(0, bt_start(self->fd, starter, NULL));
	for (i = 0; i <= 1000; i++) {
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		EXPECT_EQ(0, c.status);
		res = c.result;
		EXPECT_EQ(c.user_data, res);
		seen += res;
	}
	EXPECT_EQ(500500, seen);
}

/* A name is known in its own file alone. */
TEST_F(bpf, files_do_not_share_names)
{
	static const struct op make[] = { MAKE(1, LOCK, 0), END(0) };
	int other = gt_open(0);

	ASSERT_LE(0, other);
	EXPECT_EQ(0, bt_run(self->fd, make, NULL));
	ASSERT_EQ(0, bt_start(other, make, NULL));
	EXPECT_EQ(0, bt_end(other, NULL));
	close(other);
}

TEST_F(bpf, children_are_spawned_and_joined)
{
	static const struct op parent[] = {
		MAKE(1, CHAN, 0),
		{ .action = GORT_BPF_SPAWN, .a = { 0, 42 } },
		{ .action = GORT_BPF_JOIN, .a = { 0, 0 }, .keep = 1, .ret = -ETIME },
		{ .action = GORT_BPF_SEND, .a = { 1, 7, EVER }, },
		{ .action = GORT_BPF_JOIN, .a = { 1, EVER }, .ret = -ENOTTY,
		  .check = true, .is = 9 },
		{ .action = GORT_BPF_JOIN, .a = { 1, EVER }, .ret = -ENOENT },
		END(8),
	};
	static const struct op child[] = {
		{ .action = GORT_BPF_RECV, .a = { 1, EVER }, .check = true, .is = 7 },
		{ .action = GORT_BPF_DONE, .a = { 9, ENOTTY } },
	};
	int prog = bt_prog(parent, child);
	__u64 res = 0;

	ASSERT_LE(0, prog);
	ASSERT_EQ(0, bt_submit(self->fd, prog, 0, NULL));
	close(prog);
	EXPECT_EQ(0, bt_end(self->fd, &res));
	EXPECT_EQ(8, res);
}

/* Children that nobody joins: the cap of the file ends it, and nothing is left. */
TEST_F_TIMEOUT(bpf, endless_spawn_meets_the_cap, 120)
{
	struct prog p = { .n = 0 };
	__s64 base = gt_total(self->fd);
	struct gt_params params;
	unsigned int jump;
	__u64 res = 0;
	int prog;

	/* spawn until that fails; children end at once */
	bt_load(&p, BPF_REG_2, CTX(child));
	bt_load(&p, BPF_REG_3, CTX(ret));
	bt_insn(&p, BPF_ALU64 | BPF_OR | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	jump = p.n;
	bt_insn(&p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0, 0);
	bt_set(&p, CTX(args[0]), 0);
	bt_return(&p, GORT_BPF_SPAWN);
	p.i[jump].off = p.n - jump - 1;
	bt_insn(&p, BPF_ALU64 | BPF_NEG, BPF_REG_3, 0, 0, 0);
	bt_store(&p, CTX(args[0]), BPF_REG_3);
	bt_set(&p, CTX(args[1]), 0);
	bt_return(&p, GORT_BPF_DONE);
	prog = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	ASSERT_LE(0, prog);
	ASSERT_TRUE(gt_params_save(&params));
	ASSERT_EQ(0, gt_param_set("max_tasks_file", 200));
	close(self->fd);
	self->fd = gt_open(0);
	EXPECT_TRUE(gt_params_restore(&params));
	ASSERT_EQ(0, bt_submit(self->fd, prog, 0, NULL));
	EXPECT_EQ(0, bt_end(self->fd, &res));
	EXPECT_EQ(EAGAIN, res);
	close(prog);
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == base));
}

/* Breaks if a yield does not let others run, or is not where a cancel is seen. */
TEST_F(bpf, endless_yield_lets_others_run)
{
	struct prog p = { .n = 0 };
	static const struct op end[] = { END(1) };
	struct gort_bpf_run b = { .size = sizeof(b) };
	struct gort_completion c;
	int i;

	bt_return(&p, GORT_BPF_YIELD);
	b.prog_fd = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	ASSERT_LE(0, b.prog_fd);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, gt_ioctl(self->fd, GORT_IOC_BPF, &b));
	close(b.prog_fd);
	EXPECT_EQ(0, bt_run(self->fd, end, NULL));
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		EXPECT_EQ(-ECANCELED, c.status);
	}
}

/* In each state in which a program may be asleep for good */
TEST_F(bpf, cancelled_where_it_waits)
{
	static const struct op first[] = {
		MAKE(1, LOCK, 0), MAKE(2, EVENT, 0), MAKE(3, CHAN, 0), MAKE(4, CHAN, 0),
		{ .action = GORT_BPF_LOCK, .a = { 1, EVER } },
		{ .action = GORT_BPF_WAIT, .a = { 2, 0, EVER }, }, END(0),
	};
	static const struct op states[][2] = {
		{ { .action = GORT_BPF_LOCK, .a = { 1, EVER } }, END(0) },
		{ { .action = GORT_BPF_WAIT, .a = { 2, 0, EVER } }, END(0) },
		{ { .action = GORT_BPF_SEND, .a = { 3, 0, EVER } }, END(0) },
		{ { .action = GORT_BPF_RECV, .a = { 4, EVER } }, END(0) },
		{ { .action = GORT_BPF_SELECT, .a = { 1, EVER },
		  .cases = { { .chan = 4 } } }, END(0) },
	};
	unsigned int i;
	__u64 id, holder;

	ASSERT_EQ(0, bt_start(self->fd, first, &holder));
	ASSERT_EQ(0, bt_asleep(self->fd));
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		ASSERT_EQ(0, bt_start(self->fd, states[i], &id));
		EXPECT_EQ(0, bt_asleep(self->fd));
		EXPECT_EQ(0, gt_cancel(self->fd, id, NULL));
		EXPECT_EQ(-ECANCELED, bt_end(self->fd, NULL)) TH_LOG("state %u", i);
	}
	/* it has a lock, which it does not take along */
	EXPECT_EQ(0, gt_cancel(self->fd, holder, NULL));
	EXPECT_EQ(-EDEADLK, bt_end(self->fd, NULL));
}

TEST_F(bpf, cancelled_asleep_and_with_its_child)
{
	static const struct op sleeps[] = {
		{ .action = GORT_BPF_SLEEP, .a = { GT_HOUR }, .later = 1 }, END(0),
	};
	static const struct op parent[] = {
		MAKE(1, CHAN, 0), { .action = GORT_BPF_SPAWN },
		{ .action = GORT_BPF_JOIN, .a = { 0, EVER }, .keep = 1 }, END(0),
	};
	static const struct op child[] = { { .action = GORT_BPF_RECV, .a = { 1, EVER } }, END(0) };
	__s64 base = gt_total(self->fd);
	int prog = bt_prog(parent, child);
	__u64 id;

	ASSERT_EQ(0, bt_start(self->fd, sleeps, &id));
	gt_pause();
	EXPECT_EQ(0, gt_cancel(self->fd, id, NULL));
	EXPECT_EQ(-ECANCELED, bt_end(self->fd, NULL));

	ASSERT_EQ(0, bt_submit(self->fd, prog, 0, NULL));
	close(prog);
	EXPECT_EQ(0, bt_asleep(self->fd));
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(-ECANCELED, bt_end(self->fd, NULL));
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == base));
}

TEST_F(bpf, who_ends_with_a_lock_is_told)
{
	static const struct op keeps[] = {
		MAKE(1, LOCK, 0), { .action = GORT_BPF_LOCK, .a = { 1, EVER } }, END(0),
	};
	static const struct op takes[] = { { .action = GORT_BPF_LOCK, .a = { 1, EVER } },
					   { .action = GORT_BPF_UNLOCK, .a = { 1 } }, END(0) };

	EXPECT_EQ(-EDEADLK, bt_run(self->fd, keeps, NULL));
	EXPECT_EQ(0, bt_run(self->fd, takes, NULL));
}

/* A process that is killed takes its programs along, wherever they are. */
TEST_F(bpf, killed_while_they_wait)
{
	static const struct op waits[] = {
		MAKE(1, EVENT, 0), { .action = GORT_BPF_WAIT, .a = { 1, 0, EVER } }, END(0),
	};
	__s64 base = gt_total(self->fd);
	pid_t pid = gt_fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = gt_open(0);

		if (fd < 0 || bt_start(fd, waits, NULL))
			_exit(1);
		pause();
	}
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == base + 1));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, gt_reap(pid));
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == base));
}

/* The file, the program and its data go in any order. */
TEST_F(bpf, closed_while_they_wait)
{
	static const struct op waits[] = {
		MAKE(1, CHAN, 4), { .action = GORT_BPF_SEND, .a = { 1, 1, EVER } },
		MAKE(2, LOCK, 0), { .action = GORT_BPF_LOCK, .a = { 2, EVER } },
		MAKE(3, EVENT, 0), { .action = GORT_BPF_WAIT, .a = { 3, 0, EVER } }, END(0),
	};
	__s64 base = gt_total(self->fd);
	int fd = gt_open(0);
	int prog = bt_prog(waits, NULL);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bt_submit(fd, prog, 0, NULL));
	EXPECT_EQ(0, bt_asleep(fd));
	close(fd);
	EXPECT_EQ(base, gt_total(self->fd));
	close(prog);
}

/* Makes a map, by bpf_sys_bpf(), from attributes on its stack; its result. */
static int map_prog(__u32 type)
{
	struct prog p = { .n = 0 };
	int at;

	bt_insn(&p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0);
	for (at = -72; at < 0; at += 8)
		bt_insn(&p, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, at, 0);
	bt_insn(&p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -72, type);
	bt_insn(&p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -68, 4);
	bt_insn(&p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -64, 4);
	bt_insn(&p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -60, 1);
	bt_insn(&p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, BPF_MAP_CREATE);
	bt_insn(&p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	bt_insn(&p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -72);
	bt_insn(&p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 72);
	bt_insn(&p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sys_bpf);
	bt_insn(&p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_6, 0, 0);
	bt_store(&p, CTX(args[0]), BPF_REG_0);
	bt_set(&p, CTX(args[1]), 0);
	bt_return(&p, GORT_BPF_DONE);
	return bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
}

/* A call that makes a descriptor would put it where all kthreads have theirs. */
TEST_F(bpf, no_descriptor_is_made_in_a_step)
{
	int prog = map_prog(BPF_MAP_TYPE_ARRAY);
	__u64 res = 0;

	ASSERT_LE(0, prog);
	ASSERT_EQ(0, bt_submit(self->fd, prog, 0, NULL));
	EXPECT_EQ(0, bt_end(self->fd, &res));
	EXPECT_EQ(-EMFILE, (__s64)res);
	close(prog);
}

/*
 * Breaks if a step has the rights of the kernel's thread, which are all: a map of
 * devices takes CAP_NET_ADMIN, which who submits does not have.
 */
TEST_F(bpf, a_step_has_its_submitters_rights)
{
	int prog = map_prog(BPF_MAP_TYPE_DEVMAP);
	__u64 res = 0;
	pid_t pid;

	ASSERT_LE(0, prog);
	ASSERT_EQ(0, bt_submit(self->fd, prog, 0, NULL));
	EXPECT_EQ(0, bt_end(self->fd, &res));
	ASSERT_EQ(-EMFILE, (__s64)res);
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (bt_be_nobody(1ULL << CAP_BPF) ||
		    bt_submit(self->fd, prog, 0, NULL))
			_exit(1);
		_exit(bt_end(self->fd, &res) || (__s64)res != -EPERM);
	}
	EXPECT_EQ(0, gt_reap(pid));
	close(prog);
}

/* Both descriptors came by fork: that alone is not enough. */
TEST_F(bpf, who_may_not_load_may_not_submit)
{
	static const struct op end[] = { END(0) };
	static const struct {
		__u64 caps;
		int err;
	} who[] = {
		{ 0, EPERM },
		{ ~0ULL >> 23 & ~(1ULL << CAP_BPF | 1ULL << CAP_SYS_ADMIN), EPERM },
		{ 1ULL << CAP_SYS_ADMIN, 0 },
		{ 1ULL << CAP_BPF, 0 },
	};
	int prog = bt_prog(end, NULL);
	unsigned int i;
	pid_t pid;

	ASSERT_LE(0, prog);
	for (i = 0; i < ARRAY_SIZE(who); i++) {
		pid = gt_fork();
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(bt_be_nobody(who[i].caps) ? 255 :
			      -bt_submit(self->fd, prog, 0, NULL));
		EXPECT_EQ(who[i].err, gt_reap(pid)) TH_LOG("who %u", i);
		if (!who[i].err)
			EXPECT_EQ(0, bt_end(self->fd, NULL));
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
	close(prog);
}

/* Makes names until there is an error, which is its result. */
TEST_F_TIMEOUT(bpf, names_are_capped, 60)
{
	struct prog p = { .n = 0 };
	unsigned int jump;
	__u64 res = 0;
	int prog;

	bt_load(&p, BPF_REG_2, CTX(ret));
	jump = p.n;
	bt_insn(&p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0, 0);
	bt_load(&p, BPF_REG_2, CTX(step));
	bt_store(&p, CTX(args[0]), BPF_REG_2);
	bt_set(&p, CTX(args[1]), GORT_BPF_IS_EVENT);
	bt_set(&p, CTX(args[2]), 0);
	bt_return(&p, GORT_BPF_MAKE);
	p.i[jump].off = p.n - jump - 1;
	bt_insn(&p, BPF_ALU64 | BPF_NEG, BPF_REG_2, 0, 0, 0);
	bt_store(&p, CTX(args[1]), BPF_REG_2);
	bt_load(&p, BPF_REG_2, CTX(step));
	bt_store(&p, CTX(args[0]), BPF_REG_2);
	bt_return(&p, GORT_BPF_DONE);
	prog = bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
	ASSERT_LE(0, prog);
	ASSERT_EQ(0, bt_submit(self->fd, prog, 0, NULL));
	EXPECT_EQ(-ENOSPC, bt_end(self->fd, &res));
	/* the last step before this one failed */
	EXPECT_EQ(GORT_BPF_NAMES_MAX + 1, res);
	close(prog);
}

/* The cap of a file is that of all its tasks. */
TEST_F(bpf, submission_meets_the_cap)
{
	static const struct op sleeps[] = {
		{ .action = GORT_BPF_SLEEP, .a = { GT_HOUR }, .later = 1 }, END(0),
	};
	struct gt_params params;
	int prog = bt_prog(sleeps, NULL), i;

	ASSERT_LE(0, prog);
	ASSERT_TRUE(gt_params_save(&params));
	ASSERT_EQ(0, gt_param_set("max_tasks_file", 3));
	close(self->fd);
	self->fd = gt_open(0);
	EXPECT_TRUE(gt_params_restore(&params));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, bt_submit(self->fd, prog, i, NULL));
	EXPECT_EQ(-EAGAIN, bt_submit(self->fd, prog, i, NULL));
	close(prog);
}

/* On a kernel without BPF there is one answer. */
TEST(without_bpf)
{
	struct gort_bpf_run b = { .size = sizeof(b), .prog_fd = -1 };
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(bt_known() ? -EBADF : -EOPNOTSUPP,
		  gt_ioctl(fd, GORT_IOC_BPF, &b));
	close(fd);
}

TEST_HARNESS_MAIN
