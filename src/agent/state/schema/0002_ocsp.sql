-- SPDX-License-Identifier: Apache-2.0
-- The OCSP response beside a certificate, and when the next one is fetched.
ALTER TABLE certs ADD COLUMN ocsp_status  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN ocsp_this    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN ocsp_next    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN ocsp_at      INTEGER NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE certs ADD COLUMN ocsp_tries   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN ocsp_error   TEXT NOT NULL DEFAULT '';

-- Records of dns-persist-01 as they were last seen. until_at: 0 is for ever.
CREATE TABLE records (
	site_id    INTEGER NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
	ident      TEXT NOT NULL,
	until_at   INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL,
	warned_at  INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (site_id, ident)
) STRICT, WITHOUT ROWID;
