// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the collector must know: each place that may be the only one to hold an
 * object, tried alone.
 */

#include "core_test.h"

#define GC_OFF		(1LL << 40)	/* gc_min: no collection by growth */

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

#define PLACE(name_, how_, nprocs_)					\
	FIXTURE_VARIANT_ADD(survival, name_) {				\
		.how = how_, .nprocs = nprocs_,				\
	}

PLACE(on_the_stack_of_a_sleeper, 0, 0);
PLACE(by_a_pointer_into_its_middle, 1, 0);
PLACE(by_a_pointer_to_its_last_byte, 2, 0);
PLACE(by_another_object, 3, 0);
PLACE(on_the_stack_of_one_that_runs_elsewhere, 4, 2);
PLACE(on_a_segment_before_the_current_one, 5, 0);
PLACE(in_a_register_when_the_stack_grew, 6, 0);
PLACE(on_the_stack_of_one_in_a_blocking_call, 7, 0);
PLACE(on_the_stack_of_one_that_blocks_unannounced, 8, 0);
PLACE(in_a_root, 9, 0);
PLACE(as_the_argument_of_a_g, 10, 1);
PLACE(in_a_register_of_a_sleeper, 11, 0);
PLACE(in_a_register_of_one_in_a_blocking_call, 12, 0);
PLACE(in_a_register_of_one_that_blocks_unannounced, 13, 0);
PLACE(as_the_argument_of_a_blocking_call, 14, 0);
PLACE(in_a_register_of_one_that_was_preempted, 15, 1);
PLACE(as_an_argument_of_a_function_just_entered, 16, 1);
PLACE(in_a_register_of_who_collects, 17, 0);
PLACE(in_a_register_of_one_in_a_loop_without_calls, 18, 1);
/* nothing that the collector knows: the instrument itself */
PLACE(not_by_a_number_that_is_no_pointer, 19, 0);

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
