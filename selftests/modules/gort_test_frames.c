// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for stack_test: a family of functions of every frame size, called at
 * every distance from the end of a segment.
 *
 * Each function proves that its arguments, its frame and its result came
 * through, whether or not its prologue had to take a new segment. There are
 * four families, for four ways of passing: registers and the caller's stack
 * with a structure by value, variable arguments, a structure returned through
 * a hidden pointer, and a result in two registers.
 */

#include <linux/stdarg.h>
#include <linux/string.h>

#include "gort_test_mod.h"

#define T_STEP		16	/* bytes from one size to the next */
#define T_NR_PADS	64
#define T_NR_FRAMES	120	/* the largest ones are just below the bound */

#define T_BYTES(h, l)	((0x##h##l + 1) * T_STEP)

/* Passed and returned in memory */
struct t_quad {
	u64 w[4];
};

/* Returned in two registers */
struct t_wide {
	u64 lo;
	u64 hi;
};

/* Writes marks all over the frame. */
static __always_inline u64 *t_mark(u64 *buf, unsigned int n, u64 seed)
{
	unsigned int i;

	OPTIMIZER_HIDE_VAR(buf);
	for (i = 0; i < n; i += 8)
		WRITE_ONCE(buf[i], seed + i);
	WRITE_ONCE(buf[n - 1], ~seed);
	return buf;
}

/* Zero if they are all still there. */
static __always_inline u64 t_marks_lost(u64 *buf, unsigned int n, u64 seed)
{
	unsigned int i;
	u64 bad = READ_ONCE(buf[n - 1]) ^ ~seed;

	for (i = 0; i < n - 1; i += 8)
		bad |= READ_ONCE(buf[i]) ^ (seed + i);
	return bad;
}

/*
 * The body that all families share: mark the frame, pass a check, look. What
 * it adds to the result is zero unless a mark was lost.
 */
#define T_BODY(h, l, where, seed_)					\
	u64 buf[T_BYTES(h, l) / 8];					\
	const u64 seed = (seed_);					\
	u64 *m = t_mark(buf, ARRAY_SIZE(buf), seed);			\
	u64 bad;							\
									\
	*(where) = (unsigned long)m;					\
	t_check();							\
	bad = t_marks_lost(m, ARRAY_SIZE(buf), seed) ? 1ULL << 63 : 0

/* Sums of arguments in which each has its own weight, so none can be swapped. */
#define T_SUM4(a, b, c, d)	((a) + 3 * (b) + 5 * (c) + 7 * (d))

#define T_PLAIN(h, l)							\
static noinline u64 plain_##h##l(unsigned long *where, u64 a, u64 b,	\
				 u64 c, u64 d, u64 e, struct t_quad q,	\
				 u64 f, u8 g)				\
{									\
	T_BODY(h, l, where, a);						\
	return bad + T_SUM4(a, b, c, d) + 11 * e + 13 * f + 17 * g +	\
	       19 * T_SUM4(q.w[0], q.w[1], q.w[2], q.w[3]);		\
}

#define T_VARIADIC(h, l)						\
static noinline u64 variadic_##h##l(unsigned long *where, int n, ...)	\
{									\
	u64 sum = 0, weight = 1;					\
	va_list ap;							\
	T_BODY(h, l, where, n);						\
									\
	va_start(ap, n);						\
	while (n--) {							\
		sum += weight * va_arg(ap, u64);			\
		sum += (weight + 2) * va_arg(ap, int);			\
		weight += 4;						\
	}								\
	va_end(ap);							\
	return bad + sum;						\
}

#define T_STRUCT(h, l)							\
static noinline struct t_quad struct_##h##l(unsigned long *where, u64 a, \
					    u64 b, u64 c, u64 d, u64 e)	\
{									\
	T_BODY(h, l, where, b);						\
	return (struct t_quad){ .w = { a + bad, b + e, c - e, d * e } }; \
}

#define T_WIDE(h, l)							\
static noinline struct t_wide wide_##h##l(unsigned long *where, u64 a,	\
					  u64 b)			\
{									\
	T_BODY(h, l, where, b);						\
	return (struct t_wide){ .lo = a + bad, .hi = b ^ a };		\
}

#define T_EACH T_PLAIN
#include "gort_test_sizes.h"
#define T_EACH T_VARIADIC
#include "gort_test_sizes.h"
#define T_EACH T_STRUCT
#include "gort_test_sizes.h"
#define T_EACH T_WIDE
#include "gort_test_sizes.h"

static u64 (*const t_plains[])(unsigned long *where, u64 a, u64 b, u64 c, u64 d,
			      u64 e, struct t_quad q, u64 f, u8 g) = {
#define T_EACH(h, l) plain_##h##l,
#include "gort_test_sizes.h"
};

static u64 (*const t_variadics[])(unsigned long *where, int n, ...) = {
#define T_EACH(h, l) variadic_##h##l,
#include "gort_test_sizes.h"
};

static struct t_quad (*const t_structs[])(unsigned long *where, u64 a, u64 b,
					 u64 c, u64 d, u64 e) = {
#define T_EACH(h, l) struct_##h##l,
#include "gort_test_sizes.h"
};

static struct t_wide (*const t_wides[])(unsigned long *where, u64 a, u64 b) = {
#define T_EACH(h, l) wide_##h##l,
#include "gort_test_sizes.h"
};

static bool t_try_plain(unsigned int i, unsigned long *where, u64 a, bool ask)
{
	struct t_quad q = { .w = { a + 1, a + 2, a + 3, a + 4 } };
	u64 want = T_SUM4(a, 2, 3, 4) + 11 * 5 + 13 * 6 + 17 * 7 +
		   19 * T_SUM4(a + 1, a + 2, a + 3, a + 4);

	if (ask)
		gort_preempt_self();
	return t_plains[i](where, a, 2, 3, 4, 5, q, 6, 7) == want;
}

static bool t_try_variadic(unsigned int i, unsigned long *where, u64 a, bool ask)
{
	u64 want = a + 3 * -1 + 5 * (a + 2) + 7 * -3 + 9 * (a + 4) + 11 * 5 +
		   13 * (a + 6) + 15 * 7 + 17 * (a + 8) + 19 * -9;

	if (ask)
		gort_preempt_self();
	return t_variadics[i](where, 5, a, -1, a + 2, -3, a + 4, 5, a + 6, 7,
			     a + 8, -9) == want;
}

static bool t_try_struct(unsigned int i, unsigned long *where, u64 a, bool ask)
{
	struct t_quad q;

	if (ask)
		gort_preempt_self();
	q = t_structs[i](where, a, 2, 3, 4, 5);
	return q.w[0] == a && q.w[1] == 7 && q.w[2] == -2ULL && q.w[3] == 20;
}

static bool t_try_wide(unsigned int i, unsigned long *where, u64 a, bool ask)
{
	struct t_wide r;

	if (ask)
		gort_preempt_self();
	r = t_wides[i](where, a, 0xfedcba9876543210ULL);
	return r.lo == a && (r.hi ^ a) == 0xfedcba9876543210ULL;
}

/* What else the prologue of each function meets; user space passes these. */
enum {
	T_ASK_NOT,	/* nothing, unless a tick comes */
	T_ASK,		/* a request, for which it yields */
	T_ASK_LOCKED,	/* a request that it must decline */
};

/**
 * struct t_sweep - what t_frames found so far
 * @family: which one
 * @ask: T_ASK_*
 * @l: held around the calls if T_ASK_LOCKED
 * @calls: functions called
 * @grown: how often each of them got a segment of its own
 */
struct t_sweep {
	u64 family;
	u64 ask;
	struct t_locks *l;
	u64 calls;
	u32 grown[T_NR_FRAMES];
};

static bool t_try(struct t_sweep *s, unsigned int i, unsigned long *where,
		  u64 a)
{
	bool ask = s->ask != T_ASK_NOT;

	switch (s->family) {
	case 0:
		return t_try_plain(i, where, a, ask);
	case 1:
		return t_try_variadic(i, where, a, ask);
	case 2:
		return t_try_struct(i, where, a, ask);
	default:
		return t_try_wide(i, where, a, ask);
	}
}

/* Calls every function of the family from one depth. */
static int t_sweep_here(struct t_probe *p)
{
	struct t_sweep *s = p->arg;
	unsigned long sp, where;
	unsigned int i;
	int err = 0;

	if (s->ask == T_ASK_LOCKED)
		gort_lock(&s->l->a);
	for (i = 0; i < T_NR_FRAMES && !err; i++) {
		where = 0;
		if (!t_try(s, i, &where, p->bytes * 1000003 + i))
			err = -EIO;
		/* segments are never closer to each other than this */
		sp = t_sp();
		if (where > sp || sp - where > T_SAME_SEGMENT)
			s->grown[i]++;
		s->calls++;
	}
	if (s->ask == T_ASK_LOCKED)
		gort_unlock(&s->l->a);
	return err;
}

#define T_PAD(h, l)							\
static noinline int pad_##h##l(struct t_probe *p, u64 bytes)		\
{									\
	u8 buf[T_BYTES(h, l)];						\
	int err;							\
									\
	barrier_data(buf);						\
	err = t_pad(p, bytes);						\
	barrier_data(buf);						\
	return err;							\
}

#define T_PADS_ONLY
#define T_EACH T_PAD
#include "gort_test_sizes.h"

static int (*const t_pads[])(struct t_probe *p, u64 bytes) = {
#define T_EACH(h, l) pad_##h##l,
#include "gort_test_sizes.h"
};

/* Calls p->body() with about @bytes of stack between it and the caller. */
int t_pad(struct t_probe *p, u64 bytes)
{
	const u64 most = T_NR_PADS * T_STEP;

	if (bytes < T_STEP)
		return p->body(p);
	if (bytes > most)
		return t_pads[T_NR_PADS - 1](p, bytes - most);
	return t_pads[bytes / T_STEP - 1](p, 0);
}

/*
 * t_frames: family, bytes, ask. Calls all functions of the family from every
 * depth up to @bytes, in steps of 16. Result: calls made. EIO if one of them came
 * out wrong, ENODATA if a function did not grow as often as a sweep over the
 * end of one segment must make it: with a frame of n bytes, at n/16 depths.
 */
int t_frames(const u64 *args, u64 *result)
{
	struct t_sweep *s = t_alloc(sizeof(*s));
	struct t_probe p = { .body = t_sweep_here, .arg = s };
	unsigned int i;
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->family = args[0];
	s->ask = args[2];
	s->l = t_locks_new();
	if (!s->l)
		err = -ENOMEM;
	for (p.bytes = 0; p.bytes < args[1] && !err; p.bytes += T_STEP)
		err = t_pad(&p, p.bytes);
	/* frames below 256 bytes may use the guard without asking */
	for (i = 16; i < T_NR_FRAMES && !err; i++)
		if (s->grown[i] < i - 16)
			err = -ENODATA;
	*result = s->calls;
	if (s->l)
		t_free(s->l);
	t_free(s);
	return err;
}
