// SPDX-License-Identifier: GPL-2.0-only
/*
 * The collector: what is in use stays, what is not goes, and it does so beside
 * Gs that know nothing of it.
 */

#include "core_test.h"

/* How t_fill of gort_test.ko goes on when it has what it wanted */
#define FILL_GARBAGE	0	/* keeps nothing, ends */
#define FILL_CHECK	1	/* keeps all, looks at it, ends */
#define FILL_EXIT	2	/* keeps all, ends in the middle */
#define FILL_SLEEP	3	/* keeps all, sleeps until cancelled */
#define FILL_LOCKED	4	/* keeps nothing, with a gort lock */

/* What t_fin of gort_test.ko does */
#define FIN_RESET	0
#define FIN_COUNT	1
#define FIN_MAKE	2
#define FIN_PAIR	3
#define FIN_TWICE	4
#define FIN_NEVER	5
#define FIN_AGAIN	6
#define FIN_LOOK	7
#define FIN_DROP	8
#define FIN_WRONG	9

/* What the Gs of t_crowd do */
#define CROWD_CALLS	0
#define CROWD_ALLOCS	1
#define CROWD_BLOCKS	2
#define CROWD_ALL	3

/* gc_min: no collection by growth */
#define GC_OFF		0x10000000000LL

static __u64 collections(int fd)
{
	return ct_stats(fd).collections;
}

/* Collects until no byte is left but @bytes: a G that ends does so soon. */
static bool collected_to(int fd, __u64 bytes)
{
	return gt_wait_for(!ct_collect() && ct_stats(fd).heap_bytes <= bytes);
}

/* How often the finalizer of the objects of @watch has run. */
static __s64 finalized(int fd, __u64 watch)
{
	struct gort_completion c;
	int err = ct_run(fd, &c, "t_fin", FIN_COUNT, watch);

	return err ? err : (__s64)c.result;
}

/*
 * More objects to look into than the mark has room for, by far. Breaks if what
 * it could not take is forgotten.
 */
TEST_F(core, nothing_is_lost_when_the_mark_runs_over)
{
	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_comb", 30));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_comb", 100));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_comb", 1000));
}

/*
 * Lists, trees and graphs that change all the time and are looked at all over,
 * two of each on two Ps with the shortest slice, while growth, a G and this
 * process collect. Breaks if any word of any of them is missed once.
 */
TEST_F_TIMEOUT(core, structures_stay_exact_under_churn, 120)
{
	struct gort_stats before, after;
	struct gort_completion c;
	struct gort_wait w;
	__u64 kind;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	ASSERT_EQ(0, gt_param_set("gc_min", 65536));
	before = ct_stats(self->fd);
	for (kind = 0; kind < 3; kind++)
		ASSERT_EQ(2, ct_start(self->fd, "t_churn", 2, kind, 500, 200));
	ASSERT_EQ(1, ct_start(self->fd, "t_gc", 1, 20));
	do {
		ASSERT_EQ(0, ct_collect());
		gt_wait(self->fd, 7, 0, &w);
	} while (w.running);
	for (i = 0; i < 7; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
	after = ct_stats(self->fd);
	TH_LOG("%llu collections, %llu KiB freed",
	       after.collections - before.collections,
	       (after.heap_freed - before.heap_freed) >> 10);
	EXPECT_LE(30, after.collections - before.collections);
	EXPECT_LE(1 << 20, after.heap_freed - before.heap_freed);
	EXPECT_LT(before.accepted, after.accepted);
	EXPECT_EQ(before.lost, after.lost);
}

/* Memory of a G that has ended, in any way, is there again. */
TEST_F(core, memory_of_a_dead_g_is_reclaimed)
{
	static const __u64 how[] = { FILL_GARBAGE, FILL_CHECK, FILL_EXIT };
	struct gort_stats before, after;
	struct gort_completion c;
	unsigned int i;

	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_TRUE(collected_to(self->fd, 0));
	for (i = 0; i < ARRAY_SIZE(how); i++) {
		before = ct_stats(self->fd);
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 100, 20000, how[i]));
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 30000, 20, how[i]));
		after = ct_stats(self->fd);
		EXPECT_LE(2600000, after.heap_bytes);
		EXPECT_EQ(20020, after.heap_objects);
		ASSERT_TRUE(collected_to(self->fd, 0));
		after = ct_stats(self->fd);
		EXPECT_EQ(0, after.heap_objects);
		EXPECT_LE(2600000, after.heap_freed - before.heap_freed);
	}
}

/* And that of one that was cancelled; but not before it is gone. */
TEST_F(core, memory_of_a_cancelled_g_is_reclaimed)
{
	struct gort_completion c;
	int i;

	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_TRUE(collected_to(self->fd, 0));
	ASSERT_EQ(3, ct_start(self->fd, "t_fill", 3, 100, 10000, FILL_SLEEP));
	ASSERT_TRUE(gt_wait_for(ct_stats(self->fd).heap_objects == 30000));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, ct_collect());
	EXPECT_EQ(30000, ct_stats(self->fd).heap_objects);
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(-ECANCELED, c.status);
	}
	EXPECT_TRUE(collected_to(self->fd, 0));
	EXPECT_EQ(0, ct_stats(self->fd).heap_objects);
}

/* A finalizer runs when its object is not in use, once; then that goes, too. */
TEST_F(core, finalizer_runs_once)
{
	struct gort_stats before = ct_stats(self->fd);
	int i;

	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_RESET));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_MAKE, 100));
	EXPECT_EQ(0, finalized(self->fd, 0));
	EXPECT_TRUE(gt_wait_for(!ct_collect() && finalized(self->fd, 0) == 100));
	EXPECT_TRUE(collected_to(self->fd, 0));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, ct_collect());
	EXPECT_EQ(100, finalized(self->fd, 0));
	EXPECT_EQ(100, ct_stats(self->fd).finalized - before.finalized);
}

/* What a finalizer makes reachable stays, and may have another one. */
TEST_F(core, finalizer_can_bring_its_object_back)
{
	int i;

	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_RESET));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_AGAIN));
	ASSERT_TRUE(gt_wait_for(!ct_collect() && finalized(self->fd, 0) == 1));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ct_collect());
		ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_LOOK));
	}
	EXPECT_EQ(1, finalized(self->fd, 0));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_DROP));
	EXPECT_TRUE(gt_wait_for(!ct_collect() && finalized(self->fd, 0) == 2));
	EXPECT_TRUE(collected_to(self->fd, 0));
	EXPECT_EQ(2, finalized(self->fd, 0));
}

/* Two that point to each other: both, each finds the other as it was. */
TEST_F(core, finalizers_run_in_any_order)
{
	__u64 before;

	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_RESET));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_PAIR));
	before = ct_stats(self->fd).finalized;
	ASSERT_TRUE(gt_wait_for(!ct_collect() &&
				ct_stats(self->fd).finalized != before));
	/* one collection found both */
	EXPECT_EQ(before + 2, ct_stats(self->fd).finalized);
	EXPECT_TRUE(gt_wait_for(finalized(self->fd, 0) == 1));
	EXPECT_TRUE(gt_wait_for(finalized(self->fd, 1) == 1));
	EXPECT_TRUE(collected_to(self->fd, 0));
}

/* The last one that was set counts, or none. */
TEST_F(core, finalizer_can_be_replaced_and_removed)
{
	struct gort_stats before = ct_stats(self->fd);

	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_RESET));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_TWICE));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_NEVER));
	EXPECT_TRUE(collected_to(self->fd, 0));
	EXPECT_EQ(1, finalized(self->fd, 0));
	EXPECT_EQ(1, ct_stats(self->fd).finalized - before.finalized);
}

/* What is no object, and where a G can't wait. */
TEST_F(core, wrong_use_of_finalizers_and_collections_is_an_errno)
{
	struct gort_completion c;

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_fin", FIN_WRONG));
	EXPECT_EQ(0, c.result);
}

/* More finalizers than the context may have Gs: some later, none never. */
TEST_F(core, finalizers_wait_for_room_in_the_context)
{
	struct gort_completion c[4];
	struct gort_stats before;
	int fd, i;

	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_EQ(0, gt_param_set("max_tasks_file", 4));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fin", FIN_RESET));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ct_run(fd, NULL, "t_fin", FIN_MAKE, 30));
	before = ct_stats(fd);
	ASSERT_EQ(4, ct_start(fd, "sleep", 4, GT_HOUR, 1));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, ct_collect());
	EXPECT_EQ(before.finalized, ct_stats(fd).finalized);
	EXPECT_EQ(before.heap_objects, ct_stats(fd).heap_objects);
	ASSERT_EQ(0, gt_cancel_all(fd, NULL));
	ASSERT_EQ(4, gt_read_all(fd, c, 4));
	EXPECT_TRUE(gt_wait_for(!ct_collect() && finalized(self->fd, 0) == 30));
	EXPECT_EQ(30, ct_stats(fd).finalized - before.finalized);
	close(fd);
}

/*
 * A finalizer that has not run keeps the module of its function, and the context
 * that it is of lets go of both.
 */
TEST_F(core, finalizers_go_with_their_context)
{
	struct gort_stats before = ct_stats(self->fd);
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_EQ(0, ct_run(fd, NULL, "t_fin", FIN_RESET));
	ASSERT_EQ(0, ct_run(fd, NULL, "t_fin", FIN_MAKE, 10));
	ASSERT_TRUE(gt_wait_for(gt_total(fd) == 0));
	EXPECT_EQ(-EAGAIN, ct_rmmod("gort_test"));
	close(fd);
	EXPECT_TRUE(ct_rmmod_soon("gort_test"));
	EXPECT_EQ(before.finalized, ct_stats(self->fd).finalized);
	EXPECT_EQ(before.heap_bytes, ct_stats(self->fd).heap_bytes);
}

/* Growth collects: garbage of 20 MiB never takes much more than gc_min. */
TEST_F(core, growth_starts_collections)
{
	struct gort_stats before, after;
	struct gort_completion c;

	ASSERT_TRUE(collected_to(self->fd, 0));
	ASSERT_EQ(0, gt_param_set("gc_min", 1 << 20));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 1000, 20000, FILL_GARBAGE));
	EXPECT_EQ(20000, c.result);
	after = ct_stats(self->fd);
	EXPECT_GE(2 << 20, after.heap_bytes);
	EXPECT_LE(10, after.collections - before.collections);
	/* and not for each object */
	EXPECT_GE(40, after.collections - before.collections);

	/* what is in use counts: the next one comes when there is twice that */
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_fill", 1000, 20000, FILL_CHECK));
	after = ct_stats(self->fd);
	EXPECT_LE(3, after.collections - before.collections);
	EXPECT_GE(10, after.collections - before.collections);
}

/* A G that always has a lock when it allocates can't collect: others do. */
TEST_F(core, growth_in_sections_starts_collections)
{
	struct gort_stats before, after;

	ASSERT_EQ(0, gt_param_set("gc_min", 1 << 20));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fill", 1000, 20000, FILL_LOCKED));
	after = ct_stats(self->fd);
	EXPECT_LE(2, after.collections - before.collections);
}

/* Nothing but a lack of memory elsewhere, and it is taken back. */
TEST_F(core, shrinker_starts_a_collection)
{
	struct gort_stats before;

	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	ASSERT_TRUE(collected_to(self->fd, 0));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fill", 1000, 8000, FILL_GARBAGE));
	before = ct_stats(self->fd);
	EXPECT_LE(8000000, before.heap_bytes);
	EXPECT_TRUE(gt_wait_for(!gt_write_file("/proc/sys/vm/drop_caches", "2") &&
				!ct_stats(self->fd).heap_bytes));
	/* with nothing to gain it starts none */
	before = ct_stats(self->fd);
	sleep(2);
	ASSERT_EQ(0, gt_write_file("/proc/sys/vm/drop_caches", "2"));
	usleep(100000);
	EXPECT_EQ(before.collections, collections(self->fd));
}

/* A request in a collection is declined for that, and answered after it. */
TEST_F(core, request_inside_gc_is_answered_after_it)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;

	/* what the trials would have to free is a blocking call after the restore */
	ASSERT_EQ(0, ct_collect());
	ASSERT_EQ(0, ct_hook(true));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_site", 1000, GORT_SITE_GC));
	EXPECT_EQ(0, c.result);
	after = ct_stats(self->fd);
	EXPECT_LE(1000, after.declined[GORT_DECLINE_GC] -
			before.declined[GORT_DECLINE_GC]);
	EXPECT_LT(900, after.restored[GORT_SITE_GC] -
		       before.restored[GORT_SITE_GC]);
	EXPECT_EQ(before.lost, after.lost);

	ASSERT_EQ(0, gt_param_set("restore", 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_site", 100, GORT_SITE_GC));
	EXPECT_LT(90, c.result);
	EXPECT_EQ(0, ct_hook(false));
}

/*
 * On one P: Gs that write and Gs that allocate, collecting all the time, and one
 * that sleeps. It wakes, and all the others have got on.
 */
TEST_F(core, sleeper_wakes_beside_writers_and_allocators)
{
	struct gort_completion c;
	__u64 before;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("gc_min", 65536));
	before = collections(self->fd);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_crowd", CROWD_BLOCKS, 2, 0,
			    10 * GT_NSEC_PER_MSEC));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_crowd", CROWD_ALL, 6, 0,
			    200 * GT_NSEC_PER_MSEC));
	EXPECT_LT(0, c.result);
	EXPECT_LT(before, collections(self->fd));
}

/*
 * Gs that do nothing but allocate, with a collection for little: all get on. Also
 * while one of them frees, which takes long where KASAN is: the others collect for
 * themselves then, and the heap is not much larger than it may be.
 */
TEST_F(core, allocators_all_get_on)
{
	struct gort_completion c;
	__u64 before, procs;

	ASSERT_EQ(0, gt_param_set("gc_min", 65536));
	for (procs = 0; procs <= 1; procs++) {
		ASSERT_EQ(0, gt_param_set("nprocs", procs));
		before = collections(self->fd);
		ASSERT_EQ(0, ct_run(self->fd, &c, "t_crowd", CROWD_ALLOCS, 4, 0,
				    gt_slow() * GT_NSEC_PER_SEC));
		EXPECT_LT(0, c.result);
		EXPECT_LT(before + 4, collections(self->fd));
		EXPECT_GT(16 * 65536, ct_stats(self->fd).heap_bytes);
	}
}

/* As many Gs as there are Ps, and more, that only call: 10 collections pass. */
TEST_F(core, calling_gs_do_not_hold_off_collections)
{
	struct gort_completion c;
	__u64 before = collections(self->fd);

	ASSERT_EQ(0, ct_run(self->fd, &c, "t_crowd", CROWD_CALLS, ct_cpus(), 10,
			    0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_crowd", CROWD_CALLS, 8, 10, 0));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_crowd", CROWD_ALL, 9, 10, 0));
	/* and those that growth started */
	EXPECT_LE(before + 30, collections(self->fd));
}

/* Collections and changes of the set of Ps do not wait for each other. */
TEST_F(core, collections_beside_changes_of_nprocs)
{
	struct gort_completion c;
	int i;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, gt_param_set("gc_min", 65536));
	ASSERT_EQ(1, ct_start(self->fd, "t_crowd", 1, CROWD_ALL, 6, 200, 0));
	ASSERT_EQ(2, ct_start(self->fd, "t_churn", 2, 2, 200, 50));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, gt_param_set("nprocs", 1 + i % 2));
		ASSERT_EQ(0, ct_collect());
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(0, c.status);
	}
}

TEST_HARNESS_MAIN
