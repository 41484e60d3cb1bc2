# SPDX-License-Identifier: GPL-2.0-only
#
# Draws what benchmarks/stop has measured: for each kind of section two bars, the
# median time to stop the world with the restores and without, on a logarithmic
# scale from 10 us to 1 s.

function y(us)
{
	if (us < 10)
		us = 10
	return 260 - 44 * log(us / 10) / log(10)
}

function bar(x, us, colour)
{
	printf "<rect x=\"%d\" y=\"%.1f\" width=\"34\" height=\"%.1f\" fill=\"%s\"/>\n",
		x, y(us), 260 - y(us), colour
	printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
		x + 17, y(us) - 4, us
}

/^#/ { next }

{
	if (!($1 in seen))
		names[n++] = $1
	seen[$1] = 1
	median[$1, $2] = $5
}

END {
	print "<?xml version=\"1.0\"?>"
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"620\" height=\"320\" font-family=\"sans-serif\" font-size=\"11\">"
	print "<rect width=\"620\" height=\"320\" fill=\"white\"/>"
	print "<text x=\"60\" y=\"18\" font-size=\"13\">Median time to stop the world, in us, Gs in sections on every P</text>"
	for (us = 10; us <= 1000000; us *= 10) {
		printf "<line x1=\"60\" x2=\"600\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", y(us), y(us)
		printf "<text x=\"54\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", y(us) + 4, us
	}
	for (i = 0; i < n; i++) {
		x = 80 + 105 * i
		bar(x, median[names[i], 1], "#2a7ab9")
		bar(x + 38, median[names[i], 0], "#c65b3a")
		printf "<text x=\"%d\" y=\"278\" text-anchor=\"middle\">%s</text>\n", x + 36, names[i]
	}
	print "<rect x=\"80\" y=\"295\" width=\"12\" height=\"12\" fill=\"#2a7ab9\"/><text x=\"97\" y=\"305\">with the restores</text>"
	print "<rect x=\"230\" y=\"295\" width=\"12\" height=\"12\" fill=\"#c65b3a\"/><text x=\"247\" y=\"305\">without (restore=0)</text>"
	print "</svg>"
}
