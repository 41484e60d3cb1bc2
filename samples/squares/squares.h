/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/gort.h>

int sum_of_squares(const u64 *args, u64 *result);
