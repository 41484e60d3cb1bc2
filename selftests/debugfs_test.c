// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/gort: each file has the columns that it should, and says what
 * is true of green threads whose state is known.
 */

#include "core_test.h"

#define DBG	"/sys/kernel/debug/gort/"

#define MANY	10000

/* What t_dive does at the bottom, see enum t_dive_how */
enum { RECV, GATE, CALL, RUN, LOOP, SLEEP };

static const char * const files[] = {
	"gs", "ms", "ps", "segments", "schedtrace",
};

/* All of a file, to be freed; NULL and errno if it can't be read. */
static char *slurp(const char *name)
{
	size_t size = 1 << 16, len = 0;
	char path[64], *text = NULL;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), DBG "%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	do {
		if (!text || size - len < size / 2)
			text = realloc(text, size *= 2);
		n = read(fd, text + len, size - len - 1);
		len += n > 0 ? n : 0;
	} while (n > 0);
	close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* The @col-th field of @line into @buf. Is there one? */
static bool field(const char *line, int col, char *buf, size_t size)
{
	size_t len;

	while (col--) {
		line += strcspn(line, "\t\n");
		if (*line++ != '\t')
			return false;
	}
	len = strcspn(line, "\t\n");
	snprintf(buf, size, "%.*s", (int)len, line);
	return true;
}

static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

/* Which column of @table is called @name? */
static int column(const char *table, const char *name)
{
	char buf[64];
	int col;

	for (col = 0; field(table, col, buf, sizeof(buf)); col++)
		if (!strcmp(buf, name))
			return col;
	return -1;
}

/* Column @want of the first line after @line in which column @key is @value. */
static const char *lookup(const char *table, const char *key, const char *value,
			  const char *want)
{
	int k = column(table, key), w = column(table, want);
	static char buf[256];
	const char *line;

	if (k < 0 || w < 0)
		return "no such column";
	for (line = next_line(table); line; line = next_line(line)) {
		if (field(line, k, buf, sizeof(buf)) && !strcmp(buf, value))
			return field(line, w, buf, sizeof(buf)) ? buf : "short";
	}
	return "no such line";
}

/* Lines of @table in which column @key begins with @value */
static int count(const char *table, const char *key, const char *value)
{
	int k = column(table, key), n = 0;
	const char *line;
	char buf[256];

	for (line = next_line(table); line; line = next_line(line))
		n += field(line, k, buf, sizeof(buf)) &&
		     !strncmp(buf, value, strlen(value));
	return n;
}

/* The same of a file as it is now. */
static int count_in(const char *file, const char *key, const char *value)
{
	char *table = slurp(file);
	int n = table ? count(table, key, value) : -1;

	free(table);
	return n;
}

/* Has the only G with a body like @body this state? */
static bool g_is(const char *body, const char *state)
{
	char *gs = slurp("gs");
	bool is = gs && count(gs, "body", body) == 1 &&
		  !strcmp(lookup(gs, "body", body, "state"), state);

	free(gs);
	return is;
}

#define DIVE	"t_dive [gort_test]"

/* What column @want says of the one G that runs t_dive */
static const char *of_dive(const char *want)
{
	static char buf[256];
	char *gs = slurp("gs");

	snprintf(buf, sizeof(buf), "%s",
		 gs ? lookup(gs, "body", DIVE, want) : strerror(errno));
	free(gs);
	return buf;
}

static int finish(int fd)
{
	struct gort_completion c;
	int err = gt_cancel_all(fd, NULL);

	return err ?: ct_gate(true) ?: ct_loops(false) ?: ct_next(fd, &c);
}

TEST_F(core, tables_have_their_columns)
{
	static const char * const first[] = {
		"gid\tctx\tname\tstate\tcpu\tms\tpreempted\tdeclined\tstack\treason\tbody\n",
		"pid\tcpu\tstate\tgid\tlocked_gid\tcall\tlocks\n",
		"cpu\tstate\tpid\tgid\tqueue\tnext\tlocked\tschedtick\tcalltick\n",
		"size\tused\tcached\t",
		"SCHED ",
	};
	unsigned int i;
	char *text;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		text = slurp(files[i]);
		ASSERT_NE(NULL, text);
		EXPECT_EQ(0, strncmp(first[i], text, strlen(first[i])))
			TH_LOG("%s begins with %.80s", files[i], text);
		EXPECT_EQ('\n', text[strlen(text) - 1]);
		free(text);
	}
}

/* One that sleeps in a channel: what for, since when, and whose it is. */
TEST_F(core, sleeping_task_is_shown_with_its_reason)
{
	char *gs;
	int ms;

	ASSERT_EQ(1, ct_start(self->fd, "t_dive", 1, RECV, 0));
	ASSERT_TRUE(gt_wait_for(g_is(DIVE, "waiting")));
	ms = atoi(of_dive("ms"));
	usleep(200000);
	EXPECT_LE(ms + 200, atoi(of_dive("ms")));
	EXPECT_STREQ("receive", of_dive("reason"));
	EXPECT_STREQ("debugfs_test", of_dive("name"));
	EXPECT_LT(0, atoi(of_dive("ctx")));
	EXPECT_LE(0, atoi(of_dive("cpu")));
	EXPECT_LE(4096, atoi(of_dive("stack")));
	gs = slurp("gs");
	EXPECT_EQ(1, count(gs, "state", ""));
	free(gs);
	EXPECT_EQ(0, finish(self->fd));
	EXPECT_TRUE(gt_wait_for(!count_in("gs", "gid", "")));
}

/* One in a blocking call, and one that does not announce that it blocks. */
TEST_F(core, blocked_task_is_shown_with_what_it_calls)
{
	char gid[32], *ms;
	int how;

	for (how = GATE; how <= CALL; how++) {
		ASSERT_EQ(0, ct_gate(false));
		ASSERT_EQ(1, ct_start(self->fd, "t_dive", 1, how, 0));
		ASSERT_TRUE(gt_wait_for(g_is(DIVE, "blocked")));
		EXPECT_STREQ("t_k_gate [gort_test]", of_dive("reason"));
		usleep(100000);
		EXPECT_LE(100, atoi(of_dive("ms")));
		snprintf(gid, sizeof(gid), "%s", of_dive("gid"));
		ms = slurp("ms");
		ASSERT_NE(NULL, ms);
		EXPECT_STREQ("t_k_gate [gort_test]",
			     lookup(ms, "gid", gid, "call"));
		EXPECT_STREQ("blocked", lookup(ms, "gid", gid, "state"));
		free(ms);
		EXPECT_EQ(0, finish(self->fd));
	}
}

/* One that runs, and who runs it. */
TEST_F(core, running_task_is_shown_with_its_thread)
{
	char gid[32], *ms, *ps;
	int i, found = 0;

	ASSERT_EQ(1, ct_start(self->fd, "t_dive", 1, RUN, 0));
	ASSERT_TRUE(gt_wait_for(g_is(DIVE, "running")));
	EXPECT_STREQ("-", of_dive("reason"));
	EXPECT_STREQ("0", of_dive("ms"));
	snprintf(gid, sizeof(gid), "%s", of_dive("gid"));
	/* it changes its thread now and then, between two looks */
	for (i = 0; i < 100 && found < 2; i++) {
		ms = slurp("ms");
		ps = slurp("ps");
		ASSERT_NE(NULL, ms);
		ASSERT_NE(NULL, ps);
		found = !strcmp("running", lookup(ms, "gid", gid, "state"));
		found += !strcmp("running", lookup(ps, "gid", gid, "state"));
		free(ms);
		free(ps);
	}
	EXPECT_EQ(2, found);
	EXPECT_TRUE(gt_wait_for(atoi(of_dive("preempted"))));
	EXPECT_EQ(0, finish(self->fd));
}

TEST_HARNESS_MAIN
