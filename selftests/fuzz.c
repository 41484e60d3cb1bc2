// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz [SEED [SECONDS [STEPS]]]: the fuzzer of /dev/gort (fuzz.h) for some time.
 *
 * Round by round, one thread alone and then several; each round has a seed of its
 * own, one more than the last. Says every ten seconds how far it is, at the end
 * what each call came to, and ends with 1 if something did not hold. With SECONDS
 * 0 it makes the one round of this seed.
 */

#include "fuzz_run.h"

static __u64 fz_total[ARRAY_SIZE(fz_calls)][FZ_ERRNOS];

static void add_counts(struct fz *z)
{
	int i, j;

	for (i = 0; i < FZ_CALLS; i++)
		for (j = 0; j < FZ_ERRNOS; j++)
			fz_total[i][j] += z->count[i][j];
}

/* One line for each call; returns how many there were. */
static __u64 table(bool print)
{
	__u64 n = 0;
	int i, j;

	for (i = 0; i < FZ_CALLS; i++) {
		if (print)
			printf("%-18s ok %-9llu", fz_calls[i].name, fz_total[i][0]);
		for (j = 0; j < FZ_ERRNOS; j++) {
			n += fz_total[i][j];
			if (print && j && fz_total[i][j])
				printf(" %s %llu", strerrorname_np(j),
				       fz_total[i][j]);
		}
		if (print)
			putchar('\n');
	}
	return n;
}

/* @n threads; true if all held */
static bool one_round(int n, __u64 seed, unsigned int steps)
{
	struct fz *z = calloc(n, sizeof(*z));
	bool well = true;
	int i;

	for (i = 0; z && i < n; i++)
		well &= fz_init(&z[i]);
	if (!z || !well) {
		puts("no memory, no ring, or no gort");
		return false;
	}
	if (n > 1) {
		fz_together(z, n, seed, steps);
	} else {
		fz_round(z, seed, steps, true);
		fz_finish(z);
	}
	for (i = 0; i < n; i++) {
		add_counts(&z[i]);
		if (*z[i].bad) {
			printf("WRONG with %d threads: %s\n", n, z[i].bad);
			well = false;
		}
		fz_exit(&z[i]);
	}
	free(z);
	return well;
}

int main(int argc, char **argv)
{
	__u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : gt_now();
	__u64 seconds = argc > 2 ? strtoull(argv[2], NULL, 0) : 60;
	unsigned int steps = argc > 3 ? strtoul(argv[3], NULL, 0) : 1000;
	__u64 begin = gt_now(), said = begin, first = seed;
	struct gt_params params;
	const char *missing;
	bool well;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!getenv("GORT_FUZZ_BESIDE") && !gt_params_save(&params)) {
		puts("no gort");
		return 1;
	}
	printf("seed %llu, %llu seconds, %u steps a round\n", seed, seconds, steps);
	do {
		/* the seed tells which of both it is */
		well = one_round(seed % 2 ? 3 : 1, seed, steps);
		seed++;
		if (gt_now() - said > 10 * GT_NSEC_PER_SEC) {
			said = gt_now();
			printf("%llu s: %llu rounds, %llu calls\n",
			       (said - begin) / GT_NSEC_PER_SEC, seed - first,
			       table(false));
		}
	} while (well && gt_now() - begin < seconds * GT_NSEC_PER_SEC);
	printf("%llu calls in %llu rounds\n", table(true), seed - first);
	missing = fz_missing(fz_calls, FZ_CALLS, fz_total);
	if (missing)
		printf("not reached: %s\n", missing);
	puts(well ? "fuzz: nothing found" : "fuzz: FOUND");
	return !well;
}
