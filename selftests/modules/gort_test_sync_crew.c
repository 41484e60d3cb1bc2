// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: crews. A worker is a G; if that is cancelled before its work is done,
 * another one goes on in its place. Or it is a task, which runs the same code.
 */

#include "gort_test_sync.h"

/* Between two looks of the parent */
#define S_LOOK_NS	(300 * NSEC_PER_USEC)

/* Small frame, passes the check in its prologue. */
noinline void s_check(void)
{
	asm volatile("" : : : "memory");
}

/* The first thing that is wrong is what counts; all end soon after. */
void s_fail(struct s_crew *c, int err)
{
	atomic_cmpxchg(&c->bad, 0, err);
}

bool s_bad(const struct s_crew *c)
{
	return atomic_read(&c->bad);
}

/* Sleeps, as a G or a task. */
void s_snooze(struct s_crew *c, u64 ns)
{
	int err = gort_sem_acquire_until(&c->never, gort_now() + ns);

	if (err != -ETIME && err != -ECANCELED && err != -ERESTARTSYS)
		s_fail(c, -EPROTO);
}

void s_objs_init(struct s_objs *o, u32 units)
{
	gort_sem_init(&o->sem, units);
	gort_mutex_init(&o->mutex);
	gort_rwlock_init(&o->rw);
	gort_wg_init(&o->wg);
	gort_cond_init(&o->cond);
	gort_once_init(&o->once);
}

struct s_crew *s_crew_new(int (*body)(struct s_worker *w), u32 spice)
{
	struct s_crew *c = s_alloc(sizeof(*c));
	u32 i;

	if (!c)
		return NULL;
	c->body = body;
	c->spice = spice;
	c->o = spice & S_STATIC ? &s_static : &c->own;
	if (!(spice & S_STATIC))
		s_objs_init(&c->own, S_UNITS);
	if (!(spice & S_SHARED))
		c->o->plain = 0;
	gort_sem_init(&c->never, 0);
	gort_cond_init(&c->space);
	for (i = 0; i < S_ONCES; i++)
		gort_once_init(&c->onces[i]);
	return c;
}

/* The crew may be gone once the count is down. */
void s_worker_done(struct s_worker *w)
{
	struct s_crew *c = w->crew;
	struct gort_g *parent = gort_get(c->parent);

	if (atomic_dec_and_test(&c->left))
		gort_ready(parent);
	gort_put(parent);
}

/* What a worker does, as a G or a task. */
void s_run_worker(struct s_worker *w)
{
	struct s_crew *c = w->crew;
	int err = c->body(w);

	/* those that end because something is wrong are cancelled, too */
	if (err && err != -ECANCELED && err != -ERESTARTSYS)
		s_fail(c, err);
}

static void s_worker_g(void *arg)
{
	struct s_worker *w = arg;
	int err;

	if (w->lives < S_LIVES) {
		w->g[w->lives] = gort_get(gort_self());
		/* pairs with the acquire in s_cancel() */
		smp_store_release(&w->lives, w->lives + 1);
	}
	s_run_worker(w);
	if (w->left && !s_bad(w->crew)) {
		err = gort_go(s_ctx, s_worker_g, w);
		if (!err)
			return;
		s_fail(w->crew, err);
	}
	s_worker_done(w);
}

/* Cancels a worker; its last life is left alone, or (@all) ends as well. */
static void s_cancel(struct s_worker *w, bool all)
{
	u32 lives = smp_load_acquire(&w->lives); /* pairs with s_worker_g() */

	if (lives && (all || lives < S_LIVES))
		gort_cancel(w->g[lives - 1]);
}

static void s_cancel_some(struct s_crew *c, u32 *seed)
{
	u32 i;

	if (s_bad(c)) {
		for (i = 0; i < c->n; i++)
			s_cancel(&c->w[i], true);
		gort_call(s_k_tasks_kick, c);
	} else if (c->spice & S_CANCELS) {
		s_cancel(&c->w[s_rand(seed) % c->n], false);
	}
}

/* Until all have ended; makes them, if they do not by themselves. */
static void s_watch(struct s_crew *c)
{
	u64 until = gort_now() + S_PATIENCE_NS;
	u32 seed = c->n;

	while (atomic_read_acquire(&c->left)) {
		if (gort_park_until(gort_now() + S_LOOK_NS, "crew") ==
		    -ECANCELED) {
			s_fail(c, -ECANCELED);
			gort_yield();
		}
		if (gort_now() > until)
			s_fail(c, -ETIME);
		s_cancel_some(c, &seed);
	}
}

static int s_start(struct s_crew *c, u32 gs, u32 tasks)
{
	u32 i;
	int err = 0;

	atomic_set(&c->left, c->n);
	for (i = 0; i < gs; i++) {
		err = gort_go(s_ctx, s_worker_g, &c->w[i]);
		if (err)
			break;
	}
	if (err) {
		atomic_sub(c->n - i, &c->left);
		return err;
	}
	return tasks ? gort_syscall(s_k_tasks_start, c) : 0;
}

/* @gs workers are Gs, and @tasks are tasks, each with so many rounds. */
int s_crew_run(struct s_crew *c, u32 gs, u32 tasks, u64 rounds)
{
	u32 i, life;
	int err;

	c->n = gs + tasks;
	c->parent = gort_self();
	for (i = 0; i < c->n; i++) {
		c->w[i].crew = c;
		c->w[i].id = i;
		c->w[i].is_task = i >= gs;
		c->w[i].seed = 7919 * i + 1;
		c->w[i].left = rounds;
	}
	if (c->spice & S_TIMER)
		gort_call(s_k_timer_start, c);
	err = s_start(c, gs, tasks);
	if (err)
		s_fail(c, err);
	s_watch(c);
	gort_syscall(s_k_tasks_stop, c);
	if (c->spice & S_TIMER)
		gort_call(s_k_timer_stop, c);
	for (i = 0; i < gs; i++)
		for (life = 0; life < c->w[i].lives; life++)
			gort_put(c->w[i].g[life]);
	return atomic_read(&c->bad);
}
