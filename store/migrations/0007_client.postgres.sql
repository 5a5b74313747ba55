-- +goose Up
-- Doors whose paths name no organisation find it by the app.
CREATE INDEX app_client ON app (client_id);
