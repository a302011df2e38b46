-- name: share_key_put :exec
INSERT INTO share_key (account, id, public_key, name, added) VALUES ($account, $id, $public_key, $name, $added)
ON CONFLICT (account, id) DO UPDATE SET name = CASE WHEN $name = '' THEN name ELSE $name END;

-- name: share_key_delete :exec
DELETE FROM share_key WHERE account = $account AND id = $id;

-- name: share_key_delete_of :exec
DELETE FROM share_key WHERE account = $account;

-- name: share_key_count :one
SELECT COUNT(*) FROM share_key WHERE account = $account;

-- name: share_key_count_other :one
SELECT COUNT(*) FROM share_key WHERE account = $account AND id <> $id;

-- name: share_key_list :many
SELECT id, public_key, name, added FROM share_key WHERE account = $account ORDER BY added, id;

-- name: share_claim_purge :exec
DELETE FROM share_claim WHERE expires <= $now;

-- name: share_claim_insert :exec
INSERT INTO share_claim (id, device, account, key, public_key, claim, state, created, expires)
VALUES ($id, $device, $account, $key, $public_key, $claim, 'waiting', $created, $expires)
ON CONFLICT (device, account, key) DO UPDATE
SET id = $id, public_key = $public_key, claim = $claim, state = 'waiting', created = $created, expires = $expires;

-- name: share_claim_count :one
SELECT MAX((SELECT COUNT(*) FROM share_claim WHERE account = $account AND state = 'waiting' AND NOT (device = $device AND key = $key)),
           (SELECT COUNT(*) FROM share_claim WHERE device = $device AND state = 'waiting' AND NOT (account = $account AND key = $key)));

-- name: share_claim_of_account :many
SELECT id, device, account, key, public_key, claim, state, created, expires FROM share_claim
WHERE account = $account AND expires > $now ORDER BY created DESC, id;

-- name: share_claim_of_device :many
SELECT id, device, account, key, public_key, claim, state, created, expires FROM share_claim
WHERE device = $device AND state = 'waiting' AND expires > $now ORDER BY created DESC, id;

-- name: share_claim_one :one
SELECT id, device, account, key, public_key, claim, state, created, expires FROM share_claim
WHERE id = $id AND device = $device AND state = 'waiting' AND expires > $now;

-- name: share_claim_judge :exec
UPDATE share_claim SET state = $state WHERE id = $id AND device = $device AND state = 'waiting' AND expires > $now;

-- name: share_claim_delete :exec
DELETE FROM share_claim WHERE id = $id AND account = $account;

-- name: share_claim_delete_of :exec
DELETE FROM share_claim WHERE account = $account;

-- name: share_claim_delete_device :exec
DELETE FROM share_claim WHERE device = $device;

-- name: share_given_insert :exec
INSERT INTO share_given (id, device, account, key, public_key, grant_id, created, created_by)
VALUES ($id, $device, $account, $key, $public_key, $grant_id, $created, $created_by);

-- name: share_given_regrant :exec
UPDATE share_given SET grant_id = $grant_id WHERE id = $id;

-- name: share_given_delete :exec
DELETE FROM share_given WHERE id = $id;

-- name: share_given_all :many
SELECT id, device, account, key, public_key, grant_id, created, created_by FROM share_given ORDER BY created DESC, id;

-- name: share_given_of_device :many
SELECT id, device, account, key, public_key, grant_id, created, created_by FROM share_given
WHERE device = $device ORDER BY created DESC, id;

-- name: share_given_one :one
SELECT id, device, account, key, public_key, grant_id, created, created_by FROM share_given WHERE id = $id;

-- name: share_list_put :exec
INSERT INTO share_list (device, list, account, left_at, sent_at) VALUES ($device, $list, $account, $left_at, 0)
ON CONFLICT (device) DO UPDATE SET list = $list, account = $account, left_at = $left_at, sent_at = 0;

-- name: share_list_sent :exec
UPDATE share_list SET sent_at = $sent_at WHERE device = $device AND left_at = $left_at;

-- name: share_list_delete :exec
DELETE FROM share_list WHERE device = $device;

-- name: share_list_all :many
SELECT device, list, account, left_at, sent_at FROM share_list;
