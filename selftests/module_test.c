// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading: 200 times, leaving nothing behind.
 *
 * To see a leak of one object a time among everything else that a kernel
 * allocates, the cycles run in blocks, and what counts is the smallest growth
 * over all blocks: noise comes and goes, a leak is there in each of them.
 */

#include <glob.h>

#include "left.h"

#define BLOCKS		5
#define CYCLES		30	/* of each block, unused */
#define BUSY_CYCLES	10	/* of each block, with tasks in flight */
#define CACHES_MAX	512

/*
 * One thing that is counted after each block: how many there were last, and the
 * least that it grew by in any block so far.
 */
struct cache {
	char name[64];
	long last;
	long least_growth;
};

struct memory {
	struct cache cache[CACHES_MAX];
	int nr_caches;
	struct cache areas;	/* in /proc/vmallocinfo */
	struct cache bytes;	/* VmallocUsed, in KiB */
	int blocks;
};

/* The first block only says where it begins. */
static void grown_to(struct memory *m, struct cache *c, long now)
{
	if (m->blocks == 1 || (m->blocks > 1 && now - c->last < c->least_growth))
		c->least_growth = now - c->last;
	c->last = now;
}

static struct cache *cache_named(struct memory *m, const char *name)
{
	struct cache *c;
	int i;

	for (i = 0; i < m->nr_caches; i++)
		if (!strcmp(m->cache[i].name, name))
			return &m->cache[i];
	if (m->nr_caches == CACHES_MAX)
		return NULL;
	c = &m->cache[m->nr_caches++];
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

/*
 * Active objects of all caches. Those on a CPU's own slabs count as active: one
 * more reason to look at the least growth and not at the sum.
 */
static bool read_slabs(struct memory *m)
{
	FILE *f = fopen("/proc/slabinfo", "re");
	char line[512], name[64];
	struct cache *c;
	long active;

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %ld", name, &active) != 2)
			continue;
		c = cache_named(m, name);
		if (c)
			grown_to(m, c, active);
	}
	fclose(f);
	return m->nr_caches > 0;
}

/* A line of /proc/meminfo, in KiB. */
static long memory_of(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long value = -1;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ": %ld", &value);
	fclose(f);
	return value;
}

/*
 * KASAN keeps what was freed from being used again, and slabinfo counts it. A
 * cache that is shrunk gets it back.
 */
static void empty_quarantine(void)
{
	glob_t all;
	size_t i;

	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &all))
		return;
	for (i = 0; i < all.gl_pathc; i++)
		gt_write_file(all.gl_pathv[i], "1");
	globfree(&all);
}

/* Called with gort unloaded, after every block. */
static bool look(struct memory *m)
{
	/* what is freed after a grace period has to be gone */
	usleep(100000);
	empty_quarantine();
	if (gt_write_file("/proc/sys/vm/drop_caches", "2") || !read_slabs(m))
		return false;
	grown_to(m, &m->areas, ct_areas(NULL));
	grown_to(m, &m->bytes, memory_of("VmallocUsed"));
	m->blocks++;
	return true;
}

/* Tasks of all kinds, in flight when the file is closed. */
static int leave_tasks_behind(void)
{
	int fd = gt_open(0), n;

	if (fd < 0)
		return fd;
	n = ct_start(fd, "sleep", 20, GT_HOUR, 1) +
	    ct_start(fd, "call", 4, 1ULL << 40) +
	    ct_start(fd, "pingpong", 4, 1ULL << 30) +
	    ct_start(fd, "lock", 4, 1ULL << 30, 10, 0) +
	    ct_start(fd, "spawn", 2, 6, 4);
	close(fd);
	return n == 34 ? 0 : -EIO;
}

/* One cycle; 0 or the first error. */
static int cycle(bool busy)
{
	int err = ct_insmod_gort("");

	if (!err && busy)
		err = leave_tasks_behind();
	if (!err)
		err = ct_rmmod("gort");
	return err;
}

FIXTURE(module) {
	bool was_loaded;
};

/* Each test begins without gort, and leaves it as the others expect it. */
FIXTURE_SETUP(module)
{
	self->was_loaded = ct_loaded("gort");
	ASSERT_TRUE(ct_rmmod_soon("gort_test"));
	ASSERT_TRUE(ct_rmmod_soon("gort"));
}

FIXTURE_TEARDOWN(module)
{
	ct_rmmod_soon("gort");
	if (self->was_loaded)
		EXPECT_EQ(0, ct_insmod_gort(""));
}

/*
 * With slub_debug=U a kernel before 6.3 keeps the debugfs folder of each slab
 * cache that goes, a directory entry and its inode: debugfs_slab_release() does
 * not put what it looked up. So many does each cycle cost, one for each cache.
 */
static long kept_by_slub(const char *cache)
{
	static const char *const names[] = {
		"dentry", "inode_cache", "lsm_inode_cache",
	};
	const char *u;
	char line[1024];
	size_t i;

	if (gt_read_file("/proc/cmdline", line, sizeof(line)))
		return 0;
	u = strstr(line, "slub_debug=");
	if (!u || !memchr(u, 'U', strcspn(u, "\n ")))
		return 0;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(cache, names[i]))
			return 2;
	return 0;
}

/*
 * A leak of one object in each cycle makes every block grow by the number of
 * its cycles; half of that is far above what is left of the noise.
 */
static void expect_no_growth(struct __test_metadata *_metadata,
			     const struct memory *m, long cycles)
{
	long most = 0;
	int i;

	for (i = 0; i < m->nr_caches; i++) {
		if (m->cache[i].least_growth > most)
			most = m->cache[i].least_growth;
		EXPECT_GT(cycles * kept_by_slub(m->cache[i].name) + cycles / 2,
			  m->cache[i].least_growth)
			TH_LOG("slab cache %s grew by %ld or more in each %ld cycles",
			       m->cache[i].name, m->cache[i].least_growth,
			       cycles);
	}
	EXPECT_GT(cycles / 2, m->areas.least_growth);
	/* a page each */
	EXPECT_GT(4 * cycles / 2, m->bytes.least_growth);
	TH_LOG("%d blocks of %ld cycles; least growth in one:", m->blocks - 1,
	       cycles);
	TH_LOG("%ld objects of a slab cache at most (of %d caches)", most,
	       m->nr_caches);
	TH_LOG("%ld vmalloc areas (of %ld), %ld KiB (of %ld)",
	       m->areas.least_growth, m->areas.last, m->bytes.least_growth,
	       m->bytes.last);
}

/* 150 times in and out, unused. */
TEST_F_TIMEOUT(module, loading_and_unloading_leaves_nothing, 150)
{
	static struct memory m;
	int block, i;

	for (block = 0; block <= BLOCKS; block++) {
		/* the first, shorter one makes what is made only once */
		for (i = 0; i < (block ? CYCLES : 3); i++)
			ASSERT_EQ(0, cycle(false));
		ASSERT_TRUE(look(&m));
	}
	left_nothing(_metadata);
	expect_no_growth(_metadata, &m, CYCLES);
}

/* 50 times in and out, with tasks that the closed file left in flight. */
TEST_F_TIMEOUT(module, unloading_after_tasks_in_flight_leaves_nothing, 100)
{
	static struct memory m;
	int block, i;

	for (block = 0; block <= BLOCKS; block++) {
		for (i = 0; i < (block ? BUSY_CYCLES : 2); i++)
			ASSERT_EQ(0, cycle(true));
		ASSERT_TRUE(look(&m));
	}
	left_nothing(_metadata);
	expect_no_growth(_metadata, &m, BUSY_CYCLES);
}

/* The instrument itself: with gort loaded and used, what must go is there. */
TEST_F(module, loaded_module_can_be_seen)
{
	int fd;

	ASSERT_EQ(0, ct_insmod_gort(""));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(20, ct_start(fd, "sleep", 20, GT_HOUR, 1));
	EXPECT_TRUE(gt_wait_for(ct_areas("[gort]") >= 20));
	EXPECT_LT(0, left_processes("gort"));
	EXPECT_TRUE(left_in_file("/proc/misc", "gort"));
	EXPECT_EQ(0, access(GT_DEV, F_OK));
	close(fd);
	ASSERT_EQ(0, ct_rmmod("gort"));
	left_nothing(_metadata);
}

/* An open file keeps the module, also one that was only inherited. */
TEST_F(module, unloading_is_refused_while_a_file_is_open)
{
	int fd, copy;

	ASSERT_EQ(0, ct_insmod_gort(""));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EAGAIN, ct_rmmod("gort"));
	copy = dup(fd);
	close(fd);
	EXPECT_EQ(-EAGAIN, ct_rmmod("gort"));
	EXPECT_EQ(1, ct_start(copy, "call", 1, 10));
	close(copy);
	EXPECT_EQ(0, ct_rmmod("gort"));
}

/* A module whose workloads can run keeps it, too; its tasks keep that one. */
TEST_F(module, unloading_is_refused_while_a_module_uses_it)
{
	int fd;

	ASSERT_EQ(0, ct_insmod_gort(""));
	ASSERT_EQ(0, ct_insmod_test());
	EXPECT_EQ(-EWOULDBLOCK, ct_rmmod("gort"));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, ct_start(fd, "t_park", 1, 0, 0));
	EXPECT_EQ(-EAGAIN, ct_rmmod("gort_test"));
	close(fd);
	EXPECT_EQ(0, ct_rmmod("gort_test"));
	EXPECT_EQ(0, ct_rmmod("gort"));
	left_nothing(_metadata);
}

/* 20 times in and out for the consumer, whose contexts go with it. */
TEST_F(module, consumer_can_come_and_go)
{
	struct gort_completion c;
	char text[64];
	int i, fd;

	ASSERT_EQ(0, ct_insmod_gort(""));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, ct_insmod_test());
		ASSERT_EQ(-EEXIST, ct_insmod_test());
		fd = gt_open(0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, ct_run(fd, &c, "t_steal", 20, 100, 1));
		EXPECT_EQ(0, ct_read_test_param("contexts", text,
						sizeof(text)));
		close(fd);
		ASSERT_TRUE(ct_rmmod_soon("gort_test"));
	}
	fd = gt_open(0);
	EXPECT_EQ(-ENOENT, ct_run(fd, &c, "t_steal", 20, 100, 1));
	close(fd);
	ASSERT_EQ(0, ct_rmmod("gort"));
	left_nothing(_metadata);
}

/*
 * A parameter out of its range keeps the module from being loaded at all, and
 * good ones are what can be read back.
 */
TEST_F(module, bad_parameters_are_refused)
{
	static const char * const bad[] = {
		"slice_us=49", "slice_us=1000001", "slice_us=", "slice_us=-1",
		"slice_us=x", "nprocs=1000000", "nprocs=-1", "stack_max=0",
		"stack_max=100", "stack_max=4294967296", "restore=2",
		"async=2", "watchdog_ms=-1", "watchdog_ms=3600001",
		"stack_paint=x", "stack_cache=-1", "max_tasks=-1",
		"fail_nth=-1", "heap_max=65535", "heap_max=-1", "gc_min=0",
		"gc_min=1099511627777",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_GT(0, ct_insmod_gort(bad[i]))
			TH_LOG("%s was accepted", bad[i]);
		EXPECT_FALSE(ct_loaded("gort"));
		ct_rmmod_soon("gort");
	}
	EXPECT_EQ(-EINVAL, ct_insmod_gort("slice_us=49"));
	ASSERT_EQ(0, ct_insmod_gort("slice_us=50 nprocs=1 stack_max=65536"));
	EXPECT_EQ(50, gt_param_get("slice_us"));
	EXPECT_EQ(1, gt_param_get("nprocs"));
	EXPECT_EQ(65536, gt_param_get("stack_max"));
}

TEST_HARNESS_MAIN
