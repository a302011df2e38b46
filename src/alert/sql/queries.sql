-- name: alert_row_put :exec
INSERT INTO alert_row (no, fingerprint, rule, level, title, host, ip, service, metric, value, other, peak, limit_value, first_at, last_at, resolved_at, hits, episodes, told, flapping, inhibited, silenced, escalated_at)
VALUES ($no, $fingerprint, $rule, $level, $title, $host, $ip, $service, $metric, $value, $other, $peak, $limit_value, $first, $last, $resolved, $hits, $episodes, $told, $flapping, $inhibited, $silenced, $escalated)
ON CONFLICT (no) DO UPDATE SET level = $level, title = $title, ip = $ip, value = $value, other = $other, peak = $peak, limit_value = $limit_value, last_at = $last, resolved_at = $resolved, hits = $hits, episodes = $episodes, told = $told, flapping = $flapping, inhibited = $inhibited, silenced = $silenced, escalated_at = $escalated;

-- name: alert_row_ack :exec
UPDATE alert_row SET acked_by = $by, acked_at = $at, ack_comment = $comment WHERE no = $no AND resolved_at = 0;

-- name: alert_row_purge :exec
DELETE FROM alert_row WHERE resolved_at > 0 AND resolved_at < $before;

-- name: alert_row_next :one
SELECT COALESCE(MAX(no), 0) + 1 FROM alert_row;

-- name: alert_row_load :many
SELECT no, fingerprint, rule, level, title, host, ip, service, metric, value, other, peak, limit_value, first_at, last_at, resolved_at, hits, episodes, told, flapping, inhibited, silenced, escalated_at, acked_by, acked_at, ack_comment, 0
FROM alert_row WHERE resolved_at = 0 OR resolved_at > $since ORDER BY no;

-- name: alert_row_get :one
SELECT no, fingerprint, rule, level, title, host, ip, service, metric, value, other, peak, limit_value, first_at, last_at, resolved_at, hits, episodes, told, flapping, inhibited, silenced, escalated_at, acked_by, acked_at, ack_comment,
    EXISTS (SELECT 1 FROM alert_read WHERE alert_read.no = alert_row.no AND account = $account)
FROM alert_row WHERE no = $no;

-- name: alert_row_list :many
SELECT no, fingerprint, rule, level, title, host, ip, service, metric, value, other, peak, limit_value, first_at, last_at, resolved_at, hits, episodes, told, flapping, inhibited, silenced, escalated_at, acked_by, acked_at, ack_comment,
    EXISTS (SELECT 1 FROM alert_read WHERE alert_read.no = alert_row.no AND account = $account) AS is_read
FROM alert_row
WHERE no < $before AND ($host = '' OR host = $host) AND ($rule = '' OR rule = $rule)
    AND CASE $state
        WHEN 'open' THEN resolved_at = 0
        WHEN 'unread' THEN resolved_at = 0 AND NOT EXISTS (SELECT 1 FROM alert_read WHERE alert_read.no = alert_row.no AND account = $account)
        WHEN 'acked' THEN resolved_at = 0 AND acked_at > 0
        WHEN 'silenced' THEN resolved_at = 0 AND (silenced = 1 OR inhibited = 1)
        WHEN 'resolved' THEN resolved_at > $since
        ELSE 1 END
ORDER BY no DESC LIMIT $limit;

-- name: alert_row_counts :one
SELECT COUNT(*) FILTER (WHERE resolved_at = 0),
    COUNT(*) FILTER (WHERE resolved_at = 0 AND NOT EXISTS (SELECT 1 FROM alert_read WHERE alert_read.no = alert_row.no AND account = $account)),
    COUNT(*) FILTER (WHERE resolved_at = 0 AND acked_at > 0),
    COUNT(*) FILTER (WHERE resolved_at = 0 AND (silenced = 1 OR inhibited = 1)),
    COUNT(*) FILTER (WHERE resolved_at > $since)
FROM alert_row WHERE resolved_at = 0 OR resolved_at > $since;

-- name: alert_line_add :exec
INSERT INTO alert_line (no, seq, at, what, actor, detail)
SELECT $no, COALESCE(MAX(seq), 0) + 1, $at, $what, $actor, $detail FROM alert_line WHERE no = $no;

-- name: alert_line_list :many
SELECT at, what, actor, detail FROM alert_line WHERE no = $no ORDER BY seq LIMIT 200;

-- name: alert_read_put :exec
INSERT INTO alert_read (account, no) SELECT $account, no FROM alert_row WHERE no = $no ON CONFLICT (account, no) DO NOTHING;

-- name: alert_read_all :exec
INSERT INTO alert_read (account, no) SELECT $account, no FROM alert_row WHERE resolved_at = 0 ON CONFLICT (account, no) DO NOTHING;

-- name: alert_read_clear :exec
DELETE FROM alert_read WHERE no = $no;

-- name: alert_silence_put :exec
INSERT INTO alert_silence (id, host, rule, from_at, until_at, reason, actor, at) VALUES ($id, $host, $rule, $from, $until, $reason, $actor, $at);

-- name: alert_silence_delete :exec
DELETE FROM alert_silence WHERE id = $id;

-- name: alert_silence_list :many
SELECT id, host, rule, from_at, until_at, reason, actor, at FROM alert_silence WHERE until_at > $now ORDER BY from_at, id;

-- name: alert_rule_put :exec
INSERT INTO alert_rule (id, name, metric, below, limit_value, clear_value, for_ms, clear_ms, level, title, host, enabled, inhibits)
VALUES ($id, $name, $metric, $below, $limit_value, $clear_value, $for_ms, $clear_ms, $level, $title, $host, $enabled, $inhibits)
ON CONFLICT (id) DO UPDATE SET name = $name, metric = $metric, below = $below, limit_value = $limit_value, clear_value = $clear_value, for_ms = $for_ms, clear_ms = $clear_ms, level = $level, title = $title, host = $host, enabled = $enabled, inhibits = $inhibits;

-- name: alert_rule_delete :exec
DELETE FROM alert_rule WHERE id = $id;

-- name: alert_rule_list :many
SELECT id, name, metric, below, limit_value, clear_value, for_ms, clear_ms, level, title, host, enabled, inhibits FROM alert_rule ORDER BY id;

-- name: alert_channel_put :exec
INSERT INTO alert_channel (id, name, kind, language, errors_only, escalation, failover, enabled, config, at)
VALUES ($id, $name, $kind, $language, $errors_only, $escalation, $failover, $enabled, $config, $at)
ON CONFLICT (id) DO UPDATE SET name = $name, language = $language, errors_only = $errors_only, escalation = $escalation, failover = $failover, enabled = $enabled, config = $config;

-- name: alert_channel_count :one
SELECT COUNT(*) FROM alert_channel;

-- name: alert_channel_delete :exec
DELETE FROM alert_channel WHERE id = $id;

-- name: alert_channel_list :many
SELECT id, name, kind, language, errors_only, escalation, failover, enabled, config, at FROM alert_channel ORDER BY at, id;

-- name: alert_outbox_put :exec
INSERT INTO alert_outbox (id, channel, no, what, fact, at, batch)
SELECT COALESCE(MAX(id), 0) + 1, $channel, $no, $what, $fact, $at, '' FROM alert_outbox WHERE id > 0 ON CONFLICT (channel, no, what) DO NOTHING;

-- name: alert_outbox_waiting :many
SELECT channel, COUNT(*), MIN(at), MAX(at) FROM alert_outbox WHERE batch = '' GROUP BY channel;

-- name: alert_outbox_next :many
SELECT id, fact FROM alert_outbox WHERE batch = '' AND channel = $channel ORDER BY id LIMIT 500;

-- name: alert_outbox_of :many
SELECT id, fact FROM alert_outbox WHERE batch = $batch ORDER BY id;

-- name: alert_outbox_take :exec
UPDATE alert_outbox SET batch = $batch WHERE id IN (SELECT id FROM alert_outbox WHERE batch = '' AND channel = $channel ORDER BY id LIMIT $count);

-- name: alert_outbox_failover :exec
INSERT INTO alert_outbox (id, channel, no, what, fact, at, batch)
SELECT (SELECT MAX(id) FROM alert_outbox) + ROW_NUMBER() OVER (ORDER BY id), $to, no, what, fact, $at, '' FROM alert_outbox WHERE batch = $batch AND no > 0 ORDER BY id ON CONFLICT (channel, no, what) DO NOTHING;

-- name: alert_outbox_purge :exec
DELETE FROM alert_outbox WHERE batch IN (SELECT id FROM alert_batch WHERE state <> 'leased' AND last < $before);

-- name: alert_batch_purge :exec
DELETE FROM alert_batch WHERE state <> 'leased' AND last < $before;

-- name: alert_batch_make :exec
INSERT INTO alert_batch (id, channel, state, attempts, made, last, not_before, code) VALUES ($id, $channel, 'leased', 1, $now, $now, $now, '');

-- name: alert_batch_try :exec
UPDATE alert_batch SET attempts = attempts + 1, last = $now WHERE id = $id AND state = 'leased';

-- name: alert_batch_end :exec
UPDATE alert_batch SET state = $state, last = $now, not_before = $not_before, code = $code WHERE id = $id AND state = 'leased';

-- name: alert_batch_leased :many
SELECT id, channel, attempts, made, not_before FROM alert_batch WHERE state = 'leased';

-- name: alert_batch_recent :many
SELECT channel, attempts, last FROM alert_batch WHERE last > $since ORDER BY last;

-- name: alert_batch_list :many
SELECT id, channel, state, (SELECT COUNT(*) FROM alert_outbox WHERE batch = alert_batch.id), attempts, made, last, not_before, code
FROM alert_batch WHERE $channel = '' OR channel = $channel ORDER BY made DESC, id DESC LIMIT 100;

-- name: alert_outbox_count :one
SELECT COUNT(*) FROM alert_outbox WHERE batch = '' AND ($channel = '' OR channel = $channel);
