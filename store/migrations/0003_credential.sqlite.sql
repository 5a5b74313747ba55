-- +goose Up
CREATE TABLE credential (
	org_id  BLOB NOT NULL,
	user_id BLOB NOT NULL,
	kind    TEXT NOT NULL,
	secret  BLOB NOT NULL,
	PRIMARY KEY (org_id, user_id, kind)
) WITHOUT ROWID;

CREATE TABLE lease (
	name   TEXT PRIMARY KEY,
	holder BLOB NOT NULL,
	ends   INTEGER NOT NULL
) WITHOUT ROWID;
