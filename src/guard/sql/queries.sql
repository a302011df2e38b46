-- name: guard_entry_put :exec
INSERT INTO guard_entry (id, prefix, stage, reason, score, strikes, since, until, actor, note)
VALUES ($id, $prefix, $stage, $reason, $score, $strikes, $since, $until, $actor, $note)
ON CONFLICT (id) DO UPDATE SET stage = $stage, reason = $reason, score = $score, strikes = $strikes, until = $until;

-- name: guard_entry_delete :exec
DELETE FROM guard_entry WHERE id = $id;

-- name: guard_entry_purge :exec
DELETE FROM guard_entry WHERE until <= $now;

-- name: guard_entry_list :many
SELECT id, prefix, stage, reason, score, strikes, since, until, actor, note FROM guard_entry WHERE until > $now ORDER BY since;

-- name: guard_allow_insert :exec
INSERT INTO guard_allow (id, prefix, note, actor, at) VALUES ($id, $prefix, $note, $actor, $at);

-- name: guard_allow_delete :exec
DELETE FROM guard_allow WHERE id = $id;

-- name: guard_allow_list :many
SELECT id, prefix, note, actor, at FROM guard_allow ORDER BY at;

-- name: guard_switch_get :one
SELECT dry_run FROM guard_switch WHERE id = 1;

-- name: guard_switch_set :exec
INSERT INTO guard_switch (id, dry_run) VALUES (1, $dry_run) ON CONFLICT (id) DO UPDATE SET dry_run = $dry_run;
