/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF programs out of scripts: a list of actions, each with what it is to come to.
 *
 * The program of a script compares what the last action came to with what the
 * script says, and ends with EPROTO, and the number of the step, if that
 * differs. So what a test demands stands where the action does.
 */
#ifndef BPF_TEST_H
#define BPF_TEST_H

#include "gort_test.h"

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/gort_bpf.h>

#include <sys/prctl.h>

#define BT_INSNS	4096

/**
 * struct op - one step of a script
 * @action: GORT_BPF_*, or anything
 * @a: its arguments
 * @ret: what it is to come to
 * @keep: bits: these arguments stay what they are, say the last results
 * @later: bits: these are nanoseconds from the beginning of the step
 * @is: what the first result is to be, if @check
 * @check: look at it
 * @cases: of a select
 */
struct op {
	__u32 action;
	__u64 a[4];
	__s32 ret;
	__u32 keep;
	__u32 later;
	__u64 is;
	bool check;
	struct gort_bpf_case cases[2];
};

/**
 * struct prog - a program that is being made
 * @i: its instructions
 * @n: how many
 * @plain: of a script: what an action came to, if it is unexpected, is the errno
 *	that it ends with
 */
struct prog {
	struct bpf_insn i[BT_INSNS];
	unsigned int n;
	bool plain;
};

#define MS	GT_NSEC_PER_MSEC
#define EVER	GORT_WAIT_FOREVER
#define END(x)	{ .action = GORT_BPF_DONE, .a = { x } }
#define MAKE(name, kind, cap)	{ .action = GORT_BPF_MAKE, .a = { name, GORT_BPF_IS_##kind, cap } }
#define CTX(field)	((__s16)offsetof(struct gort_bpf_ctx, field))

static inline void bt_insn(struct prog *p, __u8 code, __u8 dst, __u8 src,
			   __s16 off, __s32 imm)
{
	assert(p->n < BT_INSNS);
	p->i[p->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off,
		.imm = imm,
	};
}

static inline void bt_imm64(struct prog *p, __u8 dst, __u64 val)
{
	bt_insn(p, BPF_LD | BPF_DW | BPF_IMM, dst, 0, 0, (__s32)val);
	bt_insn(p, 0, 0, 0, 0, (__s32)(val >> 32));
}

static inline void bt_load(struct prog *p, __u8 dst, __s16 off)
{
	bt_insn(p, BPF_LDX | BPF_MEM | BPF_DW, dst, BPF_REG_1, off, 0);
}

static inline void bt_store(struct prog *p, __s16 off, __u8 src)
{
	bt_insn(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, src, off, 0);
}

static inline void bt_set(struct prog *p, __s16 off, __u64 val)
{
	bt_imm64(p, BPF_REG_3, val);
	bt_store(p, off, BPF_REG_3);
}

static inline void bt_return(struct prog *p, __u32 action)
{
	bt_insn(p, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, action);
	bt_insn(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* End with EPROTO in @step if the field at @off is not @val. */
static inline void bt_expect(struct prog *p, __s16 off, __u64 val, unsigned int step)
{
	unsigned int jump;

	bt_load(p, BPF_REG_3, off);
	bt_imm64(p, BPF_REG_4, val);
	jump = p->n;
	bt_insn(p, BPF_JMP | BPF_JEQ | BPF_X, BPF_REG_3, BPF_REG_4, 0, 0);
	bt_set(p, CTX(args[0]), step);
	bt_set(p, CTX(args[1]), EPROTO);
	if (p->plain && off == CTX(ret)) {
		bt_load(p, BPF_REG_3, off);
		bt_insn(p, BPF_ALU64 | BPF_NEG, BPF_REG_3, 0, 0, 0);
		bt_store(p, CTX(args[1]), BPF_REG_3);
	}
	bt_return(p, GORT_BPF_DONE);
	p->i[jump].off = p->n - jump - 1;
}

static inline void bt_args(struct prog *p, const struct op *op)
{
	unsigned int k;

	for (k = 0; k < 4; k++) {
		__s16 off = CTX(args[0]) + 8 * k;

		if (op->keep & 1U << k)
			continue;
		bt_imm64(p, BPF_REG_3, op->a[k]);
		if (op->later & 1U << k) {
			bt_load(p, BPF_REG_4, CTX(now_ns));
			bt_insn(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_3,
				BPF_REG_4, 0, 0);
		}
		bt_store(p, off, BPF_REG_3);
	}
	for (k = 0; k < 2 && op->action == GORT_BPF_SELECT; k++) {
		__s16 off = CTX(cases[0]) + k * sizeof(struct gort_bpf_case);

		bt_set(p, off, op->cases[k].chan);
		bt_set(p, off + 8, op->cases[k].value);
		bt_set(p, off + 16, op->cases[k].send);
	}
}

/* Steps up to and with the one that ends it. */
static inline unsigned int bt_len(const struct op *op)
{
	unsigned int n = 0;

	while (op[n].action != GORT_BPF_DONE && op[n].action <= GORT_BPF_WRITE)
		n++;
	return n + 1;
}

static inline void bt_script(struct prog *p, const struct op *op)
{
	unsigned int k, jump, n = bt_len(op);

	for (k = 0; k < n; k++) {
		bt_load(p, BPF_REG_2, CTX(step));
		jump = p->n;
		bt_insn(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0, k);
		if (k)
			bt_expect(p, CTX(ret), (__s64)op[k - 1].ret, k);
		if (k && op[k - 1].check)
			bt_expect(p, CTX(args[0]), op[k - 1].is, k);
		bt_args(p, &op[k]);
		bt_return(p, op[k].action);
		p->i[jump].off = p->n - jump - 1;
	}
	bt_return(p, ~0U); /* not reached */
}

/* Loads it; a descriptor or a negative errno. */
static inline int bt_load_prog(const struct prog *p, __u32 type)
{
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (uintptr_t)p->i,
		.insn_cnt = p->n,
		.license = (uintptr_t)"GPL",
		.prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0,
	};
	int fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

/* The program of a script, and of that of its children, if it has any. */
static inline int bt_prog(const struct op *op, const struct op *child)
{
	struct prog p = { .n = 0 };
	unsigned int jump;

	if (child) {
		bt_load(&p, BPF_REG_2, CTX(child));
		jump = p.n;
		bt_insn(&p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_2, 0, 0, 0);
		bt_script(&p, child);
		p.i[jump].off = p.n - jump - 1;
	}
	bt_script(&p, op);
	return bt_load_prog(&p, BPF_PROG_TYPE_SYSCALL);
}

static inline int bt_submit(int fd, int prog, __u64 user_data, __u64 *id)
{
	struct gort_bpf_run b = {
		.size = sizeof(b),
		.prog_fd = prog,
		.user_data = user_data,
	};
	int err = gt_ioctl(fd, GORT_IOC_BPF, &b);

	if (id)
		*id = b.id;
	return err;
}

/* One completion, waited for; its status, and the result. */
static inline int bt_end(int fd, __u64 *result)
{
	struct gort_completion c;
	struct gort_wait w;
	int err = gt_wait(fd, 1, gt_now() + GT_PATIENCE, &w);

	if (err)
		return err;
	if (read(fd, &c, sizeof(c)) != sizeof(c))
		return -EIO;
	if (result)
		*result = c.result;
	return c.status;
}

/* Loads a script, submits it with what @b says besides, closes it. */
static inline int bt_give(int fd, const struct op *op, struct gort_bpf_run *b)
{
	int err;

	b->size = sizeof(*b);
	b->prog_fd = bt_prog(op, NULL);
	if (b->prog_fd < 0)
		return b->prog_fd;
	err = gt_ioctl(fd, GORT_IOC_BPF, b);
	close(b->prog_fd);
	return err;
}

/* Loads a script, submits it, closes it. */
static inline int bt_start(int fd, const struct op *op, __u64 *id)
{
	int prog = bt_prog(op, NULL);
	int err;

	if (prog < 0)
		return prog;
	err = bt_submit(fd, prog, 0, id);
	close(prog);
	return err;
}

/* The same, and waits for it; the status, and in @res the result. */
static inline int bt_run(int fd, const struct op *op, __u64 *res)
{
	int err = bt_start(fd, op, NULL);

	return err ? err : bt_end(fd, res);
}

/* From now on the caller is nobody, with these capabilities alone. */
static inline int bt_be_nobody(__u64 caps)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ .effective = (__u32)caps, .permitted = (__u32)caps },
		{ .effective = caps >> 32, .permitted = caps >> 32 },
	};

	if (prctl(PR_SET_KEEPCAPS, 1) || setgid(65534) || setuid(65534))
		return -errno;
	return syscall(__NR_capset, &h, d) ? -errno : 0;
}

/* Does this kernel have BPF? */
static inline bool bt_known(void)
{
	return !access("/proc/sys/kernel/unprivileged_bpf_disabled", F_OK);
}

/* Until no green thread of the file is awake or about to be. */
static inline int bt_asleep(int fd)
{
	struct gort_wait w;
	int err = gt_wait(fd, 1, gt_now() + GT_PATIENCE, &w);

	return err == -EDEADLK ? 0 : err ?: -EPROTO;
}

#endif /* BPF_TEST_H */
