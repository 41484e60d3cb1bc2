// SPDX-License-Identifier: GPL-2.0-only
/*
 * gortctl beside real load: what a person at a terminal, or a script, is told
 * about it, and that Ctrl-C leaves nothing behind.
 *
 * What it prints is taken as a user would: JSON is read by json-c, and the
 * progress is looked for on a terminal.
 */

#include "core_test.h"

#include <json-c/json.h>
#include <pty.h>

#define NOBODY		65534

/* By then the loops end even if nobody ends them. */
#define FUSE_MS		(3 * GT_PATIENCE / GT_NSEC_PER_MSEC)

/* What the last run of gortctl printed, errors included */
static char out[1 << 20];

static void exec_tool(char *const argv[])
{
	alarm(GT_PATIENCE / GT_NSEC_PER_SEC);
	execvp("gortctl", argv);
	_exit(127);
}

/* All that comes from @fd until its other end is closed; a terminal has EIO. */
static void collect(int fd)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, out + len, sizeof(out) - 1 - len)) > 0 ||
	       (n < 0 && errno == EINTR))
		len += n > 0 ? n : 0;
	out[len] = '\0';
	close(fd);
}

static int exit_code(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Starts it as @uid, with a pipe for what it prints. */
static pid_t start_as(uid_t uid, int *fd, char *const argv[])
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(p[1], STDOUT_FILENO);
		dup2(p[1], STDERR_FILENO);
		if (uid && setuid(uid))
			_exit(126);
		exec_tool(argv);
	}
	close(p[1]);
	*fd = p[0];
	return pid;
}

static int tool_as(uid_t uid, char *const argv[])
{
	int fd = -1;
	pid_t pid = start_as(uid, &fd, argv);

	if (pid < 0)
		return -1;
	collect(fd);
	return exit_code(pid);
}

#define ARGV(...) ((char *const[]){ "gortctl", __VA_ARGS__, NULL })

/* Runs gortctl with these arguments; returns its exit code. */
#define TOOL(...) tool_as(0, ARGV(__VA_ARGS__))

/* The same on a terminal of 80 columns */
static int tool_on_terminal(char *const argv[])
{
	const struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	pid_t pid;
	int fd;

	pid = forkpty(&fd, NULL, NULL, &ws);
	if (!pid)
		exec_tool(argv);
	if (pid < 0)
		return -1;
	collect(fd);
	return exit_code(pid);
}

static __u64 number(struct json_object *o, const char *key)
{
	struct json_object *val = json_object_object_get(o, key);

	return val ? json_object_get_uint64(val) : ~0ULL;
}

static const char *text(struct json_object *o, const char *key)
{
	const char *val = json_object_get_string(json_object_object_get(o, key));

	return val ? val : "";
}

/* The first G of "ps --json" in this state whose body has this in its name */
static struct json_object *find_g(struct json_object *list, const char *state,
				  const char *body)
{
	size_t i, n = list ? json_object_array_length(list) : 0;

	for (i = 0; i < n; i++) {
		struct json_object *g = json_object_array_get_idx(list, i);

		if (!strcmp(text(g, "state"), state) &&
		    strstr(text(g, "body"), body))
			return g;
	}
	return NULL;
}

static struct json_object *ps(void)
{
	return TOOL("ps", "--json") ? NULL : json_tokener_parse(out);
}

static bool has(const char *what)
{
	return strstr(out, what);
}

/* One that sleeps is listed as such: since when, and why. So is its stack. */
TEST_F(core, ps_and_stack_show_a_sleeper)
{
	struct json_object *list, *g;
	char gid[24], line[64];

	ASSERT_EQ(1, ct_start(self->fd, "sleep", 1, GT_HOUR, 1));
	ASSERT_TRUE(gt_wait_for((list = ps(), find_g(list, "waiting", "sleep"))));
	g = find_g(list, "waiting", "sleep");
	EXPECT_STREQ("sleep", text(g, "reason"));
	EXPECT_STREQ("gortctl_test", text(g, "name"));
	EXPECT_LE(4096, number(g, "stack_bytes"));
	EXPECT_GT(3600000, number(g, "ms"));
	snprintf(gid, sizeof(gid), "%llu", number(g, "gid"));

	EXPECT_EQ(0, TOOL("ps", "--state", "waiting"));
	EXPECT_TRUE(has("waiting"));
	EXPECT_EQ(0, TOOL("ps", "--state", "blocked"));
	EXPECT_FALSE(has("gortctl_test"));

	EXPECT_EQ(0, TOOL("stack", gid));
	snprintf(line, sizeof(line), "G %s of gortctl_test", gid);
	EXPECT_TRUE(has(line));
	EXPECT_TRUE(has("sleep"));
	EXPECT_TRUE(has("[gort]"));
	EXPECT_EQ(0, TOOL("stack"));
	EXPECT_TRUE(has(line));

	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	ASSERT_TRUE(gt_wait_for(!gt_total(self->fd)));
	EXPECT_EQ(1, TOOL("stack", gid));
	EXPECT_TRUE(has("there is no green thread"));
	json_object_put(list);
}

/* Time passes for one that waits. */
TEST_F(core, ps_tells_how_long)
{
	struct json_object *list;
	__u64 first;

	ASSERT_EQ(1, ct_start(self->fd, "sleep", 1, GT_HOUR, 1));
	ASSERT_TRUE(gt_wait_for((list = ps(), find_g(list, "waiting", "sleep"))));
	first = number(find_g(list, "waiting", "sleep"), "ms");
	json_object_put(list);
	EXPECT_TRUE(gt_wait_for((list = ps(),
				 number(find_g(list, "waiting", "sleep"), "ms") >=
				 first + 300)));
	EXPECT_EQ(0, gt_cancel_all(self->fd, NULL));
}

/* Two pictures of Gs that run; the second one has rates of what they did. */
TEST_F(core, top_shows_what_runs)
{
	char *second;

	ASSERT_EQ(4, ct_start(self->fd, "t_loop", 4, 0, FUSE_MS));
	ASSERT_EQ(0, TOOL("top", "-b", "-n", "2", "-d", "1"));
	EXPECT_TRUE(has("preemption per second"));
	second = strstr(out + 1, "\ngort, ");
	ASSERT_NE(NULL, second);
	EXPECT_NE(NULL, strstr(second, "4 green threads: "));
	EXPECT_NE(NULL, strstr(second, " running "));
	EXPECT_NE(NULL, strstr(second, "t_loop"));
	EXPECT_EQ(NULL, strstr(second, ": 0.0 requested"));
	EXPECT_EQ(0, ct_loops(false));
}

/* What run says in JSON is what became of the tasks. */
TEST_F(core, run_json)
{
	struct json_object *o;

	ASSERT_EQ(0, TOOL("run", "fib", "n=15", "-n", "200", "--json"));
	o = json_tokener_parse(out);
	ASSERT_NE(NULL, o);
	EXPECT_STREQ("fib", text(o, "workload"));
	EXPECT_EQ(200, number(o, "ok"));
	EXPECT_EQ(610, number(o, "result"));
	EXPECT_EQ(15, number(json_object_object_get(o, "args"), "n"));
	EXPECT_LT(0, number(json_object_object_get(o, "latency_ns"), "median"));
	json_object_put(o);
}

/* The counters of each interval, a line each, are those of the interval. */
TEST_F(core, stat_of_intervals)
{
	struct json_object *o;
	char *second;

	ASSERT_EQ(4, ct_start(self->fd, "t_loop", 4, 0, FUSE_MS));
	ASSERT_EQ(0, TOOL("stat", "--interval", "1", "-n", "2", "--json"));
	second = strchr(out, '\n');
	ASSERT_NE(NULL, second);
	o = json_tokener_parse(second + 1);
	ASSERT_NE(NULL, o);
	EXPECT_LE(GT_NSEC_PER_SEC, number(o, "interval_ns"));
	EXPECT_LT(0, number(o, "requested"));
	EXPECT_LT(0, number(o, "switches"));
	EXPECT_EQ(0, number(o, "spawned"));
	EXPECT_EQ(0, number(o, "exited"));
	EXPECT_EQ(0, ct_loops(false));
	json_object_put(o);
}

/* Ctrl-C cancels all tasks and awaits them. */
TEST_F(core, interrupted_run_leaves_nothing)
{
	pid_t pid;
	int fd;

	pid = start_as(0, &fd, ARGV("run", "sleep", "ns=3600s", "-n", "100"));
	ASSERT_LT(0, pid);
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == 100));
	EXPECT_EQ(0, kill(pid, SIGINT));
	collect(fd);
	EXPECT_EQ(130, exit_code(pid));
	EXPECT_TRUE(has("ECANCELED 100"));
	EXPECT_TRUE(has("100 of 100 tasks were submitted, 100 of them have ended"));
	EXPECT_EQ(0, gt_total(self->fd));
}

/* The same through a ring, more tasks than fit into one and into the context */
TEST_F(core, run_through_a_ring)
{
	struct json_object *o;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 1500));
	ASSERT_EQ(0, TOOL("run", "fib", "n=10", "-n", "5000", "--ring", "--json"));
	o = json_tokener_parse(out);
	ASSERT_NE(NULL, o);
	EXPECT_EQ(5000, number(o, "ok"));
	EXPECT_EQ(55, number(o, "result"));
	json_object_put(o);
}

/* Ctrl-C, while others that are still in the ring find no room */
TEST_F(core, interrupted_ring_leaves_nothing)
{
	pid_t pid;
	int fd;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 100));
	pid = start_as(0, &fd, ARGV("run", "sleep", "ns=3600s", "-n", "3000", "--ring"));
	ASSERT_LT(0, pid);
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == 100));
	EXPECT_EQ(0, kill(pid, SIGINT));
	collect(fd);
	EXPECT_EQ(130, exit_code(pid));
	EXPECT_TRUE(has("ECANCELED"));
	EXPECT_FALSE(has("never completed"));
	EXPECT_EQ(0, gt_total(self->fd));
}

/* Long work shows on a terminal how far it is, and nothing of it stays. */
TEST_F(core, run_shows_progress)
{
	ASSERT_EQ(0, tool_on_terminal(ARGV("run", "sleep", "ns=3s", "-n", "10")));
	EXPECT_TRUE(has("sleep ["));
	EXPECT_TRUE(has("0%, 0 of 10"));
	EXPECT_TRUE(has("ok          10"));
	ASSERT_EQ(0, TOOL("run", "sleep", "ns=3s", "-n", "10"));
	EXPECT_FALSE(has("%"));
}

/* Who may not use it is told who may. */
TEST_F(core, others_are_told_why_not)
{
	EXPECT_EQ(1, tool_as(NOBODY, ARGV("info")));
	EXPECT_TRUE(has("for root alone"));
	EXPECT_EQ(1, tool_as(NOBODY, ARGV("ps")));
	EXPECT_TRUE(has("for root alone"));
	EXPECT_EQ(1, tool_as(NOBODY, ARGV("stack")));
	EXPECT_TRUE(has("for root alone"));
}

/* The live screen, where the guest knows its terminal */
TEST_F(core, top_on_a_terminal)
{
	ASSERT_EQ(0, setenv("TERM", "linux", 1));
	ASSERT_EQ(0, tool_on_terminal(ARGV("top", "-n", "2", "-d", "0.5")));
	EXPECT_TRUE(has("preemption per second"));
	EXPECT_TRUE(has("SWITCHES/s"));
}

TEST_HARNESS_MAIN
