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

-- Administrators have roles like everybody else. The id of what they were is
-- that of the user, as a UUID of version 8.
INSERT INTO assignment (org_id, id, role_id, subject_type, subject_id, inherited, created, expires)
SELECT org_id, unhex(substr(hex(user_id), 1, 12) || '8' || substr(hex(user_id), 14)),
       CASE role WHEN 'operator' THEN x'6d757374657280008000000000000001'
                 ELSE x'6d757374657280008000000000000002' END,
       'User', user_id, CASE role WHEN 'operator' THEN 1 ELSE 0 END, created, 0
  FROM administrator;
DROP TABLE administrator;

-- Nearly all users are active.
CREATE INDEX resource_inactive ON resource (org_id, type, active, id) WHERE active = 1;

-- NULL is 0: the connection may not change roles and permissions.
ALTER TABLE connection ADD COLUMN access INTEGER;

-- As 0004.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
	('assignment', 'assignment', '1000000 1000000 1'),
	('assignment', 'sqlite_autoindex_assignment_2', '1000000 1000000 1000 1000 1'),
	('assignment', 'assignment_subject', '1000000 1000000 5 1'),
	('assignment', 'assignment_role', '1000000 1000 1000 1'),
	('assignment', 'assignment_inherited', '1000000 1000000 500000 1');
ANALYZE sqlite_schema;
