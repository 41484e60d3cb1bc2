// SPDX-License-Identifier: GPL-2.0-only
/* gortctl info and list: what the module is, allows and offers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gortctl.h"
#include "num.h"

int cmd_info(int argc, char **argv)
{
	const struct gort_info *in;
	char buf[NUM_LEN];
	struct gortc c;

	if (argc > 1)
		return usage("info takes no '%s'", argv[1]);
	if (!open_device(&c))
		return EXIT_WRONG;

	in = &c.info;
	printf("ABI version        %u\n", in->abi_version);
	printf("Ps in use          %u\n", in->nr_procs);
	printf("slice              %s\n", num_ns(buf, in->slice_ns));
	printf("workloads          %u\n", in->nr_workloads);
	printf("tasks per file     %llu at most\n", in->max_tasks_file);
	printf("tasks per submit   %u at most\n", in->max_batch);
	printf("green threads      %llu now, %llu at most\n",
	       in->tasks_total, in->max_tasks_total);
	printf("stack of each      %llu bytes at most\n", in->stack_max);
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

int cmd_list(int argc, char **argv)
{
	struct gort_workload_info w;
	struct gortc c;
	__u32 i;
	int err;

	if (argc > 1)
		return usage("list takes no '%s'", argv[1]);
	if (!open_device(&c))
		return EXIT_WRONG;

	for (i = 0; !(err = gortc_workload(&c, i, &w)); i++)
		print_workload(&w);
	gortc_close(&c);
	if (err != -ENOENT)
		return wrong("can't read workload %u: %s", i, strerror(-err));
	return 0;
}
