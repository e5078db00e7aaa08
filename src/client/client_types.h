/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_TYPES_H
#define SIGNET_CLIENT_TYPES_H

/*
 * client_types: what goes into and comes out of an ACME client
 * (client/client.h): options, orders, offers of challenges, progress,
 * results, problems.
 *
 * Spans in what the client gives are borrowed and live until the callback
 * returns. Text that came from a CA and is meant for people has no control
 * characters; tokens are of the base64url alphabet; URLs are checked by
 * client_url_check. Times are Unix milliseconds; 0 means absent.
 */

#include "acme/objects.h"
#include "pkix/csr.h"

#define CLIENT_URL_MAX 2048      /* bytes of any URL */
#define CLIENT_TEXT_MAX 1024     /* bytes of a text for people */
#define CLIENT_TOKEN_MIN 22      /* bytes: 128 bits, RFC 8555 8.1 */
#define CLIENT_TOKEN_MAX 128     /* bytes */
#define CLIENT_NONCE_MAX 128     /* bytes, as jose/jws.h */
#define CLIENT_PAYLOAD_MAX 98304 /* bytes: a JWS of it keeps JWS_BODY_MAX */
#define CLIENT_KEY_AUTHORIZATION_MAX (CLIENT_TOKEN_MAX + 44) /* bytes */
#define CLIENT_ISSUERS_MAX 10    /* issuer-domain-names of dns-persist-01 */
#define CLIENT_PROFILE_MAX 64    /* bytes of a profile's name */
#define CLIENT_PROFILES_MAX 16   /* profiles that a CA shows */
#define CLIENT_CERT_ID_MAX 128   /* bytes, RFC 9773 4.1 */
#define CLIENT_CHAIN_MAX 131072  /* bytes of a PEM chain */
#define CLIENT_CERTIFICATES_MAX 16 /* certificates in a chain */
#define CLIENT_ORDERS_MAX 1000   /* order URLs that a list shows */
#define CLIENT_SUBPROBLEMS_MAX IDENT_LIST_MAX
#define CLIENT_TIME_MAX INT64_C(253402300799999) /* the end of year 9999, as
                                    RFC 3339 cannot write later ones */

/* How control over a name is proven: RFC 8555 8.3 and 8.4, RFC 8737, RFC 8738,
 * draft-ietf-acme-dns-account-label, draft-ietf-acme-dns-persist. */
enum client_method {
	CLIENT_HTTP_01 = 1,
	CLIENT_TLS_ALPN_01,
	CLIENT_DNS_01,
	CLIENT_DNS_ACCOUNT_01,
	CLIENT_DNS_PERSIST_01,
	CLIENT_METHOD_COUNT
};
#define CLIENT_METHOD_BIT(method) (1u << (unsigned)(method))
#define CLIENT_METHODS_ALL 0x3eu /* the bits of all methods */

/* "http-01"; never NULL. 0 if unknown. */
const char *client_method_name(enum client_method method);
enum client_method client_method_from_name(struct span name);

/* What is needed to make an account, if there is none. */
struct client_registration {
	bool terms_agreed;
	size_t num_contacts;
	struct span contacts[ACME_CONTACTS_MAX]; /* "mailto:..." */
	struct span eab_kid; /* empty: no external account binding */
};

struct client_options {
	struct span directory_url;
	struct span kid; /* the account's URL; empty: not known, and found or
	                    made before the first thing that needs it */
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE]; /* of the account's key */
	struct client_registration registration;
	uint32_t step_max_ms; /* the longest that a request with all its tries,
	                         a validation, or the time from finalize to
	                         valid takes; 0: CLIENT_STEP_MAX_MS */
};

struct client_order {
	struct ident_list idents;
	uint32_t methods[IDENT_LIST_MAX]; /* bits that may be tried, for each
	                                     of idents, in its order */
	struct span csr;             /* DER */
	struct span profile;         /* empty: the CA's default */
	struct span replaces;        /* client_cert_id of what is renewed */
	struct span preferred_chain; /* the issuer CN of the topmost
	                                certificate, or the SHA-256 of a
	                                certificate of it in hex; or empty */
	struct span resume_url;      /* of an order that was begun, or empty */
	int64_t not_before;
	int64_t not_after;
};

/* One challenge of an authorization. */
struct client_challenge {
	enum client_method method;
	struct span token;             /* empty for dns-persist-01 */
	struct span key_authorization; /* the same */
	size_t num_issuers;            /* dns-persist-01 alone */
	struct span issuers[CLIENT_ISSUERS_MAX];
};

/* One authorization whose challenges wait for somebody to choose. Only
 * methods that are known, permitted and not yet tried stand in it. */
struct client_offer {
	uint16_t authz;      /* its number, for client_solved */
	struct ident ident;  /* without "*." */
	bool wildcard;
	int64_t expires_at;
	size_t num_challenges;
	struct client_challenge challenges[CLIENT_METHOD_COUNT - 1];
};

/* What an operation is doing; for people, and the order's URL for resuming. */
enum client_step {
	CLIENT_STEP_ACCOUNT = 1, /* finds or makes the account */
	CLIENT_STEP_ORDERED,     /* url is the order's */
	CLIENT_STEP_VALIDATING,  /* ident's challenge was sent, with method */
	CLIENT_STEP_VALIDATED,   /* ident's authorization is valid */
	CLIENT_STEP_FAILED,      /* ident's method failed; text says why */
	CLIENT_STEP_FINALIZING,
	CLIENT_STEP_ISSUING,     /* the CA is at work */
	CLIENT_STEP_DOWNLOADING,
	CLIENT_STEP_WAITING,     /* until wait_until; text says why */
	CLIENT_STEP_COUNT
};

struct client_progress {
	enum client_step step;
	struct span url;
	struct ident ident;        /* type 0: none */
	enum client_method method; /* 0: none */
	int64_t wait_until;
	struct span text;
};

/* Whose fault an end without success is, as far as it decides what to do. */
enum client_cause {
	CLIENT_REFUSED = 1, /* the CA said no; type and detail are its own */
	CLIENT_UNREACHABLE, /* no answer, or TLS failed; another CA may help */
	CLIENT_NONSENSE,    /* an answer that is not ACME's or passes a limit */
	CLIENT_TIMEOUT,     /* the CA took longer than a named limit */
	CLIENT_SETUP,       /* our configuration: terms, EAB, arguments */
	CLIENT_DECLINED,    /* no challenge could be set up */
	CLIENT_SIGNING,     /* a signature was not made */
	CLIENT_CANCELLED,
	CLIENT_LACKING,     /* the CA does not offer what was asked for */
	CLIENT_CAUSE_COUNT
};

struct client_subproblem {
	struct span type;    /* as in client_problem */
	struct span detail;
	struct ident ident;  /* type 0: none; with "*." for a wildcard */
	enum client_method method; /* that failed; 0: none */
};

struct client_problem {
	enum client_cause cause;
	struct span type;     /* "rateLimited": the end of the CA's URN, or all
	                         of a type that is none of ACME's; or empty */
	uint16_t status;      /* HTTP; 0: none */
	struct span detail;   /* a sentence */
	struct span instance; /* URL where a person can do something: what
	                         userActionRequired and a pause are about */
	struct span terms_url; /* the terms that have to be agreed to */
	int64_t retry_at;     /* not before; 0: not said */
	size_t num_subs;
	const struct client_subproblem *subs;
};

struct client_profile {
	struct span name;
	struct span text;
};

struct client_directory {
	struct span terms_url;
	struct span website;
	bool eab_required;
	bool has_renewal_info;
	bool has_key_change;
	size_t num_caa;
	struct span caa[CLIENT_ISSUERS_MAX];
	size_t num_profiles;
	struct client_profile profiles[CLIENT_PROFILES_MAX];
};

struct client_account {
	struct span kid;
	bool created; /* just now */
	size_t num_contacts;
	struct span contacts[ACME_CONTACTS_MAX];
};

struct client_chain {
	struct span pem;       /* leaf first */
	struct span order_url;
	bool preferred;        /* it is the preferred one; true if none was
	                          asked for */
};

struct client_renewal {
	int64_t start_at;
	int64_t end_at;
	int64_t retry_at;     /* look again then */
	struct span explanation_url;
};

struct client_order_urls {
	size_t count;
	const struct span *urls;
};

enum client_result_type {
	CLIENT_RESULT_DONE = 1, /* nothing more to say */
	CLIENT_RESULT_DIRECTORY,
	CLIENT_RESULT_ACCOUNT,
	CLIENT_RESULT_CHAIN,
	CLIENT_RESULT_RENEWAL,
	CLIENT_RESULT_ORDERS,
	CLIENT_RESULT_PROBLEM,
	CLIENT_RESULT_TYPE_COUNT
};

struct client_result {
	enum client_result_type type;
	union {
		struct client_directory directory;
		struct client_account account;
		struct client_chain chain;
		struct client_renewal renewal;
		struct client_order_urls orders;
		struct client_problem problem;
	};
};

/* What has to be signed, and how. The answer is always one JWS in flattened
 * JSON serialization (RFC 8555 6.2). */
enum client_sign_type {
	/* By the account's key, header alg, nonce, url and kid. */
	CLIENT_SIGN_KID = 1,
	/* By the account's key, header alg, nonce, url and jwk. */
	CLIENT_SIGN_JWK,
	/* RFC 8555 7.3.4: by the MAC key eab_kid, header alg, url and that
	 * kid; the payload is the account's public key, which the signer adds
	 * itself. No nonce. */
	CLIENT_SIGN_EAB,
	/* RFC 8555 7.3.5: by the account's new key, header alg, url and jwk;
	 * the payload {"account": kid, "oldKey": ...} is made by the signer.
	 * No nonce. */
	CLIENT_SIGN_ROLLOVER,
	/* RFC 8555 7.6: by the key of the certificate that is revoked, header
	 * alg, nonce, url and jwk. */
	CLIENT_SIGN_CERTIFICATE,
	CLIENT_SIGN_TYPE_COUNT
};

struct client_sign {
	enum client_sign_type type;
	struct span url;
	struct span nonce;   /* empty where there is none */
	struct span kid;     /* the account's URL, or of EAB the MAC key's */
	struct span payload; /* empty for POST-as-GET */
};

/* One HTTP request. No redirect is followed. */
enum client_http_method { CLIENT_GET = 1, CLIENT_HEAD, CLIENT_POST };

struct client_request {
	enum client_http_method method;
	struct span url;
	struct span body;   /* of POST */
	struct span content_type; /* of it; empty: application/jose+json */
	struct span accept; /* a media type */
	size_t body_max;    /* of the answer; more is an error */
	int64_t max_ms;     /* within which it must be answered */
	bool led;           /* somebody chose the URL who may lead us only to
	                       where he is: */
	struct span leader; /* a URL of his, or empty: on the Internet */
};

#define CLIENT_LINKS_MAX 16      /* Link headers of one answer */
#define CLIENT_HEADER_MAX 2048   /* bytes of one header's value */

/* An answer, or err of kind other than ERR_NONE: why there is none. ERR_TLS,
 * ERR_DNS and ERR_TOO_LARGE are final, all others are worth a repetition. Values
 * of headers are as they came; empty if absent. */
struct client_response {
	struct err err;
	int status;
	struct span body;
	struct span content_type;
	struct span nonce;       /* Replay-Nonce */
	struct span location;
	struct span retry_after;
	struct span date;
	size_t num_links;
	struct span links[CLIENT_LINKS_MAX];
};

#endif
