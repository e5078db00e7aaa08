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
#define FILES_OCSP_REQUEST_MAX 1024 /* bytes */
#define FILES_OCSP_MAX 65535       /* bytes of an OCSP response */

enum judge_files_type {
	JUDGE_FILES_SITE = 1,  /* -> SITE_IS or REFUSED */
	JUDGE_FILES_PUBLISH,   /* -> PUBLISHED or REFUSED */
	JUDGE_FILES_REMOVE,    /* -> DONE: what is live goes to the archive */
	JUDGE_FILES_OCSP_ASK,  /* -> OCSP_IS or REFUSED */
	JUDGE_FILES_OCSP,      /* -> OCSP_SAYS or REFUSED: a response, which is
	                          put beside the files if it is good; empty:
	                          what is there goes */
	JUDGE_FILES_SITE_IS = 100,
	JUDGE_FILES_PUBLISHED,
	JUDGE_FILES_DONE,
	JUDGE_FILES_REFUSED,
	JUDGE_FILES_OCSP_IS,
	JUDGE_FILES_OCSP_SAYS,
};

/* What an OCSP response says that has been checked (RFC 6960). */
enum files_ocsp_status {
	FILES_OCSP_NONE = 0,   /* nothing that could be believed */
	FILES_OCSP_GOOD,
	FILES_OCSP_REVOKED,
	FILES_OCSP_UNKNOWN,    /* the responder does not know it */
	FILES_OCSP_COUNT
};

struct files_ocsp {
	enum files_ocsp_status status;
	int64_t this_s, next_s; /* thisUpdate, nextUpdate; 0: not said */
	int64_t revoked_s;      /* of REVOKED */
	int8_t reason;          /* RFC 5280 5.3.1; negative: not said */
};

struct judge_files_request {
	enum judge_files_type type;
	struct site site;          /* SITE. The others name it by its members
	                              name, key_type and second alone */
	/* PUBLISH; OCSP_ASK: what it is to be about, empty: what is live */
	struct span chain;         /* PEM as the CA sent it */
	bool no_key;               /* the key is the administrator's (--csr): no
	                              privkey.pem, no combined.pem */
	bool must_staple;          /* was asked for */
	bool profile;              /* one was asked for: it may be for another
	                              use than a server's */
	uint8_t spki_hash[FILES_HASH_SIZE]; /* of the key that was certified */
	struct ident_list names;   /* that were asked for, sorted */
	struct span ocsp;          /* OCSP: the response, DER. PUBLISH: the same,
	                              or empty */
};

/* What is published, all of it read from the certificate. */
struct files_live {
	bool exists;
	enum site_key_type key_type;   /* 0: none of those that we make */
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
	struct files_ocsp ocsp;  /* PUBLISHED, OCSP_SAYS */
	/* OCSP_IS: whom to ask what (DER); url is empty if nobody */
	struct span url, request;
	bool must_staple;
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
