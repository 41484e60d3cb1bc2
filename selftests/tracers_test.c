// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort's events with the tools that people use: trace-cmd and bpftrace, as they
 * are in the distribution. A tool that is not there is a failure.
 */

#include "core_test.h"

#define RUN	"exec 2>&1; "
#define DAT	"/tmp/gort_tracers.dat"
#define BPFTRACE(program)	RUN "exec bpftrace -e '" program "'"

/* A message when it listens, and an end in case that nobody sends a signal */
#define FRAME								\
	"BEGIN { printf(\"ready\\n\"); }\n"				\
	"interval:s:60 { exit(); }\n"

static const char by_site[] = BPFTRACE(FRAME
	"tracepoint:gort:preempt_restore {\n"
	"	@site[args->site] = count();\n"
	"	@stack[kstack] = count();\n"
	"}\n"
	"tracepoint:gort:preempt_request { @tick[kstack] = count(); }\n");

static const char by_time[] = BPFTRACE(FRAME
	"tracepoint:gort:go { printf(\"go %s\\n\", ksym(args->fn)); }\n"
	"tracepoint:gort:start { @t[args->gid] = nsecs; }\n"
	"tracepoint:gort:stop /@t[args->gid]/ {\n"
	"	@us = hist((nsecs - @t[args->gid]) / 1000);\n"
	"	@why[str(args->wait)] = count();\n"
	"	delete(@t[args->gid]);\n"
	"}\n");

static const char * const names[] = {
	"go", "ready", "start", "stop", "preempt_request", "preempt_decline",
	"preempt_restore", "preempt_take", "steal", "grow", "syscall_enter",
	"syscall_exit", "syscall_retake", "gc", "stw",
};

/**
 * struct tool - a program that runs, or has run
 * @pipe: what it prints
 * @text: what it has printed
 * @len: how much that is
 */
struct tool {
	FILE *pipe;
	char text[1 << 20];
	size_t len;
};

FIXTURE(tracers) {
	struct gt_params saved;
	struct tool *tool;
	int fd;
};

FIXTURE_SETUP(tracers)
{
	self->fd = -1;
	self->tool = calloc(1, sizeof(*self->tool));
	ASSERT_NE(NULL, self->tool);
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("slice_us", 10000));
	if (!ct_loaded("gort_test"))
		ASSERT_EQ(0, ct_insmod_test());
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(tracers)
{
	if (self->tool->pipe)
		pclose(self->tool->pipe);
	free(self->tool);
	unlink(DAT);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test"));
}

static bool start(struct tool *t, const char *command)
{
	t->len = 0;
	*t->text = '\0';
	t->pipe = popen(command, "re");
	return t->pipe;
}

/* Reads on until it has printed @what; false if it ends without. */
static bool await(struct tool *t, const char *what)
{
	size_t from = t->len;
	int c;

	while (t->len < sizeof(t->text) - 1) {
		c = getc(t->pipe);
		if (c == EOF)
			return false;
		t->text[t->len++] = c;
		t->text[t->len] = '\0';
		if (c == '\n' && strstr(t->text + from, what))
			return true;
	}
	return false;
}

/* Reads all; how did it end? */
static int finish(struct tool *t)
{
	int status;

	t->len += fread(t->text + t->len, 1, sizeof(t->text) - 1 - t->len,
			t->pipe);
	t->text[t->len] = '\0';
	status = pclose(t->pipe);
	t->pipe = NULL;
	return status;
}

static int run(struct tool *t, const char *command)
{
	return start(t, command) ? finish(t) : -1;
}

/* Makes every event happen; returns what has not ended well. */
static int do_all(int fd)
{
	__u64 stolen = ct_stats(fd).stolen;
	struct gort_completion c;
	int bad = 0, n = 0, i;

	n += ct_start(fd, "t_hold", 2, 500, 50, 5, CT_KIND_LOCK);
	n += ct_start(fd, "t_hold", 2, 500, 50, 5, CT_KIND_SPIN);
	n += ct_start(fd, "t_restore", 1, 20, CT_KIND_LOCK);
	n += ct_start(fd, "loop", 2, 5000000);
	n += ct_start(fd, "recurse", 2, 500, 64);
	n += ct_start(fd, "t_exit", 2, 5, 10, CT_SYSCALL);
	n += ct_start(fd, "pingpong", 1, 50);
	n += ct_start(fd, "sleep", 2, 100000, 5);
	n += ct_start(fd, "t_stop", 1, 5, 100, 100);
	n += ct_start(fd, "t_gc", 1, 2);
	n += ct_start(fd, "t_steal", 1, 200, 5000, 0);
	if (n != 17)
		return -1;
	while (n--)
		bad += ct_next(fd, &c) || c.status;
	/* beside so much else the other CPU may have had no time to steal */
	for (i = 0; i < 50 && ct_stats(fd).stolen == stolen; i++)
		bad += !!ct_run(fd, &c, "t_steal", 200, 5000, 0);
	return bad;
}

/*
 * trace-cmd records all events and reports each with its fields in words. Breaks
 * if a format has something that its library can't parse: then it prints numbers
 * or an error.
 */
TEST_F_TIMEOUT(tracers, trace_cmd_decodes_all_events, 120)
{
	static const char * const words[] = {
		"fn=t_hold", "reason=exit", "reason=park wait=sleep",
		"cause=slice", "why=locks", "site=unlock", "how=check",
		"how=async", "phase=begin", "fn=t_k_",
	};
	char want[64];
	size_t i;

	ASSERT_EQ(0, gt_param_set("slice_us", 200));
	ASSERT_EQ(0, run(self->tool, RUN "trace-cmd start -e gort"));
	EXPECT_EQ(0, do_all(self->fd));
	ASSERT_EQ(0, run(self->tool, RUN "trace-cmd stop"));
	ASSERT_EQ(0, run(self->tool, RUN "trace-cmd extract -o " DAT))
		TH_LOG("%s", self->tool->text);
	ASSERT_EQ(0, run(self->tool, RUN "trace-cmd reset"));
	ASSERT_EQ(0, run(self->tool, RUN "trace-cmd report -i " DAT));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(want, sizeof(want), " %s: ", names[i]);
		EXPECT_NE(NULL, strstr(self->tool->text, want))
			TH_LOG("no %s", names[i]);
	}
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		EXPECT_NE(NULL, strstr(self->tool->text, words[i]))
			TH_LOG("no \"%s\"", words[i]);
	}
	EXPECT_EQ(NULL, strstr(self->tool->text, "[FAILED TO PARSE]"));
	EXPECT_EQ(NULL, strstr(self->tool->text, "rror:"));
}

/* The number behind "@name[KEY]: ", 0 if there is none. */
static __u64 map_value(const struct tool *t, const char *name, __u64 key)
{
	char head[64];
	const char *p;

	snprintf(head, sizeof(head), "@%s[%llu]: ", name, key);
	p = strstr(t->text, head);
	return p ? strtoull(p + strlen(head), NULL, 10) : 0;
}

/*
 * bpftrace counts restores by site, and agrees with the counters. Its handlers
 * take stacks on the way, of Gs and of ticks that have hit one.
 */
TEST_F_TIMEOUT(tracers, bpftrace_counts_restores_by_site, 120)
{
	struct gort_stats before, after;
	int site;

	ASSERT_EQ(0, gt_param_set("slice_us", 200));
	ASSERT_TRUE(start(self->tool, by_site));
	ASSERT_TRUE(await(self->tool, "ready"))
		TH_LOG("%s", self->tool->text);
	before = ct_stats(self->fd);
	EXPECT_EQ(0, do_all(self->fd));
	after = ct_stats(self->fd);
	ASSERT_EQ(0, system("kill -INT $(pidof bpftrace)"));
	ASSERT_EQ(0, finish(self->tool))
		TH_LOG("%s", self->tool->text);
	for (site = 0; site < GORT_NR_SITES; site++) {
		EXPECT_EQ(after.restored[site] - before.restored[site],
			  map_value(self->tool, "site", site))
			TH_LOG("site %d: %s", site, self->tool->text);
	}
	EXPECT_LT(0, map_value(self->tool, "site", GORT_SITE_UNLOCK));
	EXPECT_NE(NULL, strstr(self->tool->text, "gort_on_g0"))
		TH_LOG("%s", self->tool->text);
	EXPECT_EQ(before.lost, after.lost);
}

/* A histogram of how long each comes on, and bodies by their names. */
TEST_F_TIMEOUT(tracers, bpftrace_draws_a_histogram_and_names_bodies, 120)
{
	ASSERT_TRUE(start(self->tool, by_time));
	ASSERT_TRUE(await(self->tool, "ready"))
		TH_LOG("%s", self->tool->text);
	EXPECT_EQ(0, do_all(self->fd));
	/* what it has not printed when the signal comes, it does not print */
	EXPECT_TRUE(await(self->tool, "go work_recurse\n"))
		TH_LOG("%s", self->tool->text);
	EXPECT_TRUE(await(self->tool, "go t_steal\n"));
	ASSERT_EQ(0, system("kill -INT $(pidof bpftrace)"));
	ASSERT_EQ(0, finish(self->tool));
	EXPECT_NE(NULL, strstr(self->tool->text, "@why[sleep]: "));
	EXPECT_NE(NULL, strstr(self->tool->text, "@us: "))
		TH_LOG("%s", self->tool->text);
	EXPECT_NE(NULL, strstr(self->tool->text, "@@@@"));
}

TEST_HARNESS_MAIN
