/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading gort's events through an instance of tracefs of one's own, which
 * nobody else's events get into.
 *
 * Its clock counts: an event that was fired before another one, on whatever CPU,
 * has the smaller number, so that the order of what is read is the order in
 * which things happened. Events are switched on and off while no green thread
 * runs, unless a test is about that: each switch patches code, and what runs
 * would make that slow.
 */
#ifndef TRACE_TEST_H
#define TRACE_TEST_H

#include "core_test.h"

#define TT_TRACING	"/sys/kernel/tracing/"
#define TT_EVENTS	TT_TRACING "events/gort/"
#define TT_INSTANCE	TT_TRACING "instances/gort_test/"
#define TT_BUFFER_KB	"16384"	/* for each CPU; no event gets lost */

/**
 * struct tt_event - one event, as tracefs prints it
 * @cpu: where it was fired
 * @name: which one
 * @gid: whose
 * @text: all fields, " NAME=VALUE" each, and a space
 */
struct tt_event {
	unsigned int cpu;
	char name[16];
	__u64 gid;
	char text[104];
};

/**
 * struct tt_trace - what was recorded
 * @event: in the order in which it happened
 * @n: how many
 */
struct tt_trace {
	struct tt_event *event;
	size_t n;
};

static const char * const tt_names[] = {
	"go", "ready", "start", "stop", "preempt_request", "preempt_decline",
	"preempt_restore", "preempt_take", "steal", "grow", "syscall_enter",
	"syscall_exit", "syscall_retake", "gc", "stw",
};

static inline int tt_set(const char *file, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), TT_INSTANCE "%s", file);
	return gt_write_file(path, text);
}

/* Each event, or all for NULL: on or off. */
static inline int tt_enable(const char *name, bool on)
{
	char file[64];

	snprintf(file, sizeof(file), "events/gort/%s%senable", name ? name : "",
		 name ? "/" : "");
	return tt_set(file, on ? "1" : "0");
}

static inline void tt_remove(void)
{
	if (access(TT_INSTANCE, F_OK))
		return;
	tt_enable(NULL, false);
	rmdir(TT_INSTANCE);
}

/* An empty instance, all events off. */
static inline int tt_make(void)
{
	int err;

	tt_remove();
	if (mkdir(TT_INSTANCE, 0700))
		return -errno;
	err = tt_set("trace_clock", "counter");
	return err ? err : tt_set("buffer_size_kb", TT_BUFFER_KB);
}

/* The value of a field, in @buf; empty if it has none of this name. */
static inline const char *tt_field(const struct tt_event *e, const char *name,
				   char *buf, size_t size)
{
	char key[32];
	const char *p;
	size_t len;

	snprintf(key, sizeof(key), " %s=", name);
	*buf = '\0';
	p = strstr(e->text, key);
	if (!p)
		return buf;
	p += strlen(key);
	/* a reason to wait has spaces, and is the last field */
	len = strcmp(name, "wait") ? strcspn(p, " ") : strlen(p);
	while (len && p[len - 1] == ' ')
		len--;
	snprintf(buf, size, "%.*s", (int)len, p);
	return buf;
}

static inline bool tt_is(const struct tt_event *e, const char *name,
			 const char *value)
{
	char buf[104];

	return !strcmp(tt_field(e, name, buf, sizeof(buf)), value);
}

/* A field that is a number, ~0 if there is none. */
static inline __u64 tt_num(const struct tt_event *e, const char *name)
{
	char buf[104], *end;
	__u64 n;

	tt_field(e, name, buf, sizeof(buf));
	n = strtoull(buf, &end, 10);
	return *buf && !*end ? n : ~0ULL;
}

/* "  comm-pid  [CPU] flags count: NAME: FIELDS"; false if it is none of ours. */
static inline bool tt_parse(const char *line, struct tt_event *e)
{
	const char *p = strchr(line, '[');
	size_t len;

	if (*line == '#' || !p)
		return false;
	memset(e, 0, sizeof(*e));
	e->cpu = strtoul(p + 1, NULL, 10);
	p = strstr(p, ": ");
	if (!p)
		return false;
	p += 2;
	len = strcspn(p, ":");
	if (len >= sizeof(e->name))
		return false;
	memcpy(e->name, p, len);
	if (p[len] == ':')
		len++;
	snprintf(e->text, sizeof(e->text), "%s", p + len);
	e->text[strcspn(e->text, "\n")] = '\0';
	e->gid = tt_num(e, "gid");
	return e->gid != ~0ULL;
}

/* What was recorded so far; negative errno. */
static inline int tt_read(struct tt_trace *t)
{
	FILE *f = fopen(TT_INSTANCE "trace", "re");
	size_t room = 0;
	char line[512];

	t->event = NULL;
	t->n = 0;
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (t->n == room) {
			room = room ? 2 * room : 1024;
			t->event = realloc(t->event, room * sizeof(*t->event));
			if (!t->event) {
				fclose(f);
				return -ENOMEM;
			}
		}
		t->n += tt_parse(line, &t->event[t->n]);
	}
	fclose(f);
	return 0;
}

/* Events that the buffer had no room for; -1 if that can't be read. */
static inline long tt_dropped(void)
{
	char path[96], text[512], *p;
	long n = 0;
	int cpu;

	for (cpu = 0; cpu < ct_cpus(); cpu++) {
		snprintf(path, sizeof(path), TT_INSTANCE "per_cpu/cpu%d/stats",
			 cpu);
		if (gt_read_file(path, text, sizeof(text)))
			return -1;
		p = strstr(text, "overrun: ");
		if (!p)
			return -1;
		n += strtol(p + 9, NULL, 10);
		p = strstr(text, "dropped events: ");
		if (!p)
			return -1;
		n += strtol(p + 16, NULL, 10);
	}
	return n;
}

/* How many there are of this name and, unless it is NULL, this field. */
static inline size_t tt_count(const struct tt_trace *t, const char *name,
			      const char *field, const char *value)
{
	size_t n = 0, i;

	for (i = 0; i < t->n; i++)
		n += !strcmp(t->event[i].name, name) &&
		     (!field || tt_is(&t->event[i], field, value));
	return n;
}

/* The first one of this name from @from on, or NULL. */
static inline const struct tt_event *tt_find(const struct tt_trace *t,
					     const char *name, size_t from)
{
	for (; from < t->n; from++)
		if (!strcmp(t->event[from].name, name))
			return &t->event[from];
	return NULL;
}

FIXTURE(trace) {
	struct gt_params saved;
	struct tt_trace t;
	int fd;
};

FIXTURE_SETUP(trace)
{
	self->fd = -1;
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("slice_us", 10000));
	if (!ct_loaded("gort_test"))
		ASSERT_EQ(0, ct_insmod_test());
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, tt_make());
}

FIXTURE_TEARDOWN(trace)
{
	if (ct_loaded("gort_test")) {
		EXPECT_EQ(0, ct_loops(false));
		EXPECT_EQ(0, ct_gate(true));
	}
	tt_remove();
	EXPECT_NE(0, access(TT_INSTANCE, F_OK));
	free(self->t.event);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test"));
}

#endif /* TRACE_TEST_H */
