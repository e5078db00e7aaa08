/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_JUDGE_FILES_H
#define SIGNET_AGENT_RPC_JUDGE_FILES_H

/*
 * judge_files: judge tells files of a site, hands it the chain that a CA sent
 * (which nobody has looked at before), and hears what is published.
 *
 * SITE comes first for each certificate (struct site) of a run: it also
 * finishes a publication that a crash cut short, which DIR/publish remembers;
 * judge starts files for every site that is named there, also when nothing is
 * due.
 */

#include "agent/rpc/rpc_err.h"
#include "agent/rpc/site.h"
#include "pkix/ident.h"

#define FILES_HASH_SIZE 32         /* bytes: SHA-256 */
#define FILES_CHAIN_MAX 262144     /* bytes of PEM */
#define FILES_CHAIN_CERTIFICATES_MAX 10
#define FILES_SERIAL_MAX 32        /* bytes */
#define FILES_KEY_ID_MAX 64        /* bytes */
#define FILES_TEXT_MAX 256         /* bytes of a common name */
#define FILES_URL_MAX 1024         /* bytes of an OCSP responder's URL */

enum judge_files_type {
	JUDGE_FILES_SITE = 1,  /* -> SITE_IS or REFUSED */
	JUDGE_FILES_PUBLISH,   /* -> PUBLISHED or REFUSED */
	JUDGE_FILES_REMOVE,    /* -> DONE: what is live goes to the archive */
	JUDGE_FILES_OCSP,      /* -> DONE: an OCSP response beside the files */
	JUDGE_FILES_SITE_IS = 100,
	JUDGE_FILES_PUBLISHED,
	JUDGE_FILES_DONE,
	JUDGE_FILES_REFUSED,
};

struct judge_files_request {
	enum judge_files_type type;
	struct site site;          /* SITE. The others name it by its members
	                              name, key_type and second alone */
	/* PUBLISH */
	struct span chain;         /* PEM as the CA sent it */
	bool no_key;               /* the key is the administrator's (--csr): no
	                              privkey.pem, no combined.pem */
	uint8_t spki_hash[FILES_HASH_SIZE]; /* of the key that was certified */
	struct ident_list names;   /* that were asked for, sorted */
	struct span ocsp;          /* OCSP: the response, DER */
};

/* What is published, all of it read from the certificate. */
struct files_live {
	bool exists;
	int64_t not_before_s, not_after_s;
	uint8_t spki_hash[FILES_HASH_SIZE];
	uint8_t leaf_hash[FILES_HASH_SIZE]; /* SHA-256 of the leaf's DER */
	struct span serial;            /* as in DER, for ARI (RFC 9773 4.1) */
	struct span authority_key_id;  /* empty if there is none */
	struct span issuer;            /* its common name, printable */
	struct span ocsp_url;          /* of AIA; empty if none */
	bool must_staple;
	struct ident_list names;       /* of its SAN */
	struct span path;              /* the folder: DIR/live/NAME, or of the
	                                  foreign layout */
};

struct judge_files_answer {
	enum judge_files_type type;
	bool recovered;          /* SITE_IS: a publication was finished just now:
	                            deploy it */
	struct files_live live;  /* SITE_IS, PUBLISHED */
	struct err err;          /* REFUSED; of the others kind ERR_NONE, or what
	                            went wrong with an extra copy: the rest is
	                            live, and it is tried again at each SITE */
};

void judge_files_request_encode(struct bld *out,
    const struct judge_files_request *request);
int judge_files_request_decode(uint16_t type, struct span payload,
    struct judge_files_request *ret, struct err *err);
void judge_files_answer_encode(struct bld *out,
    const struct judge_files_answer *answer);
int judge_files_answer_decode(uint16_t type, struct span payload,
    struct judge_files_answer *ret, struct err *err);

#endif
