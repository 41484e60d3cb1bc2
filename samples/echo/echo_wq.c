// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP echo server with a workqueue, to compare gort_echo with. Nothing of gort
 * is used here.
 *
 * Nobody waits for a connection that is quiet: its socket calls back when there
 * is something to read, room to send, or an end, and the callback, in softirq
 * context, queues the work of the connection. So it needs the least memory, and
 * what was a loop over two calls becomes a state (struct conn) and a function
 * that finds out how far it has come.
 *
 * Who may use a connection when conn_end() frees it? Its work, and that is what
 * calls it; work does not run twice at a time. A callback queues the work under
 * sk_callback_lock and while sk_user_data is set; conn_end() clears that under
 * the same lock, and takes work that was queued until then off the queue. The
 * exit function, while the connection is listed, under conns_lock.
 */

#include <linux/fcntl.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "echo.h"

/* Work stays on its CPU, which newer kernels want to be told. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define WQ_FLAGS	WQ_PERCPU
#else
#define WQ_FLAGS	0
#endif

#define CONN_STEPS	16	/* then others have their turn */

static unsigned short port = 7009;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "Port on 127.0.0.1, 1 to 65535 (default 7009)");

static atomic_t connections;
module_param_named(connections, connections.counter, int, 0444);
MODULE_PARM_DESC(connections, "Connections that there are (read only)");

/**
 * struct conn - a connection; all but @node is its work's own
 * @work: does what can be done
 * @node: place in @conns; under its lock
 * @sock: the socket; stays as long as it is listed
 * @len: bytes read
 * @sent: how many of them were sent
 * @buf: the bytes
 */
struct conn {
	struct work_struct work;
	struct list_head node;
	struct socket *sock;
	int len;
	int sent;
	char buf[ECHO_BUF];
};

static DEFINE_MUTEX(conns_lock);
static LIST_HEAD(conns);
static DECLARE_WAIT_QUEUE_HEAD(none_left);
static struct workqueue_struct *wq;
static struct socket *listener;

static void accept_work_fn(struct work_struct *work);
static DECLARE_WORK(accept_work, accept_work_fn);

/* What sockets had; a connection inherits the listener's. */
static void (*sk_data_ready)(struct sock *sk);
static void (*sk_state_change)(struct sock *sk);
static void (*sk_write_space)(struct sock *sk);

static void listener_data_ready(struct sock *sk)
{
	queue_work(wq, &accept_work);
}

static void conn_queue(struct sock *sk)
{
	struct conn *c;

	read_lock_bh(&sk->sk_callback_lock);
	c = sk->sk_user_data;
	if (c)
		queue_work(wq, &c->work);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void conn_write_space(struct sock *sk)
{
	if (!sk_stream_is_writeable(sk))
		return;
	clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	conn_queue(sk);
}

/* On, for a connection, or back, for NULL. */
static void conn_callbacks(struct sock *sk, struct conn *c)
{
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = c;
	sk->sk_data_ready = c ? conn_queue : sk_data_ready;
	sk->sk_state_change = c ? conn_queue : sk_state_change;
	sk->sk_write_space = c ? conn_write_space : sk_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void conn_end(struct conn *c)
{
	conn_callbacks(c->sock->sk, NULL);
	cancel_work(&c->work);
	mutex_lock(&conns_lock);
	list_del(&c->node);
	mutex_unlock(&conns_lock);
	sock_release(c->sock);
	kfree(c);
	if (atomic_dec_and_test(&connections))
		wake_up(&none_left);
}

/* Bytes moved, 0 at the end, -EAGAIN if nothing can be done now. */
static int conn_step(struct conn *c)
{
	int n;

	if (c->sent == c->len) {
		n = echo_recv(c->sock, c->buf, sizeof(c->buf), MSG_DONTWAIT);
		c->len = max(n, 0);
		c->sent = 0;
	} else {
		n = echo_send(c->sock, c->buf + c->sent, c->len - c->sent,
			      MSG_DONTWAIT);
		c->sent += max(n, 0);
	}
	return n;
}

static void conn_work_fn(struct work_struct *work)
{
	struct conn *c = container_of(work, struct conn, work);
	int i, n;

	for (i = 0; i < CONN_STEPS; i++) {
		n = conn_step(c);
		if (n == -EAGAIN)
			return; /* a callback queues it again */
		if (n <= 0) {
			conn_end(c);
			return;
		}
	}
	queue_work(wq, &c->work);
}

static int conn_start(struct socket *sock)
{
	struct conn *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	INIT_WORK(&c->work, conn_work_fn);
	c->sock = sock;
	atomic_inc(&connections);
	mutex_lock(&conns_lock);
	list_add(&c->node, &conns);
	mutex_unlock(&conns_lock);
	conn_callbacks(sock->sk, c);
	/* for what came before the callbacks */
	queue_work(wq, &c->work);
	return 0;
}

static void accept_work_fn(struct work_struct *work)
{
	struct socket *sock;

	while (!echo_accept(listener, &sock, O_NONBLOCK)) {
		if (conn_start(sock)) {
			conn_callbacks(sock->sk, NULL);
			sock_release(sock);
		}
	}
}

static void listener_callback(void (*data_ready)(struct sock *sk))
{
	struct sock *sk = listener->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
}

static int __init echo_init(void)
{
	int err;

	if (!port)
		return -EINVAL;
	wq = alloc_workqueue("echo_wq", WQ_FLAGS, 0);
	if (!wq)
		return -ENOMEM;
	err = echo_listen(port, &listener);
	if (err) {
		destroy_workqueue(wq);
		return err;
	}
	sk_data_ready = listener->sk->sk_data_ready;
	sk_state_change = listener->sk->sk_state_change;
	sk_write_space = listener->sk->sk_write_space;
	listener_callback(listener_data_ready);
	queue_work(wq, &accept_work);
	return 0;
}

/*
 * What was not accepted goes with the listener. For the others: shut down, the
 * work finds that out, and ends the connection.
 */
static void __exit echo_exit(void)
{
	struct conn *c;

	listener_callback(sk_data_ready);
	cancel_work_sync(&accept_work);
	sock_release(listener);
	mutex_lock(&conns_lock);
	list_for_each_entry(c, &conns, node)
		kernel_sock_shutdown(c->sock, SHUT_RDWR);
	mutex_unlock(&conns_lock);
	wait_event(none_left, !atomic_read(&connections));
	destroy_workqueue(wq);
}

module_init(echo_init);
module_exit(echo_exit);
MODULE_DESCRIPTION("TCP echo server with a workqueue");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
