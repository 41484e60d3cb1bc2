// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: whom Gs belong to.
 *
 * Every G belongs to a context: an open file of the device, or a module's own.
 * It counts and caps its Gs, pays for their memory, and can cancel and await
 * all of them, so that no G outlives the code it runs: a module destroys its
 * contexts before it goes.
 *
 * Who can still use a context when gort_ctx_destroy() frees it? Its Gs, and
 * there are none: the last one leaves under ctx->lock and wakes the waiter
 * before it lets go, and the waiter takes that lock once more. An M that has put
 * a G to sleep and has yet to count it (gort_parked()), while the G has woken and
 * ended elsewhere: it does so in an RCU section, and RCU frees the context. The
 * collector, and who starts finalizers: it leaves the list of contexts under X,
 * and its heap goes under H. A P that served it: S, in gort_turn_forget().
 */

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "gort.h"

/* Gs that are woken, or listed, without letting others at the lock */
#define GORT_CANCEL_BATCH	64
#define GORT_LIST_BATCH		256

static DEFINE_MUTEX(ctxs_mutex);	/* X */
static LIST_HEAD(ctxs);			/* X */
static atomic64_t last_id;

/* A process chooses its name, which is not to forge lines of the log. */
static void ctx_set_name(struct gort_ctx *ctx, const char *name)
{
	char *c;

	strscpy(ctx->name, name, sizeof(ctx->name));
	for (c = ctx->name; *c; c++)
		if (!isascii(*c) || !isprint(*c))
			*c = '?';
}

/**
 * gort_ctx_alloc() - make a context that pays with a memory cgroup
 * @name: for messages
 * @max_gs: cap on its Gs
 * @memcg: pays for its memory; a reference that the context takes over; or NULL
 *
 * Return: the context or NULL.
 */
struct gort_ctx *gort_ctx_alloc(const char *name, unsigned int max_gs,
				struct mem_cgroup *memcg)
{
	struct gort_ctx *ctx;

	ctx = gort_try(kzalloc(sizeof(*ctx),
			       memcg ? GFP_KERNEL_ACCOUNT : GFP_KERNEL), NULL);
	if (!ctx)
		return NULL;
	spin_lock_init(&ctx->lock);
	INIT_LIST_HEAD(&ctx->gs);
	init_waitqueue_head(&ctx->wait);
	ctx->max_gs = max_gs;
	ctx->memcg = memcg;
	ctx_set_name(ctx, name);
	ctx->id = atomic64_inc_return(&last_id);
	mutex_lock(&ctxs_mutex);
	list_add_tail(&ctx->node, &ctxs);
	mutex_unlock(&ctxs_mutex);
	return ctx;
}

/* gort_ctx_create() for the module whose G code is in @text. */
struct gort_ctx *__gort_ctx_create(const char *name, unsigned int max_gs,
				   const struct gort_text *text)
{
	struct gort_ctx *ctx;

	if (!name || !max_gs)
		return ERR_PTR(-EINVAL);
	ctx = gort_ctx_alloc(name, max_gs, NULL);
	if (!ctx)
		return ERR_PTR(-ENOMEM);
	ctx->text = *text;
	return ctx;
}
EXPORT_SYMBOL_GORT(__gort_ctx_create);

/* Cancel all Gs that @ctx has now. */
void gort_ctx_cancel_gs(struct gort_ctx *ctx)
{
	unsigned int todo, n;
	struct gort_g *g;

	/* the list is turned round: not while somebody walks it */
	mutex_lock(&ctxs_mutex);
	spin_lock(&ctx->lock);
	ctx->cancelling++;
	todo = ctx->nr_gs;
	while (todo && !list_empty(&ctx->gs)) {
		for (n = min(todo, GORT_CANCEL_BATCH + 0U); n; n--, todo--) {
			g = list_first_entry_or_null(&ctx->gs, struct gort_g,
						     ctx_node);
			if (!g)
				break;
			list_move_tail(&g->ctx_node, &ctx->gs);
			gort_cancel(g);
		}
		spin_unlock(&ctx->lock);
		cond_resched();
		spin_lock(&ctx->lock);
	}
	ctx->cancelling--;
	/* who was not cancelled may be asleep since the others are gone */
	if (!gort_nr_awake(ctx))
		gort_all_asleep(ctx);
	spin_unlock(&ctx->lock);
	mutex_unlock(&ctxs_mutex);
}

/* The G of @ctx after @g, or the first one for NULL. */
static struct gort_g *next_g(struct gort_ctx *ctx, struct gort_g *g)
{
	struct list_head *pos = g ? &g->ctx_node : &ctx->gs;

	spin_lock(&ctx->lock);
	g = list_is_last(pos, &ctx->gs) ? NULL :
	    list_entry(pos->next, struct gort_g, ctx_node);
	spin_unlock(&ctx->lock);
	return g;
}

/**
 * gort_gs_walk() - call a function for each G of all contexts
 * @fn: may sleep
 *
 * The world is stopped. So no G ends, and none leaves its list. Others may come,
 * at the end of a list, under C, which is held from one G to the next and no
 * longer; contexts come and go, and a list is turned round to cancel its Gs,
 * under X alone.
 *
 * Context: process, or g0.
 */
void gort_gs_walk(void (*fn)(struct gort_g *g))
{
	struct gort_ctx *ctx;
	struct gort_g *g;

	mutex_lock(&ctxs_mutex);
	list_for_each_entry(ctx, &ctxs, node)
		for (g = next_g(ctx, NULL); g; g = next_g(ctx, g))
			fn(g);
	mutex_unlock(&ctxs_mutex);
}

/*
 * A reference to each G of @ctx, at most @max. X is held: the list is not turned
 * round. The others are let at the lock now and then, and the last G so far that
 * is still in the list tells where to go on; those after it have ended.
 */
static unsigned int ctx_get_gs(struct gort_ctx *ctx, struct gort_g **gs,
			       unsigned int max)
{
	unsigned int n = 0, left;
	struct list_head *pos;

	spin_lock(&ctx->lock);
	pos = &ctx->gs;
	for (left = min(ctx->nr_gs, max); left; left--) {
		if (list_is_last(pos, &ctx->gs))
			break;
		pos = pos->next;
		gs[n++] = gort_get(list_entry(pos, struct gort_g, ctx_node));
		if (left % GORT_LIST_BATCH)
			continue;
		spin_unlock(&ctx->lock);
		cond_resched();
		spin_lock(&ctx->lock);
		while (n && list_empty(&gs[n - 1]->ctx_node))
			gort_put(gs[--n]);
		pos = n ? &gs[n - 1]->ctx_node : &ctx->gs;
	}
	spin_unlock(&ctx->lock);
	return n;
}

/**
 * gort_gs_get() - a reference to each G of all contexts
 * @ret: gets an array of them, for gort_gs_put()
 *
 * Nothing is stopped: those that are made meanwhile may be missing, and those
 * that end are in the array and gone (gort_gone()).
 *
 * Context: process; no lock is held for long.
 * Return: how many, or -ENOMEM.
 */
long gort_gs_get(struct gort_g ***ret)
{
	unsigned int nr = atomic_read(&gort_sched.nr_gs), max, n = 0;
	struct gort_ctx *ctx;
	struct gort_g **gs;

	max = nr + nr / 8 + GORT_LIST_BATCH;
	gs = gort_try(kvmalloc_array(max, sizeof(*gs),
				     GFP_KERNEL | __GFP_NOWARN), NULL);
	if (!gs)
		return -ENOMEM;
	mutex_lock(&ctxs_mutex);
	list_for_each_entry(ctx, &ctxs, node)
		n += ctx_get_gs(ctx, gs + n, max - n);
	mutex_unlock(&ctxs_mutex);
	*ret = gs;
	return n;
}

void gort_gs_put(struct gort_g **gs, unsigned int nr)
{
	while (nr) {
		gort_put(gs[--nr]);
		if (!(nr % GORT_LIST_BATCH))
			cond_resched();
	}
	kvfree(gs);
}

/**
 * gort_ctx_cancel() - ask all Gs of a context to end, and take no new ones
 * @ctx: the context
 *
 * Context: process. What it wakes: all of its Gs that sleep.
 */
void gort_ctx_cancel(struct gort_ctx *ctx)
{
	spin_lock(&ctx->lock);
	WRITE_ONCE(ctx->cancelled, true);
	spin_unlock(&ctx->lock);
	gort_ctx_cancel_gs(ctx);
}
EXPORT_SYMBOL_GORT(gort_ctx_cancel);

/* The last one has woken who waits, and lets go of the lock. */
static void ctx_is_empty(struct gort_ctx *ctx)
{
	spin_lock(&ctx->lock);
	spin_unlock(&ctx->lock);
}

/**
 * gort_ctx_wait() - wait until a context has no G
 * @ctx: the context
 *
 * Context: process; not interruptible.
 * Return: 0; for a context that gort_ctx_watch() was called for, -EDEADLK if
 * all its Gs are asleep and have nobody to wake them, with a message that names
 * them: cancel them, or wake one, and wait again.
 */
int gort_ctx_wait(struct gort_ctx *ctx)
{
	bool dead = false;

	wait_event_idle(ctx->wait,
			!READ_ONCE(ctx->nr_gs) || (dead = gort_checkdead(ctx)));
	if (dead) {
		gort_report_dead(ctx);
		return -EDEADLK;
	}
	ctx_is_empty(ctx);
	return 0;
}
EXPORT_SYMBOL_GORT(gort_ctx_wait);

/* Cancel and await all Gs; it takes no new ones. Process context. */
void gort_ctx_end(struct gort_ctx *ctx)
{
	gort_ctx_cancel(ctx);
	wait_event_idle(ctx->wait, !READ_ONCE(ctx->nr_gs));
	ctx_is_empty(ctx);
}

/**
 * gort_ctx_destroy() - cancel, await and free
 * @ctx: the context, NULL or an error pointer
 *
 * When it returns, no G of the context uses any code or data. All memory that
 * they got from gort_alloc() is gone, too, whoever still points to it, and what
 * finalizers there are for it have run or never will.
 *
 * Context: process; not interruptible.
 */
void gort_ctx_destroy(struct gort_ctx *ctx)
{
	if (IS_ERR_OR_NULL(ctx))
		return;
	gort_ctx_end(ctx);
	mutex_lock(&ctxs_mutex);
	list_del(&ctx->node);
	mutex_unlock(&ctxs_mutex);
	gort_turn_forget(ctx);
	gort_heap_destroy(ctx);
	mem_cgroup_put(ctx->memcg);
	kfree_rcu(ctx, rcu);
}
EXPORT_SYMBOL_GORT(gort_ctx_destroy);

int gort_ctx_add(struct gort_ctx *ctx, struct gort_g *g)
{
	int err = 0;

	spin_lock(&ctx->lock);
	if (ctx->cancelled) {
		err = -ECANCELED;
	} else if (atomic_read(&ctx->nr_live) >= ctx->max_gs) {
		err = -EAGAIN;
	} else {
		atomic_inc(&ctx->nr_live);
		gort_count_awake(ctx);
		WRITE_ONCE(ctx->nr_gs, ctx->nr_gs + 1);
		list_add_tail(&g->ctx_node, &ctx->gs);
	}
	spin_unlock(&ctx->lock);
	return err;
}

/* @g has ended; @ctx may be gone when this returns. */
void gort_ctx_del(struct gort_ctx *ctx, struct gort_g *g)
{
	bool last;

	spin_lock(&ctx->lock);
	list_del_init(&g->ctx_node); /* gort_gone() looks */
	WRITE_ONCE(ctx->nr_gs, ctx->nr_gs - 1);
	last = gort_count_asleep(ctx);
	if (!ctx->nr_gs)
		wake_up_all(&ctx->wait);
	else if (last)
		gort_all_asleep(ctx);
	spin_unlock(&ctx->lock);
}

/* Who pays for the memory of @ctx; 0: nobody. Never reused. */
u64 gort_ctx_tag(const struct gort_ctx *ctx)
{
#ifdef CONFIG_MEMCG
	if (ctx && ctx->memcg)
		return ctx->memcg->css.serial_nr;
#endif
	return 0;
}

/* How to allocate for @ctx: try hard, but fail rather than kill a task. */
gfp_t gort_gfp(const struct gort_ctx *ctx)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;

	return ctx && ctx->memcg ? gfp | __GFP_ACCOUNT : gfp;
}

struct mem_cgroup *gort_charge_begin(const struct gort_ctx *ctx)
{
	return set_active_memcg(ctx ? ctx->memcg : NULL);
}

void gort_charge_end(struct mem_cgroup *old)
{
	set_active_memcg(old);
}
