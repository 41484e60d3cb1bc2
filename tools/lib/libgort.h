/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libgort: what a program does with gort, the green threads in the kernel.
 *
 * A program opens a context, submits tasks and reads their completions; if it
 * may, it also looks at all green threads of the machine. How tasks behave is
 * described in <linux/gort.h>, whose structures are used here as they are.
 *
 * Every function returns 0 (or a count) or a negative errno, prints nothing and
 * keeps nothing but what is in the structures of the caller. Different contexts
 * may be used by different threads at a time, and one by several, as its file
 * descriptor may.
 */
#ifndef LIBGORT_H
#define LIBGORT_H

#include <stddef.h>
#include <linux/gort.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A context: the commands of /dev/gort (device.c) */

#define GORTC_DEVICE "/dev/gort"

/**
 * struct gortc - one open context
 * @fd: the device, non-blocking: gortc_wait() is where one waits, or poll()
 * @info: as the module gave it when the device was opened
 */
struct gortc {
	int fd;
	struct gort_info info;
};

/**
 * gortc_open() - open a context of one's own
 * @c: to be filled in; nothing has to be closed after an error
 * @path: the device, as a rule GORTC_DEVICE
 *
 * Return: 0; -EPROTO if the module has another ABI version, which
 * @c->info.abi_version then tells; else why the device can't be opened.
 * gortc_explain() has each of them in words.
 */
int gortc_open(struct gortc *c, const char *path);

/**
 * gortc_close() - cancel what still runs, await it and close the context
 * @c: the context
 */
void gortc_close(struct gortc *c);

/**
 * gortc_explain() - what an error of gortc_open() means, and what to do
 * @c: the context that was not opened
 * @path: the device
 * @err: the negative errno
 * @buf: for the text, one line without its end
 * @size: of @buf
 */
void gortc_explain(const struct gortc *c, const char *path, int err,
		   char *buf, size_t size);

/**
 * gortc_info() - version, limits and load of the module, as they are now
 * @c: the context
 * @info: to be filled in
 *
 * Return: 0 or a negative errno.
 */
int gortc_info(struct gortc *c, struct gort_info *info);

/**
 * gortc_workload() - one workload of the module
 * @c: the context
 * @index: from 0
 * @w: to be filled in
 *
 * Return: 0, -ENOENT past the last one, or another negative errno.
 */
int gortc_workload(struct gortc *c, __u32 index, struct gort_workload_info *w);

/**
 * gortc_find() - look a workload up by its name
 * @c: the context
 * @name: the name
 * @w: to be filled in
 *
 * Return: 0, -ENOENT if there is none, or another negative errno.
 */
int gortc_find(struct gortc *c, const char *name, struct gort_workload_info *w);

/**
 * gortc_arg() - look an argument up by its name
 * @w: the workload
 * @name: of the argument
 *
 * Return: its index in &struct gort_task_desc.args, or -ENOENT.
 */
int gortc_arg(const struct gort_workload_info *w, const char *name);

/**
 * gortc_stats() - the counters of the module
 * @c: the context
 * @cpu: those of one CPU, or GORT_STATS_ALL for the sum
 * @st: to be filled in
 *
 * Return: 0, -ENXIO if there is no such CPU, or another negative errno.
 */
int gortc_stats(struct gortc *c, __u32 cpu, struct gort_stats *st);

/**
 * gortc_submit() - start tasks
 * @c: the context
 * @tasks: what to run
 * @count: how many, at most @c->info.max_batch
 * @s: to be filled in: the ids, and how far it went
 *
 * Return: 0 as soon as one was accepted: @s->submitted says how many were,
 * @s->error (positive) why the next one was not. Else that reason: -EAGAIN if a
 * cap is reached (read completions and try again), -EINVAL, -ENOENT, ...
 */
int gortc_submit(struct gortc *c, const struct gort_task_desc *tasks,
		 __u32 count, struct gort_submit *s);

/**
 * gortc_deadline() - a time from now, as gortc_wait() takes it
 * @ns: how far ahead, in nanoseconds
 *
 * Return: the deadline; GORT_WAIT_FOREVER if it is further than time goes.
 */
__u64 gortc_deadline(__u64 ns);

/**
 * gortc_wait() - sleep until completions can be read
 * @c: the context
 * @min_complete: how many; 0: until no task runs
 * @deadline_ns: from gortc_deadline(), or GORT_WAIT_FOREVER
 * @w: to be filled in, also with -ETIME and -EDEADLK
 *
 * Returns early if no task is left that could complete.
 *
 * Return: 0; -ETIME when the deadline has passed; -EINTR after a signal;
 * -EDEADLK if the tasks that are left sleep with nobody to wake them.
 */
int gortc_wait(struct gortc *c, __u32 min_complete, __u64 deadline_ns,
	       struct gort_wait *w);

/**
 * gortc_read() - take completions
 * @c: the context
 * @buf: for them
 * @max: how many fit
 *
 * Return: how many were read, 0 when there is none now, or a negative errno.
 */
int gortc_read(struct gortc *c, struct gort_completion *buf, int max);

/**
 * gortc_reap() - gortc_wait() and gortc_read() in one call
 * @c: the context
 * @buf: for the completions
 * @max: how many fit, at most GORT_MAX_BATCH
 * @min_complete: how many to wait for; 0: do not wait
 * @deadline_ns: from gortc_deadline(), or GORT_WAIT_FOREVER
 * @running: set to the number of tasks that have not completed, or NULL
 *
 * Return: how many were read; fewer than @min_complete, or 0, if no task is left
 * that could complete, or the wait has ended early. If it has read nothing then,
 * why it did: an error of gortc_wait().
 */
int gortc_reap(struct gortc *c, struct gort_completion *buf, int max,
	       __u32 min_complete, __u64 deadline_ns, __u64 *running);

/**
 * gortc_cancel() - ask one task to end
 * @c: the context
 * @id: of the task: &struct gort_submit.first_id, or one that follows it
 *
 * It completes like any other, with status -ECANCELED if it heeds the request.
 *
 * Return: 0, or -ENOENT if it has completed or never was.
 */
int gortc_cancel(struct gortc *c, __u64 id);

/**
 * gortc_cancel_all() - ask all tasks of the context to end
 * @c: the context
 *
 * Safe in a signal handler: nothing but the one system call.
 *
 * Return: 0 or a negative errno.
 */
int gortc_cancel_all(struct gortc *c);

/* Parameters of the module, in /sys/module/gort/parameters (device.c) */

/**
 * gortc_param() - is a parameter of the module, a switch, on?
 * @name: of the parameter
 *
 * Return: 1, 0 or a negative errno.
 */
int gortc_param(const char *name);

/**
 * gortc_param_get() - read a parameter of the module
 * @name: of the parameter
 * @buf: for its text, without the end of the line
 * @size: of @buf
 *
 * Return: 0; -ENOENT if there is none, or no module; -EINVAL if @name is none
 * that a parameter can have; -EMSGSIZE if @buf is too small.
 */
int gortc_param_get(const char *name, char *buf, size_t size);

/**
 * gortc_param_set() - write a parameter of the module
 * @name: of the parameter
 * @value: as text
 *
 * Return: 0; -EACCES for all but root, and for parameters that are set when the
 * module is loaded; -EINVAL or -ERANGE if it can't have this value.
 */
int gortc_param_set(const char *name, const char *value);

/*
 * All green threads of the machine, as debugfs shows them, to root alone
 * (observe.c). In each function @root is the folder, NULL for the usual one.
 *
 * They return an array in memory of its own, texts included, which free() gives
 * back. The columns of the files are found by their names: a module may show
 * more than is known here, -EPROTO says that it lacks one. It is a snapshot of
 * what does not stand still.
 */

#define GORTC_DEBUGFS "/sys/kernel/debug/gort"

/**
 * struct gortc_g - one green thread
 * @gid: its number, never used again
 * @ctx: number of its context
 * @name: of the context: the program that opened it
 * @state: running, runnable, waiting, blocked or starting
 * @cpu: of the P that has it or had it last, or -1
 * @ms: how long it waits or is blocked, in milliseconds
 * @preempted: how often it was made to yield
 * @declined: how often a request to yield was put off
 * @stack: bytes of stack it has now
 * @reason: what it waits for, or "-"
 * @body: the function it runs
 */
struct gortc_g {
	__u64 gid;
	__u64 ctx;
	const char *name;
	const char *state;
	int cpu;
	__u64 ms;
	__u64 preempted;
	__u64 declined;
	__u64 stack;
	const char *reason;
	const char *body;
};

/**
 * struct gortc_m - one kernel thread that runs green threads
 * @pid: its process number
 * @cpu: the CPU it is bound to
 * @state: running, blocked, idle or spinning
 * @gid: the green thread it runs, or 0
 * @locked_gid: the green thread that runs on no other, or 0
 * @call: the function it is blocked in, or "-"
 * @locks: locks that its green thread holds
 */
struct gortc_m {
	int pid;
	int cpu;
	const char *state;
	__u64 gid;
	__u64 locked_gid;
	const char *call;
	__u64 locks;
};

/**
 * struct gortc_p - the run queue of one CPU
 * @cpu: the CPU
 * @state: running, idle, blocked, stopped or unused
 * @pid: its kernel thread, or 0
 * @gid: the green thread that runs, or 0
 * @queue: green threads that wait for their turn
 * @next: 1 if there is one besides that has the next turn, else 0
 * @locked: those that only another kernel thread may run
 * @schedtick: how often it has chosen one
 * @calltick: how often it was left for a blocking call
 */
struct gortc_p {
	int cpu;
	const char *state;
	int pid;
	__u64 gid;
	__u64 queue;
	__u64 next;
	__u64 locked;
	__u64 schedtick;
	__u64 calltick;
};

/**
 * struct gortc_segment - stack segments of one size
 * @size: in bytes
 * @used: how many are part of a stack
 * @cached: how many are kept for later
 */
struct gortc_segment {
	__u64 size;
	__u64 used;
	__u64 cached;
};

/**
 * gortc_gs() - all green threads
 * @root: the folder, or NULL
 * @gs: set to an array, to be given back with free()
 *
 * Return: its length or a negative errno.
 */
int gortc_gs(const char *root, struct gortc_g **gs);

/**
 * gortc_ms() - all kernel threads of gort
 * @root: the folder, or NULL
 * @ms: set to an array, to be given back with free()
 *
 * Return: its length or a negative errno.
 */
int gortc_ms(const char *root, struct gortc_m **ms);

/**
 * gortc_ps() - all run queues
 * @root: the folder, or NULL
 * @ps: set to an array, to be given back with free()
 *
 * Return: its length or a negative errno.
 */
int gortc_ps(const char *root, struct gortc_p **ps);

/**
 * gortc_segments() - stack segments, by size
 * @root: the folder, or NULL
 * @segments: set to an array, to be given back with free()
 *
 * Return: its length or a negative errno.
 */
int gortc_segments(const char *root, struct gortc_segment **segments);

/**
 * gortc_schedtrace() - the state of the scheduler in one line, in Go's format
 * @root: the folder, or NULL
 * @text: set to the line, without its end, to be given back with free()
 *
 * Return: 0 or a negative errno.
 */
int gortc_schedtrace(const char *root, char **text);

/**
 * gortc_stack() - the stack of one green thread, or of all
 * @root: the folder, or NULL
 * @gid: which one; 0: all
 * @text: set to the text, to be given back with free()
 *
 * Return: 0, -ESRCH if there is no such green thread, or another negative errno.
 */
int gortc_stack(const char *root, __u64 gid, char **text);

/**
 * gortc_explain_debugfs() - what an error of one of these means, what to do
 * @root: the folder, or NULL
 * @err: the negative errno
 * @buf: for the text, one line without its end
 * @size: of @buf
 */
void gortc_explain_debugfs(const char *root, int err, char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* LIBGORT_H */
