/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests of how long things live: what a file had is gone when it is closed. */
#ifndef LIFE_H
#define LIFE_H

#include "gort_test.h"

FIXTURE(life) {
	int fd;
	int watch;	/* a second file, to look from outside */
	__s64 base;
	struct gt_params params;
};

FIXTURE_SETUP(life)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	self->watch = gt_open(0);
	ASSERT_LE(0, self->watch);
	self->base = gt_total(self->watch);
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(life)
{
	EXPECT_TRUE(gt_params_restore(&self->params));
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(self->base, gt_total(self->watch));
	close(self->watch);
}

#endif /* LIFE_H */
