-- name: sso_link_find :one
SELECT account FROM sso_link WHERE issuer = $issuer AND subject = $subject;

-- name: sso_link_insert :exec
INSERT INTO sso_link (issuer, subject, account, created) VALUES ($issuer, $subject, $account, $now)
ON CONFLICT (issuer, subject) DO NOTHING;

-- name: sso_session_insert :exec
INSERT INTO sso_session (session) VALUES ($session);

-- name: sso_session_all :many
SELECT session FROM sso_session ORDER BY session;
