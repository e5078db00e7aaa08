/* SPDX-License-Identifier: Apache-2.0 */
#include "master/links.h"

static const struct row {
	enum role a, b;
} rows[] = {
	{ ROLE_WEB, ROLE_CORE },       /* rpc/web_core.h */
	{ ROLE_CORE, ROLE_VALIDATOR }, /* rpc/core_validator.h */
	{ ROLE_CORE, ROLE_SIGNER },    /* rpc/core_signer.h */
	{ ROLE_DEV, ROLE_CORE },       /* rpc/dev_core.h; `signetd dev` only */
};

bool
links_allowed(enum role a, enum role b)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if ((row->a == a && row->b == b) ||
		    (row->a == b && row->b == a))
			return true;
	}
	return false;
}
