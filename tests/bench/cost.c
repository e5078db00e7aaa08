/* SPDX-License-Identifier: Apache-2.0 */
#include "cost.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 8192 /* bytes of a file of /proc that are looked at */

static bool
read_text(char out[FILE_MAX], size_t *ret_len, const char *path)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return false;
	*ret_len = fread(out, 1, FILE_MAX - 1, file);
	out[*ret_len] = '\0';
	fclose(file);
	return true;
}

static pid_t
parent_of(const char *pid)
{
	char path[300], text[FILE_MAX], state;
	const char *after;
	size_t len;
	int parent;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (!read_text(text, &len, path) ||
	    (after = strrchr(text, ')')) == NULL ||
	    sscanf(after + 1, " %c %d", &state, &parent) != 2 || state == 'Z')
		return -1;
	return parent;
}

static unsigned
role_index(struct cost_processes *processes, const char *name)
{
	size_t i;

	for (i = 0; i < processes->num_roles; i++) {
		if (strcmp(processes->roles[i], name) == 0)
			return (unsigned)i;
	}
	if (i == COST_ROLES_MAX)
		return COST_ROLES_MAX - 1;
	snprintf(processes->roles[i], sizeof(processes->roles[i]), "%s", name);
	processes->num_roles++;
	return (unsigned)i;
}

/* Processes are named "signetd ROLE". */
static void
add(struct cost_processes *processes, const char *pid)
{
	char path[300], text[FILE_MAX];
	const char *role;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	if (processes->count == COST_PROCESSES_MAX ||
	    !read_text(text, &len, path))
		return;
	role = strlen(text) + 1 < len ? text + strlen(text) + 1 : "other";
	processes->items[processes->count++] = (struct cost_process){
		.pid = atoi(pid), .role = role_index(processes, role) };
}

int
cost_find(pid_t master, struct cost_processes *ret, struct err *err)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc");

	if (dir == NULL)
		return err_errno(err, "/proc");
	*ret = (struct cost_processes){ .count = 1, .num_roles = 1,
		.items = { { .pid = master } }, .roles = { "master" } };
	while ((entry = readdir(dir)) != NULL) {
		if (parent_of(entry->d_name) == master)
			add(ret, entry->d_name);
	}
	closedir(dir);
	return 0;
}

static int
gone(const struct cost_processes *processes, size_t i, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, NULL, "%s, process %d, is gone",
	    processes->roles[processes->items[i].role],
	    (int)processes->items[i].pid);
}

/* All threads of a process: time that it ran, first of three numbers. */
static bool
cpu_of(pid_t pid, uint64_t *ret_ns)
{
	char path[300], text[FILE_MAX];
	const struct dirent *entry;
	size_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.200s/schedstat",
		    (int)pid, entry->d_name);
		if (read_text(text, &len, path))
			*ret_ns += strtoull(text, NULL, 10);
	}
	closedir(dir);
	return true;
}

int
cost_cpu(const struct cost_processes *processes, struct cost *ret,
    struct err *err)
{
	memset(ret->cpu_ns, 0, sizeof(ret->cpu_ns));
	for (size_t i = 0; i < processes->count; i++) {
		const struct cost_process *process = &processes->items[i];

		if (!cpu_of(process->pid, &ret->cpu_ns[process->role]))
			return gone(processes, i, err);
	}
	return 0;
}

int
cost_memory(const struct cost_processes *processes, struct cost *ret,
    struct err *err)
{
	char path[64], text[FILE_MAX];
	const char *line;
	size_t len;

	memset(ret->pss_kib, 0, sizeof(ret->pss_kib));
	for (size_t i = 0; i < processes->count; i++) {
		const struct cost_process *process = &processes->items[i];

		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup",
		    (int)process->pid);
		if (!read_text(text, &len, path) ||
		    (line = strstr(text, "\nPss:")) == NULL)
			return gone(processes, i, err);
		ret->pss_kib[process->role] += strtoull(line + 5, NULL, 10);
	}
	return 0;
}
