#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# models/run.sh [MODEL]...
#	verifies the protocols with Spin: each model must hold as it stands, in
#	all states that it can reach, and must fail when something is taken out
#	that is said to be necessary. TAP, with the number of states stored.
# models/run.sh trace MODEL [MACRO]...
#	how it fails without that: the fewest steps, by process. What follows
#	the # in a line of the former is for people; the macros are below.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
models=" ${*:-preempt runq sched handoff chan select} "
count=0
bad=0

# Bounds of the verifier, not of the models: to meet one is a failure.
memory=2000	# MB
depth=3000000

# build MODEL OPTION MACRO...: the verifier of this variant, by gcc OPTION
build()
{
	local model=$1 option=$2 macros=(-DSAFETY -DNOFAIR)

	shift 2
	[[ " $* " != *" -DLIVE "* ]] || macros=(-DNFAIR=3)
	rm -f "$work"/pan*
	cp "$here"/*.pml "$work"
	(cd "$work" && spin "$@" -a "$model.pml") >"$work/log" 2>&1 &&
		gcc "$option" -w "${macros[@]}" -DMEMLIM=$memory \
			-o "$work/pan" "$work/pan.c" >>"$work/log" 2>&1
}

# search MACRO...: runs the verifier; its output is in $work/log
search()
{
	local options=("-m$depth")

	[[ " $* " != *" -DLIVE "* ]] || options+=(-a -f)
	(cd "$work" && ./pan "${options[@]}") >"$work/log" 2>&1
}

# stored: "N states, depth N"
stored()
{
	awk '/depth reached/ { sub(/.*depth reached /, ""); depth = $1 + 0 }
		/ states, stored/ { n = $1 + 0 }
		END { printf "%d states, depth %d", n, depth }' "$work/log"
}

# Did the search end by itself, with all states looked at?
exhausted()
{
	grep -q '^Full statespace search' "$work/log" &&
		grep -q 'errors: 0$' "$work/log" &&
		! grep -qE 'not completed|too small|out of memory|MEMLIM' \
			"$work/log"
}

# Lines of the model that no state has come to, asserted failures aside: what
# never happens is not verified. A line counts once, however often it is used.
unreached()
{
	"$work/pan" -d 2>/dev/null | awk '
		NR == FNR && /^unreached in/ { type = $NF }
		NR == FNR && /, state [0-9]+, / {
			split($0, part, /, state |, "/)
			never[type, part[2]] = 1
		}
		NR == FNR { next }
		/^(proctype|init|claim)/ { type = $NF }
		$1 == "state" && !/assert\(|-end-/ {
			place = $0
			sub(/ =>.*/, "", place)
			sub(/.*[ \/]/, "", place)
			seen[place] = seen[place] || !((type, $2) in never)
		}
		END { for (place in seen) if (!seen[place]) print place }
	' "$work/log" - | sort
}

# trace MODEL [MACRO]...: the shortest way to the failure. Left out is what only
# computes: the insides of the store buffers and of other steps.
trace()
{
	local model=$1 option=-DBFS

	shift
	[[ " $* " != *" -DLIVE "* ]] || option=-O1
	build "$model" "$option" "$@" || { cat "$work/log"; exit 1; }
	search "$@" || true
	[ -e "$work/$model.pml.trail" ] || { echo "it holds: $(stored)"; exit; }
	(cd "$work" && spin "$@" -t -p "$model.pml") 2>&1 |
		awk '/^#processes/ { exit }
			/tso\.pml.*(sb_i|goto|break|IF|DO|assert|sb\[|\.n)/ { next }
			/\[(\.?\(?goto|IF|DO|break|\(1\)|else)/ { next }
			{ sub(/\(state [-0-9]+\)/, ""); print }'
	exit
}

# result STATUS MODEL TEXT WHAT
result()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2: $3 # $4"
	else
		echo "not ok $count - $2: $3 # $4"
		sed 's/^/# /' "$work/log" | tail -n 25
		bad=1
	fi
}

# holds MODEL TEXT MACRO...
holds()
{
	local model=$1 text=$2 lines status=0 what

	[[ $models == *" $model "* ]] || return 0
	shift 2
	if ! build "$model" -O2 "$@"; then
		result 1 "$model" "$text" "no verifier"
		return
	fi
	search "$@" || status=$?
	what=$(stored)
	exhausted || status=1
	lines=$(unreached)
	if [[ " $* " != *" -DLIVE "* ]] && [ -n "$lines" ]; then
		what+=", never reached: $(paste -sd' ' <<<"$lines")"
		status=1
	fi
	result $status "$model" "$text" "$what"
}

# fails MODEL TEXT MACRO...: one of the model's own properties must fail, and not
# a bound, nor anything that stands still
fails()
{
	local model=$1 text=$2 property status=1

	[[ $models == *" $model "* ]] || return 0
	shift 2
	if ! build "$model" -O0 "$@"; then
		result 1 "$model" "$text" "no verifier"
		return
	fi
	search "$@" || true
	property=$(sed -nE 's/.*assertion violated +!\(([a-z]+)\).*/\1/p
		s/.*acceptance cycle.*\(at depth.*/completes/p' "$work/log" |
		head -n 1)
	if [ -n "$property" ] && grep -q 'errors: 1$' "$work/log"; then
		status=0
	fi
	result $status "$model" "$text" "${property:-no property} fails, $(stored)"
}

[ "${1:-}" != trace ] || trace "${@:2}"

holds preempt "each request is answered by the first check that may"
for site in UNLOCK SPIN READY GO ALLOCM GROW SHRINK ALLOC GC STW EXIT_OWN \
		EXIT_IDLE; do
	fails preempt "without the restore of $site" -DNO_RESTORE=S_$site
done
fails preempt "who declines forgets the request" -DFORGET
fails preempt "m->locks goes down before the restore" -DRELEASE_FIRST
fails preempt "a G is current before it is cleared" -DLATE_CLEAR
fails preempt "a G is current until it is queued" -DLATE_NOG
fails preempt "an allocation is no reason to decline" -DNO_REASON
fails preempt "m->gcing goes down after the world has started" -DGCING_LATE
fails preempt "another CPU writes to the G, with no interrupt" -DREMOTE
holds preempt "the same with a barrier before each look" -DREMOTE -DBARRIERS

holds runq "one thief, and what runs over: each G is taken once"
holds runq "two thieves: each G is taken once" -DTHIEVES=2 -DPUTS=4
fails runq "gort_runqput() moves the tail before the G is there" -DTAIL_FIRST
fails runq "gort_runqget() does not exchange" -DGET_PLAIN
fails runq "runqgrab() does not exchange" -DSTEAL_PLAIN
fails runq "runqsteal() shows Gs before they are its own" -DPUBLISH_FIRST

holds sched "no runnable G is forgotten, no wake-up is lost"
holds sched "the same when turns of contexts end" -DTURNS
fails sched "gort_wakep() without [1]" -DNO_MB_WAKEP
fails sched "gort_wakep() without [1], on x86" -DNO_MB_WAKEP -DX86
fails sched "gort_idle() without [1]" -DNO_MB_IDLE
fails sched "gort_idle() without [1], on x86" -DNO_MB_IDLE -DX86
fails sched "gort_idle() does not look once more" -DNO_LOOK
fails sched "gort_idle() stops spinning after the P is idle" -DLATE_CLEAR
fails sched "gort_m_acquire() sleeps after the lock is free" -DLATE_STATE
fails sched "a submit wakes nobody" -DNO_WAKE
fails sched "a spinner that finds work tells nobody" -DNO_RESPIN
fails sched "who leaves work behind tells nobody" -DNO_LEFTOVER
fails sched "who ends a turn tells nobody what it leaves" -DTURNS -DNO_LEFTOVER
fails sched "who goes straight to the next G tells nobody" -DNO_STRAIGHT_TELL
fails sched "gort_ready() without the order of [2]" -DREADY_RELAXED
fails sched "gort_ready() keeps no permit" -DNO_PERMIT
fails sched "gort_parked() does not exchange" -DPARK_PLAIN
fails sched "a G parks, then leaves its stack" -DPARK_EARLY

holds handoff "a P has one owner, no G is forgotten, one request stops"
holds handoff "each stop of the world completes" -DLIVE -DPUSHES=false
fails handoff "exit_own() does not exchange" -DPLAIN_EXIT
fails handoff "take() does not exchange" -DPLAIN_TAKE
fails handoff "exit_idle() takes what is taken" -DNO_TAKEN
fails handoff "gort_handoffp() without [1]" -DNO_MB_HANDOFF
fails handoff "gort_handoffp() does not look once more" -DNO_LOOK_HANDOFF
fails handoff "gort_handoffp() forgets the ring" -DRING_FORGOTTEN
fails handoff "without the restore of UNLOCK" -DNO_RESTORE_UNLOCK
fails handoff "without the restore of EXIT_OWN" -DNO_RESTORE_OWN
fails handoff "without the restore of EXIT_IDLE" -DNO_RESTORE_IDLE
fails handoff "execute() does not look at p->stop" -DNO_STOP_EXECUTE
fails handoff "back() does not look at p->stop" -DNO_STOP_BACK
fails handoff "findrunnable() does not look at p->stop" \
	-DLIVE -DPUSHES=false -DNO_STOP_FIND
fails handoff "gort_ps_take() does not ask" -DNO_ASK

holds chan "no buffer: each value once, in order, nobody is forgotten"
holds chan "a buffer: the same" -DCAP=1
holds chan "no buffer, and it is closed" -DCLOSE -DLATE=1
holds chan "a buffer, and it is closed" -DCAP=1 -DCLOSE -DLATE=1
fails chan "who was told does not take the lock" -DNO_LEAVE
fails chan "a deadline counts, whatever it was told" -DLATE_WINS
fails chan "the same of a value in the buffer" -DCAP=1 -DLATE_WINS
fails chan "who gives up leaves its case in the queue" -DSTAYS
fails chan "nobody is told that there is room" -DCAP=1 -DNO_REFILL
fails chan "who waits to send is told to try again" -DCAP=1 -DCOMPETE
fails chan "a value goes into the buffer though somebody waits" \
	-DCAP=1 -DPUT_FIRST
fails chan "whether it is closed is looked at without the lock" \
	-DCLOSE -DCLOSED_FIRST
fails chan "close wakes those of one batch" -DCLOSE -DCLOSE_ONCE

holds select "one case is done, nothing lost, nobody forgotten"
holds select "the same with one channel in both cases" -DSAME
holds select "a try finds what is in one of two channels" -DDEFAULT
fails select "who claims looks, and then stores" -DNO_EXCHANGE
fails select "locks in the order of the cases" -DOWN_ORDER
fails select "a channel that is there twice is locked twice" -DSAME -DTWICE
fails select "cases that were not done stay in their queues" -DSTAYS
fails select "it lets go of the locks before it queues" -DGAP
fails select "it queues before it looks" -DSAME -DQUEUE_FIRST
fails select "a try looks at one channel after the other" \
	-DDEFAULT -DONE_BY_ONE

echo "1..$count"
exit $bad
