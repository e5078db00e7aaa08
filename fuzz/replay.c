/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: runs a fuzzer's entry over files instead of under libFuzzer, so
 * that every corpus is part of the ordinary tests. Arguments are files and
 * folders (not nested).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define REPLAY_FILE_MAX (2 * 1024 * 1024) /* bytes; longer files are cut */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long replayed;

static int
replay_file(const char *path)
{
	uint8_t *data = malloc(REPLAY_FILE_MAX);
	FILE *f = fopen(path, "rb");
	size_t len;

	if (data == NULL || f == NULL) {
		perror(path);
		free(data);
		return -1;
	}
	len = fread(data, 1, REPLAY_FILE_MAX, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	replayed++;
	return 0;
}

static int
replay_dir(const char *path)
{
	char file[4096];
	struct dirent *entry;
	DIR *dir = opendir(path);
	int r = 0;

	if (dir == NULL) {
		perror(path);
		return -1;
	}
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		r = replay_file(file);
	}
	closedir(dir);
	return r;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat st;
		int r = stat(argv[i], &st);

		if (r == 0)
			r = S_ISDIR(st.st_mode) ? replay_dir(argv[i]) :
			    replay_file(argv[i]);
		else
			perror(argv[i]);
		if (r != 0)
			return 1;
	}
	if (replayed == 0) {
		fputs("replay: no input found\n", stderr);
		return 1;
	}
	printf("replayed %lu inputs\n", replayed);
	return 0;
}
