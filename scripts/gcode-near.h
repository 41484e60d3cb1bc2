/* SPDX-License-Identifier: GPL-2.0-only */
/* Given to the compiler before G code, see gcode.mk: all symbols are near. */
#pragma GCC visibility push(hidden)
