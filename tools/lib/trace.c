// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The module's events, see libgort_trace.h.
 *
 * An ftrace instance has buffers, a clock and a set of events of its own. It is
 * made for the recording and removed with it. Buffers do not overwrite: what is
 * recorded begins where the recording begins, and what has no room is counted.
 *
 * libtraceevent knows from the event's format how to print its fields, names of
 * causes and symbols included. That text is what events are kept as: the kernel
 * prints the same, and "trace-cmd report" does, so one reader is enough.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event-parse.h>
#include <tracefs.h>

#include "libgort_trace.h"

#define SYSTEM	"gort"

struct gortc_trace {
	struct tracefs_instance *instance;
	struct tep_handle *tep;
	gortc_event_fn fn;
	void *arg;
	int err;
};

bool gortc_event_field(const struct gortc_event *e, const char *key, char *buf,
		       size_t size)
{
	size_t len = strlen(key), n;
	const char *p = e->fields, *end;

	buf[0] = '\0';
	while (p && !(strncmp(p, key, len) == 0 && p[len] == '=')) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	if (!p)
		return false;
	p += len + 1;
	end = strcmp(key, "wait") ? strchr(p, ' ') : NULL;
	n = end ? (size_t)(end - p) : strlen(p);
	if (n >= size)
		n = size - 1;
	memcpy(buf, p, n);
	buf[n] = '\0';
	return true;
}

static void set_gid(struct gortc_event *e)
{
	char text[24];

	gortc_event_field(e, "gid", text, sizeof(text));
	e->gid = strtoull(text, NULL, 10);
}

/* Symbols, for the fields that are functions. */
static void load_symbols(struct tep_handle *tep)
{
	FILE *in = fopen("/proc/kallsyms", "re");
	char *text = NULL;
	size_t size = 0;

	if (!in)
		return;
	if (getdelim(&text, &size, '\0', in) > 0)
		tep_parse_kallsyms(tep, text);
	free(text);
	fclose(in);
}

static int setup(struct gortc_trace *t, unsigned int buffer_kib)
{
	static const char * const systems[] = { SYSTEM, NULL };

	t->tep = tracefs_local_events_system(NULL, systems);
	if (!t->tep)
		return -errno ?: -ENOMEM;
	load_symbols(t->tep);
	if (tracefs_trace_off(t->instance) ||
	    tracefs_instance_file_write(t->instance, "trace_clock", "mono") < 0 ||
	    tracefs_instance_file_write(t->instance, "options/overwrite", "0") < 0 ||
	    tracefs_instance_set_buffer_size(t->instance, buffer_kib, -1) ||
	    tracefs_event_enable(t->instance, SYSTEM, NULL) ||
	    tracefs_trace_on(t->instance))
		return -errno ?: -EIO;
	return 0;
}

/* Are there events of gort's? Else why not. */
static int look_for_events(void)
{
	const char *dir;
	char *path;
	int err;

	errno = 0;
	if (tracefs_tracing_dir_is_mounted(true, &dir) < 0 || !dir)
		return errno == EPERM ? -EACCES : -ENOENT;
	if (access(dir, R_OK | X_OK))
		return -errno;
	if (asprintf(&path, "%s/events/" SYSTEM, dir) < 0)
		return -ENOMEM;
	err = access(path, F_OK) ? -errno : 0;
	free(path);
	return err == -ENOENT ? -ENODEV : err;
}

int gortc_trace_start(struct gortc_trace **ret, unsigned int buffer_kib)
{
	struct gortc_trace *t;
	char name[32];
	int err;

	err = look_for_events();
	if (err)
		return err;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	snprintf(name, sizeof(name), "gort-%d", getpid());
	errno = 0;
	t->instance = tracefs_instance_create(name);
	if (!t->instance) {
		err = -errno ?: -ENOMEM;
		free(t);
		return err;
	}
	errno = 0;
	err = setup(t, buffer_kib);
	if (err)
		gortc_trace_end(t);
	else
		*ret = t;
	return err;
}

int gortc_trace_stop(struct gortc_trace *t)
{
	return tracefs_trace_off(t->instance) ? -EIO : 0;
}

static int raw_event(struct tep_event *event, struct tep_record *record, int cpu,
		     void *arg)
{
	struct gortc_trace *t = arg;
	struct gortc_event e = { .ns = record->ts, .cpu = cpu };
	struct trace_seq seq;

	snprintf(e.name, sizeof(e.name), "%s", event->name);
	trace_seq_init(&seq);
	tep_print_event(t->tep, &seq, record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&seq);
	snprintf(e.fields, sizeof(e.fields), "%s", seq.buffer);
	trace_seq_destroy(&seq);
	set_gid(&e);
	t->err = t->fn(&e, t->arg);
	return t->err;
}

int gortc_trace_read(struct gortc_trace *t, gortc_event_fn fn, void *arg)
{
	int ret;

	t->fn = fn;
	t->arg = arg;
	t->err = 0;
	ret = tracefs_iterate_raw_events(t->tep, t->instance, NULL, 0, raw_event,
					 t);
	return t->err ?: ret < 0 ? -EIO : 0;
}

/* The number behind @key in a buffer's statistics. */
static __u64 stat_of(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

__u64 gortc_trace_lost(struct gortc_trace *t)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF), cpu;
	char file[48], *text;
	__u64 lost = 0;

	for (cpu = 0; cpu < cpus; cpu++) {
		snprintf(file, sizeof(file), "per_cpu/cpu%ld/stats", cpu);
		text = tracefs_instance_file_read(t->instance, file, NULL);
		if (!text)
			continue;
		lost += stat_of(text, "overrun: ");
		lost += stat_of(text, "dropped events: ");
		free(text);
	}
	return lost;
}

void gortc_trace_end(struct gortc_trace *t)
{
	if (!t)
		return;
	tracefs_event_disable(t->instance, SYSTEM, NULL);
	tep_free(t->tep);
	tracefs_instance_destroy(t->instance);
	tracefs_instance_free(t->instance);
	free(t);
}

/* "seconds.fraction:" in nanoseconds; false if it is none. */
static bool parse_time(const char *text, __u64 *ns, char **end)
{
	__u64 scale = 1000000000ULL / 10;

	if (!isdigit((unsigned char)*text))
		return false;
	*ns = strtoull(text, end, 10) * 1000000000ULL;
	if (**end != '.')
		return false;
	for ((*end)++; isdigit((unsigned char)**end); (*end)++, scale /= 10)
		*ns += (**end - '0') * scale;
	return **end == ':';
}

/* Behind the task and its number: "[cpu] flags time: event: fields" */
static bool parse_line(char *line, struct gortc_event *e)
{
	char *p = strstr(line, " ["), *colon, *end;

	memset(e, 0, sizeof(*e));
	if (!p)
		return false;
	e->cpu = strtol(p + 2, &end, 10);
	if (*end != ']')
		return false;
	for (p = end + 1; (p = strchr(p, ' ')); p++) {
		while (p[1] == ' ')
			p++;
		if (parse_time(p + 1, &e->ns, &end))
			break;
	}
	if (!p)
		return false;
	for (p = end + 1; *p == ' '; p++)
		;
	colon = strchr(p, ':');
	if (!colon || (size_t)(colon - p) >= sizeof(e->name))
		return false;
	memcpy(e->name, p, colon - p);
	for (p = colon + 1; *p == ' '; p++)
		;
	snprintf(e->fields, sizeof(e->fields), "%.*s", (int)strcspn(p, "\n"), p);
	set_gid(e);
	return true;
}

int gortc_trace_parse(FILE *in, gortc_event_fn fn, void *arg)
{
	struct gortc_event e;
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	while (!err && getline(&line, &size, in) >= 0)
		if (line[0] != '#' && parse_line(line, &e))
			err = fn(&e, arg);
	free(line);
	return err ?: ferror(in) ? -EIO : 0;
}
