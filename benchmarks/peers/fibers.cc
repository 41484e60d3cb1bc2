// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Boost.Fiber takes for what benchmarks/module measures, with its round-robin
 * scheduler on one thread; and Boost.Context for a switch alone, with no scheduler
 * at all.
 */

#include <boost/context/fiber.hpp>
#include <boost/fiber/all.hpp>

#include "peer.hh"

namespace fibers = boost::fibers;
using numbers = fibers::unbuffered_channel<unsigned long>;
using queue = fibers::buffered_channel<unsigned long>;

static double yield()
{
	pair p;
	fibers::fiber other([&p] {
		while (!p.stop) {
			boost::this_fiber::yield();
			p.took_turn(2);
		}
	});
	double ns = best(BATCHES, [&p] {
		long before = p.switches;

		for (int i = 0; i < OPS; i++) {
			boost::this_fiber::yield();
			p.took_turn(1);
		}
		return p.switches - before;
	});

	p.stop = true;
	other.join();
	return ns;
}

static double park()
{
	pair p;
	fibers::mutex mutex;
	fibers::condition_variable conds[3];
	auto await = [&](int self, std::unique_lock<fibers::mutex> &lock) {
		while (p.turn != self)
			conds[self].wait(lock);
	};
	auto pass = [&](int to) {
		p.turn = to;
		conds[to].notify_one();
	};
	fibers::fiber other([&] {
		std::unique_lock<fibers::mutex> lock(mutex);

		for (await(2, lock); !p.stop; await(2, lock))
			pass(1);
	});
	std::unique_lock<fibers::mutex> lock(mutex);
	double ns = best(BATCHES, [&] {
		for (int i = 0; i < OPS; i++) {
			pass(2);
			await(1, lock);
		}
		return OPS;
	});

	p.stop = true;
	pass(2);
	lock.unlock();
	other.join();
	return ns;
}

static double chan_unbuffered()
{
	numbers there, back;
	fibers::fiber other([&] {
		unsigned long value;

		while (there.pop(value) == fibers::channel_op_status::success)
			back.push(value);
	});
	double ns = best(BATCHES, [&] {
		for (unsigned long i = 0, value; i < OPS; i++) {
			there.push(i);
			back.pop(value);
			if (value != i)
				abort();
		}
		return OPS;
	});

	there.close();
	other.join();
	return ns;
}

/* One place of its ring stays empty, and it has to be a power of two. */
static double chan_buffered()
{
	queue there(ROOM);
	fibers::fiber other([&] {
		unsigned long value;

		while (there.pop(value) == fibers::channel_op_status::success)
			;
	});
	double ns = best(BATCHES, [&] {
		for (unsigned long i = 0; i < OPS; i++)
			there.push(i);
		return OPS;
	});

	there.close();
	other.join();
	return ns;
}

static double spawn_join()
{
	return best(BATCHES, [] {
		for (int i = 0; i < OPS / 2; i++)
			fibers::fiber([] {}).join();
		return OPS / 2;
	});
}

static double spawn()
{
	return best(BATCHES, [] {
		int ended = 0;

		for (int i = 1; i <= OPS / 2; i++) {
			fibers::fiber([&ended] { ended++; }).detach();
			while (ended != i)
				boost::this_fiber::yield();
		}
		return OPS / 2;
	});
}

static double mutex()
{
	fibers::mutex m;

	return best(BATCHES, [&m] {
		for (int i = 0; i < OPS; i++) {
			m.lock();
			m.unlock();
		}
		return OPS;
	});
}

static double mutex_contended()
{
	fibers::mutex m;
	long held = 0;
	bool stop = false;
	auto hold = [&] {
		m.lock();
		held++;
		boost::this_fiber::yield();
		m.unlock();
	};
	fibers::fiber other([&] {
		while (!stop)
			hold();
	});
	double ns = best(BATCHES, [&] {
		long before = held;

		for (int i = 0; i < OPS; i++)
			hold();
		return held - before;
	});

	stop = true;
	other.join();
	return ns;
}

static double bare_switch()
{
	bool stop = false;
	boost::context::fiber other([&stop](boost::context::fiber &&first) {
		while (!stop)
			first = std::move(first).resume();
		return std::move(first);
	});
	double ns = best(BATCHES, [&other] {
		for (int i = 0; i < OPS; i++)
			other = std::move(other).resume();
		return 2 * OPS; /* there and back */
	});

	stop = true;
	other = std::move(other).resume();
	return ns;
}

int main(int argc, char **argv)
{
	static const peer peers[] = {
		{ "yield", "boost_fiber", yield },
		{ "yield", "boost_context", bare_switch },
		{ "park", "boost_fiber", park },
		{ "chan_unbuffered", "boost_fiber", chan_unbuffered },
		{ "chan_buffered", "boost_fiber", chan_buffered },
		{ "spawn", "boost_fiber", spawn },
		{ "spawn_join", "boost_fiber", spawn_join },
		{ "mutex", "boost_fiber", mutex },
		{ "mutex_contended", "boost_fiber", mutex_contended },
	};

	return run_peers(peers, argc, argv);
}
