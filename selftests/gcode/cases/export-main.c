// SPDX-License-Identifier: GPL-2.0-only
/* The ordinary file of export.c: it exports G code of the other one. */
#include <linux/export.h>

#include "case.h"

EXPORT_SYMBOL_GPL(other);

long ordinary(void *p)
{
	return !!p;
}
EXPORT_SYMBOL_GPL(ordinary);
