// SPDX-License-Identifier: GPL-2.0-only
/* gortctl info and list: what the module is, allows and offers. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "gortctl.h"
#include "num.h"

/* Their only option; returns 0 or the exit code. */
static int parse(int argc, char **argv, bool *json)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'j')
			return usage("%s knows --json only", argv[0]);
		*json = true;
	}
	if (optind < argc)
		return usage("%s takes no '%s'", argv[0], argv[optind]);
	return 0;
}

static void info_json(const struct gort_info *in)
{
	struct json_object *o = json_object_new_object();

	json_num(o, "abi_version", in->abi_version);
	json_num(o, "nr_procs", in->nr_procs);
	json_num(o, "slice_ns", in->slice_ns);
	json_num(o, "nr_workloads", in->nr_workloads);
	json_num(o, "max_tasks_file", in->max_tasks_file);
	json_num(o, "max_batch", in->max_batch);
	json_num(o, "tasks_total", in->tasks_total);
	json_num(o, "max_tasks_total", in->max_tasks_total);
	json_num(o, "stack_max", in->stack_max);
	json_print(o, false);
}

static void info_text(const struct gort_info *in)
{
	char buf[NUM_LEN];

	printf("ABI version        %u\n", in->abi_version);
	printf("Ps in use          %u\n", in->nr_procs);
	printf("slice              %s\n", num_ns(buf, in->slice_ns));
	printf("workloads          %u\n", in->nr_workloads);
	printf("tasks per file     %llu at most\n", in->max_tasks_file);
	printf("tasks per submit   %u at most\n", in->max_batch);
	printf("green threads      %llu now, %llu at most\n",
	       in->tasks_total, in->max_tasks_total);
	printf("stack of each      %llu bytes at most\n", in->stack_max);
}

int cmd_info(int argc, char **argv)
{
	bool json = false;
	struct gortc c;
	int code;

	code = parse(argc, argv, &json);
	if (code)
		return code;
	if (!open_device(&c))
		return EXIT_WRONG;

	if (json)
		info_json(&c.info);
	else
		info_text(&c.info);
	gortc_close(&c);
	return 0;
}

static void print_workload(const struct gort_workload_info *w)
{
	char def[NUM_LEN];
	__u32 i;

	printf("%-15.*s %.*s\n", GORT_NAME_LEN, w->name,
	       (int)sizeof(w->help), w->help);
	for (i = 0; i < w->nr_args; i++) {
		const struct gort_arg_info *a = &w->args[i];

		snprintf(def, sizeof(def), "%llu", a->def);
		printf("  %-15.*s default %-12s from %llu to %llu\n",
		       GORT_NAME_LEN, a->name, def, a->min, a->max);
	}
}

static void add_workload(struct json_object *list,
			 const struct gort_workload_info *w)
{
	struct json_object *o = json_object_new_object();
	struct json_object *args = json_object_new_array();
	__u32 i;

	json_text(o, "name", w->name, GORT_NAME_LEN);
	json_text(o, "help", w->help, sizeof(w->help));
	for (i = 0; i < w->nr_args; i++) {
		struct json_object *a = json_object_new_object();

		json_text(a, "name", w->args[i].name, GORT_NAME_LEN);
		json_num(a, "min", w->args[i].min);
		json_num(a, "max", w->args[i].max);
		json_num(a, "default", w->args[i].def);
		json_append(args, a);
	}
	json_add(o, "args", args);
	json_append(list, o);
}

int cmd_list(int argc, char **argv)
{
	struct json_object *list = NULL;
	struct gort_workload_info w;
	bool json = false;
	struct gortc c;
	int err, code;
	__u32 i;

	code = parse(argc, argv, &json);
	if (code)
		return code;
	if (!open_device(&c))
		return EXIT_WRONG;

	if (json)
		list = json_object_new_array();
	for (i = 0; !(err = gortc_workload(&c, i, &w)); i++) {
		if (json)
			add_workload(list, &w);
		else
			print_workload(&w);
	}
	gortc_close(&c);
	if (err != -ENOENT)
		return wrong("can't read workload %u: %s", i, strerror(-err));
	if (json)
		json_print(list, false);
	return 0;
}
