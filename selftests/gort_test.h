/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers shared by the tests of /dev/gort.
 *
 * They are thin on purpose: one per command, each returning 0 (or a count, or
 * a descriptor) or a negative errno, so that a test reads as what it demands.
 * None of them checks anything for the test, none of them retries, and none
 * sleeps to let something happen: what has to be waited for is looked at.
 */
#ifndef GORT_TEST_H
#define GORT_TEST_H

#include "../kselftest_harness.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/gort.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GT_DEV		"/dev/gort"
#define GT_PARAMS	"/sys/module/gort/parameters/"

#define GT_NSEC_PER_MSEC	1000000ULL
#define GT_NSEC_PER_SEC		1000000000ULL
#define GT_HOUR			(3600 * GT_NSEC_PER_SEC)

/*
 * How many times longer this kernel may take than a stock one: one that checks
 * each access is slow. It stretches what is a limit, not what is asserted.
 */
static inline __u64 gt_slow(void)
{
	const char *slow = getenv("GORT_SLOW");

	return slow && atoi(slow) > 1 ? atoi(slow) : 1;
}

/* Nothing that has to end takes this long, even on an emulated CPU. */
#define GT_PATIENCE		(20 * GT_NSEC_PER_SEC * gt_slow())
#define GT_POLL_MS		((int)(GT_PATIENCE / GT_NSEC_PER_MSEC))

/* The device */

static inline int gt_open(int flags)
{
	int fd = open(GT_DEV, O_RDWR | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

static inline int gt_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static inline int gt_info(int fd, struct gort_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return gt_ioctl(fd, GORT_IOC_INFO, info);
}

static inline int gt_workload(int fd, __u32 index, struct gort_workload_info *w)
{
	memset(w, 0, sizeof(*w));
	w->size = sizeof(*w);
	w->index = index;
	return gt_ioctl(fd, GORT_IOC_WORKLOAD, w);
}

/* Looks a workload up by name. */
static inline int gt_find(int fd, const char *name,
			  struct gort_workload_info *w)
{
	__u32 i;
	int err;

	for (i = 0; ; i++) {
		err = gt_workload(fd, i, w);
		if (err || !strcmp(w->name, name))
			return err;
	}
}

/* Fills a descriptor; false if there is no such workload. */
static inline bool gt_task(int fd, const char *name, struct gort_task_desc *t,
			   __u64 a0, __u64 a1, __u64 a2)
{
	struct gort_workload_info w;

	if (gt_find(fd, name, &w))
		return false;
	*t = (struct gort_task_desc) {
		.workload = w.id,
		.args = { a0, a1, a2 },
	};
	return true;
}

static inline int gt_submit(int fd, const struct gort_task_desc *tasks,
			    __u32 count, struct gort_submit *s)
{
	*s = (struct gort_submit) {
		.size = sizeof(*s),
		.tasks = (uintptr_t)tasks,
		.count = count,
		.task_size = sizeof(*tasks),
	};
	return gt_ioctl(fd, GORT_IOC_SUBMIT, s);
}

/*
 * Submits @n copies of one task, user_data counting from the one in @t; returns
 * how many were accepted, or a negative errno if not even the first one was.
 */
static inline int gt_submit_n(int fd, const struct gort_task_desc *t, __u32 n,
			      __u64 *first_id)
{
	struct gort_task_desc batch[256];
	struct gort_submit s = { 0 };
	__u32 done, want, i;
	int err;

	for (done = 0; done < n; done += s.submitted) {
		want = n - done < 256 ? n - done : 256;
		for (i = 0; i < want; i++) {
			batch[i] = *t;
			batch[i].user_data += done + i;
		}
		err = gt_submit(fd, batch, want, &s);
		if (err)
			return done ? (int)done : err;
		if (!done && first_id)
			*first_id = s.first_id;
		if (s.submitted < want)
			return done + s.submitted;
	}
	return done;
}

/* Finds the workload and submits @n tasks of it. */
static inline int gt_run(int fd, const char *name, __u32 n, __u64 a0, __u64 a1,
			 __u64 a2)
{
	struct gort_task_desc t;

	if (!gt_task(fd, name, &t, a0, a1, a2))
		return -ENOENT;
	return gt_submit_n(fd, &t, n, NULL);
}

static inline int gt_wait(int fd, __u32 min, __u64 deadline,
			  struct gort_wait *w)
{
	*w = (struct gort_wait) {
		.size = sizeof(*w),
		.min_complete = min,
		.deadline_ns = deadline,
	};
	return gt_ioctl(fd, GORT_IOC_WAIT, w);
}

static inline int gt_cancel(int fd, __u64 id, __u64 *cancelled)
{
	struct gort_cancel c = { .size = sizeof(c), .id = id };
	int err = gt_ioctl(fd, GORT_IOC_CANCEL, &c);

	if (cancelled)
		*cancelled = c.cancelled;
	return err;
}

static inline int gt_cancel_all(int fd, __u64 *cancelled)
{
	struct gort_cancel c = { .size = sizeof(c), .flags = GORT_CANCEL_ALL };
	int err = gt_ioctl(fd, GORT_IOC_CANCEL, &c);

	if (cancelled)
		*cancelled = c.cancelled;
	return err;
}

static inline int gt_stats(int fd, __u32 cpu, struct gort_stats *st)
{
	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	st->cpu = cpu;
	return gt_ioctl(fd, GORT_IOC_STATS, st);
}

/* Reads up to @n completions; a fraction of a record is -EIO. */
static inline int gt_read(int fd, struct gort_completion *c, int n)
{
	ssize_t len = read(fd, c, n * sizeof(*c));

	if (len < 0)
		return -errno;
	return len % sizeof(*c) ? -EIO : (int)(len / sizeof(*c));
}

/* Bytes of the stack that a task has at first: more if an instrument needs it */
static inline __s64 gt_stack(void)
{
	struct gort_completion c = { .status = -EIO };
	int fd = gt_open(0);

	if (fd >= 0 && gt_run(fd, "call", 1, 1, 0, 0) == 1)
		gt_read(fd, &c, 1);
	close(fd);
	return c.status ? -1 : (__s64)c.stack_bytes;
}

/* Reads until no task runs and none is unread, or until @n were read. */
static inline int gt_read_all(int fd, struct gort_completion *c, int n)
{
	int got = 0, len;

	while (got < n) {
		len = gt_read(fd, c + got, n - got);
		if (len < 0)
			return len;
		if (!len)
			break;
		got += len;
	}
	return got;
}

/* Green threads of the machine and tasks of the file, -1 if unknown. */
static inline __s64 gt_total(int fd)
{
	struct gort_info info;

	return gt_info(fd, &info) ? -1 : (__s64)info.tasks_total;
}

static inline __s64 gt_of_file(int fd)
{
	struct gort_info info;

	return gt_info(fd, &info) ? -1 : (__s64)info.tasks_file;
}

/* Time */

static inline __u64 gt_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * GT_NSEC_PER_SEC + ts.tv_nsec;
}

static inline __u64 gt_in_ms(__u64 ms)
{
	return gt_now() + ms * GT_NSEC_PER_MSEC;
}

/* The pause between two looks at something that no call waits for. */
static inline void gt_pause(void)
{
	struct timespec ts = { .tv_nsec = GT_NSEC_PER_MSEC };

	nanosleep(&ts, NULL);
}

/* True as soon as @cond is, false if it never became so. */
#define gt_wait_for(cond)						\
({									\
	__u64 __until = gt_now() + GT_PATIENCE;				\
	bool __seen;							\
									\
	while (!(__seen = (cond)) && gt_now() < __until)		\
		gt_pause();						\
	__seen;								\
})

/* Is thread @tid asleep in system call @nr? */
static inline bool gt_blocked_in(pid_t tid, long nr)
{
	char path[64], buf[64] = "";
	long seen = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, buf, sizeof(buf) - 1) > 0 && *buf >= '0' && *buf <= '9')
		seen = strtol(buf, NULL, 10);
	close(fd);
	return seen == nr;
}

static inline pid_t gt_tid(void)
{
	return syscall(SYS_gettid);
}

/* A child that never outlives the test that forked it. */
static inline pid_t gt_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Exit code of a child, or minus the signal that killed it. */
static inline int gt_reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Signals */

static int gt_signal_count;

static inline int gt_signals(void)
{
	return __atomic_load_n(&gt_signal_count, __ATOMIC_RELAXED);
}

static inline void gt_count_signal(int sig)
{
	(void)sig;
	__atomic_fetch_add(&gt_signal_count, 1, __ATOMIC_RELAXED);
}

/* Counts signal @sig from now on; @flags may be SA_RESTART. */
static inline int gt_catch(int sig, int flags)
{
	struct sigaction sa = {
		.sa_handler = gt_count_signal, .sa_flags = flags,
	};

	__atomic_store_n(&gt_signal_count, 0, __ATOMIC_RELAXED);
	return sigaction(sig, &sa, NULL) ? -errno : 0;
}

/* Sends SIGUSR1 to a thread, each time when it sleeps in system call @nr. */
struct gt_poker {
	pthread_t thread, target;
	pid_t tid;
	long nr;
	int times;
	bool end;
};

static inline void *gt_poke(void *arg)
{
	struct gt_poker *p = arg;
	int i;

	for (i = 0; i < p->times; i++) {
		while (!gt_blocked_in(p->tid, p->nr)) {
			if (__atomic_load_n(&p->end, __ATOMIC_ACQUIRE))
				return NULL;
			gt_pause();
		}
		pthread_kill(p->target, SIGUSR1);
		gt_pause();
	}
	return NULL;
}

static inline int gt_poke_me(struct gt_poker *p, long nr, int times)
{
	*p = (struct gt_poker) {
		.target = pthread_self(), .tid = gt_tid(), .nr = nr,
		.times = times,
	};
	return -pthread_create(&p->thread, NULL, gt_poke, p);
}

static inline void gt_poke_end(struct gt_poker *p)
{
	__atomic_store_n(&p->end, true, __ATOMIC_RELEASE);
	pthread_join(p->thread, NULL);
}

/* Choosing cases */

/* Is @name one of the words in @list? */
static inline bool gt_listed(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *p = list;

	while ((p = strstr(p, name))) {
		if ((p == list || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
		p += len;
	}
	return false;
}

/*
 * If GORT_CASES is set, only the cases that it names are there. A program that
 * has none of them has none at all, which is no success.
 */
static inline void gt_choose_cases(void)
{
	const char *chosen = getenv("GORT_CASES");
	struct __fixture_metadata *f;
	struct __test_metadata **link;

	if (!chosen || !*chosen)
		return;
	for (f = __fixture_list; f; f = f->next) {
		link = &f->tests;
		while (*link) {
			if (gt_listed(chosen, (*link)->name))
				link = &(*link)->next;
			else
				*link = (*link)->next;
		}
	}
}

static inline void gt_stretch_limits(void)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t;

	for (f = __fixture_list; f; f = f->next)
		for (t = f->tests; t; t = t->next)
			t->timeout *= gt_slow();
}

static inline int gt_harness_run(int argc, char **argv)
{
	gt_choose_cases();
	gt_stretch_limits();
	return test_harness_run(argc, argv);
}

/* What TEST_HARNESS_MAIN calls */
#define test_harness_run gt_harness_run

/* Module parameters */

static inline int gt_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static inline int gt_read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	if (len < 0)
		len = -errno;
	else
		buf[len] = '\0';
	close(fd);
	return len < 0 ? len : 0;
}

static inline int gt_param_set(const char *name, __s64 value)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), GT_PARAMS "%s", name);
	snprintf(text, sizeof(text), "%lld", (long long)value);
	return gt_write_file(path, text);
}

/* Value of a parameter, Y and N as 1 and 0; a negative errno if it has none. */
static inline __s64 gt_param_get(const char *name)
{
	char path[96], text[32];
	int err;

	snprintf(path, sizeof(path), GT_PARAMS "%s", name);
	err = gt_read_file(path, text, sizeof(text));
	if (err)
		return err;
	if (*text == 'Y' || *text == 'N')
		return *text == 'Y';
	return strtoll(text, NULL, 0);
}

/* Those that a test may change; it saves them in its setup. */
static const char * const gt_param_names[] = {
	"nprocs", "slice_us", "restore", "async", "watchdog_ms", "stack_cache",
	"max_tasks", "max_tasks_file", "max_tasks_user", "max_files_user",
	"max_threads", "fail_nth", "heap_max", "gc_min",
};

struct gt_params {
	__s64 value[ARRAY_SIZE(gt_param_names)];
};

static inline bool gt_params_restore(const struct gt_params *p)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gt_param_names); i++) {
		if (p->value[i] < 0 ||
		    gt_param_get(gt_param_names[i]) == p->value[i])
			continue;
		if (gt_param_set(gt_param_names[i], p->value[i]))
			ok = false;
	}
	return ok;
}

static inline bool gt_params_read(struct gt_params *p)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gt_param_names); i++) {
		p->value[i] = gt_param_get(gt_param_names[i]);
		if (p->value[i] < 0)
			ok = false;
	}
	return ok;
}

/*
 * A test that is killed for taking too long does not come to its teardown. What
 * the program found is put back before the next one, and at the end.
 */
static struct gt_params gt_params_found;

static void __attribute__((constructor)) gt_params_begin(void)
{
	gt_params_read(&gt_params_found);
}

static void __attribute__((destructor)) gt_params_end(void)
{
	gt_params_restore(&gt_params_found);
}

static inline bool gt_params_save(struct gt_params *p)
{
	return gt_params_restore(&gt_params_found) && gt_params_read(p);
}

/*
 * Memory with a hole: the byte after @len usable ones can't be used, nor will
 * anything else ever be there.
 */
static inline void *gt_hole_after(size_t len)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t room = (len + page - 1) / page * page;
	char *p = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + room, page, PROT_NONE))
		return NULL;
	return p + room - len;
}

/* What the built-in workloads must return */

/* n steps of x = 3x + 1 from x = 1, by squaring the step. */
static inline __u64 gt_steps(__u64 n)
{
	__u64 mul = 3, add = 1, x = 1;

	for (; n; n >>= 1) {
		if (n & 1)
			x = x * mul + add;
		add = add * mul + add;
		mul *= mul;
	}
	return x;
}

static inline __u64 gt_fib(__u64 n)
{
	__u64 a = 0, b = 1, next;

	while (n--) {
		next = a + b;
		a = b;
		b = next;
	}
	return a;
}

static inline __u64 gt_tree(__u64 depth, __u64 fanout)
{
	__u64 nodes = 1;

	while (depth--)
		nodes = nodes * fanout + 1;
	return nodes;
}

static inline __u64 gt_expected(const char *name, const __u64 *args)
{
	if (!strcmp(name, "call") || !strcmp(name, "loop"))
		return gt_steps(args[0]);
	if (!strcmp(name, "lock"))
		return gt_steps(args[0] * args[1]);
	if (!strcmp(name, "recurse"))
		return args[0] * (args[0] + 1) / 2;
	if (!strcmp(name, "fib"))
		return gt_fib(args[0]);
	if (!strcmp(name, "yield"))
		return args[0];
	if (!strcmp(name, "sleep"))
		return args[1];
	if (!strcmp(name, "pingpong"))
		return 2 * args[0];
	if (!strcmp(name, "spawn"))
		return gt_tree(args[0], args[1]);
	return ~0ULL;
}

#endif /* GORT_TEST_H */
