/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h> /* the names of calls only */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sandbox_filter.h"
#include "base/sanitized.h"

#define CALL(name) SCMP_SYS(name)
#define CALLS_END (-1000000) /* no system call nor libseccomp pseudo number */

/* Every role: memory, time, waiting, and open descriptors. None of the calls
 * of a busy loop has a rule on its arguments, so the kernel's cache lets them
 * pass without running the filter. */
static const int calls_common[] = {
	CALL(read), CALL(readv), CALL(pread64), CALL(write), CALL(writev),
	CALL(pwrite64), CALL(recvfrom), CALL(recvmsg), CALL(sendto),
	CALL(sendmsg), CALL(close), CALL(lseek), CALL(shutdown), CALL(dup),
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

static const int calls_dial[] = {
	CALL(connect), CALL(bind), CALL(setsockopt), CALL(sendmmsg),
	CALL(recvmmsg), CALLS_END
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

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(number) (SECCOMP_RET_ERRNO | (number))
#define WHOLE UINT64_MAX
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
add_calls(struct sandbox_filter *f, uint32_t action, const int *calls)
{
	for (; *calls != CALLS_END; calls++)
		sandbox_filter_add(f, action, *calls, 0, NULL);
}

/* Only when (argument & mask) == value. */
static void
add_masked(struct sandbox_filter *f, uint32_t action, int call, unsigned arg,
    uint64_t mask, uint64_t value)
{
	const struct sandbox_filter_arg condition = { arg, mask, value };

	sandbox_filter_add(f, action, call, 1, &condition);
}

static void
add_each(struct sandbox_filter *f, int call, unsigned arg,
    const uint64_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_masked(f, ALLOW, call, arg, WHOLE, values[i]);
}

/* No memory becomes executable. Memory that is shared with a file would write
 * to it without appending: who has files only through descriptors maps none
 * from here on. */
static void
add_memory(struct sandbox_filter *f, bool files)
{
	static const struct sandbox_filter_arg private[] = {
		{ 2, PROT_EXEC, 0 }, { 3, MAP_TYPE, MAP_PRIVATE }
	};

	sandbox_filter_add(f, ALLOW, CALL(mmap), files ? 1 : 2, private);
	add_masked(f, ALLOW, CALL(mprotect), 2, PROT_EXEC, 0);
}

/* Common calls that are harmless with some arguments only. F_SETFL is not
 * among them: it takes O_APPEND from a descriptor. */
static void
add_narrow(struct sandbox_filter *f, bool files)
{
	static const uint64_t fcntls[] = { F_GETFD, F_SETFD, F_GETFL, F_DUPFD,
		F_DUPFD_CLOEXEC };
	static const uint64_t locks[] = { F_GETLK, F_SETLK, F_SETLKW,
		F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW };
	static const uint64_t ioctls[] = { FIONBIO, FIONREAD, TCGETS };
	static const uint64_t prctls[] = { PR_SET_NAME };
	/* Asking for limits, not setting them. */
	static const struct sandbox_filter_arg limits[] = {
		{ 0, WHOLE, 0 }, { 2, WHOLE, 0 }
	};
	const uint64_t self[] = { (uint64_t)getpid() };

	add_each(f, CALL(fcntl), 1, fcntls, COUNT(fcntls));
	if (files)
		add_each(f, CALL(fcntl), 1, locks, COUNT(locks));
	add_each(f, CALL(ioctl), 1, ioctls, COUNT(ioctls));
	add_each(f, CALL(prctl), 0, prctls, COUNT(prctls));
	/* abort() signals its own process. */
	add_each(f, CALL(tgkill), 0, self, COUNT(self));
	sandbox_filter_add(f, ALLOW, CALL(prlimit64), COUNT(limits), limits);
	add_memory(f, files);
}

/* glibc's fstat() is newfstatat() with AT_EMPTY_PATH. */
static void
add_fstat(struct sandbox_filter *f, bool files)
{
	if (files) {
		sandbox_filter_add(f, ALLOW, CALL(newfstatat), 0, NULL);
		return;
	}
	add_masked(f, ALLOW, CALL(newfstatat), 3, AT_EMPTY_PATH,
	    AT_EMPTY_PATH);
	add_masked(f, REFUSE(EACCES), CALL(newfstatat), 3, AT_EMPTY_PATH, 0);
}

/* TCP and UDP over IP; libraries ask for others to learn about the machine
 * and do without. */
static void
add_sockets(struct sandbox_filter *f)
{
	static const uint64_t domains[] = { AF_INET, AF_INET6 };
	static const uint64_t types[] = { SOCK_STREAM, SOCK_DGRAM };
	static const uint64_t refused[] = { AF_UNIX, AF_NETLINK };

	for (size_t i = 0; i < 4; i++) {
		const struct sandbox_filter_arg conditions[] = {
			{ 0, WHOLE, domains[i / 2] }, { 1, 0xf, types[i % 2] }
		};

		sandbox_filter_add(f, ALLOW, CALL(socket), COUNT(conditions),
		    conditions);
	}
	for (size_t i = 0; i < COUNT(refused); i++)
		add_masked(f, REFUSE(EAFNOSUPPORT), CALL(socket), 0, WHOLE,
		    refused[i]);
}

/* libcurl and libunbound make their sockets non-blocking by F_SETFL. */
static void
add_dial(struct sandbox_filter *f)
{
	static const uint64_t fcntls[] = { F_SETFL };

	add_calls(f, ALLOW, calls_dial);
	add_sockets(f);
	add_each(f, CALL(fcntl), 1, fcntls, COUNT(fcntls));
}

static void
add_role(struct sandbox_filter *f, unsigned calls)
{
	bool files = (calls & SANDBOX_FILES) != 0;

	add_narrow(f, files);
	add_fstat(f, files || SANITIZED);
	add_calls(f, files || SANITIZED ? ALLOW : REFUSE(EACCES), calls_look);
	if (files)
		add_calls(f, ALLOW, calls_files);
	if ((calls & SANDBOX_LINKS) != 0)
		add_calls(f, ALLOW, calls_links);
	if ((calls & SANDBOX_DIAL) != 0)
		add_dial(f);
	if ((calls & SANDBOX_ACCEPT) != 0)
		add_calls(f, ALLOW, calls_accept);
}

/* A child of master is never in another namespace. clone3() hides its flags
 * from the filter: glibc falls back to clone(). */
static void
add_master(struct sandbox_filter *f)
{
	static const uint64_t ioctls[] = { FIONBIO, FIONREAD, TCGETS };
	static const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP |
	    CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
	    CLONE_NEWNET | CLONE_NEWTIME;
	static const int *const groups[] = { calls_spawn, calls_look,
		calls_files, calls_dial, calls_accept };

	for (size_t i = 0; i < COUNT(groups); i++)
		add_calls(f, ALLOW, groups[i]);
	add_masked(f, ALLOW, CALL(clone), 0, namespaces, 0);
	sandbox_filter_add(f, REFUSE(ENOSYS), CALL(clone3), 0, NULL);
	/* Limits of its own. */
	add_masked(f, ALLOW, CALL(prlimit64), 0, WHOLE, 0);
	add_each(f, CALL(ioctl), 1, ioctls, COUNT(ioctls));
	add_sockets(f);
}

int
sandbox_calls_enter(const struct sandbox *sandbox, struct err *err)
{
	bool master = (sandbox->calls & SANDBOX_SPAWN) != 0;
	struct sandbox_filter filter;

	sandbox_filter_init(&filter, master ? REFUSE(EPERM) :
	    SECCOMP_RET_KILL_PROCESS);
	add_calls(&filter, ALLOW, calls_common);
	if (SANITIZED)
		add_calls(&filter, ALLOW, calls_sanitizer);
	if (master)
		add_master(&filter);
	else
		add_role(&filter, sandbox->calls);
	return sandbox_filter_enter(&filter, err);
}
