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
	"gs", "ms", "ps", "segments", "schedtrace", "stack",
};

static int dbg_open(const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), DBG "%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* All that there is to read, to be freed; NULL and errno if that fails. */
static char *read_all(int fd)
{
	size_t size = 1 << 16, len = 0;
	char *text = NULL;
	ssize_t n;

	do {
		if (!text || size - len < size / 2)
			text = realloc(text, size *= 2);
		n = read(fd, text + len, size - len - 1);
		len += n > 0 ? n : 0;
	} while (n > 0);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* The same of a file, by name. */
static char *slurp(const char *name)
{
	int fd = dbg_open(name, O_RDONLY);
	char *text;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	text = read_all(fd);
	close(fd);
	return text;
}

/* What the file says of one G, to be freed; NULL and errno. */
static char *stack_of(const char *gid)
{
	int fd = dbg_open("stack", O_RDWR);
	char *text = NULL;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	if (write(fd, gid, strlen(gid)) == (ssize_t)strlen(gid))
		text = read_all(fd);
	close(fd);
	return text;
}

/* How often @what is in @text */
static int lines_with(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
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

/* The only task ends, and so does its G, which is a little later. */
static int finish(int fd)
{
	struct gort_completion c;
	int err = gt_cancel_all(fd, NULL);

	err = err ?: ct_gate(true) ?: ct_loops(false) ?: ct_next(fd, &c);
	if (!err && !gt_wait_for(!count_in("gs", "gid", "")))
		err = -ETIME;
	return err;
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

	for (i = 0; i < ARRAY_SIZE(first); i++) {
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

static const char * const at_bottom[] = {
	[RECV] = "\n  t_dive_recv+", [GATE] = "\n  gort_syscall+",
	[CALL] = "\n  gort_call+", [RUN] = "\n  t_dive_run",
	[LOOP] = "\n  t_dive_loop", [SLEEP] = "\n  gort_sleep+",
};

static const char * const before_ms[] = {
	[RECV] = " [receive, ", [GATE] = " [blocked, ", [CALL] = " [blocked, ",
	[SLEEP] = " [sleep, ",
};

/* Is @text the stack of t_dive at a bottom of kind @how, below @depth levels? */
static bool stack_is(const char *text, int how, int depth)
{
	bool calls = how == GATE || how == CALL;

	return text && text[0] == 'G' &&
	       lines_with(text, "\n  t_dive_level+") == depth + 1 &&
	       lines_with(text, at_bottom[how]) == 1 &&
	       lines_with(text, "\n  task_main+") == 1 &&
	       lines_with(text, "\n  gort_gmain+") == 1 &&
	       lines_with(text, "\n  t_k_gate [gort_test]\n") == calls &&
	       (!before_ms[how] || strstr(text, before_ms[how])) &&
	       !strstr(text, "? ") && !strstr(text, "0xffff");
}

/* The same when it has come there, or as it is after a second. */
static char *settled_stack(const char *gid, int how, int depth)
{
	__u64 until = gt_in_ms(1000);
	char *text = NULL;

	do {
		free(text);
		gt_pause();
		text = stack_of(gid);
	} while (!stack_is(text, how, depth) && gt_now() < until);
	return text;
}

/*
 * Every call is there, once, over all segments, however the G left its stack: in
 * a park, in a call, at a check, in the middle of a loop.
 */
TEST_F(core, stack_is_complete_over_all_segments)
{
	static const int depths[] = { 0, 1, 2, 3, 5, 30, 100 };
	char gid[32], *text, *where;
	int how, segs = 0;
	unsigned int i;

	for (how = RECV; how <= SLEEP; how++)
		for (i = 0; i < ARRAY_SIZE(depths); i++) {
			ASSERT_EQ(0, ct_gate(false));
			ASSERT_EQ(0, ct_loops(true));
			ASSERT_EQ(1, ct_start(self->fd, "t_dive", 1, how,
					      depths[i]));
			ASSERT_TRUE(gt_wait_for(!strncmp(of_dive("body"), DIVE,
							 strlen(DIVE))));
			snprintf(gid, sizeof(gid), "%s\n", of_dive("gid"));
			text = settled_stack(gid, how, depths[i]);
			ASSERT_TRUE(stack_is(text, how, depths[i]))
				TH_LOG("how %d, depth %d:\n%s", how, depths[i],
				       text ?: strerror(errno));
			where = text ? strstr(text, " segments") : NULL;
			while (where && where[-1] >= '0' && where[-1] <= '9')
				where--;
			segs = where ? atoi(where) : 0;
			free(text);
			ASSERT_EQ(0, finish(self->fd));
		}
	EXPECT_LE(3, segs); /* how large one is depends on the kernel */
}

/* Again and again, wherever it just is, and whoever else is to be seen. */
TEST_F(core, stacks_of_running_tasks_are_complete)
{
	char gid[32], *text;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(1, ct_start(self->fd, "t_dive", 1, RUN, 40));
	ASSERT_TRUE(gt_wait_for((text = slurp("stack")) &&
				(free(text), g_is(DIVE, "running"))));
	snprintf(gid, sizeof(gid), "%s\n", of_dive("gid"));
	for (i = 0; i < 100; i++) {
		text = stack_of(gid);
		ASSERT_TRUE(stack_is(text, RUN, 40))
			TH_LOG("%d:\n%s", i, text ?: strerror(errno));
		free(text);
	}
	EXPECT_EQ(0, finish(self->fd));
}

/* Without a number it is all of them, each with its head. */
TEST_F(core, stacks_of_all_tasks_are_shown)
{
	char *text;

	ASSERT_EQ(20, ct_start(self->fd, "t_dive", 20, SLEEP, 3));
	ASSERT_TRUE(gt_wait_for(count_in("gs", "reason", "sleep") == 20));
	text = slurp("stack");
	ASSERT_NE(NULL, text);
	EXPECT_EQ(20, lines_with(text, " of debugfs_test (ctx "));
	EXPECT_EQ(80, lines_with(text, "\n  t_dive_level+"));
	EXPECT_EQ(20, lines_with(text, "\n  gort_gmain+"));
	free(text);
}

/* A number that no G has, or had, and what is no number. */
TEST_F(core, stack_of_nobody_is_an_error)
{
	static const char * const bad[] = {
		"", "0", "-1", "x", "1 2", "0x1", "18446744073709551616",
		"1111111111111111111111111111111111",
	};
	char gid[32], c;
	unsigned int i;
	int fd;

	ASSERT_EQ(1, ct_start(self->fd, "t_dive", 1, SLEEP, 0));
	ASSERT_TRUE(gt_wait_for(g_is(DIVE, "waiting")));
	snprintf(gid, sizeof(gid), "%s", of_dive("gid"));
	fd = dbg_open("stack", O_RDWR);
	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		errno = 0;
		EXPECT_EQ(-1, write(fd, bad[i], strlen(bad[i]) ?: 1))
			TH_LOG("'%s'", bad[i]);
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, write(fd, gt_hole_after(0), 4));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ((ssize_t)strlen(gid), write(fd, gid, strlen(gid)));
	EXPECT_EQ(1, read(fd, &c, 1));
	EXPECT_EQ('G', c);
	ASSERT_EQ(0, finish(self->fd));
	ASSERT_TRUE(gt_wait_for(!count_in("gs", "gid", "")));
	/* the same file, from its beginning */
	ASSERT_EQ((ssize_t)strlen(gid), write(fd, gid, strlen(gid)));
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(ENOENT, errno);
	ASSERT_EQ(19, write(fd, "9000000000000000000", 19));
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(ENOENT, errno);
	close(fd);
}

/* Has each line of gs its eleven fields, and is each number there once? */
static bool gs_is_sound(const char *gs)
{
	unsigned long long gid, *seen = calloc(2 * MANY, sizeof(*seen));
	int col = column(gs, "gid"), body = column(gs, "body"), n = 0, i;
	const char *line;
	char buf[256];

	for (line = next_line(gs); line; line = next_line(line)) {
		if (!field(line, col, buf, sizeof(buf)) || n == 2 * MANY)
			return false;
		gid = strtoull(buf, NULL, 10);
		if (!gid || !field(line, body, buf, sizeof(buf)) || !*buf ||
		    field(line, body + 1, buf, sizeof(buf)))
			return false;
		/* mostly in order */
		for (i = n; i && seen[i - 1] > gid; i--)
			seen[i] = seen[i - 1];
		if (i && seen[i - 1] == gid)
			return false;
		seen[i] = gid;
		n++;
	}
	free(seen);
	return true;
}

/*
 * Thousands that stay are all there, once each, while others come and go among
 * them; and when all of them go, nothing is made up.
 */
TEST_F(core, many_tasks_are_listed_while_they_come_and_go)
{
	char *gs;
	int i;

	ASSERT_EQ(MANY / 2, ct_start(self->fd, "t_alone", MANY / 2));
	ASSERT_EQ(4, ct_start(self->fd, "t_spawner", 4));
	ASSERT_EQ(MANY / 2, ct_start(self->fd, "t_alone", MANY / 2));
	ASSERT_TRUE(gt_wait_for(count_in("gs", "reason", "nobody") == MANY));
	for (i = 0; i < 10; i++) {
		gs = slurp("gs");
		ASSERT_NE(NULL, gs);
		EXPECT_TRUE(gs_is_sound(gs));
		EXPECT_EQ(MANY, count(gs, "reason", "nobody"));
		free(gs);
	}
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	while (count_in("gs", "gid", "")) {
		gs = slurp("gs");
		ASSERT_NE(NULL, gs);
		EXPECT_TRUE(gs_is_sound(gs));
		free(gs);
	}
}

/* Whoever is no root sees nothing, and root sees no address. */
TEST_F(core, files_are_for_root_and_show_no_address)
{
	unsigned int i;
	struct stat st;
	char *text;
	pid_t pid;

	ASSERT_EQ(10, ct_start(self->fd, "t_dive", 10, RECV, 20));
	ASSERT_EQ(1, ct_start(self->fd, "t_dive", 1, GATE, 20));
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		int fd = dbg_open(files[i], O_RDONLY);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, fstat(fd, &st));
		EXPECT_EQ(strcmp(files[i], "stack") ? 0400 : 0600,
			  st.st_mode & 07777);
		text = read_all(fd);
		ASSERT_NE(NULL, text);
		EXPECT_EQ(NULL, strstr(text, "ffff"));
		free(text);
		close(fd);
	}
	pid = gt_fork();
	if (!pid) {
		if (setresgid(65534, 65534, 65534) ||
		    setresuid(65534, 65534, 65534))
			_exit(100);
		for (i = 0; i < ARRAY_SIZE(files); i++)
			if (dbg_open(files[i], O_RDONLY) != -EACCES)
				_exit(1 + i);
		_exit(0);
	}
	EXPECT_EQ(0, gt_reap(pid));
}

/*
 * Segments are counted where they are: with a G, then in a cache. The small ones
 * come first; how large each is depends on the kernel.
 */
TEST_F(core, segments_are_counted)
{
	char *before = slurp("segments"), *now, small[32], big[32];
	const char *line;

	ASSERT_NE(NULL, before);
	line = next_line(before);
	ASSERT_TRUE(field(line, 0, small, sizeof(small)));
	ASSERT_TRUE(field(next_line(line), 0, big, sizeof(big)));
	ASSERT_LT(atoi(small), atoi(big));
	ASSERT_EQ(10, ct_start(self->fd, "t_dive", 10, RECV, 100));
	ASSERT_TRUE(gt_wait_for(count_in("gs", "reason", "receive") == 10));
	now = slurp("segments");
	ASSERT_NE(NULL, now);
	EXPECT_EQ(10 + atoi(lookup(before, "size", small, "used")),
		  atoi(lookup(now, "size", small, "used")));
	EXPECT_LE(20 + atoi(lookup(before, "size", big, "used")),
		  atoi(lookup(now, "size", big, "used")));
	free(before);
	free(now);
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_TRUE(gt_wait_for(!count_in("gs", "gid", "")));
	now = slurp("segments");
	ASSERT_NE(NULL, now);
	EXPECT_STREQ("0", lookup(now, "size", small, "used"));
	EXPECT_STREQ("0", lookup(now, "size", big, "used"));
	EXPECT_LT(0, atoi(lookup(now, "size", small, "cached")));
	free(now);
}

/* The line of "schedtrace" */
#define SCHED		"SCHED %llums: gomaxprocs"
#define SCHED_REST	"idleprocs=%u threads=%u spinningthreads=%d idlethreads=%d runqueue=%u"

/* As Go's line: which Ps there are, and how many wait on each. */
TEST_F(core, schedtrace_counts_what_there_is)
{
	unsigned int procs, idle, threads, queue, q[2], i;
	unsigned long long ms, later;
	int spinning, sleeping;
	char *text;
	int n;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(8, ct_start(self->fd, "t_dive", 8, RUN, 0));
	ASSERT_TRUE(gt_wait_for(count_in("gs", "state", "runnable") >= 7));
	for (i = 0; i < 2; i++) {
		text = slurp("schedtrace");
		ASSERT_NE(NULL, text);
		n = sscanf(text, SCHED "=%u " SCHED_REST " [%u]\n",
			   i ? &later : &ms, &procs, &idle, &threads,
			   &spinning, &sleeping, &queue, &q[0]);
		ASSERT_EQ(8, n) TH_LOG("%s", text);
		EXPECT_EQ(1, procs);
		EXPECT_EQ(0, idle);
		EXPECT_LE(1, threads);
		EXPECT_LE(6, queue + q[0]);
		EXPECT_GE(8, queue + q[0]);
		free(text);
		usleep(50000);
	}
	EXPECT_LE(ms + 50, later);
	ASSERT_EQ(0, gt_param_set("nprocs", 2));
	text = slurp("schedtrace");
	ASSERT_NE(NULL, text);
	n = sscanf(text, SCHED "=2 " SCHED_REST " [%u %u%c", &ms, &idle,
		   &threads, &spinning, &sleeping, &queue, &q[0], &q[1],
		   (char *)&procs);
	EXPECT_EQ(9, n) TH_LOG("%s", text);
	free(text);
}

/* Whatever can't be had: ENOMEM, and the next try is as good as any. */
TEST_F(core, without_memory_a_file_fails)
{
	unsigned int i;
	char *text;
	int n;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		for (n = 1; n < 10; n++) {
			ASSERT_EQ(0, gt_param_set("fail_nth", n));
			text = slurp(files[i]);
			if (text) {
				free(text);
				break;
			}
			EXPECT_EQ(ENOMEM, errno);
			EXPECT_EQ(0, gt_param_get("fail_nth"));
		}
	ASSERT_EQ(0, gt_param_set("fail_nth", 0));
	EXPECT_EQ(0, count_in("gs", "gid", ""));
}

/* An open file keeps gort, and no G; without one, gort goes with its files. */
TEST(module_stays_while_a_file_is_open)
{
	unsigned int i;
	char c;
	int fd;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		fd = dbg_open(files[i], O_RDONLY);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-EAGAIN, ct_rmmod("gort"));
		EXPECT_LE(0, read(fd, &c, 1));
		EXPECT_EQ(-EAGAIN, ct_rmmod("gort"));
		close(fd);
	}
	ASSERT_TRUE(ct_rmmod_soon("gort"));
	EXPECT_EQ(-ENOENT, dbg_open("gs", O_RDONLY));
	EXPECT_EQ(-1, access(DBG, F_OK));
	ASSERT_EQ(0, ct_insmod_gort(""));
	fd = dbg_open("gs", O_RDONLY);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_HARNESS_MAIN
