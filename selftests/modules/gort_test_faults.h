/* SPDX-License-Identifier: GPL-2.0-only */
/* gort_test_faults.ko: what its two files share. */
#ifndef _GORT_TEST_FAULTS_H
#define _GORT_TEST_FAULTS_H

#include <linux/gort.h>

int t_gap(const u64 *args, u64 *result);
void t_own(void *unused);

#endif /* _GORT_TEST_FAULTS_H */
