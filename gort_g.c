// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a G: made, started, cancelled, ended.
 *
 * gort_newproc() makes a G and puts it into a queue. A G that was made by
 * gort_go() has its stack at once, so that it runs for certain once gort_go()
 * has returned 0, also when it is cancelled before. A task of the device has
 * somebody to report to (done): it gets its stack when it first comes on, and
 * may end without having run, because it was cancelled or there is no memory.
 *
 * No G is killed in the middle. To cancel one is to set a flag and to wake it;
 * whatever may block in it reports -ECANCELED from then on.
 *
 * Who can still hold a G when it ends (gort_gdead)? Its stack is left for good,
 * since that runs on g0. No queue has it: it was running, and the kernel's queues
 * that it is in lose it here (gort_event_abandon()). The context's list
 * has it until gort_ctx_del(). A timer of its own was stopped by itself before
 * it left gort_park_until(). Others keep it by gort_get(), and find it dead:
 * gort_ready() of a dead G does nothing. Requests come from interrupts on the
 * CPU where it is current, and it is current nowhere.
 */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "gort_trace.h"

static struct kmem_cache *gort_g_cache;
static atomic64_t gort_last_id;

/* The P of the M that the caller is, or NULL. */
static struct gort_p *this_p(void)
{
	if (!gort_in_task() || gort_cpu_read(gort_mtask) != gort_current())
		return NULL;
	return gort_p_of(smp_processor_id());
}

/* If it has a stack already, from a cache, that may have the memory, too. */
static struct gort_g *g_alloc(struct gort_ctx *ctx, struct gort_seg *s)
{
	struct mem_cgroup *old;
	struct gort_g *g;

	if (s && s->spare) {
		g = s->spare;
		s->spare = NULL;
		/* the timer is set up whenever it is used */
		memset(g, 0, offsetof(struct gort_g, timer));
		return g;
	}
	old = gort_charge_begin(ctx);
	g = gort_try(kmem_cache_zalloc(gort_g_cache, gort_gfp(ctx)), NULL);
	gort_charge_end(old);
	return g;
}

static void g_enqueue(struct gort_g *g, struct gort_p *p)
{
	struct gort_g *self;

	if (trace_go_enabled()) {
		self = gort_getg();
		trace_go(g, self ? self->id : 0);
	}
	if (p) {
		p->stats.spawned++;
		gort_runqput(p, g, true);
	} else {
		gort_submit_new(g);
	}
}

/**
 * gort_newproc() - make a G and make it ready
 * @ctx: whom it belongs to
 * @fn: its body
 * @arg: the body's argument
 * @text: the G code that it runs
 * @owner: module of the body, a reference that the G takes over if it is made;
 *	or NULL
 * @done: called on the M when it has ended; NULL: it gets its stack now
 * @ret: gets the G with a reference before it can run; or NULL
 *
 * On an M the caller is to call gort_wakep() afterwards.
 *
 * Context: process, or g0.
 * Return: 0, -EAGAIN (a cap is reached), -EDQUOT (that of the user), -ECANCELED
 * (the context takes no more), -ENOMEM.
 */
int gort_newproc(struct gort_ctx *ctx, gort_fn_t fn, void *arg,
		 const struct gort_text *text, struct module *owner,
		 void (*done)(struct gort_g *g), struct gort_g **ret)
{
	struct gort_p *p = this_p();
	struct gort_seg *s = NULL;
	struct gort_g *g;
	int err = -EAGAIN;

	if (atomic_inc_return(&gort_sched.nr_gs) > READ_ONCE(gort_max_tasks))
		goto err_count;
	/* a task is counted from its acceptance until it is read */
	err = done ? 0 : gort_user_charge(ctx->user);
	if (err)
		goto err_count;
	err = -ENOMEM;
	if (!done) {
		s = gort_stack_get(ctx, p);
		if (!s)
			goto err_user;
	}
	g = g_alloc(ctx, s);
	if (!g)
		goto err_seg;
	g->fn = fn;
	g->body = done ? gort_task_body(arg) : fn;
	g->arg = arg;
	g->text = *text;
	g->owner = owner;
	g->done = done;
	g->ctx = ctx;
	g->cpu = -1;
	INIT_LIST_HEAD(&g->held);
	g->id = atomic64_inc_return(&gort_last_id);
	refcount_set(&g->ref, ret ? 2 : 1);
	if (s)
		gort_stack_start(g, s);
	err = gort_ctx_add(ctx, g);
	if (err)
		goto err_free;
	if (ret)
		*ret = g;
	g_enqueue(g, p);
	return 0;

err_free:
	gort_g_free(g);
err_seg:
	if (s)
		gort_stack_unget(s, p);
err_user:
	if (!done)
		gort_user_uncharge(ctx->user);
err_count:
	atomic_dec(&gort_sched.nr_gs);
	return err;
}

static void count_exit(struct gort_p *p)
{
	if (p) {
		p->stats.exited++;
		return;
	}
	raw_spin_lock_irq(&gort_sched.lock);
	gort_sched.stats.exited++;
	raw_spin_unlock_irq(&gort_sched.lock);
}

/*
 * @g has ended, or could not be started; on the M's stack. Return: another one
 * that has ended before, and was kept for the sake of this one, or NULL.
 */
static struct gort_g *bury(struct gort_g *g)
{
	struct gort_p *p = this_p(); /* mostly: see gort_group_go() */
	u64 tag = gort_ctx_tag(g->ctx);
	struct gort_g *next = NULL;

	WRITE_ONCE(g->since, jiffies);
	WRITE_ONCE(g->ended, true);
	if (unlikely(!list_empty(&g->held)))
		gort_abandon(g);
	if (unlikely(g->events))
		gort_event_abandon(g);
	if (unlikely(g->groups) && gort_group_abandon(g))
		return NULL;
	gort_stack_free(g, p);
	count_exit(p);
	/* who is told that it has ended may make another one at once */
	atomic_dec(&gort_sched.nr_gs);
	atomic_dec(&g->ctx->nr_live);
	if (g->done)
		g->done(g);
	else
		gort_user_uncharge(g->ctx->user);
	if (g->child)
		next = gort_group_left(g);
	module_put(g->owner);
	gort_ctx_del(g->ctx, g);
	if (refcount_dec_and_test(&g->ref) && !gort_stack_spare(g, tag, p))
		gort_g_free(g);
	return next;
}

/* The same for all who were kept. */
void gort_gdead(struct gort_g *g)
{
	while (g)
		g = bury(g);
}

/* An error, or the P that gort_wakep() returns. */
static unsigned long go_on_m(unsigned long ctx, unsigned long fn,
			     unsigned long arg)
{
	struct gort_g *self = gort_getg();
	int err;

	if (!ctx)
		ctx = (unsigned long)self->ctx;
	else if (ctx != (unsigned long)self->ctx)
		gort_ctx_unwatch(self->ctx); /* who can tell whom it wakes? */
	if (self->owner)
		__module_get(self->owner);
	err = gort_newproc((struct gort_ctx *)ctx, (gort_fn_t)fn, (void *)arg,
			   &self->text, self->owner, NULL, NULL);
	if (!err)
		return (unsigned long)gort_wakep();
	module_put(self->owner);
	return (unsigned long)ERR_PTR(err);
}

/**
 * gort_go() - start a G
 * @ctx: whom it belongs to; NULL: the same as the calling G
 * @fn: its body, G code of the same module as the calling G or, outside of a
 *	G, of the module that made the context
 * @arg: the body's argument
 *
 * As the go statement: from a G of the same context, the new one comes next on the
 * same P, in the rest of the slice. One that a G starts keeps the same module
 * loaded. It runs for certain once this has returned 0.
 *
 * Context: G or process; not in a section that must not sleep.
 * Return: 0, -EAGAIN (the cap of the context or of the machine is reached),
 * -EDQUOT (that of the user whose file the context is),
 * -ECANCELED (the context is being destroyed), -ENOMEM, -EINVAL (no body, or no
 * context outside a G), -EDEADLK (in such a section).
 */
int gort_go(struct gort_ctx *ctx, gort_fn_t fn, void *arg)
{
	struct gort_g *self = gort_getg();
	struct gort_p *p;

	if (!fn || (!ctx && !self))
		return -EINVAL;
	if (!self)
		return gort_newproc(ctx, fn, arg, &ctx->text, NULL, NULL, NULL);
	if (gort_must_not_sleep(self->m)) {
		gort_misuse(self, "gort_go", "in a section that must not sleep");
		return -EDEADLK;
	}
	gort_enter(self);
	gort_at_site(self, GORT_SITE_GO);
	p = (struct gort_p *)gort_systemstack(self, (unsigned long)ctx,
					      (unsigned long)fn,
					      (unsigned long)arg, go_on_m);
	gort_releasem(self, GORT_SITE_GO);
	if (IS_ERR(p))
		return PTR_ERR(p);
	if (p)
		gort_allocm(p);
	return 0;
}
EXPORT_SYMBOL_GORT(gort_go);
NOKPROBE_SYMBOL(gort_go);

/**
 * gort_self() - the calling G
 *
 * No reference is taken; it is valid until the G ends.
 *
 * Context: any.
 * Return: the G, or NULL outside of one.
 */
struct gort_g *gort_self(void)
{
	return gort_getg();
}
EXPORT_SYMBOL_GORT(gort_self);

/**
 * gort_get() - keep a G's memory
 * @g: the G
 *
 * Context: any.
 * Return: @g.
 */
struct gort_g *gort_get(struct gort_g *g)
{
	refcount_inc(&g->ref);
	return g;
}
EXPORT_SYMBOL_GORT(gort_get);

/* The memory of one that nobody has; any context but the stack of a G. */
void gort_g_free(struct gort_g *g)
{
	kmem_cache_free(gort_g_cache, g);
}

static unsigned long free_on_m(unsigned long g, unsigned long unused1,
			       unsigned long unused2)
{
	gort_g_free((struct gort_g *)g);
	return 0;
}

/**
 * gort_put() - give back what gort_get() returned
 * @g: the G, or NULL
 *
 * Context: any.
 */
void gort_put(struct gort_g *g)
{
	struct gort_g *self;

	if (!g || !refcount_dec_and_test(&g->ref))
		return;
	self = gort_getg();
	if (self)
		gort_systemstack(self, (unsigned long)g, 0, 0, free_on_m);
	else
		gort_g_free(g);
}
EXPORT_SYMBOL_GORT(gort_put);

/**
 * gort_cancel() - ask a G to end
 * @g: the G; the caller holds a reference
 *
 * Its blocking operations and yields report -ECANCELED from now on; one that it
 * sleeps in returns.
 *
 * Context: any. What it wakes: @g.
 */
void gort_cancel(struct gort_g *g)
{
	WRITE_ONCE(g->cancelled, true);
	gort_ready(g);
}
EXPORT_SYMBOL_GORT(gort_cancel);

/**
 * gort_cancelled() - is the calling G to end?
 *
 * For loops that neither block nor yield.
 *
 * Context: any; false outside a G.
 * Return: true if it was cancelled, or its context was.
 */
bool gort_cancelled(void)
{
	struct gort_g *g = gort_getg();

	return g && gort_g_cancelled(g);
}
EXPORT_SYMBOL_GORT(gort_cancelled);

int gort_g_init(void)
{
	gort_g_cache = gort_try(KMEM_CACHE(gort_g, SLAB_HWCACHE_ALIGN), NULL);
	return gort_g_cache ? 0 : -ENOMEM;
}

void gort_g_exit(void)
{
	kmem_cache_destroy(gort_g_cache);
}
