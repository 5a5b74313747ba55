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

-- Administrators have roles like everybody else. The id of what they were is
-- that of the user, as a UUID of version 8.
INSERT INTO assignment (org_id, id, role_id, subject_type, subject_id, inherited, created, expires)
SELECT org_id, overlay(user_id::text placing '8' from 15 for 1)::uuid,
       CASE role WHEN 'operator' THEN '6d757374-6572-8000-8000-000000000001'::uuid
                 ELSE '6d757374-6572-8000-8000-000000000002'::uuid END,
       'User', user_id, CASE role WHEN 'operator' THEN 1 ELSE 0 END, created, 0
  FROM administrator;
DROP TABLE administrator;

-- Nearly all users are active.
CREATE INDEX resource_inactive ON resource (org_id, type, active, id) WHERE active = 1;

-- NULL is 0: the connection may not change roles and permissions.
ALTER TABLE connection ADD COLUMN access smallint;
