/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_ACME_OBJECTS_JSON_H
#define SIGNET_ACME_OBJECTS_JSON_H

/*
 * objects_json: the objects of RFC 8555 section 7.1 as clients see them, and
 * the URLs that they have.
 *
 * base is the URL that clients reach the CA at, without a final slash
 * ("https://ca.example:14000"). It goes out as it is, so whoever takes it
 * from a request has checked that it holds nothing but a host and a port.
 *
 * The text is compact, and an order holds no nested text member "status":
 * acme.sh searches the whole of it for "status":"invalid".
 */

#include "acme/objects.h"

#define ACME_PATH_DIRECTORY "/dir"
#define ACME_PATH_NEW_NONCE "/acme/new-nonce"
#define ACME_PATH_NEW_ACCOUNT "/acme/new-account"
#define ACME_PATH_NEW_ORDER "/acme/new-order"
/* These are followed by an id in decimal. */
#define ACME_PATH_ACCOUNT "/acme/account/"
#define ACME_PATH_ORDER "/acme/order/"
#define ACME_PATH_AUTHZ "/acme/authz/"
#define ACME_PATH_CERTIFICATE "/acme/certificate/"
/* By the authorization's id, "/" and the challenge's type. */
#define ACME_PATH_CHALLENGE "/acme/challenge/"
/* After an id. */
#define ACME_PATH_ORDERS "/orders"     /* of an account */
#define ACME_PATH_FINALIZE "/finalize" /* of an order */

/* Append one URL, as it stands in Location, Link and kid. */
void account_put_url(struct bld *out, struct span base, int64_t id);
void order_put_url(struct bld *out, struct span base, int64_t id);
void authz_put_url(struct bld *out, struct span base, int64_t id);

/* Append one JSON object. */
void ident_put_json(struct bld *out, const struct ident *ident);
void account_put_json(struct bld *out, struct span base,
    const struct account *account);
void order_put_json(struct bld *out, struct span base,
    const struct order *order);
void authz_put_json(struct bld *out, struct span base,
    const struct authz *authz);
/* One challenge of authz; type must be one that it offers. */
void challenge_put_json(struct bld *out, struct span base,
    const struct authz *authz, enum challenge_type type);

/* What a finalize's payload brings, {"csr": base64url} (RFC 8555 7.4), as DER
 * in arena. -ERR_MALFORMED; -ERR_BAD_CSR if it is not base64url. */
int finalize_get_csr(struct span payload, struct arena *arena,
    struct span *ret_der, struct err *err);

#endif
