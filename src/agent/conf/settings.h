/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CONF_SETTINGS_H
#define SIGNET_AGENT_CONF_SETTINGS_H

/*
 * settings: signet.conf, the agent's configuration file, read with libconfuse:
 *
 *   ca "example" { directory = "https://ca.example/dir" }
 *   defaults { ca = "letsencrypt"  via = "webroot=/var/www" }
 *   site "www.example.com" { names = { "www.example.com", "example.com" } }
 *
 * The file is optional and holds no secret. What a block can say is the rows
 * of authority.h and site_conf.h. Relative paths hang on the file's folder.
 */

#include "agent/conf/authority.h"
#include "agent/conf/site_conf.h"
#include "conf/config.h"

#define SETTINGS_FILE "/etc/signet.conf"
#define SETTINGS_FILE_MAX (16 * 1024 * 1024) /* bytes: 50,000 sites */

struct settings {
	size_t num_authorities;
	struct authority *authorities;
	size_t num_sites;
	struct site_conf *sites;      /* complete, with the defaults in them */
	struct site_conf defaults;
};

/* Parses and checks; finds all mistakes, but stops at the first bad grammar
 * or unknown key. -ERR_CONFIG when errors->count > 0, and err then has the
 * first as "file:line: key: what; remedy". On failure ret is empty. */
int settings_read(const char *file, struct settings *ret,
    struct config_errors *errors, struct err *err);
int settings_parse(struct span text, const char *file, struct settings *ret,
    struct config_errors *errors, struct err *err);
void settings_done(struct settings *settings);

/* All mistakes as "file:line: key: what". */
void settings_put_errors(struct bld *out, const char *file,
    const struct config_errors *errors);

#endif
