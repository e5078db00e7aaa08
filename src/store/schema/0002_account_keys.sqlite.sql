-- SPDX-License-Identifier: Apache-2.0
-- Whether the key of a certification request is an account's (RFC 8555 11.1).
CREATE INDEX accounts_key ON accounts (key_spki);
