/* SPDX-License-Identifier: GPL-2.0-only */
/* The mixed workload of "gortctl demo": what runs, and what must come out. */
#ifndef GORTCTL_DEMO_H
#define GORTCTL_DEMO_H

#include <stdbool.h>

#include <libgort.h>

#define DEMO_MAX_ROWS	32
#define DEMO_MAX_ITEMS	8192

/**
 * struct demo_row - one line of the table: tasks of one kind
 * @name: the workload, and what is special about these
 * @tasks: how many
 * @right: how many did all that their item asks for
 * @wrong: how many completed without that
 * @preempted: sum of the tasks' own counts
 * @declined: likewise
 * @stack: most stack that one of them had
 */
struct demo_row {
	char name[32];
	__u64 tasks;
	__u64 right;
	__u64 wrong;
	__u64 preempted;
	__u64 declined;
	__u32 stack;
};

/**
 * struct demo_item - one task
 * @row: its line in the table
 * @workload: its workload's id
 * @args: its arguments
 * @expect: the result it must have
 * @min_ns: the time it must at least take
 * @min_stack: the stack it must at least have had
 * @done: has it completed?
 * @latency_ns: the time it took
 */
struct demo_item {
	__u32 row;
	__u32 workload;
	__u64 args[GORT_MAX_ARGS];
	__u64 expect;
	__u64 min_ns;
	__u32 min_stack;
	bool done;
	__u64 latency_ns;
};

/**
 * struct demo - a run
 * @c: the open device
 * @ps_call: picoseconds that one step of "call" takes here
 * @ps_loop: likewise for "loop"
 * @loop_ns: what the longest task of "loop" takes of a CPU
 * @hog_ns: what a task that shall be preempted takes of a CPU
 * @cpus: CPUs to keep busy
 * @nr_rows: lines of the table
 * @nr_items: tasks
 * @rows: the lines
 * @items: the tasks, in the order in which they are submitted
 */
struct demo {
	struct gortc *c;
	__u64 ps_call;
	__u64 ps_loop;
	__u64 loop_ns;
	__u64 hog_ns;
	__u32 cpus;
	__u32 nr_rows;
	__u32 nr_items;
	struct demo_row rows[DEMO_MAX_ROWS];
	struct demo_item items[DEMO_MAX_ITEMS];
};

/*
 * Measure the machine and fill in the rows and items. Returns 0 or the exit
 * code, having said what is wrong (demo_plan.c).
 */
int demo_plan(struct demo *d);

#endif /* GORTCTL_DEMO_H */
