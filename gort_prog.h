/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF programs as Gs: what the parts share, and what differs between kernels.
 */
#ifndef _GORT_PROG_H
#define _GORT_PROG_H

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/rcupdate_trace.h>
#include <uapi/linux/gort_bpf.h>

#include "gort_task.h"

struct cred;
struct file;

GORT_CHAN_TYPE(gort_bpf_values, u64);

/**
 * struct gort_bpf_obj - what a name stands for
 * @kind: GORT_BPF_IS_*; I
 * @lock: of a lock; of an event it protects @count
 * @cond: who waits for the event
 * @count: how often the event came
 * @chan: the channel
 */
struct gort_bpf_obj {
	u32 kind;
	union {
		struct {
			struct gort_mutex lock; /* the program's, or count */
			struct gort_cond cond;
			u64 count;
		};
		union gort_bpf_values chan;
	};
};

/**
 * struct gort_bpf_file - what the programs of one file share
 * @names: &struct gort_bpf_obj by name, only ever added to; its own lock
 * @nr_names: how many, or about to be; A
 * @children: &struct gort_bpf that were spawned and not joined; its own lock
 * @nr_children: how many; A
 */
struct gort_bpf_file {
	struct xarray names;
	atomic_t nr_names;
	struct xarray children;
	atomic_t nr_children;
};

/**
 * struct gort_bpf_more - what a program was given besides itself
 * @ref: the programs that have it, which are those of one submission; A
 * @nr_progs: how many of @progs; I
 * @nr_files: how many of @files; I
 * @progs: what may be spawned, references; I
 * @files: what may be read and written, references; I
 */
struct gort_bpf_more {
	refcount_t ref;
	u16 nr_progs;
	u16 nr_files;
	struct bpf_prog *progs[GORT_BPF_PROGS];
	struct file *files[GORT_BPF_FDS];
};

/**
 * struct gort_bpf - a program that runs
 * @f: its file; I
 * @prog: the program, a reference until it has ended; its own
 * @cred: whose rights it has; as @prog
 * @more: what it was given besides, or NULL; as @prog
 * @ref: its own, or its task's; a child has another one in file->children; A
 * @child: its number as a child, or 0; I
 * @step: how many steps it has done; its own
 * @size: bytes of @ctx and @data; I
 * @action: what the last step returned; its own
 * @locks: how many it holds; its own
 * @status: of a child that has ended; before @ended
 * @result: as @status
 * @ended: released when a child has
 * @other: the child just made, or waited for; a reference; its own
 * @obj: the name that the action is about; its own
 * @file: the file that it is about; its own
 * @ctx: what the program sees; its own
 * @data: the same, behind that; its own
 */
struct gort_bpf {
	struct gort_file *f;
	struct bpf_prog *prog;
	const struct cred *cred;
	struct gort_bpf_more *more;
	refcount_t ref;
	u32 child;
	u64 step;
	u32 size;
	u32 action;
	u32 locks;
	int status;
	u64 result;
	struct gort_sem ended;
	union {
		struct gort_bpf *other;
		struct gort_bpf_obj *obj;
		struct file *file;
	};
	struct gort_bpf_ctx ctx; /* with what follows */
	u8 data[];
};

/**
 * struct gort_bpf_select - a select, on the stack of its G
 * @r: whose
 * @cases: what its cases are about
 */
struct gort_bpf_select {
	struct gort_bpf *r;
	struct gort_case cases[GORT_BPF_CASES];
};

/*
 * gort_bpf.c: by gort_call() or gort_syscall(), with a struct gort_bpf; a select
 * has its own structure
 */
long gort_bpf_step(void *arg);
long gort_bpf_make(void *arg);
long gort_bpf_find(void *arg);
long gort_bpf_cases(void *arg);
long gort_bpf_spawn(void *arg);
long gort_bpf_child(void *arg);
long gort_bpf_joined(void *arg);
long gort_bpf_drop(void *arg);
long gort_bpf_put(void *arg);

/* gort_bpf_io.c */
struct file *gort_bpf_file_get(int fd);
long gort_bpf_io_find(void *arg);
long gort_bpf_io(void *arg);

/* gort_bpf_act.c; G code */
int gort_bpf_body(const u64 *args, u64 *result);

#ifdef CONFIG_BPF_SYSCALL
/* One run, as BPF_PROG_TEST_RUN does it: all programs of this type may sleep. */
static inline u32 gort_bpf_prog_run(const struct bpf_prog *prog, void *ctx)
{
	u32 ret;

	rcu_read_lock_trace();
	ret = bpf_prog_run_pin_on_cpu(prog, ctx);
	rcu_read_unlock_trace();
	return ret;
}
#else
static inline u32 gort_bpf_prog_run(const struct bpf_prog *prog, void *ctx)
{
	return GORT_BPF_DONE;
}
#endif

#endif /* _GORT_PROG_H */
