# SPDX-License-Identifier: GPL-2.0-only
#
# The table of Documentation/submit.rst from what benchmarks/submit.c printed, of
# each way the middle of three runs.

{
	if (!($1 in times))
		order[++ways] = $1
	rate[$1, ++times[$1]] = $2
	calls[$1] = $3
}

function middle(way,	a, b, c)
{
	a = rate[way, 1] + 0
	b = rate[way, 2] + 0
	c = rate[way, 3] + 0
	if ((a <= b) == (b <= c))
		return b
	return (b <= a) == (a <= c) ? a : c
}

END {
	label["one_and_wait"] = "ioctl for each, and a wait and a read for each"
	label["one_by_one"] = "ioctl for each, then all are awaited and read"
	label["batch"] = "one ioctl for all, then all are awaited and read"
	label["ring_one_by_one"] = "ring, a command for each, and one reap"
	label["ring_batch"] = "ring, one command for all, and one reap"
	print ".. SPDX-License-Identifier: GPL-2.0-only"
	print ".. Written by benchmarks/submit"
	print ""
	printf ".. list-table:: 64 small tasks at a time, kernel %s, QEMU (%s), 2 CPUs; the middle of 3 runs\n",
		kernel, accel
	print "   :header-rows: 1"
	print "   :widths: 60 20 20"
	print ""
	print "   * - how"
	print "     - tasks in a second, to the first"
	print "     - system calls for 1000 tasks"
	for (i = 1; i <= ways; i++) {
		printf "   * - %s\n", label[order[i]]
		printf "     - %.2f\n", middle(order[i]) / middle(order[1])
		printf "     - %d\n", calls[order[i]]
	}
}
