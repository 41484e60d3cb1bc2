// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for preempt_test: requests that come while the G may not yield.
 *
 * A check is what the prologue of every function in G code does; t_check() is
 * a function that does nothing else. The functions of gort itself have none,
 * so between two calls of t_check() nothing can make the G yield.
 */

#include <linux/string.h>

#include "gort_test_mod.h"

/**
 * struct t_kind - sections that are open while the request comes
 * @open: in this order, a letter each
 * @close: in that order
 *
 * L: outer gort_lock, M: inner one, t: gort_trylock, s: spin lock, b: the same
 * with bottom halves off, i: with interrupts off, q: with interrupts saved and
 * off, r: RCU reader, p: no preemption by Linux.
 */
struct t_kind {
	const char *open;
	const char *close;
};

/* First one for each wrapper, then nested ones, the last one deeply. */
static const struct t_kind t_kinds[T_NR_KINDS] = {
	{ "L", "L" },
	{ "t", "L" },
	{ "s", "s" },
	{ "b", "b" },
	{ "i", "i" },
	{ "q", "q" },
	{ "r", "r" },
	{ "p", "p" },
	{ "LM", "ML" },
	{ "LM", "LM" },
	{ "rr", "rr" },
	{ "pp", "pp" },
	{ "Ls", "sL" },
	{ "Lr", "Lr" },
	{ "LMrq", "qrML" },
	{ "bpr", "rpb" },
	{ "pppppppprrrr", "rrrrpppppppp" },
};

noinline void t_check(void)
{
	barrier();
}

struct t_locks *t_locks_new(void)
{
	struct t_locks *l = t_alloc(sizeof(*l));

	if (l)
		gort_call(t_k_locks_init, l);
	return l;
}

static void t_open_one(struct t_locks *l, char section)
{
	switch (section) {
	case 'L':
		gort_lock(&l->a);
		break;
	case 'M':
		gort_lock(&l->b);
		break;
	case 't':
		/* nobody else has it; the unlock would show if this failed */
		gort_trylock(&l->a);
		break;
	case 's':
		gort_spin_lock(&l->s);
		break;
	case 'b':
		gort_spin_lock_bh(&l->s);
		break;
	case 'i':
		gort_spin_lock_irq(&l->s);
		break;
	case 'q':
		l->flags = gort_spin_lock_irqsave(&l->s);
		break;
	case 'r':
		gort_rcu_read_lock();
		break;
	case 'p':
		gort_preempt_off();
		break;
	}
}

static void t_close_one(struct t_locks *l, char section)
{
	switch (section) {
	case 'L':
		gort_unlock(&l->a);
		break;
	case 'M':
		gort_unlock(&l->b);
		break;
	case 's':
		gort_spin_unlock(&l->s);
		break;
	case 'b':
		gort_spin_unlock_bh(&l->s);
		break;
	case 'i':
		gort_spin_unlock_irq(&l->s);
		break;
	case 'q':
		gort_spin_unlock_irqrestore(&l->s, l->flags);
		break;
	case 'r':
		gort_rcu_read_unlock();
		break;
	case 'p':
		gort_preempt_on();
		break;
	}
}

void t_open(struct t_locks *l, unsigned int kind)
{
	const char *s;

	for (s = t_kinds[kind].open; *s; s++)
		t_open_one(l, *s);
}

/* Returns with the last section closed and no check passed since. */
void t_close(struct t_locks *l, unsigned int kind)
{
	const char *s;

	for (s = t_kinds[kind].close; *s; s++)
		t_close_one(l, *s);
}

/*
 * One trial. The request is met inside, where it must be put off; it must
 * still be put off after each release but the last; and after the last one the
 * very next check must answer it. A tick of its own accord can only add a
 * request while one is pending, or make the G yield once more at the end.
 */
static int t_trial(struct t_locks *l, unsigned int kind, u64 *lost, u64 *extra)
{
	struct gort_g_stats in, mid, out, end;
	const char *s;

	t_open(l, kind);
	gort_self_stats(&in);
	gort_preempt_self();
	t_check();
	gort_self_stats(&mid);
	if (mid.declined == in.declined || mid.preempted != in.preempted)
		return -EPROTO;
	for (s = t_kinds[kind].close; s[1]; s++) {
		t_close_one(l, *s);
		t_check();
	}
	gort_self_stats(&mid);
	if (mid.preempted != in.preempted)
		return -EXDEV;
	t_close_one(l, *s);
	t_check();
	gort_self_stats(&out);
	t_check();
	gort_self_stats(&end);
	*lost += out.preempted == mid.preempted;
	*extra += end.preempted != out.preempted;
	return 0;
}

/*
 * t_restore: trials, kind. Result: trials whose request was lost in the low
 * half, needless yields in the high half. EPROTO if a request was not put off
 * inside, EXDEV if the G was made to yield before the last release.
 */
int t_restore(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	u64 lost = 0, extra = 0, i;
	int err = 0;

	if (!l)
		return -ENOMEM;
	for (i = 0; i < args[0] && !err; i++)
		err = t_trial(l, args[1], &lost, &extra);
	*result = lost | extra << 32;
	t_free(l);
	return err;
}

/*
 * t_hold: rounds, inside, outside, kind. In each round so many checks with the
 * sections open, then so many without: what the tick meets is up to the clock.
 * Result: checks passed.
 */
int t_hold(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	u64 i, j;

	if (!l)
		return -ENOMEM;
	for (i = 0; i < args[0]; i++) {
		t_open(l, args[3]);
		for (j = 0; j < args[1]; j++)
			t_check();
		t_close(l, args[3]);
		for (j = 0; j < args[2]; j++)
			t_check();
	}
	*result = args[0] * (args[1] + args[2]);
	t_free(l);
	return 0;
}

/* What t_site wants of the hook; one task of it at a time. */
static struct gort_g *t_site_g;
static int t_site_nr;
static u32 t_site_hits;
static u32 t_site_bad;

/* Runs inside the section of a restore site, on the stack of the G in it. */
void t_site_hook(int site)
{
	struct gort_g_stats in, out;

	if (t_step_hook(site))
		return;
	if (READ_ONCE(t_site_g) != gort_self() || site != t_site_nr)
		return;
	gort_self_stats(&in);
	gort_preempt_self();
	t_check();
	gort_self_stats(&out);
	t_site_hits++;
	if (out.declined == in.declined || out.preempted != in.preempted)
		t_site_bad++;
}

/**
 * struct t_partner - the G that t_site makes ready over and over
 * @grp: it and its parent
 * @g: the G itself, referenced
 * @stop: it is to end
 */
struct t_partner {
	struct t_group grp;
	struct gort_g *g;
	bool stop;
};

static void t_partner_fn(void *arg)
{
	struct t_partner *p = arg;

	WRITE_ONCE(p->g, gort_get(gort_self()));
	gort_ready(p->grp.parent);
	while (!READ_ONCE(p->stop))
		if (gort_park("partner"))
			gort_yield();
	t_child_done(&p->grp, 0);
}

void t_nothing(void *grp)
{
	t_child_done(grp, 0);
}

/*
 * A new M is asked for when a G is made ready, or has left for this one, and
 * there is a P without an M. That is for user space to bring about while this
 * tries again and again. gort_ready() is a check, too: none of it after a hit.
 */
static int t_until_allocm(struct t_partner *p)
{
	u64 until = gort_now() + 100 * NSEC_PER_MSEC;
	u32 hits = t_site_hits;

	while (t_site_hits == hits) {
		gort_ready(p->g);
		if (t_site_hits != hits)
			break;
		if (gort_now() > until)
			return -ETIME;
		gort_yield();
	}
	return 0;
}

/* One passage through the site. No check after it. */
static int t_site_pass(struct t_partner *p, u64 site)
{
	switch (site) {
	case GORT_SITE_READY:
		gort_ready(p->g);
		return 0;
	case GORT_SITE_GO:
		return t_spawn(&p->grp, t_nothing, &p->grp);
	case GORT_SITE_ALLOC:
		return gort_alloc(16) ? 0 : -ENOMEM;
	case GORT_SITE_GC:
		return gort_gc();
	default:
		return t_until_allocm(p);
	}
}

/*
 * t_site: trials, site. The request comes inside gort_ready(), gort_go(),
 * gort_allocm(), gort_alloc() or gort_gc(), is declined there, and must be
 * answered by the first check after it. Result: trials in which it was not.
 * EPROTO if the hook was not called once a trial, or was not declined.
 */
int t_site(const u64 *args, u64 *result)
{
	struct t_partner *p = t_alloc(sizeof(*p));
	struct gort_g_stats in, out;
	u64 i, lost = 0;
	int err = 0;

	if (!p)
		return -ENOMEM;
	err = t_spawn(&p->grp, t_partner_fn, p);
	while (!err && !READ_ONCE(p->g))
		if (gort_park("partner's start"))
			gort_yield();
	t_site_nr = args[1];
	t_site_hits = 0;
	t_site_bad = 0;
	for (i = 0; i < args[0] && !err; i++) {
		WRITE_ONCE(t_site_g, gort_self());
		err = t_site_pass(p, args[1]);
		WRITE_ONCE(t_site_g, NULL);
		gort_self_stats(&in);
		t_check();
		gort_self_stats(&out);
		lost += out.preempted == in.preempted;
	}
	if (!err && (t_site_hits != args[0] || t_site_bad))
		err = -EPROTO;
	WRITE_ONCE(p->stop, true);
	if (p->g)
		gort_ready(p->g);
	t_join(&p->grp);
	if (p->g)
		gort_put(p->g);
	t_free(p);
	*result = lost;
	return err;
}

/* A check in the prologue of a frame too large for the direct comparison. */
static noinline void t_check_medium(void)
{
	u64 buf[48];
	u64 *p = buf;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[0], 1);
	barrier();
}

/* The same close to the largest frame that G code may have. */
static noinline void t_check_large(void)
{
	u64 buf[T_FRAME_LARGE / 8];
	u64 *p = buf;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[0], 1);
	barrier();
}

/**
 * struct t_turns - two Gs that take turns
 * @grp: the second one and its parent
 * @turn: whose turn it is
 * @rounds: how often
 * @frame: which function they call while they wait, 3 for none
 * @lazy: one has waited for too long
 */
struct t_turns {
	struct t_group grp;
	u64 turn;
	u64 rounds;
	u64 frame;
	bool lazy;
};

/* No call at all. Who never gets on gives up in the end. */
static void t_await_turn(struct t_turns *t, u64 me)
{
	u64 patience = 1ULL << 32;

	/* pairs with the release in t_take_turns() */
	while (smp_load_acquire(&t->turn) != me)
		if (!patience-- || READ_ONCE(t->lazy)) {
			WRITE_ONCE(t->lazy, true);
			return;
		}
}

/* Nothing but a call of one function makes the G leave. */
static void t_take_turns(struct t_turns *t, u64 me)
{
	u64 i;

	for (i = 0; i < t->rounds; i++) {
		if (t->frame == 3)
			t_await_turn(t, me);
		/* the acquire and the release below pair with each other */
		while (smp_load_acquire(&t->turn) != me && !t->lazy) {
			if (t->frame == 0)
				t_check();
			else if (t->frame == 1)
				t_check_medium();
			else
				t_check_large();
		}
		smp_store_release(&t->turn, !me); /* see above */
	}
}

static void t_turns_fn(void *arg)
{
	struct t_turns *t = arg;

	t_take_turns(t, 1);
	t_child_done(&t->grp, 0);
}

/*
 * t_turns: rounds, frame. Two Gs, each waiting for the other by calling a
 * function with a small (0), medium (1) or large (2) frame, or none (3). Result:
 * rounds. ETIME if one waited in vain.
 */
int t_turns(const u64 *args, u64 *result)
{
	struct t_turns *t = t_alloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->rounds = args[0];
	t->frame = args[1];
	err = t_spawn_in(NULL, &t->grp, t_turns_fn, t);
	if (!err)
		t_take_turns(t, 0);
	t_join(&t->grp);
	if (t->lazy)
		err = -ETIME;
	t_free(t);
	*result = args[0];
	return err;
}
