/* SPDX-License-Identifier: Apache-2.0 */
/* Any text for a shell: reading ends, and finds no more programs than there
 * are bytes, none of them longer than it may be. */
#include "agent/proc/shell_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t programs, bytes;
};

static int
look(void *ctx, const char *program, struct err *err)
{
	struct seen *seen = ctx;

	(void)err;
	seen->programs++;
	seen->bytes += strlen(program);
	if (strlen(program) >= SHELL_TEXT_WORD_MAX)
		abort();
	/* Whoever asks may stop it. */
	return strcmp(program, "stop") == 0 ? -(int)ERR_CONFIG : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { 0 };
	struct err err = ERR_INIT;
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (shell_text_each(text, look, &seen, &err) > 0 ||
	    seen.programs > size || seen.bytes > size)
		abort();
	free(text);
	return 0;
}
