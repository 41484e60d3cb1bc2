// SPDX-License-Identifier: GPL-2.0-only
/* gortctl ps and stack: every green thread, and where it stands. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gortctl.h"
#include "gs.h"
#include "num.h"

struct ps {
	const char *sort;
	const char *state;	/* NULL: any */
	__u64 ctx;
	bool only_ctx;
	bool json;
};

static bool chosen(const struct ps *p, const struct gortc_g *g)
{
	return (!p->state || !strcmp(p->state, g->state)) &&
	       (!p->only_ctx || p->ctx == g->ctx);
}

static void add_json(struct json_object *list, const struct gortc_g *g)
{
	struct json_object *o = json_object_new_object();

	json_num(o, "gid", g->gid);
	json_num(o, "ctx", g->ctx);
	json_text(o, "name", g->name, SIZE_MAX);
	json_text(o, "state", g->state, SIZE_MAX);
	json_add(o, "cpu", json_object_new_int(g->cpu));
	json_num(o, "ms", g->ms);
	json_num(o, "preempted", g->preempted);
	json_num(o, "declined", g->declined);
	json_num(o, "stack_bytes", g->stack);
	json_text(o, "reason", g->reason, SIZE_MAX);
	json_text(o, "body", g->body, SIZE_MAX);
	json_append(list, o);
}

/* Returns 0 or the exit code. */
static int parse(int argc, char **argv, struct ps *p)
{
	static const struct option options[] = {
		{ "sort", required_argument, NULL, 's' },
		{ "state", required_argument, NULL, 't' },
		{ "ctx", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			p->sort = optarg;
			if (!gs_sort(NULL, 0, optarg))
				return usage("can't sort by '%s': see gortctl(1)", optarg);
			break;
		case 't':
			p->state = optarg;
			if (gs_state(optarg) == GS_STATES)
				return usage("there is no state '%s': see gortctl(1)", optarg);
			break;
		case 'c':
			p->only_ctx = true;
			if (num_parse(optarg, false, &p->ctx))
				return usage("'%s' is no number of a context", optarg);
			break;
		case 'j':
			p->json = true;
			break;
		default:
			return usage("ps knows --sort, --state, --ctx and --json only");
		}
	}
	if (optind < argc)
		return usage("ps takes no '%s'", argv[optind]);
	return 0;
}

int cmd_ps(int argc, char **argv)
{
	struct json_object *list = NULL;
	struct ps p = { .sort = "gid" };
	struct gortc_g *gs;
	int n, i, code;

	code = parse(argc, argv, &p);
	if (code)
		return code;
	n = gs_read(&gs);
	if (n < 0)
		return wrong_debugfs(n);

	gs_sort(gs, n, p.sort);
	if (p.json)
		list = json_object_new_array();
	else
		gs_head(stdout);
	for (i = 0; i < n; i++) {
		if (!chosen(&p, &gs[i]))
			continue;
		if (p.json)
			add_json(list, &gs[i]);
		else
			gs_line(stdout, &gs[i]);
	}
	if (p.json)
		json_print(list, false);
	free(gs);
	return 0;
}

static int print_stack(__u64 gid)
{
	char *text;
	int err = gortc_stack(debugfs_path, gid, &text);

	if (err == -ESRCH)
		return wrong("there is no green thread %llu: see gortctl ps", gid);
	if (err)
		return wrong_debugfs(err);
	fputs(text, stdout);
	free(text);
	return 0;
}

/* All numbers are looked at before the first stack is printed. */
int cmd_stack(int argc, char **argv)
{
	int i, code = 0, bad;
	__u64 gid;

	if (argc == 1)
		return print_stack(0);
	for (i = 1; i < argc; i++)
		if (num_parse(argv[i], false, &gid) || !gid)
			return usage("'%s' is no number of a green thread", argv[i]);
	for (i = 1; i < argc; i++) {
		num_parse(argv[i], false, &gid);
		if (i > 1)
			putchar('\n');
		bad = print_stack(gid);
		if (bad)
			code = bad;
	}
	return code;
}
