/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/gort_test_chan: two channels of u64 for processes, and for the workloads
 * c_ext_send and c_ext_recv. Each command returns what the function returned.
 */
#ifndef _GORT_TEST_CHAN_IOCTL_H
#define _GORT_TEST_CHAN_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct c_cmd - the argument of all commands
 * @chan: which channel, 0 or 1; of C_IOC_ATOMIC, what to do
 * @value: to be sent, or what was received
 * @deadline_ns: as for gort_send_until()
 * @cap: capacity
 * @err: of the case that was chosen
 */
struct c_cmd {
	__u32 chan;
	__u32 cap;
	__u64 value;
	__u64 deadline_ns;
	__s32 err;
	__u32 pad;
};

#define C_IOC_INIT	_IOWR('c', 0, struct c_cmd) /* both, anew */
#define C_IOC_SEND	_IOWR('c', 1, struct c_cmd)
#define C_IOC_RECV	_IOWR('c', 2, struct c_cmd)
#define C_IOC_TRYSEND	_IOWR('c', 3, struct c_cmd)
#define C_IOC_TRYRECV	_IOWR('c', 4, struct c_cmd)
#define C_IOC_SELECT	_IOWR('c', 5, struct c_cmd) /* send to 0, receive from 1 */
#define C_IOC_CLOSE	_IOWR('c', 6, struct c_cmd)
#define C_IOC_WAITING	_IOWR('c', 7, struct c_cmd) /* how many in both */
#define C_IOC_ATOMIC	_IOWR('c', 8, struct c_cmd) /* where nobody can wait */
#define C_IOC_LEN	_IOWR('c', 9, struct c_cmd)

/* C_IOC_ATOMIC */
#define C_ATOMIC_SPIN	0	/* a spin lock held */
#define C_ATOMIC_IRQ	1	/* interrupts off */
#define C_ATOMIC_BH	2	/* bottom halves off */
#define C_ATOMIC_RCU	3	/* an RCU reader */
#define C_NR_ATOMIC	4

#endif /* _GORT_TEST_CHAN_IOCTL_H */
