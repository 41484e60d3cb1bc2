/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of the pure parts of gort in user space.
 *
 * Each *_unit.c makes one function of a run of operations: unit_run(), whose
 * choices come from a string of bytes. Three look for the string that breaks it:
 * the fixed seeds of "make check", libFuzzer in "make fuzz-unit", and whoever
 * hands a file to the program, to repeat what either found.
 */
#ifndef UNIT_H
#define UNIT_H

#include "shim.h"

/**
 * struct unit_input - where choices come from
 * @at: the next byte
 * @left: how many there are; after the last, all choices are 0
 */
struct unit_input {
	const u8 *at;
	size_t left;
};

static inline u8 unit_byte(struct unit_input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

/* A number below @n */
static inline u32 unit_below(struct unit_input *in, u32 n)
{
	u32 x = unit_byte(in);

	if (n > 256)
		x = x << 8 | unit_byte(in);
	return x % n;
}

static inline u64 unit_u64(struct unit_input *in)
{
	u64 x = 0;
	int i;

	for (i = 0; i < 8; i++)
		x = x << 8 | unit_byte(in);
	return x;
}

/* Most of what counts as a place that has to be reached */
#define UNIT_PLACES	32

/* How often each was; unit_names has what they are called, in order. */
extern unsigned long unit_count[UNIT_PLACES];
extern const char * const unit_names[];

void unit_run(struct unit_input *in);

#endif /* UNIT_H */
