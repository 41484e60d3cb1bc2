// SPDX-License-Identifier: LGPL-2.1-or-later
/* libgort: the commands of /dev/gort, see libgort.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "libgort.h"

static int command(struct gortc *c, unsigned long cmd, void *arg)
{
	return ioctl(c->fd, cmd, arg) < 0 ? -errno : 0;
}

int gortc_open(struct gortc *c, const char *path)
{
	int err;

	memset(c, 0, sizeof(*c));
	c->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (c->fd < 0)
		return -errno;

	err = gortc_info(c, &c->info);
	if (!err && c->info.abi_version != GORT_ABI_VERSION)
		err = -EPROTO;
	if (err)
		gortc_close(c);
	return err;
}

void gortc_close(struct gortc *c)
{
	close(c->fd);
	c->fd = -1;
}

int gortc_info(struct gortc *c, struct gort_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return command(c, GORT_IOC_INFO, info);
}

int gortc_workload(struct gortc *c, __u32 index, struct gort_workload_info *w)
{
	int err;

	memset(w, 0, sizeof(*w));
	w->size = sizeof(*w);
	w->index = index;
	err = command(c, GORT_IOC_WORKLOAD, w);
	/* Callers go through so many of an array that has room for the latter. */
	if (!err && w->nr_args > GORT_MAX_ARGS)
		err = -EPROTO;
	return err;
}

int gortc_stats(struct gortc *c, __u32 cpu, struct gort_stats *st)
{
	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	st->cpu = cpu;
	return command(c, GORT_IOC_STATS, st);
}

static int open_param(const char *name, int flags)
{
	char path[128];
	int fd;

	/* What a program was given as a name shall not lead elsewhere. */
	if (!*name || strchr(name, '/') || *name == '.' ||
	    snprintf(path, sizeof(path), "/sys/module/gort/parameters/%s",
		     name) >= (int)sizeof(path))
		return -EINVAL;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int gortc_param_get(const char *name, char *buf, size_t size)
{
	int fd = open_param(name, O_RDONLY), err = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size);
	if (n < 0)
		err = -errno;
	else if ((size_t)n == size)
		err = -EMSGSIZE;
	else
		buf[n] = '\0';
	close(fd);
	if (!err)
		buf[strcspn(buf, "\n")] = '\0';
	return err;
}

int gortc_param_set(const char *name, const char *value)
{
	int fd = open_param(name, O_WRONLY), err = 0;

	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int gortc_param(const char *name)
{
	char val[8];
	int err = gortc_param_get(name, val, sizeof(val));

	return err ? err : *val == 'Y';
}

int gortc_find(struct gortc *c, const char *name, struct gort_workload_info *w)
{
	__u32 i;
	int err;

	for (i = 0; ; i++) {
		err = gortc_workload(c, i, w);
		if (err)
			return err;
		if (!strncmp(w->name, name, sizeof(w->name)))
			return 0;
	}
}

int gortc_arg(const struct gort_workload_info *w, const char *name)
{
	__u32 i;

	for (i = 0; i < w->nr_args; i++)
		if (!strncmp(w->args[i].name, name, GORT_NAME_LEN))
			return i;
	return -ENOENT;
}

int gortc_submit(struct gortc *c, const struct gort_task_desc *tasks,
		 __u32 count, struct gort_submit *s)
{
	memset(s, 0, sizeof(*s));
	s->size = sizeof(*s);
	s->tasks = (__u64)(unsigned long)tasks;
	s->count = count;
	s->task_size = sizeof(*tasks);
	return command(c, GORT_IOC_SUBMIT, s);
}

__u64 gortc_deadline(__u64 ns)
{
	struct timespec ts;
	__u64 now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
	return ns < GORT_WAIT_FOREVER - now ? now + ns : GORT_WAIT_FOREVER;
}

int gortc_wait(struct gortc *c, __u32 min_complete, __u64 deadline_ns,
	       struct gort_wait *w)
{
	memset(w, 0, sizeof(*w));
	w->size = sizeof(*w);
	w->min_complete = min_complete;
	w->deadline_ns = deadline_ns;
	return command(c, GORT_IOC_WAIT, w);
}

int gortc_reap(struct gortc *c, struct gort_completion *buf, int max,
	       __u32 min_complete, __u64 deadline_ns, __u64 *running)
{
	struct gort_reap reap = {
		.size = sizeof(reap),
		.completions = (__u64)(unsigned long)buf,
		.count = max,
		.min_complete = min_complete,
		.deadline_ns = deadline_ns,
	};
	int err = command(c, GORT_IOC_REAP, &reap);

	if (err)
		return err;
	if (running)
		*running = reap.running;
	return reap.completed;
}

int gortc_cancel(struct gortc *c, __u64 id)
{
	struct gort_cancel cancel = {
		.size = sizeof(cancel),
		.id = id,
	};

	return command(c, GORT_IOC_CANCEL, &cancel);
}

int gortc_cancel_all(struct gortc *c)
{
	struct gort_cancel cancel = {
		.size = sizeof(cancel),
		.flags = GORT_CANCEL_ALL,
	};

	return command(c, GORT_IOC_CANCEL, &cancel);
}

int gortc_read(struct gortc *c, struct gort_completion *buf, int max)
{
	ssize_t n = read(c->fd, buf, max * sizeof(*buf));

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	/* Records are whole, or sizes differ and nothing in them can be believed. */
	return n % sizeof(*buf) ? -EPROTO : (int)(n / sizeof(*buf));
}

void gortc_explain(const struct gortc *c, const char *path, int err,
		   char *buf, size_t size)
{
	const char *why = strerror(-err), *hint = "";

	switch (-err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		hint = ": is the module loaded? Try: modprobe gort, or insmod gort.ko";
		break;
	case EACCES:
	case EPERM:
		hint = ": it is for root alone, unless root opens it to a group: make udev_install";
		break;
	case EDQUOT:
		why = "the limit of your user is reached";
		hint = ": close others, or have root raise the parameter max_files_user";
		break;
	case ENOTTY:
	case EINVAL:
		why = "this is not the device of gort";
		hint = ": leave out --device, or name the right one";
		break;
	case EPROTO:
		hint = "build both from the same tree";
		snprintf(buf, size, "%s: the module has ABI version %u, this program %u: %s",
			 path, c->info.abi_version, GORT_ABI_VERSION, hint);
		return;
	}
	snprintf(buf, size, "%s: %s%s", path, why, hint);
}
