-- SPDX-License-Identifier: Apache-2.0
-- Ids are made by core and grow with time. Times are Unix milliseconds, 0 for
-- none. Status and type numbers are those of acme/objects.h. Blobs named
-- contacts, idents, authz_ids, problem and attestations have the encodings of
-- acme/objects.h, acme/problem.h and rpc/attestation.h.

CREATE TABLE accounts (
	id            INTEGER PRIMARY KEY,
	status        INTEGER NOT NULL,
	thumbprint    BLOB NOT NULL UNIQUE,
	key_spki      BLOB NOT NULL,
	terms_agreed  INTEGER NOT NULL,
	contacts      BLOB NOT NULL,
	created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE orders (
	id             INTEGER PRIMARY KEY,
	account_id     INTEGER NOT NULL REFERENCES accounts (id),
	status         INTEGER NOT NULL,
	expires_at     INTEGER NOT NULL,
	not_before     INTEGER NOT NULL,
	not_after      INTEGER NOT NULL,
	authz_left     INTEGER NOT NULL,
	certificate_id INTEGER NOT NULL,
	profile        TEXT NOT NULL,
	idents         BLOB NOT NULL,
	authz_ids      BLOB NOT NULL,
	problem        BLOB,
	finalized      BLOB
) STRICT;
CREATE INDEX orders_account ON orders (account_id, id);

-- An authorization belongs to the order that it was made for; later orders
-- may use it while it is valid, and only a valid one is ever looked for.
CREATE TABLE authzs (
	id               INTEGER PRIMARY KEY,
	account_id       INTEGER NOT NULL REFERENCES accounts (id),
	order_id         INTEGER NOT NULL,
	status           INTEGER NOT NULL,
	expires_at       INTEGER NOT NULL,
	ident_type       INTEGER NOT NULL,
	wildcard         INTEGER NOT NULL,
	offered          INTEGER NOT NULL,
	attempted        INTEGER NOT NULL,
	attempted_status INTEGER NOT NULL,
	validated_at     INTEGER NOT NULL,
	ident            TEXT NOT NULL,
	token            TEXT NOT NULL,
	problem          BLOB,
	attestations     BLOB
) STRICT;
CREATE INDEX authzs_valid ON authzs
	(account_id, ident, ident_type, wildcard, expires_at)
	WHERE status = 2;
CREATE INDEX authzs_processing ON authzs (id) WHERE attempted_status = 2;

-- Finalize requests that the signer has not answered yet.
CREATE TABLE finalizes (
	order_id   INTEGER PRIMARY KEY,
	unverified BLOB,
	verified   BLOB
) STRICT;

CREATE TABLE certificates (
	id         INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES accounts (id),
	order_id   INTEGER NOT NULL,
	serial     BLOB NOT NULL UNIQUE,
	issuer     INTEGER NOT NULL,
	not_after  INTEGER NOT NULL,
	der        BLOB NOT NULL
) STRICT;
