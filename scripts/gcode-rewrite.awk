# SPDX-License-Identifier: GPL-2.0-only
#
# Turns the assembly that GCC writes with -fsplit-stack into G code:
#
#  - the stack limit is the first word of the G that this CPU runs, not a word
#    of user space's thread block; what names that G, depends on the architecture
#    and is given by -v curg=;
#  - the stack that a large frame needs is subtracted in another way, since objtool
#    takes an address below %rsp in a register for the start of an aligned frame;
#  - the slow path is gort_morestack. It comes back to its return address, and so
#    to the caller, when it has called the function on a new segment; else to what
#    is GORT_RET_SIZE bytes (gort_asm.h) behind. So a return is made as long as
#    that. Which kind of return the kernel wants is given by -v ret=. For objtool
#    a way leads there: a jump that is never taken. A function that never returns
#    (gort_exit() is at its end) gets a trap instead, so that objtool, too, knows
#    that it does not; to find those, the file is given twice;
#  - a variadic function finds its arguments through %rbp there, which is right
#    only when it got a new segment; gort_morestack hands it their address in
#    %r11 whether it did or not;
#  - the call of gort_exit() gets an end, for objtool, which knows only the
#    kernel's own functions that never return;
#  - all code goes to one section, so that an address can be told to be G code;
#  - no function can be probed: a probe that has been turned into a jump covers
#    several instructions, and a G may have been stopped between two of them;
#  - lines that start with a hash go, since the result passes the C preprocessor.

BEGIN {
	# Names that the preprocessor would replace by 1.
	print "#undef linux"
	print "#undef unix"
}

# The first time: the name of each function that returns, or ends in another one.
NR == FNR {
	if ($0 ~ /^[A-Za-z_][A-Za-z0-9_.$]*:/)
		name = substr($0, 1, index($0, ":") - 1)
	else if (after_call)
		after_call = $0 ~ /^(\.L|\t\.(loc|cfi))/
	else if ($0 ~ /^\tcall\t__morestack$/)
		after_call = 1
	else if ($0 ~ /^\t(rep |rep; )?ret|^\tjmp\t[*A-Za-z_]/)
		returns[name] = 1
	next
}

FNR == 1 { after_call = 0 }

/^[A-Za-z_][A-Za-z0-9_.$]*:/ { name = substr($0, 1, index($0, ":") - 1) }

function fail(msg)
{
	print FILENAME ":" FNR ": " msg ": " $0 > "/dev/stderr"
	failed = 1
	exit 1
}

# Debug labels and line notes are no code, wherever they stand.
(large != "" || after_call || resumed) && /^(\.L[A-Za-z0-9_.$]+:|\t\.(loc|cfi_[a-z_]+)[ \t].*)$/ { print; next }

large != "" && /^\tcmpq\t%fs:112, %r11$/ {
	print "\tmovq\t%rsp, %r11"
	print "\tsubq\t$" large ", %r11"
	print "\tmovq\t" curg ", %r10"
	print "\tcmpq\t(%r10), %r11"
	large = ""
	next
}

# Some other address: it stands as it was.
large != "" { print "\tleaq\t-" large "(%rsp), %r11"; large = "" }

after_call {
	after_call = 0
	if ($0 !~ /^\t(ret|rep ret|rep; ret|jmp\t__x86_return_thunk)$/)
		fail("expected the return after the call of __morestack")
	print ".Lgort_ret" nr_rets ":"
	print "\t" (name in returns ? ret : "int3")
	print "\t.skip\t8 - (. - .Lgort_ret" nr_rets "), 0xcc"
	print ".Lgort_go" nr_rets ":"
	resumed = 1
	next
}

# One int3 for straight-line speculation may follow; ours are enough.
resumed && /^\tint3$/ { next }
# Nobody jumps there by an address in a register; newer compilers can't know.
resumed && /^\tendbr64$/ { next }
resumed && /^\tleaq\t24\(%rbp\), %r11$/ { resumed = 0; next }
resumed && /^\tleaq\t24\(%rbp\)/ { fail("expected %r11 for the arguments") }
{ resumed = 0 }

/^[ \t]*#/ { next }

/^\tcmpq\t%fs:112, %r[a-z0-9]+$/ {
	print "\tmovq\t" curg ", %r10"
	print "\tcmpq\t(%r10), " $NF
	next
}

/^\tleaq\t-[0-9]+\(%rsp\), %r11$/ {
	large = substr($2, 2) + 0
	next
}

/^\tcall\t__morestack$/ {
	print "\ttestq\t%rsp, %rsp"
	print "\tjz\t.Lgort_go" ++nr_rets
	print "\tcall\tgort_morestack"
	after_call = 1
	next
}

/^\tcall\tgort_exit$/ { print; print "\tud2"; next }

/^[ \t]*\.text[ \t]*$/ || /^[ \t]*\.section[ \t]+\.text(\.[A-Za-z0-9_.$]*)?(,|[ \t]|$)/ {
	print "\t.section\t.text.gcode,\"ax\",@progbits"
	next
}

/^[ \t]*\.pushsection[ \t]+\.text(\.[A-Za-z0-9_.$]*)?(,|[ \t]|$)/ {
	print "\t.pushsection\t.text.gcode,\"ax\",@progbits"
	next
}

# They speak to user space's linker.
/^\t\.section\t\.note\.GNU-(no-)?split-stack,/ { next }

# Not in a string: what is left of user space's thread block is not understood.
/^[^"]*%fs:/ { fail("unexpected use of %fs") }

/^\t\.type\t[^,]+, @function$/ { functions[++nr_functions] = substr($2, 1, length($2) - 1) }

{ print }

END {
	if (failed)
		exit 1
	if (after_call)
		fail("expected the return after the call of __morestack")
	if (nr_functions)
		print "\t.section\t_kprobe_blacklist,\"aw\"\n\t.balign\t8"
	for (i = 1; i <= nr_functions; i++)
		print "\t.quad\t" functions[i]
}
