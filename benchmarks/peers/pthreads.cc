// SPDX-License-Identifier: GPL-2.0-only
/*
 * What POSIX threads take for what benchmarks/module measures. They share the CPU
 * that the program may use, if it may use but one.
 */

#include <pthread.h>
#include <sched.h>

#include "peer.hh"

static pair p;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t conds[3] = {
	PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER,
};

static pthread_t start(void *(*body)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, NULL))
		abort();
	return thread;
}

static bool stopped()
{
	return __atomic_load_n(&p.stop, __ATOMIC_RELAXED);
}

static void stop()
{
	__atomic_store_n(&p.stop, true, __ATOMIC_RELAXED);
}

/* One runs at a time, but it may lose the CPU anywhere: they may miss a few. */
static void *yields(void *arg)
{
	while (!stopped()) {
		sched_yield();
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		p.took_turn(2);
	}
	return arg;
}

static double yield()
{
	p = pair();
	pthread_t other = start(yields);
	double ns = best(BATCHES, [] {
		long before = p.switches;

		for (int i = 0; i < OPS; i++) {
			sched_yield();
			__atomic_signal_fence(__ATOMIC_SEQ_CST);
			p.took_turn(1);
		}
		return p.switches - before;
	});

	stop();
	pthread_join(other, NULL);
	return ns;
}

static void await(int self)
{
	while (p.turn != self)
		pthread_cond_wait(&conds[self], &lock);
}

static void pass(int to)
{
	p.turn = to;
	pthread_cond_signal(&conds[to]);
}

static void *parks(void *arg)
{
	pthread_mutex_lock(&lock);
	for (await(2); !p.stop; await(2))
		pass(1);
	pthread_mutex_unlock(&lock);
	return arg;
}

static double park()
{
	p = pair();
	pthread_mutex_lock(&lock);
	pthread_t other = start(parks);
	double ns = best(BATCHES, [] {
		for (int i = 0; i < OPS / 4; i++) {
			pass(2);
			await(1);
		}
		return OPS / 4;
	});

	stop();
	pass(2);
	pthread_mutex_unlock(&lock);
	pthread_join(other, NULL);
	return ns;
}

static void *ends(void *arg)
{
	return arg;
}

static double spawn_join()
{
	return best(BATCHES / 2, [] {
		for (int i = 0; i < 50; i++)
			pthread_join(start(ends), NULL);
		return 50;
	});
}

static double mutex()
{
	return best(BATCHES, [] {
		for (int i = 0; i < OPS; i++) {
			pthread_mutex_lock(&lock);
			pthread_mutex_unlock(&lock);
		}
		return OPS;
	});
}

static long held;

/* Has the mutex while the other one runs. */
static void hold()
{
	pthread_mutex_lock(&lock);
	held++;
	sched_yield();
	pthread_mutex_unlock(&lock);
}

static void *competes(void *arg)
{
	while (!stopped())
		hold();
	return arg;
}

static double mutex_contended()
{
	p = pair();
	pthread_t other = start(competes);
	double ns = best(BATCHES, [] {
		long before = __atomic_load_n(&held, __ATOMIC_RELAXED);

		for (int i = 0; i < OPS / 4; i++)
			hold();
		return __atomic_load_n(&held, __ATOMIC_RELAXED) - before;
	});

	stop();
	pthread_join(other, NULL);
	return ns;
}

int main(int argc, char **argv)
{
	static const peer peers[] = {
		{ "yield", "pthread", yield },
		{ "park", "pthread", park },
		{ "spawn_join", "pthread", spawn_join },
		{ "mutex", "pthread", mutex },
		{ "mutex_contended", "pthread", mutex_contended },
	};

	return run_peers(peers, argc, argv);
}
