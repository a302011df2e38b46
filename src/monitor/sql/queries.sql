-- name: monitor_host_list :many
SELECT id, number, name, region, cert_serial, simulated FROM monitor_host ORDER BY number;

-- name: monitor_host_number_next :one
SELECT COALESCE(MAX(number), 1) + 1 FROM monitor_host;

-- name: monitor_host_insert :exec
INSERT INTO monitor_host (id, number, name, region, cert_serial, simulated, enrolled)
VALUES ($id, $number, $name, $region, $cert_serial, $simulated, $enrolled);

-- name: monitor_host_delete :exec
DELETE FROM monitor_host WHERE id = $id;

-- name: monitor_token_insert :exec
INSERT INTO monitor_token (id, token_hash, name, region, account, expires, count, used, simulated)
VALUES ($id, $token_hash, $name, $region, $account, $expires, $count, 0, $simulated);

-- name: monitor_token_by_hash :one
SELECT id, name, region, count, simulated FROM monitor_token
WHERE token_hash = $token_hash AND expires > $now AND used < count;

-- name: monitor_token_use :exec
UPDATE monitor_token SET used = used + 1 WHERE id = $id AND expires > $now AND used < count;

-- name: monitor_token_delete :exec
DELETE FROM monitor_token WHERE id = $id;

-- name: monitor_token_purge :exec
DELETE FROM monitor_token WHERE expires < $before;
