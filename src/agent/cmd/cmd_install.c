/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "base/bld.h"

#define UNITS_DIR "/etc/systemd/system"
#define CRON_FILE "/etc/cron.d/signet"

static int run(int argc, char **argv);

const struct cmd cmd_install = {
	.name = "install",
	.usage = "[OPTION]...",
	.summary = "let the system run `signet renew` by itself",
	.help =
	    "  A systemd timer, or a line of cron where there is no systemd.\n"
	    "\n"
	    "      --print        show what would be written, and where\n"
	    "      --cron         a line of cron in any case\n"
	    "      --daemon       `signet run` as a service of systemd, in the"
	    " place of the\n"
	    "                     timer\n"
	    "      --uninstall    remove it again\n"
	    "  -c, --config FILE  what signet is to be given\n"
	    "  -d, --dir DIR      the same\n"
	    "      --textfile FILE  the same\n",
	.run = run,
};

enum { OPTION_PRINT = 256, OPTION_CRON, OPTION_DAEMON,
	OPTION_UNINSTALL };

/* Who runs it. */
enum how { BY_TIMER, BY_CRON, BY_DAEMON };

struct install {
	bool print, uninstall;
	bool systemd;       /* it is what this machine runs */
	enum how how;
	const char *config, *dir, *textfile;
	char program[PATH_MAX];
	uint32_t random;
};

/* "/usr/bin/signet renew -q --dir DIR" */
static void
put_command(struct bld *out, const struct install *in)
{
	bld_fmt(out, "%s %s -q", in->program, in->how == BY_DAEMON ? "run" :
	    "renew");
	if (in->config != NULL)
		bld_fmt(out, " --config %s", in->config);
	if (in->dir != NULL)
		bld_fmt(out, " --dir %s", in->dir);
	if (in->textfile != NULL)
		bld_fmt(out, " --textfile %s", in->textfile);
}

/* Nothing that keeps away where web roots, copies of certificates and what hooks
 * need may be: /home, /etc, /usr. Each process has its own sandbox. */
static void
put_unit(struct bld *out, const struct install *in, const char *type)
{
	bld_fmt(out, "[Unit]\n"
	    "Description=Renew certificates that are due\n"
	    "Documentation=man:signet(1)\n"
	    "Wants=network-online.target\n"
	    "After=network-online.target nss-lookup.target\n\n"
	    "[Service]\n"
	    "Type=%s\n"
	    "ExecStart=", type);
	put_command(out, in);
	bld_str(out, "\n"
	    /* Connections that tls-alpn passes on are carried to their end. */
	    "KillMode=process\n"
	    "PrivateTmp=yes\n"
	    "ProtectHostname=yes\n"
	    "ProtectKernelLogs=yes\n"
	    "ProtectKernelModules=yes\n"
	    "ProtectKernelTunables=yes\n"
	    "LockPersonality=yes\n"
	    "RestrictRealtime=yes\n");
}

static void
put_service(struct bld *out, const struct install *in)
{
	put_unit(out, in, "oneshot");
}

/* It is silent while it waits for a web server's own programs: minutes at
 * most. A run that was ended in the middle is finished by the next. */
static void
put_daemon(struct bld *out, const struct install *in)
{
	put_unit(out, in, "notify");
	bld_str(out, "ExecReload=kill -HUP $MAINPID\n"
	    "WatchdogSec=15min\n"
	    "Restart=on-failure\n"
	    "RestartSec=1min\n\n"
	    "[Install]\n"
	    "WantedBy=multi-user.target\n");
}

/* A run with nothing due costs milliseconds, and due times are random to the
 * second already: so often, that a retry need not wait long. */
static void
put_timer(struct bld *out, const struct install *in)
{
	(void)in;
	bld_str(out, "[Unit]\n"
	    "Description=Renew certificates that are due\n"
	    "Documentation=man:signet(1)\n\n"
	    "[Timer]\n"
	    "OnBootSec=2min\n"
	    "OnUnitActiveSec=10min\n"
	    "RandomizedDelaySec=2min\n"
	    "AccuracySec=1s\n\n"
	    "[Install]\n"
	    "WantedBy=timers.target\n");
}

static void
put_cron(struct bld *out, const struct install *in)
{
	bld_str(out, "# signet(1): renews certificates that are due\n"
	    "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
	for (unsigned i = 0; i < 6; i++)
		bld_fmt(out, "%s%u", i == 0 ? "" : ",",
		    in->random % 10 + 10 * i);
	bld_str(out, " * * * * root ");
	put_command(out, in);
	bld_str(out, "\n");
}

static const struct file {
	const char *path;
	void (*put)(struct bld *out, const struct install *in);
	enum how how;
	const char *unit; /* that is enabled */
} files[] = {
	{ UNITS_DIR "/signet-renew.service", put_service, BY_TIMER, NULL },
	{ UNITS_DIR "/signet-renew.timer", put_timer, BY_TIMER,
	    "signet-renew.timer" },
	{ CRON_FILE, put_cron, BY_CRON, NULL },
	{ UNITS_DIR "/signet.service", put_daemon, BY_DAEMON,
	    "signet.service" },
};
#define NUM_FILES (sizeof(files) / sizeof(files[0]))

/* Whole or not at all. */
static int
write_file(const char *path, const struct bld *text)
{
	char temporary[PATH_MAX];
	FILE *out;
	bool ok;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	out = fopen(temporary, "we");
	if (out == NULL)
		return cmd_fail(&cmd_install, "cannot write %s: %s%s",
		    temporary, strerror(errno),
		    errno == EACCES ? "; run it as root" : "");
	ok = fwrite(text->data, 1, text->len, out) == text->len &&
	    fchmod(fileno(out), 0644) == 0;
	ok = fclose(out) == 0 && ok && rename(temporary, path) == 0;
	if (!ok)
		unlink(temporary);
	return ok ? CMD_OK : cmd_fail(&cmd_install, "cannot write %s: %s",
	    path, strerror(errno));
}

static int
install_file(const struct file *file, const struct install *in)
{
	struct bld text;
	int r = CMD_OK;

	bld_init(&text, 65536);
	file->put(&text, in);
	if (in->print)
		printf("# %s\n%.*s\n", file->path, (int)text.len,
		    (const char *)text.data);
	else
		r = write_file(file->path, &text);
	bld_free(&text);
	return r;
}

static int
uninstall_file(const struct file *file, const struct install *in)
{
	if (in->print)
		printf("remove %s\n", file->path);
	else if (unlink(file->path) < 0 && errno != ENOENT)
		return cmd_fail(&cmd_install, "cannot remove %s: %s",
		    file->path, strerror(errno));
	return CMD_OK;
}

static int
systemctl(const char *arguments, const char *unit)
{
	char command[128];

	snprintf(command, sizeof(command), "systemctl %s %s", arguments,
	    unit);
	return system(command) == 0 ? CMD_OK : cmd_fail(&cmd_install,
	    "`%s` failed; run it again when systemd answers", command);
}

/* What was installed in another way goes: one of them is enough. */
static int
do_file(const struct file *file, const struct install *in)
{
	bool ours = !in->uninstall && file->how == in->how;
	int r = CMD_OK;

	if (ours)
		return install_file(file, in);
	if (in->print && !in->uninstall)
		return CMD_OK;
	if (file->unit != NULL && !in->print && in->systemd &&
	    access(file->path, F_OK) == 0)
		r = systemctl("disable --quiet --now", file->unit);
	return r != CMD_OK ? r : uninstall_file(file, in);
}

static int
do_files(const struct install *in)
{
	int r = CMD_OK;

	/* What is enabled stands behind what it needs. */
	for (size_t i = NUM_FILES; r == CMD_OK && i > 0; i--)
		r = do_file(&files[i - 1], in);
	if (r != CMD_OK || in->print || !in->systemd)
		return r;
	r = systemctl("daemon-reload", "");
	for (size_t i = 0; r == CMD_OK && !in->uninstall && i < NUM_FILES; i++)
		if (files[i].how == in->how && files[i].unit != NULL)
			r = systemctl("enable --quiet --now", files[i].unit);
	return r;
}

static int
take(struct install *in, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "dir", required_argument, NULL, 'd' },
		CMD_TEXTFILE_OPTION,
		{ "print", no_argument, NULL, OPTION_PRINT },
		{ "cron", no_argument, NULL, OPTION_CRON },
		{ "daemon", no_argument, NULL, OPTION_DAEMON },
		{ "uninstall", no_argument, NULL, OPTION_UNINSTALL }, { 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:d:", options, NULL)) != -1) {
		if (opt == 'c')
			in->config = optarg;
		else if (opt == 'd')
			in->dir = optarg;
		else if (opt == CMD_TEXTFILE)
			in->textfile = optarg;
		else if (opt == OPTION_PRINT)
			in->print = true;
		else if (opt == OPTION_CRON)
			in->how = BY_CRON;
		else if (opt == OPTION_DAEMON)
			in->how = BY_DAEMON;
		else if (opt == OPTION_UNINSTALL)
			in->uninstall = true;
		else
			return cmd_usage_only(&cmd_install);
	}
	if (optind != argc)
		return cmd_usage(&cmd_install, "it takes no names");
	if ((in->config != NULL && in->config[0] != '/') ||
	    (in->dir != NULL && in->dir[0] != '/') ||
	    (in->textfile != NULL && in->textfile[0] != '/'))
		return cmd_usage(&cmd_install, "give --config, --dir and "
		    "--textfile as absolute paths: the timer runs elsewhere");
	return CMD_OK;
}

/* The services have a /tmp of their own: PrivateTmp=. */
static int
check_seen(const struct install *in)
{
	const char *const paths[] = { in->program, in->config, in->dir,
	    in->textfile };

	if (in->how == BY_CRON)
		return CMD_OK;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const char *path = paths[i] == NULL ? "" : paths[i];

		if (strncmp(path, "/tmp/", 5) == 0 ||
		    strncmp(path, "/var/tmp/", 9) == 0)
			return cmd_fail(&cmd_install, "what systemd runs does "
			    "not see %s: it has a /tmp of its own; put it "
			    "elsewhere (`make install` for signet), or give "
			    "--cron", path);
	}
	return CMD_OK;
}

static int
run(int argc, char **argv)
{
	static const char *const said[] = {
		[BY_TIMER] = "systemd runs `signet renew` every ten minutes",
		[BY_CRON] = "cron runs `signet renew` every ten minutes",
		[BY_DAEMON] = "systemd keeps `signet run` running",
	};
	struct install in = { .random = (uint32_t)getpid() };
	int r = take(&in, argc, argv);
	ssize_t n;

	if (r != CMD_OK)
		return r;
	n = readlink("/proc/self/exe", in.program, sizeof(in.program) - 1);
	if (n <= 0)
		return cmd_fail(&cmd_install, "it is not known where signet "
		    "is; mount /proc");
	in.program[n] = '\0';
	/* As sd_booted(3). */
	in.systemd = access("/run/systemd/system/", F_OK) == 0;
	if (!in.systemd && !in.print) {
		if (in.how == BY_DAEMON && !in.uninstall)
			return cmd_fail(&cmd_install, "there is no systemd "
			    "that would run it; let your service manager run "
			    "%s run", in.program);
		in.how = BY_CRON;
	}
	r = in.print || in.uninstall ? CMD_OK : check_seen(&in);
	if (r == CMD_OK)
		r = do_files(&in);
	if (r == CMD_OK && !in.print)
		printf("%s\n", in.uninstall ? "removed" : said[in.how]);
	return r;
}
