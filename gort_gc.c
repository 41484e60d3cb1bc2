// SPDX-License-Identifier: GPL-2.0-only
/*
 * The collector: finds the objects of the heap that nothing points to, and
 * takes them back. gort_heap.c hands memory out.
 *
 * A collection, by numbers:
 *
 *  1. The world is stopped: no G runs, each is off its stack, with its
 *     registers there and the stack pointer in g->sp; also one that is in a
 *     blocking call, and the one that collects: gort_on_g0() saves them.
 *  2. m->gcing goes up, if a G collects: it does not yield until 5 is over.
 *  3. Mark. Every word that may be a pointer is looked up; if it points into an
 *     object, anywhere, that is in use, and so is what its words point to.
 *     Roots are the stacks of all Gs of all contexts, each segment from where
 *     the stack left it, their arguments, what gort_root_add() named, and the
 *     objects of finalizers that wait to be started.
 *     Then objects with a finalizer that were not reached: the finalizer is to
 *     be started, and the object is marked for it with all that it points to.
 *  4. Sweep. What is not marked does not exist any more. All spans are taken
 *     back from all Ps. A span without objects is unlinked, for 6.
 *  5. m->gcing goes down, the world starts, and a request that was declined
 *     meanwhile is restored.
 *  6. Empty spans are freed and finalizers become Gs; if a G collects, in a
 *     blocking call, as that may take a while.
 *
 * The mark has no recursion and allocates nothing. What is marked and not yet
 * looked into lies on a stack of fixed size, large objects in pieces. When it
 * is full an object is only marked, and its span remembered (rescan); once the
 * stack has run empty all marked objects of such spans are looked into again.
 * Each round of that marks as many new objects as the stack is long, or is the
 * last.
 *
 * Conservative: an integer that looks like a pointer keeps an object. The other
 * way round, a pointer that no aligned word holds as it is (in a mask, in two
 * halves, in memory of kmalloc()) keeps none.
 *
 * Walking the Gs. While the world stands none ends, so none leaves its
 * context's list; gort_gs_walk() says how others are kept from it.
 *
 * When. On request. By growth: objects take twice the bytes that the last
 * collection left, and at least gc_min; gort_alloc() looks at that in its end. By
 * the shrinker, once a second at most. A worker collects for who can't wait until
 * the world stands: reclaim, and a G with a lock held.
 *
 * Not done: marking while Gs run (each store in G code would need a barrier
 * that the compiler does not write), moving objects (pointers into a C stack
 * can't be told from numbers), and several Ms that mark together.
 */

#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "gort_heap.h"
#include "gort_trace.h"

#define MARK_STACK	2048	/* objects marked and not looked into */
#define MARK_PIECE	512	/* bytes looked into at a time */
#define MAX_ROOTS	1024

/**
 * struct root - memory that is looked into
 * @node: in roots; H
 * @start: I
 * @len: bytes; I
 */
struct root {
	struct list_head node;
	unsigned long start;
	size_t len;
};

static LIST_HEAD(roots);		/* H */
static unsigned int nr_roots;		/* H */
static struct shrinker *gc_shrinker;
static unsigned long gc_shrunk;		/* when, in jiffies; A */

/**
 * struct piece - memory to be looked into
 * @start: aligned to a word
 * @end: after its last byte
 */
struct piece {
	unsigned long start;
	unsigned long end;
};

/* The collection that is under way; all of it H. */
static struct {
	unsigned long lo;	/* first byte of the lowest span */
	unsigned long size;	/* up to the end of the highest */
	struct gort_span *last;	/* found last: the next one is often the same */
	bool overflow;		/* some span has rescan set */
	size_t freed;		/* bytes, by its sweep */
	unsigned int n;
	struct piece stack[MARK_STACK];
} gc;

static struct gort_span *span_at(unsigned long addr)
{
	struct gort_span *s = gc.last;

	if (s && addr - s->start < s->bytes)
		return s;
	s = gort_span_of(addr);
	if (s)
		gc.last = s;
	return s;
}

/* If @word points into an object, that is in use. */
static void mark_word(unsigned long word)
{
	struct gort_span *s;
	unsigned int i;

	if (word - gc.lo >= gc.size)
		return;
	s = span_at(word);
	if (!s)
		return;
	i = gort_obj_index(s, word);
	if (i == s->nelems || !test_bit(i, s->alloc) ||
	    __test_and_set_bit(i, s->mark))
		return;
	if (gc.n == MARK_STACK) {
		s->rescan = true;
		gc.overflow = true;
		return;
	}
	gc.stack[gc.n++] = (struct piece){
		.start = gort_obj(s, i), .end = gort_obj(s, i) + s->elem,
	};
}

/*
 * Look into memory, which begins at a word, and into what is found by that. The
 * stack is empty before and after. Other stacks have KASAN's red zones in them,
 * hence the kind of read.
 */
static void mark(unsigned long start, unsigned long end)
{
	struct piece p = { .start = start, .end = end };
	unsigned long *word, *stop;

	gc.stack[gc.n++] = p;
	while (gc.n) {
		p = gc.stack[--gc.n];
		word = (unsigned long *)p.start;
		if (p.end - p.start > MARK_PIECE) {
			p.start += MARK_PIECE;
			gc.stack[gc.n++] = p;
			p.end = p.start;
		}
		stop = (unsigned long *)ALIGN_DOWN(p.end, sizeof(long));
		for (; word < stop; word++)
			mark_word(READ_ONCE_NOCHECK(*word));
		cond_resched();
	}
}

/* What the stack had no room for. */
static void mark_rest(void)
{
	struct gort_span *s;
	struct rb_node *n;
	unsigned int i;

	while (gc.overflow) {
		gc.overflow = false;
		for (n = rb_first(&gort_heaps.spans); n; n = rb_next(n)) {
			s = rb_entry(n, struct gort_span, node);
			if (!s->rescan)
				continue;
			s->rescan = false;
			for_each_set_bit(i, s->mark, s->nelems)
				mark(gort_obj(s, i), gort_obj(s, i) + s->elem);
		}
	}
}

/*
 * The argument of @g, what it is to give back, and its stack: the segment that
 * it is on from where the stack pointer was left, those before from where they
 * were.
 */
static void mark_g(struct gort_g *g)
{
	struct gort_seg *s = g->seg;
	struct list_head *held;

	mark((unsigned long)&g->arg, (unsigned long)(&g->arg + 1));
	list_for_each(held, &g->held)
		mark((unsigned long)&held, (unsigned long)(&held + 1));
	if (!s)
		return;
	mark(g->sp, g->stack_hi);
	while ((s = s->prev))
		mark(s->left, (unsigned long)s);
}

/* The objects of finalizers that are to be started. */
static void mark_pending(void)
{
	struct gort_finalizer *f;

	list_for_each_entry(f, &gort_heaps.pending, node)
		mark((unsigned long)&f->obj, (unsigned long)(&f->obj + 1));
	mark_rest();
}

/* Finalizers whose objects were not reached are to be started. */
static void find_finalizers(void)
{
	struct gort_finalizer *f, *next;
	struct gort_span *s;
	struct rb_node *n;

	for (n = rb_first(&gort_heaps.spans); n; n = rb_next(n)) {
		s = rb_entry(n, struct gort_span, node);
		list_for_each_entry_safe(f, next, &s->finalizers, node)
			if (!test_bit(gort_obj_index(s, (unsigned long)f->obj),
				      s->mark))
				list_move_tail(&f->node, &gort_heaps.pending);
	}
}

/* Step 3. */
static void mark_all(void)
{
	struct rb_node *first = rb_first(&gort_heaps.spans);
	struct rb_node *last = rb_last(&gort_heaps.spans);
	struct root *r;

	gc.size = 0;
	gc.last = NULL;
	if (first) {
		gc.lo = rb_entry(first, struct gort_span, node)->start;
		gc.last = rb_entry(last, struct gort_span, node);
		gc.size = gc.last->start + gc.last->bytes - gc.lo;
	}
	list_for_each_entry(r, &roots, node)
		mark(r->start, r->start + r->len);
	gort_gs_walk(mark_g);
	mark_pending();
	/* all of them before any is marked: their order does not matter */
	find_finalizers();
	mark_pending();
}

/* Keep what is marked of @s. */
static void sweep_span(struct gort_span *s)
{
	unsigned int live = bitmap_weight(s->mark, s->nelems);
	unsigned int freed = bitmap_weight(s->alloc, s->nelems) - live;
	struct gort_heap *h = s->heap;

	WRITE_ONCE(gort_heaps.freed, gort_heaps.freed + freed);
	gc.freed += freed * s->elem;
	h->marked += live * s->elem;
	bitmap_copy(s->alloc, s->mark, s->nelems);
	bitmap_zero(s->mark, s->nelems);
	s->next = 0;
	s->nfree = s->nelems - live;
	list_del_init(&s->link);
	if (!live) {
		gort_span_unlink(s);
		list_add(&s->link, &gort_heaps.dead);
	} else if (s->nfree) {
		list_add_tail(&s->link, &h->partial[s->class]);
	}
}

static void sweep_heap(struct gort_heap *h)
{
	struct gort_span *s, *next;
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		if (h->mcache[cpu])
			*h->mcache[cpu] = (struct gort_mcache){};
	h->marked = 0;
	h->since = 0;
	list_for_each_entry_safe(s, next, &h->spans, all) {
		sweep_span(s);
		cond_resched();
	}
}

/* Step 4. */
static void sweep_all(void)
{
	struct gort_heap *h;
	size_t marked = 0;

	gc.freed = 0;
	list_for_each_entry(h, &gort_heaps.heaps, node) {
		sweep_heap(h);
		marked += h->marked;
	}
	WRITE_ONCE(gort_heaps.marked, marked);
	WRITE_ONCE(gort_heaps.live, marked);
	raw_spin_lock_irq(&gort_sched.lock);
	gort_sched.stats.collections++;
	gort_sched.stats.heap_freed += gc.freed;
	raw_spin_unlock_irq(&gort_sched.lock);
}

/* What there is, for who listens; on g0, or in a process. */
static void trace_phase(enum gort_phase phase)
{
	if (trace_gc_enabled())
		trace_gc(gort_getg(), phase, gort_heaps.live,
			 gort_heap_objects());
}

/*
 * Steps 3 and 4. Not @force: unless somebody else has just done it. Returns
 * whether there is something left to do in 6.
 */
static unsigned long collect(unsigned long force, unsigned long unused1,
			     unsigned long unused2)
{
	bool rest;

	mutex_lock(&gort_heaps.lock);
	if (force || gort_gc_due()) {
		trace_phase(GORT_PHASE_BEGIN);
		mark_all();
		sweep_all();
		trace_phase(GORT_PHASE_END);
	}
	rest = !list_empty(&gort_heaps.dead) || !list_empty(&gort_heaps.pending);
	mutex_unlock(&gort_heaps.lock);
	return rest;
}

/*
 * Make Gs of the finalizers that wait. H is held, so that a context can't go
 * meanwhile; one that is about to takes none, as it is cancelled.
 */
static void start_finalizers(void)
{
	struct gort_finalizer *f, *next;
	unsigned int n = 0;
	int err;

	list_for_each_entry_safe(f, next, &gort_heaps.pending, node) {
		err = gort_newproc(f->heap->ctx, f->fn, f->obj, &f->text,
				   f->owner, NULL, NULL);
		if (err && err != -ECANCELED)
			continue; /* the next collection tries again */
		if (!err)
			f->owner = NULL; /* the G has it now */
		n += !err;
		gort_finalizer_free(f);
		cond_resched();
	}
	if (!n)
		return;
	raw_spin_lock_irq(&gort_sched.lock);
	gort_sched.stats.finalized += n;
	raw_spin_unlock_irq(&gort_sched.lock);
	gort_wake();
}

/* Step 6. */
static long finish(void *unused)
{
	struct gort_span *s, *next;
	LIST_HEAD(dead);

	mutex_lock(&gort_heaps.lock);
	list_splice_init(&gort_heaps.dead, &dead);
	start_finalizers();
	mutex_unlock(&gort_heaps.lock);
	list_for_each_entry_safe(s, next, &dead, link) {
		gort_span_free(s);
		cond_resched();
	}
	return 0;
}

static int gc_in_g(struct gort_g *g, bool force)
{
	struct gort_m *m;
	bool rest;
	int err;

	err = gort_stop_the_world();
	if (err)
		return err;
	m = g->m;
	m->gcing = 1;
	barrier();
	gort_at_site(g, GORT_SITE_GC);
	rest = gort_systemstack(g, force, 0, 0, collect);
	gort_acquirem(g);
	m->gcing = 0;
	gort_start_the_world();
	/* who allocates while this one frees collects, and frees, for itself */
	if (!force)
		atomic_set(&gort_heaps.collecting, 0);
	gort_releasem(g, GORT_SITE_GC);
	if (rest)
		gort_block(g, finish, NULL);
	return 0;
}

static int gc_in_process(void)
{
	int err = gort_stop_the_world();

	if (err)
		return err;
	collect(true, 0, 0);
	gort_start_the_world();
	finish(NULL);
	return 0;
}

/**
 * gort_gc() - collect what is not in use of the heaps of all contexts
 *
 * No G runs meanwhile. When it returns, objects that nothing pointed to when it
 * was called are gone, and the finalizers of those that have one are started.
 *
 * Context: G, or process; not inside gort_call().
 * Return: 0, -EDEADLK (with a gort lock held or a section open, or inside
 * gort_alloc() or gort_gc()), -EPERM (inside gort_call(), or in an interrupt), or
 * why the world can't be stopped.
 */
int gort_gc(void)
{
	struct gort_g *g = gort_getg();

	if (!gort_in_task() || (g && !gort_on_gstack(g)))
		return -EPERM;
	if (!g)
		return gc_in_process();
	if (!gort_may_collect(g) || g->m->mallocing || g->m->gcing) {
		gort_misuse(g, "gort_gc",
			    "with a lock held, a section open, or in a collection");
		return -EDEADLK;
	}
	return gc_in_g(g, true);
}
EXPORT_SYMBOL_GORT(gort_gc);
NOKPROBE_SYMBOL(gort_gc);

static void gc_work_fn(struct work_struct *work)
{
	gc_in_process();
}

static DECLARE_WORK(gc_work, gc_work_fn);

static unsigned long queue_work_on_m(unsigned long unused1,
				     unsigned long unused2,
				     unsigned long unused3)
{
	return queue_work(system_long_wq, &gc_work);
}

/*
 * @g has allocated, and gort_gc_due() is true. If another one collects for the
 * same reason already, or for want of a world to stop, nothing happens.
 */
void gort_gc_grow(struct gort_g *g)
{
	if (!gort_may_collect(g)) {
		gort_systemstack(g, 0, 0, 0, queue_work_on_m);
		return;
	}
	if (atomic_cmpxchg(&gort_heaps.collecting, 0, 1))
		return;
	if (gc_in_g(g, false))
		atomic_set(&gort_heaps.collecting, 0);
}

NOKPROBE_SYMBOL(gort_gc_grow);

/* What a collection could give back at most, in pages. */
static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	size_t live = READ_ONCE(gort_heaps.live);
	size_t marked = READ_ONCE(gort_heaps.marked);

	return (live > marked ? (live - marked) >> PAGE_SHIFT : 0) ?: SHRINK_EMPTY;
}

static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	if (time_after(jiffies, READ_ONCE(gc_shrunk) + HZ)) {
		WRITE_ONCE(gc_shrunk, jiffies);
		queue_work(system_long_wq, &gc_work);
	}
	return SHRINK_STOP;
}

/* What gort_root_add() hands to g0 */
struct root_args {
	void *start;
	size_t len;
};

static struct root *root_find(void *start)
{
	struct root *r;

	list_for_each_entry(r, &roots, node)
		if (r->start == (unsigned long)start)
			return r;
	return NULL;
}

static long root_add(void *args)
{
	struct root_args *a = args;
	int err = -ENOMEM;
	struct root *r;

	r = gort_try(kmalloc(sizeof(*r), GFP_KERNEL), NULL);
	if (!r)
		return -ENOMEM;
	r->start = (unsigned long)a->start;
	r->len = a->len;
	mutex_lock(&gort_heaps.lock);
	if (root_find(a->start)) {
		err = -EEXIST;
	} else if (nr_roots < MAX_ROOTS) {
		list_add_tail(&r->node, &roots);
		nr_roots++;
		err = 0;
	}
	mutex_unlock(&gort_heaps.lock);
	if (err)
		kfree(r);
	return err;
}

static long root_del(void *start)
{
	struct root *r;

	mutex_lock(&gort_heaps.lock);
	r = root_find(start);
	if (r) {
		list_del(&r->node);
		nr_roots--;
	}
	mutex_unlock(&gort_heaps.lock);
	if (!r)
		pr_warn_ratelimited("gort_root_del: called by %s (%d) with the start of no root\n",
				    current->comm, current->pid);
	kfree(r);
	return 0;
}

/**
 * gort_root_add() - what this memory points to is in use
 * @start: the memory, not of the heap; aligned to 8 bytes
 * @len: its size, at least 8
 *
 * For variables of a module, and memory from kmalloc() and the like, that keep
 * pointers to objects of the heap. It must stay where it is until
 * gort_root_del(). There can be 1024 at a time.
 *
 * Context: G or process; not in a section that must not sleep.
 * Return: 0, -EINVAL (NULL, not aligned, too small, or beyond the end of the
 * address space), -EEXIST (there is one with this start), -ENOMEM (also if there
 * are too many), -EDEADLK (a G in such a section).
 */
int gort_root_add(void *start, size_t len)
{
	struct root_args a = { .start = start, .len = len };
	unsigned long first = (unsigned long)start;

	if (!start || !IS_ALIGNED(first, sizeof(long)) ||
	    len < sizeof(long) || first + len < first)
		return -EINVAL;
	return gort_heap_call("gort_root_add", root_add, &a);
}
EXPORT_SYMBOL_GORT(gort_root_add);

/**
 * gort_root_del() - undo gort_root_add()
 * @start: as there; of one that is no root, nothing but a message
 *
 * When it returns no collection looks at the memory.
 *
 * Context: G or process; not in a section that must not sleep.
 */
void gort_root_del(void *start)
{
	gort_heap_call("gort_root_del", root_del, start);
}
EXPORT_SYMBOL_GORT(gort_root_del);

int gort_gc_init(void)
{
	gc_shrunk = jiffies - 2 * HZ;
	gc_shrinker = gort_shrinker_add("gort-heap", shrink_count, shrink_scan);
	return gc_shrinker ? 0 : -ENOMEM;
}

/* No context is left, and nobody who could make one. */
void gort_gc_exit(void)
{
	struct root *r, *next;

	gort_shrinker_del(gc_shrinker);
	cancel_work_sync(&gc_work);
	list_for_each_entry_safe(r, next, &roots, node)
		kfree(r);
}
