/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/rpc_err.h"

#include <stdio.h>

void
rpc_err_encode(struct bld *out, const struct err *err)
{
	char text[ERR_TEXT_SIZE];

	bld_u16(out, (uint16_t)err->kind);
	if (err->rule == NULL)
		snprintf(text, sizeof(text), "%s", err->text);
	else
		snprintf(text, sizeof(text), "%.*s (%s)",
		    ERR_TEXT_SIZE - 64, err->text, err->rule);
	bld_span16(out, span_str(text));
}

void
rpc_err_decode(struct cur *cur, struct err *ret)
{
	uint16_t kind = cur_u16(cur);
	struct span text = cur_text(cur, ERR_TEXT_SIZE - 1);

	*ret = (struct err)ERR_INIT;
	if (kind >= ERR_KIND_COUNT ||
	    (text.len > 0 && memchr(text.data, '\0', text.len) != NULL))
		cur->failed = true;
	if (cur->failed)
		return;
	ret->kind = (enum err_kind)kind;
	if (text.len > 0)
		memcpy(ret->text, text.data, text.len);
}
