/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet: the agent's program: the judge, its commands, and the processes that
 * it forks. net is a program of its own, signet-net.
 */
#include "agent/cmd/cmd.h"

int
main(int argc, char **argv)
{
	return cmd_main(argc, argv);
}
