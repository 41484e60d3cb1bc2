// SPDX-License-Identifier: GPL-2.0-only
#include "squares.h"

typedef GORT_CHAN(u64) numbers;

static void produce(void *arg)
{
	numbers *c = arg;
	u64 n = 0;

	do
		n++;
	while (!gort_send(c, n * n));
}

int sum_of_squares(const u64 *args, u64 *result)
{
	numbers *c = gort_make_chan(numbers, 0);
	u64 i, square;
	int err;

	if (!c)
		return -ENOMEM;
	err = gort_go(NULL, produce, c);
	for (i = 0; i < args[0] && !err; i++) {
		err = gort_recv(c, &square);
		*result += square;
	}
	gort_close(c);
	return err;
}
