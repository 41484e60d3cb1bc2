// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without the namespace of gort the module can't be inserted.
 *
 * expect: rejected
 * says: do not import the namespace of gort
 * says: write MODULE_IMPORT_NS(GORT);
 */
#include <linux/gort.h>

/* case.h would import it */
long work(long n, void *p);

long work(long n, void *p)
{
	gort_yield();
	return n;
}
