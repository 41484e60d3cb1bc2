// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP echo server with one G for each connection: the module, and the
 * functions that its G code (gort_echo_conn.c) calls.
 */

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/gort.h>
#include <linux/module.h>

#include "echo.h"
#include "gort_echo.h"

static unsigned short port = 7007;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "Port on 127.0.0.1, 1 to 65535 (default 7007)");

static unsigned int max_connections = 1 << 16;
module_param(max_connections, uint, 0444);
MODULE_PARM_DESC(max_connections, "Connections at a time, at least 1 (default 65536)");

atomic_t echo_connections;
module_param_named(connections, echo_connections.counter, int, 0444);
MODULE_PARM_DESC(connections, "Connections that there are (read only)");

static struct gort_ctx *ctx;
static struct socket *listener;

long echo_do_accept(void *arg)
{
	struct echo_io *io = arg;

	return echo_accept(io->sock, &io->conn, O_NONBLOCK);
}

long echo_do_recv(void *arg)
{
	struct echo_io *io = arg;

	return echo_recv(io->sock, io->buf, io->len, MSG_DONTWAIT);
}

long echo_do_send(void *arg)
{
	struct echo_io *io = arg;

	return echo_send(io->sock, io->buf, io->len, MSG_DONTWAIT);
}

long echo_do_release(void *sock)
{
	sock_release(sock);
	return 0;
}

static int __init echo_init(void)
{
	int err;

	if (!port || !max_connections || max_connections == UINT_MAX)
		return -EINVAL;
	/* one more, which accepts */
	ctx = gort_ctx_create("echo", max_connections + 1);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	err = echo_listen(port, &listener);
	if (err)
		goto err_ctx;
	err = gort_go(ctx, echo_serve, listener);
	if (err)
		goto err_listener;
	return 0;

err_listener:
	sock_release(listener);
err_ctx:
	gort_ctx_destroy(ctx);
	return err;
}

/* First the Gs, which use the listener and this code, then the listener. */
static void __exit echo_exit(void)
{
	gort_ctx_destroy(ctx);
	sock_release(listener);
}

module_init(echo_init);
module_exit(echo_exit);
MODULE_DESCRIPTION("TCP echo server with a green thread for each connection");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
