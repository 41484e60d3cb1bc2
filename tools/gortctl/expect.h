/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the built-in workloads must return, computed by other means than they
 * use: the point is to catch them when they are wrong.
 */
#ifndef GORTCTL_EXPECT_H
#define GORTCTL_EXPECT_H

#include <linux/types.h>

/* x after @n steps of x = 3x + 1 from x = 1, modulo 2^64 */
__u64 expect_steps(__u64 n);

/* fib(0) = 0, fib(1) = 1, modulo 2^64 */
__u64 expect_fib(__u64 n);

/* How many calls the plain recursive fib(@n) makes, itself included */
__u64 expect_fib_calls(__u64 n);

/* 1 + 2 + ... + @depth, modulo 2^64 */
__u64 expect_recurse(__u64 depth);

/* Nodes of a tree: 1 + @fanout + ... + @fanout ^ @depth, modulo 2^64 */
__u64 expect_tree(__u64 depth, __u64 fanout);

#endif /* GORTCTL_EXPECT_H */
