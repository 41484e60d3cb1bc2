/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the peers in C++ have in common: the same batches as in benchmarks/module,
 * and of each measurement the fastest one, as a line in nanoseconds for one
 * operation:
 *
 *	bench: NAME SYSTEM 66.125
 */
#ifndef PEER_HH
#define PEER_HH

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

enum {
	BATCHES = 64,	/* of cheap operations */
	OPS = 2000,	/* in one of them */
	BURSTS = 3,	/* batches of a burst: the first one is cold */
	ROOM = 64,	/* values in a buffered channel */
};

/* Of @n batches; each returns how many operations it did. */
template <class Batch> double best(int n, Batch batch)
{
	using clock = std::chrono::steady_clock;
	double least = 0;

	for (int i = 0; i < n; i++) {
		auto start = clock::now();
		long did = batch();
		std::chrono::duration<double, std::nano> took = clock::now() - start;

		if (!i || took.count() / did < least)
			least = took.count() / did;
	}
	return least;
}

struct peer {
	const char *name;
	const char *system;
	double (*run)();
};

/* Those whose names are arguments, or all */
template <int n> int run_peers(const peer (&peers)[n], int argc, char **argv)
{
	for (const peer &p : peers) {
		bool chosen = argc < 2;

		for (int i = 1; i < argc; i++)
			chosen = chosen || !strcmp(argv[i], p.name);
		if (chosen)
			printf("bench: %s %s %.3f\n", p.name, p.system, p.run());
	}
	return 0;
}

/* Two that take turns. Only what has let the other one run counts. */
struct pair {
	int turn = 1;
	long switches = 0;
	bool stop = false;

	void took_turn(int self)
	{
		if (turn != self) {
			turn = self;
			switches++;
		}
	}
};

#endif /* PEER_HH */
