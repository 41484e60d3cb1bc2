// SPDX-License-Identifier: GPL-2.0-only
/*
 * So may the data of a CPU.
 *
 * expect: rejected
 * says: accesses per-CPU data (%gs:gcode_case_counter)
 * says: a G changes its CPU
 */
#include <linux/percpu.h>

#include "case.h"

DECLARE_PER_CPU(int, gcode_case_counter);

long work(long n, void *p)
{
	this_cpu_inc(gcode_case_counter);
	return n;
}
