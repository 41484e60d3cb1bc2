/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocations that fail on purpose; gort_fail.c has the design. */
#ifndef _GORT_FAIL_H
#define _GORT_FAIL_H

#include <linux/atomic.h>
#include <linux/compiler.h>

extern atomic_t gort_fail_nth;

bool gort_fail_count(const char *site);

/* Is it this one that is to fail? */
static inline bool gort_should_fail(const char *site)
{
	return unlikely(atomic_read(&gort_fail_nth) > 0) &&
	       gort_fail_count(site);
}

/**
 * gort_try() - allocate, or fail on purpose
 * @call: calls what allocates
 * @otherwise: what that returns when it fails
 *
 * Each call of this module that allocates is inside of one. The site, its file
 * and @call, is in the list "modinfo -F alloc gort.ko".
 *
 * Return: what @call does, or @otherwise.
 */
#define gort_try(call, otherwise)					\
({									\
	static const char try_info[] __used __aligned(1)		\
		__section(".modinfo") = "alloc=" KBUILD_BASENAME ": " #call; \
									\
	gort_should_fail(KBUILD_BASENAME ": " #call) ?			\
		(typeof(call))(otherwise) : (call);			\
})

#endif /* _GORT_FAIL_H */
