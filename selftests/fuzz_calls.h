/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls that the fuzzer of /dev/gort makes; fuzz.h tells the rest. */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include <sys/mman.h>
#include <sys/socket.h>

#include "fuzz.h"

#define FZ_DEBUG	"/sys/kernel/debug/gort/"
#define FZ_PARAMS	"/sys/module/gort/parameters/"

/* Descriptors */

static int fz_free_slot(const struct fz *z)
{
	int i;

	for (i = 0; i < FZ_FDS; i++)
		if (z->fd[i] < 0)
			return i;
	return -1;
}

static long fz_open(struct fz *z)
{
	int slot = fz_free_slot(z), i, fd;
	int flags = fz_one_in(z, 4) ? O_NONBLOCK : 0;

	flags |= fz_pick(z, O_RDWR, O_RDWR, O_RDWR, O_RDONLY);
	fd = open(GT_DEV, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (i = 0; i < FZ_FILES && slot >= 0; i++) {
		if (z->file[i].fds)
			continue;
		memset(&z->file[i], 0, sizeof(z->file[i]));
		z->file[i].fds = 1;
		z->fd[slot] = fd;
		z->of[slot] = &z->file[i];
		return 0;
	}
	close(fd); /* with nothing in it */
	return 0;
}

static long fz_dup(struct fz *z)
{
	int from = fz_slot(z), to = fz_free_slot(z), fd = dup(z->fd[from]);

	if (fd < 0)
		return -errno;
	if (to < 0) {
		close(fd);
		return 0;
	}
	z->fd[to] = fd;
	z->of[to] = z->of[from];
	__atomic_fetch_add(&z->of[to]->fds, 1, __ATOMIC_RELAXED);
	return 0;
}

static long fz_close_slot(struct fz *z, int slot)
{
	int ret = close(z->fd[slot]);

	z->fd[slot] = -1;
	__atomic_fetch_sub(&z->of[slot]->fds, 1, __ATOMIC_RELAXED);
	return ret ? -errno : 0;
}

/* With whatever still runs in it, but for the last one */
static long fz_close(struct fz *z)
{
	int slot = fz_slot(z), i;

	for (i = 0; i < FZ_FDS; i++)
		if (i != slot && z->fd[i] >= 0)
			return fz_close_slot(z, slot);
	return 0;
}

/* A child has it too, does something harmless, and goes in some way. */
static long fz_fork(struct fz *z)
{
	int fd = z->fd[fz_slot(z)], how = fz_draw(z, 3);
	pid_t pid = gt_fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		gt_cancel_all(fd, NULL);
		if (how == 1)
			raise(SIGKILL);
		if (how == 2)
			execl("/bin/true", "true", NULL);
		_exit(0);
	}
	gt_reap(pid);
	return 0;
}

/* On its way through a socket, which it may not come out of */
static long fz_pass(struct fz *z)
{
	int fd = z->fd[fz_slot(z)], pair[2], n = 1 + fz_draw(z, 3), i;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return -errno;
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	for (i = 0; i < n; i++)
		sendmsg(pair[0], &msg, MSG_DONTWAIT);
	if (fz_one_in(z, 2) && recvmsg(pair[1], &msg, MSG_DONTWAIT) == 1) {
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
		close(fd);
	}
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static long fz_nonblock(struct fz *z)
{
	int fd = z->fd[fz_slot(z)];

	return fcntl(fd, F_SETFL, fz_one_in(z, 2) ? O_NONBLOCK : 0) ? -errno : 0;
}

/* Commands */

/* By a ring, and somebody may want it back before it has ended. */
static long fz_ring_command(struct fz *z, int fd, unsigned int cmd, void *arg)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&z->ring);
	struct __kernel_timespec patience = {
		.tv_sec = GT_PATIENCE / GT_NSEC_PER_SEC,
	};
	bool cancel = fz_one_in(z, 8);
	struct io_uring_cqe *cqe;
	long ret = -ENODATA;
	int left = 1 + cancel, n;
	__u64 *cmds;

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = cmd;
	sqe->user_data = 1;
	cmds = (__u64 *)sqe->cmd;
	cmds[0] = (uintptr_t)arg;
	cmds[1] = fz_one_in(z, 16) ? fz_odd(z) : 0;
	if (fz_one_in(z, 8))
		sqe->flags |= IOSQE_ASYNC;
	if (cancel) {
		sqe = io_uring_get_sqe(&z->ring);
		io_uring_prep_cancel64(sqe, 1, 0);
		sqe->user_data = 2;
	}
	do {
		n = io_uring_submit(&z->ring);
	} while (n == -EINTR);
	if (n != left) {
		fz_bad(z, "%d of the ring's %d commands were taken", n, left);
		return -ENODATA;
	}
	while (left) {
		int err = io_uring_wait_cqe_timeout(&z->ring, &cqe, &patience);

		if (err == -EINTR)
			continue;
		if (err) {
			fz_bad(z, "a ring's command never ended");
			return ret;
		}
		if (cqe->user_data == 1)
			ret = cqe->res;
		io_uring_cqe_seen(&z->ring, cqe);
		left--;
	}
	return ret;
}

/*
 * Gives a command with this structure, or what becomes of it, and reads it back.
 * Its first field is its size. If there is something @wrong with it, it is to be
 * refused.
 */
static long fz_command(struct fz *z, int slot, unsigned int cmd, void *arg,
		       size_t known, bool wrong)
{
	__u32 size = known, keep;
	bool shut = fz_one_in(z, 32);
	void *at;
	long ret;

	/* this one has grown since it was published */
	if (cmd == GORT_IOC_STATS && fz_one_in(z, 2))
		size = GORT_STATS_SIZE_VER0;
	if (fz_one_in(z, 8))
		size = fz_pick(z, 0, 1, known - 8, known - 1, known + 1, known + 8,
			       known + 64, 4096, 4097, fz_odd(z));
	*(__u32 *)arg = size;
	fz_area_fill(&z->arg, 0);
	keep = size < known ? size : known;
	at = fz_place(z, &z->arg, size > z->arg.len ? known : size);
	if (size > known && fz_one_in(z, 4))
		z->arg.base[z->arg.len - 1] = 1;
	if (fz_inside(&z->arg, at, keep < 4 ? 4 : keep))
		memcpy(at, arg, keep < 4 ? 4 : keep);
	fz_area_keep(&z->arg);
	if (shut)
		mprotect(z->arg.base, z->arg.len, PROT_READ);
	z->by_ring = fz_one_in(z, 3);
	if (z->by_ring)
		ret = fz_ring_command(z, z->fd[slot], cmd, at);
	else
		ret = ioctl(z->fd[slot], cmd, at) ? -errno : 0;
	if (shut)
		mprotect(z->arg.base, z->arg.len, PROT_READ | PROT_WRITE);
	z->ret = ret;
	if (ret > 0)
		fz_bad(z, "returned %ld", ret);
	if (wrong && (!ret || ret == -ETIME))
		fz_bad(z, "not refused");
	fz_area_look(z, &z->arg, at, keep);
	if (fz_inside(&z->arg, at, keep))
		memcpy(arg, at, keep);
	return ret;
}

static long fz_info(struct fz *z)
{
	struct gort_info a = { .pad = fz_one_in(z, 16) ? fz_odd(z) : 0 };

	return fz_command(z, fz_slot(z), GORT_IOC_INFO, &a, sizeof(a), a.pad);
}

static long fz_workload(struct fz *z)
{
	struct gort_workload_info a = {
		.index = fz_one_in(z, 8) ? fz_odd(z) : fz_draw(z, 16),
	};

	return fz_command(z, fz_slot(z), GORT_IOC_WORKLOAD, &a, sizeof(a), false);
}

/* Small, or not allowed */
static __u64 fz_arg(struct fz *z, const struct gort_arg_info *a)
{
	__u64 most = !strcmp(a->name, "ns") ? 2000000 :
		     !strcmp(a->name, "n") ? 14 :
		     !strcmp(a->name, "depth") || !strcmp(a->name, "fanout") ? 4 :
		     64;

	if (fz_one_in(z, 24) && a->max != ~0ULL)
		return a->max + 1;
	if (most > a->max)
		most = a->max;
	return a->min + fz_draw(z, most - a->min + 1);
}

static void fz_task(struct fz *z, struct gort_task_desc *t)
{
	const struct gort_workload_info *w;
	unsigned int i;

	w = &z->workload[fz_draw(z, z->nr_workloads)];
	memset(t, 0, sizeof(*t));
	t->workload = fz_one_in(z, 64) ? fz_odd(z) : w->id;
	t->flags = fz_one_in(z, 64) ? fz_odd(z) : 0;
	t->user_data = fz_next(z);
	for (i = 0; i < w->nr_args; i++)
		t->args[i] = fz_arg(z, &w->args[i]);
	/* long enough that somebody finds it at its work */
	if (!strcmp(w->name, "sleep") && fz_one_in(z, 8)) {
		t->args[0] = 500000000;
		t->args[1] = 1;
	}
	if (fz_one_in(z, 64))
		t->args[GORT_MAX_ARGS - 1] = fz_odd(z);
}

static long fz_submit(struct fz *z)
{
	struct gort_task_desc *t;
	struct gort_submit a = {
		.count = 1 + fz_draw(z, 24), .task_size = sizeof(*t),
	};
	int slot = fz_slot(z);
	__u32 i, count;
	long ret;

	a.flags = fz_one_in(z, 32) ? fz_odd(z) : 0;
	count = a.count;
	if (fz_one_in(z, 16))
		a.count = fz_odd(z);
	if (fz_one_in(z, 32))
		a.task_size = fz_odd(z);
	fz_area_fill(&z->in, 0xff);
	t = fz_place(z, &z->in, count * sizeof(*t));
	for (i = 0; i < count; i++) {
		struct gort_task_desc one;

		fz_task(z, &one);
		if (fz_inside(&z->in, &t[i], sizeof(one)))
			memcpy(&t[i], &one, sizeof(one));
	}
	fz_area_keep(&z->in);
	a.tasks = (uintptr_t)t;
	ret = fz_command(z, slot, GORT_IOC_SUBMIT, &a, sizeof(a),
			 a.flags || !a.count || a.count > GORT_MAX_BATCH ||
			 a.task_size != sizeof(*t));
	fz_area_look(z, &z->in, z->in.base, 0);
	if (ret)
		return ret;
	if (!a.submitted || a.submitted > a.count)
		fz_bad(z, "%u of %u accepted", a.submitted, a.count);
	if (a.submitted < a.count && !fz_may(z->now, a.error))
		fz_bad(z, "the next one was refused for %u", a.error);
	if (a.submitted == a.count && a.error)
		fz_bad(z, "all accepted, and error %u", a.error);
	fz_accepted(z->of[slot], a.submitted);
	return 0;
}

static __u64 fz_deadline(struct fz *z)
{
	unsigned int how = fz_draw(z, 8);
	__u64 ns = fz_draw(z, 5000000);

	if (how == 0)
		return GORT_WAIT_FOREVER;
	if (how == 1)
		return fz_odd(z);
	return how < 4 ? 0 : gt_now() + ns;
}

static __u32 fz_min(struct fz *z)
{
	return fz_one_in(z, 8) ? fz_odd(z) : fz_draw(z, 8);
}

static long fz_wait(struct fz *z)
{
	struct gort_wait a = {
		.flags = fz_one_in(z, 32) ? fz_odd(z) : 0,
		.pad = fz_one_in(z, 32) ? fz_odd(z) : 0,
		.min_complete = fz_min(z), .deadline_ns = fz_deadline(z),
	};

	return fz_command(z, fz_slot(z), GORT_IOC_WAIT, &a, sizeof(a),
			  a.flags || a.pad);
}

static long fz_cancel(struct fz *z)
{
	int slot = fz_slot(z);
	__u64 recent = z->of[slot]->accepted;
	struct gort_cancel a = {
		.flags = fz_pick(z, 0, 0, 0, 0, 0, 0, GORT_CANCEL_ALL, fz_odd(z)),
	};

	a.id = a.flags && !fz_one_in(z, 4) ? 0 :
	       fz_one_in(z, 8) ? fz_odd(z) : recent - fz_draw(z, 8);
	return fz_command(z, slot, GORT_IOC_CANCEL, &a, sizeof(a),
			  a.flags & ~GORT_CANCEL_ALL || (a.flags && a.id));
}

static long fz_stats(struct fz *z)
{
	struct gort_stats a = {
		.flags = fz_one_in(z, 32) ? fz_odd(z) : 0,
		.cpu = fz_pick(z, GORT_STATS_ALL, 0, 1, fz_odd(z)),
		.pad = fz_one_in(z, 32) ? fz_odd(z) : 0,
	};

	return fz_command(z, fz_slot(z), GORT_IOC_STATS, &a, sizeof(a),
			  a.flags || a.pad);
}

/* @n were read; unless that was all, one more may have been begun. */
static void fz_records_look(struct fz *z, const struct gort_completion *c, size_t n,
			    bool all)
{
	fz_area_look(z, &z->out, c, (all ? n : n + 1) * sizeof(*c));
}

static long fz_reap(struct fz *z)
{
	struct gort_reap a = {
		.flags = fz_one_in(z, 32) ? fz_odd(z) : 0,
		.count = fz_one_in(z, 8) ? fz_odd(z) : 1 + fz_draw(z, 16),
		.min_complete = fz_min(z), .deadline_ns = fz_deadline(z),
		.pad = fz_one_in(z, 32) ? fz_odd(z) : 0,
	};
	int slot = fz_slot(z);
	struct gort_completion *c;
	size_t room = a.count * sizeof(*c);
	long ret;

	fz_area_fill(&z->out, 0x5a);
	fz_area_keep(&z->out);
	c = fz_place(z, &z->out, room < z->out.len ? room : z->out.len);
	a.completions = (uintptr_t)c;
	ret = fz_command(z, slot, GORT_IOC_REAP, &a, sizeof(a), a.flags || a.pad ||
			 !a.count || a.count > GORT_MAX_BATCH);
	if (ret) {
		fz_records_look(z, c, 0, ret != -EFAULT);
		return ret;
	}
	if (a.completed > a.count)
		fz_bad(z, "%u completions, asked for %u", a.completed, a.count);
	fz_records_look(z, c, a.completed, a.completed == a.count);
	if (fz_inside(&z->out, c, a.completed * sizeof(*c)))
		fz_completed(z, z->of[slot], c, a.completed);
	return 0;
}

static long fz_unknown(struct fz *z)
{
	unsigned int nr = fz_draw(z, 256), size = fz_draw(z, 1 << 14);
	unsigned int dir = fz_draw(z, 4);

	if ((nr <= _IOC_NR(GORT_IOC_REAP) || nr == _IOC_NR(GORT_IOC_BPF)) &&
	    !size && !dir)
		nr = 200;
	return ioctl(z->fd[fz_slot(z)], _IOC(dir, GORT_IOC_MAGIC, nr, size),
		     fz_pick(z, 0, (uintptr_t)z->arg.base, fz_odd(z))) ? -errno : 0;
}

/* Calls on files */

static long fz_read(struct fz *z)
{
	size_t len = fz_one_in(z, 8) ? fz_odd(z) : fz_draw(z, 1000);
	int slot = fz_slot(z);
	struct gort_completion *c;
	ssize_t n;

	fz_area_fill(&z->out, 0x5a);
	fz_area_keep(&z->out);
	c = fz_place(z, &z->out, len < z->out.len ? len : z->out.len);
	n = read(z->fd[slot], c, len);
	if (n < 0) {
		n = -errno;
		fz_records_look(z, c, 0, n != -EFAULT);
		return n;
	}
	if (n % sizeof(*c) || (size_t)n > len)
		fz_bad(z, "%zd bytes, asked for %zu", n, len);
	fz_records_look(z, c, n / sizeof(*c), n + sizeof(*c) > len);
	if (fz_inside(&z->out, c, n))
		fz_completed(z, z->of[slot], c, n / sizeof(*c));
	return 0;
}

static long fz_poll(struct fz *z)
{
	struct pollfd p = {
		.fd = z->fd[fz_slot(z)], .events = fz_odd(z),
	};
	int n = poll(&p, 1, fz_draw(z, 4));

	if (n < 0)
		return -errno;
	if (p.revents & ~(p.events | POLLERR | POLLHUP))
		fz_bad(z, "asked for %#x, got %#x", p.events, p.revents);
	return 0;
}

/* It may be closed before the descriptor that it watches, or after. */
static long fz_epoll(struct fz *z)
{
	struct epoll_event e = { .events = fz_odd(z) & ~EPOLLEXCLUSIVE };
	int ep = epoll_create1(EPOLL_CLOEXEC), fd = dup(z->fd[fz_slot(z)]);

	if (ep >= 0 && fd >= 0 && !epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e))
		epoll_wait(ep, &e, 1, fz_draw(z, 4));
	if (fz_one_in(z, 2)) {
		close(ep);
		close(fd);
	} else {
		close(fd);
		close(ep);
	}
	return 0;
}

/* What the device has not */
static long fz_others(struct fz *z)
{
	int fd = z->fd[fz_slot(z)];
	long ret = 0;
	void *at;

	switch (fz_draw(z, 8)) {
	case 0:
		ret = write(fd, z->arg.base, fz_draw(z, 100));
		break;
	case 1:
		ret = lseek(fd, fz_odd(z), fz_draw(z, 5));
		break;
	case 2:
		ret = pread(fd, z->out.base, 48, fz_odd(z) >> 1);
		break;
	case 3:
		at = mmap(NULL, 4096 << fz_draw(z, 4), PROT_READ,
			  fz_pick(z, MAP_SHARED, MAP_PRIVATE), fd, 0);
		ret = at == MAP_FAILED ? -1 : 0;
		break;
	case 4:
		ret = ftruncate(fd, fz_odd(z) >> 1);
		break;
	case 5:
		ret = fsync(fd);
		break;
	case 6:
		ret = ioctl(fd, FIONREAD, z->arg.base);
		break;
	case 7:
		ret = ioctl(fd, TCGETS, z->arg.base);
		break;
	}
	return ret < 0 ? -errno : ret;
}

/* What root may change; the rounds put it back. */
static long fz_param(struct fz *z)
{
	static const char * const names[] = {
		"nprocs", "slice_us", "async", "watchdog_ms", "stack_cache",
		"max_tasks", "max_tasks_file", "max_tasks_user",
		"max_files_user", "max_threads", "heap_max", "gc_min", "restore",
	};
	const char *name = names[fz_draw(z, ARRAY_SIZE(names))];
	char path[96], text[32];

	snprintf(path, sizeof(path), FZ_PARAMS "%s", name);
	switch (fz_draw(z, 4)) {
	case 0:
		snprintf(text, sizeof(text), "%lld", (long long)fz_odd(z));
		break;
	case 1:
		snprintf(text, sizeof(text), "%c%c", 'A' + fz_draw(z, 50), '0');
		break;
	default:
		snprintf(text, sizeof(text), "%u", 1 + fz_draw(z, 5000));
	}
	return z->beside ? 0 : gt_write_file(path, text);
}

static long fz_debugfs(struct fz *z)
{
	static const char * const names[] = {
		"gs", "ms", "ps", "segments", "schedtrace", "stack", "stack",
		"stack",
	};
	char path[96], text[2048];
	int fd, len, n, err = 0;

	snprintf(path, sizeof(path), FZ_DEBUG "%s",
		 names[fz_draw(z, ARRAY_SIZE(names))]);
	fd = open(path, (strstr(path, "stack") ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%lld%s\n",
		 (long long)(fz_one_in(z, 2) ? fz_odd(z) : fz_draw(z, 4000)),
		 fz_one_in(z, 4) ? "." : "");
	if (strstr(path, "stack") && fz_one_in(z, 2) &&
	    write(fd, text, strlen(text)) < 0)
		err = -errno;
	len = 1 + fz_draw(z, sizeof(text));
	do {
		n = read(fd, text, len);
	} while (n > 0);
	if (n && !err)
		err = -errno;
	close(fd);
	return err;
}

static const struct fz_call fz_calls[] = {
	{ "open", fz_open, 6, false, { MAY(EDQUOT), MAY(ENOMEM) } },
	{ "close", fz_close, 6, false, { 0 } },
	{ "dup", fz_dup, 6, false, { 0 } },
	{ "fork", fz_fork, 1, false, { 0 } },
	{ "pass", fz_pass, 2, false, { 0 } },
	{ "nonblock", fz_nonblock, 3, false, { 0 } },
	{ "info", fz_info, 4, false, { EINVAL, E2BIG, EFAULT,
		MAY(ECANCELED), MAY(EINTR) } },
	{ "workload", fz_workload, 6, false, { EINVAL, E2BIG, EFAULT, ENOENT,
		MAY(ECANCELED), MAY(EINTR) } },
	{ "submit", fz_submit, 30, false, { EINVAL, E2BIG, EFAULT, ENOENT,
		MAY(EAGAIN), MAY(EDQUOT), MAY(ENOMEM), MAY(ECANCELED),
		MAY(EINTR) } },
	{ "wait", fz_wait, 12, false, { EINVAL, E2BIG, EFAULT, ETIME,
		MAY(ECANCELED), MAY(EINTR) } },
	{ "cancel", fz_cancel, 12, false, { EINVAL, E2BIG, EFAULT, ENOENT,
		MAY(ECANCELED), MAY(EINTR) } },
	{ "stats", fz_stats, 6, false, { EINVAL, E2BIG, EFAULT, ENXIO,
		MAY(ECANCELED), MAY(EINTR) } },
	{ "reap", fz_reap, 20, false, { EINVAL, E2BIG, EFAULT, ETIME,
		MAY(ECANCELED), MAY(EINTR) } },
	{ "unknown command", fz_unknown, 4, true, { ENOTTY } },
	{ "read", fz_read, 20, false, { EINVAL, EFAULT, MAY(EAGAIN), MAY(EINTR) } },
	{ "poll", fz_poll, 6, false, { MAY(EINTR) } },
	{ "epoll", fz_epoll, 4, false, { 0 } },
	{ "what it has not", fz_others, 4, true, { EINVAL, ESPIPE, ENODEV, ENOTTY,
		MAY(EBADF) } },
	{ "parameter", fz_param, 3, false, { EINVAL, MAY(ERANGE), MAY(ENOMEM),
		MAY(EINTR) } },
	{ "debugfs", fz_debugfs, 3, false, { ENOENT, EINVAL, MAY(ENOMEM) } },
};

#define FZ_CALLS	((int)ARRAY_SIZE(fz_calls))

#endif /* FUZZ_CALLS_H */
