/* SPDX-License-Identifier: GPL-2.0-only */
/* What the command groups of gortctl share. */
#ifndef GORTCTL_GORTCTL_H
#define GORTCTL_GORTCTL_H

#include <stdbool.h>
#include <json-c/json.h>

#include <libgort.h>
#include "util.h"

#define EXIT_WRONG	1	/* a task failed, a result is wrong, no device */
#define EXIT_USAGE	2	/* the command line makes no sense */
#define EXIT_SIGNAL	130	/* ended by Ctrl-C, everything was cancelled */

/* The device, as --device gave it (gortctl.c) */
extern const char *device_path;

/* The folder of gort in debugfs, as --debugfs gave it, or NULL (gortctl.c) */
extern const char *debugfs_path;

/* Print "gortctl: ..." to stderr and return the exit code (gortctl.c) */
__printf(1, 2) int wrong(const char *fmt, ...);
__printf(1, 2) int usage(const char *fmt, ...);

/* Say why debugfs can't be read, and return the exit code (gortctl.c) */
int wrong_debugfs(int err);

/* Open the device; on failure say why and return false (gortctl.c) */
bool open_device(struct gortc *c);

/* The commands: argv[0] is the command's name; they return the exit code. */
int cmd_info(int argc, char **argv);		/* info.c */
int cmd_list(int argc, char **argv);		/* info.c */
int cmd_run(int argc, char **argv);		/* run.c */
int cmd_stat(int argc, char **argv);		/* stat.c */
int cmd_demo(int argc, char **argv);		/* demo.c */
int cmd_top(int argc, char **argv);		/* top.c */
int cmd_ps(int argc, char **argv);		/* ps.c */
int cmd_stack(int argc, char **argv);		/* ps.c */
int cmd_trace(int argc, char **argv);		/* trace.c */

/* Add a value, which then is the object's or the list's (json.c) */
void json_add(struct json_object *o, const char *key, struct json_object *val);
void json_append(struct json_object *list, struct json_object *val);

/* Add a number, or a text of at most @max bytes (json.c) */
void json_num(struct json_object *o, const char *key, __u64 val);
void json_text(struct json_object *o, const char *key, const char *text,
	       size_t max);

/* Print an object on lines of its own, or in one line, and free it (json.c) */
void json_print(struct json_object *o, bool one_line);

/* Print the counters of preemption; with @zeros also those that are 0 (stat.c) */
void stat_print_preemption(const struct gort_stats *st, bool zeros);

/* @a - @b, counter by counter; what is no counter stays (stat.c) */
void stat_delta(struct gort_stats *a, const struct gort_stats *b);

/* Sum over all indices (stat.c) */
__u64 stat_declined(const struct gort_stats *st);
__u64 stat_restored(const struct gort_stats *st);

/* Print the line about the stack guard (stat.c) */
void stat_print_guard(const struct gort_stats *st);

#endif /* GORTCTL_GORTCTL_H */
