// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of who waits in vain, and of mistakes with mutexes and their kin:
 * each documented errno, as a G, as a task and in an interrupt, a message that
 * names who made the mistake, and nothing else has changed.
 */

#include "sync_test.h"

/* As enum s_why of gort_test_sync.ko */
enum {
	WHY_LATE,
	WHY_PAST,
	WHY_CANCELLED,
	WHY_BEFORE,
	WHY_LOCKED,
	WHY_SECTION,
	WHY_CALLED,
	WHY_TRIED,
	WHY_SYSCALL,
};

/* As enum s_wrong there */
enum {
	WRONG_SELF,
	WRONG_NOT_OWNED,
	WRONG_TWICE,
	WRONG_TOO_FEW,
	WRONG_TOO_MANY,
};

/* All that waits, for one reason: the same errno, and no trace. */
static void expect_in_vain(struct __test_metadata *_metadata, int fd,
			   __u64 why, int err)
{
	__u64 form;

	for (form = 0; form < ST_FORMS; form++)
		EXPECT_EQ(err, ct_run(fd, NULL, "s_block", form, why)) {
			TH_LOG("form %llu", form);
		}
}

TEST_F(sync, deadline_ends_a_wait)
{
	expect_in_vain(_metadata, self->fd, WHY_LATE, -ETIME);
	expect_in_vain(_metadata, self->fd, WHY_PAST, -ETIME);
	/* in a blocking call it is a task that waits */
	expect_in_vain(_metadata, self->fd, WHY_SYSCALL, -ETIME);
}

TEST_F(sync, cancelling_ends_a_wait)
{
	expect_in_vain(_metadata, self->fd, WHY_CANCELLED, -ECANCELED);
	expect_in_vain(_metadata, self->fd, WHY_BEFORE, -ECANCELED);
}

/* With a gort lock, in a section of the kernel's: whether it is free or not */
TEST_F(sync, wait_with_a_lock_held_is_refused)
{
	expect_in_vain(_metadata, self->fd, WHY_LOCKED, -EDEADLK);
	expect_in_vain(_metadata, self->fd, WHY_SECTION, -EDEADLK);
}

TEST_F(sync, wait_in_a_called_function_is_refused)
{
	expect_in_vain(_metadata, self->fd, WHY_CALLED, -EPERM);
}

TEST_F(sync, trying_does_not_wait)
{
	__u64 form;

	for (form = ST_SEM; form <= ST_WRITE; form++)
		EXPECT_EQ(-EAGAIN, ct_run(self->fd, NULL, "s_block", form,
					  WHY_TRIED)) {
			TH_LOG("form %llu", form);
		}
}

/* A process waits as well as a G, until its deadline or a signal. */
TEST_F(sync, process_waits)
{
	struct gt_poker p;
	unsigned int form;

	ASSERT_EQ(0, gt_catch(SIGUSR1, 0));
	for (form = 0; form < ST_FORMS; form++) {
		EXPECT_EQ(-ETIME, st_task("wait", form, 2000)) {
			TH_LOG("form %u", form);
		}
		EXPECT_EQ(-EPERM, st_task("atomic", form, 2000)) {
			TH_LOG("form %u", form);
		}
		ASSERT_EQ(0, gt_poke_me(&p, SYS_write, 1));
		EXPECT_EQ(-EINTR, st_task("wait", form, 0)) {
			TH_LOG("form %u", form);
		}
		gt_poke_end(&p);
	}
}

/* Runs a mistake; the log must say @what, and who. */
static void expect_wrong(struct __test_metadata *_metadata, int fd, __u64 form,
			 __u64 what, int err, const char *message)
{
	int log = ct_kmsg_open();

	ASSERT_LE(0, log);
	EXPECT_EQ(err, ct_run(fd, NULL, "s_misuse", form, what)) {
		TH_LOG("form %llu", form);
	}
	EXPECT_TRUE(ct_kmsg_has(log, message)) {
		TH_LOG("form %llu: nobody said: %s", form, message);
	}
	close(log);
}

/* Messages are limited, ten in five seconds. */
static void wait_for_messages(void)
{
	sleep(5);
}

/* It would wait for itself. */
TEST_F(sync, owner_that_locks_again_is_refused)
{
	wait_for_messages();
	expect_wrong(_metadata, self->fd, ST_MUTEX, WRONG_SELF, -EDEADLK,
		     "gort_mutex_lock_until: of a mutex that it holds");
	expect_wrong(_metadata, self->fd, ST_WRITE, WRONG_SELF, -EDEADLK,
		     "gort_write_lock_until: of a lock that it holds to write");
	expect_wrong(_metadata, self->fd, ST_READ, WRONG_SELF, -EDEADLK,
		     "gort_read_lock_until: of a lock that it holds to write");
	expect_wrong(_metadata, self->fd, ST_ONCE, WRONG_SELF, -EDEADLK,
		     "gort_once_do_until: inside of what is done");
}

/* Of another's, of nobody's, and a condition without the mutex */
TEST_F(sync, unlock_by_another_one_is_refused)
{
	wait_for_messages();
	expect_wrong(_metadata, self->fd, ST_MUTEX, WRONG_NOT_OWNED, -EPERM,
		     "gort_mutex_unlock: of a mutex that it does not hold");
	expect_wrong(_metadata, self->fd, ST_WRITE, WRONG_NOT_OWNED, -EPERM,
		     "gort_write_unlock: of a lock that it does not hold");
	expect_wrong(_metadata, self->fd, ST_READ, WRONG_NOT_OWNED, -EPERM,
		     "gort_read_unlock: of a lock that nobody holds to read");
	expect_wrong(_metadata, self->fd, ST_COND, WRONG_NOT_OWNED, -EPERM,
		     "gort_cond_wait_until: without the mutex");
}

TEST_F(sync, second_unlock_is_refused)
{
	wait_for_messages();
	expect_wrong(_metadata, self->fd, ST_MUTEX, WRONG_TWICE, -EPERM,
		     "gort_mutex_unlock: of a mutex that it does not hold");
	expect_wrong(_metadata, self->fd, ST_WRITE, WRONG_TWICE, -EPERM,
		     "gort_write_unlock: of a lock that it does not hold");
	expect_wrong(_metadata, self->fd, ST_READ, WRONG_TWICE, -EPERM,
		     "gort_read_unlock: of a lock that nobody holds to read");
}

TEST_F(sync, counts_have_bounds)
{
	wait_for_messages();
	expect_wrong(_metadata, self->fd, ST_WG, WRONG_TOO_FEW, -EINVAL,
		     "gort_wg_add: less than nothing is left");
	expect_wrong(_metadata, self->fd, ST_WG, WRONG_TOO_MANY, -EOVERFLOW,
		     "gort_wg_add: too much");
	expect_wrong(_metadata, self->fd, ST_SEM, WRONG_TOO_MANY, -EOVERFLOW,
		     "gort_sem_release: too many units");
}

/* The message names the G and its context, or the process. */
TEST_F(sync, message_says_who)
{
	int log = ct_kmsg_open();

	ASSERT_LE(0, log);
	wait_for_messages();
	EXPECT_EQ(-EPERM, ct_run(self->fd, NULL, "s_misuse", ST_MUTEX,
				 WRONG_TWICE));
	EXPECT_TRUE(ct_kmsg_has(log, "gort: G "));
	EXPECT_EQ(-EDEADLK, st_task("self", ST_MUTEX, 0));
	EXPECT_TRUE(ct_kmsg_has(log, "called by misuse_test ("));
	close(log);
}

/* The same mistakes by a process */
TEST_F(sync, process_is_refused_as_well)
{
	EXPECT_EQ(-EDEADLK, st_task("self", ST_MUTEX, 0));
	EXPECT_EQ(-EDEADLK, st_task("self", ST_READ, 0));
	EXPECT_EQ(-EDEADLK, st_task("self", ST_WRITE, 0));
	EXPECT_EQ(-EDEADLK, st_task("self", ST_ONCE, 0));
	EXPECT_EQ(-EPERM, st_task("owner", ST_MUTEX, 0));
	EXPECT_EQ(-EPERM, st_task("owner", ST_READ, 0));
	EXPECT_EQ(-EPERM, st_task("owner", ST_WRITE, 0));
	EXPECT_EQ(-EPERM, st_task("owner", ST_COND, 0));
}

/*
 * In an interrupt what wakes and what tries works, what may wait is refused, and
 * so is what has an owner.
 */
TEST_F(sync, interrupt_tries_and_wakes)
{
	char text[256], want[256];

	/* semaphore, mutex, reader, writer, wait group, once, condition */
	snprintf(want, sizeof(want),
		 "0 0 %d %d %d %d 0 0 %d %d %d %d 0 0 %d %d %d 0 ",
		 -EPERM, -EPERM, -EPERM, -EPERM, -EPERM, -EPERM, -EPERM,
		 -EPERM, -EPERM, -EPERM, -EPERM);
	ASSERT_EQ(0, gt_read_file(ST_IRQ, text, sizeof(text)));
	EXPECT_STREQ(want, text);
}

/* It is taken away from it, with a message, and is there for others. */
TEST_F(sync, g_that_ends_with_a_lock_loses_it)
{
	const struct {
		__u64 form;
		const char *message;
	} left[] = {
		{ ST_MUTEX, "ended with a gort_mutex" },
		{ ST_WRITE, "ended with a gort_rwlock" },
		{ ST_ONCE, "ended with a gort_once" },
	};
	struct gort_completion c;
	unsigned int i;
	__u64 how;
	int log;

	wait_for_messages();
	for (i = 0; i < ARRAY_SIZE(left); i++) {
		for (how = 0; how <= 1; how++) {
			log = ct_kmsg_open();
			EXPECT_EQ(-EDEADLK, ct_run(self->fd, &c, "s_leave",
						   left[i].form, how, 0));
			EXPECT_TRUE(ct_kmsg_has(log, left[i].message)) {
				TH_LOG("nobody said: %s", left[i].message);
			}
			close(log);
			EXPECT_EQ(0, ct_run(self->fd, &c, "s_leave", 0, 0, 1));
		}
	}
}

/* The collector knows what a G is to give back, though nothing points to it. */
TEST_F(sync, mutex_that_is_held_is_not_collected)
{
	struct gort_completion c;

	EXPECT_EQ(0, ct_run(self->fd, &c, "s_forget"));
	EXPECT_EQ(32, c.result);
}

/* Who waits for it gets it. The once is done by the next one, and once. */
TEST_F(sync, g_that_ends_with_a_lock_leaves_nobody_waiting)
{
	struct gort_completion c;

	EXPECT_EQ(0, ct_run(self->fd, &c, "s_passon", ST_MUTEX, 10));
	EXPECT_EQ(10, c.result);
	EXPECT_EQ(0, ct_run(self->fd, &c, "s_passon", ST_WRITE, 10));
	EXPECT_EQ(10, c.result);
	EXPECT_EQ(0, ct_run(self->fd, &c, "s_passon", ST_ONCE, 10));
	EXPECT_EQ(1ULL << 32 | 10, c.result);
}

TEST_HARNESS_MAIN
