// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: locks and sections of every kind, alone and nested.
 *
 * In each the G passes checks and calls functions, and looks all the time
 * whether it is alone with the data that the lock protects. Sometimes it asks
 * itself to yield: it must not do so inside, and must at the first check after
 * the last section was closed. That is what "no request is lost" means, seen
 * from within.
 */

#include "gort_torture.h"

struct tort_guard tort_guards[NR_KINDS];
struct gort_lock tort_outer = GORT_LOCK_INIT(tort_outer);
static struct gort_lock tort_inner = GORT_LOCK_INIT(tort_inner);
DEFINE_SPINLOCK(tort_spin);
DEFINE_SPINLOCK(tort_bh);
DEFINE_SPINLOCK(tort_irq);
DEFINE_SPINLOCK(tort_irqsave);
struct tort_rcu *tort_rcu;
u32 *tort_cpu_owner;

/**
 * struct tort_open - a section that a G has open
 * @kind: enum tort_kind
 * @cpu: where, if @kind is KIND_PREEMPT
 * @flags: of gort_spin_lock_irqsave()
 * @seen: what was read in an RCU section
 */
struct tort_open {
	u32 kind;
	u32 cpu;
	unsigned long flags;
	struct tort_rcu *seen;
};

/* What a broken twin leaves out. */
static bool leaves_out(u32 kind)
{
	switch (kind) {
	case KIND_OUTER:
		return tort_is(TWIN_NOLOCK);
	case KIND_INNER:
		return false;
	case KIND_PREEMPT:
		return tort_is(TWIN_NOPREEMPT);
	case KIND_RCU:
		return tort_is(TWIN_NORCU);
	case KIND_SPIN:
		return tort_is(TWIN_NOSPIN);
	case KIND_BH:
		return tort_is(TWIN_NOBH);
	case KIND_IRQ:
		return tort_is(TWIN_NOIRQ);
	default:
		return tort_is(TWIN_NOIRQSAVE);
	}
}

static void take(struct tort_open *o)
{
	switch (o->kind) {
	case KIND_OUTER:
		gort_lock(&tort_outer);
		break;
	case KIND_INNER:
		gort_lock(&tort_inner);
		break;
	case KIND_PREEMPT:
		gort_preempt_off();
		break;
	case KIND_RCU:
		gort_rcu_read_lock();
		break;
	case KIND_SPIN:
		gort_spin_lock(&tort_spin);
		break;
	case KIND_BH:
		gort_spin_lock_bh(&tort_bh);
		break;
	case KIND_IRQ:
		gort_spin_lock_irq(&tort_irq);
		break;
	case KIND_IRQSAVE:
		o->flags = gort_spin_lock_irqsave(&tort_irqsave);
		break;
	}
}

static void give(struct tort_open *o)
{
	switch (o->kind) {
	case KIND_OUTER:
		gort_unlock(&tort_outer);
		break;
	case KIND_INNER:
		gort_unlock(&tort_inner);
		break;
	case KIND_PREEMPT:
		gort_preempt_on();
		break;
	case KIND_RCU:
		gort_rcu_read_unlock();
		break;
	case KIND_SPIN:
		gort_spin_unlock(&tort_spin);
		break;
	case KIND_BH:
		gort_spin_unlock_bh(&tort_bh);
		break;
	case KIND_IRQ:
		gort_spin_unlock_irq(&tort_irq);
		break;
	case KIND_IRQSAVE:
		gort_spin_unlock_irqrestore(&tort_irqsave, o->flags);
		break;
	}
}

static bool rcu_alive(struct tort_open *o)
{
	return READ_ONCE(o->seen->magic) == TORT_MAGIC;
}

static void opened(struct tort_g *t, struct tort_open *o)
{
	bool alone = true;

	switch (o->kind) {
	case KIND_PREEMPT:
		o->cpu = gort_call(tort_k_cpu, NULL);
		alone = !READ_ONCE(tort_cpu_owner[o->cpu]);
		WRITE_ONCE(tort_cpu_owner[o->cpu], t->id);
		break;
	case KIND_RCU:
		/* what is read through it depends on it */
		o->seen = READ_ONCE(tort_rcu);
		break;
	default:
		alone = tort_guard_in(&tort_guards[o->kind], t->id);
	}
	if (!alone)
		tort_fail(t, WHAT_MUTEX, o->kind, 0);
	atomic_long_inc(&tort_kinds[o->kind]);
}

static void inside(struct tort_g *t, struct tort_open *o)
{
	switch (o->kind) {
	case KIND_PREEMPT:
		if (READ_ONCE(tort_cpu_owner[o->cpu]) != t->id)
			tort_fail(t, WHAT_MUTEX, o->kind, 1);
		break;
	case KIND_RCU:
		if (!rcu_alive(o))
			tort_fail(t, WHAT_RCU, 0, 0);
		break;
	default:
		if (!tort_guard_is(&tort_guards[o->kind], t->id))
			tort_fail(t, WHAT_MUTEX, o->kind, 1);
	}
}

static void closing(struct tort_g *t, struct tort_open *o)
{
	inside(t, o);
	switch (o->kind) {
	case KIND_PREEMPT:
		if (gort_call(tort_k_cpu, NULL) != o->cpu)
			tort_fail(t, WHAT_MUTEX, o->kind, 2);
		WRITE_ONCE(tort_cpu_owner[o->cpu], 0);
		break;
	case KIND_RCU:
		break;
	default:
		if (!tort_guard_out(&tort_guards[o->kind], t->id))
			tort_fail(t, WHAT_MUTEX, o->kind, 2);
	}
}

static void open_one(struct tort_g *t, struct tort_open *o)
{
	if (!leaves_out(o->kind))
		take(o);
	opened(t, o);
}

static void close_one(struct tort_g *t, struct tort_open *o)
{
	closing(t, o);
	if (!leaves_out(o->kind))
		give(o);
}

/* What else may be done there; more of it if only gort locks are held. */
static void something(struct tort_g *t, const struct tort_open *o)
{
	u32 choice = tort_rand(t, o->kind <= KIND_INNER ? 4 : 3);

	switch (choice) {
	case 0:
		gort_call(tort_k_cpu, NULL);
		break;
	case 1:
		gort_ready(t->g); /* a park may return early for it */
		break;
	case 2:
		tort_clock(t);
		break;
	default:
		tort_act_alloc(t);
	}
}

/*
 * What can be done with these sections open, some times over. With @ask it is
 * requested now and then that the G yields, which it does if there is no
 * section, and then others come in.
 */
static void dwell(struct tort_g *t, struct tort_open *o, u32 n, bool ask)
{
	u32 calls = tort_rand(t, 64), i;

	/* long enough for a tick, or for a grace period */
	if (tort_one_in(t, 16))
		calls = tort_rand(t, 3000);
	while (calls--) {
		if (ask && !(calls & 31))
			gort_preempt_self();
		tort_check(t);
		for (i = 0; i < n; i++)
			inside(t, &o[i]);
		if (!(calls & 63))
			something(t, &o[n - 1]); /* the innermost one */
	}
}

/* Close all @n; only after the last one the G may yield. */
static void close_all(struct tort_g *t, struct tort_open *o, u32 n)
{
	struct gort_g_stats in, now;

	gort_self_stats(&in);
	while (n--) {
		gort_self_stats(&now);
		if (now.preempted != in.preempted)
			tort_fail(t, WHAT_YIELDED, o[n].kind, n);
		close_one(t, &o[n]);
		if (n)
			tort_check(t);
	}
}

/*
 * The sections of @mask, one in the other. A request that is made inside is
 * put off there, as often as it is met, and answered at the first check after
 * the last one is closed.
 */
static void sections(struct tort_g *t, u32 mask)
{
	struct gort_g_stats in, mid, out;
	struct tort_open o[NR_KINDS];
	bool ask = tort_one_in(t, 2), whole = true;
	u32 kind, n = 0;

	for (kind = 0; kind < NR_KINDS; kind++) {
		if (!(mask & BIT(kind)))
			continue;
		whole = whole && !leaves_out(kind);
		o[n].kind = kind;
		open_one(t, &o[n++]);
	}
	gort_self_stats(&in);
	if (ask)
		gort_preempt_self();
	tort_check(t);
	dwell(t, o, n, ask);
	gort_self_stats(&mid);
	if (ask && whole && mid.declined == in.declined)
		tort_fail(t, WHAT_DECLINE, mask, 0);
	if (whole && mid.preempted != in.preempted)
		tort_fail(t, WHAT_YIELDED, mask, n);
	if (!whole) {
		while (n--)
			close_one(t, &o[n]);
		return;
	}
	close_all(t, o, n);
	tort_check(t);
	gort_self_stats(&out);
	if (ask && out.preempted == mid.preempted)
		tort_fail(t, WHAT_LOST, mask, 0);
}

void tort_act_lock(struct tort_g *t)
{
	sections(t, tort_one_in(t, 3) ? BIT(KIND_OUTER) | BIT(KIND_INNER) :
					BIT(KIND_OUTER));
}

void tort_act_trylock(struct tort_g *t)
{
	struct tort_open o = { .kind = KIND_OUTER };

	if (!leaves_out(o.kind) && !gort_trylock(&tort_outer))
		return;
	opened(t, &o);
	dwell(t, &o, 1, tort_one_in(t, 2));
	close_one(t, &o);
}

void tort_act_spin(struct tort_g *t)
{
	sections(t, BIT(KIND_SPIN));
}

void tort_act_bh(struct tort_g *t)
{
	sections(t, BIT(KIND_BH));
}

void tort_act_irq(struct tort_g *t)
{
	sections(t, BIT(KIND_IRQ));
}

void tort_act_irqsave(struct tort_g *t)
{
	sections(t, BIT(KIND_IRQSAVE));
}

void tort_act_rcu(struct tort_g *t)
{
	sections(t, BIT(KIND_RCU));
}

void tort_act_preempt(struct tort_g *t)
{
	sections(t, BIT(KIND_PREEMPT));
}

void tort_act_nest(struct tort_g *t)
{
	sections(t, 1 + tort_rand(t, BIT(NR_KINDS) - 1));
}

/*
 * Preemption is off, and gort was not told: a request is put off as well. What
 * arms it again is the next section of gort's own that is closed.
 */
void tort_act_state(struct tort_g *t)
{
	struct gort_g_stats in, mid, out;

	tort_raw_preempt_off();
	gort_self_stats(&in);
	gort_preempt_self();
	tort_check(t);
	gort_self_stats(&mid);
	gort_preempt_off();
	tort_raw_preempt_on();
	gort_preempt_on();
	tort_check(t);
	gort_self_stats(&out);
	if (mid.declined == in.declined || mid.preempted != in.preempted)
		tort_fail(t, WHAT_DECLINE, 0, 0);
	if (out.preempted == mid.preempted)
		tort_fail(t, WHAT_LOST, 0, 0);
}

/* Nothing is in the way: the next check answers. */
void tort_act_ask(struct tort_g *t)
{
	struct gort_g_stats in, out;

	gort_self_stats(&in);
	gort_preempt_self();
	tort_check(t);
	gort_self_stats(&out);
	if (out.preempted == in.preempted)
		tort_fail(t, WHAT_LOST, 0, 0);
}
