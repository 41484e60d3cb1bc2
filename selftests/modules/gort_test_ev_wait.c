// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for event_test: waiting for wait queues, completions and files.
 */

#include <linux/err.h>

#include "gort_test_ev.h"

static noinline bool e_look(void)
{
	atomic_inc(&e_scene.looks);
	return READ_ONCE(e_scene.flag);
}

static noinline bool e_look_exit(void)
{
	gort_exit();
}

static noinline bool e_look_deep(u64 depth)
{
	char frame[512];
	bool ret;

	barrier_data(frame);
	ret = !depth || e_look_deep(depth - 1);
	barrier_data(frame);
	return ret;
}

/* Waits for another queue, in vain, before it looks. */
static noinline bool e_look_nested(void)
{
	if (gort_wait_event_until(e_scene.inner, READ_ONCE(e_scene.times) > 9,
				  gort_now() + NSEC_PER_MSEC) != -ETIME)
		return false;
	return e_look();
}

/* The wake-up comes when nobody sleeps yet. */
static noinline bool e_look_almost(void)
{
	bool was = e_look();

	gort_call(e_k_wake, NULL);
	return was;
}

static noinline int e_wait_event(u64 how, u64 deadline)
{
	switch (how) {
	case E_EXIT:
		return gort_wait_event_until(e_scene.wq, e_look_exit(),
					     deadline);
	case E_OVERFLOW:
		return gort_wait_event_until(e_scene.wq, e_look_deep(1 << 20),
					     deadline);
	case E_NESTED:
		return gort_wait_event_until(e_scene.wq, e_look_nested(),
					     deadline);
	case E_ALMOST:
		return gort_wait_event_until(e_scene.wq, e_look_almost(),
					     deadline);
	default:
		return gort_wait_event_until(e_scene.wq, e_look(), deadline);
	}
}

static noinline int e_wait_for(u64 kind, u64 how, u64 deadline)
{
	switch (kind) {
	case E_EVENT:
		return e_wait_event(how, deadline);
	case E_DONE:
		return gort_wait_completion_until(&e_scene.done, deadline);
	default:
		return gort_poll_until(e_files[0], EPOLLIN, deadline);
	}
}

static noinline int e_wait_inside(u64 kind, bool announced)
{
	static long (* const fn[])(void *arg) = {
		e_k_wait_event, e_k_wait_done, e_k_wait_poll,
	};

	return announced ? gort_syscall(fn[kind], NULL) :
			   gort_call(fn[kind], NULL);
}

static struct gort_lock e_lock = GORT_LOCK_INIT(e_lock);

/* What is to happen meanwhile; the deadline. */
static noinline u64 e_prepare(u64 how, u64 ns)
{
	struct e_timer_args t = { .ns = ns, .times = 1 };

	switch (how) {
	case E_SILENT:
		t.ns = ns / 2;
		t.quiet = true;
		break;
	case E_SPURIOUS:
		t.times = 3;
		t.lie = true;
		break;
	case E_SOFT:
		t.soft = true;
		break;
	case E_NESTED:
	case E_TIMER:
		break;
	case E_TRUE:
	case E_ENDED:
		gort_call(e_k_wake, NULL);
		gort_call(e_k_complete, (void *)1);
		gort_call(e_k_fake_wake, (void *)(__force long)EPOLLIN);
		return GORT_NO_DEADLINE;
	case E_LATE:
		return gort_now() + ns;
	default:
		return GORT_NO_DEADLINE;
	}
	gort_call(e_k_timer, &t);
	if (how == E_SPURIOUS)
		return gort_now() + 100 * ns;
	return how == E_SILENT ? gort_now() + ns : GORT_NO_DEADLINE;
}

/*
 * e_wait: kind, how, ns. What the wait returned. Result: how often the condition
 * was looked at, or what the file is ready for. EIO if it was still queued.
 */
int e_wait(const u64 *args, u64 *result)
{
	u64 kind = args[0], how = args[1], deadline;
	int ret;

	gort_call(e_k_reset, NULL);
	deadline = e_prepare(how, args[2]);
	if (how == E_LOCKED)
		gort_lock(&e_lock);
	else if (how == E_SECTION)
		gort_preempt_off();
	else if (how == E_ENDED)
		gort_cancel(gort_self());
	if (how == E_INSIDE || how == E_SYSCALL)
		ret = e_wait_inside(kind, how == E_SYSCALL);
	else
		ret = e_wait_for(kind, how, deadline);
	if (how == E_LOCKED)
		gort_unlock(&e_lock);
	else if (how == E_SECTION)
		gort_preempt_on();
	gort_call(e_k_timer_end, NULL);
	*result = ret > 0 ? ret : atomic_read(&e_scene.looks);
	if (gort_call(e_k_queued, NULL))
		return -EIO;
	return ret < 0 ? ret : 0;
}

/**
 * struct e_children - Gs that one waits for
 * @parent: who waits
 * @left: how many have not ended
 * @got: how many got what they waited for
 * @error: something that was wrong
 * @kind: what they wait for
 * @deadline: until when
 * @g: one of them, a reference
 * @times: how often each waits
 * @stop: they are to end
 */
struct e_children {
	struct gort_g *parent;
	atomic_t left;
	atomic_t got;
	atomic_t error;
	u64 kind;
	u64 deadline;
	struct gort_g *g;
	u64 times;
	bool stop;
};

static int e_spawn(struct e_children *c, gort_fn_t fn)
{
	int err;

	c->parent = gort_self();
	gort_get(c->parent);
	atomic_inc(&c->left);
	err = gort_go(NULL, fn, c);
	if (err) {
		atomic_dec(&c->left);
		gort_put(c->parent);
	}
	return err;
}

static void e_child_done(struct e_children *c, int err)
{
	struct gort_g *parent = c->parent;

	if (err)
		atomic_cmpxchg(&c->error, 0, err);
	if (atomic_dec_and_test(&c->left))
		gort_ready(parent);
	gort_put(parent);
}

static void e_join(struct e_children *c)
{
	while (atomic_read_acquire(&c->left))
		if (gort_park("children"))
			gort_yield();
}

static void e_crowd_fn(void *arg)
{
	struct e_children *c = arg;
	int ret = e_wait_for(c->kind, E_EVER, GORT_NO_DEADLINE);

	if (ret >= 0)
		atomic_inc(&c->got);
	e_child_done(c, ret < 0 ? ret : 0);
}

/*
 * e_crowd: kind, gs. All wait, until the test lets them go. Result: how many got
 * it.
 */
int e_crowd(const u64 *args, u64 *result)
{
	struct e_children c = { .kind = args[0] };
	int err = 0;
	u64 i;

	for (i = 0; i < args[1] && !err; i++)
		err = e_spawn(&c, e_crowd_fn);
	e_join(&c);
	*result = atomic_read(&c.got);
	return err ?: atomic_read(&c.error);
}

static void e_race_fn(void *arg)
{
	struct e_children *c = arg;
	int ret;

	smp_store_release(&c->g, gort_get(gort_self())); /* e_race_one()'s */
	ret = e_wait_for(c->kind, E_EVER, c->deadline);
	if (ret >= 0)
		atomic_inc(&c->got);
	else if (ret == -ECANCELED || ret == -ETIME)
		ret = 0;
	e_child_done(c, ret < 0 ? ret : 0);
}

/* Makes true what one child waits for, @i tells when. Got it? */
static noinline int e_race_one(u64 kind, u64 against, u64 i)
{
	struct e_timer_args t = { .ns = i * 7919 % 100000, .times = 1 };
	struct e_children c = { .kind = kind, .deadline = GORT_NO_DEADLINE };
	struct gort_g *g;
	int err;

	gort_call(e_k_reset, NULL);
	if (against == 1)
		c.deadline = gort_now() + t.ns;
	err = e_spawn(&c, e_race_fn);
	if (err)
		return err;
	gort_call(e_k_timer, &t);
	/* pairs with the child's release */
	while (against == 2 && !(g = smp_load_acquire(&c.g)))
		gort_yield();
	if (against == 2)
		gort_cancel(g);
	e_join(&c);
	gort_put(c.g);
	if (gort_call(e_k_queued, NULL))
		return -EIO;
	/* it comes true in any case, and is taken once */
	while (!READ_ONCE(e_scene.flag))
		gort_yield();
	gort_call(e_k_timer_end, NULL);
	if (kind == E_DONE && atomic_read(&c.got) + gort_call(e_k_done_left, NULL) != 1)
		return -EIO;
	return atomic_read(&c.error) ?: atomic_read(&c.got);
}

/*
 * e_race: kind, against (0 nobody, 1 deadline, 2 cancel), rounds. EIO if
 * something was lost or stayed. Result: in how many rounds the child got it.
 */
int e_race(const u64 *args, u64 *result)
{
	u64 i;
	int ret;

	*result = 0;
	for (i = 0; i < args[2]; i++) {
		ret = e_race_one(args[0], args[1], i);
		if (ret < 0)
			return ret;
		*result += ret;
		if (gort_cancelled())
			return -ECANCELED;
	}
	return 0;
}

static void e_share_fn(void *arg)
{
	struct e_children *c = arg;
	u64 rand = (unsigned long)gort_self() >> 6, n = 0, deadline;
	int err = 0;

	while (n < c->times && !READ_ONCE(c->stop)) {
		rand = rand * 6364136223846793005ULL + 1442695040888963407ULL;
		deadline = c->times == U64_MAX ?
			   gort_now() + (rand >> 44) : GORT_NO_DEADLINE;
		err = gort_wait_completion_until(&e_scene.done, deadline);
		if (err && err != -ETIME)
			break;
		if (err)
			continue;
		atomic_inc(&c->got);
		n++;
	}
	e_child_done(c, err == -ETIME ? 0 : err);
}

/*
 * e_share: gs, tasks, ns. Gs and tasks wait for one completion, with short
 * deadlines, for so long; with 0 for ns the Gs without, each for 20 of them.
 * EIO if more or less came out than was put in. Result: what Gs got, and in the
 * upper half what tasks got.
 */
int e_share(const u64 *args, u64 *result)
{
	struct e_children c = { .times = args[2] ? U64_MAX : 20 };
	u64 end = gort_now() + args[2], i, done = 0, tasks;
	int err;

	gort_call(e_k_reset, NULL);
	err = gort_syscall(e_k_takers, (void *)args[1]);
	for (i = 0; i < args[0] && !err; i++)
		err = e_spawn(&c, e_share_fn);
	while (!err && (args[2] ? gort_now() < end : atomic_read(&c.left))) {
		i = done % 7 + 1;
		gort_call(e_k_complete, (void *)i);
		done += i;
		err = done & 1 ? gort_sleep(100000) : gort_yield();
	}
	WRITE_ONCE(c.stop, true);
	e_join(&c);
	tasks = gort_syscall(e_k_takers_end, NULL);
	*result = atomic_read(&c.got) | tasks << 32;
	if (!err)
		err = atomic_read(&c.error);
	if (!err && atomic_read(&c.got) + tasks +
		    gort_call(e_k_done_left, NULL) != done)
		err = -EIO;
	return err;
}

static void e_chosen_fn(void *arg)
{
	struct e_children *c = arg;
	int err = gort_wait_completion_until(&e_scene.done, c->deadline);

	if (!err)
		atomic_inc(&c->got);
	e_child_done(c, err == -ETIME ? 0 : err);
}

/*
 * e_chosen: ns. One waits with a deadline, and it is complete half-way to that.
 * The test keeps the helper from running for longer. EIO if the one that was
 * taken off the queue gave up with nothing. Result: what is left over.
 */
int e_chosen(const u64 *args, u64 *result)
{
	struct e_children c = { .deadline = gort_now() + args[0] };
	int err;

	gort_call(e_k_reset, NULL);
	err = e_spawn(&c, e_chosen_fn);
	if (!err)
		err = gort_sleep(args[0] / 2);
	gort_call(e_k_complete, (void *)1);
	e_join(&c);
	*result = gort_call(e_k_done_left, NULL);
	if (!err && atomic_read(&c.got) != 1)
		err = -EIO;
	return err ?: atomic_read(&c.error);
}

/* e_poll: slot, events, ns (0: ever), socket. Result: the events. */
int e_poll(const u64 *args, u64 *result)
{
	u64 deadline = args[2] ? gort_now() + args[2] : GORT_NO_DEADLINE;
	__poll_t events = (__force __poll_t)args[1];
	struct file *file = args[0] < E_SLOTS ? e_files[args[0]] : NULL;
	struct socket *sock;
	int ret;

	if (args[3]) {
		sock = (void *)gort_call(e_k_socket, (void *)args);
		ret = gort_poll_socket_until(sock, events, deadline);
	} else {
		ret = gort_poll_until(file, events, deadline);
	}
	*result = ret;
	return ret < 0 ? ret : 0;
}
