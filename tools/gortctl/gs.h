/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of green threads, as ps and top show it. */
#ifndef GORTCTL_GS_H
#define GORTCTL_GS_H

#include <stdbool.h>
#include <stdio.h>

#include <libgort.h>

enum gs_state {
	GS_RUNNING, GS_RUNNABLE, GS_WAITING, GS_BLOCKED, GS_STARTING, GS_STATES
};

extern const char * const gs_states[GS_STATES];

/* A state by its name, or GS_STATES */
enum gs_state gs_state(const char *name);

/*
 * Read all green threads; returns how many, or a negative errno. What a
 * terminal would take for a command is taken out of their texts.
 */
int gs_read(struct gortc_g **gs);

/*
 * Sort by gid, ctx, state, time, stack or preempted; these last three with the
 * largest first. Returns false if there is no such key.
 */
bool gs_sort(struct gortc_g *gs, int n, const char *key);

/* Print the heading, and one line of the list. */
void gs_head(FILE *f);
void gs_line(FILE *f, const struct gortc_g *g);

#endif /* GORTCTL_GS_H */
