-- +goose Up
-- Without the extension the filters co and ew work by scanning.
-- +goose StatementBegin
DO $$
BEGIN
	CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN OTHERS THEN
	RAISE NOTICE 'pg_trgm cannot be had: %', SQLERRM;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
BEGIN
	IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') THEN
		CREATE INDEX resource_search ON resource USING gin (search gin_trgm_ops)
			WITH (fastupdate = on, gin_pending_list_limit = 512);
	END IF;
END
$$;
-- +goose StatementEnd
