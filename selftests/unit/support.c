// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all programs here share: the rest of the shim, and the driver.
 *
 *	NAME_unit [RUNS [FIRST]]	as many runs, with the seeds from FIRST on
 *	NAME_unit FILE...		the runs that these strings of bytes make
 *
 * With libFuzzer its own main() is used instead. The driver prints TAP: one line
 * for all runs, and one for each place that they have to reach.
 */

#include "unit.h"

#include "../../gort.h"

#define RUNS		2000
#define LENGTH_MAX	2048

struct task_struct unit_task = { "unit", 1, NULL };
bool unit_signal;
u64 unit_now;
void (*unit_looked)(void);
struct unit_area unit_areas[UNIT_AREAS];
const struct file_operations *unit_fops;
unsigned long unit_count[UNIT_PLACES];

/* Parameters, and variables of files that are not here */
unsigned int gort_slice_us = 10000;
unsigned int gort_stack_max = 65536;
unsigned long gort_heap_max = 1 << 20;
unsigned long gort_gc_min = 1 << 16;
unsigned int gort_max_tasks = 1024;
unsigned int gort_max_tasks_file = 12;
unsigned int gort_max_tasks_user = 16;
unsigned int gort_max_files_user = 3;
struct static_key gort_restore_key, gort_hook_key;
struct task_struct *gort_mtask;
struct gort_g *gort_curg;
struct gort_g gort_nog;
const char gort_gtext_end[1], gort_gtext_size[1];
struct gort_sched gort_sched = {
	.round = LIST_HEAD_INIT(gort_sched.round),
	.nactive = UNIT_CPUS,
};

atomic_t gort_fail_nth;

bool gort_fail_count(const char *site)
{
	(void)site;
	return !--gort_fail_nth.v;
}

/* Nobody else is there who could wake it; the tests that sleep have their own. */
__weak void unit_sleep(void)
{
	unit_check(!"it sleeps");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct unit_input in = { data, len };

	atomic_set(&gort_fail_nth, 0);
	unit_run(&in);
	return 0;
}

#ifndef UNIT_LIBFUZZER

static u64 next(u64 *state)
{
	u64 x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* A copy of exactly that length: what is read behind it is found. */
static void run(const u8 *data, size_t len)
{
	u8 *copy = malloc(len ?: 1);

	unit_check(copy);
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void run_seed(u64 seed)
{
	static u8 data[LENGTH_MAX];
	u64 state = seed;
	size_t len = next(&state) % LENGTH_MAX, i;

	for (i = 0; i < len; i++)
		data[i] = next(&state);
	run(data, len);
}

static int run_file(const char *name)
{
	static u8 data[1 << 20];
	FILE *f = fopen(name, "rb");
	size_t len;

	if (!f) {
		perror(name);
		return 1;
	}
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	run(data, len);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long runs = RUNS, first = 1, i;
	char *end = "";
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		runs = strtoul(argv[1], &end, 0);
	if (*end) {
		while (*++argv)
			bad |= run_file(*argv);
		return bad;
	}
	if (argc > 2)
		first = strtoul(argv[2], NULL, 0);
	for (i = 0; unit_names[i]; i++)
		;
	printf("1..%lu\n", i + 1);
	for (i = first; i < first + runs; i++) {
		/* seen if the run ends the program */
		printf("# seed %lu\r", i);
		fflush(stdout);
		run_seed(i);
	}
	printf("\nok 1 - %lu runs hold\n", runs);
	for (i = 0; unit_names[i]; i++) {
		printf("%sok %lu - %s (%lu)\n", unit_count[i] ? "" : "not ", i + 2,
		       unit_names[i], unit_count[i]);
		bad |= !unit_count[i];
	}
	return bad;
}

#endif
