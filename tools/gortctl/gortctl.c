// SPDX-License-Identifier: GPL-2.0-only
/* gortctl: control gort, the green threads in the kernel, from the shell. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gortctl.h"
#include "progress.h"

#define GORTCTL_VERSION "0.1"

const char *device_path = GORTC_DEVICE;
const char *debugfs_path;

/* In the order of the help text */
static const struct cmd {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *args;
	const char *help;
} commands[] = {
	{ "info", cmd_info, "[--json]",
	  "version, limits and load of the module" },
	{ "list", cmd_list, "[--json]",
	  "the workloads and their arguments" },
	{ "run", cmd_run, "WORKLOAD [key=value ...] [-n COUNT] [-q] [--json] [--ring]",
	  "run COUNT tasks (1) and sum up what became of them" },
	{ "top", cmd_top, "[-b] [-d SECONDS] [-n TIMES]",
	  "what happens now, on a live screen; -b: as plain text" },
	{ "ps", cmd_ps, "[--sort KEY] [--state STATE] [--ctx N] [--json]",
	  "every green thread: its state, since when, and why" },
	{ "stack", cmd_stack, "[GID ...]",
	  "the stack of these green threads, or of all" },
	{ "stat", cmd_stat, "[--cpu N] [--interval SECONDS [-n TIMES]] [--json]",
	  "all counters since the module was loaded, or in each interval" },
	{ "trace", cmd_trace, "[-o FILE] [--svg FILE] [-t SECONDS | WORKLOAD ...]",
	  "record which green thread ran where, and why it stopped" },
	{ "demo", cmd_demo, "",
	  "run all built-in workloads at once, check every result" },
};

static const char help_end[] =
"\n"
"  --device PATH         the device, if it is not " GORTC_DEVICE "\n"
"  --debugfs PATH        the folder, if it is not " GORTC_DEBUGFS "\n"
"  --help, --version     print this text, or the version\n"
"\n"
"A value may end in k, M, G (powers of 1000) or Ki, Mi, Gi (of 1024), a time in\n"
"ns, us, ms or s. -q: print errors only. Example:\n"
"\n"
"    gortctl run sleep ns=5ms count=10 -n 1000\n"
"\n"
"Exit code: 0 all went well; 1 a task failed, a result was wrong or the module\n"
"could not be reached; 2 bad usage; 130 ended by Ctrl-C.\n";

static void print_help(void)
{
	size_t i;

	puts("usage: gortctl [--device PATH] [--debugfs PATH] COMMAND [...]\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %s %s\n                        %s\n", commands[i].name,
		       commands[i].args, commands[i].help);
	fputs(help_end, stdout);
}

static void complain(const char *fmt, va_list args)
{
	progress_clear();
	fflush(stdout);
	fputs("gortctl: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

int wrong(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	return EXIT_WRONG;
}

int usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	fputs("Try: gortctl --help\n", stderr);
	return EXIT_USAGE;
}

int wrong_debugfs(int err)
{
	char text[512];

	gortc_explain_debugfs(debugfs_path, err, text, sizeof(text));
	return wrong("%s", text);
}

bool open_device(struct gortc *c)
{
	char text[512];
	int err = gortc_open(c, device_path);

	if (!err)
		return true;
	gortc_explain(c, device_path, err, text, sizeof(text));
	wrong("%s", text);
	return false;
}

static int dispatch(int argc, char **argv)
{
	size_t i;

	if (!argc)
		return usage("a command is missing");

	/* Each command reads its own options from the start. */
	optind = 0;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].fn(argc, argv);
	return usage("there is no command '%s'", argv[0]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device",  required_argument, NULL, 'd' },
		{ "debugfs", required_argument, NULL, 'D' },
		{ "help",    no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	int opt, code;

	/* "+": the options behind the command are the command's. */
	while ((opt = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			device_path = optarg;
			break;
		case 'D':
			debugfs_path = optarg;
			break;
		case 'h':
			print_help();
			return 0;
		case 'V':
			printf("gortctl %s, for ABI version %u of gort\n",
			       GORTCTL_VERSION, GORT_ABI_VERSION);
			return 0;
		default:
			return usage("that option is unknown, or lacks its value");
		}
	}

	code = dispatch(argc - optind, argv + optind);
	/* A full disk or a closed pipe must not pass for success. */
	if ((fflush(stdout) || ferror(stdout)) && !code)
		code = wrong("can't write the output: %s", strerror(errno));
	return code;
}
