/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_OID_H
#define SIGNET_PKIX_OID_H

/*
 * oid: the object identifiers that Signet reads and writes, as the contents
 * of their DER encoding.
 */

#include "base/span.h"

#define OID_COMMON_NAME SPAN_LIT("\x55\x04\x03")             /* 2.5.4.3 */
#define OID_SUBJECT_KEY_ID SPAN_LIT("\x55\x1d\x0e")          /* 2.5.29.14 */
#define OID_KEY_USAGE SPAN_LIT("\x55\x1d\x0f")               /* 2.5.29.15 */
#define OID_SUBJECT_ALT_NAME SPAN_LIT("\x55\x1d\x11")        /* 2.5.29.17 */
#define OID_BASIC_CONSTRAINTS SPAN_LIT("\x55\x1d\x13")       /* 2.5.29.19 */
#define OID_NAME_CONSTRAINTS SPAN_LIT("\x55\x1d\x1e")        /* 2.5.29.30 */
#define OID_CERTIFICATE_POLICIES SPAN_LIT("\x55\x1d\x20")    /* 2.5.29.32 */
#define OID_AUTHORITY_KEY_ID SPAN_LIT("\x55\x1d\x23")        /* 2.5.29.35 */
#define OID_EXT_KEY_USAGE SPAN_LIT("\x55\x1d\x25")           /* 2.5.29.37 */
#define OID_SERVER_AUTH \
	SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x03\x01")  /* 1.3.6.1.5.5.7.3.1 */
#define OID_TLS_FEATURE \
	SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x01\x18")  /* 1.3.6.1.5.5.7.1.24 */
#define OID_ACME_IDENTIFIER \
	SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x01\x1f")  /* 1.3.6.1.5.5.7.1.31 */
#define OID_EXTENSION_REQUEST \
	SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e") /* PKCS#9 14 */
#define OID_DOMAIN_VALIDATED \
	SPAN_LIT("\x67\x81\x0c\x01\x02\x01")          /* 2.23.140.1.2.1 */
#define OID_AUTHORITY_INFO_ACCESS \
	SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x01\x01")  /* 1.3.6.1.5.5.7.1.1 */

#endif
