// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for deadlock_test: Gs that nobody will wake, and Gs that are awake so
 * seldom that they might be taken for such.
 *
 * All of them start others in their own context: a file is not watched any more
 * when one of its Gs has started one elsewhere.
 */

#include <linux/string.h>

#include "gort_test_mod.h"

/* Sleeps until cancelled. */
static int t_for_ever(const char *reason)
{
	int err;

	do {
		err = gort_park(reason);
	} while (!err);
	return err;
}

/* t_alone: no arguments. Waits for ever. */
int t_alone(const u64 *args, u64 *result)
{
	*result = 0;
	return t_for_ever("nobody");
}

/**
 * struct t_couple - two Gs, each waiting for the other to go first
 * @grp: the second one and its parent, the first
 * @g: both, referenced
 * @gone: it has left, so the other may
 */
struct t_couple {
	struct t_group grp;
	struct gort_g *g[2];
	bool gone[2];
};

static int t_after_you(struct t_couple *c, int me)
{
	int err = 0;

	while (!err && !READ_ONCE(c->gone[!me]))
		err = gort_park("partner");
	WRITE_ONCE(c->gone[me], true);
	if (c->g[!me])
		gort_ready(c->g[!me]);
	return err;
}

static void t_couple_fn(void *arg)
{
	struct t_couple *c = arg;

	c->g[1] = gort_get(gort_self());
	t_child_done(&c->grp, t_after_you(c, 1));
}

/* t_couple: no arguments. Waits for another G that waits for it. */
int t_couple(const u64 *args, u64 *result)
{
	struct t_couple *c = t_alloc(sizeof(*c));
	int err, child;

	if (!c)
		return -ENOMEM;
	*result = 0;
	c->g[0] = gort_get(gort_self());
	err = t_spawn_in(NULL, &c->grp, t_couple_fn, c);
	if (!err)
		err = t_after_you(c, 0);
	child = t_join(&c->grp);
	if (c->g[1])
		gort_put(c->g[1]);
	gort_put(c->g[0]);
	t_free(c);
	return err ? err : child;
}

/**
 * struct t_family - what each node of a tree is told by the one above
 * @up: who is waited for there
 * @depth: levels below this one
 * @fanout: children of each node
 */
struct t_family {
	struct t_group *up;
	u64 depth;
	u64 fanout;
};

static int t_family_run(u64 depth, u64 fanout);

static void t_family_fn(void *arg)
{
	const struct t_family *self = arg;
	struct t_group *up = self->up;

	t_child_done(up, t_family_run(self->depth, self->fanout));
}

/* All wait for their children, and these, in the end, for nobody. */
static int t_family_run(u64 depth, u64 fanout)
{
	struct t_group grp = {};
	struct t_family child = {
		.up = &grp, .depth = depth - 1, .fanout = fanout,
	};
	int err = 0, below;

	if (!depth)
		return t_for_ever("nobody");
	while (fanout-- && !err)
		err = t_spawn_in(NULL, &grp, t_family_fn, &child);
	below = t_join(&grp);
	return err ? err : below;
}

/* t_family: depth, fanout. A tree of Gs, of which none gets on. */
int t_family(const u64 *args, u64 *result)
{
	*result = 0;
	return t_family_run(args[0], args[1]);
}

/* What the child of t_widow does before it ends; user space passes these. */
enum {
	T_WIDOW_SLEEP,	/* sleeps */
	T_WIDOW_PARK,	/* parks with a deadline */
	T_WIDOW_CALL,	/* blocks in a function of the kernel's */
	T_WIDOW_SYSCALL, /* the same, announced */
	T_WIDOW_RUN,	/* runs */
	T_WIDOW_STAY,	/* sleeps, and then waits for ever instead */
};

struct t_widow {
	u64 how;
	u64 ns;
};

static void t_widow_fn(void *arg)
{
	struct t_widow w = *(struct t_widow *)arg;
	u64 until = gort_now() + w.ns;

	t_free(arg);
	switch (w.how) {
	case T_WIDOW_SLEEP:
		gort_sleep_until(until);
		break;
	case T_WIDOW_PARK:
		while (!gort_park_until(until, "deadline"))
			;
		break;
	case T_WIDOW_CALL:
		gort_call(t_k_sleep, (void *)w.ns);
		break;
	case T_WIDOW_SYSCALL:
		gort_syscall(t_k_sleep, (void *)w.ns);
		break;
	case T_WIDOW_RUN:
		while (gort_now() < until && !gort_cancelled())
			t_check();
		break;
	case T_WIDOW_STAY:
		gort_sleep_until(until);
		t_for_ever("parent");
		break;
	}
}

/*
 * t_widow: how, ns. Waits for a child that lives for @ns, and does not say when
 * it goes.
 */
int t_widow(const u64 *args, u64 *result)
{
	struct t_widow *w = t_alloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*result = 0;
	w->how = args[0];
	w->ns = args[1];
	err = gort_go(NULL, t_widow_fn, w);
	if (!err)
		return t_for_ever("widow");
	t_free(w);
	return err;
}

static void t_orphan_fn(void *arg)
{
	t_for_ever("orphan");
}

/* t_orphan: no arguments. Leaves a child behind that waits for ever. */
int t_orphan(const u64 *args, u64 *result)
{
	*result = 0;
	return gort_go(NULL, t_orphan_fn, NULL);
}

struct t_ring;

/**
 * struct t_seat - one G of a ring
 * @r: the ring
 * @i: its place
 * @g: the G, referenced
 */
struct t_seat {
	struct t_ring *r;
	u64 i;
	struct gort_g *g;
};

/**
 * struct t_ring - Gs that hand a token round, all but one of them asleep
 * @grp: they and their parent
 * @seated: how many have started
 * @token: how often it was handed on; whose turn it is
 * @last: when to stop
 * @members: how many they are
 * @work: most checks that each passes before it hands it on
 * @seat: they
 */
struct t_ring {
	struct t_group grp;
	atomic_t seated;
	u64 token;
	u64 last;
	u64 members;
	u64 work;
	struct t_seat seat[];
};

static int t_turn(struct t_seat *s, u32 *seed)
{
	struct t_ring *r = s->r;
	u64 n = r->work ? t_rand(seed) % r->work : 0;
	/* pairs with the release below */
	u64 token = smp_load_acquire(&r->token);

	if (token >= READ_ONCE(r->last))
		return -ENOENT;
	if (token % r->members != s->i)
		return gort_park("token");
	while (n--)
		t_check();
	smp_store_release(&r->token, token + 1); /* for the load above */
	gort_ready(r->seat[(s->i + 1) % r->members].g);
	return 0;
}

static void t_seat_fn(void *arg)
{
	struct t_seat *s = arg;
	struct t_ring *r = s->r;
	struct t_seat *next;
	u32 seed = s->i;
	int err;

	s->g = gort_get(gort_self());
	atomic_inc(&r->seated);
	/* pairs with the fully ordered increments of the others */
	while (atomic_read_acquire(&r->seated) < r->members)
		gort_yield();
	do {
		err = t_turn(s, &seed);
	} while (!err);
	/* it is over: one tells the next */
	next = &r->seat[(s->i + 1) % r->members];
	if (next->g)
		gort_ready(next->g);
	t_child_done(&r->grp, err == -ENOENT ? 0 : err);
}

/*
 * t_ring: members, rounds, work. Result: how often the token was handed on. The
 * parent sleeps, and so does each member but one, or two in passing.
 */
int t_ring(const u64 *args, u64 *result)
{
	struct t_ring *r = t_alloc(struct_size(r, seat, args[0]));
	int err = 0, child;
	u64 i;

	if (!r)
		return -ENOMEM;
	r->members = args[0];
	r->last = args[0] * args[1];
	r->work = args[2];
	for (i = 0; i < args[0]; i++) {
		r->seat[i].r = r;
		r->seat[i].i = i;
	}
	for (i = 0; i < args[0] && !err; i++)
		err = t_spawn_in(NULL, &r->grp, t_seat_fn, &r->seat[i]);
	if (err) { /* nobody waits for those who do not come */
		WRITE_ONCE(r->last, 0);
		atomic_add_return(args[0], &r->seated);
	}
	/* cancelled: so are they, but not those that were started since */
	while (atomic_read(&r->grp.left) && !gort_park("ring"))
		;
	if (gort_cancelled())
		WRITE_ONCE(r->last, 0);
	child = t_join(&r->grp);
	for (i = 0; i < args[0]; i++)
		if (r->seat[i].g)
			gort_put(r->seat[i].g);
	*result = r->token;
	t_free(r);
	return err ? err : child;
}

/*
 * Body of a G in a context of the module: waits for t->fired, which the timer
 * raises if it has a delay, and starts another G elsewhere first if it is told.
 */
void t_lonely(void *arg)
{
	struct t_lonely *l = arg;

	l->t.g = gort_get(gort_self());
	if (l->elsewhere)
		gort_go(t_ctx, t_orphan_fn, NULL);
	if (l->t.delay_ns)
		gort_call(t_k_timer_start, &l->t);
	while (!atomic_read_acquire(&l->t.fired))
		if (gort_park("outside"))
			break;
	gort_call(t_k_timer_cancel, &l->t);
}
