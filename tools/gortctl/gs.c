// SPDX-License-Identifier: GPL-2.0-only
/* The list of green threads, see gs.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "gortctl.h"
#include "gs.h"
#include "num.h"

const char * const gs_states[GS_STATES] = {
	"running", "runnable", "waiting", "blocked", "starting",
};

enum gs_state gs_state(const char *name)
{
	int i;

	for (i = 0; i < GS_STATES; i++)
		if (!strcmp(name, gs_states[i]))
			break;
	return i;
}

/* A context has the name of a program, and that chooses its name itself. */
static void clean(const char *text)
{
	char *at;

	/* They are in the memory that gortc_gs() gave us. */
	for (at = (char *)text; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
}

int gs_read(struct gortc_g **gs)
{
	int n = gortc_gs(debugfs_path, gs), i;

	for (i = 0; i < n; i++) {
		clean((*gs)[i].name);
		clean((*gs)[i].state);
		clean((*gs)[i].reason);
		clean((*gs)[i].body);
	}
	return n;
}

static int compare(__u64 a, __u64 b)
{
	return (a > b) - (a < b);
}

static int by_gid(const void *a, const void *b)
{
	return compare(((const struct gortc_g *)a)->gid,
		       ((const struct gortc_g *)b)->gid);
}

static int by_ctx(const void *a, const void *b)
{
	int diff = compare(((const struct gortc_g *)a)->ctx,
			   ((const struct gortc_g *)b)->ctx);

	return diff ? diff : by_gid(a, b);
}

static int by_time(const void *a, const void *b)
{
	int diff = compare(((const struct gortc_g *)b)->ms,
			   ((const struct gortc_g *)a)->ms);

	return diff ? diff : by_gid(a, b);
}

static int by_state(const void *a, const void *b)
{
	int diff = compare(gs_state(((const struct gortc_g *)a)->state),
			   gs_state(((const struct gortc_g *)b)->state));

	return diff ? diff : by_time(a, b);
}

static int by_stack(const void *a, const void *b)
{
	int diff = compare(((const struct gortc_g *)b)->stack,
			   ((const struct gortc_g *)a)->stack);

	return diff ? diff : by_gid(a, b);
}

static int by_preempted(const void *a, const void *b)
{
	int diff = compare(((const struct gortc_g *)b)->preempted,
			   ((const struct gortc_g *)a)->preempted);

	return diff ? diff : by_gid(a, b);
}

bool gs_sort(struct gortc_g *gs, int n, const char *key)
{
	static const struct {
		const char *key;
		int (*compare)(const void *a, const void *b);
	} sorts[] = {
		{ "gid", by_gid }, { "ctx", by_ctx }, { "state", by_state },
		{ "time", by_time }, { "stack", by_stack },
		{ "preempted", by_preempted },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sorts); i++) {
		if (strcmp(key, sorts[i].key))
			continue;
		if (n > 1)
			qsort(gs, n, sizeof(*gs), sorts[i].compare);
		return true;
	}
	return false;
}

void gs_head(FILE *f)
{
	fprintf(f, "%8s %5s %-15s %-8s %3s %8s %8s %9s %8s %-20s %s\n",
		"G", "CTX", "NAME", "STATE", "CPU", "TIME", "STACK",
		"PREEMPTED", "DECLINED", "BODY", "REASON");
}

void gs_line(FILE *f, const struct gortc_g *g)
{
	char time[NUM_LEN] = "-", cpu[NUM_LEN] = "-";
	enum gs_state state = gs_state(g->state);

	/* For others it is not known. */
	if (state == GS_WAITING || state == GS_BLOCKED)
		num_ns(time, g->ms * 1000000);
	/* The module counts in steps of some milliseconds. */
	if (!g->ms && *time == '0')
		strcpy(time, "0 ms");
	if (g->cpu >= 0)
		snprintf(cpu, sizeof(cpu), "%d", g->cpu);
	fprintf(f, "%8llu %5llu %-15s %-8s %3s %8s %8llu %9llu %8llu %-20s %s\n",
		g->gid, g->ctx, g->name, g->state, cpu, time, g->stack,
		g->preempted, g->declined, g->body, g->reason);
}
