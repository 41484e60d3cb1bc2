/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests of what is charged to a memory cgroup: one with a limit, to be in. */
#ifndef CGROUP_H
#define CGROUP_H

#include <sys/mount.h>

#include "gort_test.h"

#define CGROUPS		"/sys/fs/cgroup"
#define CGROUP		CGROUPS "/gort_test"

static inline __s64 cgroup_get(const char *file)
{
	char path[96], text[64];

	snprintf(path, sizeof(path), CGROUP "/%s", file);
	if (gt_read_file(path, text, sizeof(text)))
		return -1;
	return strtoll(text, NULL, 10);
}

/* Times that the cgroup's limit had a task killed. */
static inline __s64 cgroup_kills(void)
{
	char text[256], *at;

	if (gt_read_file(CGROUP "/memory.events", text, sizeof(text)))
		return -1;
	at = strstr(text, "oom_kill ");
	return at ? strtoll(at + strlen("oom_kill "), NULL, 10) : -1;
}

/* A cgroup with a limit on its memory; made, and the hierarchy mounted. */
static inline bool cgroup_make(const char *limit)
{
	if (access(CGROUPS "/cgroup.controllers", F_OK) &&
	    mount("none", CGROUPS, "cgroup2", 0, NULL))
		return false;
	if (gt_write_file(CGROUPS "/cgroup.subtree_control", "+memory"))
		return false;
	rmdir(CGROUP);
	return !mkdir(CGROUP, 0755) &&
	       !gt_write_file(CGROUP "/memory.max", limit);
}

/*
 * Somebody who lives in the cgroup and does nothing: if a limit had to be held
 * by killing, it would be this one's turn.
 */
static inline pid_t cgroup_bystander(void)
{
	pid_t pid = gt_fork();

	if (!pid) {
		if (!gt_write_file(CGROUP "/cgroup.procs", "0"))
			for (;;)
				pause();
		_exit(1);
	}
	if (!gt_wait_for(gt_blocked_in(pid, SYS_pause)))
		return -1;
	return pid;
}

/* A file opened from inside, by a process that is outside again. */
static inline int cgroup_open(void)
{
	int fd;

	if (gt_write_file(CGROUP "/cgroup.procs", "0"))
		return -1;
	fd = gt_open(0);
	if (gt_write_file(CGROUPS "/cgroup.procs", "0"))
		return -1;
	return fd;
}

#endif /* CGROUP_H */
