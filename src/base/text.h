/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_TEXT_H
#define SIGNET_BASE_TEXT_H

/*
 * text: hex, base64url, base64, PEM armour, decimal numbers. All decoders are
 * strict: one encoding per value, no white space, no padding where the form
 * has none.
 */

#include "base/bld.h"
#include "base/err.h"

/* Lower-case hex, appended. */
void text_hex(struct bld *out, struct span in);

/* Even length, either case. -ERR_MALFORMED otherwise. */
int text_unhex(struct bld *out, struct span in);

/* RFC 7515 section 2: base64url without padding. */
void text_base64url(struct bld *out, struct span in);

/* Refuses padding, white space, any other alphabet, a length of 1 mod 4, and
 * non-zero trailing bits (RFC 4648 section 3.5): -ERR_MALFORMED. */
int text_unbase64url(struct bld *out, struct span in);

/* RFC 7468 armour with 64-column lines and LF ends: label "CERTIFICATE". */
void text_pem(struct bld *out, const char *label, struct span der);

/* Digits only, no sign, no leading zero but "0" itself, at most max. */
int text_uint(struct span in, uint64_t max, uint64_t *ret);

/* c, in lower case if it is an ASCII letter, whatever the locale. */
static inline char
text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* v in decimal, appended. */
void text_decimal(struct bld *out, int64_t v);

/* RFC 3339 in UTC with seconds: "2026-11-21T09:00:00Z". ms is Unix time in
 * milliseconds, cut to seconds. */
#define TEXT_TIME_SIZE 21 /* bytes, with the final NUL */
void text_time(char out[TEXT_TIME_SIZE], int64_t ms);

/* RFC 3339 section 5.6 date-time with any offset and fraction (cut to ms). */
int text_untime(struct span in, int64_t *ret_ms);

/* Copies in to out with control and non-ASCII bytes as \xNN, cut to fit with
 * a final NUL: what may be put into a log line or an error sentence. */
void text_printable(char *out, size_t out_size, struct span in);

/* The same of what a program said in lines, with " | " between those; where it
 * is too much, the end of it, which says most. */
void text_said(char *out, size_t out_size, struct span in);

#endif
