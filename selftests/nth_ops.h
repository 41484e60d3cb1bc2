/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations that allocate, from open to the hand-off of a P, each as one
 * function: for tests that let each of the allocations fail in turn.
 *
 * An operation returns 0, or the errno that it met, which has to be one that is
 * documented; -EPROTO, which is none of them, says that something else is wrong.
 * It leaves nothing behind, whatever it returns.
 */
#ifndef NTH_OPS_H
#define NTH_OPS_H

#include <liburing.h>

#include "bpf_test.h"
#include "core_test.h"
#include "modules/gort_test_chan_ioctl.h"

#define NTH_MANY	24
#define NTH_CPU1	"/sys/devices/system/cpu/cpu1/online"
#define NTH_CHAN_DEV	"/dev/gort_test_chan"
#define NTH_EV_CMD	"/sys/module/gort_test_event/parameters/cmd"

static inline int nth_open(void)
{
	int fd = gt_open(0);

	return fd < 0 ? fd : close(fd);
}

struct nth_work {
	const char *name;
	__u64 args[GORT_MAX_ARGS];
};

/* All workloads that gort has, with arguments that keep them short */
static const struct nth_work nth_work[] = {
	{ "call", { 100 } },	{ "loop", { 100 } },	{ "lock", { 10, 10, 1 } },
	{ "fib", { 8 } },	{ "yield", { 3 } },	{ "sleep", { 1000, 2 } },
	{ "pingpong", { 10 } },	{ "spawn", { 1, 2 } },	{ "recurse", { 9, 64 } },
};

static const struct nth_work nth_tree = { "spawn", { 2, 3 } };
static const struct nth_work nth_deep = { "recurse", { 100, 1024 } };

/* What became of a batch, of which @submitted were accepted; one failure */
static inline int nth_judge(int fd, const struct nth_work *w, int nr, int n,
			    __u32 submitted, int error)
{
	struct gort_completion c[NTH_MANY];
	int got = gt_read_all(fd, c, n), i, err = -error;

	if (got != (int)submitted)
		return -EPROTO;
	for (i = 0; i < got; i++) {
		const struct nth_work *of = &w[c[i].user_data % nr];

		if (c[i].status && err)
			return -EPROTO; /* it has failed twice */
		err = c[i].status ?: err;
		if (!c[i].status &&
		    c[i].result != gt_expected(of->name, of->args))
			return -EPROTO;
	}
	return submitted == (__u32)n || err ? err : -EPROTO;
}

/* Submits @n tasks, of these @nr kinds in turn, in one batch, and reads all. */
static inline int nth_batch(const struct nth_work *w, int nr, int n)
{
	struct gort_task_desc t[NTH_MANY];
	struct gort_submit s;
	int fd = gt_open(0), i, err;

	if (fd < 0)
		return fd;
	for (i = 0; i < n; i++) {
		if (!gt_task(fd, w[i % nr].name, &t[i], 0, 0, 0))
			goto err_proto;
		memcpy(t[i].args, w[i % nr].args, sizeof(t[i].args));
		t[i].user_data = i;
	}
	err = gt_submit(fd, t, n, &s);
	if (!err)
		err = nth_judge(fd, w, nr, n, s.submitted, s.error);
	close(fd);
	return err;

err_proto:
	close(fd);
	return -EPROTO;
}

static inline int nth_one(void)
{
	return nth_batch(nth_work, 1, 1);
}

static inline int nth_each(void)
{
	return nth_batch(nth_work, ARRAY_SIZE(nth_work), ARRAY_SIZE(nth_work));
}

static inline int nth_many(void)
{
	return nth_batch(nth_work, 1, NTH_MANY);
}

static inline int nth_spawn(void)
{
	return nth_batch(&nth_tree, 1, 1);
}

static inline int nth_growth(void)
{
	return nth_batch(&nth_deep, 1, 1);
}

/* One task of a workload of a test's module, on a file of its own */
#define nth_run(name, ...) \
	nth_run_args(name, (const __u64 [GORT_MAX_ARGS]) { __VA_ARGS__ })

static inline int nth_run_args(const char *name, const __u64 *args)
{
	int fd = gt_open(0), err;

	if (fd < 0)
		return fd;
	err = ct_run_args(fd, NULL, name, args);
	close(fd);
	return err;
}

/*
 * More tasks block at once than there are threads: at least one is new, and the
 * Ps go from one thread to the next. All of them run before, so that threads are
 * what is to be had, and nothing else. What the caller sees when there is none
 * is that they block one after the other.
 */
static int nth_fd = -1;
static int nth_blocking;

static inline int nth_handoff_begin(void)
{
	int passed = ct_test_number("passed"), more;

	nth_blocking = 0;
	nth_fd = gt_open(0);
	if (nth_fd < 0 || ct_gate(false))
		return -EPROTO;
	/* a slow machine may make a thread while they begin */
	while ((more = left_lines("ms") + 1 - nth_blocking) > 0) {
		nth_blocking += more;
		if (ct_start(nth_fd, "t_gate", more, CT_SYSCALL, 1) != more ||
		    !gt_wait_for(ct_test_number("passed") ==
				 passed + nth_blocking))
			return -EPROTO;
	}
	return nth_blocking > 0 ? 0 : -EPROTO;
}

static inline int nth_handoff(void)
{
	struct gort_completion c;
	int i, err = 0;

	if (ct_gate_call() ||
	    !gt_wait_for(ct_gate_waiting() == nth_blocking) || ct_gate(true))
		err = -EPROTO;
	for (i = 0; i < nth_blocking && !err; i++)
		err = ct_next(nth_fd, &c) || c.status ? -EPROTO : 0;
	close(nth_fd);
	return err;
}

/* CPU 1 goes, with its threads, comes back, and is used. */
static inline int nth_hotplug(void)
{
	struct gort_info before, after;
	int fd = gt_open(0), err;

	if (fd < 0)
		return fd;
	err = gt_info(fd, &before) ?: gt_write_file(NTH_CPU1, "0") ?:
	      gt_write_file(NTH_CPU1, "1") ?: gt_info(fd, &after);
	if (err || before.nr_procs != after.nr_procs)
		err = -EPROTO;
	/* two that have to run at the same time */
	err = err ?: ct_run(fd, NULL, "t_parallel", 20, 1000);
	close(fd);
	return err;
}

/* One command through the ring, and its result */
static inline int nth_give(struct io_uring *r, int fd, __u32 cmd, void *arg)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(r);
	struct io_uring_cqe *cqe;
	__u64 *payload;
	int res;

	assert(sqe);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = cmd;
	payload = (__u64 *)sqe->cmd;
	payload[0] = (uintptr_t)arg;
	if (io_uring_submit(r) != 1 || io_uring_wait_cqe(r, &cqe))
		return -EPROTO;
	res = cqe->res;
	io_uring_cqe_seen(r, cqe);
	return res;
}

static inline int nth_ring_commands(struct io_uring *r, int fd)
{
	struct gort_task_desc t[2];
	struct gort_completion c[2];
	struct gort_submit s = {
		.size = sizeof(s), .tasks = (uintptr_t)t, .count = 2,
		.task_size = sizeof(t[0]),
	};
	struct gort_reap p = {
		.size = sizeof(p), .completions = (uintptr_t)c, .count = 2,
		.min_complete = 2, .deadline_ns = GORT_WAIT_FOREVER,
	};
	int err;

	if (!gt_task(fd, "call", &t[0], 100, 0, 0))
		return -EPROTO;
	t[1] = t[0];
	err = nth_give(r, fd, GORT_IOC_SUBMIT, &s);
	if (err)
		return err;
	err = -s.error;
	p.count = s.submitted;
	p.min_complete = s.submitted;
	if (nth_give(r, fd, GORT_IOC_REAP, &p) || p.completed != s.submitted)
		return -EPROTO;
	while (p.completed--)
		if (c[p.completed].status)
			err = err ? -EPROTO : c[p.completed].status;
	return err;
}

static inline int nth_ring(void)
{
	int fd = gt_open(0), err;
	struct io_uring r;

	if (fd < 0)
		return fd;
	err = io_uring_queue_init(4, &r, 0);
	if (!err) {
		err = nth_ring_commands(&r, fd);
		io_uring_queue_exit(&r);
	}
	close(fd);
	return err;
}

/* A process makes channels; Gs make both kinds, and use them. */
static inline int nth_channel(void)
{
	struct c_cmd cmd = { .cap = 4 };
	int dev = open(NTH_CHAN_DEV, O_RDWR | O_CLOEXEC), err;

	if (dev < 0)
		return -EPROTO;
	err = gt_ioctl(dev, C_IOC_INIT, &cmd);
	close(dev);
	return err ?: nth_run("c_make", 0, 4) ?: nth_run("c_make", 1, 4);
}

static inline int nth_select(void)
{
	return nth_run("c_select3");
}

/* Ticks of a ticker, and one of a timer (as enum e_time_what) */
static inline int nth_timer(void)
{
	return nth_run("e_time", 0, GT_NSEC_PER_MSEC, 2) ?:
	       nth_run("e_time", 6, GT_NSEC_PER_MSEC, 0);
}

/* Five children (as enum e_group_what) */
static inline int nth_group(void)
{
	return nth_run("e_group", 0, 5);
}

/*
 * A BPF program makes a channel and has a child of another program; one of its
 * files is a pipe, which is opened once more.
 */
static inline int nth_bpf_run(int fd, int pipe)
{
	static const struct op parent[] = {
		MAKE(1, CHAN, 1),
		{ .action = GORT_BPF_SPAWN, .a = { 1 } },
		{ .action = GORT_BPF_JOIN, .a = { 0, EVER }, .keep = 1 }, END(0),
	};
	static const struct op child[] = {
		{ .action = GORT_BPF_SEND, .a = { 1, 1, EVER } }, END(0),
	};
	struct gort_bpf_run b = {
		.size = sizeof(b), .nr_progs = 1, .nr_fds = 1, .fds = { pipe },
	};
	struct prog one = { .plain = true }, two = { .plain = true };
	int err;

	bt_script(&one, parent);
	bt_script(&two, child);
	b.prog_fd = bt_load_prog(&one, BPF_PROG_TYPE_SYSCALL);
	b.progs[0] = bt_load_prog(&two, BPF_PROG_TYPE_SYSCALL);
	err = b.prog_fd < 0 || b.progs[0] < 0 ? -EPROTO : 0;
	err = err ?: gt_ioctl(fd, GORT_IOC_BPF, &b) ?: bt_end(fd, NULL);
	close(b.prog_fd);
	close(b.progs[0]);
	return err;
}

static inline int nth_bpf(void)
{
	int fd = gt_open(0), err, p[2];

	if (fd < 0)
		return fd;
	if (pipe(p)) {
		close(fd);
		return -EPROTO;
	}
	err = nth_bpf_run(fd, p[0]);
	close(p[0]);
	close(p[1]);
	close(fd);
	return err;
}

/* Objects of two sizes, finalizers, a root, and a collection by a process */
static inline int nth_heap(void)
{
	return nth_run("t_fill", 64, 100, 1) ?: nth_run("t_fill", 20000, 2, 1) ?:
	       nth_run("t_fin", 2, 3) ?: nth_run("t_survive", 0, 0) ?:
	       nth_run("t_gc", 1) ?: ct_collect();
}

/* Every file of debugfs, to its end */
static inline int nth_debugfs(void)
{
	static const char *const files[] = {
		"gs", "stack", "ms", "ps", "segments", "schedtrace",
	};
	char path[96], buf[4096];
	unsigned int i;
	ssize_t len;
	int fd, err;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), LEFT_DEBUGFS "%s", files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		do {
			len = read(fd, buf, sizeof(buf));
			err = len < 0 ? -errno : 0;
		} while (len > 0);
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

/* A module brings its workloads, its contexts, and takes them away. */
static inline int nth_register(void)
{
	int err = ct_insmod_own("gort_test_share", "");

	if (ct_loaded("gort_test_share") != !err)
		return -EPROTO;
	return err ?: (ct_rmmod_soon("gort_test_share") ? 0 : -EPROTO);
}

/* A module fills a context of its own and destroys it. */
static inline int nth_context(void)
{
	char text[64];
	int err = ct_read_test_param("contexts", text, sizeof(text));
	int started, refused, ended;

	if (err)
		return err;
	if (sscanf(text, "%d %d %d", &started, &refused, &ended) != 3 ||
	    started != ended)
		return -EPROTO;
	/* full, as it should be */
	return refused == -EAGAIN ? 0 : refused;
}

#endif /* NTH_OPS_H */
