// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a G is: the calls on its stack, over all of its segments.
 *
 * The kernel's own unwinder walks the stacks of tasks, and refuses one that is
 * not. What it goes by is there for G code as for all other: objtool describes
 * for each address of a module where the frame of the caller is (ORC), and the
 * kernel keeps that with the module. On the stack of a G are functions of two
 * modules alone, gort and the one whose G code it is, so that two tables are all
 * that is needed. The assembly of gort is described here, as it is what the ORC
 * of the kernel has no words for:
 *
 *	gort_on_g0	three more registers below the return address
 *	gort_morestack	left for the M; its frame is at %rbp
 *	gort_async	all registers, and the address that was interrupted
 *	gort_lessstack	the caller is on the segment before this one, at
 *			seg->left, where gort_morestack has its frame
 *	gort_gentry	the outermost: the end
 *
 * The stack must stand still: the world is stopped, or the caller is an interrupt
 * that hit the G.
 *
 * Nothing is taken for granted about what is on the stack. Each word is read
 * from within the segment that the walk is in, each step goes up, and from a
 * segment only to the one before it; the walk ends after as many frames as the
 * caller wants. Where a step can't be made (a kernel without ORC, a frame of a
 * kind that G code does not have) the rest is guessed as the kernel does it: each
 * word is named that follows a call in the G code, marked as a guess.
 *
 * Rejected: guessing alone, which names calls that are long over; and frame
 * pointers, which would cost all G code a register.
 */

#include <linux/module.h>
#include <linux/ptrace.h>

#include "gort.h"

/* What gort_async has on the stack: %rbp, and what an interrupt takes off it */
#define ASYNC_BP	0
#define ASYNC_IP	80
#define ASYNC_SP	104

/* A call, and the distance of what it calls */
#define CALL_OPCODE	0xe8
#define CALL_SIZE	5

/**
 * struct walk - how far it has come
 * @text: the G code that may be met
 * @seg: the segment
 * @ip: where the function of this frame goes on
 * @sp: the stack pointer then
 * @bp: %rbp then
 * @hit: @ip is not the return of a call, but was interrupted
 * @end: there is nothing above
 */
struct walk {
	const struct gort_text *text;
	const struct gort_seg *seg;
	unsigned long ip;
	unsigned long sp;
	unsigned long bp;
	bool hit;
	bool end;
};

/* A word of the segment, or false if @at is not in it. */
static bool peek(const struct walk *w, unsigned long at, unsigned long *val)
{
	if (!IS_ALIGNED(at, sizeof(long)) || at < w->seg->lo ||
	    at >= (unsigned long)w->seg)
		return false;
	*val = READ_ONCE_NOCHECK(*(unsigned long *)at);
	return true;
}

static bool in_text(const struct gort_text *text, unsigned long ip)
{
	return (unsigned long)text->end - 1 - ip < text->size;
}

#ifdef CONFIG_UNWINDER_ORC

/* What is known of the frame at @ip, a place in @mod. */
static const struct orc_entry *orc_of(const struct module *mod,
				      unsigned long ip)
{
	const struct mod_arch_specific *arch;
	unsigned int lo = 0, hi, mid;
	const int *at;

	if (!mod || !within_module_core(ip, mod))
		return NULL;
	arch = &mod->arch;
	/* the last one that begins at @ip or before */
	for (hi = arch->num_orcs; lo < hi; ) {
		mid = lo + (hi - lo) / 2;
		at = &arch->orc_unwind_ip[mid];
		if ((unsigned long)at + *at <= ip)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &arch->orc_unwind[lo - 1] : NULL;
}

/* Where the return address of the frame ends. */
static bool orc_cfa(const struct walk *w, const struct orc_entry *orc,
		    unsigned long *cfa)
{
	switch (orc->sp_reg) {
	case ORC_REG_SP:
		*cfa = w->sp + orc->sp_offset;
		return true;
	case ORC_REG_BP:
		*cfa = w->bp + orc->sp_offset;
		return true;
	case ORC_REG_BP_INDIRECT:
		return peek(w, w->bp + orc->sp_offset, cfa);
	default:
		return false;
	}
}

static bool step_orc(struct walk *w)
{
	unsigned long at = w->hit ? w->ip : w->ip - 1, cfa, ip, bp = w->bp;
	const struct orc_entry *orc;

	orc = orc_of(w->text->module, at) ?: orc_of(THIS_MODULE, at);
	if (!orc || !gort_orc_is_call(orc) || !orc_cfa(w, orc, &cfa) ||
	    cfa <= w->sp || !peek(w, cfa - sizeof(long), &ip))
		return false;
	if (orc->bp_reg == ORC_REG_PREV_SP &&
	    !peek(w, cfa + orc->bp_offset, &bp))
		return false;
	if (orc->bp_reg == ORC_REG_BP && !peek(w, w->bp + orc->bp_offset, &bp))
		return false;
	w->ip = ip;
	w->sp = cfa;
	w->bp = bp;
	w->hit = false;
	return true;
}

#else

static bool step_orc(struct walk *w)
{
	return false;
}

#endif

/*
 * From the frame of gort_morestack at @bp, on whichever segment the walk is, to
 * the one that it is called in.
 */
static bool step_morestack(struct walk *w, unsigned long bp, bool over)
{
	if (!peek(w, bp, &w->bp) || !peek(w, bp + (over ? 16 : 8), &w->ip))
		return false;
	w->sp = bp + (over ? 24 : 16);
	return true;
}

/* Is @ip in this module's assembly, and not described by ORC? */
static bool is_asm(unsigned long ip)
{
	return ip == (unsigned long)gort_on_g0_over ||
	       ip == (unsigned long)gort_lessstack ||
	       ip == (unsigned long)gort_morestack_over ||
	       ip == (unsigned long)gort_async_over ||
	       ip == (unsigned long)gort_gentry ||
	       ip == (unsigned long)gort_gentry_over;
}

static bool step_asm(struct walk *w)
{
	unsigned long sp = w->sp;

	if (w->ip == (unsigned long)gort_on_g0_over) {
		w->sp += 32;
		return peek(w, sp + 24, &w->ip);
	}
	if (w->ip == (unsigned long)gort_morestack_over)
		return step_morestack(w, w->bp, false);
	if (w->ip == (unsigned long)gort_async_over) {
		w->hit = true;
		return peek(w, sp + ASYNC_BP, &w->bp) &&
		       peek(w, sp + ASYNC_IP, &w->ip) &&
		       peek(w, sp + ASYNC_SP, &w->sp) && w->sp > sp;
	}
	if (w->ip == (unsigned long)gort_lessstack && w->seg->prev) {
		w->seg = w->seg->prev;
		return step_morestack(w, w->seg->left, true);
	}
	w->end = true;
	return false;
}

static bool step(struct walk *w)
{
	return is_asm(w->ip) ? step_asm(w) : step_orc(w);
}

/* Does @ip, in the G code, follow a call? */
static bool after_call(const struct gort_text *text, unsigned long ip)
{
	return in_text(text, ip) && in_text(text, ip - CALL_SIZE) &&
	       *(const u8 *)(ip - CALL_SIZE) == CALL_OPCODE;
}

/* What may be return addresses from @w on. Returns how many frames there are. */
static unsigned int guess(struct walk *w, struct gort_frame *f, unsigned int n,
			  unsigned int max)
{
	unsigned long sp = ALIGN(w->sp, sizeof(long)), val;

	for (;;) {
		for (; n < max && peek(w, sp, &val); sp += sizeof(long))
			if (after_call(w->text, val))
				f[n++] = (struct gort_frame){
					.ip = val, .how = GORT_FRAME_GUESS,
				};
		w->seg = w->seg->prev;
		if (n == max || !w->seg)
			return n;
		sp = w->seg->left;
	}
}

static unsigned int walk(struct walk *w, struct gort_frame *f, unsigned int max)
{
	unsigned int n = 0;

	do {
		if (is_asm(w->ip))
			continue;
		if (n == max)
			return n;
		f[n].ip = w->ip;
		f[n++].how = w->hit ? GORT_FRAME_HIT : GORT_FRAME_CALL;
	} while (step(w));
	return w->end ? n : guess(w, f, n, max);
}

/**
 * gort_backtrace() - the calls on the stack of a G that does not run
 * @g: the G; the world is stopped
 * @f: the frames, the innermost first
 * @max: as many at most
 *
 * Context: any that the G stands still in.
 * Return: how many; 0 for a G without a stack, or that has ended.
 */
unsigned int gort_backtrace(const struct gort_g *g, struct gort_frame *f,
			    unsigned int max)
{
	struct walk w = { .text = &g->text, .seg = g->seg };

	if (!w.seg || g->ended)
		return 0;
	/* as gort_switch() left it: six registers, the last one %rbp */
	if (!peek(&w, g->sp + 40, &w.bp) || !peek(&w, g->sp + 48, &w.ip))
		return 0;
	w.sp = g->sp + 56;
	return walk(&w, f, max);
}

/**
 * gort_backtrace_regs() - the same for one that an interrupt has hit
 * @g: the G
 * @regs: its registers
 * @f: the frames, the innermost first
 * @max: as many at most
 *
 * Context: the interrupt.
 * Return: how many; 0 if it was not hit on its own stack.
 */
unsigned int gort_backtrace_regs(const struct gort_g *g,
				 const struct pt_regs *regs,
				 struct gort_frame *f, unsigned int max)
{
	struct walk w = {
		.text = &g->text, .seg = g->seg,
		.ip = gort_regs_ip(regs), .sp = gort_regs_sp(regs),
		.bp = gort_regs_bp(regs), .hit = true,
	};

	if (w.sp < g->stack_lo || w.sp >= g->stack_hi)
		return 0;
	return walk(&w, f, max);
}
