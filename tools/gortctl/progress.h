/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far long work is: one line on stderr, if that is a terminal, after the
 * first second, and gone when the work is done.
 */
#ifndef GORTCTL_PROGRESS_H
#define GORTCTL_PROGRESS_H

#include <stdbool.h>
#include <linux/types.h>

/* How often to call progress_update() while nothing else happens */
#define PROGRESS_NS	(250 * 1000 * 1000)

/* Would anybody see it? */
bool progress_wanted(void);

/* @done of @total parts of @what are done; the first call starts the clock. */
void progress_update(const char *what, __u64 done, __u64 total);

/* Remove the line, if there is one. */
void progress_clear(void);

#endif /* GORTCTL_PROGRESS_H */
