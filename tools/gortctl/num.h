/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as people write and read them. */
#ifndef GORTCTL_NUM_H
#define GORTCTL_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* Long enough for every num_ns() text. */
#define NUM_LEN 24

/*
 * Read a whole number, decimal or 0x: with k, M, G (powers of 1000) or Ki, Mi,
 * Gi (of 1024) behind it, or if it is a @time, with ns, us, ms or s. Returns 0,
 * -EINVAL (no such number) or -ERANGE (does not fit).
 */
int num_parse(const char *text, bool time, __u64 *val);

/*
 * Read a time in seconds, as "2" or "0.5", from a hundredth of one to @max.
 * Returns 0 or -EINVAL.
 */
int num_seconds(const char *text, double max, double *val);

/* Does the argument of this name take a time in nanoseconds? */
bool num_is_time(const char *arg_name);

/* Print @ns as three or four digits with the unit that fits. */
const char *num_ns(char buf[NUM_LEN], __u64 ns);

/* Print @bytes as two to four digits with the unit that fits. */
const char *num_bytes(char buf[NUM_LEN], __u64 bytes);

/* Nanoseconds on CLOCK_MONOTONIC */
__u64 num_now(void);

/* "EINVAL" for 22, "E999" for what has no name here; @buf may be returned. */
const char *num_errno(char buf[NUM_LEN], int err);

/* Middle of @n values, which get sorted; 0 if there are none. */
__u64 num_median(__u64 *vals, size_t n);

#endif /* GORTCTL_NUM_H */
