/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the three echo servers have in common: sockets. Nothing here knows of
 * gort. They differ in who waits for a connection that has nothing to say:
 *
 *	gort_echo	a G for each
 *	echo_kthread	a kernel thread for each
 *	echo_wq		nobody: callbacks of the socket queue work
 */
#ifndef GORT_SAMPLE_ECHO_H
#define GORT_SAMPLE_ECHO_H

#include <linux/in.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#define ECHO_BUF	512	/* read at most so much at a time */
#define ECHO_BACKLOG	1024	/* connections that wait to be accepted */

/* On 127.0.0.1 only: an echo server is nothing to offer to the world. */
static inline int echo_listen(unsigned short port, struct socket **ret)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, PF_INET, SOCK_STREAM, IPPROTO_TCP,
			       &sock);
	if (err)
		return err;
	/* else a server that was removed keeps the port for a minute */
	sock_set_reuseaddr(sock->sk);
	err = kernel_bind(sock, (void *)&addr, sizeof(addr));
	if (!err)
		err = kernel_listen(sock, ECHO_BACKLOG);
	if (err) {
		sock_release(sock);
		return err;
	}
	*ret = sock;
	return 0;
}

/* The next connection; with O_NONBLOCK -EAGAIN if there is none. */
static inline int echo_accept(struct socket *listener, struct socket **ret,
			      int flags)
{
	int err = kernel_accept(listener, ret, flags);

	if (!err)
		tcp_sock_set_nodelay((*ret)->sk);
	return err;
}

/* Bytes read, 0 at the end; with MSG_DONTWAIT -EAGAIN if there are none. */
static inline int echo_recv(struct socket *sock, void *buf, int len, int flags)
{
	struct kvec vec = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = {};

	return kernel_recvmsg(sock, &msg, &vec, 1, len, flags);
}

/* Bytes sent; with MSG_DONTWAIT perhaps fewer than @len, or -EAGAIN. */
static inline int echo_send(struct socket *sock, void *buf, int len, int flags)
{
	struct kvec vec = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = { .msg_flags = flags | MSG_NOSIGNAL };

	return kernel_sendmsg(sock, &msg, &vec, 1, len);
}

#endif /* GORT_SAMPLE_ECHO_H */
