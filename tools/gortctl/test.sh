#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of gortctl that need no module: its arithmetic (unit), its error paths
# (gortctl), and that it notices every kind of misbehaviour (gortctl-fake, which
# misbehaves as GORT_FAKE says, and has debugfs from a folder of this script's);
# then libgort as it is installed, the manual pages and the completion.
# TAP on stdout; exit code 0 if all is well. Run by "make check".

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

# debugfs NAME: a folder as that of the module, with a column that no reader
# knows, and a program that has chosen a bad name
debugfs()
{
	mkdir "$1"
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
		gid ctx name state cpu ms new preempted declined stack reason body \
		7 1 server waiting 0 1200 x 3 1 4096 'chan receive' 'echo [m]' \
		8 1 server running 1 0 x 12 2 20480 - 'fib [m]' \
		9 2 "$(printf 'bad\033[2J')" runnable -1 0 x 0 0 4096 - 'fib [m]' \
		10 2 gortctl blocked 1 15 x 0 0 8192 msleep 'call [m]' > "$1/gs"
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
		pid cpu state gid locked_gid call locks \
		102 1 running 8 0 - 1 103 1 blocked 10 0 msleep 0 > "$1/ms"
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
		cpu state pid gid queue next locked schedtick calltick \
		0 idle 0 0 0 0 0 20 1 1 running 102 8 3 1 0 300 4 \
		2 unused 0 0 0 0 0 0 0 > "$1/ps"
	printf '%s\t%s\t%s\t%s\n' size used cached cpu0 \
		4096 3 10 10 16384 1 0 0 > "$1/segments"
	echo 'SCHED 1004ms: gomaxprocs=2 [0 4]' > "$1/schedtrace"
	echo 'G 7 of server (ctx 1) [chan receive, 1200 ms]: cpu 0' > "$1/stack"
}

./unit "$out/unit" > "$out/log"
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

expect 'run and another option' 2 'run knows' ./gortctl run call --frob
expect 'info and another option' 2 'info knows --json only' ./gortctl info --frob
expect 'top with an argument' 2 "takes no 'x'" ./gortctl top x
expect 'top: bad time' 2 'no time in seconds' ./gortctl top -d 0
expect 'top: bad number' 2 'from 1 on' ./gortctl top -b -n 0
expect 'ps with an argument' 2 "takes no 'x'" ./gortctl ps x
expect 'ps: bad key' 2 "can't sort by 'x'" ./gortctl ps --sort x
expect 'ps: bad state' 2 "no state 'x'" ./gortctl ps --state x
expect 'ps: bad context' 2 'number of a context' ./gortctl ps --ctx x
expect 'stack of what is no number' 2 "'x' is no number" ./gortctl stack 1 x
expect 'stack of number 0' 2 "'0' is no number" ./gortctl stack 0
expect 'stat: bad interval' 2 'no time in seconds' ./gortctl stat --interval x
expect 'stat: times of no interval' 2 'needs --interval' ./gortctl stat -n 2

# The device
none=$out/none
for cmd in info list 'run call' stat demo 'top -b'; do
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

# debugfs
for cmd in ps stack; do
	expect "$cmd without debugfs" 1 'mount -t debugfs' ./gortctl --debugfs "$out/none/gort" $cmd
done
if [ "$(id -u)" = 0 ]; then
	mkdir -m 700 "$out/closed"
	expect 'ps without permission' 1 'for root alone' \
		setpriv --reuid 65534 --clear-groups "$out/gortctl" --debugfs "$out/closed/gort" ps
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

expect 'run without a ring' 1 'leave out --ring' "$@" --ring

# JSON: that it is some is seen by reading it
# json NAME WANT KEYS COMMAND...: at KEYS, of what the command prints, is WANT
json()
{
	name=$1 want=$2 keys=$3
	shift 3
	# shellcheck disable=SC2086 # several keys
	"$@" 2>&1 > "$out/json" | cat > "$out/log"
	got=$(./json_get $keys < "$out/json" 2>&1)
	[ "$got" = "$want" ]
	bad=$?
	{ echo "at $keys: $got"; cat "$out/json"; } >> "$out/log"
	report $bad "$name"
}

json 'run --json' 5000 ok "$@" --json
json 'run --json: arguments' 10 'args n' "$@" --json
json 'run --json: result' 55 result "$@" --json
json 'run --json: median' 178000 'latency_ns median' "$@" --json
json 'run --json: errors' 1 'failed EIO' env GORT_FAKE=status "$@" --json
json 'run --json: results differ' 'no such key' result env GORT_FAKE=result "$@" --json
json 'run --json: interrupted' EINTR ended_by env GORT_FAKE=signal "$@" --json
expect 'run --json: exit code' 1 '"EIO"' env GORT_FAKE=status "$@" --json
json 'info --json' 262144 stack_max ./gortctl-fake info --json
json 'list --json' 9 '#' ./gortctl-fake list --json
json 'list --json: arguments' 2048 '3 args 1 max' ./gortctl-fake list --json
json 'stat --json' 500 guard_used ./gortctl-fake stat --json
json 'stat --json: reasons' 7 'declined locks' ./gortctl-fake stat --json
json 'stat --json: differences' 1000 switches ./gortctl-fake stat --json --interval 0.02 -n 1
json 'stat --json: no difference of levels' 3 threads ./gortctl-fake stat --json --interval 0.02 -n 1
expect 'stat: differences' 0 'switched to                                      1000' \
	./gortctl-fake stat --interval 0.02 -n 3
[ "$(grep -c '^in 0' "$out/log")" = 3 ]
report $? 'stat: as often as -n says'

# debugfs: what there is
gort=$out/gort
debugfs "$gort"
set -- ./gortctl-fake --debugfs "$gort"
expect 'ps: why and how long' 0 'waiting    0   1.20 s     4096         3        1 echo [m]             chan receive' "$@" ps
expect 'ps: a name does nothing to the terminal' 0 'bad?[2J' "$@" ps
expect 'ps: times that are not known' 0 'running    1        -' "$@" ps
# rows NAME WANT COMMAND...: the first column of its rows
rows()
{
	name=$1 want=$2
	shift 2
	"$@" > "$out/log" 2>&1
	[ "$(awk 'NR > 1 { printf "%s ", $1 }' "$out/log")" = "$want " ]
	report $? "$name"
}

rows 'ps: by number' '7 8 9 10' "$@" ps
rows 'ps: by state' '8 9 7 10' "$@" ps --sort state
rows 'ps: by time' '7 10 8 9' "$@" ps --sort time
rows 'ps: by stack' '8 10 7 9' "$@" ps --sort stack
rows 'ps: by preemptions' '8 7 9 10' "$@" ps --sort preempted
rows 'ps: of a state' '10' "$@" ps --state blocked
rows 'ps: of a context' '9 10' "$@" ps --ctx 2
rows 'ps: of both' '9' "$@" ps --ctx 2 --state runnable
json 'ps --json' 4 '#' "$@" ps --json
json 'ps --json: reason' 'chan receive' '0 reason' "$@" ps --json
json 'ps --json: CPU of none' -1 '2 cpu' "$@" ps --json
expect 'stack of all' 0 'G 7 of server' "$@" stack
expect 'top' 0 '4 green threads: 1 running, 1 runnable, 1 waiting, 1 blocked, 0 starting' "$@" top -b -n 2 -d 0.05
[ "$(grep -c '^gort, ' "$out/log")" = 2 ]
report $? 'top: as often as -n says'
[ "$(awk '$1 == "G" { on = 1; next } !NF { on = 0 } on { printf "%s ", $1 }' "$out/log")" = '8 9 7 10 8 9 7 10 ' ]
report $? 'top: running ones first'
expect 'top: memory' 0 'stacks 28.0 KiB, 40.0 KiB cached' "$@" top -b -n 1 -d 0.05
expect 'top: run queues' 0 '1 running       102        8        4' "$@" top -b -n 1 -d 0.05
! grep -q unused "$out/log"
report $? 'top: only run queues in use'
"$@" top -b -n 1 -d 0.05 | awk '/^per second/ { good = $3 > 0 && $3 <= 20000 } END { exit !good }'
report $? 'top: switches in a second'
expect 'top without debugfs' 0 'no more to see: ' ./gortctl-fake --debugfs "$out/none" top -b -n 1 -d 0.05
sed -i '1s/state/status/' "$gort/gs"
expect 'ps: another version' 1 'from the same tree' "$@" ps
sed -i '1s/status/state/' "$gort/gs"

# on_terminal COMMAND...: with a terminal of its own, keys from stdin
on_terminal()
{
	TERM=${TERM:-vt100} timeout 30 script -qec "$*" /dev/null
}

# press KEY: again and again, so that it is pressed when it is waited for
press()
{
	for _ in $(seq 40); do
		sleep 0.5
		printf "$1" || return
	done 2> /dev/null
}

expect 'top needs a terminal' 2 'add -b' ./gortctl-fake top
on_terminal env TERM=none ./gortctl-fake top < /dev/null > "$out/log" 2>&1
grep -q "terminal 'none' is not known" "$out/log"
report $? 'top needs a known terminal'
press q | TERM=vt100 on_terminal "$@" top -d 0.1 '; echo code $?' > "$out/log" 2>&1
grep -q 'code 0' "$out/log" && grep -q 'green threads' "$out/log"
report $? 'top: q ends it'
press '\003' |
	on_terminal 'trap : INT; ./gortctl-fake top; echo code $?' > "$out/log" 2>&1
grep -q 'code 0' "$out/log"
report $? 'top: Ctrl-C ends it'

# The next look is a minute away, so it is the larger screen that shows the rest.
cat > "$out/resize" << EOF
stty rows 4 cols 100
(until grep -q 'per second' "$out/screen"; do sleep 0.1; done
 stty rows 24) < /dev/tty &
$* top -d 60
echo code \$?
EOF
(
	for _ in $(seq 100); do
		grep -q 'SWITCHES/s' "$out/screen" 2> /dev/null && break
		sleep 0.2
	done
	printf q
) | TERM=vt100 on_terminal sh "$out/resize" > "$out/screen" 2>&1
cp "$out/screen" "$out/log"
grep -q 'SWITCHES/s' "$out/log" && grep -q 'code 0' "$out/log"
report $? 'top: a larger screen shows more'

# Progress: seen on a terminal, and only there, and only if it takes long
set -- ./gortctl-fake run fib n=10 -n 5000
GORT_FAKE=slow on_terminal "$@" < /dev/null > "$out/log" 2>&1
grep -q 'fib \[\.*\]   0%, 0 of 5000, ? left' "$out/log" && grep -q 'ok          5000' "$out/log"
report $? 'run shows progress'
on_terminal ./gortctl-fake run call iterations=1 < /dev/null > "$out/log" 2>&1
grep -q 'ok          1' "$out/log" && ! grep -q '%' "$out/log"
report $? 'run: no progress of short work'
GORT_FAKE=slow "$@" > "$out/log" 2>&1
! grep -q '%' "$out/log"
report $? 'run: no progress without a terminal'
GORT_FAKE=slow on_terminal "$@" -q < /dev/null > "$out/log" 2>&1
! grep -q '%' "$out/log"
report $? 'run -q: no progress'

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

# What is installed is found by pkg-config, and has all that a program needs.
stage=$out/stage
make -s -C ../lib install DESTDIR="$stage" > "$out/log" 2>&1 &&
	make -s install DESTDIR="$stage" >> "$out/log" 2>&1
report $? 'install'
PKG_CONFIG_PATH=$stage/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
awk '/code-block:: c/ { on = 1; next } on && /^[^\t]/ { exit } on { sub(/^\t/, ""); print }' \
	../../Documentation/libgort.rst > "$out/example.c"
lines=$(grep -c . "$out/example.c")
[ "$lines" -ge 25 ] && [ "$lines" -le 45 ]
report $? "the documented program is short, $lines lines"
# build NAME OPTION
build()
{
	# shellcheck disable=SC2046,SC2086 # several words, or none
	gcc $2 -Wall -Wextra -Werror -o "$out/$1" "$out/example.c" \
		$(pkg-config $2 --cflags --libs libgort | sed 's/-static//') > "$out/log" 2>&1
	report $? "the documented program is built: $1"
}

build shared ''
build alone --static
if [ -e /dev/gort ]; then
	runs=0 says='fib(30) = 832040'
else
	runs=1 says='insmod gort.ko'
fi
LD_LIBRARY_PATH=$stage/usr/local/lib \
	expect 'the documented program, shared' $runs "$says" "$out/shared"
expect 'the documented program, alone' $runs "$says" "$out/alone"
nm -D --defined-only "$stage/usr/local/lib/libgort.so.0" > "$out/log"
! grep -vE ' (gortc_[a-z_]+@@LIBGORT_0|LIBGORT_0)$' "$out/log"
report $? 'libgort.so shows gortc_* alone'
sed -nE 's/^.*\<(gortc_[a-z_]+)\(.*/\1/p' ../lib/libgort*.h | grep -v '()' | sort -u > "$out/declared"
sed -nE 's/.* (gortc_[a-z_]+)@@.*/\1/p' "$out/log" | sort -u > "$out/shown"
diff "$out/declared" "$out/shown" > "$out/log"
report $? 'libgort.so shows what the header declares'
readelf -d "$stage/usr/local/lib/libgort.so" | grep -q 'SONAME.*\[libgort.so.0\]'
report $? 'libgort.so has its soname'
make -s -C ../lib uninstall DESTDIR="$stage" > "$out/log" 2>&1 &&
	make -s uninstall DESTDIR="$stage" >> "$out/log" 2>&1
find "$stage" ! -type d >> "$out/log"
[ ! -s "$out/log" ]
report $? 'uninstall leaves nothing'

# trace: a recording that begins and ends in the middle, and has a hole
cat > "$out/recording" << 'EOF_'
# tracer: nop
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
          gort/0-71      [000] .....     1.000000: go: gid=5 parent=0 ctx=2 fn=work<&"lock
          gort/0-71      [000] .....     1.000100: start: gid=5 inherit=0
          gort/0-71      [000] d.h..     1.001000: preempt_request: gid=5 cause=slice
          gort/0-71      [000] .....     1.001010: preempt_decline: gid=5 why=locks
          gort/0-71      [000] .....     1.001500: preempt_restore: gid=5 site=unlock
          gort/0-71      [000] .....     1.001510: preempt_take: gid=5 how=check
          gort/0-71      [000] .....     1.001515: stop: gid=5 reason=preempt wait=
          gort/1-72      [001] .....     1.001600: start: gid=6 inherit=0
          bash-99        [001] .....     1.001700: sched_switch: prev_comm=bash gid=6
          gort/1-72      [001] .....     1.002600: stop: gid=6 reason=park wait=chan receive
          gort/1-72      [001] .....     1.002700: stop: gid=9 reason=park wait=not started
          gort/0-71      [000] .....     1.003000: start: gid=7 inherit=0
          gort/0-71      [000] .....     1.004000: start: gid=8 inherit=1
this is no event at all
          gort/1-72      [001] .....     1.005000: preempt_take: gid=10 how=async
EOF_
set -- ./gortctl trace --from "$out/recording"
expect 'trace: what there was' 0 \
	'4 slices, 1 requests, 1 declined, 1 restored, 2 taken' \
	"$@" -o "$out/t.json" --svg "$out/t.svg"
# timeline NAME WANT KEYS: at KEYS, in the file
timeline()
{
	# shellcheck disable=SC2086 # several keys
	got=$(./json_get traceEvents $3 < "$out/t.json" 2>&1)
	[ "$got" = "$2" ]
	bad=$?
	{ echo "at $3: $got"; cat "$out/t.json"; } > "$out/log"
	report $bad "trace: $1"
}
timeline 'all is there' 14 '#'
timeline 'the request' slice '2 args cause'
timeline 'why it was declined' locks '3 args why'
timeline 'where it was restored' unlock '4 args site'
timeline 'the arrow begins at the request' 1001000.000 '6 ts'
timeline 'the arrow ends where it was taken' 1001510.000 '7 ts'
timeline 'how long it ran' 1415.000 '8 dur'
timeline 'what it is called' 'G 5 work<&"lock' '8 name'
timeline 'what it waits for' 'chan receive' '10 args wait'
timeline 'who is followed by another one was cut off' unknown '11 args stopped'
timeline 'who runs at the end does so until then' 1000.000 '13 dur'
{ grep -c '<g><title>G ' "$out/t.svg"; tail -n 1 "$out/t.svg"; } > "$out/log"
[ "$(tr '\n' ' ' < "$out/log")" = '9 </svg> ' ] &&
	grep -qF 'work&lt;&amp;&quot;lock: 1415.0 us, then preempt' "$out/t.svg"
report $? 'trace: the picture has them all'
cp "$out/t.svg" "$out/first.svg"
"$@" --svg "$out/t.svg" > "$out/log" 2>&1
cmp "$out/first.svg" "$out/t.svg" > "$out/log" 2>&1
report $? 'trace: the same recording is the same picture'
awk 'BEGIN { for (i = 0; i < 5000; i++) {
	printf " g-1 [000] ..... %d.%06d: start: gid=%d inherit=0\n", 1, i * 10, i + 1
	printf " g-1 [000] ..... %d.%06d: stop: gid=%d reason=yield wait=\n", 1, i * 10 + 9, i + 1
} }' > "$out/long"
./gortctl trace --from "$out/long" --svg "$out/t.svg" > "$out/log" 2>&1
[ "$(grep -c '<rect' "$out/t.svg")" -lt 300 ] && grep -q 'of 49.999 ms recorded' "$out/t.svg"
report $? 'trace: a long recording is a picture of a part'
expect 'trace: nothing to draw' 1 'nothing to draw' \
	./gortctl trace --from /dev/null --svg "$out/t.svg"
expect 'trace without a file' 2 'trace needs -o FILE' ./gortctl trace -t 1
expect 'trace: no such recording' 1 'No such file' \
	./gortctl trace --from "$none.txt" -o "$out/t.json"
expect 'trace: a bad time' 2 '-t takes seconds' ./gortctl trace -t x -o "$out/t.json"
expect 'trace: a bad size' 2 '--buffer takes KiB' ./gortctl trace --buffer 0 -o "$out/t.json"
expect 'trace: a recording and a workload' 2 'takes no workload' \
	"$@" -o "$out/t.json" yield

# Manual pages. What other pages there are on this machine is not their matter.
mandoc -T lint -W warning gortctl.1 ../lib/libgort.3 > "$out/log" 2>&1
report $? 'manual pages without warnings'
./gortctl --help | sed -nE 's/^  ([a-z]+) .*/\1/p' > "$out/commands"
while read -r command; do
	grep -qE "^\.(It )?Ic $command( |$)" gortctl.1 || echo "$command"
done < "$out/commands" > "$out/log"
[ -s "$out/commands" ] && [ ! -s "$out/log" ]
report $? 'gortctl(1) has every command'

./completion_test "$PWD/gortctl-fake" > "$out/log" 2>&1
report $? "completion: $(grep -c '^ok' "$out/log") passed, $(grep -c '^not ok' "$out/log") failed"

echo "1..$tests"
echo "# $((tests - failures)) passed, $failures failed"
[ $failures = 0 ]
