/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/rpc_names.h"

void
rpc_names_encode(struct bld *out, const struct ident_list *names)
{
	bld_u16(out, (uint16_t)names->count);
	for (size_t i = 0; i < names->count; i++) {
		bld_u8(out, (uint8_t)names->items[i].type);
		bld_span16(out, names->items[i].value);
	}
}

void
rpc_names_decode(struct cur *cur, struct ident_list *ret)
{
	size_t count = cur_count(cur, IDENT_LIST_MAX);

	ret->count = 0;
	for (size_t i = 0; i < count && !cur->failed; i++) {
		struct ident *ident = &ret->items[i];

		ident->type = (enum ident_type)cur_enum(cur, IDENT_DNS,
		    IDENT_IP);
		ident->value = cur_text(cur, IDENT_DNS_MAX);
		if (!cur->failed && ident_check(ident, NULL) < 0)
			cur->failed = true;
	}
	if (!cur->failed)
		ret->count = count;
}
