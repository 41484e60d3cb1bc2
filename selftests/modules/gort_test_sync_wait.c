// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: what becomes of who waits and is late, cancelled, or may not wait at
 * all; and what becomes of mistakes.
 */

#include <linux/string.h>

#include "gort_test_sync.h"

/* Longer than any test */
#define S_HOUR_NS	(3600ULL * NSEC_PER_SEC)

/* Waits though it was cancelled, or has a signal: others are about to end. */
static void s_join(struct gort_wg *wg)
{
	while (gort_wg_wait(wg)) {
		if (gort_self())
			gort_yield();
		else
			gort_call(s_k_nap, NULL);
	}
}

static void s_stay(void *arg)
{
	struct s_busy *b = arg;

	gort_wg_done(&b->ready);
	while (gort_sem_acquire(&b->over))
		gort_yield(); /* cancelled */
}

/* Has all that the others wait for. */
static void s_holder(void *arg)
{
	struct s_busy *b = arg;

	while (gort_mutex_lock(&b->o.mutex) || gort_write_lock(&b->o.rw) ||
	       gort_read_lock(&b->read))
		gort_yield();
	while (gort_once_do(&b->o.once, s_stay, b))
		gort_yield();
	gort_read_unlock(&b->read);
	gort_write_unlock(&b->o.rw);
	gort_mutex_unlock(&b->o.mutex);
	gort_wg_done(&b->gone);
}

int s_busy_begin(struct s_busy *b)
{
	int err;

	s_objs_init(&b->o, 0);
	gort_rwlock_init(&b->read);
	gort_mutex_init(&b->own);
	gort_wg_init(&b->ready);
	gort_wg_init(&b->gone);
	gort_sem_init(&b->over, 0);
	gort_wg_add(&b->o.wg, 1);
	gort_wg_add(&b->ready, 1);
	gort_wg_add(&b->gone, 1);
	err = gort_go(s_ctx, s_holder, b);
	if (!err)
		s_join(&b->ready);
	return err;
}

void s_busy_end(struct s_busy *b)
{
	gort_sem_release(&b->over);
	s_join(&b->gone);
}

static int s_wait_cond(struct s_busy *b, u64 deadline_ns)
{
	int err = gort_mutex_trylock(&b->own), unlock;

	if (err)
		return err == -EPERM ? err : -EPROTO;
	err = gort_cond_wait_until(&b->o.cond, &b->own, deadline_ns);
	/* whatever became of it, it has the mutex */
	unlock = gort_mutex_unlock(&b->own);
	return unlock ? -EUCLEAN : err;
}

void s_nothing(void *arg)
{
}

/* Waits for what does not come, as a G or a task. */
int s_wait(struct s_busy *b, u32 form, u64 deadline_ns)
{
	switch (form) {
	case S_SEM:
		return gort_sem_acquire_until(&b->o.sem, deadline_ns);
	case S_MUTEX:
		return gort_mutex_lock_until(&b->o.mutex, deadline_ns);
	case S_READ:
		return gort_read_lock_until(&b->o.rw, deadline_ns);
	case S_WRITE:
		return gort_write_lock_until(&b->read, deadline_ns);
	case S_COND:
		return s_wait_cond(b, deadline_ns);
	case S_WG:
		return gort_wg_wait_until(&b->o.wg, deadline_ns);
	default:
		return gort_once_do_until(&b->o.once, s_nothing, NULL,
					  deadline_ns);
	}
}

/* Only tries. */
static int s_try_one(struct s_busy *b, u32 form)
{
	switch (form) {
	case S_SEM:
		return gort_sem_tryacquire(&b->o.sem);
	case S_MUTEX:
		return gort_mutex_trylock(&b->o.mutex);
	case S_READ:
		return gort_read_trylock(&b->o.rw);
	case S_WRITE:
		return gort_write_trylock(&b->read);
	default:
		return -EOPNOTSUPP;
	}
}

static bool s_nobody_waits(const struct s_objs *o)
{
	return list_empty(&o->sem.waiters) && list_empty(&o->mutex.waiters) &&
	       list_empty(&o->rw.readers) && list_empty(&o->rw.writers) &&
	       list_empty(&o->cond.waiters) && list_empty(&o->wg.waiters) &&
	       list_empty(&o->once.waiters);
}

/*
 * It has waited in vain, and the one who was in its way has gone: it left no
 * trace, and now it succeeds. A G that is cancelled can't see that.
 */
int s_again(struct s_busy *b, u32 form)
{
	u64 until = gort_now() + S_PATIENCE_NS;
	int err;

	if (!s_nobody_waits(&b->o) || !list_empty(&b->read.writers))
		return -EUCLEAN;
	if (form == S_SEM)
		gort_sem_release(&b->o.sem);
	if (form == S_WG)
		gort_wg_done(&b->o.wg);
	if (form == S_COND)
		return 0;
	err = s_wait(b, form, until);
	if (err)
		return -EUCLEAN;
	if (form == S_MUTEX)
		err = gort_mutex_unlock(&b->o.mutex);
	if (form == S_READ)
		err = gort_read_unlock(&b->o.rw);
	if (form == S_WRITE)
		err = gort_write_unlock(&b->read);
	return err;
}

/* Why it waits in vain; user space passes these. */
enum s_why {
	S_LATE,		/* its deadline comes */
	S_PAST,		/* it has passed before */
	S_CANCELLED,	/* it is cancelled meanwhile */
	S_BEFORE,	/* it has been cancelled before */
	S_LOCKED,	/* with a gort lock held */
	S_SECTION,	/* in a section of the kernel's */
	S_CALLED,	/* in a function run by gort_call() */
	S_TRIED,	/* it only tries */
	S_SYSCALL,	/* in a blocking call, late */
};

/**
 * struct s_waiting - a G that waits in vain
 * @b: for one of these
 * @form: which
 * @why: and why in vain
 * @g: the G, with a reference
 * @err: what came of it
 * @lock: for S_LOCKED
 * @spin: for S_SECTION
 * @there: wait group: it is about to wait
 * @over: wait group: it has waited
 */
struct s_waiting {
	struct s_busy b;
	u32 form;
	u32 why;
	struct gort_g *g;
	int err;
	struct gort_lock lock;
	spinlock_t spin; /* protects nothing */
	struct gort_wg there;
	struct gort_wg over;
};

static long s_k_wait(void *arg)
{
	struct s_waiting *w = arg;

	return s_wait(&w->b, w->form, gort_now() + 2 * NSEC_PER_MSEC);
}

static int s_in_vain(struct s_waiting *w)
{
	u64 now = gort_now();
	int err;

	switch ((enum s_why)w->why) {
	case S_LATE:
		err = s_wait(&w->b, w->form, now + 2 * NSEC_PER_MSEC);
		return err == -ETIME && gort_now() < now + 2 * NSEC_PER_MSEC ?
		       -EUCLEAN : err;
	case S_PAST:
		return s_wait(&w->b, w->form, now - 1);
	case S_LOCKED:
		gort_lock(&w->lock);
		err = s_wait(&w->b, w->form, GORT_NO_DEADLINE);
		gort_unlock(&w->lock);
		return err;
	case S_SECTION:
		gort_spin_lock(&w->spin);
		err = s_wait(&w->b, w->form, now + S_HOUR_NS);
		gort_spin_unlock(&w->spin);
		return err;
	case S_CALLED:
		return gort_call(s_k_wait, w);
	case S_TRIED:
		return s_try_one(&w->b, w->form);
	case S_SYSCALL:
		return gort_syscall(s_k_wait, w);
	case S_BEFORE:
		gort_cancel(gort_self());
		return s_wait(&w->b, w->form, GORT_NO_DEADLINE);
	default:
		return s_wait(&w->b, w->form, now + S_HOUR_NS);
	}
}

static void s_waiter(void *arg)
{
	struct s_waiting *w = arg;

	w->g = gort_get(gort_self());
	gort_wg_done(&w->there);
	w->err = s_in_vain(w);
	gort_wg_done(&w->over);
}

/*
 * s_block: form, why. A G waits in vain. Status: what it came to; EUCLEAN if it
 * left a trace.
 */
int s_block(const u64 *args, u64 *result)
{
	struct s_waiting *w = s_alloc(sizeof(*w));
	int err;

	*result = 0;
	if (!w)
		return -ENOMEM;
	w->form = args[0];
	w->why = args[1];
	gort_lock_init(&w->lock);
	gort_call(s_k_spin_init, &w->spin);
	gort_wg_init(&w->there);
	gort_wg_init(&w->over);
	gort_wg_add(&w->there, 1);
	gort_wg_add(&w->over, 1);
	err = s_busy_begin(&w->b) ?: gort_go(s_ctx, s_waiter, w);
	if (err)
		return err;
	s_join(&w->there);
	if (w->why == S_CANCELLED) {
		gort_sleep(2 * NSEC_PER_MSEC);
		gort_cancel(w->g);
	}
	s_join(&w->over);
	s_busy_end(&w->b);
	err = s_again(&w->b, w->form) ?: w->err;
	gort_put(w->g);
	s_free(w);
	return err;
}

static void s_do_again(void *arg)
{
	struct s_waiting *w = arg;

	w->err = gort_once_do(&w->b.o.once, s_nothing, NULL);
}

/* Waits for itself, as a G or a task. */
int s_self(u32 form)
{
	struct s_waiting *w = s_alloc(sizeof(*w));
	struct s_objs *o;
	int err = 0, undo = 0;

	if (!w)
		return -ENOMEM;
	o = &w->b.o;
	s_objs_init(o, 0);
	if (form == S_MUTEX) {
		err = gort_mutex_lock(&o->mutex) ?: gort_mutex_lock(&o->mutex);
		undo = gort_mutex_unlock(&o->mutex);
	} else if (form == S_READ) {
		err = gort_write_lock(&o->rw) ?: gort_read_lock(&o->rw);
		undo = gort_write_unlock(&o->rw);
	} else if (form == S_WRITE) {
		err = gort_write_lock(&o->rw) ?: gort_write_lock(&o->rw);
		undo = gort_write_unlock(&o->rw);
	} else {
		undo = gort_once_do(&o->once, s_do_again, w);
		err = w->err;
	}
	s_free(w);
	return undo ? -EUCLEAN : err;
}

/* Gives back what somebody else has, or nobody. */
int s_not_owned(u32 form)
{
	struct s_busy *b = s_alloc(sizeof(*b));
	int busy, idle, err = -ENOMEM;

	if (!b)
		return err;
	err = s_busy_begin(b);
	if (err)
		return err;
	if (form == S_MUTEX) {
		busy = gort_mutex_unlock(&b->o.mutex);
		idle = gort_mutex_unlock(&b->own);
	} else if (form == S_WRITE) {
		busy = gort_write_unlock(&b->o.rw);
		idle = gort_write_unlock(&b->read); /* it has a reader */
	} else if (form == S_READ) {
		busy = gort_read_unlock(&b->o.rw); /* it has a writer */
		idle = busy;
	} else {
		busy = gort_cond_wait(&b->o.cond, &b->o.mutex);
		idle = gort_cond_wait(&b->o.cond, &b->own);
	}
	s_busy_end(b);
	if (!s_nobody_waits(&b->o) || busy != idle ||
	    gort_mutex_trylock(&b->o.mutex) || gort_write_trylock(&b->o.rw) ||
	    gort_write_trylock(&b->read))
		err = -EUCLEAN;
	else
		err = busy;
	gort_mutex_unlock(&b->o.mutex);
	gort_write_unlock(&b->o.rw);
	gort_write_unlock(&b->read);
	s_free(b);
	return err;
}

/* Counts too far down, or too far up. */
static int s_counts(u32 form, bool up)
{
	struct s_objs *o = s_alloc(sizeof(*o));
	int err, left;

	if (!o)
		return -ENOMEM;
	s_objs_init(o, UINT_MAX);
	if (form == S_SEM) {
		err = gort_sem_release(&o->sem);
		left = o->sem.count != UINT_MAX;
	} else if (up) {
		err = gort_wg_add(&o->wg, INT_MAX) ?: gort_wg_add(&o->wg, 1);
		left = o->wg.count != INT_MAX;
	} else {
		err = gort_wg_add(&o->wg, 2) ?: gort_wg_add(&o->wg, -3);
		left = o->wg.count != 2;
	}
	s_free(o);
	return left ? -EUCLEAN : err;
}

/* What is done wrong; user space passes these. */
enum s_wrong {
	S_SELF,		/* waits for itself */
	S_NOT_OWNED,	/* gives back what it has not */
	S_TWICE,	/* gives it back twice */
	S_TOO_FEW,	/* counts below 0 */
	S_TOO_MANY,	/* counts too far up */
};

static int s_twice(u32 form)
{
	struct s_objs *o = s_alloc(sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	s_objs_init(o, 0);
	if (form == S_MUTEX)
		err = gort_mutex_lock(&o->mutex) ?:
		      gort_mutex_unlock(&o->mutex) ?:
		      gort_mutex_unlock(&o->mutex);
	else if (form == S_READ)
		err = gort_read_lock(&o->rw) ?: gort_read_unlock(&o->rw) ?:
		      gort_read_unlock(&o->rw);
	else
		err = gort_write_lock(&o->rw) ?: gort_write_unlock(&o->rw) ?:
		      gort_write_unlock(&o->rw);
	s_free(o);
	return err;
}

/* s_misuse: form, what. Status: what came of it. */
int s_misuse(const u64 *args, u64 *result)
{
	*result = 0;
	switch ((enum s_wrong)args[1]) {
	case S_SELF:
		return s_self(args[0]);
	case S_NOT_OWNED:
		return s_not_owned(args[0]);
	case S_TWICE:
		return s_twice(args[0]);
	case S_TOO_FEW:
		return s_counts(args[0], false);
	default:
		return s_counts(args[0], true);
	}
}

/* Whose once was left by one that ended inside */
static struct s_objs *s_left;

static void s_end_inside(void *arg)
{
	gort_exit();
}

/*
 * s_leave: form, how, 0 or 1. Ends with something that it has taken, by
 * returning or (1) by gort_exit(); without the third argument one who ended
 * before has left it, and it is there again: status 0.
 */
int s_leave(const u64 *args, u64 *result)
{
	struct s_objs *o = &s_static;
	int err;

	*result = 0;
	if (args[2]) {
		if (gort_mutex_trylock(&o->mutex) || gort_write_trylock(&o->rw))
			return -EUCLEAN;
		if (s_left && gort_once_do(&s_left->once, s_nothing, NULL))
			return -EUCLEAN;
		return gort_mutex_unlock(&o->mutex) ?:
		       gort_write_unlock(&o->rw);
	}
	if (args[0] == S_MUTEX) {
		err = gort_mutex_lock(&o->mutex);
	} else if (args[0] == S_WRITE) {
		err = gort_write_lock(&o->rw);
	} else {
		s_left = s_alloc(sizeof(*s_left));
		if (!s_left)
			return -ENOMEM;
		s_objs_init(s_left, 0);
		err = gort_once_do(&s_left->once, s_end_inside, NULL);
	}
	if (args[1])
		gort_exit();
	return err;
}

/**
 * struct s_passing - Gs that wait for what another one takes along
 * @o: one of each
 * @form: what
 * @in: wait group: the first one has it
 * @over: wait group: all have ended
 * @got: how many of the others got it
 * @ran: how often the once was run to its end
 */
struct s_passing {
	struct s_objs o;
	u32 form;
	struct gort_wg in;
	struct gort_wg over;
	atomic_t got;
	atomic_t ran;
};

static void s_ran(void *arg)
{
	atomic_inc(&((struct s_passing *)arg)->ran);
}

static void s_taken_along(void *arg)
{
	struct s_passing *p = arg;

	gort_wg_done(&p->in);
	gort_sleep(5 * NSEC_PER_MSEC);
	gort_wg_done(&p->over);
	gort_exit();
}

static void s_takes_along(void *arg)
{
	struct s_passing *p = arg;

	if (p->form == S_MUTEX && !gort_mutex_lock(&p->o.mutex))
		s_taken_along(p);
	if (p->form == S_WRITE && !gort_write_lock(&p->o.rw))
		s_taken_along(p);
	if (p->form == S_ONCE && !gort_once_do(&p->o.once, s_taken_along, p))
		s_taken_along(p);
}

static void s_gets(void *arg)
{
	struct s_passing *p = arg;
	int err;

	if (p->form == S_MUTEX)
		err = gort_mutex_lock(&p->o.mutex) ?:
		      gort_mutex_unlock(&p->o.mutex);
	else if (p->form == S_WRITE)
		err = gort_write_lock(&p->o.rw) ?: gort_write_unlock(&p->o.rw);
	else
		err = gort_once_do(&p->o.once, s_ran, p);
	if (!err)
		atomic_inc(&p->got);
	gort_wg_done(&p->over);
}

/*
 * s_passon: form, n. One G ends with something for which n others wait. Result:
 * how many of them get it, and in the upper half how often a once was done.
 */
int s_passon(const u64 *args, u64 *result)
{
	struct s_passing *p = s_alloc(sizeof(*p));
	int err;
	u64 i;

	if (!p)
		return -ENOMEM;
	p->form = args[0];
	s_objs_init(&p->o, 0);
	gort_wg_init(&p->in);
	gort_wg_init(&p->over);
	err = gort_wg_add(&p->in, 1) ?: gort_wg_add(&p->over, 1) ?:
	      gort_go(s_ctx, s_takes_along, p) ?: gort_wg_wait(&p->in);
	for (i = 0; i < args[1] && !err; i++)
		err = gort_wg_add(&p->over, 1) ?: gort_go(s_ctx, s_gets, p);
	if (!err)
		err = gort_wg_wait_until(&p->over,
					 gort_now() + S_PATIENCE_NS);
	*result = atomic_read(&p->got) | (u64)atomic_read(&p->ran) << 32;
	if (!err)
		s_free(p); /* else some still use it: it goes with the module */
	return err;
}

/* A mutex of the collected heap that only the list of what its owner has knows */
static noinline u64 s_hide(void)
{
	struct gort_mutex *m = gort_alloc(sizeof(*m));

	if (!m)
		return 0;
	gort_mutex_init(m);
	return gort_mutex_lock(m) ? 0 : ~(u64)m;
}

static noinline void s_reuse(u64 n)
{
	while (n--) {
		struct gort_mutex *m = gort_alloc(sizeof(*m));

		if (m)
			memset(m, 0xff, sizeof(*m));
	}
}

/*
 * s_forget: no arguments. Locks some mutexes, forgets where they are, and collects what
 * nobody points to. Result: how many are still there, and are unlocked.
 */
int s_forget(const u64 *args, u64 *result)
{
	struct gort_mutex *m;
	u64 hidden[32], i;
	int err = 0;

	*result = 0;
	for (i = 0; i < ARRAY_SIZE(hidden); i++)
		hidden[i] = s_hide();
	err = gort_gc();
	s_reuse(256);
	for (i = 0; i < ARRAY_SIZE(hidden) && !err; i++) {
		m = (struct gort_mutex *)~hidden[i];
		if (!hidden[i] || atomic_long_read(&m->word) != (long)gort_self())
			return -EUCLEAN;
		err = gort_mutex_unlock(m);
		*result += !err;
	}
	return err;
}
