/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What chan_test and select_test share: gort_test_chan.ko, whose workloads look
 * for themselves whether all is well, on one P and on all of them.
 */
#ifndef CHAN_TEST_H
#define CHAN_TEST_H

#include "core_test.h"
#include "modules/gort_test_chan_ioctl.h"

#define CHAN_DEV	"/dev/gort_test_chan"
#define CHAN_FOREVER	(~0ULL)

/* As ct_run(), for what takes longer; says where in the module it failed. */
#define chan_run(fd, result, name, ...)					\
	chan_run_args(_metadata, fd, result, name,			\
		      (const __u64 [GORT_MAX_ARGS]) { __VA_ARGS__ })

static inline int chan_run_args(struct __test_metadata *_metadata, int fd,
				__u64 *result, const char *name,
				const __u64 *args)
{
	struct gort_completion c = { 0 };
	struct gort_wait w;
	int err = ct_start_args(fd, name, 1, args);

	if (err != 1)
		return err ? err : -ENODATA;
	err = gt_wait(fd, 1, gt_now() + 10 * GT_PATIENCE, &w);
	if (!err)
		err = gt_read(fd, &c, 1) == 1 ? c.status : -ENODATA;
	if (err) {
		TH_LOG("%s(%llu, %llu, %llu): status %d, line %llu", name,
		       args[0], args[1], args[2], err, c.result);
	}
	if (result)
		*result = c.result;
	return err;
}

/* A command of the module's device: what it returned */
static inline int chan_cmd(int dev, unsigned long nr, struct c_cmd *cmd)
{
	int ret = ioctl(dev, nr, cmd);

	return ret < 0 ? -errno : ret;
}

static inline int chan_do(int dev, unsigned long nr, __u32 chan, __u64 value)
{
	struct c_cmd cmd = {
		.chan = chan, .value = value, .deadline_ns = CHAN_FOREVER,
	};

	return chan_cmd(dev, nr, &cmd);
}

/* Both channels anew, with this capacity */
static inline int chan_anew(int dev, __u32 cap)
{
	struct c_cmd cmd = { .cap = cap };

	return chan_cmd(dev, C_IOC_INIT, &cmd);
}

/* Cases that wait in the two channels */
static inline int chan_waiting(int dev)
{
	return chan_do(dev, C_IOC_WAITING, 0, 0);
}

static inline int chan_insmod(void)
{
	return ct_insmod_own("gort_test_chan", "");
}

FIXTURE(chan) {
	struct gt_params saved;
	int fd;
	int dev;
};

FIXTURE_VARIANT(chan) {
	int nprocs;
};

FIXTURE_VARIANT_ADD(chan, one) {
	.nprocs = 1,
};

FIXTURE_VARIANT_ADD(chan, all) {
	.nprocs = 0,
};

FIXTURE_SETUP(chan)
{
	self->fd = -1;
	self->dev = -1;
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("nprocs", variant->nprocs));
	ASSERT_EQ(0, gt_param_set("slice_us", 10000));
	if (!ct_loaded("gort_test_chan"))
		ASSERT_EQ(0, chan_insmod());
	self->dev = open(CHAN_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(chan)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->dev));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test_chan"));
}

#endif /* CHAN_TEST_H */
