// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordinary code for async_test: what starts and ends loops without calls, what
 * is long and no G code, and the plain way to what t_exact computes.
 *
 *	loops	0: all loops end; 1: they go on
 *	start	a G that loops, started by an ordinary process
 */

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "gort_test_compat.h"
#include "gort_test_mod.h"

u32 t_loops_end;
DEFINE_STATIC_KEY_TRUE(t_loops_key);

/*
 * What has no call can't look at the time, and what has nothing at all can't
 * look at anything: who never ends by itself is ended from here. By a hard
 * interrupt and another CPU: there is no more to be had where a loop does not
 * let go of its own.
 */
static void t_loops_key_off(struct work_struct *work)
{
	static_branch_disable(&t_loops_key);
}

static DECLARE_WORK(t_loops_work, t_loops_key_off);
static struct hrtimer t_loops_fuse;

static enum hrtimer_restart t_loops_burnt(struct hrtimer *timer)
{
	WRITE_ONCE(t_loops_end, T_LOOPS_FUSE);
	queue_work(system_unbound_wq, &t_loops_work);
	return HRTIMER_NORESTART;
}

static bool t_loops = true;

static int t_loops_set(const char *val, const struct kernel_param *kp)
{
	int err = t_ctx ? param_set_bool(val, kp) : -EBUSY;

	if (err)
		return err;
	/* a fuse that has burnt may be about to switch the key off */
	hrtimer_cancel(&t_loops_fuse);
	flush_work(&t_loops_work);
	WRITE_ONCE(t_loops_end, t_loops ? 0 : T_LOOPS_USER);
	if (t_loops)
		static_branch_enable(&t_loops_key);
	else
		static_branch_disable(&t_loops_key);
	return 0;
}

static const struct kernel_param_ops t_loops_ops = {
	.set = t_loops_set,
	.get = param_get_bool,
};

module_param_cb(loops, &t_loops_ops, &t_loops, 0600);
MODULE_PARM_DESC(loops, "0 ends all loops (default 1)");

void t_loops_init(void)
{
	hrtimer_setup(&t_loops_fuse, t_loops_burnt, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);
}

void t_loops_exit(void)
{
	hrtimer_cancel(&t_loops_fuse);
	cancel_work_sync(&t_loops_work);
	WRITE_ONCE(t_loops_end, T_LOOPS_USER);
	static_branch_disable(&t_loops_key);
}

long t_k_loops_fuse(void *ms)
{
	hrtimer_start(&t_loops_fuse, ms_to_ktime((unsigned long)ms),
		      HRTIMER_MODE_REL_HARD);
	return 0;
}

static int t_start_set(const char *val, const struct kernel_param *kp)
{
	return t_ctx ? gort_go(t_ctx, t_loop_g, NULL) : -EBUSY;
}

static const struct kernel_param_ops t_start_ops = {
	.set = t_start_set,
};

module_param_cb(start, &t_start_ops, NULL, 0200);
MODULE_PARM_DESC(start, "Start a G that loops");

/* Busy on the M's stack, calling as it goes. */
long t_k_burn(void *ns)
{
	u64 until = ktime_get_ns() + (unsigned long)ns;

	while (ktime_get_ns() < until)
		cpu_relax();
	return 0;
}

long t_k_rounds(void *n)
{
	t_rounds((unsigned long)n);
	return 0;
}

long t_k_big(void *size)
{
	return (long)vzalloc((size_t)size);
}

long t_k_big_free(void *p)
{
	vfree(p);
	return 0;
}

#define T_GUARD		0x5a5a5a5a5a5a5a5aULL

/* Anything, but in each round something else, and the same each time. */
static void t_scramble(u64 *words, u64 n, u32 seed)
{
	u64 i;

	for (i = 0; i < n; i++) {
		words[i] = (u64)t_rand(&seed) << 48;
		words[i] |= (u64)t_rand(&seed) << 32;
		words[i] |= t_rand(&seed) << 16 | t_rand(&seed);
	}
}

static int t_exact_alloc(struct t_exact *e)
{
	u64 space = e->len + 2 * sizeof(u64);

	if (e->area)
		return 0;
	e->area = vmalloc(3 * space);
	if (!e->area)
		return -ENOMEM;
	e->a = e->area + sizeof(u64);
	e->b = (void *)e->a + space;
	e->to = (void *)e->b + space;
	return 0;
}

/* Operands for the next round; those of a sum stay. */
long t_k_exact_begin(void *exact)
{
	struct t_exact *e = exact;
	u64 words = e->len / sizeof(u64);
	u32 seed = e->round * T_EXACT_LAST + e->what;

	if (t_exact_alloc(e))
		return -ENOMEM;
	if (!e->round) {
		t_scramble(e->a, words, seed);
		t_scramble(e->b, words, ~seed);
	}
	e->byte = seed | 1;
	/* near the end of the way */
	e->at = seed % T_EXACT_SMALL;
	if (!(e->what & T_EXACT_BACK))
		e->at = e->len - 1 - e->at;
	if ((e->what & ~T_EXACT_BACK) == T_EXACT_CMPS)
		memcpy(e->to, e->a, e->len);
	else
		memset(e->to, 0, e->len);
	((u8 *)e->to)[e->at] ^= e->byte;
	e->to[-1] = T_GUARD;
	e->to[words] = T_GUARD;
	return 0;
}

/* The carry by comparing, not by the flag. */
static bool t_sum_right(const struct t_exact *e, bool sub)
{
	u64 i, word, carry = 0;
	bool right = true;

	for (i = 0; i < e->len / sizeof(u64); i++) {
		if (sub) {
			word = e->a[i] - e->b[i] - carry;
			carry = e->a[i] < e->b[i] ||
				(e->a[i] == e->b[i] && carry);
		} else {
			word = e->a[i] + e->b[i] + carry;
			carry = word < e->a[i] || (word == e->a[i] && carry);
		}
		right &= e->to[i] == word;
	}
	return right && e->carry == -carry;
}

static bool t_regs_right(const struct t_exact *e)
{
	unsigned int i;

	for (i = 0; i < T_NR_REGS; i++) {
		u64 want = e->a[i];

		if (i == 2)
			want = 0;	/* %rcx */
		else if (i == 7)
			want += e->n;	/* %r8 */
		if (e->to[i] != want)
			return false;
	}
	return true;
}

/* Bit 1 is always set, bits 3 and 5 never. */
static bool t_flags_right(const struct t_exact *e)
{
	u64 i;

	for (i = 0; i < 512; i++)
		if (e->to[i] != ((i & 0x1d5) | 2))
			return false;
	return true;
}

/* Is the string all there, and did the instruction end after @n bytes of it? */
static bool t_string_right(const struct t_exact *e, u64 n, bool si)
{
	s64 first = e->what & T_EXACT_BACK ? (s64)e->len - 1 : 0;
	s64 end = e->what & T_EXACT_BACK ? first - (s64)n : (s64)n;

	return e->left == e->len - n && e->di == end &&
	       e->si == (si ? end : first);
}

/* How many bytes does a search look at, until it has seen the one? */
static u64 t_looked_at(const struct t_exact *e)
{
	return e->what & T_EXACT_BACK ? e->len - e->at : e->at + 1;
}

static bool t_exact_right(const struct t_exact *e)
{
	switch (e->what & ~T_EXACT_BACK) {
	case T_EXACT_ADD:
		return t_sum_right(e, false);
	case T_EXACT_SUB:
		return t_sum_right(e, true);
	case T_EXACT_REGS:
		return t_regs_right(e);
	case T_EXACT_FLAGS:
		return t_flags_right(e);
	case T_EXACT_MOVS:
		return t_string_right(e, e->len, true) &&
		       !memcmp(e->to, e->a, e->len);
	case T_EXACT_STOS:
		return t_string_right(e, e->len, false) &&
		       !memchr_inv(e->to, e->byte, e->len);
	case T_EXACT_SCAS:
		return t_string_right(e, t_looked_at(e), false);
	case T_EXACT_CMPS:
		return t_string_right(e, t_looked_at(e), true);
	}
	return false;
}

/* What came out of the round: 0 if it is right, else 1. */
long t_k_exact_wrong(void *exact)
{
	struct t_exact *e = exact;
	u64 words = e->len / sizeof(u64);

	return !t_exact_right(e) || e->to[-1] != T_GUARD ||
	       e->to[words] != T_GUARD;
}

long t_k_exact_end(void *exact)
{
	struct t_exact *e = exact;

	vfree(e->area);
	e->area = NULL;
	return 0;
}
