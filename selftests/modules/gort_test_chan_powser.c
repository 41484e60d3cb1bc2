// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for chan_test: power series whose coefficients are computed on demand,
 * each series by a G, some by many. Nobody ends them: they wait for requests until
 * they are cancelled.
 */

#include "gort_test_chan.h"

/* A rational number in lowest terms, the denominator is positive */
struct rat {
	s64 num;
	s64 den;
};

GORT_CHAN_TYPE(rats, struct rat);

/**
 * struct ps - a power series
 * @req: a value here asks for the next coefficient
 * @dat: where it comes
 */
struct ps {
	union u64s *req;
	union rats *dat;
};

/**
 * struct job - what the G of a series does
 * @out: its series
 * @out2: of a split, the other one
 * @a: what it works on
 * @b: the same
 * @val: a constant
 */
struct job {
	struct ps *out;
	struct ps *out2;
	struct ps *a;
	struct ps *b;
	struct rat val;
};

static struct rat rat(s64 num, s64 den)
{
	s64 a = num < 0 ? -num : num, b = den, t;

	while (b) {
		t = a % b;
		a = b;
		b = t;
	}
	return (struct rat){ num / a, den / a };
}

static struct rat rat_add(struct rat a, struct rat b)
{
	return rat(a.num * b.den + b.num * a.den, a.den * b.den);
}

static struct rat rat_mul(struct rat a, struct rat b)
{
	return rat(a.num * b.num, a.den * b.den);
}

static struct ps *ps_new(void)
{
	struct ps *p = gort_alloc(sizeof(*p));

	if (!p)
		return NULL;
	p->req = gort_make_chan(union u64s, 0);
	p->dat = gort_make_chan(union rats, 0);
	return p->req && p->dat ? p : NULL;
}

static int get(struct ps *p, struct rat *r)
{
	int err = gort_send(p->req, 1);

	return err ? err : gort_recv(p->dat, r);
}

/* Waits until somebody wants a coefficient of @p. */
static int asked(struct ps *p)
{
	return gort_recv(p->req, NULL);
}

static int put(struct ps *p, struct rat r)
{
	return gort_send(p->dat, r);
}

/* A series that @fn computes; NULL for want of memory, or what it needs is. */
static struct ps *start(gort_fn_t fn, struct job j)
{
	struct job *copy = gort_alloc(sizeof(*copy));

	if (!j.out)
		j.out = ps_new();
	if (!copy || !j.out)
		return NULL;
	*copy = j;
	return gort_go(NULL, fn, copy) ? NULL : j.out;
}

/* c, c, c, ... */
static void rep_fn(void *arg)
{
	struct job *j = arg;

	while (!asked(j->out) && !put(j->out, j->val))
		;
}

static void add_fn(void *arg)
{
	struct job *j = arg;
	struct rat a, b;

	while (!asked(j->out))
		if (get(j->a, &a) || get(j->b, &b) ||
		    put(j->out, rat_add(a, b)))
			break;
}

static void cmul_fn(void *arg)
{
	struct job *j = arg;
	struct rat a;

	while (!asked(j->out))
		if (get(j->a, &a) || put(j->out, rat_mul(a, j->val)))
			break;
}

/* 0, 1, 0, 0, ... */
static void x_fn(void *arg)
{
	struct job *j = arg;
	int i;

	for (i = 0; !asked(j->out); i++)
		if (put(j->out, rat(i == 1, 1)))
			break;
}

/* Derivative */
static void diff_fn(void *arg)
{
	struct job *j = arg;
	struct rat a;
	int i;

	for (i = 0; !asked(j->out); i++)
		if ((!i && get(j->a, &a)) || get(j->a, &a) ||
		    put(j->out, rat_mul(a, rat(i + 1, 1))))
			break;
}

/* Integral, of which the first coefficient is @val */
static void integ_fn(void *arg)
{
	struct job *j = arg;
	struct rat a = j->val;
	int i;

	for (i = 0; !asked(j->out); i++)
		if ((i && get(j->a, &a)) ||
		    put(j->out, i ? rat_mul(a, rat(1, i)) : a))
			break;
}

static void copy_fn(void *arg)
{
	struct job *j = arg;
	struct rat a;

	while (!asked(j->out))
		if (get(j->a, &a) || put(j->out, a))
			break;
}

/* A coefficient that one side of a split has not asked for yet */
struct held {
	struct held *next;
	struct rat val;
};

/**
 * struct side - one of the two series that a split makes
 * @out: the series
 * @first: what is held for it, oldest first
 * @last: the newest, if there is one
 * @wants: it has asked, and nothing is held for it
 */
struct side {
	struct ps *out;
	struct held *first;
	struct held *last;
	bool wants;
};

static int side_serve(struct side *s)
{
	struct held *h = s->first;

	s->wants = !h;
	if (!h)
		return 0;
	s->first = h->next;
	return put(s->out, h->val);
}

static int side_hold(struct side *s, struct rat val)
{
	struct held *h = gort_alloc(sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->val = val;
	if (s->first)
		s->last->next = h;
	else
		s->first = h;
	s->last = h;
	return s->wants ? side_serve(s) : 0;
}

/*
 * Two series out of one, each asked for at its own pace. All of it is one select:
 * while a coefficient is being fetched for the one side, which may need what is
 * held for the other, that one is served. A case is there only in turn.
 */
static void split_fn(void *arg)
{
	struct job *j = arg;
	struct side side[2] = { { .out = j->out }, { .out = j->out2 } };
	bool fetching = false;
	struct rat val;
	u64 one = 1;
	int i, err = 0;

	while (!err) {
		bool fetch = (side[0].wants || side[1].wants) && !fetching;
		union u64s *none = NULL;
		union rats *no_rats = NULL;
		struct gort_case cases[] = {
			GORT_CASE_RECV(side[0].wants ? none : j->out->req, NULL),
			GORT_CASE_RECV(side[1].wants ? none : j->out2->req, NULL),
			GORT_CASE_SEND(fetch ? j->a->req : none, &one),
			GORT_CASE_RECV(fetching ? j->a->dat : no_rats, &val),
		};

		i = gort_select(cases, 4);
		if (i < 0)
			break;
		if (i < 2) {
			err = side_serve(&side[i]);
			continue;
		}
		fetching = i == 2;
		if (i == 3)
			err = side_hold(&side[0], val) ?: side_hold(&side[1], val);
	}
}

static bool split(struct ps *a, struct ps **one, struct ps **two)
{
	*two = ps_new();
	*one = *two && a ? start(split_fn, (struct job){ .a = a, .out2 = *two })
			 : NULL;
	return *one;
}

/*
 * (a + xA)(b + xB) = ab + x(aB + bA + x(AB)): the last is another G of this kind,
 * made when it is needed.
 */
static void mul_fn(void *arg)
{
	struct job *j = arg;
	struct ps *a1, *a2, *b1, *b2, *sum, *rest;
	struct rat a, b, r;

	if (asked(j->out) || get(j->a, &a) || get(j->b, &b) ||
	    put(j->out, rat_mul(a, b)) || asked(j->out) ||
	    !split(j->a, &a1, &a2) || !split(j->b, &b1, &b2))
		return;
	a1 = start(cmul_fn, (struct job){ .a = a1, .val = b });
	b1 = start(cmul_fn, (struct job){ .a = b1, .val = a });
	if (!a1 || !b1)
		return;
	sum = start(add_fn, (struct job){ .a = a1, .b = b1 });
	if (!sum || get(sum, &r) || put(j->out, r))
		return;
	rest = start(mul_fn, (struct job){ .a = a2, .b = b2 });
	while (rest && !asked(j->out))
		if (get(sum, &a) || get(rest, &b) ||
		    put(j->out, rat_add(a, b)))
			break;
}

/* exp(x): the integral of itself times the derivative of x, from 1 on */
static struct ps *make_exp(void)
{
	struct ps *z = ps_new(), *one, *two, *x, *dx, *prod, *sum;

	if (!split(z, &one, &two))
		return NULL;
	x = start(x_fn, (struct job){});
	if (!x)
		return NULL;
	dx = start(diff_fn, (struct job){ .a = x });
	if (!dx)
		return NULL;
	prod = start(mul_fn, (struct job){ .a = one, .b = dx });
	if (!prod)
		return NULL;
	sum = start(integ_fn, (struct job){ .a = prod, .val = rat(1, 1) });
	if (!sum)
		return NULL;
	z = start(copy_fn, (struct job){ .out = z, .a = sum });
	return z ? two : NULL;
}

static struct ps *make(u64 what)
{
	struct ps *a = start(rep_fn, (struct job){ .val = rat(1, 1) });
	struct ps *b = start(rep_fn, (struct job){ .val = rat(1, 1) });

	if (!a || !b)
		return NULL;
	switch (what) {
	case 0:
		return start(add_fn, (struct job){ .a = a, .b = b });
	case 1:
		return start(diff_fn, (struct job){ .a = a });
	case 2:
		return start(mul_fn, (struct job){ .a = a, .b = b });
	default:
		return make_exp();
	}
}

/*
 * c_powser: what, n. So many coefficients of 0: 1/(1-x) twice; 1: its derivative;
 * 2: its square; 3: exp(x).
 */
int c_powser(const u64 *args, u64 *result)
{
	struct c_run *run = c_begin(0);
	struct ps *p = make(args[0]);
	struct rat r, want = { 1, 1 };
	u64 i;

	if (!run || !p)
		return -ENOMEM;
	for (i = 0; i < args[1]; i++) {
		if (args[0] == 0)
			want = rat(2, 1);
		else if (args[0] < 3)
			want = rat(i + 1, 1);
		else if (i)
			want = rat_mul(want, rat(1, i));
		C_OK(run, !get(p, &r) && r.num == want.num && r.den == want.den);
	}
	return c_result(run, result);
}
