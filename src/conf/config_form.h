/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CONF_CONFIG_FORM_H
#define SIGNET_CONF_CONFIG_FORM_H

/*
 * config_form: what the texts of the configuration must look like. Each check
 * gives -ERR_CONFIG with what is wrong and the remedy. The table of keys names
 * a form and not its function: a process that is only handed a configuration
 * needs none of the code that reads URLs and addresses.
 */

#include <sys/socket.h>

#include "base/err.h"

enum config_form {
	CONFIG_FORM_ANY = 0,
	CONFIG_FORM_ADDRESS,  /* "192.0.2.1:443" or "[2001:db8::1]:443"; the
	                         port may be 0 */
	CONFIG_FORM_BASE_URL, /* "https://NAME" or "https://NAME:PORT", in
	                         lower case */
	CONFIG_FORM_DOMAIN,   /* a DNS name */
	CONFIG_FORM_RANGE,    /* "10.0.0.0/8" */
	CONFIG_FORM_URL,      /* an http or https URL */
	CONFIG_FORM_COUNT
};

int config_form_check(enum config_form form, const char *text,
    struct err *err);

/* As config_form_check for CONFIG_FORM_ADDRESS, and gives the address. */
int config_form_parse_address(const char *text, struct sockaddr_storage *ret,
    socklen_t *ret_len, struct err *err);

/* What to do about an address that bind or listen refused with this errno. */
const char *config_form_bind_remedy(int error);

#endif
