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
	    "      --uninstall    remove it again\n"
	    "  -c, --config FILE  what `signet renew` is to be given\n"
	    "  -d, --dir DIR      the same\n"
	    "      --textfile FILE  the same\n",
	.run = run,
};

enum { OPTION_PRINT = 256, OPTION_CRON, OPTION_UNINSTALL };

struct install {
	bool print, cron, uninstall;
	const char *config, *dir, *textfile;
	char program[PATH_MAX];
	uint32_t random;
};

/* "/usr/bin/signet renew -q --dir DIR" */
static void
put_command(struct bld *out, const struct install *in)
{
	bld_fmt(out, "%s renew -q", in->program);
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
put_service(struct bld *out, const struct install *in)
{
	bld_str(out, "[Unit]\n"
	    "Description=Renew certificates that are due\n"
	    "Documentation=man:signet(1)\n"
	    "Wants=network-online.target\n"
	    "After=network-online.target nss-lookup.target\n\n"
	    "[Service]\n"
	    "Type=oneshot\n"
	    "ExecStart=");
	put_command(out, in);
	bld_str(out, "\n"
	    /* Connections that tls-alpn passes on are carried to their end. */
	    "KillMode=process\n"
	    "PrivateTmp=yes\n"
	    "ProtectKernelModules=yes\n"
	    "ProtectKernelTunables=yes\n"
	    "LockPersonality=yes\n"
	    "RestrictRealtime=yes\n");
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
	bool cron;
} files[] = {
	{ UNITS_DIR "/signet-renew.service", put_service, false },
	{ UNITS_DIR "/signet-renew.timer", put_timer, false },
	{ CRON_FILE, put_cron, true },
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
systemctl(const char *arguments)
{
	char command[128];

	snprintf(command, sizeof(command), "systemctl %s", arguments);
	return system(command) == 0 ? CMD_OK : cmd_fail(&cmd_install,
	    "`%s` failed; run it again when systemd answers", command);
}

static int
do_files(const struct install *in)
{
	int r = CMD_OK;

	if (in->uninstall && !in->print && !in->cron &&
	    access(files[1].path, F_OK) == 0)
		r = systemctl("disable --quiet --now signet-renew.timer");
	for (size_t i = 0; r == CMD_OK && i < NUM_FILES; i++) {
		if (in->uninstall)
			r = uninstall_file(&files[i], in);
		else if (files[i].cron == in->cron)
			r = install_file(&files[i], in);
	}
	if (r != CMD_OK || in->print || in->cron)
		return r;
	r = systemctl("daemon-reload");
	return r != CMD_OK || in->uninstall ? r :
	    systemctl("enable --quiet --now signet-renew.timer");
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
			in->cron = true;
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

static int
run(int argc, char **argv)
{
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
	if (access("/run/systemd/system/", F_OK) != 0 && !in.print)
		in.cron = true;
	r = do_files(&in);
	if (r == CMD_OK && !in.print)
		printf("%s\n", in.uninstall ? "removed" : in.cron ?
		    "cron runs `signet renew` every ten minutes" :
		    "systemd runs `signet renew` every ten minutes");
	return r;
}
