// SPDX-License-Identifier: GPL-2.0-only
/*
 * Select: exactly one case is done, each that can be done is as likely, and that
 * none can be done is true of all of them at one time.
 */

#include "chan_test.h"

/* Two of them on one channel: what one sends the other receives. */
TEST_F_TIMEOUT(chan, self_select, 60)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_self", 0, 2000));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_self", 10, 2000));
}

/* Ten green threads, four channels, by select and without. */
TEST_F_TIMEOUT(chan, select_stress, 120)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_stress", 2000));
	ASSERT_EQ(0, gt_param_set("slice_us", 100));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_stress", 1000));
}

/* Breaks if the order of the cases in the array decides. */
TEST_F_TIMEOUT(chan, pseudo_random_send, 60)
{
	static const __u64 caps[] = { 0, 1, 10 };
	unsigned int i;
	__u64 ones;

	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		EXPECT_EQ(0, chan_run(self->fd, &ones, "c_random", caps[i],
				      1000));
		TH_LOG("%llu of 1000 with a buffer of %llu", ones, caps[i]);
	}
}

TEST_F_TIMEOUT(chan, select_fairness, 60)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_fair", 8000));
}

/* A channel that has a value, and is closed, is never not ready. */
TEST_F_TIMEOUT(chan, nonblock_recv_race, 60)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_recvrace", 3000));
}

/* Breaks if select looks at one channel after the other. */
TEST_F_TIMEOUT(chan, nonblock_select_race, 120)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_selrace", 5000, 0));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_selrace", 5000, 1));
}

TEST_F(chan, select_duplicate_channel)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_dup"));
}

/* Each value goes through one of four channels, and comes out once. */
TEST_F_TIMEOUT(chan, doubleselect, 60)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_double", 5000));
}

/* NULL, empty, full, closed: what waits and what does not. */
TEST_F(chan, select3)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_select3"));
}

/* Arguments once, as Go's select5 has it, in a case too. */
TEST_F(chan, select5)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_once"));
}

/* Who was last in a queue, and is done elsewhere, leaves the queue whole. */
TEST_F(chan, select6)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_select6"));
}

/* Every kind of receive meets every kind of send. */
TEST_F(chan, select7)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_select7"));
}

/*
 * Two selects, each of which could do either: breaks if both are claimed at once.
 */
TEST_F_TIMEOUT(chan, selects_against_each_other, 60)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_cross", 5000));
}

/* Breaks (stands still) if locks are taken in the order of the cases. */
TEST_F_TIMEOUT(chan, locks_have_one_order, 60)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_order", 20000));
}

/*
 * Many that are claimed in one channel, and still in the queue of another: who
 * looks there finds none of them, but who waits behind them.
 */
TEST_F_TIMEOUT(chan, claimed_elsewhere_is_nobody, 60)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_stale", 200, 0));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_stale", 200, 1));
}

TEST_F_TIMEOUT(chan, as_many_cases_as_may_be, 60)
{
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_most", 64));
	EXPECT_EQ(0, chan_run(self->fd, NULL, "c_most", 5));
	EXPECT_EQ(-EINVAL, chan_run(self->fd, NULL, "c_most", 65));
}

/* Process context: ready, closed, and woken by a green thread. */
TEST_F(chan, select_in_a_task)
{
	struct c_cmd cmd = { .value = 6, .deadline_ns = CHAN_FOREVER };

	ASSERT_EQ(0, chan_anew(self->dev, 1));
	EXPECT_EQ(0, chan_cmd(self->dev, C_IOC_SELECT, &cmd));
	EXPECT_EQ(0, cmd.err);
	EXPECT_EQ(0, chan_do(self->dev, C_IOC_SEND, 1, 77));
	EXPECT_EQ(1, chan_cmd(self->dev, C_IOC_SELECT, &cmd));
	EXPECT_EQ(77, cmd.value);
	EXPECT_EQ(0, chan_do(self->dev, C_IOC_CLOSE, 1, 0));
	EXPECT_EQ(1, chan_cmd(self->dev, C_IOC_SELECT, &cmd));
	EXPECT_EQ(-EPIPE, cmd.err);
	ASSERT_EQ(0, chan_anew(self->dev, 0));
	/* it sends to chan 0, where a green thread of chan 1 is no partner */
	ASSERT_EQ(1, ct_start(self->fd, "c_ext_recv", 1, 1));
	ASSERT_TRUE(gt_wait_for(chan_waiting(self->dev) == 1));
	cmd.deadline_ns = gt_in_ms(5);
	EXPECT_EQ(-ETIME, chan_cmd(self->dev, C_IOC_SELECT, &cmd));
	EXPECT_EQ(0, chan_do(self->dev, C_IOC_SEND, 1, 5));
}

TEST_HARNESS_MAIN
