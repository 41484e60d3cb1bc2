# SPDX-License-Identifier: GPL-2.0-only
#
# The table of Documentation/echo.rst from what selftests/echo_client.c printed,
# the same number of times for each server: of each figure the middle one.

{
	if (!($1 in times))
		order[++servers] = $1
	i = ++times[$1]
	for (f = 2; f <= NF; f++)
		value[$1, f, i] = $f
	connections = $2
	active = $9
}

function middle(server, f,	i, j, v, t, n)
{
	n = times[server]
	for (i = 1; i <= n; i++)
		v[i] = value[server, f, i]
	for (i = 1; i <= n; i++)
		for (j = i + 1; j <= n; j++)
			if (v[j] < v[i]) {
				t = v[i]
				v[i] = v[j]
				v[j] = t
			}
	return v[int((n + 1) / 2)]
}

function row(text, f, unit,	i)
{
	printf "   * - %s\n", text
	for (i = 1; i <= servers; i++)
		printf "     - %d%s\n", middle(order[i], f), unit
}

END {
	label["gort_echo"] = "green threads"
	label["echo_kthread"] = "kernel threads"
	label["echo_wq"] = "a workqueue"
	print ".. SPDX-License-Identifier: GPL-2.0-only"
	print ".. Written by benchmarks/echo"
	print ""
	printf ".. list-table:: %d connections, kernel %s, QEMU (%s), 2 CPUs; the middle of %d runs\n",
		connections, kernel, accel, times[order[1]]
	print "   :header-rows: 1"
	print "   :widths: 40 20 20 20"
	print ""
	print "   * -"
	for (i = 1; i <= servers; i++)
		printf "     - %s\n", label[order[i]]
	row("memory for each connection, both ends", 3, " B")
	row("of that slab", 4, " B")
	row("of that stacks of kernel threads", 5, " B")
	row("of that other vmalloc, stacks of Gs", 6, " B")
	row("connections made in a second, with a message each", 7, "")
	row("messages in a second, one of each connection", 8, "")
	row(sprintf("messages in a second, %d active, the others quiet", active), 10, "")
}
