/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the program "unit" share. */
#ifndef GORTCTL_UNIT_H
#define GORTCTL_UNIT_H

#include <stdbool.h>

/* One test and its result (unit.c) */
void ok(bool good, const char *what);

/* The library's readers; @dir is for their files (unit_lib.c) */
void library_tests(const char *dir);

#endif /* GORTCTL_UNIT_H */
