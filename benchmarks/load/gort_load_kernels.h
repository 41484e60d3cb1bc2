/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small programs in ordinary C, compiled once with checks of the stack and once
 * without: sort, hash, parser, matrix, tree, and fib, which does nothing but call.
 * None needs more stack than a G has at first, so that it is the checks that are
 * measured, and not growth; and none calls the kernel, which takes as long in both.
 * Included once by each of the two.
 */

#include <linux/kernel.h>

#include "gort_load.h"

#define BATCHES		48
#define ITEMS		1024
#define ORDER		20	/* of a matrix */
#define FIB		17
#define SMALL		12	/* not worth a partition */

static u32 numbers[ITEMS];
static u64 left[ORDER][ORDER], right[ORDER][ORDER], product[ORDER][ORDER];

/* Others in each batch: what the CPU has learnt of one helps little with the next. */
static u32 first_seed;

static u32 next_random(u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void fill(void)
{
	u32 seed = first_seed;
	int i;

	for (i = 0; i < ITEMS; i++)
		numbers[i] = next_random(&seed);
}

static void insertion_sort(u32 *a, int n)
{
	int i, j;

	for (i = 1; i < n; i++) {
		u32 x = a[i];

		for (j = i; j && a[j - 1] > x; j--)
			a[j] = a[j - 1];
		a[j] = x;
	}
}

static int partition(u32 *a, int n)
{
	u32 pivot = a[n / 2];
	int i = -1, j = n;

	for (;;) {
		do
			i++;
		while (a[i] < pivot);
		do
			j--;
		while (a[j] > pivot);
		if (i >= j)
			return j + 1;
		swap(a[i], a[j]);
	}
}

/* Calls itself for the smaller part, and so not often. */
static void quick_sort(u32 *a, int n)
{
	while (n > SMALL) {
		int first = partition(a, n);

		if (first < n - first) {
			quick_sort(a, first);
			a += first;
			n -= first;
		} else {
			quick_sort(a + first, n - first);
			n = first;
		}
	}
	insertion_sort(a, n);
}

static noinline u64 do_sort(void)
{
	u64 sum = 0;
	int i;

	fill();
	quick_sort(numbers, ITEMS);
	for (i = 1; i < ITEMS; i++)
		sum += (numbers[i - 1] <= numbers[i]) * i;
	return sum;
}

/* Words in a table with open addresses */
struct entry {
	char key[16];
	u64 value;
};

static struct entry table[2 * ITEMS];

static u32 hash_of(const char *key)
{
	u32 h = 2166136261U;

	while (*key)
		h = (h ^ *key++) * 16777619U;
	return h;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static struct entry *look_up(const char *key)
{
	u32 at = hash_of(key) % ARRAY_SIZE(table);

	while (table[at].key[0] && !same(table[at].key, key))
		at = (at + 1) % ARRAY_SIZE(table);
	return &table[at];
}

static void make_key(char *key, u32 n)
{
	int i;

	for (i = 0; i < 12; i++, n >>= 2)
		key[i] = 'a' + n % 26;
	key[i] = '\0';
}

static noinline u64 do_hash(void)
{
	struct entry *e;
	char key[16];
	u64 sum = 0;
	u32 seed = first_seed, n;
	int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		table[i].key[0] = '\0';
		table[i].value = 0;
	}
	for (i = 0; i < ITEMS; i++) {
		n = next_random(&seed);
		make_key(key, n);
		e = look_up(key);
		if (!e->key[0])
			make_key(e->key, n);
		e->value += i;
	}
	for (i = 0, seed = first_seed; i < ITEMS; i++) {
		make_key(key, next_random(&seed));
		sum += look_up(key)->value;
	}
	return sum;
}

/* Sums of products of numbers and of sums in parentheses */
static const char *at;

static u64 parse_sum(void);

static void skip_blanks(void)
{
	while (*at == ' ')
		at++;
}

static u64 parse_value(void)
{
	u64 n = 0;

	skip_blanks();
	if (*at == '(') {
		at++;
		n = parse_sum();
		at++;
		return n;
	}
	while (*at >= '0' && *at <= '9')
		n = n * 10 + *at++ - '0';
	skip_blanks();
	return n;
}

static u64 parse_product(void)
{
	u64 n = parse_value();

	skip_blanks();
	while (*at == '*') {
		at++;
		n *= parse_value();
		skip_blanks();
	}
	return n;
}

static u64 parse_sum(void)
{
	u64 n = parse_product();

	while (*at == '+' || *at == '-') {
		bool minus = *at++ == '-';
		u64 m = parse_product();

		n = minus ? n - m : n + m;
	}
	return n;
}

static noinline u64 do_parser(void)
{
	static const char text[] =
		"(1234567 + 89 * 4242) * (17 - 5) + 100000 * (3 + 4 * (5 + 66)) - 98765";
	u64 sum = 0;
	int i;

	for (i = 0; i < 128; i++) {
		at = text;
		sum += parse_sum() + (*at == '\0');
	}
	return sum;
}

static u64 dot(int row, int column)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < ORDER; i++)
		sum += left[row][i] * right[i][column];
	return sum;
}

static noinline u64 do_matrix(void)
{
	u64 trace = 0;
	u32 seed = first_seed;
	int i, j;

	for (i = 0; i < ORDER; i++)
		for (j = 0; j < ORDER; j++) {
			left[i][j] = next_random(&seed);
			right[i][j] = next_random(&seed);
		}
	for (i = 0; i < ORDER; i++)
		for (j = 0; j < ORDER; j++)
			product[i][j] = dot(i, j);
	for (i = 0; i < ORDER; i++)
		trace += product[i][i];
	return trace;
}

/* A search tree, not balanced */
struct node {
	struct node *child[2];
	u32 key;
};

static struct node nodes[ITEMS];
static unsigned int nr_nodes;

static void insert(struct node **where, u32 key)
{
	struct node *n;

	while (*where) {
		if ((*where)->key == key)
			return;
		where = &(*where)->child[key > (*where)->key];
	}
	n = &nodes[nr_nodes++];
	n->child[0] = NULL;
	n->child[1] = NULL;
	n->key = key;
	*where = n;
}

static bool contains(const struct node *n, u32 key)
{
	while (n && n->key != key)
		n = n->child[key > n->key];
	return n;
}

static noinline u64 do_tree(void)
{
	struct node *root = NULL;
	u64 sum = 0;
	u32 seed = first_seed;
	int i;

	nr_nodes = 0;
	for (i = 0; i < ITEMS; i++)
		insert(&root, next_random(&seed));
	for (i = 0, seed = first_seed; i < 2 * ITEMS; i++)
		sum += contains(root, next_random(&seed)) * i;
	return sum;
}

static noinline u64 fib(u64 n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static u64 do_fib(void)
{
	return fib(FIB);
}

static u64 run(unsigned int which)
{
	switch (which) {
	case 0:
		return do_sort();
	case 1:
		return do_hash();
	case 2:
		return do_parser();
	case 3:
		return do_matrix();
	case 4:
		return do_tree();
	default:
		return do_fib();
	}
}

static void measure(struct load_check *c)
{
	u64 sum, start, took;
	int i;

	for (i = 0; i < BATCHES; i++) {
		first_seed = i;
		start = load_time_stamp();
		sum = run(c->which);
		took = load_time_stamp() - start;
		c->best = min(c->best, took);
		c->sum = c->sum * 31 + sum;
	}
}
