// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for stack_test and preempt_test: what happens at the end of a segment.
 *
 * "The edge" is a depth at which a call of t_big() takes the next segment and
 * a call of t_check() does not. It is found by trying, since nothing tells G
 * code where its segment ends.
 */

#include <linux/limits.h>

#include "gort_test_mod.h"

/* How the request and the change of segments meet; user space passes these. */
enum t_edge_mode {
	T_EDGE_DECLINED,	/* declined, then there and back, then unlock */
	T_EDGE_AT_ONCE,		/* declined by the very check that grows */
	T_EDGE_UNLOCK_INSIDE,	/* declined, then unlock on the new segment */
	T_EDGE_YIELD,		/* accepted by the check that grows */
	T_EDGE_LOCK_INSIDE,	/* declined on the new segment, unlock after */
	T_EDGE_SHRINK,		/* comes there, unanswered until it is back */
	T_EDGE_NONE,		/* none: only there and back */
};

/* What t_big() does on its segment. */
enum t_inside {
	T_IN_NOTHING,
	T_IN_UNLOCK,
	T_IN_REQUEST,
	T_IN_LOCK,
};

/**
 * struct t_edge - one task of t_edge or its kin
 * @l: its locks
 * @mode: enum t_edge_mode
 * @trials: how many
 * @lost: in how many the request was not answered
 * @where: a place in the last frame of t_big()
 * @in: before the check that is to yield inside t_big()
 * @out: after it
 * @found: the edge was reached
 */
struct t_edge {
	struct t_locks *l;
	u64 mode;
	u64 trials;
	u64 lost;
	unsigned long where;
	struct gort_g_stats in;
	struct gort_g_stats out;
	bool found;
};

static __used noinline u64 t_big(struct t_edge *e, enum t_inside what)
{
	u64 buf[128];
	u64 *p = buf;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[0], e->trials);
	WRITE_ONCE(e->where, (unsigned long)p);
	if (what == T_IN_UNLOCK) {
		gort_unlock(&e->l->a);
		gort_self_stats(&e->in);
		t_check();
		gort_self_stats(&e->out);
	} else if (what == T_IN_REQUEST) {
		gort_preempt_self();
	} else if (what == T_IN_LOCK) {
		gort_lock(&e->l->a);
		gort_self_stats(&e->in);
		gort_preempt_self();
		t_check();
	}
	return READ_ONCE(p[0]);
}

/* Was the last t_big() on another segment than the caller? */
static __always_inline bool t_grew(struct t_edge *e)
{
	unsigned long sp = t_sp();

	return e->where > sp || sp - e->where > T_SAME_SEGMENT;
}

/*
 * The lock is held and a request pending on return, met or not, and the G was
 * there and back.
 */
static void t_edge_locked(struct t_edge *e)
{
	if (e->mode == T_EDGE_LOCK_INSIDE) {
		t_big(e, T_IN_LOCK);
		return;
	}
	gort_lock(&e->l->a); /* may yield by itself, before it is taken */
	gort_self_stats(&e->in);
	gort_preempt_self();
	if (e->mode != T_EDGE_AT_ONCE)
		t_check();
	t_big(e, e->mode == T_EDGE_UNLOCK_INSIDE ? T_IN_UNLOCK : T_IN_NOTHING);
}

/* Returns -EXDEV if the G was made to yield while it held the lock. */
static int t_edge_trial(struct t_edge *e)
{
	struct gort_g_stats mid;

	gort_self_stats(&e->in);
	if (e->mode == T_EDGE_NONE) {
		t_big(e, T_IN_NOTHING);
		return 0;
	}
	if (e->mode == T_EDGE_YIELD || e->mode == T_EDGE_SHRINK) {
		if (e->mode == T_EDGE_YIELD)
			gort_preempt_self();
		t_big(e, e->mode == T_EDGE_YIELD ? T_IN_NOTHING : T_IN_REQUEST);
		if (e->mode == T_EDGE_SHRINK)
			t_check();
		gort_self_stats(&e->out);
	} else {
		t_edge_locked(e);
		if (e->mode != T_EDGE_UNLOCK_INSIDE) {
			t_check();
			gort_self_stats(&mid);
			if (mid.preempted != e->in.preempted)
				return -EXDEV;
			gort_unlock(&e->l->a);
			t_check();
			gort_self_stats(&e->out);
		}
	}
	e->lost += e->out.preempted == e->in.preempted;
	return 0;
}

/* Called at each depth in turn: the trials run at the first edge. */
static int t_edge_here(struct t_probe *p)
{
	struct t_edge *e = p->arg;
	int err = 0;
	u64 i;

	t_big(e, T_IN_NOTHING);
	if (!t_grew(e))
		return 0;
	e->found = true;
	for (i = 0; i < e->trials && !err; i++) {
		err = t_edge_trial(e);
		if (!err && !t_grew(e))
			err = -EPROTO;
	}
	return err;
}

static int t_edge_run(struct t_edge *e, int (*body)(struct t_probe *p))
{
	struct t_probe p = { .body = body, .arg = e };
	int err = 0;

	e->l = t_locks_new();
	if (!e->l)
		return -ENOMEM;
	for (p.bytes = 0; p.bytes < 64 * 1024 && !e->found && !err;
	     p.bytes += 64)
		err = t_pad(&p, p.bytes);
	t_free(e->l);
	return err ? err : e->found ? 0 : -ENODATA;
}

/*
 * t_edge: trials, mode. Result: trials in which the request was lost. EPROTO
 * if a call at the edge did not grow, EXDEV if the G yielded with a lock held.
 */
int t_edge(const u64 *args, u64 *result)
{
	struct t_edge e = { .trials = args[0], .mode = args[1] };
	int err = t_edge_run(&e, t_edge_here);

	*result = e.lost;
	return err;
}

/* t_split: count. There and back so many times. Result: count. */
int t_split(const u64 *args, u64 *result)
{
	struct t_edge e = { .trials = args[0], .mode = T_EDGE_NONE };

	*result = args[0];
	return t_edge_run(&e, t_edge_here);
}

/*
 * Fills the registers that a callee must keep, calls t_big(e, what), and
 * returns zero if they are as before. In assembly, so that they really are in
 * use; the call is unseen by the compiler, hence the long list of clobbers.
 */
static noinline u64 t_keep(struct t_edge *e, u64 what)
{
	u64 bad;

	asm volatile("pushq	%%rbp\n\t"
		     "movq	$0x11, %%rbx\n\t"
		     "movq	$0x22, %%rbp\n\t"
		     "movq	$0x33, %%r12\n\t"
		     "movq	$0x44, %%r13\n\t"
		     "movq	$0x55, %%r14\n\t"
		     "movq	$0x66, %%r15\n\t"
		     "call	t_big\n\t"
		     "xorq	$0x11, %%rbx\n\t"
		     "xorq	$0x22, %%rbp\n\t"
		     "xorq	$0x33, %%r12\n\t"
		     "xorq	$0x44, %%r13\n\t"
		     "xorq	$0x55, %%r14\n\t"
		     "xorq	$0x66, %%r15\n\t"
		     "movq	%%rbx, %%rax\n\t"
		     "orq	%%rbp, %%rax\n\t"
		     "orq	%%r12, %%rax\n\t"
		     "orq	%%r13, %%rax\n\t"
		     "orq	%%r14, %%rax\n\t"
		     "orq	%%r15, %%rax\n\t"
		     "popq	%%rbp\n\t"
		     : "=a" (bad), "+D" (e), "+S" (what)
		     :
		     : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",
		       "r13", "r14", "r15", "memory", "cc");
	return bad;
}

static int t_regs_here(struct t_probe *p)
{
	struct t_edge *e = p->arg;
	u64 i;

	t_big(e, T_IN_NOTHING);
	if (!t_grew(e))
		return 0;
	e->found = true;
	for (i = 0; i < e->trials; i++) {
		/* every other time the G leaves in the same prologue */
		if (i & 1)
			gort_preempt_self();
		if (t_keep(e, T_IN_NOTHING))
			e->lost++;
	}
	return 0;
}

/* t_regs: trials. Result: trials after which a kept register was another. */
int t_regs(const u64 *args, u64 *result)
{
	struct t_edge e = { .trials = args[0] };
	int err = t_edge_run(&e, t_regs_here);

	*result = e.lost;
	return err;
}

static u64 t_mutual_a(u64 n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g);

/* Three frames of different classes that call each other in a circle. */
static noinline u64 t_mutual_c(u64 n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f,
			       u64 g)
{
	u64 buf[160], r;

	barrier_data(buf);
	r = t_mutual_a(n - 1, b, c, d, e, f, g, a);
	barrier_data(buf);
	return r + 3;
}

static noinline u64 t_mutual_b(u64 n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f,
			       u64 g)
{
	u64 buf[40], r;

	barrier_data(buf);
	r = t_mutual_c(n, a, b, c, d, e, f, g);
	barrier_data(buf);
	return r + 2;
}

static noinline u64 t_mutual_a(u64 n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f,
			       u64 g)
{
	u64 r;

	if (!n)
		return a + 10 * b + 100 * c + 1000 * d + 10000 * e +
		       100000 * f + 1000000 * g;
	r = t_mutual_b(n, a, b, c, d, e, f, g);
	barrier();
	return r + 1;
}

/*
 * t_mutual: depth. Seven digits travel down in registers and on the stack,
 * each level turning them by one; each adds 6 on the way back. Result: the
 * number they make at the bottom, plus 6 * depth.
 */
int t_mutual(const u64 *args, u64 *result)
{
	*result = t_mutual_a(args[0], 1, 2, 3, 4, 5, 6, 7);
	return 0;
}

static noinline u64 t_levels(u64 n, u64 ns)
{
	u64 buf[32], r;

	barrier_data(buf);
	if (!n) {
		if (ns)
			gort_sleep(ns);
		return 0;
	}
	r = t_levels(n - 1, ns);
	barrier_data(buf);
	return r + 1;
}

/*
 * t_deep: kind, shared, depth, ns. Recursion with the sections of a kind open
 * (or none: T_NR_KINDS), holding t_shared_lock too if @shared is set, and with
 * a sleep of @ns at the bottom. Result: depth. From one that is too deep there
 * is no way back: the sections stay open, and the memory of the locks is freed
 * with the module.
 */
int t_deep(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();

	if (!l)
		return -ENOMEM;
	if (args[1])
		gort_lock(&t_shared_lock);
	if (args[0] < T_NR_KINDS)
		t_open(l, args[0]);
	*result = t_levels(args[2], args[3]);
	if (args[0] < T_NR_KINDS)
		t_close(l, args[0]);
	if (args[1])
		gort_unlock(&t_shared_lock);
	t_free(l);
	return 0;
}

GORT_CHAN_TYPE(t_waits_chan, u64);

/**
 * struct t_waits - what a G waits for in vain at each depth
 * @sem: no unit
 * @mutex: its own
 * @cond: no signal
 * @rw: a reader is inside
 * @wg: one is left
 * @chan: nobody on the other side
 * @to: another G receives from it
 * @fro: and sends back what it got
 * @over: that one is through with all this
 */
struct t_waits {
	struct gort_sem sem;
	struct gort_mutex mutex;
	struct gort_cond cond;
	struct gort_rwlock rw;
	struct gort_wg wg;
	union t_waits_chan chan;
	union t_waits_chan to;
	union t_waits_chan fro;
	bool over;
};

static void t_waits_echo(void *arg)
{
	struct t_waits *w = arg;
	u64 val;

	while (!gort_recv(&w->to, &val) && !gort_send(&w->fro, val))
		;
	smp_store_release(&w->over, true); /* pairs with t_waits_end() */
}

/* Each wakes the other one, and sleeps. */
static int t_waits_for_echo(struct t_waits *w, u64 val)
{
	u64 back = 0;
	int err = gort_send(&w->to, val) ?: gort_recv(&w->fro, &back);

	return err ?: back == val ? gort_yield() : -EPROTO;
}

static int t_waits_in_channels(struct t_waits *w, u64 until)
{
	u64 val = 1;
	struct gort_case cases[] = {
		GORT_CASE_SEND(&w->chan, &val), GORT_CASE_RECV(&w->chan, &val),
	};

	if (gort_send_until(&w->chan, val, until) != -ETIME ||
	    gort_recv_until(&w->chan, &val, until) != -ETIME ||
	    gort_select_until(cases, 2, until) != -ETIME ||
	    gort_tryselect(cases, 2) != -EAGAIN)
		return -EPROTO;
	return 0;
}

static int t_waits_here(struct t_probe *p)
{
	struct t_waits *w = p->arg;
	u64 until = gort_now() + 20 * NSEC_PER_USEC;
	int err = gort_mutex_lock(&w->mutex);

	if (err || gort_cond_wait_until(&w->cond, &w->mutex, until) != -ETIME)
		err = -EPROTO;
	if (gort_mutex_unlock(&w->mutex) ||
	    gort_sem_acquire_until(&w->sem, until) != -ETIME ||
	    gort_write_lock_until(&w->rw, until) != -ETIME ||
	    gort_wg_wait_until(&w->wg, until) != -ETIME)
		err = -EPROTO;
	return err ?: t_waits_in_channels(w, until) ?: t_waits_for_echo(w, until);
}

/* The other G, and what it needs; undone by t_waits_end(). */
static int t_waits_begin(struct t_waits *w)
{
	int err = gort_chan_init(&w->to, 0) ?: gort_chan_init(&w->fro, 0);

	return err ?: gort_go(NULL, t_waits_echo, w);
}

/* Also if this G is to end, which waits for nothing then. */
static void t_waits_end(struct t_waits *w)
{
	gort_close(&w->to);
	gort_close(&w->fro);
	while (!smp_load_acquire(&w->over)) /* pairs with t_waits_echo() */
		gort_yield();
}

/*
 * t_waits: bytes. Waits in vain, for a little, at every depth of the stack up to
 * so many bytes, in steps of 16. Result: depths.
 */
int t_waits(const u64 *args, u64 *result)
{
	struct t_waits *w = t_alloc(sizeof(*w));
	struct t_probe p = { .body = t_waits_here, .arg = w };
	int err;

	if (!w)
		return -ENOMEM;
	gort_sem_init(&w->sem, 0);
	gort_mutex_init(&w->mutex);
	gort_cond_init(&w->cond);
	gort_rwlock_init(&w->rw);
	gort_wg_init(&w->wg);
	err = gort_chan_init(&w->chan, 0) ?:
	      gort_read_trylock(&w->rw) ?: gort_wg_add(&w->wg, 1) ?:
	      t_waits_begin(w);
	if (err) {
		t_free(w);
		return err;
	}
	for (p.bytes = 0; p.bytes < args[0] && !err; p.bytes += 16)
		err = t_pad(&p, p.bytes);
	*result = p.bytes / 16;
	t_waits_end(w);
	t_free(w);
	return err;
}
