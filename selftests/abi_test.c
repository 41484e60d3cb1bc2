// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules that every command of /dev/gort keeps: sizes that grow, flags and
 * padding, what is written back, which check comes first; then what info,
 * workloads, statistics and read() show. abi32_test builds the same file for
 * 32-bit programs.
 */
#include "gort_test.h"

#define PAGE	4096		/* what the ABI calls a page */
#define CANARY	0xa5

/* Programs of both word sizes were built with these: they can't move. */
#define AT(type, field, offset)						\
	static_assert(offsetof(struct type, field) == (offset),	\
		       #type "." #field " moved")
#define SIZE(type, bytes)						\
	static_assert(sizeof(struct type) == (bytes), #type " changed size")

SIZE(gort_info, GORT_INFO_SIZE_VER0);
SIZE(gort_workload_info, GORT_WORKLOAD_INFO_SIZE_VER0);
SIZE(gort_submit, GORT_SUBMIT_SIZE_VER0);
SIZE(gort_wait, GORT_WAIT_SIZE_VER0);
SIZE(gort_cancel, GORT_CANCEL_SIZE_VER0);
SIZE(gort_reap, GORT_REAP_SIZE_VER0);
SIZE(gort_stats, GORT_STATS_SIZE_VER1);
SIZE(gort_arg_info, 40);
SIZE(gort_task_desc, 48);
SIZE(gort_completion, 48);
AT(gort_info, slice_ns, 16);
AT(gort_info, stack_max, 56);
AT(gort_info, max_batch, 64);
AT(gort_workload_info, name, 16);
AT(gort_workload_info, help, 32);
AT(gort_workload_info, args, 96);
AT(gort_task_desc, user_data, 8);
AT(gort_task_desc, args, 16);
AT(gort_submit, tasks, 8);
AT(gort_submit, submitted, 24);
AT(gort_submit, first_id, 32);
AT(gort_wait, deadline_ns, 16);
AT(gort_wait, running, 32);
AT(gort_cancel, cancelled, 16);
AT(gort_reap, completions, 8);
AT(gort_reap, count, 16);
AT(gort_reap, deadline_ns, 24);
AT(gort_reap, running, 40);
AT(gort_completion, status, 24);
AT(gort_completion, latency_ns, 40);
AT(gort_stats, requested, 16);
AT(gort_stats, restored, 64);
AT(gort_stats, async, 192);
AT(gort_stats, guard_used, GORT_STATS_SIZE_VER0 - 8);
AT(gort_stats, stuck, GORT_STATS_SIZE_VER1 - 8);

/*
 * What a command is called with, the task that a submit passes, and where a reap
 * writes to.
 */
static unsigned char body[2 * PAGE];
static struct gort_task_desc task;
static struct gort_completion done;

/* One command each, filled so that it succeeds. */
FIXTURE(command) {
	int fd;
};

FIXTURE_VARIANT(command) {
	unsigned long cmd;
	__u32 ver0;
	__u32 now;		/* size that this module knows */
	__u32 flags_at;		/* offset of the flags, 0 if there are none */
	__u32 flags_known;
	__u32 pad_at;		/* offset of checked padding, 0 if none */
};

FIXTURE_VARIANT_ADD(command, info) {
	.cmd = GORT_IOC_INFO,
	.ver0 = GORT_INFO_SIZE_VER0,
	.now = sizeof(struct gort_info),
	.pad_at = offsetof(struct gort_info, pad),
};

FIXTURE_VARIANT_ADD(command, workload) {
	.cmd = GORT_IOC_WORKLOAD,
	.ver0 = GORT_WORKLOAD_INFO_SIZE_VER0,
	.now = sizeof(struct gort_workload_info),
};

FIXTURE_VARIANT_ADD(command, submit) {
	.cmd = GORT_IOC_SUBMIT,
	.ver0 = GORT_SUBMIT_SIZE_VER0,
	.now = sizeof(struct gort_submit),
	.flags_at = offsetof(struct gort_submit, flags),
};

FIXTURE_VARIANT_ADD(command, wait) {
	.cmd = GORT_IOC_WAIT,
	.ver0 = GORT_WAIT_SIZE_VER0,
	.now = sizeof(struct gort_wait),
	.flags_at = offsetof(struct gort_wait, flags),
	.pad_at = offsetof(struct gort_wait, pad),
};

FIXTURE_VARIANT_ADD(command, cancel) {
	.cmd = GORT_IOC_CANCEL,
	.ver0 = GORT_CANCEL_SIZE_VER0,
	.now = sizeof(struct gort_cancel),
	.flags_at = offsetof(struct gort_cancel, flags),
	.flags_known = GORT_CANCEL_ALL,
};

FIXTURE_VARIANT_ADD(command, stats) {
	.cmd = GORT_IOC_STATS,
	.ver0 = GORT_STATS_SIZE_VER0,
	.now = sizeof(struct gort_stats),
	.flags_at = offsetof(struct gort_stats, flags),
	.pad_at = offsetof(struct gort_stats, pad),
};

FIXTURE_VARIANT_ADD(command, reap) {
	.cmd = GORT_IOC_REAP,
	.ver0 = GORT_REAP_SIZE_VER0,
	.now = sizeof(struct gort_reap),
	.flags_at = offsetof(struct gort_reap, flags),
	.pad_at = offsetof(struct gort_reap, pad),
};

FIXTURE_SETUP(command)
{
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(gt_task(self->fd, "yield", &task, 1, 0, 0));
}

FIXTURE_TEARDOWN(command)
{
	close(self->fd);
}

/* Everything zero but for what makes the command succeed, and @size. */
static void fill(unsigned long cmd, __u32 size)
{
	union {
		__u32 size;
		struct gort_submit submit;
		struct gort_wait wait;
		struct gort_cancel cancel;
		struct gort_stats stats;
		struct gort_reap reap;
	} u;

	memset(&u, 0, sizeof(u));
	u.size = size;
	if (cmd == GORT_IOC_SUBMIT) {
		u.submit.tasks = (uintptr_t)&task;
		u.submit.count = 1;
		u.submit.task_size = sizeof(task);
	} else if (cmd == GORT_IOC_WAIT) {
		u.wait.deadline_ns = GORT_WAIT_FOREVER;
	} else if (cmd == GORT_IOC_CANCEL) {
		u.cancel.flags = GORT_CANCEL_ALL;
	} else if (cmd == GORT_IOC_STATS) {
		u.stats.cpu = GORT_STATS_ALL;
	} else if (cmd == GORT_IOC_REAP) {
		u.reap.completions = (uintptr_t)&done;
		u.reap.count = 1;
	}
	memset(body, 0, sizeof(body));
	memcpy(body, &u, sizeof(u));
}

/* A structure shorter than the first published one would be half read. */
TEST_F(command, too_small_is_einval)
{
	__u32 sizes[] = { 0, 1, 7, 8, variant->ver0 - 8, variant->ver0 - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(variant->cmd, sizes[i]);
		EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, variant->cmd, body))
			TH_LOG("size %u", sizes[i]);
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* The size bounds how much is copied: a page, whatever the program says. */
TEST_F(command, over_a_page_is_e2big)
{
	__u32 sizes[] = { PAGE + 1, PAGE + 8, 1U << 31, ~0U };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(variant->cmd, sizes[i]);
		EXPECT_EQ(-E2BIG, gt_ioctl(self->fd, variant->cmd, body))
			TH_LOG("size %u", sizes[i]);
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* A program built against a later header must run on this module. */
TEST_F(command, larger_with_zeroes_is_taken)
{
	__u32 sizes[] = { variant->ver0, variant->now, variant->now + 1,
			  variant->now + 8, PAGE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(variant->cmd, sizes[i]);
		EXPECT_EQ(0, gt_ioctl(self->fd, variant->cmd, body))
			TH_LOG("size %u", sizes[i]);
	}
}

/* ... unless it asks for something that this module does not know. */
TEST_F(command, larger_with_anything_else_is_e2big)
{
	__u32 tails[] = { 1, 8, 64, PAGE - variant->now };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		__u32 last = variant->now + tails[i] - 1;

		fill(variant->cmd, last + 1);
		body[last] = 1;
		EXPECT_EQ(-E2BIG, gt_ioctl(self->fd, variant->cmd, body))
			TH_LOG("last byte of a tail of %u", tails[i]);
		fill(variant->cmd, last + 1);
		body[variant->now] = 0x80;
		EXPECT_EQ(-E2BIG, gt_ioctl(self->fd, variant->cmd, body))
			TH_LOG("first byte of a tail of %u", tails[i]);
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* A write beyond the size would hit the program's next variable. */
TEST_F(command, writes_back_no_more_than_size)
{
	unsigned char *edge = gt_hole_after(variant->ver0);
	unsigned int i;

	fill(variant->cmd, variant->ver0);
	memset(body + variant->ver0, CANARY, PAGE);
	ASSERT_EQ(0, gt_ioctl(self->fd, variant->cmd, body));
	for (i = variant->ver0; i < variant->ver0 + PAGE; i++)
		ASSERT_EQ(CANARY, body[i]);

	/* Not even a read: nothing is mapped behind the last byte. */
	fill(variant->cmd, variant->ver0);
	ASSERT_TRUE(!!edge);
	memcpy(edge, body, variant->ver0);
	EXPECT_EQ(0, gt_ioctl(self->fd, variant->cmd, edge));

	fill(variant->cmd, variant->now + 64);
	ASSERT_EQ(0, gt_ioctl(self->fd, variant->cmd, body));
	for (i = variant->now; i < variant->now + 64; i++)
		ASSERT_EQ(0, body[i]);
}

/* What the caller passed in stays: it may make the same call again. */
TEST_F(command, can_be_repeated_as_it_came_back)
{
	__u32 before[2], after[2];

	fill(variant->cmd, variant->ver0);
	memcpy(before, body, sizeof(before));
	ASSERT_EQ(0, gt_ioctl(self->fd, variant->cmd, body));
	memcpy(after, body, sizeof(after));
	EXPECT_EQ(before[0], after[0]);
	if (variant->flags_at)
		EXPECT_EQ(before[1], after[1]);
	EXPECT_EQ(0, gt_ioctl(self->fd, variant->cmd, body));
}

/* A flag that is ignored today can't get a meaning tomorrow. */
TEST_F(command, unknown_flags_are_einval)
{
	__u32 bit, flags;

	if (!variant->flags_at)
		return;
	for (bit = 1; bit; bit <<= 1) {
		if (bit & variant->flags_known)
			continue;
		fill(variant->cmd, variant->ver0);
		memcpy(&flags, body + variant->flags_at, sizeof(flags));
		flags |= bit;
		memcpy(body + variant->flags_at, &flags, sizeof(flags));
		EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, variant->cmd, body))
			TH_LOG("flag %#x", bit);
	}
	EXPECT_EQ(0, gt_of_file(self->fd));
}

/* Nor can padding. */
TEST_F(command, padding_is_einval)
{
	__u32 byte;

	for (byte = 0; variant->pad_at && byte < 4; byte++) {
		fill(variant->cmd, variant->ver0);
		body[variant->pad_at + byte] = 1;
		EXPECT_EQ(-EINVAL, gt_ioctl(self->fd, variant->cmd, body))
			TH_LOG("byte %u", byte);
	}
}

/*
 * The order of the checks is part of the ABI: a program that probes for a later
 * structure by E2BIG must not get EINVAL for a flag that came with it.
 */
TEST_F(command, size_is_checked_before_flags)
{
	__u32 flags = 1U << 31;

	fill(variant->cmd, PAGE + 1);
	if (variant->flags_at)
		memcpy(body + variant->flags_at, &flags, sizeof(flags));
	EXPECT_EQ(-E2BIG, gt_ioctl(self->fd, variant->cmd, body));

	fill(variant->cmd, variant->now + 8);
	if (variant->flags_at)
		memcpy(body + variant->flags_at, &flags, sizeof(flags));
	body[variant->now] = 1;
	EXPECT_EQ(-E2BIG, gt_ioctl(self->fd, variant->cmd, body));
}

/* Then flags and counts before the pointer, the pointer before the tasks. */
TEST(flags_are_checked_before_pointers)
{
	struct gort_task_desc none = { .workload = ~0U };
	struct gort_submit s = {
		.size = sizeof(s), .flags = 1, .tasks = 1, .count = 1,
		.task_size = sizeof(none),
	};
	struct gort_cancel c = { .size = sizeof(c), .flags = 2, .id = ~0ULL };
	struct gort_stats st = { .size = sizeof(st), .pad = 1, .cpu = 1 << 30 };
	struct gort_wait w = { .size = sizeof(w), .pad = 1, .deadline_ns = 1 };
	struct gort_reap r = { .size = sizeof(r), .count = GORT_MAX_BATCH + 1 };
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, gt_ioctl(fd, GORT_IOC_SUBMIT, &s));
	s.flags = 0;
	s.count = 0;
	EXPECT_EQ(-EINVAL, gt_ioctl(fd, GORT_IOC_SUBMIT, &s));
	s.count = 1;
	s.task_size = 0;
	EXPECT_EQ(-EINVAL, gt_ioctl(fd, GORT_IOC_SUBMIT, &s));
	s.task_size = sizeof(none);
	EXPECT_EQ(-EFAULT, gt_ioctl(fd, GORT_IOC_SUBMIT, &s));
	s.tasks = (uintptr_t)&none;
	EXPECT_EQ(-ENOENT, gt_ioctl(fd, GORT_IOC_SUBMIT, &s));
	EXPECT_EQ(-EINVAL, gt_ioctl(fd, GORT_IOC_CANCEL, &c));
	EXPECT_EQ(-EINVAL, gt_ioctl(fd, GORT_IOC_STATS, &st));
	EXPECT_EQ(-EINVAL, gt_ioctl(fd, GORT_IOC_WAIT, &w));
	EXPECT_EQ(-EINVAL, gt_ioctl(fd, GORT_IOC_REAP, &r));
	close(fd);
}

/* Fields marked "out" may hold anything when the call is made. */
TEST(output_fields_are_not_looked_at)
{
	struct gort_workload_info w;
	struct gort_stats st;
	struct gort_cancel c = {
		.size = sizeof(c), .flags = GORT_CANCEL_ALL, .cancelled = ~0ULL,
	};
	struct gort_wait wait = {
		.size = sizeof(wait), .deadline_ns = GORT_WAIT_FOREVER,
		.completed = ~0ULL, .running = ~0ULL,
	};
	struct gort_reap r = {
		.size = sizeof(r), .count = 1, .min_complete = 1,
		.completions = (uintptr_t)&done,
		.completed = ~0U, .running = ~0ULL,
	};
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	memset(&w, 0xff, sizeof(w));
	w.size = sizeof(w);
	w.index = 0;
	EXPECT_EQ(0, gt_ioctl(fd, GORT_IOC_WORKLOAD, &w));
	memset(&st, 0xff, sizeof(st));
	st.size = sizeof(st);
	st.flags = 0;
	st.pad = 0;
	EXPECT_EQ(0, gt_ioctl(fd, GORT_IOC_STATS, &st));
	EXPECT_EQ(0, gt_ioctl(fd, GORT_IOC_CANCEL, &c));
	EXPECT_EQ(0, c.cancelled);
	EXPECT_EQ(0, gt_ioctl(fd, GORT_IOC_WAIT, &wait));
	EXPECT_EQ(0, wait.completed);
	EXPECT_EQ(0, wait.running);
	EXPECT_EQ(0, gt_ioctl(fd, GORT_IOC_REAP, &r));
	EXPECT_EQ(0, r.completed);
	EXPECT_EQ(0, r.running);
	close(fd);
}

/* A program that probes for a command must be told that there is none. */
TEST(unknown_command_is_enotty)
{
	unsigned long cmds[] = {
		_IO(GORT_IOC_MAGIC, 7), _IO(GORT_IOC_MAGIC, 255),
		_IO(GORT_IOC_MAGIC + 1, 0), 0, TCGETS, FIONREAD,
		_IOWR(GORT_IOC_MAGIC, 0, struct gort_info),
	};
	struct gort_info info = { .size = sizeof(info) };
	int fd = gt_open(0);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		EXPECT_EQ(-ENOTTY, gt_ioctl(fd, cmds[i], &info))
			TH_LOG("command %#lx", cmds[i]);
		EXPECT_EQ(-ENOTTY, gt_ioctl(fd, cmds[i], NULL));
	}
	close(fd);
}

/* Whoever can open it can load the machine: root alone, by default. */
TEST(device_is_for_root)
{
	struct stat st;
	pid_t pid;

	ASSERT_EQ(0, stat(GT_DEV, &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	pid = gt_fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(setuid(65534) ? 1 : gt_open(0) == -EACCES ? 0 : 2);
	EXPECT_EQ(0, gt_reap(pid));
}

/* Programs size their batches and their patience by these. */
TEST(info_tells_the_limits)
{
	struct gort_info info;
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_info(fd, &info));
	EXPECT_EQ(GORT_ABI_VERSION, info.abi_version);
	EXPECT_LE(9, info.nr_workloads);
	EXPECT_LE(1, info.nr_procs);
	EXPECT_GE(sysconf(_SC_NPROCESSORS_ONLN), info.nr_procs);
	EXPECT_EQ(gt_param_get("slice_us") * 1000, info.slice_ns);
	EXPECT_EQ(gt_param_get("max_tasks_file"), info.max_tasks_file);
	EXPECT_EQ(gt_param_get("max_tasks"), info.max_tasks_total);
	EXPECT_EQ(gt_param_get("stack_max"), info.stack_max);
	EXPECT_EQ(GORT_MAX_BATCH, info.max_batch);
	EXPECT_EQ(0, info.tasks_file);
	EXPECT_EQ(0, info.pad);
	close(fd);
}

/* ... and watch their tasks by these: running and unread ones count. */
TEST(info_counts_tasks)
{
	struct gort_completion c[3];
	struct gort_wait w;
	int fd = gt_open(0);
	__s64 base;

	ASSERT_LE(0, fd);
	base = gt_total(fd);
	ASSERT_EQ(2, gt_run(fd, "sleep", 2, GT_HOUR, 1, 0));
	EXPECT_EQ(2, gt_of_file(fd));
	EXPECT_EQ(base + 2, gt_total(fd));
	ASSERT_EQ(1, gt_run(fd, "yield", 1, 1, 0, 0));
	ASSERT_EQ(0, gt_wait(fd, 1, GORT_WAIT_FOREVER, &w));
	EXPECT_EQ(1, w.completed);
	EXPECT_EQ(2, w.running);
	EXPECT_EQ(3, gt_of_file(fd));
	ASSERT_EQ(1, gt_read(fd, c, 3));
	EXPECT_EQ(2, gt_of_file(fd));
	ASSERT_EQ(0, gt_cancel_all(fd, NULL));
	EXPECT_EQ(2, gt_read_all(fd, c, 3));
	EXPECT_EQ(0, gt_of_file(fd));
	EXPECT_TRUE(gt_wait_for(gt_total(fd) == base));
	close(fd);
}

/* A list with a hole or a double would hide a workload from its users. */
TEST(workloads_can_be_listed)
{
	struct gort_workload_info w, other;
	struct gort_info info;
	int fd = gt_open(0);
	__u32 i, j;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_info(fd, &info));
	for (i = 0; i < info.nr_workloads; i++) {
		ASSERT_EQ(0, gt_workload(fd, i, &w));
		EXPECT_EQ(i, w.index);
		EXPECT_TRUE(!!memchr(w.name, 0, sizeof(w.name)));
		EXPECT_TRUE(!!memchr(w.help, 0, sizeof(w.help)));
		EXPECT_NE('\0', *w.name);
		EXPECT_NE('\0', *w.help);
		EXPECT_GE(GORT_MAX_ARGS, w.nr_args);
		for (j = 0; j < i; j++) {
			ASSERT_EQ(0, gt_workload(fd, j, &other));
			EXPECT_NE(other.id, w.id);
			EXPECT_STRNE(other.name, w.name);
		}
	}
	EXPECT_EQ(-ENOENT, gt_workload(fd, info.nr_workloads, &w));
	EXPECT_EQ(-ENOENT, gt_workload(fd, ~0U, &w));
	close(fd);
}

/* A tool that fills in defaults must be able to submit what it filled in. */
TEST(arguments_are_described)
{
	static const struct gort_arg_info none;
	struct gort_workload_info w;
	int fd = gt_open(0);
	__u32 i, j;

	ASSERT_LE(0, fd);
	for (i = 0; !gt_workload(fd, i, &w); i++) {
		for (j = 0; j < w.nr_args; j++) {
			struct gort_arg_info *a = &w.args[j];

			EXPECT_NE('\0', *a->name);
			EXPECT_TRUE(!!memchr(a->name, 0, sizeof(a->name)));
			EXPECT_LE(a->min, a->def);
			EXPECT_LE(a->def, a->max);
		}
		for (; j < GORT_MAX_ARGS; j++)
			EXPECT_EQ(0, memcmp(&w.args[j], &none, sizeof(none)));
	}
	EXPECT_LE(9, i);
	close(fd);
}

struct builtin {
	const char *name;
	const char *args[GORT_MAX_ARGS];
	__u64 with[GORT_MAX_ARGS];
};

static const struct builtin builtins[] = {
	{ "call", { "iterations" }, { 1000 } },
	{ "loop", { "iterations" }, { 1000 } },
	{ "lock", { "iterations", "work", "kind" }, { 10, 10, 5 } },
	{ "recurse", { "depth", "frame" }, { 20, 100 } },
	{ "fib", { "n" }, { 12 } },
	{ "yield", { "count" }, { 3 } },
	{ "sleep", { "ns", "count" }, { 1000, 2 } },
	{ "pingpong", { "rounds" }, { 5 } },
	{ "spawn", { "depth", "fanout" }, { 2, 3 } },
};

/* Scripts name workloads and arguments: they are interface. */
TEST(builtins_have_their_names)
{
	struct gort_workload_info w;
	int fd = gt_open(0);
	unsigned int i, j;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(builtins); i++) {
		const struct builtin *b = &builtins[i];

		ASSERT_EQ(0, gt_find(fd, b->name, &w))
			TH_LOG("no workload %s", b->name);
		for (j = 0; j < GORT_MAX_ARGS && b->args[j]; j++)
			EXPECT_STREQ(b->args[j], w.args[j].name);
		EXPECT_EQ(j, w.nr_args)
			TH_LOG("arguments of %s", b->name);
	}
	close(fd);
}

/* A wrong result here means that no other test's results say anything. */
TEST(builtins_return_what_they_promise)
{
	struct gort_task_desc t[ARRAY_SIZE(builtins)];
	struct gort_completion c[ARRAY_SIZE(builtins)];
	int fd = gt_open(0), n = ARRAY_SIZE(builtins), i;
	struct gort_submit s;

	ASSERT_LE(0, fd);
	for (i = 0; i < n; i++) {
		const struct builtin *b = &builtins[i];

		ASSERT_TRUE(gt_task(fd, b->name, &t[i], b->with[0], b->with[1],
				    b->with[2]));
		t[i].user_data = i;
	}
	ASSERT_EQ(0, gt_submit(fd, t, n, &s));
	ASSERT_EQ(n, s.submitted);
	ASSERT_EQ(n, gt_read_all(fd, c, n));
	for (i = 0; i < n; i++) {
		const struct builtin *b = &builtins[c[i].user_data];

		EXPECT_EQ(0, c[i].status)
			TH_LOG("status of %s", b->name);
		EXPECT_EQ(gt_expected(b->name, b->with), c[i].result)
			TH_LOG("result of %s", b->name);
	}
	close(fd);
}

/* Adds up what the CPUs count; returns how many there are. */
static int sum_of_cpus(int fd, struct gort_stats *sum)
{
	struct gort_stats one;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for (cpu = 0; !gt_stats(fd, cpu, &one); cpu++) {
		sum->spawned += one.spawned;
		sum->exited += one.exited;
		sum->switches += one.switches;
		sum->parked += one.parked;
	}
	return cpu;
}

/*
 * Counters that lag or count twice would make every measurement a guess. A task
 * is created by its submitter, on no P: only its children are.
 */
TEST(stats_of_all_cpus_add_up)
{
	struct gort_stats all, cpus, all_after, cpus_after;
	struct gort_completion c[100];
	int fd = gt_open(0);
	__s64 base;

	ASSERT_LE(0, fd);
	base = gt_total(fd);
	ASSERT_EQ(0, gt_stats(fd, GORT_STATS_ALL, &all));
	EXPECT_LE(sysconf(_SC_NPROCESSORS_ONLN), sum_of_cpus(fd, &cpus));
	ASSERT_EQ(100, gt_run(fd, "pingpong", 100, 3, 0, 0));
	ASSERT_EQ(100, gt_read_all(fd, c, 100));
	ASSERT_TRUE(gt_wait_for(gt_total(fd) == base));
	ASSERT_EQ(0, gt_stats(fd, GORT_STATS_ALL, &all_after));
	sum_of_cpus(fd, &cpus_after);

	EXPECT_EQ(all.spawned + 200, all_after.spawned);
	EXPECT_EQ(cpus.spawned + 100, cpus_after.spawned);
	EXPECT_EQ(all.exited + 200, all_after.exited);
	EXPECT_LE(all.switches + 200, all_after.switches);
	EXPECT_LE(all.parked + 300, all_after.parked);
	EXPECT_EQ(all_after.exited, cpus_after.exited);
	EXPECT_EQ(all_after.switches, cpus_after.switches);
	EXPECT_EQ(all_after.parked, cpus_after.parked);
	EXPECT_LT(0, all_after.guard_bytes);
	close(fd);
}

FIXTURE(reading) {
	int fd;
};

FIXTURE_SETUP(reading)
{
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(reading)
{
	close(self->fd);
}

/* Half a record would be lost, or read as a whole one. */
TEST_F(reading, buffer_must_hold_a_record)
{
	size_t sizes[] = { 0, 1, 7, sizeof(struct gort_completion) - 1 };
	struct gort_completion c;
	unsigned int i;

	ASSERT_EQ(1, gt_run(self->fd, "yield", 1, 1, 0, 0));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-1, read(self->fd, &c, sizes[i]));
		EXPECT_EQ(EINVAL, errno)
			TH_LOG("read of %zu bytes", sizes[i]);
	}
	EXPECT_EQ(1, gt_read(self->fd, &c, 1));
}

TEST_F(reading, returns_whole_records)
{
	const size_t one = sizeof(struct gort_completion);
	struct gort_completion c[5];
	struct gort_wait w;

	ASSERT_EQ(4, gt_run(self->fd, "yield", 4, 1, 0, 0));
	ASSERT_EQ(0, gt_wait(self->fd, 0, GORT_WAIT_FOREVER, &w));
	memset(c, CANARY, sizeof(c));
	EXPECT_EQ(one, read(self->fd, c, 2 * one - 1));
	EXPECT_EQ(CANARY, *(unsigned char *)&c[1]);
	EXPECT_EQ(2 * one, read(self->fd, c, 2 * one + 7));
	EXPECT_EQ(CANARY, *(unsigned char *)&c[2]);
	EXPECT_EQ(one, read(self->fd, c, 5 * one));
	EXPECT_EQ(0, read(self->fd, c, one));
}

/* Without tasks there is nothing to wait for, non-blocking or not. */
TEST_F(reading, is_at_its_end_when_nothing_runs)
{
	struct gort_completion c;

	EXPECT_EQ(0, gt_read(self->fd, &c, 1));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(0, gt_read(self->fd, &c, 1));
}

/* An event loop that blocks in read() has lost its other descriptors. */
TEST_F(reading, nonblocking_is_eagain)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct gort_completion c;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	EXPECT_EQ(-EAGAIN, gt_read(self->fd, &c, 1));
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	ASSERT_EQ(1, poll(&p, 1, GT_POLL_MS));
	EXPECT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(0, gt_read(self->fd, &c, 1));
}

/* poll() that is early makes a busy loop, one that is late a hang. */
TEST_F(reading, poll_says_when)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN | POLLRDNORM };
	struct gort_completion c;

	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(1, gt_run(self->fd, "yield", 1, 1, 0, 0));
	EXPECT_EQ(1, poll(&p, 1, GT_POLL_MS));
	EXPECT_EQ(POLLIN | POLLRDNORM, p.revents);
	EXPECT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(0, poll(&p, 1, 0));
}

TEST_HARNESS_MAIN
