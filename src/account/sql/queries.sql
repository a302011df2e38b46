-- name: account_owner :one
SELECT id, name, role, password, lang, theme FROM account WHERE role = 'owner';

-- name: account_by_name :one
SELECT id, name, role, password, lang, theme FROM account WHERE name = $name;

-- name: account_by_id :one
SELECT id, name, role, password, lang, theme FROM account WHERE id = $id;

-- name: account_insert :exec
INSERT INTO account (id, name, role, password, lang, theme, created, password_set)
VALUES ($id, $name, $role, $password, '', 'auto', $now, $now);

-- name: account_login_set :exec
UPDATE account SET name = $name, password = $password, password_set = $now WHERE id = $id;

-- name: account_password_rehash :exec
UPDATE account SET password = $password WHERE id = $id AND password = $former;

-- name: account_password_holds :one
SELECT COUNT(*) FROM account WHERE id = $id AND password = $password;

-- name: account_passwords_void :exec
UPDATE account SET password = '' WHERE role = 'owner';

-- name: account_prefs_set :exec
UPDATE account SET lang = $lang, theme = $theme WHERE id = $id;

-- name: account_session_all :many
SELECT id, account, token_hash, csrf_secret, bearer, created, last_seen, expires, source, client
FROM account_session ORDER BY created, id;

-- name: account_session_insert :exec
INSERT INTO account_session (id, account, token_hash, csrf_secret, bearer, created, last_seen, expires, source, client)
VALUES ($id, $account, $token_hash, $csrf_secret, $bearer, $created, $created, $expires, $source, $client);

-- name: account_session_seen_set :exec
UPDATE account_session SET last_seen = $last_seen WHERE id = $id;

-- name: account_session_delete :exec
DELETE FROM account_session WHERE id = $id;

-- name: account_session_delete_all :exec
DELETE FROM account_session;

-- name: account_setup_token_live :one
SELECT COUNT(*) FROM account_setup_token WHERE token_hash = $token_hash AND expires > $now;

-- name: account_setup_token_insert :exec
INSERT INTO account_setup_token (token_hash, kind, created, expires)
VALUES ($token_hash, $kind, $created, $expires);

-- name: account_setup_token_replace :exec
DELETE FROM account_setup_token WHERE kind = $kind OR expires <= $now;

-- name: account_setup_token_clear :exec
DELETE FROM account_setup_token;

-- name: account_browser_all :many
SELECT id, account, token_hash, last_login FROM account_browser ORDER BY last_login, id;

-- name: account_browser_insert :exec
INSERT INTO account_browser (id, account, token_hash, last_login)
VALUES ($id, $account, $token_hash, $last_login);

-- name: account_browser_seen_set :exec
UPDATE account_browser SET last_login = $last_login WHERE id = $id;

-- name: account_browser_delete :exec
DELETE FROM account_browser WHERE id = $id;

-- name: account_browser_delete_all :exec
DELETE FROM account_browser;

-- name: account_browser_purge :exec
DELETE FROM account_browser WHERE last_login < $before;

-- name: account_event_insert :exec
INSERT INTO account_event (id, at, kind, account, source, detail)
VALUES ($id, $at, $kind, $account, $source, $detail);

-- name: account_event_purge :exec
DELETE FROM account_event WHERE at < $before;
