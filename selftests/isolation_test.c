// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps those who share /dev/gort apart: who may open it, what one user may
 * have, that nobody sees, cancels or pays for another's green threads, and that
 * no address of the kernel gets out. Fair shares of the CPU are fair_test's.
 */
#include "cgroup.h"

#include <dirent.h>
#include <sys/klog.h>
#include <sys/socket.h>

#define USER	1000
#define OTHER	1001

FIXTURE(apart) {
	int fd;			/* root's */
	__s64 base;
	struct gt_params params;
	struct stat dev;
	struct gort_task_desc quick, hour;
	struct gort_completion c[32];	/* where nobody looks */
};

FIXTURE_SETUP(apart)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	self->base = gt_total(self->fd);
	ASSERT_TRUE(gt_task(self->fd, "yield", &self->quick, 1, 0, 0));
	ASSERT_TRUE(gt_task(self->fd, "sleep", &self->hour, GT_HOUR, 1, 0));
	ASSERT_EQ(0, stat(GT_DEV, &self->dev));
}

FIXTURE_TEARDOWN(apart)
{
	EXPECT_EQ(0, chmod(GT_DEV, self->dev.st_mode & 07777));
	EXPECT_EQ(0, chown(GT_DEV, self->dev.st_uid, self->dev.st_gid));
	EXPECT_TRUE(gt_params_restore(&self->params));
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base));
	close(self->fd);
}

/* Become user @uid, in group @uid alone. */
static bool become(uid_t uid)
{
	return !syscall(SYS_setgroups, 0, NULL) && !setresgid(uid, uid, uid) &&
	       !setresuid(uid, uid, uid);
}

/* What udev/60-gort.rules does, with a group of the number USER. */
static bool widen(void)
{
	return !chown(GT_DEV, 0, USER) && !chmod(GT_DEV, 0660);
}

/* In a child that is user @uid: the exit code of @fn; 100: it could not begin. */
static int as_user(uid_t uid, int (*fn)(void *arg), void *arg)
{
	pid_t pid = gt_fork();

	if (pid)
		return pid < 0 ? pid : gt_reap(pid);
	if (!become(uid))
		_exit(100);
	_exit(fn(arg));
}

static int try_open(void *unused)
{
	int fd = gt_open(0);

	(void)unused;
	return fd < 0 ? -fd : 0;
}

/* Nobody else gets in unless root says so, and then only who is meant. */
TEST_F(apart, device_is_roots)
{
	char path[256];
	ssize_t len;

	EXPECT_EQ(S_IFCHR | 0600, self->dev.st_mode);
	EXPECT_EQ(0, self->dev.st_uid);
	EXPECT_EQ(EACCES, as_user(USER, try_open, NULL));
	ASSERT_TRUE(widen());
	EXPECT_EQ(0, as_user(USER, try_open, NULL));
	EXPECT_EQ(EACCES, as_user(OTHER, try_open, NULL));

	/* these are the keys of the rule */
	len = readlink("/sys/class/misc/gort/subsystem", path, sizeof(path) - 1);
	ASSERT_LT(0, len);
	path[len] = '\0';
	EXPECT_STREQ("misc", strrchr(path, '/') + 1);
}

static int run_some(void *unused)
{
	static struct gort_completion c[64];
	int fd = gt_open(0), i, n;

	(void)unused;
	if (fd < 0 || gt_run(fd, "yield", 50, 3, 0, 0) != 50)
		return 1;
	n = gt_read_all(fd, c, 64);
	for (i = 0; i < n; i++)
		if (c[i].status)
			return 2;
	return n == 50 ? 0 : 3;
}

TEST_F(apart, user_runs_tasks)
{
	ASSERT_TRUE(widen());
	EXPECT_EQ(0, as_user(USER, run_some, NULL));
}

/* Ids are a file's own: those of another one are of nothing here. */
TEST_F(apart, others_cannot_be_cancelled)
{
	__u64 mine, id, cancelled;
	int other = gt_open(0);

	ASSERT_LE(0, other);
	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, &mine));
	for (id = 0; id < 1000; id++)
		ASSERT_EQ(-ENOENT, gt_cancel(other, id, NULL));
	ASSERT_EQ(0, gt_cancel_all(other, &cancelled));
	EXPECT_EQ(0, cancelled);
	EXPECT_EQ(0, gt_of_file(other));
	EXPECT_EQ(1, gt_of_file(self->fd));

	/* and closing one ends its own alone */
	ASSERT_EQ(10, gt_submit_n(other, &self->hour, 10, NULL));
	close(other);
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base + 1));
	EXPECT_EQ(0, gt_cancel(self->fd, mine, &cancelled));
	EXPECT_EQ(1, cancelled);
	EXPECT_EQ(1, gt_read(self->fd, self->c, 1));
}

/* Two files of one user; what the one has the other can't, and the next user. */
static int two_files(void *arg)
{
	const struct gort_task_desc *hour = arg;
	static struct gort_completion c[64];
	int a = gt_open(0), b = gt_open(0);
	struct gort_submit s;
	__u64 id;

	if (a < 0 || b < 0 || gt_submit_n(a, hour, 12, &id) != 12)
		return 1;
	if (gt_submit_n(b, hour, 20, NULL) != 8)
		return 2;
	if (gt_submit(b, hour, 1, &s) != -EDQUOT || s.error != EDQUOT)
		return 3;
	/* a completion that is not read is still one */
	if (gt_cancel(a, id, NULL) ||
	    gt_wait(a, 1, GORT_WAIT_FOREVER, &(struct gort_wait){ 0 }))
		return 4;
	if (gt_submit(b, hour, 1, &s) != -EDQUOT)
		return 5;
	if (gt_read(a, c, 1) != 1 || gt_submit(b, hour, 1, &s))
		return 6;
	/* neither is one that nobody will read */
	close(a);
	if (gt_submit_n(b, hour, 20, NULL) != 11)
		return 7;
	return 0;
}

TEST_F(apart, user_has_a_quota_of_tasks)
{
	ASSERT_TRUE(widen());
	ASSERT_EQ(0, gt_param_set("max_tasks_user", 20));
	EXPECT_EQ(0, as_user(USER, two_files, &self->hour));
	EXPECT_EQ(0, as_user(USER, two_files, &self->hour)); /* all is back */

	/* one user has all, the next has as much */
	ASSERT_EQ(20, gt_submit_n(self->fd, &self->hour, 30, NULL));
	EXPECT_EQ(0, as_user(USER, two_files, &self->hour));
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(20, gt_read_all(self->fd, self->c, 32));
}

/* A task that starts others does not get round it: 1 + 2 + 4 + 8 + 16 Gs. */
TEST_F(apart, spawned_ones_count_for_the_user)
{
	struct gort_task_desc tree;
	struct gort_completion c;

	ASSERT_TRUE(gt_task(self->fd, "spawn", &tree, 4, 2, 0));
	ASSERT_EQ(1, gt_submit_n(self->fd, &tree, 1, NULL));
	ASSERT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(0, c.status);
	EXPECT_EQ(31, c.result);
	ASSERT_EQ(0, gt_param_set("max_tasks_user", 4));
	ASSERT_EQ(1, gt_submit_n(self->fd, &tree, 1, NULL));
	ASSERT_EQ(1, gt_read(self->fd, &c, 1));
	EXPECT_EQ(-EDQUOT, c.status);
	/* none of them is still counted */
	EXPECT_TRUE(gt_wait_for(gt_total(self->fd) == self->base));
	ASSERT_EQ(4, gt_submit_n(self->fd, &self->quick, 4, NULL));
	EXPECT_EQ(4, gt_read_all(self->fd, self->c, 8));
}

static int many_files(void *unused)
{
	int fd[8], i;

	(void)unused;
	for (i = 0; i < 5; i++) {
		fd[i] = gt_open(0);
		if (fd[i] < 0)
			return 1;
	}
	if (gt_open(0) != -EDQUOT)
		return 2;
	if (dup(fd[0]) < 0) /* is the same file */
		return 3;
	close(fd[1]);
	fd[1] = gt_open(0);
	return fd[1] < 0 ? 4 : 0;
}

TEST_F(apart, user_has_a_quota_of_files)
{
	ASSERT_TRUE(widen());
	ASSERT_EQ(0, gt_param_set("max_files_user", 5));
	EXPECT_EQ(0, as_user(USER, many_files, NULL));
	EXPECT_EQ(0, as_user(USER, many_files, NULL));
	/* root has one open already, and is no exception */
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, many_files(NULL));
	ASSERT_EQ(0, gt_param_set("max_files_user", 100));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

/* Opens it and hands it over. */
static int hand_over(void *arg)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, x = 0;
	struct iovec iov = { .iov_base = &x, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd = gt_open(0);

	if (fd < 0)
		return 1;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(*(int *)arg, &m, 0) == 1 ? 0 : 2;
}

static int receive(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], x;
	struct iovec iov = { .iov_base = &x, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* Who opened it is charged, not who uses it. */
TEST_F(apart, quota_is_the_openers)
{
	int sock[2], fd;

	ASSERT_TRUE(widen());
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, sock));
	ASSERT_EQ(0, as_user(USER, hand_over, &sock[0]));
	fd = receive(sock[1]);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, gt_param_set("max_tasks_user", 5));
	ASSERT_EQ(5, gt_submit_n(self->fd, &self->hour, 10, NULL));
	EXPECT_EQ(5, gt_submit_n(fd, &self->hour, 10, NULL));
	close(fd);
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	EXPECT_EQ(5, gt_read_all(self->fd, self->c, 8));
	close(sock[0]);
	close(sock[1]);
}

/* Does it hold what could be an address of the kernel's, at any offset? */
static bool has_address(const void *buf, size_t len)
{
	const unsigned char *p = buf;
	__u64 val;
	size_t i;

	for (i = 0; i + sizeof(val) <= len; i++) {
		memcpy(&val, p + i, sizeof(val));
		if (val >= 0xffff800000000000ULL && val < 0xffffffffffff0000ULL)
			return true;
	}
	return false;
}

/* The same as text. */
static bool tells_address(const char *text)
{
	const char *p;

	for (p = text; (p = strstr(p, "ffff")); p++)
		if (strspn(p, "0123456789abcdef") >= 16)
			return true;
	return false;
}

/*
 * Each structure that comes back, whatever was in it before: neither an address
 * nor what happened to be on the kernel's stack. Called twice with different
 * bytes before, all that is written must be the same, and all is written.
 */
static int structures(void *unused)
{
	static struct gort_completion c[128];
	struct gort_workload_info w, w2;
	struct gort_info info, info2;
	struct gort_stats st;
	int fd = gt_open(0), n;
	__u32 i;

	(void)unused;
	for (i = 0; !gt_workload(fd, i, &w); i++) {
		memset(&w2, 0xa5, sizeof(w2));
		w2.size = sizeof(w2);
		w2.index = i;
		if (gt_ioctl(fd, GORT_IOC_WORKLOAD, &w2) ||
		    memcmp(&w, &w2, sizeof(w)) || has_address(&w, sizeof(w)))
			return 1;
	}
	if (gt_info(fd, &info))
		return 2;
	memset(&info2, 0x5a, sizeof(info2));
	info2.size = sizeof(info2);
	info2.pad = 0;
	if (gt_ioctl(fd, GORT_IOC_INFO, &info2) ||
	    memcmp(&info, &info2, sizeof(info)) || has_address(&info, sizeof(info)))
		return 3;
	memset(&st, 0x5a, sizeof(st));
	st.size = sizeof(st);
	st.flags = 0;
	st.pad = 0;
	st.cpu = GORT_STATS_ALL;
	if (gt_ioctl(fd, GORT_IOC_STATS, &st))
		return 4;
	st.cpu = 0; /* GORT_STATS_ALL looks like half of an address */
	if (has_address(&st, sizeof(st)))
		return 4;
	for (i = 0; i < sizeof(st) / 8; i++)
		if (((__u64 *)&st)[i] == 0x5a5a5a5a5a5a5a5aULL)
			return 5;
	if (gt_run(fd, "yield", 100, 3, 0, 0) != 100)
		return 6;
	memset(c, 0x5a, sizeof(c));
	n = gt_read_all(fd, c, 128);
	return n != 100 || has_address(c, n * sizeof(c[0])) ? 7 : 0;
}

static int parameters(void *unused)
{
	DIR *d = opendir(GT_PARAMS);
	char path[320], text[256];
	struct dirent *e;
	int n = 0;

	(void)unused;
	if (!d)
		return 1;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), GT_PARAMS "%s", e->d_name);
		if (gt_read_file(path, text, sizeof(text)))
			return 2;
		if (tells_address(text))
			return 3;
		n++;
	}
	closedir(d);
	return n > 10 ? 0 : 4;
}

static int see_debugfs(void *unused)
{
	(void)unused;
	return access("/sys/kernel/debug/gort/gs", F_OK) ? errno : 0;
}

/* The finders find: else the cases below say nothing. */
TEST_F(apart, addresses_would_be_found)
{
	__u64 v[2] = { 1, 0xffff888012345678ULL };

	EXPECT_TRUE(has_address(v, sizeof(v)));
	EXPECT_TRUE(tells_address("at ffffffffc0123456 x"));
	EXPECT_FALSE(has_address("0123456789abcdef", 16));
	EXPECT_FALSE(tells_address("65535, ffff and no more"));
}

TEST_F(apart, no_address_gets_out)
{
	ASSERT_TRUE(widen());
	EXPECT_EQ(0, as_user(USER, structures, NULL));
	EXPECT_EQ(0, as_user(USER, parameters, NULL));
	EXPECT_EQ(0, see_debugfs(NULL));
	EXPECT_EQ(EACCES, as_user(USER, see_debugfs, NULL));
}

/* Everybody may read the kernel's log here; what gort says has no addresses. */
TEST_F(apart, messages_tell_no_address)
{
	static char text[1 << 18];
	char *line, *save;
	int len, seen = 0;

	ASSERT_EQ(1, gt_submit_n(self->fd, &self->hour, 1, NULL));
	ASSERT_EQ(0, gt_cancel_all(self->fd, NULL));
	len = klogctl(3, text, sizeof(text) - 1);
	ASSERT_LT(0, len);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(line, "gort: "))
			continue;
		seen++;
		EXPECT_FALSE(tells_address(line)) TH_LOG("%s", line);
	}
	EXPECT_LT(0, seen);
	EXPECT_EQ(1, gt_read(self->fd, self->c, 1));
}

/*
 * One is in a cgroup with little memory and asks for more than that, again and
 * again; the other, outside, does not have one failure meanwhile.
 */
TEST_F(apart, small_cgroup_fails_alone)
{
	static struct gort_completion c[4096];
	int small, i, n, round, failed = 0, good = 0;
	pid_t bystander;
	__s64 before;

	ASSERT_TRUE(cgroup_make("8M"));
	ASSERT_EQ(0, gt_param_set("stack_cache", 0));
	bystander = cgroup_bystander();
	ASSERT_LT(0, bystander);
	before = cgroup_get("memory.current");
	small = cgroup_open();
	ASSERT_LE(0, small);
	for (round = 0; round < 3; round++) {
		n = gt_submit_n(small, &self->hour, 4000, NULL);
		ASSERT_LT(0, n);
		for (i = 0; i < 5; i++) {
			ASSERT_EQ(200, gt_run(self->fd, "recurse", 200, 20, 512, 0));
			ASSERT_EQ(200, gt_read_all(self->fd, c, 200));
			for (good = 0; good < 200; good++)
				ASSERT_EQ(0, c[good].status);
		}
		ASSERT_EQ(0, gt_cancel_all(small, NULL));
		ASSERT_EQ(n, gt_read_all(small, c, 4096));
		for (i = 0; i < n; i++)
			failed += c[i].status == -ENOMEM;
	}
	EXPECT_LT(0, failed);
	close(small);
	EXPECT_EQ(0, cgroup_kills());
	/* and what it had is paid back */
	EXPECT_TRUE(gt_wait_for(cgroup_get("memory.current") <= before + (512 << 10)));
	kill(bystander, SIGUSR1);
	EXPECT_EQ(-SIGUSR1, gt_reap(bystander));
	EXPECT_TRUE(gt_wait_for(!rmdir(CGROUP)));
}

TEST_HARNESS_MAIN
