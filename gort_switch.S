/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switching stacks on x86-64.
 *
 * gort_switch()	from one stack to another: callee-saved registers
 * gort_on_g0()		one C function on g0, called from a G
 * gort_gogo()		from such a function to the M, which the G left
 * gort_gentry		first code of a G
 * gort_morestack	slow path of a function's prologue in G code
 * gort_lessstack	and where that function returns to, on a new segment
 * gort_async		call injected by the tick into a loop without calls
 *
 * A function in G code finds that its stack pointer is below stackguard0 and
 * calls gort_morestack with its frame size in %r10 and the size of its stack
 * arguments in %r11 (GCC's split-stack convention). A return follows the call, in
 * GORT_RET_SIZE bytes (scripts/gcode-rewrite.awk), and then the function itself.
 * Every register that may carry an argument is live, %rax included (variadic
 * functions). It goes on with the address of its stack arguments in %r11, on
 * whichever stack they are.
 *
 *	      old segment                    new segment
 *	| stack arguments      |	| copy of the arguments |
 *	| return to the caller | 	| gort_lessstack        |
 *	| return to the stub   |	| frame of the function |
 *	| caller's %rbp        | <- %rbp while the function runs
 *	| saved registers      |
 *
 * The function is called from here, on the new segment, returns to gort_lessstack,
 * which finds the old segment through %rbp and returns to the stub, and that to
 * the caller. So each return goes where the CPU expects it, which remembers the
 * calls: where one does not, all those below it on the stack miss too, and a
 * loop that calls at the end of a segment takes twice the time. Returns are RET
 * and not indirect jumps, so that return thunks apply. No code here is known to
 * the kernel's unwinder: its traces end at a stack switch. gort_backtrace.c knows
 * it: the places that it looks for on the stack of a G have names (*_over).
 *
 * Who calls gort_morestack need not be a G: somebody may run G code on an
 * ordinary stack while a G is current on this CPU. Then the stack pointer is
 * not in the G's segment, and the function simply goes on.
 */

#include "gort_asm.h"
#include "gort_compat.h"

	.section .text, "ax", @progbits

.macro PUSH_SAVED
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
.endm

.macro POP_SAVED
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
.endm

/* void gort_switch(unsigned long *save, unsigned long load) */
SYM_CODE_START(gort_switch)
	GORT_UNWIND_END
	GORT_ENDBR
	PUSH_SAVED
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	POP_SAVED
	RET
SYM_CODE_END(gort_switch)

/*
 * unsigned long gort_on_g0(a, b, c, fn, unsigned long g0_sp, unsigned long *save)
 *
 * The G's stack and *save are as gort_switch() leaves them: the collector finds
 * there what the G has in registers, and what the function works on; and the G
 * can be switched to, whereby this returns, with no result.
 */
SYM_CODE_START(gort_on_g0)
	GORT_UNWIND_END
	GORT_ENDBR
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	leaq	gort_on_g0_over(%rip), %rax
	pushq	%rax
	PUSH_SAVED
	movq	%rsp, (%r9)
	movq	%rsp, %rbp
	movq	%r8, %rsp
	andq	$-16, %rsp
	movq	%rcx, %rax
	GORT_CALL rax
	/* last of all: an interrupt writes over what is below %rsp */
	leaq	80(%rbp), %rcx
	movq	40(%rbp), %rbp
	movq	%rcx, %rsp
	GORT_UNWIND_RET
	RET
SYM_CODE_END(gort_on_g0)

SYM_CODE_START(gort_on_g0_over)
	GORT_UNWIND_END
	GORT_ENDBR
	addq	$24, %rsp
	RET
SYM_CODE_END(gort_on_g0_over)

/* void gort_gogo(unsigned long sp), which does not return */
SYM_CODE_START(gort_gogo)
	GORT_UNWIND_END
	GORT_ENDBR
	movq	%rdi, %rsp
	POP_SAVED
	RET
SYM_CODE_END(gort_gogo)

SYM_CODE_START(gort_gentry)
	GORT_UNWIND_END
	GORT_ENDBR
	movq	GORT_CURG, %rdi
	call	gort_gmain
	GORT_PLACE gort_gentry_over
	int3
SYM_CODE_END(gort_gentry)

/* What gort_morestack saved, but the two sizes; with %rsp where it was then. */
.macro POP_ARGS
	addq	$16, %rsp
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	popq	%rax
.endm

SYM_CODE_START(gort_morestack)
	GORT_UNWIND_END
	GORT_ENDBR
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rax
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	pushq	%r11
	pushq	%r10

.Lask:
	movq	GORT_CURG, %rdi
	cmpq	G_STACK_LO(%rdi), %rsp
	jb	.Lstay
	cmpq	G_STACK_HI(%rdi), %rsp
	jae	.Lstay

	/* gort_newstack(g, frame, argument bytes, frame pointer) on g0 */
	movq	-72(%rbp), %rsi
	movq	-64(%rbp), %rdx
	movq	%rbp, %rcx
	movq	G_M(%rdi), %rax
	movq	M_G0_SP(%rax), %rsp
	andq	$-16, %rsp
	call	gort_newstack
	leaq	-72(%rbp), %rsp
	cmpq	$GORT_LEAVE, %rax
	jb	.Lstay
	je	.Lleave

	/* the body runs on the new segment, %rbp stays on the old one */
	movq	%rax, %r10
	POP_ARGS
	movq	%r10, %rsp
	movq	8(%rbp), %r10
	addq	$GORT_RET_SIZE, %r10
	leaq	24(%rbp), %r11
	GORT_CALL_INTO r10

	/* %rax and %rdx carry the function's result */
	GORT_PLACE gort_lessstack
	pushq	%rax
	pushq	%rdx
	movq	GORT_CURG, %rdi
	call	gort_oldstack
	popq	%rdx
	popq	%rax
	movq	%rbp, %rsp
	popq	%rbp
	RET

	/* to the M; when the G runs again, maybe elsewhere, ask once more */
.Lleave:
	movq	GORT_CURG, %rdi
	call	gort_leave
	GORT_PLACE gort_morestack_over
	jmp	.Lask

.Lstay:
	POP_ARGS
	leaq	24(%rbp), %r11
	popq	%rbp
	addq	$GORT_RET_SIZE, (%rsp)
	RET
SYM_CODE_END(gort_morestack)

/* What iretq takes off the stack */
#define IRET_IP	0
#define IRET_CS	8
#define IRET_SP	24
#define IRET_SS	32
#define IRET_SIZE	40

/* Below it: %rbp, and the registers that gort_switch() does not keep */
#define SAVED_SIZE	80

/*
 * The tick's interrupt returns here (gort_async.c). Everything is live, the
 * flags too, and %rsp is the one of the interrupted code; where that goes on is
 * in g->async_ip. Ends as an interrupt does, and not with a return, whose thunk
 * may change the flags.
 */
SYM_CODE_START(gort_async)
	GORT_UNWIND_END
	GORT_ENDBR
	leaq	-16(%rsp), %rsp
	pushfq
	leaq	-16(%rsp), %rsp
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbp
	cld

	movq	GORT_CURG, %rdi
	movq	G_ASYNC_IP(%rdi), %rax
	movq	%rax, SAVED_SIZE+IRET_IP(%rsp)
	movl	%cs, %eax
	movq	%rax, SAVED_SIZE+IRET_CS(%rsp)
	leaq	SAVED_SIZE+IRET_SIZE(%rsp), %rax
	movq	%rax, SAVED_SIZE+IRET_SP(%rsp)
	movl	%ss, %eax
	movq	%rax, SAVED_SIZE+IRET_SS(%rsp)

	/* gort_async_leave(g) on g0 */
	movq	%rsp, %rbp
	movq	G_M(%rdi), %rax
	movq	M_G0_SP(%rax), %rsp
	andq	$-16, %rsp
	call	gort_async_leave
	movq	%rbp, %rsp

	/* to the M; back when the G runs again, maybe elsewhere */
	movq	GORT_CURG, %rdi
	call	gort_leave
	GORT_PLACE gort_async_over

	popq	%rbp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	iretq
SYM_CODE_END(gort_async)
