# SPDX-License-Identifier: GPL-2.0-only
#
# Draws what benchmarks/stop has measured: for each kind of section two bars, the
# rounds of requests for one stop of the world with the restores and without.

function bar(x, rounds, colour,		h)
{
	h = 220 * rounds / top
	printf "<rect x=\"%d\" y=\"%.1f\" width=\"34\" height=\"%.1f\" fill=\"%s\"/>\n",
		x, 260 - h, h, colour
	printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"middle\">%.1f</text>\n",
		x + 17, 256 - h, rounds
}

/^#/ { next }

{
	if (!($1 in seen))
		names[n++] = $1
	seen[$1] = 1
	rounds[$1, $2] = $4 / $3
	if ($4 / $3 > top)
		top = $4 / $3
}

END {
	print "<?xml version=\"1.0\"?>"
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"620\" height=\"320\" font-family=\"sans-serif\" font-size=\"11\">"
	print "<rect width=\"620\" height=\"320\" fill=\"white\"/>"
	print "<text x=\"60\" y=\"18\" font-size=\"13\">Rounds of requests for one stop of the world, Gs in sections on every P</text>"
	print "<line x1=\"60\" x2=\"600\" y1=\"260\" y2=\"260\" stroke=\"#888\"/>"
	for (i = 0; i < n; i++) {
		x = 80 + 105 * i
		bar(x, rounds[names[i], 1], "#2a7ab9")
		bar(x + 38, rounds[names[i], 0], "#c65b3a")
		printf "<text x=\"%d\" y=\"278\" text-anchor=\"middle\">%s</text>\n", x + 36, names[i]
	}
	print "<rect x=\"80\" y=\"295\" width=\"12\" height=\"12\" fill=\"#2a7ab9\"/><text x=\"97\" y=\"305\">with the restores</text>"
	print "<rect x=\"230\" y=\"295\" width=\"12\" height=\"12\" fill=\"#c65b3a\"/><text x=\"247\" y=\"305\">without (restore=0)</text>"
	print "</svg>"
}
