/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_CHANGE_FIXTURE_H
#define SIGNET_AGENT_SERVER_CHANGE_FIXTURE_H

/*
 * change_fixture: a folder of a test's own with a change of a server begun in
 * it, for tests alone: all static, included once in each.
 */

#include <stdio.h>
#include <stdlib.h>

#include "agent/server/change.h"

static char top[] = "/tmp/signet-change-XXXXXX";
static struct change change;

static int
change_setup(const char *server)
{
	return mkdtemp(top) == NULL ? -1 :
	    change_begin(&change, top, server, "", NULL);
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	change_end(&change);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

#endif
