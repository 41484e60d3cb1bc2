// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a user hands to the kernel (gort_dev.c, gort_task.c, gort_user.c): the
 * commands of some files, by ioctl and by ring, read and poll, with anything in
 * them, in memory that ends anywhere and changes between two looks.
 *
 * What must hold: the error is one that the interface has for the call, ENOMEM
 * only if an allocation was made to fail; what succeeds was acceptable; nothing
 * is written behind the size that the caller gave; the counts of the file and of
 * the user are those of the tasks that were accepted and not read; each task is
 * read once, with its own number and what belongs to it; at the end no module is
 * in use, and nothing is left.
 */

#include "unit.h"

#include "../../gort_user.c"
#include "../../gort_task.c"
#include "../../gort_dev.c"

#define FILES	4
#define TASKS	64	/* Gs that run, at most */
#define STEPS	200
#define ROOM	512	/* bytes of a structure of the user's */

enum place {
	OPEN, QUOTA, OK, SUBMITTED, PART, FAULT, INVAL, TOO_BIG, NOTTY, NOENT, AGAIN,
	DQUOT, NOMEM, TIME, INTR, DEADLK, NXIO, READ_SOME, READ_NONE, PUT_BACK,
	CANCELLED, RACED, RING,
};

const char * const unit_names[] = {
	[OPEN] = "a file is opened",
	[QUOTA] = "the user has too many files",
	[OK] = "a command succeeds",
	[SUBMITTED] = "a batch is accepted",
	[PART] = "a part of a batch is accepted",
	[FAULT] = "EFAULT",
	[INVAL] = "EINVAL",
	[TOO_BIG] = "E2BIG",
	[NOTTY] = "ENOTTY",
	[NOENT] = "ENOENT",
	[AGAIN] = "EAGAIN",
	[DQUOT] = "EDQUOT",
	[NOMEM] = "ENOMEM",
	[TIME] = "ETIME",
	[INTR] = "a signal ends a wait",
	[DEADLK] = "EDEADLK",
	[NXIO] = "ENXIO",
	[READ_SOME] = "completions are read",
	[READ_NONE] = "the end is read",
	[PUT_BACK] = "a completion can't be written and is read again",
	[CANCELLED] = "a task is cancelled",
	[RACED] = "the memory changes between two looks",
	[RING] = "a command comes by a ring",
	NULL
};

/* The module of the workloads, and two of them */
static struct module owner;

static int work(const u64 *args, u64 *result)
{
	*result = args[0];
	return 0;
}

struct gort_workload gort_workloads[] = {
	{
		.name = "one", .help = "a help", .owner = &owner, .fn = work,
		.nr_args = 2,
		.args = {
			{ "first", 0, 100, 1 }, { "second", 5, 6, 5 },
		},
	},
	{ .name = "none", .owner = &owner, .fn = work, .woken_outside = true },
};

const unsigned int gort_nr_workloads = ARRAY_SIZE(gort_workloads);

/* The rest of the scheduler: Gs that end when the test says so */
static struct gort_g *running[TASKS];
static struct gort_p p;
static bool dead;	/* what gort_checkdead() says */

struct gort_p *gort_p_of(unsigned int cpu)
{
	(void)cpu;
	return &p;
}

int gort_newproc(struct gort_ctx *ctx, gort_fn_t fn, void *arg,
		 const struct gort_text *text, struct module *module,
		 void (*done)(struct gort_g *g), struct gort_g **ret)
{
	struct gort_g *g;
	int i;

	(void)text;
	for (i = 0; i < TASKS && running[i]; i++)
		;
	if (i == TASKS)
		return -EAGAIN;
	g = gort_try(kzalloc(sizeof(*g), GFP_KERNEL), NULL);
	if (!g)
		return -ENOMEM;
	g->ctx = ctx;
	g->fn = fn;
	g->arg = arg;
	g->owner = module;
	g->done = done;
	g->ref.v = 2;
	running[i] = g;
	*ret = g;
	return 0;
}

struct gort_g *gort_get(struct gort_g *g)
{
	g->ref.v++;
	return g;
}

void gort_put(struct gort_g *g)
{
	unit_check(g->ref.v > 0);
	if (!--g->ref.v)
		free(g);
}

/* BPF programs are none of this test's. */
int gort_bpf_submit(struct gort_file *f, struct gort_bpf_run *b)
{
	(void)f;
	(void)b;
	return -EOPNOTSUPP;
}

void gort_bpf_file_end(struct gort_file *f)
{
	(void)f;
}

long gort_bpf_put(void *arg)
{
	(void)arg;
	return 0;
}

/* The @i-th G ends, if there is one. */
static void end_g(unsigned int i)
{
	struct gort_g *g = running[i];

	if (!g)
		return;
	running[i] = NULL;
	if (g->cancelled)
		g->status = -ECANCELED;
	else
		g->fn(g->arg);
	g->done(g);
	module_put(g->owner);
	gort_put(g);
}

void gort_cancel(struct gort_g *g)
{
	g->cancelled = true;
}

void gort_ctx_cancel_gs(struct gort_ctx *ctx)
{
	int i;

	for (i = 0; i < TASKS; i++)
		if (running[i] && running[i]->ctx == ctx)
			running[i]->cancelled = true;
}

struct gort_ctx *gort_ctx_alloc(const char *name, unsigned int max_gs,
				struct mem_cgroup *memcg)
{
	(void)name;
	(void)max_gs;
	(void)memcg;
	return gort_try(calloc(1, sizeof(struct gort_ctx)), NULL);
}

void gort_ctx_end(struct gort_ctx *ctx)
{
	int i;

	gort_ctx_cancel_gs(ctx);
	for (i = 0; i < TASKS; i++)
		if (running[i] && running[i]->ctx == ctx)
			end_g(i);
}

void gort_ctx_destroy(struct gort_ctx *ctx)
{
	free(ctx);
}

void gort_ctx_watch(struct gort_ctx *ctx)
{
	ctx->watched = true;
}

void gort_ctx_unwatch(struct gort_ctx *ctx)
{
	ctx->watched = false;
}

bool gort_checkdead(struct gort_ctx *ctx)
{
	return dead && ctx->watched;
}

void gort_report_dead(struct gort_ctx *ctx)
{
	unit_check(ctx->watched);
}

struct mem_cgroup *gort_charge_begin(const struct gort_ctx *ctx)
{
	(void)ctx;
	return NULL;
}

void gort_charge_end(struct mem_cgroup *old)
{
	(void)old;
}

gfp_t gort_gfp(const struct gort_ctx *ctx)
{
	(void)ctx;
	return 0;
}

u64 gort_stw_median(void)
{
	return 1;
}

unsigned long gort_guard_used(void)
{
	return 2;
}

void gort_heap_stats(struct gort_stats *st)
{
	st->heap_bytes = 3;
}

/**
 * struct opened - a file, and what the test knows of it
 * @file: whose private_data is NULL if it is not open
 * @last_id: of the task that was accepted last
 * @accepted: tasks
 * @read: completions
 * @seen: by task
 * @strange: by task, its descriptor was not the one that the test has made
 */
struct opened {
	struct file file;
	u64 last_id;
	u64 accepted;
	u64 read;
	bool seen[STEPS * 8];
	bool strange[STEPS * 8];
};

static struct opened files[FILES];
static struct unit_input *in;
static bool failing;	/* an allocation may fail in this call */
static bool strange;	/* the structure is not as the test has made it */
static bool raced;	/* it has changed in this call */

/* The structure, the tasks and the completions, each in an area of its own */
enum { ARG, TASK_AREA, DONE_AREA };

static void area(int i, size_t len)
{
	free(unit_areas[i].start);
	unit_areas[i].start = malloc(len ?: 1);
	unit_areas[i].len = len;
	memset(unit_areas[i].start, 0xa5, len);
}

/* Another thread writes a byte of the structure. */
static void race(void)
{
	struct unit_area *a = &unit_areas[ARG];

	if (!a->len || unit_below(in, 4))
		return;
	a->start[unit_below(in, min_t(size_t, a->len, 48))] = unit_byte(in);
	unit_count[RACED]++;
	strange = true;
	raced = true;
}

/* Somebody waits: time passes, tasks end, or a signal comes. */
void unit_sleep(void)
{
	unit_now += 1000;
	end_g(unit_below(in, TASKS));
	if (!unit_below(in, 4) || !in->left)
		unit_signal = true;
}

static bool is_one_of(long err, const int *errors)
{
	while (*errors && *errors != -err)
		errors++;
	return *errors;
}

static void count_error(long err)
{
	static const int errors[][2] = {
		{ EFAULT, FAULT }, { EINVAL, INVAL }, { E2BIG, TOO_BIG },
		{ ENOTTY, NOTTY }, { ENOENT, NOENT }, { EAGAIN, AGAIN },
		{ EDQUOT, DQUOT }, { ENOMEM, NOMEM }, { ETIME, TIME },
		{ ERESTARTSYS, INTR }, { EINTR, INTR }, { EDEADLK, DEADLK },
		{ ENXIO, NXIO }, { 0, OK },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i][0] == -err)
			unit_count[errors[i][1]]++;
}

/* What the interface has for each command, besides what all have */
struct kind {
	unsigned int cmd;
	size_t ver0;
	size_t size;
	int errors[8];
};

static const struct kind kinds[] = {
	{ GORT_IOC_INFO, GORT_INFO_SIZE_VER0, sizeof(struct gort_info), {} },
	{ GORT_IOC_WORKLOAD, GORT_WORKLOAD_INFO_SIZE_VER0,
	  sizeof(struct gort_workload_info), { ENOENT } },
	{ GORT_IOC_SUBMIT, GORT_SUBMIT_SIZE_VER0, sizeof(struct gort_submit),
	  { ENOENT, EAGAIN, EDQUOT, ENOMEM, EINTR, ERESTARTSYS } },
	{ GORT_IOC_WAIT, GORT_WAIT_SIZE_VER0, sizeof(struct gort_wait),
	  { ETIME, EINTR, ERESTARTSYS, EDEADLK, EAGAIN } },
	{ GORT_IOC_CANCEL, GORT_CANCEL_SIZE_VER0, sizeof(struct gort_cancel),
	  { ENOENT } },
	{ GORT_IOC_STATS, GORT_STATS_SIZE_VER0, sizeof(struct gort_stats),
	  { ENXIO } },
	{ GORT_IOC_REAP, GORT_REAP_SIZE_VER0, sizeof(struct gort_reap),
	  { ETIME, EINTR, ERESTARTSYS, EDEADLK, EAGAIN } },
};

/* What was read: tasks of this file, each for the first time. */
static void completed(struct opened *o, const char *at, size_t n)
{
	struct gort_completion c;

	for (; n; n--, at += sizeof(c)) {
		memcpy(&c, at, sizeof(c));
		unit_check(c.id && c.id <= o->last_id && !o->seen[c.id]);
		o->seen[c.id] = true;
		unit_check(o->strange[c.id] || c.user_data == (c.id ^ 0x5a5a));
		unit_check(!c.status || c.status == -ECANCELED);
		o->read++;
		unit_count[READ_SOME]++;
	}
}

/* The counts are what was accepted and not read, here and of the user. */
static void look(void)
{
	struct gort_file *f;
	unsigned int n = 0;
	int i;

	for (i = 0; i < FILES; i++) {
		f = files[i].file.private_data;
		if (!f)
			continue;
		unit_check(f->last_id == files[i].last_id);
		unit_check(f->nr_running + f->nr_done ==
			   files[i].accepted - files[i].read);
		unit_check(f->nr_running + f->nr_done <= f->max_tasks);
		unit_check(!f->lock.held && !f->submit.lock.held);
		n += f->nr_running + f->nr_done;
		unit_check(n <= gort_max_tasks_user);
	}
	for (i = 0; i < FILES; i++) {
		f = files[i].file.private_data;
		unit_check(!f || atomic_read(&f->ctx->user->tasks) == (int)n);
	}
}

static void open_file(struct opened *o)
{
	struct inode inode = { 0 };
	int err;

	if (o->file.private_data) {
		unit_check(!unit_fops->release(&inode, &o->file));
		memset(o, 0, sizeof(*o));
		return;
	}
	err = unit_fops->open(&inode, &o->file);
	unit_check(!err || err == -EDQUOT || (failing && err == -ENOMEM));
	unit_count[err == -EDQUOT ? QUOTA : OPEN] += err != -ENOMEM;
}

/* Tasks, most of them good, each with a number that says which it will be */
static void fill_tasks(struct opened *o, unsigned int count)
{
	struct gort_task_desc *t;
	unsigned int i;

	/* rarely there is one less than there are said to be */
	area(TASK_AREA, count * sizeof(*t) - (unit_below(in, 8) ? 0 : 1));
	t = (struct gort_task_desc *)unit_areas[TASK_AREA].start;
	for (i = 0; i < unit_areas[TASK_AREA].len / sizeof(*t); i++) {
		t[i] = (struct gort_task_desc){
			.workload = gort_workloads[i & 1].id,
			.user_data = (o->last_id + i + 1) ^ 0x5a5a,
		};
		if (!(i & 1)) {
			t[i].args[0] = unit_below(in, 101);
			t[i].args[1] = 5;
		}
		if (!unit_below(in, 8))
			((u32 *)&t[i])[unit_below(in, 12) & ~2] ^= unit_byte(in);
	}
}

static u64 deadline(void)
{
	return unit_below(in, 2) ? GORT_WAIT_FOREVER :
				   unit_now + unit_below(in, 4000);
}

/* A good structure for @k */
static void fill(struct opened *o, const struct kind *k, void *arg)
{
	unsigned int n = unit_below(in, 5) + 1;

	switch (k->cmd) {
	case GORT_IOC_WORKLOAD:
		((struct gort_workload_info *)arg)->index = unit_below(in, 3);
		break;
	case GORT_IOC_SUBMIT:
		fill_tasks(o, n);
		*(struct gort_submit *)arg = (struct gort_submit){
			.count = n, .task_size = sizeof(struct gort_task_desc),
			.tasks = (uintptr_t)unit_areas[TASK_AREA].start,
		};
		break;
	case GORT_IOC_WAIT:
		*(struct gort_wait *)arg = (struct gort_wait){
			.min_complete = unit_below(in, 4),
			.deadline_ns = deadline(),
		};
		break;
	case GORT_IOC_CANCEL:
		*(struct gort_cancel *)arg = (struct gort_cancel){
			.id = o->last_id - unit_below(in, 4),
		};
		break;
	case GORT_IOC_STATS:
		((struct gort_stats *)arg)->cpu = unit_below(in, 4) - 1;
		break;
	case GORT_IOC_REAP:
		area(DONE_AREA, n * sizeof(struct gort_completion) -
				(unit_below(in, 4) ? 0 : 1));
		*(struct gort_reap *)arg = (struct gort_reap){
			.completions = (uintptr_t)unit_areas[DONE_AREA].start,
			.count = n, .min_complete = unit_below(in, 4),
			.deadline_ns = deadline(),
		};
		break;
	}
}

/* Sizes around those that mean something */
static size_t odd_size(const struct kind *k)
{
	const size_t sizes[] = {
		0, 3, 4, k->ver0 - 1, k->ver0, k->size, k->size + 8, ROOM,
		PAGE_SIZE, PAGE_SIZE + 1, U32_MAX,
	};

	return sizes[unit_below(in, ARRAY_SIZE(sizes))];
}

static void accepted(struct opened *o, const struct gort_submit *s, u32 count)
{
	u32 i;

	unit_check(s->submitted && s->first_id == o->last_id + 1);
	unit_check(strange || !s->error == (s->submitted == count));
	for (i = 0; i < s->submitted; i++)
		o->strange[++o->last_id] = strange;
	o->accepted += s->submitted;
	unit_count[s->error ? PART : SUBMITTED]++;
}

/* What a command that succeeded has left in the structure */
static void succeeded(struct opened *o, const struct kind *k, const char *arg,
		      const char *before)
{
	struct gort_submit s;
	struct gort_cancel c;
	struct gort_reap r;

	switch (k->cmd) {
	case GORT_IOC_SUBMIT:
		memcpy(&s, arg, sizeof(s));
		accepted(o, &s, ((const struct gort_submit *)before)->count);
		break;
	case GORT_IOC_CANCEL:
		memcpy(&c, arg, sizeof(c));
		unit_count[CANCELLED] += !!c.cancelled;
		break;
	case GORT_IOC_REAP:
		memcpy(&r, arg, sizeof(r));
		if (strange)
			o->read += r.completed;
		else
			completed(o, unit_areas[DONE_AREA].start, r.completed);
		break;
	}
}

/* Is all in @arg, which did not change, as the interface wants it? */
static bool acceptable(const struct kind *k, const void *arg)
{
	const struct gort_submit *s = arg;
	const struct gort_wait *w = arg;
	const struct gort_cancel *c = arg;
	const struct gort_stats *st = arg;
	const struct gort_reap *r = arg;
	const struct gort_info *i = arg;

	if (*(const u32 *)arg < k->ver0 || *(const u32 *)arg > PAGE_SIZE)
		return false;
	switch (k->cmd) {
	case GORT_IOC_INFO:
		return !i->pad;
	case GORT_IOC_SUBMIT:
		return !s->flags && s->count && s->count <= GORT_MAX_BATCH &&
		       s->task_size == sizeof(struct gort_task_desc);
	case GORT_IOC_WAIT:
		return !w->flags && !w->pad;
	case GORT_IOC_CANCEL:
		return !(c->flags & ~GORT_CANCEL_ALL) &&
		       !(c->flags && c->id);
	case GORT_IOC_STATS:
		return !st->flags && !st->pad;
	case GORT_IOC_REAP:
		return !r->flags && !r->pad && r->count &&
		       r->count <= GORT_MAX_BATCH;
	default:
		return true;
	}
}

static long call(struct opened *o, unsigned int cmd, void *arg)
{
	u64 sqe[2] = { (uintptr_t)arg, unit_below(in, 16) ? 0 : 1 };
	struct io_uring_cmd c = { &o->file, cmd, sqe };
	long ret;

	if (unit_below(in, 2))
		return unit_fops->unlocked_ioctl(&o->file, cmd, (unsigned long)arg);
	ret = unit_fops->uring_cmd(&c, unit_below(in, 2) ? IO_URING_F_NONBLOCK : 0);
	unit_check(ret != -ERESTARTSYS);
	unit_check(!sqe[1] || ret == -EINVAL);
	unit_count[RING]++;
	return ret;
}

static void command_step(struct opened *o)
{
	static const int always[] = { EFAULT, EINVAL, E2BIG, 0 };
	const struct kind *k = &kinds[unit_below(in, ARRAY_SIZE(kinds))];
	size_t len = unit_below(in, 8) ? ROOM : unit_below(in, 64), size, i;
	u32 said = unit_below(in, 4) ? k->size : odd_size(k);
	u64 good[ROOM / 8] = { 0 };
	char before[ROOM];
	char *arg;
	long ret;

	fill(o, k, good);
	*(u32 *)good = said;
	strange = !unit_below(in, 4);
	if (strange)
		((char *)good)[unit_below(in, min_t(u32, k->size, ROOM))] ^=
			unit_byte(in) | 1;
	said = *(u32 *)good;
	area(ARG, len);
	arg = unit_areas[ARG].start;
	memcpy(arg, good, len);
	memcpy(before, good, ROOM);
	unit_looked = unit_below(in, 4) ? NULL : race;
	raced = false;
	unit_signal = false;
	ret = call(o, k->cmd, unit_below(in, 16) ? arg : NULL);
	unit_looked = NULL;
	unit_check(ret <= 0);
	unit_check(!ret || is_one_of(ret, always) || is_one_of(ret, k->errors));
	unit_check(ret != -ENOMEM || failing);
	count_error(ret);
	unit_check(ret || raced || acceptable(k, good));
	if (!ret)
		succeeded(o, k, arg, before);
	size = min_t(size_t, said, k->size);
	for (i = size; i < len && !strange; i++)
		unit_check(arg[i] == before[i]);
}

static void unknown(struct opened *o)
{
	unsigned int cmd = _IO(GORT_IOC_MAGIC, 7 + unit_below(in, 240));

	area(ARG, 64);
	if (unit_below(in, 2))
		cmd = GORT_IOC_INFO ^ BIT(8 + unit_below(in, 24));
	if (cmd != GORT_IOC_BPF)
		unit_check(unit_fops->unlocked_ioctl(&o->file, cmd, 0) == -ENOTTY);
	unit_count[NOTTY]++;
}

static void read_step(struct opened *o)
{
	static const int errors[] = {
		EINVAL, EFAULT, EAGAIN, EDEADLK, EINTR, ERESTARTSYS, 0
	};
	size_t len = unit_below(in, 6 * sizeof(struct gort_completion));
	struct gort_file *f = o->file.private_data;
	unsigned int done = f->nr_done;
	struct kiocb iocb = { &o->file, unit_below(in, 2) };
	struct iov_iter to;
	long ret;

	o->file.f_flags = unit_below(in, 2) ? O_NONBLOCK : 0;
	unit_signal = false;
	area(DONE_AREA, unit_below(in, 4) ? len : len / 2);
	to = (struct iov_iter){ unit_areas[DONE_AREA].start, len };
	ret = unit_fops->read_iter(&iocb, &to);
	unit_check(ret >= 0 || is_one_of(ret, errors));
	if (ret < 0) {
		count_error(ret);
		unit_count[PUT_BACK] += ret == -EFAULT && f->nr_done == done;
		return;
	}
	unit_check(ret % sizeof(struct gort_completion) == 0);
	unit_check(ret || (!f->nr_running && !f->nr_done));
	unit_count[READ_NONE] += !ret;
	completed(o, unit_areas[DONE_AREA].start,
		  ret / sizeof(struct gort_completion));
}

static void poll_step(struct opened *o)
{
	struct gort_file *f = o->file.private_data;
	__poll_t mask = unit_fops->poll(&o->file, NULL);

	unit_check(!!(mask & EPOLLIN) == !!f->nr_done);
	unit_check(!!(mask & EPOLLOUT) == (f->nr_done + f->nr_running < f->max_tasks));
	unit_check(!(mask & EPOLLRDHUP) || !(f->nr_done + f->nr_running));
}

static void step(void)
{
	struct opened *o = &files[unit_below(in, FILES)];

	dead = !unit_below(in, 8);
	failing = !unit_below(in, 8);
	atomic_set(&gort_fail_nth, failing ? unit_below(in, 4) + 1 : 0);
	if (!o->file.private_data || !unit_below(in, 64))
		open_file(o);
	else if (unit_below(in, 2))
		command_step(o);
	else if (unit_below(in, 2))
		end_g(unit_below(in, TASKS));
	else if (unit_below(in, 4))
		read_step(o);
	else if (unit_below(in, 2))
		poll_step(o);
	else
		unknown(o);
	atomic_set(&gort_fail_nth, 0);
}

void unit_run(struct unit_input *input)
{
	int i;

	in = input;
	unit_now = 1000;
	unit_check(!gort_task_init() && !gort_dev_init());
	for (i = 0; i < STEPS && in->left; i++) {
		step();
		look();
	}
	for (i = 0; i < FILES; i++)
		if (files[i].file.private_data)
			open_file(&files[i]);
	for (i = 0; i < UNIT_AREAS; i++) {
		free(unit_areas[i].start);
		unit_areas[i] = (struct unit_area){ NULL, 0 };
	}
	for (i = 0; i < TASKS; i++)
		unit_check(!running[i]);
	unit_check(!owner.refs && !users[0]);
	gort_dev_exit();
	gort_task_exit();
	workload_next = 0;
}
