// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for gc_test: what must keep an object from being collected, what must
 * not, and what becomes of finalizers.
 *
 * To see that one single word keeps an object, no other word may be left that
 * does. So objects are made by a G that ends, and leaves the address behind in
 * a form that no collector knows (all bits turned round). The holder, another G,
 * brings it into the one place that is to be tried, in assembly where that is a
 * register. That it is collected is told by its finalizer.
 */

#include <linux/compiler.h>
#include <linux/string.h>

#include "gort_test_mod.h"

#define T_MAGIC		0x5a6b7c8d9eafb0c1ULL

/**
 * struct t_obj - an object whose end is noticed
 * @w: what its finalizer tells
 * @check: @w in another form
 * @next: object that it keeps
 * @fill: all of it @check
 */
struct t_obj {
	struct t_watch *w;
	u64 check;
	struct t_obj *next;
	u64 fill[13];
};

struct t_watch t_watches[T_WATCHES];
u64 t_roots[16];

static bool t_obj_ok(const struct t_obj *o)
{
	unsigned int i;

	if (o->check != ((u64)o->w ^ T_MAGIC))
		return false;
	for (i = 0; i < ARRAY_SIZE(o->fill); i++)
		if (o->fill[i] != o->check)
			return false;
	return true;
}

static void t_finalizer(void *arg)
{
	struct t_obj *o = arg;

	if (!t_obj_ok(o) || (o->next && !t_obj_ok(o->next)))
		atomic_inc(&o->w->bad);
	atomic_inc(&o->w->runs);
}

/* The other finalizer: what it keeps is in use again. */
static void t_resurrect(void *arg)
{
	struct t_obj *o = arg;

	t_finalizer(arg);
	WRITE_ONCE(t_roots[0], (u64)o);
}

static struct t_obj *t_obj_new(struct t_watch *w)
{
	struct t_obj *o = gort_alloc(sizeof(*o));
	unsigned int i;

	if (!o)
		return NULL;
	o->w = w;
	o->check = (u64)w ^ T_MAGIC;
	for (i = 0; i < ARRAY_SIZE(o->fill); i++)
		o->fill[i] = o->check;
	return o;
}

static_assert(offsetof(struct t_hold, hidden) == 0);
static_assert(offsetof(struct t_hold, state) == 8);
static_assert(offsetof(struct t_hold, stop) == 12);

/* What holds the object; user space passes these. */
enum t_how {
	T_HOW_STACK,		/* a word on the stack of a G that sleeps */
	T_HOW_INTERIOR,		/* the same, into its middle */
	T_HOW_LAST_BYTE,	/* the same, to its last byte */
	T_HOW_CHAIN,		/* the same, to another that points into it */
	T_HOW_RUNNING,		/* the stack of a G that runs elsewhere */
	T_HOW_OLD_SEGMENT,	/* a segment before the current one */
	T_HOW_OLD_REGISTER,	/* a register when the stack went on */
	T_HOW_BLOCKED,		/* the stack of one in a blocking call */
	T_HOW_CALLED,		/* the same, in gort_call(), unannounced */
	T_HOW_ROOT,		/* a root */
	T_HOW_ARGUMENT,		/* the argument of a G */
	T_HOW_REG_PARK,		/* a register of one that sleeps */
	T_HOW_REG_BLOCKED,	/* a register of one in a blocking call */
	T_HOW_REG_CALLED,	/* the same, in gort_call() */
	T_HOW_ARG_BLOCKED,	/* what its function is called with, alone */
	T_HOW_REG_PREEMPTED,	/* a register of one that was made to yield */
	T_HOW_ARG_PREEMPTED,	/* an argument of a function just entered */
	T_HOW_REG_GC,		/* a register of who collects */
	T_HOW_REG_LOOP,		/* a register of one in a loop without calls */
	T_HOW_NOTHING,		/* nothing: it must not survive */
};

/*
 * With h in %rdi: the object's address goes to %reg, a call follows, and %reg is
 * clear again. Only in between, in state 1, the root does not hold the object.
 * %r12 keeps h. Registers that a callee keeps are tried with %r15: few functions
 * need so many that they put it on the stack themselves.
 */
#define T_REG_IN(reg)							\
	"movq	%%rdi, %%r12\n\t"					\
	"movq	(%%r12), %%rax\n\t"					\
	"notq	%%rax\n\t"						\
	"movq	%%rax, %%" reg "\n\t"					\
	"xorl	%%eax, %%eax\n\t"					\
	"movq	$0, t_roots(%%rip)\n\t"				\
	"movl	$1, 8(%%r12)\n\t"
#define T_REG_OUT							\
	"movq	(%%r12), %%rdi\n\t"					\
	"notq	%%rdi\n\t"						\
	"movq	%%rdi, t_roots(%%rip)\n\t"				\
	"movl	$0, 8(%%r12)\n\t"					\
	"xorl	%%r15d, %%r15d\n\t"					\
	"xorl	%%esi, %%esi\n\t"					\
	"xorl	%%edi, %%edi\n\t"
#define T_REG_CLOBBER							\
	"rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",	\
	"r13", "r14", "r15", "memory", "cc"

static noinline void t_reg_park(struct t_hold *h, const char *reason)
{
	asm volatile(T_REG_IN("r15")
		     "movq	%%rsi, %%rdi\n\t"
		     "call	gort_park\n\t"
		     T_REG_OUT
		     : "+D" (h), "+S" (reason) : : T_REG_CLOBBER);
}

static noinline void t_reg_syscall(struct t_hold *h, long (*fn)(void *arg))
{
	asm volatile(T_REG_IN("r15")
		     "movq	%%rsi, %%rdi\n\t"
		     "movq	%%r12, %%rsi\n\t"
		     "call	gort_syscall\n\t"
		     T_REG_OUT
		     : "+D" (h), "+S" (fn) : : T_REG_CLOBBER);
}

static noinline void t_reg_call(struct t_hold *h, long (*fn)(void *arg))
{
	asm volatile(T_REG_IN("r15")
		     "movq	%%rsi, %%rdi\n\t"
		     "movq	%%r12, %%rsi\n\t"
		     "call	gort_call\n\t"
		     T_REG_OUT
		     : "+D" (h), "+S" (fn) : : T_REG_CLOBBER);
}

static noinline void t_arg_syscall(struct t_hold *h, long (*fn)(void *arg))
{
	asm volatile("movq	%%rsi, %%r13\n\t"
		     T_REG_IN("rsi")
		     "movq	%%r13, %%rdi\n\t"
		     "call	gort_syscall\n\t"
		     T_REG_OUT
		     : "+D" (h), "+S" (fn) : : T_REG_CLOBBER);
}

static noinline void t_reg_gc(struct t_hold *h)
{
	asm volatile(T_REG_IN("r15")
		     "call	gort_gc\n\t"
		     T_REG_OUT
		     : "+D" (h) : : "rsi", T_REG_CLOBBER);
}

static noinline void t_reg_preempted(struct t_hold *h)
{
	asm volatile(T_REG_IN("r15")
		     "call	gort_preempt_self\n\t"
		     "call	t_check\n\t"
		     T_REG_OUT
		     : "+D" (h) : : "rsi", T_REG_CLOBBER);
}

/* One that no function keeps, and nothing but a tick can make the G leave. */
static noinline void t_reg_loop(struct t_hold *h)
{
	asm volatile(T_REG_IN("r8")
		     "1:\n\t"
		     "cmpb	$0, 12(%%r12)\n\t"
		     "je	1b\n\t"
		     "xorl	%%r8d, %%r8d\n\t"
		     T_REG_OUT
		     : "+D" (h) : : "rsi", T_REG_CLOBBER);
}

static __used noinline void t_check_arg(struct t_obj *o)
{
	barrier_data(o);
}

static noinline void t_arg_preempted(struct t_hold *h)
{
	asm volatile("movq	%%rdi, %%r13\n\t"
		     "call	gort_preempt_self\n\t"
		     "movq	%%r13, %%rdi\n\t"
		     T_REG_IN("rdi")
		     "call	t_check_arg\n\t"
		     T_REG_OUT
		     : "+D" (h) : : "rsi", T_REG_CLOBBER);
}

/* From here on it is the caller that holds the object, not the root. */
static __always_inline void t_in_place(struct t_hold *h)
{
	WRITE_ONCE(t_roots[0], 0);
	smp_store_release(&h->state, 1); /* the parent's acquire */
}

/* Sleeps until the holder is to let go; at any depth. */
static __used noinline void t_hold_here(struct t_hold *h)
{
	while (!READ_ONCE(h->stop))
		if (gort_park("hold"))
			break;
}

static int t_hold_probe(struct t_probe *p)
{
	t_hold_here(p->arg);
	return 0;
}

/* A frame that has no room on a first segment: the call of it is a growth. */
static __used noinline void t_hold_grown(struct t_hold *h)
{
	u64 buf[T_FRAME_LARGE / 8];
	u64 *p = buf;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[0], 1);
	t_hold_here(h);
	barrier_data(p);
}

/* %rbp is what the slow path of a prologue saves by itself. */
static noinline void t_reg_grown(struct t_hold *h)
{
	asm volatile("pushq	%%rbp\n\t"
		     "movq	%%rdi, %%r12\n\t"
		     "movq	(%%r12), %%rbp\n\t"
		     "notq	%%rbp\n\t"
		     "movq	$0, t_roots(%%rip)\n\t"
		     "movl	$1, 8(%%r12)\n\t"
		     "call	t_hold_grown\n\t"
		     "popq	%%rbp\n\t"
		     T_REG_OUT
		     : "+D" (h) : : "rsi", T_REG_CLOBBER);
}

/* With the address, or one in the object, in a word of the stack, and nowhere. */
static noinline void t_on_stack(struct t_hold *h, u64 offset)
{
	struct t_probe p = { .body = t_hold_probe, .arg = h };
	u64 slot = ~h->hidden + offset;

	/* in memory, and not in a register any more */
	asm volatile("" : : "r" (&slot)
		     : "rbx", "r12", "r13", "r14", "r15", "memory");
	t_in_place(h);
	switch (h->how) {
	case T_HOW_RUNNING:
		while (!READ_ONCE(h->stop))
			t_check();
		break;
	case T_HOW_OLD_SEGMENT:
		t_pad(&p, 3 * 16384);
		break;
	case T_HOW_BLOCKED:
		gort_syscall(t_k_hold, h);
		break;
	case T_HOW_CALLED:
		gort_call(t_k_hold, h);
		break;
	default:
		t_hold_here(h);
	}
	slot = 0;
	barrier_data(&slot);
}

/* Does not look at its argument, which is in the G alone. */
static void t_arg_holder(void *arg)
{
	struct t_hold *h = (void *)READ_ONCE(t_roots[1]);

	h->g = gort_get(gort_self());
	t_in_place(h);
	t_hold_here(h);
	t_child_done(&h->grp, 0);
}

/* What it points to is not in use by the G that calls this any more. */
static noinline int t_go_with(struct t_hold *h)
{
	return gort_go(NULL, t_arg_holder, (void *)~h->hidden);
}

/* Collects itself; the finalizer, if it comes to that, has time to run. */
static int t_hold_gc(struct t_hold *h)
{
	t_reg_gc(h);
	gort_sleep(NSEC_PER_MSEC);
	return atomic_read(&h->w->runs) ? -EXDEV : 0;
}

static int t_hold_asm(struct t_hold *h)
{
	switch (h->how) {
	case T_HOW_OLD_REGISTER:
		t_reg_grown(h);
		break;
	case T_HOW_REG_PARK:
		while (!READ_ONCE(h->stop))
			t_reg_park(h, "hold");
		break;
	case T_HOW_REG_BLOCKED:
		t_reg_syscall(h, t_k_hold);
		break;
	case T_HOW_REG_CALLED:
		t_reg_call(h, t_k_hold);
		break;
	case T_HOW_ARG_BLOCKED:
		WRITE_ONCE(t_roots[1], (u64)h);
		t_arg_syscall(h, t_k_hold_root);
		break;
	case T_HOW_REG_PREEMPTED:
		while (!READ_ONCE(h->stop))
			t_reg_preempted(h);
		break;
	case T_HOW_ARG_PREEMPTED:
		while (!READ_ONCE(h->stop))
			t_arg_preempted(h);
		break;
	case T_HOW_REG_GC:
		return t_hold_gc(h);
	case T_HOW_REG_LOOP:
		t_reg_loop(h);
		break;
	default: /* T_HOW_NOTHING */
		t_in_place(h);
		t_hold_here(h);
	}
	return 0;
}

static void t_holder(void *arg)
{
	struct t_hold *h = arg;
	int err = 0;

	if (h->how == T_HOW_ARGUMENT) {
		WRITE_ONCE(t_roots[1], (u64)h);
		if (t_go_with(h))
			t_child_done(&h->grp, -ENOMEM);
		return; /* that one is the holder, and tells */
	}
	h->g = gort_get(gort_self());
	if (h->how == T_HOW_ROOT) {
		smp_store_release(&h->state, 1); /* the parent's acquire */
		t_hold_here(h);
	} else if (h->how == T_HOW_INTERIOR) {
		t_on_stack(h, 40);
	} else if (h->how == T_HOW_LAST_BYTE) {
		t_on_stack(h, sizeof(struct t_obj) - 1);
	} else if (h->how < T_HOW_ROOT && h->how != T_HOW_OLD_REGISTER) {
		t_on_stack(h, 0);
	} else {
		err = t_hold_asm(h);
	}
	WRITE_ONCE(h->state, 0);
	WRITE_ONCE(t_roots[0], 0);
	t_child_done(&h->grp, err);
}

/* Makes the object, and is gone with all that it knows of it. */
static void t_maker(void *arg)
{
	struct t_hold *h = arg;
	struct t_obj *o = t_obj_new(h->w), *first;
	int err = o ? gort_set_finalizer(o, t_finalizer) : -ENOMEM;

	if (!err) {
		h->hidden = ~(u64)o;
		if (h->how == T_HOW_CHAIN) {
			first = t_obj_new(h->w);
			if (first) {
				first->next = (void *)&o->fill[7];
				h->hidden = ~(u64)first;
			}
			err = first ? 0 : -ENOMEM;
		}
		WRITE_ONCE(t_roots[0], ~h->hidden);
	}
	t_child_done(&h->grp, err);
}

/* The object is to be collected, now that nothing holds it any more. */
static int t_gone(struct t_watch *w)
{
	int i, err;

	for (i = 0; i < 1000; i++) {
		err = gort_gc();
		if (err)
			return err;
		gort_sleep(NSEC_PER_MSEC);
		if (atomic_read(&w->runs))
			return 0;
	}
	return -ETIME;
}

/* The object is held: collect, and see that it is still there. */
static int t_stays(struct t_hold *h)
{
	int i, err;

	for (i = 0; i < 3; i++) {
		/* on one P one that was made to yield does not go on */
		while (smp_load_acquire(&h->state) != 1) /* holders' releases */
			gort_yield();
		err = gort_gc();
		if (err)
			return err;
		gort_sleep(NSEC_PER_MSEC);
		if (atomic_read(&h->w->runs))
			return -EXDEV;
	}
	return 0;
}

static int t_survive_once(struct t_hold *h)
{
	int err, held = 0;

	atomic_set(&h->w->runs, 0);
	atomic_set(&h->w->bad, 0);
	h->state = 0;
	h->stop = false;
	h->g = NULL;
	err = t_spawn_in(NULL, &h->grp, t_maker, h);
	err = t_join(&h->grp) ?: err;
	if (err)
		return err;
	err = t_spawn_in(NULL, &h->grp, t_holder, h);
	if (err)
		return err;
	if (h->how == T_HOW_NOTHING)
		held = t_gone(h->w);
	else if (h->how != T_HOW_REG_GC)
		held = t_stays(h);
	WRITE_ONCE(h->stop, true);
	if (h->g)
		gort_ready(h->g);
	err = t_join(&h->grp);
	if (h->g)
		gort_put(h->g);
	err = held ?: err ?: t_gone(h->w);
	if (!err && (atomic_read(&h->w->runs) != 1 || atomic_read(&h->w->bad)))
		err = -EBADMSG;
	return err;
}

/*
 * t_survive: how, rounds. An object that one place alone holds survives
 * collections, and not when that lets go. Result: rounds. EXDEV: it did not
 * survive, ETIME: it did for ever, EBADMSG: it was changed.
 */
int t_survive(const u64 *args, u64 *result)
{
	struct t_hold *h = t_alloc(sizeof(*h));
	int err;
	u64 i;

	if (!h)
		return -ENOMEM;
	h->w = &t_watches[0];
	h->how = args[0];
	err = gort_root_add(t_roots, sizeof(t_roots[0]));
	for (i = 0; i < args[1] && !err; i++)
		err = t_survive_once(h);
	gort_root_del(t_roots);
	*result = i;
	t_free(h);
	return err;
}

/* What t_fin does; user space passes these. */
enum t_fin_op {
	T_FIN_RESET,	/* all watches at zero */
	T_FIN_COUNT,	/* result: how often watch @arg's finalizer has run */
	T_FIN_MAKE,	/* @arg objects of watch 0 with a finalizer */
	T_FIN_PAIR,	/* two that point to each other, of watch 0 and 1 */
	T_FIN_TWICE,	/* one with two finalizers, one after the other */
	T_FIN_NEVER,	/* one whose finalizer is removed */
	T_FIN_AGAIN,	/* one whose finalizer makes a root point to it */
	T_FIN_LOOK,	/* the same: is it all right? It gets another one */
	T_FIN_DROP,	/* the same: the root lets go */
	T_FIN_WRONG,	/* result: a bit for each wrong use that is accepted */
};

static int t_fin_count(u64 watch, u64 *result)
{
	struct t_watch *w = &t_watches[watch % T_WATCHES];

	*result = atomic_read(&w->runs);
	return atomic_read(&w->bad) ? -EBADMSG : 0;
}

static int t_fin_make(u64 n)
{
	struct t_obj *o;
	int err = 0;

	while (n-- && !err) {
		o = t_obj_new(&t_watches[0]);
		err = o ? gort_set_finalizer(o, t_finalizer) : -ENOMEM;
	}
	return err;
}

static int t_fin_pair(void)
{
	struct t_obj *a = t_obj_new(&t_watches[0]);
	struct t_obj *b = t_obj_new(&t_watches[1]);

	if (!a || !b)
		return -ENOMEM;
	a->next = b;
	b->next = a;
	return gort_set_finalizer(a, t_finalizer) ?:
	       gort_set_finalizer(b, t_finalizer);
}

static int t_fin_change(gort_fn_t first, gort_fn_t second)
{
	struct t_obj *o = t_obj_new(&t_watches[0]);

	if (!o)
		return -ENOMEM;
	return gort_set_finalizer(o, first) ?: gort_set_finalizer(o, second);
}

static int t_fin_look(void)
{
	struct t_obj *o = (void *)READ_ONCE(t_roots[0]);

	if (!o || !t_obj_ok(o))
		return -EBADMSG;
	return gort_set_finalizer(o, t_finalizer);
}

/* None of these is the start of an object. */
static u64 t_fin_wrong(struct t_locks *l)
{
	u64 local = 0, bad = 0, *o = gort_alloc(48);
	struct t_obj *p = gort_alloc(3 * 4096);

	bad |= (gort_set_finalizer(NULL, t_finalizer) != -EINVAL) << 0;
	bad |= (gort_set_finalizer(&local, t_finalizer) != -EINVAL) << 1;
	bad |= (gort_set_finalizer(l, t_finalizer) != -EINVAL) << 2;
	bad |= (gort_set_finalizer(o + 1, t_finalizer) != -EINVAL) << 3;
	/* no object yet: nothing else of this size is allocated meanwhile */
	bad |= (gort_set_finalizer(o + 6, NULL) != -EINVAL) << 4;
	bad |= (gort_set_finalizer(p->fill, NULL) != -EINVAL) << 5;
	bad |= (gort_set_finalizer((void *)(2 * (u64)p), NULL) != -EINVAL) << 6;
	gort_spin_lock(&l->s);
	bad |= (gort_set_finalizer(o, t_finalizer) != -EDEADLK) << 7;
	bad |= (gort_root_add(t_roots, 8) != -EDEADLK) << 8;
	bad |= (gort_gc() != -EDEADLK) << 9;
	gort_spin_unlock(&l->s);
	gort_lock(&l->a);
	bad |= (gort_gc() != -EDEADLK) << 10;
	bad |= !!gort_set_finalizer(o, t_finalizer) << 11;
	bad |= !!gort_set_finalizer(o, NULL) << 12;
	gort_unlock(&l->a);
	bad |= !!gort_set_finalizer(p, NULL) << 13;
	bad |= (gort_call(t_k_gc, NULL) != -EPERM) << 14;
	bad |= (gort_syscall(t_k_finalizer, o) != -EPERM) << 15;
	return bad;
}

/* t_fin: op, arg. See enum t_fin_op. */
int t_fin(const u64 *args, u64 *result)
{
	struct t_locks *l;
	unsigned int i;

	*result = 0;
	switch (args[0]) {
	case T_FIN_RESET:
		for (i = 0; i < T_WATCHES; i++) {
			atomic_set(&t_watches[i].runs, 0);
			atomic_set(&t_watches[i].bad, 0);
		}
		return 0;
	case T_FIN_COUNT:
		return t_fin_count(args[1], result);
	case T_FIN_MAKE:
		return t_fin_make(args[1]);
	case T_FIN_PAIR:
		return t_fin_pair();
	case T_FIN_TWICE:
		return t_fin_change(t_resurrect, t_finalizer);
	case T_FIN_NEVER:
		return t_fin_change(t_finalizer, NULL);
	case T_FIN_AGAIN:
		return gort_root_add(t_roots, 8) ?:
		       t_fin_change(t_resurrect, t_resurrect);
	case T_FIN_LOOK:
		return t_fin_look();
	case T_FIN_DROP:
		WRITE_ONCE(t_roots[0], 0);
		gort_root_del(t_roots);
		return 0;
	default:
		l = t_locks_new();
		if (!l)
			return -ENOMEM;
		*result = t_fin_wrong(l);
		t_free(l);
		return 0;
	}
}

/**
 * struct t_crowd - Gs that are busy while the world is to stop
 * @grp: they and their parent
 * @stop: they are to end
 * @kind: what they do
 * @next: how many have begun
 * @count: how often each has done it
 */
struct t_crowd {
	struct t_group grp;
	bool stop;
	u64 kind;
	atomic_t next;
	u64 count[16];
};

/* Calls, allocates, or makes short blocking calls: bits of kind, in turn. */
static void t_crowd_fn(void *arg)
{
	struct t_crowd *c = arg;
	u32 me = atomic_inc_return(&c->next) - 1;
	u64 what = c->kind == 3 ? me % 3 : c->kind;
	int err = 0;

	while (!READ_ONCE(c->stop) && !err) {
		if (what == 0)
			t_check();
		else if (what == 1)
			err = gort_alloc(1024) ? 0 : -ENOMEM;
		else
			gort_syscall(t_k_write, NULL);
		WRITE_ONCE(c->count[me], c->count[me] + 1);
	}
	t_child_done(&c->grp, err);
}

/*
 * t_crowd: kind, Gs, collections, ns. So many Gs that call (0), allocate (1),
 * make blocking calls (2), or each something else (3); so many collections, and
 * a sleep, with them. Result: what the one that did least did.
 */
int t_crowd(const u64 *args, u64 *result)
{
	struct t_crowd *c = t_alloc(sizeof(*c));
	int err = 0;
	u64 i;

	if (!c)
		return -ENOMEM;
	c->kind = args[0];
	for (i = 0; i < args[1] && !err; i++)
		err = t_spawn_in(NULL, &c->grp, t_crowd_fn, c);
	for (i = 0; i < args[2] && !err; i++)
		err = gort_gc();
	if (!err)
		err = gort_sleep(args[3]);
	WRITE_ONCE(c->stop, true);
	err = t_join(&c->grp) ?: err;
	*result = ~0ULL;
	for (i = 0; i < args[1]; i++)
		*result = min(*result, c->count[i]);
	t_free(c);
	return err;
}

/* t_gc: n. So many collections. Result: n. */
int t_gc(const u64 *args, u64 *result)
{
	int err = 0;

	for (*result = 0; *result < args[0] && !err; ++*result)
		err = gort_gc();
	return err;
}
