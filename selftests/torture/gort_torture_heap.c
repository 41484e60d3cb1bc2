// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: objects of the heap.
 *
 * An object says of itself what its content must be. It is kept alive by a root
 * (what the workers keep, what they hand to each other), by the stack of a G
 * alone, by another object, or by nothing. What is kept must be intact whenever
 * somebody looks; what is new must be zero, which it is not if it was in use.
 */

#include "gort_torture.h"

struct tort_obj *tort_shared[TORT_SHARED];
static struct gort_lock tort_share_lock = GORT_LOCK_INIT(tort_share_lock);
atomic_long_t tort_finalized;
atomic_long_t tort_objects;

/* A record of tort_fins[] */
enum fin {
	FIN_NONE,
	FIN_KEPT,	/* the object is in use: its finalizer must not run */
	FIN_DROPPED,	/* it may */
};

static atomic_t tort_fins[TORT_FINS];

static u64 word_of(const struct tort_obj *o, u32 i)
{
	return tort_mix(o->key + i);
}

static void fill(struct tort_obj *o, u64 key, u32 words)
{
	u32 i;

	o->key = key;
	o->words = words;
	for (i = 0; i < words; i++)
		o->fill[i] = word_of(o, i);
	o->magic = TORT_MAGIC ^ key;
}

static bool is_zero(const struct tort_obj *o, size_t size)
{
	const u64 *word = (const u64 *)o;
	size_t i;

	for (i = 0; i < size / sizeof(u64); i++)
		if (word[i])
			return false;
	return true;
}

/* Intact? And those that it keeps. */
static void verify(struct tort_g *t, const struct tort_obj *o)
{
	u32 i;

	for (; o; o = o->next) {
		if (o->magic != (TORT_MAGIC ^ o->key)) {
			tort_fail(t, WHAT_OBJECT, (u64)o, o->magic);
			return;
		}
		for (i = 0; i < o->words; i++)
			if (o->fill[i] != word_of(o, i)) {
				tort_fail(t, WHAT_OBJECT, (u64)o, i);
				return;
			}
	}
}

/* Mostly small ones, as programs have them; some have pages of their own. */
static u32 some_words(struct tort_g *t)
{
	if (tort_one_in(t, 100))
		return tort_rand(t, 6000);
	if (tort_one_in(t, 10))
		return tort_rand(t, 1000);
	return tort_rand(t, 40);
}

/* NULL: there is no memory, which is no fault. */
static struct tort_obj *obj_new(struct tort_g *t)
{
	u32 words = some_words(t);
	size_t size = sizeof(struct tort_obj) + words * sizeof(u64);
	struct tort_obj *o = gort_alloc(size);

	if (!o)
		return NULL;
	if (!is_zero(o, size))
		tort_fail(t, WHAT_DIRTY, (u64)o, size);
	fill(o, tort_next(&t->rng), words);
	if (tort_is(TWIN_CORRUPT) && words && tort_one_in(t, 16))
		o->fill[tort_rand(t, words)]++;
	atomic_long_inc(&tort_objects);
	return o;
}

/* Memory for a child, which lives as long as somebody knows it. */
struct tort_g *tort_child_alloc(void)
{
	return gort_alloc(sizeof(struct tort_g));
}

/* What a G keeps: sometimes more, sometimes other, never damaged. */
void tort_act_alloc(struct tort_g *t)
{
	u32 i = tort_rand(t, TORT_OBJS);
	struct tort_obj *o = obj_new(t);

	verify(t, t->objs[i]);
	if (o && tort_one_in(t, 2))
		o->next = t->objs[i];
	t->objs[i] = o;
}

/* Objects that only the one who calls this has. */
static noinline struct tort_obj *chain_new(struct tort_g *t)
{
	struct tort_obj *head = NULL, *o;
	u32 n = 1 + tort_rand(t, TORT_CHAIN);

	while (n--) {
		o = obj_new(t);
		if (!o)
			break;
		o->next = head;
		head = o;
		tort_check(t);
	}
	return head;
}

/* The broken twin has it where no collector can find it. */
static noinline u64 chain_keep(struct tort_g *t, u64 *magic)
{
	struct tort_obj *o = chain_new(t);

	if (o)
		*magic = o->magic;
	return tort_is(TWIN_HIDDEN) ? ~(u64)o : (u64)o;
}

/* Others have their turn, or a collection, or both. */
static void let_others(struct tort_g *t)
{
	u32 n;

	if (tort_one_in(t, 16) || tort_is(TWIN_HIDDEN))
		tort_errno(t, gort_gc());
	else if (tort_one_in(t, 2))
		tort_errno(t, gort_yield());
	else
		tort_errno(t, gort_sleep(tort_rand(t, 500) * 1000ULL));
	for (n = tort_is(TWIN_HIDDEN) ? 16 : 0; n; n--)
		chain_new(t);
}

static noinline u64 peek(const void *word)
{
	return gort_call(tort_k_peek, (void *)word);
}

/* What does not exist any more may be where there is no memory now. */
static void verify_carefully(struct tort_g *t, const struct tort_obj *o)
{
	u32 n;

	for (n = 0; o && n < TORT_CHAIN; n++) {
		if (peek(&o->magic) != (TORT_MAGIC ^ peek(&o->key))) {
			tort_fail(t, WHAT_OBJECT, (u64)o, n);
			return;
		}
		o = (const struct tort_obj *)peek(&o->next);
	}
}

/* Only the stack has it meanwhile. */
void tort_act_chain(struct tort_g *t)
{
	u64 magic = 0, kept = chain_keep(t, &magic);
	struct tort_obj *o;

	if (!magic)
		return;
	let_others(t);
	o = (struct tort_obj *)(tort_is(TWIN_HIDDEN) ? ~kept : kept);
	if (peek(&o->magic) != magic)
		tort_fail(t, WHAT_OBJECT, (u64)o, magic);
	else if (tort_is(TWIN_HIDDEN))
		verify_carefully(t, o);
	else
		verify(t, o);
}

/* One goes to whoever comes next, another one is taken over. */
void tort_act_share(struct tort_g *t)
{
	struct tort_obj *mine, *theirs;
	u32 i = tort_rand(t, TORT_SHARED);

	if (!t->share)
		return;
	mine = obj_new(t);
	gort_lock(&tort_share_lock);
	theirs = tort_shared[i];
	tort_shared[i] = mine;
	gort_unlock(&tort_share_lock);
	verify(t, theirs);
	t->objs[tort_rand(t, TORT_OBJS)] = theirs;
}

static void finalize(void *arg)
{
	struct tort_obj *o = arg;
	u32 i = o->fin - 1;

	tort_check(NULL);
	verify(NULL, o);
	if (i >= TORT_FINS ||
	    atomic_cmpxchg(&tort_fins[i], FIN_DROPPED, FIN_NONE) != FIN_DROPPED)
		tort_fail(NULL, WHAT_FINALIZER, i, 0);
	atomic_long_inc(&tort_finalized);
}

/* A finalizer runs once, and not before nobody has the object any more. */
void tort_act_finalizer(struct tort_g *t)
{
	u32 i = tort_rand(t, TORT_FINS);
	struct tort_obj *o;

	if (!t->share)
		return;
	o = obj_new(t);
	if (!o || atomic_cmpxchg(&tort_fins[i], FIN_NONE, FIN_KEPT) != FIN_NONE)
		return;
	o->fin = i + 1;
	if (gort_set_finalizer(o, finalize)) {
		atomic_set(&tort_fins[i], FIN_NONE);
		return;
	}
	if (tort_one_in(t, 4))
		tort_errno(t, gort_sleep(tort_rand(t, 500) * 1000ULL));
	if (tort_is(TWIN_FINALIZE)) {
		/* says that it has it, and has it not */
		o = NULL;
		return;
	}
	verify(t, o);
	/* the last use of it comes after this, in the finalizer */
	atomic_set(&tort_fins[i], FIN_DROPPED);
	OPTIMIZER_HIDE_VAR(o);
}

void tort_act_gc(struct tort_g *t)
{
	u32 i;

	tort_errno(t, gort_gc());
	for (i = 0; i < TORT_OBJS; i++)
		verify(t, t->objs[i]);
}
