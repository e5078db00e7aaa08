/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sockets.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define STATE_LISTEN "0A"
#define NUM_WORDS 10 /* of a line, to the inode */
#define V4_DIGITS 8
#define V6_DIGITS 32
#define PORT_DIGITS 4

enum { LOCAL = 1, STATE = 3, INODE = 9 }; /* words that are of use */

/* A number from the digits that the kernel writes. */
static bool
take_hex(const uint8_t *digits, size_t count, uint32_t *ret)
{
	static const char hex[] = "0123456789ABCDEF";

	*ret = 0;
	for (size_t i = 0; i < count; i++) {
		const char *digit = memchr(hex, digits[i], sizeof(hex) - 1);

		if (digit == NULL)
			return false;
		*ret = *ret << 4 | (uint32_t)(digit - hex);
	}
	return true;
}

/* "0100007F:0050": words of 32 bits in the machine's order, and the port. */
static bool
take_address(struct span text, struct sockets_listener *ret)
{
	bool v4 = text.len == V4_DIGITS + 1 + PORT_DIGITS;
	size_t digits = v4 ? V4_DIGITS : V6_DIGITS;
	uint32_t word;

	if (text.len != digits + 1 + PORT_DIGITS || text.data[digits] != ':')
		return false;
	ret->family = v4 ? AF_INET : AF_INET6;
	for (size_t i = 0; i < digits / 8; i++) {
		if (!take_hex(text.data + 8 * i, 8, &word))
			return false;
		memcpy(ret->address + 4 * i, &word, sizeof(word));
	}
	if (!take_hex(text.data + digits + 1, PORT_DIGITS, &word))
		return false;
	ret->port = (uint16_t)word;
	return true;
}

bool
sockets_line(struct span line, struct sockets_listener *ret)
{
	struct span words[NUM_WORDS] = { 0 };

	line = span_cut(&line, '\n');
	for (size_t i = 0; i < NUM_WORDS; i++)
		words[i] = span_word(&line);
	return span_equal_str(words[STATE], STATE_LISTEN) &&
	    take_address(words[LOCAL], ret) &&
	    text_uint(words[INODE], UINT64_MAX, &ret->inode) == 0;
}

static size_t
read_table(const char *path, uint16_t port, struct sockets_listener *ret,
    size_t max)
{
	struct sockets_listener at;
	FILE *file = fopen(path, "re");
	size_t count = 0;
	char line[512];

	for (int i = 0; file != NULL && i < SOCKETS_LINES_MAX && count < max &&
	    fgets(line, sizeof(line), file) != NULL; i++) {
		if (sockets_line(span_str(line), &at) &&
		    (port == 0 || at.port == port))
			ret[count++] = at;
	}
	if (file != NULL)
		fclose(file);
	return count;
}

size_t
sockets_listening(uint16_t port, struct sockets_listener *ret, size_t max)
{
	size_t count = read_table("/proc/net/tcp", port, ret, max);

	return count + read_table("/proc/net/tcp6", port, ret + count,
	    max - count);
}

/* "socket:[4711]" */
static bool
take_inode(const char *target, ssize_t len, uint64_t *ret)
{
	struct span text = span_of(target, len < 0 ? 0 : (size_t)len),
	    start = SPAN_LIT("socket:[");

	return text.len > start.len && span_starts_with(text, start) &&
	    text_uint(span_of(text.data + start.len, text.len - start.len - 1),
	    UINT64_MAX, ret) == 0;
}

/* The descriptors of a process, or NULL. */
static DIR *
open_fds(int pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	return opendir(path);
}

/* The next that is a socket; false at the end. */
static bool
next_socket(DIR *dir, uint64_t *ret)
{
	const struct dirent *at;
	char target[64];

	while (dir != NULL && (at = readdir(dir)) != NULL) {
		if (take_inode(target, readlinkat(dirfd(dir), at->d_name,
		    target, sizeof(target)), ret))
			return true;
	}
	return false;
}

size_t
sockets_of(int pid, uint64_t *ret, size_t max)
{
	DIR *dir = open_fds(pid);
	size_t count = 0;

	while (count < max && next_socket(dir, &ret[count]))
		count++;
	if (dir != NULL)
		closedir(dir);
	return count;
}

static bool
holds_one(int pid, const struct sockets_listener *listeners, size_t count)
{
	DIR *dir = open_fds(pid);
	bool found = false;
	uint64_t inode;

	while (!found && next_socket(dir, &inode)) {
		for (size_t i = 0; i < count; i++)
			found = found || listeners[i].inode == inode;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

size_t
sockets_holders(const struct sockets_listener *listeners, size_t count,
    int *ret, size_t max)
{
	DIR *proc = count == 0 ? NULL : opendir("/proc");
	const struct dirent *at;
	size_t found = 0;
	uint64_t pid;

	while (proc != NULL && found < max && (at = readdir(proc)) != NULL) {
		if (text_uint(span_str(at->d_name), INT_MAX, &pid) == 0 &&
		    holds_one((int)pid, listeners, count))
			ret[found++] = (int)pid;
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}
