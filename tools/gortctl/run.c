// SPDX-License-Identifier: GPL-2.0-only
/* gortctl run: any number of equal tasks, and what became of them. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gortctl.h"
#include "num.h"
#include "pump.h"

#define MAX_COUNT	(10 * 1000 * 1000)
#define MAX_ERRNO	4095

struct run {
	struct gort_workload_info w;
	__u64 args[GORT_MAX_ARGS];
	__u64 count;
	bool quiet;
	bool json;
	bool ring;
	__u64 *latency;			/* of each task that completed */
	__u64 done;			/* how many did */
	__u64 ok;
	__u64 failed[MAX_ERRNO + 1];	/* by errno */
	__u64 preempted;
	__u64 declined;
	__u64 result;			/* of the first good task */
	bool differ;			/* did another one have another? */
	__u32 stack;			/* most that any of them had */
};

static int bad_key(const struct gort_workload_info *w, const char *key)
{
	char names[GORT_MAX_ARGS * (GORT_NAME_LEN + 1) + 1] = "";
	__u32 i;

	for (i = 0; i < w->nr_args; i++) {
		strcat(names, " ");
		strncat(names, w->args[i].name, GORT_NAME_LEN);
	}
	return usage("%s has no argument '%s', only:%s", w->name, key, names);
}

/* Take one "key=value"; returns 0 or the exit code. */
static int parse_arg(struct run *r, char *text, __u32 *seen)
{
	const struct gort_arg_info *a;
	char *value = strchr(text, '=');
	__u64 val;
	int i;

	if (!value)
		return usage("'%s' is not of the form key=value", text);
	*value++ = '\0';
	i = gortc_arg(&r->w, text);
	if (i < 0)
		return bad_key(&r->w, text);
	if (*seen & (1U << i))
		return usage("%s is given twice", text);
	*seen |= 1U << i;

	a = &r->w.args[i];
	if (num_parse(value, num_is_time(text), &val))
		return usage("'%s' is no number that %s can have", value, text);
	if (val < a->min || val > a->max)
		return usage("%s must be from %llu to %llu", text, a->min, a->max);
	r->args[i] = val;
	return 0;
}

/* Look the workload up and read its arguments; returns 0 or the exit code. */
static int parse_workload(struct run *r, struct gortc *c, char **argv)
{
	__u32 i, seen = 0;
	int err;

	err = gortc_find(c, argv[0], &r->w);
	if (err == -ENOENT)
		return usage("there is no workload '%s': see gortctl list", argv[0]);
	if (err)
		return wrong("can't read the workloads: %s", strerror(-err));

	for (i = 0; i < r->w.nr_args; i++)
		r->args[i] = r->w.args[i].def;
	while (*++argv) {
		err = parse_arg(r, *argv, &seen);
		if (err)
			return err;
	}
	return 0;
}

static void fill(void *arg, __u64 index, struct gort_task_desc *d)
{
	struct run *r = arg;

	(void)index;
	d->workload = r->w.id;
	memcpy(d->args, r->args, sizeof(d->args));
}

static void done(void *arg, __u64 index, const struct gort_completion *c)
{
	struct run *r = arg;

	(void)index;
	r->latency[r->done++] = c->latency_ns;
	r->preempted += c->preempted;
	r->declined += c->declined;
	if (c->stack_bytes > r->stack)
		r->stack = c->stack_bytes;
	if (c->status) {
		/* What is no errno is counted under the last one. */
		r->failed[c->status < 0 && c->status > -MAX_ERRNO ?
			  -c->status : MAX_ERRNO]++;
		return;
	}
	if (!r->ok++)
		r->result = c->result;
	else if (r->result != c->result)
		r->differ = true;
}

static void print_failed(const struct run *r)
{
	char buf[NUM_LEN];
	int err;

	printf("failed      %llu", r->done - r->ok);
	for (err = 0; err <= MAX_ERRNO; err++)
		if (r->failed[err])
			printf("  %s %llu", num_errno(buf, err), r->failed[err]);
	putchar('\n');
}

static void summary(struct run *r)
{
	char lo[NUM_LEN], mid[NUM_LEN], hi[NUM_LEN];
	__u64 median;
	__u32 i;

	printf("workload    %s", r->w.name);
	for (i = 0; i < r->w.nr_args; i++)
		printf(" %s=%llu", r->w.args[i].name, r->args[i]);
	printf("\ntasks       %llu\nok          %llu\n", r->done, r->ok);
	print_failed(r);
	if (r->ok && r->differ)
		puts("result      differs from task to task");
	else if (r->ok)
		printf("result      %llu\n", r->result);
	printf("preempted   %llu\ndeclined    %llu\nmost stack  %u bytes\n",
	       r->preempted, r->declined, r->stack);
	if (!r->done)
		return;
	median = num_median(r->latency, r->done);
	printf("latency     min %s, median %s, max %s\n",
	       num_ns(lo, r->latency[0]), num_ns(mid, median),
	       num_ns(hi, r->latency[r->done - 1]));
}

/* Sorts the latencies, as summary() does. */
static void print_json(struct run *r, const struct pump *p, int ended)
{
	struct json_object *o = json_object_new_object();
	struct json_object *part = json_object_new_object();
	__u64 median = num_median(r->latency, r->done);
	char buf[NUM_LEN];
	__u32 i;

	json_text(o, "workload", r->w.name, GORT_NAME_LEN);
	for (i = 0; i < r->w.nr_args; i++)
		json_num(part, r->w.args[i].name, r->args[i]);
	json_add(o, "args", part);
	json_num(o, "submitted", p->submitted);
	json_num(o, "completed", r->done);
	json_num(o, "ok", r->ok);
	part = json_object_new_object();
	for (i = 0; i <= MAX_ERRNO; i++)
		if (r->failed[i])
			json_num(part, num_errno(buf, i), r->failed[i]);
	json_add(o, "failed", part);
	if (ended)
		json_text(o, "ended_by", num_errno(buf, -ended), NUM_LEN);
	/* One result, if all have the same */
	if (r->ok && !r->differ)
		json_num(o, "result", r->result);
	json_num(o, "preempted", r->preempted);
	json_num(o, "declined", r->declined);
	json_num(o, "most_stack_bytes", r->stack);
	if (r->done) {
		part = json_object_new_object();
		json_num(part, "min", r->latency[0]);
		json_num(part, "median", median);
		json_num(part, "max", r->latency[r->done - 1]);
		json_add(o, "latency_ns", part);
	}
	json_print(o, false);
}

/* Say what went wrong, if so, and find the exit code. */
static int verdict(const struct run *r, const struct pump *p, int err)
{
	int code = 0;

	if (p->finished < p->submitted)
		code = wrong("%llu tasks never completed", p->submitted - p->finished);
	if (p->strays)
		code = wrong("%llu completions belong to no task", p->strays);
	if (err == -EINTR) {
		wrong("interrupted: %llu of %llu tasks were submitted, %llu of them have ended",
		      p->submitted, p->total, p->finished);
		return code ? code : EXIT_SIGNAL;
	}
	if (err == -EAGAIN)
		code = wrong("no room for more than %llu tasks: see the caps in gortctl info",
			     p->submitted);
	else if (err)
		code = wrong("after %llu tasks: %s", p->submitted, pump_error(err));
	if (r->ok < r->done)
		code = wrong("%llu of %llu tasks failed", r->done - r->ok, r->done);
	return code;
}

static int run_tasks(struct run *r, struct gortc *c)
{
	struct pump p = {
		.c = c,
		.total = r->count,
		.batch = PUMP_BATCH,
		.label = r->quiet ? NULL : r->w.name,
		.fill = fill,
		.done = done,
		.arg = r,
	};
	int err;

	r->latency = malloc(r->count * sizeof(*r->latency));
	if (!r->latency)
		return wrong("no memory for %llu tasks: run fewer", r->count);

	if (r->ring) {
		err = gortc_ring_open(c, &p.ring, PUMP_BATCH);
		if (err) {
			free(r->latency);
			return wrong("there is no ring here (%s): leave out --ring",
				     strerror(-err));
		}
	}
	pump_catch_signals(c);
	err = pump_run(&p);
	gortc_ring_close(p.ring);
	if (r->json)
		print_json(r, &p, err);
	else if (!r->quiet)
		summary(r);
	free(r->latency);
	return verdict(r, &p, err);
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "ring", no_argument, NULL, 'r' },
		{ }
	};
	static struct run r = { .count = 1 };
	struct gortc c;
	int opt, code;

	while ((opt = getopt_long(argc, argv, "n:q", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			if (num_parse(optarg, false, &r.count) || !r.count ||
			    r.count > MAX_COUNT)
				return usage("-n takes a number from 1 to %d", MAX_COUNT);
			break;
		case 'q':
			r.quiet = true;
			break;
		case 'j':
			r.json = true;
			break;
		case 'r':
			r.ring = true;
			break;
		default:
			return usage("run knows -n COUNT, -q, --json and --ring only");
		}
	}
	if (optind == argc)
		return usage("run needs a workload: see gortctl list");
	if (!open_device(&c))
		return EXIT_WRONG;

	code = parse_workload(&r, &c, argv + optind);
	if (!code)
		code = run_tasks(&r, &c);
	gortc_close(&c);
	return code;
}
