// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables, strings, and names and comments that the preprocessor knows.
 *
 * expect: accepted
 */
#include <linux/gort.h>
#include <linux/string.h>

#include "case.h"

static const char * const names[] = { "a", "%fs:112 is text here", "don't" };
static int counter asm("linux");

static noinline int pick(int n)
{
	switch (n) {
	case 0: return gort_yield();
	case 1: return gort_cancelled();
	case 2: return ++counter;
	case 3: return --counter;
	case 4: return counter + 7;
	case 5: return gort_sleep(7);
	default: return 0;
	}
}

long work(long n, void *p)
{
	asm volatile("# don't stop here\n\t# if this were C\n");
	memcpy(p, names[n % 3], 2);
	return strlen(names[pick(n) & 1]);
}
