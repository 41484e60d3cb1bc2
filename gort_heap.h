/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heap: what gort_heap.c, which hands memory out, and gort_gc.c, which takes
 * it back, share. The protocols are at the top of the two.
 */
#ifndef _GORT_HEAP_H
#define _GORT_HEAP_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/sizes.h>

#include "gort.h"

#define GORT_NR_CLASSES		18
#define GORT_SMALL_MAX		SZ_8K	/* larger ones have a span each */
#define GORT_LARGE		GORT_NR_CLASSES	/* "class" of those */

/**
 * struct gort_span - an area of memory, cut into objects of one size
 * @node: in gort_heaps.spans, by address; H
 * @all: in the heap's list; H
 * @link: in a list of those with free objects, or of those to be freed; H
 * @heap: whose it is; I
 * @start: its first byte; I
 * @bytes: its size; I
 * @elem: size of an object; I
 * @nelems: how many; I
 * @class: index of that size, or GORT_LARGE; I
 * @next: no object before this one is free; P
 * @nfree: free objects when the last collection was over; H
 * @finalizers: of objects in it; H
 * @rescan: marked objects were not looked into; H
 * @mark: a bit for each object that was found in use; H, in a collection alone
 * @alloc: a bit for each object that exists; P, read without
 * @bits: where the two are
 *
 * P: the P that has it in its cache, or the collector while the world stands.
 */
struct gort_span {
	struct rb_node node;
	struct list_head all;
	struct list_head link;
	struct gort_heap *heap;
	unsigned long start;
	size_t bytes;
	size_t elem;
	unsigned int nelems;
	unsigned int class;
	unsigned int next;
	unsigned int nfree;
	struct list_head finalizers;
	bool rescan;
	unsigned long *mark;
	unsigned long *alloc;
	unsigned long bits[];
};

/**
 * struct gort_mcache - what a P hands out of one heap without a lock
 * @span: one of each size, or NULL; the P's M, and the collector
 */
struct gort_mcache {
	struct gort_span *span[GORT_NR_CLASSES];
};

/**
 * struct gort_heap - the memory of one context
 * @node: in gort_heaps.heaps; H
 * @ctx: the context; I
 * @spans: all of them; H
 * @partial: by class, those with free objects that no P has; H
 * @bytes: size of all spans; H
 * @marked: bytes of objects that the last collection found in use; H
 * @since: bytes taken into use since then; H
 * @mcache: by CPU, made when its P first allocates; the P's M, and the collector
 */
struct gort_heap {
	struct list_head node;
	struct gort_ctx *ctx;
	struct list_head spans;
	struct list_head partial[GORT_NR_CLASSES];
	size_t bytes;
	size_t marked;
	size_t since;
	struct gort_mcache *mcache[];
};

/**
 * struct gort_finalizer - what to run when an object is not in use any more
 * @node: in span->finalizers, or gort_heaps.pending; H
 * @obj: the object; I
 * @heap: its heap; I
 * @fn: what to run; I
 * @text: the G code that it is in; I
 * @owner: its module, a reference, or NULL; H
 */
struct gort_finalizer {
	struct list_head node;
	void *obj;
	struct gort_heap *heap;
	gort_fn_t fn;
	struct gort_text text;
	struct module *owner;
};

/**
 * struct gort_heaps - what all heaps share
 * @lock: H
 * @heaps: all of them; H
 * @spans: theirs, by address; H
 * @dead: empty spans, to be given back; H
 * @pending: finalizers of objects found not in use, to be run; H
 * @bytes: size of all spans; H, read without
 * @live: bytes of objects in use, as far as known: what was marked last, and
 *	what was taken into use since; H, read without
 * @marked: the former alone; H, read without
 * @freed: objects freed, ever; H, read without
 * @collecting: a collection that growth started is under way, up to where the
 *	world starts again; A
 */
struct gort_heaps {
	struct mutex lock;	/* H */
	struct list_head heaps;
	struct rb_root spans;
	struct list_head dead;
	struct list_head pending;
	size_t bytes;
	size_t live;
	size_t marked;
	u64 freed;
	atomic_t collecting;
};

extern struct gort_heaps gort_heaps;

/* gort_heap.c */
struct gort_span *gort_span_of(unsigned long addr);
void gort_span_unlink(struct gort_span *s);
void gort_span_free(struct gort_span *s);
void gort_finalizer_free(struct gort_finalizer *f);
u64 gort_heap_objects(void);
long gort_heap_call(const char *what, long (*fn)(void *arg), void *arg);

/* gort_gc.c */
void gort_gc_grow(struct gort_g *g);

/* Has the heap doubled since the last collection, and is it worth one? */
static inline bool gort_gc_due(void)
{
	return READ_ONCE(gort_heaps.live) >=
	       max_t(size_t, READ_ONCE(gort_gc_min),
		     2 * READ_ONCE(gort_heaps.marked));
}

/* Can @g wait until the world stands? Else some worker has to. */
static inline bool gort_may_collect(const struct gort_g *g)
{
	return !g->m->locks && !gort_must_not_sleep(g->m);
}

/* The number of the object of @s that @addr points into; nelems: none. */
static inline unsigned int gort_obj_index(const struct gort_span *s,
					  unsigned long addr)
{
	unsigned long i = (addr - s->start) / s->elem;

	return min_t(unsigned long, i, s->nelems);
}

static inline unsigned long gort_obj(const struct gort_span *s, unsigned int i)
{
	return s->start + i * s->elem;
}

#endif /* _GORT_HEAP_H */
