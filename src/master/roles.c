/* SPDX-License-Identifier: Apache-2.0 */
#include "master/roles.h"

static unsigned
count_one(const struct config *config)
{
	(void)config;
	return 1;
}

static unsigned
count_web(const struct config *config)
{
	return (unsigned)config->web_processes;
}

static unsigned
count_validator(const struct config *config)
{
	return (unsigned)config->validator_processes;
}

static unsigned
count_dev(const struct config *config)
{
	return config->dev ? 1 : 0;
}

/* What takes longest to start comes first. */
const struct roles_row roles_rows[] = {
	{ ROLE_VALIDATOR, ROLES_SIGNETD, ROLES_STOP_BACK, count_validator },
	{ ROLE_CORE, ROLES_SIGNETD, ROLES_STOP_CORE, count_one },
	{ ROLE_WEB, ROLES_SIGNETD, ROLES_STOP_FRONT, count_web },
	{ ROLE_DEV, ROLES_SIGNETD, ROLES_STOP_FRONT, count_dev },
	{ ROLE_SIGNER, ROLES_SIGNETD_SIGNER, ROLES_STOP_BACK, count_one },
};

const size_t roles_rows_count = sizeof(roles_rows) / sizeof(roles_rows[0]);

const char *
roles_program_name(enum roles_program program)
{
	static const char *const names[ROLES_PROGRAM_COUNT] = {
		[ROLES_SIGNETD] = "signetd",
		[ROLES_SIGNETD_SIGNER] = "signetd-signer",
	};

	return names[program];
}
