/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of a case have in common */
#ifndef GORT_GCODE_CASE_H
#define GORT_GCODE_CASE_H

#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/types.h>

MODULE_INFO(import_ns, "GORT");

/* G code: what is checked, and its sibling in another file */
long work(long n, void *p);
long other(long n, void *p);

/* Not G code: in an ordinary file of the same module */
long ordinary(void *p);

#endif /* GORT_GCODE_CASE_H */
