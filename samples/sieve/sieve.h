/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GORT_SAMPLE_SIEVE_H
#define GORT_SAMPLE_SIEVE_H

#include <linux/types.h>

/* G code (sieve.c) */
int sieve(const u64 *args, u64 *result);

#endif /* GORT_SAMPLE_SIEVE_H */
