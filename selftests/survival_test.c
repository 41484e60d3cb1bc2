// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the collector must know: each place that may be the only one to hold an
 * object, tried alone.
 */

#include "core_test.h"

/* gc_min: no collection by growth */
#define GC_OFF		0x10000000000LL

/*
 * A place that alone holds an object: it survives 3 collections in each of 20
 * rounds, and not the place. See enum t_how of gort_test.ko. With one P there is
 * no other G that could be in the way; some need two.
 */
FIXTURE(survival) {
	struct gt_params saved;
	int fd;
};

FIXTURE_VARIANT(survival) {
	__u64 how;
	int nprocs;
};

FIXTURE_VARIANT_ADD(survival, on_the_stack_of_a_sleeper) {
	.how = 0, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, by_a_pointer_into_its_middle) {
	.how = 1, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, by_a_pointer_to_its_last_byte) {
	.how = 2, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, by_another_object) {
	.how = 3, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, on_the_stack_of_one_that_runs_elsewhere) {
	.how = 4, .nprocs = 2,
};

FIXTURE_VARIANT_ADD(survival, on_a_segment_before_the_current_one) {
	.how = 5, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, in_a_register_when_the_stack_grew) {
	.how = 6, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, on_the_stack_of_one_in_a_blocking_call) {
	.how = 7, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, on_the_stack_of_one_that_blocks_unannounced) {
	.how = 8, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, in_a_root) {
	.how = 9, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, as_the_argument_of_a_g) {
	.how = 10, .nprocs = 1,
};

FIXTURE_VARIANT_ADD(survival, in_a_register_of_a_sleeper) {
	.how = 11, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, in_a_register_of_one_in_a_blocking_call) {
	.how = 12, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, in_a_register_of_one_that_blocks_unannounced) {
	.how = 13, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, as_the_argument_of_a_blocking_call) {
	.how = 14, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, in_a_register_of_one_that_was_preempted) {
	.how = 15, .nprocs = 1,
};

FIXTURE_VARIANT_ADD(survival, as_an_argument_of_a_function_just_entered) {
	.how = 16, .nprocs = 1,
};

FIXTURE_VARIANT_ADD(survival, in_a_register_of_who_collects) {
	.how = 17, .nprocs = 0,
};

FIXTURE_VARIANT_ADD(survival, in_a_register_of_one_in_a_loop_without_calls) {
	.how = 18, .nprocs = 1,
};

/* nothing that the collector knows: the instrument itself */
FIXTURE_VARIANT_ADD(survival, not_by_a_number_that_is_no_pointer) {
	.how = 19, .nprocs = 0,
};

FIXTURE_SETUP(survival)
{
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, gt_param_set("nprocs", variant->nprocs));
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	ASSERT_EQ(0, gt_param_set("gc_min", GC_OFF));
	if (!ct_loaded("gort_test"))
		ASSERT_EQ(0, ct_insmod_test());
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(survival)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(gt_params_restore(&self->saved));
	EXPECT_TRUE(ct_rmmod_soon("gort_test"));
}

TEST_F(survival, held)
{
	struct gort_completion c;

	if (ct_cpus() < variant->nprocs)
		SKIP(return, "needs %d CPUs", variant->nprocs);
	ASSERT_EQ(0, ct_run(self->fd, &c, "t_survive", variant->how, 20));
	EXPECT_EQ(20, c.result);
}

TEST_HARNESS_MAIN
