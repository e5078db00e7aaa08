/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet-probe: the process that `signet check` looks at hosts with, a program
 * of its own because only it needs libunbound. `signet` starts it.
 */
#include <stdlib.h>

#include "agent/probe/probe_main.h"

int
main(int argc, char **argv)
{
	int level = argc >= 2 ? atoi(argv[1]) : LOG_INFO;

	if (level < LOG_DEBUG || level > LOG_ERROR)
		level = LOG_INFO;
	return probe_main((enum log_level)level, argc >= 3 ? argv[2] : "");
}
