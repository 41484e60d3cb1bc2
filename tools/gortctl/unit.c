// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what gortctl computes by itself: numbers and expected results. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "num.h"
#include "unit.h"
#include "util.h"

static int tests, failures;

void ok(bool good, const char *what)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

static void parses(const char *text, bool time, __u64 want)
{
	char what[80];
	__u64 val = ~want;

	snprintf(what, sizeof(what), "'%s' is %llu", text, want);
	ok(!num_parse(text, time, &val) && val == want, what);
}

static void refuses(const char *text, bool time, int want)
{
	char what[80];
	__u64 val = 42;

	snprintf(what, sizeof(what), "'%s' is refused", text);
	ok(num_parse(text, time, &val) == want && val == 42, what);
}

static void numbers_with_suffixes(void)
{
	parses("0", false, 0);
	parses("010", false, 10);
	parses("0x1F", false, 31);
	parses("18446744073709551615", false, ~0ULL);
	parses("3k", false, 3000);
	parses("3M", false, 3000000);
	parses("3G", false, 3000000000ULL);
	parses("4Ki", false, 4096);
	parses("4Mi", false, 4 << 20);
	parses("4Gi", false, 4ULL << 30);
	parses("5ns", true, 5);
	parses("5us", true, 5000);
	parses("5ms", true, 5000000);
	parses("5s", true, 5000000000ULL);
	parses("5k", true, 5000);

	refuses("", false, -EINVAL);
	refuses("-1", false, -EINVAL);
	refuses("+1", false, -EINVAL);
	refuses(" 1", false, -EINVAL);
	refuses("1 ", false, -EINVAL);
	refuses("1kk", false, -EINVAL);
	refuses("0x", false, -EINVAL);
	refuses("k", false, -EINVAL);
	refuses("5ms", false, -EINVAL);
	refuses("18446744073709551616", false, -ERANGE);
	refuses("18446744073709552k", false, -ERANGE);
	refuses("17179869184Gi", false, -ERANGE);
}

static void times_of_arguments(void)
{
	ok(num_is_time("ns") && num_is_time("period_ns"), "ns, x_ns are times");
	ok(!num_is_time("n") && !num_is_time("_ns") && !num_is_time("iterations") &&
	   !num_is_time(""), "other arguments are not");
}

static void prints(__u64 ns, const char *want)
{
	char buf[NUM_LEN];

	ok(!strcmp(num_ns(buf, ns), want), want);
}

static void texts(void)
{
	char buf[NUM_LEN];

	prints(0, "0 ns");
	prints(999, "999 ns");
	prints(1000, "1.00 us");
	prints(12345, "12.3 us");
	prints(99960, "100 us");
	prints(999499, "999 us");
	prints(999500, "1.00 ms");
	prints(10000000, "10.0 ms");
	prints(1234567890, "1.23 s");
	prints(~0ULL, "18446744074 s");

	ok(!strcmp(num_errno(buf, EINVAL), "EINVAL"), "errno has its name");
	ok(!strcmp(num_errno(buf, 4095), "E4095"), "errno without a name");
}

static void medians(void)
{
	__u64 odd[] = { 9, 1, 5 }, even[] = { 4, 1, 3, 2 };

	ok(num_median(odd, 0) == 0, "median of none");
	ok(num_median(odd, 1) == 9, "median of one");
	ok(num_median(odd, 3) == 5 && odd[0] == 1 && odd[2] == 9, "median of three");
	ok(num_median(even, 4) == 3, "median of four");
}

static __u64 slow_fib(__u64 n, __u64 *calls)
{
	++*calls;
	return n < 2 ? n : slow_fib(n - 1, calls) + slow_fib(n - 2, calls);
}

static __u64 slow_tree(__u64 depth, __u64 fanout)
{
	__u64 nodes = 1, i;

	for (i = 0; depth && i < fanout; i++)
		nodes += slow_tree(depth - 1, fanout);
	return nodes;
}

/* Each closed form against the plain way, as far as that goes. */
static void expected_results(void)
{
	__u64 n, k, x, calls;
	bool good = true;

	for (n = 0, x = 1; n < 100000; n++, x = 3 * x + 1)
		good &= expect_steps(n) == x;
	ok(good, "steps of x = 3x + 1");
	/* The order of 3 modulo 2^65 is 2^63: so long is the period of x. */
	ok(expect_steps(1ULL << 63) == 1 && expect_steps(~0ULL) == 0,
	   "steps at the end of the range");

	for (n = 0, good = true; n < 25; n++) {
		calls = 0;
		good &= expect_fib(n) == slow_fib(n, &calls);
		good &= expect_fib_calls(n) == calls;
	}
	ok(good, "fib and its number of calls");
	ok(expect_fib(93) == 12200160415121876738ULL, "fib(93), the last to fit");

	for (n = 0, x = 0, good = true; n < 100000; n++, x += n)
		good &= expect_recurse(n) == x;
	ok(good, "sum of a recursion");
	ok(expect_recurse(~0ULL) == 1ULL << 63, "sum at the end of the range");

	for (n = 0, good = true; n < 7; n++)
		for (k = 0; k < 7; k++)
			good &= expect_tree(n, k) == slow_tree(n, k);
	ok(good, "nodes of a tree");
}

static void seconds_are(const char *text, int want, double sec)
{
	char what[80];
	double val = -1;

	snprintf(what, sizeof(what), "'%s' as seconds", text);
	ok(num_seconds(text, 60, &val) == want && val == (want ? -1 : sec), what);
}

static void seconds(void)
{
	seconds_are("2", 0, 2);
	seconds_are("0.5", 0, 0.5);
	seconds_are("60", 0, 60);
	seconds_are("61", -EINVAL, 0);
	seconds_are("0", -EINVAL, 0);
	seconds_are("0.001", -EINVAL, 0);
	seconds_are("-1", -EINVAL, 0);
	seconds_are("", -EINVAL, 0);
	seconds_are(".", -EINVAL, 0);
	seconds_are("1.2.3", -EINVAL, 0);
	seconds_are("1s", -EINVAL, 0);
	seconds_are("nan", -EINVAL, 0);
}

static void sizes(void)
{
	char buf[NUM_LEN];

	ok(!strcmp(num_bytes(buf, 0), "0 B"), "no bytes");
	ok(!strcmp(num_bytes(buf, 1023), "1023 B"), "bytes");
	ok(!strcmp(num_bytes(buf, 1024), "1.0 KiB"), "a KiB");
	ok(!strcmp(num_bytes(buf, 20480), "20.0 KiB"), "20 KiB");
	ok(!strcmp(num_bytes(buf, 1048575), "1.0 MiB"), "nearly a MiB");
	ok(!strcmp(num_bytes(buf, 200 << 20), "200 MiB"), "MiB");
	ok(!strcmp(num_bytes(buf, ~0ULL), "16777216 TiB"), "the most");
}

/* @argv[1] is the name of a folder, to be made, for files of the tests. */
int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	library_tests(argv[1]);
	seconds();
	sizes();
	numbers_with_suffixes();
	times_of_arguments();
	texts();
	medians();
	expected_results();
	printf("1..%d\n", tests);
	return failures ? 1 : 0;
}
