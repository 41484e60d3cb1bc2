/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client of the echo servers of samples/echo: many connections, one thread,
 * epoll. What comes back is compared with what was sent, byte by byte.
 *
 * All return 0 (or a count) or a negative errno. -ETIME: no server may take so
 * long; -EBADMSG: it is not what was sent; -EPIPE: the server has closed.
 */
#ifndef GORT_ECHO_H
#define GORT_ECHO_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ECHO_MSG	64	/* bytes of a message */
#define ECHO_PATIENCE	60000	/* ms in which something must come back */
#define ECHO_AT_ONCE	256	/* connections that are being made */
#define ECHO_PER_ADDR	4096	/* connections from one address */

/* A connection: how many messages were sent, and bytes of the last came back */
struct echo_conn {
	int fd;
	unsigned int sent;
	unsigned int got;
};

struct echo {
	struct echo_conn *conn;
	int n;
	int ep;
};

static inline double echo_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static inline int echo_limit(int n)
{
	struct rlimit lim = { n + 64, n + 64 };

	return setrlimit(RLIMIT_NOFILE, &lim) ? -errno : 0;
}

/* No two messages are the same, whichever connections they belong to. */
static inline void echo_fill(char *msg, int i, unsigned int nr)
{
	unsigned int x = i * 2654435761u + nr * 40503u + 1;
	int j;

	memcpy(msg, &i, sizeof(i));
	memcpy(msg + sizeof(i), &nr, sizeof(nr));
	for (j = sizeof(i) + sizeof(nr); j < ECHO_MSG; j++) {
		x = x * 1664525 + 1013904223;
		msg[j] = x >> 24;
	}
}

/* Begins to connect, from an address that depends on @i. */
static inline int echo_connect(int i, int port, int flags)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 +
					 i / ECHO_PER_ADDR),
	};
	int one = 1, err;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (!bind(fd, (struct sockaddr *)&from, sizeof(from)) &&
	    (!connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	     errno == EINPROGRESS))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static inline int echo_events(struct echo *e, int i, int op, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.u32 = i };

	return epoll_ctl(e->ep, op, e->conn[i].fd, &ev) ? -errno : 0;
}

static inline void echo_close(struct echo *e)
{
	/* reset, not closed: nothing of it stays on a port for a minute */
	struct linger hard = { .l_onoff = 1 };
	int i;

	for (i = 0; i < e->n; i++) {
		setsockopt(e->conn[i].fd, SOL_SOCKET, SO_LINGER, &hard,
			   sizeof(hard));
		close(e->conn[i].fd);
	}
	free(e->conn);
	close(e->ep);
	memset(e, 0, sizeof(*e));
}

static inline int echo_send(struct echo *e, int i)
{
	struct echo_conn *c = &e->conn[i];
	char msg[ECHO_MSG];
	ssize_t len;

	echo_fill(msg, i, ++c->sent);
	c->got = 0;
	/* one message is under way at a time: it has room */
	len = send(c->fd, msg, sizeof(msg), MSG_NOSIGNAL);
	if (len < 0)
		return -errno;
	return len == sizeof(msg) ? 0 : -EMSGSIZE;
}

/* 1 if all of the message is back, 0 if not yet. */
static inline int echo_recv(struct echo *e, int i)
{
	struct echo_conn *c = &e->conn[i];
	char msg[ECHO_MSG], back[ECHO_MSG];
	ssize_t len;

	len = recv(c->fd, back, sizeof(back), 0);
	if (len <= 0)
		return len ? -errno : -EPIPE;
	echo_fill(msg, i, c->sent);
	if (c->got + len > ECHO_MSG || memcmp(back, msg + c->got, len))
		return -EBADMSG;
	c->got += len;
	return c->got == ECHO_MSG;
}

/* It is connected, or not; it sends its first message. */
static inline int echo_connected(struct echo *e, int i)
{
	socklen_t len = sizeof(int);
	int err;

	if (getsockopt(e->conn[i].fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return -errno;
	if (err)
		return -err;
	err = echo_events(e, i, EPOLL_CTL_MOD, EPOLLIN);
	return err ? err : echo_send(e, i);
}

/*
 * Makes @n connections; echo_close() in any case. A connection is made when its
 * first message is back: it may seem so before, while the server has no room for
 * it and then forgets about it.
 */
static inline int echo_open(struct echo *e, int port, int n)
{
	struct epoll_event ev[64];
	int done = 0, i, c, got, fd, err;

	*e = (struct echo) {
		.conn = calloc(n, sizeof(*e->conn)),
		.ep = epoll_create1(EPOLL_CLOEXEC),
	};
	if (!e->conn || e->ep < 0)
		return -ENOMEM;
	while (done < n) {
		while (e->n < n && e->n - done < ECHO_AT_ONCE) {
			fd = echo_connect(e->n, port, SOCK_NONBLOCK);
			if (fd < 0)
				return fd;
			e->conn[e->n++].fd = fd;
			err = echo_events(e, e->n - 1, EPOLL_CTL_ADD, EPOLLOUT);
			if (err)
				return err;
		}
		got = epoll_wait(e->ep, ev, 64, ECHO_PATIENCE);
		if (got <= 0)
			return got ? -errno : -ETIME;
		for (i = 0; i < got; i++) {
			c = ev[i].data.u32;
			if (e->conn[c].sent)
				err = echo_recv(e, c);
			else
				err = echo_connected(e, c);
			if (err < 0)
				return err;
			done += err;
		}
	}
	return 0;
}

/*
 * The first @active connections send a message each, and another one as soon as
 * it is back, until there were @messages. Returns 0 if all were right.
 */
static inline int echo_run(struct echo *e, int active, long messages)
{
	struct epoll_event ev[64];
	long sent = 0, back = 0;
	int i, c, got, err;

	for (i = 0; i < active && sent < messages; i++, sent++) {
		err = echo_send(e, i);
		if (err)
			return err;
	}
	while (back < messages) {
		got = epoll_wait(e->ep, ev, 64, ECHO_PATIENCE);
		if (got <= 0)
			return got ? -errno : -ETIME;
		for (i = 0; i < got; i++) {
			c = ev[i].data.u32;
			err = echo_recv(e, c);
			if (err < 0)
				return err;
			if (!err)
				continue;
			back++;
			if (sent == messages)
				continue;
			err = echo_send(e, c);
			if (err)
				return err;
			sent++;
		}
	}
	return 0;
}

/* One message for each connection. */
static inline int echo_round(struct echo *e)
{
	return echo_run(e, e->n, e->n);
}

/* A number that a server has under /sys/module, or a negative errno */
static inline long echo_param(const char *server, const char *name)
{
	char path[128], text[32];
	FILE *f;
	long n;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", server,
		 name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fgets(text, sizeof(text), f) ? atol(text) : -EIO;
	fclose(f);
	return n;
}

#endif /* GORT_ECHO_H */
