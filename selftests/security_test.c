// SPDX-License-Identifier: GPL-2.0-only
/*
 * What somebody with a descriptor of /dev/gort must not be able to do beyond
 * what isolation_test, limits_test and abi_test look at. Each case is a line of
 * Documentation/security.rst.
 */

#include "core_test.h"

#include <sys/sendfile.h>

/* There is a way in for each of these calls, and no way for the others. */
TEST(no_other_way_in)
{
	int fd = gt_open(0), out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char c = 0;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, out);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_EXEC,
				   MAP_PRIVATE, fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, write(fd, &c, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pread(fd, &c, 1, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, sendfile(out, fd, NULL, 4096));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ftruncate(fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fcntl(fd, F_SETFL, O_DIRECT));
	EXPECT_EQ(EINVAL, errno);
	close(out);
	close(fd);
}

static bool all_zero(const char *from, const char *to)
{
	while (from < to)
		if (*from++)
			return false;
	return true;
}

static bool zero_after_end(const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	return len < size && all_zero(s + len, s + size);
}

/* Memory of the kernel's behind a short name would be a leak. */
TEST(nothing_behind_the_end_of_a_text)
{
	struct gort_workload_info w;
	int fd = gt_open(0);
	__u32 i, a;

	ASSERT_LE(0, fd);
	for (i = 0; !gt_workload(fd, i, &w); i++) {
		EXPECT_TRUE(zero_after_end(w.name, sizeof(w.name)));
		EXPECT_TRUE(zero_after_end(w.help, sizeof(w.help)));
		for (a = 0; a < GORT_MAX_ARGS; a++)
			EXPECT_TRUE(zero_after_end(w.args[a].name,
						   sizeof(w.args[a].name)));
		EXPECT_TRUE(all_zero((char *)&w.args[w.nr_args],
				     (char *)&w.args[GORT_MAX_ARGS]));
	}
	EXPECT_LT(0, i);
	close(fd);
}

/* Overflows its stack, for the message. */
static bool overflow_is_told(int log, const char *what)
{
	struct gort_completion c;
	int fd = gt_open(0);
	bool told;

	gt_run(fd, "recurse", 1, 1000000, 1024, 0);
	told = gt_read(fd, &c, 1) == 1 && c.status == -EOVERFLOW &&
	       ct_kmsg_has(log, what);
	close(fd);
	return told;
}

/*
 * A process chooses its name, and messages have it: one with the end of a line
 * in it would let everybody write what they like into the log.
 */
TEST(name_forges_no_message)
{
	int log = ct_kmsg_open();

	ASSERT_LE(0, log);
	ASSERT_EQ(0, prctl(PR_SET_NAME, "a\nb c\x7f\x1b[2J"));
	/* there are only so many messages in a time */
	EXPECT_TRUE(gt_wait_for(overflow_is_told(log, "of a?b c??[2J: stack")));
	close(log);
}

/* For how long a task may have interrupts off is not for its user to say. */
TEST(sections_are_short)
{
	const __u64 most = 10000;
	struct gort_workload_info w;
	struct gort_completion c;
	int fd = gt_open(0);
	__u64 kind;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_find(fd, "lock", &w));
	EXPECT_EQ(most, w.args[1].max);
	for (kind = 0; kind <= w.args[2].max; kind++) {
		EXPECT_EQ(-EINVAL, gt_run(fd, "lock", 1, 1, most + 1, kind));
		ASSERT_EQ(1, gt_run(fd, "lock", 1, 1, most, kind));
		ASSERT_EQ(1, gt_read(fd, &c, 1));
		EXPECT_EQ(gt_steps(most), c.result);
	}
	close(fd);
}

static __u64 stacks_given(int fd)
{
	const struct gort_stats s = ct_stats(fd);

	return s.seg_allocs + s.seg_reuses;
}

/*
 * Loops that have begun, as long as they may be: the process that closes their
 * file can't be killed until they end, so they have to look.
 */
TEST_F(core, loops_that_have_begun_end_when_they_are_cancelled)
{
	const __u64 longest = 1ULL << 30;
	int fd = gt_open(0), n = 16;
	struct gort_completion c;
	__u64 start, one, begun;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_param_set("slice_us", 1000));
	start = gt_now();
	ASSERT_EQ(0, ct_run(self->fd, &c, "loop", longest / 128));
	one = (gt_now() - start) * 128;
	begun = stacks_given(fd);
	ASSERT_EQ(n, ct_start(fd, "loop", n, longest));
	ASSERT_TRUE(gt_wait_for(stacks_given(fd) >= begun + n));
	start = gt_now();
	EXPECT_EQ(0, close(fd));
	EXPECT_GT(one, gt_now() - start);
	TH_LOG("one would take %llu ms, all were gone after %llu ms",
	       (unsigned long long)(one / GT_NSEC_PER_MSEC),
	       (unsigned long long)((gt_now() - start) / GT_NSEC_PER_MSEC));
}

/* A quota of no file is one, too. */
TEST_F(core, quota_of_no_file)
{
	__s64 files = gt_param_get("max_files_user");

	EXPECT_EQ(0, close(self->fd));
	ASSERT_EQ(0, gt_param_set("max_files_user", 0));
	EXPECT_EQ(-EDQUOT, gt_open(0));
	ASSERT_EQ(0, gt_param_set("max_files_user", files));
	self->fd = gt_open(0);
	EXPECT_LE(0, self->fd);
}

TEST_HARNESS_MAIN
