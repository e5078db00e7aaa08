/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/settings.h"

#include <stdlib.h>

/* What was read comes back from the database's form unchanged, and reading it
 * leaves nothing behind that changes how the next text is read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FORM_MAX (4 * SETTINGS_FILE_MAX)

/* As the state keeps it. */
static void
check_round(const struct row *rows, const void *object, void *copy,
    struct bld *out)
{
	struct bld one, two;

	bld_init(&one, FORM_MAX);
	bld_init(&two, FORM_MAX);
	row_put_all(&one, rows, object);
	if (row_parse_all(bld_view(&one), rows, copy, NULL) != 0)
		abort();
	row_put_all(&two, rows, copy);
	row_clear_all(rows, copy);
	if (!span_equal(bld_view(&one), bld_view(&two)))
		abort();
	bld_span(out, bld_view(&one));
	bld_free(&one);
	bld_free(&two);
}

static void
put(struct span text, struct bld *out)
{
	struct config_errors errors = { 0 };
	struct settings settings;
	struct err err = ERR_INIT;

	if (settings_parse(text, "/etc/signet.conf", &settings, &errors,
	    &err) != 0) {
		if (errors.count == 0 || err.kind != ERR_CONFIG)
			abort();
		settings_put_errors(out, "signet.conf", &errors);
		return;
	}
	for (size_t i = 0; i < settings.num_sites; i++) {
		struct site_conf copy = { 0 };

		if (site_conf_check_name(settings.sites[i].name, NULL) != 0)
			abort();
		bld_str(out, settings.sites[i].name);
		check_round(site_conf_rows, &settings.sites[i], &copy, out);
	}
	for (size_t i = 0; i < settings.num_authorities; i++) {
		struct authority copy = { 0 };

		bld_str(out, settings.authorities[i].name);
		check_round(authority_rows, &settings.authorities[i], &copy,
		    out);
	}
	settings_done(&settings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bld first, second;

	bld_init(&first, FORM_MAX);
	bld_init(&second, FORM_MAX);
	put(span_of(data, size), &first);
	put(span_of(data, size), &second);
	if (!span_equal(bld_view(&first), bld_view(&second)))
		abort();
	bld_free(&first);
	bld_free(&second);
	return 0;
}
