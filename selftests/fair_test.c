// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts beside each other: each open file gets its share of the Ps, however
 * many Gs another one has and whatever these do.
 *
 * Time is counted in ticks of the Ps, which a halt of the emulated machine does
 * not multiply. The bounds leave room for it; without a fair share they are
 * missed by a factor of thousands.
 */

#include "core_test.h"

#define HOG	10000

#define COUNT	"/sys/module/gort_test_share/parameters/count"
#define WAKE	"/sys/module/gort_test_share/parameters/wake"

/* enum s_kind of gort_test_share.ko */
enum { S_BURN, S_YIELD, S_PAIR, S_SPAWN, S_SLEEP, S_BLOCK, S_LOCKED };

#define SLICE_US	2000

/* How long a share is measured, for each P: 30 turns of two contexts */
#define SHARE_TICKS	120

/* A turn takes two ticks at most, and one more until a G leaves. */
#define TURN_TICKS	3

FIXTURE(fair) {
	struct gt_params saved;
	int one;
	int hog;
	int third;
};

FIXTURE_SETUP(fair)
{
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("nprocs", 1));
	ASSERT_EQ(0, gt_param_set("slice_us", SLICE_US));
	if (!ct_loaded("gort_test_share"))
		ASSERT_EQ(0, ct_insmod_own("gort_test_share", ""));
	self->one = gt_open(0);
	self->hog = gt_open(0);
	self->third = gt_open(0);
	ASSERT_LE(0, self->one);
	ASSERT_LE(0, self->hog);
	ASSERT_LE(0, self->third);
}

/* To close is to cancel and await all tasks: first those that keep the others. */
FIXTURE_TEARDOWN(fair)
{
	EXPECT_EQ(0, close(self->hog));
	EXPECT_EQ(0, close(self->third));
	EXPECT_EQ(0, close(self->one));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test_share"));
}

/* Waits for so many ticks; are there any? */
static bool wait_ticks(int fd, __u64 n)
{
	__u64 ticks = ct_stats(fd).ticks;

	return gt_wait_for(ct_stats(fd).ticks >= ticks + n);
}

/* Which part of a P one G that computes gets, in percent; -1 if it fails. */
static int share(int fd, int nprocs, int locked)
{
	struct gort_completion c;

	if (ct_run(fd, &c, "s_share", SHARE_TICKS * nprocs, nprocs, locked))
		return -1;
	return 100 * (c.result >> 32) / (c.result & 0xffffffff);
}

/* Cancels the tasks of a file; what they got done together. */
static __u64 total(int fd, int n, int *none)
{
	struct gort_completion c;
	__u64 sum = 0;

	*none = 0;
	if (gt_cancel_all(fd, NULL))
		return 0;
	while (n-- && !ct_next(fd, &c)) {
		sum += c.result;
		*none += !c.result;
	}
	return sum;
}

/*
 * @n Gs of a kind on @nprocs Ps: one G beside them gets a third of what is its
 * due, half of the Ps, or more; and so do they on one P.
 */
static void expect_share(struct __test_metadata *_metadata, int one, int hog,
			 __u64 kind, int n, int nprocs, int locked)
{
	int percent, none;

	ASSERT_EQ(0, gt_param_set("nprocs", nprocs));
	ASSERT_EQ(n, ct_start(hog, "s_hog", n, kind));
	ASSERT_TRUE(wait_ticks(one, 20));
	percent = share(one, nprocs, locked);
	TH_LOG("%d%% of one of %d P beside %d", percent, nprocs, n);
	EXPECT_LE(50 * nprocs / 3, percent);
	if (nprocs == 1)
		EXPECT_LE(50 / 3, 100 - percent);
	/* they were all there, and got something, too */
	EXPECT_LE(n, gt_of_file(hog));
	EXPECT_LT(0, total(hog, n, &none));
	EXPECT_EQ(0, gt_of_file(hog));
}

static void expect_shares(struct __test_metadata *_metadata, int one, int hog,
			  __u64 kind, int n)
{
	expect_share(_metadata, one, hog, kind, n, 1, 0);
	if (ct_cpus() > 1)
		expect_share(_metadata, one, hog, kind, n, 2, 0);
}

/* Breaks, as all of these, if who waits in the global queue waits for all. */
TEST_F(fair, one_beside_those_who_compute)
{
	expect_shares(_metadata, self->one, self->hog, S_BURN, HOG);
}

/* Breaks if a turn is so many Gs, and not a while. */
TEST_F(fair, one_beside_those_who_yield)
{
	expect_shares(_metadata, self->one, self->hog, S_YIELD, HOG);
}

/* Breaks if a turn goes on as long as slices are inherited. */
TEST_F(fair, one_beside_pairs)
{
	expect_shares(_metadata, self->one, self->hog, S_PAIR, HOG / 2);
}

TEST_F(fair, one_beside_those_who_spawn)
{
	expect_shares(_metadata, self->one, self->hog, S_SPAWN, HOG);
}

/* Breaks if a turn is over whenever the ring is empty. */
TEST_F(fair, one_beside_those_who_sleep_and_wake)
{
	expect_shares(_metadata, self->one, self->hog, S_SLEEP, HOG);
}

/* Breaks if the time in which a call has the P does not count. */
TEST_F(fair, one_beside_those_who_block)
{
	expect_shares(_metadata, self->one, self->hog, S_BLOCK, HOG);
}

/*
 * As many locked ones as there may be, and all the others. Breaks also if they
 * have the P while their context's turn is over and no thread is left to run
 * others.
 */
TEST_F(fair, one_beside_locked_ones)
{
	expect_shares(_metadata, self->one, self->hog, S_LOCKED, HOG);
}

/* Breaks if locked Gs take turns with each other, whosever they are. */
TEST_F(fair, locked_one_beside_locked_ones)
{
	expect_share(_metadata, self->one, self->hog, S_LOCKED, 60, 1, 1);
}

/*
 * Woken, the one runs when the turn of the other context is over: after a few
 * ticks, not after ten thousand Gs. Most of the time, as whoever emulates the
 * CPUs may halt the waker between its look at the clock and the wake-up.
 */
static void expect_prompt(struct __test_metadata *_metadata, int one, int hog,
			  __u64 kind, int n)
{
	const int rounds = 20;
	struct gort_completion c;
	int i;

	ASSERT_EQ(n, ct_start(hog, "s_hog", n, kind));
	ASSERT_EQ(1, ct_start(one, "s_woken", 1, rounds, 2 * TURN_TICKS));
	for (i = 0; i < rounds; i++) {
		ASSERT_TRUE(gt_wait_for(!gt_write_file(WAKE, "1")));
		gt_pause();
	}
	ASSERT_EQ(0, ct_next(one, &c));
	EXPECT_EQ(0, c.status);
	TH_LOG("kind %llu: %llu of %d wake-ups took more than %d ticks", kind,
	       c.result, rounds, 2 * TURN_TICKS);
	EXPECT_GT(rounds / 2, c.result);
}

TEST_F(fair, wakes_soon_beside_those_who_compute)
{
	expect_prompt(_metadata, self->one, self->hog, S_BURN, HOG);
}

TEST_F(fair, wakes_soon_beside_pairs)
{
	expect_prompt(_metadata, self->one, self->hog, S_PAIR, HOG / 2);
}

TEST_F(fair, wakes_soon_beside_those_who_sleep_and_wake)
{
	expect_prompt(_metadata, self->one, self->hog, S_SLEEP, HOG);
}

/*
 * Contexts of 5000 Gs, of 100 and of one that all compute: each gets the same,
 * from the time when all are there.
 */
TEST_F(fair, contexts_of_any_size_get_the_same)
{
	const int n[3] = { 1, 100, 5000 };
	const int fd[3] = { self->one, self->third, self->hog };
	__u64 got[3], least = ~0ULL, most = 0;
	int i, none;

	ASSERT_EQ(0, gt_write_file(COUNT, "0"));
	for (i = 2; i >= 0; i--)
		ASSERT_EQ(n[i], ct_start(fd[i], "s_hog", n[i], S_BURN));
	ASSERT_EQ(0, gt_write_file(COUNT, "1"));
	EXPECT_TRUE(wait_ticks(self->one, 400));
	ASSERT_EQ(0, gt_write_file(COUNT, "0"));
	for (i = 0; i < 3; i++) {
		got[i] = total(fd[i], n[i], &none);
		least = got[i] < least ? got[i] : least;
		most = got[i] > most ? got[i] : most;
	}
	TH_LOG("1: %llu, 100: %llu, 5000: %llu", got[0], got[1], got[2]);
	EXPECT_EQ(0, gt_write_file(COUNT, "1"));
	EXPECT_LT(0, least);
	EXPECT_GT(2 * least, most);
}

/*
 * Each of 64 Gs gets on though their turn ends after one or two of them. Breaks
 * if what the ring still has when the turn is over goes to the end each time.
 */
TEST_F(fair, all_of_a_context_get_on)
{
	int none;

	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(1, ct_start(self->one, "s_hog", 1, S_BURN));
	ASSERT_EQ(64, ct_start(self->hog, "s_hog", 64, S_BURN));
	ASSERT_TRUE(wait_ticks(self->one, 10 * 64));
	EXPECT_LT(0, total(self->hog, 64, &none));
	EXPECT_EQ(0, none);
}

/*
 * A hundred Gs that have slept all the while want the P at the same time: no
 * turn was saved up for them.
 */
TEST_F(fair, who_slept_has_no_credit)
{
	int percent;

	ASSERT_EQ(100, ct_start(self->hog, "s_nap", 100,
				200 * GT_NSEC_PER_MSEC));
	ASSERT_EQ(1, ct_start(self->third, "s_hog", 1, S_BURN));
	usleep(300000);
	percent = share(self->one, 1, 0);
	TH_LOG("%d%% beside 100 that have slept, and one that has not", percent);
	EXPECT_LE(33 / 3, percent);
	EXPECT_EQ(100, gt_of_file(self->hog));
}

/*
 * A P has nothing to do with a context that is gone, also if it served it last.
 * Breaks, where freed memory is poisoned, if it looks into that one's queue.
 */
TEST_F(fair, contexts_come_and_go)
{
	struct gort_completion c;
	int i, n, fd;

	for (i = 0; i < 5; i++) {
		fd = gt_open(0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, ct_run(fd, &c, "fib", 3));
		ASSERT_EQ(0, close(fd));
		/* RCU frees its memory some seconds later, or now */
		ASSERT_EQ(0, gt_write_file("/proc/sys/vm/drop_caches", "2"));
		usleep(200000);
		ASSERT_EQ(8, ct_start(self->one, "yield", 8, 10));
		for (n = 0; n < 8; n++)
			EXPECT_EQ(0, ct_next(self->one, &c));
	}
}

TEST_HARNESS_MAIN
