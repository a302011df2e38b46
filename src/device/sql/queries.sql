-- name: device_all :many
SELECT id, name, serial, model, hw, fw, caps, seal, cert_serial, cert_not_after, simulated, enrolled, last_seen, tags, organization
FROM device;

-- name: device_insert :exec
INSERT INTO device (id, name, serial, model, hw, fw, caps, seal, cert_serial, cert_not_after, simulated, enrolled, last_seen, organization)
VALUES ($id, $name, $serial, '', '', '', '[]', NULL, $cert_serial, $cert_not_after, $simulated, $enrolled, 0, $organization);

-- name: device_facts_set :exec
UPDATE device SET model = $model, hw = $hw, fw = $fw, caps = $caps, seal = $seal WHERE id = $id;

-- name: device_seen_set :exec
UPDATE device SET last_seen = $last_seen WHERE id = $id;

-- name: device_name_set :exec
UPDATE device SET name = $name WHERE id = $id;

-- name: device_tags_set :exec
UPDATE device SET tags = $tags WHERE id = $id;

-- name: device_delete :exec
DELETE FROM device WHERE id = $id;

-- name: device_event_insert :exec
INSERT INTO device_event (device, at, seq, kind, cause, source)
VALUES ($device, $at, $seq, $kind, $cause, $source);

-- name: device_event_list :many
SELECT at, kind, cause, source FROM device_event
WHERE device = $device AND at >= $from AND at < $to
ORDER BY at DESC, seq DESC LIMIT 500;

-- name: device_event_delete :exec
DELETE FROM device_event WHERE device = $device;

-- name: device_event_expire :exec
DELETE FROM device_event WHERE at < $before;

-- name: enrolment_insert :exec
INSERT INTO enrolment (id, token_hash, account, created, expires, count, used, simulated, organization)
VALUES ($id, $token_hash, $account, $created, $expires, $count, 0, $simulated, $organization);

-- name: enrolment_by_hash :one
SELECT id, expires, count, used, simulated, organization FROM enrolment WHERE token_hash = $token_hash;

-- name: enrolment_by_id :one
SELECT expires, count, used FROM enrolment WHERE id = $id AND organization = $organization;

-- name: enrolment_use :exec
UPDATE enrolment SET used = used + 1 WHERE id = $id AND used < count AND expires > $now;

-- name: enrolment_end :exec
UPDATE enrolment SET expires = $now WHERE id = $id AND expires > $now AND organization = $organization;

-- name: enrolment_count_of :one
SELECT COUNT(*) FROM enrolment WHERE account = $account AND expires > $now AND used < count;

-- name: enrolment_end_of :exec
UPDATE enrolment SET expires = $now WHERE account = $account AND expires > $now;

-- name: enrolment_device_insert :exec
INSERT INTO enrolment_device (enrolment, device) VALUES ($enrolment, $device);

-- name: enrolment_device_list :many
SELECT device FROM enrolment_device WHERE enrolment = $enrolment ORDER BY device;

-- name: enrolment_device_expire :exec
DELETE FROM enrolment_device WHERE enrolment IN (SELECT id FROM enrolment WHERE expires < $before);

-- name: enrolment_expire :exec
DELETE FROM enrolment WHERE expires < $before;

-- name: sealed_event_insert :exec
INSERT INTO sealed_event (device, boot, wall, type, received, body)
VALUES ($device, $boot, $wall, $type, $received, $body)
ON CONFLICT (device, boot, wall, type) DO NOTHING;

-- name: sealed_event_delete :exec
DELETE FROM sealed_event WHERE device = $device;

-- name: sealed_event_expire :exec
DELETE FROM sealed_event WHERE received < $before;
