// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code for heap_test and gc_test: allocation, and structures that are built,
 * changed and checked while the collector runs.
 *
 * Everything in them is derived from numbers that the walk over them knows, so
 * that a node that was collected too early, and is somebody else's now, shows.
 */

#include <linux/string.h>

#include "gort_test_mod.h"

#define T_SIZE_MAX	(3 * 4096)	/* the sizes up to here are close together */
#define T_LIVE		512		/* objects that t_sizes keeps at a time */

/* Is all of @p, of @size bytes, @c? */
static bool t_all(const u8 *p, u8 c, u64 size)
{
	u64 i;

	for (i = 0; i < size; i++)
		if (p[i] != c)
			return false;
	return true;
}

/**
 * struct t_sizes - objects of consecutive sizes; in the heap itself
 * @p: the objects
 * @size: their sizes
 */
struct t_sizes {
	u8 *p[T_LIVE];
	u64 size[T_LIVE];
};

/* Puts a new object in place of an old one, which must be as it was left. */
static int t_size(struct t_sizes *t, u64 size)
{
	u64 i = size % T_LIVE;
	u8 *p = t->p[i];

	if (p && !t_all(p, (u8)t->size[i], t->size[i]))
		return -EBADMSG;
	p = gort_alloc(size);
	if (!p)
		return -ENOMEM;
	if ((unsigned long)p % 16)
		return -EINVAL;
	if (!t_all(p, 0, size))
		return -EIO;
	memset(p, (u8)size, size);
	t->p[i] = p;
	t->size[i] = size;
	return 0;
}

/*
 * t_sizes: rounds. Objects of each size, then of each seventh up to T_SIZE_MAX,
 * written all over, and some larger ones; 512 of them are alive at a time. Result:
 * objects made. EIO: one was not zeroed, EBADMSG: one has changed, EINVAL: not
 * aligned.
 */
int t_sizes(const u64 *args, u64 *result)
{
	struct t_sizes *t = gort_alloc(sizeof(*t));
	u64 round, size, n = 0;
	int err = t ? 0 : -ENOMEM;

	for (round = 0; round < args[0] && !err; round++) {
		for (size = 1; size <= T_SIZE_MAX && !err; n++) {
			err = t_size(t, size);
			size += size < 1100 ? 1 : 7;
		}
		for (; size < 1 << 20 && !err; size = size * 5 / 3, n++)
			err = t_size(t, size);
	}
	*result = n;
	return err;
}

/*
 * t_refused: 0. Allocations that must fail, a bit for each that does not: of
 * nothing, of too much, of just over the cap, in gort_call(), in gort_syscall();
 * in a section of more than the P has, and that the same works outside.
 */
int t_refused(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	u64 bad = 0;
	int i;

	if (!l)
		return -ENOMEM;
	bad |= !!gort_alloc(0) << 0;
	bad |= !!gort_alloc(~0UL) << 1;
	bad |= !!gort_alloc(~0UL / 2 + 1) << 2;
	bad |= !!gort_alloc(args[0] + 1) << 3;
	bad |= !!gort_call(t_k_gort_alloc, (void *)16) << 4;
	bad |= !!gort_syscall(t_k_gort_alloc, (void *)16) << 5;
	gort_spin_lock(&l->s);
	bad |= !!gort_alloc(1 << 20) << 6;
	for (i = 0; i < 2048; i++)
		if (!gort_alloc(16))
			break;
	bad |= (i == 2048) << 7;
	gort_spin_unlock(&l->s);
	bad |= !gort_alloc(1 << 20) << 8;
	/* now the P has some */
	bad |= !gort_alloc(16) << 9;
	gort_spin_lock(&l->s);
	bad |= !gort_alloc(16) << 10;
	gort_spin_unlock(&l->s);
	/* a gort lock is no such section */
	gort_lock(&l->a);
	bad |= !gort_alloc(1 << 16) << 11;
	gort_unlock(&l->a);
	t_free(l);
	*result = bad;
	return 0;
}

/**
 * struct t_link - what t_fill keeps
 * @next: the one made before
 * @n: its number
 */
struct t_link {
	struct t_link *next;
	u64 n;
};

/* What t_fill does when it can't get more; user space passes these. */
enum t_fill_how {
	T_FILL_GARBAGE,	/* keeps nothing, ends */
	T_FILL_CHECK,	/* keeps all, looks at them, ends */
	T_FILL_EXIT,	/* keeps all, ends in the middle */
	T_FILL_SLEEP,	/* keeps all, sleeps until it is cancelled */
	T_FILL_LOCKED,	/* keeps nothing, has a gort lock while allocating */
};

/* Now and then a request is put off before the allocation. */
static void t_fill_lock(struct gort_lock *l, u64 n)
{
	gort_lock(l);
	if (n % 16)
		return;
	gort_preempt_self();
	t_check();
}

static noinline void t_fill_end(struct t_link *list)
{
	barrier_data(list);
	gort_exit();
}

static int t_fill_check(const struct t_link *list, u64 n)
{
	for (; list; list = list->next)
		if (list->n != --n)
			return -EBADMSG;
	return n ? -EBADMSG : 0;
}

/*
 * t_fill: size, count, how. Objects of that size, until there are @count or no
 * more can be had. Result: how many.
 */
int t_fill(const u64 *args, u64 *result)
{
	struct t_locks *l = t_locks_new();
	struct t_link *list = NULL, *new;
	u64 n;

	if (!l)
		return -ENOMEM;
	for (n = 0; n < args[1] && !gort_cancelled(); n++) {
		if (args[2] == T_FILL_LOCKED)
			t_fill_lock(&l->a, n);
		new = gort_alloc(max_t(u64, args[0], sizeof(*new)));
		if (args[2] == T_FILL_LOCKED)
			gort_unlock(&l->a);
		if (!new)
			break;
		new->n = n;
		new->next = list;
		if (args[2] != T_FILL_GARBAGE && args[2] != T_FILL_LOCKED)
			list = new;
	}
	t_free(l);
	*result = n;
	if (args[2] == T_FILL_CHECK)
		return t_fill_check(list, n);
	if (args[2] == T_FILL_EXIT)
		t_fill_end(list);
	while (args[2] == T_FILL_SLEEP)
		if (gort_park("cancelled"))
			return t_fill_check(list, n) ?: -ECANCELED;
	return 0;
}

/* Structures: a node's content follows from its number. */
struct t_node {
	struct t_node *to[2];
	u64 nr;
	u32 words;
	u32 edge[2];	/* of a graph: numbers of those in to[] */
	u64 fill[];
};

static struct t_node *t_node_new(u64 nr)
{
	u32 words = nr * 7 % 23, i;
	struct t_node *n = gort_alloc(sizeof(*n) + 8 * words);

	if (!n)
		return NULL;
	n->nr = nr;
	n->words = words;
	for (i = 0; i < words; i++)
		n->fill[i] = nr ^ i;
	return n;
}

static bool t_node_ok(const struct t_node *n, u64 nr)
{
	u32 i;

	if (n->nr != nr || n->words != nr * 7 % 23)
		return false;
	for (i = 0; i < n->words; i++)
		if (n->fill[i] != (nr ^ i))
			return false;
	return true;
}

/* A queue: some leave at the head, as many come at the tail, all are checked. */
static int t_churn_list(u64 nodes, u64 rounds)
{
	struct t_node *head = NULL, *tail = NULL, *n;
	u64 first = 0, last = 0, nr;

	while (rounds && !gort_cancelled()) {
		n = t_node_new(last++);
		if (!n)
			return -ENOMEM;
		if (tail)
			tail->to[0] = n;
		else
			head = n;
		tail = n;
		if (last - first <= nodes)
			continue;
		head = head->to[0];
		first++;
		if (last % (nodes / 4 + 1))
			continue;
		rounds--;
		for (nr = first, n = head; n; nr++, n = n->to[0])
			if (!t_node_ok(n, nr))
				return -EBADMSG;
		if (nr != last)
			return -EBADMSG;
	}
	return 0;
}

/* A tree with the numbers from @lo to below @hi. */
static noinline struct t_node *t_tree_new(u64 lo, u64 hi)
{
	u64 mid = lo + (hi - lo) / 2;
	struct t_node *n;

	if (lo == hi)
		return NULL;
	n = t_node_new(mid);
	if (!n)
		return NULL;
	n->to[0] = t_tree_new(lo, mid);
	n->to[1] = t_tree_new(mid + 1, hi);
	return n;
}

static noinline bool t_tree_ok(const struct t_node *n, u64 lo, u64 hi)
{
	u64 mid = lo + (hi - lo) / 2;

	if (lo == hi)
		return !n;
	return n && t_node_ok(n, mid) && t_tree_ok(n->to[0], lo, mid) &&
	       t_tree_ok(n->to[1], mid + 1, hi);
}

/* In each round some subtree is made anew. */
static int t_churn_tree(u64 nodes, u64 rounds)
{
	struct t_node *root = t_tree_new(0, nodes), **at;
	u32 seed = nodes;
	u64 lo, hi, mid;

	while (rounds-- && !gort_cancelled()) {
		at = &root;
		lo = 0;
		hi = nodes;
		while (hi - lo > nodes / 8 + 1) {
			mid = lo + (hi - lo) / 2;
			if (t_rand(&seed) & 1) {
				at = &(*at)->to[1];
				lo = mid + 1;
			} else {
				at = &(*at)->to[0];
				hi = mid;
			}
		}
		*at = t_tree_new(lo, hi);
		if (!t_tree_ok(root, 0, nodes))
			return -EBADMSG;
	}
	return 0;
}

/* Node @nr of the graph gets new edges; they point into nodes, not to them. */
static void t_graph_link(struct t_node **all, u64 nodes, u64 nr, u32 *seed)
{
	struct t_node *n = all[nr];
	int i;

	for (i = 0; i < 2; i++) {
		n->edge[i] = t_rand(seed) % nodes;
		n->to[i] = (void *)&all[n->edge[i]]->nr;
	}
}

static bool t_graph_ok(struct t_node **all, u64 nodes)
{
	struct t_node *n;
	u64 nr;
	int i;

	for (nr = 0; nr < nodes; nr++) {
		if (!t_node_ok(all[nr], nr))
			return false;
		for (i = 0; i < 2; i++) {
			n = container_of((u64 *)all[nr]->to[i], struct t_node,
					 nr);
			if (!t_node_ok(n, all[nr]->edge[i]))
				return false;
		}
	}
	return true;
}

/*
 * A graph with cycles. In each round some nodes are made anew; who pointed to
 * the old ones still does, and keeps them.
 */
static int t_churn_graph(u64 nodes, u64 rounds)
{
	struct t_node **all = gort_alloc(nodes * sizeof(*all)), *n;
	u32 seed = nodes, i;
	u64 nr;

	if (!all)
		return -ENOMEM;
	for (nr = 0; nr < nodes; nr++) {
		all[nr] = t_node_new(nr);
		if (!all[nr])
			return -ENOMEM;
	}
	for (nr = 0; nr < nodes; nr++)
		t_graph_link(all, nodes, nr, &seed);
	while (rounds-- && !gort_cancelled()) {
		for (i = 0; i < nodes / 4 + 1; i++) {
			nr = t_rand(&seed) % nodes;
			n = t_node_new(nr);
			if (!n)
				return -ENOMEM;
			all[nr] = n;
			t_graph_link(all, nodes, nr, &seed);
		}
		if (!t_graph_ok(all, nodes))
			return -EBADMSG;
	}
	return 0;
}

/*
 * t_churn: kind, nodes, rounds. A list (0), tree (1) or graph (2) that changes
 * in each round and is then checked all over. Result: 0. EBADMSG: it is not as
 * it was made.
 */
int t_churn(const u64 *args, u64 *result)
{
	*result = 0;
	switch (args[0]) {
	case 0:
		return t_churn_list(args[1], args[2]);
	case 1:
		return t_churn_tree(args[1], args[2]);
	default:
		return t_churn_graph(args[1], args[2]);
	}
}

/* One tooth of a comb: as many children as fit in, each with one of its own. */
#define T_TEETH	62

struct t_comb {
	struct t_link *tooth[T_TEETH];
	u64 nr;
	struct t_comb *next; /* last, so that a mark goes there first */
};

static bool t_comb_ok(const struct t_comb *c, u64 n)
{
	u64 i;

	for (; c; c = c->next) {
		if (c->nr != --n)
			return false;
		for (i = 0; i < T_TEETH; i++)
			if (c->tooth[i]->n != i + n ||
			    c->tooth[i]->next->n != ~(i + n))
				return false;
	}
	return !n;
}

static struct t_comb *t_comb_new(struct t_comb *next, u64 nr)
{
	struct t_comb *c = gort_alloc(sizeof(*c));
	u64 i;

	if (!c)
		return NULL;
	c->nr = nr;
	c->next = next;
	for (i = 0; i < T_TEETH; i++) {
		c->tooth[i] = gort_alloc(sizeof(struct t_link));
		if (!c->tooth[i])
			return NULL;
		c->tooth[i]->n = i + nr;
		c->tooth[i]->next = gort_alloc(sizeof(struct t_link));
		if (!c->tooth[i]->next)
			return NULL;
		c->tooth[i]->next->n = ~(i + nr);
	}
	return c;
}

/*
 * t_comb: length. A list of nodes with 62 children each, which have one each: a
 * mark that goes down the list has all of them on its stack, and more than that
 * is long. Afterwards all that was freed is overwritten. Result: 0. EBADMSG:
 * something of it was freed.
 */
int t_comb(const u64 *args, u64 *result)
{
	struct t_comb *c = NULL;
	struct t_link *l;
	u64 i;
	int err;

	for (i = 0; i < args[0]; i++) {
		c = t_comb_new(c, i);
		if (!c)
			return -ENOMEM;
	}
	err = gort_gc();
	if (err)
		return err;
	for (i = 0; i < 3 * args[0] * T_TEETH; i++) {
		l = gort_alloc(sizeof(*l));
		if (!l)
			return -ENOMEM;
		l->n = 1;
	}
	*result = 0;
	return t_comb_ok(c, args[0]) ? 0 : -EBADMSG;
}
