// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for thread_test: Gs that stay on their M.
 *
 * Which M runs a G is told by the id of its thread. On one P, two Gs that only
 * yield share the M, unless one of them is locked to it.
 */

#include "gort_test_kernel.h"

static long t_pid(void)
{
	return gort_call(t_k_pid, NULL);
}

static void t_leave_for_a_while(u64 what)
{
	switch (what) {
	case 0:
		gort_yield();
		break;
	case 1:
		gort_sleep(100 * NSEC_PER_USEC);
		break;
	case 2:
		gort_preempt_self();
		t_check();
		break;
	case 3:
		gort_syscall(t_k_usleep, (void *)100);
		break;
	case 4:
		gort_syscall(t_k_naps, (void *)5);
		break;
	case 5:
		gort_call(t_k_usleep, (void *)30000);
		break;
	case 6:
		gort_park_until(gort_now() + 100 * NSEC_PER_USEC, "a while");
		break;
	}
}

/*
 * t_samem: rounds, what. A locked G leaves its stack again and again: yields
 * (0), sleeps (1), is preempted (2), blocks for short (3) and for long (4), also
 * without saying so (5), parks (6). EXDEV if it ever came back on another M.
 * Result: rounds.
 */
int t_samem(const u64 *args, u64 *result)
{
	int err = gort_lock_thread();
	long pid = t_pid();
	u64 i;

	for (i = 0; i < args[0] && !err; i++) {
		t_leave_for_a_while(args[1]);
		if (t_pid() != pid)
			err = -EXDEV;
	}
	*result = i;
	return err ?: gort_unlock_thread();
}

/**
 * struct t_sampler - Gs that look which M they run on
 * @grp: they and their parent
 * @pid: M of the last one that looked
 * @home: M that none of them may run on
 * @seen: how often they have looked
 * @bad: how often one was on @home
 * @stop: they are to end
 */
struct t_sampler {
	struct t_group grp;
	long pid;
	long home;
	atomic_t seen;
	atomic_t bad;
	bool stop;
};

static void t_sampler_fn(void *arg)
{
	struct t_sampler *t = arg;
	u64 i;

	while (!READ_ONCE(t->stop)) {
		WRITE_ONCE(t->pid, t_pid());
		if (t_pid() == READ_ONCE(t->home))
			atomic_inc(&t->bad);
		atomic_inc(&t->seen);
		for (i = 0; i < 100; i++)
			t_check();
		gort_yield();
	}
	t_child_done(&t->grp, 0);
}

/*
 * On one P: does the sampler run on the M of the caller? Its first look may have
 * begun before, and have been made to yield in the middle.
 */
static bool t_shares(struct t_sampler *t)
{
	int seen = atomic_read(&t->seen);

	while (atomic_read(&t->seen) < seen + 2)
		gort_yield();
	return READ_ONCE(t->pid) == t_pid();
}

static int t_nesting_steps(struct t_sampler *t, u64 *step)
{
	static const struct {
		bool lock;
		int err;
		bool shares;
	} steps[] = {
		{ false, -EINVAL, true },
		{ true, 0, false },
		{ true, 0, false },
		{ false, 0, false },
		{ true, 0, false },
		{ false, 0, false },
		{ false, 0, true },
		{ false, -EINVAL, true },
		{ true, 0, false },
		{ false, 0, true },
	};
	int err;

	for (*step = 0; *step < ARRAY_SIZE(steps); ++*step) {
		err = steps[*step].lock ? gort_lock_thread() :
					  gort_unlock_thread();
		if (err != steps[*step].err)
			return -EPROTO;
		if (t_shares(t) != steps[*step].shares)
			return -EXDEV;
	}
	return 0;
}

/*
 * t_nesting: no arguments; on one P. Locks and unlocks in a fixed order, and
 * looks each time whether another G runs on the same M. EPROTO if one of them
 * returned something else than it should, EXDEV if the other G was or was not
 * there. Result: the step; 10 if all was well.
 */
int t_nesting(const u64 *args, u64 *result)
{
	struct t_sampler *t = t_alloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	err = t_spawn(&t->grp, t_sampler_fn, t) ?: t_nesting_steps(t, result);
	WRITE_ONCE(t->stop, true);
	t_join(&t->grp);
	t_free(t);
	return err;
}

/* t_toomany: no arguments. Locks until that fails; result: how often it did not. */
int t_toomany(const u64 *args, u64 *result)
{
	u64 n = 0, i;
	int err;

	do {
		err = gort_lock_thread();
		n += !err;
	} while (!err && n < 1 << 20);
	for (i = 0; i < n; i++)
		if (gort_unlock_thread())
			err = -EPROTO;
	*result = n;
	return gort_unlock_thread() == -EINVAL ? err : -EPROTO;
}

/* Has its P handed to whatever M is there, again and again. */
static void t_blocker_fn(void *arg)
{
	struct t_sampler *t = arg;

	while (!READ_ONCE(t->stop) && !gort_cancelled()) {
		gort_syscall(t_k_usleep, (void *)5000);
		gort_yield();
	}
	t_child_done(&t->grp, 0);
}

/*
 * t_beside: others, rounds. A locked G yields, sleeps and blocks while others
 * run all the time, and one blocks. Result: how often one of them ran on its M; EXDEV if it
 * left that itself. ETIME if the others did not run.
 */
int t_beside(const u64 *args, u64 *result)
{
	struct t_sampler *t = t_alloc(sizeof(*t));
	int err = 0;
	u64 i;

	if (!t)
		return -ENOMEM;
	gort_lock_thread();
	t->home = t_pid();
	for (i = 0; i < args[0] && !err; i++)
		err = t_spawn(&t->grp, t_sampler_fn, t);
	if (!err)
		err = t_spawn(&t->grp, t_blocker_fn, t);
	for (i = 0; i < args[1] && !err; i++) {
		t_leave_for_a_while(i % 7);
		if (t_pid() != t->home)
			err = -EXDEV;
	}
	if (!err && atomic_read(&t->seen) < args[1])
		err = -ETIME;
	WRITE_ONCE(t->stop, true);
	t_join(&t->grp);
	*result = atomic_read(&t->bad);
	t_free(t);
	gort_unlock_thread();
	return err;
}

/*
 * t_lockexit: how. Ends while it is locked to its M (bit 0 clear) or after it
 * was; by returning (bit 1 clear) or by gort_exit(). Result: the M's thread.
 */
int t_lockexit(const u64 *args, u64 *result)
{
	int err = gort_lock_thread();

	*result = t_pid();
	if (!err && args[0] & 1)
		err = gort_unlock_thread();
	if (args[0] & 2)
		gort_exit();
	return err;
}

/*
 * t_lockgate: how. A locked G waits for the gate to open: it looks and sleeps
 * (0), looks and yields (1), or blocks (2). EXDEV if it then does not stay on
 * the M on which it is. Result: its first M in the high half, its last one in
 * the low half.
 */
int t_lockgate(const u64 *args, u64 *result)
{
	int err = gort_lock_thread(), i;
	long first = t_pid(), last;

	if (args[0] == 2)
		err = gort_syscall(t_k_gate, NULL) ?: err;
	else
		atomic_inc(&t_gate_waiting);
	while (!err && !READ_ONCE(t_gate_is_open))
		err = args[0] ? gort_yield() : gort_sleep(NSEC_PER_MSEC);
	if (args[0] != 2)
		atomic_dec(&t_gate_waiting);
	last = t_pid();
	for (i = 0; i < 14 && !err; i++) {
		t_leave_for_a_while(i % 7);
		if (t_pid() != last)
			err = -EXDEV;
	}
	*result = (u64)first << 32 | last;
	atomic_inc(&t_passed);
	return err ?: gort_unlock_thread();
}

/* t_lockhog: no arguments. A locked G that only calls, until it is cancelled. */
int t_lockhog(const u64 *args, u64 *result)
{
	int err = gort_lock_thread();
	u64 n;

	for (n = 0; !err && !gort_cancelled(); n++)
		t_check();
	*result = n;
	return err ?: gort_unlock_thread();
}

/**
 * struct t_box - where one G leaves a value for another
 * @grp: who leaves it, and its parent, who takes it
 * @g: the former, referenced
 * @value: the last one, from 1 on
 * @taken: the last one that was taken
 * @count: how many there will be
 * @mode: what the sender does
 */
struct t_box {
	struct t_group grp;
	struct gort_g *g;
	u64 value;
	u64 taken;
	u64 count;
	u64 mode;
};

/* A G that polls for a message and yields. */
static void t_progress_fn(void *arg)
{
	struct t_box *t = arg;
	int err = t->mode ? gort_lock_thread() : 0;
	u64 i;

	for (i = 1; i <= t->count; i++) {
		/* the acquires and releases pair with those in t_progress() */
		while (smp_load_acquire(&t->value) < i)
			gort_yield();
		smp_store_release(&t->taken, i); /* see above */
		gort_ready(t->grp.parent);
	}
	t_child_done(&t->grp, err);
}

/*
 * t_progress: rounds, locked. Another G, locked to its M or not, polls and yields
 * until it sees a message. Result: rounds.
 */
int t_progress(const u64 *args, u64 *result)
{
	struct t_box *t = t_alloc(sizeof(*t));
	int err;
	u64 i;

	if (!t)
		return -ENOMEM;
	t->count = args[0];
	t->mode = args[1];
	err = t_spawn(&t->grp, t_progress_fn, t);
	for (i = 1; i <= t->count && !err; i++) {
		gort_sleep(NSEC_PER_MSEC);
		smp_store_release(&t->value, i); /* see t_progress_fn() */
		/* see t_progress_fn() */
		while (smp_load_acquire(&t->taken) < i)
			if (gort_park("an answer"))
				gort_yield();
	}
	err = t_join(&t->grp) ?: err;
	t_free(t);
	*result = args[0];
	return err;
}

#define T_BOX_YIELDS	1
#define T_BOX_UNLOCKS	2

/* Leaves one value after the other; each is to be taken before the next. */
static void t_messages_fn(void *arg)
{
	struct t_box *t = arg;
	int err = gort_lock_thread();
	long pid = t_pid();
	u64 i;

	WRITE_ONCE(t->g, gort_get(gort_self()));
	for (i = 1; i <= t->count && !err; i++) {
		if (t->mode & T_BOX_YIELDS) {
			gort_yield();
			gort_sleep(NSEC_PER_MSEC);
		}
		/* the acquires and releases pair with those in t_messages() */
		smp_store_release(&t->value, i);
		gort_ready(t->grp.parent);
		while (smp_load_acquire(&t->taken) < i) /* see above */
			if (gort_park("a taker"))
				gort_yield();
		if (t_pid() != pid)
			err = -EXDEV;
	}
	if (t->mode & T_BOX_UNLOCKS)
		err = gort_unlock_thread() ?: err;
	t_child_done(&t->grp, err);
}

/*
 * t_messages: count, yields, unlock. A locked G hands so many messages over, one
 * at a time, yields and sleeps in between or not, and ends locked or not.
 * Result: messages.
 */
int t_messages(const u64 *args, u64 *result)
{
	struct t_box *t = t_alloc(sizeof(*t));
	int err;
	u64 i;

	if (!t)
		return -ENOMEM;
	t->count = args[0];
	t->mode = (args[1] ? T_BOX_YIELDS : 0) | (args[2] ? T_BOX_UNLOCKS : 0);
	err = t_spawn(&t->grp, t_messages_fn, t);
	for (i = 1; i <= t->count && !err; i++) {
		/* see t_messages_fn() */
		while (smp_load_acquire(&t->value) < i &&
		       atomic_read(&t->grp.left))
			if (gort_park("a message"))
				gort_yield();
		if (READ_ONCE(t->value) != i)
			break;
		smp_store_release(&t->taken, i); /* see t_messages_fn() */
		gort_ready(t->g);
	}
	err = t_join(&t->grp) ?: err;
	if (t->g)
		gort_put(t->g);
	t_free(t);
	*result = i - 1;
	return err;
}
