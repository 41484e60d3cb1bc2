// SPDX-License-Identifier: GPL-2.0-only
/* Numbers as people write and read them, see num.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "num.h"
#include "util.h"

static const struct suffix {
	const char *text;
	__u64 factor;
	bool time;
} suffixes[] = {
	{ "",   1, false },
	{ "k",  1000, false },
	{ "M",  1000 * 1000, false },
	{ "G",  1000 * 1000 * 1000, false },
	{ "Ki", 1ULL << 10, false },
	{ "Mi", 1ULL << 20, false },
	{ "Gi", 1ULL << 30, false },
	{ "ns", 1, true },
	{ "us", 1000, true },
	{ "ms", 1000 * 1000, true },
	{ "s",  1000 * 1000 * 1000, true },
};

int num_parse(const char *text, bool time, __u64 *val)
{
	unsigned long long n;
	char *end;
	size_t i;

	/* strtoull() would take signs and leading blanks. */
	if (!isdigit((unsigned char)*text))
		return -EINVAL;

	errno = 0;
	n = strtoull(text, &end, text[0] == '0' && tolower(text[1]) == 'x' ? 16 : 10);
	if (errno)
		return -errno;

	for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (strcmp(end, suffixes[i].text) || (suffixes[i].time && !time))
			continue;
		if (__builtin_mul_overflow(n, suffixes[i].factor, &n))
			return -ERANGE;
		*val = n;
		return 0;
	}
	return -EINVAL;
}

int num_seconds(const char *text, double max, double *val)
{
	char *end;
	double v;

	/* strtod() would take signs, blanks, hexadecimal, "inf" and "nan". */
	if (text[strspn(text, "0123456789.")])
		return -EINVAL;
	v = strtod(text, &end);
	if (*end || end == text || v < 0.01 || v > max)
		return -EINVAL;
	*val = v;
	return 0;
}

bool num_is_time(const char *arg_name)
{
	size_t len = strlen(arg_name);

	return !strcmp(arg_name, "ns") ||
	       (len > 3 && !strcmp(arg_name + len - 3, "_ns"));
}

const char *num_ns(char buf[NUM_LEN], __u64 ns)
{
	static const char * const units[] = { "ns", "us", "ms", "s" };
	double v = ns;
	int unit = 0;

	while (v >= 999.5 && unit < 3) {
		v /= 1000;
		unit++;
	}
	/* Three digits after the first unit, none that were never measured. */
	snprintf(buf, NUM_LEN, "%.*f %s",
		 !unit || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2, v, units[unit]);
	return buf;
}

const char *num_bytes(char buf[NUM_LEN], __u64 bytes)
{
	static const char * const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = bytes;
	int unit = 0;

	while (v >= 1023.5 && unit < 4) {
		v /= 1024;
		unit++;
	}
	snprintf(buf, NUM_LEN, "%.*f %s", !unit || v >= 99.95 ? 0 : 1, v,
		 units[unit]);
	return buf;
}

__u64 num_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

const char *num_errno(char buf[NUM_LEN], int err)
{
	const char *name = strerrorname_np(err);

	if (name)
		return name;
	snprintf(buf, NUM_LEN, "E%d", err);
	return buf;
}

static int cmp_u64(const void *pa, const void *pb)
{
	__u64 a = *(const __u64 *)pa, b = *(const __u64 *)pb;

	return (a > b) - (a < b);
}

__u64 num_median(__u64 *vals, size_t n)
{
	if (!n)
		return 0;
	qsort(vals, n, sizeof(*vals), cmp_u64);
	return vals[n / 2];
}
