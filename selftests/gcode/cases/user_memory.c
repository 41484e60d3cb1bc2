// SPDX-License-Identifier: GPL-2.0-only
/*
 * A G has no user space.
 *
 * expect: rejected
 * says: calls _copy_from_user()
 * says: a G has no user space
 */
#include <linux/uaccess.h>

#include "case.h"

long work(long n, void *p)
{
	return copy_from_user(p, (void __user *)n, 8);
}
