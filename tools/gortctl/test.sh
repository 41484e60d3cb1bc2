#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of gortctl that need no module: its arithmetic (unit), its error paths
# (gortctl), and that it notices every kind of misbehaviour (gortctl-fake, which
# misbehaves as GORT_FAKE says). TAP on stdout; exit code 0 if all is well.
# Run by "make check".

cd "$(dirname "$0")" || exit 1
unset GORT_FAKE
tests=0
failures=0
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT

report()
{
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
		sed 's/^/# /' "$out/log"
	fi
}

# expect NAME CODE TEXT COMMAND...: exit code CODE, and a line with TEXT in it
expect()
{
	name=$1 code=$2 text=$3
	shift 3
	timeout 60 "$@" > "$out/log" 2>&1
	got=$?
	echo "exit code $got, wanted $code and a line with: $text" >> "$out/log.why"
	if [ $got = "$code" ] && grep -qF -e "$text" "$out/log"; then
		report 0 "$name"
	else
		cat "$out/log.why" >> "$out/log"
		report 1 "$name"
	fi
	rm -f "$out/log.why"
}

# fails_if MODE TEXT: the demo fails if the module does MODE, and says TEXT
fails_if()
{
	expect "demo fails: $1" 1 "$2" env GORT_FAKE="$1" ./gortctl-fake demo
	if grep -q '^every result right' "$out/log"; then
		report 1 "demo does not claim success: $1"
	fi
}

./unit > "$out/log"
report $? "unit: $(grep -c '^ok' "$out/log") passed, $(grep -c '^not ok' "$out/log") failed"

# The command line
expect 'help' 0 'usage: gortctl' ./gortctl --help
expect 'version' 0 'ABI version 1' ./gortctl --version
expect 'no command' 2 'a command is missing' ./gortctl
expect 'unknown command' 2 "no command 'frob'" ./gortctl frob
expect 'unknown option' 2 'Try: gortctl --help' ./gortctl --frob
expect 'info with an argument' 2 "takes no 'x'" ./gortctl info x
expect 'list with an argument' 2 "takes no 'x'" ./gortctl list x
expect 'demo with an argument' 2 "takes no 'x'" ./gortctl demo x
expect 'stat with an argument' 2 "takes no 'x'" ./gortctl stat x
expect 'stat of a bad CPU' 2 'no CPU number' ./gortctl stat --cpu -1
expect 'run without a workload' 2 'needs a workload' ./gortctl run
expect 'run 0 tasks' 2 '-n takes a number' ./gortctl run call -n 0
expect 'run too many tasks' 2 '-n takes a number' ./gortctl run call -n 11M

# The device
none=$out/none
for cmd in info list 'run call' stat demo; do
	# shellcheck disable=SC2086 # "run call" is two words
	expect "$cmd without a device" 1 'insmod gort.ko' ./gortctl --device "$none" $cmd
done
expect 'another device' 1 'not the device of gort' ./gortctl --device /dev/null info

cp gortctl "$out/gortctl"
: > "$none"
chmod 755 "$out" "$out/gortctl"
chmod 0 "$none"
if [ "$(id -u)" = 0 ]; then
	expect 'no permission' 1 'for root alone' \
		setpriv --reuid 65534 --clear-groups "$out/gortctl" --device "$none" info
else
	expect 'no permission' 1 'for root alone' ./gortctl --device "$none" info
fi

# Parsing of workloads
expect 'unknown workload' 2 "no workload 'frob'" ./gortctl-fake run frob
expect 'unknown argument' 2 'only: depth frame' ./gortctl-fake run recurse n=1
expect 'argument without value' 2 'key=value' ./gortctl-fake run fib n
expect 'argument twice' 2 'twice' ./gortctl-fake run fib n=1 n=1
expect 'bad number' 2 'no number' ./gortctl-fake run fib n=1ms
expect 'argument out of range' 2 'from 16 to 2048' ./gortctl-fake run recurse frame=4Ki
expect 'time with a unit' 0 'sleep ns=5000000 count=2' ./gortctl-fake run sleep ns=5ms count=2
expect 'list shows arguments' 0 'from 16 to 2048' ./gortctl-fake list
expect 'stat of a CPU' 0 'most used 500' ./gortctl-fake stat --cpu 1
expect 'stat of no CPU' 1 'there is no CPU 2' ./gortctl-fake stat --cpu 2

# run: what it reports
set -- ./gortctl-fake run fib n=10 -n 5000
expect 'run with back-pressure' 0 'ok          5000' "$@"
expect 'run gives the result' 0 'result      55' "$@"
expect 'run: wrong status' 1 'EIO 1' env GORT_FAKE=status "$@"
expect 'run: wrong status, quietly' 1 '1 of 5000 tasks failed' env GORT_FAKE=status "$@" -q
expect 'run: result differs' 0 'differs' env GORT_FAKE=result "$@"
expect 'run: task missing' 1 '1 tasks never completed' env GORT_FAKE=missing "$@"
expect 'run: completed twice' 1 'belong to no task' env GORT_FAKE=twice "$@"
expect 'run: submit fails' 1 'Cannot allocate memory' env GORT_FAKE=enomem "$@"
expect 'run: deadlock' 1 'slept with nobody to wake them' \
	env GORT_FAKE=deadlock "$@"
expect 'run: deadlock, cancelled' 1 'ECANCELED ' env GORT_FAKE=deadlock "$@"
expect 'run: deadlock that stays' 1 'tasks never completed' env GORT_FAKE=stuck "$@"
expect 'run: interrupted' 130 'interrupted: ' env GORT_FAKE=signal "$@"
expect 'run: interrupted, ended' 130 'ECANCELED ' env GORT_FAKE=signal "$@"
"$@" -q > "$out/log" 2>&1 && [ ! -s "$out/log" ]
report $? 'run -q prints nothing'

# demo: passes only when all is right
expect 'demo passes' 0 'every result right, no preemption request lost' ./gortctl-fake demo
fails_if abi 'ABI version 99'
fails_if result ' instead of '
fails_if status 'failed with EIO'
fails_if early 'ended after'
fails_if stack 'bytes of stack, needs'
fails_if missing '1 tasks never completed'
fails_if twice '1 completions belong to no task'
fails_if ghost '1 completions belong to no task'
fails_if stray '1 completions belong to no task'
fails_if id '1 completions belong to no task'
fails_if enomem 'Cannot allocate memory'
fails_if deadlock 'slept with nobody to wake them'
fails_if lost 'requests were lost'
fails_if putoff 'put off 120 requests, but yielded only 18 times'
fails_if norequest 'no preemption was requested'
fails_if noaccept 'no request was accepted'
fails_if noasync 'no loop without calls was made to yield'
fails_if nodecline 'no request was declined'
fails_if norestore 'no request was restored'
fails_if guard 'guard was too small'
expect 'demo passes: async off' 0 'every result right' env GORT_FAKE=asyncoff ./gortctl-fake demo
expect 'demo: interrupted' 130 'interrupted: ' env GORT_FAKE=signal ./gortctl-fake demo

echo "1..$tests"
echo "# $((tests - failures)) passed, $failures failed"
[ $failures = 0 ]
