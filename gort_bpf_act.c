// SPDX-License-Identifier: GPL-2.0-only
/*
 * The G of a BPF program: step, action, step (gort_bpf.c). This file is G code.
 *
 * A program that is cancelled is not asked: it ends where it is, with
 * -ECANCELED, between two steps.
 */

#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gort_event.h>

#include "gort_prog.h"

/* The count may have gone on by more than one. */
static int act_wait(struct gort_bpf *r)
{
	struct gort_bpf_obj *o = r->obj;
	u64 deadline = r->ctx.args[2];
	int err = gort_mutex_lock(&o->lock);

	if (err)
		return err;
	while (o->count == r->ctx.args[1] && !err)
		err = gort_cond_wait_until(&o->cond, &o->lock, deadline);
	r->ctx.args[0] = o->count;
	if (o->count != r->ctx.args[1])
		err = 0;
	gort_mutex_unlock(&o->lock);
	return err;
}

static int act_notify(struct gort_bpf *r)
{
	struct gort_bpf_obj *o = r->obj;
	int err = gort_mutex_lock(&o->lock);

	if (err)
		return err;
	r->ctx.args[0] = ++o->count;
	gort_cond_broadcast(&o->cond);
	gort_mutex_unlock(&o->lock);
	return 0;
}

static int act_lock(struct gort_bpf *r)
{
	int err = gort_mutex_lock_until(&r->obj->lock, r->ctx.args[1]);

	if (!err)
		r->locks++;
	return err;
}

static int act_unlock(struct gort_bpf *r)
{
	int err = gort_mutex_unlock(&r->obj->lock);

	if (!err)
		r->locks--;
	return err;
}

/* What is about one name. */
static int act_on_name(struct gort_bpf *r)
{
	struct gort_chan *ch;
	int err = gort_call(gort_bpf_find, r);

	if (err)
		return err;
	ch = &r->obj->chan.chan;
	switch (r->action) {
	case GORT_BPF_LOCK:
		return act_lock(r);
	case GORT_BPF_UNLOCK:
		return act_unlock(r);
	case GORT_BPF_WAIT:
		return act_wait(r);
	case GORT_BPF_NOTIFY:
		return act_notify(r);
	case GORT_BPF_SEND:
		return __gort_chan_send(ch, &r->ctx.args[1], r->ctx.args[2]);
	case GORT_BPF_RECV:
		return __gort_chan_recv(ch, &r->ctx.args[0], r->ctx.args[1]);
	default:
		return __gort_chan_close(ch);
	}
}

static int act_select(struct gort_bpf *r)
{
	struct gort_bpf_select s;
	int i;

	s.r = r;
	i = gort_call(gort_bpf_cases, &s);
	if (i)
		return i;
	i = gort_select_until(s.cases, r->ctx.args[0], r->ctx.args[1]);
	if (i >= 0 && s.cases[i].err) {
		r->ctx.args[0] = i;
		return s.cases[i].err;
	}
	return i;
}

/*
 * Tried first, waited for only then. Somebody else may have been faster each time
 * that the file was ready: the deadline holds nevertheless, and so does a cancel.
 */
static int act_io(struct gort_bpf *r)
{
	__poll_t events = r->action == GORT_BPF_READ ? EPOLLIN : EPOLLOUT;
	u64 deadline = r->ctx.args[3];
	int n, err, waits = gort_call(gort_bpf_io_find, r);

	if (waits < 0)
		return waits;
	for (;;) {
		n = gort_syscall(gort_bpf_io, r);
		if (n != -EAGAIN || !waits)
			return n;
		if (gort_now() >= deadline)
			return -ETIME;
		err = gort_poll_until(r->file, events, deadline);
		if (err < 0)
			return err;
	}
}

static int run(struct gort_bpf *r, u64 *result);

/* Body of a child: who joins it finds all of this when it has ended. */
static void child_main(void *arg)
{
	struct gort_bpf *c = arg;

	c->status = run(c, &c->result);
	gort_sem_release(&c->ended);
	gort_call(gort_bpf_put, c);
}

static int act_spawn(struct gort_bpf *r)
{
	u32 id;
	int err = gort_syscall(gort_bpf_spawn, r);

	if (err)
		return err;
	id = r->other->child;
	err = gort_go(NULL, child_main, r->other);
	if (err)
		gort_syscall(gort_bpf_joined, r->other);
	else
		r->ctx.args[0] = id;
	return err;
}

static int act_join(struct gort_bpf *r)
{
	struct gort_bpf *c;
	int err = gort_call(gort_bpf_child, r);

	if (err)
		return err;
	c = r->other;
	err = gort_sem_acquire_until(&c->ended, r->ctx.args[1]);
	if (err) {
		gort_syscall(gort_bpf_put, c);
		return err;
	}
	gort_sem_release(&c->ended); /* for the next one that waits */
	r->ctx.args[0] = c->result;
	err = c->status;
	gort_syscall(gort_bpf_joined, c);
	return err;
}

/* Do what the step has asked for. */
static int act(struct gort_bpf *r)
{
	switch (r->action) {
	case GORT_BPF_YIELD:
		return gort_yield();
	case GORT_BPF_SLEEP:
		return gort_sleep_until(r->ctx.args[0]);
	case GORT_BPF_MAKE:
		return gort_syscall(gort_bpf_make, r);
	case GORT_BPF_SELECT:
		return act_select(r);
	case GORT_BPF_SPAWN:
		return act_spawn(r);
	case GORT_BPF_JOIN:
		return act_join(r);
	case GORT_BPF_READ:
	case GORT_BPF_WRITE:
		return act_io(r);
	default:
		return act_on_name(r);
	}
}

static int steps(struct gort_bpf *r, u64 *result)
{
	u64 err;

	for (;;) {
		if (gort_cancelled())
			return -ECANCELED;
		gort_syscall(gort_bpf_step, r);
		if (r->action == GORT_BPF_DONE)
			break;
		if (r->action > GORT_BPF_WRITE)
			return -EBADRQC;
		r->ctx.ret = act(r);
	}
	*result = r->ctx.args[0];
	err = r->ctx.args[1];
	if (err > MAX_ERRNO)
		return -EINVAL;
	return r->locks && !err ? -EDEADLK : -(int)err;
}

/* All of it; nothing but what it came to is left then. */
static int run(struct gort_bpf *r, u64 *result)
{
	int status = steps(r, result);

	gort_syscall(gort_bpf_drop, r);
	return status;
}

/* Body of a program that user space has submitted. */
int gort_bpf_body(const u64 *args, u64 *result)
{
	return run((struct gort_bpf *)args[0], result);
}
