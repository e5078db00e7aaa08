/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_RENEW_H
#define SIGNET_MASTER_RENEW_H

/*
 * renew: keeps the certificate of the CA's own HTTPS server fresh while the CA
 * runs: looks once a day, and lets the processes take a new one by a reload
 * of the configuration that they have.
 */

#include "master/master_private.h"

#define RENEW_INTERVAL_MS (INT64_C(24) * 60 * 60 * 1000)

/* Sets the daily timer. */
void renew_start(struct master *master);
void renew_done(struct master *master);

/* Renews the certificate if that is due; a failure is logged: the old one is
 * good for a while yet. The processes do not have it before a reload. */
void renew_now(struct master *master);

#endif
