// SPDX-License-Identifier: GPL-2.0-only
/*
 * The heap of green threads: what gort_alloc() hands out, to whom it is charged,
 * where it ends, and what becomes of a request that comes meanwhile.
 */

#include "cgroup.h"
#include "core_test.h"

/* How t_fill of gort_test.ko goes on when it has what it wanted */
#define FILL_GARBAGE	0	/* keeps nothing */
#define FILL_CHECK	1	/* keeps all, and looks at it */
#define FILL_SLEEP	3	/* keeps all, sleeps until cancelled */

#define NO_END		(~0ULL)

#define KIB		1024LL
#define MIB		(1024 * KIB)

static __u64 heap_bytes(int fd)
{
	return ct_stats(fd).heap_bytes;
}

/*
 * 2,700 sizes, every byte of each written and looked at, by two at a time that
 * are preempted in the middle and collect all the time. Breaks if two objects
 * overlap, if one is not zeroed when it is reused, or if a size gets too little.
 */
TEST_F(core, objects_are_zeroed_aligned_and_apart)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("gc_min", 1 << 20));
	ASSERT_EQ(2, ct_start(self->fd, "t_sizes", 2, 1));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_LT(2700, c.result);
	}
	after = ct_stats(self->fd);
	EXPECT_LT(before.collections, after.collections);
	EXPECT_LT(before.heap_freed, after.heap_freed);
}

/* Zero, too much, and where a G can't wait: NULL, and nothing else happens. */
TEST_F(core, what_can_not_be_had_is_null)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_refused",
			    gt_param_get("heap_max")));
	EXPECT_EQ(0, c.result);
}

/* From a process: no memory, no finalizer; roots, and each errno of theirs. */
TEST_F(core, outside_of_a_g_there_are_only_roots)
{
	char text[128];

	ASSERT_EQ(0, ct_read_test_param("heap_outside", text, sizeof(text)));
	EXPECT_STREQ("0 -1; -22 -22 -22 -22 0 -17 -12 0; 1024\n", text);

	/* the first one has no memory: the second is no other's, then */
	ASSERT_EQ(0, gt_param_set("fail_nth", 1));
	ASSERT_EQ(0, ct_read_test_param("heap_outside", text, sizeof(text)));
	EXPECT_STREQ("0 -1; -22 -22 -22 -22 -12 0 -12 0; 1024\n", text);
}

/* A context gets what heap_max says, of small and of large objects. */
TEST_F(core, cap_of_a_context_holds)
{
	static const __u64 sizes[] = { 16, 100, 1000, 8000, 50000 };
	struct gort_stats before = ct_stats(self->fd);
	struct gort_completion c;
	unsigned int i;
	int fd;

	ASSERT_EQ(0, gt_param_set("heap_max", MIB));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fd = gt_open(0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, ct_run(fd, &c, "t_fill", sizes[i], NO_END,
				    FILL_CHECK));
		EXPECT_GE(MIB, (__s64)(c.result * sizes[i]))
			TH_LOG("size %llu", sizes[i]);
		EXPECT_LE(MIB * 3 / 4, (__s64)(c.result * sizes[i]))
			TH_LOG("size %llu", sizes[i]);
		EXPECT_GE(MIB, (__s64)(heap_bytes(fd) - before.heap_bytes));
		close(fd);
	}
	EXPECT_EQ(before.heap_bytes, heap_bytes(self->fd));
}

/* Who is at the cap fails alone; more is had at once when it is raised. */
TEST_F(core, cap_is_for_each_context_and_can_be_changed)
{
	struct gort_completion c;
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_param_set("heap_max", MIB));
	ASSERT_EQ(1, ct_start(fd, "t_fill", 1, 64, NO_END, FILL_SLEEP));
	ASSERT_TRUE(gt_wait_for(heap_bytes(fd) >= MIB * 9 / 10));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 64, 10000, FILL_CHECK));
	EXPECT_EQ(10000, c.result);
	ASSERT_TRUE(gt_wait_for(!ct_run(fd, &c, "t_fill", 60000, 10,
					FILL_CHECK) && !c.result));
	ASSERT_EQ(0, gt_param_set("heap_max", 2 * MIB));
	ASSERT_EQ(0, ct_run(fd, &c, "t_fill", 60000, 10, FILL_CHECK));
	EXPECT_EQ(10, c.result);
	/* lower than what there is: that stays */
	ASSERT_EQ(0, gt_param_set("heap_max", 65536));
	ASSERT_EQ(0, ct_run(fd, &c, "t_fill", 60000, 10, FILL_CHECK));
	EXPECT_EQ(0, c.result);
	EXPECT_EQ(0, gt_cancel_all(fd, NULL));
	ASSERT_EQ(0, ct_next(fd, &c));
	EXPECT_EQ(-ECANCELED, c.status);
	close(fd);
}

/* Garbage is no reason to fail: at the cap there is a collection first. */
TEST_F(core, cap_is_for_what_is_in_use)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	ASSERT_EQ(0, gt_param_set("heap_max", MIB));
	ASSERT_EQ(0, gt_param_set("gc_min", 1LL << 40));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 1000, 10000, FILL_GARBAGE));
	EXPECT_EQ(10000, c.result);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 100000, 100, FILL_GARBAGE));
	EXPECT_EQ(100, c.result);
	after = ct_stats(self->fd);
	EXPECT_LE(10, after.collections - before.collections);
	EXPECT_LE(18000000, after.heap_freed - before.heap_freed);
}

/* At a cap that is used up there is no collection for each vain attempt. */
TEST_F(core, a_full_heap_is_not_collected_in_vain)
{
	struct gort_stats before, after;
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("heap_max", MIB));
	ASSERT_EQ(1, ct_start(self->fd, "t_fill", 1, 64, NO_END, FILL_SLEEP));
	ASSERT_TRUE(gt_wait_for(heap_bytes(self->fd) >= MIB * 9 / 10));
	ASSERT_TRUE(gt_wait_for(!ct_run(self->fd, &c, "t_fill", 60000, 1,
					FILL_CHECK) && !c.result));
	before = ct_stats(self->fd);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 60000, 1,
				    FILL_CHECK));
		EXPECT_EQ(0, c.result);
	}
	after = ct_stats(self->fd);
	EXPECT_GE(2, after.collections - before.collections);
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
}

TEST_F(core, caps_out_of_range_are_refused)
{
	static const char * const names[] = { "heap_max", "gc_min" };
	static const __s64 bad[] = { -1, 0, 1, 65535, (1LL << 40) + 1 };
	unsigned int i, j;
	__s64 found;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		found = gt_param_get(names[i]);
		ASSERT_LT(0, found);
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			EXPECT_EQ(-EINVAL, gt_param_set(names[i], bad[j]));
		EXPECT_EQ(found, gt_param_get(names[i]));
		EXPECT_EQ(0, gt_param_set(names[i], 65536));
		EXPECT_EQ(0, gt_param_set(names[i], 1LL << 40));
		EXPECT_EQ(1LL << 40, gt_param_get(names[i]));
	}
}

/* A context takes all of its memory along, without a collection. */
TEST_F(core, closing_a_file_frees_its_heap)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_param_set("gc_min", 1LL << 40));
	ASSERT_EQ(0, ct_run(fd, &c, "t_fill", 64, 10000, FILL_CHECK));
	ASSERT_EQ(0, ct_run(fd, &c, "t_fill", 100000, 20, FILL_CHECK));
	after = ct_stats(self->fd);
	EXPECT_LE(640000 + 2000000, after.heap_bytes - before.heap_bytes);
	EXPECT_EQ(10020, after.heap_objects - before.heap_objects);
	close(fd);
	after = ct_stats(self->fd);
	EXPECT_EQ(before.heap_bytes, after.heap_bytes);
	EXPECT_EQ(before.heap_objects, after.heap_objects);
	EXPECT_EQ(before.collections, after.collections);
}

/*
 * A request inside gort_alloc() is declined for that reason, and answered by
 * the first check after it; not so with the restores off.
 */
TEST_F(core, request_inside_alloc_is_answered_after_it)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	ASSERT_EQ(0, ct_hook(true));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_site", 20000, GORT_SITE_ALLOC));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_LE(20000, after.declined[GORT_DECLINE_ALLOC] -
			 before.declined[GORT_DECLINE_ALLOC]);
	EXPECT_LT(18000, after.restored[GORT_SITE_ALLOC] -
			 before.restored[GORT_SITE_ALLOC]);
	EXPECT_EQ(before.lost, after.lost);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_site", 1000, GORT_SITE_ALLOC));
	EXPECT_LT(900, c.result);
	EXPECT_EQ(0, ct_hook(false));
}

/*
 * The end of gort_alloc() restores only if no lock is held: a G that allocates
 * in a section is not made to yield there, and not armed for nothing.
 */
TEST_F(core, alloc_in_a_section_restores_nothing)
{
	struct gort_stats before, after;
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	before = ct_stats(self->fd);
	ASSERT_EQ(2, ct_start(self->fd, "t_fill", 2, 64, 20000, 4));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
		EXPECT_EQ(20000, c.result);
	}
	after = ct_stats(self->fd);
	EXPECT_LT(before.requested, after.requested);
	EXPECT_EQ(before.restored[GORT_SITE_ALLOC],
		  after.restored[GORT_SITE_ALLOC]);
	EXPECT_EQ(before.lost, after.lost);
}

/* What one run of allocations came to when one of them failed. */
struct outcome {
	int open;
	int status;
	bool sane;
};

static struct outcome allocate_with(int nth)
{
	static const __u64 size[] = { 64, 20000 }, count[] = { 2000, 5 };
	struct outcome o = { .sane = true };
	struct gort_completion c;
	int fd, i;

	o.sane = !gt_param_set("fail_nth", nth);
	fd = gt_open(0);
	if (fd < 0) {
		o.open = fd;
		return o;
	}
	for (i = 0; i < 2 && !o.status; i++) {
		o.status = ct_run(fd, &c, "t_fill", size[i], count[i],
				  FILL_CHECK);
		o.sane &= o.status || c.result <= count[i];
		if (!o.status && c.result < count[i])
			o.status = -ENOMEM;
	}
	if (!o.status)
		o.status = ct_run(fd, &c, "t_fin", 2, 3);
	if (!o.status)
		o.status = ct_run(fd, &c, "t_gc", 1);
	close(fd);
	return o;
}

/* Each allocation on the way to an object, a finalizer and a collection. */
TEST_F(core, allocation_failure_is_null_and_leaves_nothing)
{
	struct gort_stats before = ct_stats(self->fd);
	int n, left, failed = 0;
	struct outcome o;

	ASSERT_EQ(0, gt_param_set("stack_cache", 0));
	for (n = 1; n < 500; n++) {
		o = allocate_with(n);
		left = gt_param_get("fail_nth");
		ASSERT_EQ(0, gt_param_set("fail_nth", 0));
		ASSERT_TRUE(o.sane)
			TH_LOG("fail_nth=%d", n);
		ASSERT_TRUE(!o.open || o.open == -ENOMEM);
		ASSERT_TRUE(!o.status || o.status == -ENOMEM)
			TH_LOG("fail_nth=%d: %d", n, o.status);
		ASSERT_EQ(before.heap_bytes, heap_bytes(self->fd))
			TH_LOG("fail_nth=%d", n);
		failed += o.open || o.status;
		o = allocate_with(0);
		ASSERT_TRUE(o.sane && !o.open && !o.status)
			TH_LOG("after fail_nth=%d: %d %d", n, o.open, o.status);
		if (left)
			break;
	}
	EXPECT_GT(500, n);
	EXPECT_LE(15, n);
	EXPECT_LE(10, failed);
	TH_LOG("%d allocations, %d failures seen", n - 1, failed);
}

/*
 * The opener of the file pays for the heap, and gets it back when it closes;
 * at the limit it is NULL, and nobody is killed.
 */
TEST_F(core, heap_is_charged_to_the_opener)
{
	const __s64 slack = 600 * KIB;
	struct gort_completion c;
	pid_t bystander;
	__s64 before;
	int fd;

	ASSERT_TRUE(cgroup_make("8M"));
	bystander = cgroup_bystander();
	ASSERT_LT(0, bystander);
	fd = cgroup_open();
	ASSERT_LE(0, fd);
	before = cgroup_get("memory.current");
	ASSERT_LE(0, before);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 1000, 4000, FILL_CHECK));
	EXPECT_GE(before + slack, cgroup_get("memory.current"));
	ASSERT_EQ(0, ct_run(fd, &c, "t_fill", 1000, 4000, FILL_CHECK));
	EXPECT_EQ(4000, c.result);
	EXPECT_LE(before + 4000 * 1000 - slack, cgroup_get("memory.current"));
	/* more than there is, and again, when what was had before is collected */
	ASSERT_EQ(0, ct_run(fd, &c, "t_fill", 1000, NO_END, FILL_CHECK));
	EXPECT_GT(8389, c.result);
	EXPECT_LT(5000, c.result);
	ASSERT_EQ(0, ct_collect());
	ASSERT_EQ(0, ct_run(fd, &c, "t_fill", 20000, NO_END, FILL_CHECK));
	EXPECT_GT(419, c.result);
	EXPECT_LT(250, c.result);
	close(fd);
	EXPECT_TRUE(gt_wait_for(cgroup_get("memory.current") <=
				before + slack));
	EXPECT_EQ(0, cgroup_kills());
	kill(bystander, SIGUSR1);
	EXPECT_EQ(-SIGUSR1, gt_reap(bystander));
	EXPECT_EQ(0, rmdir(CGROUP));
}

TEST_HARNESS_MAIN
