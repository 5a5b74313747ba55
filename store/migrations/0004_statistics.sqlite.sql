-- +goose Up
-- Every key begins with the organisation, and without statistics SQLite takes the
-- first column of a key for nearly unique. These are for an organisation that
-- holds everything. They are fixed, so that plans never change by themselves.
ANALYZE setting;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
	('member', 'member', '1000000 1000000 100 100 1'),
	('member', 'sqlite_autoindex_member_2', '1000000 1000000 10 1'),
	('attr_token', 'attr_token', '1000000 1000000 2 1'),
	('unique_value', 'unique_value', '1000000 1000000 1000000 1000000 1'),
	('unique_value', 'unique_value_owner', '1000000 1000000 2'),
	('trash', 'sqlite_autoindex_trash_1', '1000000 1000000 1000000 1'),
	('trash', 'trash_deleted', '1000000 1000000 2'),
	('trash_member', 'trash_member', '1000000 1000000 10 2 1'),
	('change', 'sqlite_autoindex_change_1', '1000000 1000000 1'),
	('change', 'change_target', '1000000 1000000 5 1'),
	('credential', 'credential', '1000000 1000000 1 1');
ANALYZE sqlite_schema;
