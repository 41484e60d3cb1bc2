// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP echo server with one kernel thread for each connection, to compare
 * gort_echo with. Nothing of gort is used here.
 *
 * conn_thread() is as simple as echo_conn() there. What it takes more is memory,
 * 16 KiB of stack and a task for each connection, and the care to end it all:
 * nothing wakes a thread in kernel_recvmsg() but its socket, so all sockets are
 * listed, and the exit function shuts them down.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "echo.h"

static unsigned short port = 7008;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "Port on 127.0.0.1, 1 to 65535 (default 7008)");

static atomic_t connections;
module_param_named(connections, connections.counter, int, 0444);
MODULE_PARM_DESC(connections, "Connections that there are (read only)");

/**
 * struct conn - a connection
 * @node: place in @conns; under its lock
 * @sock: the socket; stays as long as it is listed
 */
struct conn {
	struct list_head node;
	struct socket *sock;
};

static DEFINE_MUTEX(conns_lock);
static LIST_HEAD(conns);
static unsigned long started;		/* threads; by the one that accepts */
static DECLARE_COMPLETION(ended);	/* once for each of them */
static struct task_struct *acceptor;
static struct socket *listener;

static int conn_thread(void *arg)
{
	struct conn *c = arg;
	char buf[ECHO_BUF];
	int n;

	atomic_inc(&connections);
	do {
		n = echo_recv(c->sock, buf, sizeof(buf), 0);
	} while (n > 0 && echo_send(c->sock, buf, n, 0) == n);

	mutex_lock(&conns_lock);
	list_del(&c->node);
	mutex_unlock(&conns_lock);
	sock_release(c->sock);
	kfree(c);
	atomic_dec(&connections);
	/* not to come back here, where the module may be gone then */
	kthread_complete_and_exit(&ended, 0);
}

static int conn_start(struct socket *sock)
{
	struct conn *c = kmalloc(sizeof(*c), GFP_KERNEL);
	struct task_struct *task;

	if (!c)
		return -ENOMEM;
	c->sock = sock;
	task = kthread_create(conn_thread, c, "echo_conn");
	if (IS_ERR(task)) {
		kfree(c);
		return PTR_ERR(task);
	}
	mutex_lock(&conns_lock);
	list_add(&c->node, &conns);
	mutex_unlock(&conns_lock);
	started++;
	wake_up_process(task);
	return 0;
}

static int accept_thread(void *unused)
{
	struct socket *sock;
	int err;

	while (!kthread_should_stop()) {
		err = echo_accept(listener, &sock, 0);
		if (err)
			msleep(20); /* out of memory, or shut down */
		else if (conn_start(sock))
			sock_release(sock);
	}
	return 0;
}

static int __init echo_init(void)
{
	int err;

	if (!port)
		return -EINVAL;
	err = echo_listen(port, &listener);
	if (err)
		return err;
	acceptor = kthread_run(accept_thread, NULL, "echo_accept");
	if (IS_ERR(acceptor)) {
		sock_release(listener);
		return PTR_ERR(acceptor);
	}
	return 0;
}

static void __exit echo_exit(void)
{
	struct conn *c;

	kernel_sock_shutdown(listener, SHUT_RDWR);
	kthread_stop(acceptor);
	sock_release(listener);
	/* there will be no others */
	mutex_lock(&conns_lock);
	list_for_each_entry(c, &conns, node)
		kernel_sock_shutdown(c->sock, SHUT_RDWR);
	mutex_unlock(&conns_lock);
	for (; started; started--)
		wait_for_completion(&ended);
}

module_init(echo_init);
module_exit(echo_exit);
MODULE_DESCRIPTION("TCP echo server with a kernel thread for each connection");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
