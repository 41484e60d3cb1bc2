/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of mutexes, semaphores and their kin share: gort_test_sync.ko,
 * and the fixture that loads it.
 */
#ifndef SYNC_TEST_H
#define SYNC_TEST_H

#include "core_test.h"

#define ST_TASK		"/sys/module/gort_test_sync/parameters/task"
#define ST_IRQ		"/sys/module/gort_test_sync/parameters/irq"

/* As enum s_form of gort_test_sync.ko */
enum {
	ST_SEM,
	ST_MUTEX,
	ST_READ,
	ST_WRITE,
	ST_COND,
	ST_WG,
	ST_ONCE,
	ST_FORMS
};

/* As S_DEADLINES and so on there */
#define ST_DEADLINES	1
#define ST_CANCELS	2
#define ST_TIMER	4
#define ST_STATIC	8
#define ST_SHARED	16

/* Workers of a crew: so many Gs and tasks */
#define ST_CREW(gs, tasks)	((tasks) << 8 | (gs))

/* Succeeded, and not, of what s_hammer says */
static inline __u64 st_low(const struct gort_completion *c)
{
	return c->result & 0xffffffff;
}

static inline __u64 st_high(const struct gort_completion *c)
{
	return c->result >> 32;
}

static inline int st_insmod(void)
{
	return ct_insmod_own("gort_test_sync", "");
}

/* What came of something that this process did; 1 if it could not be asked to */
static inline int st_task(const char *what, unsigned int form, unsigned int us)
{
	char text[32];
	int err;

	snprintf(text, sizeof(text), "%s %u %u", what, form, us);
	err = gt_write_file(ST_TASK, text);
	if (err)
		return err == -EINTR ? err : 1;
	if (gt_read_file(ST_TASK, text, sizeof(text)))
		return 1;
	return atoi(text);
}

FIXTURE(sync) {
	struct gt_params saved;
	int fd;
};

/* Every test begins with the parameters at their defaults. */
FIXTURE_SETUP(sync)
{
	self->fd = -1;
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("nprocs", 0));
	ASSERT_EQ(0, gt_param_set("slice_us", 10000));
	if (!ct_loaded("gort_test_sync"))
		ASSERT_EQ(0, st_insmod());
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(sync)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test_sync"));
}

#endif /* SYNC_TEST_H */
