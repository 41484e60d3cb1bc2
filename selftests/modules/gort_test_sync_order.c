// SPDX-License-Identifier: GPL-2.0-only
/*
 * G code: who comes when, and who goes on. Here each helper has its own part,
 * and the main G waits for all of them by a plain count and parking.
 */

#include "gort_test_sync.h"

/**
 * struct s_play - some Gs, and what they share
 * @o: one of each
 * @go: semaphore: the main G lets others go on
 * @here: semaphore: another one tells the main G that it is there
 * @left: how many have not ended
 * @bad: what was wrong first
 * @main: the main G
 * @other: another one, with a reference
 * @stop: the others are to end
 * @seq: numbers what happens
 * @at: when things happened, by what they are
 * @count: depends on the play
 * @res: the same
 * @n: the same
 */
struct s_play {
	struct s_objs o;
	struct gort_sem go;
	struct gort_sem here;
	atomic_t left;
	atomic_t bad;
	struct gort_g *main;
	struct gort_g *other;
	bool stop;
	atomic_t seq;
	u32 at[32];
	atomic_t count;
	atomic_t res;
	u64 n;
};

/**
 * struct s_part - what one G is started with
 * @p: the play
 * @fn: what it does
 * @i: depends on the play
 */
struct s_part {
	struct s_play *p;
	int (*fn)(struct s_play *p, u32 i);
	u32 i;
};

static void s_part_g(void *arg)
{
	struct s_part *part = arg;
	struct s_play *p = part->p;
	struct gort_g *main = gort_get(p->main);
	int err = part->fn(p, part->i);

	if (err)
		atomic_cmpxchg(&p->bad, 0, err);
	s_free(part);
	if (atomic_dec_and_test(&p->left))
		gort_ready(main);
	gort_put(main);
}

static int s_begin(struct s_play *p, int (*fn)(struct s_play *p, u32 i), u32 i)
{
	struct s_part *part = s_alloc(sizeof(*part));
	int err;

	if (!part)
		return -ENOMEM;
	part->p = p;
	part->fn = fn;
	part->i = i;
	atomic_inc(&p->left);
	err = gort_go(NULL, s_part_g, part);
	if (err) {
		atomic_dec(&p->left);
		s_free(part);
	}
	return err;
}

static struct s_play *s_play_new(u32 units)
{
	struct s_play *p = s_alloc(sizeof(*p));

	if (!p)
		return NULL;
	s_objs_init(&p->o, units);
	gort_sem_init(&p->go, 0);
	gort_sem_init(&p->here, 0);
	p->main = gort_self();
	return p;
}

/* Until all others have ended; what was wrong, if anything was. */
static int s_play_end(struct s_play *p, int err)
{
	WRITE_ONCE(p->stop, true);
	while (atomic_read_acquire(&p->left))
		if (gort_park("play"))
			gort_yield();
	if (!err)
		err = atomic_read(&p->bad);
	gort_put(p->other);
	s_free(p);
	return err;
}

static void s_note(struct s_play *p, u32 what)
{
	p->at[what] = atomic_inc_return(&p->seq);
}

/* Until the count is @n; -ETIME if that does not come. */
static int s_until_count(struct s_play *p, int n)
{
	u64 until = gort_now() + S_PATIENCE_NS;
	int err = 0;

	while (!err && atomic_read_acquire(&p->count) != n) {
		err = gort_yield();
		if (gort_now() > until)
			err = -ETIME;
	}
	return err;
}

/* Long enough that others have gone to sleep, if they can be told by nothing. */
static int s_settle(void)
{
	return gort_sleep(3 * NSEC_PER_MSEC);
}

static int s_hog(struct s_play *p, u32 i)
{
	int err = 0;

	while (!err && !READ_ONCE(p->stop)) {
		err = gort_mutex_lock(&p->o.mutex);
		if (err)
			break;
		atomic_inc(&p->count);
		err = gort_sleep(100 * NSEC_PER_USEC);
		if (gort_mutex_unlock(&p->o.mutex))
			err = -EPROTO;
		/* a mutex that nobody ever gets ends, too */
		if (atomic_read(&p->count) > p->n)
			break;
	}
	return err;
}

/*
 * s_fair: turns, most. One G has the mutex nearly all the time, another one
 * wants it now and then. Result: how often the first one was the owner until the
 * other one had so many turns, or a little more than @most.
 */
int s_fair(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	int err;
	u64 i;

	if (!p)
		return -ENOMEM;
	p->n = args[1];
	err = s_begin(p, s_hog, 0);
	for (i = 0; i < args[0] && !err; i++) {
		err = gort_sleep(100 * NSEC_PER_USEC);
		if (!err)
			err = gort_mutex_lock(&p->o.mutex);
		if (!err)
			err = gort_mutex_unlock(&p->o.mutex);
	}
	*result = atomic_read(&p->count);
	return s_play_end(p, err);
}

static int s_later(struct s_play *p, u32 i)
{
	int err;

	atomic_inc(&p->count);
	err = gort_mutex_lock(&p->o.mutex);
	if (err)
		return err;
	err = gort_sleep(NSEC_PER_MSEC);
	return gort_mutex_unlock(&p->o.mutex) ?: err;
}

/* Unlocks while another one waits, and locks again at once. */
static int s_barge_one(struct s_play *p)
{
	int err = gort_mutex_lock(&p->o.mutex);

	atomic_set(&p->count, 0);
	if (!err)
		err = s_begin(p, s_later, 0);
	if (!err)
		err = s_until_count(p, 1);
	if (!err)
		err = s_settle();
	if (!err)
		err = gort_mutex_unlock(&p->o.mutex);
	if (!err)
		err = gort_mutex_trylock(&p->o.mutex);
	if (err)
		return err == -EAGAIN ? 0 : err;
	p->n++;
	return gort_mutex_unlock(&p->o.mutex);
}

/* s_barge: trials. Result: in how many of them that succeeded. */
int s_barge(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	int err = 0;
	u64 i;

	if (!p)
		return -ENOMEM;
	for (i = 0; i < args[0] && !err; i++) {
		err = s_barge_one(p);
		while (!err && atomic_read_acquire(&p->left))
			err = gort_yield();
	}
	*result = p->n;
	return s_play_end(p, err);
}

static int s_heir(struct s_play *p, u32 i)
{
	int err;

	atomic_inc(&p->count);
	err = gort_mutex_lock(&p->o.mutex);
	if (err)
		return err;
	atomic_cmpxchg(&p->res, 0, 1);
	return gort_mutex_unlock(&p->o.mutex);
}

/* Has the mutex until the one that waits for it starves, then hands it over. */
static int s_handoff_one(struct s_play *p)
{
	int err = gort_mutex_lock(&p->o.mutex);

	atomic_set(&p->count, 0);
	atomic_set(&p->res, 0);
	if (!err)
		err = s_begin(p, s_heir, 0);
	if (!err)
		err = s_until_count(p, 1);
	/* it waits, for longer than it will bear */
	if (!err)
		err = s_settle();
	/* it is woken, but comes too late, unless a tick comes between */
	if (!err)
		err = gort_mutex_unlock(&p->o.mutex);
	if (!err)
		err = gort_mutex_trylock(&p->o.mutex);
	if (err)
		return err == -EAGAIN ? 0 : err;
	err = s_settle();
	if (!err && !READ_ONCE(p->o.mutex.starving))
		err = -EPROTO;
	if (err) {
		gort_mutex_unlock(&p->o.mutex);
		return err;
	}
	err = gort_mutex_unlock(&p->o.mutex);
	atomic_cmpxchg(&p->res, 0, 2);
	p->n += atomic_read(&p->res) == 1;
	return err;
}

/*
 * s_handoff: trials. Result: in how many of them who was handed the mutex came
 * on before who handed it over went on.
 */
int s_handoff(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	int err = 0;
	u64 i;

	if (!p)
		return -ENOMEM;
	for (i = 0; i < args[0] && !err; i++) {
		err = s_handoff_one(p);
		while (!err && atomic_read_acquire(&p->left))
			err = gort_yield();
	}
	*result = p->n;
	return s_play_end(p, err);
}

/* Goes in, and comes out when all are in. */
static int s_reader(struct s_play *p, u32 i)
{
	int err = gort_read_lock(&p->o.rw);

	if (err)
		return err;
	atomic_inc(&p->count);
	err = gort_sem_acquire(&p->go);
	return gort_read_unlock(&p->o.rw) ?: err;
}

/* s_readers: n. So many readers are inside at the same time. Result: n. */
int s_readers(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	int err = 0;
	u64 i;

	if (!p)
		return -ENOMEM;
	for (i = 0; i < args[0] && !err; i++)
		err = s_begin(p, s_reader, i);
	if (!err)
		err = s_until_count(p, args[0]);
	*result = atomic_read(&p->count);
	if (!err && gort_write_trylock(&p->o.rw) != -EAGAIN)
		err = -EUCLEAN;
	for (i = 0; i < args[0]; i++)
		if (gort_sem_release(&p->go))
			err = -EPROTO;
	return s_play_end(p, err);
}

/* What happens in s_order */
enum {
	S_MAIN_OUT,
	S_W1_IN,
	S_W1_OUT,
	S_R_IN,			/* of three */
	S_R_OUT = S_R_IN + 3,
	S_W2_IN = S_R_OUT + 3,
	S_NR_NOTES
};

/* One after the other; the readers among themselves in any order */
static const u8 s_order_phase[S_NR_NOTES] = { 0, 1, 2, 3, 3, 3, 4, 4, 4, 5 };

static int s_order_writer(struct s_play *p, u32 i)
{
	int err = gort_write_lock(&p->o.rw);

	if (err)
		return err;
	s_note(p, i);
	err = gort_sleep(NSEC_PER_MSEC);
	if (i == S_W1_IN)
		s_note(p, S_W1_OUT);
	return gort_write_unlock(&p->o.rw) ?: err;
}

static int s_order_reader(struct s_play *p, u32 i)
{
	int err = gort_read_lock(&p->o.rw);

	if (err)
		return err;
	s_note(p, S_R_IN + i);
	atomic_inc(&p->count);
	/* all are inside together */
	err = s_until_count(p, 3);
	s_note(p, S_R_OUT + i);
	return gort_read_unlock(&p->o.rw) ?: err;
}

static int s_order_begin(struct s_play *p)
{
	u32 i;
	int err = gort_read_lock(&p->o.rw);

	if (!err)
		err = s_begin(p, s_order_writer, S_W1_IN);
	if (!err)
		err = s_settle();
	/* a writer waits: no reader may go in, not even by trying */
	if (!err && gort_read_trylock(&p->o.rw) != -EAGAIN)
		err = -EUCLEAN;
	for (i = 0; i < 3 && !err; i++)
		err = s_begin(p, s_order_reader, i);
	if (!err)
		err = s_settle();
	if (!err)
		err = s_begin(p, s_order_writer, S_W2_IN);
	if (!err)
		err = s_settle();
	s_note(p, S_MAIN_OUT);
	return gort_read_unlock(&p->o.rw) ?: err;
}

/*
 * s_order: no arguments. A reader is inside; a writer, three readers and another
 * writer come to wait. Result: what happened in the wrong order, one bit each.
 */
int s_order(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	u64 wrong = 0;
	u32 i, j;
	int err;

	if (!p)
		return -ENOMEM;
	err = s_order_begin(p);
	while (!err && atomic_read_acquire(&p->left))
		err = gort_yield();
	for (i = 0; i < S_NR_NOTES && !err; i++)
		for (j = 0; j < S_NR_NOTES; j++)
			if (s_order_phase[j] < s_order_phase[i] &&
			    (!p->at[j] || p->at[j] > p->at[i]))
				wrong |= BIT_ULL(i);
	*result = wrong;
	return s_play_end(p, err);
}

static int s_giving_up(struct s_play *p, u32 cancelled)
{
	u64 until = gort_now() + 30 * NSEC_PER_MSEC;
	int err;

	p->other = gort_get(gort_self());
	err = gort_write_lock_until(&p->o.rw,
				    cancelled ? GORT_NO_DEADLINE : until);
	return err == (cancelled ? -ECANCELED : -ETIME) ? 0 : -EUCLEAN;
}

static int s_late_reader(struct s_play *p, u32 i)
{
	int err = gort_read_lock(&p->o.rw);

	if (err)
		return err;
	atomic_inc(&p->count);
	return gort_read_unlock(&p->o.rw);
}

/*
 * s_giveup: cancelled. Readers wait because a writer does, which gives up, late
 * or cancelled: a reader is inside all the time. Result: how many readers came
 * in then. ENODATA if none waited.
 */
int s_giveup(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	int err, early = 0;
	u32 i;

	if (!p)
		return -ENOMEM;
	err = gort_read_lock(&p->o.rw);
	if (!err)
		err = s_begin(p, s_giving_up, args[0]);
	while (!err && READ_ONCE(p->o.rw.writers.next) == &p->o.rw.writers)
		err = gort_yield();
	for (i = 0; i < 20 && !err; i++)
		err = s_begin(p, s_late_reader, i);
	if (!err && args[0]) {
		err = s_settle();
		early = atomic_read(&p->count);
		gort_cancel(p->other);
	}
	if (!err)
		err = s_until_count(p, 20);
	*result = atomic_read(&p->count) - early;
	if (gort_read_unlock(&p->o.rw))
		err = -EPROTO;
	return s_play_end(p, err);
}

/* Waits, and notes when it has woken. */
static int s_sleeper(struct s_play *p, u32 i)
{
	int err = gort_mutex_lock(&p->o.mutex);

	if (err)
		return err;
	atomic_inc(&p->count);
	err = gort_cond_wait(&p->o.cond, &p->o.mutex);
	s_note(p, i);
	atomic_dec(&p->count);
	return gort_mutex_unlock(&p->o.mutex) ?: err;
}

static int s_wake(struct s_play *p, bool all)
{
	int err = gort_mutex_lock(&p->o.mutex);

	if (err)
		return err;
	if (all)
		gort_cond_broadcast(&p->o.cond);
	else
		gort_cond_signal(&p->o.cond);
	return gort_mutex_unlock(&p->o.mutex);
}

static int s_sleepers(struct s_play *p, u32 from, u32 n)
{
	int err = 0;
	u32 i;

	for (i = from; i < from + n && !err; i++) {
		err = s_begin(p, s_sleeper, i);
		if (!err) /* one after the other: their order is known */
			err = s_until_count(p, i + 1);
		/* counted with the mutex held: who has it now comes later */
		if (!err)
			err = gort_mutex_lock(&p->o.mutex);
		if (!err)
			err = gort_mutex_unlock(&p->o.mutex);
	}
	return err;
}

/*
 * s_signals: all. Eight Gs wait for a condition. Each signal wakes one of them,
 * in their order (or @all: the first wakes all of them), and one without anybody
 * who waits wakes nobody later. Result: what was wrong.
 */
int s_signals(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	bool all = args[0];
	int err;
	u32 i;

	*result = 0;
	if (!p)
		return -ENOMEM;
	gort_cond_signal(&p->o.cond);
	gort_cond_broadcast(&p->o.cond);
	err = s_sleepers(p, 0, 8);
	for (i = 0; i < (all ? 1 : 8) && !err; i++) {
		err = s_wake(p, all);
		if (!err)
			err = s_until_count(p, all ? 0 : 7 - i);
		if (!err)
			err = s_settle();
		if (!err && atomic_read(&p->count) != (all ? 0 : 7 - i))
			*result |= 1;
		if (!err && !all && p->at[i] != i + 1)
			*result |= 2;
	}
	if (err) /* those that are left */
		gort_cond_broadcast(&p->o.cond);
	return s_play_end(p, err);
}

/*
 * s_stealing: rounds. One waits, a signal comes, and at once another one waits:
 * it is the first one that goes on. Result: how often it was not.
 */
int s_stealing(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	u64 i, stolen = 0;
	int err = 0;

	if (!p)
		return -ENOMEM;
	for (i = 0; i < args[0] && !err; i++) {
		p->at[0] = 0;
		atomic_set(&p->count, 0);
		err = s_sleepers(p, 0, 1);
		if (!err)
			err = gort_mutex_lock(&p->o.mutex);
		if (err)
			break;
		gort_cond_signal(&p->o.cond);
		/* the signal is not for who comes now, though it comes first */
		err = gort_cond_wait_until(&p->o.cond, &p->o.mutex,
					   gort_now() + 2 * NSEC_PER_MSEC);
		stolen += err != -ETIME;
		err = gort_mutex_unlock(&p->o.mutex);
		if (!err)
			err = s_until_count(p, 0);
	}
	*result = stolen;
	if (err)
		gort_cond_broadcast(&p->o.cond);
	return s_play_end(p, err);
}

/* The first one that waits for the signal, with a deadline (p->n) or none */
static int s_nearly_late(struct s_play *p, u32 i)
{
	int err = gort_mutex_lock(&p->o.mutex), unlock;

	if (err)
		return err;
	p->other = gort_get(gort_self());
	p->n = i ? GORT_NO_DEADLINE : gort_now() + 6 * NSEC_PER_MSEC;
	atomic_inc(&p->count);
	err = gort_cond_wait_until(&p->o.cond, &p->o.mutex, p->n);
	unlock = gort_mutex_unlock(&p->o.mutex);
	atomic_set(&p->res, err ?: 1);
	return unlock;
}

/* Both wait: a signal comes as the first one is late, or cancelled. */
static int s_signal_late(struct s_play *p, bool cancel, u32 *kept)
{
	u64 until = gort_now() + S_PATIENCE_NS / 4;
	int first;

	if (cancel)
		gort_cancel(p->other);
	else
		while (gort_now() < p->n + 50 * NSEC_PER_USEC)
			s_check();
	gort_cond_signal(&p->o.cond);
	while (!(first = atomic_read_acquire(&p->res)))
		if (gort_yield())
			return -ECANCELED;
	*kept += first == 1;
	/* either it had the signal, or the other one has */
	while (first != 1 && !p->at[1])
		if (gort_yield() || gort_now() > until)
			return -EUCLEAN;
	return first == 1 || first == (cancel ? -ECANCELED : -ETIME) ? 0 :
								     first;
}

/*
 * s_signallate: rounds, cancel. Two wait for one signal, which comes when the
 * first one gives up. EUCLEAN if neither has it. Result: how often it was the
 * first one.
 */
int s_signallate(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	u32 kept = 0;
	int err = 0;
	u64 i;

	*result = 0;
	if (!p)
		return -ENOMEM;
	for (i = 0; i < args[0] && !err; i++) {
		p->at[1] = 0;
		atomic_set(&p->res, 0);
		atomic_set(&p->count, 0);
		err = s_begin(p, s_nearly_late, args[1]);
		if (!err)
			err = s_until_count(p, 1);
		if (!err)
			err = s_sleepers(p, 1, 1);
		if (!err)
			err = s_signal_late(p, args[1], &kept);
		gort_cond_broadcast(&p->o.cond); /* who is left */
		while (!err && atomic_read_acquire(&p->left))
			err = gort_yield();
		gort_put(p->other);
		p->other = NULL;
	}
	*result = kept;
	return s_play_end(p, err);
}

/**
 * struct s_two - two Gs whose maker waits for them, and goes
 * @wg: what it waits for; on its stack
 * @n: counts them
 */
struct s_two {
	struct gort_wg wg;
	u32 n[2];
};

static void s_first(void *arg)
{
	struct s_two *two = arg;

	WRITE_ONCE(two->n[0], 1);
	gort_wg_done(&two->wg);
}

static void s_second(void *arg)
{
	struct s_two *two = arg;

	WRITE_ONCE(two->n[1], 1);
	gort_wg_done(&two->wg);
}

/* The frame is gone, and written over, as soon as the wait is over. */
static noinline int s_wgrace_one(void)
{
	struct s_two two;
	int err;

	gort_wg_init(&two.wg);
	two.n[0] = 0;
	two.n[1] = 0;
	err = gort_wg_add(&two.wg, 1) ?: gort_go(NULL, s_first, &two);
	if (err)
		return err;
	err = gort_wg_add(&two.wg, 1);
	if (!err && gort_go(NULL, s_second, &two)) {
		gort_wg_done(&two.wg);
		WRITE_ONCE(two.n[1], 1);
	}
	while (gort_wg_wait(&two.wg))
		gort_yield(); /* cancelled: they are not, and come soon */
	return READ_ONCE(two.n[0]) + READ_ONCE(two.n[1]) == 2 ? err : -EUCLEAN;
}

static noinline void s_overwrite(void)
{
	u8 junk[512];

	memset(junk, 0xff, sizeof(junk));
	OPTIMIZER_HIDE_VAR(junk[0]);
}

/* s_wgrace: rounds. Result: how many there were. */
int s_wgrace(const u64 *args, u64 *result)
{
	int err = 0;

	for (*result = 0; *result < args[0] && !err; ++*result) {
		err = s_wgrace_one();
		s_overwrite();
	}
	return err;
}

static int s_wg_waiter(struct s_play *p, u32 i)
{
	int err;

	atomic_inc(&p->count);
	err = gort_wg_wait(&p->o.wg);
	atomic_dec(&p->count);
	return err;
}

/*
 * s_wgreuse: waiters. They wait; the count comes to 0 and grows again before any
 * of them can have woken: all go on. Result: how many did.
 */
int s_wgreuse(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	int err;
	u64 i;

	if (!p)
		return -ENOMEM;
	err = gort_wg_add(&p->o.wg, 1);
	for (i = 0; i < args[0] && !err; i++)
		err = s_begin(p, s_wg_waiter, i);
	if (!err)
		err = s_until_count(p, args[0]);
	if (!err)
		err = s_settle();
	if (gort_wg_done(&p->o.wg) || gort_wg_add(&p->o.wg, 1))
		err = -EPROTO;
	if (!err)
		err = s_until_count(p, 0);
	*result = args[0] - atomic_read(&p->count);
	if (gort_wg_done(&p->o.wg))
		err = -EPROTO;
	return s_play_end(p, err);
}

static int s_one_of_many(struct s_play *p, u32 i)
{
	int err, unlock;

	if (p->n == S_READ) {
		atomic_inc(&p->count);
		return gort_read_lock(&p->o.rw) ?: gort_read_unlock(&p->o.rw);
	}
	if (p->n == S_WG) {
		atomic_inc(&p->count);
		return gort_wg_wait(&p->o.wg);
	}
	err = gort_mutex_lock(&p->o.mutex);
	if (err)
		return err;
	atomic_inc(&p->count);
	err = gort_cond_wait(&p->o.cond, &p->o.mutex);
	unlock = gort_mutex_unlock(&p->o.mutex);
	return unlock ?: err;
}

/*
 * s_herd: form, how many. So many wait for the same, and one step lets all of
 * them go. Result: how many waited.
 */
int s_herd(const u64 *args, u64 *result)
{
	struct s_play *p = s_play_new(0);
	int err;
	u64 i;

	if (!p)
		return -ENOMEM;
	p->n = args[0];
	err = gort_write_lock(&p->o.rw) ?: gort_wg_add(&p->o.wg, 1);
	for (i = 0; i < args[1] && !err; i++)
		err = s_begin(p, s_one_of_many, i);
	if (!err)
		err = s_until_count(p, args[1]);
	if (!err)
		err = s_settle();
	/* who has counted with the mutex held waits when it is free */
	if (!err)
		err = gort_mutex_lock(&p->o.mutex) ?:
		      gort_mutex_unlock(&p->o.mutex);
	gort_cond_broadcast(&p->o.cond);
	if (gort_wg_done(&p->o.wg) || gort_write_unlock(&p->o.rw))
		err = -EPROTO;
	*result = i;
	return s_play_end(p, err);
}
