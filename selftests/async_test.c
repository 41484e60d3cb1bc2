// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loops without calls: they are made to yield all the same, nothing in them
 * notices, it happens nowhere else, and where it is off the watchdog names them.
 */

#include <sched.h>

#include "core_test.h"

/* Of loops that nobody ends */
#define FUSE_MS		(GT_PATIENCE / GT_NSEC_PER_MSEC)
#define INJECTIONS	1000	/* enough to hit each place of a loop */

/* How gort_test.ko numbers the shapes of t_loop */
enum shape {
	IN_BODY,
	IN_LEAF,
	EMPTY,
	LARGE_FRAME,
};

/* ... and what t_exact does; BACK: a string from its end to its beginning */
enum exact {
	ADD,
	SUB,
	REGS,
	FLAGS,
	MOVS,
	STOS,
	SCAS,
	CMPS,
	BACK,
};

/* Runs a short task; true if it came out right. */
static bool get_through(int fd)
{
	struct gort_completion c;

	return !ct_run(fd, &c, "call", 1000) && c.result == gt_steps(1000);
}

/*
 * A loop has the only P. Others that come must get through, each time, and the
 * loop must go on until it is ended: not by its fuse, which would be ETIME.
 */
static void expect_others_to_get_through(struct __test_metadata *_metadata,
					 int fd, enum shape shape)
{
	struct gort_stats before = ct_stats(fd), after;
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(1, ct_start(fd, "t_loop", 1, shape, FUSE_MS));
	for (i = 0; i < 20; i++)
		ASSERT_TRUE(get_through(fd))
			TH_LOG("task %d", i);
	EXPECT_EQ(1, gt_of_file(fd));
	ASSERT_EQ(0, ct_loops(false));
	ASSERT_EQ(0, ct_next(fd, &c));
	EXPECT_EQ(0, c.status);
	EXPECT_LE(19, c.preempted);
	after = ct_stats(fd);
	EXPECT_LE(19, after.async - before.async);
	EXPECT_EQ(before.lost, after.lost);
}

TEST_F(core, loop_is_preempted)
{
	expect_others_to_get_through(_metadata, self->fd, IN_BODY);
}

TEST_F(core, loop_in_a_leaf_function_is_preempted)
{
	expect_others_to_get_through(_metadata, self->fd, IN_LEAF);
}

/* for (;;); with nothing in it, not even a look at memory. */
TEST_F(core, empty_loop_is_preempted)
{
	expect_others_to_get_through(_metadata, self->fd, EMPTY);
}

TEST_F(core, loop_in_a_large_frame_is_preempted)
{
	expect_others_to_get_through(_metadata, self->fd, LARGE_FRAME);
}

/* Two Gs on one P wait for each other in turn, and neither calls anything. */
TEST_F(core, two_loops_take_turns)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_turns", 50, 3));
	EXPECT_EQ(50, c.result);
	EXPECT_LE(49, c.preempted);
}

/*
 * The other way round: with async=0 who comes waits until the fuse has ended the
 * loop, and nothing is injected. So the tests above can fail.
 */
TEST_F(core, loop_is_not_preempted_if_async_is_off)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("async", 0));
	ASSERT_EQ(1, ct_start(self->fd, "t_loop", 1, IN_BODY, 300));
	ASSERT_EQ(1, ct_start(self->fd, "call", 1, 1000));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(-ETIME, c.status);
	EXPECT_EQ(0, c.preempted);
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(gt_steps(1000), c.result);
	after = ct_stats(self->fd);
	EXPECT_EQ(before.async, after.async);
	EXPECT_LT(before.requested, after.requested);
}

/*
 * Linux's own threads on that CPU get their turn too, also where the kernel does
 * not preempt its threads: this one, which is bound to it.
 */
TEST_F(core, loop_leaves_the_cpu_to_linux)
{
	struct gort_completion c;
	cpu_set_t first, all;
	int i;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(1, ct_start(self->fd, "t_loop", 1, IN_BODY, FUSE_MS));
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(first), &first));
	for (i = 0; i < 20; i++)
		gt_pause();
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(all), &all));
	ASSERT_EQ(0, ct_loops(false));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
}

/* A P that is to go waits for its G; a loop must not keep it for ever. */
TEST_F(core, loop_does_not_keep_a_p_that_goes)
{
	struct gort_completion c;
	int i;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(3, ct_start(self->fd, "t_loop", 3, IN_BODY, FUSE_MS));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, gt_param_set("nprocs", 1));
		ASSERT_TRUE(get_through(self->fd));
		ASSERT_EQ(0, gt_param_set("nprocs", 2));
		ASSERT_TRUE(get_through(self->fd));
	}
	ASSERT_EQ(0, ct_loops(false));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
}

/* A G that an ordinary process of the module started, without any workload. */
TEST_F(core, loop_of_a_modules_own_g_is_preempted)
{
	__s64 base = gt_total(self->fd);
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, ct_write_test_param("start", "1"));
	for (i = 0; i < 10; i++)
		ASSERT_TRUE(get_through(self->fd));
	EXPECT_EQ(base + 1, gt_total(self->fd));
	ASSERT_EQ(0, ct_loops(false));
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == base));
}

/*
 * A loop changes to another CPU in the middle of its computation, which comes
 * out as if nothing had happened.
 */
TEST_F(core, loop_goes_on_elsewhere)
{
	const __u64 n = 20000000;
	struct gort_completion c;
	__u64 moves = 0;
	int i;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(5, ct_start(self->fd, "t_roam", 5, n, gt_steps(n)));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		moves += c.result;
	}
	TH_LOG("%llu moves", moves);
	EXPECT_LT(0, moves);
}

/*
 * Calls injected as often as possible into three tasks on two Ps, until there
 * were enough of them. Each round of each task looks whether it came out right.
 */
static void expect_exact(struct __test_metadata *_metadata, int fd,
			 unsigned int what, __u64 n)
{
	__u64 until = gt_now() + 2 * GT_PATIENCE;
	struct gort_stats before, after;
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	before = ct_stats(fd);
	do {
		ASSERT_EQ(3, ct_start(fd, "t_exact", 3, what, 20, n));
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, ct_next(fd, &c));
			ASSERT_EQ(0, c.status);
			ASSERT_EQ(0, c.result)
				TH_LOG("%llu rounds of 20 are wrong, after %llu calls",
				       c.result, ct_stats(fd).async - before.async);
		}
		after = ct_stats(fd);
	} while (after.async - before.async < INJECTIONS && gt_now() < until);
	TH_LOG("%llu calls injected", after.async - before.async);
	EXPECT_LE(INJECTIONS, after.async - before.async);
}

/* Breaks if the carry flag is not kept from one word to the next. */
TEST_F_TIMEOUT(core, sums_are_exact, 60)
{
	expect_exact(_metadata, self->fd, ADD, 1 << 17);
	expect_exact(_metadata, self->fd, SUB, 1 << 17);
}

/* All fifteen general registers are in use at the same time. */
TEST_F_TIMEOUT(core, registers_are_kept, 60)
{
	expect_exact(_metadata, self->fd, REGS, 1 << 19);
}

/* Every combination of the flags that a comparison or a sum leaves. */
TEST_F_TIMEOUT(core, flags_are_kept, 60)
{
	expect_exact(_metadata, self->fd, FLAGS, 1 << 19);
}

/*
 * Instructions that are interrupted in the middle and go on there. Breaks if
 * one starts anew, or goes on with another pointer, count or byte.
 */
TEST_F_TIMEOUT(core, strings_are_exact, 60)
{
	unsigned int what;

	for (what = MOVS; what <= CMPS; what++)
		expect_exact(_metadata, self->fd, what, 1 << 17);
}

/*
 * The same with the direction flag set, which the code that runs meanwhile must
 * not see, and which must be set again afterwards.
 */
TEST_F_TIMEOUT(core, strings_are_exact_backwards, 60)
{
	unsigned int what;

	for (what = MOVS; what <= CMPS; what++)
		expect_exact(_metadata, self->fd, what | BACK, 1 << 17);
}

/*
 * A loop at every depth of the stack, over the ends of two segments. Breaks if
 * it can't be stopped at one of them, or if that harms the frames above.
 */
TEST_F_TIMEOUT(core, loops_at_every_depth_are_preempted, 60)
{
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_depths", 20480, 1 << 14, 10000));
	EXPECT_EQ(20480 / 16, c.result);
}

/*
 * What is long and no G code of the module: functions of the kernel on the G's
 * stack and on the M's, and its G code on the M's stack. A tick that hits one of
 * the few instructions before or after it is allowed for, but not each time. What
 * does not take long enough on this kernel and machine is done with more.
 */
static void expect_untouched(struct __test_metadata *_metadata, int fd,
			     __u64 what, __u64 amount)
{
	const __u64 rounds = 20;
	struct gort_completion c;
	int err, tries = 4;

	ASSERT_EQ(0, gt_param_set("slice_us", 200));
	do {
		err = ct_run(fd, &c, "t_outside", what, rounds, amount,
			     2 * GT_NSEC_PER_MSEC);
		amount *= 2;
	} while (err == -ERANGE && --tries);
	ASSERT_EQ(0, err);
	EXPECT_GT(rounds / 4, c.result);
	/* it was asked meanwhile, and answered afterwards */
	EXPECT_LE(rounds / 2, c.preempted);
}

TEST_F(core, kernel_functions_are_left_alone)
{
	expect_untouched(_metadata, self->fd, 0, 4 << 20);
	expect_untouched(_metadata, self->fd, 1, 4 << 20);
}

TEST_F(core, called_functions_are_left_alone)
{
	expect_untouched(_metadata, self->fd, 2, 4 * GT_NSEC_PER_MSEC);
}

TEST_F(core, g_code_on_another_stack_is_left_alone)
{
	expect_untouched(_metadata, self->fd, 3, 1 << 23);
}

/* Does this kind of section keep ticks away? */
static bool is_irq_off(__u64 kind)
{
	return kind == 4 || kind == 5 || kind == 14;
}

/*
 * A loop inside of any section is left alone, and answers after it: often enough
 * it was asked.
 */
TEST_F(core, sections_are_left_alone)
{
	struct gort_stats before = ct_stats(self->fd);
	struct gort_completion c;
	__u64 kind, until;

	ASSERT_EQ(0, gt_param_set("slice_us", 500));
	for (kind = 0; kind < CT_KINDS; kind++) {
		until = gt_now() + GT_PATIENCE;
		do {
			ASSERT_EQ(0, ct_run(self->fd, &c, "t_inside", kind,
					    10 * GT_NSEC_PER_MSEC));
			EXPECT_EQ(0, c.result)
				TH_LOG("kind %llu", kind);
		} while (!c.preempted && !is_irq_off(kind) && gt_now() < until);
		EXPECT_TRUE(c.preempted || is_irq_off(kind))
			TH_LOG("kind %llu", kind);
	}
	EXPECT_EQ(before.lost, ct_stats(self->fd).lost);
}

/* Nobody can put a probe into G code, see scripts/gcode-rewrite.awk. */
TEST_F(core, g_code_can_not_be_probed)
{
	FILE *f = fopen("/sys/kernel/debug/kprobes/blacklist", "re");
	bool built_in = false, test = false;
	char line[256];

	ASSERT_TRUE(!!f);
	while (fgets(line, sizeof(line), f)) {
		built_in |= !!strstr(line, "\twork_loop [gort]");
		test |= !!strstr(line, "\tt_leaf_loop [gort_test]");
	}
	fclose(f);
	EXPECT_TRUE(built_in);
	EXPECT_TRUE(test);
}

/* A module that uses gort but has no G code, so that nothing marks any. */
TEST_F(core, module_without_g_code_can_be_loaded)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/gort_test_plain.ko",
		 ct_env("GORT_MODULES", "/gort/modules"));
	EXPECT_EQ(0, ct_insmod(path, ""));
	EXPECT_EQ(0, ct_rmmod("gort_test_plain"));
}

/* The watchdog */

/* Kernel messages from now on. */
static int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

/* How many messages have all three in them? Those read are gone. */
static int kmsg_count(int fd, const char *a, const char *b, const char *c)
{
	char line[1024];
	int n = 0;
	ssize_t len;

	for (;;) {
		len = read(fd, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return n;
		line[len] = '\0';
		n += strstr(line, a) && strstr(line, b) && strstr(line, c);
	}
}

/*
 * With async=0: the loop is named and counted, once, with its context, the place
 * where it is and what to do. Before that it can't be, and with the watchdog off
 * it never is.
 */
TEST_F(core, loop_is_named_if_async_is_off)
{
	struct gort_stats before = ct_stats(self->fd), after;
	int kmsg = kmsg_open();
	struct gort_completion c;
	__u64 start;

	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, gt_param_set("async", 0));
	ASSERT_EQ(0, gt_param_set("watchdog_ms", 200));
	start = gt_now();
	ASSERT_EQ(1, ct_start(self->fd, "t_loop", 1, IN_LEAF, FUSE_MS));
	ASSERT_TRUE(gt_wait_for(ct_stats(self->fd).stuck > before.stuck));
	EXPECT_LE(200 * GT_NSEC_PER_MSEC, gt_now() - start);
	usleep(500000);
	after = ct_stats(self->fd);
	EXPECT_EQ(before.stuck + 1, after.stuck);
	EXPECT_EQ(before.async, after.async);
	EXPECT_EQ(1, kmsg_count(kmsg, " of async_test: did not yield for 2",
				"a loop without calls, at t_leaf_loop+0x",
				"set the parameter async"));
	ASSERT_EQ(0, ct_loops(false));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	EXPECT_EQ(0, c.status);
	close(kmsg);
}

/*
 * The message has the body, how many slices the others have waited, and who
 * called what it is stuck in, also when that is no G code.
 */
TEST_F(core, who_is_named_can_be_found)
{
	int kmsg = kmsg_open();
	struct gort_completion c;
	__u64 before = ct_stats(self->fd).stuck;

	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, gt_param_set("async", 0));
	ASSERT_EQ(0, gt_param_set("watchdog_ms", 200));
	ASSERT_EQ(1, ct_start(self->fd, "t_loop", 1, IN_LEAF, FUSE_MS));
	ASSERT_TRUE(gt_wait_for(ct_stats(self->fd).stuck > before));
	EXPECT_EQ(1, kmsg_count(kmsg, " ms (2",
				" slices) in t_loop [gort_test]: a loop",
				", called by t_loop+0x"));
	ASSERT_EQ(0, ct_loops(false));
	ASSERT_EQ(0, ct_next(self->fd, &c));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_outside", 2, 1,
			    400 * GT_NSEC_PER_MSEC));
	ASSERT_EQ(before + 2, ct_stats(self->fd).stuck);
	EXPECT_EQ(1, kmsg_count(kmsg, " slices) in t_outside [gort_test]: ",
				"no G code, ", " gort_call+0x"));
	close(kmsg);
}

TEST_F(core, nobody_is_named_if_the_watchdog_is_off)
{
	struct gort_stats before = ct_stats(self->fd);
	int kmsg = kmsg_open();

	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, gt_param_set("async", 0));
	ASSERT_EQ(0, gt_param_set("watchdog_ms", 0));
	EXPECT_EQ(-ETIME, ct_run(self->fd, NULL, "t_loop", IN_BODY, 500));
	EXPECT_EQ(before.stuck, ct_stats(self->fd).stuck);
	EXPECT_EQ(0, kmsg_count(kmsg, "did not yield", "", ""));
	close(kmsg);
}

/*
 * Who yields is not named: neither loops, with async=1, nor calls, nor who holds
 * a lock for a while each time it is asked.
 */
TEST_F(core, nobody_is_named_who_yields)
{
	struct gort_stats before = ct_stats(self->fd);

	ASSERT_EQ(0, gt_param_set("watchdog_ms", 100));
	EXPECT_EQ(-ETIME, ct_run(self->fd, NULL, "t_loop", IN_BODY, 500));
	ASSERT_EQ(0, ct_loops(true));
	EXPECT_EQ(-ETIME, ct_run(self->fd, NULL, "t_loop", EMPTY, 500));
	ASSERT_EQ(1, ct_start(self->fd, "call", 1, 1ULL << 40));
	usleep(500000);
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(-ECANCELED, ct_next(self->fd, &(struct gort_completion){ 0 }) ?:
			      -ECANCELED);
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("watchdog_ms", 200));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_hold", 150, 300000, 10,
			    CT_KIND_LOCK));
	EXPECT_EQ(before.stuck, ct_stats(self->fd).stuck);
}

/*
 * Runs a task until the watchdog has named one, and counts the messages that
 * say why; time when the emulated CPU stood still does not count for it.
 */
static int messages(int fd, const char *name, const __u64 *args,
		    const char *why)
{
	__u64 before = ct_stats(fd).stuck, until = gt_now() + GT_PATIENCE;
	int kmsg = kmsg_open(), n;

	if (kmsg < 0)
		return kmsg;
	do {
		n = ct_run_args(fd, NULL, name, args);
	} while (!n && ct_stats(fd).stuck == before && gt_now() < until);
	if (!n)
		n = kmsg_count(kmsg, " of async_test: did not yield for ", why, "");
	if (n >= 0 && ct_stats(fd).stuck != before + n)
		n = -EPROTO;
	close(kmsg);
	return n;
}

/*
 * Who can't be stopped although async is on is named as well, and told from a
 * loop: with a lock or section held, or in a long function that is no G code.
 */
TEST_F(core, others_who_do_not_yield_are_named)
{
	static const __u64 kinds[] = { 0, 2, 6, 7 };
	const __u64 ns = 400 * GT_NSEC_PER_MSEC;
	__u64 held[GORT_MAX_ARGS] = { 0, ns };
	__u64 called[GORT_MAX_ARGS] = { 2, 1, ns };
	unsigned int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("watchdog_ms", 200));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		held[0] = kinds[i];
		EXPECT_EQ(1, messages(self->fd, "t_inside", held,
				      "holds a lock or section, at "))
			TH_LOG("kind %llu", held[0]);
	}
	EXPECT_EQ(1, messages(self->fd, "t_outside", called,
			      "runs a function that is no G code, "));
}

/* A G that yields in between is named again, but not again before that. */
TEST_F(core, g_is_named_once_for_each_request)
{
	__u64 args[GORT_MAX_ARGS] = { 2, 3, 400 * GT_NSEC_PER_MSEC };
	int n;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("watchdog_ms", 50));
	n = messages(self->fd, "t_outside", args, "runs a function");
	EXPECT_LE(2, n);
	EXPECT_GE(3, n);
}

TEST_F(core, watchdog_out_of_range_is_refused)
{
	EXPECT_EQ(-EINVAL, gt_param_set("watchdog_ms", 3600001));
	EXPECT_EQ(-EINVAL, gt_param_set("watchdog_ms", -1));
	EXPECT_EQ(-EINVAL, gt_write_file(GT_PARAMS "watchdog_ms", "soon"));
	EXPECT_EQ(1000, gt_param_get("watchdog_ms"));
	EXPECT_EQ(0, gt_param_set("watchdog_ms", 3600000));
	EXPECT_EQ(3600000, gt_param_get("watchdog_ms"));
	EXPECT_EQ(-EINVAL, gt_param_set("async", 2));
	EXPECT_EQ(1, gt_param_get("async"));
}

TEST_HARNESS_MAIN
