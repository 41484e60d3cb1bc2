// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks: segments, growing and shrinking, and the cache of segments.
 *
 * A G starts on one small segment. When a prologue finds too little room, the
 * function gets a new segment and returns from it by gort_lessstack. Each is a
 * vmalloc area of its own, so that the page below it is never mapped: code that
 * runs over the end faults and does not write to somebody else's stack.
 *
 *	seg->lo       stackguard                        seg
 *	   |  guard       |   frames grow downwards  <-  | struct gort_seg |
 *
 * Below stackguard is the guard: small frames that do not ask, this module's
 * entry points, and interrupts. With the parameter stack_paint its use is
 * measured.
 *
 * Segments stay linked to the G when it returns from them (g->seg->next), so
 * that a loop of calls at the end of a segment costs no allocation; Go and Rust
 * gave segmented stacks up over that. They leave it when it ends, for the cache
 * of the P, last in, first out, up to a bound for each size, and go back to the
 * kernel above that and when the shrinker asks. A segment is reused only for
 * who is charged for it (tag). With a first segment waits the memory of a G that
 * has ended, mostly the one that ended there, for the next one that starts there
 * (spare): to start a G takes and gives back nothing then, as with gfget() in Go.
 *
 * Where the M may not sleep (a G grows inside a spinlock's section) nothing is
 * allocated: the last big segment of each cache is kept for that case. A G that
 * gets no segment, or is over its cap, ends with a status: nothing can be
 * returned to a function that has no room to run. The locks and sections that
 * it has through gort are released.
 *
 * Growth runs on g0. gort_oldstack() runs at the top of the segment that is
 * left, where all of it is free.
 *
 * Rejected: stacks that grow by page fault (a fault in the kernel on a stack
 * without room is a double fault), copying (pointers into a C stack can't be
 * found), and one vmalloc area for many stacks (no hole between them).
 */

#include <linux/build_bug.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "gort_trace.h"

#define GORT_PAINT	0xa5

static_assert(offsetof(struct gort_g, stackguard0) == G_STACKGUARD0);
static_assert(offsetof(struct gort_g, sp) == G_SP);
static_assert(offsetof(struct gort_g, stack_lo) == G_STACK_LO);
static_assert(offsetof(struct gort_g, stack_hi) == G_STACK_HI);
static_assert(offsetof(struct gort_g, m) == G_M);
static_assert(offsetof(struct gort_g, async_ip) == G_ASYNC_IP);
static_assert(offsetof(struct gort_m, g0_sp) == M_G0_SP);

/*
 * What fits into a segment of a function: its frame, its stack arguments, and
 * what gort_morestack pushes beside them.
 */
#define GORT_ROOM	(GORT_SEG_BIG - GORT_GUARD - sizeof(struct gort_seg) - 64)

/* the largest frame that the checker lets through, and its arguments */
static_assert(GORT_ROOM > 4096);

static struct shrinker *gort_shrinker;
static atomic_long_t guard_used;
static atomic_long_t nr_segs[2];	/* that exist, by size */

static size_t seg_size(bool big)
{
	return big ? GORT_SEG_BIG : GORT_SEG_SMALL;
}

static void paint(struct gort_seg *s, unsigned long from)
{
	memset((void *)from, GORT_PAINT, (unsigned long)s - from);
}

/*
 * KASAN reports whoever uses a stack that waits in a cache: a pointer into the
 * stack of a G that has ended. Frames that never returned left red zones behind,
 * which are gone with that.
 */
static void set_dead(struct gort_seg *s)
{
	gort_kasan_poison((void *)s->lo, (unsigned long)s - s->lo);
}

static void set_alive(struct gort_seg *s)
{
	gort_kasan_unpoison((void *)s->lo, (unsigned long)s - s->lo);
}

/* How far did its user go? Remember it, and make it as new. */
static void repaint(struct gort_seg *s)
{
	void *dirty = memchr_inv((void *)s->lo, GORT_PAINT,
				 (unsigned long)s - s->lo);
	long used, old;

	if (!dirty)
		return;
	used = s->lo + GORT_GUARD - (unsigned long)dirty;
	old = atomic_long_read(&guard_used);
	while (used > old && !atomic_long_try_cmpxchg(&guard_used, &old, used))
		;
	paint(s, (unsigned long)dirty);
}

/* Most bytes of a guard seen in use; 0 unless stack_paint is on. */
unsigned long gort_guard_used(void)
{
	return atomic_long_read(&guard_used);
}

/* For @ctx, or for nobody: a reserve that is not worth failing for. */
static struct gort_seg *seg_alloc(bool big, const struct gort_ctx *ctx)
{
	size_t size = seg_size(big);
	struct mem_cgroup *old;
	struct gort_seg *s;
	void *area;

	old = gort_charge_begin(ctx);
	area = gort_try(__vmalloc(size, gort_gfp(ctx)), NULL);
	gort_charge_end(old);
	if (!area)
		return NULL;
	s = area + size - sizeof(*s);
	*s = (struct gort_seg){
		.lo = (unsigned long)area,
		.tag = gort_ctx_tag(ctx),
		.big = big,
	};
	if (gort_stack_paint)
		paint(s, s->lo);
	atomic_long_inc(&nr_segs[big]);
	return s;
}

/* Segments of one size that exist, cached ones included. */
unsigned long gort_segs(bool big)
{
	return atomic_long_read(&nr_segs[big]);
}

static void seg_free(struct gort_seg *s)
{
	if (s->spare)
		gort_g_free(s->spare);
	atomic_long_dec(&nr_segs[s->big]);
	vfree((void *)s->lo);
}

static struct gort_seg *cache_pop(struct gort_cache *c, bool big)
{
	struct gort_seg *s = c->top[big];

	c->top[big] = s->next;
	WRITE_ONCE(c->nr[big], c->nr[big] - 1);
	return s;
}

/* @reserve: take the last big one, and anybody's. */
static struct gort_seg *cache_get(struct gort_cache *c, bool big, u64 tag,
				  bool reserve)
{
	struct gort_seg *s;

	if (READ_ONCE(c->nr[big]) <= (big && !reserve))
		return NULL;
	raw_spin_lock(&c->lock);
	s = c->top[big];
	if (s && (reserve || (s->tag == tag && c->nr[big] > big)))
		cache_pop(c, big);
	else
		s = NULL;
	raw_spin_unlock(&c->lock);
	if (s) {
		s->next = NULL;
		set_alive(s);
	}
	return s;
}

/*
 * Keep @s. If the cache is full, somebody has to go: one of the same size that
 * another one pays for and nobody may want again, else @s. The first big one is
 * the reserve and always welcome. The caller may sleep.
 */
static void cache_put(struct gort_cache *c, struct gort_seg *s)
{
	struct gort_seg *out = NULL;

	if (gort_stack_paint) {
		set_alive(s);
		repaint(s);
	}
	set_dead(s);
	s->prev = NULL;
	raw_spin_lock(&c->lock);
	if (c->nr[s->big] >= READ_ONCE(gort_stack_cache) &&
	    !(s->big && !c->nr[1])) {
		out = s;
		if (c->nr[s->big] > s->big && c->top[s->big]->tag != s->tag)
			out = cache_pop(c, s->big);
	}
	if (out != s) {
		s->next = c->top[s->big];
		c->top[s->big] = s;
		WRITE_ONCE(c->nr[s->big], c->nr[s->big] + 1);
	}
	raw_spin_unlock(&c->lock);
	if (out)
		seg_free(out);
}

/* Free what is above @keep segments of one size. Returns how many. */
static unsigned int trim_size(struct gort_cache *c, bool big, unsigned int keep)
{
	struct gort_seg *s;
	unsigned int n = 0;

	for (;;) {
		s = NULL;
		raw_spin_lock(&c->lock);
		if (c->nr[big] > keep)
			s = cache_pop(c, big);
		raw_spin_unlock(&c->lock);
		if (!s)
			return n;
		seg_free(s);
		n++;
		cond_resched();
	}
}

/* The same of both sizes together. The caller may sleep. */
unsigned int gort_cache_trim(struct gort_cache *c, unsigned int keep)
{
	unsigned int n = trim_size(c, false, keep);

	return n + trim_size(c, true, keep - min(keep, READ_ONCE(c->nr[0])));
}

/* The bound of the caches has changed: free what is above it. */
void gort_stack_cache_changed(void)
{
	unsigned int cpu, keep = READ_ONCE(gort_stack_cache);
	struct gort_p *p;

	for_each_possible_cpu(cpu) {
		p = gort_p_of(cpu);
		if (!p)
			continue;
		trim_size(&p->cache, false, keep);
		trim_size(&p->cache, true, keep);
	}
}

/* A big segment for growth where the M may not sleep; tries now and then. */
void gort_stack_refill(struct gort_p *p)
{
	struct gort_seg *s;

	if (likely(READ_ONCE(p->cache.nr[1])) || p->schedtick % 16)
		return;
	s = seg_alloc(true, NULL);
	if (!s)
		return;
	p->stats.seg_allocs++;
	cache_put(&p->cache, s);
}

static void g_use_seg(struct gort_g *g, struct gort_seg *s)
{
	g->seg = s;
	g->stack_lo = s->lo;
	g->stack_hi = (unsigned long)s;
	g->stackguard = s->lo + GORT_GUARD;
}

/* The same while @g runs; a request that waits is kept. */
static void g_move(struct gort_g *g, struct gort_seg *s, int site)
{
	gort_acquirem(g);
	if (static_branch_unlikely(&gort_hook_key)) /* growth is on g0 */
		gort_run_site_hook(site);
	g_use_seg(g, s);
	gort_guard_reset(g);
	gort_releasem(g, site);
}

static void g_count_seg(struct gort_g *g, const struct gort_seg *s)
{
	g->stack_now += seg_size(s->big);
	g->stats.stack_bytes = max(g->stats.stack_bytes, g->stack_now);
}

/**
 * gort_stack_get() - a first segment for a G
 * @ctx: whose G
 * @p: P of this CPU, or NULL
 *
 * Context: process; the caller may sleep.
 * Return: the segment, or NULL: there is no memory.
 */
struct gort_seg *gort_stack_get(struct gort_ctx *ctx, struct gort_p *p)
{
	struct gort_seg *s = NULL;

	if (p)
		s = cache_get(&p->cache, false, gort_ctx_tag(ctx), false);
	if (s) {
		p->stats.seg_reuses++;
		return s;
	}
	s = seg_alloc(false, ctx);
	if (s && p)
		p->stats.seg_allocs++;
	return s;
}

/* Nobody started on @s; the caller may sleep. */
void gort_stack_unget(struct gort_seg *s, struct gort_p *p)
{
	if (p)
		cache_put(&p->cache, s);
	else
		seg_free(s);
}

/* @g, which has no stack yet, is to start on @s. */
void gort_stack_start(struct gort_g *g, struct gort_seg *s)
{
	unsigned long *sp;

	if (s->spare)
		gort_g_free(s->spare);
	s->spare = NULL;
	g_use_seg(g, s);
	gort_guard_reset(g);
	g_count_seg(g, s);

	/* as gort_switch() left it: six registers, then where to go on */
	sp = (unsigned long *)ALIGN_DOWN((unsigned long)s, 16);
	*--sp = (unsigned long)gort_gentry;
	sp -= 6;
	memset(sp, 0, 6 * sizeof(*sp));
	g->sp = (unsigned long)sp;
}

/* @g has left its stack for good. */
void gort_stack_free(struct gort_g *g, struct gort_p *p)
{
	struct gort_seg *s = g->seg, *next;

	if (!s)
		return;
	while (s->prev)
		s = s->prev;
	g->seg = NULL;
	for (; s; s = next) {
		next = s->next;
		gort_stack_unget(s, p);
	}
}

/*
 * Nobody has @g any more, which has ended on @p, NULL: elsewhere, and which @tag
 * pays for: keep its memory with the stack that was cached last, mostly its own.
 * False: there is no place.
 */
bool gort_stack_spare(struct gort_g *g, u64 tag, struct gort_p *p)
{
	struct gort_seg *s;
	bool kept;

	/* KASAN is to see who uses it still */
	if (IS_ENABLED(CONFIG_KASAN) || !p)
		return false;
	raw_spin_lock(&p->cache.lock);
	s = p->cache.top[0];
	kept = s && !s->spare && s->tag == tag;
	if (kept)
		s->spare = g;
	raw_spin_unlock(&p->cache.lock);
	return kept;
}

/*
 * The next segment of @g, for a function that needs so much; NULL with the reason
 * in g->status.
 */
static struct gort_seg *grow(struct gort_g *g, unsigned long room)
{
	struct gort_p *p = g->m->p;
	struct gort_seg *s = g->seg->next;

	if (room > GORT_ROOM) {
		g->status = -EOVERFLOW;
		p->stats.overflows++;
		gort_warn(g, "a function called by %pS has a frame of %lu bytes, too large for any segment (%lu): do not raise GORT_FRAME_MAX so far\n",
			  (void *)g->fn, room, GORT_ROOM);
		return NULL;
	}
	if (s)
		return s;
	if (g->stack_now + GORT_SEG_BIG > gort_stack_max) {
		g->status = -EOVERFLOW;
		p->stats.overflows++;
		gort_warn(g, "stack overflow in %pS: %u bytes used, stack_max=%u\n",
			  (void *)g->fn, g->stack_now, gort_stack_max);
		return NULL;
	}
	s = cache_get(&p->cache, true, gort_ctx_tag(g->ctx), false);
	if (s) {
		p->stats.seg_reuses++;
	} else if (!gort_must_not_sleep(g->m)) {
		s = seg_alloc(true, g->ctx);
		if (s)
			p->stats.seg_allocs++;
	} else {
		s = cache_get(&p->cache, true, 0, true);
	}
	if (!s) {
		g->status = -ENOMEM;
		gort_warn(g, "no memory for its stack\n");
		return NULL;
	}
	s->prev = g->seg;
	g->seg->next = s;
	g_count_seg(g, s);
	return s;
}

/**
 * gort_newstack() - a prologue found the stack pointer below stackguard0
 * @g: the G, which stays on its stack; this runs on g0
 * @frame: size of the function's frame
 * @args: size of its stack arguments
 * @bp: %rbp in gort_morestack
 *
 * Return: GORT_STAY if the function can go on where it is, GORT_LEAVE if the
 * G is to leave its stack, else the new stack pointer.
 */
unsigned long gort_newstack(struct gort_g *g, unsigned long frame,
			    unsigned long args, unsigned long bp)
{
	unsigned long sp = bp + 16; /* at the function's first instruction */
	struct gort_m *m = g->m;
	struct gort_seg *s;

	if (READ_ONCE(g->stackguard0) == GORT_STACK_PREEMPT && gort_decide(g)) {
		m->action = GORT_ACT_PREEMPT;
		return GORT_LEAVE;
	}
	if (frame >= GORT_SMALL_FRAME)
		sp -= frame;
	if (sp >= g->stackguard)
		return GORT_STAY;

	s = grow(g, frame + args);
	if (!s) {
		m->action = GORT_ACT_EXIT;
		return GORT_LEAVE;
	}
	g->seg->left = bp;
	sp = ALIGN_DOWN((unsigned long)s, 16) - ALIGN(args, 16);
	memcpy((void *)sp, (void *)(bp + 24), args);
	m->p->stats.grown++;
	trace_grow(g, seg_size(s->big));
	g_move(g, s, GORT_SITE_GROW);
	return sp;
}

/* A function returned from the current segment into the one before it. */
void gort_oldstack(struct gort_g *g)
{
	g_move(g, g->seg->prev, GORT_SITE_SHRINK);
}

static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long n = 0;
	unsigned int cpu;
	struct gort_p *p;

	for_each_possible_cpu(cpu) {
		p = gort_p_of(cpu);
		if (p)
			n += READ_ONCE(p->cache.nr[0]) + READ_ONCE(p->cache.nr[1]);
	}
	return n ?: SHRINK_EMPTY;
}

static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long freed = 0, want = sc->nr_to_scan;
	unsigned int cpu, have;
	struct gort_p *p;

	for_each_possible_cpu(cpu) {
		p = gort_p_of(cpu);
		if (!p || freed >= want)
			continue;
		have = READ_ONCE(p->cache.nr[0]) + READ_ONCE(p->cache.nr[1]);
		freed += gort_cache_trim(&p->cache,
					 have > want - freed ?
					 have - (want - freed) : 0);
	}
	return freed;
}

int gort_stack_init(void)
{
	gort_shrinker = gort_shrinker_add("gort-stacks", shrink_count,
					  shrink_scan);
	return gort_shrinker ? 0 : -ENOMEM;
}

/* The Ps have trimmed their caches when they went away. */
void gort_stack_exit(void)
{
	gort_shrinker_del(gort_shrinker);
}

/* For the code that GCC and scripts/gcode.mk make. */
EXPORT_SYMBOL_GORT(gort_morestack);
