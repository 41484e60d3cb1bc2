// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: values of one type that go from who sends to who receives, in
 * order. gort_select.c waits for several at a time.
 *
 *   value    up to GORT_CHAN_ELEM_MAX bytes, copied
 *   buffer   a ring of values, or none: then sender and receiver meet
 *   case     a channel, a direction, and where the value is or goes (struct
 *            gort_case). Who has to wait queues the case, on the stack that it
 *            was called on; a plain send or receive is an operation with one
 *            case, a select has several
 *
 * What is true whenever the lock (Q) is free, cases that are claimed (below)
 * aside:
 *
 *  - a receiver waits only if the buffer is empty, a sender only if it is full;
 *  - so nobody waits to send while another one waits to receive;
 *  - in a closed channel nobody begins to wait.
 *
 * One case, by numbers, with Q held (gort_case_do):
 *
 *  1. Receive, the buffer has a value: take the oldest; if a sender waits, its
 *     value goes to the end of the buffer, and it is done.
 *  2. Receive, empty and closed: a value of zeros, and -EPIPE.
 *  3. Receive, a sender waits: its value is copied from where it has it.
 *  4. Send, closed: -EPIPE.
 *  5. Send, a receiver waits: the value is copied to where that one wants it.
 *  6. Send, the buffer has room: into the buffer.
 *  7. Else it has to wait: the case goes to the end of a queue.
 *
 * In 1, 3 and 5 the partner is done with, and only told (gort_op_wake): it never
 * competes again, and nobody who comes later overtakes it.
 *
 * The claim. A select waits in several queues, each with a lock of its own, and
 * only one of its cases may be done. Who takes a case off a queue exchanges
 * op.result, WAITS for what it came to; if that fails somebody else was first,
 * and the next one in the queue is looked at. What is claimed elsewhere may stay
 * in a queue until its owner comes on, which then takes all its locks (leave). So
 * who holds one of these locks can use what it found in the queue, claimed or
 * not. Between the exchange and the wake-up the owner may come on by itself (a
 * deadline, a cancel): it finds that it waits no longer, and waits for the lock.
 *
 * Bounds. Whatever takes cases off a queue takes GORT_CHAN_BATCH of them, then
 * lets go of the lock and lets interrupts in: close, which wakes everybody, and
 * a search that meets only what is claimed elsewhere. Nothing else has been done
 * then, and it starts anew (GORT_OP_RETRY).
 *
 * The collector. A channel of gort_make_chan() is one object, the buffer behind
 * the channel. What is on its way is in the buffer or on the stack of a G that
 * waits, both of which the collector looks into; places that were emptied are
 * zeroed. Who is no G is not looked into: tasks and interrupts may pass on
 * pointers to objects only if something else keeps these.
 *
 * Who can still use a channel when gort_chan_fini() frees the buffer? Who waits
 * is not done before it has held Q, and has found that nobody else will touch
 * its case. Others are the caller's affair, as with any memory.
 *
 * Lock order: the channels of a select by address, then S.
 *
 * Rejected: a ring without locks for the buffered case (a sender that finds it
 * full, and the receiver that empties it meanwhile, need the lock anyway, to
 * wait in order); and waking a receiver to fetch its value (it can be overtaken,
 * and must then wait again at the end of the queue).
 */

#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "gort_case.h"
#include "gort_heap.h"

static void *inner_buf(struct gort_chan *ch)
{
	return (void *)ch + ALIGN(sizeof(*ch), 16);
}

static void *slot(struct gort_chan *ch, unsigned int i)
{
	return ch->buf + (size_t)i * ch->elem;
}

/* Most values are numbers or pointers: no call for these. */
static void copy(void *to, const void *from, unsigned int elem)
{
	if (likely(elem == sizeof(u64)))
		memcpy(to, from, sizeof(u64));
	else
		memcpy(to, from, elem);
}

static void clear(void *to, unsigned int elem)
{
	if (likely(elem == sizeof(u64)))
		memset(to, 0, sizeof(u64));
	else
		memset(to, 0, elem);
}

/* The place for the next value; the buffer is not full. */
static void buf_put(struct gort_chan *ch, const void *from)
{
	unsigned int i = ch->first + ch->len;

	lockdep_assert_held(&ch->lock);
	copy(slot(ch, i < ch->cap ? i : i - ch->cap), from, ch->elem);
	WRITE_ONCE(ch->len, ch->len + 1);
}

/* The oldest value; the buffer is not empty. */
static void buf_get(struct gort_chan *ch, void *to)
{
	void *from = slot(ch, ch->first);

	lockdep_assert_held(&ch->lock);
	if (to)
		copy(to, from, ch->elem);
	clear(from, ch->elem); /* keeps no object */
	if (++ch->first == ch->cap)
		ch->first = 0;
	WRITE_ONCE(ch->len, ch->len - 1);
}

/*
 * The first case of a queue that nobody has claimed, claimed with @result, or
 * NULL, or ERR_PTR(-EBUSY) when the budget is used up.
 */
static struct gort_case *pop(struct list_head *queue, int result,
			     unsigned int *budget)
{
	struct gort_case *c;

	while ((c = list_first_entry_or_null(queue, struct gort_case, node))) {
		if (!*budget)
			return ERR_PTR(-EBUSY);
		--*budget;
		list_del_init(&c->node);
		/* who claims in another channel exchanges, too */
		if (cmpxchg(&c->wait->op.result, GORT_OP_WAITS, result) ==
		    GORT_OP_WAITS)
			return c;
	}
	return NULL;
}

/* @c is claimed with @result, and its value has gone where it should. */
static void done(struct gort_case *c, int result)
{
	c->err = result;
	c->wait->chosen = c;
	gort_op_wake(&c->wait->op, result);
}

static int do_recv(struct gort_chan *ch, void *to, unsigned int *budget)
{
	struct gort_case *sender = NULL;

	if (!ch->closed)
		sender = pop(&ch->senders, 0, budget);
	if (IS_ERR(sender))
		return GORT_OP_RETRY;
	if (ch->len) {
		buf_get(ch, to);
		if (sender)
			buf_put(ch, sender->ptr);
	} else if (sender) {
		if (to)
			copy(to, sender->ptr, ch->elem);
	} else {
		if (!ch->closed)
			return -EAGAIN;
		if (to)
			memset(to, 0, ch->elem);
		return -EPIPE;
	}
	if (sender)
		done(sender, 0);
	return 0;
}

static int do_send(struct gort_chan *ch, const void *from, unsigned int *budget)
{
	struct gort_case *receiver;

	if (ch->closed)
		return -EPIPE;
	receiver = pop(&ch->receivers, 0, budget);
	if (IS_ERR(receiver))
		return GORT_OP_RETRY;
	if (receiver) {
		if (receiver->ptr)
			copy(receiver->ptr, from, ch->elem);
		done(receiver, 0);
		return 0;
	}
	if (ch->len == ch->cap)
		return -EAGAIN;
	buf_put(ch, from);
	return 0;
}

/**
 * gort_case_do() - do a case if it need not wait
 * @c: the case; its channel's lock is held
 * @budget: so many waiters may be taken off the queue; counts down
 *
 * Return: 0 or -EPIPE: it is done; -EAGAIN if it has to wait; GORT_OP_RETRY if
 * the budget is used up and nothing has happened.
 */
int gort_case_do(struct gort_case *c, unsigned int *budget)
{
	lockdep_assert_held(&c->chan->lock);
	return c->send ? do_send(c->chan, c->ptr, budget) :
			 do_recv(c->chan, c->ptr, budget);
}

/**
 * gort_case_queue() - step 7
 * @c: the case; its channel's lock is held
 * @w: whose it is
 */
void gort_case_queue(struct gort_case *c, struct gort_wait_cases *w)
{
	struct gort_chan *ch = c->chan;

	lockdep_assert_held(&ch->lock);
	c->wait = w;
	if (ch->timed)
		w->op.outside = true;
	list_add_tail(&c->node, c->send ? &ch->senders : &ch->receivers);
}

/* A plain send or receive, without waiting. */
static long case_try(void *arg)
{
	struct gort_case *c = arg;
	unsigned int budget = GORT_CHAN_BATCH;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&c->chan->lock, flags);
	ret = gort_case_do(c, &budget);
	raw_spin_unlock_irqrestore(&c->chan->lock, flags);
	return ret;
}

static int plain_try(struct gort_op *op)
{
	struct gort_wait_cases *w = container_of(op, struct gort_wait_cases, op);
	unsigned int budget = GORT_CHAN_BATCH;
	struct gort_case *c = w->cases;
	unsigned long flags;
	int ret;

	if (!c->chan) {
		op->result = GORT_OP_WAITS;
		return GORT_OP_WAITS;
	}
	raw_spin_lock_irqsave(&c->chan->lock, flags);
	ret = gort_case_do(c, &budget);
	if (ret == -EAGAIN) {
		ret = GORT_OP_WAITS;
		op->result = ret;
		gort_case_queue(c, w);
	}
	raw_spin_unlock_irqrestore(&c->chan->lock, flags);
	return ret;
}

static int plain_leave(struct gort_op *op, int err)
{
	struct gort_wait_cases *w = container_of(op, struct gort_wait_cases, op);
	struct gort_case *c = w->cases;
	unsigned long flags;

	if (!c->chan)
		return err;
	raw_spin_lock_irqsave(&c->chan->lock, flags);
	if (op->result == GORT_OP_WAITS) {
		list_del(&c->node);
		op->result = err;
	}
	raw_spin_unlock_irqrestore(&c->chan->lock, flags);
	return op->result;
}

/* These run on a G's own stack, which a probe has no room on. */
NOKPROBE_SYMBOL(gort_case_do);
NOKPROBE_SYMBOL(plain_try);
NOKPROBE_SYMBOL(plain_leave);

/* Might it be done at once? A look without the lock. */
static bool looks_ready(const struct gort_case *c)
{
	struct gort_chan *ch = c->chan;

	if (!ch)
		return false;
	if (c->send)
		return READ_ONCE(ch->len) < ch->cap ||
		       !list_empty_careful(&ch->receivers);
	return READ_ONCE(ch->len) || !list_empty_careful(&ch->senders);
}

/* The same as plain() for a G that need not wait; else -EAGAIN. */
static int plain_fast(struct gort_case *c)
{
	struct gort_g *g = gort_getg();
	int ret;

	if (!gort_goes_fast(g) || !looks_ready(c))
		return -EAGAIN;
	gort_acquirem(g);
	gort_at_site(g, GORT_SITE_OP);
	ret = case_try(c);
	gort_releasem(g, GORT_SITE_OP);
	return ret == GORT_OP_RETRY ? -EAGAIN : ret;
}

NOKPROBE_SYMBOL(plain_fast);

static noinline int plain_slow(struct gort_case *c, const char *what,
			       const char *reason, u64 deadline_ns)
{
	struct gort_wait_cases w = {
		.op = {
			.try = plain_try,
			.leave = plain_leave,
			.what = what,
			.reason = reason,
			.small = true,
			.deadline = deadline_ns,
		},
		.cases = c,
		.n = 1,
	};

	return gort_op_wait(&w.op);
}

NOKPROBE_SYMBOL(plain_slow);

static int plain(struct gort_case *c, const char *what, const char *reason,
		 u64 deadline_ns)
{
	int ret = plain_fast(c);

	if (ret == -EAGAIN)
		ret = plain_slow(c, what, reason, deadline_ns);
	return ret;
}

static int plain_now(struct gort_case *c)
{
	int ret;

	if (!c->chan)
		return -EAGAIN;
	do {
		ret = gort_op_run(case_try, c);
	} while (ret == GORT_OP_RETRY);
	return ret;
}

int __gort_chan_send(struct gort_chan *ch, const void *from, u64 deadline_ns)
{
	struct gort_case c = { .chan = ch, .ptr = (void *)from, .send = true };

	return plain(&c, "gort_send", "send", deadline_ns);
}
EXPORT_SYMBOL_GORT(__gort_chan_send);

int __gort_chan_trysend(struct gort_chan *ch, const void *from)
{
	struct gort_case c = { .chan = ch, .ptr = (void *)from, .send = true };

	return plain_now(&c);
}
EXPORT_SYMBOL_GORT(__gort_chan_trysend);

int __gort_chan_recv(struct gort_chan *ch, void *to, u64 deadline_ns)
{
	struct gort_case c = { .chan = ch, .ptr = to };

	return plain(&c, "gort_recv", "receive", deadline_ns);
}
EXPORT_SYMBOL_GORT(__gort_chan_recv);

int __gort_chan_tryrecv(struct gort_chan *ch, void *to)
{
	struct gort_case c = { .chan = ch, .ptr = to };

	return plain_now(&c);
}
EXPORT_SYMBOL_GORT(__gort_chan_tryrecv);

/* What gort_close() hands to g0 */
struct close_args {
	struct gort_chan *ch;
	bool begun;
};

/* Ends the waiting of one case; false if there is none, or no budget. */
static bool close_one(struct gort_chan *ch, struct list_head *queue,
		      unsigned int *budget)
{
	struct gort_case *c = pop(queue, -EPIPE, budget);

	if (IS_ERR_OR_NULL(c))
		return false;
	if (!c->send && c->ptr)
		memset(c->ptr, 0, ch->elem);
	done(c, -EPIPE);
	return true;
}

static long close_some(void *arg)
{
	struct close_args *a = arg;
	struct gort_chan *ch = a->ch;
	unsigned int budget = GORT_CHAN_BATCH;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&ch->lock, flags);
	if (ch->closed && !a->begun) {
		ret = -EPIPE;
		goto out;
	}
	ch->closed = true;
	a->begun = true;
	while (close_one(ch, &ch->receivers, &budget) ||
	       close_one(ch, &ch->senders, &budget))
		;
	/* nobody is added any more; if none is left, @ch may be gone after this */
	if (!list_empty(&ch->receivers) || !list_empty(&ch->senders))
		ret = GORT_OP_RETRY;
out:
	raw_spin_unlock_irqrestore(&ch->lock, flags);
	return ret;
}

static int do_close(struct gort_chan *ch)
{
	struct close_args a = { .ch = ch };
	int ret;

	do {
		ret = gort_op_run(close_some, &a);
	} while (ret == GORT_OP_RETRY);
	return ret;
}

int __gort_chan_close(struct gort_chan *ch)
{
	int err = ch ? do_close(ch) : -EINVAL;

	if (err == -EPIPE)
		gort_op_misuse("gort_close", "it is closed already: let one alone close it");
	else if (err)
		gort_op_misuse("gort_close", "NULL is no channel that could be closed");
	return err;
}
EXPORT_SYMBOL_GORT(__gort_chan_close);

static bool size_ok(size_t elem, unsigned int cap)
{
	/* values without bytes count, too: the number is bounded by any means */
	return elem <= GORT_CHAN_ELEM_MAX &&
	       cap <= GORT_CHAN_BYTES_MAX / max_t(size_t, elem, 1);
}

static long chan_init(void *arg)
{
	struct gort_chan *ch = arg;

	raw_spin_lock_init(&ch->lock);
	INIT_LIST_HEAD(&ch->senders);
	INIT_LIST_HEAD(&ch->receivers);
	return 0;
}

void gort_chan_setup(struct gort_chan *ch, size_t elem, unsigned int cap,
		     void *buf)
{
	*ch = (struct gort_chan){ .elem = elem, .cap = cap, .buf = buf };
	gort_op_run(chan_init, ch);
}

/* What gort_chan_init() hands to g0 */
struct buf_args {
	struct gort_ctx *ctx;	/* a G's, which pays for it, or NULL */
	size_t size;
	void *buf;
};

static long buf_alloc(void *arg)
{
	struct buf_args *a = arg;
	struct mem_cgroup *old;

	old = gort_charge_begin(a->ctx);
	a->buf = gort_try(kvzalloc(a->size, gort_gfp(a->ctx)), NULL);
	gort_charge_end(old);
	return a->buf ? 0 : -ENOMEM;
}

int __gort_chan_init(struct gort_chan *ch, size_t elem, unsigned int cap)
{
	struct gort_g *g = gort_getg();
	struct buf_args a = { .ctx = g ? g->ctx : NULL, .size = cap * elem };
	int err = 0;

	if (!size_ok(elem, cap))
		return -EINVAL;
	if (a.size)
		err = gort_heap_call("gort_chan_init", buf_alloc, &a);
	if (!err)
		gort_chan_setup(ch, elem, cap, a.buf);
	return err;
}
EXPORT_SYMBOL_GORT(__gort_chan_init);

static long buf_free(void *buf)
{
	kvfree(buf);
	return 0;
}

void __gort_chan_fini(struct gort_chan *ch)
{
	if (ch->buf == inner_buf(ch)) {
		gort_op_misuse("gort_chan_fini",
			       "it was made by gort_make_chan(): leave it to the collector");
		return;
	}
	if (!list_empty_careful(&ch->senders) ||
	    !list_empty_careful(&ch->receivers)) {
		gort_op_misuse("gort_chan_fini",
			       "somebody waits for it: close it, and await them");
		do_close(ch);
	}
	if (ch->buf)
		gort_heap_call("gort_chan_fini", buf_free, ch->buf);
	ch->buf = NULL;
	ch->closed = true;
	ch->len = 0;
}
EXPORT_SYMBOL_GORT(__gort_chan_fini);

void *__gort_chan_make(size_t elem, unsigned int cap)
{
	struct gort_chan *ch;

	if (!size_ok(elem, cap))
		return NULL;
	ch = gort_alloc(inner_buf(NULL) - NULL + cap * elem);
	if (ch)
		gort_chan_setup(ch, elem, cap, inner_buf(ch));
	return ch;
}
EXPORT_SYMBOL_GORT(__gort_chan_make);
