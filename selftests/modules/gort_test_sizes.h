/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * T_EACH(h, l) for each frame size, (16 * h + l + 1) * 16 bytes. To be included
 * once for each use, with T_EACH defined; T_PADS_ONLY leaves out all from 1 KiB
 * on. So there is no guard against including it again.
 */
T_EACH(0, 0) T_EACH(0, 1) T_EACH(0, 2) T_EACH(0, 3) T_EACH(0, 4)
T_EACH(0, 5) T_EACH(0, 6) T_EACH(0, 7) T_EACH(0, 8) T_EACH(0, 9)
T_EACH(0, a) T_EACH(0, b) T_EACH(0, c) T_EACH(0, d) T_EACH(0, e)
T_EACH(0, f) T_EACH(1, 0) T_EACH(1, 1) T_EACH(1, 2) T_EACH(1, 3)
T_EACH(1, 4) T_EACH(1, 5) T_EACH(1, 6) T_EACH(1, 7) T_EACH(1, 8)
T_EACH(1, 9) T_EACH(1, a) T_EACH(1, b) T_EACH(1, c) T_EACH(1, d)
T_EACH(1, e) T_EACH(1, f) T_EACH(2, 0) T_EACH(2, 1) T_EACH(2, 2)
T_EACH(2, 3) T_EACH(2, 4) T_EACH(2, 5) T_EACH(2, 6) T_EACH(2, 7)
T_EACH(2, 8) T_EACH(2, 9) T_EACH(2, a) T_EACH(2, b) T_EACH(2, c)
T_EACH(2, d) T_EACH(2, e) T_EACH(2, f) T_EACH(3, 0) T_EACH(3, 1)
T_EACH(3, 2) T_EACH(3, 3) T_EACH(3, 4) T_EACH(3, 5) T_EACH(3, 6)
T_EACH(3, 7) T_EACH(3, 8) T_EACH(3, 9) T_EACH(3, a) T_EACH(3, b)
T_EACH(3, c) T_EACH(3, d) T_EACH(3, e) T_EACH(3, f)
#ifndef T_PADS_ONLY
T_EACH(4, 0) T_EACH(4, 1) T_EACH(4, 2) T_EACH(4, 3) T_EACH(4, 4)
T_EACH(4, 5) T_EACH(4, 6) T_EACH(4, 7) T_EACH(4, 8) T_EACH(4, 9)
T_EACH(4, a) T_EACH(4, b) T_EACH(4, c) T_EACH(4, d) T_EACH(4, e)
T_EACH(4, f) T_EACH(5, 0) T_EACH(5, 1) T_EACH(5, 2) T_EACH(5, 3)
T_EACH(5, 4) T_EACH(5, 5) T_EACH(5, 6) T_EACH(5, 7) T_EACH(5, 8)
T_EACH(5, 9) T_EACH(5, a) T_EACH(5, b) T_EACH(5, c) T_EACH(5, d)
T_EACH(5, e) T_EACH(5, f) T_EACH(6, 0) T_EACH(6, 1) T_EACH(6, 2)
T_EACH(6, 3) T_EACH(6, 4) T_EACH(6, 5) T_EACH(6, 6) T_EACH(6, 7)
T_EACH(6, 8) T_EACH(6, 9) T_EACH(6, a) T_EACH(6, b) T_EACH(6, c)
T_EACH(6, d) T_EACH(6, e) T_EACH(6, f) T_EACH(7, 0) T_EACH(7, 1)
T_EACH(7, 2) T_EACH(7, 3) T_EACH(7, 4) T_EACH(7, 5) T_EACH(7, 6)
T_EACH(7, 7)
#endif
#undef T_EACH
