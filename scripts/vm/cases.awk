# SPDX-License-Identifier: GPL-2.0-only
#
# Reads what run_kselftest.sh printed in the guest and prints one line for each
# test case, "ok NAME/PROGRAM: CASE", "not ok ..." or "ok ... # SKIP reason".
#
#	-v name=NAME		of the boot
#	-v expected="A B"	programs that had to run, in any order
#
# A test case that the plan announced and that was not reported is a failure,
# and so is a program that failed without saying which case, or had no plan.

function report(verb, what, why)
{
	printf "%s %s/%s%s\n", verb, name, what, why == "" ? "" : " # " why
	if (verb != "ok")
		failures++
}

function begin(p)
{
	program = p
	plan = -1
	seen = 0
	skipped = 0
	running = ""
	reason = ""
	failures = 0
}

# Status: the program's own line, "" if it did not come to its end.
function end(status,	why)
{
	why = status == "" ? "# it was cut off" : status
	sub(/^[^#]*#? */, "", why)
	if (why != "")
		why = "; " why
	if (status ~ /^ok .*# SKIP/ && seen == 0 && plan <= 0) {
		report("ok", program, "SKIP " reason)
	} else if (plan < 0) {
		report("not ok", program, "no plan" why)
	} else if (plan == 0) {
		report("not ok", program, "no test cases")
	} else if (seen < plan) {
		report("not ok", program, seen " of " plan " cases reported" \
			(running == "" ? "" : ", last was " running) why)
	} else if (seen > plan) {
		report("not ok", program, seen " cases reported, planned " plan)
	} else if (status !~ /^ok / && !failures) {
		report("not ok", program, "every case passed" why)
	} else if (status ~ /# SKIP/ && skipped < seen) {
		report("not ok", program, "skipped, but ran some cases")
	}
	done[program]++
	program = ""
}

# Inner result: the words after "ok N".
function inner(verb, line,	number, what)
{
	number = line
	sub(/^# (not )?ok /, "", number)
	what = number
	sub(/[^0-9].*/, "", number)
	sub(/^[0-9]+( - | )?/, "", what)
	seen++
	if (number != seen) {
		report("not ok", program ": " what, \
			"is number " number ", not " seen)
	} else if (verb == "ok" && match(what, /# (SKIP|XFAIL)/)) {
		# The harness leaves out the name of a skipped case.
		reason = substr(what, RSTART + 2)
		sub(/^(SKIP|XFAIL) */, "", reason)
		what = substr(what, 1, RSTART - 1)
		sub(/ +$/, "", what)
		skipped++
		if (what == "")
			what = running == "" ? "case " number : running
		report("ok", program ": " what, "SKIP " reason)
	} else {
		report(verb, program ": " what)
	}
	running = ""
}

BEGIN {
	wanted = split(expected, list, " ")
	top = -1
}

{
	sub(/\r+$/, "")
}

/^1\.\.[0-9]+/ {
	top = substr($0, 4) + 0
	next
}

/^# selftests: [^ ]+ [^ ]+$/ {
	if (program != "")
		end("")
	begin($4)
	next
}

/^(not )?ok [0-9]+ selftests: / {
	if (program != "")
		end($0)
	next
}

program == "" {
	next
}

/^# 1\.\.[0-9]+/ {
	if (plan >= 0)
		report("not ok", program, "a second plan")
	plan = substr($2, 4) + 0
	if (match($0, /# SKIP.*/))
		reason = substr($0, RSTART + 7)
}

/^# #  RUN +/ {
	running = $4
}

/^# ok [0-9]+/ {
	inner("ok", $0)
}

/^# not ok [0-9]+/ {
	inner("not ok", $0)
}

END {
	if (program != "")
		end("")
	if (top != wanted)
		printf "not ok %s/kselftest: plan # %s programs planned, %d expected\n", \
			name, top < 0 ? "no" : top, wanted
	for (i = 1; i <= wanted; i++) {
		if (done[list[i]] != 1)
			printf "not ok %s/%s # %s\n", name, list[i], \
				done[list[i]] ? "ran more than once" : "did not run"
	}
}
