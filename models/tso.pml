/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory as the models see it: one store buffer for each CPU.
 *
 * A plain store goes into the buffer of its CPU and from there to memory later,
 * first in, first out; a load finds the youngest store of its own CPU to that
 * place, else memory (TSO, as x86 has it). When a store gets to memory is left
 * to chance: the process buffers() moves one at a time.
 *
 * What empties the buffer is what the kernel promises for every machine, which
 * is less than what an x86 does: a full barrier, an atomic operation with full
 * order (one that returns a value, without suffix, and has succeeded) or with
 * release order. Nothing else does: not atomic_inc() and _dec(), not a cmpxchg
 * that fails, not taking a lock. These act on memory at once, and earlier
 * stores of their CPU may still be in its buffer. With -DX86 they empty it too.
 *
 * One step of a model is one access to what is shared, with what the CPU does
 * by itself around it. To put a store into one's own buffer belongs to that.
 *
 * The includer defines NCPU, NMEM, BUF (places in a buffer), and COMMIT(a, v):
 * how v gets to place a.
 */

typedef buffer {
	byte n;
	byte addr[BUF];
	byte val[BUF]
}

buffer sb[NCPU];
byte mem[NMEM];
byte sb_i, sb_v;

#define EMPTY(c)	(sb[c].n == 0)

/* As conditions: a full barrier is passed, the operation can be done */
#define MB(c)		EMPTY(c)
#define ORDERED(c)	EMPTY(c)
#ifdef X86
#define RELAXED(c)	EMPTY(c)
#else
#define RELAXED(c)	true
#endif

/*
 * With -DSTALL a CPU whose buffer is full waits, as a real one does. Else that
 * is an error, which shows that the bound is none.
 */
inline STORE(c, place, v)
{
	d_step {
#ifdef STALL
		sb[c].n < BUF;
#else
		assert(sb[c].n < BUF);
#endif
		sb[c].addr[sb[c].n] = place;
		sb[c].val[sb[c].n] = v;
		sb[c].n++
	}
}

inline LOAD(c, place, r)
{
	d_step {
		r = mem[place];
		do
		:: sb_i == sb[c].n -> break
		:: else ->
			if
			:: (sb[c].addr[sb_i] & 127) == place -> r = sb[c].val[sb_i]
			:: else
			fi;
			sb_i++
		od;
		sb_i = 0
	}
}

/* The oldest store of CPU c reaches memory. */
inline drain(c)
{
	d_step {
		sb[c].n > 0 ->
		COMMIT(sb[c].addr[0], sb[c].val[0]);
		sb[c].n--;
		do
		:: sb_i == sb[c].n -> break
		:: else ->
			sb[c].addr[sb_i] = sb[c].addr[sb_i + 1];
			sb[c].val[sb_i] = sb[c].val[sb_i + 1];
			sb_i++
		od;
		sb[c].addr[sb_i] = 0;
		sb[c].val[sb_i] = 0;
		sb_i = 0
	}
}
