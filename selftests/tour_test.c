// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/tour.rst is true: each of its commands, run in a shell on a
 * terminal, prints what stands below it.
 *
 * The commands are the lines of its console blocks that start with "# ". What
 * follows, up to the next one, is what they print, and compared line by line:
 *
 *  - "..." is anything, and a line "..." any number of lines;
 *  - a blank is any number of them, since columns are as wide as their numbers;
 *  - in a block of the class "varies" a number that is not 0 is any number that
 *    is not 0. 0 is always 0;
 *  - "^C" at first is Ctrl-C, as soon as there is something to be seen.
 *
 * After one in the background ("&") it goes on when a green thread waits.
 *
 * The shell gets its commands from a pipe and everything else from the terminal,
 * so that there are no prompts, and no echo, to be taken out again.
 */

#include "core_test.h"

#include <ctype.h>
#include <poll.h>
#include <pty.h>

#define PATIENCE_MS	((int)(3 * GT_PATIENCE / GT_NSEC_PER_MSEC))
#define MARK		"@@ end of this one @@"
#define CTRL_C		"^C\n"

/**
 * struct shell - one that runs, and what is said to it
 * @pid: its process
 * @in: the pipe for its commands
 * @tty: the other end of its terminal
 * @out: what the last command has printed
 * @len: how much that is
 */
struct shell {
	pid_t pid;
	int in;
	int tty;
	size_t len;
	char out[1 << 18];
};

/**
 * struct step - a command of the tour
 * @line: where it stands
 * @varies: numbers do
 * @command: the command
 * @text: what it prints
 */
struct step {
	int line;
	bool varies;
	char command[512];
	char text[1 << 16];
};

static bool shell_start(struct shell *sh)
{
	const struct winsize ws = { .ws_row = 25, .ws_col = 100 };
	struct termios tio;
	int in[2];

	if (pipe2(in, O_CLOEXEC))
		return false;
	sh->pid = forkpty(&sh->tty, NULL, NULL, &ws);
	if (sh->pid < 0)
		return false;
	if (!sh->pid) {
		tcgetattr(STDOUT_FILENO, &tio);
		tio.c_oflag &= ~OPOST;
		tio.c_lflag &= ~ECHO;
		tcsetattr(STDOUT_FILENO, TCSANOW, &tio);
		dup2(in[0], STDIN_FILENO);
		execlp("sh", "sh", NULL);
		_exit(127);
	}
	sh->in = in[1];
	close(in[0]);
	return true;
}

static void shell_end(struct shell *sh)
{
	close(sh->in);
	close(sh->tty);
	kill(sh->pid, SIGKILL);
	waitpid(sh->pid, NULL, 0);
}

/* What a person would still see: a line that was begun anew is gone. */
static void tidy(char *text)
{
	char *from = text, *to = text, *line = text;

	for (; *from; from++) {
		if (!strncmp(from, "\033[K", 3)) {
			from += 2;
		} else if (*from == '\r') {
			to = line;
		} else {
			*to++ = *from;
			if (*from == '\n')
				line = to;
		}
	}
	*to = '\0';
}

/* Runs it to its end; false if that did not come in time. */
static bool shell_run(struct shell *sh, const char *command, bool interrupt)
{
	struct pollfd p = { .fd = sh->tty, .events = POLLIN };
	char *mark = NULL;
	ssize_t n;

	sh->len = 0;
	sh->out[0] = '\0';
	dprintf(sh->in, "%s\necho '" MARK "'\n", command);
	while (!mark && poll(&p, 1, PATIENCE_MS) == 1) {
		n = read(sh->tty, sh->out + sh->len, sizeof(sh->out) - 1 - sh->len);
		if (n <= 0)
			break;
		sh->len += n;
		sh->out[sh->len] = '\0';
		if (interrupt && write(sh->tty, "\003", 1) != 1)
			break;
		interrupt = false;
		mark = strstr(sh->out, MARK);
	}
	if (mark)
		*mark = '\0';
	tidy(sh->out);
	return mark;
}

/* A number, with its fraction */
static const char *number(const char *s, bool *zero)
{
	for (*zero = true; isdigit(*s) || (*s == '.' && isdigit(s[1])); s++)
		if (*s != '0' && *s != '.')
			*zero = false;
	return s;
}

/* Is this line, up to its end, as that one says? */
static bool line_matches(const char *want, const char *got, bool varies)
{
	bool zero, got_zero;

	for (; *want && *want != '\n'; want++, got++) {
		if (!strncmp(want, "...", 3)) {
			for (; !line_matches(want + 3, got, varies); got++)
				if (!*got || *got == '\n')
					return false;
			return true;
		}
		if (isblank(*want) && isblank(*got)) {
			want += strspn(want, " \t") - 1;
			got += strspn(got, " \t") - 1;
		} else if (varies && isdigit(*want) && isdigit(*got)) {
			want = number(want, &zero) - 1;
			got = number(got, &got_zero) - 1;
			if (zero != got_zero)
				return false;
		} else if (*want != *got) {
			return false;
		}
	}
	got += strspn(got, " \t");
	return !*got || *got == '\n';
}

static const char *next_line(const char *s)
{
	s += strcspn(s, "\n");
	return *s ? s + 1 : s;
}

static bool text_matches(const char *want, const char *got, bool varies)
{
	for (; *want; want = next_line(want), got = next_line(got)) {
		if (!strncmp(want, "...\n", 4)) {
			for (want += 4; !text_matches(want, got, varies);
			     got = next_line(got))
				if (!*got)
					return false;
			return true;
		}
		if (!*got || !line_matches(want, got, varies))
			return false;
	}
	return !*got;
}

/* The next command and what it prints, from a file that is read just once */
static bool next_step(FILE *f, struct step *s)
{
	static char text[512];
	static bool console, varies, kept;
	static int line;

	s->command[0] = '\0';
	s->text[0] = '\0';
	for (; kept || fgets(text, sizeof(text), f); kept = false) {
		line += !kept;
		if (!isspace(text[0])) {
			console = !strcmp(text, ".. code-block:: console\n");
			varies = false;
			if (s->command[0])
				return true;
		} else if (console && strstr(text, ":class: varies")) {
			varies = true;
		} else if (console && !strncmp(text, "\t# ", 3)) {
			kept = s->command[0];
			if (kept)
				return true;
			snprintf(s->command, sizeof(s->command), "%s", text + 3);
			s->command[strcspn(s->command, "\n")] = '\0';
			s->line = line;
			s->varies = varies;
		} else if (s->command[0] && text[0] == '\t' &&
			   strlen(s->text) + strlen(text) < sizeof(s->text)) {
			strcat(s->text, text + 1);
		}
	}
	return s->command[0];
}

/* After a command in the background: a person does not type that fast. */
static const char until_one_sleeps[] =
	"until gortctl ps | grep -q waiting; do sleep 0.1; done";

/* Into the log of the tests, from which the tour is brought up to date */
static void show(const struct step *s, const struct shell *sh)
{
	const char *line;

	printf("# tour: # %s\n", s->command);
	for (line = sh->out; *line; line = next_line(line))
		printf("# tour: %.*s\n", (int)strcspn(line, "\n"), line);
	fflush(stdout);
}

FIXTURE(tour) {
	struct gt_params saved;
	struct shell *sh;
	struct step *step;
	FILE *file;
};

/* The module anew: nothing is counted yet, as for who follows the tour. */
static bool reload(const char *params)
{
	return ct_rmmod_soon("gort_test") && ct_rmmod_soon("gort") &&
		!ct_insmod_gort(params);
}

FIXTURE_SETUP(tour)
{
	ASSERT_TRUE(gt_params_save(&self->saved));
	ASSERT_TRUE(reload("stack_paint=1"));
	self->file = fopen(ct_env("GORT_TOUR", "/gort/tour.rst"), "r");
	ASSERT_NE(NULL, self->file);
	self->sh = calloc(1, sizeof(*self->sh));
	self->step = calloc(1, sizeof(*self->step));
	ASSERT_NE(NULL, self->sh);
	ASSERT_NE(NULL, self->step);
	ASSERT_TRUE(shell_start(self->sh));
}

FIXTURE_TEARDOWN(tour)
{
	shell_end(self->sh);
	fclose(self->file);
	free(self->sh);
	free(self->step);
	EXPECT_TRUE(reload(ct_env("GORT_PARAMS", "")));
	EXPECT_TRUE(gt_params_restore(&self->saved));
}

TEST_F_TIMEOUT(tour, prints_what_it_says, 200)
{
	struct step *s = self->step;
	struct shell *sh = self->sh;
	int steps = 0;

	if (gt_stack() > 4096)
		SKIP(return, "frames and stacks are larger with an instrument");
	ASSERT_TRUE(shell_run(sh, "trap : INT", false));
	for (; next_step(self->file, s); steps++) {
		bool interrupt = !strncmp(s->text, CTRL_C, strlen(CTRL_C));
		const char *want = s->text + (interrupt ? strlen(CTRL_C) : 0);

		ASSERT_TRUE(shell_run(sh, s->command, interrupt))
			TH_LOG("line %d: '%s' did not end: %s", s->line,
			       s->command, sh->out);
		show(s, sh);
		EXPECT_TRUE(text_matches(want, sh->out, s->varies))
			TH_LOG("line %d: '%s' does not print this", s->line,
			       s->command);
		ASSERT_TRUE(s->command[strlen(s->command) - 1] != '&' ||
			    shell_run(sh, until_one_sleeps, false));
	}
	EXPECT_LE(10, steps);
}

/* What compares must be able to fail. */
TEST(matcher)
{
	EXPECT_TRUE(text_matches("a  1\n", "a 1\n", false));
	EXPECT_TRUE(text_matches("a ... c\n", "a b b c\n", false));
	EXPECT_TRUE(text_matches("...\nc\n", "a\nb\nc\n", false));
	EXPECT_TRUE(text_matches("a\n...\n", "a\n", false));
	EXPECT_TRUE(text_matches("a 12.5 ms\n", "a   3 ms\n", true));
	EXPECT_TRUE(text_matches("", "", false));
	EXPECT_FALSE(text_matches("", "a\n", false));
	EXPECT_FALSE(text_matches("a\n", "", false));
	EXPECT_FALSE(text_matches("a 1\n", "a 2\n", false));
	EXPECT_FALSE(text_matches("a 1\n", "a 0\n", true));
	EXPECT_FALSE(text_matches("a 0\n", "a 0.1\n", true));
	EXPECT_FALSE(text_matches("a ... c\n", "a b\nc\n", false));
	EXPECT_FALSE(text_matches("...\nc\n", "a\nb\n", false));
	EXPECT_FALSE(text_matches("a\n", "ab\n", false));
}

TEST_HARNESS_MAIN
