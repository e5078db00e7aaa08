/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwk_check.h"

#include <openssl/x509.h>

/* All encodings of all eight points, but for the sign. */
bool
jwk_check_small_order(const uint8_t x[JWK_ED25519_SIZE])
{
	static const uint8_t order_8[2][JWK_ED25519_SIZE - 1] = {
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3,
		    0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac,
		    0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
		    0x6d, 0x53, 0xfc },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c,
		    0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53,
		    0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
		    0x92, 0xac, 0x03 },
	};
	uint8_t top = x[JWK_ED25519_SIZE - 1] & 0x7f;
	bool zeros = top == 0, ones = top == 0x7f;

	for (size_t i = 1; i < JWK_ED25519_SIZE - 1; i++) {
		zeros = zeros && x[i] == 0;
		ones = ones && x[i] == 0xff;
	}
	/* y is 0 or 1, or p - 1, p or p + 1 with p = 2^255 - 19. */
	if ((zeros && x[0] <= 1) || (ones && x[0] >= 0xec && x[0] <= 0xee))
		return true;
	return (top == 0x05 && memcmp(x, order_8[0], sizeof(order_8[0])) == 0)
	    || (top == 0x7a && memcmp(x, order_8[1], sizeof(order_8[1])) == 0);
}

bool
jwk_check_der(struct span spki, EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	bool same = len > 0 && span_equal(spki, span_of(der, (size_t)len));

	OPENSSL_free(der);
	return same;
}
