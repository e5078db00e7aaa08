/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/cmd.h"

static const struct cmd *const cmds[] = {
	&cmd_get, &cmd_nginx, &cmd_apache, &cmd_haproxy, &cmd_renew, &cmd_run,
	&cmd_install, &cmd_status, &cmd_check, &cmd_revoke, &cmd_remove,
	&cmd_account, &cmd_import, &cmd_persist, NULL
};

const struct cmd_program cmd_signet = {
	.name = "signet",
	.summary =
	    "Gets certificates from any ACME CA, and keeps them current.",
	.cmds = cmds,
};
