// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for async_test: loops without calls, and what must come out of them
 * unharmed when a call is injected.
 *
 * An emulated CPU takes interrupts between blocks of code only, so that where
 * it matters T_PLACE begins a new one.
 */

#include <linux/jump_label.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "gort_test_mod.h"

#define T_PLACE		"jmp 9f\n9:\n\t"

static __always_inline bool t_loops_go_on(void)
{
	return !READ_ONCE(t_loops_end);
}

/* A leaf: calls nothing, and needs no frame. */
static noinline u64 t_leaf_loop(void)
{
	u64 n = 0;

	while (t_loops_go_on())
		n++;
	return n;
}

/* A loop in a frame near the largest allowed. */
static noinline u64 t_frame_loop(void)
{
	u64 buf[T_FRAME_LARGE / 8];
	u64 *p = buf;
	u64 n = 0;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[0], 1);
	while (t_loops_go_on())
		n += READ_ONCE(p[0]);
	return n;
}

/* Nothing in it at all: the key's own instruction is patched to end it. */
static noinline u64 t_empty_loop(void)
{
	for (;;)
		if (!static_branch_likely(&t_loops_key))
			return 0;
}

/*
 * t_loop: shape, ms. Goes round until the parameter loops is cleared: 0 in the
 * body of the task, 1 in a leaf, 2 with nothing in the loop, 3 with a large
 * frame. ETIME if nobody did that in so many milliseconds. Result: rounds, save
 * for 2.
 */
int t_loop(const u64 *args, u64 *result)
{
	u64 n = 0;

	gort_call(t_k_loops_fuse, (void *)args[1]);
	switch (args[0]) {
	case 0:
		while (t_loops_go_on())
			n++;
		break;
	case 1:
		n = t_leaf_loop();
		break;
	case 2:
		n = t_empty_loop();
		break;
	case 3:
		n = t_frame_loop();
		break;
	}
	*result = n;
	return t_loops_end == T_LOOPS_FUSE ? -ETIME : 0;
}

/* The same as a G that no task is in charge of. */
void t_loop_g(void *unused)
{
	t_leaf_loop();
}

/* Going round @n times takes a while, wherever it runs. */
u64 t_rounds(u64 n)
{
	u64 x = 1;

	while (n--) {
		x = x * 3 + 1;
		OPTIMIZER_HIDE_VAR(x);
	}
	return x;
}

/* Without a call; the segment's limit says which CPU it is. */
static __always_inline u32 t_this_cpu(void)
{
	u32 p;

	asm volatile("lsl %1, %0" : "=r" (p) : "r" (__CPUNODE_SEG));
	return p & VDSO_CPUNODE_MASK;
}

/*
 * t_roam: iterations, x. Computes the member x of the sequence x = 3x + 1, and
 * looks at each step which CPU it is on. Result: how often that was another
 * one. EIO if x is wrong.
 */
int t_roam(const u64 *args, u64 *result)
{
	u32 cpu = t_this_cpu(), now;
	u64 n = args[0], x = 1, moves = 0;

	while (n--) {
		x = x * 3 + 1;
		now = t_this_cpu();
		moves += now != cpu;
		cpu = now;
	}
	*result = moves;
	return x == args[1] ? 0 : -EIO;
}

/* sum = a + b, or a - b, with the carry in the flag all the way. */
static noinline void t_add(struct t_exact *e)
{
	u64 i = 0, n = e->len / 8, word;

	asm volatile("clc\n"
		     "1:\tmovq (%[a],%[i],8), %[word]\n\t"
		     "adcq (%[b],%[i],8), %[word]\n\t"
		     T_PLACE
		     "movq %[word], (%[to],%[i],8)\n\t"
		     "leaq 1(%[i]), %[i]\n\t"
		     "decq %[n]\n\t"
		     "jnz 1b\n\t"
		     "sbbq %[word], %[word]"
		     : [i] "+r" (i), [n] "+r" (n), [word] "=&r" (word)
		     : [a] "r" (e->a), [b] "r" (e->b), [to] "r" (e->to)
		     : "cc", "memory");
	e->carry = word;
}

static noinline void t_sub(struct t_exact *e)
{
	u64 i = 0, n = e->len / 8, word;

	asm volatile("clc\n"
		     "1:\tmovq (%[a],%[i],8), %[word]\n\t"
		     "sbbq (%[b],%[i],8), %[word]\n\t"
		     T_PLACE
		     "movq %[word], (%[to],%[i],8)\n\t"
		     "leaq 1(%[i]), %[i]\n\t"
		     "decq %[n]\n\t"
		     "jnz 1b\n\t"
		     "sbbq %[word], %[word]"
		     : [i] "+r" (i), [n] "+r" (n), [word] "=&r" (word)
		     : [a] "r" (e->a), [b] "r" (e->b), [to] "r" (e->to)
		     : "cc", "memory");
	e->carry = word;
}

/*
 * All fifteen at once: %rcx counts down and %r8 up, the others stay. No flag is
 * changed on the way.
 */
static noinline void t_regs_live(u64 *regs)
{
	asm volatile("pushq %%rbp\n\t"
		     "pushq %%rdi\n\t"
		     "movq 0(%%rdi), %%rax\n\t"
		     "movq 8(%%rdi), %%rbx\n\t"
		     "movq 16(%%rdi), %%rcx\n\t"
		     "movq 24(%%rdi), %%rdx\n\t"
		     "movq 32(%%rdi), %%rsi\n\t"
		     "movq 48(%%rdi), %%rbp\n\t"
		     "movq 56(%%rdi), %%r8\n\t"
		     "movq 64(%%rdi), %%r9\n\t"
		     "movq 72(%%rdi), %%r10\n\t"
		     "movq 80(%%rdi), %%r11\n\t"
		     "movq 88(%%rdi), %%r12\n\t"
		     "movq 96(%%rdi), %%r13\n\t"
		     "movq 104(%%rdi), %%r14\n\t"
		     "movq 112(%%rdi), %%r15\n\t"
		     "movq 40(%%rdi), %%rdi\n"
		     "1:\tleaq 1(%%r8), %%r8\n\t"
		     T_PLACE
		     "leaq -1(%%rcx), %%rcx\n\t"
		     "jrcxz 2f\n\t"
		     "jmp 1b\n"
		     "2:\tpopq %%rcx\n\t"
		     "movq %%rax, 0(%%rcx)\n\t"
		     "movq %%rbx, 8(%%rcx)\n\t"
		     "movq $0, 16(%%rcx)\n\t"
		     "movq %%rdx, 24(%%rcx)\n\t"
		     "movq %%rsi, 32(%%rcx)\n\t"
		     "movq %%rdi, 40(%%rcx)\n\t"
		     "movq %%rbp, 48(%%rcx)\n\t"
		     "movq %%r8, 56(%%rcx)\n\t"
		     "movq %%r9, 64(%%rcx)\n\t"
		     "movq %%r10, 72(%%rcx)\n\t"
		     "movq %%r11, 80(%%rcx)\n\t"
		     "movq %%r12, 88(%%rcx)\n\t"
		     "movq %%r13, 96(%%rcx)\n\t"
		     "movq %%r14, 104(%%rcx)\n\t"
		     "movq %%r15, 112(%%rcx)\n\t"
		     "popq %%rbp"
		     : "+D" (regs)
		     :
		     : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10",
		       "r11", "r12", "r13", "r14", "r15", "cc", "memory");
}

static noinline void t_regs_all(struct t_exact *e)
{
	u64 regs[T_NR_REGS];
	unsigned int i;

	for (i = 0; i < T_NR_REGS; i++)
		regs[i] = e->a[i];
	regs[2] = e->n;
	t_regs_live(regs);
	for (i = 0; i < T_NR_REGS; i++)
		e->to[i] = regs[i];
}

/* The arithmetic flags as @set says, bit 8 the overflow; and after @n rounds? */
static __always_inline u32 t_flags_live(u32 set, u64 n)
{
	u32 ax = (set & 0xff) << 8 | (set >> 8 & 1);
	u8 of;

	asm volatile("addb $0x7f, %%al\n\t"
		     "sahf\n"
		     "1:\tleaq -1(%%rcx), %%rcx\n\t"
		     T_PLACE
		     "jrcxz 2f\n\t"
		     "jmp 1b\n"
		     "2:\tseto %[of]\n\t"
		     "lahf"
		     : "+a" (ax), "+c" (n), [of] "=&r" (of)
		     :
		     : "cc");
	return (ax >> 8 & 0xff) | of << 8;
}

static noinline void t_flags(struct t_exact *e)
{
	u64 i;

	for (i = 0; i < 512; i++)
		e->to[i] = t_flags_live(i, e->n / 512);
}

/* A string instruction. What it leaves in its registers counts as well. */
#define T_STRING(name, insn)						\
static noinline void name(struct t_exact *e)				\
{									\
	u64 last = e->what & T_EXACT_BACK ? e->len - 1 : 0;		\
	u64 n = e->len, al = e->byte;					\
	u8 *si = (u8 *)e->a + last;					\
	u8 *di = (u8 *)e->to + last;					\
									\
	asm volatile(insn						\
		     : "+S" (si), "+D" (di), "+c" (n)			\
		     : "a" (al)						\
		     : "cc", "memory");					\
	e->si = si - (u8 *)e->a;					\
	e->di = di - (u8 *)e->to;					\
	e->left = n;							\
}

/* From the last byte to the first, with the direction flag set */
#define T_BACK(insn)	"std\n\t" insn "\n\tcld"

T_STRING(t_movs, "rep movsb")
T_STRING(t_stos, "rep stosb")
T_STRING(t_scas, "repne scasb")
T_STRING(t_cmps, "repe cmpsb")
T_STRING(t_movs_back, T_BACK("rep movsb"))
T_STRING(t_stos_back, T_BACK("rep stosb"))
T_STRING(t_scas_back, T_BACK("repne scasb"))
T_STRING(t_cmps_back, T_BACK("repe cmpsb"))

/* By enum t_exact_what */
static void (*const t_exact_fns[])(struct t_exact *e) = {
	[T_EXACT_ADD] = t_add,
	[T_EXACT_SUB] = t_sub,
	[T_EXACT_REGS] = t_regs_all,
	[T_EXACT_FLAGS] = t_flags,
	[T_EXACT_MOVS] = t_movs,
	[T_EXACT_STOS] = t_stos,
	[T_EXACT_SCAS] = t_scas,
	[T_EXACT_CMPS] = t_cmps,
	[T_EXACT_MOVS | T_EXACT_BACK] = t_movs_back,
	[T_EXACT_STOS | T_EXACT_BACK] = t_stos_back,
	[T_EXACT_SCAS | T_EXACT_BACK] = t_scas_back,
	[T_EXACT_CMPS | T_EXACT_BACK] = t_cmps_back,
};

/*
 * t_exact: what, rounds, n. In each round something that takes n steps and that
 * a call injected anywhere must not change, looked at by ordinary code that none
 * is injected into. Result: rounds that came out wrong.
 */
int t_exact(const u64 *args, u64 *result)
{
	struct t_exact *e = t_alloc(sizeof(*e));
	u64 i, wrong = 0;
	int err = 0;

	if (!e)
		return -ENOMEM;
	e->what = args[0];
	e->n = args[2];
	e->len = T_EXACT_SMALL;
	if (e->what != T_EXACT_REGS && e->what != T_EXACT_FLAGS)
		e->len = max(round_down(args[2], 8), e->len);
	if (!t_exact_fns[e->what])
		err = -EINVAL;
	for (i = 0; i < args[1] && !err && !gort_cancelled(); i++) {
		e->round = i;
		err = gort_call(t_k_exact_begin, e);
		if (err)
			break;
		t_exact_fns[e->what](e);
		wrong += gort_call(t_k_exact_wrong, e);
	}
	gort_call(t_k_exact_end, e);
	t_free(e);
	*result = wrong;
	return err;
}

/* Something that takes long and is not in this module's G code. */
static int t_outside_do(u64 what, void *buf, u64 amount)
{
	switch (what) {
	case 0:
		memset(buf, 1, amount);
		return 0;
	case 1:
		memcpy(buf, buf + amount, amount);
		return 0;
	case 2:
		return gort_call(t_k_burn, (void *)amount);
	default:
		/* G code, but on the stack of the M */
		return gort_call(t_k_rounds, (void *)amount);
	}
}

/*
 * t_outside: what, rounds, amount, ns. 0 memset of so many bytes, 1 memcpy, 2 a
 * called function that takes so many nanoseconds, 3 one that goes round so
 * often. Result: rounds in which the G was made to yield meanwhile. ERANGE if
 * one did not take @ns.
 */
int t_outside(const u64 *args, u64 *result)
{
	struct gort_g_stats in, out;
	u64 i, start, hit = 0;
	void *buf = NULL;
	int err = 0;

	if (args[0] < 2) {
		buf = (void *)gort_call(t_k_big, (void *)(2 * args[2]));
		if (!buf)
			return -ENOMEM;
	}
	for (i = 0; i < args[1] && !err; i++) {
		t_check();
		start = gort_now();
		gort_self_stats(&in);
		err = t_outside_do(args[0], buf, args[2]);
		gort_self_stats(&out);
		hit += out.preempted != in.preempted;
		if (gort_now() - start < args[3])
			err = -ERANGE;
	}
	gort_call(t_k_big_free, buf);
	*result = hit;
	return err;
}

/*
 * t_inside: kind, ns. A loop without calls, all but, inside of a section, for
 * so long. Result: how often the G was made to yield there.
 */
int t_inside(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	struct gort_g_stats in, out;
	u64 start;

	if (!l)
		return -ENOMEM;
	t_open(l, args[0]);
	gort_self_stats(&in);
	start = gort_now();
	do {
		u64 n = 1 << 16, x = 1;

		while (n--) {
			x = x * 3 + 1;
			OPTIMIZER_HIDE_VAR(x);
		}
	} while (gort_now() - start < args[1]);
	gort_self_stats(&out);
	t_close(l, args[0]);
	t_free(l);
	*result = out.preempted - in.preempted;
	return 0;
}

/**
 * struct t_depth - what t_loop_here() does, and how it was
 * @n: rounds in a loop
 * @loops: loops at most, at one depth
 * @hits: depths at which the G was made to yield in a loop
 */
struct t_depth {
	u64 n;
	u64 loops;
	u64 hits;
};

/* Loops without calls in a small frame, whose locals must stay. */
static int t_loop_here(struct t_probe *p)
{
	struct t_depth *d = p->arg;
	struct gort_g_stats in, out;
	u64 room[12], *q = room;
	u64 mark = p->bytes | 1;
	u64 i;

	OPTIMIZER_HIDE_VAR(q);
	for (i = 0; i < ARRAY_SIZE(room); i++)
		q[i] = mark * (i + 1);
	barrier_data(q);
	gort_self_stats(&in);
	for (i = 0; i < d->loops; i++) {
		u64 n = d->n, x = 1;

		while (n--) {
			x = x * 3 + 1;
			OPTIMIZER_HIDE_VAR(x);
		}
		gort_self_stats(&out);
		if (out.preempted != in.preempted)
			break;
	}
	d->hits += i < d->loops;
	barrier_data(q);
	for (i = 0; i < ARRAY_SIZE(room); i++)
		if (q[i] != mark * (i + 1))
			return -EIO;
	return 0;
}

/*
 * t_depths: bytes, n, loops. Loops of n rounds at every depth of the stack up to
 * so many bytes, in steps of 16. Result: depths where the G was made to yield in
 * one of so many loops. EIO if a frame was changed.
 */
int t_depths(const u64 *args, u64 *result)
{
	struct t_depth d = { .n = args[1], .loops = args[2] };
	struct t_probe p = { .body = t_loop_here, .arg = &d };
	int err = 0;

	for (p.bytes = 0; p.bytes < args[0] && !err; p.bytes += 16)
		err = t_pad(&p, p.bytes);
	*result = d.hits;
	return err;
}
