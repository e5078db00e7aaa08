/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/rpc/judge_files.h"
#include "agent/rpc/site.h"
#include "base/json.h"
#include "base/text.h"

#define STEPS_MAX 64
#define DAY_MS INT64_C(86400000)

static int
load_steps(struct judge *judge, struct status *status,
    struct status_cert *cert, struct err *err)
{
	struct state_deployment step = { 0 }, steps[STEPS_MAX] = { 0 };
	int r = 0;

	while (cert->num_steps < STEPS_MAX && (r = state_deployment_next(
	    judge_state(judge), cert->cert.id, step.step, &status->arena,
	    &step, err)) == 0)
		steps[cert->num_steps++] = step;
	cert->steps = arena_alloc(&status->arena,
	    cert->num_steps * sizeof(steps[0]) + 1);
	memcpy(cert->steps, steps, cert->num_steps * sizeof(steps[0]));
	if (r == -(int)ERR_NOT_FOUND) {
		err->kind = ERR_NONE;
		r = 0;
	}
	return r;
}

static int
load_certs(struct judge *judge, struct status *status, int64_t site_id,
    struct status_site *site, struct err *err)
{
	int64_t ids[STATE_CERTS_PER_SITE];
	size_t count = 0;
	int r = state_cert_list(judge_state(judge), site_id, ids, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct status_cert *cert = &site->certs[site->num_certs++];

		*cert = (struct status_cert){ 0 };
		r = state_cert_get(judge_state(judge), ids[i], &status->arena,
		    &cert->cert, err);
		if (r == 0)
			r = load_steps(judge, status, cert, err);
		if (cert->cert.not_after <= status->now)
			status->num_broken++;
	}
	return r;
}

static int
load_records(struct judge *judge, struct status *status, int64_t site_id,
    struct status_site *site, struct err *err)
{
	struct state_record record = { .until_at = 0 };
	int r = 0;

	while (site->num_records < STATUS_RECORDS_MAX &&
	    (r = state_record_next(judge_state(judge), site_id, record.ident,
	    &status->arena, &record, err)) == 0) {
		if (site->records == NULL)
			site->records = arena_alloc(&status->arena,
			    STATUS_RECORDS_MAX * sizeof(record));
		site->records[site->num_records++] = record;
	}
	if (r == -(int)ERR_NOT_FOUND) {
		err->kind = ERR_NONE;
		r = 0;
	}
	return r;
}

static int
add(struct judge *judge, const struct state_site *row, struct status *ret,
    struct err *err)
{
	struct status_site *site;
	int r;

	ret->now = judge_now(judge);
	ret->sites = mem_realloc(ret->sites,
	    (ret->num_sites + 1) * sizeof(ret->sites[0]));
	site = &ret->sites[ret->num_sites];
	*site = (struct status_site){ .origin = row->origin };
	r = judge_read_site(row, &site->site, err);
	if (r < 0)
		return r;
	ret->num_sites++;
	r = ret->brief ? 0 : load_records(judge, ret, row->id, site, err);
	return r < 0 ? r : load_certs(judge, ret, row->id, site, err);
}

int
status_load_all(struct judge *judge, struct status *ret, struct err *err)
{
	struct state_site row = { 0 };
	int r;

	while ((r = state_site_next(judge_state(judge), row.name, &ret->arena,
	    &row, err)) == 0 && (r = add(judge, &row, ret, err)) == 0)
		;
	if (r != -(int)ERR_NOT_FOUND)
		return r;
	err->kind = ERR_NONE;
	return 0;
}

int
status_load(struct judge *judge, const char *name, struct status *ret,
    struct err *err)
{
	struct state_site row;
	int r = state_site_get(judge_state(judge), span_str(name),
	    &ret->arena, &row, err);

	if (r == -(int)ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, NULL, "there is no site "
		    "%s; `signet status` lists all", name);
	return r < 0 ? r : add(judge, &row, ret, err);
}

void
status_done(struct status *status)
{
	for (size_t i = 0; i < status->num_sites; i++)
		site_conf_done(&status->sites[i].site);
	free(status->sites);
	arena_free(&status->arena);
}

/* ---- words -------------------------------------------------------------- */

static const char *const reason_words[STATE_REASON_COUNT] = {
	[STATE_REASON_NEW] = "there is none yet",
	[STATE_REASON_ARI] = "a moment in the window that the CA gave",
	[STATE_REASON_LIFETIME] =
	    "a third of its life (of a short one, half) is left then",
	[STATE_REASON_FORCED] = "the site was changed",
	[STATE_REASON_REVOKED] = "its CA has revoked it",
};

static const char *const ocsp_names[FILES_OCSP_COUNT] = {
	[FILES_OCSP_NONE] = "none", [FILES_OCSP_GOOD] = "good",
	[FILES_OCSP_REVOKED] = "revoked", [FILES_OCSP_UNKNOWN] = "unknown",
};

static const char *
ocsp_name(const struct state_cert *cert)
{
	return ocsp_names[cert->ocsp_status >= FILES_OCSP_COUNT ?
	    FILES_OCSP_NONE : cert->ocsp_status];
}

/* In the unit of which there are two or more. */
static void
put_span(struct bld *out, int64_t ms, const char *before, const char *after)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "days", DAY_MS }, { "hours", DAY_MS / 24 },
		{ "minutes", DAY_MS / 1440 }, { "seconds", 1000 } };
	size_t i = 0;

	while (i < 3 && ms < 2 * units[i].ms)
		i++;
	bld_fmt(out, "%s%" PRId64 " %s%s", before, ms / units[i].ms,
	    units[i].unit, after);
}

static void
put_when(struct bld *out, int64_t at, int64_t now)
{
	char text[TEXT_TIME_SIZE];
	int64_t left = at - now;

	text_time(text, at);
	bld_fmt(out, "%s (", text);
	if (left <= 0)
		put_span(out, -left, "", " ago");
	else
		put_span(out, left, "in ", "");
	bld_str(out, ")");
}

static void
put_renewal(struct bld *out, const struct state_cert *cert, int64_t now)
{
	int64_t at = cert->renew_at > cert->retry_at ? cert->renew_at :
	    cert->retry_at;

	bld_str(out, "  renewal      ");
	if (at <= now)
		bld_str(out, "at the next run");
	else
		put_when(out, at, now);
	bld_fmt(out, ": %s\n", cert->retry_at > cert->renew_at &&
	    cert->error_at != 0 ? "it failed before" :
	    reason_words[cert->not_after == 0 ? STATE_REASON_NEW :
	    cert->reason]);
	if (cert->ari_url.len > 0)
		bld_fmt(out, "               the CA explains it at %.*s\n",
		    SPAN_FMT(cert->ari_url));
}

static void
put_error(struct bld *out, const struct state_cert *cert)
{
	char at[TEXT_TIME_SIZE];

	if (cert->error_at == 0)
		return;
	text_time(at, cert->error_at);
	bld_fmt(out, "  failed       %s", at);
	if (cert->failures > 1)
		bld_fmt(out, ", %" PRId64 " times in a row", cert->failures);
	bld_fmt(out, ": %.*s\n", SPAN_FMT(cert->error));
	if (cert->remedy.len > 0)
		bld_fmt(out, "  what to do   %.*s\n", SPAN_FMT(cert->remedy));
}

/* The OCSP response for stapling, if one is wanted. */
static void
put_ocsp(struct bld *out, const struct state_cert *cert, int64_t now)
{
	char at[TEXT_TIME_SIZE];

	if (cert->ocsp_status == FILES_OCSP_NONE && cert->ocsp_error.len == 0)
		return;
	bld_fmt(out, "  staple       %s", ocsp_name(cert));
	if (cert->ocsp_next != 0) {
		bld_str(out, cert->ocsp_next <= now ? ", RUN OUT " :
		    ", until ");
		put_when(out, cert->ocsp_next, now);
	}
	if (cert->ocsp_at != STATE_NEVER) {
		text_time(at, cert->ocsp_at);
		bld_fmt(out, "; asked again %s", at);
	}
	if (cert->ocsp_error.len > 0)
		bld_fmt(out, ": %.*s", SPAN_FMT(cert->ocsp_error));
	bld_str(out, "\n");
}

static void
put_steps(struct bld *out, const struct status_cert *cert)
{
	char at[TEXT_TIME_SIZE];

	for (size_t i = 0; i < cert->num_steps; i++) {
		const struct state_deployment *step = &cert->steps[i];

		text_time(at, step->done_at == 0 ? step->next_at :
		    step->done_at);
		if (step->done_at != 0)
			bld_fmt(out, "  deployed     %s: %.*s\n", at,
			    SPAN_FMT(step->step));
		else
			bld_fmt(out, "  NOT deployed %.*s: %.*s; tried %"
			    PRId64 " time%s, again %s\n",
			    SPAN_FMT(step->step), SPAN_FMT(step->error),
			    step->tries, step->tries == 1 ? "" : "s", at);
	}
}

/* Port 443 of a name may not be where it is served, and this host may not be
 * where the name is known. */
static void
put_guessed(struct bld *out, const struct status_cert *cert,
    const struct status_site *site)
{
	size_t i = 0;

	while (i < cert->num_served && !(cert->served[i].guessed &&
	    cert->served[i].seen == STATUS_SEEN_NONE))
		i++;
	if (i == cert->num_served)
		return;
	bld_str(out, "               if it is served elsewhere, say where: ");
	if (site->origin == STATE_FROM_FILE)
		bld_str(out, "verify = \"HOST:PORT\" in its block of "
		    "signet.conf\n");
	else
		bld_fmt(out, "`signet get %s --verify HOST:PORT`\n",
		    site->site.name);
}

static void
put_served(struct bld *out, const struct status_cert *cert, int64_t now)
{
	for (size_t i = 0; i < cert->num_served; i++) {
		const struct status_served *at = &cert->served[i];

		bld_fmt(out, "  %s %s", at->seen == STATUS_SEEN_SAME ?
		    "served      " : at->seen == STATUS_SEEN_OTHER ?
		    "NOT served  " : "not seen    ", at->where);
		if (at->address.len > 0)
			bld_fmt(out, " at %.*s", SPAN_FMT(at->address));
		if (at->seen == STATUS_SEEN_NONE)
			bld_fmt(out, ": %.*s", SPAN_FMT(at->error));
		if (at->seen == STATUS_SEEN_OTHER) {
			bld_fmt(out, ": another is, %.*s, until ",
			    SPAN_FMT(at->serial));
			put_when(out, at->not_after, now);
		}
		bld_str(out, "\n");
	}
}

static void
put_cert(struct bld *out, const struct status_site *site,
    const struct status_cert *c, int64_t now)
{
	const struct state_cert *cert = &c->cert;

	bld_fmt(out, "  certificate  %s, ", cert->key_type == 0 ?
	    "key elsewhere" :
	    site_key_type_name((enum site_key_type)cert->key_type));
	if (cert->not_after == 0) {
		bld_str(out, "not there yet\n");
	} else {
		bld_str(out, cert->not_after <= now ? "RUN OUT " : "until ");
		put_when(out, cert->not_after, now);
		bld_fmt(out, ", from %.*s\n  files        %.*s\n",
		    SPAN_FMT(cert->issuer), SPAN_FMT(cert->path));
	}
	put_renewal(out, cert, now);
	put_error(out, cert);
	put_ocsp(out, cert, now);
	put_steps(out, c);
	put_served(out, c, now);
	put_guessed(out, c, site);
}

static void
put_records(struct bld *out, const struct status_site *site, int64_t now)
{
	for (size_t i = 0; i < site->num_records; i++) {
		const struct state_record *record = &site->records[i];

		bld_fmt(out, "  dns-persist  %.*s ", SPAN_FMT(record->ident));
		if (record->until_at == 0)
			bld_str(out, "without end");
		else
			bld_str(out, record->until_at <= now ? "ENDED " :
			    "until ");
		if (record->until_at != 0)
			put_when(out, record->until_at, now);
		bld_str(out, record->until_at != 0 && record->until_at < now +
		    JUDGE_RECORD_WARN_MS ? ": publish a record that ends "
		    "later\n" : "\n");
	}
}

static void
put_list(struct bld *out, const char *before, const struct row_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		bld_fmt(out, "%s %s", i == 0 ? before : ",", list->items[i]);
	bld_str(out, list->count == 0 ? "" : "\n");
}

void
status_put_words(struct bld *out, const struct status *status)
{
	if (status->num_sites == 0)
		bld_str(out, "There is no site yet: `signet get NAME` makes "
		    "the first certificate.\n");
	for (size_t i = 0; i < status->num_sites; i++) {
		const struct status_site *s = &status->sites[i];

		bld_fmt(out, "%s%s\n  names       ", i == 0 ? "" : "\n",
		    s->site.name);
		for (size_t j = 0; j < s->site.names.count; j++)
			bld_fmt(out, " %s", s->site.names.items[j]);
		bld_str(out, "\n");
		put_list(out, "  proven by   ", &s->site.via);
		put_list(out, "  asked at    ", &s->site.ca);
		for (size_t j = 0; j < s->num_certs; j++)
			put_cert(out, s, &s->certs[j], status->now);
		put_records(out, s, status->now);
	}
}

/* ---- JSON --------------------------------------------------------------- */

static const char *const reason_names[STATE_REASON_COUNT] = {
	[STATE_REASON_NEW] = "new", [STATE_REASON_ARI] = "ari",
	[STATE_REASON_LIFETIME] = "lifetime", [STATE_REASON_FORCED] = "forced",
	[STATE_REASON_REVOKED] = "revoked",
};

static void
put_string(struct bld *out, const char *name, struct span value)
{
	bld_fmt(out, "\"%s\":", name);
	json_put_string(out, value);
	bld_str(out, ",");
}

/* null where there is none. */
static void
put_time(struct bld *out, const char *name, int64_t at)
{
	char text[TEXT_TIME_SIZE];

	text_time(text, at);
	if (at == 0)
		bld_fmt(out, "\"%s\":null,", name);
	else
		bld_fmt(out, "\"%s\":\"%s\",", name, text);
}

/* Instead of the last comma. */
static void
close_with(struct bld *out, const char *text)
{
	if (out->len > 0 && out->data[out->len - 1] == ',')
		out->len--;
	bld_str(out, text);
}

static void
put_steps_json(struct bld *out, const struct status_cert *cert)
{
	bld_str(out, "\"deployment\":[");
	for (size_t i = 0; i < cert->num_steps; i++) {
		const struct state_deployment *step = &cert->steps[i];

		bld_str(out, "{");
		put_string(out, "step", step->step);
		bld_fmt(out, "\"done\":%s,\"tries\":%" PRId64 ",",
		    step->done_at != 0 ? "true" : "false", step->tries);
		put_time(out, "done_at", step->done_at);
		put_time(out, "next_try", step->next_at);
		put_string(out, "error", step->error);
		close_with(out, "},");
	}
	close_with(out, "]");
}

static void
put_renewal_json(struct bld *out, const struct state_cert *cert)
{
	enum state_reason reason = cert->not_after == 0 ? STATE_REASON_NEW :
	    cert->reason;

	bld_str(out, "\"renewal\":{");
	put_time(out, "at", cert->renew_at);
	put_time(out, "not_before_retry", cert->retry_at);
	put_string(out, "reason", span_str(reason_names[reason]));
	put_time(out, "window_start", cert->ari_start);
	put_time(out, "window_end", cert->ari_end);
	put_string(out, "explanation", cert->ari_url);
	put_time(out, "next_question", cert->ari_check_at);
	close_with(out, "},");
	if (cert->error_at == 0) {
		bld_str(out, "\"error\":null,");
		return;
	}
	bld_str(out, "\"error\":{");
	put_time(out, "at", cert->error_at);
	put_string(out, "text", cert->error);
	put_string(out, "remedy", cert->remedy);
	bld_fmt(out, "\"failures\":%" PRId64 "},", cert->failures);
}

/* null where none is wanted. */
static void
put_ocsp_json(struct bld *out, const struct state_cert *cert)
{
	if (cert->ocsp_status == FILES_OCSP_NONE &&
	    cert->ocsp_error.len == 0) {
		bld_str(out, "\"ocsp\":null,");
		return;
	}
	bld_str(out, "\"ocsp\":{");
	put_string(out, "status", span_str(ocsp_name(cert)));
	put_time(out, "this_update", cert->ocsp_this);
	put_time(out, "next_update", cert->ocsp_next);
	put_time(out, "next_question", cert->ocsp_at == STATE_NEVER ? 0 :
	    cert->ocsp_at);
	put_string(out, "error", cert->ocsp_error);
	close_with(out, "},");
}

/* Without it nobody looked. */
static void
put_served_json(struct bld *out, const struct status_cert *cert)
{
	static const char *const same[] = {
		[STATUS_SEEN_NONE] = "null", [STATUS_SEEN_SAME] = "true",
		[STATUS_SEEN_OTHER] = "false",
	};

	if (cert->served == NULL)
		return;
	bld_str(out, ",\"served\":[");
	for (size_t i = 0; i < cert->num_served; i++) {
		const struct status_served *at = &cert->served[i];

		bld_str(out, "{");
		put_string(out, "where", span_str(at->where));
		put_string(out, "address", at->address);
		bld_fmt(out, "\"same\":%s,", same[at->seen]);
		put_string(out, "serial", at->serial);
		put_time(out, "not_after", at->not_after);
		put_string(out, "error", at->error);
		close_with(out, "},");
	}
	close_with(out, "]");
}

static void
put_cert_json(struct bld *out, const struct status_cert *c)
{
	const struct state_cert *cert = &c->cert;

	bld_str(out, "{");
	put_string(out, "key_type", span_str(cert->key_type == 0 ? "csr" :
	    site_key_type_name((enum site_key_type)cert->key_type)));
	bld_fmt(out, "\"live\":%s,", cert->not_after != 0 ? "true" : "false");
	put_string(out, "path", cert->path);
	put_string(out, "ca", cert->directory);
	put_string(out, "issuer", cert->issuer);
	put_string(out, "serial", cert->serial);
	put_time(out, "not_before", cert->not_before);
	put_time(out, "not_after", cert->not_after);
	put_time(out, "due", cert->due_at);
	put_renewal_json(out, cert);
	put_ocsp_json(out, cert);
	put_steps_json(out, c);
	put_served_json(out, c);
	bld_str(out, "},");
}

static void
put_records_json(struct bld *out, const struct status_site *site)
{
	bld_str(out, "\"records\":[");
	for (size_t i = 0; i < site->num_records; i++) {
		bld_str(out, "{");
		put_string(out, "name", site->records[i].ident);
		put_time(out, "until", site->records[i].until_at);
		put_time(out, "seen", site->records[i].seen_at);
		close_with(out, "},");
	}
	close_with(out, "]},");
}

static void
put_list_json(struct bld *out, const char *name, const struct row_list *list)
{
	bld_fmt(out, "\"%s\":[", name);
	for (size_t i = 0; i < list->count; i++) {
		json_put_string(out, span_str(list->items[i]));
		bld_str(out, ",");
	}
	close_with(out, "],");
}

void
status_put_json(struct bld *out, const struct status *status)
{
	bld_fmt(out, "{\"version\":%d,\"sites\":[", STATUS_JSON_VERSION);
	for (size_t i = 0; i < status->num_sites; i++) {
		const struct status_site *s = &status->sites[i];

		bld_str(out, "{");
		put_string(out, "name", span_str(s->site.name));
		put_string(out, "origin", s->origin == STATE_FROM_FILE ?
		    SPAN_LIT("configuration") : SPAN_LIT("command"));
		put_list_json(out, "names", &s->site.names);
		put_list_json(out, "via", &s->site.via);
		put_list_json(out, "cas", &s->site.ca);
		bld_str(out, "\"certificates\":[");
		for (size_t j = 0; j < s->num_certs; j++)
			put_cert_json(out, &s->certs[j]);
		close_with(out, "],");
		put_records_json(out, s);
	}
	close_with(out, "]}\n");
}
