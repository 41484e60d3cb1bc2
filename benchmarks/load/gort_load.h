/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GORT_LOAD_H
#define GORT_LOAD_H

#include <linux/gort.h>

/**
 * struct load_check - one of the programs of gort_load_kernels.h, measured
 * @which: of them
 * @best: time stamps of its fastest batch
 * @sum: what came out of all of them
 * @grew: the stack did, which takes time for another reason
 */
struct load_check {
	unsigned int which;
	u64 best;
	u64 sum;
	bool grew;
};

#define LOAD_KERNELS	6

/* G code, and the same that is none */
void g_checked(void *arg);
long plain_checked(void *arg);

/*
 * Ticks of the CPU. What is before it is done before, what is behind it
 * afterwards. get_cycles() has none in User-Mode Linux.
 */
static inline u64 load_time_stamp(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) :: "memory");
	return (u64)high << 32 | low;
}

/* What many Gs do at a time (gort_load_many.c) */
enum load_phase {
	LOAD_WAKE,	/* nothing: they are woken */
	LOAD_YIELD,
	LOAD_PARK,	/* in pairs */
	LOAD_CHAN,	/* in pairs */
	LOAD_BUSY,	/* yield until they are told to stop */
	LOAD_END,
};

typedef GORT_CHAN(u64) load_chan;

/**
 * struct load_pair - two Gs next to each other in the table
 * @chan: between them
 * @turn: which of them, 0 or 1, is to go on
 */
struct load_pair {
	load_chan chan;
	unsigned int turn;
};

/**
 * struct load_many - many Gs
 * @n: how many
 * @ops: how often each does what it is to do
 * @g: they
 * @pairs: two by two
 * @phase: what they do in this round
 * @round: a number that changes when they are to begin
 * @left: those that are not at the end of it
 * @ended: when the last one was
 * @stop: LOAD_BUSY is over
 * @err: why one failed
 */
struct load_many {
	unsigned long n;
	unsigned long ops;
	struct gort_g **g;
	struct load_pair *pairs;
	enum load_phase phase;
	unsigned int round;
	atomic_long_t left;
	u64 ended;
	bool stop;
	int err;
};

extern struct load_many many;

void g_make(void *unused);
void g_burst(void *unused);

/* In gort_load_main.c: the last one is at its end. */
long load_done(void *unused);

#endif /* GORT_LOAD_H */
