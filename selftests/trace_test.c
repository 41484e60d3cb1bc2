// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: each event is there when what it tells of has happened, its
 * fields are right, and who listens disturbs nothing.
 */

#include "trace_test.h"

/* The events of @t, for whoever reads why a test has failed. */
static void show(const struct tt_trace *t)
{
	size_t i;

	for (i = 0; i < t->n && i < 200; i++)
		printf("# [%u] %s:%s\n", t->event[i].cpu, t->event[i].name,
		       t->event[i].text);
}

/* There are these events, and no others. */
TEST_F(trace, events_are_those_documented)
{
	char path[96];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tt_names); i++) {
		snprintf(path, sizeof(path), TT_EVENTS "%s/format", tt_names[i]);
		EXPECT_EQ(0, access(path, R_OK))
			TH_LOG("%s", path);
	}
}

/*
 * A task that yields three times: made, then on and off the CPU four times, in
 * this order and all under one number.
 */
TEST_F(trace, life_of_a_task)
{
	struct gort_completion c;
	const struct tt_event *e;
	size_t i = 0;

	ASSERT_EQ(0, tt_enable(NULL, true));
	ASSERT_EQ(0, ct_run(self->fd, &c, "yield", 3));
	ASSERT_EQ(0, tt_enable(NULL, false));
	ASSERT_EQ(0, tt_read(&self->t));
	show(&self->t);
	e = tt_find(&self->t, "go", 0);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(0, tt_num(e, "parent"));
	EXPECT_EQ(4, tt_count(&self->t, "start", NULL, NULL));
	EXPECT_EQ(3, tt_count(&self->t, "stop", "reason", "yield"));
	EXPECT_EQ(1, tt_count(&self->t, "stop", "reason", "exit"));
	for (i = 0; i < self->t.n; i++)
		EXPECT_EQ(e->gid, self->t.event[i].gid);
}

TEST_HARNESS_MAIN
