/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two files of gort_echo know of each other. */
#ifndef GORT_SAMPLE_GORT_ECHO_H
#define GORT_SAMPLE_GORT_ECHO_H

#include <linux/atomic.h>

struct socket;

/**
 * struct echo_io - what a G wants to be done with a socket
 * @sock: with which one
 * @conn: gets the connection that was accepted
 * @buf: to read to, or to send from
 * @len: bytes there
 */
struct echo_io {
	struct socket *sock;
	struct socket *conn;
	void *buf;
	int len;
};

/* Ordinary functions (gort_echo_main.c), for gort_call() and gort_syscall() */
long echo_do_accept(void *io);
long echo_do_recv(void *io);
long echo_do_send(void *io);
long echo_do_release(void *sock);

extern atomic_t echo_connections;

/* G code (gort_echo_conn.c) */
void echo_serve(void *listener);

#endif /* GORT_SAMPLE_GORT_ECHO_H */
