-- +goose Up
CREATE TABLE setting (
	name  text COLLATE "C" PRIMARY KEY,
	value bytea NOT NULL
);

CREATE TABLE epoch (
	id bigint PRIMARY KEY,
	n  bigint NOT NULL
);
INSERT INTO epoch (id, n) VALUES (1, 1);

CREATE TABLE organisation (
	org_id   uuid PRIMARY KEY,
	parent   uuid,
	slug     text COLLATE "C" NOT NULL,
	name     text COLLATE "C" NOT NULL,
	created  bigint NOT NULL,
	modified bigint NOT NULL,
	CONSTRAINT organisation_slug UNIQUE (slug)
);

CREATE TABLE connection (
	org_id   uuid NOT NULL,
	id       uuid NOT NULL,
	name     text COLLATE "C" NOT NULL,
	dialect  text COLLATE "C" NOT NULL,
	domain   text COLLATE "C" NOT NULL,
	user_id  uuid,
	rate     bigint NOT NULL,
	disabled smallint NOT NULL,
	created  bigint NOT NULL,
	modified bigint NOT NULL,
	CONSTRAINT connection_id PRIMARY KEY (org_id, id),
	CONSTRAINT connection_name UNIQUE (org_id, name)
);

CREATE TABLE token (
	org_id        uuid NOT NULL,
	id            uuid NOT NULL,
	connection_id uuid NOT NULL,
	hash          bytea NOT NULL,
	prefix        text COLLATE "C" NOT NULL,
	created       bigint NOT NULL,
	expires       bigint NOT NULL,
	revoked       bigint NOT NULL,
	CONSTRAINT token_id PRIMARY KEY (org_id, id),
	CONSTRAINT token_hash UNIQUE (hash)
);
CREATE INDEX token_connection ON token (org_id, connection_id, id);

CREATE TABLE stored_schema (
	org_id   uuid NOT NULL,
	id       text COLLATE "C" NOT NULL,
	doc      text COLLATE "C" NOT NULL,
	type     text COLLATE "C" NOT NULL,
	required smallint NOT NULL,
	CONSTRAINT stored_schema_id PRIMARY KEY (org_id, id)
);

CREATE TABLE resource (
	org_id      uuid NOT NULL,
	type        text COLLATE "C" NOT NULL,
	id          uuid NOT NULL,
	version     bigint NOT NULL,
	created     bigint NOT NULL,
	modified    bigint NOT NULL,
	name_key    text COLLATE "C",
	display_key text COLLATE "C",
	email_key   text COLLATE "C",
	emails      text COLLATE "C",
	label       text COLLATE "C" NOT NULL,
	active      smallint NOT NULL,
	uniques     smallint NOT NULL,
	tokens      bytea,
	external    text COLLATE "C",
	doc         text COLLATE "C" NOT NULL,
	search      text COLLATE "C" GENERATED ALWAYS AS (
		coalesce(name_key, '') || chr(10) || coalesce(display_key, '') || chr(10) ||
		coalesce(email_key, '') || chr(10) || coalesce(emails, '')
	) STORED,
	CONSTRAINT resource_id PRIMARY KEY (org_id, type, id),
	CONSTRAINT resource_name_key UNIQUE (org_id, type, name_key)
);
CREATE INDEX resource_display ON resource (org_id, type, display_key, id);
CREATE INDEX resource_email ON resource (org_id, type, email_key, id);
CREATE INDEX resource_modified ON resource (org_id, type, modified, id);
CREATE INDEX resource_created ON resource (org_id, type, created, id);

CREATE TABLE attr_token (
	org_id uuid NOT NULL,
	h      bigint NOT NULL,
	id     uuid NOT NULL,
	CONSTRAINT attr_token_id PRIMARY KEY (org_id, h, id)
);

CREATE TABLE unique_value (
	org_id uuid NOT NULL,
	type   text COLLATE "C" NOT NULL,
	path   text COLLATE "C" NOT NULL,
	value  text COLLATE "C" NOT NULL,
	id     uuid NOT NULL,
	CONSTRAINT unique_value_value PRIMARY KEY (org_id, type, path, value)
);
CREATE INDEX unique_value_owner ON unique_value (org_id, id);

CREATE TABLE member (
	org_id      uuid NOT NULL,
	group_id    uuid NOT NULL,
	member_type text COLLATE "C" NOT NULL,
	member_id   uuid NOT NULL,
	CONSTRAINT member_member_id PRIMARY KEY (org_id, group_id, member_type, member_id),
	CONSTRAINT member_group_id UNIQUE (org_id, member_id, group_id)
);

CREATE TABLE trash (
	org_id      uuid NOT NULL,
	type        text COLLATE "C" NOT NULL,
	id          uuid NOT NULL,
	deleted     bigint NOT NULL,
	version     bigint NOT NULL,
	created     bigint NOT NULL,
	modified    bigint NOT NULL,
	name_key    text COLLATE "C",
	display_key text COLLATE "C",
	email_key   text COLLATE "C",
	emails      text COLLATE "C",
	label       text COLLATE "C" NOT NULL,
	active      smallint NOT NULL,
	tokens      bytea,
	external    text COLLATE "C",
	doc         text COLLATE "C" NOT NULL,
	unique_doc  text COLLATE "C",
	CONSTRAINT trash_id PRIMARY KEY (org_id, type, id)
);
CREATE INDEX trash_deleted ON trash (org_id, deleted);

CREATE TABLE trash_member (
	org_id      uuid NOT NULL,
	owner_id    uuid NOT NULL,
	group_id    uuid NOT NULL,
	member_type text COLLATE "C" NOT NULL,
	member_id   uuid NOT NULL,
	CONSTRAINT trash_member_member_id PRIMARY KEY (org_id, owner_id, group_id, member_id)
);

CREATE TABLE tally (
	org_id uuid NOT NULL,
	type   text COLLATE "C" NOT NULL,
	id     uuid NOT NULL,
	n      bigint NOT NULL,
	CONSTRAINT tally_id PRIMARY KEY (org_id, type, id)
);

CREATE TABLE change (
	org_id     uuid NOT NULL,
	id         uuid NOT NULL,
	at         bigint NOT NULL,
	kind       text COLLATE "C" NOT NULL,
	actor      text COLLATE "C" NOT NULL,
	actor_id   uuid,
	actor_name text COLLATE "C" NOT NULL,
	request_id text COLLATE "C" NOT NULL,
	type       text COLLATE "C" NOT NULL,
	target     uuid,
	version    bigint NOT NULL,
	paths      text COLLATE "C" NOT NULL,
	diff       text COLLATE "C",
	CONSTRAINT change_id PRIMARY KEY (org_id, id)
);
CREATE INDEX change_target ON change (org_id, target, id);

CREATE TABLE async_request (
	org_id        uuid NOT NULL,
	id            uuid NOT NULL,
	connection_id uuid,
	txn           text COLLATE "C" NOT NULL,
	created       bigint NOT NULL,
	body          bytea NOT NULL,
	CONSTRAINT async_request_id PRIMARY KEY (org_id, id)
);

CREATE TABLE event (
	org_id        uuid NOT NULL,
	id            uuid NOT NULL,
	connection_id uuid,
	txn           text COLLATE "C" NOT NULL,
	at            bigint NOT NULL,
	doc           text COLLATE "C" NOT NULL,
	CONSTRAINT event_id PRIMARY KEY (org_id, id)
);
