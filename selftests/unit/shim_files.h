/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of shim.h: memory of the user, and files. */
#ifndef UNIT_SHIM_FILES_H
#define UNIT_SHIM_FILES_H

#define UNIT_AREAS	4

/* What the process may be pointed at; nothing else can be read or written. */
struct unit_area { char *start; size_t len; };
extern struct unit_area unit_areas[UNIT_AREAS];
/* Called after each look, as another thread of the process may be faster; or NULL */
extern void (*unit_looked)(void);

/* How many of the @len bytes at @p are there */
static inline size_t unit_user_bytes(const void *p, size_t len)
{
	uintptr_t at = (uintptr_t)p;
	int i;

	for (i = 0; i < UNIT_AREAS; i++) {
		uintptr_t start = (uintptr_t)unit_areas[i].start;

		if (start && at >= start && at - start < unit_areas[i].len)
			return min(len, unit_areas[i].len - (at - start));
	}
	return 0;
}

/* Both return what is left over. */
static inline size_t copy_from_user(void *to, const void *from, size_t len)
{
	size_t n = unit_user_bytes(from, len);

	if (n)
		memcpy(to, from, n);
	memset((char *)to + n, 0, len - n);
	if (unit_looked)
		unit_looked();
	return len - n;
}

static inline size_t copy_to_user(void *to, const void *from, size_t len)
{
	size_t n = unit_user_bytes(to, len);

	if (n)
		memcpy(to, from, n);
	return len - n;
}

static inline int copy_struct_from_user(void *to, size_t ksize, const void *from,
					size_t usize)
{
	size_t n = min(ksize, usize), i;
	const char *rest = from;
	char c;

	unit_check(usize <= PAGE_SIZE);
	for (i = n; i < usize; i++) {
		if (copy_from_user(&c, rest + i, 1))
			return -EFAULT;
		if (c)
			return -E2BIG;
	}
	memset((char *)to + n, 0, ksize - n);
	return copy_from_user(to, from, n) ? -EFAULT : 0;
}

#define get_user(x, p)		(copy_from_user(&(x), p, sizeof(x)) ? -EFAULT : 0)
#define u64_to_user_ptr(n)	((void *)(uintptr_t)(n))

struct inode { int unused; };
struct file {
	const void *f_op;
	void *private_data;
	unsigned int f_flags;
	unsigned int f_mode;
};

struct kiocb { struct file *ki_filp; int ki_flags; };
struct iov_iter { char *at; size_t left; };
struct socket;
struct io_uring_cmd { struct file *file; u32 cmd_op; const void *cmd; };

#define iov_iter_count(it)	((it)->left)

static inline void iov_iter_ubuf(struct iov_iter *it, int dir, void *at, size_t len)
{
	(void)dir;
	*it = (struct iov_iter){ at, len };
}

static inline size_t copy_to_iter(const void *from, size_t len, struct iov_iter *it)
{
	size_t n = len - copy_to_user(it->at, from, len);

	unit_check(len <= it->left);
	it->at += n;
	it->left -= n;
	return n;
}

static inline void iov_iter_revert(struct iov_iter *it, size_t len)
{
	it->at -= len;
	it->left += len;
}

struct file_operations {
	struct module *owner;
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	ssize_t (*read_iter)(struct kiocb *iocb, struct iov_iter *to);
	__poll_t (*poll)(struct file *file, poll_table *pt);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd,
			       unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int cmd,
			     unsigned long arg);
	int (*uring_cmd)(struct io_uring_cmd *c, unsigned int issue_flags);
};

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	unsigned int mode;
};

extern const struct file_operations *unit_fops;

static inline int misc_register(struct miscdevice *m)
{
	unit_fops = m->fops;
	return 0;
}

#define misc_deregister(m)	((void)(m), unit_fops = NULL)
#define MISC_DYNAMIC_MINOR	255
#define compat_ptr_ioctl	NULL
#define stream_open(inode, file)	((void)(inode), (void)(file), 0)
#define poll_wait(file, q, pt)	((void)(file), (void)(q), (void)(pt))
#define READ			0
#define FMODE_NOWAIT		1
#define IOCB_NOWAIT		1
#define IO_URING_F_NONBLOCK	0x80000000U
#define O_NONBLOCK		04000
#define EPOLLIN			0x001U
#define EPOLLOUT		0x004U
#define EPOLLERR		0x008U
#define EPOLLRDNORM		0x040U
#define EPOLLWRNORM		0x100U
#define EPOLLRDHUP		0x2000U
#define current_uid()		((kuid_t){ 1000 })
#define __kuid_val(uid)		((uid).val)
#define uid_eq(a, b)		((a).val == (b).val)

#endif /* UNIT_SHIM_FILES_H */
