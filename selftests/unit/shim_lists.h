/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of shim.h: lists, trees and arrays, as simple as can be. */
#ifndef UNIT_SHIM_LISTS_H
#define UNIT_SHIM_LISTS_H

struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)
#define list_entry(p, type, member)	container_of(p, type, member)
#define list_for_each(p, head) \
	for ((p) = (head)->next; (p) != (head); (p) = (p)->next)
#define list_for_each_entry(p, head, m)					\
	for ((p) = list_entry((head)->next, __typeof__(*(p)), m);	\
	     &(p)->m != (head);						\
	     (p) = list_entry((p)->m.next, __typeof__(*(p)), m))
#define list_for_each_entry_safe(p, n, head, m)				\
	for ((p) = list_entry((head)->next, __typeof__(*(p)), m),	\
	     (n) = list_entry((p)->m.next, __typeof__(*(p)), m);	\
	     &(p)->m != (head);						\
	     (p) = (n), (n) = list_entry((n)->m.next, __typeof__(*(n)), m))
#define list_first_entry_or_null(head, type, m) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, m))

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}

static inline bool list_empty_careful(const struct list_head *l)
{
	return list_empty(l);
}

static inline void list_add(struct list_head *new, struct list_head *head)
{
	new->next = head->next;
	new->prev = head;
	head->next->prev = new;
	head->next = new;
}

static inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	list_add(new, head->prev);
}

static inline void unit_list_cut(struct list_head *l)
{
	unit_check(l->next->prev == l && l->prev->next == l);
	l->next->prev = l->prev;
	l->prev->next = l->next;
}

/* What was taken off once is not used again. */
static inline void list_del(struct list_head *l)
{
	unit_list_cut(l);
	l->next = NULL;
	l->prev = NULL;
}

static inline void list_del_init(struct list_head *l)
{
	unit_list_cut(l);
	INIT_LIST_HEAD(l);
}

static inline void list_move_tail(struct list_head *l, struct list_head *head)
{
	unit_list_cut(l);
	list_add_tail(l, head);
}

static inline void list_splice_init(struct list_head *from, struct list_head *to)
{
	struct list_head *last = to;

	while (!list_empty(from)) {
		struct list_head *l = from->next;

		unit_list_cut(l);
		list_add(l, last);
		last = l;
	}
}

/* Hash tables with a single chain */
#define DEFINE_HASHTABLE(name, bits)	struct hlist_node *name[1]
#define DECLARE_HASHTABLE(name, bits)	DEFINE_HASHTABLE(name, bits)
#define hash_init(table)		((table)[0] = NULL)
#define hash_add(table, node, key)	unit_hash_add(table, node)
#define hash_del(node)			unit_hash_del(node)
#define hash_for_each_possible(table, p, member, key)			\
	for (struct hlist_node *unit_n = (table)[0];			\
	     unit_n && ((p) = container_of(unit_n, __typeof__(*(p)), member)); \
	     unit_n = unit_n->next)

static inline void unit_hash_add(struct hlist_node **head, struct hlist_node *n)
{
	n->next = *head;
	if (n->next)
		n->next->pprev = &n->next;
	n->pprev = head;
	*head = n;
}

static inline void unit_hash_del(struct hlist_node *n)
{
	unit_check(*n->pprev == n);
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

/* A tree that is a sorted list */
struct rb_node { struct rb_node *rb_left, *rb_right, *next; };
struct rb_root { struct rb_node *rb_node; };

#define RB_ROOT			(struct rb_root){ NULL }
#define rb_entry(p, type, member)	container_of(p, type, member)
#define rb_first(root)		((root)->rb_node)
#define rb_next(n)		((n)->rb_right)

static inline struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;

	while (n && n->rb_right)
		n = n->rb_right;
	return n;
}

static inline void rb_add(struct rb_node *n, struct rb_root *root,
			  bool (*less)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **at = &root->rb_node;

	while (*at && less(*at, n))
		at = &(*at)->rb_right;
	n->rb_left = NULL;
	n->rb_right = *at;
	*at = n;
}

static inline void rb_erase(struct rb_node *n, struct rb_root *root)
{
	struct rb_node **at = &root->rb_node;

	while (*at && *at != n)
		at = &(*at)->rb_right;
	unit_check(*at);
	*at = n->rb_right;
}

/* An array of pointers by number: a list in order */
struct unit_slot { struct unit_slot *next; unsigned long id; void *p; };
struct xarray { struct unit_slot *first; };

#define DEFINE_XARRAY_ALLOC1(name)	struct xarray name
#define xa_init(xa)		((xa)->first = NULL)
#define XA_FLAGS_ACCOUNT	0
#define xa_init_flags(xa, flags)	xa_init(xa)
#define xa_destroy(xa)		unit_check(!(xa)->first)
#define xa_empty(xa)		(!(xa)->first)
#define xa_lock(xa)		((void)(xa))
#define xa_unlock(xa)		((void)(xa))
#define xa_limit_31b		0x7fffffffU
#define xa_for_each(xa, id, p)						\
	for ((id) = 0; ((p) = unit_xa_from(xa, &(id))); (id)++)

/* The first from @id on */
static inline void *unit_xa_from(const struct xarray *xa, unsigned long *id)
{
	const struct unit_slot *s = xa->first;

	while (s && s->id < *id)
		s = s->next;
	if (!s)
		return NULL;
	*id = s->id;
	return s->p;
}

static inline void *xa_load(const struct xarray *xa, unsigned long id)
{
	unsigned long at = id;
	void *p = unit_xa_from(xa, &at);

	return at == id ? p : NULL;
}

static inline void *xa_erase(struct xarray *xa, unsigned long id)
{
	struct unit_slot **at = &xa->first, *s;
	void *p;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	s = *at;
	if (!s)
		return NULL;
	*at = s->next;
	p = s->p;
	free(s);
	return p;
}

static inline int xa_insert(struct xarray *xa, unsigned long id, void *p, gfp_t gfp)
{
	struct unit_slot **at = &xa->first, *s;

	while (*at && (*at)->id < id)
		at = &(*at)->next;
	if (*at && (*at)->id == id)
		return -EBUSY;
	s = kzalloc(sizeof(*s), gfp);
	if (!s)
		return -ENOMEM;
	*s = (struct unit_slot){ *at, id, p };
	*at = s;
	return 0;
}

static inline int xa_alloc_cyclic(struct xarray *xa, u32 *id, void *p, u32 limit,
				  u32 *next, gfp_t gfp)
{
	unit_check(*next < limit);
	*id = ++*next;
	return xa_insert(xa, *id, p, gfp);
}

#endif /* UNIT_SHIM_LISTS_H */
