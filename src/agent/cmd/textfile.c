/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/textfile.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/status.h"
#include "agent/rpc/site.h"
#include "base/file.h"

static int64_t
not_before(const struct status_cert *c)
{
	return c->cert.not_after == 0 ? 0 : c->cert.not_before / 1000;
}

static int64_t
not_after(const struct status_cert *c)
{
	return c->cert.not_after / 1000;
}

static int64_t
renewal(const struct status_cert *c)
{
	int64_t at = c->cert.not_after == 0 ? 0 : c->cert.renew_at;

	return (at > c->cert.retry_at ? at : c->cert.retry_at) / 1000;
}

static int64_t
failures(const struct status_cert *c)
{
	return c->cert.failures;
}

static int64_t
undeployed(const struct status_cert *c)
{
	int64_t count = 0;

	for (size_t i = 0; i < c->num_steps; i++)
		count += c->steps[i].done_at == 0;
	return count;
}

static const struct metric {
	const char *name;
	const char *help;
	int64_t (*value)(const struct status_cert *cert);
} metrics[] = {
	{ "signet_certificate_not_before_timestamp_seconds",
	    "The last success: since when it is valid; 0: there is none.",
	    not_before },
	{ "signet_certificate_not_after_timestamp_seconds",
	    "When it runs out; 0: there is none.", not_after },
	{ "signet_certificate_renewal_timestamp_seconds",
	    "When it is renewed; 0: at the next run.", renewal },
	{ "signet_certificate_failures",
	    "How often in a row it could not be got.", failures },
	{ "signet_certificate_undeployed_steps",
	    "Reloads, hooks and checks that failed and are tried again.",
	    undeployed },
};

static void
put_head(struct bld *out, const char *name, const char *help)
{
	bld_fmt(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* A site's name has no character that a label would have to escape. */
static void
put_metric(struct bld *out, const struct metric *metric,
    const struct status *status)
{
	put_head(out, metric->name, metric->help);
	for (size_t i = 0; i < status->num_sites; i++) {
		const struct status_site *s = &status->sites[i];

		for (size_t j = 0; j < s->num_certs; j++) {
			const struct status_cert *c = &s->certs[j];

			bld_fmt(out, "%s{site=\"%s\",key=\"%s\"} %" PRId64
			    "\n", metric->name, s->site.name,
			    c->cert.key_type == 0 ? "csr" : site_key_type_name(
			    (enum site_key_type)c->cert.key_type),
			    metric->value(c));
		}
	}
}

static void
put_all(struct bld *out, const struct status *status, int64_t now, bool ok)
{
	static const char *const last = "signet_last_run_timestamp_seconds";
	static const char *const success = "signet_last_run_success";

	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		put_metric(out, &metrics[i], status);
	put_head(out, last, "When signet last looked at what is due.");
	bld_fmt(out, "%s %" PRId64 "\n", last, now / 1000);
	put_head(out, success, "Whether nothing failed then.");
	bld_fmt(out, "%s %d\n", success, ok ? 1 : 0);
}

/* The folder may be another user's: what lies there is not followed. The
 * collector reads only names that end in .prom. */
static int
replace(const char *path, struct span text, struct err *err)
{
	char temporary[PATH_MAX];
	bool ok;
	int fd, r;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >=
	    sizeof(temporary))
		return err_set(err, ERR_CONFIG, NULL, "the name of the "
		    "textfile is too long");
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "cannot write %s", temporary);
	ok = file_write(fd, text) == 0 && fchmod(fd, 0644) == 0;
	if (ok && rename(temporary, path) == 0) {
		close(fd);
		return 0;
	}
	r = err_errno(err, "cannot write %s", path);
	close(fd);
	unlink(temporary);
	return r;
}

int
textfile_write(struct judge *judge, const char *path, bool ok,
    struct err *err)
{
	struct status status = { .brief = true };
	struct bld out;
	int r = status_load_all(judge, &status, err);

	bld_init(&out, TEXTFILE_MAX);
	if (r == 0) {
		put_all(&out, &status, judge_now(judge), ok);
		r = bld_end(&out) == 0 ? replace(path, bld_view(&out), err) :
		    err_set(err, ERR_TOO_LARGE, NULL, "the textfile would be "
		    "longer than %d bytes", TEXTFILE_MAX);
	}
	bld_free(&out);
	status_done(&status);
	return r;
}
