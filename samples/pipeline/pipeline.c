// SPDX-License-Identifier: GPL-2.0-only
/*
 * A parallel pipeline over channels: the G code.
 *
 *		      collatz		    digits
 *	pipeline ---> collatz ---> middle --> digits ---> pipeline
 *		in    collatz		    digits    out
 *
 * Two steps are to be done for each of many numbers; each step is a stage of
 * several Gs, which take numbers from one channel and put what they make of them
 * into the next one. Channels do the rest: they share the numbers out, keep the
 * stages in step, since who is ahead waits for room, and put Gs on all CPUs.
 *
 * pipeline(), the task's own G, feeds the first stage and collects from the last
 * one, whichever is possible: that is what a select is for. If it did one after
 * the other, all channels would be full before it came to collect.
 *
 * How they end: pipeline() alone closes channels, all of them at the end, and
 * just so when something goes wrong. Workers return at any error.
 */

#include <linux/gort.h>
#include <linux/kernel.h>

#include "pipeline.h"

typedef GORT_CHAN(u64) numbers;

#define ROOM	16	/* numbers in a channel */

/**
 * struct stage - what the workers of a stage have in common
 * @in: where they take numbers from
 * @out: where they put what comes of them
 * @step: what they do; G code, as all that G code calls
 */
struct stage {
	numbers *in;
	numbers *out;
	u64 (*step)(u64 n);
};

/* How often n is halved, or tripled and increased, until it is 1 */
static u64 collatz(u64 n)
{
	u64 steps = 0;

	while (n > 1) {
		n = n % 2 ? 3 * n + 1 : n / 2;
		steps++;
	}
	return steps;
}

static u64 digits(u64 n)
{
	u64 sum = 0;

	for (; n; n /= 10)
		sum += n % 10;
	return sum;
}

static void worker(void *arg)
{
	struct stage *s = arg;
	u64 n;

	while (!gort_recv(s->in, &n))
		if (gort_send(s->out, s->step(n)))
			break;
}

/* The stage is collected memory: workers may outlive who has started them. */
static int start(numbers *in, numbers *out, u64 (*step)(u64 n), u64 workers)
{
	struct stage *s = gort_alloc(sizeof(*s));
	int err = s ? 0 : -ENOMEM;

	if (s)
		*s = (struct stage) { .in = in, .out = out, .step = step };
	while (!err && workers--)
		err = gort_go(NULL, worker, s);
	return err;
}

/* Feeds 1 to @count, and adds up what comes out. */
static int run(numbers *in, numbers *out, u64 count, u64 *result)
{
	u64 next = 1, collected = 0, n;
	int chosen;

	while (collected < count) {
		/* a channel that is NULL is never ready */
		struct gort_case cases[] = {
			GORT_CASE_SEND(next <= count ? in : NULL, &next),
			GORT_CASE_RECV(out, &n),
		};

		chosen = gort_select(cases, ARRAY_SIZE(cases));
		if (chosen < 0)
			return chosen;
		if (chosen == 0) {
			next++;
		} else {
			*result += n;
			collected++;
		}
	}
	return 0;
}

int pipeline(const u64 *args, u64 *result)
{
	numbers *in = gort_make_chan(numbers, ROOM);
	numbers *middle = gort_make_chan(numbers, ROOM);
	numbers *out = gort_make_chan(numbers, ROOM);
	int err;

	if (!in || !middle || !out)
		return -ENOMEM;
	err = start(in, middle, collatz, args[1]);
	if (!err)
		err = start(middle, out, digits, args[1]);
	if (!err)
		err = run(in, out, args[0], result);
	gort_close(in);
	gort_close(middle);
	gort_close(out);
	return err;
}
