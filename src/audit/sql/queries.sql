-- name: audit_tip_get :one
SELECT size, last_hash, edge FROM audit_tip WHERE id = 1;

-- name: audit_tip_set :exec
INSERT INTO audit_tip (id, size, last_hash, edge) VALUES (1, $size, $last_hash, $edge)
ON CONFLICT (id) DO UPDATE SET size = $size, last_hash = $last_hash, edge = $edge;

-- name: audit_row_insert :exec
INSERT INTO audit_row (seq, at, actor_kind, actor, session, action, object_kind, object, result, source, detail, prev_hash, row_hash)
VALUES ($seq, $at, $actor_kind, $actor, $session, $action, $object_kind, $object, $result, $source, $detail, $prev_hash, $row_hash);

-- name: audit_node_insert :exec
INSERT INTO audit_node (level, place, hash) VALUES ($level, $place, $hash);

-- name: audit_row_hashes :many
SELECT row_hash FROM audit_row WHERE seq >= $first AND seq < $end ORDER BY seq;

-- name: audit_node_hashes :many
SELECT hash FROM audit_node WHERE level = $level AND place >= $first AND place < $end ORDER BY place;

-- name: audit_row_span :many
SELECT seq, at, actor_kind, actor, session, action, object_kind, object, result, source, detail, prev_hash, row_hash
FROM audit_row WHERE seq >= $first ORDER BY seq LIMIT $limit;

-- Newest first. '' and the ends of the number range are "any"; an action ending in a dot is a group.
-- Rows of who touched personal data come only when asked for by their action.
-- name: audit_row_find :many
SELECT seq, at, actor_kind, actor, session, action, object_kind, object, result, source, detail, prev_hash, row_hash
FROM audit_row
WHERE seq < $before AND at >= $from AND at < $to
    AND ($actor = '' OR actor = $actor OR actor_kind = $actor)
    AND ($action <> '' OR (action <> 'data.read' AND action <> 'data.write'))
    AND ($action = '' OR action = $action OR SUBSTR(action, 1, $group_len) = $group)
    AND ($object = '' OR object = $object OR object_kind = $object)
    AND ($session = '' OR session = $session)
    AND ($result = '' OR result = $result)
ORDER BY seq DESC LIMIT $limit;

-- name: audit_filed_insert :exec
INSERT INTO audit_filed (organization, seq) VALUES ($organization, $seq);

-- name: audit_filed_has :one
SELECT COUNT(*) FROM audit_filed WHERE organization = $organization AND seq = $seq;

-- As audit_row_find, of the rows that are filed under one organization.
-- name: audit_row_find_filed :many
SELECT r.seq, r.at, r.actor_kind, r.actor, r.session, r.action, r.object_kind, r.object, r.result, r.source, r.detail, r.prev_hash, r.row_hash
FROM audit_filed f JOIN audit_row r ON r.seq = f.seq
WHERE f.organization = $organization AND f.seq < $before AND r.at >= $from AND r.at < $to
    AND ($actor = '' OR r.actor = $actor OR r.actor_kind = $actor)
    AND ($action <> '' OR (r.action <> 'data.read' AND r.action <> 'data.write'))
    AND ($action = '' OR r.action = $action OR SUBSTR(r.action, 1, $group_len) = $group)
    AND ($object = '' OR r.object = $object OR r.object_kind = $object)
    AND ($session = '' OR r.session = $session)
    AND ($result = '' OR r.result = $result)
ORDER BY f.seq DESC LIMIT $limit;
