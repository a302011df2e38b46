-- name: app_all :many
SELECT id, account, name, scopes, rate, burst, quota, sources, state, created, killed, effect_ms,
       last_used, last_source, used_day, used_count FROM app ORDER BY created DESC, id;

-- name: app_count :one
SELECT COUNT(*) FROM app;

-- name: app_is_active :one
SELECT COUNT(*) FROM app WHERE id = $id AND state = 'active';

-- name: app_insert :exec
INSERT INTO app (id, account, name, scopes, rate, burst, quota, sources, state, created, killed,
                 effect_ms, last_used, last_source, used_day, used_count)
VALUES ($id, $account, $name, $scopes, $rate, $burst, $quota, $sources, 'active', $created, 0, -1,
        0, '', 0, 0);

-- name: app_set :exec
UPDATE app SET name = $name, scopes = $scopes, rate = $rate, burst = $burst, quota = $quota,
       sources = $sources WHERE id = $id;

-- name: app_state_set :exec
UPDATE app SET state = $state, killed = $killed WHERE id = $id;

-- name: app_effect_set :exec
UPDATE app SET effect_ms = $effect_ms WHERE id = $id;

-- name: app_used_set :exec
UPDATE app SET last_used = $last_used, last_source = $last_source, used_day = $used_day,
       used_count = $used_count WHERE id = $id;

-- name: app_delete :exec
DELETE FROM app WHERE id = $id;

-- name: app_credential_all :many
SELECT id, app, kind, material, created, ends FROM app_credential ORDER BY created, id;

-- name: app_credential_insert :exec
INSERT INTO app_credential (id, app, kind, material, created, ends)
VALUES ($id, $app, $kind, $material, $created, 0);

-- name: app_credential_ends_set :exec
UPDATE app_credential SET ends = $ends WHERE app = $app AND id <> $keep;

-- name: app_credential_delete :exec
DELETE FROM app_credential WHERE id = $id;

-- name: app_credential_delete_of :exec
DELETE FROM app_credential WHERE app = $app;
