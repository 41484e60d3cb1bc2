#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The pure parts of gort in user space, with the address and undefined behaviour
# sanitizers (unit.h). Prints TAP.
#
#	run.sh			each program with its fixed seeds, 2000 runs of it
#	run.sh fuzz SECONDS	each with libFuzzer for so long, if there is a
#				clang that has it; a run that fails is kept in
#				build/unit, NAME_unit FILE repeats it
#
# The sources are compiled as they are: all that they include of the kernel is
# shim.h, by a file of each name that they ask for.

set -euo pipefail
cd "$(dirname "$0")/../.."
units=(runq dev)
out=$PWD/build/unit
flags=(-std=gnu11 -g -O1 -Wall -Werror -Wno-unused-variable -fno-strict-aliasing
	"-fsanitize=address,undefined" -fno-sanitize-recover=all
	-D__KERNEL__ -DUNIT -I"$out/include" -Iselftests/unit -Iinclude -I.)

make_headers()
{
	local header

	rm -rf "$out/include"
	while read -r header; do
		mkdir -p "$out/include/$(dirname "$header")"
		echo '#include "shim.h"' >"$out/include/$header"
	done < <(sed -nE 's,^#include <((linux|asm|trace)/.*)>,\1,p' ./*.h ./*.c \
		include/linux/*.h | grep -v /gort | sort -u)
}

# build UNIT PROGRAM COMPILER...
build()
{
	local unit=$1 program=$2

	shift 2
	"$@" "${flags[@]}" "selftests/unit/${unit}_unit.c" selftests/unit/support.c \
		-o "$out/$program"
}

# What a program says, as cases of one plan
n=0
tap()
{
	n=$((n + 1))
	echo "$1 $n - $2"
}

check()
{
	local unit status line

	for unit in "${units[@]}"; do
		build "$unit" "${unit}_unit" gcc || {
			tap "not ok" "$unit: is built"
			failed=1
			continue
		}
		status=0
		timeout 120 "$out/${unit}_unit" >"$out/$unit.log" 2>&1 || status=$?
		while read -r line; do
			tap "${line%%ok *}ok" "$unit: ${line#* - }"
		done < <(tr '\r' '\n' <"$out/$unit.log" | grep -aE '^(not )?ok ')
		grep -qa '^ok 1 ' "$out/$unit.log" || {
			tap "not ok" "$unit: the runs hold"
			tr '\r' '\n' <"$out/$unit.log" | tail -n 30 | sed 's/^/# /'
		}
		[ $status = 0 ] || failed=1
	done
}

fuzz()
{
	local unit seconds=$1

	echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return p && n < 0; }' |
		clang -fsanitize=fuzzer -x c - -o "$out/try" 2>/dev/null || {
		echo "no clang with libFuzzer: apt-get install clang libclang-rt-14-dev" >&2
		exit 1
	}
	for unit in "${units[@]}"; do
		build "$unit" "${unit}_fuzz" clang -DUNIT_LIBFUZZER \
			-fsanitize=fuzzer -Wno-c2x-extensions || {
			tap "not ok" "$unit: is built with clang"
			failed=1
			continue
		}
		mkdir -p "$out/$unit.corpus"
		if "$out/${unit}_fuzz" -max_total_time="$seconds" -max_len=4096 \
				-timeout=20 -print_final_stats=1 \
				-artifact_prefix="$out/$unit-" "$out/$unit.corpus" \
				>"$out/$unit.fuzz.log" 2>&1; then
			tap ok "$unit: $(sed -nE 's/^stat::number_of_executed_units: +//p' \
				"$out/$unit.fuzz.log") runs of libFuzzer hold"
		else
			tap "not ok" "$unit: libFuzzer"
			tail -n 40 "$out/$unit.fuzz.log" | sed 's/^/# /'
			failed=1
		fi
	done
}

failed=0
mkdir -p "$out"
make_headers
case ${1:-} in
"") check ;;
fuzz) fuzz "${2:-60}" ;;
*) echo "usage: run.sh [fuzz SECONDS]" >&2; exit 2 ;;
esac
echo "1..$n"
exit $failed
