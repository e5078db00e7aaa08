/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/running.h"

#include <ctype.h>
#include <stdio.h>

#include "base/sockets.h"
#include "base/text.h"

#define COMMAND_MAX 8192
#define SOCKETS_MAX 4096 /* of the process, that are looked at */
#define NUM_WORDS 7      /* of a line of /proc/net/unix, before the path */

enum { FLAGS = 3, INODE = 6 }; /* words that are of use */

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

/* A line of /proc/net/unix that is of a socket which listens at a path. */
static bool
take_line(struct span line, uint64_t *ret_inode, struct span *ret_path)
{
	struct span words[NUM_WORDS] = { 0 };

	line = span_cut(&line, '\n');
	for (size_t i = 0; i < NUM_WORDS; i++)
		words[i] = span_word(&line);
	*ret_path = line;
	return span_equal_str(words[FLAGS], "00010000") &&
	    text_uint(words[INODE], UINT64_MAX, ret_inode) == 0 &&
	    span_starts_with(line, SPAN_LIT("/"));
}

bool
running_socket(int pid, unsigned skip, char out[RUNNING_SIZE])
{
	char line[RUNNING_SIZE + 128];
	uint64_t inodes[SOCKETS_MAX], inode;
	size_t count = sockets_of(pid, inodes, SOCKETS_MAX);
	FILE *in = fopen("/proc/net/unix", "re");
	bool found = false;
	struct span path;

	while (in != NULL && !found && fgets(line, sizeof(line), in) != NULL) {
		bool holds = false;

		if (!take_line(span_str(line), &inode, &path))
			continue;
		for (size_t i = 0; i < count; i++)
			holds = holds || inodes[i] == inode;
		if (!holds || skip-- > 0)
			continue;
		snprintf(out, RUNNING_SIZE, "%.*s", SPAN_FMT(path));
		cut_temporary(out);
		found = true;
	}
	if (in != NULL)
		fclose(in);
	return found;
}
