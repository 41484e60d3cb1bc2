// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test_chan.ko: registers the workloads, and has what G code reaches by
 * gort_call() alone: interrupts, and processes as partners.
 *
 * A command of the device may wait in a channel for as long as it likes, and
 * C_IOC_INIT makes the channels anew: the tests see to it that nobody uses them
 * then.
 */

#include <linux/bottom_half.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

#include "gort_test_compat.h"
#include "gort_test_chan.h"
#include "gort_test_chan_ioctl.h"

#define C_ARGS(...)	{ __VA_ARGS__ }
#define C_WORKLOAD(n, h, outside, count, ...)				\
	{								\
		.name = #n, .fn = n, .help = h, .owner = THIS_MODULE,	\
		.woken_outside = outside, .nr_args = count,		\
		.args = __VA_ARGS__,					\
	}

union u64s c_ext[2];

static struct gort_workload c_workloads[] = {
	C_WORKLOAD(c_basic, "all that a channel of each capacity does", false, 2,
		   C_ARGS({ "from", 0, 1000, 0 }, { "to", 0, 1000, 1 })),
	C_WORKLOAD(c_types, "values of all sizes", false, 0, {}),
	C_WORKLOAD(c_once, "arguments are evaluated once", false, 0, {}),
	C_WORKLOAD(c_misuse, "what must be refused", false, 1,
		   C_ARGS({ "op", 0, 31, 0 })),
	C_WORKLOAD(c_make, "channels of some size", false, 2,
		   C_ARGS({ "how", 0, 2, 0 }, { "cap", 0, U32_MAX, 1 })),
	C_WORKLOAD(c_nil, "channels that are not there", false, 0, {}),
	C_WORKLOAD(c_fifo, "values and senders in order", false, 2,
		   C_ARGS({ "cap", 0, 1000, 0 }, { "count", 1, 1000, 10 })),
	C_WORKLOAD(c_chain, "one value through a chain of Gs", false, 1,
		   C_ARGS({ "gs", 1, 100000, 100 })),
	C_WORKLOAD(c_conserve, "each value arrives once", false, 4,
		   C_ARGS({ "items", 1, 1 << 24, 1000 }, { "senders", 1, 64, 4 },
			  { "receivers", 1, 64, 4 }, { "cap", 0, 1000, 0 })),
	C_WORKLOAD(c_multi, "many workers between two channels", false, 2,
		   C_ARGS({ "workers", 1, 64, 23 },
			  { "items", 1, 1 << 24, 1000 })),
	C_WORKLOAD(c_sieve, "primes, by a chain of Gs", false, 2,
		   C_ARGS({ "primes", 1, 10000, 25 }, { "cap", 0, 1000, 0 })),
	C_WORKLOAD(c_closemany, "close wakes all who wait", false, 3,
		   C_ARGS({ "gs", 1, 100000, 100 }, { "send", 0, 1, 0 },
			  { "select", 0, 1, 0 })),
	C_WORKLOAD(c_cancel, "who waits is cancelled", false, 2,
		   C_ARGS({ "form", 0, 15, 0 }, { "before", 0, 1, 0 })),
	C_WORKLOAD(c_late, "a deadline passes", false, 2,
		   C_ARGS({ "form", 0, 15, 0 }, { "ns", 0, U64_MAX / 2, 0 })),
	C_WORKLOAD(c_chaos, "deadlines and cancels lose no value", false, 3,
		   C_ARGS({ "items", 1, 1 << 24, 1000 }, { "cap", 0, 1000, 0 },
			  { "ns", 0, NSEC_PER_SEC, 20000 })),
	C_WORKLOAD(c_irq, "an interrupt as partner", true, 3,
		   C_ARGS({ "what", 0, C_IRQ_LAST, 0 },
			  { "rounds", 1, 1 << 20, 100 },
			  { "cap", 0, 1000, 0 })),
	C_WORKLOAD(c_gc, "what only a channel points to", false, 2,
		   C_ARGS({ "what", 0, 3, 0 }, { "rounds", 1, 1000, 3 })),
	C_WORKLOAD(c_ext_send, "sends to processes", true, 2,
		   C_ARGS({ "first", 0, U64_MAX, 0 }, { "n", 0, 1 << 24, 1 })),
	C_WORKLOAD(c_ext_recv, "receives from processes", true, 1,
		   C_ARGS({ "n", 0, 1 << 24, 1 })),
	C_WORKLOAD(c_self, "nobody receives from itself", false, 2,
		   C_ARGS({ "cap", 0, 1000, 0 }, { "rounds", 1, 1 << 24, 100 })),
	C_WORKLOAD(c_stress, "ten Gs, four channels, all ways", false, 1,
		   C_ARGS({ "rounds", 1, 1 << 24, 100 })),
	C_WORKLOAD(c_random, "both of two sends are chosen", false, 2,
		   C_ARGS({ "cap", 0, 1000, 0 }, { "rounds", 1, 1 << 24, 100 })),
	C_WORKLOAD(c_fair, "four cases that can always be done", false, 1,
		   C_ARGS({ "rounds", 1, 1 << 24, 1000 })),
	C_WORKLOAD(c_recvrace, "a close beside a try", false, 1,
		   C_ARGS({ "rounds", 1, 1 << 24, 100 })),
	C_WORKLOAD(c_selrace, "one of two channels is always ready", false, 2,
		   C_ARGS({ "rounds", 1, 1 << 24, 100 }, { "close", 0, 1, 0 })),
	C_WORKLOAD(c_dup, "the same channel twice", false, 0, {}),
	C_WORKLOAD(c_double, "four channels, eight cases", false, 1,
		   C_ARGS({ "rounds", 1, 1 << 24, 100 })),
	C_WORKLOAD(c_select3, "what waits and what does not", false, 0, {}),
	C_WORKLOAD(c_select6, "queues after a case that lost", false, 0, {}),
	C_WORKLOAD(c_select7, "partners of all kinds", false, 0, {}),
	C_WORKLOAD(c_cross, "two selects against each other", false, 1,
		   C_ARGS({ "rounds", 1, 1 << 24, 100 })),
	C_WORKLOAD(c_order, "the same channels in opposite orders", false, 1,
		   C_ARGS({ "rounds", 1, 1 << 24, 100 })),
	C_WORKLOAD(c_stale, "many that were claimed elsewhere", false, 2,
		   C_ARGS({ "gs", 1, 100000, 100 }, { "select", 0, 1, 0 })),
	C_WORKLOAD(c_most, "as many cases as may be", false, 1,
		   C_ARGS({ "n", 0, 100, GORT_SELECT_MAX })),
	C_WORKLOAD(c_powser, "power series on demand", false, 2,
		   C_ARGS({ "what", 0, 3, 0 }, { "n", 1, 30, 8 })),
};

static long count(const struct list_head *head)
{
	struct list_head *pos;
	long n = 0;

	list_for_each(pos, head)
		n++;
	return n;
}

/* Cases in both queues of a channel */
long c_k_waiting(void *chan)
{
	struct gort_chan *ch = chan;
	unsigned long flags;
	long n;

	raw_spin_lock_irqsave(&ch->lock, flags);
	n = count(&ch->senders) + count(&ch->receivers);
	raw_spin_unlock_irqrestore(&ch->lock, flags);
	return n;
}

static int irq_select(struct c_irq *c)
{
	u64 got;
	struct gort_case cases[] = {
		GORT_CASE_SEND(&c->a, &c->next),
		GORT_CASE_RECV(&c->b, &got),
	};
	int ret = gort_tryselect(cases, 2);

	if (ret == 0)
		c->next++;
	else if (ret == 1)
		c->sum += got;
	return min(ret, 0);
}

/* Waits in none of them, though a lock tells nobody here that it can't. */
static int irq_wait(struct c_irq *c)
{
	struct gort_case one[] = { GORT_CASE_RECV(&c->a, NULL) };
	u64 got;

	if (gort_send(&c->a, 1) != -EPERM ||
	    gort_recv(&c->a, &got) != -EPERM ||
	    gort_select(one, 1) != -EPERM)
		return -EPROTO;
	return 0;
}

static int irq_do(struct c_irq *c)
{
	u64 got;
	int ret;

	switch (c->what) {
	case C_IRQ_SEND:
		ret = gort_trysend(&c->a, c->next);
		c->next += !ret;
		return ret;
	case C_IRQ_RECV:
		ret = gort_tryrecv(&c->b, &got);
		c->sum += ret ? 0 : got;
		return ret;
	case C_IRQ_SELECT:
		return irq_select(c);
	case C_IRQ_CLOSE:
		return gort_close(&c->a);
	default:
		return irq_wait(c);
	}
}

static enum hrtimer_restart irq_fn(struct hrtimer *timer)
{
	struct c_irq *c = container_of(timer, struct c_irq, timer);
	int ret = irq_do(c);

	c->hard &= !!in_hardirq();
	if (!ret)
		c->ok++;
	else if (ret == -EAGAIN)
		c->busy++;
	else
		c->err = ret;
	if (!ret && !--c->left)
		return HRTIMER_NORESTART;
	if (ret && ret != -EAGAIN)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(c->delay_ns));
	return HRTIMER_RESTART;
}

long c_k_irq_begin(void *irq)
{
	struct c_irq *c = irq;

	c->hard = true;
	hrtimer_setup(&c->timer, irq_fn, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);
	hrtimer_start(&c->timer, ns_to_ktime(c->delay_ns),
		      HRTIMER_MODE_REL_HARD);
	return 0;
}

long c_k_irq_end(void *irq)
{
	struct c_irq *c = irq;

	hrtimer_cancel(&c->timer);
	return 0;
}

/* Not on a G's own stack: refused, if it is called by gort_call(). */
long c_k_wait_here(void *chan)
{
	union u64s *c = chan;
	u64 got;

	return gort_recv(c, &got);
}

static int ext_init(const struct c_cmd *cmd)
{
	int i, err = 0;

	for (i = 0; i < 2; i++) {
		gort_chan_fini(&c_ext[i]);
		/* so that it can be used anyhow */
		c_ext[i] = (union u64s)GORT_CHAN_INIT(c_ext[i]);
	}
	for (i = 0; i < 2 && !err; i++)
		err = gort_chan_init(&c_ext[i], cmd->cap);
	return err;
}

static int ext_select(struct c_cmd *cmd)
{
	u64 got = 0;
	struct gort_case cases[] = {
		GORT_CASE_SEND(&c_ext[0], &cmd->value),
		GORT_CASE_RECV(&c_ext[1], &got),
	};
	int ret = gort_select_until(cases, 2, cmd->deadline_ns);

	if (ret >= 0)
		cmd->err = cases[ret].err;
	if (ret == 1)
		cmd->value = got;
	return ret;
}

static DEFINE_SPINLOCK(atomic_lock);

static void atomic_begin(unsigned int what)
{
	switch (what) {
	case C_ATOMIC_SPIN:
		spin_lock(&atomic_lock);
		__release(&atomic_lock); /* not for sparse */
		break;
	case C_ATOMIC_IRQ:
		local_irq_disable();
		break;
	case C_ATOMIC_BH:
		local_bh_disable();
		break;
	default:
		rcu_read_lock();
		__release(RCU);
	}
}

static void atomic_end(unsigned int what)
{
	switch (what) {
	case C_ATOMIC_SPIN:
		__acquire(&atomic_lock);
		spin_unlock(&atomic_lock);
		break;
	case C_ATOMIC_IRQ:
		local_irq_enable();
		break;
	case C_ATOMIC_BH:
		local_bh_enable();
		break;
	default:
		__acquire(RCU);
		rcu_read_unlock();
	}
}

/* What would wait is refused, what tries is not. */
static int ext_atomic(const struct c_cmd *cmd)
{
	struct gort_case one[] = { GORT_CASE_RECV(&c_ext[0], NULL) };
	int err[4];
	u64 got;

	atomic_begin(cmd->chan);
	err[0] = gort_send(&c_ext[0], 1);
	err[1] = gort_recv_until(&c_ext[0], &got, 0);
	err[2] = gort_select(one, 1);
	err[3] = gort_tryrecv(&c_ext[0], &got);
	atomic_end(cmd->chan);
	if (err[1] != err[0] || err[2] != err[0] || err[3] != -EAGAIN)
		return -EPROTO;
	return err[0];
}

static long ext_do(unsigned int nr, struct c_cmd *cmd)
{
	union u64s *c = &c_ext[cmd->chan & 1];
	u64 got = 0;
	long ret;

	switch (nr) {
	case C_IOC_INIT:
		return ext_init(cmd);
	case C_IOC_SEND:
		return gort_send_until(c, cmd->value, cmd->deadline_ns);
	case C_IOC_RECV:
		ret = gort_recv_until(c, &got, cmd->deadline_ns);
		break;
	case C_IOC_TRYSEND:
		return gort_trysend(c, cmd->value);
	case C_IOC_TRYRECV:
		ret = gort_tryrecv(c, &got);
		break;
	case C_IOC_SELECT:
		return ext_select(cmd);
	case C_IOC_CLOSE:
		return gort_close(c);
	case C_IOC_WAITING:
		return c_k_waiting(&c_ext[0]) + c_k_waiting(&c_ext[1]);
	case C_IOC_ATOMIC:
		return ext_atomic(cmd);
	case C_IOC_LEN:
		return gort_chan_len(c);
	default:
		return -ENOTTY;
	}
	cmd->value = got;
	return ret;
}

static long ext_ioctl(struct file *file, unsigned int nr, unsigned long arg)
{
	struct c_cmd cmd;
	long ret;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;
	ret = ext_do(nr, &cmd);
	if (copy_to_user((void __user *)arg, &cmd, sizeof(cmd)))
		return -EFAULT;
	return ret;
}

static const struct file_operations ext_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ext_ioctl,
};

static struct miscdevice ext_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "gort_test_chan",
	.fops = &ext_fops,
	.mode = 0600,
};

static void c_unregister(unsigned int n)
{
	while (n--)
		gort_workload_unregister(&c_workloads[n]);
}

static int __init c_init(void)
{
	unsigned int n;
	int err = 0;

	c_ext[0] = (union u64s)GORT_CHAN_INIT(c_ext[0]);
	c_ext[1] = (union u64s)GORT_CHAN_INIT(c_ext[1]);
	for (n = 0; n < ARRAY_SIZE(c_workloads) && !err; n++)
		err = gort_workload_register(&c_workloads[n]);
	if (err) {
		c_unregister(n - 1);
		return err;
	}
	err = misc_register(&ext_dev);
	if (err)
		c_unregister(n);
	return err;
}

/* Tasks and open files pin the module: nobody uses the channels any more. */
static void __exit c_exit(void)
{
	misc_deregister(&ext_dev);
	c_unregister(ARRAY_SIZE(c_workloads));
	gort_chan_fini(&c_ext[0]);
	gort_chan_fini(&c_ext[1]);
}

module_init(c_init);
module_exit(c_exit);
MODULE_DESCRIPTION("Workloads for the tests of gort's channels");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
