// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libgort: readers of the files in debugfs, see libgort.h.
 *
 * A table is a line of column names and a line for each row, columns separated
 * by one tab. It is read as a whole, and becomes one piece of memory: the
 * array, and behind it the text, to which the array's strings point. Which
 * column fills which member is told by a list of names, so that the order of
 * columns, and those that are unknown here, do not matter.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "libgort.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Most columns that are of use for any table; there may be more in the file. */
#define MAX_COLUMNS 16

enum kind { TEXT, NUMBER, SMALL };

struct column {
	const char *name;
	enum kind kind;
	size_t offset;
};

struct table {
	const char *file;
	size_t row;		/* bytes of one */
	const struct column *columns;
	size_t nr_columns;
};

#define COLUMN(type, member, kind) { #member, kind, offsetof(type, member) }

static const struct column g_columns[] = {
	COLUMN(struct gortc_g, gid, NUMBER),
	COLUMN(struct gortc_g, ctx, NUMBER),
	COLUMN(struct gortc_g, name, TEXT),
	COLUMN(struct gortc_g, state, TEXT),
	COLUMN(struct gortc_g, cpu, SMALL),
	COLUMN(struct gortc_g, ms, NUMBER),
	COLUMN(struct gortc_g, preempted, NUMBER),
	COLUMN(struct gortc_g, declined, NUMBER),
	COLUMN(struct gortc_g, stack, NUMBER),
	COLUMN(struct gortc_g, reason, TEXT),
	COLUMN(struct gortc_g, body, TEXT),
};

static const struct column m_columns[] = {
	COLUMN(struct gortc_m, pid, SMALL),
	COLUMN(struct gortc_m, cpu, SMALL),
	COLUMN(struct gortc_m, state, TEXT),
	COLUMN(struct gortc_m, gid, NUMBER),
	COLUMN(struct gortc_m, locked_gid, NUMBER),
	COLUMN(struct gortc_m, call, TEXT),
	COLUMN(struct gortc_m, locks, NUMBER),
};

static const struct column p_columns[] = {
	COLUMN(struct gortc_p, cpu, SMALL),
	COLUMN(struct gortc_p, state, TEXT),
	COLUMN(struct gortc_p, pid, SMALL),
	COLUMN(struct gortc_p, gid, NUMBER),
	COLUMN(struct gortc_p, queue, NUMBER),
	COLUMN(struct gortc_p, next, NUMBER),
	COLUMN(struct gortc_p, locked, NUMBER),
	COLUMN(struct gortc_p, schedtick, NUMBER),
	COLUMN(struct gortc_p, calltick, NUMBER),
};

static const struct column segment_columns[] = {
	COLUMN(struct gortc_segment, size, NUMBER),
	COLUMN(struct gortc_segment, used, NUMBER),
	COLUMN(struct gortc_segment, cached, NUMBER),
};

static int open_file(const char *root, const char *file, int flags)
{
	char path[PATH_MAX];
	int fd;

	if (!root)
		root = GORTC_DEBUGFS;
	if (snprintf(path, sizeof(path), "%s/%s", root, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * Files in debugfs do not tell their size, so the buffer grows with what comes.
 * Read all that is left of @fd, and end it with a zero.
 */
static int read_all(int fd, char **text)
{
	size_t len = 0, room = 0;
	char *buf = NULL, *more;
	ssize_t n;

	for (;;) {
		if (room - len < 2) {
			room = room ? 2 * room : 16384;
			more = realloc(buf, room);
			if (!more) {
				free(buf);
				return -ENOMEM;
			}
			buf = more;
		}
		n = read(fd, buf + len, room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
	}
	if (n < 0) {
		int err = -errno;

		free(buf);
		return err;
	}
	buf[len] = '\0';
	*text = buf;
	return 0;
}

static int read_file(const char *root, const char *file, char **text)
{
	int fd = open_file(root, file, O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = read_all(fd, text);
	close(fd);
	return err;
}

/* How many fields a line has */
static int width_of(const char *line)
{
	int n = 1;

	while ((line = strchr(line, '\t'))) {
		line++;
		n++;
	}
	return n;
}

static int set_member(void *row, const struct column *c, const char *text)
{
	char *end;

	errno = 0;
	switch (c->kind) {
	case TEXT:
		*(const char **)((char *)row + c->offset) = text;
		return 0;
	case NUMBER:
		*(__u64 *)((char *)row + c->offset) = strtoull(text, &end, 10);
		break;
	case SMALL:
		*(int *)((char *)row + c->offset) = strtol(text, &end, 10);
		break;
	}
	return errno || end == text || *end ? -EPROTO : 0;
}

/* In which field of the line of names is each column of @t? */
static int find_columns(const struct table *t, char *line, int *places)
{
	size_t left = t->nr_columns, i;
	char *name;
	int place;

	/* Of two columns of one name, the first one counts. */
	memset(places, -1, t->nr_columns * sizeof(*places));
	for (place = 0; (name = strsep(&line, "\t")); place++)
		for (i = 0; i < t->nr_columns; i++) {
			if (places[i] >= 0 || strcmp(name, t->columns[i].name))
				continue;
			places[i] = place;
			left--;
		}
	return left ? -EPROTO : 0;
}

static int parse_row(const struct table *t, char *line, const int *places, void *row)
{
	int place, err = 0;
	char *field;
	size_t i;

	for (place = 0; !err && (field = strsep(&line, "\t")); place++)
		for (i = 0; !err && i < t->nr_columns; i++)
			if (places[i] == place)
				err = set_member(row, &t->columns[i], field);
	return err;
}

/* Fill in the array @rows, of which the length is returned. */
static int parse(const struct table *t, char *text, char *rows)
{
	char *line = strsep(&text, "\n");
	int places[MAX_COLUMNS], width = width_of(line), n = 0, err;

	err = find_columns(t, line, places);
	if (err)
		return err;
	while (text && *text) {
		line = strsep(&text, "\n");
		if (width_of(line) != width)
			return -EPROTO;
		err = parse_row(t, line, places, rows);
		if (err)
			return err;
		rows += t->row;
		n++;
	}
	return n;
}

static int read_table(const struct table *t, const char *root, void **rows)
{
	size_t lines = 0, len;
	char *text, *at;
	int n;

	n = read_file(root, t->file, &text);
	if (n)
		return n;
	for (at = text; *at; at++)
		lines += *at == '\n';
	len = at - text + 1;

	/* The last line may have no end, but the first one is no row. */
	at = calloc(1, (lines + 1) * t->row + len);
	if (!at) {
		free(text);
		return -ENOMEM;
	}
	memcpy(at + (lines + 1) * t->row, text, len);
	free(text);
	n = parse(t, at + (lines + 1) * t->row, at);
	if (n < 0)
		free(at);
	else
		*rows = at;
	return n;
}

int gortc_gs(const char *root, struct gortc_g **gs)
{
	static const struct table t = {
		"gs", sizeof(struct gortc_g), g_columns, COUNT(g_columns),
	};

	return read_table(&t, root, (void **)gs);
}

int gortc_ms(const char *root, struct gortc_m **ms)
{
	static const struct table t = {
		"ms", sizeof(struct gortc_m), m_columns, COUNT(m_columns),
	};

	return read_table(&t, root, (void **)ms);
}

int gortc_ps(const char *root, struct gortc_p **ps)
{
	static const struct table t = {
		"ps", sizeof(struct gortc_p), p_columns, COUNT(p_columns),
	};

	return read_table(&t, root, (void **)ps);
}

int gortc_segments(const char *root, struct gortc_segment **segments)
{
	static const struct table t = {
		"segments", sizeof(struct gortc_segment), segment_columns,
		COUNT(segment_columns),
	};

	return read_table(&t, root, (void **)segments);
}

int gortc_schedtrace(const char *root, char **text)
{
	int err = read_file(root, "schedtrace", text);

	if (!err)
		(*text)[strcspn(*text, "\n")] = '\0';
	return err;
}

/* The file is told by a write which G it shall show to this descriptor. */
int gortc_stack(const char *root, __u64 gid, char **text)
{
	int fd, err = 0, len;
	char buf[24];

	fd = open_file(root, "stack", gid ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return fd;
	if (gid) {
		len = snprintf(buf, sizeof(buf), "%llu\n", gid);
		if (write(fd, buf, len) < 0)
			err = -errno;
	}
	if (!err)
		err = read_all(fd, text);
	close(fd);
	/* The file is there, so it is the green thread that is not. */
	return err == -ENOENT ? -ESRCH : err;
}

static int in_debugfs(const char *path)
{
	struct statfs st;

	return !statfs(path, &st) && st.f_type == DEBUGFS_MAGIC;
}

/* Is the folder that @root would be in, in debugfs? */
static int parent_in_debugfs(const char *root)
{
	char path[PATH_MAX], *slash;

	snprintf(path, sizeof(path), "%s", root);
	slash = strrchr(path, '/');
	if (slash && slash != path)
		*slash = '\0';
	return in_debugfs(path);
}

void gortc_explain_debugfs(const char *root, int err, char *buf, size_t size)
{
	const char *why = strerror(-err), *hint = "";

	if (!root)
		root = GORTC_DEBUGFS;
	switch (-err) {
	case ENOENT:
	case ENOTDIR:
		if (in_debugfs(root)) {
			why = "the module does not have this file";
			hint = ": build this program and the module from the same tree";
			break;
		}
		if (parent_in_debugfs(root)) {
			hint = ": is the module loaded? Try: modprobe gort, or insmod gort.ko";
			break;
		}
		why = "debugfs is not mounted";
		hint = ". Try: mount -t debugfs none /sys/kernel/debug";
		break;
	case EACCES:
	case EPERM:
		hint = ": it is for root alone. Try sudo";
		break;
	case EPROTO:
		why = "not what was expected";
		hint = ": build this program and the module from the same tree";
		break;
	}
	snprintf(buf, size, "%s: %s%s", root, why, hint);
}
