/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sandbox_calls.h"
#include "base/sandbox_files.h"
#include "base/sanitized.h"

/* The bounding set first: it takes CAP_SETPCAP to shrink it, and without that
 * there is nothing that no-new-privileges would not keep away as well. */
static void
drop_bounding(uint64_t keep)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if ((keep >> cap & 1) == 0)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static int
change_user(const struct sandbox *sandbox, struct err *err)
{
	if (geteuid() != 0 || sandbox->uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0)
		return err_errno(err, "cannot drop supplementary groups");
	if (setresgid(sandbox->gid, sandbox->gid, sandbox->gid) < 0)
		return err_errno(err, "cannot become group %u", sandbox->gid);
	if (setresuid(sandbox->uid, sandbox->uid, sandbox->uid) < 0)
		return err_errno(err, "cannot become user %u", sandbox->uid);
	return 0;
}

/* Keeps of the permitted capabilities those in keep. */
static int
drop_caps(uint64_t keep, struct err *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return err_errno(err, "cannot read the capabilities");
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return err_errno(err, "cannot drop capabilities");
	return 0;
}

/* No set-user-id program can help, nobody can attach a debugger, and memory
 * is never written to a core file. */
static int
close_doors(struct err *err)
{
	static const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, "cannot set no-new-privileges");
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_errno(err, "cannot forbid core dumps");
	/* LeakSanitizer attaches to its own process. */
	if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_errno(err, "cannot forbid debuggers");
	return 0;
}

int
sandbox_enter(const struct sandbox *sandbox, const char **ret_missing,
    struct err *err)
{
	int r;

	*ret_missing = NULL;
	drop_bounding(sandbox->keep_caps);
	r = change_user(sandbox, err);
	if (r == 0)
		r = drop_caps(sandbox->keep_caps, err);
	if (r == 0)
		r = close_doors(err);
	if (r == 0)
		r = sandbox_files_enter(sandbox, ret_missing, err);
	if (r == 0)
		r = sandbox_calls_enter(sandbox, err);
	return r < 0 ? err_prefix(err, "cannot enter the sandbox") : 0;
}
