// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for stw_test: the world is stopped, and others see to it that there is
 * something to stop.
 *
 * Whether anybody runs while it stands still is told by t_bumps, which t_bump
 * counts up as fast as it can.
 */

#include "gort_test_kernel.h"

/* t_bump: no arguments; counts until it is cancelled, and then returns 0. */
int t_bump(const u64 *args, u64 *result)
{
	u64 n;

	for (n = 0; !gort_cancelled(); n++) {
		atomic64_inc(&t_bumps);
		t_check();
	}
	*result = n;
	return 0;
}

void t_bump_once(void *unused)
{
	t_check();
	atomic64_inc(&t_bumps);
}

/*
 * t_stop: count, us, pause. Stops the world so often, each time for so many us,
 * with so many checks in between. Result: how often somebody ran meanwhile.
 */
int t_stop(const u64 *args, u64 *result)
{
	u64 i, j, bumps, bad = 0;
	int err = 0;

	for (i = 0; i < args[0] && !err; i++) {
		err = gort_stop_the_world();
		if (err)
			break;
		bumps = atomic64_read(&t_bumps);
		gort_call(t_k_spin, (void *)args[1]);
		bad += atomic64_read(&t_bumps) != bumps;
		gort_start_the_world();
		for (j = 0; j < args[2]; j++)
			t_check();
	}
	*result = bad;
	return err;
}

/* t_stopcall: count. The same by a function that counts as an ordinary task. */
int t_stopcall(const u64 *args, u64 *result)
{
	u64 i, bad = 0;
	int err = 0;

	for (i = 0; i < args[0] && !err; i++) {
		err = gort_syscall(t_k_stop, (void *)100);
		if (err == -EPROTO) {
			bad++;
			err = 0;
		}
	}
	*result = bad;
	return err;
}

/*
 * t_stopreq: trials. A request comes while the G has stopped the world, and is
 * put off; the first check after the start must answer it. Result: trials in
 * which it did not. EPROTO if a request was not put off.
 */
int t_stopreq(const u64 *args, u64 *result)
{
	struct gort_g_stats in, mid, out;
	u64 i, lost = 0;
	int err = 0;

	for (i = 0; i < args[0] && !err; i++) {
		err = gort_stop_the_world();
		if (err)
			break;
		gort_self_stats(&in);
		gort_preempt_self();
		t_check();
		gort_self_stats(&mid);
		gort_start_the_world();
		t_check();
		gort_self_stats(&out);
		if (mid.declined == in.declined ||
		    mid.preempted != in.preempted)
			err = -EPROTO;
		lost += out.preempted == mid.preempted;
	}
	*result = lost;
	return err;
}

/* What blocks, while the world stands still: all of it must be refused. */
static int t_block_stopped(void)
{
	int err = gort_stop_the_world();
	atomic_t n = ATOMIC_INIT(0);

	if (err)
		return err;
	err = -EDEADLK;
	if (gort_yield() != err || gort_park("stopped") != err ||
	    gort_sleep(NSEC_PER_MSEC) != err ||
	    gort_syscall(t_k_count, &n) != err || atomic_read(&n))
		err = -EPROTO;
	gort_start_the_world();
	return err;
}

static int t_stop_twice(void)
{
	int err = gort_stop_the_world(), nested;

	if (err)
		return -EPROTO;
	nested = gort_stop_the_world();
	gort_start_the_world();
	return nested;
}

static int t_stop_in_section(unsigned int kind)
{
	struct t_locks *l = t_locks_new();
	int err;

	if (!l)
		return -ENOMEM;
	t_open(l, kind);
	err = gort_stop_the_world();
	if (!err)
		gort_start_the_world();
	t_close(l, kind);
	t_free(l);
	return err;
}

/* Ends while the world stands still, by the one way or the other. */
static int t_stop_and_end(bool call)
{
	int err = gort_stop_the_world();

	if (!err && call)
		gort_exit();
	return err;
}

/*
 * t_stopbad: what, kind. Returns what the wrong call returned: start without
 * stop (0), a stop in a stop (1), inside sections of a kind (2), in gort_call()
 * (3); ends while the world stands still by returning (4) and by gort_exit()
 * (5); blocks while it does (6).
 */
int t_stopbad(const u64 *args, u64 *result)
{
	int err = 0;

	*result = 0;
	switch (args[0]) {
	case 0:
		gort_start_the_world();
		break;
	case 1:
		err = t_stop_twice();
		break;
	case 2:
		err = t_stop_in_section(args[1]);
		break;
	case 3:
		err = gort_call(t_k_stop, NULL);
		break;
	case 4:
		err = t_stop_and_end(false);
		break;
	case 5:
		err = t_stop_and_end(true);
		break;
	case 6:
		err = t_block_stopped();
		break;
	}
	return err;
}

/**
 * struct t_mobile - Gs of which each starts the next
 * @grp: they and the G that started the first one
 * @count: how many there were
 * @stop: no more
 */
struct t_mobile {
	struct t_group grp;
	atomic_t count;
	bool stop;
};

static void t_mobile_fn(void *arg)
{
	struct t_mobile *t = arg;
	int err = 0;

	atomic_inc(&t->count);
	if (!READ_ONCE(t->stop))
		err = t_spawn(&t->grp, t_mobile_fn, t);
	t_child_done(&t->grp, err);
}

/* t_spawner: no arguments; until it is cancelled. Result: how many Gs there were. */
int t_spawner(const u64 *args, u64 *result)
{
	struct t_mobile *t = t_alloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	err = t_spawn(&t->grp, t_mobile_fn, t);
	while (!err && !gort_cancelled())
		gort_sleep(NSEC_PER_MSEC);
	WRITE_ONCE(t->stop, true);
	err = t_join(&t->grp) ?: err;
	*result = atomic_read(&t->count);
	t_free(t);
	return err;
}

/*
 * t_heavy: inside, outside, kind. So many checks inside the sections of a kind,
 * and so many outside and one, in turn, until it is cancelled. Result: sections
 * in which a request was put off, and in the high half those after which the
 * first check did not answer it.
 */
int t_heavy(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	struct gort_g_stats in, mid, out;
	u64 i, put_off = 0, late = 0;

	if (!l)
		return -ENOMEM;
	while (!gort_cancelled()) {
		gort_self_stats(&in);
		t_open(l, args[2]);
		for (i = 0; i < args[0]; i++)
			t_check();
		t_close(l, args[2]);
		gort_self_stats(&mid);
		t_check();
		gort_self_stats(&out);
		if (mid.declined != in.declined) {
			put_off++;
			late += out.preempted == mid.preempted;
		}
		for (i = 0; i < args[1]; i++)
			t_check();
	}
	*result = put_off | late << 32;
	t_free(l);
	return 0;
}
