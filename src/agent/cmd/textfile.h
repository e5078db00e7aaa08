/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CMD_TEXTFILE_H
#define SIGNET_AGENT_CMD_TEXTFILE_H

/*
 * textfile: what the state knows of certificates, for the textfile collector
 * of Prometheus' node_exporter. Metrics are documented in docs/metrics.md and
 * stable: some are added, none is changed.
 */

#include "agent/judge/judge.h"

#define TEXTFILE_MAX (64 * 1024 * 1024) /* bytes: 100,000 certificates */

/* A reader sees the old file or the new one, never a part. */
int textfile_write(struct judge *judge, const char *path, bool ok,
    struct err *err);

#endif
