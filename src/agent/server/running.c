/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/running.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define COMMAND_MAX 8192

void
running_option_of(struct span text, const char *option,
    char out[RUNNING_SIZE])
{
	bool found = false;

	out[0] = '\0';
	while (text.len > 0) {
		size_t len = 0;

		while (len < text.len && text.data[len] != '\0' &&
		    text.data[len] != ' ')
			len++;
		if (found && len > 0) {
			if (text.data[0] == '/' && len < RUNNING_SIZE)
				snprintf(out, RUNNING_SIZE, "%.*s", (int)len,
				    (const char *)text.data);
			return;
		}
		found = span_equal_str(span_of(text.data, len), option);
		text = span_from(text, len < text.len ? len + 1 : len);
	}
}

void
running_option(int pid, const char *option, char out[RUNNING_SIZE])
{
	char path[64], text[COMMAND_MAX];
	size_t len = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	in = fopen(path, "re");
	if (in != NULL) {
		len = fread(text, 1, sizeof(text), in);
		fclose(in);
	}
	running_option_of(span_of(text, len), option, out);
}

static bool
holds(int pid, uint64_t inode)
{
	char path[64], name[400], target[64], wanted[64];
	const struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
		ssize_t n;

		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		n = readlink(name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		found = strcmp(target, wanted) == 0;
	}
	if (folder != NULL)
		closedir(folder);
	return found;
}

/* HAProxy binds a socket as "PATH.PID.tmp", and renames it. */
static void
cut_temporary(char *path)
{
	size_t len = strlen(path), at;

	if (len < 6 || strcmp(path + len - 4, ".tmp") != 0)
		return;
	for (at = len - 4; at > 0 && isdigit((unsigned char)path[at - 1]);
	    at--)
		;
	if (at > 1 && path[at - 1] == '.' && at < len - 4)
		path[at - 1] = '\0';
}

bool
running_socket(int pid, unsigned skip, char out[RUNNING_SIZE])
{
	char line[RUNNING_SIZE + 128];
	unsigned flags, state;
	uint64_t inode;
	int at = 0;
	bool found = false;
	FILE *in = fopen("/proc/net/unix", "re");

	/* Flag 0x10000: it listens. */
	while (in != NULL && !found && fgets(line, sizeof(line), in) != NULL) {
		if (sscanf(line, "%*x: %*x %*x %x %*x %x %" SCNu64 " %n",
		    &flags, &state, &inode, &at) != 3 || at == 0 ||
		    (flags & 0x10000) == 0 || line[at] != '/' ||
		    !holds(pid, inode) || skip-- > 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(out, RUNNING_SIZE, "%.*s", RUNNING_SIZE - 1,
		    line + at);
		cut_temporary(out);
		found = true;
	}
	if (in != NULL)
		fclose(in);
	return found;
}
