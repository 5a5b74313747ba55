-- +goose Up
CREATE TABLE credential (
	org_id  uuid NOT NULL,
	user_id uuid NOT NULL,
	kind    text COLLATE "C" NOT NULL,
	secret  bytea NOT NULL,
	CONSTRAINT credential_kind PRIMARY KEY (org_id, user_id, kind)
);

CREATE TABLE lease (
	name   text COLLATE "C" PRIMARY KEY,
	holder uuid NOT NULL,
	ends   bigint NOT NULL
);
