// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: each event is there when what it tells of has happened, its
 * fields are right, the order of those of one green thread makes sense, and who
 * listens disturbs nothing.
 */

#include "trace_life.h"

#include <dirent.h>

/* Reasons of declines and sites of restores, by number */
static const char * const whys[] = { "locks", "alloc", "gc", "state" };
static const char * const sites[] = {
	"unlock", "spin", "ready", "go", "allocm", "grow", "shrink", "alloc",
	"gc", "stw", "exit_own", "exit_idle", "op",
};

/* Listen, from now on, to what happens; nothing does yet. */
static int begin(const char *name)
{
	int err = tt_set("trace", "");

	return err ? err : tt_enable(name, true);
}

/* All green threads are gone: what happened? */
static int end(int fd, struct tt_trace *t)
{
	int err;

	if (!gt_wait_for(!gt_total(fd)))
		return -EBUSY;
	err = tt_enable(NULL, false);
	free(t->event);
	return err ? err : tt_read(t);
}

/* The format of an event, as tools read it. */
static const char *format_of(const char *name, char *buf, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), TT_EVENTS "%s/format", name);
	if (gt_read_file(path, buf, size))
		*buf = '\0';
	return buf;
}

/* There are these events and no others, and each is about a green thread. */
TEST_F(trace, events_are_those_documented)
{
	DIR *dir = opendir(TT_EVENTS);
	char buf[4096];
	struct dirent *d;
	size_t i, n = 0;

	ASSERT_NE(NULL, dir);
	while ((d = readdir(dir)))
		n += d->d_type == DT_DIR && *d->d_name != '.';
	closedir(dir);
	EXPECT_EQ(ARRAY_SIZE(tt_names), n);
	for (i = 0; i < ARRAY_SIZE(tt_names); i++) {
		EXPECT_NE(NULL, strstr(format_of(tt_names[i], buf, sizeof(buf)),
				       "field:u64 gid;"))
			TH_LOG("%s", tt_names[i]);
	}
}

/*
 * Tools turn numbers into words by what the format says. Breaks if a name of the
 * source is left where a number has to be, or a new site or reason has no word.
 */
TEST_F(trace, formats_have_a_word_for_each_number)
{
	char buf[4096], word[32];
	size_t i;

	format_of("preempt_restore", buf, sizeof(buf));
	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		snprintf(word, sizeof(word), "{ %zu, \"%s\" }", i, sites[i]);
		EXPECT_NE(NULL, strstr(buf, word))
			TH_LOG("no %s in %s", word, buf);
	}
	format_of("preempt_decline", buf, sizeof(buf));
	for (i = 0; i < ARRAY_SIZE(whys); i++) {
		snprintf(word, sizeof(word), "{ %zu, \"%s\" }", i, whys[i]);
		EXPECT_NE(NULL, strstr(buf, word))
			TH_LOG("no %s in %s", word, buf);
	}
	for (i = 0; i < ARRAY_SIZE(tt_names); i++) {
		EXPECT_EQ(NULL, strstr(format_of(tt_names[i], buf, sizeof(buf)),
				       "GORT_"))
			TH_LOG("%s", buf);
	}
}

/*
 * A task that yields three times: made by nobody of its kind, on the CPU four
 * times, off it for the reasons that it has.
 */
TEST_F(trace, life_of_a_task)
{
	const struct tt_event *go;
	struct gort_completion c;
	struct sum sum;
	size_t i;

	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, &c, "yield", 3));
	ASSERT_EQ(0, end(self->fd, &self->t));
	go = tt_find(&self->t, "go", 0);
	ASSERT_EQ(&self->t.event[0], go);
	EXPECT_EQ(0, tt_num(go, "parent"));
	EXPECT_NE(0, tt_num(go, "ctx"));
	EXPECT_TRUE(tt_is(go, "fn", "work_yield"));
	EXPECT_EQ(4, tt_count(&self->t, "start", NULL, NULL));
	EXPECT_EQ(3, tt_count(&self->t, "stop", "reason", "yield"));
	EXPECT_EQ(1, tt_count(&self->t, "stop", "reason", "exit"));
	for (i = 0; i < self->t.n; i++)
		EXPECT_EQ(go->gid, self->t.event[i].gid);
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
}

/*
 * A green thread is told to be made by another one, and comes on in its slice, if
 * that is not over.
 */
TEST_F(trace, children_have_a_parent)
{
	const struct tt_event *root, *e;
	size_t i, children = 0;
	struct sum sum;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000000));
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "spawn", 1, 3));
	ASSERT_EQ(0, end(self->fd, &self->t));
	root = tt_find(&self->t, "go", 0);
	ASSERT_NE(NULL, root);
	for (i = 0; i < self->t.n; i++) {
		e = &self->t.event[i];
		if (!named(e, "go") || e == root)
			continue;
		children++;
		EXPECT_EQ(root->gid, tt_num(e, "parent"));
		EXPECT_EQ(tt_num(root, "ctx"), tt_num(e, "ctx"));
	}
	EXPECT_EQ(3, children);
	EXPECT_LE(1, tt_count(&self->t, "start", "inherit", "1"));
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
}

/* Who sleeps says why, and is told to be woken before it comes on again. */
TEST_F(trace, sleeper_says_why_and_is_woken)
{
	struct sum sum;

	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "sleep", 20 * GT_NSEC_PER_MSEC, 5));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_LE(5, tt_count(&self->t, "stop", "wait", "sleep"));
	EXPECT_EQ(tt_count(&self->t, "stop", "reason", "park"),
		  tt_count(&self->t, "ready", NULL, NULL));
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
}

/*
 * The way of a request: made, declined with a lock held, restored by the unlock
 * and taken by the check after it, once each. Breaks if one of the four is not
 * told of, or with the wrong word.
 */
TEST_F(trace, way_of_a_request)
{
	static const char * const way[] = {
		"preempt_request", "preempt_decline", "preempt_restore",
		"preempt_take", "stop",
	};
	const struct tt_event *e;
	size_t i, at, found = 0;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000000));
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_restore", 10, CT_KIND_LOCK));
	ASSERT_EQ(0, end(self->fd, &self->t));
	for (at = 0; at < self->t.n; at++) {
		e = &self->t.event[at];
		if (!named(e, way[0]) || !tt_is(e, "cause", "self"))
			continue;
		for (i = 1; i < ARRAY_SIZE(way) && at + i < self->t.n; i++)
			EXPECT_STREQ(way[i], e[i].name);
		EXPECT_TRUE(tt_is(e + 1, "why", "locks"));
		EXPECT_TRUE(tt_is(e + 2, "site", "unlock"));
		EXPECT_TRUE(tt_is(e + 3, "how", "check"));
		EXPECT_TRUE(tt_is(e + 4, "reason", "preempt"));
		found++;
	}
	EXPECT_LE(9, found); /* Linux may have wanted the CPU just before one */
}

/* A site of the core, with its hook: how often is it told of? */
static size_t at_site(int fd, struct tt_trace *t, int site)
{
	struct gort_completion c;

	if (begin("preempt_restore") ||
	    ct_run(fd, &c, "t_site", 10, site) || end(fd, t))
		return 0;
	return tt_count(t, "preempt_restore", "site", sites[site]);
}

/* Each restore says where it was, also those on a stack that is just left. */
TEST_F(trace, restores_say_where)
{
	static const int hooked[] = {
		GORT_SITE_READY, GORT_SITE_GO, GORT_SITE_ALLOC, GORT_SITE_GC,
	};
	size_t i;

	ASSERT_EQ(0, ct_hook(true));
	for (i = 0; i < ARRAY_SIZE(hooked); i++) {
		EXPECT_LE(9, at_site(self->fd, &self->t, hooked[i]))
			TH_LOG("%s", sites[hooked[i]]);
	}
	ASSERT_EQ(0, ct_hook(false));

	ASSERT_EQ(0, begin("preempt_restore"));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_restore", 10, CT_KIND_SPIN));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_stopreq", 10));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_LE(9, tt_count(&self->t, "preempt_restore", "site", "spin"));
	EXPECT_LE(9, tt_count(&self->t, "preempt_restore", "site", "stw"));
}

/* Declines say why. */
TEST_F(trace, declines_say_why)
{
	ASSERT_EQ(0, ct_hook(true));
	ASSERT_EQ(0, begin("preempt_decline"));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_site", 10, GORT_SITE_ALLOC));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_site", 10, GORT_SITE_GC));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_site", 10, GORT_SITE_GO));
	ASSERT_EQ(0, ct_hook(false));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_LE(10, tt_count(&self->t, "preempt_decline", "why", "alloc"));
	EXPECT_LE(10, tt_count(&self->t, "preempt_decline", "why", "gc"));
	EXPECT_LE(10, tt_count(&self->t, "preempt_decline", "why", "locks"));
}

/* A loop without calls is made to leave, and the events say how. */
TEST_F(trace, loop_leaves_by_an_injected_call)
{
	struct sum sum;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(4, gt_run(self->fd, "loop", 4, 30000000, 0, 0));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_LE(1, tt_count(&self->t, "preempt_request", "cause", "slice"));
	EXPECT_LE(1, tt_count(&self->t, "preempt_take", "how", "async"));
	EXPECT_EQ(tt_count(&self->t, "preempt_take", "how", "async"),
		  tt_count(&self->t, "stop", "reason", "async"));
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
	EXPECT_EQ(sum.requests, sum.takes + sum.cleared);
}

/* The stack that a task has grows, segment by segment, to what it had at most. */
TEST_F(trace, growth_tells_the_size)
{
	struct gort_completion c;
	const struct tt_event *e;
	__u64 total = 0;
	size_t i;

	ASSERT_EQ(0, begin("grow"));
	ASSERT_EQ(0, ct_run(self->fd, &c, "recurse", 500, 64));
	ASSERT_EQ(0, end(self->fd, &self->t));
	ASSERT_LE(2, self->t.n);
	for (i = 0; i < self->t.n; i++) {
		e = &self->t.event[i];
		EXPECT_NE(0, tt_num(e, "bytes"));
		EXPECT_LE(total, tt_num(e, "total"));
		total = tt_num(e, "total");
	}
	EXPECT_EQ(c.stack_bytes, total);
}

/*
 * A blocking call, by each way back: the P is still there; it was taken and is
 * idle; others have it.
 */
TEST_F(trace, blocking_calls_come_back_three_ways)
{
	struct gort_completion c;
	const struct tt_event *e;
	struct sum sum;
	int i;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_aftercall", 10, 2));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_LE(1, tt_count(&self->t, "syscall_exit", "how", "own"));
	e = tt_find(&self->t, "syscall_enter", 0);
	ASSERT_NE(NULL, e);
	EXPECT_TRUE(tt_is(e, "fn", "t_k_usleep"))
		TH_LOG("%s", e->text);
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_exit", 10, 10, CT_SYSCALL));
	ASSERT_EQ(0, end(self->fd, &self->t));
	/* each of the ten calls; on a busy machine others take long, too */
	EXPECT_LE(10, tt_count(&self->t, "syscall_retake", "cpu_p", "0"));
	EXPECT_EQ(tt_count(&self->t, "syscall_retake", NULL, NULL),
		  tt_count(&self->t, "syscall_exit", "how", "idle"));
	EXPECT_LE(9, tt_count(&self->t, "preempt_request", "cause", "blocked"));
	EXPECT_LE(9, tt_count(&self->t, "preempt_restore", "site", "exit_idle"));
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));

	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(1, ct_start(self->fd, "t_bump", 1));
	ASSERT_EQ(4, ct_start(self->fd, "t_exit", 4, 10, 10, CT_SYSCALL));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, ct_next(self->fd, &c));
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_LE(1, tt_count(&self->t, "syscall_exit", "how", "queued"));
	EXPECT_EQ(tt_count(&self->t, "syscall_exit", "how", "queued"),
		  tt_count(&self->t, "stop", "reason", "block"));
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
}

/* Who sleeps without having said so loses the P, and that is told of. */
TEST_F(trace, unannounced_sleep_is_told_of)
{
	struct sum sum;

	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(1, ct_start(self->fd, "t_gate", 1, CT_CALL));
	ASSERT_TRUE(gt_wait_for(ct_gate_waiting() == 1));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "call", 100000));
	ASSERT_EQ(0, ct_gate(true));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_EQ(0, tt_count(&self->t, "syscall_enter", NULL, NULL));
	EXPECT_EQ(1, tt_count(&self->t, "syscall_retake", NULL, NULL));
	EXPECT_EQ(1, tt_count(&self->t, "syscall_exit", NULL, NULL));
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
}

/*
 * Stops of the world and collections, by a G and by a process: in what order,
 * for how long, and what they leave.
 */
TEST_F(trace, phases_of_stops_and_collections)
{
	static const char * const phases[] = { "begin", "stopped", "start" };
	const struct tt_event *e, *from, *to;
	size_t i, n = 0;

	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_stop", 3, 2000, 10));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "t_fill", 100, 1000, 0));
	ASSERT_EQ(0, ct_collect());
	ASSERT_EQ(0, end(self->fd, &self->t));
	for (i = 0; i < self->t.n; i++) {
		e = &self->t.event[i];
		if (!named(e, "stw"))
			continue;
		EXPECT_TRUE(tt_is(e, "phase", phases[n % 3]))
			TH_LOG("%s", e->text);
		EXPECT_EQ(n < 9, !!e->gid);
		EXPECT_EQ(n % 3 == 0, !tt_num(e, "ns"));
		/* each lasts for 2 ms, the clock may be a little slow */
		if (n < 9 && n % 3 == 2)
			EXPECT_LE(GT_NSEC_PER_MSEC, tt_num(e, "ns"));
		n++;
	}
	EXPECT_EQ(12, n);
	from = tt_find(&self->t, "gc", 0);
	ASSERT_NE(NULL, from);
	to = tt_find(&self->t, "gc", from - self->t.event + 1);
	ASSERT_NE(NULL, to);
	EXPECT_TRUE(tt_is(from, "phase", "begin"));
	EXPECT_TRUE(tt_is(to, "phase", "end"));
	EXPECT_EQ(0, from->gid);
	EXPECT_LE(100 * 1000, tt_num(from, "bytes"));
	EXPECT_LE(100, tt_num(from, "objects") - tt_num(to, "objects"));
	EXPECT_GT(tt_num(from, "bytes"), tt_num(to, "bytes"));
}

/* Whom a P has stolen was in another one's queue, and has company. */
TEST_F(trace, steals_say_from_whom)
{
	struct gort_stats before = ct_stats(self->fd), after;
	struct gort_completion c;
	struct sum sum;
	__u64 n = 0;
	size_t i;

	if (ct_cpus() < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_steal", 200, 5000, 0));
	ASSERT_EQ(0, end(self->fd, &self->t));
	after = ct_stats(self->fd);
	for (i = 0; i < self->t.n; i++)
		if (named(&self->t.event[i], "steal"))
			n += tt_num(&self->t.event[i], "n");
	EXPECT_LT(0, n);
	EXPECT_EQ(after.stolen - before.stolen, n);
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
}

/*
 * Work of all kinds at the same time, which makes every event happen; a steal,
 * if it so happens.
 */
static int start_all(int fd)
{
	__u64 kind;
	int n = 0;

	for (kind = 0; kind < CT_KINDS; kind += 3)
		n += ct_start(fd, "t_hold", 1, 200, 20, 5, kind);
	n += ct_start(fd, "t_restore", 1, 20, CT_KIND_LOCK);
	n += ct_start(fd, "loop", 2, 3000000);
	n += ct_start(fd, "recurse", 4, 800, 64);
	n += ct_start(fd, "t_blocking", 4, 50, 20, CT_SYSCALL);
	n += ct_start(fd, "t_exit", 2, 5, 5, CT_SYSCALL);
	n += ct_start(fd, "pingpong", 2, 100);
	n += ct_start(fd, "spawn", 2, 3, 3);
	n += ct_start(fd, "sleep", 4, 100000, 10);
	n += ct_start(fd, "t_stop", 1, 10, 100, 100);
	n += ct_start(fd, "t_fill", 2, 1000, 500, 0);
	n += ct_start(fd, "t_gc", 1, 3);
	n += ct_start(fd, "t_steal", 1, 100, 50, 0);
	return n;
}

/* Waits for them; how many did not do what they should? */
static int await_all(int fd, int n)
{
	struct gort_completion c;
	int bad = 0;

	while (n--) {
		if (ct_next(fd, &c))
			return -1;
		bad += !!c.status;
	}
	return bad;
}

#define START_ALL	32

/* Is what a counter says what the events say? */
static bool agrees(__u64 counted, const struct tt_trace *t, const char *name,
		   const char *field, const char *value)
{
	size_t told = tt_count(t, name, field, value);

	if (counted == told)
		return true;
	fprintf(stderr, "# %s %s=%s: %llu counted, %zu told\n", name,
		field ? field : "", value ? value : "",
		(unsigned long long)counted, told);
	return false;
}

static bool requests_agree(const struct tt_trace *t, const struct gort_stats *d)
{
	bool ok = agrees(d->requested, t, "preempt_request", NULL, NULL);
	size_t i;

	ok &= agrees(d->accepted, t, "preempt_take", "how", "check");
	ok &= agrees(d->async, t, "preempt_take", "how", "async");
	for (i = 0; i < ARRAY_SIZE(whys); i++)
		ok &= agrees(d->declined[i], t, "preempt_decline", "why",
			     whys[i]);
	for (i = 0; i < ARRAY_SIZE(sites); i++)
		ok &= agrees(d->restored[i], t, "preempt_restore", "site",
			     sites[i]);
	return ok;
}

static bool others_agree(const struct tt_trace *t, const struct gort_stats *d)
{
	bool ok = agrees(d->switches, t, "start", NULL, NULL);
	__u64 stolen = 0;
	size_t i;

	ok &= agrees(d->spawned, t, "go", NULL, NULL);
	ok &= agrees(d->exited, t, "stop", "reason", "exit");
	ok &= agrees(d->parked, t, "stop", "reason", "park");
	ok &= agrees(d->grown, t, "grow", NULL, NULL);
	ok &= agrees(d->blocking, t, "syscall_enter", NULL, NULL);
	ok &= agrees(d->retaken, t, "syscall_retake", NULL, NULL);
	ok &= agrees(d->collections, t, "gc", "phase", "begin");
	ok &= agrees(d->collections, t, "gc", "phase", "end");
	ok &= agrees(d->stops, t, "stw", "phase", "begin");
	ok &= agrees(d->stops, t, "stw", "phase", "start");
	for (i = 0; i < t->n; i++)
		if (named(&t->event[i], "steal"))
			stolen += tt_num(&t->event[i], "n");
	return ok && stolen == d->stolen;
}

/* What was counted since then; the counters that are no sums make no sense. */
static struct gort_stats since(const struct gort_stats *then,
			       const struct gort_stats *now)
{
	const __u64 *from = &then->requested;
	struct gort_stats d = *now;
	__u64 *to = &d.requested;

	while (to < (__u64 *)(&d + 1))
		*to++ -= *from++;
	return d;
}

/*
 * Everything at once, at the shortest slice, with all events on: no result is
 * wrong, no request lost, each event was seen, the life of each green thread
 * makes sense, and the events agree with the counters one by one. Breaks if an
 * event is missing, told twice or too late, or disturbs what it tells of.
 */
TEST_F_TIMEOUT(trace, events_agree_with_the_counters_under_load, 120)
{
	struct gort_stats before, after, d;
	struct sum sum;
	size_t i;

	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	before = ct_stats(self->fd);
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(START_ALL, start_all(self->fd));
	EXPECT_EQ(0, await_all(self->fd, START_ALL));
	ASSERT_EQ(0, end(self->fd, &self->t));
	after = ct_stats(self->fd);
	TH_LOG("%zu events", self->t.n);
	EXPECT_EQ(0, tt_dropped());
	EXPECT_EQ(before.lost, after.lost);
	EXPECT_EQ(before.stuck, after.stuck);
	for (i = 0; i < ARRAY_SIZE(tt_names); i++) {
		if (!strcmp(tt_names[i], "steal"))
			continue;
		EXPECT_LE(1, tt_count(&self->t, tt_names[i], NULL, NULL))
			TH_LOG("no %s", tt_names[i]);
	}
	d = since(&before, &after);
	EXPECT_TRUE(requests_agree(&self->t, &d));
	EXPECT_TRUE(others_agree(&self->t, &d));
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
	EXPECT_EQ(sum.requests, sum.takes + sum.cleared);
	EXPECT_LT(0, sum.takes);
}

/* gort.ko anew, with other parameters. */
static int reload(int *fd, const char *params)
{
	int err;

	if (close(*fd) || !ct_rmmod_soon("gort_test") || !ct_rmmod_soon("gort"))
		return -EBUSY;
	err = ct_insmod_gort(params);
	if (!err)
		err = ct_insmod_test();
	*fd = err ? -1 : gt_open(0);
	return *fd < 0 ? *fd : err;
}

/* Is it a restore, but the one at the top of a stack that is just left? */
static bool is_restore(const char *line)
{
	return strstr(line, " preempt_restore: ") &&
	       !strstr(line, " site=shrink");
}

/*
 * Restores, which are fired by code on the stack of a G: how many have a stack
 * recorded? Negative: so many have one in which no function was found, as it is
 * of nobody that the unwinder knows. Each stack comes next on its CPU.
 */
static long restores_with_stack(void)
{
	FILE *f = fopen(TT_INSTANCE "trace", "re");
	bool due[2] = { false }, open = false;
	long found = 0, none = 0;
	unsigned int cpu;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, " => ", 4)) {
			found += open;
			open = false;
			continue;
		}
		none += open;
		open = false;
		if (!strchr(line, '['))
			continue;
		cpu = strtoul(strchr(line, '[') + 1, NULL, 10) % 2;
		if (strstr(line, "<stack trace>"))
			open = due[cpu];
		due[cpu] = is_restore(line);
	}
	if (f)
		fclose(f);
	return none ? -none : found;
}

/*
 * With the stack of each event recorded too, which takes kilobytes, the guards
 * are used as little as without. Breaks if any event is fired on the stack of a
 * G, and if the unwinder can't cope with what it finds there.
 */
TEST_F_TIMEOUT(trace, guards_hold_while_stacks_are_recorded, 120)
{
	struct gort_stats st;

	ASSERT_EQ(0, reload(&self->fd, "stack_paint=1"));
	ASSERT_EQ(0, gt_param_set("slice_us", 50));
	ASSERT_EQ(0, tt_set("options/stacktrace", "1"));
	ASSERT_EQ(0, begin(NULL));
	EXPECT_EQ(START_ALL, start_all(self->fd));
	EXPECT_EQ(0, await_all(self->fd, START_ALL));
	EXPECT_LT(0, restores_with_stack());
	/* a request at every depth, over the end of a segment */
	ASSERT_EQ(0, gt_param_set("slice_us", 10000));
	EXPECT_EQ(0, ct_run(self->fd, NULL, "t_frames", 0, 8192, 1));
	ASSERT_TRUE(gt_wait_for(!gt_total(self->fd)));
	ASSERT_EQ(0, tt_enable(NULL, false));
	st = ct_stats(self->fd);
	TH_LOG("guard: %llu of %llu bytes used", st.guard_used, st.guard_bytes);
	EXPECT_LT(0, st.guard_used);
	EXPECT_GE(st.guard_bytes / 2, st.guard_used);
	EXPECT_EQ(0, st.lost);
	ASSERT_EQ(0, reload(&self->fd, ""));
}

/* Who listens does not keep the module, and hears nothing more of the next one. */
TEST_F(trace, module_goes_while_somebody_listens)
{
	ASSERT_EQ(0, begin(NULL));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "yield", 3));
	ASSERT_EQ(0, reload(&self->fd, ""));
	ASSERT_EQ(0, tt_set("trace", ""));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "yield", 3));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_EQ(0, self->t.n);
}

/* The shortest of some runs of so many switches, in nanoseconds */
static __u64 time_of_switches(int fd, __u64 n)
{
	__u64 best = ~0ULL, start, ns;
	int i;

	for (i = 0; i < 5; i++) {
		start = gt_now();
		if (ct_run(fd, NULL, "yield", n))
			return 0;
		ns = gt_now() - start;
		best = ns < best ? ns : best;
	}
	return best;
}

/*
 * What listening costs: two events at each switch. It is seen, and gone again
 * when nobody listens any more.
 */
TEST_F(trace, listening_has_a_price_and_silence_has_none)
{
	__u64 before, during, after;

	before = time_of_switches(self->fd, 20000);
	ASSERT_EQ(0, tt_set("buffer_size_kb", "1024"));
	ASSERT_EQ(0, begin(NULL));
	during = time_of_switches(self->fd, 20000);
	ASSERT_EQ(0, tt_enable(NULL, false));
	after = time_of_switches(self->fd, 20000);
	TH_LOG("a switch: %llu ns, with all events on %llu ns, then %llu ns",
	       before / 20000, during / 20000, after / 20000);
	EXPECT_NE(0, before);
	EXPECT_LT(before, during);
	EXPECT_LT(after, during);
}

/* Nobody listens: nothing is recorded. */
TEST_F(trace, events_that_are_off_are_not_recorded)
{
	ASSERT_EQ(0, begin("go"));
	ASSERT_EQ(0, tt_enable("go", false));
	ASSERT_EQ(0, ct_run(self->fd, NULL, "yield", 10));
	ASSERT_EQ(0, end(self->fd, &self->t));
	EXPECT_EQ(0, self->t.n);
}

TEST_HARNESS_MAIN
