// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/gort: what include/uapi/linux/gort.h describes.
 *
 * Everything that comes from user space is copied once and checked here, in one
 * order for all commands: size, the structure's bytes, flags and padding, then
 * what the command is about. Results are written back no longer than the
 * caller's structure is; a command with an effect makes sure first that it can
 * write at all, so that EFAULT changes nothing.
 *
 * A ring (io_uring) gives the same commands, by the same function. It tries each
 * on the caller's own thread first, where it must not wait for long: @nowait, and
 * -EAGAIN instead. Then a worker of the ring gives it again and may wait, until a
 * signal tells it that somebody cancelled the command, or has left the ring. So
 * no command is ever pending in here. A submit that finds the file full is tried
 * twice, too: it is the same errno.
 *
 * Rejected: one command for each task, which ends with the task. Before 6.7 such
 * a command can't be cancelled; a program that ends, or another one that is
 * executed, would wait for as long as its tasks please.
 */

#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/memcontrol.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "gort.h"
#include "gort_task.h"

static_assert(sizeof(struct gort_info) == GORT_INFO_SIZE_VER0);
static_assert(sizeof(struct gort_workload_info) == GORT_WORKLOAD_INFO_SIZE_VER0);
/* Tasks that are accepted before anybody else may have the CPU */
#define SUBMIT_BATCH	32

static_assert(sizeof(struct gort_submit) == GORT_SUBMIT_SIZE_VER0);
static_assert(sizeof(struct gort_wait) == GORT_WAIT_SIZE_VER0);
static_assert(sizeof(struct gort_cancel) == GORT_CANCEL_SIZE_VER0);
static_assert(sizeof(struct gort_reap) == GORT_REAP_SIZE_VER0);
static_assert(sizeof(struct gort_bpf_run) == GORT_BPF_RUN_SIZE_VER0);
static_assert(sizeof(struct gort_stats) == GORT_STATS_SIZE_VER1);
static_assert(sizeof(struct gort_completion) == 48);
static_assert(sizeof(struct gort_task_desc) == 48);

/*
 * Copy a structure of the size that its first field says; @dst is one that
 * starts with that field too and afterwards says how much to write back.
 */
static int copy_in(void *dst, size_t ksize, size_t ver0, void __user *arg)
{
	u32 size;
	int err;

	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size < ver0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(dst, ksize, arg, size);
	if (err)
		return err;
	*(u32 *)dst = size; /* it may have changed meanwhile */
	return 0;
}

static int copy_out(void __user *arg, const void *src, size_t ksize)
{
	size_t size = min_t(size_t, *(const u32 *)src, ksize);

	return copy_to_user(arg, src, size) ? -EFAULT : 0;
}

static long gort_ioc_info(struct gort_file *f, void __user *arg)
{
	struct gort_info i;
	int err = copy_in(&i, sizeof(i), GORT_INFO_SIZE_VER0, arg);

	if (err)
		return err;
	if (i.pad)
		return -EINVAL;
	i.abi_version = GORT_ABI_VERSION;
	i.nr_workloads = gort_workload_count();
	i.nr_procs = READ_ONCE(gort_sched.nactive);
	i.slice_ns = READ_ONCE(gort_slice_us) * 1000ULL;
	i.max_tasks_file = f->max_tasks;
	i.max_tasks_total = READ_ONCE(gort_max_tasks);
	spin_lock(&f->lock);
	i.tasks_file = f->nr_running + f->nr_done;
	spin_unlock(&f->lock);
	i.tasks_total = atomic_read(&gort_sched.nr_gs);
	i.stack_max = gort_stack_max;
	i.max_batch = GORT_MAX_BATCH;
	return copy_out(arg, &i, sizeof(i));
}

static long gort_ioc_workload(struct gort_file *f, void __user *arg)
{
	struct gort_workload_info in, out = {};
	int err = copy_in(&in, sizeof(in), GORT_WORKLOAD_INFO_SIZE_VER0, arg);

	if (err)
		return err;
	out.size = in.size;
	out.index = in.index;
	err = gort_workload_info(in.index, &out);
	return err ?: copy_out(arg, &out, sizeof(out));
}

/* Accept tasks up to the first that fails; its errno is in @s->error. */
static int submit_batch(struct gort_file *f, struct gort_submit *s, bool nowait)
{
	struct gort_task_desc __user *tasks = u64_to_user_ptr(s->tasks);
	struct gort_task_desc d;
	int err = 0;
	u64 id;

	if (nowait && !mutex_trylock(&f->submit))
		return -EAGAIN;
	if (!nowait && mutex_lock_interruptible(&f->submit))
		return -ERESTARTSYS;
	for (; s->submitted < s->count; s->submitted++) {
		if (copy_from_user(&d, &tasks[s->submitted], sizeof(d)))
			err = -EFAULT;
		else
			err = gort_file_submit(f, &d, &id);
		if (err)
			break;
		if (!s->submitted)
			s->first_id = id;
		/* not after each: the M that was woken then finds several */
		if (s->submitted % SUBMIT_BATCH == SUBMIT_BATCH - 1)
			cond_resched();
	}
	mutex_unlock(&f->submit);
	s->error = -err;
	return 0;
}

static long gort_ioc_submit(struct gort_file *f, void __user *arg, bool nowait)
{
	struct gort_submit s;
	int err = copy_in(&s, sizeof(s), GORT_SUBMIT_SIZE_VER0, arg);

	if (err)
		return err;
	if (s.flags || !s.count || s.count > GORT_MAX_BATCH ||
	    s.task_size != sizeof(struct gort_task_desc))
		return -EINVAL;
	s.submitted = 0;
	s.error = 0;
	s.first_id = 0;
	err = copy_out(arg, &s, sizeof(s));
	if (err)
		return err;
	err = submit_batch(f, &s, nowait);
	if (err)
		return err;
	err = copy_out(arg, &s, sizeof(s));
	return s.submitted ? err : -(int)s.error;
}

static long gort_ioc_bpf(struct gort_file *f, void __user *arg, bool nowait)
{
	struct gort_bpf_run b;
	int err = copy_in(&b, sizeof(b), GORT_BPF_RUN_SIZE_VER0, arg);

	if (err)
		return err;
	b.id = 0;
	err = copy_out(arg, &b, sizeof(b));
	if (err)
		return err;
	if (nowait && !mutex_trylock(&f->submit))
		return -EAGAIN;
	if (!nowait && mutex_lock_interruptible(&f->submit))
		return -ERESTARTSYS;
	err = gort_bpf_submit(f, &b);
	mutex_unlock(&f->submit);
	return err ?: copy_out(arg, &b, sizeof(b));
}

static bool enough(struct gort_file *f, u32 min)
{
	return !READ_ONCE(f->nr_running) ||
	       (min && READ_ONCE(f->nr_done) >= min);
}

/**
 * struct waiter - who waits for tasks to complete
 * @entry: in the wait queue of the file's context
 * @f: the file; I
 * @min: how many are enough(); I
 */
struct waiter {
	struct wait_queue_entry entry;
	struct gort_file *f;
	u32 min;
};

/* A completion, which comes with a @key, wakes those for whom it is enough. */
static int wake_waiter(struct wait_queue_entry *entry, unsigned int mode,
		       int sync, void *key)
{
	struct waiter *w = container_of(entry, struct waiter, entry);

	if (key && !enough(w->f, w->min))
		return 0;
	return autoremove_wake_function(entry, mode, sync, key);
}

/*
 * Wait until enough() or @deadline; interruptible. A deadlock is looked for
 * first: what completed before everybody fell asleep is enough.
 */
static int wait_enough(struct gort_file *f, u32 min, u64 deadline_ns,
		       bool nowait)
{
	ktime_t deadline = ns_to_ktime(min_t(u64, deadline_ns, KTIME_MAX));
	struct waiter w = { .f = f, .min = min };
	bool dead;
	int err;

	init_wait(&w.entry);
	w.entry.func = wake_waiter;
	for (;;) {
		prepare_to_wait(&f->ctx->wait, &w.entry, TASK_INTERRUPTIBLE);
		dead = gort_checkdead(f->ctx);
		err = 0;
		if (enough(f, min))
			break;
		err = -EDEADLK;
		if (dead)
			break;
		err = -ERESTARTSYS; /* a ring's own work looks like a signal */
		if (!nowait && signal_pending(current))
			break;
		err = -ETIME;
		if (deadline_ns != GORT_WAIT_FOREVER &&
		    ktime_compare(ktime_get(), deadline) >= 0)
			break;
		err = -EAGAIN;
		if (nowait)
			break;
		if (deadline_ns == GORT_WAIT_FOREVER)
			schedule();
		else
			schedule_hrtimeout(&deadline, HRTIMER_MODE_ABS);
	}
	finish_wait(&f->ctx->wait, &w.entry);
	if (err == -EDEADLK)
		gort_report_dead(f->ctx);
	return err;
}

static long gort_ioc_wait(struct gort_file *f, void __user *arg, bool nowait)
{
	struct gort_wait w;
	int err = copy_in(&w, sizeof(w), GORT_WAIT_SIZE_VER0, arg);

	if (err)
		return err;
	if (w.flags || w.pad)
		return -EINVAL;
	err = wait_enough(f, w.min_complete, w.deadline_ns, nowait);
	if (err == -ERESTARTSYS || err == -EAGAIN)
		return err;
	spin_lock(&f->lock);
	w.completed = f->nr_done;
	w.running = f->nr_running;
	spin_unlock(&f->lock);
	return copy_out(arg, &w, sizeof(w)) ?: err;
}

static long gort_ioc_cancel(struct gort_file *f, void __user *arg)
{
	struct gort_cancel c;
	int err = copy_in(&c, sizeof(c), GORT_CANCEL_SIZE_VER0, arg);

	if (err)
		return err;
	if (c.flags & ~GORT_CANCEL_ALL || (c.flags & GORT_CANCEL_ALL && c.id))
		return -EINVAL;
	c.cancelled = 0;
	err = copy_out(arg, &c, sizeof(c));
	if (err)
		return err;
	if (c.flags & GORT_CANCEL_ALL) {
		c.cancelled = gort_file_cancel_all(f);
	} else {
		err = gort_file_cancel(f, c.id);
		if (err)
			return err;
		c.cancelled = 1;
	}
	return copy_out(arg, &c, sizeof(c));
}

/* All counters are u64 and come after the first four fields. */
static void stats_add(struct gort_stats *sum, const struct gort_stats *s)
{
	const u64 *from = &s->requested;
	u64 *to = &sum->requested;
	size_t i, n;

	n = (sizeof(*s) - offsetof(struct gort_stats, requested)) / sizeof(u64);
	for (i = 0; i < n; i++)
		to[i] += gort_peek(from[i]);
}

static void p_stats_add(struct gort_stats *sum, const struct gort_p *p)
{
	stats_add(sum, &p->stats);
	sum->threads += gort_peek(p->nms);
}

/**
 * gort_read_stats() - counters since the module was loaded
 * @cpu: the P of this CPU, or GORT_STATS_ALL
 * @st: filled in, but for its @size; none of it is exact while Gs run
 *
 * For tests and measurements. The same as GORT_IOC_STATS.
 *
 * Context: process.
 * Return: 0, or -ENXIO if there is no such CPU.
 */
int gort_read_stats(u32 cpu, struct gort_stats *st)
{
	unsigned int i;

	if (cpu != GORT_STATS_ALL) {
		if (cpu >= nr_cpu_ids)
			return -ENXIO;
		cpu = array_index_nospec(cpu, nr_cpu_ids);
		if (!cpu_possible(cpu))
			return -ENXIO;
	}
	*st = (struct gort_stats){ .cpu = cpu };
	for_each_possible_cpu(i)
		if (cpu == GORT_STATS_ALL || cpu == i)
			p_stats_add(st, gort_p_of(i));
	if (cpu == GORT_STATS_ALL) {
		stats_add(st, &gort_sched.stats);
		st->stop_median_ns = gort_stw_median();
		gort_heap_stats(st);
	}
	st->guard_bytes = GORT_GUARD;
	st->guard_used = gort_guard_used();
	return 0;
}
EXPORT_SYMBOL_GORT(gort_read_stats);

static long gort_ioc_stats(struct gort_file *f, void __user *arg)
{
	struct gort_stats in, out;
	int err = copy_in(&in, sizeof(in), GORT_STATS_SIZE_VER0, arg);

	if (err)
		return err;
	if (in.flags || in.pad)
		return -EINVAL;
	err = gort_read_stats(in.cpu, &out);
	if (err)
		return err;
	out.size = in.size;
	return copy_out(arg, &out, sizeof(out));
}

/* Copy completions to user space; whole ones, and none is lost on a fault. */
static ssize_t read_some(struct gort_file *f, struct iov_iter *to)
{
	struct gort_task *t;
	size_t n = 0, len;

	while (iov_iter_count(to) >= sizeof(t->c)) {
		t = gort_file_take(f);
		if (!t)
			break;
		len = copy_to_iter(&t->c, sizeof(t->c), to);
		if (len != sizeof(t->c)) {
			iov_iter_revert(to, len);
			gort_file_untake(f, t);
			return n ?: -EFAULT;
		}
		gort_task_delivered(t);
		n += sizeof(t->c);
		cond_resched();
	}
	return n;
}

/*
 * Wait, then read what there is: @r says how much, and gets how much it was. If
 * others have read it all meanwhile, wait again.
 */
static int reap(struct gort_file *f, struct gort_reap *r, struct iov_iter *to,
		bool nowait)
{
	bool running;
	int err = 0;
	ssize_t n;

	do {
		if (r->min_complete)
			err = wait_enough(f, r->min_complete, r->deadline_ns,
					  nowait);
		if (err == -EAGAIN)
			return err;
		running = READ_ONCE(f->nr_running);
		smp_rmb(); /* pairs with f->lock in task_done() */
		n = read_some(f, to);
	} while (!n && !err && r->min_complete && running);
	if (n < 0)
		return n;
	r->completed = n / sizeof(struct gort_completion);
	r->running = READ_ONCE(f->nr_running);
	return n ? 0 : err;
}

static long gort_ioc_reap(struct gort_file *f, void __user *arg, bool nowait)
{
	struct iov_iter to;
	struct gort_reap r;
	int err = copy_in(&r, sizeof(r), GORT_REAP_SIZE_VER0, arg);

	if (err)
		return err;
	if (r.flags || r.pad || !r.count || r.count > GORT_MAX_BATCH)
		return -EINVAL;
	r.completed = 0;
	r.running = 0;
	err = copy_out(arg, &r, sizeof(r));
	if (err)
		return err;
	iov_iter_ubuf(&to, READ, u64_to_user_ptr(r.completions),
		      r.count * sizeof(struct gort_completion));
	err = reap(f, &r, &to, nowait);
	return copy_out(arg, &r, sizeof(r)) ?: err;
}

/* A command, from whichever side it comes. @nowait: rather -EAGAIN than wait */
static long command(struct gort_file *f, unsigned int cmd, void __user *arg,
		    bool nowait)
{
	switch (cmd) {
	case GORT_IOC_INFO:
		return gort_ioc_info(f, arg);
	case GORT_IOC_WORKLOAD:
		return gort_ioc_workload(f, arg);
	case GORT_IOC_SUBMIT:
		return gort_ioc_submit(f, arg, nowait);
	case GORT_IOC_WAIT:
		return gort_ioc_wait(f, arg, nowait);
	case GORT_IOC_CANCEL:
		return gort_ioc_cancel(f, arg);
	case GORT_IOC_STATS:
		return gort_ioc_stats(f, arg);
	case GORT_IOC_REAP:
		return gort_ioc_reap(f, arg, nowait);
	case GORT_IOC_BPF:
		return gort_ioc_bpf(f, arg, nowait);
	default:
		return -ENOTTY;
	}
}

static long gort_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return command(file->private_data, cmd, (void __user *)arg, false);
}

static int gort_uring_cmd(struct io_uring_cmd *c, unsigned int issue_flags)
{
	const struct {
		u64 addr;
		u64 zero;
	} *sqe = gort_uring_payload(c);
	u64 addr = READ_ONCE(sqe->addr); /* the ring is shared with the user */
	long ret;

	if (READ_ONCE(sqe->zero))
		return -EINVAL;
	ret = command(c->file->private_data, c->cmd_op, u64_to_user_ptr(addr),
		      issue_flags & IO_URING_F_NONBLOCK);
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

static ssize_t gort_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct gort_file *f = file->private_data;
	ssize_t n;
	int err;

	if (iov_iter_count(to) < sizeof(struct gort_completion))
		return -EINVAL;
	for (;;) {
		/* before looking: what ends after this is not missed */
		bool running = READ_ONCE(f->nr_running);

		smp_rmb(); /* pairs with f->lock in task_done() */
		n = read_some(f, to);
		if (n || !running)
			return n;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_enough(f, 1, GORT_WAIT_FOREVER,
				  iocb->ki_flags & IOCB_NOWAIT);
		if (err)
			return err;
	}
}

static __poll_t gort_dev_poll(struct file *file, poll_table *pt)
{
	struct gort_file *f = file->private_data;
	__poll_t mask = 0;
	bool dead;

	poll_wait(file, &f->ctx->wait, pt);
	dead = gort_checkdead(f->ctx); /* before it looks for completions */
	spin_lock(&f->lock);
	if (f->nr_done)
		mask |= EPOLLIN | EPOLLRDNORM;
	else if (!f->nr_running)
		mask |= EPOLLRDHUP; /* a ring's read ends, with 0 */
	else if (dead)
		mask |= EPOLLERR;
	if (f->nr_done + f->nr_running < f->max_tasks)
		mask |= EPOLLOUT | EPOLLWRNORM;
	spin_unlock(&f->lock);
	return mask;
}

static int gort_open(struct inode *inode, struct file *file)
{
	struct gort_file *f = gort_file_open();

	if (IS_ERR(f))
		return PTR_ERR(f);
	file->private_data = f;
	file->f_mode |= FMODE_NOWAIT; /* gort_read_iter() knows IOCB_NOWAIT */
	return stream_open(inode, file);
}

static int gort_release(struct inode *inode, struct file *file)
{
	gort_file_close(file->private_data);
	return 0;
}

static const struct file_operations gort_fops = {
	.owner = THIS_MODULE,
	.open = gort_open,
	.release = gort_release,
	.read_iter = gort_read_iter,
	.poll = gort_dev_poll,
	.unlocked_ioctl = gort_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = gort_uring_cmd,
};

/* Is it one of ours? */
bool gort_dev_file(const struct file *file)
{
	return file->f_op == &gort_fops;
}

static struct miscdevice gort_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "gort",
	.fops = &gort_fops,
	.mode = 0600,
};

int gort_dev_init(void)
{
	return gort_try(misc_register(&gort_misc), -ENOMEM);
}

void gort_dev_exit(void)
{
	misc_deregister(&gort_misc);
}
