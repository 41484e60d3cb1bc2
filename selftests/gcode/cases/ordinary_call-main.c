// SPDX-License-Identifier: GPL-2.0-only
/* An ordinary file of the module */
#include "case.h"

long ordinary(void *p)
{
	return (long)p;
}
