/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signetd: the program of master, of its commands, and of every process but
 * the signer (docs/decisions/0001). Master starts a process as
 * `signetd ROLE` with a control socket at descriptor 3.
 */
#include <sys/socket.h>

#include "core/core_main.h"
#include "dev/dev_main.h"
#include "master/cmd.h"
#include "proc/control.h"
#include "validator/validator_main.h"
#include "web/web_main.h"

static const struct {
	enum role role;
	int (*main)(void);
} roles[] = {
	{ ROLE_WEB, web_main },
	{ ROLE_CORE, core_main },
	{ ROLE_VALIDATOR, validator_main },
	{ ROLE_DEV, dev_main },
};

/* `signetd dev` is also a command: only master gives such a socket. */
static bool
has_control(void)
{
	socklen_t len = sizeof(int);
	int type;

	return getsockopt(CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_SEQPACKET;
}

int
main(int argc, char **argv)
{
	enum role role;

	if (argc == 2 && has_control()) {
		role = role_from_name(argv[1]);
		for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
			if (roles[i].role == role)
				return roles[i].main();
		}
	}
	return cmd_main(&cmd_signetd, argc, argv);
}
