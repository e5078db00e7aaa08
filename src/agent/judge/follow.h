/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_FOLLOW_H
#define SIGNET_AGENT_JUDGE_FOLLOW_H

/*
 * follow: what somebody changes by hand in a web server into which sites are
 * installed. Where its files are not as they were, it is asked: what we would
 * write otherwise now, or what is no longer there, is installed anew; names
 * that stand beside those of a site with follow_names become its own.
 */

#include "agent/judge/judge.h"

/* Adds what it makes due. What cannot be asked is told, and is no error. */
int follow_servers(struct judge *judge, struct err *err);

#endif
