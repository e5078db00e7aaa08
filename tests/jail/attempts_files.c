/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching for files that are not the role's. */
#include "attempts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
in_dir(const struct jail *jail, const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", jail->dir, name);
	return path;
}

static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int
read_passwd(const struct jail *jail)
{
	(void)jail;
	return try_open("/etc/passwd", O_RDONLY);
}

static int
read_key(const struct jail *jail)
{
	return try_open(in_dir(jail, "keys/intermediate.key"), O_RDONLY);
}

static int
list_keys(const struct jail *jail)
{
	return try_open(in_dir(jail, "keys"), O_RDONLY | O_DIRECTORY);
}

static int
write_root(const struct jail *jail)
{
	return try_open(in_dir(jail, "root.pem"), O_WRONLY);
}

static int
create_in_dir(const struct jail *jail)
{
	return try_open(in_dir(jail, "run/new"), O_WRONLY | O_CREAT);
}

static int
create_beside(const struct jail *jail)
{
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s.new", jail->outside);
	r = try_open(path, O_WRONLY | O_CREAT);
	if (r == 0)
		unlink(path);
	return r;
}

static int
write_etc(const struct jail *jail)
{
	(void)jail;
	return try_open("/etc/passwd", O_WRONLY);
}

static int
read_memory(const struct jail *jail)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)jail->victim);
	return try_open(path, O_RDONLY);
}

static int
read_environment(const struct jail *jail)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)jail->victim);
	return try_open(path, O_RDONLY);
}

static int
open_device(const struct jail *jail)
{
	(void)jail;
	return try_open("/dev/zero", O_RDWR);
}

static int
make_device(const struct jail *jail)
{
	return mknod(in_dir(jail, "run/device"), S_IFIFO | 0600, 0);
}

static int
make_symlink(const struct jail *jail)
{
	return symlink("/etc/shadow", in_dir(jail, "run/symlink"));
}

static int
make_hard_link(const struct jail *jail)
{
	char from[4096];

	snprintf(from, sizeof(from), "%s/root.pem", jail->dir);
	return link(from, in_dir(jail, "run/link"));
}

static int
change_mode(const struct jail *jail)
{
	return chmod(in_dir(jail, "root.pem"), 0644);
}

static int
change_owner(const struct jail *jail)
{
	return chown(in_dir(jail, "root.pem"), getuid(), getgid());
}

static int
cut_file(const struct jail *jail)
{
	return truncate(in_dir(jail, "root.pem"), 0);
}

static int
remove_outside(const struct jail *jail)
{
	return unlink(jail->outside);
}

static int
move_key(const struct jail *jail)
{
	char from[4096];

	snprintf(from, sizeof(from), "%s/keys/intermediate.key", jail->dir);
	return rename(from, in_dir(jail, "store/stolen"));
}

static int
change_root(const struct jail *jail)
{
	return chroot(jail->dir);
}

static int
mount_memory(const struct jail *jail)
{
	const char *path = in_dir(jail, "run");

	if (mount("none", path, "tmpfs", 0, NULL) != 0)
		return -1;
	umount(path);
	return 0;
}

static int
unmount(const struct jail *jail)
{
	(void)jail;
	return umount2("/proc", MNT_DETACH);
}

static int
open_by_handle(const struct jail *jail)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} at = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id;

	/* Finding a handle is not opening it: what counts is the second. */
	if (name_to_handle_at(AT_FDCWD, in_dir(jail, "root.pem"), &at.handle,
	    &mount_id, 0) != 0 && errno != EOPNOTSUPP && errno != EPERM)
		return -1;
	return open_by_handle_at(AT_FDCWD, &at.handle, O_RDONLY) < 0 ? -1 : 0;
}

/* Reaching back into a file that is open for appending only. */
static int
stop_appending(const struct jail *jail)
{
	return fcntl(jail->journal, F_SETFL, O_RDWR);
}

static int
map_journal(const struct jail *jail)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
	    jail->journal, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static int
cut_journal(const struct jail *jail)
{
	return ftruncate(jail->journal, 0);
}

static int
erase_journal(const struct jail *jail)
{
	/* Making room is tried, as not every file system makes holes. */
	return fallocate(jail->journal, FALLOC_FL_KEEP_SIZE, 0, 4096);
}

#define MASTER BIT(ROLE_MASTER)
#define CORE BIT(ROLE_CORE)
/* Their files are theirs to change; of the journal they know nothing. */
#define AGENT_FILE_ROLES (AGENT_BIT(AGENT_ACCOUNT) | \
	AGENT_BIT(AGENT_CERTKEY) | AGENT_BIT(AGENT_FILES))

const struct attempt attempts_files[] = {
	{ "read /etc/passwd", read_passwd, BIT(ROLE_MASTER), false, 0, 0 },
	{ "read a key", read_key, BIT(ROLE_MASTER), false, 0, 0 },
	{ "list keys", list_keys, BIT(ROLE_MASTER), false, 0, 0 },
	{ "write root.pem", write_root, BIT(ROLE_MASTER), false, 0, 0 },
	{ "create in run", create_in_dir, BIT(ROLE_MASTER), false, 0, 0 },
	{ "create beside", create_beside, 0, false, 1, 0 },
	{ "write /etc/passwd", write_etc, 0, false, 1, 0 },
	{ "open /proc/PID/mem", read_memory, 0, false, 1, 0 },
	{ "open /proc/PID/environ", read_environment, 0, false, 1, 0 },
	{ "open a device", open_device, 0, false, 1, 0 },
	{ "mknod", make_device, 0, false, 0, 0 },
	{ "symlink", make_symlink, 0, false, 1, 0 },
	{ "link", make_hard_link, 0, false, 1, 0 },
	{ "chmod", change_mode, 0, false, 0, 0 },
	{ "chown", change_owner, 0, false, 0, 0 },
	{ "truncate", cut_file, 0, false, 0, 0 },
	{ "unlink outside", remove_outside, 0, false, 1, 0 },
	{ "rename a key", move_key, 0, false, 0, BIT(ROLE_MASTER) },
	{ "chroot", change_root, 0, false, 0, 0 },
	{ "mount", mount_memory, 0, false, 0, 0 },
	{ "umount", unmount, 0, true, 0, 0 },
	{ "open_by_handle_at", open_by_handle, 0, false, 0, 0 },
	/* Nothing that others have is open for appending only. */
	{ "stop appending", stop_appending, MASTER | BIT(ROLE_VALIDATOR) |
	    AGENT_BIT(AGENT_NET) | AGENT_BIT(AGENT_ALPN) |
	    AGENT_BIT(AGENT_DNS) | AGENT_BIT(AGENT_PROBE), false, 0, 0 },
	{ "map the journal", map_journal, MASTER | CORE |
	    AGENT_FILE_ROLES, false, 0, 0 },
	{ "cut the journal", cut_journal, MASTER | CORE |
	    AGENT_FILE_ROLES, false, 0, 0 },
	{ "erase the journal", erase_journal, MASTER | CORE |
	    AGENT_FILE_ROLES, false, 0, 0 },
	{ NULL, NULL, 0, false, 0, 0 },
};
