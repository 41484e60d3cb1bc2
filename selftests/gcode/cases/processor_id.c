// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU may be another one after any call.
 *
 * expect: rejected
 * says: accesses smp_processor_id()
 * says: a G changes its CPU
 */
#include <linux/smp.h>

#include "case.h"

long work(long n, void *p)
{
	return raw_smp_processor_id();
}
