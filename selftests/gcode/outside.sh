#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Modules outside of the tree: the samples, copied to a folder of their own, are
# built with what "make devel_install" has installed, and with the tree; and the
# mistakes that who begins makes get a message that says what to do. No virtual
# machine.
#
#	outside.sh [KDIR]	default: the running kernel's, else the newest

set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kdir=${1:-/lib/modules/$(uname -r)/build}
if [ $# -eq 0 ] && [ ! -e "$kdir/Makefile" ]; then
	kdir=$(printf '%s\n' /lib/modules/*/build | sort -V | tail -n 1)
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
devel=$tmp/devel
log=$tmp/log
count=0
failed=0
exec </dev/null
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# result STATUS NAME: one TAP line, and on failure what was said
result()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $count - $2"
	tail -n 30 "$log" | sed 's/^/# /'
}

# copy SAMPLE FOLDER: what a reader would copy, and nothing that was built
copy()
{
	rm -rf "$2"
	mkdir -p "$2"
	cp "$top/samples/$1"/{Kbuild,Makefile} "$2"
	find "$top/samples/$1" -name '*.[ch]' ! -name '*.mod.c' -exec cp -t "$2" {} +
}

# build FOLDER GORT
build()
{
	make -C "$1" KDIR="$kdir" GORT="$2" >"$log" 2>&1 </dev/null
}

# Is it a module that gort would take?
is_module()
{
	[ -e "$1" ] && modinfo -F import_ns "$1" | grep -qx GORT &&
		modinfo -F depends "$1" | tr , '\n' | grep -qx gort
}

judge_installed()
{
	local sample name

	make -C "$top" KDIR="$kdir" DEVEL="$devel" devel_install >"$log" 2>&1
	[ -s "$devel/Module.symvers" ] && [ -x "$devel/scripts/gcode-check" ] &&
		[ -e "$devel/include/uapi/linux/gort.h" ]
	result $? 'devel_install puts there what modules need'

	for sample in squares pipeline sieve echo; do
		copy $sample "$tmp/$sample"
		name=$tmp/$sample/gort_$sample.ko
		build "$tmp/$sample" "$devel" && is_module "$name" &&
			! grep -qE 'warning:|WARNING:' "$log"
		result $? "$sample is built elsewhere, with what was installed"
	done
	for name in echo_kthread echo_wq; do
		[ -e "$tmp/echo/$name.ko" ] &&
			[ -z "$(modinfo -F depends "$tmp/echo/$name.ko")" ]
		result $? "$name needs nothing of gort"
	done

	copy squares "$tmp/squares"
	build "$tmp/squares" "$top" && is_module "$tmp/squares/gort_squares.ko"
	result $? 'squares is built elsewhere, with the tree'
	rm "$tmp/squares/Makefile"
	make -C "$kdir" M="$tmp/squares" GORT="$devel" clean modules >"$log" 2>&1 &&
		is_module "$tmp/squares/gort_squares.ko"
	result $? 'squares is built by its Kbuild alone'
}

# mistake WHAT FILE SED TEXT...: squares, with FILE changed by SED, is not built,
# and the build says each TEXT; with the mistake mended it is.
mistake()
{
	local what=$1 file=$tmp/mistake/$2 edit=$3 text status=0

	shift 3
	copy squares "$tmp/mistake"
	sed -i -E "$edit" "$file"
	! cmp -s "$file" "$top/samples/squares/${file##*/}" || status=1
	! build "$tmp/mistake" "$devel" || status=1
	[ ! -e "$tmp/mistake/gort_squares.ko" ] || status=1
	for text; do
		grep -qF -e "$text" "$log" || status=1
	done
	result $status "$what: refused, with what to do"
	cp "$top/samples/squares/${file##*/}" "$file"
	build "$tmp/mistake" "$devel" && is_module "$tmp/mistake/gort_squares.ko"
	result $? "$what: mended"
}

judge_mistakes()
{
	mistake 'a function of the kernel' squares.c \
		's|^(.*)u64 i, square;|\1u64 i, square = _printk("squares\\n");|
			s|#include.*|&\n#include <linux/printk.h>|' \
		'squares.c:' 'sum_of_squares() in' \
		'calls _printk(), which is no G code' 'run by gort_call(fn, arg)'
	mistake 'a sleep' squares.c \
		's|^(.*)gort_close\(c\);|\1msleep(1);|
			s|#include.*|&\n#include <linux/delay.h>|' \
		'calls msleep(), which is no G code' 'use gort_sleep(ns)'
	mistake 'a large frame' squares.c \
		's|^(.*)u64 n = 0;|\1u64 n = 0, a[512] = {};\n\n\tbarrier_data(a);|' \
		'produce() in' 'has a frame of 4' 'more than 2048' \
		'allocate large data' 'or split the function'
	mistake 'a function that is for processes' squares.c \
		's|^(.*)gort_close\(c\);|\1gort_ctx_wait((void *)c);|' \
		'calls gort_ctx_wait(), which is no G code' 'an ordinary file'
	mistake 'no namespace' main.c '/MODULE_IMPORT_NS/d' \
		'do not import the namespace of gort' \
		'write MODULE_IMPORT_NS(GORT);'
	mistake 'the export of G code' main.c \
		's|^module_init.*|EXPORT_SYMBOL_GPL(sum_of_squares);\n&|' \
		'exports sum_of_squares(), which is G code' \
		'export an ordinary function, which starts a G by gort_go('
	mistake 'G code as a module' Kbuild \
		's|^obj-m.*|obj-m := squares.g.o|' \
		"squares.g.o can't be a module by itself: obj-m := bar.o and bar-y := squares.g.o"
	mistake 'the include above what it is for' Kbuild \
		'/^obj-m|gort_squares-y/{H;d}; /^include/{G}' \
		'finds no module with G code: include it below obj-m'
}

judge_gort()
{
	copy squares "$tmp/squares"
	mv "$devel/Module.symvers" "$tmp"
	! build "$tmp/squares" "$devel" &&
		grep -qF 'has no Module.symvers: install it again' "$log"
	result $? 'gort is not installed: refused, with what to do'
	cp "$top/Makefile" "$devel"
	! build "$tmp/squares" "$devel" &&
		grep -qF "has no Module.symvers: build gort first: make -C $devel" "$log"
	result $? 'gort is not built: refused, with what to do'
	rm "$devel/Makefile"
	grep -v gort_close "$tmp/Module.symvers" | grep -v __gort_chan_close \
		>"$devel/Module.symvers"
	! build "$tmp/squares" "$devel" && grep -q '"__gort_chan_close".*undefined' "$log"
	result $? 'what gort does not export is undefined'
	mv "$tmp/Module.symvers" "$devel"
	build "$tmp/squares" "$devel" && is_module "$tmp/squares/gort_squares.ko"
	result $? 'with all of gort it is built'
}

echo 'TAP version 13'
echo "# headers: $kdir"
judge_installed
judge_mistakes
judge_gort
echo "1..$count"
echo "# $((count - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
