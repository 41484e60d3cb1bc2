/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GORT_SAMPLE_PIPELINE_H
#define GORT_SAMPLE_PIPELINE_H

#include <linux/types.h>

/* G code (pipeline.c) */
int pipeline(const u64 *args, u64 *result);

#endif /* GORT_SAMPLE_PIPELINE_H */
