-- +goose Up
CREATE TABLE app (
	org_id            BLOB NOT NULL,
	id                BLOB NOT NULL,
	client_id         TEXT NOT NULL,
	disabled          INTEGER NOT NULL,
	created           INTEGER NOT NULL,
	modified          INTEGER NOT NULL,
	version           INTEGER NOT NULL,
	registration_hash BLOB,
	settings          TEXT NOT NULL,
	PRIMARY KEY (org_id, id),
	UNIQUE (org_id, client_id)
);

CREATE TABLE app_secret (
	org_id  BLOB NOT NULL,
	app_id  BLOB NOT NULL,
	id      BLOB NOT NULL,
	hash    BLOB NOT NULL,
	sealed  BLOB,
	prefix  TEXT NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	revoked INTEGER NOT NULL,
	PRIMARY KEY (org_id, app_id, id)
) WITHOUT ROWID;

CREATE TABLE session (
	org_id    BLOB NOT NULL,
	id        BLOB NOT NULL,
	user_id   BLOB NOT NULL,
	hash      BLOB NOT NULL,
	created   INTEGER NOT NULL,
	seen      INTEGER NOT NULL,
	idle      INTEGER NOT NULL,
	expires   INTEGER NOT NULL,
	ended     INTEGER NOT NULL,
	auth_time INTEGER NOT NULL,
	amr       TEXT NOT NULL,
	acr       TEXT NOT NULL,
	agent     TEXT NOT NULL,
	address   TEXT NOT NULL,
	browser   BLOB,
	PRIMARY KEY (org_id, id),
	UNIQUE (org_id, hash)
) WITHOUT ROWID;
CREATE INDEX session_owner ON session (org_id, user_id, id);

CREATE TABLE app_grant (
	org_id     BLOB NOT NULL,
	id         BLOB NOT NULL,
	app_id     BLOB NOT NULL,
	user_id    BLOB,
	session_id BLOB,
	created    INTEGER NOT NULL,
	idle       INTEGER NOT NULL,
	expires    INTEGER NOT NULL,
	ended      INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	rotated    INTEGER NOT NULL,
	secret     BLOB NOT NULL,
	data       BLOB NOT NULL,
	PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
CREATE INDEX app_grant_user ON app_grant (org_id, user_id, app_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX app_grant_session ON app_grant (org_id, session_id, id) WHERE session_id IS NOT NULL;

CREATE TABLE consent (
	org_id   BLOB NOT NULL,
	user_id  BLOB NOT NULL,
	app_id   BLOB NOT NULL,
	scopes   TEXT NOT NULL,
	created  INTEGER NOT NULL,
	modified INTEGER NOT NULL,
	PRIMARY KEY (org_id, user_id, app_id)
) WITHOUT ROWID;

CREATE TABLE artefact (
	org_id   BLOB NOT NULL,
	kind     TEXT NOT NULL,
	hash     BLOB NOT NULL,
	subject  BLOB,
	version  INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	expires  INTEGER NOT NULL,
	consumed INTEGER NOT NULL,
	data     BLOB NOT NULL,
	PRIMARY KEY (org_id, kind, hash)
);
CREATE INDEX artefact_expires ON artefact (org_id, expires);
CREATE INDEX artefact_subject ON artefact (org_id, subject, kind) WHERE subject IS NOT NULL;

CREATE TABLE authenticator (
	org_id  BLOB NOT NULL,
	user_id BLOB NOT NULL,
	id      BLOB NOT NULL,
	kind    TEXT NOT NULL,
	lookup  BLOB NOT NULL,
	name    TEXT NOT NULL,
	created INTEGER NOT NULL,
	used    INTEGER NOT NULL,
	version INTEGER NOT NULL,
	sealed  BLOB NOT NULL,
	PRIMARY KEY (org_id, user_id, id),
	UNIQUE (org_id, kind, lookup)
);

CREATE TABLE verified (
	org_id  BLOB NOT NULL,
	user_id BLOB NOT NULL,
	kind    TEXT NOT NULL,
	address TEXT NOT NULL,
	at      INTEGER NOT NULL,
	PRIMARY KEY (org_id, user_id, kind, address)
) WITHOUT ROWID;

CREATE TABLE attempt (
	org_id   BLOB NOT NULL,
	name     TEXT NOT NULL,
	failures INTEGER NOT NULL,
	began    INTEGER NOT NULL,
	latest   INTEGER NOT NULL,
	PRIMARY KEY (org_id, name)
) WITHOUT ROWID;

CREATE TABLE signing_key (
	org_id   BLOB NOT NULL,
	id       TEXT NOT NULL,
	alg      TEXT NOT NULL,
	created  INTEGER NOT NULL,
	active   INTEGER NOT NULL,
	retiring INTEGER NOT NULL,
	gone     INTEGER NOT NULL,
	public   BLOB NOT NULL,
	sealed   BLOB NOT NULL,
	PRIMARY KEY (org_id, id)
);

CREATE TABLE org_setting (
	org_id BLOB NOT NULL,
	name   TEXT NOT NULL,
	value  BLOB NOT NULL,
	PRIMARY KEY (org_id, name)
) WITHOUT ROWID;

CREATE TABLE domain (
	org_id   BLOB NOT NULL,
	name     TEXT NOT NULL,
	verified INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	PRIMARY KEY (org_id, name),
	UNIQUE (name)
);

CREATE TABLE administrator (
	org_id  BLOB NOT NULL,
	user_id BLOB NOT NULL,
	role    TEXT NOT NULL,
	created INTEGER NOT NULL,
	PRIMARY KEY (org_id, user_id)
) WITHOUT ROWID;

CREATE TABLE job (
	org_id   BLOB NOT NULL,
	id       BLOB NOT NULL,
	kind     TEXT NOT NULL,
	due      INTEGER NOT NULL,
	tries    INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	finished INTEGER NOT NULL,
	failed   INTEGER NOT NULL,
	error    TEXT NOT NULL,
	sealed   BLOB NOT NULL,
	subject  BLOB,
	note     TEXT NOT NULL,
	PRIMARY KEY (org_id, id)
);
CREATE INDEX job_due ON job (due) WHERE finished = 0;
