/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks: workloads that a file of the device runs.
 */
#ifndef _GORT_TASK_H
#define _GORT_TASK_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "gort.h"

/* Of the default cap of a file, 512 tasks share a place in its table. */
#define GORT_TASK_HASH_BITS	9

struct gort_bpf;
struct gort_bpf_file;

/**
 * struct gort_file - an open file of the device
 * @ctx: its context, in whose wait queue readers and waiters sleep; I
 * @lock: protects what is marked F; a leaf
 * @done: completions to be read, oldest first; F
 * @nr_done: how many; F, read without
 * @nr_running: accepted and not complete; F, read without
 * @max_tasks: cap on the sum of both; I
 * @last_id: id of the last accepted task; under @submit
 * @tasks: those that run, by id; F
 * @submit: one batch at a time, so that its ids follow each other
 * @bpf: what its BPF programs share, made for the first; under @submit
 */
struct gort_file {
	struct gort_ctx *ctx;
	spinlock_t lock;	/* F */
	struct list_head done;
	unsigned int nr_done;
	unsigned int nr_running;
	unsigned int max_tasks;
	u64 last_id;
	DECLARE_HASHTABLE(tasks, GORT_TASK_HASH_BITS);
	struct mutex submit;	/* order of a batch */
	struct gort_bpf_file *bpf;
};

/**
 * struct gort_task - one run of a workload
 * @node: in file->done; F
 * @file: whose task it is; I
 * @wl: what it runs; pinned by its module; I
 * @by_id: in file->tasks until it is complete; F
 * @g: the G; a reference until it is complete; set as it starts, then I
 * @args: I
 * @start_ns: when it was accepted; I
 * @bpf: the BPF program that it runs, a reference, or NULL; I
 * @c: its completion, being filled in; the task's, then F
 */
struct gort_task {
	struct list_head node;
	struct hlist_node by_id;
	struct gort_file *file;
	const struct gort_workload *wl;
	struct gort_g *g;
	u64 args[GORT_MAX_ARGS];
	u64 start_ns;
	struct gort_bpf *bpf;
	struct gort_completion c;
};

struct gort_file *gort_file_open(void);
void gort_file_close(struct gort_file *f);
int gort_file_submit(struct gort_file *f, const struct gort_task_desc *d,
		     u64 *id);
int gort_file_run(struct gort_file *f, const struct gort_workload *wl,
		  const struct gort_task_desc *d, struct gort_bpf *bpf, u64 *id);
int gort_file_cancel(struct gort_file *f, u64 id);
u64 gort_file_cancel_all(struct gort_file *f);
struct gort_task *gort_file_take(struct gort_file *f);
void gort_file_untake(struct gort_file *f, struct gort_task *t);
void gort_task_delivered(struct gort_task *t);
void gort_task_free(struct gort_task *t);
int gort_workload_info(u32 index, struct gort_workload_info *info);
unsigned int gort_workload_count(void);

/* gort_dev.c */
bool gort_dev_file(const struct file *file);

/* gort_bpf.c */
int gort_bpf_submit(struct gort_file *f, struct gort_bpf_run *b);
void gort_bpf_file_end(struct gort_file *f);
long gort_bpf_put(void *arg);

#endif /* _GORT_TASK_H */
