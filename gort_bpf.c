// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs as Gs: submission, steps, names and children.
 *
 * A program of type SYSCALL runs in steps on the M's stack. Between two of them it
 * exists as a struct gort_bpf alone, and its G (gort_bpf_act.c) does what the
 * step's return value says, with what every other G uses. So nothing of BPF
 * is ever suspended: no stack, no lock, no RCU section of it.
 *
 *  1. submit: the program's fd gives a reference, and its context is allocated:
 *     as large as the verifier found that the program looks (max_ctx_offset).
 *  2. step: by gort_syscall(), as programs of this type may sleep; with the
 *     credentials of who submitted it, and no new file descriptors.
 *  3. act: the G blocks, is woken or cancelled; back to 2, or the end.
 *
 * What the verifier guarantees: memory, an end of each step, and that nothing of
 * the kernel's is held at its end. What is added here: the context is as
 * large as the verifier assumed (1); names are looked up, never believed;
 * channels, names, children and data have caps and are charged to the cgroup of
 * who opened the file; and rights (2). The M is a kthread with all of them, and a
 * program may call bpf(2), within limits: it does so as its submitter. Such a
 * call would put a descriptor into the table that all kthreads share, where nobody
 * closes it; the M's limit of descriptors is zero in a step, which is EMFILE.
 * A program with tail calls is refused (newer kernels have them in programs that
 * may sleep), so none looks further into the context than the one that was
 * submitted.
 *
 * What the program was given (itself, rights, others to spawn, files) goes when
 * it ends, not when somebody has read that: a pipe ends with who writes to it.
 *
 * Who can still hold a struct gort_bpf? Its G, while it runs; the task, from its
 * acceptance until its completion is read; for a child, the G and the table of
 * children; who joins it, while it waits. An object that a name stands for lives
 * until the file is closed (gort_bpf_file_end()), which comes after the last G
 * of the context: so pointers to it need no reference.
 *
 * Rejected: programs on the G's own stack (they know no split stacks, and would
 * be preempted in sections of the kernel's); kfuncs that block (they would hold
 * the M, and stock kernels of 6.1 do not let a module from outside register any);
 * names that are made when they are first used (a typing error would wait for
 * ever); freeing names early (references, for what the end of the file does).
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/nospec.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "gort_prog.h"

static_assert(sizeof(struct gort_bpf_ctx) == GORT_BPF_CTX_SIZE_VER0);
/* the program sees both as one */
static_assert(offsetof(struct gort_bpf, data) ==
	      offsetofend(struct gort_bpf, ctx));

static const struct gort_workload bpf_workload = {
	.name = "bpf",
	.owner = THIS_MODULE,
	.fn = gort_bpf_body,
	.text = {
		.end = gort_gtext_end,
		.size = (unsigned long)gort_gtext_size,
		.module = THIS_MODULE,
	},
};

/* A step. The M's limit is its own: no other thread has its signal struct. */
long gort_bpf_step(void *arg)
{
	struct rlimit *files = &current->signal->rlim[RLIMIT_NOFILE];
	struct gort_bpf *r = arg;
	const struct cred *old;
	unsigned long limit;

	r->ctx.size = r->size;
	r->ctx.head = sizeof(r->ctx);
	r->ctx.child = r->child;
	r->ctx.step = r->step++;
	r->ctx.now_ns = ktime_get_ns();
	limit = files->rlim_cur;
	WRITE_ONCE(files->rlim_cur, 0);
	old = override_creds(r->cred);
	r->action = gort_bpf_prog_run(r->prog, &r->ctx);
	revert_creds(old);
	WRITE_ONCE(files->rlim_cur, limit);
	return 0;
}

/* Names */

static struct gort_bpf_obj *obj_find(struct gort_bpf *r, u64 name, u32 kind)
{
	struct gort_bpf_obj *o = xa_load(&r->f->bpf->names, name);

	return o && o->kind == kind ? o : NULL;
}

static u32 kind_of(u32 action)
{
	switch (action) {
	case GORT_BPF_LOCK:
	case GORT_BPF_UNLOCK:
		return GORT_BPF_IS_LOCK;
	case GORT_BPF_WAIT:
	case GORT_BPF_NOTIFY:
		return GORT_BPF_IS_EVENT;
	default:
		return GORT_BPF_IS_CHAN;
	}
}

/* What the action is about. */
long gort_bpf_find(void *arg)
{
	struct gort_bpf *r = arg;

	r->obj = obj_find(r, r->ctx.args[0], kind_of(r->action));
	return r->obj ? 0 : -ENOENT;
}

/* The cases of a select. */
long gort_bpf_cases(void *arg)
{
	struct gort_bpf_select *s = arg;
	struct gort_bpf *r = s->r;
	struct gort_bpf_obj *o;
	u64 i;

	if (!r->ctx.args[0] || r->ctx.args[0] > GORT_BPF_CASES)
		return -EINVAL;
	for (i = 0; i < r->ctx.args[0]; i++) {
		struct gort_bpf_case *c = &r->ctx.cases[i];

		o = obj_find(r, c->chan, GORT_BPF_IS_CHAN);
		if (!o)
			return -ENOENT;
		s->cases[i] = (struct gort_case){
			.chan = &o->chan.chan,
			.ptr = &c->value,
			.send = c->send,
		};
	}
	return 0;
}

static int obj_init(struct gort_bpf_obj *o, u64 kind, u64 capacity)
{
	if (kind != GORT_BPF_IS_CHAN && capacity)
		return -EINVAL;
	o->kind = kind;
	switch (kind) {
	case GORT_BPF_IS_EVENT:
		gort_cond_init(&o->cond);
		fallthrough;
	case GORT_BPF_IS_LOCK:
		gort_mutex_init(&o->lock);
		return 0;
	case GORT_BPF_IS_CHAN:
		if (capacity > GORT_BPF_CHAN_MAX)
			return -EINVAL;
		return gort_chan_init(&o->chan, capacity);
	default:
		return -EINVAL;
	}
}

static void obj_free(struct gort_bpf_obj *o)
{
	if (o->kind == GORT_BPF_IS_CHAN)
		gort_chan_fini(&o->chan);
	kfree(o);
}

static int obj_add(struct gort_bpf *r, gfp_t gfp)
{
	struct gort_bpf_obj *o;
	int err;

	o = gort_try(kzalloc(sizeof(*o), gfp), NULL);
	if (!o)
		return -ENOMEM;
	err = obj_init(o, r->ctx.args[1], r->ctx.args[2]);
	if (err) {
		kfree(o);
		return err;
	}
	err = gort_try(xa_insert(&r->f->bpf->names, r->ctx.args[0], o, gfp),
		       -ENOMEM);
	if (err)
		obj_free(o);
	return err == -EBUSY ? -EEXIST : err;
}

/* GORT_BPF_MAKE */
long gort_bpf_make(void *arg)
{
	struct gort_bpf *r = arg;
	struct gort_bpf_file *bf = r->f->bpf;
	struct mem_cgroup *old;
	int err = -ENOSPC;

	if (atomic_inc_return(&bf->nr_names) <= GORT_BPF_NAMES_MAX) {
		old = gort_charge_begin(r->f->ctx);
		err = obj_add(r, gort_gfp(r->f->ctx));
		gort_charge_end(old);
	}
	if (err)
		atomic_dec(&bf->nr_names);
	return err;
}

/* Runs, and children */

static struct gort_bpf *bpf_alloc(struct gort_file *f, u32 size)
{
	gfp_t gfp = gort_gfp(f->ctx);
	struct mem_cgroup *old;
	struct gort_bpf *r;

	old = gort_charge_begin(f->ctx);
	r = gort_try(kzalloc(offsetof(struct gort_bpf, ctx) + size, gfp), NULL);
	gort_charge_end(old);
	if (!r)
		return NULL;
	r->f = f;
	r->size = size;
	refcount_set(&r->ref, 1);
	gort_sem_init(&r->ended, 0);
	return r;
}

static void more_put(struct gort_bpf_more *more)
{
	unsigned int i;

	if (!more || !refcount_dec_and_test(&more->ref))
		return;
	for (i = 0; i < more->nr_progs; i++)
		bpf_prog_put(more->progs[i]);
	for (i = 0; i < more->nr_files; i++)
		fput(more->files[i]);
	kfree(more);
}

/* The program has ended, or never ran; not in atomic context. */
long gort_bpf_drop(void *arg)
{
	struct gort_bpf *r = arg;

	if (r->prog)
		bpf_prog_put(r->prog);
	r->prog = NULL;
	put_cred(r->cred);
	r->cred = NULL;
	more_put(r->more);
	r->more = NULL;
	return 0;
}

/* It ends to be used by the caller; not in atomic context. */
long gort_bpf_put(void *arg)
{
	struct gort_bpf *r = arg;

	if (refcount_dec_and_test(&r->ref)) {
		gort_bpf_drop(r);
		kfree(r);
	}
	return 0;
}

/* What is to be spawned, or NULL. */
static struct bpf_prog *spawned(const struct gort_bpf *r)
{
	u64 which = r->ctx.args[0];

	if (!which)
		return r->prog;
	if (!r->more || which > r->more->nr_progs)
		return NULL;
	return r->more->progs[array_index_nospec(which - 1, GORT_BPF_PROGS)];
}

/* A child of @r in the table of children, for whose G it has another reference. */
static int child_add(struct gort_bpf *r, struct gort_bpf *c,
		     struct bpf_prog *prog)
{
	struct mem_cgroup *old;
	int err;

	bpf_prog_inc(prog);
	c->prog = prog;
	c->cred = get_cred(r->cred);
	c->more = r->more;
	if (c->more)
		refcount_inc(&c->more->ref);
	c->ctx = r->ctx;
	memcpy(c->data, r->data, r->size - sizeof(r->ctx));
	c->ctx.ret = 0;
	refcount_set(&c->ref, 2);
	old = gort_charge_begin(r->f->ctx);
	err = gort_try(xa_alloc(&r->f->bpf->children, &c->child, c, xa_limit_31b,
				gort_gfp(r->f->ctx)), -ENOMEM);
	gort_charge_end(old);
	if (err) {
		refcount_set(&c->ref, 1);
		gort_bpf_put(c);
	}
	return err;
}

/* GORT_BPF_SPAWN: all of it but the G */
long gort_bpf_spawn(void *arg)
{
	struct gort_bpf *r = arg, *c;
	struct gort_bpf_file *bf = r->f->bpf;
	struct bpf_prog *prog = spawned(r);
	int err = -EAGAIN;

	if (!prog)
		return -ENOENT;
	if (atomic_inc_return(&bf->nr_children) <= r->f->max_tasks) {
		c = bpf_alloc(r->f, r->size);
		err = c ? child_add(r, c, prog) : -ENOMEM;
	}
	if (err)
		atomic_dec(&bf->nr_children);
	else
		r->other = c;
	return err;
}

/* The child that the program names. */
long gort_bpf_child(void *arg)
{
	struct gort_bpf *r = arg, *c = NULL;
	struct xarray *xa = &r->f->bpf->children;

	xa_lock(xa);
	if (r->ctx.args[0] <= U32_MAX && r->ctx.args[0] != r->child)
		c = xa_load(xa, r->ctx.args[0]);
	if (c)
		refcount_inc(&c->ref);
	xa_unlock(xa);
	r->other = c;
	return c ? 0 : -ENOENT;
}

/* The child was joined, or could not be started: nobody finds it any more. */
long gort_bpf_joined(void *arg)
{
	struct gort_bpf *c = arg;

	if (xa_cmpxchg(&c->f->bpf->children, c->child, c, NULL, 0) == c) {
		atomic_dec(&c->f->bpf->nr_children);
		gort_bpf_put(c);
	}
	return gort_bpf_put(c);
}

/* Files */

static int file_begin(struct gort_file *f)
{
	struct gort_bpf_file *bf;

	if (f->bpf)
		return 0;
	bf = gort_try(kzalloc(sizeof(*bf), GFP_KERNEL_ACCOUNT), NULL);
	if (!bf)
		return -ENOMEM;
	xa_init_flags(&bf->names, XA_FLAGS_ACCOUNT);
	xa_init_flags(&bf->children, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	f->bpf = bf;
	return 0;
}

/* The file is closed: no G of it is left, and no task. */
void gort_bpf_file_end(struct gort_file *f)
{
	struct gort_bpf_obj *o;
	struct gort_bpf *c;
	unsigned long i;

	if (!f->bpf)
		return;
	xa_for_each(&f->bpf->children, i, c) {
		gort_bpf_put(c);
		cond_resched();
	}
	xa_for_each(&f->bpf->names, i, o) {
		obj_free(o);
		cond_resched();
	}
	xa_destroy(&f->bpf->children);
	xa_destroy(&f->bpf->names);
	kfree(f->bpf);
}

/*
 * The program of @fd, if it is one that can run with @size bytes of context. What
 * a tail call leads to may look beyond that, and may change at any time; the
 * verifier says "cb_access" of each program that has one.
 */
static struct bpf_prog *prog_get(int fd, u32 size)
{
	struct bpf_prog *prog;
	int err;

	prog = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_SYSCALL, false);
	if (IS_ERR(prog))
		return prog;
	err = prog->cb_access ? -EINVAL : -EMSGSIZE;
	if (!prog->cb_access && prog->aux->max_ctx_offset <= size)
		return prog;
	bpf_prog_put(prog);
	return ERR_PTR(err);
}

/* What @r gets; what was had before an error is in there as well. */
static int more_fill(struct gort_bpf *r, const struct gort_bpf_run *b)
{
	struct gort_bpf_more *more = r->more;
	struct bpf_prog *prog;
	struct file *file;

	while (more->nr_progs < b->nr_progs) {
		prog = prog_get(b->progs[more->nr_progs], r->size);
		if (IS_ERR(prog))
			return PTR_ERR(prog);
		more->progs[more->nr_progs++] = prog;
	}
	while (more->nr_files < b->nr_fds) {
		file = gort_bpf_file_get(b->fds[more->nr_files]);
		if (IS_ERR(file))
			return PTR_ERR(file);
		more->files[more->nr_files++] = file;
	}
	return 0;
}

static int more_get(struct gort_bpf *r, const struct gort_bpf_run *b)
{
	gfp_t gfp = gort_gfp(r->f->ctx);
	struct mem_cgroup *old;

	if (!b->nr_progs && !b->nr_fds)
		return 0;
	old = gort_charge_begin(r->f->ctx);
	r->more = gort_try(kzalloc(sizeof(*r->more), gfp), NULL);
	gort_charge_end(old);
	if (!r->more)
		return -ENOMEM;
	refcount_set(&r->more->ref, 1);
	return more_fill(r, b);
}

static int start(struct gort_file *f, struct gort_bpf *r, struct gort_bpf_run *b)
{
	struct gort_task_desc d = {
		.user_data = b->user_data,
		.args = { (unsigned long)r },
	};
	int err;

	err = file_begin(f);
	if (err)
		return err;
	__module_get(bpf_workload.owner);
	return gort_file_run(f, &bpf_workload, &d, r, &b->id);
}

/**
 * gort_bpf_submit() - run a program
 * @f: the file; its submit mutex is held
 * @b: what to run; its sizes are checked here, @b->id is set
 *
 * Return: 0, or what GORT_IOC_BPF says.
 */
int gort_bpf_submit(struct gort_file *f, struct gort_bpf_run *b)
{
	u32 size = sizeof(struct gort_bpf_ctx) + b->data_size;
	struct bpf_prog *prog;
	struct gort_bpf *r;
	int err;

	if (!bpf_capable())
		return -EPERM;
	if (b->flags || b->data_size > GORT_BPF_DATA_MAX ||
	    b->nr_fds > GORT_BPF_FDS || b->nr_progs > GORT_BPF_PROGS)
		return -EINVAL;
	prog = prog_get(b->prog_fd, size);
	if (IS_ERR(prog))
		return PTR_ERR(prog);
	r = bpf_alloc(f, size);
	if (!r) {
		bpf_prog_put(prog);
		return -ENOMEM;
	}
	r->prog = prog;
	r->cred = get_current_cred();
	memcpy(r->ctx.args, b->args, sizeof(r->ctx.args));
	err = more_get(r, b);
	if (!err && copy_from_user(r->data, u64_to_user_ptr(b->data),
				   b->data_size))
		err = -EFAULT;
	if (!err)
		err = start(f, r, b);
	if (err)
		gort_bpf_put(r);
	return err;
}
