-- +goose Up
CREATE TABLE assignment (
	org_id       BLOB NOT NULL,
	id           BLOB NOT NULL,
	role_id      BLOB NOT NULL,
	subject_type TEXT NOT NULL,
	subject_id   BLOB NOT NULL,
	inherited    INTEGER NOT NULL,
	created      INTEGER NOT NULL,
	expires      INTEGER NOT NULL,
	PRIMARY KEY (org_id, id),
	UNIQUE (org_id, role_id, subject_type, subject_id)
) WITHOUT ROWID;
CREATE INDEX assignment_subject ON assignment (org_id, subject_id, id);
-- A role may be assigned in the organisations below its own.
CREATE INDEX assignment_role ON assignment (role_id, org_id, id);
CREATE INDEX assignment_inherited ON assignment (org_id, inherited, id);

-- Nearly all users are active.
CREATE INDEX resource_inactive ON resource (org_id, id) WHERE type = 'User' AND active = 1;

-- NULL is 0: the connection may not change roles and permissions.
ALTER TABLE connection ADD COLUMN access INTEGER;
