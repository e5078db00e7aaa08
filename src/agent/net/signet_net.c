/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet-net: the agent's process that talks to CAs, a program of its own
 * because only it needs libcurl. `signet` starts it.
 */
#include <stdlib.h>

#include "agent/net/net_main.h"

int
main(int argc, char **argv)
{
	int level = argc == 2 ? atoi(argv[1]) : LOG_INFO;

	if (level < LOG_DEBUG || level > LOG_ERROR)
		level = LOG_INFO;
	return net_main((enum log_level)level);
}
