/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * gort: BPF programs as green threads; Documentation/bpf.rst explains it.
 *
 * A program of type BPF_PROG_TYPE_SYSCALL is the body of a green thread, in steps.
 * In each step it runs from its beginning to its end with the same context,
 * &struct gort_bpf_ctx and its own data behind that, and returns an action
 * (GORT_BPF_*). The kernel does what that says, which may take long, and then
 * comes the next step, which finds the result in the context.
 *
 * This header is for programs in user space and for BPF programs.
 */
#ifndef _UAPI_LINUX_GORT_BPF_H
#define _UAPI_LINUX_GORT_BPF_H

#include <linux/types.h>

#define GORT_BPF_CASES		8	/* of one select */
#define GORT_BPF_DATA_MAX	16384	/* bytes of a program's own data */
#define GORT_BPF_CHAN_MAX	1024	/* values in the buffer of a channel */
#define GORT_BPF_NAMES_MAX	16384	/* names of one file */

/*
 * What a step returns. a0 and so on are gort_bpf_ctx.args. A deadline is absolute,
 * in nanoseconds of CLOCK_MONOTONIC; GORT_WAIT_FOREVER: none; one that has passed:
 * try. A name is a number; it is known to all programs of the same open
 * file, made by GORT_BPF_MAKE, and there until that file is closed.
 *
 * Files and programs are those of &struct gort_bpf_run.fds and .progs: a file by
 * its index, a program by its index plus one; 0 is the program itself. A child
 * begins with a copy of its parent's data and arguments, so that a1 to a3 of
 * GORT_BPF_SPAWN are for it, and has the same files and programs.
 *
 * Errors, in gort_bpf_ctx.ret, for all: ENOENT (there is no such name, child or
 * program, or the name is one of something else); with a deadline: ETIME.
 */
#define GORT_BPF_DONE		0	/* end; a0: result, a1: 0 or an errno (positive) */
#define GORT_BPF_YIELD		1	/* let others run */
#define GORT_BPF_SLEEP		2	/* until a0 */
#define GORT_BPF_MAKE		3	/* name a0 for a1, GORT_BPF_IS_*; a2: capacity */
#define GORT_BPF_LOCK		4	/* lock a0, deadline a1 */
#define GORT_BPF_UNLOCK		5	/* lock a0 */
#define GORT_BPF_WAIT		6	/* until the count of event a0 is not a1; deadline a2 */
#define GORT_BPF_NOTIFY		7	/* event a0 counts one more, who waits is woken */
#define GORT_BPF_SEND		8	/* to channel a0 the value a1, deadline a2 */
#define GORT_BPF_RECV		9	/* from channel a0, deadline a1; gives a0: value */
#define GORT_BPF_CLOSE		10	/* channel a0 */
#define GORT_BPF_SELECT		11	/* one of the first a0 cases, deadline a1 */
#define GORT_BPF_SPAWN		12	/* a child, of program a0; gives a0: its id */
#define GORT_BPF_JOIN		13	/* wait for child a0, deadline a1; gives a0: result */
#define GORT_BPF_READ		14	/* from file a0 to data + a1, a2 bytes; deadline a3 */
#define GORT_BPF_WRITE		15	/* to file a0 from data + a1, a2 bytes; deadline a3 */

#define GORT_BPF_IS_LOCK	1
#define GORT_BPF_IS_EVENT	2
#define GORT_BPF_IS_CHAN	3

/**
 * struct gort_bpf_case - one case of GORT_BPF_SELECT
 * @chan: name of the channel
 * @value: what to send, or what was received
 * @send: 1: send, 0: receive
 * @pad: not looked at
 */
struct gort_bpf_case {
	__u64 chan;
	__u64 value;
	__u32 send;
	__u32 pad;
};

/**
 * struct gort_bpf_ctx - what a program and the kernel tell each other
 * @size: bytes of this structure, with the program's data behind it; set before
 *	each step
 * @head: bytes of this structure alone: that is where the data begin; as @size
 * @child: number as a child, zero in a program that user space submitted; as @size
 * @step: how many steps were before this one; as @size
 * @now_ns: CLOCK_MONOTONIC; as @size
 * @ret: what the last action came to: 0, for a select the index of the case, for
 *	a read or write how many bytes, or a negative errno
 * @args: of the action; its results
 * @cases: of GORT_BPF_SELECT
 *
 * The kernel believes nothing in here: what it needs itself it keeps elsewhere.
 */
struct gort_bpf_ctx {
	__u32 size;
	__u32 head;
	__u64 child;
	__u64 step;
	__u64 now_ns;
	__s64 ret;
	__u64 args[4];
	struct gort_bpf_case cases[GORT_BPF_CASES];
};

#define GORT_BPF_CTX_SIZE_VER0	264

#endif /* _UAPI_LINUX_GORT_BPF_H */
