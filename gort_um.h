/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between architectures, for User-Mode Linux on 64-bit x86: a
 * kernel that is a process, with one CPU. gort_x86.h has the same for a kernel
 * that runs on the machine itself. Included by gort_compat.h.
 *
 * The instructions are the same. What belongs to the CPU is an ordinary
 * variable. There are no mitigations, no unwinder and no ORC. An interrupt is a
 * signal: it has a stack of its own, and its handler gets a copy of the registers,
 * so that it can look where it hit, but can't make it go on elsewhere: no call is
 * injected into a loop without calls (gort_async.c).
 */
#ifndef _GORT_UM_H
#define _GORT_UM_H

#ifdef __ASSEMBLY__

#include <linux/linkage.h>

/* The G that runs */
#define GORT_CURG	gort_curg(%rip)

#define RET		ret

.macro GORT_CALL reg
	call	*%\reg
.endm

/* The same into the middle of a function */
.macro GORT_CALL_INTO reg
	call	*%\reg
.endm

.macro GORT_UNWIND_END
.endm

.macro GORT_UNWIND_RET
.endm

.macro GORT_ENDBR
.endm

.macro GORT_PLACE name
SYM_INNER_LABEL(\name, SYM_L_GLOBAL)
.endm

#else /* !__ASSEMBLY__ */

#include <linux/ptrace.h>
#include <linux/percpu.h>
#include <asm/current.h>

/* Not kept in a register: the compiler takes it for an ordinary variable. */
static inline struct task_struct *gort_current(void)
{
	return current;
}

/*
 * There is one CPU, so nothing need keep the task on it: this_cpu_read() turns
 * preemption off here, as there are no instructions for it.
 */
#define gort_cpu_read(var)		READ_ONCE(*raw_cpu_ptr(&(var)))
#define gort_cpu_write(var, val)	WRITE_ONCE(*raw_cpu_ptr(&(var)), val)

/* All zero, if the interrupt had to wait until interrupts were on. */
static inline unsigned long gort_regs_ip(const struct pt_regs *regs)
{
	return PT_REGS_IP(regs);
}

static inline unsigned long gort_regs_sp(const struct pt_regs *regs)
{
	return PT_REGS_SP(regs);
}

static inline unsigned long gort_regs_bp(const struct pt_regs *regs)
{
	return PT_REGS_BP(regs);
}

/* One that comes at once finds them on. */
static inline bool gort_regs_irqs_on(const struct pt_regs *regs)
{
	return true;
}

static inline bool gort_regs_divert(struct pt_regs *regs, unsigned long ip)
{
	return false;
}

#endif /* !__ASSEMBLY__ */
#endif /* _GORT_UM_H */
