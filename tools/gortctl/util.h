/* SPDX-License-Identifier: GPL-2.0-only */
/* A few macros of the kernel that its exported headers lack. */
#ifndef GORTCTL_UTIL_H
#define GORTCTL_UTIL_H

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Have the compiler check format @fmt against the arguments from @args on. */
#define __printf(fmt, args) __attribute((format(printf, fmt, args)))

#endif /* GORTCTL_UTIL_H */
