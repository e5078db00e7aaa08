/* SPDX-License-Identifier: Apache-2.0 */
#include "master/links.h"

const struct links_row links_rows[] = {
	{ ROLE_WEB, ROLE_CORE },       /* rpc/web_core.h */
	{ ROLE_CORE, ROLE_VALIDATOR }, /* rpc/core_validator.h */
	{ ROLE_CORE, ROLE_SIGNER },    /* rpc/core_signer.h */
	{ ROLE_DEV, ROLE_CORE },       /* rpc/dev_core.h; `signetd dev` only */
};

const size_t links_rows_count = sizeof(links_rows) / sizeof(links_rows[0]);

bool
links_allowed(enum role a, enum role b)
{
	for (size_t i = 0; i < links_rows_count; i++) {
		const struct links_row *row = &links_rows[i];

		if ((row->a == a && row->b == b) ||
		    (row->a == b && row->b == a))
			return true;
	}
	return false;
}
