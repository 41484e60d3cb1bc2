/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * gort: green threads in the kernel, user interface of /dev/gort.
 *
 * open() fails with EDQUOT if the user has max_files_user files open already, and
 * with ENOMEM.
 *
 * Every open file is a context of its own: its tasks are counted, capped and
 * charged to the memory cgroup of the opener, can be seen and cancelled only
 * through it, and are cancelled and awaited when its last descriptor is closed.
 *
 * Rules that hold for every command:
 *
 *  - Each structure starts with its size in bytes, set by the caller. A size
 *    below the first published one (GORT_*_SIZE_VER0) is EINVAL, one above a
 *    page is E2BIG. A larger structure than the kernel knows is taken if the
 *    rest is zero, else E2BIG. The kernel writes back no more than @size.
 *  - Unknown flags and non-zero padding are EINVAL, an unknown command is
 *    ENOTTY, a pointer that can't be read or written is EFAULT.
 *  - Times are nanoseconds. Deadlines are absolute, on CLOCK_MONOTONIC.
 *
 * All commands can also be given through a ring: IORING_OP_URING_CMD with the
 * command's number as cmd_op, the address of its structure in the first eight
 * bytes of cmd[], and zero in the other eight (else EINVAL). They end as the
 * ioctl does, with 0 or the negative errno as the result. Those that wait hold
 * up neither the ring nor the caller, and can be cancelled with
 * IORING_OP_ASYNC_CANCEL: ECANCELED, or EINTR if they wait already.
 */
#ifndef _UAPI_LINUX_GORT_H
#define _UAPI_LINUX_GORT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GORT_ABI_VERSION	1

#define GORT_NAME_LEN		16	/* with the terminating zero */
#define GORT_MAX_ARGS		4	/* arguments of a workload */
#define GORT_MAX_BATCH		4096	/* tasks in one submit */

#define GORT_IOC_MAGIC		0xBB
#define GORT_IOC_INFO		_IO(GORT_IOC_MAGIC, 0)
#define GORT_IOC_WORKLOAD	_IO(GORT_IOC_MAGIC, 1)
#define GORT_IOC_SUBMIT		_IO(GORT_IOC_MAGIC, 2)
#define GORT_IOC_WAIT		_IO(GORT_IOC_MAGIC, 3)
#define GORT_IOC_CANCEL		_IO(GORT_IOC_MAGIC, 4)
#define GORT_IOC_STATS		_IO(GORT_IOC_MAGIC, 5)
#define GORT_IOC_REAP		_IO(GORT_IOC_MAGIC, 6)
#define GORT_IOC_BPF		_IO(GORT_IOC_MAGIC, 16)

/**
 * struct gort_info - GORT_IOC_INFO: what this module is and allows
 * @size: size of this structure, in
 * @abi_version: GORT_ABI_VERSION of the module
 * @nr_workloads: workloads registered now, for GORT_IOC_WORKLOAD
 * @nr_procs: Ps in use (CPUs that run green threads)
 * @slice_ns: a task that ran this long is asked to yield
 * @max_tasks_file: cap on the tasks of one file, unread completions included,
 *	and on its green threads, spawned ones included
 * @max_tasks_total: cap on the green threads of the machine
 * @tasks_file: tasks of this file now, unread completions included
 * @tasks_total: green threads of the machine now
 * @stack_max: bytes of stack one green thread may use
 * @max_batch: most tasks in one submit (GORT_MAX_BATCH)
 * @pad: zero
 */
struct gort_info {
	__u32 size;
	__u32 abi_version;
	__u32 nr_workloads;
	__u32 nr_procs;
	__u64 slice_ns;
	__u64 max_tasks_file;
	__u64 max_tasks_total;
	__u64 tasks_file;
	__u64 tasks_total;
	__u64 stack_max;
	__u32 max_batch;
	__u32 pad;
};

#define GORT_INFO_SIZE_VER0	72

/**
 * struct gort_arg_info - one argument of a workload
 * @name: name, zero-terminated
 * @min: smallest value allowed
 * @max: largest value allowed
 * @def: value to use when the caller has no wish
 */
struct gort_arg_info {
	char  name[GORT_NAME_LEN];
	__u64 min;
	__u64 max;
	__u64 def;
};

/**
 * struct gort_workload_info - GORT_IOC_WORKLOAD: one workload
 * @size: size of this structure, in
 * @index: which one, from 0; ENOENT past the last, in
 * @id: what to put into &struct gort_task_desc; that of a workload that is
 *	gone is not used again before 2^31 others
 * @nr_args: how many of @args count
 * @name: name, zero-terminated
 * @help: one line of text, zero-terminated
 * @args: the arguments, in the order in which a task passes them
 */
struct gort_workload_info {
	__u32 size;
	__u32 index;
	__u32 id;
	__u32 nr_args;
	char  name[GORT_NAME_LEN];
	char  help[64];
	struct gort_arg_info args[GORT_MAX_ARGS];
};

#define GORT_WORKLOAD_INFO_SIZE_VER0	256

/**
 * struct gort_task_desc - one task to run
 * @workload: id of the workload
 * @flags: zero
 * @user_data: handed back in the completion, not looked at
 * @args: the workload's arguments; those it does not have must be zero
 */
struct gort_task_desc {
	__u32 workload;
	__u32 flags;
	__u64 user_data;
	__u64 args[GORT_MAX_ARGS];
};

/**
 * struct gort_submit - GORT_IOC_SUBMIT: start tasks
 * @size: size of this structure, in
 * @flags: zero
 * @tasks: address of an array of &struct gort_task_desc
 * @count: its length, 1 to GORT_MAX_BATCH
 * @task_size: sizeof(struct gort_task_desc)
 * @submitted: how many were accepted, out
 * @error: zero, or the errno (positive) that stopped the batch, out
 * @first_id: id of the first accepted task, the others follow it, out
 *
 * Tasks are accepted in order until one fails. If none was accepted, the call
 * fails with that task's error; otherwise it returns 0, @submitted says how
 * many run, and @error why the next one does not.
 *
 * Errors of a task: ENOENT (no such workload), EINVAL (flags, an argument out
 * of its range, or one the workload does not have), EFAULT (its descriptor
 * can't be read), EAGAIN (the cap of the file or of the machine is reached:
 * read completions and try again), EDQUOT (that of the user is, by all files
 * together), ENOMEM. A signal while another thread
 * submits is EINTR, or a restart, before any task is accepted.
 */
struct gort_submit {
	__u32 size;
	__u32 flags;
	__u64 tasks;
	__u32 count;
	__u32 task_size;
	__u32 submitted;
	__u32 error;
	__u64 first_id;
};

#define GORT_SUBMIT_SIZE_VER0	40

/* gort_wait.deadline_ns: no deadline */
#define GORT_WAIT_FOREVER	0xffffffffffffffffULL

/**
 * struct gort_wait - GORT_IOC_WAIT: wait for completions
 * @size: size of this structure, in
 * @flags: zero
 * @min_complete: return when at least this many completions can be read, or
 *	when no task is running any more; 0 waits for the latter alone
 * @pad: zero
 * @deadline_ns: give up at this time with ETIME; GORT_WAIT_FOREVER: never
 * @completed: completions that can be read now, out
 * @running: accepted tasks that have not completed, out
 *
 * A signal ends the wait with EINTR (or restarts it, as sigaction says).
 *
 * EDEADLK, whatever the deadline: there are not enough completions, and all
 * green threads of the file are asleep with nobody left to wake them. The kernel
 * log says what each of them waits for; cancel them, or submit what wakes them.
 * @completed and @running are written, as with ETIME.
 */
struct gort_wait {
	__u32 size;
	__u32 flags;
	__u32 min_complete;
	__u32 pad;
	__u64 deadline_ns;
	__u64 completed;
	__u64 running;
};

#define GORT_WAIT_SIZE_VER0	40

#define GORT_CANCEL_ALL		(1U << 0)	/* every task of this file */

/**
 * struct gort_cancel - GORT_IOC_CANCEL: ask tasks to end
 * @size: size of this structure, in
 * @flags: GORT_CANCEL_ALL or zero
 * @id: the task; zero with GORT_CANCEL_ALL
 * @cancelled: how many tasks were asked by this call, out
 *
 * A task that has not started completes with -ECANCELED without running. One
 * that runs sees the request at its next blocking operation or yield. ENOENT
 * if the task has completed or never was; cancelling twice is no error.
 */
struct gort_cancel {
	__u32 size;
	__u32 flags;
	__u64 id;
	__u64 cancelled;
};

#define GORT_CANCEL_SIZE_VER0	24

/**
 * struct gort_completion - what read() returns, one record per task
 * @id: the task
 * @user_data: from its descriptor
 * @result: the workload's result; meaningless unless @status is 0
 * @status: 0 or a negative errno: ECANCELED (cancelled), EOVERFLOW (the stack
 *	cap was reached), ENOMEM (no stack could be had), others as the
 *	workload's description says
 * @preempted: how often it was made to yield by a preemption request
 * @declined: how often such a request was put off (lock held, allocating)
 * @stack_bytes: most stack it had at a time
 * @latency_ns: from its acceptance to its end
 *
 * read() returns whole records only (EINVAL if the buffer can't hold one),
 * EAGAIN under O_NONBLOCK when there is none, 0 when there is none and no task
 * runs, and where it would block, EDEADLK as GORT_IOC_WAIT does. An accepted
 * task yields exactly one completion. poll() says EPOLLIN if there is one,
 * EPOLLOUT if there is room for a task, EPOLLERR if there is a deadlock, and
 * EPOLLRDHUP, if that is asked for, if read() would return 0.
 */
struct gort_completion {
	__u64 id;
	__u64 user_data;
	__u64 result;
	__s32 status;
	__u32 preempted;
	__u32 declined;
	__u32 stack_bytes;
	__u64 latency_ns;
};

/**
 * struct gort_reap - GORT_IOC_REAP: wait, and read completions
 * @size: size of this structure, in
 * @flags: zero
 * @completions: address of an array of &struct gort_completion
 * @count: its length, 1 to GORT_MAX_BATCH
 * @min_complete: wait until so many can be read, or no task is running any
 *	more; 0: do not wait
 * @deadline_ns: wait no longer than that; GORT_WAIT_FOREVER: as long as it takes
 * @completed: how many were read, out
 * @pad: zero
 * @running: accepted tasks that have not completed, out
 *
 * What GORT_IOC_WAIT and read() do, in one call. Where the wait ends early
 * (ETIME, EINTR, EDEADLK as there), what can be read is: the error is that of
 * a call that has read nothing. EFAULT if the first of the completions can't be
 * written; if a later one can't, those before it were read. None is lost.
 */
struct gort_reap {
	__u32 size;
	__u32 flags;
	__u64 completions;
	__u32 count;
	__u32 min_complete;
	__u64 deadline_ns;
	__u32 completed;
	__u32 pad;
	__u64 running;
};

#define GORT_REAP_SIZE_VER0	48

/* Descriptors, and further programs, of one struct gort_bpf_run */
#define GORT_BPF_FDS		8
#define GORT_BPF_PROGS		8

/**
 * struct gort_bpf_run - GORT_IOC_BPF: start a task that is a BPF program
 * @size: size of this structure, in
 * @flags: zero
 * @prog_fd: the program, of type BPF_PROG_TYPE_SYSCALL; it may be closed after
 *	the call, as all descriptors of @progs and @fds
 * @data_size: bytes of its own data, at most GORT_BPF_DATA_MAX
 * @data: their address; they are copied
 * @user_data: handed back in the completion, not looked at
 * @args: &struct gort_bpf_ctx.args of the first step
 * @id: id of the task, out
 * @nr_fds: how many of @fds there are
 * @nr_progs: how many of @progs there are
 * @fds: what GORT_BPF_READ and GORT_BPF_WRITE may use, by the index in here
 * @progs: what GORT_BPF_SPAWN may start, from 1; 0 is the program that spawns
 *
 * linux/gort_bpf.h says what the program sees. It has the rights of who submits
 * it. Its status is what it ends with, ECANCELED, EBADRQC (it returned no action
 * that there is), EINVAL (what it ended with is no errno), or EDEADLK (it ended
 * with a lock, which was released).
 *
 * EPERM (the caller has neither CAP_BPF nor CAP_SYS_ADMIN), EBADF (no such
 * descriptor), EINVAL (flags, @data_size, @nr_fds, @nr_progs, no program, one of
 * another type or with tail calls), EMSGSIZE (a program looks beyond its context:
 * @data_size is too small), ELOOP (a descriptor of this device in @fds), EOPNOTSUPP (the kernel
 * has no BPF; or one of @fds is a file that could hold up its reader for ever,
 * see Documentation/bpf.rst), ENXIO (the end for writing of a pipe that nobody
 * reads), EFAULT, EAGAIN, EDQUOT, ENOMEM and EINTR as GORT_IOC_SUBMIT.
 */
struct gort_bpf_run {
	__u32 size;
	__u32 flags;
	__s32 prog_fd;
	__u32 data_size;
	__u64 data;
	__u64 user_data;
	__u64 args[4];
	__u64 id;
	__u32 nr_fds;
	__u32 nr_progs;
	__s32 fds[GORT_BPF_FDS];
	__s32 progs[GORT_BPF_PROGS];
};

#define GORT_BPF_RUN_SIZE_VER0	144

/*
 * gort_stats.cpu: the sum over all CPUs. What is not counted on a CPU (the guard,
 * the heap, threads, stops of the world, deadlocks) is told here alone.
 */
#define GORT_STATS_ALL		0xffffffffU

/* Why a request was declined: indices of gort_stats.declined */
#define GORT_DECLINE_LOCKS	0	/* a runtime lock or open section */
#define GORT_DECLINE_ALLOC	1	/* in gort_alloc() */
#define GORT_DECLINE_GC		2	/* in gort_gc() */
#define GORT_DECLINE_STATE	3	/* preemption or interrupts are off */
#define GORT_NR_DECLINE		4

/* Where a request was restored: indices of gort_stats.restored */
#define GORT_SITE_UNLOCK	0	/* gort_unlock() */
#define GORT_SITE_SPIN		1	/* gort_spin_unlock() and its kin */
#define GORT_SITE_READY		2	/* gort_ready() */
#define GORT_SITE_GO		3	/* gort_go() */
#define GORT_SITE_ALLOCM	4	/* a new M is asked for */
#define GORT_SITE_GROW		5	/* the stack grew into a segment */
#define GORT_SITE_SHRINK	6	/* the stack returned from a segment */
#define GORT_SITE_ALLOC		7	/* end of gort_alloc() */
#define GORT_SITE_GC		8	/* end of gort_gc() */
#define GORT_SITE_STW		9	/* gort_start_the_world() */
#define GORT_SITE_EXIT_OWN	10	/* a blocking call ended in time: own P */
#define GORT_SITE_EXIT_IDLE	11	/* the same, its P was taken and is idle */
#define GORT_SITE_OP		12	/* a channel, lock ... was operated on */
#define GORT_NR_SITES		16	/* room for more; unused ones are 0 */

/**
 * struct gort_stats - GORT_IOC_STATS: counters since the module was loaded
 * @size: size of this structure, in
 * @flags: zero
 * @cpu: the P of this CPU, or GORT_STATS_ALL; ENXIO if there is no such CPU, in
 * @pad: zero
 * @requested: preemption requests armed by the tick
 * @accepted: requests answered in a function's prologue
 * @declined: requests put off, by reason (GORT_DECLINE_*)
 * @restored: put-off requests armed again, by place (GORT_SITE_*)
 * @async: requests answered by an injected call, in a loop without calls
 * @lost: put-off requests that were not armed again after the last unlock
 * @switches: green threads switched to
 * @spawned: green threads created
 * @exited: green threads ended
 * @stolen: green threads taken from another P's queue
 * @parked: times a green thread went to sleep
 * @grown: stack segments entered
 * @seg_allocs: stack segments taken from the kernel
 * @seg_reuses: stack segments taken from a cache
 * @overflows: green threads ended because of the stack cap
 * @ticks: timer ticks taken
 * @wakeups: times the P's thread was woken
 * @guard_bytes: size of the guard at the end of each segment
 * @guard_used: most bytes of a guard that were seen in use (stack_paint=1)
 * @blocking: blocking calls made by gort_syscall()
 * @retaken: Ps that went on without the thread in such a call, as it took long
 * @unannounced: of these, where the call was not made by gort_syscall()
 * @threads: kernel threads that exist for Ps, now
 * @thread_limit: times a thread was wanted and max_threads did not allow it
 * @stops: times the world was stopped
 * @stop_sends: rounds of requests that were sent for that
 * @stop_max_ns: longest time that it took until all green threads stood still
 * @stop_median_ns: median of that over the last 128 times
 * @collections: garbage collections
 * @heap_bytes: memory of the heap, now
 * @heap_objects: objects in it, now; those to be collected included
 * @heap_freed: bytes that collections gave back
 * @finalized: finalizers started
 * @deadlocks: contexts found with all green threads asleep for good
 * @stuck: green threads found to ignore requests, and named
 */
struct gort_stats {
	__u32 size;
	__u32 flags;
	__u32 cpu;
	__u32 pad;
	__u64 requested;
	__u64 accepted;
	__u64 declined[GORT_NR_DECLINE];
	__u64 restored[GORT_NR_SITES];
	__u64 async;
	__u64 lost;
	__u64 switches;
	__u64 spawned;
	__u64 exited;
	__u64 stolen;
	__u64 parked;
	__u64 grown;
	__u64 seg_allocs;
	__u64 seg_reuses;
	__u64 overflows;
	__u64 ticks;
	__u64 wakeups;
	__u64 guard_bytes;
	__u64 guard_used;
	__u64 blocking;
	__u64 retaken;
	__u64 unannounced;
	__u64 threads;
	__u64 thread_limit;
	__u64 stops;
	__u64 stop_sends;
	__u64 stop_max_ns;
	__u64 stop_median_ns;
	__u64 collections;
	__u64 heap_bytes;
	__u64 heap_objects;
	__u64 heap_freed;
	__u64 finalized;
	__u64 deadlocks;
	__u64 stuck;
};

#define GORT_STATS_SIZE_VER0	312	/* up to and with @guard_used */
#define GORT_STATS_SIZE_VER1	440

#endif /* _UAPI_LINUX_GORT_H */
