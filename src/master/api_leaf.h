/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_API_LEAF_H
#define SIGNET_MASTER_API_LEAF_H

/*
 * api_leaf: the certificate of the CA's own HTTPS server, in
 * DIR/api. It is issued by the API CA of DIR (pkix/pki.h), with a key that
 * stays the same, so that a renewal replaces one file at once.
 */

#include "base/env.h"
#include "conf/config.h"
#include "pkix/pki.h"

/* Writes DIR/api/api.pem: the leaf, then the API CA. */
int api_leaf_write(const char *directory, const struct pki_issuer *api_ca,
    EVP_PKEY *key, const struct ident_list *names, const struct env *env,
    bool sync, struct err *err);

/* Renews the leaf if less than a third of its life is left, and says whether it
 * did. Does nothing where config.tls_certificate is another file, or where the
 * API CA's key was taken away. */
int api_leaf_refresh(const struct config *config, bool *ret_renewed,
    struct err *err);

#endif
