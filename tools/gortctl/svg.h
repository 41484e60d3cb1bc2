/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A timeline as a picture that any browser shows: a lane for each P, a bar for
 * each time that a green thread ran, and a mark for what became of requests.
 */
#ifndef GORTCTL_SVG_H
#define GORTCTL_SVG_H

#include <stdio.h>

#include "timeline.h"

struct svg;

/* Keeps what the picture may need, of any number of slices and marks. */
struct svg *svg_new(void);
int svg_slice(struct svg *v, const struct tl_slice *s);
int svg_mark(struct svg *v, const struct tl_mark *m);

/* Draw it; all of it, or the part that is said in the picture. */
int svg_write(struct svg *v, const struct tl_counts *c, FILE *out);
void svg_free(struct svg *v);

#endif /* GORTCTL_SVG_H */
