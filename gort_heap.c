// SPDX-License-Identifier: GPL-2.0-only
/*
 * The heap: memory for G code that is never freed by hand. This file hands it
 * out; gort_gc.c finds what is not in use any more.
 *
 *   object  what gort_alloc() returns: zeroed, on 16 bytes, of one of 18 sizes
 *           (16, 32, 48, 64, 96, 128 and so on up to 8 KiB), or of whole pages
 *   span    a vmalloc area of 16 or 64 KiB, cut into objects of one size; one
 *           for each object that is larger. A bit says which objects exist
 *   heap    the spans of one context, which pays for them, has a cap on them
 *           (heap_max), and takes all of them along when it goes: an object
 *           does not outlive its context, whoever still points to it
 *
 * A P takes a span of each size out of the heap of a context (mcache) and hands
 * its free objects out one after the other. Nobody else touches the span's bits
 * meanwhile, so this takes no lock. It is left to itself when it is full, and
 * to be found by the next collection, which takes all spans back from all Ps: a
 * P that goes away needs no care.
 *
 * gort_alloc(), by numbers:
 *
 *  1. A request that is pending is answered, before anything is begun.
 *  2. m->mallocing goes up: a check now declines, and the G stays on its M.
 *  3. On g0: a free object of the P's span, or, under the lock (H), a span with
 *     free ones, or a new one. In a section where the M must not sleep only the
 *     first is tried: the result is NULL and a message when the cache is empty.
 *  4. A request that came meanwhile is restored, if no lock is held, and
 *     m->mallocing goes down.
 *  5. If the heap has grown enough a collection begins; here, and not in 3,
 *     since it makes the G wait for the others to stop.
 *
 * If 3 finds the cap reached or no memory, and enough was taken into use since
 * the last collection to be worth it, a collection and a second attempt follow.
 *
 * Locks. H (gort_heaps.lock) is a mutex. It is never held while memory is
 * allocated but to start a finalizer, and never while the world is being
 * stopped: a G that waits for it does not let go of its P. The collector takes
 * it when the world stands.
 *
 * Who can still use a heap when gort_heap_destroy() frees it? Its context has
 * no G any more, so no M is in its gort_alloc(). The collector holds H from its
 * first look at a span to its last. A finalizer that is to run is taken off the
 * list here, under H, or was started before and is a G that was awaited.
 *
 * Not done: one heap for all (nobody could be charged, and memory would stay
 * when a context goes); spans that Ps pass to each other without a collection;
 * kmalloc() below (an address would not tell whether it is an object, nor
 * where that begins).
 */

#include <linux/bitmap.h>
#include <linux/kprobes.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "gort_heap.h"

/* What alloc_on_m() returns besides objects */
#define ALLOC_NONE	0UL
#define ALLOC_COLLECT	1UL	/* a collection may help */

/* A collection for want of memory must promise this share of the heap. */
#define WORTH_SHIFT	3

struct gort_heaps gort_heaps = {
	.lock = __MUTEX_INITIALIZER(gort_heaps.lock),
	.heaps = LIST_HEAD_INIT(gort_heaps.heaps),
	.spans = RB_ROOT,
	.dead = LIST_HEAD_INIT(gort_heaps.dead),
	.pending = LIST_HEAD_INIT(gort_heaps.pending),
};

static const u16 class_bytes[GORT_NR_CLASSES] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024,
	1536, 2048, 3072, 4096, 6144, 8192,
};

/* The smallest class for @size, which is 1 to GORT_SMALL_MAX. */
static unsigned int class_of(size_t size)
{
	unsigned int k = max(fls(size - 1), 4); /* 2^k is enough */

	if (k < 6)
		return k - 4;
	/* from here on there is 3/4 of it, too */
	return 2 * (k - 5) + (size > 3UL << (k - 2));
}

/* At least eight objects in each, so that few of them share the lock's cost. */
static size_t span_bytes(unsigned int class)
{
	return class_bytes[class] <= SZ_1K ? SZ_16K : SZ_64K;
}

/* The span that @addr lies in, or NULL. H is held. */
struct gort_span *gort_span_of(unsigned long addr)
{
	struct rb_node *n = gort_heaps.spans.rb_node;
	struct gort_span *s;

	lockdep_assert_held(&gort_heaps.lock);
	while (n) {
		s = rb_entry(n, struct gort_span, node);
		if (addr < s->start)
			n = n->rb_left;
		else if (addr - s->start >= s->bytes)
			n = n->rb_right;
		else
			return s;
	}
	return NULL;
}

static bool span_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct gort_span, node)->start <
	       rb_entry(b, struct gort_span, node)->start;
}

static void add_bytes(struct gort_heap *h, size_t bytes)
{
	lockdep_assert_held(&gort_heaps.lock);
	h->bytes += bytes;
	WRITE_ONCE(gort_heaps.bytes, gort_heaps.bytes + bytes);
}

/* Objects that were free are counted as in use when a P gets them. */
static void add_live(struct gort_heap *h, size_t bytes)
{
	lockdep_assert_held(&gort_heaps.lock);
	h->since += bytes;
	WRITE_ONCE(gort_heaps.live, gort_heaps.live + bytes);
}

/* Nobody finds @s from here on; its memory is still there. H is held. */
void gort_span_unlink(struct gort_span *s)
{
	rb_erase(&s->node, &gort_heaps.spans);
	list_del(&s->all);
	list_del_init(&s->link);
	add_bytes(s->heap, -s->bytes);
}

/* The caller may sleep. */
void gort_span_free(struct gort_span *s)
{
	vfree((void *)s->start);
	kfree(s);
}

static void *heap_zalloc(const struct gort_ctx *ctx, size_t size)
{
	struct mem_cgroup *old;
	void *p;

	old = gort_charge_begin(ctx);
	p = gort_try(kzalloc(size, gort_gfp(ctx)), NULL);
	gort_charge_end(old);
	return p;
}

static void *area_alloc(const struct gort_ctx *ctx, size_t size, gfp_t more)
{
	struct mem_cgroup *old;
	void *p;

	old = gort_charge_begin(ctx);
	p = gort_try(__vmalloc(size, gort_gfp(ctx) | more), NULL);
	gort_charge_end(old);
	return p;
}

/* The span itself, not yet known to anybody. */
static struct gort_span *span_make(struct gort_heap *h, unsigned int class,
				   size_t bytes, size_t elem)
{
	unsigned int n = bytes / elem;
	struct gort_span *s;

	s = heap_zalloc(h->ctx, struct_size(s, bits, 2 * BITS_TO_LONGS(n)));
	if (!s)
		return NULL;
	/* small objects are zeroed one by one, each time */
	s->start = (unsigned long)area_alloc(h->ctx, bytes,
					     class == GORT_LARGE ? __GFP_ZERO : 0);
	if (!s->start) {
		kfree(s);
		return NULL;
	}
	s->heap = h;
	s->bytes = bytes;
	s->elem = elem;
	s->nelems = n;
	s->class = class;
	s->mark = s->bits;
	s->alloc = s->bits + BITS_TO_LONGS(n);
	INIT_LIST_HEAD(&s->link);
	INIT_LIST_HEAD(&s->finalizers);
	return s;
}

/*
 * A span that only the caller's P has. Its bytes are reserved before it is
 * made, so that others can't get the heap over its cap meanwhile.
 */
static struct gort_span *span_new(struct gort_heap *h, unsigned int class,
				  size_t bytes, size_t elem)
{
	size_t max = READ_ONCE(gort_heap_max);
	struct gort_span *s = NULL;

	mutex_lock(&gort_heaps.lock);
	if (bytes > max || h->bytes > max - bytes) {
		mutex_unlock(&gort_heaps.lock);
		return NULL;
	}
	add_bytes(h, bytes);
	mutex_unlock(&gort_heaps.lock);

	s = span_make(h, class, bytes, elem);

	mutex_lock(&gort_heaps.lock);
	if (s) {
		rb_add(&s->node, &gort_heaps.spans, span_less);
		list_add_tail(&s->all, &h->spans);
		add_live(h, s->nelems * elem);
	} else {
		add_bytes(h, -bytes);
	}
	mutex_unlock(&gort_heaps.lock);
	return s;
}

/* A span with free objects that is in no cache, or NULL. */
static struct gort_span *span_partial(struct gort_heap *h, unsigned int class)
{
	struct gort_span *s;

	mutex_lock(&gort_heaps.lock);
	s = list_first_entry_or_null(&h->partial[class], struct gort_span, link);
	if (s) {
		list_del_init(&s->link);
		add_live(h, s->nfree * s->elem);
	}
	mutex_unlock(&gort_heaps.lock);
	return s;
}

/* The next free object of @s, not zeroed, or 0; on the M that has @s. */
static unsigned long span_take(struct gort_span *s)
{
	unsigned int i = find_next_zero_bit(s->alloc, s->nelems, s->next);

	s->next = i + 1;
	if (i >= s->nelems)
		return 0;
	__set_bit(i, s->alloc);
	return gort_obj(s, i);
}

static struct gort_heap *heap_make(struct gort_ctx *ctx)
{
	struct gort_heap *h, *other;
	unsigned int i;

	h = heap_zalloc(ctx, struct_size(h, mcache, nr_cpu_ids));
	if (!h)
		return NULL;
	h->ctx = ctx;
	INIT_LIST_HEAD(&h->spans);
	for (i = 0; i < GORT_NR_CLASSES; i++)
		INIT_LIST_HEAD(&h->partial[i]);
	mutex_lock(&gort_heaps.lock);
	other = ctx->heap;
	if (!other) {
		list_add_tail(&h->node, &gort_heaps.heaps);
		/* pairs with the dependency of who reads it without H */
		smp_store_release(&ctx->heap, h);
	}
	mutex_unlock(&gort_heaps.lock);
	if (other) {
		kfree(h);
		h = other;
	}
	return h;
}

/* The heap of @ctx, and the cache of @p in it; NULL for want of memory. */
static struct gort_heap *heap_ready(struct gort_ctx *ctx, struct gort_p *p)
{
	struct gort_heap *h = READ_ONCE(ctx->heap) ?: heap_make(ctx);

	if (h && !h->mcache[p->cpu])
		h->mcache[p->cpu] = heap_zalloc(ctx, sizeof(**h->mcache));
	return h && h->mcache[p->cpu] ? h : NULL;
}

/* An object from the cache of @p, or 0. */
static unsigned long alloc_cached(struct gort_heap *h, struct gort_p *p,
				  unsigned int class)
{
	struct gort_mcache *c = h ? h->mcache[p->cpu] : NULL;
	struct gort_span *s = c ? c->span[class] : NULL;

	return s ? span_take(s) : 0;
}

static unsigned long alloc_small(struct gort_ctx *ctx, struct gort_p *p,
				 unsigned int class)
{
	struct gort_heap *h = heap_ready(ctx, p);
	struct gort_span *s;

	if (!h)
		return 0;
	s = span_partial(h, class) ?:
	    span_new(h, class, span_bytes(class), class_bytes[class]);
	if (!s)
		return 0;
	h->mcache[p->cpu]->span[class] = s;
	return span_take(s);
}

static unsigned long alloc_large(struct gort_ctx *ctx, struct gort_p *p,
				 size_t size)
{
	struct gort_heap *h = heap_ready(ctx, p);
	struct gort_span *s = NULL;

	size = PAGE_ALIGN(size);
	if (h)
		s = span_new(h, GORT_LARGE, size, size);
	return s ? span_take(s) : 0;
}

/* Would a collection give this context back enough to try again? */
static bool worth_collecting(const struct gort_heap *h)
{
	return h && READ_ONCE(h->since) > READ_ONCE(h->bytes) >> WORTH_SHIFT;
}

/* Step 3; an object, or one of ALLOC_*. */
static unsigned long alloc_on_m(unsigned long g_, unsigned long size,
				unsigned long unused)
{
	struct gort_g *g = (struct gort_g *)g_;
	struct gort_heap *h = READ_ONCE(g->ctx->heap);
	struct gort_p *p = g->m->p;
	bool small = size <= GORT_SMALL_MAX;
	unsigned long obj = 0;

	if (!size || size > READ_ONCE(gort_heap_max))
		return ALLOC_NONE;
	if (small)
		obj = alloc_cached(h, p, class_of(size));
	if (!obj && gort_must_not_sleep(g->m)) {
		gort_warn(g, "gort_alloc of %lu bytes in a section that must not sleep, and the cache has none: allocate before it\n",
			  size);
		return ALLOC_NONE;
	}
	if (!obj)
		obj = small ? alloc_small(g->ctx, p, class_of(size)) :
			      alloc_large(g->ctx, p, size);
	if (!obj)
		return worth_collecting(h) && gort_may_collect(g) ?
		       ALLOC_COLLECT : ALLOC_NONE;
	if (small) /* it may have been another object before */
		memset((void *)obj, 0, class_bytes[class_of(size)]);
	WRITE_ONCE(p->heap_objects, p->heap_objects + 1);
	return obj;
}

static unsigned long alloc(struct gort_g *g, size_t size)
{
	unsigned long obj;

	g->m->mallocing++;
	barrier();
	gort_at_site(g, GORT_SITE_ALLOC);
	obj = gort_systemstack(g, (unsigned long)g, size, 0, alloc_on_m);
	barrier();
	/* as in gort_releasem() */
	if (!g->m->locks && unlikely(READ_ONCE(g->preempt)))
		gort_restore(g, GORT_SITE_ALLOC);
	barrier();
	g->m->mallocing--;
	return obj;
}

static bool may_alloc(struct gort_g *g)
{
	if (!g || !gort_on_gstack(g)) {
		pr_warn_ratelimited("gort_alloc: only G code can do that, and not inside gort_call(): called by %s (%d)\n",
				    current->comm, current->pid);
		return false;
	}
	if (g->m->mallocing || g->m->gcing) {
		gort_misuse(g, "gort_alloc",
			    "inside gort_alloc() or gort_gc()");
		return false;
	}
	return true;
}

/**
 * gort_alloc() - memory that need not be freed
 * @size: bytes
 *
 * The memory is zeroed, aligned to 16 bytes and belongs to the context of the
 * calling G, which pays for it. It stays while something points to it, anywhere
 * into it: a word on the stack or in a register of a G, in the memory of a
 * root (gort_root_add()), or in another object; and no longer than the context.
 * Words are looked at where they are aligned to 8 bytes. A pointer behind its
 * end does not count.
 *
 * It may wait for memory, and for a collection that it starts, but not with a
 * lock held or a section open. Where the M must not sleep it succeeds only with
 * what the P has at hand.
 *
 * Context: G, on its own stack; elsewhere it is NULL and a message.
 * Return: the memory, or NULL: @size is 0 or over heap_max, the context's heap
 * is at heap_max, there is no memory, or the M must not sleep.
 */
void *gort_alloc(size_t size)
{
	struct gort_g *g = gort_getg();
	unsigned long obj;

	if (!may_alloc(g))
		return NULL;
	if (unlikely(READ_ONCE(g->preempt)))
		gort_check(g);
	obj = alloc(g, size);
	if (unlikely(obj == ALLOC_COLLECT)) {
		obj = gort_gc() ? ALLOC_NONE : alloc(g, size);
		if (obj == ALLOC_COLLECT)
			obj = ALLOC_NONE;
	}
	if (unlikely(gort_gc_due()))
		gort_gc_grow(g);
	return (void *)obj;
}
EXPORT_SYMBOL_GORT(gort_alloc);
NOKPROBE_SYMBOL(gort_alloc);

/**
 * gort_heap_call() - run a function that takes H from wherever that may be
 * @what: for whom, for a message
 * @fn: the function
 * @arg: its argument
 *
 * In a G it is a blocking call, as the collector holds H for long, unless a gort
 * lock is held, with which the G can't let go of its P.
 *
 * Return: what @fn returns, -EDEADLK in a G where the M must not sleep.
 */
long gort_heap_call(const char *what, long (*fn)(void *arg), void *arg)
{
	struct gort_g *g = gort_getg();

	if (!g)
		return fn(arg);
	if (gort_must_not_sleep(g->m)) {
		gort_misuse(g, what, "in a section that must not sleep");
		return -EDEADLK;
	}
	return gort_m_busy(g->m) ? gort_call(fn, arg) : gort_syscall(fn, arg);
}

/* What gort_set_finalizer() hands to g0 */
struct finalizer_args {
	void *obj;
	gort_fn_t fn;
	struct gort_g *g;
};

static struct gort_finalizer *finalizer_find(struct gort_span *s, void *obj)
{
	struct gort_finalizer *f;

	list_for_each_entry(f, &s->finalizers, node)
		if (f->obj == obj)
			return f;
	return NULL;
}

/* The span in which @obj is the start of an object, or NULL. */
static struct gort_span *span_of_start(void *obj)
{
	struct gort_span *s = gort_span_of((unsigned long)obj);
	unsigned int i;

	if (!s)
		return NULL;
	i = gort_obj_index(s, (unsigned long)obj);
	if (i == s->nelems || gort_obj(s, i) != (unsigned long)obj ||
	    !test_bit(i, s->alloc))
		return NULL;
	return s;
}

void gort_finalizer_free(struct gort_finalizer *f)
{
	list_del(&f->node);
	module_put(f->owner);
	kfree(f);
}

static long finalizer_del(void *args)
{
	struct finalizer_args *a = args;
	struct gort_finalizer *f;
	struct gort_span *s;

	mutex_lock(&gort_heaps.lock);
	s = span_of_start(a->obj);
	f = s ? finalizer_find(s, a->obj) : NULL;
	if (f)
		gort_finalizer_free(f);
	mutex_unlock(&gort_heaps.lock);
	return s ? 0 : -EINVAL;
}

static long finalizer_add(void *args)
{
	struct finalizer_args *a = args;
	struct gort_finalizer *f, *new;
	struct gort_span *s;

	new = heap_zalloc(a->g->ctx, sizeof(*new));
	if (!new)
		return -ENOMEM;
	mutex_lock(&gort_heaps.lock);
	s = span_of_start(a->obj);
	if (s) {
		f = finalizer_find(s, a->obj);
		if (f)
			gort_finalizer_free(f);
		*new = (struct gort_finalizer){
			.obj = a->obj, .heap = s->heap, .fn = a->fn,
			.text = a->g->text, .owner = a->g->owner,
		};
		__module_get(new->owner);
		list_add_tail(&new->node, &s->finalizers);
	}
	mutex_unlock(&gort_heaps.lock);
	if (!s)
		kfree(new);
	return s ? 0 : -EINVAL;
}

/**
 * gort_set_finalizer() - what to run when an object is not in use any more
 * @obj: what gort_alloc() returned
 * @fn: G code of the same module as the calling G, gets @obj; NULL: nothing any
 *	more
 *
 * The first collection that finds @obj not in use starts @fn as a G of the
 * context that @obj belongs to. @obj, and what it points to, stay for it; @fn
 * may store @obj somewhere, whereby it is in use again. A later collection
 * frees it, unless it has a finalizer again by then. An object has one at most:
 * the last that was set.
 *
 * Finalizers run in any order, also those of objects that point to each other.
 * One that can't be started, since the context has as many Gs as it may have or
 * for want of memory, is tried again after the next collection. Those that have
 * not run when the context is cancelled or destroyed never do. Each keeps the
 * module of the calling G loaded until it has run or never will.
 *
 * Context: G; not in a section that must not sleep.
 * Return: 0, -EINVAL (@obj is not the start of an object), -ENOMEM, -EDEADLK
 * (in such a section), -EPERM (outside a G).
 */
int gort_set_finalizer(void *obj, gort_fn_t fn)
{
	struct gort_g *g = gort_getg();
	struct finalizer_args a = { .obj = obj, .fn = fn, .g = g };

	if (!g)
		return -EPERM;
	return gort_heap_call("gort_set_finalizer",
			      fn ? finalizer_add : finalizer_del, &a);
}
EXPORT_SYMBOL_GORT(gort_set_finalizer);

/* @ctx has no G any more: all its memory goes. The caller may sleep. */
void gort_heap_destroy(struct gort_ctx *ctx)
{
	struct gort_heap *h = ctx->heap;
	struct gort_finalizer *f, *nextf;
	struct gort_span *s, *nexts;
	unsigned int cpu;

	if (!h)
		return;
	mutex_lock(&gort_heaps.lock);
	list_del(&h->node);
	list_for_each_entry_safe(f, nextf, &gort_heaps.pending, node)
		if (f->heap == h)
			gort_finalizer_free(f);
	list_for_each_entry(s, &h->spans, all) {
		rb_erase(&s->node, &gort_heaps.spans);
		WRITE_ONCE(gort_heaps.freed, gort_heaps.freed +
			   bitmap_weight(s->alloc, s->nelems));
	}
	add_bytes(h, -h->bytes);
	add_live(h, -(h->marked + h->since));
	WRITE_ONCE(gort_heaps.marked, gort_heaps.marked - h->marked);
	mutex_unlock(&gort_heaps.lock);

	list_for_each_entry_safe(s, nexts, &h->spans, all) {
		list_for_each_entry_safe(f, nextf, &s->finalizers, node)
			gort_finalizer_free(f);
		gort_span_free(s);
		cond_resched();
	}
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		kfree(h->mcache[cpu]);
	kfree(h);
}

/* Objects there are, those to be collected included. */
u64 gort_heap_objects(void)
{
	unsigned int cpu;
	u64 made = 0;

	for_each_possible_cpu(cpu)
		made += READ_ONCE(gort_p_of(cpu)->heap_objects);
	return made - READ_ONCE(gort_heaps.freed);
}

/* Fills in what is known of all heaps. */
void gort_heap_stats(struct gort_stats *st)
{
	st->heap_bytes = READ_ONCE(gort_heaps.bytes);
	st->heap_objects = gort_heap_objects();
}
