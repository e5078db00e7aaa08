/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/ident_idna.h"

#include <idn2.h>

static int
check_label(struct span label, struct err *err)
{
	uint8_t text[IDENT_LABEL_MAX + 1];
	uint8_t *again = NULL;
	int r;

	if (label.len > IDENT_LABEL_MAX)
		return err_set(err, ERR_MALFORMED, "RFC 1035 2.3.4",
		    "a label has more than %d bytes", IDENT_LABEL_MAX);
	memcpy(text, label.data, label.len);
	text[label.len] = '\0';
	/* Without a U-label this is the A-label's check: RFC 5891 4.2. */
	r = idn2_register_u8(NULL, text, &again, 0);
	if (r == IDN2_OK && !span_equal_str(label, (const char *)again))
		r = IDN2_UALABEL_MISMATCH;
	idn2_free(again);
	if (r != IDN2_OK)
		return err_set(err, ERR_MALFORMED, "RFC 5891 4.2",
		    "\"%.*s\" is no valid A-label: %s", SPAN_FMT(label),
		    idn2_strerror(r));
	return 0;
}

int
ident_idna_check(const struct ident *ident, struct err *err)
{
	struct span rest = ident->value;
	int r = 0;

	if (ident->type != IDENT_DNS)
		return 0;
	while (rest.len > 0 && r == 0) {
		const uint8_t *dot = memchr(rest.data, '.', rest.len);
		size_t len = dot == NULL ? rest.len :
		    (size_t)(dot - rest.data);
		struct span label = span_of(rest.data, len);

		if (span_starts_with(label, SPAN_LIT("xn--")))
			r = check_label(label, err);
		rest = span_from(rest, dot == NULL ? len : len + 1);
	}
	return r;
}
