// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures an echo server of samples/echo, which is inserted already:
 *
 *	echo_client SERVER PORT CONNECTIONS ACTIVE MESSAGES
 *
 * Makes so many connections, lets each send a message, then ACTIVE of them
 * MESSAGES in all, with the others quiet. Prints one line (see the end). Memory
 * is what /proc/meminfo says after the first round less what it said before, for
 * one connection: of both its ends.
 */

#include "echo.h"

struct memory {
	long available, slab, stacks, vmalloc;
};

static long meminfo(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? atol(line + strlen(name)) : 0;
}

/* In KiB. What was freed is given time to come back. */
static struct memory memory(void)
{
	static char text[8192];
	FILE *f = fopen("/proc/meminfo", "re");
	size_t len;

	if (!f)
		return (struct memory) { 0 };
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	return (struct memory) {
		.available = meminfo(text, "MemAvailable:"),
		.slab = meminfo(text, "SUnreclaim:"),
		.stacks = meminfo(text, "KernelStack:"),
		.vmalloc = meminfo(text, "VmallocUsed:"),
	};
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "echo_client: %s: %s\n", what, strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	int port, n, active, err;
	struct memory before, after;
	double t[4];
	struct echo e;
	long messages;

	if (argc != 6) {
		fprintf(stderr, "usage: echo_client SERVER PORT CONNECTIONS ACTIVE MESSAGES\n");
		return 2;
	}
	port = atoi(argv[2]);
	n = atoi(argv[3]);
	active = atoi(argv[4]);
	messages = atol(argv[5]);
	err = echo_limit(n);
	if (err)
		return fail("RLIMIT_NOFILE", err);
	before = memory();
	t[0] = echo_now();
	err = echo_open(&e, port, n);
	if (err)
		return fail("connect", err);
	t[1] = echo_now();
	err = echo_round(&e);
	if (err)
		return fail("a message from each", err);
	t[2] = echo_now();
	if (echo_param(argv[1], "connections") != n)
		return fail("connections of the server", -EBADMSG);
	after = memory();
	t[3] = echo_now();
	err = echo_run(&e, active, messages);
	if (err)
		return fail("messages of some", err);
	/*
	 * bytes for each connection: all, slab, stacks of threads, other vmalloc;
	 * per second: connections made, messages of all, messages of some
	 */
	printf("%s %d %ld %ld %ld %ld %.0f %.0f %d %.0f\n", argv[1], n,
	       (before.available - after.available) * 1024 / n,
	       (after.slab - before.slab) * 1024 / n,
	       (after.stacks - before.stacks) * 1024 / n,
	       (after.vmalloc - before.vmalloc - after.stacks +
		before.stacks) * 1024 / n,
	       n / (t[1] - t[0]), n / (t[2] - t[1]), active,
	       messages / (echo_now() - t[3]));
	echo_close(&e);
	return 0;
}
