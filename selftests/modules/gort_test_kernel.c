// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel functions that G code of gort_test.ko runs by gort_call() and
 * gort_syscall(), what the tests do in an ordinary process, and the workloads
 * of syscall_test, stw_test, thread_test and behaviour_test.
 *
 * Functions that block do so at a gate, until a test opens it, rather than for
 * a time that may be too short on a busy machine. Where time has to pass, it is
 * counted in naps: each has its own timer interrupt, and between two of them
 * is a tick of gort, however slow the machine.
 *
 * Parameters:
 *
 *   gate	1: open, 0: closed; read: how many wait at it
 *   passed	how many came through and ran on as G code
 *   stops	n: stop the world n times; read: how often something ran meanwhile
 *   stop_misuse, stop_gate, stop_go, thread, plain, go_nil
 *		what a sequence of calls in this process returns, see there
 */

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "gort_test_kernel.h"

/* Nothing that has to end takes this long, on whatever kernel */
#define T_PATIENCE	(120 * HZ)

/* Long enough for what could run to have run */
#define T_WHILE_MS	50

static DECLARE_WAIT_QUEUE_HEAD(t_gate_wait);
bool t_gate_is_open;
bool t_gate_calls;
atomic_t t_gate_waiting;
atomic_t t_passed;
atomic64_t t_bumps;

/* Until the gate is open. 0, or -ETIME after far too long. */
long t_k_gate(void *unused)
{
	long left;

	atomic_inc(&t_gate_waiting);
	left = wait_event_idle_timeout(t_gate_wait, READ_ONCE(t_gate_is_open),
				       T_PATIENCE);
	atomic_dec(&t_gate_waiting);
	return left ? 0 : -ETIME;
}

long t_k_gate_open(void *open)
{
	WRITE_ONCE(t_gate_is_open, open == (void *)1);
	WRITE_ONCE(t_gate_calls, open == (void *)2);
	if (t_gate_is_open)
		wake_up_all(&t_gate_wait);
	return 0;
}

long t_k_usleep(void *us)
{
	usleep_range((unsigned long)us, (unsigned long)us + 1);
	return 0;
}

/* So many sleeps of a millisecond. */
long t_k_naps(void *n)
{
	unsigned long i;

	for (i = 0; i < (unsigned long)n; i++)
		usleep_range(1000, 1001);
	return 0;
}

/* As long as it takes, without sleeping. */
long t_k_spin(void *us)
{
	u64 until = ktime_get_ns() + (unsigned long)us * NSEC_PER_USEC;

	while (ktime_get_ns() < until)
		cpu_relax();
	return 0;
}

long t_k_pid(void *unused)
{
	return current->pid;
}

long t_k_count(void *n)
{
	atomic_inc(n);
	return 42;
}

/* The lock on CPU hotplug, which a CPU that goes offline waits for. */
long t_k_cpus(void *us)
{
	cpus_read_lock();
	t_k_usleep(us);
	cpus_read_unlock();
	return 0;
}

/* Where am I? 1: a G, 2: may not sleep */
static long t_k_where(void *unused)
{
	return (gort_self() ? 1 : 0) |
	       (preempt_count() || irqs_disabled() ? 2 : 0);
}

/* Calls within calls. Each of these returns what t_k_where() found inside. */
long t_k_nested_call(void *unused)
{
	return gort_call(t_k_where, NULL);
}

long t_k_nested_syscall(void *unused)
{
	return gort_syscall(t_k_where, NULL);
}

/* What only a G may do; how many of these were let through */
long t_k_as_g(void *unused)
{
	return (gort_park("no G") != -EPERM) + (gort_yield() != -EPERM) +
	       (gort_sleep(1) != -EPERM) + (gort_lock_thread() != -EPERM) +
	       (gort_unlock_thread() != -EPERM) + gort_cancelled();
}

long t_k_ready(void *g)
{
	gort_ready(g);
	return 0;
}

/* Starts a child of the group, which counts it already. */
long t_k_go(void *grp)
{
	return gort_go(t_ctx, t_nothing, grp);
}

/* As a task: the world stands still while the caller's G is in this call. */
long t_k_stop(void *us)
{
	int err = gort_stop_the_world();
	u64 bumps;

	if (err)
		return err;
	bumps = atomic64_read(&t_bumps);
	t_k_spin(us);
	err = atomic64_read(&t_bumps) == bumps ? 0 : -EPROTO;
	gort_start_the_world();
	return err;
}

static int t_gate_set(const char *val, const struct kernel_param *kp)
{
	unsigned long open;
	int err = kstrtoul(val, 0, &open);

	return err ?: t_k_gate_open((void *)open);
}

static int t_gate_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&t_gate_waiting));
}

static const struct kernel_param_ops t_gate_ops = {
	.set = t_gate_set,
	.get = t_gate_get,
};

module_param_cb(gate, &t_gate_ops, NULL, 0600);
MODULE_PARM_DESC(gate, "Open the gate that tasks wait at; how many do");

static int t_passed_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&t_passed));
}

static const struct kernel_param_ops t_passed_ops = {
	.get = t_passed_get,
};

module_param_cb(passed, &t_passed_ops, NULL, 0400);
MODULE_PARM_DESC(passed, "How many came through the gate");

static int t_stops_bad;

static int t_stops_set(const char *val, const struct kernel_param *kp)
{
	unsigned long n, i;
	int err = kstrtoul(val, 0, &n);
	long one;

	t_stops_bad = 0;
	for (i = 0; i < n && !err; i++) {
		one = t_k_stop((void *)100);
		if (one == -EPROTO)
			t_stops_bad++;
		else
			err = one;
		cond_resched();
	}
	return err;
}

static int t_stops_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", t_stops_bad);
}

static const struct kernel_param_ops t_stops_ops = {
	.set = t_stops_set,
	.get = t_stops_get,
};

module_param_cb(stops, &t_stops_ops, NULL, 0600);
MODULE_PARM_DESC(stops, "Stop the world so many times; how often something ran");

/* "start without stop; stop, nested stop; start, start again", and still well */
static int t_stop_misuse_get(char *buf, const struct kernel_param *kp)
{
	int first, nested, again;

	gort_start_the_world();
	first = gort_stop_the_world();
	nested = gort_stop_the_world();
	gort_start_the_world();
	gort_start_the_world();
	again = gort_stop_the_world();
	gort_start_the_world();
	return sysfs_emit(buf, "%d %d %d\n", first, nested, again);
}

static const struct kernel_param_ops t_stop_misuse_ops = {
	.get = t_stop_misuse_get,
};

module_param_cb(stop_misuse, &t_stop_misuse_ops, NULL, 0400);
MODULE_PARM_DESC(stop_misuse, "Stop and start the world in the wrong order");

/* How many came through the gate, opened while the world stood still, by then */
static int t_stop_gate_get(char *buf, const struct kernel_param *kp)
{
	int passed, err = gort_stop_the_world();

	if (err)
		return err;
	passed = atomic_read(&t_passed);
	t_k_gate_open((void *)1);
	msleep(T_WHILE_MS);
	passed = atomic_read(&t_passed) - passed;
	gort_start_the_world();
	return sysfs_emit(buf, "%d\n", passed);
}

static const struct kernel_param_ops t_stop_gate_ops = {
	.get = t_stop_gate_get,
};

module_param_cb(stop_gate, &t_stop_gate_ops, NULL, 0400);
MODULE_PARM_DESC(stop_gate, "Open the gate while the world stands still");

/* "how many of ten new Gs ran while the world stood still, how many later" */
static int t_stop_go_get(char *buf, const struct kernel_param *kp)
{
	struct gort_ctx *ctx = gort_ctx_create("test", 10);
	u64 bumps = atomic64_read(&t_bumps), meanwhile;
	int i, err;

	if (IS_ERR_OR_NULL(ctx))
		return -ENOMEM;
	err = gort_stop_the_world();
	for (i = 0; i < 10 && !err; i++)
		err = gort_go(ctx, t_bump_once, NULL);
	msleep(T_WHILE_MS);
	meanwhile = atomic64_read(&t_bumps) - bumps;
	gort_start_the_world();
	gort_ctx_destroy(ctx);
	return err ?: sysfs_emit(buf, "%llu %llu\n", meanwhile,
				 atomic64_read(&t_bumps) - bumps);
}

static const struct kernel_param_ops t_stop_go_ops = {
	.get = t_stop_go_get,
};

module_param_cb(stop_go, &t_stop_go_ops, NULL, 0400);
MODULE_PARM_DESC(stop_go, "Start Gs while the world stands still");

/* "lock unlock", as this process sees them */
static int t_thread_get(char *buf, const struct kernel_param *kp)
{
	int lock = gort_lock_thread();

	return sysfs_emit(buf, "%d %d\n", lock, gort_unlock_thread());
}

static const struct kernel_param_ops t_thread_ops = {
	.get = t_thread_get,
};

module_param_cb(thread, &t_thread_ops, NULL, 0400);
MODULE_PARM_DESC(thread, "What gort_lock_thread() returns outside of a G");

/* "what a call returned, what a blocking call did, how often it was called" */
static int t_plain_get(char *buf, const struct kernel_param *kp)
{
	atomic_t n = ATOMIC_INIT(0);
	long call = gort_call(t_k_count, &n);
	long blocking = gort_syscall(t_k_count, &n);

	return sysfs_emit(buf, "%ld %ld %d\n", call, blocking,
			  atomic_read(&n));
}

static const struct kernel_param_ops t_plain_ops = {
	.get = t_plain_get,
};

module_param_cb(plain, &t_plain_ops, NULL, 0400);
MODULE_PARM_DESC(plain, "Calls outside of a G");

/* "a G without a body, a G without a context", as this process makes them */
static int t_go_nil_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d %d\n", gort_go(t_ctx, NULL, NULL),
			  gort_go(NULL, t_bump_once, NULL));
}

static const struct kernel_param_ops t_go_nil_ops = {
	.get = t_go_nil_get,
};

module_param_cb(go_nil, &t_go_nil_ops, NULL, 0400);
MODULE_PARM_DESC(go_nil, "Start Gs without a body, and without a context");

static struct gort_workload t_workloads[] = {
	{
		.name = "t_gate", .fn = t_gate,
		.help = "blocks until the gate is open",
		.nr_args = 2, .args = {
			{ "how", 0, T_HOW_LAST, 0 },
			{ "stay", 0, 1, 0 },
		},
	}, {
		.name = "t_open", .fn = t_open_gate,
		.help = "opens the gate",
	}, {
		.name = "t_blocking", .fn = t_blocking,
		.help = "blocks again and again",
		.nr_args = 3, .args = {
			{ "us", 0, 1 << 30, 100 },
			{ "count", 0, U64_MAX, 100 },
			{ "how", 0, T_HOW_LAST, 0 },
		},
	}, {
		.name = "t_aftercall", .fn = t_aftercall,
		.help = "Gs that only make short blocking calls",
		.nr_args = 2, .args = {
			{ "us", 0, 1 << 20, 100 },
			{ "tasks", 1, 1000, 8 },
		},
	}, {
		.name = "t_exit", .fn = t_exit_call,
		.help = "requests during blocking calls",
		.nr_args = 3, .args = {
			{ "trials", 0, 1 << 20, 100 },
			{ "naps", 0, 1000, 10 },
			{ "how", 0, T_HOW_LAST, 0 },
		},
	}, {
		.name = "t_nest", .fn = t_nest,
		.help = "calls within calls",
		.nr_args = 1, .args = { { "what", 0, 4, 0 } },
	}, {
		.name = "t_sysmisuse", .fn = t_sysmisuse,
		.help = "a blocking call inside a section",
		.nr_args = 1, .args = { { "kind", 0, T_NR_KINDS - 1, 0 } },
	}, {
		.name = "t_within", .fn = t_within,
		.help = "makes Gs, and makes them ready, in blocking calls",
		.nr_args = 1, .args = { { "count", 0, 1000, 10 } },
	}, {
		.name = "t_lockcall", .fn = t_lockcall,
		.help = "sleeps in gort_call() with a lock held",
		.nr_args = 1, .args = { { "naps", 0, 1000, 20 } },
	}, {
		.name = "t_cpus", .fn = t_cpus,
		.help = "blocking calls that take the lock on CPU hotplug",
		.nr_args = 1, .args = { { "us", 0, 1 << 20, 100 } },
	}, {
		.name = "t_bump", .fn = t_bump,
		.help = "counts until it is cancelled",
	}, {
		.name = "t_stop", .fn = t_stop,
		.help = "stops the world",
		.nr_args = 3, .args = {
			{ "count", 0, 1 << 30, 10 },
			{ "us", 0, 1 << 20, 100 },
			{ "pause", 0, 1 << 30, 0 },
		},
	}, {
		.name = "t_stopcall", .fn = t_stopcall,
		.help = "stops the world in blocking calls",
		.nr_args = 1, .args = { { "count", 0, 1 << 30, 10 } },
	}, {
		.name = "t_stopreq", .fn = t_stopreq,
		.help = "requests while it has stopped the world",
		.nr_args = 1, .args = { { "trials", 0, 1 << 30, 100 } },
	}, {
		.name = "t_stopbad", .fn = t_stopbad,
		.help = "uses stop and start wrongly",
		.nr_args = 2, .args = {
			{ "what", 0, 6, 0 },
			{ "kind", 0, T_NR_KINDS - 1, 0 },
		},
	}, {
		.name = "t_spawner", .fn = t_spawner,
		.help = "each G starts the next, until it is cancelled",
	}, {
		.name = "t_heavy", .fn = t_heavy,
		.help = "is in sections nearly all the time",
		.nr_args = 3, .args = {
			{ "inside", 0, 1 << 30, 1000 },
			{ "outside", 0, 1 << 30, 1 },
			{ "kind", 0, T_NR_KINDS - 1, 0 },
		},
	}, {
		.name = "t_samem", .fn = t_samem,
		.help = "a locked G, and what it may do",
		.nr_args = 2, .args = {
			{ "rounds", 0, 1 << 30, 10 },
			{ "what", 0, 6, 0 },
		},
	}, {
		.name = "t_nesting", .fn = t_nesting,
		.help = "locks to its M count",
	}, {
		.name = "t_toomany", .fn = t_toomany,
		.help = "locks to its M until that fails",
	}, {
		.name = "t_beside", .fn = t_beside,
		.help = "others beside a locked G",
		.nr_args = 2, .args = {
			{ "others", 1, 100, 4 },
			{ "rounds", 0, 1 << 30, 100 },
		},
	}, {
		.name = "t_lockexit", .fn = t_lockexit,
		.help = "ends while it is locked to its M, or after",
		.nr_args = 1, .args = { { "how", 0, 3, 0 } },
	}, {
		.name = "t_lockgate", .fn = t_lockgate,
		.help = "a locked G whose CPU may go",
		.nr_args = 1, .args = { { "how", 0, 2, 0 } },
	}, {
		.name = "t_lockhog", .fn = t_lockhog,
		.help = "a locked G that never leaves its CPU",
	}, {
		.name = "t_progress", .fn = t_progress,
		.help = "yields until somebody has a message for it",
		.nr_args = 2, .args = {
			{ "rounds", 0, 1 << 30, 10 },
			{ "locked", 0, 1, 0 },
		},
	}, {
		.name = "t_messages", .fn = t_messages,
		.help = "a locked G exchanges messages",
		.nr_args = 3, .args = {
			{ "count", 0, 1 << 30, 10 },
			{ "yields", 0, 1, 0 },
			{ "unlock", 0, 1, 0 },
		},
	}, {
		.name = "t_dive", .fn = t_dive,
		.help = "a G in a known state, deep in its stack",
		.nr_args = 2, .args = {
			{ "how", 0, T_DIVE_LAST, T_DIVE_RECV },
			{ "depth", 0, 1 << 16, 0 },
		},
	}, {
		.name = "t_fair", .fn = t_fair,
		.help = "a deadline amid wake-ups",
		.nr_args = 2, .args = {
			{ "ns", 0, U64_MAX / 2, 20000000 },
			{ "calls", 0, 1, 0 },
		},
	}, {
		.name = "t_gonil", .fn = t_gonil,
		.help = "a G without a body",
	}, {
		.name = "t_hogpair", .fn = t_hogpair,
		.help = "a pair that takes short turns beside one that takes long ones",
		.nr_args = 3, .args = {
			{ "ns", 0, U64_MAX / 2, 200000000 },
			{ "long", 1, 1 << 30, 1000000 },
			{ "short", 1, 1 << 30, 1000 },
		},
	},
};

void t_kernel_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t_workloads); i++)
		gort_workload_unregister(&t_workloads[i]);
}

int t_kernel_init(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(t_workloads) && !err; i++) {
		t_workloads[i].owner = THIS_MODULE;
		err = gort_workload_register(&t_workloads[i]);
	}
	if (err)
		t_kernel_exit();
	return err;
}

/* Sleeps without saying so to gort. By the clock: jiffies are too coarse. */
long t_k_sleep(void *ns)
{
	ktime_t t = ns_to_ktime((unsigned long)ns);

	set_current_state(TASK_IDLE);
	schedule_hrtimeout(&t, HRTIMER_MODE_REL);
	return 0;
}
