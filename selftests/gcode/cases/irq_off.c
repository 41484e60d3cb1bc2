// SPDX-License-Identifier: GPL-2.0-only
/*
 * An M with interrupts off gets no tick.
 *
 * expect: rejected
 * says: gort_spin_lock_irqsave()
 */
#include <linux/irqflags.h>

#include "case.h"

long work(long n, void *p)
{
	local_irq_disable();
	barrier_data(p);
	local_irq_enable();
	return n;
}
