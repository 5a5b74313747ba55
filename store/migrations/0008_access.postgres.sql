-- +goose Up
CREATE TABLE assignment (
	org_id       uuid NOT NULL,
	id           uuid NOT NULL,
	role_id      uuid NOT NULL,
	subject_type text COLLATE "C" NOT NULL,
	subject_id   uuid NOT NULL,
	inherited    smallint NOT NULL,
	created      bigint NOT NULL,
	expires      bigint NOT NULL,
	CONSTRAINT assignment_key PRIMARY KEY (org_id, id),
	CONSTRAINT assignment_grant UNIQUE (org_id, role_id, subject_type, subject_id)
);
CREATE INDEX assignment_subject ON assignment (org_id, subject_id, id);
-- A role may be assigned in the organisations below its own.
CREATE INDEX assignment_role ON assignment (role_id, org_id, id);
CREATE INDEX assignment_inherited ON assignment (org_id, inherited, id);

-- Nearly all users are active.
CREATE INDEX resource_inactive ON resource (org_id, id) WHERE type = 'User' AND active = 1;

-- NULL is 0: the connection may not change roles and permissions.
ALTER TABLE connection ADD COLUMN access smallint;
