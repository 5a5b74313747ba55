-- +goose Up
-- As 0004, for the tables of sign-in and tokens.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
	('session', 'session', '1000000 1000000 1'),
	('session', 'sqlite_autoindex_session_2', '1000000 1000000 1'),
	('session', 'session_owner', '1000000 1000000 5 1'),
	('app_grant', 'app_grant', '1000000 1000000 1'),
	('app_grant', 'app_grant_user', '1000000 1000000 10 2 1'),
	('app_grant', 'app_grant_session', '1000000 1000000 5 1'),
	('consent', 'consent', '1000000 1000000 5 1'),
	('artefact', 'sqlite_autoindex_artefact_1', '1000000 1000000 100000 1'),
	('artefact', 'artefact_expires', '1000000 1000000 10'),
	('artefact', 'artefact_subject', '1000000 1000000 10 2'),
	('authenticator', 'sqlite_autoindex_authenticator_1', '1000000 1000000 2 1'),
	('authenticator', 'sqlite_autoindex_authenticator_2', '1000000 1000000 300000 1'),
	('verified', 'verified', '1000000 1000000 2 1 1'),
	('attempt', 'attempt', '1000000 1000000 1'),
	('job', 'sqlite_autoindex_job_1', '1000000 1000000 1'),
	('job', 'job_due', '1000 1');
ANALYZE sqlite_schema;
