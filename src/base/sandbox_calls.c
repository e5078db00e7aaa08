/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sanitized.h"

#define CALL(name) SCMP_SYS(name)
#define CALLS_END (-1000000) /* no system call nor libseccomp pseudo number */

/* Every role: memory, time, waiting, and open descriptors. Of the calls of a
 * busy loop only those that send have a rule on their arguments (add_send), so
 * the kernel's cache lets the others pass without running the filter. */
static const int calls_common[] = {
	CALL(read), CALL(readv), CALL(pread64), CALL(write), CALL(writev),
	CALL(pwrite64), CALL(recvfrom), CALL(recvmsg), CALL(close),
	CALL(lseek), CALL(shutdown), CALL(dup),
	CALL(getsockopt), CALL(getsockname), CALL(getpeername),
	CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2),
	CALL(epoll_ctl), CALL(poll), CALL(ppoll), CALL(select),
	CALL(pselect6), CALL(fdatasync), CALL(fsync), CALL(fstat),
	CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(sigaltstack), CALL(restart_syscall), CALL(futex),
	CALL(clock_gettime), CALL(clock_getres), CALL(clock_nanosleep),
	CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(getrandom),
	CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid),
	CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getrusage),
	CALL(times), CALL(uname), CALL(sysinfo), CALL(sched_yield),
	CALL(sched_getaffinity), CALL(getcpu), CALL(rseq),
	CALL(set_robust_list), CALL(membarrier), CALL(exit),
	CALL(exit_group), CALLS_END
};

/* Looking for files; refused without SANDBOX_FILES. */
static const int calls_look[] = {
	CALL(open), CALL(openat), CALL(openat2), CALL(stat), CALL(lstat),
	CALL(statx), CALL(access), CALL(faccessat), CALL(faccessat2),
	CALL(readlink), CALL(readlinkat), CALL(statfs), CALL(fstatfs),
	CALL(getdents64), CALL(getcwd), CALLS_END
};

static const int calls_files[] = {
	CALL(ftruncate), CALL(fallocate), CALL(rename), CALL(renameat),
	CALL(renameat2), CALL(unlink), CALL(unlinkat), CALL(mkdir),
	CALL(mkdirat), CALL(rmdir), CALL(fchmod), CALL(fchown),
	CALL(flock), CALL(umask), CALL(utimensat), CALLS_END
};

static const int calls_links[] = {
	CALL(link), CALL(linkat), CALL(symlink), CALL(symlinkat), CALLS_END
};

static const int calls_send[] = {
	CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALLS_END
};

static const int calls_dial[] = {
	CALL(connect), CALL(bind), CALL(setsockopt), CALL(recvmmsg), CALLS_END
};

static const int calls_accept[] = {
	CALL(accept), CALL(accept4), CALL(setsockopt), CALLS_END
};

/* Master's own, and what its children do until they enter their sandbox. */
static const int calls_spawn[] = {
	CALL(fork), CALL(vfork), CALL(execve), CALL(execveat),
	CALL(wait4), CALL(waitid), CALL(kill), CALL(tgkill), CALL(dup2),
	CALL(dup3), CALL(close_range), CALL(pipe2), CALL(eventfd2),
	CALL(epoll_create1), CALL(timerfd_create), CALL(timerfd_settime),
	CALL(signalfd4), CALL(socketpair), CALL(listen),
	CALL(setsid), CALL(arch_prctl), CALL(set_tid_address),
	CALL(setrlimit), CALL(getrlimit),
	CALL(setresuid), CALL(setresgid), CALL(setgroups), CALL(getgroups),
	CALL(getresuid), CALL(getresgid), CALL(getpgrp), CALL(setpgid),
	CALL(capset), CALL(capget), CALL(prctl), CALL(seccomp),
	CALL(landlock_create_ruleset), CALL(landlock_add_rule),
	CALL(landlock_restrict_self), CALL(fadvise64), CALL(chdir),
	CALL(fchdir), CALL(fcntl), CALL(newfstatat), CALL(mmap), CALL(mprotect),
	CALLS_END
};

/* What AddressSanitizer and LeakSanitizer need for their reports. */
static const int calls_sanitizer[] = {
	CALL(mmap), CALL(mprotect), CALL(openat), CALL(open), CALL(readlink),
	CALL(getdents), CALL(getdents64), CALL(newfstatat), CALL(clone),
	CALL(ptrace),
	CALL(wait4), CALL(prctl), CALL(tgkill), CALL(kill), CALL(pipe2),
	CALL(process_vm_readv), CALL(prlimit64), CALL(getrlimit),
	CALL(sched_setaffinity), CALL(arch_prctl), CALLS_END
};

static int
add_calls(scmp_filter_ctx ctx, uint32_t action, const int *calls)
{
	int r = 0;

	for (; r == 0 && *calls != CALLS_END; calls++) {
		if (*calls == __NR_SCMP_ERROR)
			continue;
		r = seccomp_rule_add(ctx, action, *calls, 0);
		/* The same call in two groups is no mistake. */
		if (r == -EEXIST)
			r = 0;
	}
	return r;
}

/* Allowed only when (argument & mask) == value. */
static int
add_masked(scmp_filter_ctx ctx, uint32_t action, int call, unsigned arg,
    uint64_t mask, uint64_t value)
{
	return seccomp_rule_add(ctx, action, call, 1,
	    SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value));
}

static int
add_each(scmp_filter_ctx ctx, int call, unsigned arg, const uint64_t *values,
    size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1,
		    SCMP_CMP(arg, SCMP_CMP_EQ, values[i]));
	return r;
}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* No memory becomes executable. Memory that is shared with a file would write
 * to it without appending: who has files only through descriptors maps none
 * from here on. */
static int
add_memory(scmp_filter_ctx ctx, bool files)
{
	int r;

	if (files)
		r = add_masked(ctx, SCMP_ACT_ALLOW, CALL(mmap), 2, PROT_EXEC,
		    0);
	else
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(mmap), 2,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		    SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_TYPE, MAP_PRIVATE));
	if (r == 0)
		r = add_masked(ctx, SCMP_ACT_ALLOW, CALL(mprotect), 2,
		    PROT_EXEC, 0);
	return r;
}

/* Common calls that are harmless with some arguments only. F_SETFL is not
 * among them: it takes O_APPEND from a descriptor. */
static int
add_narrow(scmp_filter_ctx ctx, bool files)
{
	static const uint64_t fcntls[] = { F_GETFD, F_SETFD, F_GETFL, F_DUPFD,
		F_DUPFD_CLOEXEC };
	static const uint64_t locks[] = { F_GETLK, F_SETLK, F_SETLKW,
		F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW };
	static const uint64_t ioctls[] = { FIONBIO, FIONREAD, TCGETS };
	static const uint64_t prctls[] = { PR_SET_NAME };
	const uint64_t self[] = { (uint64_t)getpid() };
	int r;

	r = add_each(ctx, CALL(fcntl), 1, fcntls, COUNT(fcntls));
	if (r == 0 && files)
		r = add_each(ctx, CALL(fcntl), 1, locks, COUNT(locks));
	if (r == 0)
		r = add_each(ctx, CALL(ioctl), 1, ioctls, COUNT(ioctls));
	if (r == 0)
		r = add_each(ctx, CALL(prctl), 0, prctls, COUNT(prctls));
	/* abort() signals its own process. */
	if (r == 0)
		r = add_each(ctx, CALL(tgkill), 0, self, COUNT(self));
	/* Asking for limits, not setting them. */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(prlimit64), 2,
		    SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
	if (r == 0)
		r = add_memory(ctx, files);
	return r;
}

/* glibc's fstat() is newfstatat() with AT_EMPTY_PATH. */
static int
add_fstat(scmp_filter_ctx ctx, bool files)
{
	int r;

	if (files)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(newfstatat),
		    0);
	r = add_masked(ctx, SCMP_ACT_ALLOW, CALL(newfstatat), 3,
	    AT_EMPTY_PATH, AT_EMPTY_PATH);
	if (r == 0)
		r = add_masked(ctx, SCMP_ACT_ERRNO(EACCES), CALL(newfstatat),
		    3, AT_EMPTY_PATH, 0);
	return r;
}

/* With MSG_FASTOPEN (RFC 7413) sending dials: from any socket that is not
 * connected, such as a listening one after shutdown(), and to any port,
 * whatever Landlock says of connect(). libunbound may send so. */
static int
add_send(scmp_filter_ctx ctx, const struct sandbox *sandbox)
{
	int r;

	if ((sandbox->calls & SANDBOX_DIAL) != 0 && sandbox->connect_port == 0)
		return add_calls(ctx, SCMP_ACT_ALLOW, calls_send);
	r = add_masked(ctx, SCMP_ACT_ALLOW, CALL(sendto), 3, MSG_FASTOPEN, 0);
	if (r == 0)
		r = add_masked(ctx, SCMP_ACT_ALLOW, CALL(sendmsg), 2,
		    MSG_FASTOPEN, 0);
	return r;
}

/* TCP and UDP over IP and nothing else: Landlock's rules for TCP do not hold
 * for MPTCP and SCTP, which are streams, too. Who may dial one port alone has
 * no UDP, for which there are no rules. Libraries ask for other domains to
 * learn about the machine and do without. */
static int
add_sockets(scmp_filter_ctx ctx, bool one_port)
{
	static const uint64_t domains[] = { AF_INET, AF_INET6 };
	static const struct {
		uint64_t type, protocol;
	} kinds[] = {
		{ SOCK_STREAM, 0 }, { SOCK_STREAM, IPPROTO_TCP },
		{ SOCK_DGRAM, 0 }, { SOCK_DGRAM, IPPROTO_UDP },
	};
	static const uint64_t refused[] = { AF_UNIX, AF_NETLINK };
	size_t count = one_port ? COUNT(kinds) / 2 : COUNT(kinds);
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2 * count; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(socket), 3,
		    SCMP_A0(SCMP_CMP_EQ, domains[i % 2]),
		    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, kinds[i / 2].type),
		    SCMP_A2(SCMP_CMP_EQ, kinds[i / 2].protocol));
	for (size_t i = 0; r == 0 && i < COUNT(refused); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT),
		    CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, refused[i]));
	return r;
}

/* libcurl and libunbound make their sockets non-blocking by F_SETFL. */
static int
add_dial(scmp_filter_ctx ctx, bool one_port)
{
	static const uint64_t fcntls[] = { F_SETFL };
	int r;

	r = add_calls(ctx, SCMP_ACT_ALLOW, calls_dial);
	if (r == 0)
		r = add_sockets(ctx, one_port);
	if (r == 0)
		r = add_each(ctx, CALL(fcntl), 1, fcntls, COUNT(fcntls));
	return r;
}

static int
add_role(scmp_filter_ctx ctx, const struct sandbox *sandbox)
{
	unsigned calls = sandbox->calls;
	bool files = (calls & SANDBOX_FILES) != 0;
	int r;

	r = add_narrow(ctx, files);
	if (r == 0)
		r = add_send(ctx, sandbox);
	if (r == 0)
		r = add_fstat(ctx, files || SANITIZED);
	if (r == 0)
		r = add_calls(ctx, files || SANITIZED ? SCMP_ACT_ALLOW :
		    SCMP_ACT_ERRNO(EACCES), calls_look);
	if (r == 0 && files)
		r = add_calls(ctx, SCMP_ACT_ALLOW, calls_files);
	if (r == 0 && (calls & SANDBOX_LINKS) != 0)
		r = add_calls(ctx, SCMP_ACT_ALLOW, calls_links);
	if (r == 0 && (calls & SANDBOX_DIAL) != 0)
		r = add_dial(ctx, sandbox->connect_port != 0);
	if (r == 0 && (calls & SANDBOX_ACCEPT) != 0)
		r = add_calls(ctx, SCMP_ACT_ALLOW, calls_accept);
	return r;
}

/* A child of master is never in another namespace. clone3() hides its flags
 * from the filter: glibc falls back to clone(). */
static int
add_master(scmp_filter_ctx ctx)
{
	static const uint64_t ioctls[] = { FIONBIO, FIONREAD, TCGETS };
	static const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP |
	    CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
	    CLONE_NEWNET | CLONE_NEWTIME;
	static const int *const groups[] = { calls_spawn, calls_look,
		calls_files, calls_send, calls_dial, calls_accept };
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT(groups); i++)
		r = add_calls(ctx, SCMP_ACT_ALLOW, groups[i]);
	if (r == 0)
		r = add_masked(ctx, SCMP_ACT_ALLOW, CALL(clone), 0, namespaces,
		    0);
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
		    CALL(clone3), 0);
	/* Limits of its own. */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(prlimit64), 1,
		    SCMP_A0(SCMP_CMP_EQ, 0));
	if (r == 0)
		r = add_each(ctx, CALL(ioctl), 1, ioctls, COUNT(ioctls));
	if (r == 0)
		r = add_sockets(ctx, false);
	return r;
}

int
sandbox_calls_enter(const struct sandbox *sandbox, struct err *err)
{
	bool master = (sandbox->calls & SANDBOX_SPAWN) != 0;
	scmp_filter_ctx ctx;
	int r;

	ctx = seccomp_init(master ? SCMP_ACT_ERRNO(EPERM) :
	    SCMP_ACT_KILL_PROCESS);
	if (ctx == NULL)
		return err_set(err, ERR_INTERNAL, NULL,
		    "libseccomp makes no filter");
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = add_calls(ctx, SCMP_ACT_ALLOW, calls_common);
	if (r == 0 && SANITIZED)
		r = add_calls(ctx, SCMP_ACT_ALLOW, calls_sanitizer);
	if (r == 0)
		r = master ? add_master(ctx) : add_role(ctx, sandbox);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0)
		return err_set(err, ERR_INTERNAL, NULL,
		    "seccomp refuses the filter: %s", strerror(-r));
	return 0;
}
