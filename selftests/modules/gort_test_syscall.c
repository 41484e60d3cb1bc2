// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for syscall_test: calls that block, announced (gort_syscall) and not
 * (gort_call), and what happens to preemption and to other Gs meanwhile.
 *
 * Between the return of such a call and the next function in G code there is no
 * check: what a request that came during the call leads to shows there.
 */

#include "gort_test_kernel.h"

/*
 * t_gate: how, stay. Blocks until the gate is open. Result: the CPU afterwards.
 * With @stay it counts as one that has passed, and stays away until all are
 * called to the gate.
 */
int t_gate(const u64 *args, u64 *result)
{
	int err;

	if (args[1])
		atomic_inc(&t_passed);
	while (args[1] && !READ_ONCE(t_gate_calls) &&
	       !READ_ONCE(t_gate_is_open))
		if (gort_yield())
			return -ECANCELED;
	err = t_do(args[0], t_k_gate, NULL);
	atomic_inc(&t_passed);
	t_check();
	*result = t_cpu();
	return err;
}

/* t_open: no arguments. */
int t_open_gate(const u64 *args, u64 *result)
{
	gort_call(t_k_gate_open, (void *)1);
	*result = 0;
	return 0;
}

/* t_blocking: us, count, how. Blocks so often for so long. Result: count. */
int t_blocking(const u64 *args, u64 *result)
{
	u64 i;

	for (i = 0; i < args[1]; i++) {
		t_do(args[2], t_k_usleep, (void *)args[0]);
		if (gort_cancelled())
			return -ECANCELED;
	}
	*result = i;
	return 0;
}

/**
 * struct t_after - Gs that do nothing but short blocking calls
 * @grp: they and their parent
 * @us: how long each call blocks
 * @started: how many of them have begun
 * @stop: they are to end
 */
struct t_after {
	struct t_group grp;
	u64 us;
	atomic_t started;
	bool stop;
};

static void t_after_fn(void *arg)
{
	struct t_after *t = arg;

	atomic_inc(&t->started);
	while (!READ_ONCE(t->stop))
		gort_syscall(t_k_usleep, (void *)t->us);
	t_child_done(&t->grp, 0);
}

/*
 * t_aftercall: us, tasks. All of them are to get their first turn, while those
 * that have had it, and this G, only make blocking calls of so many us. ETIME
 * if they do not. Result: calls of this G until then.
 */
int t_aftercall(const u64 *args, u64 *result)
{
	u64 until = gort_now() + T_PATIENCE_NS, i, calls = 0;
	struct t_after *t = t_alloc(sizeof(*t));
	int err = 0;

	if (!t)
		return -ENOMEM;
	t->us = args[0];
	for (i = 0; i < args[1] && !err; i++)
		err = t_spawn(&t->grp, t_after_fn, t);
	while (!err && atomic_read(&t->started) < args[1]) {
		gort_syscall(t_k_usleep, (void *)t->us);
		calls++;
		if (gort_now() > until)
			err = -ETIME;
	}
	WRITE_ONCE(t->stop, true);
	t_join(&t->grp);
	t_free(t);
	*result = calls;
	return err;
}

/*
 * t_exit: trials, naps, how. Each call lasts so many naps, so that the tick asks
 * the G to yield meanwhile; the first check after it must. Result: trials in
 * which it did not.
 */
int t_exit_call(const u64 *args, u64 *result)
{
	struct gort_g_stats in, out;
	u64 i, lost = 0;

	for (i = 0; i < args[0]; i++) {
		t_do(args[2], t_k_naps, (void *)args[1]);
		gort_self_stats(&in);
		t_check();
		gort_self_stats(&out);
		lost += out.preempted == in.preempted;
	}
	*result = lost;
	return 0;
}

/*
 * t_nest: what. Result: where the inner one of two calls finds itself: 1 in a G,
 * 2 not allowed to sleep. Both block (0), a call in a blocking one (1), a
 * blocking one in a call (2), both do not (3). 4: how much of what only a G may
 * do is allowed in a blocking call.
 */
int t_nest(const u64 *args, u64 *result)
{
	switch (args[0]) {
	case 0:
		*result = gort_syscall(t_k_nested_syscall, NULL);
		break;
	case 1:
		*result = gort_syscall(t_k_nested_call, NULL);
		break;
	case 2:
		*result = gort_call(t_k_nested_syscall, NULL);
		break;
	case 3:
		*result = gort_call(t_k_nested_call, NULL);
		break;
	default:
		*result = gort_syscall(t_k_as_g, NULL);
		break;
	}
	return 0;
}

/*
 * t_sysmisuse: kind. A blocking call with the sections of a kind open. Returns
 * what that returned. Result: how often the function was called, and what
 * t_k_state() finds wrong with the M afterwards, times 256.
 */
int t_sysmisuse(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	atomic_t n = ATOMIC_INIT(0);
	long err;

	if (!l)
		return -ENOMEM;
	t_open(l, args[0]);
	err = gort_syscall(t_k_count, &n);
	t_close(l, args[0]);
	*result = atomic_read(&n) + 256 * gort_call(t_k_state, NULL);
	t_free(l);
	return err;
}

/**
 * struct t_within - a G that is made ready by a function in a blocking call
 * @grp: it and its parent
 * @g: the G, referenced
 * @woken: how often it was
 * @rounds: how often it is to be
 */
struct t_within {
	struct t_group grp;
	struct gort_g *g;
	atomic_t woken;
	u64 rounds;
};

static void t_within_fn(void *arg)
{
	struct t_within *t = arg;
	u64 i;

	WRITE_ONCE(t->g, gort_get(gort_self()));
	gort_ready(t->grp.parent);
	for (i = 0; i < t->rounds; i++) {
		gort_park("to be woken from a call");
		atomic_inc(&t->woken);
	}
	t_child_done(&t->grp, 0);
}

/* A child that is made by a function in a blocking call. */
static int t_go_within(struct t_group *grp)
{
	int err;

	gort_get(grp->parent);
	atomic_inc(&grp->left);
	err = gort_syscall(t_k_go, grp);
	if (err) {
		atomic_dec(&grp->left);
		gort_put(grp->parent);
	}
	return err;
}

/*
 * t_within: count. Functions in blocking calls wake another G so often, once at
 * a time, and make as many new ones. Result: wake-ups.
 */
int t_within(const u64 *args, u64 *result)
{
	struct t_within *t = t_alloc(sizeof(*t));
	int err;
	u64 i;

	if (!t)
		return -ENOMEM;
	t->rounds = args[0];
	err = t_spawn(&t->grp, t_within_fn, t);
	while (!err && !READ_ONCE(t->g))
		if (gort_park("partner's start"))
			gort_yield();
	for (i = 0; i < args[0] && !err; i++) {
		gort_syscall(t_k_ready, t->g);
		while (atomic_read(&t->woken) <= i)
			gort_yield();
		err = t_go_within(&t->grp);
	}
	t_join(&t->grp);
	*result = atomic_read(&t->woken);
	if (t->g)
		gort_put(t->g);
	t_free(t);
	return err;
}

static void t_bump_until(void *arg)
{
	struct t_after *t = arg;

	while (!READ_ONCE(t->stop)) {
		atomic_inc(&t->started);
		gort_yield();
	}
	t_child_done(&t->grp, 0);
}

/*
 * t_lockcall: naps. Another G counts all the time; this one takes a lock and
 * sleeps in gort_call() for so many naps. Result: how far the other one came
 * meanwhile; on one P it may not run.
 */
int t_lockcall(const u64 *args, u64 *result)
{
	struct t_after *t = t_alloc(sizeof(*t));
	int err, before;

	if (!t)
		return -ENOMEM;
	err = t_spawn(&t->grp, t_bump_until, t);
	while (!err && !atomic_read(&t->started))
		gort_yield();
	gort_lock(&t_shared_lock);
	before = atomic_read(&t->started);
	gort_call(t_k_naps, (void *)args[0]);
	*result = atomic_read(&t->started) - before;
	gort_unlock(&t_shared_lock);
	WRITE_ONCE(t->stop, true);
	t_join(&t->grp);
	t_free(t);
	return err;
}

/* t_cpus: us. Takes the lock on CPU hotplug again and again, until cancelled. */
int t_cpus(const u64 *args, u64 *result)
{
	u64 n;

	for (n = 0; !gort_cancelled(); n++)
		gort_syscall(t_k_cpus, (void *)args[0]);
	*result = n;
	return 0;
}
