/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libgort: what a program does with gort, the green threads in the kernel.
 *
 * Every function returns 0 (or a count) or a negative errno, prints nothing and
 * keeps nothing but what is in the structures of the caller.
 */
#ifndef LIBGORT_H
#define LIBGORT_H

#include <stddef.h>
#include <linux/gort.h>

#ifdef __cplusplus
extern "C" {
#endif

/* device.c: one function per command of the device */

#define GORTC_DEVICE "/dev/gort"

/**
 * struct gortc - one open context
 * @fd: the device, non-blocking: gortc_wait() is where one waits
 * @info: as the module gave it when the device was opened
 */
struct gortc {
	int fd;
	struct gort_info info;
};

/* -EPROTO: the module has another ABI version; @c->info then tells which. */
int gortc_open(struct gortc *c, const char *path);
void gortc_close(struct gortc *c);

int gortc_info(struct gortc *c, struct gort_info *info);
int gortc_workload(struct gortc *c, __u32 index, struct gort_workload_info *w);
int gortc_stats(struct gortc *c, __u32 cpu, struct gort_stats *st);

/* Is the module's parameter @name, a switch, on? 1, 0 or a negative errno. */
int gortc_param(const char *name);

/* Look a workload up by name; -ENOENT if there is none. */
int gortc_find(struct gortc *c, const char *name, struct gort_workload_info *w);

/* Index of the argument @name of @w, or -ENOENT. */
int gortc_arg(const struct gort_workload_info *w, const char *name);

/*
 * Submit @count tasks. 0 as soon as one was accepted: @s->submitted says how
 * many were, @s->error (positive) why the next one was not.
 */
int gortc_submit(struct gortc *c, const struct gort_task_desc *tasks,
		 __u32 count, struct gort_submit *s);
int gortc_wait(struct gortc *c, __u32 min_complete, __u64 deadline_ns,
	       struct gort_wait *w);

/* Safe in a signal handler: nothing but the one system call. */
int gortc_cancel_all(struct gortc *c);

/* Read up to @max completions; 0 when none is there now. */
int gortc_read(struct gortc *c, struct gort_completion *buf, int max);

/* Say in words what @err of gortc_open() means, and what to do about it. */
void gortc_explain(const struct gortc *c, const char *path, int err,
		   char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* LIBGORT_H */
