// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test.ko: workloads that the tests submit by name through /dev/gort.
 *
 * This file registers them and has what G code needs from the kernel, called
 * through gort_call(). Parameters let a test run something here:
 *
 *   hook	1: gort calls t_site_hook() in its restore sites
 *   outside	what the blocking calls return in an ordinary process
 *   contexts	a context is filled, destroyed, and its Gs counted
 *   collect	a collection by an ordinary process
 *   heap_outside	what the functions of the heap return in one
 *   waits	contexts are waited for whose Gs have nobody to wake them
 */

#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "gort_test_compat.h"
#include "gort_test_kernel.h"

struct gort_ctx *t_ctx;
struct gort_ctx *t_small_ctx;
struct gort_lock t_shared_lock = GORT_LOCK_INIT(t_shared_lock);
u64 t_shared_count;

/*
 * What a G that ended early could not free goes with the module: every block
 * has this in front.
 */
struct t_block {
	struct list_head node;
	u64 data[];
};

static LIST_HEAD(t_blocks);
static DEFINE_SPINLOCK(t_blocks_lock);

long t_k_alloc(void *size)
{
	struct t_block *b;

	b = kzalloc(sizeof(*b) + (size_t)size, GFP_ATOMIC | __GFP_NOWARN);
	if (!b)
		return 0;
	spin_lock(&t_blocks_lock);
	list_add(&b->node, &t_blocks);
	spin_unlock(&t_blocks_lock);
	return (long)b->data;
}

long t_k_free(void *p)
{
	struct t_block *b = container_of(p, struct t_block, data[0]);

	spin_lock(&t_blocks_lock);
	list_del(&b->node);
	spin_unlock(&t_blocks_lock);
	kfree(b);
	return 0;
}

/* Nobody else is left who could look at the list. */
static void t_free_blocks(void)
{
	struct t_block *b, *next;

	list_for_each_entry_safe(b, next, &t_blocks, node)
		kfree(b);
}

long t_k_locks_init(void *locks)
{
	struct t_locks *l = locks;

	gort_lock_init(&l->a);
	gort_lock_init(&l->b);
	spin_lock_init(&l->s);
	return 0;
}

/* The lock as another one would have it; on the same M both times. */
long t_k_take(void *lock)
{
	mutex_lock(&((struct gort_lock *)lock)->mutex);
	return 0;
}

long t_k_release(void *lock)
{
	mutex_unlock(&((struct gort_lock *)lock)->mutex);
	return 0;
}

/* Ticks of gort on all CPUs but this one. */
long t_k_other_ticks(void *unused)
{
	struct gort_stats all, here;

	if (gort_read_stats(GORT_STATS_ALL, &all) ||
	    gort_read_stats(raw_smp_processor_id(), &here))
		return -EIO;
	return all.ticks - here.ticks;
}

long t_k_cpu(void *unused)
{
	return raw_smp_processor_id();
}

/*
 * A bit for each thing that a G may have left behind on the M. The M itself
 * calls without any section open.
 */
long t_k_state(void *unused)
{
	long bad = 0;

	if (preempt_count() & PREEMPT_MASK)
		bad |= 1;
	if (preempt_count() & SOFTIRQ_MASK)
		bad |= 2;
	if (irqs_disabled())
		bad |= 4;
	if (IS_ENABLED(CONFIG_PREEMPT_RCU) && rcu_preempt_depth())
		bad |= 8;
	return bad;
}

/* What no function may do that G code calls: leave a section open. */
long t_k_disturb(void *what)
{
	switch ((unsigned long)what) {
	case 0:
		preempt_disable();
		break;
	case 1:
		local_bh_disable();
		break;
	case 2:
		local_irq_disable();
		break;
	case 3:
		rcu_read_lock();
		__release(RCU); /* for sparse: it is meant to stay open */
		break;
	}
	return 0;
}

/* In hard interrupt context. Pairs with the acquire in t_irqready(). */
static enum hrtimer_restart t_timer_fn(struct hrtimer *timer)
{
	struct t_timer *t = container_of(timer, struct t_timer, timer);

	atomic_inc_return_release(&t->fired);
	gort_ready(t->g);
	return HRTIMER_NORESTART;
}

long t_k_timer_init(void *timer)
{
	struct t_timer *t = timer;

	hrtimer_setup(&t->timer, t_timer_fn, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);
	return 0;
}

long t_k_timer_start(void *timer)
{
	struct t_timer *t = timer;

	hrtimer_start(&t->timer, ns_to_ktime(t->delay_ns),
		      HRTIMER_MODE_REL_HARD);
	return 0;
}

/* Also waits for a handler that still runs on another CPU. */
long t_k_timer_cancel(void *timer)
{
	struct t_timer *t = timer;

	return hrtimer_cancel(&t->timer);
}

/* A blocking call that ends when the holder is to let go. */
long t_k_hold(void *hold)
{
	struct t_hold *h = hold;

	while (!READ_ONCE(h->stop))
		usleep_range(500, 1000);
	return 0;
}

/* The same, for who has nothing but the object: the holder is said here. */
long t_k_hold_root(void *obj)
{
	return t_k_hold((void *)READ_ONCE(t_roots[1]));
}

long t_k_gc(void *unused)
{
	return gort_gc();
}

long t_k_gort_alloc(void *size)
{
	return (long)gort_alloc((size_t)size);
}

long t_k_finalizer(void *obj)
{
	return gort_set_finalizer(obj, NULL);
}

/* Like a write to a file that takes all and keeps nothing. */
long t_k_write(void *unused)
{
	udelay(1);
	return 1;
}

/*
 * What each of them returns stands with its function. The limits of arguments
 * are where a test could only hang or run out of memory.
 */
static struct gort_workload t_workloads[] = {
	{
		.name = "t_restore", .fn = t_restore,
		.help = "a request in each kind of section is restored",
		.nr_args = 2, .args = {
			{ "trials", 0, 1 << 30, 1000 },
			{ "kind", 0, T_NR_KINDS - 1, 0 },
		},
	}, {
		.name = "t_hold", .fn = t_hold,
		.help = "calls inside and outside of sections",
		.nr_args = 4, .args = {
			{ "rounds", 0, U64_MAX, 1000 },
			{ "inside", 0, U64_MAX, 100 },
			{ "outside", 0, U64_MAX, 100 },
			{ "kind", 0, T_NR_KINDS - 1, 0 },
		},
	}, {
		.name = "t_site", .fn = t_site,
		.help = "a request inside gort's own sections",
		.nr_args = 2, .args = {
			{ "trials", 0, 1 << 30, 1000 },
			{ "site", GORT_SITE_READY, GORT_SITE_GC,
			  GORT_SITE_GO },
		},
	}, {
		.name = "t_step", .fn = t_step,
		.help = "a request at a certain place inside gort",
		.nr_args = 2, .args = {
			{ "trials", 0, 1 << 30, 1000 },
			{ "step", 0, 8, 0 },
		},
	}, {
		.name = "t_once", .fn = t_once,
		.help = "how often one request is put off",
		.nr_args = 3, .args = {
			{ "trials", 0, 1 << 30, 100 },
			{ "checks", 0, 1 << 30, 100 },
			{ "kind", 0, T_NR_KINDS - 1, 0 },
		},
	}, {
		.name = "t_enter", .fn = t_enter,
		.help = "a loop that checks only inside of sections",
		.nr_args = 2, .args = {
			{ "kind", 0, 6, 0 },
			{ "ns", 0, U64_MAX / 2, NSEC_PER_SEC },
		},
	}, {
		.name = "t_share", .fn = t_share,
		.help = "runs for a while, then yields",
		.nr_args = 2, .args = {
			{ "rounds", 0, 1 << 30, 10 },
			{ "ns", 0, U64_MAX / 2, NSEC_PER_MSEC },
		},
	}, {
		.name = "t_meet", .fn = t_meet,
		.help = "waits for the others of its batch",
		.nr_args = 2, .args = {
			{ "batch", 1, 1 << 30, 1 },
			{ "size", 1, 64, 2 },
		},
	}, {
		.name = "t_announce", .fn = t_announce,
		.help = "makes another G ready while nobody is looking",
		.nr_args = 2, .args = {
			{ "kind", 0, 1, 0 },
			{ "tries", 0, 1 << 20, 10 },
		},
	}, {
		.name = "t_stops", .fn = t_stops,
		.help = "does stopping the world wait for a tick",
		.nr_args = 1, .args = { { "rounds", 0, 1 << 30, 10 } },
	}, {
		.name = "t_turns", .fn = t_turns,
		.help = "two Gs wait for each other, only calling a function",
		.nr_args = 2, .args = {
			{ "rounds", 0, 1 << 30, 10 },
			{ "frame", 0, 3, 0 },
		},
	}, {
		.name = "t_frames", .fn = t_frames,
		.help = "every frame size at every depth",
		.nr_args = 3, .args = {
			{ "family", 0, 3, 0 },
			{ "bytes", 0, 1 << 20, 20480 },
			{ "ask", 0, 2, 0 },
		},
	}, {
		.name = "t_edge", .fn = t_edge,
		.help = "a request around a change of segments",
		.nr_args = 2, .args = {
			{ "trials", 0, 1 << 30, 1000 },
			{ "mode", 0, 6, 0 },
		},
	}, {
		.name = "t_split", .fn = t_split,
		.help = "there and back over the end of a segment",
		.nr_args = 1, .args = { { "count", 0, 1 << 30, 1000 } },
	}, {
		.name = "t_regs", .fn = t_regs,
		.help = "kept registers over a change of segments",
		.nr_args = 1, .args = { { "trials", 0, 1 << 30, 1000 } },
	}, {
		.name = "t_waits", .fn = t_waits,
		.help = "waits in vain at every depth of the stack",
		.nr_args = 1, .args = { { "bytes", 0, 1 << 20, 8192 } },
	}, {
		.name = "t_mutual", .fn = t_mutual,
		.help = "three functions that call each other",
		.nr_args = 1, .args = { { "depth", 0, 1 << 20, 10 } },
	}, {
		.name = "t_deep", .fn = t_deep,
		.help = "recursion inside of sections",
		.nr_args = 4, .args = {
			{ "kind", 0, T_NR_KINDS, T_NR_KINDS },
			{ "shared", 0, 1, 0 },
			{ "depth", 0, U64_MAX, 10 },
			{ "ns", 0, U64_MAX / 2, 0 },
		},
	}, {
		.name = "t_parallel", .fn = t_parallel,
		.help = "two Gs that must run at the same time",
		.nr_args = 2, .args = {
			{ "rounds", 0, 1 << 30, 100 },
			{ "patience", 0, 1 << 30, 10 },
		},
	}, {
		.name = "t_steal", .fn = t_steal,
		.help = "many Gs made runnable on one P",
		.nr_args = 3, .args = {
			{ "count", 1, 4096, 100 },
			{ "work", 0, U64_MAX, 1000 },
			{ "started", 0, 1, 0 },
		},
	}, {
		.name = "t_poll", .fn = t_poll,
		.help = "polling with yields",
		.nr_args = 1, .args = { { "rounds", 0, 1 << 30, 100 } },
	}, {
		.name = "t_late", .fn = t_late,
		.help = "how late a sleep ends at most",
		.nr_args = 2, .args = {
			{ "ns", 0, U64_MAX / 2, 1000000 },
			{ "count", 0, 1 << 30, 10 },
		},
	}, {
		.name = "t_pairs", .fn = t_pairs,
		.help = "two Gs wake each other in turn",
		.nr_args = 2, .args = {
			{ "rounds", 0, 1 << 30, 1000 },
			{ "spin", 0, 1 << 16, 100 },
		},
	}, {
		.name = "t_irqready", .fn = t_irqready, .woken_outside = true,
		.help = "woken from an interrupt",
		.nr_args = 3, .args = {
			{ "rounds", 0, 1 << 30, 100 },
			{ "delay", 0, NSEC_PER_SEC, 10000 },
			{ "spin", 0, 1 << 16, 100 },
		},
	}, {
		.name = "t_park", .fn = t_park,
		.help = "one park",
		.nr_args = 2, .args = {
			{ "mode", 0, 3, 0 },
			{ "ns", 0, U64_MAX / 2, 1000000 },
		},
	}, {
		.name = "t_cap", .fn = t_cap,
		.help = "more Gs than a context may have",
		.nr_args = 1, .args = { { "attempts", 1, 1000, 10 } },
	}, {
		.name = "t_misuse", .fn = t_misuse,
		.help = "blocking inside a section",
		.nr_args = 2, .args = {
			{ "kind", 0, T_NR_KINDS - 1, 0 },
			{ "op", 0, 4, 0 },
		},
	}, {
		.name = "t_badcall", .fn = t_badcall,
		.help = "a called function leaves a section open",
		.nr_args = 2, .args = {
			{ "what", 0, 3, 0 },
			{ "how", 0, T_HOW_LAST, T_CALL },
		},
	}, {
		.name = "t_leave", .fn = t_leave,
		.help = "ending inside a section",
		.nr_args = 2, .args = {
			{ "kind", 0, T_NR_KINDS - 1, 0 },
			{ "how", 0, 3, 0 },
		},
	}, {
		.name = "t_loop", .fn = t_loop,
		.help = "a loop without calls, until it is ended",
		.nr_args = 2, .args = {
			{ "shape", 0, 3, 0 },
			{ "ms", 1, 600000, 10000 },
		},
	}, {
		.name = "t_roam", .fn = t_roam,
		.help = "a loop without calls that sees its CPU",
		.nr_args = 2, .args = {
			{ "iterations", 0, 1 << 30, 1000000 },
			{ "x", 0, U64_MAX, 0 },
		},
	}, {
		.name = "t_exact", .fn = t_exact,
		.help = "flags, registers and strings in loops without calls",
		.nr_args = 3, .args = {
			{ "what", 0, T_EXACT_LAST, 0 },
			{ "rounds", 0, 1 << 30, 10 },
			{ "n", 512, 1 << 24, 65536 },
		},
	}, {
		.name = "t_outside", .fn = t_outside,
		.help = "long functions that are no G code",
		.nr_args = 4, .args = {
			{ "what", 0, 3, 0 },
			{ "rounds", 0, 1 << 30, 10 },
			{ "amount", 0, 1 << 30, 1 << 20 },
			{ "ns", 0, U64_MAX, 0 },
		},
	}, {
		.name = "t_inside", .fn = t_inside,
		.help = "loops inside of sections",
		.nr_args = 2, .args = {
			{ "kind", 0, T_NR_KINDS - 1, 0 },
			{ "ns", 0, NSEC_PER_SEC, 1000000 },
		},
	}, {
		.name = "t_depths", .fn = t_depths,
		.help = "loops without calls at every depth of the stack",
		.nr_args = 3, .args = {
			{ "bytes", 0, 1 << 20, 20480 },
			{ "n", 0, 1 << 30, 65536 },
			{ "loops", 0, 1 << 30, 1000 },
		},
	}, {
		.name = "t_neutral", .fn = t_neutral,
		.help = "what is wrong with the state of the M",
	}, {
		.name = "t_sizes", .fn = t_sizes,
		.help = "objects of all sizes, written all over",
		.nr_args = 1, .args = { { "rounds", 0, 1 << 30, 1 } },
	}, {
		.name = "t_refused", .fn = t_refused,
		.help = "allocations that must fail",
		.nr_args = 1, .args = { { "cap", 0, U64_MAX, 0 } },
	}, {
		.name = "t_fill", .fn = t_fill,
		.help = "objects until no more can be had",
		.nr_args = 3, .args = {
			{ "size", 0, U64_MAX, 64 },
			{ "count", 0, U64_MAX, 1000 },
			{ "how", 0, 4, 0 },
		},
	}, {
		.name = "t_churn", .fn = t_churn,
		.help = "a list, tree or graph that changes",
		.nr_args = 3, .args = {
			{ "kind", 0, 2, 0 },
			{ "nodes", 1, 1 << 20, 1000 },
			{ "rounds", 0, 1 << 30, 100 },
		},
	}, {
		.name = "t_comb", .fn = t_comb,
		.help = "more to mark than the mark has room for",
		.nr_args = 1, .args = { { "length", 0, 1 << 20, 100 } },
	}, {
		.name = "t_survive", .fn = t_survive,
		.help = "one place holds an object",
		.nr_args = 2, .args = {
			{ "how", 0, 19, 0 },
			{ "rounds", 0, 1 << 20, 10 },
		},
	}, {
		.name = "t_fin", .fn = t_fin,
		.help = "finalizers",
		.nr_args = 2, .args = {
			{ "op", 0, 9, 0 },
			{ "arg", 0, 1 << 20, 1 },
		},
	}, {
		.name = "t_crowd", .fn = t_crowd,
		.help = "collections while others are busy",
		.nr_args = 4, .args = {
			{ "kind", 0, 3, 0 },
			{ "gs", 0, 16, 4 },
			{ "collections", 0, 1 << 20, 10 },
			{ "ns", 0, NSEC_PER_SEC * 60ULL, 0 },
		},
	}, {
		.name = "t_gc", .fn = t_gc,
		.help = "collections",
		.nr_args = 1, .args = { { "count", 0, 1 << 20, 1 } },
	}, {
		.name = "t_uselock", .fn = t_uselock,
		.help = "takes the lock that others may have left",
		.nr_args = 1, .args = { { "count", 0, U64_MAX, 1000 } },
	}, {
		.name = "t_alone", .fn = t_alone,
		.help = "waits for nobody",
	}, {
		.name = "t_couple", .fn = t_couple,
		.help = "two Gs wait for each other, for ever",
	}, {
		.name = "t_family", .fn = t_family,
		.help = "a tree of Gs, of which none gets on",
		.nr_args = 2, .args = {
			{ "depth", 0, 8, 3 },
			{ "fanout", 1, 64, 3 },
		},
	}, {
		.name = "t_widow", .fn = t_widow,
		.help = "waits for a child that goes without a word",
		.nr_args = 2, .args = {
			{ "how", 0, 5, 0 },
			{ "ns", 0, U64_MAX / 2, 1000000 },
		},
	}, {
		.name = "t_orphan", .fn = t_orphan,
		.help = "leaves a child behind that waits for ever",
	}, {
		.name = "t_ring", .fn = t_ring,
		.help = "a token goes round",
		.nr_args = 3, .args = {
			{ "members", 1, 1 << 12, 3 },
			{ "rounds", 0, 1 << 30, 1000 },
			{ "work", 0, 1 << 16, 0 },
		},
	}, {
		.name = "t_irqplain", .fn = t_irqready,
		.help = "t_irqready, but does not say so",
		.nr_args = 3, .args = {
			{ "rounds", 0, 1 << 30, 100 },
			{ "delay", 0, NSEC_PER_SEC, 10000 },
			{ "spin", 0, 1 << 16, 100 },
		},
	},
};

/* Exit order: once unregistered, none of their tasks is left. */
static void t_unregister(unsigned int n)
{
	while (n--)
		gort_workload_unregister(&t_workloads[n]);
}

static int t_register(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(t_workloads); i++) {
		t_workloads[i].owner = THIS_MODULE;
		err = gort_workload_register(&t_workloads[i]);
		if (err) {
			t_unregister(i);
			return err;
		}
	}
	return 0;
}

static bool t_hook;

/* Not while loading: there is nothing yet that could be hooked. */
static int t_hook_set(const char *val, const struct kernel_param *kp)
{
	int err = t_ctx ? param_set_bool(val, kp) : -EBUSY;

	if (!err)
		gort_set_site_hook(t_hook ? t_site_hook : NULL);
	return err;
}

static const struct kernel_param_ops t_hook_ops = {
	.set = t_hook_set,
	.get = param_get_bool,
};

module_param_cb(hook, &t_hook_ops, &t_hook, 0600);
MODULE_PARM_DESC(hook, "Request preemption inside the restore sites (default 0)");

/* "park park_until yield sleep sleep_until self", as this process sees them */
static int t_outside_get(char *buf, const struct kernel_param *kp)
{
	struct gort_g_stats st;
	int park = gort_park("outside");
	int until = gort_park_until(gort_now() + NSEC_PER_MSEC, "outside");
	int yield = gort_yield();
	int sleep = gort_sleep(1);
	int sleep_until = gort_sleep_until(gort_now() + 1);

	gort_preempt_self();
	memset(&st, 0xff, sizeof(st));
	gort_self_stats(&st);
	return sysfs_emit(buf, "%d %d %d %d %d %d\n", park, until, yield, sleep,
			  sleep_until, gort_self() || st.preempted ||
			  st.declined || st.stack_bytes);
}

static const struct kernel_param_ops t_outside_ops = {
	.get = t_outside_get,
};

module_param_cb(outside, &t_outside_ops, NULL, 0400);
MODULE_PARM_DESC(outside, "What blocking calls return outside of a G");

/* A collection by this process; its result */
static int t_collect_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", gort_gc());
}

static const struct kernel_param_ops t_collect_ops = {
	.get = t_collect_get,
};

module_param_cb(collect, &t_collect_ops, NULL, 0400);
MODULE_PARM_DESC(collect, "Collect, and say what came of it");

/*
 * "alloc finalizer; roots: NULL, not aligned, too small, beyond the end, one,
 * again, too many; removed and added again", as this process sees them
 */
static int t_heap_outside_get(char *buf, const struct kernel_param *kp)
{
	static u64 memory[2000];
	int err[8], i, n;

	err[0] = gort_root_add(NULL, 8);
	err[1] = gort_root_add((char *)memory + 1, 8);
	err[2] = gort_root_add(memory, 7);
	err[3] = gort_root_add(memory, -16UL);
	err[4] = gort_root_add(memory, sizeof(memory));
	err[5] = gort_root_add(memory, 8);
	for (n = 1; n < 2000; n++) {
		err[6] = gort_root_add(&memory[n], 8);
		if (err[6])
			break;
	}
	for (i = 0; i < n; i++)
		gort_root_del(&memory[i]);
	gort_root_del(memory); /* only a message */
	err[7] = gort_root_add(memory, 8);
	gort_root_del(memory);
	return sysfs_emit(buf, "%d %d; %d %d %d %d %d %d %d %d; %d\n",
			  !!gort_alloc(16), gort_set_finalizer(memory, NULL),
			  err[0], err[1], err[2], err[3], err[4], err[5],
			  err[6], err[7], n);
}

static const struct kernel_param_ops t_heap_outside_ops = {
	.get = t_heap_outside_get,
};

module_param_cb(heap_outside, &t_heap_outside_ops, NULL, 0400);
MODULE_PARM_DESC(heap_outside, "What the heap's functions return outside of a G");

static atomic_t t_ended;

/* "accepted refused-with ended-after-destroy" */
static int t_contexts_get(char *buf, const struct kernel_param *kp)
{
	struct gort_ctx *ctx = gort_ctx_create("test", T_SMALL_CTX);
	int err = 0, n = 0;

	atomic_set(&t_ended, 0);
	if (IS_ERR_OR_NULL(ctx))
		return -ENOMEM;
	while (!err && n < 2 * T_SMALL_CTX) {
		err = gort_go(ctx, t_sleeper, &t_ended);
		n += !err;
	}
	gort_ctx_destroy(ctx);
	return sysfs_emit(buf, "%d %d %d\n", n, err, atomic_read(&t_ended));
}

static const struct kernel_param_ops t_contexts_ops = {
	.get = t_contexts_get,
};

module_param_cb(contexts, &t_contexts_ops, NULL, 0400);
MODULE_PARM_DESC(contexts, "Fill a context, destroy it, count its Gs");

/*
 * Starts t_lonely() in a new context. Returns what waiting for it does at
 * first, and in @then what it does when the G was told to go, or cancelled.
 */
static int t_wait_one(bool watched, bool elsewhere, bool cancel, u64 delay_ns,
		      int *then)
{
	struct t_lonely *l = kzalloc(sizeof(*l), GFP_KERNEL);
	struct gort_ctx *ctx = gort_ctx_create("waits", 2);
	int err = -ENOMEM;

	if (!l || IS_ERR(ctx))
		goto out;
	t_k_timer_init(&l->t);
	l->t.delay_ns = delay_ns;
	l->elsewhere = elsewhere;
	if (watched)
		gort_ctx_watch(ctx);
	err = gort_go(ctx, t_lonely, l);
	if (err)
		goto out;
	err = gort_ctx_wait(ctx);
	if (cancel)
		gort_ctx_cancel(ctx);
	else if (err) /* it is asleep, and so has set l->t.g */
		t_timer_fn(&l->t.timer);
	*then = gort_ctx_wait(ctx);
	gort_put(l->t.g);
out:
	gort_ctx_destroy(ctx);
	kfree(l);
	return err;
}

/* Pairs of results of t_wait_one(), see deadlock_test. */
static int t_waits_get(char *buf, const struct kernel_param *kp)
{
	const u64 delay = 100 * NSEC_PER_MSEC;
	int first[5], then[5] = {};

	first[0] = t_wait_one(true, false, false, 0, &then[0]);
	first[1] = t_wait_one(true, false, true, 0, &then[1]);
	first[2] = t_wait_one(true, false, false, delay, &then[2]);
	first[3] = t_wait_one(false, false, false, delay, &then[3]);
	first[4] = t_wait_one(true, true, false, delay, &then[4]);
	return sysfs_emit(buf, "%d %d, %d %d, %d %d, %d %d, %d %d\n",
			  first[0], then[0], first[1], then[1], first[2],
			  then[2], first[3], then[3], first[4], then[4]);
}

static const struct kernel_param_ops t_waits_ops = {
	.get = t_waits_get,
};

module_param_cb(waits, &t_waits_ops, NULL, 0400);
MODULE_PARM_DESC(waits, "What waiting for a context returns");

/* Workloads last: tasks may come as soon as there is one. */
static int __init t_init(void)
{
	int err;

	t_loops_init();
	t_ctx = gort_ctx_create("gort_test", 1 << 16);
	if (IS_ERR_OR_NULL(t_ctx))
		return -ENOMEM;
	t_small_ctx = gort_ctx_create("gort_test small", T_SMALL_CTX);
	if (IS_ERR_OR_NULL(t_small_ctx)) {
		err = -ENOMEM;
		goto err_ctx;
	}
	err = t_register();
	if (err)
		goto err_small;
	err = t_kernel_init();
	if (err)
		goto err_workloads;
	return 0;

err_workloads:
	t_unregister(ARRAY_SIZE(t_workloads));
err_small:
	gort_ctx_destroy(t_small_ctx);
err_ctx:
	gort_ctx_destroy(t_ctx);
	return err;
}

static void __exit t_exit(void)
{
	t_loops_exit();
	t_kernel_exit();
	t_unregister(ARRAY_SIZE(t_workloads));
	/* no task is in the hook any more, since tasks pin this module */
	gort_set_site_hook(NULL);
	gort_ctx_destroy(t_small_ctx);
	gort_ctx_destroy(t_ctx);
	t_free_blocks();
}

module_init(t_init);
module_exit(t_exit);
MODULE_DESCRIPTION("Workloads for the tests of gort");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
