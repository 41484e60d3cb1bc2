// SPDX-License-Identifier: GPL-2.0-only
/*
 * The modules of samples/ do what they say: their workloads return what can be
 * computed here, and the echo servers, with green threads and without, return
 * what a client sends them, whatever the client does, and can be removed at any
 * time.
 */

#include "core_test.h"
#include "echo.h"

#include <poll.h>

#define MANY		10000	/* connections of gort_echo */
#define MANY_OTHERS	200	/* of the other servers, which is no matter here */

/* One that a test has left behind, since it was killed, will do. */
static int insmod_sample(const char *name, const char *params)
{
	if (!*params && ct_loaded(name))
		return 0;
	return ct_insmod_own(name, params);
}

static const char * const modules[] = {
	"gort_squares", "gort_pipeline", "gort_sieve",
};

/* A test that is killed does not come to its teardown. */
static void __attribute__((destructor)) remove_what_is_left(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modules); i++)
		ct_rmmod_soon(modules[i]);
	ct_rmmod_soon("gort_echo");
	ct_rmmod_soon("echo_kthread");
	ct_rmmod_soon("echo_wq");
}

FIXTURE(workloads) {
	struct gt_params saved;
	int fd;
};

FIXTURE_SETUP(workloads)
{
	unsigned int i;

	ASSERT_TRUE(gt_params_save(&self->saved));
	for (i = 0; i < ARRAY_SIZE(modules); i++)
		ASSERT_EQ(0, insmod_sample(modules[i], ""));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(workloads)
{
	unsigned int i;

	EXPECT_EQ(0, close(self->fd));
	for (i = 0; i < ARRAY_SIZE(modules); i++)
		EXPECT_TRUE(ct_rmmod_soon(modules[i]));
	EXPECT_TRUE(gt_params_restore(&self->saved));
}

static __u64 nth_prime(__u64 n)
{
	__u64 p = 1, d;

	while (n) {
		p++;
		for (d = 2; d * d <= p && p % d; d++)
			;
		n -= d * d > p;
	}
	return p;
}

static __u64 digits_of_collatz(__u64 count)
{
	__u64 sum = 0, steps, n, i;

	for (i = 1; i <= count; i++) {
		for (n = i, steps = 0; n > 1; steps++)
			n = n % 2 ? 3 * n + 1 : n / 2;
		for (; steps; steps /= 10)
			sum += steps % 10;
	}
	return sum;
}

static __u64 result_of(struct __test_metadata *_metadata, int fd,
		       const char *name, __u64 a, __u64 b)
{
	struct gort_completion c;

	EXPECT_EQ(0, ct_run(fd, &c, name, a, b)) {
		TH_LOG("%s %llu %llu", name, a, b);
		return ~0ULL;
	}
	return c.result;
}

/* What comes out is right, on one P and on all, and all Gs end with the task. */
TEST_F(workloads, results_are_right)
{
	const int fd = self->fd;
	int n, i;

	for (n = 1; n >= 0; n--) {
		ASSERT_EQ(0, gt_param_set("nprocs", n));
		for (i = 0; i < 50; i += 7)
			EXPECT_EQ(i * (i + 1) * (2 * i + 1) / 6,
				  result_of(_metadata, fd, "squares", i, 0));
		for (i = 1; i <= 125; i *= 5)
			EXPECT_EQ(nth_prime(i),
				  result_of(_metadata, fd, "sieve", i, 0));
		for (i = 1; i <= 64; i *= 8)
			EXPECT_EQ(digits_of_collatz(300),
				  result_of(_metadata, fd, "pipeline", 300, i));
		EXPECT_EQ(0, result_of(_metadata, fd, "pipeline", 0, 3));
		EXPECT_EQ(digits_of_collatz(1),
			  result_of(_metadata, fd, "pipeline", 1, 3));
		ASSERT_TRUE(gt_wait_for(!gt_total(fd)));
	}
}

/* Several of each at once, in short slices, do not get in each other's way. */
TEST_F(workloads, many_at_once)
{
	const int fd = self->fd, n = 4;
	struct gort_completion c;
	__u64 sum = 0;
	int i;

	ASSERT_EQ(0, gt_param_set("slice_us", 200));
	ASSERT_EQ(n, ct_start(fd, "squares", n, 30));
	ASSERT_EQ(n, ct_start(fd, "sieve", n, 60));
	ASSERT_EQ(n, ct_start(fd, "pipeline", n, 100, 5));
	for (i = 0; i < 3 * n; i++) {
		ASSERT_EQ(0, ct_next(fd, &c));
		EXPECT_EQ(0, c.status);
		sum += c.result;
	}
	EXPECT_EQ(n * (30 * 31 * 61 / 6 + nth_prime(60) +
		       digits_of_collatz(100)), sum);
}

/*
 * A task that is cancelled takes all Gs with it that it has started, though only
 * its own G was told: it closes their channels.
 */
TEST_F(workloads, cancelled_amid)
{
	static const struct {
		const char *name;
		__u64 args[GORT_MAX_ARGS];
		__s64 gs;
	} w[] = {
		{ "squares", { 1000000 }, 2 },
		{ "sieve", { 10000 }, 40 },
		{ "pipeline", { 10000000, 20 }, 41 },
	};
	struct gort_task_desc t;
	struct gort_completion c;
	unsigned int i;
	__u64 id;

	for (i = 0; i < ARRAY_SIZE(w); i++) {
		ASSERT_TRUE(gt_task(self->fd, w[i].name, &t, w[i].args[0],
				    w[i].args[1], 0));
		ASSERT_EQ(1, gt_submit_n(self->fd, &t, 1, &id));
		ASSERT_TRUE(gt_wait_for(gt_total(self->fd) >= w[i].gs));
		ASSERT_EQ(0, gt_cancel(self->fd, id, NULL));
		ASSERT_EQ(0, ct_next(self->fd, &c));
		EXPECT_EQ(-ECANCELED, c.status);
		ASSERT_TRUE(gt_wait_for(!gt_total(self->fd))) {
			TH_LOG("%s: %lld are left", w[i].name,
			       gt_total(self->fd));
		}
	}
}

/* So does a file that is closed; then the modules can be removed (teardown). */
TEST_F(workloads, closed_amid)
{
	ASSERT_EQ(1, ct_start(self->fd, "squares", 1, 1000000));
	ASSERT_EQ(1, ct_start(self->fd, "sieve", 1, 10000));
	ASSERT_EQ(1, ct_start(self->fd, "pipeline", 1, 10000000, 10));
	ASSERT_TRUE(gt_wait_for(gt_total(self->fd) >= 50));
	ASSERT_EQ(0, close(self->fd));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	EXPECT_TRUE(gt_wait_for(!gt_total(self->fd)));
}

/* Whichever allocation fails: it is an errno or the result, and no G stays. */
TEST_F(workloads, allocations_fail)
{
	static const char * const names[] = { "squares", "pipeline", "sieve" };
	unsigned int i;
	int n, err, failed;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		failed = 0;
		for (n = 1; n < 60; n++) {
			ASSERT_EQ(0, gt_param_set("fail_nth", n));
			err = ct_run(self->fd, NULL, names[i], 12,
				     strcmp(names[i], "pipeline") ? 0 : 3);
			failed += !!err;
			ASSERT_TRUE(!err || err == -ENOMEM)
				TH_LOG("%s, fail_nth=%d: %d", names[i], n, err);
			ASSERT_TRUE(gt_wait_for(!gt_total(self->fd)));
			if (gt_param_get("fail_nth"))
				break;
		}
		TH_LOG("%s: %d of %d failed", names[i], failed, n);
		EXPECT_LT(1, failed);
		EXPECT_GT(60, n);
		ASSERT_EQ(0, gt_param_set("fail_nth", 0));
	}
}

FIXTURE(echo) {
	struct gt_params saved;
	struct echo client;
	int fd; /* of gort, for its counters */
};

FIXTURE_VARIANT(echo) {
	const char *server;
	int port;
	int many;
};

FIXTURE_VARIANT_ADD(echo, gort) {
	.server = "gort_echo", .port = 7007, .many = MANY,
};

FIXTURE_VARIANT_ADD(echo, kthread) {
	.server = "echo_kthread", .port = 7008, .many = MANY_OTHERS,
};

FIXTURE_VARIANT_ADD(echo, wq) {
	.server = "echo_wq", .port = 7009, .many = MANY_OTHERS,
};

FIXTURE_SETUP(echo)
{
	self->client = (struct echo) { .ep = -1 };
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_EQ(0, insmod_sample(variant->server, ""));
	self->fd = gt_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, echo_limit(MANY));
}

FIXTURE_TEARDOWN(echo)
{
	echo_close(&self->client);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(ct_rmmod_soon(variant->server));
	EXPECT_TRUE(gt_params_restore(&self->saved));
}

/* Messages come back whole, on each connection its own, on one P and on all. */
TEST_F(echo, messages_come_back)
{
	int n;

	for (n = 1; n >= 0; n--) {
		ASSERT_EQ(0, gt_param_set("nprocs", n));
		ASSERT_EQ(0, echo_open(&self->client, variant->port, 50));
		EXPECT_EQ(0, echo_round(&self->client));
		EXPECT_EQ(0, echo_run(&self->client, 10, 500));
		EXPECT_EQ(0, echo_round(&self->client));
		EXPECT_EQ(50, echo_param(variant->server, "connections"));
		echo_close(&self->client);
		EXPECT_TRUE(gt_wait_for(!echo_param(variant->server,
						    "connections")));
	}
}

/* Bytes of a long stream, from the one at @at on */
static void slow_bytes(char *buf, size_t len, unsigned long at)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = (at + i) * 31 >> 3;
}

/*
 * A client that sends without reading fills all buffers on the way: the server
 * waits until it reads, and gets on with others. Then nothing is missing.
 */
TEST_F(echo, server_waits_for_slow_reader)
{
	static char out[65536], back[65536], should[65536];
	unsigned long sent = 0, got = 0;
	struct pollfd p;
	ssize_t n;
	int fd;

	fd = echo_connect(0, variant->port, 0);
	ASSERT_LE(0, fd);
	p = (struct pollfd) { .fd = fd, .events = POLLOUT };
	/* until there was no room for some time */
	while (poll(&p, 1, 500) == 1) {
		slow_bytes(out, sizeof(out), sent);
		n = send(fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);
		ASSERT_LT(0, n);
		sent += n;
	}
	TH_LOG("%lu bytes without reading", sent);
	EXPECT_LT(65536, sent);
	ASSERT_EQ(0, echo_open(&self->client, variant->port, 3));
	EXPECT_EQ(0, echo_round(&self->client));

	/* half closed: it can be read to the end */
	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	while ((n = recv(fd, back, sizeof(back), 0)) > 0) {
		slow_bytes(should, n, got);
		ASSERT_EQ(0, memcmp(should, back, n));
		got += n;
	}
	EXPECT_EQ(0, n);
	EXPECT_EQ(sent, got);
	EXPECT_EQ(0, close(fd));
	EXPECT_TRUE(gt_wait_for(echo_param(variant->server, "connections") == 3));
}

/* Clients that reset their connections amid a message are forgotten. */
TEST_F(echo, clients_vanish)
{
	int i, j;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, echo_open(&self->client, variant->port, 20));
		for (j = 0; j < 20; j += 2)
			ASSERT_EQ(0, echo_send(&self->client, j));
		echo_close(&self->client);
	}
	EXPECT_TRUE(gt_wait_for(!echo_param(variant->server, "connections")));
	ASSERT_EQ(0, echo_open(&self->client, variant->port, 1));
	EXPECT_EQ(0, echo_round(&self->client));
}

/*
 * It can be removed with connections open, busy ones and quiet ones, and one
 * whose client does not read: all of them come to their end.
 */
TEST_F(echo, removed_with_connections_open)
{
	static char junk[65536];
	struct pollfd p;
	int i, fd;

	fd = echo_connect(0, variant->port, SOCK_NONBLOCK);
	ASSERT_LE(0, fd);
	p = (struct pollfd) { .fd = fd, .events = POLLOUT };
	while (poll(&p, 1, 200) == 1)
		ASSERT_LT(0, send(fd, junk, sizeof(junk), MSG_NOSIGNAL));
	ASSERT_EQ(0, echo_open(&self->client, variant->port, 50));
	ASSERT_EQ(0, echo_round(&self->client));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, echo_send(&self->client, i));
	ASSERT_EQ(0, ct_rmmod(variant->server));
	for (i = 0; i < 50; i++) {
		p = (struct pollfd) { .fd = self->client.conn[i].fd };
		p.events = POLLRDHUP;
		EXPECT_EQ(1, poll(&p, 1, ECHO_PATIENCE));
		EXPECT_NE(0, p.revents & (POLLRDHUP | POLLHUP | POLLERR));
	}
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(-ECONNREFUSED, echo_connect(0, variant->port, 0));
	/* the port is free again at once */
	ASSERT_EQ(0, insmod_sample(variant->server, ""));
}

/* A port that is in use, or none, is refused, and nothing stays of it. */
TEST_F(echo, port_in_use)
{
	char param[32];
	int other;

	ASSERT_EQ(0, ct_rmmod(variant->server));
	EXPECT_EQ(-EINVAL, insmod_sample(variant->server, "port=0"));
	other = strcmp(variant->server, "echo_wq") ? 1 : 0;
	ASSERT_EQ(0, insmod_sample(other ? "echo_wq" : "echo_kthread",
				   "port=7010"));
	snprintf(param, sizeof(param), "port=%d", 7010);
	EXPECT_EQ(-EADDRINUSE, insmod_sample(variant->server, param));
	EXPECT_EQ(0, ct_rmmod(other ? "echo_wq" : "echo_kthread"));
	EXPECT_EQ(0, insmod_sample(variant->server, param));
	ASSERT_EQ(0, echo_open(&self->client, 7010, 2));
	EXPECT_EQ(0, echo_round(&self->client));
}

/*
 * All connections are held at once, each returns its message, and some do so
 * over and over beside the quiet ones. Then the server goes, and all end.
 */
TEST_F_TIMEOUT(echo, holds_many, 200)
{
	struct gort_stats before = ct_stats(self->fd), after;
	double t[5];

	t[0] = echo_now();
	ASSERT_EQ(0, echo_open(&self->client, variant->port, variant->many));
	t[1] = echo_now();
	EXPECT_EQ(0, echo_round(&self->client));
	EXPECT_EQ(variant->many, echo_param(variant->server, "connections"));
	t[2] = echo_now();
	EXPECT_EQ(0, echo_run(&self->client, 100, 5000));
	t[3] = echo_now();
	after = ct_stats(self->fd);
	ASSERT_EQ(0, ct_rmmod(variant->server));
	t[4] = echo_now();
	TH_LOG("%d connections: %.1f s, a round %.1f s, 5000 messages %.1f s, removed %.1f s",
	       variant->many, t[1] - t[0], t[2] - t[1], t[3] - t[2],
	       t[4] - t[3]);
	if (strcmp(variant->server, "gort_echo"))
		return;
	/* one page of stack each, and no thread that waits with them */
	TH_LOG("%llu stacks grown", after.grown - before.grown);
	EXPECT_GT(100, after.grown - before.grown);
	EXPECT_EQ(0, after.unannounced - before.unannounced);
	EXPECT_EQ(variant->many, after.spawned - before.spawned);
}

/*
 * Who is one too many is not left waiting: the connection is closed at once.
 * When another one has gone there is room again.
 */
TEST(connections_over_the_cap_are_closed)
{
	struct echo two = { .ep = -1 }, one = { .ep = -1 };
	char byte;
	int fd;

	EXPECT_EQ(-EINVAL, insmod_sample("gort_echo", "max_connections=0"));
	ASSERT_EQ(0, insmod_sample("gort_echo", "max_connections=2"));
	EXPECT_EQ(0, echo_open(&two, 7007, 2));
	fd = echo_connect(0, 7007, 0);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, recv(fd, &byte, 1, 0));
	EXPECT_EQ(0, echo_round(&two));
	EXPECT_EQ(0, close(fd));
	echo_close(&two);
	EXPECT_TRUE(gt_wait_for(!echo_param("gort_echo", "connections")));
	EXPECT_EQ(0, echo_open(&one, 7007, 1));
	EXPECT_EQ(0, echo_round(&one));
	echo_close(&one);
	EXPECT_EQ(0, ct_rmmod("gort_echo"));
}

TEST_HARNESS_MAIN
