// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: of tasks, of stack, of memory. Reaching one fails who reached it, with
 * a status that says so, and nobody else; below it everything goes on as before.
 */
#include "cgroup.h"
#include "gort_test.h"

#include <sys/mount.h>

FIXTURE(limit) {
	int fd;
	int other;	/* somebody else, who must not notice */
	__s64 base;
	struct gt_params params;
};

FIXTURE_SETUP(limit)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	self->fd = gt_open(0);
	self->other = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->other);
	self->base = gt_total(self->fd);
}

FIXTURE_TEARDOWN(limit)
{
	EXPECT_TRUE(gt_params_restore(&self->params));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->other));
	self->fd = gt_open(0);
	EXPECT_EQ(self->base, gt_total(self->fd));
	close(self->fd);
}

/* Does a file work? All kinds of tasks, deep stacks and children. */
static bool works(int fd)
{
	static const struct {
		const char *name;
		__u64 args[3];
	} mix[] = {
		{ "call", { 100 } }, { "recurse", { 50, 1000 } },
		{ "spawn", { 2, 3 } }, { "pingpong", { 10 } },
		{ "sleep", { 1000, 3 } }, { "fib", { 10 } },
	};
	struct gort_completion c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mix); i++) {
		if (gt_run(fd, mix[i].name, 1, mix[i].args[0], mix[i].args[1],
			   mix[i].args[2]) != 1 ||
		    gt_read(fd, &c, 1) != 1 || c.status ||
		    c.result != gt_expected(mix[i].name, mix[i].args))
			return false;
	}
	return true;
}

/* A cap that wears off, or one that sticks when the tasks are gone. */
TEST_F(limit, file_cap_holds_again_and_again)
{
	struct gort_completion c[64];
	int fd, round;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 50));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(50, gt_run(fd, "sleep", 80, GT_HOUR, 1, 0));
		ASSERT_EQ(-EAGAIN, gt_run(fd, "yield", 1, 1, 0, 0));
		ASSERT_EQ(0, gt_cancel_all(fd, NULL));
		/* Unread, they still count. */
		ASSERT_TRUE(gt_wait_for(gt_total(fd) == self->base));
		ASSERT_EQ(-EAGAIN, gt_run(fd, "yield", 1, 1, 0, 0));
		ASSERT_EQ(20, gt_read(fd, c, 20));
		ASSERT_EQ(20, gt_run(fd, "yield", 30, 1, 0, 0));
		ASSERT_EQ(50, gt_read_all(fd, c, 64));
	}
	EXPECT_TRUE(works(fd));
	close(fd);
}

/* The cap is for files opened later: nobody's promise is taken back. */
TEST_F(limit, file_cap_is_fixed_at_open)
{
	struct gort_info info;
	int fd;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 2));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_info(fd, &info));
	EXPECT_EQ(2, info.max_tasks_file);
	ASSERT_EQ(0, gt_info(self->fd, &info));
	EXPECT_LT(2, info.max_tasks_file);
	EXPECT_EQ(10, gt_run(self->fd, "sleep", 10, GT_HOUR, 1, 0));
	EXPECT_EQ(2, gt_run(fd, "sleep", 10, GT_HOUR, 1, 0));
	close(fd);
}

struct racer {
	pthread_t thread;
	int fd;
	int accepted;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	int i;

	for (i = 0; i < 200; i++)
		r->accepted += gt_run(r->fd, "sleep", 1, GT_HOUR, 1, 0) == 1;
	return NULL;
}

/* Lets four threads submit 200 each; returns how many were accepted. */
static int race_of_four(int fd[4])
{
	struct racer r[4];
	int i, sum = 0;

	for (i = 0; i < 4; i++) {
		r[i] = (struct racer) { .fd = fd[i] };
		if (pthread_create(&r[i].thread, NULL, race, &r[i]))
			return -1;
	}
	for (i = 0; i < 4; i++) {
		pthread_join(r[i].thread, NULL);
		sum += r[i].accepted;
	}
	return sum;
}

/* Four that look at the last place at the same time must not all get it. */
TEST_F(limit, file_cap_holds_against_threads)
{
	int fd;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 333));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(333, race_of_four((int[]){ fd, fd, fd, fd }));
	EXPECT_EQ(333, gt_of_file(fd));
	close(fd);
}

TEST_F(limit, machine_cap_holds_against_files)
{
	int fd[4], round, i;

	for (round = 0; round < 10; round++) {
		ASSERT_EQ(0, gt_param_set("max_tasks", self->base + 333));
		for (i = 0; i < 4; i++) {
			fd[i] = gt_open(0);
			ASSERT_LE(0, fd[i]);
		}
		EXPECT_EQ(333, race_of_four(fd));
		EXPECT_EQ(self->base + 333, gt_total(self->fd));
		for (i = 0; i < 4; i++)
			close(fd[i]);
	}
}

/* Lowered below what runs, the machine's cap stops nobody who runs. */
TEST_F(limit, machine_cap_can_be_lowered)
{
	struct gort_completion c[64];
	int i;

	ASSERT_EQ(50, gt_run(self->fd, "sleep", 50, 50 * GT_NSEC_PER_MSEC, 1,
			     0));
	ASSERT_EQ(0, gt_param_set("max_tasks", 1));
	EXPECT_EQ(-EAGAIN, gt_run(self->other, "yield", 1, 1, 0, 0));
	ASSERT_EQ(50, gt_read_all(self->fd, c, 64));
	for (i = 0; i < 50; i++)
		EXPECT_EQ(0, c[i].status);
	ASSERT_TRUE(gt_params_restore(&self->params));
	EXPECT_TRUE(works(self->other));
}

/* For two seconds, submits the next task the moment the last one was read. */
static int one_after_the_other(int fd)
{
	__u64 start = gt_now(), sent = start;
	struct gort_completion c;
	int n, rounds;

	for (rounds = 0; sent - start < 2 * GT_NSEC_PER_SEC; rounds++) {
		n = gt_run(fd, "yield", 1, rounds % 3, 0, 0);
		if (n != 1)
			return n;
		do {
			n = gt_read(fd, &c, 1);
		} while (n == -EAGAIN && gt_now() - sent < GT_PATIENCE);
		if (n != 1)
			return n;
		sent = gt_now();
	}
	return rounds;
}

/*
 * A completion that was read has made room, not will have made: who then sees
 * EAGAIN has nothing left to read or to wait for.
 */
TEST_F(limit, read_makes_room_at_once)
{
	int fd;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 1));
	fd = gt_open(O_NONBLOCK);
	ASSERT_LE(0, fd);
	EXPECT_LT(0, one_after_the_other(fd));
	close(fd);
	ASSERT_TRUE(gt_params_restore(&self->params));

	ASSERT_EQ(0, gt_param_set("max_tasks", self->base + 1));
	fd = gt_open(O_NONBLOCK);
	ASSERT_LE(0, fd);
	EXPECT_LT(0, one_after_the_other(fd));
	close(fd);
}

/* Children count too, and who can't have any says so and ends. */
TEST_F(limit, machine_cap_reaches_children)
{
	struct gort_completion c;
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, gt_param_set("max_tasks", self->base + 4));
		ASSERT_EQ(1, gt_run(self->fd, "spawn", 1, 3, 8, 0));
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		EXPECT_EQ(-EAGAIN, c.status);
		ASSERT_TRUE(gt_wait_for(gt_total(self->fd) == self->base));
		ASSERT_TRUE(gt_params_restore(&self->params));
		EXPECT_TRUE(works(self->fd));
	}
}

/* One task that spawns without end is as bad as one that submits so. */
TEST_F(limit, file_cap_reaches_children)
{
	struct gort_completion c;
	int fd, i;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 4));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(1, gt_run(fd, "spawn", 1, 3, 8, 0));
		ASSERT_EQ(1, gt_run(self->other, "spawn", 1, 3, 8, 0));
		ASSERT_EQ(1, gt_read(fd, &c, 1));
		EXPECT_EQ(-EAGAIN, c.status);
		ASSERT_EQ(1, gt_read(self->other, &c, 1));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(gt_tree(3, 8), c.result);
		ASSERT_TRUE(gt_wait_for(gt_total(fd) == self->base));
	}
	close(fd);
}

/* A value out of its range would divide by zero or stop the clock. */
TEST_F(limit, parameters_keep_their_range)
{
	static const struct {
		const char *name;
		const char *bad[6];
	} params[] = {
		{ "slice_us", { "0", "49", "1000001", "-1", "x" } },
		{ "nprocs", { "100000", "-1", "x" } },
		{ "max_tasks", { "-1", "99999999999", "x" } },
		{ "max_tasks_file", { "-1", "99999999999", "x" } },
		{ "stack_cache", { "-1", "99999999999", "x" } },
		{ "fail_nth", { "-1", "99999999999", "x" } },
	};
	unsigned int i, j;
	char path[96];

	for (i = 0; i < ARRAY_SIZE(params); i++) {
		__s64 value = gt_param_get(params[i].name);

		snprintf(path, sizeof(path), GT_PARAMS "%s", params[i].name);
		for (j = 0; j < 6 && params[i].bad[j]; j++) {
			EXPECT_GT(0, gt_write_file(path, params[i].bad[j]))
				TH_LOG("%s=%s", params[i].name,
				       params[i].bad[j]);
			EXPECT_EQ(value, gt_param_get(params[i].name));
		}
	}
	EXPECT_GT(0, gt_write_file(GT_PARAMS "stack_max", "65536"));
	EXPECT_TRUE(works(self->fd));
}

/* The depth of `recurse` that needs @bytes of stack, at least. */
static __u64 depth_of(__u64 bytes, __u64 frame)
{
	return bytes / frame + 1;
}

/*
 * Without the cap a recursion without end takes the machine's memory; without
 * the status its author would not know why it ended.
 */
TEST_F(limit, overflow_is_eoverflow)
{
	static const __u64 frames[] = { 64, 100, 256, 500, 1024, 2048 };
	struct gort_stats before, after;
	struct gort_completion c;
	struct gort_info info;
	unsigned int i;

	ASSERT_EQ(0, gt_info(self->fd, &info));
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &before));
	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		ASSERT_EQ(1, gt_run(self->fd, "recurse", 1,
				    depth_of(info.stack_max, frames[i]),
				    frames[i], 0));
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		EXPECT_EQ(-EOVERFLOW, c.status)
			TH_LOG("frame %llu", frames[i]);
		EXPECT_GE(info.stack_max, c.stack_bytes);
		EXPECT_LE(info.stack_max / 2, c.stack_bytes);
		EXPECT_TRUE(works(self->fd));
	}
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &after));
	EXPECT_EQ(before.overflows + ARRAY_SIZE(frames), after.overflows);
}

/* Half of it must be had: a cap that bites early is no cap but a bug. */
TEST_F(limit, stack_below_the_cap_is_usable)
{
	static const __u64 frames[] = { 64, 500, 2048 };
	struct gort_completion c;
	struct gort_info info;
	unsigned int i;

	ASSERT_EQ(0, gt_info(self->fd, &info));
	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		/* a frame has its registers and locals on top */
		__u64 args[] = {
			depth_of(info.stack_max / 2, frames[i] + 128),
			frames[i],
		};

		ASSERT_EQ(1, gt_run(self->fd, "recurse", 1, args[0], args[1],
				    0));
		ASSERT_EQ(1, gt_read(self->fd, &c, 1));
		EXPECT_EQ(0, c.status)
			TH_LOG("frame %llu", frames[i]);
		EXPECT_EQ(gt_expected("recurse", args), c.result);
		EXPECT_GE(info.stack_max, c.stack_bytes);
	}
}

/* Who overflows falls alone: its neighbours' stacks are whole. */
TEST_F(limit, overflow_is_nobody_elses)
{
	struct gort_completion c[64];
	struct gort_info info;
	int round, i, n, over = 0;
	__u64 deep;

	ASSERT_EQ(0, gt_info(self->fd, &info));
	deep = depth_of(info.stack_max, 1024);
	for (round = 0; round < 10; round++) {
		ASSERT_EQ(20, gt_run(self->other, "recurse", 20, deep / 3, 1024,
				     0));
		ASSERT_EQ(30, gt_run(self->fd, "recurse", 30, deep, 1024, 0));
		ASSERT_EQ(20, gt_run(self->fd, "recurse", 20, deep / 3, 1024,
				     0));
		ASSERT_EQ(50, gt_read_all(self->fd, c, 64));
		for (i = 0; i < 50; i++) {
			ASSERT_TRUE(!c[i].status || c[i].status == -EOVERFLOW);
			over += !!c[i].status;
		}
		n = gt_read_all(self->other, c, 64);
		ASSERT_EQ(20, n);
		for (i = 0; i < n; i++) {
			ASSERT_EQ(0, c[i].status);
			ASSERT_EQ(deep / 3 * (deep / 3 + 1) / 2, c[i].result);
		}
	}
	EXPECT_EQ(300, over);
	EXPECT_TRUE(works(self->other));
}

FIXTURE(memory) {
	int fd;		/* opened in the cgroup */
	int other;	/* opened outside */
	pid_t bystander;
	__s64 base;
	__s64 stack;	/* bytes; that of a task has so many at first */
	struct gt_params params;
};

FIXTURE_SETUP(memory)
{
	char room[32];

	ASSERT_TRUE(gt_params_save(&self->params));
	self->stack = gt_stack();
	ASSERT_LT(0, self->stack);
	snprintf(room, sizeof(room), "%lld", 2048 * self->stack);
	ASSERT_TRUE(cgroup_make(room));
	/* Stacks kept for reuse would be charged with what came before. */
	ASSERT_EQ(0, gt_param_set("stack_cache", 0));
	self->bystander = cgroup_bystander();
	ASSERT_LT(0, self->bystander);
	self->fd = cgroup_open();
	ASSERT_LE(0, self->fd);
	self->other = gt_open(0);
	ASSERT_LE(0, self->other);
	self->base = gt_total(self->other);
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->other));
	self->fd = gt_open(0);
	EXPECT_EQ(self->base, gt_total(self->fd));
	close(self->fd);
	EXPECT_TRUE(gt_params_restore(&self->params));
	EXPECT_EQ(0, cgroup_kills());
	kill(self->bystander, SIGUSR1);
	EXPECT_EQ(-SIGUSR1, gt_reap(self->bystander));
	EXPECT_EQ(0, rmdir(CGROUP));
}

/* Have all @n tasks of the file fallen asleep since @before, or completed? */
static bool settled(int fd, const struct gort_stats *before, int n)
{
	struct gort_stats now;
	struct gort_wait w;

	if (gt_stats(fd, GORT_STATS_ALL, &now))
		return false;
	/* the deadline is long past: this asks, and does not wait */
	gt_wait(fd, 0, 0, &w);
	return now.parked - before->parked + w.completed >= (__u64)n;
}

/*
 * Uncharged stacks are a way around every container's limit. It is the opener
 * that pays, not who holds the file now: that is what makes the fd safe to
 * hand on.
 */
TEST_F(memory, stacks_are_charged_to_the_opener)
{
	const __s64 stacks = 500 * self->stack, slack = 150 * self->stack;
	__s64 before = cgroup_get("memory.current"), mine;
	static struct gort_completion c[500];
	struct gort_stats st;

	ASSERT_LE(0, before);
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &st));
	ASSERT_EQ(500, gt_run(self->fd, "sleep", 500, GT_HOUR, 1, 0));
	ASSERT_TRUE(gt_wait_for(settled(self->fd, &st, 500)));
	mine = cgroup_get("memory.current");
	EXPECT_LE(before + stacks - slack, mine);
	/* Another file's are not. */
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &st));
	ASSERT_EQ(500, gt_run(self->other, "sleep", 500, GT_HOUR, 1, 0));
	ASSERT_TRUE(gt_wait_for(settled(self->other, &st, 500)));
	EXPECT_GE(mine + slack, cgroup_get("memory.current"));
	ASSERT_EQ(0, gt_cancel_all(self->other, NULL));
	EXPECT_EQ(500, gt_read_all(self->other, c, 500));
	/* And it gets its money back. */
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_TRUE(gt_wait_for(cgroup_get("memory.current") <=
				before + slack));
}

/*
 * More tasks than the memory has stacks for: some fail with ENOMEM, none kills
 * a process, and whoever is not in the cgroup does not notice.
 */
TEST_F(memory, limit_is_enomem)
{
	static struct gort_completion c[GORT_MAX_BATCH];
	struct gort_stats before;
	int got, i, failed = 0;

	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &before));
	got = gt_run(self->fd, "sleep", 4000, GT_HOUR, 1, 0);
	ASSERT_LT(0, got);
	ASSERT_TRUE(gt_wait_for(settled(self->fd, &before, got)))
		TH_LOG("%d accepted, %lld unread or running, %lld in all", got,
		       gt_of_file(self->fd), gt_total(self->fd));
	EXPECT_TRUE(works(self->other));
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	ASSERT_EQ(got, gt_read_all(self->fd, c, GORT_MAX_BATCH));
	for (i = 0; i < got; i++) {
		ASSERT_TRUE(c[i].status == -ENOMEM ||
			    c[i].status == -ECANCELED);
		failed += c[i].status == -ENOMEM;
	}
	/* It is 2048 stacks, had they nothing around them. */
	EXPECT_LT(500, got - failed);
	EXPECT_GT(2048, got - failed);
	/* When they are gone there is memory again. */
	EXPECT_TRUE(gt_wait_for(works(self->fd)));
}

/* Reads until it finds the completion that carries @user_data. */
static bool read_the_one(int fd, __u64 user_data, struct gort_completion *c)
{
	do {
		if (gt_read(fd, c, 1) != 1)
			return false;
	} while (c->user_data != user_data);
	return true;
}

/*
 * The stack of a task that runs grows into the limit, too. Some room is made
 * for it to begin in, but not enough to get as deep as it has to.
 */
TEST_F(memory, limit_stops_growth)
{
	struct gort_task_desc hour, deep;
	struct gort_completion c;
	struct gort_stats before;
	int full, i, n, grown = 0;
	__u64 first;

	ASSERT_TRUE(gt_task(self->fd, "sleep", &hour, GT_HOUR, 1, 0));
	ASSERT_TRUE(gt_task(self->fd, "recurse", &deep, 140, 1024, 0));
	deep.user_data = 1000000;
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &before));
	full = gt_submit_n(self->fd, &hour, 2500, &first);
	ASSERT_LT(100, full);
	ASSERT_TRUE(gt_wait_for(settled(self->fd, &before, full)));
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, gt_cancel(self->fd, first + i, NULL));
		ASSERT_TRUE(read_the_one(self->fd, i, &c));
		ASSERT_EQ(-ECANCELED, c.status);
	}
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(1, gt_submit_n(self->other, &deep, 1, NULL));
		ASSERT_EQ(1, gt_read(self->other, &c, 1));
		EXPECT_EQ(0, c.status);
		n = gt_submit_n(self->fd, &deep, 1, NULL);
		if (n == -ENOMEM)
			continue;
		ASSERT_EQ(1, n);
		ASSERT_TRUE(read_the_one(self->fd, deep.user_data, &c));
		EXPECT_EQ(-ENOMEM, c.status);
		grown += c.stack_bytes > 2 * self->stack;
	}
	EXPECT_LT(0, grown);
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	while (gt_read(self->fd, &c, 1) > 0)
		;
	EXPECT_TRUE(gt_wait_for(works(self->fd)));
}

TEST_HARNESS_MAIN
