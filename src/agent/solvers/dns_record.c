/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/dns_record.h"

#include <stdio.h>

#include "client/client_names.h"

static void
copy(struct bld *from, char *ret, size_t size)
{
	snprintf(ret, size, "%.*s", SPAN_FMT(bld_view(from)));
	bld_free(from);
}

void
dns_record_value(struct span key_authorization,
    char ret[DNS_RECORD_VALUE_SIZE])
{
	struct bld out;

	bld_init(&out, DNS_RECORD_VALUE_SIZE);
	client_dns01_value(&out, key_authorization);
	copy(&out, ret, DNS_RECORD_VALUE_SIZE);
}

void
dns_record_make(const struct solver_task *task, struct dns_record *ret)
{
	struct bld name;

	bld_init(&name, DNS_RECORD_NAME_SIZE);
	if (task->method == CLIENT_DNS_ACCOUNT_01)
		client_dns_account_name(&name, task->account_url,
		    task->ident.value);
	else
		bld_fmt(&name, "_acme-challenge.%.*s",
		    SPAN_FMT(task->ident.value));
	copy(&name, ret->name, sizeof(ret->name));
	dns_record_value(task->key_authorization, ret->value);
}
