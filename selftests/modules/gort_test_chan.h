/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort_test_chan.ko, what its files share: workloads for chan_test and
 * select_test, and a device by which processes use channels as tasks.
 *
 * gort_test_chan_main.c is ordinary kernel code, every other file is G code. A
 * workload notes the first line where something was wrong, and hands it back as
 * its result, with EPROTO. What Gs share is collected: a parent may be gone, for
 * it is cancelled, before its children.
 */
#ifndef _GORT_TEST_CHAN_H
#define _GORT_TEST_CHAN_H

#include <linux/atomic.h>
#include <linux/gort.h>
#include <linux/hrtimer.h>
#include <linux/time64.h>

GORT_CHAN_TYPE(u64s, u64);

/**
 * struct c_run - a workload and its children
 * @line: where something was wrong first
 * @nr: children that were started
 * @done: each that ends says so
 */
struct c_run {
	atomic_t line;
	unsigned int nr;
	union u64s *done;
};

#define C_OK(run, cond)	c_ok(run, cond, __LINE__)

static inline bool c_ok(struct c_run *run, bool ok, int line)
{
	if (!ok)
		atomic_cmpxchg(&run->line, 0, line);
	return ok;
}

/**
 * struct c_irq - what an interrupt does with channels, and what came of it
 * @timer: takes it
 * @what: enum c_irq_what
 * @delay_ns: between two of them
 * @left: how many are to come
 * @next: value that it sends next
 * @sum: of the values it has received
 * @ok: operations that were done
 * @busy: that would have waited
 * @err: the last other errno
 * @hard: it was a hard interrupt, always
 * @a: the first channel
 * @b: the second one
 */
struct c_irq {
	struct hrtimer timer;
	u64 what;
	u64 delay_ns;
	u64 left;
	u64 next;
	u64 sum;
	u64 ok;
	u64 busy;
	int err;
	bool hard;
	union u64s a;
	union u64s b;
};

enum c_irq_what {
	C_IRQ_SEND,		/* try to send to a */
	C_IRQ_RECV,		/* try to receive from b */
	C_IRQ_SELECT,		/* whichever goes */
	C_IRQ_CLOSE,		/* close a */
	C_IRQ_WAIT,		/* what would wait */
	C_IRQ_LAST = C_IRQ_WAIT,
};

/* gort_test_chan_main.c: for gort_call() and gort_syscall() */
extern union u64s c_ext[2];

long c_k_waiting(void *chan);
long c_k_irq_begin(void *irq);
long c_k_irq_end(void *irq);
long c_k_wait_here(void *chan);

/* gort_test_chan_basic.c */
struct c_run *c_begin(unsigned int children);
int c_go(struct c_run *run, gort_fn_t fn, void *arg);
void c_end(struct c_run *run);
int c_join(struct c_run *run);
int c_result(struct c_run *run, u64 *result);
bool c_await(void *chan, long waiting);
int c_basic(const u64 *args, u64 *result);
int c_types(const u64 *args, u64 *result);
int c_once(const u64 *args, u64 *result);
int c_misuse(const u64 *args, u64 *result);
int c_make(const u64 *args, u64 *result);
int c_nil(const u64 *args, u64 *result);

/* gort_test_chan_flow.c */
int c_fifo(const u64 *args, u64 *result);
int c_chain(const u64 *args, u64 *result);
int c_conserve(const u64 *args, u64 *result);
int c_multi(const u64 *args, u64 *result);
int c_sieve(const u64 *args, u64 *result);
int c_closemany(const u64 *args, u64 *result);

/* gort_test_chan_wait.c */
int c_cancel(const u64 *args, u64 *result);
int c_late(const u64 *args, u64 *result);
int c_chaos(const u64 *args, u64 *result);
int c_irq(const u64 *args, u64 *result);
int c_gc(const u64 *args, u64 *result);
int c_ext_send(const u64 *args, u64 *result);
int c_ext_recv(const u64 *args, u64 *result);

/* gort_test_chan_select.c */
int c_self(const u64 *args, u64 *result);
int c_stress(const u64 *args, u64 *result);
int c_random(const u64 *args, u64 *result);
int c_fair(const u64 *args, u64 *result);
int c_recvrace(const u64 *args, u64 *result);
int c_selrace(const u64 *args, u64 *result);
int c_dup(const u64 *args, u64 *result);
int c_double(const u64 *args, u64 *result);
int c_select3(const u64 *args, u64 *result);
int c_select6(const u64 *args, u64 *result);
int c_select7(const u64 *args, u64 *result);
int c_cross(const u64 *args, u64 *result);
int c_order(const u64 *args, u64 *result);
int c_stale(const u64 *args, u64 *result);
int c_most(const u64 *args, u64 *result);

/* gort_test_chan_powser.c */
int c_powser(const u64 *args, u64 *result);

#endif /* _GORT_TEST_CHAN_H */
