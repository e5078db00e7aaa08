/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_ERR_H
#define SIGNET_BASE_ERR_H

/*
 * err: what went wrong, said once, where it was found.
 *
 * Every fallible function returns 0 or a negative enum err_kind and fills the
 * caller's struct err (the last parameter). A struct err has a fixed size and
 * needs no release. Its sentence names what is wrong, where, and the remedy;
 * its rule names the document and section that is enforced, where there is
 * one ("RFC 8555 7.4"). Libraries never log: they fill a struct err and the
 * caller decides.
 *
 * The kinds that a client of the CA can see map to RFC 8555 problem types in
 * one table, src/acme/problem.c. All others become serverInternal there and
 * their sentence stays in the log.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define ERR_TEXT_SIZE 512 /* bytes, with the final NUL; longer text is cut */

enum err_kind {
	ERR_NONE = 0,
	/* Ours: never shown to a client of the CA. */
	ERR_INTERNAL,  /* a broken invariant or a failed library call */
	ERR_IO,        /* the operating system refused a read or write */
	ERR_FRAME,     /* a message of another process is not of its form */
	ERR_CONFIG,    /* the configuration is wrong; the text has file:line */
	ERR_CONFLICT,  /* the state changed meanwhile, or the row exists */
	ERR_NOT_FOUND, /* no such object */
	ERR_BUSY,      /* a peer is down or a queue is full; try again */
	/* RFC 8555 section 6.7 problem types: refusals (err_is_refusal), from
	 * here on. */
	ERR_ACCOUNT_DOES_NOT_EXIST,
	ERR_ALREADY_REVOKED,
	ERR_BAD_CSR,
	ERR_BAD_NONCE,
	ERR_BAD_PUBLIC_KEY,
	ERR_BAD_REVOCATION_REASON,
	ERR_BAD_SIGNATURE_ALGORITHM,
	ERR_CAA,
	ERR_COMPOUND,
	ERR_CONNECTION,
	ERR_DNS,
	ERR_EXTERNAL_ACCOUNT_REQUIRED,
	ERR_INCORRECT_RESPONSE,
	ERR_INVALID_CONTACT,
	ERR_INVALID_PROFILE, /* draft-ietf-acme-profiles 6.3 */
	ERR_MALFORMED,
	ERR_ORDER_NOT_READY,
	ERR_RATE_LIMITED,
	ERR_REJECTED_IDENTIFIER,
	ERR_TLS,
	ERR_UNAUTHORIZED,
	ERR_UNSUPPORTED_CONTACT,
	ERR_UNSUPPORTED_IDENTIFIER,
	ERR_USER_ACTION_REQUIRED,
	/* The same types with another HTTP status (RFC 8555 6.7, 6.3). */
	ERR_ACCOUNT_NOT_VALID,   /* 401 unauthorized, RFC 8555 7.3.6 */
	ERR_METHOD_NOT_ALLOWED,  /* 405 */
	ERR_NO_SUCH_RESOURCE,    /* 404 */
	ERR_TOO_LARGE,           /* 413 */
	ERR_UNSUPPORTED_MEDIA,   /* 415, RFC 8555 6.2 */
	ERR_KIND_COUNT
};

struct err {
	enum err_kind kind;
	const char *rule; /* static text, or NULL */
	char text[ERR_TEXT_SIZE];
};

#define ERR_INIT { .kind = ERR_NONE }

/*
 *   int err_set(struct err *err, enum err_kind kind, const char *rule,
 *       const char *fmt, ...);
 *
 * Fills *err (which may be NULL) and returns -kind, so that callers write
 * `return err_set(err, ERR_MALFORMED, "RFC 8555 6.2", "...")`. A macro, so that
 * compilers and analyzers see that it returns an error.
 */
#define err_set(err, kind, ...) \
	(err_fill((err), (kind), __VA_ARGS__), err_status(kind))
void err_fill(struct err *err, enum err_kind kind, const char *rule,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static inline int
err_status(enum err_kind kind)
{
	return -(int)kind;
}

/* As err_set, with ": " and strerror(errno) after the text. kind is ERR_IO. */
int err_errno(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "fmt: " before the text that *err already has and returns -err->kind;
 * -ERR_INTERNAL where err is NULL, as nobody has kept the kind. */
int err_prefix(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether r, what a fallible function returned, is an error that a client of
 * the CA may be told: a refusal, not trouble of ours. */
static inline bool
err_is_refusal(int r)
{
	return r <= -(int)ERR_ACCOUNT_DOES_NOT_EXIST;
}

/* The kind's name as it stands in logs ("badNonce", "internal"): never NULL. */
const char *err_kind_name(enum err_kind kind);

#endif
