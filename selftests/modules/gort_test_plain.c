// SPDX-License-Identifier: GPL-2.0-only
/*
 * gort_test_plain.ko: a module that has no G code, but uses the interface: to
 * see that it can be loaded, though nothing says where its G code would be.
 */

#include <linux/err.h>
#include <linux/gort.h>
#include <linux/module.h>

static int __init t_plain_init(void)
{
	struct gort_ctx *ctx = gort_ctx_create("plain", 1);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	gort_ctx_destroy(ctx);
	return gort_this_text()->end || gort_this_text()->size ? -EINVAL : 0;
}

static void __exit t_plain_exit(void)
{
}

module_init(t_plain_init);
module_exit(t_plain_exit);
MODULE_DESCRIPTION("A user of gort without G code");
MODULE_AUTHOR("The gort developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(GORT);
