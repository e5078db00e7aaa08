-- SPDX-License-Identifier: Apache-2.0
-- Times are Unix milliseconds, 0 for none. options are the rows of
-- agent/conf as lines of key=value.

CREATE TABLE meta (
	key    TEXT PRIMARY KEY,
	value  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- origin: 1 from a command line, 2 from signet.conf.
CREATE TABLE authorities (
	name       TEXT PRIMARY KEY,
	origin     INTEGER NOT NULL,
	options    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- directory is the CA's. The key is DIR/accounts/ID.key.
CREATE TABLE accounts (
	id         INTEGER PRIMARY KEY,
	directory  TEXT NOT NULL UNIQUE,
	kid        TEXT NOT NULL,
	contacts   TEXT NOT NULL,
	terms_url  TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sites (
	id         INTEGER PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,
	origin     INTEGER NOT NULL,
	options    TEXT NOT NULL
) STRICT;

-- One certificate of a site for each type of key (0: the key of a request
-- from outside). due_at is when it has to be looked at again, whatever for.
CREATE TABLE certs (
	id            INTEGER PRIMARY KEY,
	site_id       INTEGER NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
	key_type      INTEGER NOT NULL,
	second        INTEGER NOT NULL,
	due_at        INTEGER NOT NULL,
	-- what is live, as files said
	directory     TEXT NOT NULL DEFAULT '',
	leaf_hash     BLOB,
	spki_hash     BLOB,
	serial        TEXT NOT NULL DEFAULT '',
	cert_id       TEXT NOT NULL DEFAULT '',
	issuer        TEXT NOT NULL DEFAULT '',
	path          TEXT NOT NULL DEFAULT '',
	not_before    INTEGER NOT NULL DEFAULT 0,
	not_after     INTEGER NOT NULL DEFAULT 0,
	-- when it is renewed, and why then
	renew_at      INTEGER NOT NULL DEFAULT 0,
	reason        INTEGER NOT NULL DEFAULT 0,
	ari_start     INTEGER NOT NULL DEFAULT 0,
	ari_end       INTEGER NOT NULL DEFAULT 0,
	ari_check_at  INTEGER NOT NULL DEFAULT 0,
	ari_url       TEXT NOT NULL DEFAULT '',
	-- the order under way
	order_url     TEXT NOT NULL DEFAULT '',
	order_at_ca   TEXT NOT NULL DEFAULT '',
	-- what went wrong last
	failures      INTEGER NOT NULL DEFAULT 0,
	retry_at      INTEGER NOT NULL DEFAULT 0,
	error         TEXT NOT NULL DEFAULT '',
	remedy        TEXT NOT NULL DEFAULT '',
	error_at      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX certs_site ON certs (site_id, key_type);
CREATE INDEX certs_due ON certs (due_at);

-- How often in a row a name failed at a CA, and when it may be tried again.
CREATE TABLE failures (
	ident      TEXT NOT NULL,
	directory  TEXT NOT NULL,
	count      INTEGER NOT NULL,
	until_at   INTEGER NOT NULL,
	PRIMARY KEY (ident, directory)
) STRICT, WITHOUT ROWID;

CREATE TABLE deployments (
	cert_id    INTEGER NOT NULL REFERENCES certs (id) ON DELETE CASCADE,
	step       TEXT NOT NULL,
	done_at    INTEGER NOT NULL,
	tries      INTEGER NOT NULL,
	next_at    INTEGER NOT NULL,
	error      TEXT NOT NULL,
	PRIMARY KEY (cert_id, step)
) STRICT, WITHOUT ROWID;
