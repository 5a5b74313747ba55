-- +goose Up
CREATE TABLE app (
	org_id            uuid NOT NULL,
	id                uuid NOT NULL,
	client_id         text COLLATE "C" NOT NULL,
	disabled          smallint NOT NULL,
	created           bigint NOT NULL,
	modified          bigint NOT NULL,
	version           bigint NOT NULL,
	registration_hash bytea,
	settings          text COLLATE "C" NOT NULL,
	CONSTRAINT app_key PRIMARY KEY (org_id, id),
	CONSTRAINT app_client_id UNIQUE (org_id, client_id)
);

CREATE TABLE app_secret (
	org_id  uuid NOT NULL,
	app_id  uuid NOT NULL,
	id      uuid NOT NULL,
	hash    bytea NOT NULL,
	sealed  bytea,
	prefix  text COLLATE "C" NOT NULL,
	created bigint NOT NULL,
	expires bigint NOT NULL,
	revoked bigint NOT NULL,
	CONSTRAINT app_secret_key PRIMARY KEY (org_id, app_id, id)
);

CREATE TABLE session (
	org_id    uuid NOT NULL,
	id        uuid NOT NULL,
	user_id   uuid NOT NULL,
	hash      bytea NOT NULL,
	created   bigint NOT NULL,
	seen      bigint NOT NULL,
	idle      bigint NOT NULL,
	expires   bigint NOT NULL,
	ended     bigint NOT NULL,
	auth_time bigint NOT NULL,
	amr       text COLLATE "C" NOT NULL,
	acr       text COLLATE "C" NOT NULL,
	agent     text COLLATE "C" NOT NULL,
	address   text COLLATE "C" NOT NULL,
	browser   uuid,
	CONSTRAINT session_key PRIMARY KEY (org_id, id),
	CONSTRAINT session_hash UNIQUE (org_id, hash)
) WITH (fillfactor = 80);
CREATE INDEX session_owner ON session (org_id, user_id, id);

CREATE TABLE app_grant (
	org_id     uuid NOT NULL,
	id         uuid NOT NULL,
	app_id     uuid NOT NULL,
	user_id    uuid,
	session_id uuid,
	created    bigint NOT NULL,
	idle       bigint NOT NULL,
	expires    bigint NOT NULL,
	ended      bigint NOT NULL,
	generation bigint NOT NULL,
	rotated    bigint NOT NULL,
	secret     bytea NOT NULL,
	data       bytea NOT NULL,
	CONSTRAINT app_grant_key PRIMARY KEY (org_id, id)
) WITH (fillfactor = 80);
CREATE INDEX app_grant_user ON app_grant (org_id, user_id, app_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX app_grant_session ON app_grant (org_id, session_id, id) WHERE session_id IS NOT NULL;

CREATE TABLE consent (
	org_id   uuid NOT NULL,
	user_id  uuid NOT NULL,
	app_id   uuid NOT NULL,
	scopes   text COLLATE "C" NOT NULL,
	created  bigint NOT NULL,
	modified bigint NOT NULL,
	CONSTRAINT consent_key PRIMARY KEY (org_id, user_id, app_id)
);

CREATE TABLE artefact (
	org_id   uuid NOT NULL,
	kind     text COLLATE "C" NOT NULL,
	hash     bytea NOT NULL,
	subject  uuid,
	version  bigint NOT NULL,
	created  bigint NOT NULL,
	expires  bigint NOT NULL,
	consumed bigint NOT NULL,
	data     bytea NOT NULL,
	CONSTRAINT artefact_key PRIMARY KEY (org_id, kind, hash)
) WITH (fillfactor = 80);
CREATE INDEX artefact_expires ON artefact (org_id, expires);
CREATE INDEX artefact_subject ON artefact (org_id, subject, kind) WHERE subject IS NOT NULL;

CREATE TABLE authenticator (
	org_id  uuid NOT NULL,
	user_id uuid NOT NULL,
	id      uuid NOT NULL,
	kind    text COLLATE "C" NOT NULL,
	lookup  bytea NOT NULL,
	name    text COLLATE "C" NOT NULL,
	created bigint NOT NULL,
	used    bigint NOT NULL,
	version bigint NOT NULL,
	sealed  bytea NOT NULL,
	CONSTRAINT authenticator_key PRIMARY KEY (org_id, user_id, id),
	CONSTRAINT authenticator_lookup UNIQUE (org_id, kind, lookup)
) WITH (fillfactor = 80);

CREATE TABLE verified (
	org_id  uuid NOT NULL,
	user_id uuid NOT NULL,
	kind    text COLLATE "C" NOT NULL,
	address text COLLATE "C" NOT NULL,
	at      bigint NOT NULL,
	CONSTRAINT verified_key PRIMARY KEY (org_id, user_id, kind, address)
);

CREATE TABLE attempt (
	org_id   uuid NOT NULL,
	name     text COLLATE "C" NOT NULL,
	failures bigint NOT NULL,
	began    bigint NOT NULL,
	latest   bigint NOT NULL,
	CONSTRAINT attempt_key PRIMARY KEY (org_id, name)
) WITH (fillfactor = 80);

CREATE TABLE signing_key (
	org_id   uuid NOT NULL,
	id       text COLLATE "C" NOT NULL,
	alg      text COLLATE "C" NOT NULL,
	created  bigint NOT NULL,
	active   bigint NOT NULL,
	retiring bigint NOT NULL,
	gone     bigint NOT NULL,
	public   bytea NOT NULL,
	sealed   bytea NOT NULL,
	CONSTRAINT signing_key_key PRIMARY KEY (org_id, id)
);

CREATE TABLE org_setting (
	org_id uuid NOT NULL,
	name   text COLLATE "C" NOT NULL,
	value  bytea NOT NULL,
	CONSTRAINT org_setting_key PRIMARY KEY (org_id, name)
);

CREATE TABLE domain (
	org_id   uuid NOT NULL,
	name     text COLLATE "C" NOT NULL,
	verified bigint NOT NULL,
	created  bigint NOT NULL,
	CONSTRAINT domain_key PRIMARY KEY (org_id, name),
	CONSTRAINT domain_name UNIQUE (name)
);

CREATE TABLE administrator (
	org_id  uuid NOT NULL,
	user_id uuid NOT NULL,
	role    text COLLATE "C" NOT NULL,
	created bigint NOT NULL,
	CONSTRAINT administrator_key PRIMARY KEY (org_id, user_id)
);

CREATE TABLE job (
	org_id   uuid NOT NULL,
	id       uuid NOT NULL,
	kind     text COLLATE "C" NOT NULL,
	due      bigint NOT NULL,
	tries    bigint NOT NULL,
	created  bigint NOT NULL,
	finished bigint NOT NULL,
	failed   smallint NOT NULL,
	error    text COLLATE "C" NOT NULL,
	sealed   bytea NOT NULL,
	subject  uuid,
	note     text COLLATE "C" NOT NULL,
	CONSTRAINT job_key PRIMARY KEY (org_id, id)
) WITH (fillfactor = 80);
CREATE INDEX job_due ON job (due) WHERE finished = 0;
