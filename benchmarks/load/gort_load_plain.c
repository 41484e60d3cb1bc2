// SPDX-License-Identifier: GPL-2.0-only
/* The same programs as any other code: without checks, on the stack of the M. */

#include "gort_load_kernels.h"

long plain_checked(void *arg)
{
	measure(arg);
	return 0;
}
