/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CONF_CONFIG_H
#define SIGNET_CONF_CONFIG_H

/*
 * config: signetd.conf, the CA's configuration file, read with libconfuse.
 *
 * One const table of rows (config_rows) drives parsing, defaults, checks,
 * the form in which master hands the configuration to its children, and the
 * manual. Every key but base_url has a useful default. A row says whether
 * SIGHUP can change it; a reload that changes another key is refused whole.
 *
 * Relative paths are relative to the configuration file's folder. The file
 * holds no secret.
 */

#include "base/bld.h"
#include "base/cur.h"
#include "base/err.h"

#define CONFIG_FILE_MAX 65536    /* bytes of the file */
#define CONFIG_KEYS_MAX 40       /* rows of the table */
#define CONFIG_KEY_SIZE 64       /* bytes of a key, with the final NUL */
#define CONFIG_PROCESSES_MAX 16  /* of one role */
#define CONFIG_TEXT_MAX 1024     /* bytes of one string value */
#define CONFIG_CONNECTIONS_MAX 16384 /* of one web process: what its HTTP
                                    server has room for, HTTP_CONN_MAX */
#define CONFIG_HOLD_MAX_MS 8000  /* of hold_time: a stop waits for answers
                                    that are held, see master/stop.c */
#define CONFIG_LISTEN_MAX 8      /* addresses in listen */
#define CONFIG_ERRORS_MAX 32     /* mistakes reported in one check */
#define CONFIG_CIDRS_MAX 32      /* ranges in validation_allow */

enum config_program { PROGRAM_PRIVATE = 1, PROGRAM_WEBPKI };

struct config {
	char *file;               /* where it was read, absolute; for errors */
	char *directory;          /* "directory": the CA's data, absolute */
	char *base_url;           /* "base_url": https://ca.example:14000 */
	char *listen[CONFIG_LISTEN_MAX]; /* "listen": host:port, [v6]:port */
	size_t num_listen;
	char *management_listen;  /* dev only; NULL otherwise */
	char *tls_certificate;    /* "tls_certificate": PEM chain of the API */
	char *tls_key;            /* "tls_key" */
	char *terms_of_service;   /* "terms_of_service": URL or NULL */
	char *website;            /* "website": URL or NULL */
	char *caa_identity;       /* "caa_identity": the CA's CAA domain or NULL */
	char *resolver;           /* "resolver": host:port; NULL: the host's
	                             own (private), recurse (webpki) */
	char *trust_anchor;       /* "trust_anchor": root key file or NULL */
	char *blocked_keys;       /* "blocked_keys": file of key hashes or NULL */
	char *validation_allow[CONFIG_CIDRS_MAX]; /* "validation_allow": private
	                             ranges that may be validated, CIDR */
	size_t num_validation_allow;
	int64_t http_port;        /* dev: port that http-01 dials; 80 */
	int64_t tls_port;         /* dev: port that tls-alpn-01 dials; 443 */
	int64_t web_processes;    /* "web_processes" */
	int64_t validator_processes;
	int64_t connections_max;  /* "connections_max": per web process */
	int64_t hold_ms;          /* "hold_time": answers held for processing */
	int64_t order_lifetime_s; /* "order_lifetime" */
	int64_t authz_lifetime_s; /* "authorization_lifetime": valid ones */
	int64_t certificate_lifetime_s; /* "certificate_lifetime" */
	int64_t uid_base;         /* "uid_base": role uids start here if root */
	int64_t log_level;        /* enum log_level */
	enum config_program program; /* "program" */
	int lines[CONFIG_KEYS_MAX]; /* where each row's key stands in file; 0
	                               where it does not; not encoded */
	/* dev mode only, never in a file */
	bool dev;
	bool dev_always_valid;
	int64_t dev_sleep_ms;     /* greatest random pause before validation */
	int64_t dev_nonce_reject; /* percent of good nonces refused */
	int64_t dev_authz_reuse;  /* percent; -1: by policy */
	int64_t dev_orders_page;  /* orders in one list; 0: the usual */
};

/* One mistake, as `signetd check` prints it. */
struct config_error {
	int line; /* 0: the file as a whole */
	char key[CONFIG_KEY_SIZE]; /* or "" */
	char text[ERR_TEXT_SIZE]; /* what is wrong and the remedy */
};
struct config_errors {
	size_t count;
	struct config_error items[CONFIG_ERRORS_MAX];
};

/* All defaults; paths that hang on directory stay NULL. config_free leaves a
 * struct that may be freed again. */
void config_init(struct config *config);
void config_free(struct config *config);

/* Sets directory (absolute), and what hangs on it and is still NULL. */
void config_set_directory(struct config *config, const char *directory);

/* Sets any key from its text, those of `signetd dev` too; config_add appends
 * to a list. -ERR_CONFIG with what is wrong and the remedy. */
int config_set(struct config *config, const char *key, const char *text,
    struct err *err);
int config_add(struct config *config, const char *key, const char *text,
    struct err *err);

/* Parses and checks values; finds all mistakes, not just the first.
 * -ERR_CONFIG when errors->count > 0 (err then has the first of them), -ERR_IO
 * when there is no such file. On failure ret is freed. */
int config_read(const char *file, struct config *ret,
    struct config_errors *errors, struct err *err);

/* The same for a file's text; file, absolute, is for messages and paths. */
int config_parse(struct span text, const char *file, struct config *ret,
    struct config_errors *errors, struct err *err);

/* Adds a mistake; more than CONFIG_ERRORS_MAX are dropped. */
void config_errors_add(struct config_errors *errors, int line,
    const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether files, addresses and keys that config names can be used: adds what
 * is wrong with them to errors. Whether addresses can be listened to is
 * asked only when the CA does not run: at a reload, master listens already and
 * may not take ports below 1024 any more. -ERR_CONFIG when errors->count > 0. */
int config_check_world(const struct config *config, bool running,
    struct config_errors *errors);

/* 0 if a running CA can change from old to new, else -ERR_CONFIG naming the
 * key that needs a restart. */
int config_check_reload(const struct config *old, const struct config *new,
    struct err *err);

/* From master to its children. */
void config_encode(struct bld *out, const struct config *config);
int config_decode(struct span in, struct config *ret, struct err *err);

#endif
