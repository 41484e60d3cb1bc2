// SPDX-License-Identifier: GPL-2.0-only
/*
 * The descriptor of /dev/gort as what it is to all programs: it is shared by
 * processes that come and go, passed on, read by several and by nobody, in
 * pieces, polled, and closed at any moment. Whatever happens, each task
 * completes once, to one reader, as long as anybody holds the file, and nothing
 * is left when nobody does.
 */
#include "core_test.h"
#include "life.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define RECORD	sizeof(struct gort_completion)

static void fill_reap(struct gort_reap *r, struct gort_completion *c, __u32 n,
		      __u32 min)
{
	*r = (struct gort_reap) {
		.size = sizeof(*r), .completions = (uintptr_t)c, .count = n,
		.min_complete = min, .deadline_ns = GORT_WAIT_FOREVER,
	};
}

/* Closed by one process while the other still needs it, tasks would be lost. */
TEST_F(life, child_outlives_its_parent)
{
	struct gort_completion c[8];
	pid_t parent, child;
	int out[2], fd;
	char x = 0;

	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	parent = gt_fork();
	ASSERT_LE(0, parent);
	if (!parent) {
		fd = gt_open(0);
		if (gt_run(fd, "sleep", 4, 100 * GT_NSEC_PER_MSEC, 1, 0) != 4)
			_exit(1);
		child = fork();
		if (child)
			_exit(child < 0);
		/* its parent is gone, or is going */
		if (gt_read_all(fd, c, 4) == 4 &&
		    gt_run(fd, "yield", 3, 1, 0, 0) == 3 &&
		    gt_read_all(fd, c, 8) == 3 && !c[0].status)
			x = 'y';
		_exit(write(out[1], &x, 1) != 1);
	}
	close(out[1]);
	EXPECT_EQ(0, gt_reap(parent));
	EXPECT_EQ(1, read(out[0], &x, 1));
	EXPECT_EQ('y', x);
	close(out[0]);
	EXPECT_TRUE(gt_wait_for(gt_total(self->watch) == self->base));
}

/* Sends @fd over @sock, or with -1 receives one. */
static int pass(int sock, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u = { 0 };
	char x = 'x';
	struct iovec iov = { .iov_base = &x, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u,
		.msg_controllen = sizeof(u),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);

	if (fd < 0) {
		if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != 1 ||
		    !CMSG_FIRSTHDR(&m))
			return -EBADMSG;
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
		return fd;
	}
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
	return sendmsg(sock, &m, 0) == 1 ? 0 : -errno;
}

/* On its way in a socket a file is open, and nobody's if the socket goes. */
TEST_F(life, passed_over_a_socket)
{
	struct gort_completion c[4];
	int sock[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	ASSERT_EQ(2, gt_run(self->fd, "sleep", 2, GT_HOUR, 1, 0));
	ASSERT_EQ(1, gt_run(self->fd, "yield", 1, 1, 0, 0));
	ASSERT_EQ(0, pass(sock[0], self->fd));
	close(self->fd);
	EXPECT_TRUE(gt_wait_for(gt_total(self->watch) == self->base + 2));
	fd = pass(sock[1], -1);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, gt_read(fd, c, 4));
	EXPECT_EQ(0, c[0].status);
	EXPECT_EQ(2, gt_of_file(fd));

	ASSERT_EQ(0, pass(sock[0], fd));
	close(fd);
	EXPECT_EQ(self->base + 2, gt_total(self->watch));
	close(sock[0]);
	close(sock[1]);
	EXPECT_TRUE(gt_wait_for(gt_total(self->watch) == self->base));
	self->fd = -1;
}

/* With this variable the program is the one that was executed: see below. */
static void __attribute__((constructor)) heir(void)
{
	const char *text = getenv("GT_HEIR");
	struct gort_completion c[8];
	int fd;

	if (!text)
		return;
	fd = atoi(text);
	if (gt_read_all(fd, c, 3) != 3 || gt_run(fd, "yield", 1, 1, 0, 0) != 1)
		_exit(errno == EBADF ? 9 : 1);
	_exit(gt_read(fd, c, 8) == 1 ? 0 : 2);
}

/* Tasks go on, and can be read, in another program; without it they end. */
TEST_F(life, exec_hands_it_on_unless_it_closes)
{
	int cloexec;
	char text[16];
	pid_t pid;

	for (cloexec = 0; cloexec < 2; cloexec++) {
		pid = gt_fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			int fd = gt_open(0);

			snprintf(text, sizeof(text), "%d", fd);
			setenv("GT_HEIR", text, 1);
			if (fcntl(fd, F_SETFD, cloexec ? FD_CLOEXEC : 0) ||
			    gt_run(fd, "sleep", 3, 50 * GT_NSEC_PER_MSEC, 1,
				   0) != 3)
				_exit(3);
			execl("/proc/self/exe", "heir", NULL);
			_exit(4);
		}
		EXPECT_EQ(cloexec ? 9 : 0, gt_reap(pid));
		EXPECT_EQ(self->base, gt_total(self->watch));
	}
}

/* What a process is doing when it is killed */
static void be_victim(int doing)
{
	struct gort_completion c[64];
	struct gort_reap r;
	int fd = gt_open(0);

	if (gt_run(fd, "sleep", 100, GT_HOUR, 1, 0) != 100)
		_exit(1);
	for (;;) {
		fill_reap(&r, c, 64, doing ? 101 : 0);
		if (!doing) /* also when the file is full */
			gt_run(fd, "yield", 1000, 1, 0, 0);
		if (gt_ioctl(fd, GORT_IOC_REAP, &r))
			_exit(3);
	}
}

TEST_F(life, kill_in_submit_and_in_reap)
{
	int doing, round;
	pid_t pid;

	for (doing = 0; doing < 2; doing++) {
		for (round = 0; round < 5; round++) {
			pid = gt_fork();
			ASSERT_LE(0, pid);
			if (!pid)
				be_victim(doing);
			ASSERT_TRUE(gt_wait_for(gt_total(self->watch) >=
						self->base + 100));
			usleep(doing ? 0 : 3000 * round);
			ASSERT_TRUE(!doing ||
				    gt_wait_for(gt_blocked_in(pid, SYS_ioctl)));
			kill(pid, SIGKILL);
			EXPECT_EQ(-SIGKILL, gt_reap(pid));
			EXPECT_EQ(self->base, gt_total(self->watch));
		}
	}
}

/*
 * Nobody reads: submits are refused at the cap, again and again, and nothing is
 * thrown away for it. Then all is read, each completion once and in order.
 */
TEST_F(life, nobody_reads)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	struct gort_completion c[64];
	struct gort_task_desc t;
	bool seen[65] = { false };
	struct gort_submit s;
	struct gort_wait w;
	int fd, i, n;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 64));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	p.fd = fd;
	ASSERT_TRUE(gt_task(fd, "yield", &t, 1, 0, 0));
	for (i = 0; i < 64; i++) {
		t.user_data = i;
		ASSERT_EQ(0, gt_submit(fd, &t, 1, &s));
		ASSERT_EQ(i + 1, s.first_id);
	}
	ASSERT_EQ(0, gt_wait(fd, 0, GORT_WAIT_FOREVER, &w));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(-EAGAIN, gt_submit(fd, &t, 1, &s));
	ASSERT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLIN, p.revents);
	EXPECT_EQ(64, gt_of_file(fd));

	for (n = 0; n < 64; n += i) {
		i = gt_read(fd, c, 1 + n % 5);
		ASSERT_LT(0, i);
		ASSERT_EQ(1, poll(&p, 1, 0));
		EXPECT_TRUE(!!(p.revents & POLLOUT));
		while (i && !seen[c[i - 1].id]) {
			seen[c[i - 1].id] = true;
			EXPECT_EQ(c[i - 1].id, c[i - 1].user_data + 1);
			i--;
			n++;
		}
		ASSERT_EQ(0, i) TH_LOG("%llu was read twice", c[i - 1].id);
	}
	EXPECT_EQ(0, gt_read(fd, c, 1));
	EXPECT_EQ(0, gt_submit(fd, &t, 1, &s));
	EXPECT_EQ(65, s.first_id); /* refused ones have none */
	close(fd);
}

/* Reads until the end, by read() or by GORT_IOC_REAP */
struct reader {
	pthread_t thread;
	int fd;
	bool reap;
	__u8 *times;	/* by id */
	int total, empty, err;
};

static void *read_to_the_end(void *arg)
{
	struct gort_completion c[7];
	struct reader *r = arg;
	struct gort_reap p;
	int i, n;

	for (;;) {
		if (r->reap) {
			fill_reap(&p, c, 7, 1);
			r->err = gt_ioctl(r->fd, GORT_IOC_REAP, &p);
			n = r->err ?: (int)p.completed;
			if (!n && p.running)
				r->empty++;
			if (!n && !p.running)
				return NULL;
		} else {
			n = gt_read(r->fd, c, 7);
			if (!n)
				return NULL;
			r->err = n < 0 ? n : 0;
		}
		if (r->err)
			return NULL;
		for (i = 0; i < n; i++)
			__atomic_fetch_add(&r->times[c[i].id], 1,
					   __ATOMIC_RELAXED);
		r->total += n;
	}
}

#define READERS		4
#define OF_READERS	3000
#define IN_BATCHES	2500

/*
 * Each completion goes to one of those who read, and one who is told to wait for
 * one does not come back without as long as there are some to come.
 */
TEST_F(life, readers_share_completions)
{
	struct reader r[READERS] = { 0 };
	__u8 *times = calloc(OF_READERS + 2, 1);
	int i, total = 0;

	ASSERT_TRUE(!!times);
	/* so that none of them is at the end before the others come */
	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	for (i = 0; i < READERS; i++) {
		r[i] = (struct reader) {
			.fd = self->fd, .reap = i % 2, .times = times,
		};
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, read_to_the_end,
					    &r[i]));
	}
	for (i = 0; i < IN_BATCHES / 10; i++)
		ASSERT_EQ(10, gt_run(self->fd, "yield", 10, i % 3 + 1, 0, 0));
	/* all of them are woken for one, and all but one in vain */
	for (; i < IN_BATCHES / 10 + OF_READERS - IN_BATCHES; i++) {
		ASSERT_EQ(1, gt_run(self->fd, "yield", 1, 1, 0, 0));
		ASSERT_TRUE(gt_wait_for(gt_of_file(self->fd) == 1));
	}
	ASSERT_EQ(0, gt_cancel(self->fd, 1, NULL));
	for (i = 0; i < READERS; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_EQ(0, r[i].err) TH_LOG("reader %d", i);
		EXPECT_EQ(0, r[i].empty) TH_LOG("reader %d", i);
		total += r[i].total;
	}
	EXPECT_EQ(OF_READERS + 1, total);
	for (i = 1; i <= OF_READERS + 1; i++)
		ASSERT_EQ(1, times[i]) TH_LOG("task %d", i);
	free(times);
}

/* Records are whole wherever they are put, and however small the pieces are. */
TEST_F(life, buffers_of_all_kinds)
{
	char raw[3 * RECORD + 8], pieces[2 * RECORD + 1];
	struct iovec iov[2 * RECORD];
	struct gort_completion c;
	struct gort_wait w;
	unsigned int i;

	ASSERT_EQ(20, gt_run(self->fd, "yield", 20, 1, 0, 0));
	ASSERT_EQ(0, gt_wait(self->fd, 0, GORT_WAIT_FOREVER, &w));
	for (i = 0; i < 8; i++) {
		memset(raw, 0xa5, sizeof(raw));
		ASSERT_EQ(RECORD, read(self->fd, raw + i, RECORD + i));
		memcpy(&c, raw + i, RECORD);
		EXPECT_EQ(0, c.status);
		EXPECT_EQ((char)0xa5, raw[i + RECORD]);
	}
	/* two records, a byte each, and a byte that stays */
	for (i = 0; i < 2 * RECORD; i++)
		iov[i] = (struct iovec) { &pieces[i], 1 };
	pieces[2 * RECORD] = 'x';
	ASSERT_EQ(2 * RECORD, readv(self->fd, iov, 2 * RECORD));
	memcpy(&c, pieces + RECORD, RECORD);
	EXPECT_EQ(1, c.result);
	EXPECT_EQ('x', pieces[2 * RECORD]);
	/* less than one in all pieces together */
	EXPECT_EQ(-1, readv(self->fd, iov, RECORD - 1));
	EXPECT_EQ(EINVAL, errno);
	/* a piece that is not there: the record stays */
	iov[30].iov_base = NULL;
	EXPECT_EQ(-1, readv(self->fd, iov, RECORD));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(10, gt_of_file(self->fd));

	EXPECT_EQ(-1, pread(self->fd, raw, RECORD, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, write(self->fd, raw, RECORD));
	EXPECT_EQ(EINVAL, errno);
}

/* One call that must not wait, on a file whose others may. */
TEST_F(life, read_without_waiting)
{
	struct gort_completion c;
	struct iovec iov = { &c, sizeof(c) };

	EXPECT_EQ(0, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	EXPECT_EQ(-1, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(1, gt_run(self->fd, "yield", 1, 1, 0, 0));
	ASSERT_EQ(0, gt_wait(self->fd, 1, GORT_WAIT_FOREVER,
			     &(struct gort_wait){ 0 }));
	EXPECT_EQ(RECORD, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
}

/* What an event loop is told that is told of changes alone; 0: nothing */
static __u32 edge(int ep, int ms)
{
	struct epoll_event e = { 0 };

	return epoll_wait(ep, &e, 1, ms) == 1 ? e.events : 0;
}

/*
 * A change that is not told is a program that sleeps for ever: completions that
 * come after others which nobody has read, room after none, the end.
 */
TEST_F(life, changes_are_told_to_epoll)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
	};
	struct gort_completion c[8];
	int ep = epoll_create1(EPOLL_CLOEXEC), fd, i;

	ASSERT_EQ(0, gt_param_set("max_tasks_file", 4));
	fd = gt_open(0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, gt_run(fd, "sleep", 1, GT_HOUR, 1, 0));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	EXPECT_EQ(EPOLLOUT, edge(ep, GT_POLL_MS));
	EXPECT_EQ(0, edge(ep, 0));
	for (i = 1; i < 4; i++) {
		ASSERT_EQ(1, gt_run(fd, "yield", 1, 1, 0, 0));
		EXPECT_EQ(i < 3 ? EPOLLIN | EPOLLOUT : EPOLLIN,
			  edge(ep, GT_POLL_MS)) TH_LOG("task %d", i);
	}
	EXPECT_EQ(0, edge(ep, 20));
	/* full: the first one that is read makes room */
	ASSERT_EQ(1, gt_read(fd, c, 1));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, edge(ep, GT_POLL_MS));
	ASSERT_EQ(2, gt_read(fd, c, 8));
	edge(ep, 0);
	ASSERT_EQ(0, gt_cancel_all(fd, NULL));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, edge(ep, GT_POLL_MS));
	/* nothing more to come */
	ASSERT_EQ(1, gt_read(fd, c, 8));
	EXPECT_EQ(EPOLLOUT | EPOLLRDHUP, edge(ep, GT_POLL_MS));
	close(fd);
	close(ep);
}

/* Who did not ask for the end is not told: old programs would spin. */
TEST_F(life, end_is_told_to_who_asks)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };

	EXPECT_EQ(0, poll(&p, 1, 0));
	p.events = POLLIN | POLLRDHUP;
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLRDHUP, p.revents);
	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	EXPECT_EQ(0, poll(&p, 1, 0));
}

/* Files come and go by the thousand, each with tasks in all states. */
TEST_F(life, thousand_files)
{
	int fds[50], i, j;

	for (i = 0; i < 1000; i += ARRAY_SIZE(fds)) {
		for (j = 0; j < (int)ARRAY_SIZE(fds); j++) {
			fds[j] = gt_open(0);
			ASSERT_LE(0, fds[j]);
			ASSERT_EQ(2, gt_run(fds[j], "sleep", 2, GT_HOUR, 1, 0));
			ASSERT_EQ(3, gt_run(fds[j], "yield", 3, 5, 0, 0));
		}
		for (j = 0; j < (int)ARRAY_SIZE(fds); j++)
			ASSERT_EQ(0, close(fds[(j * 7 + i) %
					       ARRAY_SIZE(fds)]));
		ASSERT_EQ(self->base, gt_total(self->watch));
	}
}

/* The errors of a wait, where it also reads. */
TEST_F(life, reap_ends_as_a_wait_does)
{
	struct gort_completion c[2];
	struct gort_reap r;
	struct gt_poker p;

	ASSERT_EQ(1, gt_run(self->fd, "sleep", 1, GT_HOUR, 1, 0));
	gt_catch(SIGUSR1, 0);
	ASSERT_EQ(0, gt_poke_me(&p, SYS_ioctl, 1));
	fill_reap(&r, c, 2, 1);
	EXPECT_EQ(-EINTR, gt_ioctl(self->fd, GORT_IOC_REAP, &r));
	gt_poke_end(&p);

	/* with something to read there is nothing to complain of */
	ASSERT_EQ(1, gt_run(self->fd, "yield", 1, 1, 0, 0));
	ASSERT_EQ(0, gt_wait(self->fd, 1, GORT_WAIT_FOREVER,
			     &(struct gort_wait){ 0 }));
	ASSERT_EQ(0, gt_poke_me(&p, SYS_ioctl, 1));
	fill_reap(&r, c, 2, 2);
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_REAP, &r));
	gt_poke_end(&p);
	EXPECT_EQ(1, r.completed);
	EXPECT_EQ(1, r.running);
	EXPECT_EQ(2, gt_signals());
}

TEST_F(core, deadlock_ends_a_reap)
{
	struct gort_completion c[2];
	struct gort_reap r;

	ASSERT_EQ(1, ct_start(self->fd, "t_couple", 1));
	fill_reap(&r, c, 2, 1);
	EXPECT_EQ(-EDEADLK, gt_ioctl(self->fd, GORT_IOC_REAP, &r));
	EXPECT_EQ(1, r.running);
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(0, gt_ioctl(self->fd, GORT_IOC_REAP, &r));
	EXPECT_EQ(1, r.completed);
	EXPECT_EQ(-ECANCELED, c[0].status);
}

TEST_HARNESS_MAIN
