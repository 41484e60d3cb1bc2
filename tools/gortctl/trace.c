// SPDX-License-Identifier: GPL-2.0-only
/*
 * gortctl trace: record for a while, and show which green thread ran when.
 *
 * The file is in the Trace Event Format, which Perfetto (ui.perfetto.dev) and
 * chrome://tracing read: a track for each P, a slice for each time that a green
 * thread ran on it, an instant for what became of each request, and an arrow from
 * a request to where it was taken. Each object is written when it is known, so
 * that a long recording needs no more memory than a short one.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gortctl.h"
#include "num.h"
#include "svg.h"
#include "timeline.h"
#include "util.h"

#define PID		1	/* of "gort" in the file */
#define BUFFER_KIB	4096	/* for each CPU */
#define BUFFER_MAX	(1024 * 1024)
#define SECONDS_MAX	3600

struct trace {
	const char *out, *picture, *from;
	double seconds;
	__u64 buffer_kib;
	char **workload;	/* arguments of "run", or NULL */
	int nworkload;

	FILE *file;
	bool comma;
	__u64 arrows;
	struct svg *svg;
	struct timeline *tl;
	bool seen[4096];	/* CPUs with a track */
};

static void emit(struct trace *t, struct json_object *o)
{
	const char *s = json_object_to_json_string_ext(o,
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	fprintf(t->file, "%s%s", t->comma ? ",\n" : "", s ? s : "{}");
	t->comma = true;
	json_object_put(o);
}

/* Times are microseconds there; all digits that there are, and no others. */
static struct json_object *micros(__u64 ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%03llu", ns / 1000, ns % 1000);
	return json_object_new_double_s(ns / 1e3, text);
}

/* What all events have. */
static struct json_object *event(const char *ph, const char *name, int cpu,
				 __u64 ns)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "ph", ph, 1);
	json_text(o, "name", name, strlen(name));
	json_num(o, "pid", PID);
	json_num(o, "tid", cpu);
	json_add(o, "ts", micros(ns));
	return o;
}

static void metadata(struct trace *t, const char *what, int cpu,
		     const char *name)
{
	struct json_object *o = event("M", what, cpu, 0);
	struct json_object *args = json_object_new_object();

	json_text(args, "name", name, strlen(name));
	json_add(o, "args", args);
	emit(t, o);
}

/* The first event of a P makes its track. */
static void track(struct trace *t, int cpu)
{
	char name[24];

	if (t->seen[cpu])
		return;
	t->seen[cpu] = true;
	snprintf(name, sizeof(name), "P %d", cpu);
	metadata(t, "thread_name", cpu, name);
}

static int on_slice(const struct tl_slice *s, void *arg)
{
	struct json_object *o, *args;
	struct trace *t = arg;
	char name[TL_TEXT + 24];

	if (t->file) {
		track(t, s->cpu);
		snprintf(name, sizeof(name), "G %llu%s%s", s->gid,
			 s->body[0] ? " " : "", s->body);
		o = event("X", name, s->cpu, s->from);
		json_add(o, "dur", micros(s->to - s->from));
		args = json_object_new_object();
		json_num(args, "gid", s->gid);
		json_text(args, "stopped", s->reason, TL_TEXT);
		if (s->wait[0])
			json_text(args, "wait", s->wait, TL_TEXT);
		json_add(o, "args", args);
		emit(t, o);
	}
	return t->svg ? svg_slice(t->svg, s) : 0;
}

/* From where a request was made to where it was taken. */
static void arrow(struct trace *t, const struct tl_mark *m)
{
	struct json_object *o;

	t->arrows++;
	o = event("s", "request", m->cpu, m->asked);
	json_text(o, "cat", "preempt", TL_TEXT);
	json_num(o, "id", t->arrows);
	emit(t, o);
	o = event("f", "request", m->cpu, m->at);
	json_text(o, "cat", "preempt", TL_TEXT);
	json_num(o, "id", t->arrows);
	json_text(o, "bp", "e", 1);
	emit(t, o);
}

static int on_mark(const struct tl_mark *m, void *arg)
{
	static const char * const keys[TL_KINDS] = {
		"cause", "why", "site", "how",
	};
	struct json_object *o, *args;
	struct trace *t = arg;

	if (t->file) {
		track(t, m->cpu);
		o = event("i", tl_kind_names[m->kind], m->cpu, m->at);
		json_text(o, "s", "t", 1);
		json_text(o, "cat", "preempt", TL_TEXT);
		args = json_object_new_object();
		json_num(args, "gid", m->gid);
		json_text(args, keys[m->kind], m->what, TL_TEXT);
		json_add(o, "args", args);
		emit(t, o);
		if (m->kind == TL_TAKE && m->asked)
			arrow(t, m);
	}
	return t->svg ? svg_mark(t->svg, m) : 0;
}

static int begin_output(struct trace *t)
{
	struct tl_sink sink = { .slice = on_slice, .mark = on_mark, .arg = t };

	t->tl = timeline_new(&sink);
	if (t->picture)
		t->svg = svg_new();
	if (!t->tl || (t->picture && !t->svg))
		return wrong("no memory");
	if (!t->out)
		return 0;
	t->file = fopen(t->out, "we");
	if (!t->file)
		return wrong("%s: %s", t->out, strerror(errno));
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", t->file);
	metadata(t, "process_name", 0, "gort");
	return 0;
}

static int write_picture(struct trace *t)
{
	FILE *out = fopen(t->picture, "we");
	int err;

	if (!out)
		return wrong("%s: %s", t->picture, strerror(errno));
	err = svg_write(t->svg, timeline_counts(t->tl), out);
	if (fclose(out) && !err)
		err = -errno;
	if (err == -ENODATA) {
		unlink(t->picture);
		return wrong("no green thread ran meanwhile: nothing to draw");
	}
	return err ? wrong("%s: %s", t->picture, strerror(-err)) : 0;
}

static int end_output(struct trace *t, int err)
{
	int code = 0;

	if (!err)
		err = timeline_end(t->tl);
	if (err)
		return wrong("reading the recording: %s", strerror(-err));
	if (t->file) {
		fputs("\n]}\n", t->file);
		code = ferror(t->file);
		if (fclose(t->file) || code)
			return wrong("%s: %s", t->out, strerror(errno));
	}
	return t->picture ? write_picture(t) : 0;
}

static void report(const struct trace *t, __u64 lost)
{
	const struct tl_counts *c = timeline_counts(t->tl);

	printf("%llu events in %.3f s: %llu slices, ", c->events,
	       (c->last - c->first) / 1e9, c->slices);
	printf("%llu requests, %llu declined, %llu restored, %llu taken\n",
	       c->marks[TL_REQUEST], c->marks[TL_DECLINE],
	       c->marks[TL_RESTORE], c->marks[TL_TAKE]);
	if (lost)
		printf("%llu events had no room: --buffer takes more than %llu KiB\n",
		       lost, t->buffer_kib);
}

static int explain(int err)
{
	switch (err) {
	case -ENOENT:
		return wrong("there is no tracefs: mount -t tracefs nodev /sys/kernel/tracing");
	case -ENODEV:
		return wrong("gort has no events: is it loaded? Try: insmod gort.ko");
	case -EACCES:
	case -EPERM:
		return wrong("tracing is for root alone");
	default:
		return wrong("can't record: %s", strerror(-err));
	}
}

/* Ctrl-C ends the recording, not the program. */
static atomic_bool interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = true;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/* Tasks in a process of their own; Ctrl-C is for that one, too. */
static int run_workload(struct trace *t)
{
	int status;
	pid_t pid;

	fflush(NULL); /* or both would write what is not written yet */
	pid = fork();
	if (pid < 0)
		return wrong("fork: %s", strerror(errno));
	if (!pid) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		optind = 0; /* begin anew */
		exit(cmd_run(t->nworkload, t->workload));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return wrong("wait: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_WRONG;
}

static void sleep_for(double seconds)
{
	struct timespec ts = {
		.tv_sec = seconds, .tv_nsec = (seconds - (long)seconds) * 1e9,
	};

	while (!interrupted && nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static int record(struct trace *t)
{
	struct gortc_trace *rec;
	int err, code = 0;
	__u64 lost;

	catch_signals();
	err = gortc_trace_start(&rec, t->buffer_kib);
	if (err)
		return explain(err);
	if (t->workload)
		code = run_workload(t);
	else
		sleep_for(t->seconds);
	gortc_trace_stop(rec);
	lost = gortc_trace_lost(rec);
	err = gortc_trace_read(rec, timeline_event, t->tl);
	gortc_trace_end(rec);
	err = end_output(t, err);
	if (!err)
		report(t, lost);
	return err ?: code;
}

/* A recording that somebody else has made. */
static int convert(struct trace *t)
{
	FILE *in = strcmp(t->from, "-") ? fopen(t->from, "re") : stdin;
	int err;

	if (!in)
		return wrong("%s: %s", t->from, strerror(errno));
	err = gortc_trace_parse(in, timeline_event, t->tl);
	if (in != stdin)
		fclose(in);
	err = end_output(t, err);
	if (!err)
		report(t, 0);
	return err;
}

static int parse(struct trace *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "svg", required_argument, NULL, 's' },
		{ "buffer", required_argument, NULL, 'b' },
		{ "from", required_argument, NULL, 'f' },
		{ }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "+o:t:", options, NULL)) != -1) {
		switch (opt) {
		case 'o':
			t->out = optarg;
			break;
		case 's':
			t->picture = optarg;
			break;
		case 'f':
			t->from = optarg;
			break;
		case 't':
			if (num_seconds(optarg, SECONDS_MAX, &t->seconds))
				return usage("-t takes seconds, up to %d", SECONDS_MAX);
			break;
		case 'b':
			if (num_parse(optarg, false, &t->buffer_kib) ||
			    !t->buffer_kib || t->buffer_kib > BUFFER_MAX)
				return usage("--buffer takes KiB, up to %d", BUFFER_MAX);
			break;
		default:
			return usage("trace knows -o, -t, --svg, --buffer, --from and a workload");
		}
	}
	if (!t->out && !t->picture)
		return usage("trace needs -o FILE, --svg FILE or both");
	if (argc > optind) {
		/* "run" finds its own name in front */
		t->workload = &argv[optind - 1];
		t->nworkload = argc - optind + 1;
	}
	if (t->from && t->workload)
		return usage("--from takes no workload");
	return 0;
}

int cmd_trace(int argc, char **argv)
{
	static struct trace t = { .seconds = 1, .buffer_kib = BUFFER_KIB };
	int code = parse(&t, argc, argv);

	if (!code)
		code = begin_output(&t);
	if (!code)
		code = t.from ? convert(&t) : record(&t);
	timeline_free(t.tl);
	svg_free(t.svg);
	return code;
}
