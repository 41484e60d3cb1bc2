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

/* Most columns that a table may have, known here or not */
#define MAX_COLUMNS 32

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

/* Read all that is left of @fd, and end it with a zero. */
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

/* Cut the line at *@next into fields, of which it returns the number. */
static int split(char **next, char *fields[MAX_COLUMNS])
{
	char *line = *next, *end = strchr(line, '\n');
	int n = 0;

	*next = NULL;
	if (end) {
		*end = '\0';
		*next = end + 1;
	}
	while (line && n < MAX_COLUMNS)
		fields[n++] = strsep(&line, "\t");
	return line ? -EPROTO : n;
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

/*
 * Fill in the array @rows from the rows at @text. places[] says in which field
 * of a row a column of the table is, of @width fields. Returns their number.
 *
 * What follows an empty line is meant for people.
 */
static int parse_rows(const struct table *t, char *text, const int *places,
		      int width, char *rows)
{
	char *fields[MAX_COLUMNS];
	int n = 0, err;
	size_t i;

	while (text && *text && *text != '\n') {
		if (split(&text, fields) != width)
			return -EPROTO;
		for (i = 0; i < t->nr_columns; i++) {
			err = set_member(rows, &t->columns[i], fields[places[i]]);
			if (err)
				return err;
		}
		rows += t->row;
		n++;
	}
	return n;
}

static int parse(const struct table *t, char *text, char *rows)
{
	int places[MAX_COLUMNS], width, j;
	char *fields[MAX_COLUMNS];
	size_t i;

	width = split(&text, fields);
	for (i = 0; i < t->nr_columns; i++) {
		for (j = 0; j < width; j++)
			if (!strcmp(fields[j], t->columns[i].name))
				break;
		if (j >= width)
			return -EPROTO;
		places[i] = j;
	}
	return parse_rows(t, text, places, width, rows);
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
			err = errno == ENOENT ? -ESRCH : -errno;
	}
	if (!err)
		err = read_all(fd, text);
	close(fd);
	return err;
}

/* Is @root, or else the folder that it would be in, in debugfs? */
static int in_debugfs(const char *root)
{
	char path[PATH_MAX], *slash;
	struct statfs st;

	snprintf(path, sizeof(path), "%s", root);
	slash = strrchr(path, '/');
	if (slash && slash != path)
		*slash = '\0';
	return !statfs(path, &st) && st.f_type == DEBUGFS_MAGIC;
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
			hint = ": is the module loaded? Try: insmod gort.ko";
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
