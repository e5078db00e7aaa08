/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CONF_FORM_H
#define SIGNET_AGENT_CONF_FORM_H

/*
 * form: what values must look like. Each check gives -ERR_CONFIG with what is
 * wrong and the remedy.
 */

#include "base/err.h"

#define FORM_SECONDS_MAX 86400

int form_ident(const char *text, struct err *err);  /* a DNS name or address */
int form_url(const char *text, struct err *err);    /* https://... */
int form_email(const char *text, struct err *err);
int form_seconds(const char *text, struct err *err); /* 1 to 86400 */
int form_key(const char *text, struct err *err);    /* ec256, rsa2048, ... */
int form_word(const char *text, struct err *err);   /* no space, not empty */
int form_words(const char *text, struct err *err);  /* not empty */
int form_hmac(const char *text, struct err *err);   /* HS256, ... */
int form_ocsp(const char *text, struct err *err);   /* file or no */
int form_folder(const char *text, struct err *err); /* an absolute path */
int form_layout(const char *text, struct err *err); /* PROGRAM:/FOLDER:NAME */

int form_copy(const char *text, struct err *err);   /* a folder, or KIND=/FILE */
int form_environment(const char *text, struct err *err); /* NAME=VALUE, /FILE */

/* "privkey", "cert" and so on, with NULL at the end. */
extern const char *const form_copies[];
/* The path of "privkey=/FILE", and which of them it is; of a folder it is -1. */
const char *form_copy_split(const char *text, int *ret_kind)
    __attribute__((returns_nonnull));

#endif
