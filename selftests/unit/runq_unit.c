// SPDX-License-Identifier: GPL-2.0-only
/*
 * The run queues (gort_runq.c), with operations in any order.
 *
 * What must hold after each: every G that is ready is in exactly one place, and
 * comes out of it once; the rings have Gs of one context; sched.size and the
 * contexts' sizes are what is there; a context is in the round if and only if it
 * has Gs in the global queue. At the end all that went in comes out, in a number
 * of steps that is bounded.
 */

#include "unit.h"

#include "../../gort_runq.c"

#define GS	800	/* half of them of one context: more than a ring */
#define CTXS	4
#define MS	(2 * UNIT_CPUS)
#define STEPS	400

enum place {
	PUT, NEXT, SLOW, GLOBAL, YIELD, GET, INHERIT, TAKE, TURN, STEAL, STEAL_NEXT,
	LOCKED, HANDED, UNLOCK, DRAIN, FORGET, WANTED,
};

const char * const unit_names[] = {
	[PUT] = "a G is put into a ring",
	[NEXT] = "a G comes next",
	[SLOW] = "a full ring runs over",
	[GLOBAL] = "a G is put into the global queue",
	[YIELD] = "a G yields alone",
	[GET] = "a G is got from a ring",
	[INHERIT] = "a G is got that came next",
	[TAKE] = "a share of the global queue is taken",
	[TURN] = "a turn ends",
	[STEAL] = "a G is stolen",
	[STEAL_NEXT] = "the G that came next is stolen",
	[LOCKED] = "a locked G waits for its M",
	[HANDED] = "a P is handed to the M of a locked G",
	[UNLOCK] = "an M with a locked G leaves",
	[DRAIN] = "a P goes out of use",
	[FORGET] = "a context goes",
	[WANTED] = "somebody waits for a turn",
	NULL
};

static struct gort_p ps[UNIT_CPUS];
static struct gort_m ms[MS];
static struct gort_g gs[GS];
static struct gort_ctx ctxs[CTXS];
static bool ready[GS];	/* it is in a queue */

struct gort_p *gort_p_of(unsigned int cpu)
{
	return &ps[cpu];
}

static bool p_busy;	/* what gort_p_busy() says */

bool gort_p_busy(struct gort_p *p)
{
	(void)p;
	return p_busy;
}

bool gort_startm(struct gort_p *p, struct gort_m *m, bool spinning)
{
	(void)spinning;
	unit_check(m->nextg && m->p == p);
	unit_count[HANDED]++;
	return true;
}

static void setup(void)
{
	int i;

	memset(ps, 0, sizeof(ps));
	memset(ms, 0, sizeof(ms));
	memset(gs, 0, sizeof(gs));
	memset(ctxs, 0, sizeof(ctxs));
	memset(ready, 0, sizeof(ready));
	gort_sched.size = 0;
	gort_sched.turns = 0;
	INIT_LIST_HEAD(&gort_sched.round);
	for (i = 0; i < UNIT_CPUS; i++) {
		ps[i].cpu = i;
		ps[i].rand = i + 1;
		ps[i].active = true;
		ps[i].m = &ms[i];
		/* begin shortly before the counts wrap around */
		ps[i].runqtail = -300;
		atomic_set(&ps[i].runqhead, -300);
	}
	for (i = 0; i < MS; i++)
		ms[i].p = &ps[i % UNIT_CPUS];
	for (i = 0; i < GS; i++)
		gs[i].ctx = &ctxs[i < GS / 2 ? 0 : i % CTXS];
}

static u8 found[GS];	/* in how many places */

static void found_one(const struct gort_g *g)
{
	unit_check(g >= gs && g < gs + GS);
	found[g - gs]++;
}

static unsigned int found_queue(const struct gort_gq *q)
{
	const struct gort_g *g;
	unsigned int n = 0;

	for (g = q->head; g; g = g->schedlink, n++) {
		unit_check(n < q->size);
		found_one(g);
		unit_check(g->schedlink || g == q->tail);
	}
	unit_check(n == q->size);
	return n;
}

static void look_at_p(const struct gort_p *p)
{
	u32 h = atomic_read(&p->runqhead), t = p->runqtail;
	const struct gort_g *g;

	unit_check(t - h <= GORT_RUNQ_SIZE);
	for (; h != t; h++) {
		g = p->runq[h % GORT_RUNQ_SIZE];
		found_one(g);
		unit_check(g->ctx == p->ctx);
	}
	if (p->runnext) {
		found_one(p->runnext);
		unit_check(p->runnext->ctx == p->ctx);
	}
	for (g = p->locked.head; g; g = g->schedlink)
		unit_check(g->lockedm && g->lockedm->p == p);
	found_queue(&p->locked);
}

static void look(void)
{
	struct gort_ctx *ctx;
	unsigned int n = 0, in_round = 0;
	int i;

	memset(found, 0, sizeof(found));
	unit_check(!gort_sched.lock.held);
	for (i = 0; i < UNIT_CPUS; i++)
		look_at_p(&ps[i]);
	for (i = 0; i < MS; i++)
		if (ms[i].nextg)
			found_one(ms[i].nextg);
	for (i = 0; i < CTXS; i++)
		n += found_queue(&ctxs[i].queue);
	list_for_each_entry(ctx, &gort_sched.round, round) {
		unit_check(ctx->queue.head);
		in_round++;
	}
	for (i = 0; i < CTXS; i++)
		in_round -= !!ctxs[i].queue.head;
	unit_check(!in_round && n == gort_sched.size);
	for (i = 0; i < GS; i++)
		unit_check(found[i] == ready[i]);
}

/* One that is not ready, from a random one on, or NULL */
static struct gort_g *idle_g(struct unit_input *in)
{
	int first = unit_below(in, GS), i;

	for (i = 0; i < GS; i++)
		if (!ready[(first + i) % GS])
			return &gs[(first + i) % GS];
	return NULL;
}

static void came(struct gort_g *g)
{
	unit_check(ready[g - gs]);
	ready[g - gs] = false;
}

static void put(struct unit_input *in, struct gort_p *p, bool next, int how)
{
	struct gort_g *g = idle_g(in);
	unsigned int before = gort_sched.size;

	if (!g)
		return;
	ready[g - gs] = true;
	if (how == YIELD) {
		p->turn_over = false;
		gort_runqyield(p, g);
		unit_count[YIELD] += p->turn_over;
		return;
	}
	if (how == GLOBAL) {
		gort_globrunqput_locked(g);
		unit_count[GLOBAL]++;
		return;
	}
	gort_runqput(p, g, next);
	unit_count[next ? NEXT : PUT] += gort_sched.size == before;
	unit_count[SLOW] += gort_sched.size > before + 1;
}

/* Many of the context that @p serves: rings run over. */
static void put_many(struct unit_input *in, struct gort_p *p)
{
	unsigned int n = unit_below(in, GS), before = gort_sched.size;
	int i;

	for (i = 0; i < GS && n; i++) {
		if (ready[i] || gs[i].ctx != p->ctx || gs[i].lockcount)
			continue;
		ready[i] = true;
		gort_runqput(p, &gs[i], n-- & 1);
	}
	unit_count[SLOW] += gort_sched.size != before;
}

static void get(struct gort_p *p)
{
	bool inherit = false;
	struct gort_g *g = gort_runqget(p, &inherit);

	if (!g)
		return;
	came(g);
	unit_count[inherit ? INHERIT : GET]++;
}

static void take(struct unit_input *in, struct gort_p *p)
{
	struct gort_g *g;
	bool turn = gort_runqempty(p);

	/* as the scheduler: another turn only with an empty ring */
	g = gort_globrunqget(p, turn ? GORT_RUNQ_SIZE / 2 : 1,
			     turn && unit_below(in, 4));
	if (!g)
		return;
	came(g);
	unit_count[TAKE]++;
}

static void steal(struct gort_p *p)
{
	struct gort_g *g;
	bool next = false;
	int i;

	if (!gort_runqempty(p))
		return;
	for (i = 0; i < UNIT_CPUS; i++)
		next |= !!ps[i].runnext;
	g = gort_stealwork(p);
	if (!g)
		return;
	came(g);
	unit_count[STEAL]++;
	for (i = 0; i < UNIT_CPUS; i++)
		next &= !ps[i].runnext;
	unit_count[STEAL_NEXT] += next;
}

static void lock_g(struct unit_input *in)
{
	struct gort_m *m = &ms[unit_below(in, MS)];
	struct gort_g *g = idle_g(in);

	if (!g || m->lockedg || g->lockcount || !m->p->active)
		return;
	g->lockcount = 1;
	g->lockedm = m;
	m->lockedg = g;
}

/* A locked G gets its turn: its M is given the P. */
static void hand(struct gort_p *p)
{
	raw_spin_lock_irq(&gort_sched.lock);
	gort_startlockedm(p);
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* What an M was given runs, and is not locked any more. */
static void run_next(struct gort_m *m)
{
	struct gort_g *g = m->nextg;

	if (!g)
		return;
	m->nextg = NULL;
	came(g);
	unit_check(m->lockedg == g && g->lockedm == m);
	m->lockedg = NULL;
	g->lockedm = NULL;
	g->lockcount = 0;
}

static void leave(struct gort_m *m)
{
	unit_count[UNLOCK] += !!m->lockedg;
	raw_spin_lock_irq(&gort_sched.lock);
	gort_m_unlock(m);
	raw_spin_unlock_irq(&gort_sched.lock);
}

static void drain(struct gort_p *p)
{
	p->active = !p->active;
	if (p->active)
		return;
	gort_runqdrain(p);
	unit_check(gort_runqempty(p) && !p->locked.head);
	unit_count[DRAIN]++;
}

static void forget(struct gort_ctx *ctx)
{
	int i;

	for (i = 0; i < GS; i++)
		if (ready[i] && gs[i].ctx == ctx)
			return;
	gort_turn_forget(ctx);
	for (i = 0; i < UNIT_CPUS; i++)
		unit_check(ps[i].ctx != ctx);
	unit_count[FORGET]++;
}

static void end_turn(struct gort_p *p)
{
	gort_turn_end(p);
	unit_check(gort_runqempty(p));
	unit_count[TURN]++;
}

static void step(struct unit_input *in)
{
	struct gort_p *p = &ps[unit_below(in, UNIT_CPUS)];

	p_busy = unit_below(in, 2);
	switch (unit_below(in, 16)) {
	case 0:
		put(in, p, false, PUT);
		break;
	case 1:
		put(in, p, true, NEXT);
		break;
	case 2:
		put(in, p, false, GLOBAL);
		break;
	case 3:
		put(in, p, false, YIELD);
		break;
	case 4:
		put_many(in, p);
		break;
	case 5:
		get(p);
		break;
	case 6:
	case 7:
		take(in, p);
		break;
	case 8:
	case 9:
		steal(p);
		break;
	case 10:
		lock_g(in);
		break;
	case 11:
		hand(p);
		break;
	case 12:
		run_next(&ms[unit_below(in, MS)]);
		break;
	case 13:
		leave(&ms[unit_below(in, MS)]);
		break;
	case 14:
		end_turn(p);
		break;
	default:
		if (unit_below(in, 8) == 0)
			drain(p);
		else if (p->ctx)
			forget(p->ctx);
		unit_count[WANTED] += gort_turn_wanted(p);
	}
	unit_count[LOCKED] += !!p->locked.head;
}

/* Each round takes at least one G as long as there is one that is ready. */
static void finish(void)
{
	struct unit_input turns;
	int rounds, i;

	for (rounds = 0; rounds <= GS; rounds++) {
		for (i = 0; i < MS; i++)
			run_next(&ms[i]);
		for (i = 0; i < UNIT_CPUS; i++) {
			get(&ps[i]);
			hand(&ps[i]);
			turns = (struct unit_input){ (const u8 *)"\1", 1 };
			take(&turns, &ps[i]);
		}
	}
	look();
	for (i = 0; i < GS; i++)
		unit_check(!ready[i]);
	unit_check(!gort_sched.size && !gort_work_anywhere(NULL));
}

void unit_run(struct unit_input *in)
{
	int i;

	setup();
	for (i = 0; i < STEPS && in->left; i++) {
		step(in);
		look();
	}
	finish();
}
