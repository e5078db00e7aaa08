/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config_rows.h"

#include "base/log.h"
#include "conf/config_value.h"

#define DAY_S INT64_C(86400)

#define TEXT_AT(m) .kind = CONFIG_TEXT, .offset = offsetof(struct config, m), \
	.size = sizeof(char *)
#define PATH_AT(m) .kind = CONFIG_PATH, .offset = offsetof(struct config, m), \
	.size = sizeof(char *)
#define LIST_AT(m, n) .kind = CONFIG_LIST, \
	.offset = offsetof(struct config, m), \
	.count_offset = offsetof(struct config, num_##m), .max = (n)
#define NUMBER_AT(m) .kind = CONFIG_NUMBER, \
	.offset = offsetof(struct config, m), .size = sizeof(int64_t)
#define SECONDS_AT(m) .kind = CONFIG_DURATION, .unit_ms = 1000, \
	.offset = offsetof(struct config, m), .size = sizeof(int64_t)
#define MS_AT(m) .kind = CONFIG_DURATION, .unit_ms = 1, \
	.offset = offsetof(struct config, m), .size = sizeof(int64_t)
#define CHOICE_AT(m, c) .kind = CONFIG_CHOICE, .choices = (c), \
	.offset = offsetof(struct config, m), \
	.size = sizeof(((struct config *)0)->m)
#define BOOL_AT(m) .kind = CONFIG_BOOL, .offset = offsetof(struct config, m), \
	.size = sizeof(bool)

static const struct config_choice programs[] = {
	{ "private", PROGRAM_PRIVATE }, { "webpki", PROGRAM_WEBPKI }, { 0 }
};

static const struct config_choice log_levels[] = {
	{ "debug", LOG_DEBUG }, { "info", LOG_INFO }, { "notice", LOG_NOTICE },
	{ "warning", LOG_WARNING }, { "error", LOG_ERROR }, { 0 }
};

const struct config_row config_rows[] = {
	{ .key = "directory", PATH_AT(directory), .def = ".",
	    .form = "a folder",
	    .doc = "The CA's data: certificates, keys, store and journal. The "
		"default is the folder of the configuration file." },
	{ .key = "base_url", TEXT_AT(base_url), .required = true,
	    .check = CONFIG_FORM_BASE_URL,
	    .form = "`https://NAME` or `https://NAME:PORT`",
	    .doc = "Where clients reach the CA. Every URL that it gives out "
		"begins with it, and clients keep those for years: choose a "
		"name that lasts." },
	{ .key = "listen", LIST_AT(listen, CONFIG_LISTEN_MAX),
	    .def = "0.0.0.0:14000", .min = 1, .check = CONFIG_FORM_ADDRESS,
	    .form = "addresses with ports",
	    .doc = "Where the ACME server listens: `192.0.2.1:443`, "
		"`[2001:db8::1]:443`, `0.0.0.0:443` for all of IPv4, "
		"`[::]:443` for all of IPv6." },
	{ .key = "management_listen", TEXT_AT(management_listen), .dev = true },
	{ .key = "tls_certificate", PATH_AT(tls_certificate),
	    .def = "api/api.pem", .reload = true, .form = "a PEM file",
	    .doc = "The certificate of the ACME server itself, followed by "
		"its intermediates. The default one is made and renewed by "
		"signetd." },
	{ .key = "tls_key", PATH_AT(tls_key), .def = "api/api.key",
	    .reload = true, .form = "a PEM file",
	    .doc = "The key of tls_certificate. Only its owner may read it." },
	{ .key = "terms_of_service", TEXT_AT(terms_of_service),
	    .check = CONFIG_FORM_URL, .reload = true, .form = "a URL",
	    .doc = "Terms that clients must agree to when they register "
		"(RFC 8555 7.3.3). Not set: there is nothing to agree to." },
	{ .key = "website", TEXT_AT(website), .check = CONFIG_FORM_URL,
	    .reload = true, .form = "a URL",
	    .doc = "Where people learn about this CA (RFC 8555 7.1.1)." },
	{ .key = "caa_identity", TEXT_AT(caa_identity),
	    .check = CONFIG_FORM_DOMAIN, .reload = true,
	    .form = "a domain name",
	    .doc = "The name by which CAA records allow this CA to issue (RFC "
		"8659 4.2). Not set: a private CA does not look at CAA; one "
		"of program webpki refuses names with CAA issue records." },
	{ .key = "resolver", TEXT_AT(resolver), .check = CONFIG_FORM_ADDRESS,
	    .form = "an address with a port",
	    .doc = "A DNS server to ask, `192.0.2.53:53`. Not set: a private CA "
		"asks the servers of its host's resolv.conf and looks at its "
		"hosts file; one of program webpki resolves names itself, "
		"from the root servers down." },
	{ .key = "trust_anchor", PATH_AT(trust_anchor), .form = "a file",
	    .doc = "The DNSSEC root key as `dig . DNSKEY` or unbound-anchor "
		"writes it. Not set: DNSSEC is not checked." },
	{ .key = "validation_allow",
	    LIST_AT(validation_allow, CONFIG_CIDRS_MAX), .reload = true,
	    .check = CONFIG_FORM_RANGE, .form = "address ranges",
	    .doc = "Ranges outside the public Internet that validation may "
		"connect to: `{\"10.0.0.0/8\", \"fd00::/8\"}`. All such ranges "
		"are refused unless they are listed here." },
	{ .key = "blocked_keys", PATH_AT(blocked_keys), .reload = true,
	    .form = "a file",
	    .doc = "Public keys that nobody gets a certificate or an account "
		"for, since others know their private keys (BR 6.1.1.3): one "
		"a line, SHA-256 over its SubjectPublicKeyInfo in 64 hex "
		"digits, `#` before comments. After a change of the file, "
		"send SIGHUP. Not set: no list is looked at." },
	{ .key = "http_port", NUMBER_AT(http_port), .def = "80", .min = 1,
	    .max = 65535, .dev = true },
	{ .key = "tls_port", NUMBER_AT(tls_port), .def = "443", .min = 1,
	    .max = 65535, .dev = true },
	{ .key = "web_processes", NUMBER_AT(web_processes), .def = "2",
	    .min = 1, .max = CONFIG_PROCESSES_MAX, .form = "a number",
	    .doc = "Processes that speak HTTPS with clients." },
	{ .key = "validator_processes", NUMBER_AT(validator_processes),
	    .def = "1", .min = 1, .max = CONFIG_PROCESSES_MAX,
	    .form = "a number",
	    .doc = "Processes that check control of names." },
	{ .key = "connections_max", NUMBER_AT(connections_max), .def = "1000",
	    .min = 16, .max = CONFIG_CONNECTIONS_MAX, .reload = true,
	    .form = "a number",
	    .doc = "Client connections that one web process holds open." },
	{ .key = "hold_time", MS_AT(hold_ms), .def = "3s", .min = 0,
	    .max = CONFIG_HOLD_MAX_MS, .reload = true, .form = "a duration",
	    .doc = "How long an answer may wait for validation or issuance to "
		"end, so that clients need not poll." },
	{ .key = "order_lifetime", SECONDS_AT(order_lifetime_s),
	    .def = "7 days", .min = 60, .max = 90 * DAY_S, .reload = true,
	    .form = "a duration",
	    .doc = "How long an order and its unanswered authorizations "
		"live." },
	{ .key = "authorization_lifetime", SECONDS_AT(authz_lifetime_s),
	    .def = "7 days", .min = 60, .max = 398 * DAY_S, .reload = true,
	    .form = "a duration",
	    .doc = "How long proof of control of a name is good for further "
		"certificates of the same account. The program may allow "
		"less." },
	{ .key = "certificate_lifetime", SECONDS_AT(certificate_lifetime_s),
	    .def = "90 days", .min = 60, .max = 825 * DAY_S, .reload = true,
	    .form = "a duration",
	    .doc = "How long certificates are valid. The program may allow "
		"less, and no certificate outlives its issuer." },
	{ .key = "uid_base", NUMBER_AT(uid_base), .def = "64200", .min = 1000,
	    .max = 2000000000, .form = "a number",
	    .doc = "Started as root, each process gives up root for a user "
		"and group id of its own, counted from here. No account "
		"should have one of the 16 ids." },
	{ .key = "log_level", CHOICE_AT(log_level, log_levels), .def = "info",
	    .reload = true, .form = "a choice",
	    .doc = "What is logged to standard error: this and what is more "
		"serious." },
	{ .key = "program", CHOICE_AT(program, programs), .def = "private",
	    .form = "a choice",
	    .doc = "Whose rules certificates must follow: `private` for a CA "
		"that an organisation runs for itself, `webpki` for the rules "
		"of browsers and the CA/Browser Forum." },
	{ .key = "dev", BOOL_AT(dev), .def = "false", .dev = true },
	{ .key = "dev_always_valid", BOOL_AT(dev_always_valid), .def = "false",
	    .dev = true },
	{ .key = "dev_sleep", MS_AT(dev_sleep_ms), .def = "0s", .max = 3600000,
	    .dev = true },
	{ .key = "dev_nonce_reject", NUMBER_AT(dev_nonce_reject), .def = "0",
	    .max = 100, .dev = true },
	{ .key = "dev_authz_reuse", NUMBER_AT(dev_authz_reuse), .def = "-1",
	    .min = -1, .max = 100, .dev = true },
	{ .key = "dev_orders_page", NUMBER_AT(dev_orders_page), .def = "0",
	    .max = 1000, .dev = true },
};

const size_t config_rows_count = sizeof(config_rows) / sizeof(config_rows[0]);

_Static_assert(sizeof(config_rows) / sizeof(config_rows[0]) <= CONFIG_KEYS_MAX,
    "struct config has a line for each row");

const struct config_row *
config_rows_find(const char *key)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		if (!config_rows[i].dev && strcmp(config_rows[i].key, key) == 0)
			return &config_rows[i];
	}
	return NULL;
}

int
config_rows_line(const struct config *config, const char *key)
{
	const struct config_row *row = config_rows_find(key);

	return row == NULL ? 0 : config->lines[row - config_rows];
}

/* Edits (insert, remove, change a letter) that make a into b. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[CONFIG_KEY_SIZE], len = strlen(b);

	if (len >= CONFIG_KEY_SIZE)
		return len;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (diagonal + 1 < best)
				best = diagonal + 1;
			row[j + 1] = best;
		}
	}
	return row[len];
}

const char *
config_rows_nearest(const char *key)
{
	const char *nearest = NULL;
	/* Further away than a third of its letters, it is another word. */
	size_t best = strlen(key) / 3;

	for (size_t i = 0; i < config_rows_count; i++) {
		size_t distance;

		if (config_rows[i].dev)
			continue;
		distance = edit_distance(config_rows[i].key, key);
		if (distance <= best && (nearest == NULL || distance < best)) {
			best = distance;
			nearest = config_rows[i].key;
		}
	}
	return nearest;
}

static void
doc_bounds(struct bld *out, const struct config_row *row)
{
	if (row->kind == CONFIG_NUMBER) {
		bld_fmt(out, " from %lld to %lld", (long long)row->min,
		    (long long)row->max);
	} else if (row->kind == CONFIG_DURATION) {
		bld_str(out, " from ");
		config_value_put_duration(out, row->min * row->unit_ms);
		bld_str(out, " to ");
		config_value_put_duration(out, row->max * row->unit_ms);
	} else if (row->kind == CONFIG_LIST) {
		bld_fmt(out, ", %lld at most", (long long)row->max);
	} else if (row->kind == CONFIG_CHOICE) {
		for (size_t i = 0; row->choices[i].name != NULL; i++)
			bld_fmt(out, "%s `%s`", i == 0 ? ":" : ",",
			    row->choices[i].name);
	}
}

void
config_rows_doc(struct bld *out)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->dev)
			continue;
		bld_fmt(out, "\n## %s\n\n%s\n\n", row->key, row->doc);
		bld_fmt(out, "- Value: %s", row->form);
		doc_bounds(out, row);
		bld_str(out, ".\n- Default: ");
		if (row->required)
			bld_str(out, "none; it must be set");
		else if (row->def == NULL)
			bld_str(out, "not set");
		else
			bld_fmt(out, "`%s`", row->def);
		if (row->kind == CONFIG_PATH && row->def != NULL &&
		    row->def[0] != '.')
			bld_str(out, " in `directory`");
		bld_fmt(out, ".\n- A running CA %s.\n", row->reload ?
		    "takes a new value at SIGHUP" :
		    "must be restarted to change it");
	}
}
