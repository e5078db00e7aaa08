/* SPDX-License-Identifier: Apache-2.0 */
#include "master/check.h"

#include "ca/policy.h"
#include "conf/config_rows.h"
#include "conf/config_value.h"
#include "conf/layout.h"
#include "master/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define MS_PER_S 1000

static void
check_lifetime(const struct config *config, const char *key, int64_t value_s,
    int64_t max_s, const char *rule, struct config_errors *errors)
{
	struct bld max;

	if (value_s <= max_s)
		return;
	bld_init(&max, CONFIG_TEXT_MAX);
	config_value_put_duration(&max, max_s * MS_PER_S);
	config_errors_add(errors, config_rows_line(config, key), key, "it is "
	    "more than the program allows today (%s); set it to %.*s or less",
	    rule == NULL ? "policy" : rule, SPAN_FMT(bld_view(&max)));
	bld_free(&max);
}

static void
check_policy(const struct config *config, struct config_errors *errors)
{
	const struct policy_row *policy = policy_at(config->program,
	    (int64_t)time(NULL) * MS_PER_S);

	check_lifetime(config, "certificate_lifetime",
	    config->certificate_lifetime_s, policy->lifetime_max_s,
	    policy->lifetime_rule, errors);
	check_lifetime(config, "authorization_lifetime",
	    config->authz_lifetime_s, policy->reuse_max_s,
	    policy->reuse_rule, errors);
	if (config->program != PROGRAM_WEBPKI)
		return;
	if (config->caa_identity == NULL)
		config_errors_add(errors, config_rows_line(config, "program"),
		    "caa_identity", "it is not set, and webpki wants the CA's "
		    "CAA domain to be known (BR 4.2.2.1); add caa_identity = "
		    "\"ca.example.com\"");
	if (config->trust_anchor == NULL)
		config_errors_add(errors, config_rows_line(config, "program"),
		    "trust_anchor", "it is not set, and webpki wants DNSSEC to "
		    "be checked (BR 3.2.2.4); add trust_anchor = "
		    "\"/usr/share/dns/root.key\" (Debian's package "
		    "dns-root-data has it)");
}

/* Processes of a running CA hold the lock of its directory. */
static bool
is_running(const struct config *config)
{
	char path[PATH_MAX];
	bool busy;
	int fd;

	snprintf(path, sizeof(path), "%s/"LAYOUT_LOCK, config->directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	busy = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return busy;
}

int
check_all(const char *file, struct config *ret, struct config_errors *errors,
    struct err *err)
{
	int r = config_read(file, ret, errors, err);

	if (r != 0)
		return r;
	config_check_world(ret, is_running(ret), errors);
	check_policy(ret, errors);
	tree_check(ret, errors);
	if (errors->count == 0)
		return 0;
	config_free(ret);
	return err_set(err, ERR_CONFIG, NULL, "%s: %s", errors->items[0].key,
	    errors->items[0].text);
}

bool
check_can_issue(enum config_program program, FILE *out)
{
	const struct policy_row *policy = policy_at(program,
	    (int64_t)time(NULL) * MS_PER_S);

	if (policy->remote_needed == 0)
		return true;
	fprintf(out, "warning: this CA cannot issue any certificate yet: its "
	    "program demands %u remote perspectives (%s), and this version "
	    "has none\n", policy->remote_needed, policy->perspectives_rule);
	return false;
}

void
check_print(const char *file, const struct config_errors *errors,
    const struct err *err, FILE *out)
{
	for (size_t i = 0; i < errors->count; i++) {
		const struct config_error *e = &errors->items[i];

		fprintf(out, "%s:", file);
		if (e->line != 0)
			fprintf(out, "%d:", e->line);
		fprintf(out, " %s%s%s\n", e->key, e->key[0] == '\0' ? "" : ": ",
		    e->text);
	}
	/* That names the file. */
	if (errors->count == 0)
		fprintf(out, "signetd: %s\n", err->text);
	if (errors->count == CONFIG_ERRORS_MAX)
		fprintf(out, "%s: there may be more mistakes\n", file);
}
