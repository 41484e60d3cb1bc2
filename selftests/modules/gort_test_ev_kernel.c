// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ordinary kernel's part in event_test: what is waited for, and who makes it
 * true, from interrupts, tasks and the process that runs the test.
 *
 * Commands, written to the parameter cmd; each has one number as its result:
 *
 *	reset			as at the beginning
 *	queued			entries in the wait queue
 *	release KIND		what they wait for comes true
 *	file FD SLOT		keeps the file of this process for e_poll
 *	drop			lets all files go
 *	fake N			a file with N wait queues goes to slot 0
 *	ready MASK		what the fake file says from now on
 *	wake QUEUE KEY		wakes one of its queues
 *	free			lets all of its queues go
 *	late 0|1		each time it is asked it becomes ready just after
 *	asked			how often its poll method was called
 *	wait KIND HOW NS	one wait by this process; nobody can write to the
 *				parameter meanwhile
 *	poll SLOT EVENTS NS	the same for a file
 *	pair			two sockets without files, connected
 *	send			one sends the other a byte
 *	time NS			a timer and a ticker, waited for by this process
 *	group WHAT N		a group with N children, waited for by this process
 *	begun, ended		children of groups that have, since the last test began
 */

#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/net_namespace.h>

#include "gort_test_compat.h"
#include "gort_test_ev.h"

#define E_FAKE_QUEUES	8
#define E_TASKS		64

struct e_scene e_scene;
struct file *e_files[E_SLOTS];

static wait_queue_head_t *e_queues[E_FAKE_QUEUES];
static unsigned int e_nr_queues;
static atomic_t e_ready, e_asked;
static bool e_late;

static enum hrtimer_restart e_timer_fn(struct hrtimer *timer)
{
	struct e_scene *s = container_of(timer, struct e_scene, timer);

	if (!s->lie) {
		WRITE_ONCE(s->flag, true);
		complete(&s->done);
		atomic_or((__force int)EPOLLIN, &e_ready);
	}
	if (!s->quiet) {
		wake_up(&s->wq);
		if (e_nr_queues)
			__wake_up(e_queues[0], TASK_NORMAL, 0, NULL);
	}
	if (!--s->times)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(NSEC_PER_MSEC));
	return HRTIMER_RESTART;
}

/* With PREEMPT_RT a wait queue's lock sleeps, so no hard interrupt may wake it. */
static enum hrtimer_mode e_timer_mode(bool soft, bool quiet)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !quiet)
		soft = true;
	return soft ? HRTIMER_MODE_REL_SOFT : HRTIMER_MODE_REL_HARD;
}

static void e_timer_setup(enum hrtimer_mode mode)
{
	hrtimer_setup(&e_scene.timer, e_timer_fn, CLOCK_MONOTONIC, mode);
}

/* Nobody waits, nothing has happened. */
long e_k_reset(void *unused)
{
	init_waitqueue_head(&e_scene.wq);
	init_waitqueue_head(&e_scene.inner);
	init_completion(&e_scene.done);
	e_scene.flag = false;
	atomic_set(&e_scene.looks, 0);
	atomic_set(&e_ready, 0);
	e_timer_setup(HRTIMER_MODE_REL_HARD);
	return 0;
}

/* After so many ns, by a hard or a soft interrupt. */
long e_k_timer(void *arg)
{
	const struct e_timer_args *a = arg;
	enum hrtimer_mode mode = e_timer_mode(a->soft, a->quiet);

	e_timer_setup(mode);
	e_scene.times = a->times;
	e_scene.quiet = a->quiet;
	e_scene.lie = a->lie;
	hrtimer_start(&e_scene.timer, ns_to_ktime(a->ns), mode);
	return 0;
}

long e_k_timer_end(void *unused)
{
	hrtimer_cancel(&e_scene.timer);
	return 0;
}

/* Entries in the wait queues and in the completion's */
long e_k_queued(void *unused)
{
	struct list_head *pos;
	long n = 0;

	spin_lock_irq(&e_scene.wq.lock);
	list_for_each(pos, &e_scene.wq.head)
		n++;
	spin_unlock_irq(&e_scene.wq.lock);
	spin_lock_irq(&e_scene.inner.lock);
	list_for_each(pos, &e_scene.inner.head)
		n++;
	spin_unlock_irq(&e_scene.inner.lock);
	raw_spin_lock_irq(&e_scene.done.wait.lock);
	list_for_each(pos, &e_scene.done.wait.task_list)
		n++;
	raw_spin_unlock_irq(&e_scene.done.wait.lock);
	return n;
}

long e_k_wake(void *unused)
{
	WRITE_ONCE(e_scene.flag, true);
	wake_up(&e_scene.wq);
	return 0;
}

long e_k_complete(void *n)
{
	long i;

	for (i = 0; i < (long)n; i++)
		complete(&e_scene.done);
	return 0;
}

long e_k_done_left(void *unused)
{
	return READ_ONCE(e_scene.done.done);
}

static bool e_true(void)
{
	atomic_inc(&e_scene.looks);
	return READ_ONCE(e_scene.flag);
}

/* Waits where it must be refused, or as a task; a millisecond at most. */
long e_k_wait_event(void *unused)
{
	return gort_wait_event_until(e_scene.wq, e_true(),
				     gort_now() + NSEC_PER_MSEC);
}

long e_k_wait_done(void *unused)
{
	return gort_wait_completion_until(&e_scene.done,
					  gort_now() + NSEC_PER_MSEC);
}

/* The fake file */

static __poll_t e_fake_poll(struct file *file, poll_table *table)
{
	__poll_t ready;
	unsigned int i;

	atomic_inc(&e_asked);
	for (i = 0; i < e_nr_queues; i++)
		poll_wait(file, e_queues[i], table);
	ready = (__force __poll_t)atomic_read(&e_ready);
	if (READ_ONCE(e_late))
		e_k_fake_wake((void *)(__force long)EPOLLIN);
	return ready;
}

static const struct file_operations e_fake_fops = {
	.owner = THIS_MODULE,
	.poll = e_fake_poll,
};

/* As signalfd and binder do: who polls lets go, then the memory goes. */
static long e_fake_free(void)
{
	unsigned int i, nr = e_nr_queues;
	long left = 0;

	e_nr_queues = 0;
	for (i = 0; i < nr; i++) {
		__wake_up(e_queues[i], TASK_NORMAL, 0,
			  poll_to_key(EPOLLHUP | POLLFREE));
		/* nobody can come any more: the file names no queues */
		left += waitqueue_active(e_queues[i]);
	}
	synchronize_rcu();
	for (i = 0; i < nr; i++) {
		memset(e_queues[i], 0x6b, sizeof(*e_queues[i]));
		kfree(e_queues[i]);
	}
	return left;
}

static void e_slot_set(unsigned int slot, struct file *file)
{
	if (e_files[slot])
		fput(e_files[slot]);
	e_files[slot] = file;
}

static long e_fake(unsigned int n)
{
	struct file *file;
	unsigned int i;

	if (n > E_FAKE_QUEUES)
		return -EINVAL;
	e_fake_free();
	for (i = 0; i < n; i++) {
		e_queues[i] = kmalloc(sizeof(*e_queues[i]), GFP_KERNEL);
		if (!e_queues[i])
			return -ENOMEM;
		init_waitqueue_head(e_queues[i]);
		e_nr_queues++;
	}
	atomic_set(&e_ready, 0);
	atomic_set(&e_asked, 0);
	e_late = false;
	file = anon_inode_getfile("[gort]", &e_fake_fops, NULL, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	e_slot_set(0, file);
	return 0;
}

long e_k_wait_poll(void *unused)
{
	return gort_poll_until(e_files[0], EPOLLIN, gort_now() + NSEC_PER_MSEC);
}

/* All that e_race and e_crowd can wait for comes true. */
long e_k_fake_wake(void *key)
{
	atomic_or((int)(long)key, &e_ready);
	if (e_nr_queues)
		__wake_up(e_queues[0], TASK_NORMAL, 0, key);
	return 0;
}

/* Two sockets without a file, and one that can't be polled */

static struct socket *e_socks[2];
static const struct proto_ops e_no_ops;
static struct socket e_no_poll = { .ops = &e_no_ops };

/* By the arguments of e_poll */
long e_k_socket(void *arg)
{
	const u64 *args = arg;

	switch (args[3]) {
	case E_SOCK_FILE:
		return (long)sock_from_file(e_files[args[0]]);
	case E_SOCK_PLAIN:
		return (long)e_socks[0];
	default:
		return (long)&e_no_poll;
	}
}

static void e_unpair(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(e_socks); i++) {
		if (e_socks[i])
			sock_release(e_socks[i]);
		e_socks[i] = NULL;
	}
}

static long e_pair(void)
{
	unsigned int i;
	int err;

	e_unpair();
	for (i = 0; i < ARRAY_SIZE(e_socks); i++) {
		err = sock_create_kern(&init_net, AF_UNIX, SOCK_STREAM, 0,
				       &e_socks[i]);
		if (err)
			return err;
	}
	return e_socks[0]->ops->socketpair(e_socks[0], e_socks[1]);
}

static long e_send(void)
{
	struct kvec v = { .iov_base = "x", .iov_len = 1 };
	struct msghdr m = { .msg_flags = MSG_DONTWAIT };

	return kernel_sendmsg(e_socks[1], &m, &v, 1, 1);
}

/* Timers and groups by a process */

static long e_time_here(u64 ns)
{
	u64 at = gort_now() + ns, now;
	long err;

	gort_timer_init(&e_timer, at);
	err = gort_recv(&e_timer.chan, &now);
	if (!err && now < at)
		err = -EIO;
	if (gort_timer_stop(&e_timer) != !!err)
		err = -EIO;
	if (!err)
		err = gort_ticker_init(&e_ticker, ns);
	if (!err)
		err = gort_recv(&e_ticker.chan, NULL);
	if (ns >= GORT_TICKER_MIN_NS)
		gort_ticker_stop(&e_ticker);
	return err;
}

long e_k_nap(void *unused)
{
	usleep_range(1000, 2000);
	return 0;
}

long e_k_group_wait(void *grp)
{
	return gort_group_wait(grp);
}

/*
 * @what: 0 no context, 1 all end well, 2 one fails, 3 none ends by itself, 4 so,
 * with a deadline, 5 in an atomic section. EIO if a child is left.
 */
static long e_group_here(unsigned int what, unsigned int n)
{
	u64 deadline = what == 4 ? gort_now() + NSEC_PER_MSEC : GORT_NO_DEADLINE;
	struct gort_group grp;
	unsigned int i;
	long ret = 0;
	int err;

	atomic_set(&e_group_begun, 0);
	atomic_set(&e_group_ended, 0);
	atomic_set(&e_group_told, 0);
	err = gort_group_init(&grp, what ? e_ctx : NULL);
	for (i = 0; i < n && !err; i++)
		err = gort_group_go(&grp, what < 3 && what != 2 ?
				    e_child_quick : e_child_slow, NULL);
	if (what == 2 && !err)
		err = gort_group_go(&grp, e_child_fails, (void *)(long)n);
	if (err)
		return err;
	if (what == 5) {
		preempt_disable();
		ret = gort_group_wait(&grp);
		preempt_enable();
	} else {
		ret = gort_group_wait_until(&grp, deadline);
	}
	if (what >= 4) {
		gort_group_cancel(&grp);
		if (gort_group_wait(&grp) != -ECANCELED)
			return -EIO;
	}
	return atomic_read(&e_group_ended) == n ? ret : -EIO;
}

/* Who completes, in e_share: a task; and tasks that wait like any other. */

static struct task_struct *e_tasks[E_TASKS];
static unsigned int e_nr_tasks;
static atomic_t e_taken;

static int e_taker(void *unused)
{
	while (!kthread_should_stop()) {
		/* a tick, mostly: as late as not */
		if (wait_for_completion_interruptible_timeout(&e_scene.done,
							      1) > 0)
			atomic_inc(&e_taken);
	}
	return 0;
}

long e_k_takers(void *n)
{
	struct task_struct *t;

	atomic_set(&e_taken, 0);
	for (e_nr_tasks = 0; e_nr_tasks < (unsigned long)n; e_nr_tasks++) {
		t = kthread_run(e_taker, NULL, "e_taker");
		if (IS_ERR(t))
			return PTR_ERR(t);
		e_tasks[e_nr_tasks] = t;
	}
	return 0;
}

/* What they took */
long e_k_takers_end(void *unused)
{
	while (e_nr_tasks)
		kthread_stop(e_tasks[--e_nr_tasks]);
	return atomic_read(&e_taken);
}

/* One wait by a process */
static long e_outside(unsigned int kind, unsigned int how, u64 ns)
{
	u64 deadline = ns ? gort_now() + ns : GORT_NO_DEADLINE;
	const struct e_timer_args t = { .ns = 20 * NSEC_PER_MSEC, .times = 1 };
	long ret;

	if (how == E_TRUE) {
		e_k_wake(NULL);
		e_k_complete((void *)1);
	}
	if (how == E_TIMER)
		e_k_timer((void *)&t);
	if (how == E_SECTION)
		preempt_disable();
	if (how == E_LOCKED) {
		rcu_read_lock();
		__release(RCU); /* for sparse, which can't follow it */
	}
	if (how == E_INSIDE)
		local_irq_disable();
	if (kind == E_EVENT)
		ret = gort_wait_event_until(e_scene.wq, e_true(), deadline);
	else if (kind == E_DONE)
		ret = gort_wait_completion_until(&e_scene.done, deadline);
	else
		ret = gort_poll_until(e_files[0], EPOLLIN, deadline);
	if (how == E_INSIDE)
		local_irq_enable();
	if (how == E_LOCKED) {
		__acquire(RCU);
		rcu_read_unlock();
	}
	if (how == E_SECTION)
		preempt_enable();
	e_k_timer_end(NULL);
	return ret;
}

static long e_release(unsigned int kind)
{
	switch (kind) {
	case E_EVENT:
		WRITE_ONCE(e_scene.flag, true);
		wake_up_all(&e_scene.wq);
		break;
	case E_DONE:
		complete_all(&e_scene.done);
		break;
	case E_POLL:
		e_k_fake_wake((void *)(__force long)EPOLLIN);
		break;
	}
	return 0;
}

static long e_keep(int fd, unsigned int slot)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	e_slot_set(slot, file);
	return 0;
}

static long e_poll_here(unsigned int slot, __poll_t events, u64 ns)
{
	return gort_poll_until(e_files[slot], events,
			       ns ? gort_now() + ns : GORT_NO_DEADLINE);
}

static long e_drop(void)
{
	unsigned int i;

	e_fake_free();
	for (i = 0; i < E_SLOTS; i++)
		e_slot_set(i, NULL);
	return 0;
}

int e_command(const char *text, long *result)
{
	unsigned long long a[3] = {};
	char name[16];

	if (sscanf(text, "%15s %llu %llu %llu", name, &a[0], &a[1], &a[2]) < 1)
		return -EINVAL;
	*result = 0;
	if (!strcmp(name, "reset"))
		*result = e_k_reset(NULL);
	else if (!strcmp(name, "queued"))
		*result = e_k_queued(NULL);
	else if (!strcmp(name, "release"))
		*result = e_release(a[0]);
	else if (!strcmp(name, "file") && a[1] < E_SLOTS)
		*result = e_keep(a[0], a[1]);
	else if (!strcmp(name, "drop"))
		*result = e_drop();
	else if (!strcmp(name, "fake"))
		*result = e_fake(a[0]);
	else if (!strcmp(name, "ready"))
		atomic_set(&e_ready, a[0]);
	else if (!strcmp(name, "late"))
		WRITE_ONCE(e_late, a[0]);
	else if (!strcmp(name, "wake") && a[0] < e_nr_queues)
		__wake_up(e_queues[a[0]], TASK_NORMAL, 0, (void *)a[1]);
	else if (!strcmp(name, "free"))
		*result = e_fake_free();
	else if (!strcmp(name, "asked"))
		*result = atomic_read(&e_asked);
	else if (!strcmp(name, "wait"))
		*result = e_outside(a[0], a[1], a[2]);
	else if (!strcmp(name, "time"))
		*result = e_time_here(a[0]);
	else if (!strcmp(name, "group"))
		*result = e_group_here(a[0], a[1]);
	else if (!strcmp(name, "ended"))
		*result = atomic_read(&e_group_ended);
	else if (!strcmp(name, "begun"))
		*result = atomic_read(&e_group_begun);
	else if (!strcmp(name, "pair"))
		*result = e_pair();
	else if (!strcmp(name, "send") && e_socks[1])
		*result = e_send();
	else if (!strcmp(name, "poll") && a[0] < E_SLOTS)
		*result = e_poll_here(a[0], (__force __poll_t)a[1], a[2]);
	else
		return -EINVAL;
	return 0;
}

/* A fake file, which keeps this module, was dropped before. */
void e_kernel_exit(void)
{
	e_drop();
	e_unpair();
}
