-- name: metrics_hot_put :exec
INSERT INTO metrics_hot (slot, host, data) VALUES ($slot, $host, $data)
ON CONFLICT (slot, host) DO NOTHING;

-- name: metrics_hot_range :many
WITH RECURSIVE span(slot) AS (SELECT CAST($from AS BIGINT) UNION ALL SELECT slot + 1 FROM span WHERE slot + 1 < $to)
SELECT h.slot, h.data FROM span CROSS JOIN metrics_hot AS h ON h.slot = span.slot AND h.host = $host;

-- name: metrics_hot_oldest :one
SELECT COALESCE(MIN(slot), 0) FROM metrics_hot;

-- name: metrics_hot_newest :one
SELECT COALESCE(MAX(slot), 0) FROM metrics_hot;

-- name: metrics_hot_delete :exec
DELETE FROM metrics_hot WHERE slot < $before;

-- name: metrics_chunk_put :exec
INSERT INTO metrics_chunk (host, tier, t0, data) VALUES ($host, $tier, $t0, $data)
ON CONFLICT (host, tier, t0) DO UPDATE SET data = $data;

-- name: metrics_chunk_get :one
SELECT data FROM metrics_chunk WHERE host = $host AND tier = $tier AND t0 = $t0;

-- name: metrics_chunk_is_there :one
SELECT COUNT(*) FROM metrics_chunk WHERE host = $host AND tier = $tier AND t0 = $t0;

-- name: metrics_chunk_range :many
SELECT t0, data FROM metrics_chunk WHERE host = $host AND tier = $tier AND t0 >= $from AND t0 < $to ORDER BY t0;

-- name: metrics_chunk_expire :exec
DELETE FROM metrics_chunk WHERE tier = $tier AND t0 < $before;

-- name: metrics_chunk_forget :exec
DELETE FROM metrics_chunk WHERE host = $host;

-- name: metrics_hot_forget :exec
DELETE FROM metrics_hot WHERE host = $host;
