/* SPDX-License-Identifier: Apache-2.0 */
#include "master/cmd.h"

#include <stddef.h>

static const struct cmd *const cmds[] = {
	&cmd_init, &cmd_check, &cmd_run, &cmd_dev, NULL
};

const struct cmd_program cmd_signetd = {
	.name = "signetd",
	.summary = "A certificate authority that speaks ACME (RFC 8555).",
	.cmds = cmds,
};
