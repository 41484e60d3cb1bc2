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

/* ... and e_small_ctx */
#define E_SMALL_CTX	8

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
	E_ALMOST,	/* it comes true just after it was looked at */
	E_HOW_LAST = E_ALMOST,
};

/* What e_poll polls */
enum e_sock {
	E_SOCK_NONE,	/* the file */
	E_SOCK_FILE,	/* the socket that the file is of */
	E_SOCK_PLAIN,	/* a socket without a file */
	E_SOCK_NO_POLL,	/* one without a poll method */
	E_SOCK_LAST = E_SOCK_NO_POLL,
};

/* What e_time does */
enum e_time_what {
	E_TICKS,
	E_SLOW,
	E_TICKER_STOPPED,
	E_TICKER_AGAIN,
	E_TICKER_SHORT,
	E_TICKER_CLOSED,
	E_AFTER,
	E_TIMER_STOPPED,
	E_TIMER_AGAIN,
	E_TIME_SELECT,
	E_TIME_RACE,
	E_TIME_FINI,
	E_TIME_EVER,
	E_TIME_LAST = E_TIME_EVER,
};

/* What e_group does */
enum e_group_what {
	E_GROUP_ALL,
	E_GROUP_ERROR,
	E_GROUP_CANCEL,
	E_GROUP_CANCEL_EARLY,
	E_GROUP_EVER,
	E_GROUP_LATE,
	E_GROUP_MISUSE,
	E_GROUP_CAP,
	E_GROUP_EXIT,
	E_GROUP_OVERFLOW,
	E_GROUP_CHAIN,
	E_GROUP_CHILD_EXIT,
	E_GROUP_CHILD_OVERFLOW,
	E_GROUP_TREE,
	E_GROUP_LAST = E_GROUP_TREE,
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
extern struct gort_ctx *e_small_ctx;
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
long e_k_nap(void *unused);
long e_k_group_wait(void *grp);
long e_k_socket(void *args);
int e_command(const char *text, long *result);
void e_kernel_exit(void);

/* gort_test_ev_wait.c */
int e_wait(const u64 *args, u64 *result);
int e_crowd(const u64 *args, u64 *result);
int e_race(const u64 *args, u64 *result);
int e_share(const u64 *args, u64 *result);
int e_chosen(const u64 *args, u64 *result);
int e_poll(const u64 *args, u64 *result);

/* gort_test_ev_time.c */
extern struct gort_timer e_timer;
extern struct gort_ticker e_ticker;
int e_time(const u64 *args, u64 *result);

/* gort_test_ev_group.c */
extern atomic_t e_group_begun, e_group_ended, e_group_told;
int e_group(const u64 *args, u64 *result);
int e_child_quick(void *unused);
int e_child_slow(void *unused);
int e_child_fails(void *n);

#endif /* _GORT_TEST_EV_H */
