// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for steps_test: what is to fail if one step of a protocol is left out.
 */

#include <linux/gort_chan.h>
#include <linux/gort_sync.h>

#include "gort_test_mod.h"

/* Where the request of t_step comes; user space passes these. */
enum t_step_where {
	T_STEP_UNLOCK,	/* in gort_unlock(), which still has the lock */
	T_STEP_TRYLOCK,	/* in gort_trylock(), which did not get it */
	T_STEP_CLOSE,	/* in gort_spin_unlock(), the same */
	T_STEP_GROW,	/* between two segments, on the way out */
	T_STEP_SHRINK,	/* on the way back */
	T_STEP_START,	/* in gort_start_the_world(), which has started it */
	T_STEP_GC,	/* the same inside gort_gc() */
	T_STEP_TAKE,	/* in gort_sem_acquire(), which need not wait */
	T_STEP_GIVE,	/* in gort_sem_release() */
};

/**
 * struct t_step - one task of t_step
 * @l: its locks
 * @sem: a semaphore with as many units as trials
 * @where: enum t_step_where
 * @trials: how many
 * @lost: in how many the check after it did not answer the request
 * @in: before that check
 * @out: after it
 * @place: in the last frame of t_step_big()
 * @found: the end of a segment was reached
 */
struct t_step {
	struct t_locks *l;
	struct gort_sem sem;
	u64 where;
	u64 trials;
	u64 lost;
	struct gort_g_stats in;
	struct gort_g_stats out;
	unsigned long place;
	bool found;
};

/* What t_step wants of the hook; one task of it at a time. */
static struct gort_g *t_step_g;
static int t_step_site;
static u32 t_step_hits;
static u32 t_step_bad;

/*
 * Runs where the request is to come: once for each time that t_step_g is set.
 * Growth is on g0, where a check finds nothing; elsewhere it must put it off.
 */
bool t_step_hook(int site)
{
	struct gort_g *g = READ_ONCE(t_step_g);
	bool on_g0 = site == GORT_SITE_GROW;
	struct gort_g_stats in, out;

	if (!g || g != gort_self() || site != t_step_site)
		return false;
	WRITE_ONCE(t_step_g, NULL);
	t_step_hits++;
	gort_self_stats(&in);
	gort_preempt_self();
	t_check();
	gort_self_stats(&out);
	if (out.preempted != in.preempted ||
	    out.declined == in.declined + on_g0)
		t_step_bad++;
	return true;
}

static void t_step_arm(void)
{
	WRITE_ONCE(t_step_g, gort_self());
}

/* The check that has to answer */
static void t_step_answer(struct t_step *s)
{
	gort_self_stats(&s->in);
	t_check();
	gort_self_stats(&s->out);
}

/* On its own segment, if the caller has chosen its depth for that */
static noinline u64 t_step_big(struct t_step *s)
{
	u64 buf[128];
	u64 *p = buf;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[0], s->trials);
	WRITE_ONCE(s->place, (unsigned long)p);
	if (s->where == T_STEP_GROW && s->found)
		t_step_answer(s);
	return READ_ONCE(p[0]);
}

static int t_step_trial(struct t_step *s)
{
	switch (s->where) {
	case T_STEP_UNLOCK:
		gort_lock(&s->l->a);
		t_step_arm();
		gort_unlock(&s->l->a);
		break;
	case T_STEP_TRYLOCK:
		t_step_arm();
		if (gort_trylock(&s->l->b)) {
			gort_unlock(&s->l->b);
			return -EPROTO;
		}
		break;
	case T_STEP_CLOSE:
		gort_spin_lock(&s->l->s);
		t_step_arm();
		gort_spin_unlock(&s->l->s);
		break;
	case T_STEP_GROW:
	case T_STEP_SHRINK:
		t_step_arm();
		t_step_big(s);
		break;
	case T_STEP_START:
		if (gort_stop_the_world())
			return -EPROTO;
		t_step_arm();
		gort_start_the_world();
		break;
	case T_STEP_GC:
		t_step_arm();
		if (gort_gc())
			return -EPROTO;
		break;
	case T_STEP_TAKE:
		t_step_arm();
		if (gort_sem_acquire(&s->sem))
			return -EPROTO;
		break;
	case T_STEP_GIVE:
		t_step_arm();
		if (gort_sem_release(&s->sem))
			return -EPROTO;
		break;
	}
	if (s->where != T_STEP_GROW)
		t_step_answer(s);
	s->lost += s->out.preempted == s->in.preempted;
	return 0;
}

static int t_step_trials(struct t_step *s)
{
	int err = 0;
	u64 i;

	for (i = 0; i < s->trials && !err; i++)
		err = t_step_trial(s);
	return err;
}

/* Called at each depth in turn: the trials run at the first end of a segment. */
static int t_step_here(struct t_probe *p)
{
	struct t_step *s = p->arg;
	unsigned long sp = t_sp();

	t_step_big(s);
	if (s->place <= sp && sp - s->place <= T_SAME_SEGMENT)
		return 0;
	s->found = true;
	return t_step_trials(s);
}

static int t_step_at_edge(struct t_step *s)
{
	struct t_probe p = { .body = t_step_here, .arg = s };
	int err = 0;

	for (p.bytes = 0; p.bytes < 64 * 1024 && !s->found && !err;
	     p.bytes += 64)
		err = t_pad(&p, p.bytes);
	return err ? err : s->found ? 0 : -ENODATA;
}

/*
 * t_step: trials, where. A request comes at that place inside gort; it must not
 * be answered there, but by the first check after it. Result: trials in which
 * it was not. EPROTO if it did not come to that once a trial, or was answered
 * at once.
 */
int t_step(const u64 *args, u64 *result)
{
	static const int site[] = {
		GORT_SITE_UNLOCK, GORT_SITE_UNLOCK, GORT_SITE_SPIN,
		GORT_SITE_GROW, GORT_SITE_SHRINK, GORT_SITE_STW, GORT_SITE_STW,
		GORT_SITE_OP, GORT_SITE_OP,
	};
	struct t_step *s = t_alloc(sizeof(*s));
	int err = -ENOMEM;

	if (!s)
		return err;
	s->trials = args[0];
	s->where = args[1];
	t_step_site = site[args[1]];
	t_step_hits = 0;
	t_step_bad = 0;
	gort_sem_init(&s->sem, s->trials);
	s->l = t_locks_new();
	if (!s->l)
		goto out;
	/* on one P it is the same M that releases it */
	if (s->where == T_STEP_TRYLOCK)
		gort_call(t_k_take, &s->l->b);
	if (s->where == T_STEP_GROW || s->where == T_STEP_SHRINK)
		err = t_step_at_edge(s);
	else
		err = t_step_trials(s);
	if (s->where == T_STEP_TRYLOCK)
		gort_call(t_k_release, &s->l->b);
	WRITE_ONCE(t_step_g, NULL);
	if (!err && (t_step_hits != s->trials || t_step_bad))
		err = -EPROTO;
	*result = s->lost;
	t_free(s->l);
out:
	t_free(s);
	return err;
}

/*
 * t_once: trials, checks, kind. One request, then so many checks in the section.
 * Result: how often it was put off, in all trials; ticks may add to that.
 */
int t_once(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	struct gort_g_stats in, out;
	u64 i, n;

	if (!l)
		return -ENOMEM;
	gort_self_stats(&in);
	for (i = 0; i < args[0]; i++) {
		t_open(l, args[2]);
		gort_preempt_self();
		for (n = 0; n < args[1]; n++)
			t_check();
		t_close(l, args[2]);
	}
	gort_self_stats(&out);
	*result = out.declined - in.declined;
	t_free(l);
	return 0;
}

GORT_CHAN_TYPE(t_numbers, u64);

/**
 * struct t_enter - a G that waits for another one
 * @grp: the other one and its parent
 * @seen: the other one has run
 * @mutex: nobody else wants it
 * @chan: nobody else uses it; has room for one
 */
struct t_enter {
	struct t_group grp;
	bool seen;
	struct gort_mutex mutex;
	union t_numbers chan;
};

static void t_enter_fn(void *arg)
{
	struct t_enter *e = arg;

	WRITE_ONCE(e->seen, true);
	t_child_done(&e->grp, 0);
}

/* Does nothing, in an ordinary way. */
static __always_inline void t_enter_one(struct t_enter *e, struct t_locks *l,
					u64 kind, u64 n)
{
	if (kind == 0) {
		gort_lock(&l->a);
		gort_unlock(&l->a);
	} else if (kind == 1) {
		gort_trylock(&l->a);
		gort_unlock(&l->a);
	} else if (kind == 2) {
		gort_spin_lock(&l->s);
		gort_spin_unlock(&l->s);
	} else if (kind == 3) {
		gort_ready(gort_self());
	} else if (kind == 4) {
		gort_call(t_k_cpu, NULL);
	} else if (kind == 5) {
		/* nobody else has it; the unlock would tell */
		(void)!gort_mutex_lock(&e->mutex);
		gort_mutex_unlock(&e->mutex);
	} else {
		(void)!gort_send(&e->chan, n);
		(void)!gort_recv(&e->chan, &n);
	}
}

/*
 * t_enter: kind, ns. Waits for another G in a loop in which no function of G
 * code is called, so that only gort's own look when it is entered can make it
 * yield. ETIME if the other one has not run by then. Result: rounds.
 */
int t_enter(const u64 *args, u64 *result)
{
	struct t_enter *e = t_alloc(sizeof(*e));
	struct t_locks *l = t_locks_new();
	u64 until = gort_now() + args[1], n = 0;
	int err = -ENOMEM;

	if (!e || !l)
		goto out;
	gort_mutex_init(&e->mutex);
	err = gort_chan_init(&e->chan, 1);
	if (err)
		goto out;
	err = t_spawn(&e->grp, t_enter_fn, e);
	while (!err && !READ_ONCE(e->seen)) {
		t_enter_one(e, l, args[0], n);
		if (gort_now() > until)
			err = -ETIME;
		n++;
	}
	*result = n;
	t_join(&e->grp);
	gort_chan_fini(&e->chan);
out:
	if (l)
		t_free(l);
	if (e)
		t_free(e);
	return err;
}

/*
 * t_share: rounds, ns. Runs for so long, then yields, so many times. Result: how
 * often it was made to yield besides.
 */
int t_share(const u64 *args, u64 *result)
{
	struct gort_g_stats st;
	u64 i, until;
	int err = 0;

	for (i = 0; i < args[0] && !err; i++) {
		until = gort_now() + args[1];
		while (gort_now() < until)
			t_check();
		err = gort_yield();
	}
	gort_self_stats(&st);
	*result = st.preempted;
	return err;
}

/* The batch that meets now in the high half, how many of it have come in the low */
static atomic64_t t_meeting;

/*
 * t_meet: batch, size. Ends when so many tasks of this batch have come: on one P
 * that takes a slice for each but the last, on several no time. Result: 0.
 */
int t_meet(const u64 *args, u64 *result)
{
	s64 batch = args[0] << 32, old = atomic64_read(&t_meeting);

	while (!atomic64_try_cmpxchg(&t_meeting, &old,
				     (old >> 32 == args[0] ? old : batch) + 1))
		;
	while (atomic64_read(&t_meeting) < batch + args[1]) {
		t_check();
		if (gort_cancelled())
			return -ECANCELED;
	}
	*result = 0;
	return 0;
}

/**
 * struct t_announce - a G that makes another one ready, and that one
 * @grp: the other one and its parent
 * @g: the other one, if it sleeps in between
 * @seen: how often it has run
 * @stop: it is to end
 */
struct t_announce {
	struct t_group grp;
	struct gort_g *g;
	u64 seen;
	bool stop;
};

static void t_announced(void *arg)
{
	struct t_announce *a = arg;

	WRITE_ONCE(a->seen, a->seen + 1);
	t_child_done(&a->grp, 0);
}

static void t_announced_again(void *arg)
{
	struct t_announce *a = arg;

	WRITE_ONCE(a->g, gort_get(gort_self()));
	while (!READ_ONCE(a->stop)) {
		if (gort_park("announcement"))
			gort_yield();
		WRITE_ONCE(a->seen, a->seen + 1);
	}
	t_child_done(&a->grp, 0);
}

/* Keeps its P without a break, so that it can't run here, and waits for it. */
static int t_announce_one(struct t_announce *a, u64 *heard)
{
	u64 until = gort_now() + 10 * NSEC_PER_MSEC, seen = a->seen;
	struct gort_g_stats in, out;
	int err = 0;

	while (gort_now() < until)
		t_check();
	gort_self_stats(&in);
	if (a->g)
		gort_ready(a->g);
	else
		err = t_spawn(&a->grp, t_announced, a);
	while (!err && READ_ONCE(a->seen) == seen) {
		t_check();
		if (gort_cancelled())
			err = -ECANCELED;
	}
	gort_self_stats(&out);
	*heard += out.preempted == in.preempted;
	return err;
}

/*
 * t_announce: kind, tries. Starts a G (kind 0) or wakes one (1) while all other
 * Ms have long been asleep. Result: how often it was heard elsewhere, and ran
 * before this one was made to yield.
 */
int t_announce(const u64 *args, u64 *result)
{
	struct t_announce *a = t_alloc(sizeof(*a));
	u64 i, heard = 0;
	int err = 0;

	if (!a)
		return -ENOMEM;
	if (args[0])
		err = t_spawn(&a->grp, t_announced_again, a);
	while (args[0] && !err && !READ_ONCE(a->g))
		gort_yield();
	for (i = 0; i < args[1] && !err; i++)
		err = t_announce_one(a, &heard);
	WRITE_ONCE(a->stop, true);
	if (a->g)
		gort_ready(a->g);
	t_join(&a->grp);
	if (a->g)
		gort_put(a->g);
	t_free(a);
	*result = heard;
	return err;
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
		/* the others are on again by then */
		gort_call(t_k_burn, (void *)(10 * NSEC_PER_MSEC));
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
