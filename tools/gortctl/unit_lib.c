// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what libgort does without a module: it reads files, and times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libgort.h>
#include "num.h"
#include "unit.h"

static const char *root;

static void put(const char *file, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(path);
		exit(1);
	}
}

#define SEGMENTS "size\tused\tcached\n"

static void segments_are(const char *text, int want, const char *what)
{
	struct gortc_segment *segments = NULL;

	put("segments", text);
	ok(gortc_segments(root, &segments) == want && (want >= 0) == !!segments,
	   what);
	free(segments);
}

static void tables(void)
{
	segments_are(SEGMENTS, 0, "a table may have no rows");
	segments_are(SEGMENTS "1\t2\t3\n4\t5\t6", 2, "the last line may lack its end");
	segments_are("", -EPROTO, "a table needs its names");
	segments_are("size\tcached\n1\t2\n", -EPROTO, "a column is missing");
	segments_are("size\tused\tcache\n1\t2\t3\n", -EPROTO, "a column has another name");
	segments_are(SEGMENTS "1\t2\n", -EPROTO, "a row is too short");
	segments_are(SEGMENTS "1\t2\t3\t4\n", -EPROTO, "a row is too long");
	segments_are(SEGMENTS "1\t\t3\n", -EPROTO, "a number is empty");
	segments_are(SEGMENTS "1\t2k\t3\n", -EPROTO, "a number is none");
	segments_are(SEGMENTS "1\t18446744073709551616\t3\n", -EPROTO,
		     "a number is too large");
}

static void columns_by_name(void)
{
	struct gortc_segment *segments = NULL;
	char text[8192] = "cached\tnew\tsize\tused";
	int i;

	/* As many as a machine has CPUs */
	for (i = 0; i < 500; i++)
		sprintf(text + strlen(text), "\tcpu%d", i);
	strcat(text, "\n3\tx\t1\t18446744073709551615");
	for (i = 0; i < 500; i++)
		strcat(text, "\t0");
	strcat(text, "\n");
	put("segments", text);
	ok(gortc_segments(root, &segments) == 1 && segments[0].size == 1 &&
	   segments[0].used == ~0ULL && segments[0].cached == 3,
	   "columns are found by their names, whatever else there is");
	free(segments);
}

static void green_threads(void)
{
	struct gortc_g *gs = NULL;

	put("gs", "gid\tctx\tname\tstate\tcpu\tms\tpreempted\tdeclined\tstack\treason\tbody\n"
		  "7\t1\tname of it\twaiting\t-1\t1200\t3\t1\t4096\tchan receive\tbody [m]\n");
	ok(gortc_gs(root, &gs) == 1 && gs->gid == 7 && gs->ctx == 1 &&
	   !strcmp(gs->name, "name of it") && !strcmp(gs->state, "waiting") &&
	   gs->cpu == -1 && gs->ms == 1200 && gs->preempted == 3 &&
	   gs->declined == 1 && gs->stack == 4096 &&
	   !strcmp(gs->reason, "chan receive") && !strcmp(gs->body, "body [m]"),
	   "a green thread is read");
	free(gs);
}

static void threads_and_queues(void)
{
	struct gortc_m *ms = NULL;
	struct gortc_p *ps = NULL;

	put("ms", "pid\tcpu\tstate\tgid\tlocked_gid\tcall\tlocks\n"
		  "10\t1\tblocked\t5\t6\tmsleep\t2\n");
	ok(gortc_ms(root, &ms) == 1 && ms->pid == 10 && ms->cpu == 1 &&
	   !strcmp(ms->state, "blocked") && ms->gid == 5 &&
	   ms->locked_gid == 6 && !strcmp(ms->call, "msleep") && ms->locks == 2,
	   "a kernel thread is read");
	free(ms);
	put("ps", "cpu\tstate\tpid\tgid\tqueue\tnext\tlocked\tschedtick\tcalltick\n"
		  "0\tidle\t1\t2\t3\t1\t5\t6\t7\n");
	ok(gortc_ps(root, &ps) == 1 && ps->cpu == 0 &&
	   !strcmp(ps->state, "idle") && ps->pid == 1 && ps->gid == 2 &&
	   ps->queue == 3 && ps->next == 1 && ps->locked == 5 &&
	   ps->schedtick == 6 && ps->calltick == 7, "a run queue is read");
	free(ps);
}

static void texts(void)
{
	char *text = NULL, path[256], now[16] = "";
	FILE *f;

	put("schedtrace", "SCHED 1ms: [0 1]\n");
	ok(!gortc_schedtrace(root, &text) && !strcmp(text, "SCHED 1ms: [0 1]"),
	   "the scheduler in one line");
	free(text);
	put("stack", "all\nof them\n");
	ok(!gortc_stack(root, 0, &text) && !strcmp(text, "all\nof them\n"),
	   "all stacks are read without a write");
	free(text);
	ok(!gortc_stack(root, 12, &text), "a stack is chosen by a write");
	free(text);
	snprintf(path, sizeof(path), "%s/stack", root);
	f = fopen(path, "r");
	ok(f && fgets(now, sizeof(now), f) && !strcmp(now, "12\n"),
	   "which has the number");
	if (f)
		fclose(f);
}

static void errors(void)
{
	struct gortc_g *gs;
	char text[256];

	ok(gortc_gs("/nowhere", &gs) == -ENOENT, "there is no such folder");
	gortc_explain_debugfs("/tmp/gort", -ENOENT, text, sizeof(text));
	ok(strstr(text, "mount -t debugfs"), "debugfs has to be mounted");
	gortc_explain_debugfs(NULL, -EACCES, text, sizeof(text));
	ok(strstr(text, "for root alone"), "debugfs is for root");
	gortc_explain_debugfs(NULL, -EPROTO, text, sizeof(text));
	ok(strstr(text, "from the same tree"), "debugfs is of another version");
}

static void explains(int err, const char *hint, const char *what)
{
	const struct gortc c = { .info.abi_version = 99 };
	char text[256];

	gortc_explain(&c, "/dev/x", err, text, sizeof(text));
	ok(strstr(text, "/dev/x") && strstr(text, hint), what);
}

static void device_errors(void)
{
	explains(-ENOENT, "modprobe gort", "the module is not loaded");
	explains(-ENXIO, "modprobe gort", "the device has no module");
	explains(-EACCES, "for root alone", "the device is for root");
	explains(-EDQUOT, "max_files_user", "the user has too many files open");
	explains(-ENOTTY, "--device", "it is another device");
	explains(-EPROTO, "ABI version 99", "the module has another version");
	explains(-ENOMEM, "Cannot allocate memory", "other errors as they are");
}

static void deadlines(void)
{
	__u64 now = num_now(), then = gortc_deadline(1000000000);

	ok(then >= now + 1000000000 && then < now + 3600000000000ULL,
	   "a deadline is that far from now");
	ok(gortc_deadline(~0ULL) == GORT_WAIT_FOREVER &&
	   gortc_deadline(~0ULL - 1) == GORT_WAIT_FOREVER,
	   "a deadline does not wrap around");
}

static void parameters(void)
{
	char text[64];

	ok(gortc_param_get("../../x", text, sizeof(text)) == -EINVAL &&
	   gortc_param_get("", text, sizeof(text)) == -EINVAL &&
	   gortc_param_set("..", "1") == -EINVAL,
	   "a parameter's name is no path");
	ok(gortc_param_get("frob", text, sizeof(text)) == -ENOENT &&
	   gortc_param("frob") == -ENOENT, "there is no such parameter");
}

void library_tests(const char *dir)
{
	root = dir;
	mkdir(root, 0700);
	tables();
	columns_by_name();
	green_threads();
	threads_and_queues();
	texts();
	errors();
	device_errors();
	deadlines();
	parameters();
}
