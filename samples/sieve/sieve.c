// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prime numbers by a chain of Gs: the G code.
 *
 *	       2 3 4 5 6 7 ..   3 5 7 9 11 ..   5 7 11 13 ..
 *	count ---------------> 2 ------------> 3 ------------> sieve
 *
 * Each G in the chain has a prime, and passes on what it does not divide. So the
 * first number that comes out at the end is the next prime, and sieve(), the
 * task's own G, makes the chain longer by a G for it. There are as many Gs as
 * primes; nearly all of them wait at any time, each on one page of stack.
 *
 * How they end: one G closes channels, sieve(), and it closes all of them, when
 * it has the prime that it wants, and just so when something goes wrong. To send
 * to a closed channel, or to receive from it, is -EPIPE, and then the others
 * return. No G has to be told, and none closes what another may close, too.
 */

#include <linux/gort.h>

#include "sieve.h"

/* No buffer: a number is handed over, or it waits. */
typedef GORT_CHAN(u32) numbers;

/**
 * struct link - a G of the chain, and the channel behind it
 * @before: the link before this one, or NULL: it counts
 * @out: where the numbers go that are left
 * @prime: what none of them is divided by
 *
 * From gort_alloc(): it is there as long as somebody points to it, be it its own
 * G or sieve(), and nobody frees it.
 */
struct link {
	struct link *before;
	numbers *out;
	u32 prime;
};

static void count(void *arg)
{
	struct link *l = arg;
	u32 n = 2;

	while (!gort_send(l->out, n))
		n++;
}

static void filter(void *arg)
{
	struct link *l = arg;
	u32 n;

	while (!gort_recv(l->before->out, &n))
		if (n % l->prime && gort_send(l->out, n))
			break;
}

/* A new last link, or NULL if there is no memory for one. */
static struct link *extend(struct link *before, u32 prime)
{
	struct link *l = gort_alloc(sizeof(*l));

	if (!l)
		return NULL;
	l->before = before;
	l->prime = prime;
	l->out = gort_make_chan(numbers, 0);
	if (!l->out || gort_go(NULL, before ? filter : count, l))
		return NULL;
	return l;
}

int sieve(const u64 *args, u64 *result)
{
	struct link *last = extend(NULL, 0), *l;
	int err = last ? 0 : -ENOMEM;
	u64 found = 0;
	u32 prime = 0;

	while (!err) {
		err = gort_recv(last->out, &prime);
		if (err || ++found == args[0])
			break;
		l = extend(last, prime);
		if (l)
			last = l;
		else
			err = -ENOMEM;
	}
	for (; last; last = last->before)
		gort_close(last->out);
	*result = prime;
	return err;
}
