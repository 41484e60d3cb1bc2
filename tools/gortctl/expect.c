// SPDX-License-Identifier: GPL-2.0-only
/* Results of the built-in workloads, see expect.h. */
#include "expect.h"

static unsigned __int128 power(unsigned __int128 base, __u64 exp)
{
	unsigned __int128 r = 1;

	for (; exp; exp >>= 1) {
		if (exp & 1)
			r *= base;
		base *= base;
	}
	return r;
}

/*
 * Closed form: x(n) = (3^(n+1) - 1) / 2. The power is known modulo 2^128, more
 * than the 65 bits that the halving needs; 3 * 3^n, because n + 1 may wrap.
 */
__u64 expect_steps(__u64 n)
{
	return (3 * power(3, n) - 1) / 2;
}

__u64 expect_fib(__u64 n)
{
	__u64 a = 0, b = 1, t;

	while (n--) {
		t = a + b;
		a = b;
		b = t;
	}
	return a;
}

__u64 expect_fib_calls(__u64 n)
{
	return 2 * expect_fib(n + 1) - 1;
}

__u64 expect_recurse(__u64 depth)
{
	unsigned __int128 n = depth;

	return n * (n + 1) / 2;
}

/* Level by level: the closed form would divide, which fails modulo 2^64. */
__u64 expect_tree(__u64 depth, __u64 fanout)
{
	__u64 nodes = 1, level = 1;

	while (depth--) {
		level *= fanout;
		nodes += level;
	}
	return nodes;
}
