/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What assembly and C agree on. gort_stack.c checks each offset against the
 * structure it belongs to.
 */
#ifndef _GORT_ASM_H
#define _GORT_ASM_H

/* struct gort_g; scripts/gcode.mk relies on STACKGUARD0 being first */
#define G_STACKGUARD0	0
#define G_SP		16
#define G_STACK_LO	24
#define G_STACK_HI	32
#define G_M		40
#define G_ASYNC_IP	120

/* struct gort_m */
#define M_G0_SP		0

/* gort_newstack(): the function goes on where it is; or leaves for the M */
#define GORT_STAY	0
#define GORT_LEAVE	1

/* GCC compares the stack pointer itself for frames below this size */
#define GORT_SMALL_FRAME	256

/*
 * What follows the call of gort_morestack: a return, and no more than that, in so
 * many bytes, see scripts/gcode-rewrite.awk and scripts/gcode-check.
 */
#define GORT_RET_SIZE	8

#endif /* _GORT_ASM_H */
