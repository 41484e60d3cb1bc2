/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer of /dev/gort: what it draws, what it remembers, what must hold.
 *
 * Each step makes one call (fuzz_calls.h), most often a valid one with one thing
 * changed. What is drawn depends on the seed alone, never on a result, so that a
 * run can be repeated: of one thread exactly, of several as far as their calls.
 *
 * What must hold after each call:
 *
 *  - its error is one that the documentation lists for it;
 *  - nothing is written but what may be: the structure up to the smaller of both
 *    sizes, and as many completions as were announced;
 *  - no task is accepted, or completes, twice.
 *
 * And after each round, when all is cancelled and read: each task that was
 * accepted has completed, once.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <liburing.h>
#include <pthread.h>
#include <sys/epoll.h>

#include "gort_test.h"

#define FZ_FILES	4
#define FZ_FDS		8	/* descriptors, of these files */
#define FZ_TASKS	65536	/* of one file that are remembered */
#define FZ_ERRNOS	140	/* one more than any errno */
#define FZ_ERRORS	12	/* of one call that the table has */
#define FZ_ENTRIES	8	/* of the ring */
#define FZ_THREADS	4	/* that share files, at most */

/* Of a call's errors: one that need not come in a run of the default length */
#define MAY(e)		(-(e))

struct fz;

/**
 * struct fz_call - a kind of call
 * @name: for the reader
 * @fn: makes it; a negative errno, or what it returned
 * @weight: how often
 * @never: it never succeeds
 * @errors: all that it may fail with, each an errno or MAY() of one; 0 ends them
 */
struct fz_call {
	const char *name;
	long (*fn)(struct fz *z);
	int weight;
	bool never;
	int errors[FZ_ERRORS];
};

/**
 * struct fz_file - an open file, whoever has a descriptor of it
 * @fds: descriptors in the table
 * @accepted: tasks
 * @completed: tasks
 * @seen: a bit for each task that has completed
 */
struct fz_file {
	int fds;
	__u64 accepted;
	__u64 completed;
	__u64 seen[FZ_TASKS / 64];
};

/**
 * struct fz_area - memory that calls are pointed at, with a hole behind it
 * @base: where it is
 * @copy: what is in it
 * @len: bytes, pages
 */
struct fz_area {
	char *base;
	char *copy;
	size_t len;
};

/**
 * struct fz - a thread of the fuzzer
 * @seed: it began with
 * @state: of the generator
 * @step: number of the call
 * @steps: how many there are to be
 * @file: files that it has opened itself
 * @fd: descriptors, -1 if none
 * @of: and the file of each
 * @arg: structures of commands
 * @in: tasks that are submitted
 * @out: completions that are read
 * @ring: for commands
 * @by_ring: the next command goes through it
 * @beside: parameters are somebody else's; GORT_FUZZ_BESIDE in the environment
 * @workload: ids of the built-in ones
 * @now: call in progress
 * @ret: what the last command returned
 * @count: of each call, by errno
 * @bad: what did not hold, the first time
 */
struct fz {
	__u64 seed;
	__u64 state;
	__u64 step;
	unsigned int steps;
	struct fz_file file[FZ_FILES];
	int fd[FZ_FDS];
	struct fz_file *of[FZ_FDS];
	struct fz_area arg, in, out;
	struct io_uring ring;
	bool by_ring;
	bool beside;
	struct gort_workload_info workload[16];
	int nr_workloads;
	const struct fz_call *now;
	long ret;
	__u64 count[32][FZ_ERRNOS];
	char bad[256];
};

/* One thing that does not hold is enough to know of. */
#define fz_bad(z, ...) fz_bad_at(z, __LINE__, __VA_ARGS__)

static void fz_bad_at(struct fz *z, int line, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	if (*z->bad)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(z->bad, sizeof(z->bad), "seed %llu step %llu, %s%s: %s (%ld, line %d)",
		 z->seed, z->step, z->now ? z->now->name : "-",
		 z->by_ring ? " by ring" : "", what, z->ret, line);
}

/* splitmix64 */
static __u64 fz_next(struct fz *z)
{
	__u64 x = z->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* 0 to n - 1 */
static unsigned int fz_draw(struct fz *z, unsigned int n)
{
	return fz_next(z) % n;
}

static bool fz_one_in(struct fz *z, unsigned int n)
{
	return !fz_draw(z, n);
}

/* One of these */
#define fz_pick(z, ...)							\
({									\
	const __u64 __of[] = { __VA_ARGS__ };				\
									\
	__of[fz_draw(z, sizeof(__of) / sizeof(*__of))];			\
})

/* A number that somebody may not have thought of */
static __u64 fz_odd(struct fz *z)
{
	__u64 x = fz_next(z);

	switch (x % 4) {
	case 0:
		return fz_pick(z, 0, 1, 2, ~0ULL, 1ULL << 31, 1ULL << 32, 1ULL << 63,
			       0x7fffffff, 0xfffffffe, 4095, 4096, 4097);
	case 1:
		return 1ULL << (x >> 8) % 64;
	case 2:
		return (x >> 8) % 256;
	}
	return x;
}

/* Areas */

static bool fz_area_init(struct fz_area *a, size_t len)
{
	a->len = len;
	a->base = gt_hole_after(len);
	a->copy = calloc(1, len);
	return a->base && a->copy;
}

/* All of it is this byte. */
static void fz_area_fill(struct fz_area *a, int byte)
{
	memset(a->base, byte, a->len);
}

/* It is as it is meant to be, until somebody changes it. */
static void fz_area_keep(struct fz_area *a)
{
	memcpy(a->copy, a->base, a->len);
}

/* Nobody has changed it, but @len bytes at @at. */
static void fz_area_look(struct fz *z, const struct fz_area *a, const void *at,
			 size_t len)
{
	size_t from = (const char *)at - a->base, i;

	if ((const char *)at < a->base || from > a->len)
		len = 0;
	for (i = 0; i < a->len; i++) {
		if (i >= from && i < from + len)
			continue;
		if (a->base[i] != a->copy[i]) {
			fz_bad(z, "byte %zd was written (%#x, was %#x), %zu may be",
			       (ssize_t)(i - from), a->base[i] & 0xff,
			       a->copy[i] & 0xff, len);
			return;
		}
	}
}

/* Is it inside the area? Everything else is a bad address. */
static bool fz_inside(const struct fz_area *a, const void *at, size_t len)
{
	return (const char *)at >= a->base &&
	       (const char *)at + len <= a->base + a->len;
}

/* Where @len bytes go: most often there is room for them. */
static void *fz_place(struct fz *z, const struct fz_area *a, size_t len)
{
	size_t room = a->len > len ? a->len - len : 0;
	__u64 x = fz_next(z);

	if (x % 16 > 4)
		return a->base + room / 8 * 8;	/* it ends at the hole */
	if (x % 16)
		return a->base + (x >> 16) % (room + 1) / 8 * 8;
	switch ((x >> 8) % 8) {
	case 0:
		return NULL;
	case 1:
		return (void *)0xffff888000001000ULL;	/* the kernel's */
	case 2:
		return (void *)0x8000000000000000ULL;	/* nobody's */
	case 3:
		return a->base + a->len;
	case 4:
		return a->base + a->len - 1;
	case 5:
		return a->base + a->len - len / 2;
	}
	return a->base + (x >> 16) % (room + 1);
}

/* Descriptors and files */

/* A slot that has one, or a bad number now and then: -1 */
static int fz_slot(struct fz *z)
{
	unsigned int from = fz_draw(z, FZ_FDS), i;

	for (i = 0; i < FZ_FDS; i++)
		if (z->fd[(from + i) % FZ_FDS] >= 0)
			return (from + i) % FZ_FDS;
	return -1;
}

static void fz_accepted(struct fz_file *f, __u64 n)
{
	__atomic_fetch_add(&f->accepted, n, __ATOMIC_RELAXED);
}

/* These were read. */
static void fz_completed(struct fz *z, struct fz_file *f,
			 const struct gort_completion *c, __u64 n)
{
	__u64 bit;

	__atomic_fetch_add(&f->completed, n, __ATOMIC_RELAXED);
	for (; n; n--, c++) {
		if (!c->id) {
			fz_bad(z, "a completion without an id");
			return;
		}
		if (c->id >= FZ_TASKS)
			continue;
		bit = 1ULL << c->id % 64;
		if (__atomic_fetch_or(&f->seen[c->id / 64], bit,
				      __ATOMIC_RELAXED) & bit)
			fz_bad(z, "task %llu completed twice", (__u64)c->id);
	}
}

/* Is this an error that the call may end with? */
static bool fz_may(const struct fz_call *c, int error)
{
	int i;

	for (i = 0; i < FZ_ERRORS && c->errors[i]; i++)
		if (abs(c->errors[i]) == error)
			return true;
	return false;
}

/* One step: draws a call, makes it, and looks at what came of it. */
static long fz_step(struct fz *z, const struct fz_call *calls, int n)
{
	int i, total = 0, at;
	long ret;

	for (i = 0; i < n; i++)
		total += calls[i].weight;
	at = fz_draw(z, total);
	for (i = 0; at >= calls[i].weight; i++)
		at -= calls[i].weight;
	z->now = &calls[i];
	z->step++;
	z->by_ring = false;
	z->ret = 0;
	ret = calls[i].fn(z);
	if (ret <= -FZ_ERRNOS)
		fz_bad(z, "returned %ld", ret);
	else
		z->count[i][ret < 0 ? -ret : 0]++;
	if (ret < 0 && ret > -FZ_ERRNOS && !fz_may(z->now, -ret))
		fz_bad(z, "failed with %ld (%s)", ret, strerror(-ret));
	if (ret >= 0 && z->now->never)
		fz_bad(z, "succeeded");
	return ret;
}

/* What a call of the table was never seen to do, NULL if nothing */
static const char *fz_missing(const struct fz_call *calls, int n,
			      __u64 (*count)[FZ_ERRNOS])
{
	static char text[80];
	int i, j;

	for (i = 0; i < n; i++) {
		if (!calls[i].never && !count[i][0]) {
			snprintf(text, sizeof(text), "%s never succeeded",
				 calls[i].name);
			return text;
		}
		for (j = 0; j < FZ_ERRORS && calls[i].errors[j]; j++) {
			if (calls[i].errors[j] < 0 || count[i][calls[i].errors[j]])
				continue;
			snprintf(text, sizeof(text), "%s never failed with %s",
				 calls[i].name, strerror(calls[i].errors[j]));
			return text;
		}
	}
	return NULL;
}

#endif /* FUZZ_H */
