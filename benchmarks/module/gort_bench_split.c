// SPDX-License-Identifier: GPL-2.0-only
/*
 * A loop of calls, where each call finds no room in the segment and goes on in
 * the next one (the hot split), and the same loop where there is room.
 */

#include "gort_bench.h"

#define LEAF	1200	/* bytes of the function that needs room */
#define STEP	200	/* of those that use it up */
#define STEPS	24	/* so many use up more than a segment */

static noinline int leaf(const char *p)
{
	char frame[LEAF];

	frame[0] = p[0];
	frame[LEAF - 1] = p[1];
	barrier_data(frame);
	return frame[0] + frame[LEAF - 1];
}

static u32 stack_bytes(void)
{
	struct gort_g_stats st;

	gort_self_stats(&st);
	return st.stack_bytes;
}

static noinline void loop(struct bench *b)
{
	const char data[2] = { 1, 2 };
	int i, n, sum = 0;

	for (n = 0; n < BENCH_BATCHES; n++) {
		bench_begin(b);
		for (i = 0; i < BENCH_OPS; i++)
			sum += leaf(data);
		bench_end(b, BENCH_OPS);
	}
	if (sum != 3 * BENCH_BATCHES * BENCH_OPS)
		b->err = -EBADMSG;
}

/*
 * Goes deeper until a call of leaf() makes the stack grow, and measures there.
 * A step that makes it grow itself has missed the place.
 */
static noinline void descend(struct bench *b, int steps)
{
	const char data[2] = { 1, 2 };
	u32 before = stack_bytes();
	char frame[STEP];

	barrier_data(frame);
	leaf(data);
	if (stack_bytes() > before)
		loop(b);
	else if (steps)
		descend(b, steps - 1);
	else
		b->err = -ENODATA;
	barrier_data(frame);
}

void g_split(void *arg)
{
	descend(arg, STEPS);
	gort_call(bench_done, NULL);
}

void g_unsplit(void *arg)
{
	struct bench *b = arg;
	u32 before = stack_bytes();

	loop(b);
	if (stack_bytes() != before)
		b->err = -EOVERFLOW;
	gort_call(bench_done, NULL);
}
