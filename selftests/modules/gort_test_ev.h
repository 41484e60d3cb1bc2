/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort_test_event.ko: what its files share.
 *
 * gort_test_ev_main.c and gort_test_ev_kernel.c are ordinary kernel code, every
 * other file is G code, which reaches them through gort_call() and
 * gort_syscall() alone. One test runs at a time, so there is one of everything.
 */
#ifndef _GORT_TEST_EV_H
#define _GORT_TEST_EV_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/gort.h>
#include <linux/hrtimer.h>
#include <linux/types.h>
#include <linux/wait.h>

/* Gs that e_ctx can have */
#define E_MAX_GS	20000

/* Files that tests hand in */
#define E_SLOTS		4

/* What has to happen has happened after this, on any machine */
#define E_PATIENCE_NS	(10ULL * NSEC_PER_SEC)

/* What a G waits for */
enum e_kind {
	E_EVENT,
	E_DONE,
	E_POLL,
	E_KIND_LAST = E_POLL,
};

/* How one wait goes */
enum e_how {
	E_TRUE,		/* it need not wait */
	E_TIMER,	/* woken by a hard interrupt */
	E_SOFT,		/* woken by a softirq */
	E_LATE,		/* by nobody */
	E_SILENT,	/* true in time, but nobody is woken */
	E_SPURIOUS,	/* woken three times, and never true */
	E_LOCKED,	/* with a gort lock held */
	E_SECTION,	/* in a section */
	E_INSIDE,	/* inside gort_call() */
	E_SYSCALL,	/* inside gort_syscall(), as a task */
	E_ENDED,	/* it is to end already */
	E_EVER,		/* until it is cancelled */
	E_EXIT,		/* ends while it looks */
	E_OVERFLOW,	/* runs out of stack while it looks */
	E_NESTED,	/* waits while it looks */
	E_HOW_LAST = E_NESTED,
};

/* What e_poll polls */
enum e_sock {
	E_SOCK_NONE,	/* the file */
	E_SOCK_FILE,	/* the socket that the file is of */
	E_SOCK_PLAIN,	/* a socket without a file */
	E_SOCK_NO_POLL,	/* one without a poll method */
	E_SOCK_LAST = E_SOCK_NO_POLL,
};

/**
 * struct e_timer_args - how e_k_timer() makes things true
 * @ns: after that
 * @times: so often
 * @soft: in a softirq
 * @quiet: and wakes nobody
 * @lie: wakes, but makes nothing true
 */
struct e_timer_args {
	u64 ns;
	unsigned int times;
	bool soft;
	bool quiet;
	bool lie;
};

/**
 * struct e_scene - what is waited for, and what makes it true
 * @wq: a wait queue
 * @inner: another one
 * @done: a completion
 * @flag: the condition
 * @looks: times it was looked at
 * @timer: makes it true
 * @times: how often it is to fire
 * @quiet: it wakes nobody
 * @lie: it does not make it true
 */
struct e_scene {
	wait_queue_head_t wq;
	wait_queue_head_t inner;
	struct completion done;
	bool flag;
	atomic_t looks;
	struct hrtimer timer;
	unsigned int times;
	bool quiet;
	bool lie;
};

extern struct e_scene e_scene;
extern struct gort_ctx *e_ctx;
extern struct file *e_files[E_SLOTS];

/* gort_test_ev_kernel.c */
long e_k_reset(void *unused);
long e_k_timer(void *arg);
long e_k_timer_end(void *unused);
long e_k_queued(void *unused);
long e_k_wake(void *n);
long e_k_complete(void *n);
long e_k_done_left(void *unused);
long e_k_wait_event(void *unused);
long e_k_wait_done(void *unused);
long e_k_wait_poll(void *unused);
long e_k_takers(void *n);
long e_k_takers_end(void *unused);
long e_k_fake_wake(void *key);
long e_k_socket(void *args);
int e_command(const char *text, long *result);
void e_kernel_exit(void);

/* gort_test_ev_wait.c */
int e_wait(const u64 *args, u64 *result);
int e_crowd(const u64 *args, u64 *result);
int e_race(const u64 *args, u64 *result);
int e_share(const u64 *args, u64 *result);
int e_poll(const u64 *args, u64 *result);

#endif /* _GORT_TEST_EV_H */
