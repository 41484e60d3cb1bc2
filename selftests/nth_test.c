// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation may fail. The parameter fail_nth lets the n-th one do so;
 * for each operation n runs from 1 until none fails any more. Each time the
 * outcome is a documented one, nothing stays behind, and the same operation
 * works right after.
 *
 * gort.ko has a list of the sites that can fail, and each failure is a message
 * that names one: at the end each site of the list must have failed somewhere.
 */
#include "left.h"
#include "nth_ops.h"

#define MAX_NTH		400	/* more than one operation allocates */
#define MAX_SITES	64
#define FAILED		"fail_nth: "

/* The sites of gort.ko; all cases, which are processes, share it. */
struct sites {
	int nr;
	struct {
		char name[160];
		bool failed;
	} site[MAX_SITES];
};

static struct sites *sites;

static int site_of(const char *name)
{
	int i;

	for (i = 0; i < sites->nr; i++)
		if (!strcmp(sites->site[i].name, name))
			return i;
	return -1;
}

/* Those behind "alloc=" in the module's information, as modinfo -F alloc */
static void read_sites(const char *image, size_t len)
{
	static const char tag[] = "\0alloc=";
	const char *p = image, *end = image + len;

	while ((p = memmem(p, end - p, tag, sizeof(tag) - 1))) {
		p += sizeof(tag) - 1;
		if (sites->nr == MAX_SITES)
			break;
		snprintf(sites->site[sites->nr++].name,
			 sizeof(sites->site[0].name), "%s", p);
	}
}

static void __attribute__((constructor)) sites_begin(void)
{
	int fd = open(ct_env("GORT_KO", "/gort/gort.ko"), O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *image;

	sites = mmap(NULL, sizeof(*sites), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || sites == MAP_FAILED || fstat(fd, &st))
		return;
	image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image != MAP_FAILED)
		read_sites(image, st.st_size);
	close(fd);
}

/*
 * The sites that have failed, as the messages since @kmsg was opened have it:
 * how many, or -1 if one is not in the list. @met gets a bit for each.
 */
static int count_failed(int kmsg, __u64 *met)
{
	char text[8192], *name;
	int n = 0, site;
	ssize_t len;

	while ((len = read(kmsg, text, sizeof(text) - 1)) > 0) {
		text[len] = '\0';
		name = strstr(text, FAILED);
		if (!name)
			continue;
		name += strlen(FAILED);
		name[strcspn(name, "\n")] = '\0';
		site = site_of(name);
		if (site < 0)
			return -1;
		sites->site[site].failed = true;
		*met |= 1ULL << site;
		n++;
	}
	return n;
}

/* An operation, and what becomes of it when an allocation fails */
struct sweep {
	int (*begin)(void);	/* goes before, and does not fail; or NULL */
	int (*run)(void);
	int min_sites;		/* different ones that fail in it, at least */
	int also;		/* an errno beside ENOMEM */
	bool copes;		/* gort does without it, or tries again */
	const char *at;		/* the sites that count, NULL for all */
	const char *module;	/* that it needs */
};

FIXTURE(sweep) {
	struct gt_params params;
	int watch;
	struct left before;
};

FIXTURE_VARIANT(sweep) {
	struct sweep s;
};

FIXTURE_VARIANT_ADD(sweep, open) {
	.s = {
		.run = nth_open, .min_sites = 3,
	},
};

/* Four for a task: its own, its id, its G and its stack */
FIXTURE_VARIANT_ADD(sweep, submit_one) {
	.s = {
		.run = nth_one, .min_sites = 6,
	},
};

FIXTURE_VARIANT_ADD(sweep, submit_each_workload) {
	.s = {
		.run = nth_each, .min_sites = 6,
	},
};

FIXTURE_VARIANT_ADD(sweep, submit_many) {
	.s = {
		.run = nth_many, .min_sites = 6,
	},
};

FIXTURE_VARIANT_ADD(sweep, spawn) {
	.s = {
		.run = nth_spawn, .min_sites = 6,
	},
};

FIXTURE_VARIANT_ADD(sweep, growth) {
	.s = {
		.run = nth_growth, .min_sites = 6,
	},
};

/* A thread, and what gort knows of it */
FIXTURE_VARIANT_ADD(sweep, handoff) {
	.s = {
		.begin = nth_handoff_begin, .run = nth_handoff, .min_sites = 2,
		.copes = true, .module = "gort_test", .at = "gort_m: ",
	},
};

FIXTURE_VARIANT_ADD(sweep, hotplug) {
	.s = {
		.run = nth_hotplug, .min_sites = 2, .copes = true,
		.module = "gort_test",
		.at = "gort_m: ",
	},
};

FIXTURE_VARIANT_ADD(sweep, ring) {
	.s = {
		.run = nth_ring, .min_sites = 6,
	},
};

FIXTURE_VARIANT_ADD(sweep, channel) {
	.s = {
		.run = nth_channel, .min_sites = 8, .module = "gort_test_chan",
	},
};

FIXTURE_VARIANT_ADD(sweep, select) {
	.s = {
		.run = nth_select, .min_sites = 7, .copes = true,
		.module = "gort_test_chan",
	},
};

FIXTURE_VARIANT_ADD(sweep, timer) {
	.s = {
		.run = nth_timer, .min_sites = 6, .module = "gort_test_event",
	},
};

/* A child that can't be started ends the others. */
FIXTURE_VARIANT_ADD(sweep, group) {
	.s = {
		.run = nth_group, .min_sites = 7, .module = "gort_test_event",
		.also = -ECANCELED,
	},
};

FIXTURE_VARIANT_ADD(sweep, heap) {
	.s = {
		.run = nth_heap, .min_sites = 9, .copes = true,
		.module = "gort_test",
	},
};

FIXTURE_VARIANT_ADD(sweep, context) {
	.s = {
		.run = nth_context, .min_sites = 3, .module = "gort_test",
	},
};

FIXTURE_VARIANT_ADD(sweep, register) {
	.s = {
		.run = nth_register, .min_sites = 1,
	},
};

/* Its file's part, itself, what it was given; the name, the child, its place */
FIXTURE_VARIANT_ADD(sweep, bpf) {
	.s = {
		.run = nth_bpf, .min_sites = 14,
	},
};

FIXTURE_VARIANT_ADD(sweep, debugfs) {
	.s = {
		.run = nth_debugfs, .min_sites = 6,
	},
};

/* Which sites count, NULL for all */
static int fail_at(const char *name)
{
	return gt_write_file(GT_PARAMS "fail_at", name ?: "\n");
}

/* The whole operation, when nothing fails */
static int complete(const struct sweep *s)
{
	return (s->begin ? s->begin() : 0) ?: s->run();
}

/*
 * The reserve of big segments is there on each P: what a thread allocates for
 * that now and then would be counted.
 */
static bool make_reserve(void)
{
	int cpus = ct_cpus();

	return gt_wait_for(left_reserves() >= cpus || (nth_many(), false));
}

/* No stack is kept: a new one is an allocation. */
FIXTURE_SETUP(sweep)
{
	if (variant->s.run == nth_bpf && !bt_known())
		SKIP(return, "this kernel has no BPF");
	ASSERT_LT(0, sites->nr);
	ASSERT_TRUE(gt_params_save(&self->params));
	ASSERT_EQ(0, gt_param_set("fail_nth", 0));
	if (variant->s.module)
		ASSERT_EQ(0, ct_insmod_own(variant->s.module, ""));
	ASSERT_EQ(0, gt_param_set("stack_cache", 0));
	ASSERT_EQ(0, fail_at(variant->s.at));
	self->watch = gt_open(0);
	ASSERT_LE(0, self->watch);
	/* what is made once is made by the first one */
	ASSERT_EQ(0, complete(&variant->s));
	ASSERT_TRUE(gt_wait_for(gt_total(self->watch) == 0));
	ASSERT_TRUE(left_before(self->watch, &self->before));
	ASSERT_TRUE(make_reserve());
}

FIXTURE_TEARDOWN(sweep)
{
	EXPECT_EQ(0, gt_param_set("fail_nth", 0));
	EXPECT_EQ(0, fail_at(NULL));
	close(self->watch);
	if (variant->s.module)
		EXPECT_TRUE(ct_rmmod_soon(variant->s.module));
	EXPECT_TRUE(gt_params_restore(&self->params));
}

/*
 * The n-th allocation of the operation fails: 0 if none was left to. @seen
 * counts the times that the caller was told. @met: see count_failed().
 */
static int fail_nth(struct __test_metadata *_metadata,
		    const struct sweep *s, int n, __u64 *met,
		    int *seen)
{
	int kmsg = ct_kmsg_open(), err, left;

	if (kmsg < 0 || (s->begin && s->begin()) || gt_param_set("fail_nth", n))
		return -EIO;
	err = s->run();
	left = gt_param_get("fail_nth");
	if (gt_param_set("fail_nth", 0))
		return -EIO;
	/* nothing failed, nothing is told */
	EXPECT_TRUE(err ? !left && (err == -ENOMEM || err == s->also) :
			  left || s->copes)
		TH_LOG("n=%d: %d", n, err);
	*seen += !!err;
	EXPECT_EQ(!left, count_failed(kmsg, met))
		TH_LOG("n=%d", n);
	close(kmsg);
	return !left;
}

TEST_F_TIMEOUT(sweep, each_allocation_fails_in_turn, 60)
{
	int n, more = 1, seen = 0, err;
	__u64 met = 0;

	for (n = 0; more && n < MAX_NTH; ) {
		more = fail_nth(_metadata, &variant->s, ++n, &met, &seen);
		ASSERT_LE(0, more);
		ASSERT_TRUE(gt_wait_for(gt_total(self->watch) == 0));
		err = complete(&variant->s);
		ASSERT_EQ(0, err)
			TH_LOG("after n=%d: %d", n, err);
	}
	EXPECT_EQ(0, more);
	EXPECT_LE(variant->s.min_sites, __builtin_popcountll(met));
	EXPECT_TRUE(left_as_before(self->watch, self->before));
	TH_LOG("%d allocations at %d sites, %d failures told", n - 1,
	       __builtin_popcountll(met), seen);
}

/*
 * Loading: the parameters are given to insmod. Threads of gort's begin meanwhile
 * and allocate as well, so each site is counted for itself.
 */
FIXTURE(load) {
	struct gt_params params;
	long objects;
};

FIXTURE_SETUP(load)
{
	ASSERT_TRUE(gt_params_save(&self->params));
	ASSERT_TRUE(ct_rmmod_soon("gort"));
	left_to_rcu();
	self->objects = left_objects(false);
}

FIXTURE_TEARDOWN(load)
{
	EXPECT_TRUE(ct_loaded("gort") || !ct_insmod_gort(""));
	EXPECT_TRUE(gt_params_restore(&self->params));
}

/* How loading ends when the @n-th allocation at this site fails */
static int load_with(const char *site, int n)
{
	char params[256];

	/* a quotation mark in it would end the value */
	snprintf(params, sizeof(params), "fail_nth=%d fail_at=\"%.*s\"", n,
		 (int)strcspn(site, "\""), site);
	return ct_insmod_gort(params);
}

/*
 * Without its files in debugfs gort goes on; without anything else it is
 * not loaded, and leaves nothing. Each site ends with a loading that works.
 */
TEST_F_TIMEOUT(load, each_allocation_fails_in_turn, 60)
{
	int i, n, err, kmsg, failed, all = 0, told = 0;
	__u64 met = 0;

	for (i = 0; i < sites->nr; i++) {
		for (n = 1, failed = 1; failed; n++) {
			kmsg = ct_kmsg_open();
			ASSERT_LE(0, kmsg);
			err = load_with(sites->site[i].name, n);
			failed = count_failed(kmsg, &met);
			close(kmsg);
			ASSERT_TRUE(!err || (err == -ENOMEM && failed == 1))
				TH_LOG("%d of %s: %d", n, sites->site[i].name,
				       err);
			all += failed;
			told += !!err;
			if (!err) {
				ASSERT_EQ(0, gt_param_set("fail_nth", 0));
				ASSERT_EQ(0, nth_one());
				ASSERT_EQ(0, ct_rmmod("gort"));
			}
			left_nothing(_metadata);
		}
	}
	/* a shrinker is one of them since Linux 6.7, and two before */
	EXPECT_LE(16, __builtin_popcountll(met));
	EXPECT_TRUE(gt_wait_for((left_to_rcu(),
				 left_objects(false) <= self->objects)));
	TH_LOG("%d allocations at %d sites, %d failures told", all,
	       __builtin_popcountll(met), told);
}

/* The last one: no site of gort.ko that was not met above. */
FIXTURE(all) {
};

FIXTURE_SETUP(all)
{
}

FIXTURE_TEARDOWN(all)
{
}

TEST_F(all, every_site_has_failed)
{
	int i;

	ASSERT_LT(0, sites->nr);
	ASSERT_GT(MAX_SITES, sites->nr);
	for (i = 0; i < sites->nr; i++) {
		if (!bt_known() && !strncmp(sites->site[i].name, "gort_bpf", 8))
			continue; /* nobody gets there */
		EXPECT_TRUE(sites->site[i].failed)
			TH_LOG("never: %s", sites->site[i].name);
	}
	TH_LOG("%d sites", sites->nr);
}

/* Where fail_at says that something else counts, nothing fails. */
TEST(fail_at_chooses_the_sites)
{
	struct gort_task_desc t;
	char text[161];
	int fd = gt_open(0);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(gt_task(fd, "yield", &t, 1, 0, 0));
	ASSERT_EQ(0, fail_at("gort_user: "));
	ASSERT_EQ(0, gt_param_set("fail_nth", 1));
	EXPECT_EQ(1, gt_submit_n(fd, &t, 1, NULL));
	EXPECT_EQ(1, gt_param_get("fail_nth"));
	EXPECT_EQ(-ENOMEM, gt_open(0));
	EXPECT_EQ(0, gt_param_get("fail_nth"));

	memset(text, 'x', 160);
	text[160] = '\0';
	EXPECT_EQ(-EINVAL, fail_at(text));
	text[159] = '\0';
	EXPECT_EQ(0, fail_at(text));
	EXPECT_EQ(0, fail_at(NULL));
	EXPECT_EQ(0, gt_read_file(GT_PARAMS "fail_at", text, sizeof(text)));
	EXPECT_EQ(0, strcmp("\n", text));
	close(fd);
}

/* The instrument itself: it fires once, at the n-th, and then rests. */
TEST(fail_nth_counts_down)
{
	struct gort_task_desc t;
	struct gt_params params;
	int fd = gt_open(0), i;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(gt_params_save(&params));
	EXPECT_EQ(0, gt_param_get("fail_nth"));
	ASSERT_EQ(0, gt_param_set("fail_nth", 1000000));
	EXPECT_EQ(1000000, gt_param_get("fail_nth"));
	ASSERT_TRUE(gt_task(fd, "yield", &t, 1, 0, 0));
	ASSERT_EQ(1, gt_submit_n(fd, &t, 1, NULL));
	EXPECT_GT(1000000, gt_param_get("fail_nth"));

	ASSERT_EQ(0, gt_param_set("fail_nth", 1));
	EXPECT_EQ(-ENOMEM, gt_submit_n(fd, &t, 1, NULL));
	EXPECT_EQ(0, gt_param_get("fail_nth"));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(1, gt_submit_n(fd, &t, 1, NULL));
	EXPECT_TRUE(gt_params_restore(&params));
	close(fd);
}

TEST_HARNESS_MAIN
