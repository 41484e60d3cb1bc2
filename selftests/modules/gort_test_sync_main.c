// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test_sync.ko: workloads for the tests of what Gs and tasks synchronise
 * with. This file registers them, and has the tasks and the interrupt that take
 * part, and what an ordinary process does:
 *
 *   task	"wait FORM US", "self FORM", "owner FORM", "atomic FORM",
 *		"take FORM": this process does that; read: what came of it
 *   irq	what each function returns in an interrupt
 */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "gort_test_compat.h"
#include "gort_test_sync.h"

/* Between two interrupts that take part */
#define S_TIMER_NS	(150 * NSEC_PER_USEC)

struct gort_ctx *s_ctx;

struct s_objs s_static = {
	.sem = GORT_SEM_INIT(s_static.sem, S_UNITS),
	.mutex = GORT_MUTEX_INIT(s_static.mutex),
	.rw = GORT_RWLOCK_INIT(s_static.rw),
	.wg = GORT_WG_INIT(s_static.wg),
	.cond = GORT_COND_INIT(s_static.cond),
	.once = GORT_ONCE_INIT(s_static.once),
};

/* What a G that ended early could not free goes with the module. */
struct s_block_head {
	struct list_head node;
	u64 data[];
};

static LIST_HEAD(s_blocks);
static DEFINE_SPINLOCK(s_blocks_lock);

long s_k_alloc(void *size)
{
	struct s_block_head *b;

	b = kzalloc(sizeof(*b) + (size_t)size, GFP_KERNEL);
	if (!b)
		return 0;
	spin_lock(&s_blocks_lock);
	list_add(&b->node, &s_blocks);
	spin_unlock(&s_blocks_lock);
	return (long)b->data;
}

long s_k_free(void *p)
{
	struct s_block_head *b = container_of(p, struct s_block_head, data[0]);

	spin_lock(&s_blocks_lock);
	list_del(&b->node);
	spin_unlock(&s_blocks_lock);
	kfree(b);
	return 0;
}

long s_k_spin_init(void *lock)
{
	spin_lock_init((spinlock_t *)lock);
	return 0;
}

/* A little, whatever signals there are */
long s_k_nap(void *unused)
{
	schedule_timeout_uninterruptible(1);
	return 0;
}

/* A worker as a task; a signal is what a cancel is for a G. */
static int s_task_fn(void *arg)
{
	struct s_worker *w = arg;

	allow_signal(SIGKILL);
	s_run_worker(w);
	s_worker_done(w);
	while (!kthread_should_stop()) {
		flush_signals(current);
		schedule_timeout_interruptible(HZ / 100);
	}
	return 0;
}

/* Those that could not be started count as ended. */
long s_k_tasks_start(void *crew)
{
	struct s_crew *c = crew;
	struct task_struct *task;
	long err = 0;
	u32 i;

	for (i = 0; i < c->n; i++) {
		if (!c->w[i].is_task)
			continue;
		task = err ? ERR_PTR(err) :
			     kthread_run(s_task_fn, &c->w[i], "gort_test/%u", i);
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			atomic_dec(&c->left);
		} else {
			c->w[i].task = task;
		}
	}
	return err;
}

long s_k_tasks_kick(void *crew)
{
	struct s_crew *c = crew;
	u32 i;

	for (i = 0; i < c->n; i++)
		if (c->w[i].task)
			send_sig(SIGKILL, c->w[i].task, 1);
	return 0;
}

long s_k_tasks_stop(void *crew)
{
	struct s_crew *c = crew;
	u32 i;

	for (i = 0; i < c->n; i++)
		if (c->w[i].task)
			kthread_stop(c->w[i].task);
	return 0;
}

/* The interrupt has a unit, or reads, from one time to the next. */
static void s_timer_turn(struct s_crew *c)
{
	bool sem = c->form == S_SEM;
	int n;

	if (c->has) {
		atomic_dec(&c->o->inside);
		c->has = false;
		n = sem ? gort_sem_release(&c->o->sem) :
			  gort_read_unlock(&c->o->rw);
		if (n)
			s_fail(c, n);
		return;
	}
	n = sem ? gort_sem_tryacquire(&c->o->sem) :
		  gort_read_trylock(&c->o->rw);
	if (n == -EAGAIN)
		return;
	c->has = !n;
	n = atomic_inc_return(&c->o->inside);
	if (!c->has || n > (sem ? S_UNITS : S_WORKERS + 1))
		s_fail(c, -EUCLEAN);
}

static enum hrtimer_restart s_timer_fired(struct hrtimer *t)
{
	struct s_crew *c = container_of(t, struct s_crew, timer);

	c->fired++;
	if (c->form == S_SEM || c->form == S_READ)
		s_timer_turn(c);
	else /* one more reason to look again, for those that do */
		gort_cond_broadcast(&c->o->cond);
	hrtimer_forward_now(t, ns_to_ktime(S_TIMER_NS));
	return HRTIMER_RESTART;
}

static void s_timer_init(struct hrtimer *t,
			 enum hrtimer_restart (*fn)(struct hrtimer *t))
{
	hrtimer_setup(t, fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
}

long s_k_timer_start(void *crew)
{
	struct s_crew *c = crew;

	s_timer_init(&c->timer, s_timer_fired);
	hrtimer_start(&c->timer, ns_to_ktime(S_TIMER_NS), HRTIMER_MODE_REL_HARD);
	return 0;
}

long s_k_timer_stop(void *crew)
{
	struct s_crew *c = crew;

	hrtimer_cancel(&c->timer);
	if (c->has)
		s_timer_turn(c);
	if (!c->fired)
		s_fail(c, -ENODATA);
	return 0;
}

/**
 * struct s_irq - what an interrupt does
 * @timer: it
 * @o: objects that are free
 * @err: what each function returned
 * @over: it has been
 */
struct s_irq {
	struct hrtimer timer;
	struct s_objs o;
	int err[18];
	struct completion over;
};

static enum hrtimer_restart s_irq_fired(struct hrtimer *t)
{
	struct s_irq *q = container_of(t, struct s_irq, timer);
	u64 soon = gort_now() + NSEC_PER_MSEC;
	struct s_objs *o = &q->o;
	int *err = q->err;

	*err++ = gort_sem_tryacquire(&o->sem);
	*err++ = gort_sem_release(&o->sem);
	*err++ = gort_sem_acquire_until(&o->sem, soon);
	*err++ = gort_mutex_trylock(&o->mutex);
	*err++ = gort_mutex_unlock(&o->mutex);
	*err++ = gort_mutex_lock_until(&o->mutex, soon);
	*err++ = gort_read_trylock(&o->rw);
	*err++ = gort_read_unlock(&o->rw);
	*err++ = gort_read_lock_until(&o->rw, soon);
	*err++ = gort_write_trylock(&o->rw);
	*err++ = gort_write_unlock(&o->rw);
	*err++ = gort_write_lock_until(&o->rw, soon);
	*err++ = gort_wg_add(&o->wg, 1);
	*err++ = gort_wg_done(&o->wg);
	*err++ = gort_wg_wait_until(&o->wg, soon);
	*err++ = gort_once_do_until(&o->once, s_nothing, NULL, soon);
	*err++ = gort_cond_wait_until(&o->cond, &o->mutex, soon);
	*err++ = gort_sem_tryacquire(&o->sem); /* nothing has changed */
	gort_cond_signal(&o->cond);
	gort_cond_broadcast(&o->cond);
	complete(&q->over);
	return HRTIMER_NORESTART;
}

static int s_irq_get(char *buf, const struct kernel_param *kp)
{
	struct s_irq *q = kzalloc(sizeof(*q), GFP_KERNEL);
	unsigned int i;
	int len = 0;

	if (!q)
		return -ENOMEM;
	s_objs_init(&q->o, 1);
	init_completion(&q->over);
	s_timer_init(&q->timer, s_irq_fired);
	hrtimer_start(&q->timer, 0, HRTIMER_MODE_REL_HARD);
	wait_for_completion(&q->over);
	hrtimer_cancel(&q->timer);
	for (i = 0; i < ARRAY_SIZE(q->err); i++)
		len += sysfs_emit_at(buf, len, "%d ", q->err[i]);
	kfree(q);
	return len;
}

static const struct kernel_param_ops s_irq_ops = {
	.get = s_irq_get,
};

module_param_cb(irq, &s_irq_ops, NULL, 0400);
MODULE_PARM_DESC(irq, "What each function returns in an interrupt");

/* Waits in vain, in this process, for so long or (0) for ever. */
static int s_task_wait(u32 form, unsigned long us, bool atomic)
{
	struct s_busy *b = kzalloc(sizeof(*b), GFP_KERNEL);
	u64 until = GORT_NO_DEADLINE;
	int err, again;

	if (!b)
		return -ENOMEM;
	err = s_busy_begin(b);
	if (err)
		return err;
	if (us)
		until = gort_now() + us * NSEC_PER_USEC;
	if (atomic)
		preempt_disable();
	err = s_wait(b, form, until);
	if (atomic)
		preempt_enable();
	s_busy_end(b);
	/* with a signal that is pending it can't wait, but need not either */
	again = s_again(b, form);
	kfree(b);
	return again ?: err;
}

/* Takes what Gs hammer at, once. */
static int s_task_take(u32 form)
{
	struct s_crew *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int err;

	if (!c)
		return -ENOMEM;
	c->o = &s_static;
	gort_sem_init(&c->never, 0);
	err = s_take_part(c, form) ?: atomic_read(&c->bad);
	kfree(c);
	return err;
}

static int s_task_result;

static int s_task_set(const char *val, const struct kernel_param *kp)
{
	unsigned long us = 0;
	char what[8];
	u32 form;
	int err;

	if (sscanf(val, "%7s %u %lu", what, &form, &us) < 2 || form >= S_FORMS)
		return -EINVAL;
	if (!strcmp(what, "wait"))
		err = s_task_wait(form, us, false);
	else if (!strcmp(what, "atomic"))
		err = s_task_wait(form, us, true);
	else if (!strcmp(what, "self"))
		err = s_self(form);
	else if (!strcmp(what, "owner"))
		err = s_not_owned(form);
	else if (!strcmp(what, "take"))
		err = s_task_take(form);
	else
		return -EINVAL;
	s_task_result = err;
	return err == -ERESTARTSYS ? err : 0;
}

static int s_task_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", s_task_result);
}

static const struct kernel_param_ops s_task_ops = {
	.set = s_task_set,
	.get = s_task_get,
};

module_param_cb(task, &s_task_ops, NULL, 0600);
MODULE_PARM_DESC(task, "What this process is to do; what came of it");

#define S_ARG_FORM	{ "form", 0, S_FORMS - 1, 0 }
#define S_ARG_N(most)	{ "n", 0, most, 1 }
#define S_ARG_WORKERS	{ "workers", 0, S_WORKERS << 8 | S_WORKERS, 4 }
#define S_ARG_ROUNDS	{ "rounds", 0, 1 << 20, 100 }
#define S_ARG_SPICE	{ "spice", 0, 31, 0 }

static struct gort_workload s_workloads[] = {
	{
		.name = "s_hammer", .fn = s_hammer, .woken_outside = true,
		.help = "many at the same lock or semaphore",
		.nr_args = 4, .args = { S_ARG_FORM, S_ARG_WORKERS, S_ARG_ROUNDS,
					S_ARG_SPICE },
	}, {
		.name = "s_buffer", .fn = s_buffer, .woken_outside = true,
		.help = "a buffer that waits for conditions",
		.nr_args = 4, .args = { S_ARG_FORM, S_ARG_WORKERS, S_ARG_ROUNDS,
					S_ARG_SPICE },
	}, {
		.name = "s_onces", .fn = s_onces, .woken_outside = true,
		.help = "many see to it that something has been done",
		.nr_args = 4, .args = { S_ARG_FORM, S_ARG_WORKERS, S_ARG_ROUNDS,
					S_ARG_SPICE },
	}, {
		.name = "s_rounds", .fn = s_rounds, .woken_outside = true,
		.help = "a wait group for many rounds",
		.nr_args = 4, .args = { S_ARG_FORM, S_ARG_WORKERS, S_ARG_ROUNDS,
					S_ARG_SPICE },
	}, {
		.name = "s_fair", .fn = s_fair,
		.help = "one has a mutex nearly all the time",
		.nr_args = 2, .args = { S_ARG_N(1000), { "most", 0, 1 << 20, 1000 } },
	}, {
		.name = "s_barge", .fn = s_barge,
		.help = "unlocks a mutex that another one waits for, and locks it again",
		.nr_args = 1, .args = { S_ARG_ROUNDS },
	}, {
		.name = "s_handoff", .fn = s_handoff,
		.help = "a mutex is handed over",
		.nr_args = 1, .args = { S_ARG_ROUNDS },
	}, {
		.name = "s_readers", .fn = s_readers,
		.help = "readers are inside together",
		.nr_args = 1, .args = { S_ARG_N(100) },
	}, {
		.name = "s_order", .fn = s_order,
		.help = "the order of readers and writers",
	}, {
		.name = "s_giveup", .fn = s_giveup,
		.help = "a writer gives up",
		.nr_args = 1, .args = { S_ARG_N(1) },
	}, {
		.name = "s_signals", .fn = s_signals,
		.help = "signals, or a broadcast",
		.nr_args = 1, .args = { S_ARG_N(1) },
	}, {
		.name = "s_stealing", .fn = s_stealing,
		.help = "who comes after a signal",
		.nr_args = 1, .args = { S_ARG_ROUNDS },
	}, {
		.name = "s_signallate", .fn = s_signallate,
		.help = "a signal for one that gives up",
		.nr_args = 2, .args = { S_ARG_ROUNDS, S_ARG_N(1) },
	}, {
		.name = "s_wgrace", .fn = s_wgrace,
		.help = "a wait group that is gone when the wait is over",
		.nr_args = 1, .args = { S_ARG_ROUNDS },
	}, {
		.name = "s_wgreuse", .fn = s_wgreuse,
		.help = "a wait group that is used anew at once",
		.nr_args = 1, .args = { S_ARG_N(1000) },
	}, {
		.name = "s_herd", .fn = s_herd,
		.help = "many wait for the same",
		.nr_args = 2, .args = { S_ARG_FORM, S_ARG_N(10000) },
	}, {
		.name = "s_block", .fn = s_block, .woken_outside = true,
		.help = "a G waits in vain",
		.nr_args = 2, .args = { S_ARG_FORM, { "why", 0, 8, 0 } },
	}, {
		.name = "s_misuse", .fn = s_misuse, .woken_outside = true,
		.help = "mistakes",
		.nr_args = 2, .args = { S_ARG_FORM, { "what", 0, 4, 0 } },
	}, {
		.name = "s_leave", .fn = s_leave, .woken_outside = true,
		.help = "ends with something that it has taken",
		.nr_args = 3, .args = { S_ARG_FORM, { "how", 0, 1, 0 },
					{ "look", 0, 1, 0 } },
	}, {
		.name = "s_forget", .fn = s_forget,
		.help = "forgets mutexes that it holds",
	}, {
		.name = "s_passon", .fn = s_passon, .woken_outside = true,
		.help = "others wait for what one takes along",
		.nr_args = 2, .args = { S_ARG_FORM, S_ARG_N(1000) },
	},
};

static void s_unregister(unsigned int n)
{
	while (n--)
		gort_workload_unregister(&s_workloads[n]);
}

static int s_register(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(s_workloads); i++) {
		s_workloads[i].owner = THIS_MODULE;
		err = gort_workload_register(&s_workloads[i]);
		if (err) {
			s_unregister(i);
			return err;
		}
	}
	return 0;
}

static int __init s_init(void)
{
	int err;

	s_ctx = gort_ctx_create("gort_test_sync", 1 << 16);
	if (IS_ERR(s_ctx))
		return PTR_ERR(s_ctx);
	err = s_register();
	if (err)
		gort_ctx_destroy(s_ctx);
	return err;
}

static void __exit s_exit(void)
{
	struct s_block_head *b, *next;

	s_unregister(ARRAY_SIZE(s_workloads));
	gort_ctx_destroy(s_ctx);
	list_for_each_entry_safe(b, next, &s_blocks, node)
		kfree(b);
}

module_init(s_init);
module_exit(s_exit);
MODULE_DESCRIPTION("Workloads for the tests of gort's locks");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
