// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for steps_test: blocking calls, and stopping the world.
 */

#include "gort_test_mod.h"

/* What t_calls does in each of its rounds; user space passes these. */
enum t_calls_how {
	T_BLOCK_BURN,		/* an announced call that keeps the CPU */
	T_BLOCK_SLEEP,		/* one that sleeps */
	T_BLOCK_UNANNOUNCED,	/* one that sleeps and was not announced */
};

/*
 * t_calls: rounds, ns, how. Calls something that takes so long, and passes a
 * check, so many times. Result: how often it was made to yield.
 */
int t_calls(const u64 *args, u64 *result)
{
	struct gort_g_stats st;
	u64 i;

	for (i = 0; i < args[0]; i++) {
		if (args[2] == T_BLOCK_BURN)
			gort_syscall(t_k_burn, (void *)args[1]);
		else if (args[2] == T_BLOCK_SLEEP)
			gort_syscall(t_k_sleep, (void *)args[1]);
		else
			gort_call(t_k_sleep, (void *)args[1]);
		t_check();
		if (gort_cancelled())
			return -ECANCELED;
	}
	gort_self_stats(&st);
	*result = st.preempted;
	return 0;
}

static atomic64_t t_moves;

/*
 * t_move: ns. Counts in t_moves until it is cancelled, and in between sleeps in
 * a blocking call for so long; 0: makes none.
 */
int t_move(const u64 *args, u64 *result)
{
	while (!gort_cancelled()) {
		atomic64_inc(&t_moves);
		t_check();
		if (args[0])
			gort_syscall(t_k_sleep, (void *)args[0]);
	}
	*result = 0;
	return -ECANCELED;
}

/*
 * t_stand: rounds, ns. Stops the world for so long, that many times. Result:
 * times that somebody counted meanwhile.
 */
int t_stand(const u64 *args, u64 *result)
{
	u64 i, before, moved = 0;
	int err;

	for (i = 0; i < args[0]; i++) {
		err = gort_stop_the_world();
		if (err)
			return err;
		before = atomic64_read(&t_moves);
		gort_call(t_k_burn, (void *)args[1]);
		moved += atomic64_read(&t_moves) != before;
		gort_start_the_world();
		/* let them get on */
		gort_sleep(args[1]);
	}
	*result = moved;
	return 0;
}

/*
 * t_stopped: trials. A request comes while this G has stopped the world. It must
 * be put off, and answered by the first check after the start. Result: trials in
 * which it was not. EPROTO if it was answered before.
 */
int t_stopped(const u64 *args, u64 *result)
{
	struct gort_g_stats in, mid, out;
	u64 i, lost = 0;
	int err;

	for (i = 0; i < args[0]; i++) {
		err = gort_stop_the_world();
		if (err)
			return err;
		gort_self_stats(&in);
		gort_preempt_self();
		t_check();
		gort_self_stats(&mid);
		gort_start_the_world();
		t_check();
		gort_self_stats(&out);
		if (mid.preempted != in.preempted ||
		    mid.declined == in.declined)
			return -EPROTO;
		lost += out.preempted == mid.preempted;
	}
	*result = lost;
	return 0;
}

/*
 * t_stops: rounds. Result: in how many of them another CPU had a tick of gort
 * before the world stood still.
 */
int t_stops(const u64 *args, u64 *result)
{
	u64 i, ticks, late = 0;
	int err;

	for (i = 0; i < args[0]; i++) {
		gort_call(t_k_burn, (void *)NSEC_PER_MSEC);
		ticks = gort_call(t_k_other_ticks, NULL);
		err = gort_stop_the_world();
		if (err)
			return err;
		late += (u64)gort_call(t_k_other_ticks, NULL) != ticks;
		gort_start_the_world();
	}
	*result = late;
	return 0;
}
