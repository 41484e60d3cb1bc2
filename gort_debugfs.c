// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/gort: what there is and what it does, for root alone.
 *
 *	gs		a line for each G
 *	stack		where one G is, or all of them are
 *	ms		a line for each M
 *	ps		a line for each P
 *	segments	stack segments by size
 *	schedtrace	one line, as GODEBUG=schedtrace of Go prints it
 *
 * The first line of a table names the columns, which are separated by one TAB.
 * Documentation/ABI/testing/debugfs-gort says what they mean. Addresses are
 * never printed, only the names of what is there.
 *
 * Nothing is stopped for these files: what runs is shown as running, and nobody
 * waits for a reader. So a table is no picture of one instant; each line is
 * right for the moment when it is made.
 *
 * gs. When the file is read from its beginning, gort_gs_get() takes a reference
 * to each G there is, in batches, which is the only time that locks are held.
 * The array has a pointer for each G, and fails with ENOMEM. Each line is then
 * made from the G itself: its memory is there thanks to the reference, and who
 * has ended meanwhile is left out. What else the line names stays for an RCU
 * section that finds the G not gone (the context, see gort_gone()), or not ended
 * (the reason of its park, functions). The name of the body comes out of the
 * symbol table of its module, which is slow: that of the last line is kept, and
 * the module pinned.
 *
 * stack. Which G is told by writing its number; until then it is all of them, as
 * for gs. A stack can be walked while it stands still, and the one way to make
 * it, wherever the G is, is to stop the world. That is done for one G at a time,
 * and only to collect addresses, at most STACK_FRAMES; they are named afterwards,
 * as long as the G has not ended, since its code could be gone then.
 *
 * What state a G is in follows from what others see of it, and needs no lock and
 * nothing that a switch would have to write:
 *
 *	starting	no stack yet
 *	running		current on the CPU that it last came on
 *	blocked		g->call, which is set around each call that may block
 *	waiting		no permit, and asleep (gort_park.c); or it has ended, and is
 *			kept for the sake of its children (gort_group.c)
 *	runnable	else: in a queue, or just between two of these
 *
 * How long it has waited or blocked is told in jiffies: reading a clock at each
 * park would cost more than the park. For other states it is not known.
 *
 * ms, ps. All Ms of a P are looked at under sched.lock, at most 2 * max_threads.
 * The G that one runs may end at any time and is not touched: the M has its number.
 *
 * Who opens a file holds a reference to the module, so that it can't go before
 * the file is closed. Where the kernel has no debugfs, or it is locked down, gort
 * runs without.
 *
 * Rejected: a copy of all Gs with the world stopped (what runs would be shown as
 * stopped, and a hundred thousand lines hold up everybody), and to hold the
 * context's lock while its Gs are printed.
 */

#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>

#include "gort.h"

/* Frames of one stack that are shown */
#define STACK_FRAMES	1024

/* Ms that may come while memory for the others is got */
#define SPARE_MS	16

/**
 * struct listing - a reader of gs or stack; under the lock of its seq_file
 * @gs: those to be shown, each with a reference, or NULL
 * @nr: how many
 * @shown: the first so many of them
 * @gid: who was asked for in stack, or 0: all; A
 * @frames: of stack, else NULL
 * @body: function whose name is kept
 * @module: pinned while it is
 * @name: the name
 */
struct listing {
	struct gort_g **gs;
	unsigned int nr;
	unsigned int shown;
	u64 gid;
	struct gort_frame *frames;
	const void *body;
	struct module *module;
	char name[KSYM_SYMBOL_LEN];
};

/* What a line of ms has */
struct m_line {
	pid_t pid;
	const char *state;
	u64 gid;
	u64 locked_gid;
	void *call;
	u32 locks;
};

static struct dentry *gort_dir;
static u64 gort_start_ns;

/* The name of what is at @p, where names are known; never its address. */
static void name_of(char *buf, const void *p)
{
	snprintf(buf, KSYM_SYMBOL_LEN, "%ps", p);
	if (!strncmp(buf, "0x", 2))
		strscpy(buf, "?", KSYM_SYMBOL_LEN);
}

static void put_name(struct seq_file *m, const void *p)
{
	char name[KSYM_SYMBOL_LEN];

	name_of(name, p);
	seq_puts(m, name);
}

/* Text that user space chose, in which a TAB or a line end may be. */
static void put_text(struct seq_file *m, const char *s)
{
	seq_escape_mem(m, s, strlen(s), ESCAPE_ANY_NP, NULL);
}

/* gs */

static const char *g_state(const struct gort_g *g)
{
	int cpu = READ_ONCE(g->cpu);

	if (cpu < 0 && !gort_peek(g->seg))
		return "starting";
	if (cpu >= 0 && READ_ONCE(per_cpu(gort_curg, cpu)) == g)
		return "running";
	if (READ_ONCE(g->call))
		return "blocked";
	if (READ_ONCE(g->ended))
		return "waiting";
	if (atomic_read(&((struct gort_g *)g)->wait) == GORT_PERMIT_PARKED)
		return "waiting";
	return "runnable";
}

/* What it waits for, if anything; in the RCU section that found it not gone. */
static void put_reason(struct seq_file *m, const struct gort_g *g, char state)
{
	const char *reason = READ_ONCE(g->wait_reason);
	void *call = READ_ONCE(g->call);

	if (READ_ONCE(g->ended))
		reason = "children";
	if (state == 'w' && reason)
		put_text(m, reason);
	else if (state == 'b' && call)
		put_name(m, call);
	else
		seq_putc(m, '-');
}

static void forget_name(struct listing *l)
{
	if (l->body)
		module_put(l->module);
	l->body = NULL;
}

/* The same as put_reason() for the body. */
static void put_body(struct seq_file *m, const struct gort_g *g)
{
	struct listing *l = m->private;

	if (l->body != g->body) {
		forget_name(l);
		name_of(l->name, g->body);
		if (!READ_ONCE(g->ended) && try_module_get(g->text.module)) {
			l->module = g->text.module;
			l->body = g->body;
		}
	}
	seq_puts(m, l->name);
}

/* How long it has been in @state; 0 where that is not known. */
static unsigned int ms_in(const struct gort_g *g, const char *state)
{
	if (*state != 'w' && *state != 'b')
		return 0;
	return jiffies_to_msecs(jiffies - READ_ONCE(g->since));
}

static void put_g(struct seq_file *m, const struct gort_g *g)
{
	const char *state = g_state(g);

	seq_printf(m, "%llu\t%llu\t", g->id, g->ctx->id);
	put_text(m, g->ctx->name);
	seq_printf(m, "\t%s\t%d\t%u\t%u\t%u\t%u\t", state, READ_ONCE(g->cpu),
		   ms_in(g, state), gort_peek(g->stats.preempted),
		   gort_peek(g->stats.declined), gort_peek(g->stack_now));
	put_reason(m, g, *state);
	seq_putc(m, '\t');
	put_body(m, g);
	seq_putc(m, '\n');
}

static void drop_gs(struct listing *l)
{
	if (l->gs)
		gort_gs_put(l->gs, l->nr);
	l->gs = NULL;
	l->nr = 0;
}

static int get_gs(struct listing *l)
{
	long nr;

	drop_gs(l);
	nr = gort_gs_get(&l->gs);
	if (nr < 0)
		return nr;
	l->nr = nr;
	l->shown = nr;
	return 0;
}

/* Position 0 is the line of the columns, and a new look at what there is. */
static void *gs_at(struct listing *l, loff_t pos)
{
	if (!pos)
		return SEQ_START_TOKEN;
	return pos <= l->shown ? l->gs[pos - 1] : NULL;
}

static void *gs_start(struct seq_file *m, loff_t *pos)
{
	int err = *pos ? 0 : get_gs(m->private);

	return err ? ERR_PTR(err) : gs_at(m->private, *pos);
}

static void *gs_next(struct seq_file *m, void *v, loff_t *pos)
{
	return gs_at(m->private, ++*pos);
}

static void gs_stop(struct seq_file *m, void *v)
{
}

static int gs_show(struct seq_file *m, void *v)
{
	const struct gort_g *g = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "gid\tctx\tname\tstate\tcpu\tms\tpreempted\tdeclined\tstack\treason\tbody\n");
		return 0;
	}
	cond_resched();
	rcu_read_lock();
	if (!gort_gone(g))
		put_g(m, g);
	rcu_read_unlock();
	return 0;
}

static const struct seq_operations gs_seq = {
	.start = gs_start, .next = gs_next, .stop = gs_stop, .show = gs_show,
};

static int gs_open(struct inode *inode, struct file *file)
{
	return gort_try(seq_open_private(file, &gs_seq, sizeof(struct listing)),
			-ENOMEM);
}

static int gs_release(struct inode *inode, struct file *file)
{
	struct listing *l = ((struct seq_file *)file->private_data)->private;

	drop_gs(l);
	forget_name(l);
	kvfree(l->frames);
	return seq_release_private(inode, file);
}

static const struct file_operations gs_fops = {
	.owner = THIS_MODULE,
	.open = gs_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = gs_release,
};

/* stack */

/* Only the one that was asked for. */
static int pick(struct listing *l, u64 gid)
{
	for (l->shown = 0; l->shown < l->nr; l->shown++)
		if (l->gs[l->shown]->id == gid)
			break;
	if (l->shown == l->nr || gort_gone(l->gs[l->shown]))
		return -ENOENT;
	swap(l->gs[0], l->gs[l->shown]);
	l->shown = 1;
	return 0;
}

static void *stack_at(struct listing *l, loff_t pos)
{
	return pos < l->shown ? l->gs[pos] : NULL;
}

static void *stack_start(struct seq_file *m, loff_t *pos)
{
	struct listing *l = m->private;
	u64 gid = READ_ONCE(l->gid);
	int err;

	if (!*pos) {
		err = get_gs(l);
		if (!err && gid)
			err = pick(l, gid);
		if (err)
			return ERR_PTR(err);
	}
	return stack_at(l, *pos);
}

static void *stack_next(struct seq_file *m, void *v, loff_t *pos)
{
	return stack_at(m->private, ++*pos);
}

/* Walk the stack of @g. Returns how many frames; gets how many segments. */
static unsigned int take_stack(const struct gort_g *g, struct gort_frame *f,
			       unsigned int *segs)
{
	const struct gort_seg *s;
	unsigned int n = 0;

	*segs = 0;
	if (gort_stop_the_world())
		return 0;
	if (!gort_gone(g) && !g->ended) {
		for (s = g->seg; s; s = s->prev)
			++*segs;
		n = gort_backtrace(g, f, STACK_FRAMES);
	}
	gort_start_the_world();
	return n;
}

/* In an RCU section that found it not gone. */
static void put_head(struct seq_file *m, const struct gort_g *g,
		     const char *state, unsigned int segs)
{
	void *call = READ_ONCE(g->call);

	seq_printf(m, "G %llu of ", g->id);
	put_text(m, g->ctx->name);
	seq_printf(m, " (ctx %llu) [", g->ctx->id);
	if (*state == 'w')
		put_reason(m, g, *state);
	else
		seq_puts(m, state);
	if (*state == 'w' || *state == 'b')
		seq_printf(m, ", %u ms", ms_in(g, state));
	seq_printf(m, "]: cpu %d, %u segments, %u bytes\n", READ_ONCE(g->cpu),
		   segs, gort_peek(g->stack_now));
	if (*state != 'b' || !call)
		return;
	seq_puts(m, "  ");
	put_name(m, call);
	seq_putc(m, '\n');
}

static void put_frame(struct seq_file *m, const struct gort_frame *f)
{
	char name[KSYM_SYMBOL_LEN];

	if (f->how == GORT_FRAME_HIT)
		snprintf(name, sizeof(name), "%pS", (void *)f->ip);
	else
		snprintf(name, sizeof(name), "%pB", (void *)f->ip);
	seq_printf(m, "  %s%s\n", f->how == GORT_FRAME_GUESS ? "? " : "",
		   strncmp(name, "0x", 2) ? name : "?");
}

static int stack_show(struct seq_file *m, void *v)
{
	struct listing *l = m->private;
	const struct gort_g *g = v;
	const char *state = g_state(g);
	unsigned int n, i, segs;
	bool gone;

	n = take_stack(g, l->frames, &segs);
	rcu_read_lock();
	gone = gort_gone(g);
	if (!gone)
		put_head(m, g, state, segs);
	rcu_read_unlock();
	if (gone && READ_ONCE(l->gid))
		return -ENOENT;
	for (i = 0; i < n && !gone; i++) {
		rcu_read_lock();
		gone = gort_gone(g) || READ_ONCE(g->ended);
		if (!gone)
			put_frame(m, &l->frames[i]);
		rcu_read_unlock();
		cond_resched();
	}
	if (n == STACK_FRAMES)
		seq_puts(m, "  ...\n");
	return 0;
}

static const struct seq_operations stack_seq = {
	.start = stack_start, .next = stack_next, .stop = gs_stop,
	.show = stack_show,
};

static int stack_open(struct inode *inode, struct file *file)
{
	struct gort_frame *f;
	struct listing *l;

	f = gort_try(kvmalloc_array(STACK_FRAMES, sizeof(*f), GFP_KERNEL),
		     NULL);
	if (!f)
		return -ENOMEM;
	l = gort_try(__seq_open_private(file, &stack_seq, sizeof(*l)), NULL);
	if (!l) {
		kvfree(f);
		return -ENOMEM;
	}
	l->frames = f;
	return 0;
}

/* The number of a G: the next read begins with it. */
static ssize_t stack_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	struct listing *l = ((struct seq_file *)file->private_data)->private;
	u64 gid;
	int err = kstrtou64_from_user(buf, len, 10, &gid);

	if (err)
		return err == -EFAULT ? err : -EINVAL;
	if (!gid)
		return -EINVAL;
	WRITE_ONCE(l->gid, gid);
	seq_lseek(file, 0, SEEK_SET);
	*pos = 0;
	return len;
}

static const struct file_operations stack_fops = {
	.owner = THIS_MODULE,
	.open = stack_open,
	.read = seq_read,
	.write = stack_write,
	.llseek = seq_lseek,
	.release = gs_release,
};

/* ms */

/* Has @m its P, and is not in a call that the P may be taken in? */
static bool has_p(const struct gort_m *m)
{
	lockdep_assert_held(&gort_sched.lock);
	return m->p->m == m && READ_ONCE(m->p->sysm) != m;
}

/* The number of the G that @m, which has its P or is in a call, runs, or 0. */
static u64 running_gid(const struct gort_m *m)
{
	if (has_p(m) &&
	    READ_ONCE(per_cpu(gort_curg, m->p->cpu)) == &gort_nog)
		return 0;
	return READ_ONCE(m->gid);
}

static void look_at_m(const struct gort_m *m, struct m_line *l)
{
	*l = (struct m_line){
		.pid = m->task->pid,
		.locked_gid = m->lockedg ? m->lockedg->id : 0,
		.call = READ_ONCE(m->call),
		.locks = gort_peek(m->locks),
	};
	if (has_p(m)) {
		l->state = gort_peek(m->spinning) ? "spinning" : "running";
		l->gid = running_gid(m);
	} else if (l->call) {
		l->state = "blocked";
		l->gid = running_gid(m);
	} else {
		l->state = "idle";
	}
}

/* All Ms of @p; in an RCU section, so that what they run can be named. */
static unsigned int look_at_ms(struct gort_p *p, struct m_line *l,
			       unsigned int max)
{
	const struct gort_m *m;
	unsigned int n = 0;

	raw_spin_lock_irq(&gort_sched.lock);
	list_for_each_entry(m, &p->ms, node) {
		if (n == max)
			break;
		look_at_m(m, &l[n++]);
	}
	raw_spin_unlock_irq(&gort_sched.lock);
	return n;
}

static void put_m(struct seq_file *m, const struct m_line *l, unsigned int cpu)
{
	seq_printf(m, "%d\t%u\t%s\t%llu\t%llu\t", l->pid, cpu, l->state, l->gid,
		   l->locked_gid);
	if (l->call)
		put_name(m, l->call);
	else
		seq_putc(m, '-');
	seq_printf(m, "\t%u\n", l->locks);
}

static int put_ms_of(struct seq_file *m, struct gort_p *p)
{
	unsigned int max = gort_peek(p->nms) + SPARE_MS, n, i;
	struct m_line *l;

	l = gort_try(kvmalloc_array(max, sizeof(*l), GFP_KERNEL | __GFP_NOWARN),
		     NULL);
	if (!l)
		return -ENOMEM;
	rcu_read_lock();
	n = look_at_ms(p, l, max);
	for (i = 0; i < n; i++)
		put_m(m, &l[i], p->cpu);
	rcu_read_unlock();
	kvfree(l);
	return 0;
}

static int gort_ms_show(struct seq_file *m, void *unused)
{
	unsigned int cpu;
	int err;

	seq_puts(m, "pid\tcpu\tstate\tgid\tlocked_gid\tcall\tlocks\n");
	for_each_possible_cpu(cpu) {
		err = put_ms_of(m, gort_p_of(cpu));
		if (err)
			return err;
	}
	return 0;
}

/* ps */

/* sched.lock is held. One that waits for its M to be made counts as running. */
static const char *p_state(const struct gort_p *p)
{
	lockdep_assert_held(&gort_sched.lock);
	if (!p->active)
		return "unused";
	if (p->taken)
		return "stopped";
	if (READ_ONCE(p->sysm))
		return "blocked";
	return cpumask_test_cpu(p->cpu, &gort_sched.idle) ? "idle" : "running";
}

static u32 queue_length(const struct gort_p *p)
{
	u32 n = READ_ONCE(p->runqtail) - atomic_read(&p->runqhead);

	return min_t(u32, n, GORT_RUNQ_SIZE); /* both move meanwhile */
}

static unsigned int nr_locked(const struct gort_p *p)
{
	const struct gort_g *g;
	unsigned int n = 0;

	lockdep_assert_held(&gort_sched.lock);
	for (g = p->locked.head; g; g = g->schedlink)
		n++;
	return n;
}

static int gort_ps_show(struct seq_file *s, void *unused)
{
	unsigned int cpu, locked;
	const struct gort_m *m;
	const char *state;
	struct gort_p *p;
	pid_t pid;
	u64 gid;

	seq_puts(s, "cpu\tstate\tpid\tgid\tqueue\tnext\tlocked\tschedtick\tcalltick\n");
	for_each_possible_cpu(cpu) {
		p = gort_p_of(cpu);
		raw_spin_lock_irq(&gort_sched.lock);
		state = p_state(p);
		m = p->m;
		pid = m ? m->task->pid : 0;
		gid = m ? running_gid(m) : 0;
		locked = nr_locked(p);
		raw_spin_unlock_irq(&gort_sched.lock);
		seq_printf(s, "%u\t%s\t%d\t%llu\t%u\t%d\t%u\t%u\t%u\n", cpu,
			   state, pid, gid, queue_length(p),
			   !!READ_ONCE(p->runnext), locked,
			   READ_ONCE(p->schedtick), READ_ONCE(p->calltick));
	}
	return 0;
}

/* segments */

static int gort_segments_show(struct seq_file *m, void *unused)
{
	unsigned long nr, cached;
	unsigned int cpu;
	int big;

	seq_puts(m, "size\tused\tcached");
	for_each_possible_cpu(cpu)
		seq_printf(m, "\tcpu%u", cpu);
	for (big = 0; big < 2; big++) {
		cached = 0;
		for_each_possible_cpu(cpu)
			cached += READ_ONCE(gort_p_of(cpu)->cache.nr[big]);
		nr = gort_segs(big);
		seq_printf(m, "\n%lu\t%lu\t%lu",
			   big ? GORT_SEG_BIG : GORT_SEG_SMALL,
			   nr - min(nr, cached), cached);
		for_each_possible_cpu(cpu)
			seq_printf(m, "\t%u",
				   READ_ONCE(gort_p_of(cpu)->cache.nr[big]));
	}
	seq_putc(m, '\n');
	return 0;
}

/* schedtrace */

/* Ms of @p that sleep without a P; sched.lock is held. */
static unsigned int nr_idle_ms(const struct gort_p *p)
{
	const struct gort_m *m;
	unsigned int n = 0;

	lockdep_assert_held(&gort_sched.lock);
	list_for_each_entry(m, &p->ms, node)
		n += p->m != m && !READ_ONCE(m->call);
	return n;
}

static int gort_schedtrace_show(struct seq_file *m, void *unused)
{
	u64 ms = div_u64(ktime_get_ns() - gort_start_ns, NSEC_PER_MSEC);
	unsigned int cpu, threads = 0, idle = 0;
	struct gort_p *p;
	char sep = '[';

	for_each_possible_cpu(cpu) {
		p = gort_p_of(cpu);
		raw_spin_lock_irq(&gort_sched.lock);
		threads += p->nms;
		idle += nr_idle_ms(p);
		raw_spin_unlock_irq(&gort_sched.lock);
	}
	seq_printf(m, "SCHED %llums: gomaxprocs=%u idleprocs=%u threads=%u spinningthreads=%d idlethreads=%u runqueue=%u ",
		   ms, READ_ONCE(gort_sched.nactive),
		   READ_ONCE(gort_sched.nidle), threads,
		   atomic_read(&gort_sched.nmspinning), idle,
		   READ_ONCE(gort_sched.size));
	for_each_possible_cpu(cpu) {
		p = gort_p_of(cpu);
		if (!READ_ONCE(p->active))
			continue;
		seq_printf(m, "%c%u", sep,
			   queue_length(p) + !!READ_ONCE(p->runnext));
		sep = ' ';
	}
	seq_puts(m, sep == '[' ? "[]\n" : "]\n");
	return 0;
}

/* The files that one function writes, which is what their inode has. */
static int show_open(struct inode *inode, struct file *file)
{
	return gort_try(single_open(file, inode->i_private, NULL), -ENOMEM);
}

static const struct file_operations show_fops = {
	.owner = THIS_MODULE,
	.open = show_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

/* Errors are left to debugfs, which knows them as parents, and to the reader. */
static void add_file(const char *name, umode_t mode, void *data,
		     const struct file_operations *fops)
{
	(void)gort_try(debugfs_create_file(name, mode, gort_dir, data, fops),
		       NULL);
}

void gort_debugfs_init(void)
{
	gort_start_ns = ktime_get_ns();
	gort_dir = gort_try(debugfs_create_dir("gort", NULL), ERR_PTR(-ENOMEM));
	add_file("gs", 0400, NULL, &gs_fops);
	add_file("stack", 0600, NULL, &stack_fops);
	add_file("ms", 0400, gort_ms_show, &show_fops);
	add_file("ps", 0400, gort_ps_show, &show_fops);
	add_file("segments", 0400, gort_segments_show, &show_fops);
	add_file("schedtrace", 0400, gort_schedtrace_show, &show_fops);
}

void gort_debugfs_exit(void)
{
	debugfs_remove(gort_dir);
}
