// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP echo server with one G for each connection: the G code.
 *
 * Read echo_conn() first: it is what you would write for a thread. A G that has
 * nothing to read sleeps in gort_poll_socket() on its one page of stack, and no
 * kernel thread waits with it.
 *
 * Sockets are the kernel's, and so is the stack that their functions need: they
 * run by gort_call(), with MSG_DONTWAIT, so that they do not sleep there. What
 * allocates or frees a socket may sleep, and runs by gort_syscall().
 *
 * There is no list of connections, and no code that ends them. gort_echo_main.c
 * destroys the context at the end; that cancels all Gs, and a G that is
 * cancelled leaves its loop by the same way as one whose client has gone.
 */

#include <linux/gort.h>
#include <linux/time64.h>

#include "echo.h"
#include "gort_echo.h"

/* Try; if it would wait, wait until it would not, and try again. */
static int echo_io(long (*fn)(void *io), struct echo_io *io, __poll_t events)
{
	int ret;

	while ((ret = gort_call(fn, io)) == -EAGAIN) {
		ret = gort_poll_socket(io->sock, events);
		if (ret < 0)
			return ret;
	}
	return ret;
}

static int echo_recv_g(struct socket *sock, void *buf, int len)
{
	struct echo_io io = { .sock = sock, .buf = buf, .len = len };

	return echo_io(echo_do_recv, &io, EPOLLIN);
}

/* All of it: a slow reader makes its own G wait, and nobody else. */
static int echo_send_all(struct socket *sock, void *buf, int len)
{
	struct echo_io io = { .sock = sock, .buf = buf, .len = len };
	int n;

	while (io.len > 0) {
		n = echo_io(echo_do_send, &io, EPOLLOUT);
		if (n < 0)
			return n;
		io.buf += n;
		io.len -= n;
	}
	return 0;
}

/*
 * One connection. Who is always sent something never waits, and so is not told
 * there that he is to end: hence the look.
 */
static void echo_conn(void *arg)
{
	struct socket *sock = arg;
	char buf[ECHO_BUF];
	int n;

	atomic_inc(&echo_connections);
	while (!gort_cancelled()) {
		n = echo_recv_g(sock, buf, sizeof(buf));
		if (n <= 0 || echo_send_all(sock, buf, n))
			break;
	}
	gort_syscall(echo_do_release, sock);
	atomic_dec(&echo_connections);
}

/* The first G: it accepts, and starts a G for each connection. */
void echo_serve(void *listener)
{
	struct echo_io io = { .sock = listener };
	int err;

	do {
		err = gort_syscall(echo_do_accept, &io);
		if (err == -EAGAIN)
			err = gort_poll_socket(io.sock, EPOLLIN);
		else if (err) /* out of memory, perhaps not for long */
			err = gort_sleep(10 * NSEC_PER_MSEC);
		else if (gort_go(NULL, echo_conn, io.conn))
			gort_syscall(echo_do_release, io.conn);
	} while (!gort_cancelled());
}
