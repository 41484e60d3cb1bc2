// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: many Gs and tasks, and an interrupt, at the same objects. Who is
 * inside looks whether it may be; at the end all is there that was there at the
 * beginning, however many were cancelled or late meanwhile.
 */

#include "gort_test_sync.h"

/* A writer counts as so many readers, more than there are */
#define S_WRITER	10000

/* Stays for a while: some checks, a request, a sleep */
static void s_dwell(struct s_worker *w)
{
	u32 n = s_rand(&w->seed) % 32;

	if (!(s_rand(&w->seed) % 8))
		gort_preempt_self();
	while (n--)
		s_check();
	if (!(s_rand(&w->seed) % 16))
		s_snooze(w->crew, s_rand(&w->seed) % (50 * NSEC_PER_USEC));
}

/* How an attempt is made: without a deadline, with one, only tried */
enum s_how {
	S_PLAIN,
	S_UNTIL,
	S_TRY,
};

static enum s_how s_choose(struct s_worker *w)
{
	return w->crew->spice & S_DEADLINES ? s_rand(&w->seed) % 3 : S_PLAIN;
}

static int s_try(struct s_objs *o, u32 form)
{
	switch (form) {
	case S_SEM:
		return gort_sem_tryacquire(&o->sem);
	case S_MUTEX:
		return gort_mutex_trylock(&o->mutex);
	case S_READ:
		return gort_read_trylock(&o->rw);
	default:
		return gort_write_trylock(&o->rw);
	}
}

static int s_take_until(struct s_objs *o, u32 form, u64 until)
{
	switch (form) {
	case S_SEM:
		return gort_sem_acquire_until(&o->sem, until);
	case S_MUTEX:
		return gort_mutex_lock_until(&o->mutex, until);
	case S_READ:
		return gort_read_lock_until(&o->rw, until);
	default:
		return gort_write_lock_until(&o->rw, until);
	}
}

static int s_give(struct s_objs *o, u32 form)
{
	switch (form) {
	case S_SEM:
		return gort_sem_release(&o->sem);
	case S_MUTEX:
		return gort_mutex_unlock(&o->mutex);
	case S_READ:
		return gort_read_unlock(&o->rw);
	default:
		return gort_write_unlock(&o->rw);
	}
}

/* The caller is inside: is nobody else who must not be? */
static bool s_inside(struct s_worker *w, u32 form)
{
	struct s_crew *c = w->crew;
	int one = form == S_WRITE ? S_WRITER : 1;
	int n = atomic_add_return(one, &c->o->inside);
	u64 plain = READ_ONCE(c->o->plain);
	bool ok;

	s_dwell(w);
	switch (form) {
	case S_SEM:
		ok = n <= S_UNITS;
		break;
	case S_READ:
		ok = n < S_WRITER && READ_ONCE(c->o->plain) == plain;
		break;
	default:
		ok = n == one && READ_ONCE(c->o->plain) == plain &&
		     atomic_read(&c->o->inside) == one;
		WRITE_ONCE(c->o->plain, plain + 1);
		w->sum++;
	}
	atomic_sub(one, &c->o->inside);
	return ok;
}

static int s_attempt(struct s_worker *w, u32 form, enum s_how how)
{
	u64 until = GORT_NO_DEADLINE;

	if (how == S_TRY)
		return s_try(w->crew->o, form);
	if (how == S_UNTIL)
		until = gort_now() + s_rand(&w->seed) % (200 * NSEC_PER_USEC);
	return s_take_until(w->crew->o, form, until);
}

/* A task that is none of the crew takes part, once. */
int s_take_part(struct s_crew *c, u32 form)
{
	struct s_worker w = { .crew = c, .seed = form };
	int err = s_attempt(&w, form, S_PLAIN);

	if (err)
		return err;
	return s_inside(&w, form) ? s_give(c->o, form) : -EUCLEAN;
}

static int s_hammer_body(struct s_worker *w)
{
	struct s_crew *c = w->crew;
	enum s_how how;
	u32 form;
	int err;

	for (; w->left && !s_bad(c); w->left--) {
		form = c->form;
		if (form == S_READ && !(s_rand(&w->seed) % 4))
			form = S_WRITE;
		how = s_choose(w);
		err = s_attempt(w, form, how);
		if (!err) {
			w->taken++;
			if (!s_inside(w, form))
				return -EUCLEAN;
			err = s_give(c->o, form);
		} else if (err == -ETIME && how == S_UNTIL) {
			w->late++;
			err = 0;
		} else if (err == -EAGAIN && how == S_TRY) {
			w->refused++;
			err = 0;
		}
		if (err)
			return err;
	}
	return 0;
}

/* All is there, nobody waits, and what was counted inside is what was done. */
static int s_all_there(struct s_crew *c)
{
	struct s_objs *o = c->o;
	u64 sum = 0;
	u32 i, n = 0;

	while (!gort_sem_tryacquire(&o->sem))
		n++;
	for (i = 0; i < n; i++)
		if (gort_sem_release(&o->sem))
			return -EPROTO;
	if (n != S_UNITS || gort_mutex_trylock(&o->mutex) ||
	    gort_mutex_unlock(&o->mutex) || gort_write_trylock(&o->rw) ||
	    gort_write_unlock(&o->rw))
		return -EUCLEAN;
	if (!list_empty(&o->sem.waiters) || !list_empty(&o->mutex.waiters) ||
	    o->mutex.woken || o->mutex.starving ||
	    !list_empty(&o->rw.readers) || !list_empty(&o->rw.going) ||
	    !list_empty(&o->rw.writers))
		return -EUCLEAN;
	for (i = 0; i < c->n; i++)
		sum += c->w[i].sum;
	return sum == o->plain ? 0 : -EUCLEAN;
}

/*
 * s_hammer: form, Gs | tasks << 8, rounds, spice. Result: attempts that
 * succeeded, and in the upper half those that did not.
 */
int s_hammer(const u64 *args, u64 *result)
{
	struct s_crew *c = s_crew_new(s_hammer_body, args[3]);
	u64 taken = 0, not = 0;
	int err;
	u32 i;

	if (!c)
		return -ENOMEM;
	c->form = args[0];
	err = s_crew_run(c, args[1] & 0xff, args[1] >> 8, args[2]);
	for (i = 0; i < c->n; i++) {
		taken += c->w[i].taken;
		not += c->w[i].late + c->w[i].refused;
	}
	if (!err && !(c->spice & S_SHARED))
		err = s_all_there(c);
	*result = taken | not << 32;
	s_free(c);
	return err;
}

/* Waits for a condition, whatever it takes; -ECANCELED if it is not worth it. */
static int s_await(struct s_worker *w, struct gort_cond *cond)
{
	struct s_crew *c = w->crew;
	u64 until = GORT_NO_DEADLINE;
	int err;

	/* some deadlines have passed when the wait begins */
	if (c->spice & S_DEADLINES && s_rand(&w->seed) & 1)
		until = gort_now() +
			(s_rand(&w->seed) & 3) * 50 * NSEC_PER_USEC;
	err = gort_cond_wait_until(cond, &c->o->mutex, until);
	if (atomic_read(&c->o->inside))
		return -EUCLEAN;
	w->late += err == -ETIME;
	return err == -ETIME ? 0 : err;
}

/* With the mutex held: one item in, or out. */
static int s_buffer_one(struct s_worker *w, bool in)
{
	struct s_crew *c = w->crew;
	int err = 0;

	while (!err && c->items == (in ? S_ROOM : 0))
		err = s_await(w, in ? &c->space : &c->o->cond);
	if (err)
		return err;
	if (atomic_inc_return(&c->o->inside) != 1)
		return -EUCLEAN;
	if (in) {
		c->ring[c->head++ % S_ROOM] = w->left;
		c->items++;
		w->sum += w->left;
	} else {
		w->sum -= c->ring[(c->head - c->items) % S_ROOM];
		c->items--;
	}
	s_check();
	w->left--;
	w->taken++;
	atomic_dec(&c->o->inside);
	/* one for one: who gets it and does not go on must not keep it */
	gort_cond_signal(in ? &c->o->cond : &c->space);
	return 0;
}

static int s_buffer_body(struct s_worker *w)
{
	struct s_crew *c = w->crew;
	int err = 0, unlock;

	while (w->left && !err && !s_bad(c)) {
		err = gort_mutex_lock(&c->o->mutex);
		if (err)
			break;
		err = s_buffer_one(w, !(w->id & 1));
		unlock = gort_mutex_unlock(&c->o->mutex);
		if (unlock)
			return unlock;
	}
	return err;
}

/*
 * s_buffer: form, Gs | tasks << 8, items for each, spice. Half of the workers put
 * items into a buffer, the others take them out, and wake each other by signals
 * alone. Result: items that went through, and in the upper half how often
 * somebody woke too late.
 */
int s_buffer(const u64 *args, u64 *result)
{
	struct s_crew *c = s_crew_new(s_buffer_body, args[3]);
	u64 sum = 0, late = 0;
	int err;
	u32 i;

	if (!c)
		return -ENOMEM;
	c->form = args[0];
	err = s_crew_run(c, args[1] & 0xff, args[1] >> 8, args[2]);
	for (i = 0; i < c->n; i++) {
		sum += c->w[i].sum;
		late += c->w[i].late;
	}
	if (!err && (sum || c->items || !list_empty(&c->o->cond.waiters) ||
		     !list_empty(&c->space.waiters)))
		err = -EUCLEAN;
	*result = c->head | late << 32;
	s_free(c);
	return err;
}

/**
 * struct s_doing - who does something once
 * @w: the worker
 * @i: what
 */
struct s_doing {
	struct s_worker *w;
	u32 i;
};

static void s_do_once(void *arg)
{
	struct s_doing *d = arg;
	struct s_crew *c = d->w->crew;
	u32 before = READ_ONCE(c->did[d->i]);

	s_snooze(c, 100 * NSEC_PER_USEC);
	WRITE_ONCE(c->did[d->i], before + 1);
}

static int s_onces_body(struct s_worker *w)
{
	struct s_crew *c = w->crew;
	u64 until;
	int err;

	while (w->left && !s_bad(c)) {
		struct s_doing d = { .w = w, .i = w->left - 1 };

		until = GORT_NO_DEADLINE;
		if (s_choose(w) != S_PLAIN)
			until = gort_now() + 20 * NSEC_PER_USEC;
		err = gort_once_do_until(&c->onces[d.i], s_do_once, &d, until);
		if (err == -ETIME && until != GORT_NO_DEADLINE) {
			w->late++;
			continue;
		}
		if (err)
			return err;
		if (READ_ONCE(c->did[d.i]) != 1)
			return -EUCLEAN;
		w->taken++;
		w->left--;
	}
	return 0;
}

/*
 * s_onces: form, Gs | tasks << 8, 0, spice. Each worker sees to it that each of
 * some things has been done. Result: how often somebody found that it had.
 */
int s_onces(const u64 *args, u64 *result)
{
	struct s_crew *c = s_crew_new(s_onces_body, args[3]);
	u64 taken = 0;
	int err;
	u32 i;

	if (!c)
		return -ENOMEM;
	c->form = args[0];
	err = s_crew_run(c, args[1] & 0xff, args[1] >> 8, S_ONCES);
	for (i = 0; i < c->n; i++)
		taken += c->w[i].taken;
	for (i = 0; i < S_ONCES && !err; i++)
		if (c->did[i] != 1)
			err = -EUCLEAN;
	*result = taken;
	s_free(c);
	return err;
}

/*
 * Worker 0 starts the others round by round and waits for them; the same wait
 * group each time. In the last round they find that there is nothing to do.
 */
static int s_rounds_lead(struct s_worker *w)
{
	struct s_crew *c = w->crew;
	u64 until, done;
	u32 i;
	int err;

	for (; w->left; w->left--) {
		done = w->sum;
		err = gort_wg_add(&c->o->wg, c->n - 1);
		for (i = 1; i < c->n && !err; i++)
			err = gort_sem_release(&c->o->sem);
		while (!err) {
			until = s_choose(w) == S_PLAIN ? GORT_NO_DEADLINE :
				gort_now() + 10 * NSEC_PER_USEC;
			err = gort_wg_wait_until(&c->o->wg, until);
			if (err != -ETIME)
				break;
			w->late++;
			err = 0;
		}
		if (err)
			return err;
		w->sum = atomic_read(&c->o->inside);
		if (w->sum != done + c->n - 1)
			return -EUCLEAN;
	}
	return 0;
}

static int s_rounds_body(struct s_worker *w)
{
	struct s_crew *c = w->crew;
	int err;

	if (!w->id)
		return s_rounds_lead(w);
	for (; w->left && !s_bad(c); w->left--) {
		err = gort_sem_acquire(&c->o->sem);
		if (err)
			return err;
		s_dwell(w);
		atomic_inc(&c->o->inside);
		err = gort_wg_done(&c->o->wg);
		if (err)
			return err;
	}
	return 0;
}

/*
 * s_rounds: form, Gs | tasks << 8, rounds, spice (no S_CANCELS). Result: what was
 * done in all rounds.
 */
int s_rounds(const u64 *args, u64 *result)
{
	struct s_crew *c = s_crew_new(s_rounds_body, args[3]);
	int err;

	if (!c)
		return -ENOMEM;
	s_objs_init(&c->own, 0);
	c->o = &c->own;
	c->form = args[0];
	err = s_crew_run(c, args[1] & 0xff, args[1] >> 8, args[2]);
	*result = atomic_read(&c->o->inside);
	s_free(c);
	return err;
}
