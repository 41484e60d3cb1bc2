#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of scripts/gcode.mk and its checker, against the headers of a kernel; no
# virtual machine. Each file of cases/ says in its head what must become of it.
#
#	run.sh [KDIR]		default: the running kernel's, else the newest
#
# Each case is a module: NAME.c and NAME-part.c are its G code, NAME-main.c an
# ordinary file. All are built at once, going on after errors.
#
# shellcheck disable=SC2016 # many a dollar here is assembly's or make's

set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kdir=${1:-/lib/modules/$(uname -r)/build}
if [ $# -eq 0 ] && [ ! -e "$kdir/Makefile" ]; then
	kdir=$(printf '%s\n' /lib/modules/*/build | sort -V | tail -n 1)
fi
if [ ! -e "$kdir/Makefile" ]; then
	echo "Bail out! no kernel headers in $kdir: install them (Debian:" \
		"apt-get install linux-headers-amd64) or name their folder"
	exit 1
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0

# result STATUS NAME [FILE]: one TAP line, and on failure what FILE holds
result()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $count - $2"
	[ -z "${3-}" ] || sed 's/^/# /' "$3"
}

# build DIR LOG [ARG...]: the modules of DIR, as far as they can be built
build()
{
	local dir=$1 log=$2

	shift 2
	make -k -j2 --output-sync=target -C "$kdir" M="$dir" \
		CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules >"$log" 2>&1
}

# kbuild DIR NAME...: a Kbuild with a module case_NAME for each name
kbuild()
{
	local dir=$1 name

	shift
	{
		echo "ccflags-y := -I$top/include -Wno-vla"
		for name; do
			echo "obj-m += case_$name.o"
			echo "case_$name-y := $name.g.o"
			[ ! -e "$dir/$name-part.c" ] ||
				echo "case_$name-y += $name-part.g.o"
			[ ! -e "$dir/$name-main.c" ] ||
				echo "case_$name-y += $name-main.o"
		done
		echo "include $tmp/scripts/gcode.mk"
	} >"$dir/Kbuild"
}

# head_of FILE KEY: what stands behind KEY in the comment at its start
head_of()
{
	sed -n "s/^ \* $2: //p; /^ \*\//q" "$1"
}

# check OBJECT... [-- OPTION...]: the checker alone; its words go to $tmp/said
check()
{
	local objects=()

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		objects+=("$1")
		shift
	done
	shift
	"$tmp/scripts/gcode-check" --allow="$tmp/scripts/gcode.allow" "$@" \
		"${objects[@]}" >"$tmp/said" 2>&1
}

# Is each case built or refused as its head says, in the words that it says?
judge_cases()
{
	local dir=$1 log=$2 file name said

	for file in "$here"/cases/*.c; do
		name=$(basename "$file" .c)
		[[ $name != *-part && $name != *-main ]] || continue
		grep -E -A1 "(^|[ /])(case_$name\.o|$name(-main\.o|\.g\.[oS]))[ .,:]" "$log" >"$tmp/said"
		case $(head_of "$file" expect) in
		accepted)
			[ -e "$dir/case_$name.o" ] && ! grep -q objtool "$tmp/said"
			result $? "$name: accepted" "$tmp/said"
			;;
		rejected)
			[ ! -e "$dir/case_$name.o" ]
			said=$?
			while read -r text; do
				grep -qF -e "$text" "$tmp/said" || said=1
			done < <(head_of "$file" says; [ -n "$(head_of "$file" says)" ] ||
				echo 'a head without a line "says"')
			result $said "$name: rejected, and told what to use" "$tmp/said"
			;;
		*)
			result 1 "$name: its head must say what to expect"
			;;
		esac
	done
}

# The bound is exact. How much of a frame is not the array is the compiler's
# choice, so it is measured first.
judge_bound()
{
	local dir=$1 frame rest size

	frame=$(sed -n 's/^\tmovl\t\$\([0-9]*\), %r10d$/\1/p' "$tmp/all/frame.g.S")
	rest=$((${frame:-0} - 1000))
	mkdir "$dir"
	cp "$here"/cases/case.h "$dir"
	for size in 2048 2056; do
		sed "s/define FRAME_BYTES 1000/define FRAME_BYTES $((size - rest))/" \
			"$here/cases/frame.c" >"$dir/frame$size.c"
	done
	kbuild "$dir" frame2048 frame2056
	build "$dir" "$tmp/bound.log"
	grep -q '\$2048, %r10d' "$dir/frame2048.g.S" && [ -e "$dir/case_frame2048.o" ]
	result $? 'a frame of exactly the bound is accepted' "$tmp/bound.log"
	[ ! -e "$dir/case_frame2056.o" ] &&
		grep -q 'frame of 2056 bytes, more than 2048' "$tmp/bound.log"
	result $? 'a frame of 8 bytes more is rejected' "$tmp/bound.log"
	build "$dir" "$tmp/bound.log" GORT_FRAME_MAX=2056
	[ -e "$dir/case_frame2056.o" ]
	result $? 'GORT_FRAME_MAX moves the bound' "$tmp/bound.log"
}

# Without the one rule that rejected them, the same objects pass.
judge_rules()
{
	local dir=$1

	! check "$dir/printk.g.o" -- && grep -q 'calls _printk()' "$tmp/said"
	result $? 'printk is rejected by the checker alone' "$tmp/said"
	{ cat "$tmp/scripts/gcode.allow"; echo _printk; } >"$tmp/allow"
	check "$dir/printk.g.o" -- --allow="$tmp/allow"
	result $? 'the same object passes if the list has _printk' "$tmp/said"
	check "$dir/frame_4k.g.o" -- --frame-max=8192
	result $? 'frame_4k passes with a bound of 8192' "$tmp/said"
	! check "$dir/sibling.g.o" -- && grep -q 'calls other()' "$tmp/said"
	result $? 'sibling is rejected without the object of its sibling' "$tmp/said"
	check "$dir/sibling.g.o" "$dir/sibling-part.g.o" --
	result $? 'sibling passes together with it' "$tmp/said"
	! check "$dir/ordinary_call-main.o" -- && grep -q 'code in the section .text' "$tmp/said"
	result $? 'an ordinary object is rejected as G code' "$tmp/said"
}

# Kernels are built in other ways, too: what is accepted stays so. Save for
# by_value: where GCC looks for short code, cold functions included, no frame is
# asked for large arguments, and the checker must see that.
judge_flags()
{
	local dir=$tmp/flags accepted what flags name missing kasan

	kasan='-fsanitize=kernel-address -fasan-shadow-offset=0xdffffc0000000000'
	kasan+=' --param asan-stack=1 --param asan-globals=1 -DCONFIG_KASAN_GENERIC'
	kasan+=' -DKASAN_SHADOW_SCALE_SHIFT=3 -DKASAN_SHADOW_OFFSET=0xdffffc0000000000UL'

	mapfile -t accepted < <(cd "$here/cases" &&
		grep -l '^ \* expect: accepted' -- *.c | sed '/^by_value/d; s/\.c$//')
	while IFS=: read -r what flags; do
		rm -rf "$dir"
		mkdir "$dir"
		cp "$here"/cases/* "$dir"
		kbuild "$dir" "${accepted[@]}"
		sed -i "1s/$/ $flags/" "$dir/Kbuild"
		build "$dir" "$tmp/flags.log"
		missing=0
		for name in "${accepted[@]}"; do
			[ -e "$dir/case_$name.o" ] || missing=1
		done
		[ $missing -eq 0 ] && ! grep objtool "$tmp/flags.log" &&
			! nm "$dir"/*.g.o | grep __asan_register
		result $? "accepted cases are accepted $what" "$tmp/flags.log"
	done <<-EOF
		when optimised for size:-Os
		with frame pointers and patchable entries:-fno-omit-frame-pointer -fpatchable-function-entry=16,16
		with KASAN, and get no constructor:$kasan
		with KCSAN:-fsanitize=thread -fno-optimize-sibling-calls
	EOF

	kbuild "$dir" by_value
	sed -i '1s/$/ -Os/' "$dir/Kbuild"
	build "$dir" "$tmp/flags.log"
	[ ! -e "$dir/case_by_value.o" ] &&
		grep -q 'bytes of stack but checks for 255' "$tmp/flags.log" &&
		grep -q 'pass large arguments by pointer' "$tmp/flags.log"
	result $? 'by_value: rejected when optimised for size' "$tmp/flags.log"
}

# doctored NAME SED TEXT: the assembly of a case, changed by SED, must be rejected
# with TEXT; by an empty SED not changed, it must be accepted.
doctored()
{
	local asm=$tmp/all/$1.g.S status

	sed -E "$2" "$asm" >"$tmp/doctored.S"
	if ! "${CC:-gcc}" -c -o "$tmp/doctored.o" "$tmp/doctored.S" >"$tmp/said" 2>&1; then
		result 1 "doctored $1: $2 must assemble" "$tmp/said"
		return
	fi
	check "$tmp/doctored.o" --
	status=$?
	if [ -z "$2" ]; then
		result $status "$1 passes as it is" "$tmp/said"
		return
	fi
	! cmp -s "$asm" "$tmp/doctored.S" && [ $status -eq 1 ] &&
		grep -qF -e "$3" "$tmp/said"
	result $? "doctored $1: $3" "$tmp/said"
}

judge_doctored()
{
	local stack='does not check its stack at the start'

	doctored frame '' ''
	doctored frame 's/call\tgort_yield/call\tvmalloc/' 'calls vmalloc()'
	doctored frame 's/%gs:gort_curg/%gs:other_curg/' "$stack"
	doctored frame '/cmpq\t\(%r10\)/d' "$stack"
	doctored frame 's/cmpq\t\(%r10\), %r11/cmpq\t(%r10), %rsp/' "$stack"
	doctored frame 's/^\tjmp __x86_return_thunk$|^\tret$/\tnop/' \
		'has no return after the call'
	doctored frame 's/^\ttestq\t%rsp, %rsp$/\ttestq\t%r11, %r11/' \
		'may go past the call of gort_morestack'
	doctored frame 's/^\t\.skip\t8 - .*/\t.skip\t1, 0xcc/' \
		'does not go on 8 bytes after the call'
	doctored frame 's/^\.Lgort_go[0-9]+:$/&\n\tendbr64\n\tleaq\t24(%rbp), %r11/' \
		'looks for its arguments in the segment that it was called from'
	doctored frame 's/call\tgort_morestack/call\tgort_put/' \
		'does not go from its check to gort_morestack'
	doctored frame 's/^\tsubq\t\$[0-9]+, %r11/\tsubq\t$512, %r11/' \
		'checks for 512 bytes of stack but has a frame of'
	doctored frame 's/(movl\t)\$[0-9]+, %r10d/\1$64, %r10d/
		s/^\tsubq\t\$[0-9]+, %r11/\tsubq\t$64, %r11/' 'bytes of stack but checks for 64'
	doctored frame 's/\.text\.gcode/.text/' 'has code in the section .text'
	doctored frame 's/^\tcall\tgort_yield/&\n\tmovq\t%gs:gort_curg, %rax/' \
		'accesses gort_curg'
}

# count_of WORD LOG: how often the build did it
count_of()
{
	grep -c "^  $1 " "$2"
}

# What is built again, and what is not, after a change
judge_rebuild()
{
	local dir=$1 log=$tmp/rebuild.log allow=$tmp/scripts/gcode.allow

	mkdir "$dir" "$dir/sub"
	cp "$here"/cases/{case.h,address.c,address-main.c} "$dir"
	sed 's/work(/other(/' "$here/cases/unlikely.c" >"$dir/sub/deep.c"
	printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n' \
		>>"$dir/address-main.c"
	kbuild "$dir" address
	sed -i 's/^include/case_address-y += sub\/deep.g.o\nccflags-y += -I$(src)\n&/' \
		"$dir/Kbuild"

	build "$dir" "$log" KBUILD_MODPOST_WARN=1
	[ -e "$dir/case_address.ko" ] && ! grep -q objtool "$log" &&
		grep -q KBUILD_MODNAME=\'\"case_address\"\' "$dir/.address.g.S.cmd"
	result $? 'a module is linked, with G code in a subfolder' "$log"

	build "$dir" "$log" KBUILD_MODPOST_WARN=1
	! grep -q '^  [A-Z]' "$log"
	result $? 'nothing is built again without a change' "$log"

	echo '/* changed */' >>"$dir/case.h"
	build "$dir" "$log" KBUILD_MODPOST_WARN=1
	[ "$(count_of GCODE "$log")" = 2 ] && [ "$(count_of GCHECK "$log")" = 1 ] &&
		[ "$(count_of LD "$log")" = 2 ]
	result $? 'a changed header: compiled, checked, linked' "$log"

	echo '# changed' >>"$tmp/scripts/gcode-rewrite.awk"
	build "$dir" "$log" KBUILD_MODPOST_WARN=1
	[ "$(count_of GCODE "$log")" = 2 ]
	result $? 'a changed rewriter: compiled' "$log"

	echo '# changed' >>"$allow"
	build "$dir" "$log" KBUILD_MODPOST_WARN=1
	[ "$(count_of GCODE "$log")" = 0 ] && [ "$(count_of GCHECK "$log")" = 1 ]
	result $? 'a changed list: checked, not compiled' "$log"

	sed -i '/^gort_call$/d' "$allow"
	! build "$dir" "$log" KBUILD_MODPOST_WARN=1 && grep -q 'calls gort_call()' "$log"
	result $? 'a shorter list: the build fails' "$log"
	cp "$top/scripts/gcode.allow" "$allow"

	make -C "$kdir" M="$dir" clean >"$log" 2>&1
	[ -z "$(find "$dir" -name '*.g.*' -o -name '*.gcheck' -o -name '*.o')" ]
	result $? 'make clean removes what was generated' "$log"
}

# sections_of OBJECT: all but its G code and the tables of symbols
sections_of()
{
	readelf -SW "$1" | sed -nE 's/^ *\[ *[0-9]+\] +//p' |
		awk '$1 !~ /^(\.text\.gcode|\.(sym|str|shstr)tab)$/ { $3 = $4 = ""; print }'
}

# Two symbols of a module tell where its G code is: all of it, and nothing else.
# The link that makes them changes nothing else either.
judge_range()
{
	local dir=$1 log=$tmp/range.log name

	mkdir "$dir"
	cp "$here"/cases/{case.h,sibling.c,sibling-part.c,address.c,address-main.c} "$dir"
	for name in sibling-part address-main; do
		printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n' \
			>>"$dir/$name.c"
	done
	kbuild "$dir" sibling address
	build "$dir" "$log" KBUILD_MODPOST_WARN=1
	for name in sibling address; do
		# The names of its functions, then where all are in the module
		{
			nm "$dir/$name"*.g.o | awk '$2 ~ /[tT]/ { print "G", $3 }'
			readelf -sW "$dir/case_$name.ko"
		} | awk '
			$1 == "G" { is_g[$2]; next }
			$8 == "gort_gtext_end" { end = $2; section = $7 }
			$8 == "gort_gtext_size" { size = $2 }
			$4 == "FUNC" { func_in[$8] = $7 }
			END {
				# all of the section: from its start on
				if (section !~ /^[0-9]/ || "x" end != "x" size)
					print "no range"
				for (f in func_in) {
					plain = f
					sub(/^__(pfx|cfi)_/, "", plain)
					inside = func_in[f] == section
					if (inside != (plain in is_g))
						print f, "in section", func_in[f]
					n += inside
				}
				if (!n)
					print "no G code"
			}' >"$tmp/said"
		[ ! -s "$tmp/said" ]
		result $? "$name: its range has its G code and nothing else" "$tmp/said"
		sections_of "$dir/case_$name.o" >"$dir/$name.marked"
	done
	! grep -q gort_gtext "$dir/Module.symvers"
	result $? 'the range is exported by nobody' "$dir/Module.symvers"

	build "$dir" "$log" KBUILD_MODPOST_WARN=1 LDFLAGS_case_sibling.o=
	sections_of "$dir/case_sibling.o" >"$dir/sibling.plain"
	! nm "$dir/case_sibling.o" | grep -q gort_gtext &&
		diff "$dir/sibling.plain" "$dir/sibling.marked" >"$tmp/said"
	result $? 'no other section changes by it' "$tmp/said"

	[ "$(readelf -SW "$dir/sibling.g.o" | awk '/ _kprobe_blacklist / { print $6 }')" = \
		000008 ]
	result $? 'each function of G code is closed to probes'
}

judge_clang()
{
	! build "$1" "$tmp/clang.log" CONFIG_CC_IS_CLANG=y &&
		grep -q 'G code needs GCC' "$tmp/clang.log"
	result $? 'a kernel built with Clang: refused with the reason' "$tmp/clang.log"
	! build "$1" "$tmp/clang.log" CC=clang &&
		grep -q 'G code needs GCC' "$tmp/clang.log"
	result $? 'Clang, whatever the kernel was built with: likewise' "$tmp/clang.log"
}

# Everything in the public headers is for G code, or known not to be; and what
# the list lets G code call is there. A star stands for any ending.
judge_list()
{
	local not_g='ctx_(create|destroy|cancel|wait)|workload_(un)?register|set_site_hook|read_stats|ctx_watch'

	sed -nE '/^(static|typedef)/d; s/^[a-z].*[ *](_*gort_[a-z_]+)\(.*/\1/p' \
		"$top"/include/linux/gort*.h | grep -vxE "_*gort_($not_g)" |
		sort -u >"$tmp/header"
	sed -nE 's/^(_*gort_.*)/\1/p' "$top/scripts/gcode.allow" |
		grep -vx gort_morestack >"$tmp/list"
	awk 'FNR == NR { entry[$1]; next }
		{
			for (e in entry) {
				p = e
				if (e == $1 || (sub(/\*$/, "", p) && index($1, p) == 1)) {
					used[e]
					next
				}
			}
			print $1, "is not in the list"
		}
		END {
			for (e in entry)
				if (!(e in used))
					print e, "is in no header"
		}' "$tmp/list" "$tmp/header" >"$tmp/said"
	[ -s "$tmp/header" ] && [ ! -s "$tmp/said" ]
	result $? 'the list has what the headers have for G code' "$tmp/said"
}

echo 'TAP version 13'
echo "# headers: $kdir"
mkdir "$tmp/scripts" "$tmp/all"
cp "$top"/scripts/gcode* "$tmp/scripts"
: >"$tmp/Module.symvers" # its folder is what the cases take for gort
cp "$here"/cases/* "$tmp/all"
mapfile -t names < <(cd "$here/cases" && grep -l '^ \* expect: ' -- *.c | sed 's/\.c$//')
kbuild "$tmp/all" "${names[@]}"
! build "$tmp/all" "$tmp/all.log"
result $? 'the build fails as a whole'
judge_cases "$tmp/all" "$tmp/all.log"
judge_bound "$tmp/bound"
judge_rules "$tmp/all"
judge_flags
judge_doctored
judge_rebuild "$tmp/rebuild"
judge_range "$tmp/range"
judge_clang "$tmp/rebuild"
judge_list
echo "1..$count"
echo "# $((count - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
