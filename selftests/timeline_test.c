// SPDX-License-Identifier: GPL-2.0-only
/*
 * gortctl trace: what it records agrees with the module's counters, one by one,
 * and the timeline it makes of it is one that can be.
 */
#include "gort_test.h"

#include <json-c/json.h>

#define JSON	"/tmp/timeline.json"
#define SVG	"/tmp/timeline.svg"
#define OUT	"/tmp/timeline.out"
#define MAX_CPU	64

/* Shell: wait until the gortctl of this process number records. */
#define RECORDING(pid) \
	"until grep -q 1 " INSTANCES "gort-" pid "/" ENABLED "; do sleep 0.1; done; "
#define INSTANCES	"/sys/kernel/tracing/instances/"
#define ENABLED		"events/gort/enable"

FIXTURE(timeline) {
	int fd;
	struct gt_params params;
};

FIXTURE_SETUP(timeline)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(timeline)
{
	EXPECT_TRUE(gt_params_restore(&self->params));
	close(self->fd);
	unlink(JSON);
	unlink(SVG);
	unlink(OUT);
}

/* Exit code of a line of shell; what it prints is in OUT. */
static int shell(const char *line)
{
	char text[512];
	int status;

	snprintf(text, sizeof(text), "(%s) > " OUT " 2>&1", line);
	status = system(text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool printed(const char *what)
{
	static char text[1 << 16];

	return !gt_read_file(OUT, text, sizeof(text)) && strstr(text, what);
}

static const char *text_of(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key)) ?: "";
}

static double num_of(struct json_object *o, const char *key)
{
	return json_object_get_double(json_object_object_get(o, key));
}

struct seen {
	__u64 slices, requests, declines, restores, takes, arrows, heads, wrong;
	double until[MAX_CPU], tail;
	bool track[MAX_CPU];
};

/* One object of the file, in its order. */
static void look(struct seen *s, struct json_object *o)
{
	const char *ph = text_of(o, "ph"), *name = text_of(o, "name");
	unsigned int cpu = num_of(o, "tid");
	double ts = num_of(o, "ts");

	if (cpu >= MAX_CPU) {
		s->wrong++;
	} else if (!strcmp(ph, "M")) {
		s->track[cpu] |= !strcmp(name, "thread_name");
	} else if (!strcmp(ph, "X")) {
		/* one at a time on each P; a quarter of a ns is rounding */
		s->wrong += ts < s->until[cpu] - 0.00025 || !s->track[cpu];
		s->until[cpu] = ts + num_of(o, "dur");
		s->slices++;
	} else if (!strcmp(ph, "i")) {
		s->requests += !strcmp(name, "request");
		s->declines += !strcmp(name, "decline");
		s->restores += !strcmp(name, "restore");
		s->takes += !strcmp(name, "take");
	} else if (!strcmp(ph, "s")) {
		s->tail = ts;
		s->arrows++;
	} else if (!strcmp(ph, "f")) {
		s->wrong += ts < s->tail;
		s->heads++;
	} else {
		s->wrong++;
	}
}

static bool read_json(struct seen *s)
{
	struct json_object *o = json_object_from_file(JSON), *list;
	size_t i;

	memset(s, 0, sizeof(*s));
	list = json_object_object_get(o, "traceEvents");
	if (!json_object_is_type(list, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(list); i++)
		look(s, json_object_array_get_idx(list, i));
	json_object_put(o);
	return true;
}

static __u64 sum(const __u64 *n, const __u64 *before, int len)
{
	__u64 all = 0;

	while (len--)
		all += n[len] - before[len];
	return all;
}

/* Tasks that take locks, in short slices: there is something of everything. */
TEST_F(timeline, events_agree_with_the_counters)
{
	struct gort_stats a, b;
	struct seen s;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &a));
	ASSERT_EQ(0, shell("gortctl trace -o " JSON " --svg " SVG
			   " --buffer 16384 lock iterations=1000 work=300 -n 8"));
	/* tasks are done a little before their G is */
	ASSERT_TRUE(gt_wait_for(gt_total(self->fd) == 0));
	ASSERT_EQ(0, gt_stats(self->fd, GORT_STATS_ALL, &b));
	ASSERT_FALSE(printed("no room"));
	EXPECT_TRUE(printed("ok          8"));
	ASSERT_TRUE(read_json(&s));
	EXPECT_EQ(0, s.wrong);
	EXPECT_TRUE(s.track[0]);
	EXPECT_EQ(b.switches - a.switches, s.slices);
	EXPECT_EQ(b.requested - a.requested, s.requests);
	EXPECT_EQ(sum(b.declined, a.declined, GORT_NR_DECLINE), s.declines);
	EXPECT_EQ(sum(b.restored, a.restored, GORT_NR_SITES), s.restores);
	EXPECT_EQ(b.accepted - a.accepted + b.async - a.async, s.takes);
	EXPECT_LT(0, s.declines);
	EXPECT_LT(0, s.restores);
	EXPECT_LT(0, s.takes);
	/* and an arrow to each that was taken */
	EXPECT_EQ(s.takes, s.arrows);
	EXPECT_EQ(s.takes, s.heads);
	EXPECT_EQ(0, b.lost - a.lost);
}

TEST_F(timeline, picture_is_one)
{
	static char text[1 << 18];
	struct stat st;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, shell("gortctl trace --svg " SVG
			   " lock iterations=5000 work=1000 -n 4 -q"));
	ASSERT_EQ(0, stat(SVG, &st));
	EXPECT_GT(100 << 10, st.st_size);
	ASSERT_EQ(0, gt_read_file(SVG, text, sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "<svg ", 5));
	EXPECT_STREQ("</svg>\n", strstr(text, "</svg>"));
	EXPECT_TRUE(strstr(text, "work_lock"));
	EXPECT_TRUE(strstr(text, ": decline (locks)"));
	EXPECT_TRUE(strstr(text, ">P 0<"));
}

/* Ctrl-C ends the recording: the file is whole, and nothing is left behind. */
TEST_F(timeline, interrupt_ends_the_recording)
{
	struct seen s;

	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, 1000000, 1000000, 0));
	EXPECT_EQ(0, shell("gortctl trace -t 60 -o " JSON " & " RECORDING("$!")
			   "sleep 0.5; kill -INT $!; wait $!"));
	EXPECT_TRUE(printed(" slices"));
	ASSERT_TRUE(read_json(&s));
	EXPECT_EQ(0, s.wrong);
	EXPECT_LT(0, s.slices);
	EXPECT_EQ(0, shell("[ -z \"$(ls /sys/kernel/tracing/instances)\" ]"));
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(1, gt_read(self->fd, &(struct gort_completion){ 0 }, 1));
}

/* A buffer that is too small is told, and what is there is still right. */
TEST_F(timeline, small_buffer_is_told)
{
	struct seen s;

	ASSERT_EQ(0, shell("gortctl trace --buffer 8 -o " JSON
			   " yield count=5000 -n 4 -q"));
	EXPECT_TRUE(printed("had no room: --buffer"));
	ASSERT_TRUE(read_json(&s));
	EXPECT_EQ(0, s.wrong);
	EXPECT_LT(0, s.slices);
}

TEST_F(timeline, failing_workload_is_its_exit_code)
{
	EXPECT_EQ(2, shell("gortctl trace -o " JSON " frob"));
	EXPECT_TRUE(printed("no workload 'frob'"));
	EXPECT_EQ(1, shell("gortctl trace -o /none/x.json yield"));
	EXPECT_TRUE(printed("/none/x.json"));
	EXPECT_EQ(0, shell("[ -z \"$(ls /sys/kernel/tracing/instances)\" ]"));
}

TEST_HARNESS_MAIN
