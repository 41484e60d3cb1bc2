// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for group_test: groups of Gs.
 */

#include <linux/err.h>

#include "gort_test_ev.h"

atomic_t e_group_begun, e_group_ended, e_group_told;

/* A child that has nothing to do */
int e_child_quick(void *unused)
{
	atomic_inc(&e_group_begun);
	gort_yield();
	atomic_inc(&e_group_ended);
	return 0;
}

/* One that waits until it is told to end, and then takes its time. */
int e_child_slow(void *unused)
{
	int err;

	atomic_inc(&e_group_begun);
	err = gort_sleep(1000 * NSEC_PER_SEC);
	if (err == -ECANCELED)
		atomic_inc(&e_group_told);
	gort_syscall(e_k_nap, NULL);
	atomic_inc(&e_group_ended);
	return err;
}

/* One that fails, after the others have begun. */
int e_child_fails(void *n)
{
	while (atomic_read(&e_group_begun) < (long)n)
		if (gort_yield())
			break;
	return -EXDEV;
}

static int e_child_exits(void *unused)
{
	gort_exit();
}

static noinline int e_deep(u64 depth)
{
	char frame[512];
	int ret;

	barrier_data(frame);
	ret = depth ? e_deep(depth - 1) : 0;
	barrier_data(frame);
	return ret;
}

static int e_child_overflows(void *unused)
{
	return e_deep(1 << 20);
}

static int e_child_waits(void *grp)
{
	return gort_group_wait(grp);
}

static int e_start(struct gort_group *grp, u64 n, int (*fn)(void *arg))
{
	int err = 0;
	u64 i;

	for (i = 0; i < n && !err; i++)
		err = gort_group_go(grp, fn, NULL);
	return err;
}

/* Until all of them run; false if it is to end. */
static bool e_all_begun(u64 n)
{
	while (atomic_read(&e_group_begun) < n)
		if (gort_yield())
			return false;
	return true;
}

static noinline int e_group_all(u64 n)
{
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL), i, err2;

	for (i = 1; i <= 2 && !err; i++) {
		err = e_start(&grp, n, e_child_quick);
		if (err)
			gort_group_cancel(&grp);
		err2 = gort_group_wait(&grp);
		if (err)
			return err2 == -ECANCELED ? err : -EIO;
		if (err2 || atomic_read(&e_group_ended) != i * n)
			err = -EIO;
	}
	return err;
}

/* The first error ends all; afterwards no more come. */
static noinline int e_group_error(u64 n)
{
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL);

	if (!err)
		err = e_start(&grp, n, e_child_slow);
	if (!err)
		err = gort_group_go(&grp, e_child_fails, (void *)(long)n);
	if (err)
		gort_group_cancel(&grp);
	if (gort_group_wait(&grp) != -EXDEV || err)
		return err ?: -EIO;
	if (atomic_read(&e_group_told) != n || atomic_read(&e_group_ended) != n)
		return -EIO;
	if (gort_group_go(&grp, e_child_quick, NULL) != -ECANCELED)
		return -EIO;
	return gort_group_wait(&grp) == -EXDEV ? 0 : -EIO;
}

static noinline int e_group_cancels(u64 n, bool begun)
{
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL);

	if (!err)
		err = e_start(&grp, n, e_child_slow);
	if (begun && !e_all_begun(n))
		err = -ECANCELED;
	gort_group_cancel(&grp);
	if (gort_group_wait(&grp) != -ECANCELED || err)
		return err ?: -EIO;
	if (gort_group_go(&grp, e_child_quick, NULL) != -ECANCELED)
		return -EIO;
	return atomic_read(&e_group_told) == n ? 0 : -EIO;
}

/* The task is cancelled while it waits: none of its children is left. */
static noinline int e_group_ever(u64 n)
{
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL), err2;

	if (!err)
		err = e_start(&grp, n, e_child_slow);
	err2 = gort_group_wait(&grp);
	if (!err && atomic_read(&e_group_ended) != n)
		err = -EIO;
	return err ?: err2;
}

static noinline int e_group_late(u64 n, u64 ns)
{
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL);

	if (!err)
		err = e_start(&grp, n, e_child_slow);
	if (!err)
		err = gort_group_wait_until(&grp, gort_now() + ns);
	if (err == -ETIME && (!e_all_begun(n) || atomic_read(&e_group_told)))
		err = -EIO;
	gort_group_cancel(&grp);
	if (gort_group_wait(&grp) != -ECANCELED)
		return -EIO;
	return atomic_read(&e_group_ended) == n ? err : -EIO;
}

static struct gort_lock e_group_lock = GORT_LOCK_INIT(e_group_lock);

static noinline int e_group_misuse(void)
{
	int lock, section, null, go, inside;
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL);

	null = gort_group_go(&grp, NULL, NULL);
	gort_lock(&e_group_lock);
	lock = gort_group_wait(&grp);
	gort_unlock(&e_group_lock);
	gort_preempt_off();
	section = gort_group_wait(&grp);
	go = gort_group_go(&grp, e_child_quick, NULL);
	gort_preempt_on();
	inside = gort_call(e_k_group_wait, &grp);
	if (null != -EINVAL || lock != -EDEADLK || section != -EDEADLK ||
	    go != -EDEADLK || inside != -EPERM)
		return -EIO;
	if (!err)
		err = gort_group_go(&grp, e_child_waits, &grp);
	if (gort_group_wait(&grp) != -EDEADLK)
		return -EIO;
	return err;
}

/* More than the context may have. */
static noinline int e_group_cap(void)
{
	struct gort_group grp;
	int err = gort_group_init(&grp, e_small_ctx);

	if (!err)
		err = e_start(&grp, E_SMALL_CTX + 1, e_child_slow);
	gort_group_cancel(&grp);
	if (gort_group_wait(&grp) != -ECANCELED)
		return -EIO;
	return atomic_read(&e_group_ended) == E_SMALL_CTX ? err : -EIO;
}

/* The G ends without waiting, its children use its stack. */
static noinline int e_group_leaves(u64 n, bool exits)
{
	struct gort_group outer, inner;
	int err = gort_group_init(&outer, NULL);

	if (!err)
		err = gort_group_init(&inner, NULL);
	if (!err)
		err = e_start(&outer, n, e_child_slow);
	if (!err)
		err = e_start(&inner, n, e_child_slow);
	if (err)
		return err;
	if (exits)
		gort_exit();
	return e_deep(1 << 20);
}

static int e_child_leaves(void *depth)
{
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL);

	if (!err && depth)
		err = gort_group_go(&grp, e_child_leaves, depth - 1);
	if (err)
		return err;
	atomic_inc(&e_group_begun);
	gort_exit();
}

/* Each ends before its child: they are buried from the last one on. */
static noinline int e_group_chain(u64 n)
{
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL), err2;

	if (!err)
		err = gort_group_go(&grp, e_child_leaves, (void *)n);
	err2 = gort_group_wait(&grp);
	return err ?: err2;
}

static noinline int e_group_child(int (*fn)(void *arg))
{
	struct gort_group grp;
	int err = gort_group_init(&grp, NULL), err2;

	if (!err)
		err = gort_group_go(&grp, fn, NULL);
	err2 = gort_group_wait(&grp);
	return err ?: err2;
}

static int e_child_tree(void *depth)
{
	struct gort_group grp;
	int err, i, err2;

	atomic_inc(&e_group_begun);
	if (!depth)
		return 0;
	err = gort_group_init(&grp, NULL);
	for (i = 0; i < 3 && !err; i++)
		err = gort_group_go(&grp, e_child_tree, depth - 1);
	if (err)
		gort_group_cancel(&grp);
	err2 = gort_group_wait(&grp);
	return err ?: err2;
}

/* e_group: what (enum e_group_what), n, ns. EIO if something is wrong. */
int e_group(const u64 *args, u64 *result)
{
	u64 n = args[1];
	int err;

	atomic_set(&e_group_begun, 0);
	atomic_set(&e_group_ended, 0);
	atomic_set(&e_group_told, 0);
	switch (args[0]) {
	case E_GROUP_ALL:
		return e_group_all(n);
	case E_GROUP_ERROR:
		return e_group_error(n);
	case E_GROUP_CANCEL:
		return e_group_cancels(n, true);
	case E_GROUP_CANCEL_EARLY:
		return e_group_cancels(n, false);
	case E_GROUP_EVER:
		return e_group_ever(n);
	case E_GROUP_LATE:
		return e_group_late(n, args[2]);
	case E_GROUP_MISUSE:
		return e_group_misuse();
	case E_GROUP_CAP:
		return e_group_cap();
	case E_GROUP_EXIT:
		return e_group_leaves(n, true);
	case E_GROUP_OVERFLOW:
		return e_group_leaves(n, false);
	case E_GROUP_CHAIN:
		err = e_group_chain(n);
		*result = atomic_read(&e_group_begun);
		return err;
	case E_GROUP_CHILD_EXIT:
		return e_group_child(e_child_exits);
	case E_GROUP_CHILD_OVERFLOW:
		return e_group_child(e_child_overflows);
	default:
		err = e_child_tree((void *)n);
		*result = atomic_read(&e_group_begun);
		return err;
	}
}
