/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between architectures, for a kernel that runs on the machine
 * itself; gort_um.h has the same for User-Mode Linux. Included by gort_compat.h.
 */
#ifndef _GORT_X86_H
#define _GORT_X86_H

#include <linux/version.h>

#ifdef __ASSEMBLY__

#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>
#include <linux/linkage.h>
#include <linux/objtool.h>

/* The G that runs on this CPU */
#define GORT_CURG	PER_CPU_VAR(gort_curg)

.macro GORT_CALL reg
	CALL_NOSPEC \reg
.endm

/*
 * The same into the middle of a function, where there is no landing pad: with
 * IBT by a return, and a call more for the CPU that remembers calls.
 */
.macro GORT_CALL_INTO reg
#ifdef CONFIG_X86_KERNEL_IBT
	jmp	3f
1:	ANNOTATE_INTRA_FUNCTION_CALL
	call	2f
	int3
2:	movq	%\reg, (%rsp)
	RET
3:	ANNOTATE_INTRA_FUNCTION_CALL
	call	1b
#else
	CALL_NOSPEC \reg
#endif
.endm

/* The unwinder can't see past this point; 6.4 renamed the hint. */
.macro GORT_UNWIND_END
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	UNWIND_HINT_UNDEFINED
#else
	UNWIND_HINT_EMPTY
#endif
.endm

/* What follows has its return address on top of the stack, as at its start. */
.macro GORT_UNWIND_RET
	UNWIND_HINT_FUNC
.endm

/* Assembly whose address is taken needs a landing pad where IBT is on. */
.macro GORT_ENDBR
	ENDBR
.endm

/* A place whose address is compared and never jumped to. */
.macro GORT_PLACE name
SYM_INNER_LABEL(\name, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
.endm

#else /* !__ASSEMBLY__ */

#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <asm/current.h>

/*
 * The running task, read anew each time. The compiler may keep current in a
 * register across a call, which is wrong where the call is a switch to another
 * CPU. 6.2 moved the variable and 6.15 moved it back.
 */
static inline struct task_struct *gort_current(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	return this_cpu_read(pcpu_hot.current_task);
#else
	return this_cpu_read(current_task);
#endif
}

/* What belongs to this CPU, with one instruction */
#define gort_cpu_read(var)		this_cpu_read(var)
#define gort_cpu_write(var, val)	this_cpu_write(var, val)

/* What an interrupt has hit */
static inline unsigned long gort_regs_ip(const struct pt_regs *regs)
{
	return regs->ip;
}

static inline unsigned long gort_regs_sp(const struct pt_regs *regs)
{
	return regs->sp;
}

static inline unsigned long gort_regs_bp(const struct pt_regs *regs)
{
	return regs->bp;
}

static inline bool gort_regs_irqs_on(const struct pt_regs *regs)
{
	return regs->flags & X86_EFLAGS_IF;
}

/* Let the interrupt return to @ip. Return: whether that is possible. */
static inline bool gort_regs_divert(struct pt_regs *regs, unsigned long ip)
{
	regs->ip = ip;
	return true;
}

#endif /* !__ASSEMBLY__ */
#endif /* _GORT_X86_H */
