/* SPDX-License-Identifier: GPL-2.0-only */
/* What the command groups of gortctl share. */
#ifndef GORTCTL_GORTCTL_H
#define GORTCTL_GORTCTL_H

#include <stdbool.h>

#include <libgort.h>
#include "util.h"

#define EXIT_WRONG	1	/* a task failed, a result is wrong, no device */
#define EXIT_USAGE	2	/* the command line makes no sense */
#define EXIT_SIGNAL	130	/* ended by Ctrl-C, everything was cancelled */

/* The device, as --device gave it (gortctl.c) */
extern const char *device_path;

/* Print "gortctl: ..." to stderr and return the exit code (gortctl.c) */
__printf(1, 2) int wrong(const char *fmt, ...);
__printf(1, 2) int usage(const char *fmt, ...);

/* Open the device; on failure say why and return false (gortctl.c) */
bool open_device(struct gortc *c);

/* The commands: argv[0] is the command's name; they return the exit code. */
int cmd_info(int argc, char **argv);		/* info.c */
int cmd_list(int argc, char **argv);		/* info.c */
int cmd_run(int argc, char **argv);		/* run.c */
int cmd_stat(int argc, char **argv);		/* stat.c */
int cmd_demo(int argc, char **argv);		/* demo.c */
int cmd_trace(int argc, char **argv);		/* trace.c */

/* Print the counters of preemption; with @zeros also those that are 0 (stat.c) */
void stat_print_preemption(const struct gort_stats *st, bool zeros);

/* @a - @b, counter by counter; the guard is not a counter (stat.c) */
void stat_delta(struct gort_stats *a, const struct gort_stats *b);

/* Sum over all indices (stat.c) */
__u64 stat_declined(const struct gort_stats *st);
__u64 stat_restored(const struct gort_stats *st);

/* Print the line about the stack guard (stat.c) */
void stat_print_guard(const struct gort_stats *st);

#endif /* GORTCTL_GORTCTL_H */
