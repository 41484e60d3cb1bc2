/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left behind: counts of all that gort has, for tests that compare them
 * before and after. With slub_debug=U also of each object from a slab cache: the
 * kernel then knows who has allocated it.
 */
#ifndef LEFT_H
#define LEFT_H

#include <ctype.h>
#include <dirent.h>
#include <linux/membarrier.h>

#include "core_test.h"

#define LEFT_DEBUGFS	"/sys/kernel/debug/gort/"
#define LEFT_SLABS	"/sys/kernel/debug/slab"

/* Processes whose name begins like this */
static inline long left_processes(const char *prefix)
{
	char path[300], comm[32];
	struct dirent *e;
	DIR *d = opendir("/proc");
	long n = 0;

	while (d && (e = readdir(d))) {
		if (!isdigit(e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		n += !gt_read_file(path, comm, sizeof(comm)) &&
		     !strncmp(comm, prefix, strlen(prefix));
	}
	if (d)
		closedir(d);
	return n;
}

/* Does any line of the file contain this? */
static inline bool left_in_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "re");
	char line[512];
	bool seen = false;

	while (f && !seen && fgets(line, sizeof(line), f))
		seen = strstr(line, text);
	if (f)
		fclose(f);
	return seen;
}

/* What has to be gone when the module is: its threads, areas and caches. */
static inline void left_nothing(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, left_processes("gort"));
	EXPECT_EQ(0, ct_areas("[gort]"));
	EXPECT_FALSE(left_in_file("/proc/slabinfo", "gort"));
	EXPECT_FALSE(left_in_file("/proc/misc", "gort"));
	EXPECT_NE(0, access(GT_DEV, F_OK));
	EXPECT_NE(0, access(LEFT_DEBUGFS, F_OK));
	EXPECT_FALSE(ct_loaded("gort"));
}

/* A function on the way from who wants memory to who has it */
static inline bool left_is_allocator(const char *name)
{
	static const char *const prefix[] = {
		"kmem_cache_alloc", "__kmem_cache_alloc", "kmalloc_", "__kmalloc",
		"kvmalloc", "slab_post_alloc", "___slab_alloc", "__slab_alloc",
		"kasan_", "set_track", "xas_", "__xa_", "seq_open", "__seq_open",
		"single_open",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(prefix); i++)
		if (!strncmp(name, prefix[i], strlen(prefix[i])))
			return true;
	return false;
}

/*
 * In alloc_traces of a cache each place has a line with its number of objects
 * and then, indented, who called whom. The first one that is no allocator is the
 * owner: gort, or a module that is no longer there and has no names.
 */
static inline long left_in_cache(const char *cache, bool tell)
{
	char path[300], line[512], *name;
	long n, sum = 0, count = 0;
	bool open = false;
	FILE *f;

	snprintf(path, sizeof(path), LEFT_SLABS "/%s/alloc_traces", cache);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		name = line + strspn(line, " \t");
		if (sscanf(line, "%ld %*[^ ] age=", &n) == 1 &&
		    strstr(line, "age=")) {
			count = n;
			open = true;
		} else if (open && *name > ' ' && !left_is_allocator(name)) {
			open = false;
			if (!strstr(name, "[gort]") && strncmp(name, "0x", 2))
				continue;
			sum += count;
			if (tell)
				fprintf(stderr, "# %ld of %s: %s", count, cache,
					name);
		}
	}
	if (f)
		fclose(f);
	return sum;
}

/* Objects of gort's in slab caches; 0 without slub_debug=U. */
static inline long left_objects(bool tell)
{
	DIR *d = opendir(LEFT_SLABS);
	struct dirent *e;
	long n = 0;

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, "kmalloc-", 8) ||
		    !strncmp(e->d_name, "gort_", 5) ||
		    !strcmp(e->d_name, "radix_tree_node"))
			n += left_in_cache(e->d_name, tell);
	if (d)
		closedir(d);
	return n;
}

/* Lines of a file of gort's in debugfs, but the first */
static inline long left_lines(const char *name)
{
	char path[96], line[512];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), LEFT_DEBUGFS "%s", name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		n++;
	if (f)
		fclose(f);
	return n;
}

/* Stack segments that exist, and those in use */
static inline long left_segments(long *used)
{
	FILE *f = fopen(LEFT_DEBUGFS "segments", "re");
	long in_use, cached, all = -1;
	char line[512];

	*used = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*u %ld %ld", &in_use, &cached) != 2)
			continue;
		*used += in_use;
		all += in_use + cached;
	}
	if (f)
		fclose(f);
	return all + 1;
}

/* Ps that keep a big segment; the last line has a column for each CPU. */
static inline int left_reserves(void)
{
	FILE *f = fopen(LEFT_DEBUGFS "segments", "re");
	char line[512] = "", *word;
	int i, n = 0;

	while (f && fgets(line, sizeof(line), f))
		;
	if (f)
		fclose(f);
	word = strtok(line, "\t");
	for (i = 0; word; i++, word = strtok(NULL, "\t"))
		n += i >= 3 && atoi(word);
	return n;
}

/*
 * Threads come and go, and segments are kept: of these, what gort itself does
 * not know.
 */
struct left {
	long gs;		/* green threads and unread completions */
	long segments;		/* in use */
	long areas;		/* of vmalloc that are no segments */
	long threads;		/* that debugfs does not show */
	long objects;		/* of slab caches, but those of threads */
};

static inline struct left left_now(int fd)
{
	long ms = left_lines("ms");
	struct left l = { .gs = gt_total(fd) };

	l.areas = ct_areas("[gort]") - left_segments(&l.segments);
	l.threads = left_processes("gort/") - left_processes("gort/sleep") - ms;
	l.objects = left_objects(false);
	if (l.objects)
		l.objects -= ms;
	return l;
}

/*
 * What RCU is to free waits for seconds until it is many, or memory is short;
 * then for a grace period, which is what a membarrier is.
 */
static inline void left_to_rcu(void)
{
	int i;

	if (access(LEFT_SLABS "/kmalloc-64/alloc_traces", F_OK))
		return;
	gt_write_file("/proc/sys/vm/drop_caches", "2");
	for (i = 0; i < 2; i++)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

/*
 * The look before, while no thread comes or goes; twice, since areas and segments
 * are not counted at the same time. Of the objects there may be some on their way
 * out yet: then a leak of so few is not seen.
 */
static inline bool left_before(int fd, struct left *l)
{
	struct left again;
	long ms;

	left_to_rcu();
	return gt_wait_for((ms = left_lines("ms"), *l = left_now(fd),
			    again = left_now(fd),
			    !l->threads && ms == left_lines("ms") &&
			    !memcmp(l, &again, sizeof(again))));
}

static inline bool left_no_more(struct left now, struct left before)
{
	return now.gs == before.gs && now.segments == before.segments &&
	       now.areas == before.areas && now.threads == before.threads &&
	       now.objects <= before.objects;
}

/* All is as it was before, or will be: what is on its way out is waited for. */
#define left_as_before(fd, before)					\
({									\
	struct left __before = (before), __now;				\
	bool __same = gt_wait_for((left_to_rcu(),			\
				   __now = left_now(fd),		\
				   left_no_more(__now, __before)));	\
									\
	if (!__same) {							\
		TH_LOG("left: %ld gs, %ld segments, %ld areas, %ld threads, %ld objects", \
		       __now.gs - __before.gs,				\
		       __now.segments - __before.segments,		\
		       __now.areas - __before.areas,			\
		       __now.threads - __before.threads,		\
		       __now.objects - __before.objects);		\
		left_objects(true);					\
	}								\
	__same;								\
})

#endif /* LEFT_H */
