// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submit with back-pressure, see pump.h.
 *
 * One thread does all: submit a batch; when the module takes no more, or all
 * is submitted, sleep until a fair part has completed, and read it; again. Task
 * number n goes out with n as its user data, and ids[n] has the id it was given,
 * so that a completion is believed only if both agree, once.
 *
 * Through a ring, a batch goes out with the next look at what has completed. It
 * does not tell ids; there, a task completes once, and that is all that is seen.
 *
 * Tasks in a deadlock, which wait finds, are cancelled, so that they complete
 * and are counted as any others.
 *
 * A signal must not slip in between the look at "interrupted" and the sleep.
 * Therefore the handler itself cancels what runs, which ends the sleep, and the
 * flag is looked at after every submit, which covers what was submitted late.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "progress.h"
#include "pump.h"

/* ids[] of a task that is not submitted yet, or has completed */
#define NO_ID	0xffffffffffffffffULL

/* ids[] of a task that went through a ring */
#define ANY_ID	0xfffffffffffffffeULL

/* How long to retry when the machine's cap is used up by others */
#define RETRY_NS	(10 * 1000 * 1000)
#define RETRIES		500

static atomic_bool interrupted;
static struct gortc *signal_client;

struct pump_state {
	struct pump *p;
	__u64 *ids;
	struct gort_task_desc *tasks;
	struct gort_completion *comps;
	__u64 put;		/* tasks that were put into the ring */
	int full;		/* submits in a row that found no room */
	bool dead;		/* they were in a deadlock, and cancelled */
	int err;		/* why no more is submitted */
};

static void on_signal(int sig)
{
	int saved = errno;

	(void)sig;
	interrupted = true;
	gortc_cancel_all(signal_client);
	errno = saved;
}

void pump_catch_signals(struct gortc *c)
{
	struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESETHAND,
	};

	signal_client = c;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static void submit_batch(struct pump_state *s)
{
	struct pump *p = s->p;
	struct gort_submit sub;
	__u32 n = p->batch, i;
	int err;

	if (n > p->total - p->submitted)
		n = p->total - p->submitted;
	memset(s->tasks, 0, n * sizeof(*s->tasks));
	for (i = 0; i < n; i++) {
		p->fill(p->arg, p->submitted + i, &s->tasks[i]);
		s->tasks[i].user_data = p->submitted + i;
	}

	err = gortc_submit(p->c, s->tasks, n, &sub);
	if (!err) {
		if (sub.submitted > n) {
			s->err = -EPROTO;
			return;
		}
		for (i = 0; i < sub.submitted; i++)
			s->ids[p->submitted++] = sub.first_id + i;
		err = -(int)sub.error;
	}
	if (err == -EAGAIN)
		s->full++;
	else if (err)
		s->err = err;
	else
		s->full = 0;
}

/* Has task @comp->user_data this id, and not completed yet? */
static bool credible(const struct pump_state *s, const struct gort_completion *comp)
{
	__u64 id;

	if (comp->user_data >= s->p->submitted)
		return false;
	id = s->ids[comp->user_data];
	return id != NO_ID && (id == ANY_ID || id == comp->id);
}

static void take(struct pump_state *s, const struct gort_completion *comps, int n)
{
	const struct gort_completion *comp;
	struct pump *p = s->p;

	for (comp = comps; comp < comps + n; comp++) {
		if (!credible(s, comp)) {
			p->strays++;
			continue;
		}
		s->ids[comp->user_data] = NO_ID;
		p->finished++;
		p->done(p->arg, comp->user_data, comp);
	}
}

/* Read completions until none is left; returns whether there were any. */
static bool drain(struct pump_state *s)
{
	bool any = false;
	int n;

	while ((n = gortc_read(s->p->c, s->comps, PUMP_BATCH)) > 0) {
		take(s, s->comps, n);
		any = true;
	}
	if (n < 0 && !s->err)
		s->err = n;
	return any;
}

/* How many completions to wait for: a part, if that makes room for others */
static __u32 enough(const struct pump_state *s)
{
	__u64 min = s->p->submitted - s->p->finished;

	/* When full, start again early enough that no CPU runs dry. */
	if (s->full)
		min = min / 4 + 1;
	return min < PUMP_BATCH ? min : PUMP_BATCH;
}

static void end_deadlock(struct pump_state *s)
{
	s->dead = true;
	if (!s->err)
		s->err = -EDEADLK;
	gortc_cancel_all(s->p->c);
}

/* Sleep until it is worth reading, and do. False: nothing can come any more. */
static bool await(struct pump_state *s)
{
	struct pump *p = s->p;
	__u64 deadline = GORT_WAIT_FOREVER, running;
	int n;

	if (p->label && progress_wanted())
		deadline = gortc_deadline(PROGRESS_NS);
	n = gortc_reap(p->c, s->comps, PUMP_BATCH, enough(s), deadline, &running);
	if (n == -EINTR || n == -ETIME)
		return true;
	if (n == -EDEADLK && !s->dead) {
		end_deadlock(s);
		return true;
	}
	if (n < 0) {
		s->err = n;
		return false;
	}
	take(s, s->comps, n);
	return n || running;
}

/* Full, and nothing of ours to wait for: others use the machine's cap. */
static void pause_full(struct pump_state *s)
{
	const struct timespec ts = { .tv_nsec = RETRY_NS };

	if (s->full > RETRIES)
		s->err = -EAGAIN;
	else
		nanosleep(&ts, NULL);
}

/* After a signal: no more tasks, and an end of those that came after it */
static void heed_signal(struct pump_state *s)
{
	if (!interrupted || s->err == -EINTR)
		return;
	s->err = -EINTR;
	gortc_cancel_all(s->p->c);
}

static void pump_loop(struct pump_state *s)
{
	struct pump *p = s->p;

	for (;;) {
		bool more = !s->err && p->submitted < p->total;

		if (p->label)
			progress_update(p->label, p->finished, p->total);
		if (more)
			submit_batch(s);
		heed_signal(s);
		if (drain(s))
			continue;
		more = !s->err && p->submitted < p->total;
		if (p->submitted == p->finished) {
			if (!more)
				return;
			if (s->full)
				pause_full(s);
		} else if (!more || s->full) {
			if (!await(s))
				return;
		}
	}
}

static void fill_ring(struct pump_state *s)
{
	struct pump *p = s->p;
	struct gort_task_desc d;

	while (s->put < p->total && gortc_ring_room(p->ring)) {
		memset(&d, 0, sizeof(d));
		p->fill(p->arg, s->put, &d);
		d.user_data = s->put;
		gortc_ring_put(p->ring, &d);
		s->ids[s->put++] = ANY_ID;
	}
}

/*
 * Give what is in the ring, and take what has completed. Returns how many that
 * were, or a negative errno: -EINTR and -EAGAIN if it is worth another turn.
 */
static int turn(struct pump_state *s, __u32 min)
{
	const struct gort_completion *comps;
	struct pump *p = s->p;
	int n = gortc_ring_turn(p->ring, min, &comps);

	p->submitted = s->put - (p->batch - gortc_ring_room(p->ring));
	s->full = p->submitted < s->put ? s->full + 1 : 0;
	if (n > 0)
		take(s, comps, n);
	if (n == -EDEADLK && !s->dead) {
		end_deadlock(s);
		return -EINTR;
	}
	if (n < 0 && n != -EAGAIN && n != -EINTR && !s->err)
		s->err = n;
	return n;
}

/*
 * Runs until all is done, or something is not as usual: an error, a signal, a
 * turn that finds nothing to wait for. What is left then is for pump_loop().
 *
 * What is given is given without a wait, so that there is a look at the signal
 * before one. A wait then ends when what the handler has cancelled does.
 */
static void ring_loop(struct pump_state *s)
{
	struct pump *p = s->p;
	int n;

	do {
		fill_ring(s);
		if (p->label)
			progress_update(p->label, p->finished, p->total);
		n = turn(s, 0);
		heed_signal(s);
		if (n <= 0 && !s->err && p->finished < p->submitted)
			n = turn(s, enough(s));
		else if (n <= 0 && s->full)
			pause_full(s);
	} while (!s->err && p->finished < p->total && (n || s->full));

	while (!gortc_ring_drop(p->ring, NULL))
		s->put--;
	s->full = 0;
}

const char *pump_error(int err)
{
	if (err == -EDEADLK)
		return "deadlock: the others slept with nobody to wake them; see dmesg";
	if (err == -EDQUOT)
		return "the limit of your user is reached: run fewer, or raise max_tasks_user";
	return strerror(-err);
}

int pump_run(struct pump *p)
{
	struct pump_state s = { .p = p };

	if (p->batch > p->c->info.max_batch)
		p->batch = p->c->info.max_batch;
	p->submitted = 0;
	p->finished = 0;
	p->strays = 0;
	s.ids = malloc(p->total * sizeof(*s.ids));
	s.tasks = malloc(p->batch * sizeof(*s.tasks));
	s.comps = malloc(PUMP_BATCH * sizeof(*s.comps));
	if (s.ids && s.tasks && s.comps) {
		memset(s.ids, 0xff, p->total * sizeof(*s.ids));
		if (p->ring)
			ring_loop(&s);
		pump_loop(&s);
		progress_clear();
	} else {
		s.err = -ENOMEM;
	}
	free(s.ids);
	free(s.tasks);
	free(s.comps);
	return s.err;
}
