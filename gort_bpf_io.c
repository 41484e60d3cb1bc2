// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and sockets of BPF programs: which are taken, and one try to use them.
 *
 * A G that waits for a file must hold no M, and end when it is cancelled. So a
 * file that may keep who reads it waiting is polled (gort_poll_until()), and the
 * read itself is a try. Poll is no promise, as somebody else may be faster; hence
 * only those files are taken that know how to fail instead:
 *
 *  - sockets, and whatever else has FMODE_NOWAIT: by IOCB_NOWAIT;
 *  - pipes: not all kernels look at IOCB_NOWAIT there, but all look at O_NONBLOCK,
 *    which is a flag of the open file. Its other users would see it. So the pipe
 *    is opened once more, for the program alone;
 *  - regular files and block devices do not wait for anybody's data. Poll says
 *    that they are ready; they are read as they are, and gort_syscall() gives the P
 *    to another M if that takes long. This ends when the device answers.
 *
 * All else is refused (terminals, files that know read() but not read_iter(), and
 * those that have neither, as rings). And this device itself: such a file would
 * keep itself open.
 *
 * The bytes come into the program's data, and from there; nobody else looks at
 * them meanwhile. The position is the file's, which others may move, under
 * the lock that read(2) takes. It is all done with the rights of who submitted the
 * program, as some files look at these at each call.
 *
 * Rejected: IOCB_NOWAIT for regular files (only some know it, and what is not in
 * the page cache is nothing that can be polled for); O_NONBLOCK set and taken
 * back around each try (two programs may share a file); and kthread_use_mm() to
 * read into the submitter's memory (it may be gone).
 */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/uio.h>

#include "gort_prog.h"

static umode_t type_of(const struct file *file)
{
	return file_inode(file)->i_mode & S_IFMT;
}

/* May its data be long in coming? */
static bool waits_for_data(const struct file *file)
{
	umode_t type = type_of(file);

	return type != S_IFREG && type != S_IFBLK &&
	       file_can_poll((struct file *)file);
}

/* Does it rather fail than wait? */
static bool can_try(const struct file *file)
{
	switch (type_of(file)) {
	case S_IFREG:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return true;
	default:
		return file->f_mode & FMODE_NOWAIT;
	}
}

static bool can_read(const struct file *file)
{
	return file->f_op->read_iter && !file->f_op->read;
}

static bool can_write(const struct file *file)
{
	return file->f_op->write_iter && !file->f_op->write;
}

/* A pipe once more, as one that does not wait. */
static struct file *open_again(struct file *file)
{
	int flags = (file->f_flags & O_ACCMODE) | O_NONBLOCK;
	struct file *own;

	own = gort_try(dentry_open(&file->f_path, flags, current_cred()),
		       ERR_PTR(-ENOMEM));
	fput(file);
	return own;
}

/**
 * gort_bpf_file_get() - a file for a program
 * @fd: a descriptor of the current process
 *
 * Return: a reference, or -EBADF, -ELOOP, -EOPNOTSUPP, -ENXIO, -ENOMEM as
 * GORT_IOC_BPF says.
 */
struct file *gort_bpf_file_get(int fd)
{
	struct file *file = fget(fd);
	int err = -EOPNOTSUPP;

	if (!file)
		return ERR_PTR(-EBADF);
	if (gort_dev_file(file))
		err = -ELOOP;
	else if (can_try(file) && (can_read(file) || can_write(file)))
		return type_of(file) == S_IFIFO ? open_again(file) : file;
	fput(file);
	return ERR_PTR(err);
}

/* The file that the action is about, if there is room: does it make one wait? */
long gort_bpf_io_find(void *arg)
{
	struct gort_bpf *r = arg;
	u64 which = r->ctx.args[0], data = r->size - sizeof(r->ctx);
	bool reads = r->action == GORT_BPF_READ;
	struct file *file;

	if (!r->more || which >= r->more->nr_files)
		return -EBADF;
	file = r->more->files[array_index_nospec(which, GORT_BPF_FDS)];
	if (!(file->f_mode & (reads ? FMODE_READ : FMODE_WRITE)))
		return -EBADF;
	if (!(reads ? can_read(file) : can_write(file)))
		return -EOPNOTSUPP;
	if (r->ctx.args[1] > data || r->ctx.args[2] > data - r->ctx.args[1])
		return -EINVAL;
	r->file = file;
	return waits_for_data(file);
}

static ssize_t try_read(struct file *file, struct kiocb *iocb, struct kvec *to)
{
	struct iov_iter iter;

	iov_iter_kvec(&iter, READ, to, 1, to->iov_len);
	return vfs_iocb_iter_read(file, iocb, &iter);
}

/* A file system wants to know of a write before it begins. */
static ssize_t try_write(struct file *file, struct kiocb *iocb,
			 struct kvec *from)
{
	struct iov_iter iter;

	if (type_of(file) == S_IFREG)
		return kernel_write(file, from->iov_base, from->iov_len,
				    &iocb->ki_pos);
	iov_iter_kvec(&iter, WRITE, from, 1, from->iov_len);
	return vfs_iocb_iter_write(file, iocb, &iter);
}

/* One try, by gort_syscall(): how many bytes, -EAGAIN, or why not. */
long gort_bpf_io(void *arg)
{
	struct gort_bpf *r = arg;
	struct kvec vec = {
		.iov_base = r->data + r->ctx.args[1],
		.iov_len = r->ctx.args[2],
	};
	bool stream = r->file->f_mode & FMODE_STREAM;
	bool locks = r->file->f_mode & FMODE_ATOMIC_POS;
	const struct cred *old;
	struct kiocb iocb;
	ssize_t n;

	init_sync_kiocb(&iocb, r->file);
	if (waits_for_data(r->file) && type_of(r->file) != S_IFIFO)
		iocb.ki_flags |= IOCB_NOWAIT;
	if (locks)
		mutex_lock(&r->file->f_pos_lock);
	iocb.ki_pos = stream ? 0 : r->file->f_pos;
	old = override_creds(r->cred);
	if (r->action == GORT_BPF_READ)
		n = try_read(r->file, &iocb, &vec);
	else
		n = try_write(r->file, &iocb, &vec);
	revert_creds(old);
	if (n > 0 && !stream)
		r->file->f_pos = iocb.ki_pos;
	if (locks)
		mutex_unlock(&r->file->f_pos_lock);
	return n;
}
