/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sanitized.h"

/* Newer than Debian 12's header; the kernel's ABI number tells what it
 * knows. */
#define FS_TRUNCATE (1ULL << 14)         /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15)        /* ABI 5 */
#define NET_BIND_TCP (1ULL << 0)         /* ABI 4 */
#define NET_CONNECT_TCP (1ULL << 1)      /* ABI 4 */
#define SCOPE_ABSTRACT_UNIX (1ULL << 0)  /* ABI 6 */
#define SCOPE_SIGNAL (1ULL << 1)         /* ABI 6 */

/* As landlock_net_port_attr, with LANDLOCK_RULE_NET_PORT. */
#define RULE_NET_PORT 2
struct port_rule {
	uint64_t allowed_access;
	uint64_t port;
};

/* What the rules can be about, in the kernel's form: its length says how many
 * of the members the kernel is told. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* No devices, sockets or pipes are ever made. */
#define FS_WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | \
	LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
	LANDLOCK_ACCESS_FS_REFER)
/* The rights that make sense for a file that is not a folder; the kernel
 * refuses others. */
#define FS_OF_FILE (LANDLOCK_ACCESS_FS_EXECUTE | \
	LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
	FS_TRUNCATE | FS_IOCTL_DEV)
#define FS_ABI_1 ((1ULL << 13) - 1)

static uint64_t
fs_known(int abi)
{
	return FS_ABI_1 |
	    (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
	    (abi >= 3 ? FS_TRUNCATE : 0) |
	    (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static struct ruleset
rules_for(const struct sandbox *sandbox, int abi)
{
	struct ruleset rules = { .fs = fs_known(abi) };

	if (abi >= 4 && (sandbox->calls & SANDBOX_SPAWN) == 0) {
		rules.net = NET_BIND_TCP;
		if ((sandbox->calls & SANDBOX_DIAL) == 0 ||
		    sandbox->connect_port != 0)
			rules.net |= NET_CONNECT_TCP;
	}
	if (abi >= 6)
		rules.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return rules;
}

static size_t
rules_size(int abi)
{
	return abi >= 6 ? sizeof(struct ruleset) :
	    abi >= 4 ? offsetof(struct ruleset, scoped) :
	    offsetof(struct ruleset, net);
}

static uint64_t
rights_of(const struct sandbox_path *path)
{
	if (path->remove)
		return LANDLOCK_ACCESS_FS_REMOVE_DIR;
	return FS_READ | (path->write ? FS_WRITE : 0) |
	    (path->links ? LANDLOCK_ACCESS_FS_MAKE_SYM : 0) |
	    (path->execute ? LANDLOCK_ACCESS_FS_EXECUTE : 0);
}

static int
allow_path(int ruleset, const struct sandbox_path *path, uint64_t known,
    struct err *err)
{
	struct landlock_path_beneath_attr rule;
	struct stat st;
	int fd, r = 0;

	fd = open(path->path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = err_errno(err, "cannot allow %s in the sandbox",
		    path->path);
		goto out;
	}
	rule.parent_fd = fd;
	rule.allowed_access = rights_of(path) & known;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		r = err_errno(err, "Landlock refuses the rule for %s",
		    path->path);
out:
	if (fd >= 0)
		close(fd);
	return r;
}

static int
allow_paths(int ruleset, const struct sandbox *sandbox, uint64_t known,
    struct err *err)
{
	/* LeakSanitizer reads /proc/self/task and /proc/self/maps. */
	static const struct sandbox_path sanitizer = { .path = "/proc" };
	const struct sandbox_path *path = sandbox->paths;
	int r;

	for (; path != NULL && path->path != NULL; path++) {
		r = allow_path(ruleset, path, known, err);
		if (r < 0)
			return r;
	}
	return SANITIZED ? allow_path(ruleset, &sanitizer, known, err) : 0;
}

static int
allow_port(int ruleset, const struct sandbox *sandbox,
    const struct ruleset *rules, struct err *err)
{
	struct port_rule rule = { .allowed_access = NET_CONNECT_TCP,
		.port = sandbox->connect_port };
	struct port_rule any = { .allowed_access = NET_BIND_TCP, .port = 0 };

	if (sandbox->bind_any && (rules->net & NET_BIND_TCP) != 0 &&
	    syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &any, 0) <
	    0)
		return err_errno(err, "Landlock refuses the rule for sources");
	if (sandbox->connect_port == 0 || (rules->net & NET_CONNECT_TCP) == 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) <
	    0)
		return err_errno(err, "Landlock refuses the rule for port %u",
		    sandbox->connect_port);
	return 0;
}

int
sandbox_files_enter(const struct sandbox *sandbox, const char **ret_missing,
    struct err *err)
{
	struct ruleset rules;
	int abi, fd, r;

	abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1) {
		*ret_missing = "Landlock: files are kept away by user ids and "
		    "system calls only";
		return 0;
	}
	if (abi < 4)
		*ret_missing = "Landlock's TCP rules (Linux 6.7): TCP is kept "
		    "away by system calls only";
	rules = rules_for(sandbox, abi);
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules,
	    rules_size(abi), 0);
	if (fd < 0)
		return err_errno(err, "Landlock refuses its rules");
	r = allow_paths(fd, sandbox, rules.fs, err);
	if (r == 0)
		r = allow_port(fd, sandbox, &rules, err);
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = err_errno(err, "Landlock refuses to restrict the process");
	close(fd);
	return r;
}
