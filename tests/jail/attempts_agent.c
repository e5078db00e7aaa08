/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent's processes keep from each other, in DIR/agent. */
#include "attempts.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* From wherever the role is: each way to the same file. */
static int
open_any(const struct jail *jail, const char *folder, const char *name)
{
	char path[4096];
	int fd = open(name, O_RDONLY);

	for (int way = 0; fd < 0 && way < 3; way++) {
		snprintf(path, sizeof(path), "%s%s%s/%s",
		    way == 0 ? "" : way == 1 ? "../" : jail->dir,
		    way == 2 ? "/agent/" : "", folder, name);
		fd = open(path, O_RDONLY);
	}
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int
read_account_key(const struct jail *jail)
{
	return open_any(jail, "accounts", "1.key");
}

static int
read_pending_key(const struct jail *jail)
{
	return open_any(jail, "pending", "www.example.org.ec256.key");
}

static int
read_live_key(const struct jail *jail)
{
	return open_any(jail, "live/www.example.org", "privkey.pem");
}

/* All that a publication does. */
static int
publish(const struct jail *jail)
{
	int live = open("live", O_RDONLY | O_DIRECTORY), fd = -1, r = -1;

	(void)jail;
	if (live >= 0 && mkdirat(live, ".new", 0700) == 0 &&
	    (fd = openat(live, ".new/key", O_WRONLY | O_CREAT | O_EXCL,
	    0600)) >= 0 && fchown(fd, getuid(), getgid()) == 0 &&
	    fchmod(fd, 0640) == 0 && fsync(fd) == 0 &&
	    symlinkat("key", live, ".new/link") == 0 &&
	    linkat(live, ".new/key", live, ".new/second", 0) == 0 &&
	    renameat2(live, ".new", live, "www.example.org",
	    RENAME_EXCHANGE) == 0 && renameat2(live, ".new", live,
	    "www.example.org", RENAME_EXCHANGE) == 0 &&
	    renameat(live, ".new", AT_FDCWD, "archive/new") == 0 &&
	    unlink("archive/new/link") == 0 &&
	    unlink("archive/new/second") == 0 &&
	    unlink("archive/new/key") == 0 && rmdir("archive/new") == 0 &&
	    fsync(live) == 0)
		r = 0;
	if (fd >= 0)
		close(fd);
	if (live >= 0)
		close(live);
	return r;
}

#define MASTER BIT(ROLE_MASTER)

const struct attempt attempts_agent[] = {
	{ "read an account key", read_account_key,
	    AGENT_BIT(AGENT_ACCOUNT), false, 1, MASTER },
	{ "read a pending key", read_pending_key,
	    AGENT_BIT(AGENT_CERTKEY), false, 1, MASTER },
	{ "read a live key", read_live_key, AGENT_BIT(AGENT_FILES), false, 1,
	    MASTER },
	/* Elsewhere there is nothing to publish in. */
	{ "publish", publish, AGENT_BIT(AGENT_FILES), false, 1,
	    ALL & ~AGENT_BIT(AGENT_FILES) },
	{ NULL, NULL, 0, false, 0, 0 },
};
