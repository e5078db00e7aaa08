/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet-net: the agent's process that talks to CAs, a program of its own
 * because only it needs libcurl. `signet` starts it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "agent/net/net_main.h"
#include "base/sanitized.h"

int
main(int argc, char **argv)
{
	int level = argc == 2 ? atoi(argv[1]) : LOG_INFO, status;

	if (level < LOG_DEBUG || level > LOG_ERROR)
		level = LOG_INFO;
	status = net_main((enum log_level)level);
	/* The libraries of libcurl have nothing to tidy up that matters, and
	 * there are thirty. */
	if (!SANITIZED)
		_exit(status);
	return status;
}
