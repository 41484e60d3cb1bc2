// SPDX-License-Identifier: GPL-2.0-only
/* One picture of "gortctl top", see view.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gortctl.h"
#include "gs.h"
#include "num.h"
#include "view.h"

/* Without the counters of a CPU, which may have gone meanwhile, it has no rate. */
static int read_ps(struct view *v, struct gortc *c)
{
	struct gort_stats st;
	int i, n;

	n = gortc_ps(debugfs_path, &v->ps);
	if (n < 0)
		return n;
	v->nr_ps = n < VIEW_MAX_PS ? n : VIEW_MAX_PS;
	for (i = 0; i < v->nr_ps; i++)
		v->switches[i] = gortc_stats(c, v->ps[i].cpu, &st) ? 0 : st.switches;
	return 0;
}

static int read_segments(struct view *v)
{
	struct gortc_segment *segments;
	int i, n;

	n = gortc_segments(debugfs_path, &segments);
	if (n < 0)
		return n;
	for (i = 0; i < n; i++) {
		v->stacks += segments[i].used * segments[i].size;
		v->cached += segments[i].cached * segments[i].size;
	}
	free(segments);
	return 0;
}

static int read_gs(struct view *v)
{
	int n = gs_read(&v->gs);

	if (n < 0)
		return n;
	v->nr_gs = n;
	gs_sort(v->gs, n, "state");
	return 0;
}

int view_read(struct view *v, struct gortc *c)
{
	int err;

	memset(v, 0, sizeof(*v));
	v->ns = num_now();
	err = gortc_info(c, &v->info);
	if (!err)
		err = gortc_stats(c, GORT_STATS_ALL, &v->all);
	if (err)
		return err;

	v->err = read_ps(v, c);
	if (!v->err)
		v->err = read_segments(v);
	if (!v->err)
		v->err = read_gs(v);
	return 0;
}

void view_free(struct view *v)
{
	free(v->ps);
	free(v->gs);
	v->ps = NULL;
	v->gs = NULL;
}

/* A state that is not known here, of a newer module, is counted in the sum alone. */
static void print_states(FILE *f, const struct view *v)
{
	int count[GS_STATES + 1] = { }, i;

	for (i = 0; i < v->nr_gs; i++)
		count[gs_state(v->gs[i].state)]++;
	fprintf(f, "%d green threads:", v->nr_gs);
	for (i = 0; i < GS_STATES; i++)
		fprintf(f, " %d %s%s", count[i], gs_states[i],
			i + 1 < GS_STATES ? "," : "\n");
}

static void print_rates(FILE *f, const struct gort_stats *d, double s)
{
	fprintf(f, "per second: %.0f switches, %.0f created, %.0f ended, %.0f stolen, %.0f slept\n",
		d->switches / s, d->spawned / s, d->exited / s, d->stolen / s,
		d->parked / s);
	fprintf(f, "preemption per second: %.1f requested, %.1f accepted (%.1f async)\n",
		d->requested / s, (d->accepted + d->async) / s, d->async / s);
	fprintf(f, "  %.1f declined, %.1f restored, %.1f lost\n",
		stat_declined(d) / s, stat_restored(d) / s, d->lost / s);
}

static void print_memory(FILE *f, const struct view *v)
{
	char heap[NUM_LEN], used[NUM_LEN], cached[NUM_LEN];

	fprintf(f, "memory: heap %s in %llu objects, %llu collections",
		num_bytes(heap, v->all.heap_bytes), v->all.heap_objects,
		v->all.collections);
	if (!v->err)
		fprintf(f, "; stacks %s, %s cached", num_bytes(used, v->stacks),
			num_bytes(cached, v->cached));
	fputc('\n', f);
}

/* By the CPU: others may have come or gone between the two looks. */
static __u64 switches_of(const struct view *v, int cpu)
{
	int i;

	for (i = 0; v && i < v->nr_ps; i++)
		if (v->ps[i].cpu == cpu)
			return v->switches[i];
	return 0;
}

/* @next is not in the queue, but to who waits for his turn it is. */
static void print_ps(FILE *f, const struct view *v, const struct view *old, double s)
{
	char pid[NUM_LEN], gid[NUM_LEN];
	const struct gortc_p *p;
	int i;

	fprintf(f, "%8s %-8s %8s %8s %8s %12s\n", "P", "STATE", "THREAD", "G",
		"QUEUE", "SWITCHES/s");
	for (i = 0; i < v->nr_ps; i++) {
		p = &v->ps[i];
		if (!strcmp(p->state, "unused"))
			continue;
		snprintf(pid, sizeof(pid), p->pid ? "%d" : "-", p->pid);
		snprintf(gid, sizeof(gid), p->gid ? "%llu" : "-", p->gid);
		fprintf(f, "%8d %-8s %8s %8s %8llu %12.0f\n", p->cpu, p->state,
			pid, gid, p->queue + !!p->next,
			(v->switches[i] - switches_of(old, p->cpu)) / s);
	}
}

static void print_lists(FILE *f, const struct view *v, const struct view *old,
			double s, int max_gs)
{
	char why[512];
	int i;

	fputc('\n', f);
	if (v->err) {
		gortc_explain_debugfs(debugfs_path, v->err, why, sizeof(why));
		fprintf(f, "no more to see: %s\n", why);
		return;
	}
	print_ps(f, v, old, s);
	fputc('\n', f);
	gs_head(f);
	for (i = 0; i < v->nr_gs && i < max_gs; i++)
		gs_line(f, &v->gs[i]);
}

void view_print(FILE *f, const struct view *v, const struct view *old, int max_gs)
{
	double s = v->ns > old->ns ? (v->ns - old->ns) / 1e9 : 1;
	struct gort_stats delta = v->all;
	time_t now = time(NULL);
	char clock[16];

	stat_delta(&delta, &old->all);
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	fprintf(f, "gort, %s, %u Ps, %llu threads\n", clock, v->info.nr_procs,
		v->all.threads);
	if (v->err)
		fprintf(f, "%llu green threads\n", v->info.tasks_total);
	else
		print_states(f, v);
	print_rates(f, &delta, s);
	print_memory(f, v);
	print_lists(f, v, old, s, max_gs);
}
