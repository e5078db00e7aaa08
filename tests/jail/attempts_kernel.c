/* SPDX-License-Identifier: Apache-2.0 */
/* Other processes, privileges, and the corners of the kernel. */
#include "attempts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

static int
call(long r)
{
	return r < 0 ? -1 : 0;
}

static int
run_program(const struct jail *jail)
{
	char name[] = "true";
	char *argv[] = { name, NULL };

	(void)jail;
	return execv("/bin/true", argv); /* its status says that it worked */
}

static int
run_memory(const struct jail *jail)
{
	static const char script[] = "#!/bin/true\n";
	char name[] = "true";
	char *argv[] = { name, NULL };
	int fd = memfd_create("program", 0);

	(void)jail;
	if (fd < 0 || write(fd, script, sizeof(script) - 1) < 0)
		return -1;
	return fexecve(fd, argv, argv + 1);
}

static int
fork_self(const struct jail *jail)
{
	pid_t pid = fork();

	(void)jail;
	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

static void *
do_nothing(void *arg)
{
	return arg;
}

static int
make_thread(const struct jail *jail)
{
	pthread_t thread;

	(void)jail;
	errno = pthread_create(&thread, NULL, do_nothing, NULL);
	return errno != 0 || pthread_join(thread, NULL) != 0 ? -1 : 0;
}

static int
trace(const struct jail *jail)
{
	if (ptrace(PTRACE_ATTACH, jail->victim, NULL, NULL) < 0)
		return -1;
	waitpid(jail->victim, NULL, __WALL);
	ptrace(PTRACE_DETACH, jail->victim, NULL, NULL);
	return 0;
}

static int
signal_other(const struct jail *jail)
{
	return kill(jail->victim, SIGCONT);
}

static int
read_process(const struct jail *jail)
{
	/* The victim is a fork: what is at an address here is there, too. */
	static char here, there;
	struct iovec to = { &here, 1 }, from = { &there, 1 };

	return call(process_vm_readv(jail->victim, &to, 1, &from, 1, 0));
}

static int
take_descriptor(const struct jail *jail)
{
	long fd = syscall(SYS_pidfd_open, jail->victim, 0);

	return fd < 0 ? -1 : call(syscall(SYS_pidfd_getfd, fd, 0, 0));
}

static int
limit_other(const struct jail *jail)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	return prlimit(jail->victim, RLIMIT_CPU, &limit, NULL);
}

static int
become_root(const struct jail *jail)
{
	(void)jail;
	return geteuid() == 0 ? setresuid(0, 0, 0) : setuid(0);
}

static int
new_user_namespace(const struct jail *jail)
{
	(void)jail;
	return unshare(CLONE_NEWUSER);
}

static int
clone_namespace(const struct jail *jail)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	(void)jail;
	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid((pid_t)pid, NULL, 0) < 0 ? -1 : 0;
}

static int
raise_capability(const struct jail *jail)
{
	(void)jail;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0);
}

static int
be_dumpable(const struct jail *jail)
{
	(void)jail;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int
change_personality(const struct jail *jail)
{
	(void)jail;
	return call(personality(READ_IMPLIES_EXEC));
}

static int
map_code(const struct jail *jail)
{
	(void)jail;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int
make_code(const struct jail *jail)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)jail;
	return at == MAP_FAILED ? -1 :
	    mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

static int
push_input(const struct jail *jail)
{
	return ioctl(jail->terminal, TIOCSTI, "x");
}

static int
load_module(const struct jail *jail)
{
	(void)jail;
	return call(syscall(SYS_init_module, NULL, 0, ""));
}

static int
load_module_file(const struct jail *jail)
{
	return call(syscall(SYS_finit_module, jail->journal, "", 0));
}

static int
load_kernel(const struct jail *jail)
{
	(void)jail;
	return call(syscall(SYS_kexec_load, 0, 0, NULL, 0));
}

static int
restart_machine(const struct jail *jail)
{
	(void)jail;
	return call(syscall(SYS_reboot, 0, 0, 0, NULL));
}

static int
use_uring(const struct jail *jail)
{
	char params[256] = { 0 };

	(void)jail;
	return call(syscall(SYS_io_uring_setup, 1, params));
}

static int
use_bpf(const struct jail *jail)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = 4, .max_entries = 1 };

	(void)jail;
	return call(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int
use_perf(const struct jail *jail)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK };

	(void)jail;
	return call(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int
use_userfaultfd(const struct jail *jail)
{
	(void)jail;
	return call(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static int
use_keyring(const struct jail *jail)
{
	(void)jail;
	return call(syscall(SYS_add_key, "user", "jail", "x", 1, -2));
}

static int
use_shared_memory(const struct jail *jail)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	(void)jail;
	return id < 0 ? -1 : shmctl(id, IPC_RMID, NULL);
}

static int
use_inotify(const struct jail *jail)
{
	(void)jail;
	return call(inotify_init1(0));
}

static int
use_fanotify(const struct jail *jail)
{
	(void)jail;
	return call(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY));
}

static int
use_ports(const struct jail *jail)
{
	(void)jail;
	return call(syscall(SYS_ioperm, 0x80, 1, 1));
}

static int
change_host_name(const struct jail *jail)
{
	char name[256];

	(void)jail;
	return gethostname(name, sizeof(name)) != 0 ? -1 :
	    sethostname(name, strlen(name));
}

static int
change_clock(const struct jail *jail)
{
	struct timespec now;

	(void)jail;
	clock_gettime(CLOCK_REALTIME, &now);
	return clock_settime(CLOCK_REALTIME, &now);
}

static int
read_kernel_log(const struct jail *jail)
{
	char text[16];

	(void)jail;
	return call(syscall(SYS_syslog, 3, text, sizeof(text)));
}

static int
join_namespace(const struct jail *jail)
{
	return setns(jail->journal, CLONE_NEWNET);
}

#define MASTER BIT(ROLE_MASTER)

const struct attempt attempts_kernel[] = {
	{ "exec", run_program, MASTER, false, 0, 0 },
	{ "memfd and exec", run_memory, 0, false, 0, 0 },
	{ "fork", fork_self, MASTER, false, 0, 0 },
	{ "thread", make_thread, MASTER, false, 0, 0 },
	{ "ptrace", trace, 0, false, 0, 0 },
	{ "kill", signal_other, 0, false, 6, 0 },
	{ "process_vm_readv", read_process, 0, false, 0, 0 },
	{ "pidfd_getfd", take_descriptor, 0, false, 0, 0 },
	{ "prlimit of another", limit_other, 0, false, 0, 0 },
	{ "setuid(0)", become_root, 0, false, 0, MASTER },
	{ "unshare", new_user_namespace, 0, false, 0, 0 },
	{ "clone a namespace", clone_namespace, 0, false, 0, 0 },
	{ "setns", join_namespace, 0, true, 0, 0 },
	{ "ambient capability", raise_capability, 0, true, 0, 0 },
	{ "be dumpable", be_dumpable, MASTER, false, 0, 0 },
	{ "personality", change_personality, 0, false, 0, 0 },
	{ "map code", map_code, MASTER, false, 0, 0 },
	{ "make code", make_code, MASTER, false, 0, 0 },
	{ "TIOCSTI", push_input, 0, false, 0, 0 },
	{ "init_module", load_module, 0, true, 0, 0 },
	{ "finit_module", load_module_file, 0, true, 0, 0 },
	{ "kexec_load", load_kernel, 0, true, 0, 0 },
	{ "reboot", restart_machine, 0, true, 0, 0 },
	{ "io_uring_setup", use_uring, 0, true, 0, 0 },
	{ "bpf", use_bpf, 0, false, 0, 0 },
	{ "perf_event_open", use_perf, 0, true, 0, 0 },
	{ "userfaultfd", use_userfaultfd, 0, true, 0, 0 },
	{ "add_key", use_keyring, 0, true, 0, 0 },
	{ "shmget", use_shared_memory, 0, false, 0, 0 },
	{ "inotify", use_inotify, 0, false, 0, 0 },
	{ "fanotify", use_fanotify, 0, true, 0, 0 },
	{ "ioperm", use_ports, 0, false, 0, 0 },
	{ "sethostname", change_host_name, 0, false, 0, 0 },
	{ "clock_settime", change_clock, 0, true, 0, 0 },
	{ "syslog", read_kernel_log, 0, true, 0, 0 },
	{ NULL, NULL, 0, false, 0, 0 },
};
