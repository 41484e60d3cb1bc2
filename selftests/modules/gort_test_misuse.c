// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for sched_test: calls that must fail, and Gs that leave in disorder.
 *
 * A mistake in a consumer's G code is an errno or the end of that G, never the
 * end of the machine.
 */

#include "gort_test_kernel.h"

/*
 * t_park: mode, ns. Returns what the park returned: 0 park, 1 park until in ns,
 * 2 park after a ready to itself, 3 the same until in ns. EIO if it returned
 * with ETIME too early. Result: 1 if the G was cancelled.
 */
int t_park(const u64 *args, u64 *result)
{
	u64 until = gort_now() + args[1];
	int err;

	if (args[0] & 2)
		gort_ready(gort_self());
	if (args[0] & 1)
		err = gort_park_until(until, "test");
	else
		err = gort_park("test");
	if (err == -ETIME && gort_now() < until)
		err = -EIO;
	*result = gort_cancelled();
	return err;
}

/**
 * struct t_cap - Gs that fill a context
 * @left: those that have not ended
 * @open: they may end
 */
struct t_cap {
	atomic_t left;
	bool open;
};

static void t_cap_fn(void *arg)
{
	struct t_cap *c = arg;

	/* pairs with the release in t_cap() */
	while (!smp_load_acquire(&c->open))
		gort_yield();
	atomic_dec(&c->left);
}

/*
 * t_cap: attempts. Starts Gs in a context of T_SMALL_CTX until one is refused,
 * lets them end, and starts one more. Result: how many were accepted at first.
 * Returns the error of the refused one. EIO if no more were accepted later.
 */
int t_cap(const u64 *args, u64 *result)
{
	struct t_cap *c = t_alloc(sizeof(*c));
	int err = 0, more;
	u64 i;

	if (!c)
		return -ENOMEM;
	*result = 0;
	for (i = 0; i < args[0] && !err; i++) {
		atomic_inc(&c->left);
		err = gort_go(t_small_ctx, t_cap_fn, c);
		if (err)
			atomic_dec(&c->left);
		else
			++*result;
	}
	smp_store_release(&c->open, true); /* for t_cap_fn() */
	while (atomic_read(&c->left))
		gort_yield();
	/* they have said goodbye, but may not be gone yet */
	for (i = 0, more = -EAGAIN; i < 1000000 && more == -EAGAIN; i++) {
		atomic_inc(&c->left);
		more = gort_go(t_small_ctx, t_cap_fn, c);
		if (more)
			atomic_dec(&c->left);
		gort_yield();
	}
	while (atomic_read(&c->left))
		gort_yield();
	t_free(c);
	return more ? -EIO : err;
}

static int t_block(u64 op)
{
	switch (op) {
	case 0:
		return gort_park("misuse");
	case 1:
		return gort_park_until(gort_now() + NSEC_PER_SEC, "misuse");
	case 2:
		return gort_yield();
	case 3:
		return gort_sleep(NSEC_PER_MSEC);
	default:
		return gort_sleep_until(gort_now() + NSEC_PER_MSEC);
	}
}

/*
 * t_misuse: kind, op. Blocks inside the sections of a kind: 0 park, 1 park
 * until, 2 yield, 3 sleep, 4 sleep until. Returns what that returned; EPROTO
 * if the machine's state was not neutral after the sections were closed.
 */
int t_misuse(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	int err;

	if (!l)
		return -ENOMEM;
	t_open(l, args[0]);
	err = t_block(args[1]);
	t_close(l, args[0]);
	*result = gort_call(t_k_state, NULL);
	if (*result)
		err = -EPROTO;
	t_free(l);
	return err;
}

/* What the last t_badcall found after its call; for t_neutral. */
static long t_after_badcall;

/*
 * t_badcall: what, how. Calls a function that returns in another state than it
 * was called in, see t_k_disturb(). EPROTO if the G was not cancelled for that,
 * but it is gort that says how this task ends.
 */
int t_badcall(const u64 *args, u64 *result)
{
	t_do(args[1], t_k_disturb, (void *)args[0]);
	WRITE_ONCE(t_after_badcall, gort_call(t_k_state, NULL));
	*result = 0;
	return gort_cancelled() ? 0 : -EPROTO;
}

/*
 * t_leave: kind, how. Ends with the sections of a kind open, and t_shared_lock
 * held if bit 1 of @how is set: by returning (bit 0 clear) or by gort_exit().
 * The locks are freed with the module.
 */
int t_leave(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();

	if (!l)
		return -ENOMEM;
	if (args[1] & 2)
		gort_lock(&t_shared_lock);
	t_open(l, args[0]);
	*result = 0;
	if (args[1] & 1)
		gort_exit();
	return 0;
}

/*
 * t_neutral: no arguments. Result: what t_k_state() finds wrong with the M, now
 * or in the t_badcall before.
 */
int t_neutral(const u64 *args, u64 *result)
{
	*result = gort_call(t_k_state, NULL) | READ_ONCE(t_after_badcall);
	WRITE_ONCE(t_after_badcall, 0);
	return 0;
}

/* t_uselock: count. Takes t_shared_lock so many times. Result: count. */
int t_uselock(const u64 *args, u64 *result)
{
	u64 i;

	for (i = 0; i < args[0]; i++) {
		gort_lock(&t_shared_lock);
		t_shared_count++;
		t_check();
		gort_unlock(&t_shared_lock);
	}
	*result = args[0];
	return 0;
}

/* Body of Gs that only a cancellation ends; counts those that got to the end. */
void t_sleeper(void *arg)
{
	gort_sleep(3600ULL * NSEC_PER_SEC);
	t_check();
	atomic_inc(arg);
}
