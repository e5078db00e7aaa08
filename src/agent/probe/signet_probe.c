/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet-probe: the process that `signet check` looks at hosts with, a program
 * of its own because only it needs libunbound. `signet` starts it.
 */
#include "agent/probe/probe_main.h"

int
main(int argc, char **argv)
{
	return probe_main(agent_proc_log_level(argc, argv),
	    argc >= 3 ? argv[2] : "");
}
