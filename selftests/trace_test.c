// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: each event is there when what it tells of has happened, its
 * fields are right, the order of those of one green thread makes sense, and who
 * listens disturbs nothing.
 */

#include "trace_test.h"

#include <dirent.h>

/* Reasons of declines and sites of restores, by number */
static const char * const whys[] = { "locks", "alloc", "gc", "state" };
static const char * const sites[] = {
	"unlock", "spin", "ready", "go", "allocm", "grow", "shrink", "alloc",
	"gc", "stw", "exit_own", "exit_idle", "op",
};

/* What a green thread may be, as its events tell */
enum state {
	UNKNOWN,
	QUEUED,
	RUNNING,
	ASLEEP,		/* stopped to park, and maybe there was a permit */
	ENDED,
};

/**
 * struct life - one green thread, as its events tell
 * @state: what it is
 * @cpu: where it runs
 * @asked: a request is pending
 * @took: how it has just answered one, "" if it has not
 * @called: it is in a blocking call
 * @back: it came back from one without a P
 */
struct life {
	enum state state;
	unsigned int cpu;
	bool asked;
	char took[8];
	bool called;
	bool back;
};

/**
 * struct sum - what became of the requests of all
 * @requests: made
 * @takes: answered
 * @cleared: pending when the green thread had left for another reason
 */
struct sum {
	size_t requests;
	size_t takes;
	size_t cleared;
};

static bool named(const struct tt_event *e, const char *name)
{
	return !strcmp(e->name, name);
}

/* May it stop for the reason that the event tells? */
static bool may_stop(const struct life *l, const struct tt_event *e)
{
	if (tt_is(e, "reason", "preempt"))
		return !strcmp(l->took, "check");
	if (tt_is(e, "reason", "async"))
		return !strcmp(l->took, "async");
	if (*l->took || l->back != tt_is(e, "reason", "block"))
		return false;
	if (tt_is(e, "reason", "park"))
		return !tt_is(e, "wait", "");
	return l->back || tt_is(e, "reason", "yield") ||
	       tt_is(e, "reason", "exit");
}

static void stop(struct life *l, const struct tt_event *e, struct sum *sum)
{
	l->state = QUEUED;
	if (tt_is(e, "reason", "park"))
		l->state = ASLEEP;
	if (tt_is(e, "reason", "exit")) {
		l->state = ENDED;
		sum->cleared += l->asked;
	}
	*l->took = '\0';
	l->back = false;
}

/* The events before it comes on. */
static bool step_off(struct life *l, const struct tt_event *e, struct sum *sum)
{
	if (named(e, "go")) {
		if (l->state != UNKNOWN)
			return false;
		l->state = QUEUED;
		return true;
	}
	if (named(e, "ready")) {
		if (l->state != ASLEEP)
			return false;
		l->state = QUEUED;
		return true;
	}
	if (named(e, "steal"))
		return l->state == QUEUED && tt_num(e, "n") > 0 &&
		       tt_num(e, "victim") != e->cpu;
	if (!named(e, "start") || (l->state != QUEUED && l->state != ASLEEP))
		return false;
	l->state = RUNNING;
	l->cpu = e->cpu;
	sum->cleared += l->asked;
	l->asked = false;
	return true;
}

/* Those of one that runs. */
static bool step_on(struct life *l, const struct tt_event *e, struct sum *sum)
{
	if (e->cpu != l->cpu || (*l->took && !named(e, "stop")))
		return false;
	if (named(e, "stop")) {
		if (!may_stop(l, e))
			return false;
		stop(l, e, sum);
		return true;
	}
	if (named(e, "preempt_request")) {
		if (l->asked || (tt_is(e, "cause", "blocked") && !l->called))
			return false;
		l->asked = true;
		sum->requests++;
		return true;
	}
	if (named(e, "preempt_decline") || named(e, "preempt_restore"))
		return l->asked;
	if (named(e, "preempt_take")) {
		if (!l->asked)
			return false;
		l->asked = false;
		tt_field(e, "how", l->took, sizeof(l->took));
		sum->takes++;
		return true;
	}
	if (named(e, "syscall_enter") || named(e, "syscall_retake")) {
		if (named(e, "syscall_enter") && l->called)
			return false;
		l->called = true;
		return true;
	}
	if (named(e, "syscall_exit")) {
		if (!l->called)
			return false;
		l->called = false;
		l->back = tt_is(e, "how", "queued");
		return true;
	}
	return named(e, "grow");
}

static bool step(struct life *l, const struct tt_event *e, struct sum *sum)
{
	if (l->state == RUNNING)
		return step_on(l, e, sum);
	return step_off(l, e, sum);
}

/* What came before the @at-th event, of the same green thread. */
static void tell(const struct tt_trace *t, size_t at)
{
	size_t i, n = 0;

	for (i = at + 1; i-- > 0 && n < 20;) {
		if (t->event[i].gid != t->event[at].gid)
			continue;
		fprintf(stderr, "# -%zu: cpu %u %s:%s\n", at - i,
			t->event[i].cpu, t->event[i].name, t->event[i].text);
		n++;
	}
}

/*
 * Does the life of every green thread make sense, from when it was made to its
 * end? Events without one (a process stops the world) are left out.
 */
static bool lives_make_sense(const struct tt_trace *t, struct sum *sum)
{
	__u64 first = ~0ULL, last = 0;
	struct life *lives;
	size_t i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < t->n; i++) {
		if (!t->event[i].gid)
			continue;
		first = t->event[i].gid < first ? t->event[i].gid : first;
		last = t->event[i].gid > last ? t->event[i].gid : last;
	}
	if (!last || last - first > 1000000)
		return false;
	lives = calloc(last - first + 1, sizeof(*lives));
	for (i = 0; lives && i < t->n; i++) {
		const struct tt_event *e = &t->event[i];

		if (!e->gid || named(e, "gc") || named(e, "stw"))
			continue;
		if (step(&lives[e->gid - first], e, sum))
			continue;
		tell(t, i);
		break;
	}
	free(lives);
	return lives && i == t->n;
}

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
static const char *format(const char *name, char *buf, size_t size)
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
	for (i = 0; i < ARRAY_SIZE(tt_names); i++)
		EXPECT_NE(NULL, strstr(format(tt_names[i], buf, sizeof(buf)),
				       "field:u64 gid;"))
			TH_LOG("%s", tt_names[i]);
}

/*
 * Tools turn numbers into words by what the format says. Breaks if a name of the
 * source is left where a number has to be, or a new site or reason has no word.
 */
TEST_F(trace, formats_have_a_word_for_each_number)
{
	char buf[4096], word[32];
	size_t i;

	format("preempt_restore", buf, sizeof(buf));
	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		snprintf(word, sizeof(word), "{ %zu, \"%s\" }", i, sites[i]);
		EXPECT_NE(NULL, strstr(buf, word))
			TH_LOG("no %s in %s", word, buf);
	}
	format("preempt_decline", buf, sizeof(buf));
	for (i = 0; i < ARRAY_SIZE(whys); i++) {
		snprintf(word, sizeof(word), "{ %zu, \"%s\" }", i, whys[i]);
		EXPECT_NE(NULL, strstr(buf, word))
			TH_LOG("no %s in %s", word, buf);
	}
	for (i = 0; i < ARRAY_SIZE(tt_names); i++)
		EXPECT_EQ(NULL, strstr(format(tt_names[i], buf, sizeof(buf)),
				       "GORT_"))
			TH_LOG("%s", buf);
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

/* A green thread is told to be made by another one, and comes on in its slice. */
TEST_F(trace, children_have_a_parent)
{
	const struct tt_event *root, *e;
	size_t i, children = 0;
	struct sum sum;

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
	for (i = 0; i < ARRAY_SIZE(hooked); i++)
		EXPECT_LE(9, at_site(self->fd, &self->t, hooked[i]))
			TH_LOG("%s", sites[hooked[i]]);
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
	EXPECT_EQ(10, tt_count(&self->t, "syscall_retake", "cpu_p", "0"));
	EXPECT_EQ(10, tt_count(&self->t, "syscall_exit", "how", "idle"));
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

/* Work of all kinds at the same time, which makes every event happen. */
static int start_all(int fd)
{
	__u64 kind;
	int n = 0;

	for (kind = 0; kind < CT_KINDS; kind += 3)
		n += ct_start(fd, "t_hold", 1, 200, 20, 5, kind);
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

#define START_ALL	31

/* Do the events say what the counters say? */
static void compare(struct __test_metadata *_metadata, const struct tt_trace *t,
		    const struct gort_stats *old, const struct gort_stats *new)
{
	size_t i, stolen = 0;

#define EXPECT_TOLD(field, ...)						\
	EXPECT_EQ(new->field - old->field, tt_count(t, __VA_ARGS__))	\
		TH_LOG("%s", #field)
	EXPECT_TOLD(requested, "preempt_request", NULL, NULL);
	EXPECT_TOLD(accepted, "preempt_take", "how", "check");
	EXPECT_TOLD(async, "preempt_take", "how", "async");
	EXPECT_TOLD(switches, "start", NULL, NULL);
	EXPECT_TOLD(spawned, "go", NULL, NULL);
	EXPECT_TOLD(exited, "stop", "reason", "exit");
	EXPECT_TOLD(parked, "stop", "reason", "park");
	EXPECT_TOLD(grown, "grow", NULL, NULL);
	EXPECT_TOLD(blocking, "syscall_enter", NULL, NULL);
	EXPECT_TOLD(retaken, "syscall_retake", NULL, NULL);
	EXPECT_TOLD(collections, "gc", "phase", "begin");
	EXPECT_TOLD(collections, "gc", "phase", "end");
	EXPECT_TOLD(stops, "stw", "phase", "begin");
	EXPECT_TOLD(stops, "stw", "phase", "start");
	for (i = 0; i < ARRAY_SIZE(whys); i++)
		EXPECT_TOLD(declined[i], "preempt_decline", "why", whys[i]);
	for (i = 0; i < ARRAY_SIZE(sites); i++)
		EXPECT_TOLD(restored[i], "preempt_restore", "site", sites[i]);
	for (i = 0; i < t->n; i++)
		if (named(&t->event[i], "steal"))
			stolen += tt_num(&t->event[i], "n");
	EXPECT_EQ(new->stolen - old->stolen, stolen);
}

/*
 * Everything at once, at the shortest slice, with all events on: no result is
 * wrong, no request lost, each event was seen, the life of each green thread
 * makes sense, and the events agree with the counters one by one. Breaks if an
 * event is missing, told twice or too late, or disturbs what it tells of.
 */
TEST_F_TIMEOUT(trace, events_agree_with_the_counters_under_load, 120)
{
	struct gort_stats before, after;
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
	for (i = 0; i < ARRAY_SIZE(tt_names); i++)
		EXPECT_LE(1, tt_count(&self->t, tt_names[i], NULL, NULL))
			TH_LOG("no %s", tt_names[i]);
	compare(_metadata, &self->t, &before, &after);
	EXPECT_TRUE(lives_make_sense(&self->t, &sum));
	EXPECT_EQ(sum.requests, sum.takes + sum.cleared);
	EXPECT_LT(0, sum.takes);
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
