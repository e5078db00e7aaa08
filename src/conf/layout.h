/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CONF_LAYOUT_H
#define SIGNET_CONF_LAYOUT_H

/*
 * layout: where things are in the CA's directory (config.directory).
 * master/tree.h says whose they are and who may read them.
 */

#define LAYOUT_CONFIG "signetd.conf"
#define LAYOUT_ROOT_CERTIFICATE "root.pem"
#define LAYOUT_CA "ca"
#define LAYOUT_ISSUER_CERTIFICATE "ca/intermediate.pem"
#define LAYOUT_API_CA_CERTIFICATE "ca/api-ca.pem"
#define LAYOUT_KEYS "keys"
#define LAYOUT_ROOT_KEY "keys/root.key"
#define LAYOUT_ISSUER_KEY "keys/intermediate.key"
#define LAYOUT_API_CA_KEY "keys/api-ca.key"
#define LAYOUT_PERSPECTIVE_KEY "keys/perspective-local.key"
#define LAYOUT_API "api"
#define LAYOUT_API_CERTIFICATE "api/api.pem"
#define LAYOUT_API_KEY "api/api.key"
#define LAYOUT_STORE "store"
#define LAYOUT_STORE_NAME "signet.db" /* in LAYOUT_STORE */
#define LAYOUT_JOURNAL "journal"
#define LAYOUT_JOURNAL_FILE "journal/signer.log"
#define LAYOUT_RUN "run"
#define LAYOUT_NONCE_MAP "run/nonces.map"
#define LAYOUT_LOCK "run/lock"

#define LAYOUT_PERSPECTIVE_KEY_SIZE 32 /* bytes */

#endif
