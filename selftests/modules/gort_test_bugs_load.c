// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code with a mistake in it, one of each kind: do the instruments of a debug
 * kernel see what happens on stacks that they have not made?
 */

#include <linux/compiler.h>
#include <linux/err.h>

#include "gort_test_bugs.h"

/* Words in an array, bytes of an object, rounds of a race */
#define X_WORDS		5
#define X_SIZE		40
#define X_ROUNDS	200000

/* Deeper than the first segment of a debug kernel's G, with its guard */
#define X_DEPTH		40

static unsigned long x_counter;
static struct {
	unsigned long word[X_WORDS];
	unsigned long behind[X_WORDS];	/* nobody's */
} x_table;
static struct gort_lock x_first, x_second;

/* One element of a frame's array, whichever it is told */
static noinline unsigned long x_frame(unsigned int i)
{
	unsigned long word[X_WORDS] = {};

	barrier_data(word);
	return READ_ONCE(*(word + i));
}

static noinline unsigned long x_deep(unsigned int depth, unsigned int i)
{
	unsigned long room[32];

	barrier_data(room);
	if (!depth)
		return x_frame(i);
	return x_deep(depth - 1, i) + READ_ONCE(room[depth % 32]) * 0;
}

/* A G that leaves the address of its own variable behind */
static void x_ends(void *done)
{
	unsigned long local[4] = {};

	barrier_data(local);
	WRITE_ONCE(x_kept, &local[1]);
	/* pairs with the acquire in x_dead() */
	smp_store_release((bool *)done, true);
}

static int x_dead(bool really)
{
	bool *done = (bool *)gort_call(x_k_alloc, (void *)sizeof(*done));
	int err;

	if (!done)
		return -ENOMEM;
	err = gort_go(NULL, x_ends, done);
	/* pairs with the release in x_ends() */
	while (!err && !smp_load_acquire(done))
		gort_yield();
	gort_call(x_k_free, done);
	if (!err && really)
		READ_ONCE(*x_kept);
	return err;
}

static int x_object(unsigned int i, bool freed)
{
	unsigned char *p = (void *)gort_call(x_k_alloc, (void *)X_SIZE);

	if (!p)
		return -ENOMEM;
	if (freed)
		gort_call(x_k_free, p);
	/* a look does no harm to what the kernel keeps there */
	READ_ONCE(p[i]);
	if (!freed)
		gort_call(x_k_free, p);
	return 0;
}

static int x_order(bool really)
{
	gort_lock_init(&x_first);
	gort_lock_init(&x_second);
	gort_lock(&x_first);
	gort_lock(&x_second);
	gort_unlock(&x_second);
	gort_unlock(&x_first);
	gort_lock(really ? &x_second : &x_first);
	gort_lock(really ? &x_first : &x_second);
	gort_unlock(really ? &x_first : &x_second);
	gort_unlock(really ? &x_second : &x_first);
	return 0;
}

static noinline void x_bump(void)
{
	x_counter++;
	barrier();
}

/* Two of these run at a time, on two Ps. */
static int x_race(void)
{
	int i;

	for (i = 0; i < X_ROUNDS && !gort_cancelled(); i++)
		x_bump();
	return 0;
}

/* x_bug: bug. Makes this mistake, as enum x_bug; index says where it goes. */
int x_bug(const u64 *args, u64 *result)
{
	const unsigned int i = READ_ONCE(x_index);

	*result = 0;
	switch (args[0]) {
	case X_FRAME:
		x_frame(i);
		return 0;
	case X_DEEP:
		x_deep(X_DEPTH, i);
		return 0;
	case X_DEAD:
		return x_dead(i);
	case X_OBJECT:
		return x_object(i, false);
	case X_FREED:
		return x_object(0, i);
	case X_BOUNDS:
		x_table.word[i] = i;
		barrier();
		return 0;
	case X_LEAK:
		return gort_call(x_k_leak, (void *)(unsigned long)i);
	case X_TIMER:
		return gort_call(x_k_timer, (void *)(unsigned long)i);
	case X_ATOMIC:
		return gort_call(x_k_atomic, (void *)(unsigned long)i);
	case X_ORDER:
		return x_order(i);
	case X_RACE:
		return x_race();
	}
	return 0;
}
