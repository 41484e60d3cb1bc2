/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens at each switch: the queue of a P, as far as its own M uses it
 * (gort_runq.c has the design), and how a G comes on (gort_straight.c).
 */
#ifndef _GORT_RUNQ_H
#define _GORT_RUNQ_H

#include "gort.h"

/* Would another one have to go to the global queue? To be asked by the P's M. */
static inline bool gort_runqfull(const struct gort_p *p)
{
	return p->runqtail - atomic_read(&p->runqhead) >= GORT_RUNQ_SIZE;
}

bool gort_ringspill(struct gort_p *p, struct gort_g *g, u32 h, u32 t);

/* To the end of the ring of @p, which serves the context of @g. */
static inline void gort_ringput(struct gort_p *p, struct gort_g *g)
{
	u32 h, t;

	do {
		h = atomic_read_acquire(&p->runqhead); /* pairs with takers' */
		t = p->runqtail;
		if (likely(t - h < GORT_RUNQ_SIZE)) {
			WRITE_ONCE(p->runq[t % GORT_RUNQ_SIZE], g);
			/* pairs with the acquire in runqgrab() */
			smp_store_release(&p->runqtail, t + 1);
			return;
		}
	} while (!gort_ringspill(p, g, h, t));
}

/* The first of the ring, or NULL. */
static inline struct gort_g *gort_ringget(struct gort_p *p)
{
	struct gort_g *g;
	u32 h;

	for (;;) {
		h = atomic_read_acquire(&p->runqhead);
		if (h == p->runqtail)
			return NULL;
		g = READ_ONCE(p->runq[h % GORT_RUNQ_SIZE]);
		if (atomic_cmpxchg_release(&p->runqhead, h, h + 1) == h)
			return g;
	}
}

/* Next G of the M's own queue. @inherit: it goes on in the running slice. */
static inline struct gort_g *gort_runqget(struct gort_p *p, bool *inherit)
{
	struct gort_g *g = READ_ONCE(p->runnext);

	*inherit = g && cmpxchg(&p->runnext, g, NULL) == g;
	return *inherit ? g : gort_ringget(p);
}

/* @g has just come on: somebody may have left for it. */
static inline void gort_come_on(struct gort_g *g)
{
	struct gort_g *left = g->m->left;

	if (left)
		gort_finish(g, left);
}

/*
 * @g is what @m runs from here on; its stack is not in use yet. To be called by
 * the M, whose P is ticking, or is looked after next (gort_tick_start()).
 */
static inline void gort_make_current(struct gort_m *m, struct gort_g *g,
				     bool inherit)
{
	struct gort_p *p = m->p;

	if (!inherit)
		WRITE_ONCE(p->schedtick, p->schedtick + 1);
	p->stats.switches++;
	g->m = m;
	WRITE_ONCE(g->cpu, p->cpu);
	WRITE_ONCE(m->gid, g->id);
	gort_forget_request(g);
	gort_cpu_write(gort_curg, g);
	if (unlikely(READ_ONCE(p->stop)))
		gort_request_current();
}

#endif /* _GORT_RUNQ_H */
