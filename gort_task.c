// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workloads, and the tasks that run them for user space.
 *
 * A workload is a function in G code with a name and a few checked numbers as
 * arguments; modules register them. A task is one run of a workload: a G with a
 * completion.
 *
 * An accepted task has all memory it needs to complete, so that no completion
 * is ever lost: it moves from file->tasks to file->done and stays there until
 * somebody reads it. Both count towards the cap of the file: who does not read
 * can't submit. Its memory is charged to the cgroup of who opened the file.
 *
 * The G that ran a task ends on its M (task_done()): the task is taken out of
 * file->tasks, so that no cancel finds it, and the completion is published. The
 * file outlives that: gort_file_close() awaits the context, and the context
 * counts the G until after task_done(). The workload's module is pinned by the
 * G, and by each G that this one spawns.
 */

#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "gort.h"
#include "gort_task.h"

static DEFINE_MUTEX(workload_mutex);	/* no two with the same name come */
static DEFINE_XARRAY_ALLOC1(workloads);	/* by id; its own lock */
static u32 workload_next;

static struct kmem_cache *task_cache;

static bool workload_valid(const struct gort_workload *w)
{
	unsigned int i;

	if (!w || !w->name || !w->fn || w->nr_args > GORT_MAX_ARGS ||
	    !w->name[0] || strlen(w->name) >= GORT_NAME_LEN)
		return false;
	for (i = 0; i < w->nr_args; i++) {
		const struct gort_workload_arg *a = &w->args[i];

		if (!a->name || !a->name[0] ||
		    strlen(a->name) >= GORT_NAME_LEN ||
		    a->def < a->min || a->def > a->max)
			return false;
	}
	return true;
}

/* gort_workload_register() for the module whose G code is in @text. */
int __gort_workload_register(struct gort_workload *w,
			     const struct gort_text *text)
{
	struct gort_workload *other;
	unsigned long id;
	int err;

	if (!workload_valid(w))
		return -EINVAL;
	w->text = *text;
	mutex_lock(&workload_mutex);
	err = -EEXIST;
	xa_for_each(&workloads, id, other)
		if (!strcmp(other->name, w->name))
			goto out;
	/* cyclic: an id is not used again soon */
	err = gort_try(xa_alloc_cyclic(&workloads, &w->id, w, xa_limit_31b,
				       &workload_next, GFP_KERNEL), -ENOMEM);
out:
	mutex_unlock(&workload_mutex);
	return min(err, 0);
}
EXPORT_SYMBOL_GORT(__gort_workload_register);

/**
 * gort_workload_unregister() - offer a workload no more
 * @w: registered by gort_workload_register()
 *
 * Tasks that run it go on; its module can't be unloaded before they end.
 *
 * Context: process.
 */
void gort_workload_unregister(struct gort_workload *w)
{
	mutex_lock(&workload_mutex);
	if (xa_load(&workloads, w->id) == w)
		xa_erase(&workloads, w->id);
	mutex_unlock(&workload_mutex);
}
EXPORT_SYMBOL_GORT(gort_workload_unregister);

unsigned int gort_workload_count(void)
{
	struct gort_workload *w;
	unsigned int n = 0;
	unsigned long id;

	mutex_lock(&workload_mutex);
	xa_for_each(&workloads, id, w)
		n++;
	mutex_unlock(&workload_mutex);
	return n;
}

static void workload_describe(const struct gort_workload *w,
			      struct gort_workload_info *info)
{
	unsigned int i;

	info->id = w->id;
	info->nr_args = w->nr_args;
	strscpy(info->name, w->name, sizeof(info->name));
	strscpy(info->help, w->help ?: "", sizeof(info->help));
	for (i = 0; i < w->nr_args; i++) {
		strscpy(info->args[i].name, w->args[i].name,
			sizeof(info->args[i].name));
		info->args[i].min = w->args[i].min;
		info->args[i].max = w->args[i].max;
		info->args[i].def = w->args[i].def;
	}
}

/* The @index-th workload; -ENOENT past the last. */
int gort_workload_info(u32 index, struct gort_workload_info *info)
{
	struct gort_workload *w;
	int err = -ENOENT;
	unsigned long id;

	mutex_lock(&workload_mutex);
	xa_for_each(&workloads, id, w) {
		if (index--)
			continue;
		workload_describe(w, info);
		err = 0;
		break;
	}
	mutex_unlock(&workload_mutex);
	return err;
}

/* Is @val one for the @i-th argument? Those that are none must be zero. */
static bool workload_takes(const struct gort_workload *w, unsigned int i,
			   u64 val)
{
	if (i >= w->nr_args)
		return !val;
	return val >= w->args[i].min && val <= w->args[i].max;
}

/* The workload of @d if its arguments are right, its module pinned. */
static const struct gort_workload *workload_get(const struct gort_task_desc *d)
{
	struct gort_workload *w;
	unsigned int i;

	/* this lock alone: who submits many would be asked to give way at each */
	xa_lock(&workloads);
	w = xa_load(&workloads, d->workload);
	if (!w || !try_module_get(w->owner))
		w = ERR_PTR(-ENOENT);
	xa_unlock(&workloads);
	if (IS_ERR(w))
		return w;
	for (i = 0; i < GORT_MAX_ARGS; i++)
		if (!workload_takes(w, i, d->args[i])) {
			module_put(w->owner);
			return ERR_PTR(-EINVAL);
		}
	return w;
}

/* Body of a task's G: on its stack, above the workload's first check. */
static void task_main(void *arg)
{
	struct gort_task *t = arg;

	t->c.status = t->wl->fn(t->args, &t->c.result);
}

/* What the G of @task is called in messages. */
const void *gort_task_body(const void *task)
{
	return ((const struct gort_task *)task)->wl->fn;
}

/* The G of a task has ended; see the top. */
static void task_done(struct gort_g *g)
{
	struct gort_task *t = g->arg;
	struct gort_file *f = t->file;

	if (g->status)
		t->c.status = g->status;
	t->c.preempted = g->stats.preempted;
	t->c.declined = g->stats.declined;
	t->c.stack_bytes = g->stats.stack_bytes;
	t->c.latency_ns = ktime_get_ns() - t->start_ns;

	spin_lock(&f->lock);
	hash_del(&t->by_id);
	list_add_tail(&t->node, &f->done);
	WRITE_ONCE(f->nr_done, f->nr_done + 1);
	WRITE_ONCE(f->nr_running, f->nr_running - 1);
	spin_unlock(&f->lock);
	gort_put(g); /* the task's, which may be gone */
	if (wq_has_sleeper(&f->ctx->wait))
		__wake_up(&f->ctx->wait, TASK_NORMAL, 0,
			  poll_to_key(EPOLLIN | EPOLLRDNORM));
}

static struct gort_task *task_alloc(struct gort_file *f,
				    const struct gort_task_desc *d)
{
	struct gort_task *t;

	t = gort_try(kmem_cache_zalloc(task_cache, gort_gfp(f->ctx)), NULL);
	if (!t)
		return NULL;
	t->file = f;
	memcpy(t->args, d->args, sizeof(t->args));
	t->c.user_data = d->user_data;
	t->start_ns = ktime_get_ns();
	return t;
}

void gort_task_free(struct gort_task *t)
{
	if (t->bpf)
		gort_bpf_put(t->bpf);
	kmem_cache_free(task_cache, t);
}

/* The user has read its completion. */
void gort_task_delivered(struct gort_task *t)
{
	gort_user_uncharge(t->file->ctx->user);
	gort_task_free(t);
}

/* Count one more task of @f; -EAGAIN at its cap, -EDQUOT at that of the user. */
static int task_count(struct gort_file *f, struct gort_task *t)
{
	int err = -EAGAIN;

	spin_lock(&f->lock);
	if (f->nr_running + f->nr_done < f->max_tasks)
		err = gort_user_charge(f->ctx->user);
	if (!err) {
		WRITE_ONCE(f->nr_running, f->nr_running + 1);
		t->c.id = f->last_id + 1;
		hash_add(f->tasks, &t->by_id, t->c.id);
	}
	spin_unlock(&f->lock);
	return err;
}

static void task_uncount(struct gort_file *f, struct gort_task *t)
{
	spin_lock(&f->lock);
	hash_del(&t->by_id);
	WRITE_ONCE(f->nr_running, f->nr_running - 1);
	spin_unlock(&f->lock);
	gort_user_uncharge(f->ctx->user);
	wake_up_all(&f->ctx->wait);
}

static int file_start(struct gort_file *f, struct gort_task *t)
{
	int err;

	err = task_count(f, t);
	if (err)
		return err;
	f->last_id = t->c.id;
	if (t->wl->woken_outside)
		gort_ctx_unwatch(f->ctx);
	/* when that is done, the task may be over at any time */
	err = gort_newproc(f->ctx, task_main, t, &t->wl->text, t->wl->owner,
			   task_done, &t->g);
	if (!err)
		return 0;
	f->last_id--;
	task_uncount(f, t);
	return err;
}

/**
 * gort_file_run() - accept a task of a workload whose arguments are right
 * @f: the file; its submit mutex is held
 * @wl: the workload; the reference to its module is taken over
 * @d: its arguments
 * @bpf: the BPF program that it is, or NULL; if it is accepted, the reference
 *	goes to the task
 * @id: gets the task's id
 *
 * Return: 0, -EAGAIN, -EDQUOT, -ENOMEM as GORT_IOC_SUBMIT says.
 */
int gort_file_run(struct gort_file *f, const struct gort_workload *wl,
		  const struct gort_task_desc *d, struct gort_bpf *bpf, u64 *id)
{
	struct mem_cgroup *old;
	struct gort_task *t;
	int err = -ENOMEM;

	old = gort_charge_begin(f->ctx);
	t = task_alloc(f, d);
	if (t) {
		t->wl = wl;
		t->bpf = bpf;
		*id = f->last_id + 1;
		err = file_start(f, t);
	}
	gort_charge_end(old);
	if (!err)
		return 0;
	if (t) {
		t->bpf = NULL; /* still the caller's */
		gort_task_free(t);
	}
	module_put(wl->owner);
	return err;
}

/**
 * gort_file_submit() - accept a task
 * @f: the file; its submit mutex is held
 * @d: what to run
 * @id: gets the task's id
 *
 * Return: 0, -ENOENT, -EINVAL, -EAGAIN, -EDQUOT, -ENOMEM as GORT_IOC_SUBMIT says.
 */
int gort_file_submit(struct gort_file *f, const struct gort_task_desc *d,
		     u64 *id)
{
	const struct gort_workload *wl;

	if (d->flags)
		return -EINVAL;
	wl = workload_get(d);
	if (IS_ERR(wl))
		return PTR_ERR(wl);
	return gort_file_run(f, wl, d, NULL, id);
}

/* Ask the task @id to end; -ENOENT if it has completed or never was. */
int gort_file_cancel(struct gort_file *f, u64 id)
{
	struct gort_g *g = NULL;
	struct gort_task *t;

	spin_lock(&f->lock);
	hash_for_each_possible(f->tasks, t, by_id, id) {
		if (t->c.id != id)
			continue;
		if (READ_ONCE(t->g))
			g = gort_get(t->g);
		break;
	}
	spin_unlock(&f->lock);
	if (!g)
		return -ENOENT;
	gort_cancel(g);
	gort_put(g);
	return 0;
}

/* Ask all of them, and the Gs they spawned; returns how many tasks. */
u64 gort_file_cancel_all(struct gort_file *f)
{
	u64 n = READ_ONCE(f->nr_running);

	gort_ctx_cancel_gs(f->ctx);
	return n;
}

/* The oldest completion, or NULL; the caller frees it or puts it back. */
struct gort_task *gort_file_take(struct gort_file *f)
{
	struct gort_task *t;
	bool full, last;

	spin_lock(&f->lock);
	full = f->nr_done + f->nr_running >= f->max_tasks;
	t = list_first_entry_or_null(&f->done, struct gort_task, node);
	if (t) {
		list_del(&t->node);
		WRITE_ONCE(f->nr_done, f->nr_done - 1);
	}
	last = !f->nr_done && (!f->nr_running || !gort_nr_awake(f->ctx));
	spin_unlock(&f->lock);
	if (t && (full || last)) /* who polls: for room, the end, a deadlock */
		wake_up_all(&f->ctx->wait);
	return t;
}

/* It could not be delivered: it is the oldest again. */
void gort_file_untake(struct gort_file *f, struct gort_task *t)
{
	spin_lock(&f->lock);
	list_add(&t->node, &f->done);
	WRITE_ONCE(f->nr_done, f->nr_done + 1);
	spin_unlock(&f->lock);
	wake_up_all(&f->ctx->wait);
}

struct gort_file *gort_file_open(void)
{
	struct mem_cgroup *memcg;
	struct gort_user *user;
	struct gort_file *f;

	user = gort_user_open();
	if (IS_ERR(user))
		return ERR_CAST(user);
	f = gort_try(kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT), NULL);
	if (!f)
		goto err_user;
	memcg = get_mem_cgroup_from_mm(current->mm);
	f->max_tasks = READ_ONCE(gort_max_tasks_file);
	f->ctx = gort_ctx_alloc(current->comm, f->max_tasks, memcg);
	if (!f->ctx) {
		mem_cgroup_put(memcg);
		goto err_file;
	}
	f->ctx->user = user;
	spin_lock_init(&f->lock);
	gort_ctx_watch(f->ctx);
	INIT_LIST_HEAD(&f->done);
	hash_init(f->tasks);
	mutex_init(&f->submit);
	return f;

err_file:
	kfree(f);
err_user:
	gort_user_close(user);
	return ERR_PTR(-ENOMEM);
}

/* Nobody else has the file: no submit, read or wait is under way. */
void gort_file_close(struct gort_file *f)
{
	struct gort_user *user = f->ctx->user;
	struct gort_task *t;

	/* the context last: whose tasks are read here it knows */
	gort_ctx_end(f->ctx);
	while ((t = gort_file_take(f))) {
		gort_task_delivered(t);
		cond_resched();
	}
	gort_bpf_file_end(f);
	gort_ctx_destroy(f->ctx);
	gort_user_close(user);
	kfree(f);
}

int gort_task_init(void)
{
	unsigned int i;
	int err;

	task_cache = gort_try(KMEM_CACHE(gort_task, 0), NULL);
	if (!task_cache)
		return -ENOMEM;
	for (i = 0; i < gort_nr_workloads; i++) {
		err = gort_workload_register(&gort_workloads[i]);
		if (err)
			goto err_register;
	}
	return 0;

err_register:
	gort_task_exit();
	return err;
}

void gort_task_exit(void)
{
	unsigned int i;

	for (i = 0; i < gort_nr_workloads; i++)
		gort_workload_unregister(&gort_workloads[i]);
	xa_destroy(&workloads);
	kmem_cache_destroy(task_cache);
}
