-- name: account_owner :one
SELECT id, name, role, password, lang, theme, disabled FROM account WHERE role = 'owner' AND organization = 'home'
    AND id <> 'emergency'
ORDER BY CASE WHEN password <> '' AND disabled = 0 THEN 0 ELSE 1 END, created, id LIMIT 1;

-- name: account_by_name :one
SELECT id, name, role, password, lang, theme,
    CASE WHEN disabled = 1 OR organization IN (SELECT id FROM organization WHERE suspended = 1) THEN 1 ELSE 0 END
FROM account WHERE name = $name;

-- name: account_by_id :one
SELECT id, name, role, password, lang, theme,
    CASE WHEN disabled = 1 OR organization IN (SELECT id FROM organization WHERE suspended = 1) THEN 1 ELSE 0 END
FROM account WHERE id = $id;

-- name: account_insert :exec
INSERT INTO account (id, name, role, password, lang, theme, created, password_set, organization)
VALUES ($id, $name, $role, $password, '', 'auto', $now, $now, $organization);

-- name: account_login_set :exec
UPDATE account SET name = $name, password = $password, password_set = $now, disabled = 0 WHERE id = $id;

-- name: account_password_rehash :exec
UPDATE account SET password = $password WHERE id = $id AND password = $former;

-- name: account_password_holds :one
SELECT COUNT(*) FROM account WHERE id = $id AND password = $password AND disabled = 0
    AND organization NOT IN (SELECT id FROM organization WHERE suspended = 1);

-- name: account_passwords_void :exec
UPDATE account SET password = '' WHERE role = 'owner' AND organization = 'home';

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

-- name: account_session_is_there :one
SELECT COUNT(*) FROM account_session WHERE id = $id;

-- name: account_session_token_void :exec
UPDATE account_session SET token_hash = $token_hash WHERE id = $id;

-- name: account_refresh_device_count :one
SELECT COUNT(*) FROM account_refresh_device WHERE session = $session;

-- name: account_refresh_device_insert :exec
INSERT INTO account_refresh_device (session, device_key) VALUES ($session, $device_key);

-- name: account_refresh_insert :exec
INSERT INTO account_refresh (token_hash, session, parent, successor, access_hash, access_expires, consumed)
VALUES ($token_hash, $session, $parent, NULL, $access_hash, $access_expires, 0);

-- name: account_refresh_by_hash :one
SELECT r.session, r.parent, r.successor, r.consumed, d.device_key FROM account_refresh r
JOIN account_refresh_device d ON d.session = r.session WHERE r.token_hash = $token_hash;

-- name: account_refresh_consume :exec
UPDATE account_refresh SET consumed = $now, successor = $successor WHERE token_hash = $token_hash;

-- name: account_refresh_forget_successor :exec
UPDATE account_refresh SET successor = NULL WHERE token_hash = $token_hash;

-- name: account_refresh_access_live :many
SELECT access_hash, session, access_expires FROM account_refresh WHERE access_expires > $now;

-- name: account_refresh_purge :exec
DELETE FROM account_refresh WHERE consumed > 0 AND consumed < $before;

-- name: account_password_recover :exec
UPDATE account SET password = $password, password_set = $now WHERE id = $id AND disabled = 0;

-- name: account_mail_of :one
SELECT address, verified FROM account_mail WHERE account = $account;

-- name: account_mail_owner :one
SELECT account FROM account_mail WHERE address = $address;

-- name: account_mail_set :exec
INSERT INTO account_mail (account, address, verified) VALUES ($account, $address, $now)
ON CONFLICT (account) DO UPDATE SET address = excluded.address, verified = excluded.verified;

-- name: account_mail_delete :exec
DELETE FROM account_mail WHERE account = $account;

-- name: account_mail_link_by_hash :one
SELECT account, address, expires FROM account_mail_link
WHERE token_hash = $token_hash AND kind = $kind AND expires > $now;

-- name: account_mail_link_count :one
SELECT COUNT(*) FROM account_mail_link;

-- name: account_mail_link_replace :exec
DELETE FROM account_mail_link WHERE (kind = $kind AND (account = $account OR address = $address)) OR expires <= $now;

-- name: account_mail_link_insert :exec
INSERT INTO account_mail_link (token_hash, kind, account, address, expires)
VALUES ($token_hash, $kind, $account, $address, $expires);

-- name: account_mail_link_delete :exec
DELETE FROM account_mail_link WHERE token_hash = $token_hash;

-- name: account_mail_link_delete_of :exec
DELETE FROM account_mail_link WHERE account = $account;

-- name: account_mail_void_owners :exec
DELETE FROM account_mail WHERE account IN (SELECT id FROM account WHERE role = 'owner' AND organization = 'home');

-- name: account_mail_link_delete_all :exec
DELETE FROM account_mail_link;

-- name: account_mail_link_purge :exec
DELETE FROM account_mail_link WHERE expires <= $now;

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

-- name: account_all :many
SELECT id, name, role, disabled, created, organization FROM account ORDER BY name, id;

-- name: account_count :one
SELECT COUNT(*) FROM account;

-- name: account_standing :one
SELECT role, disabled, organization FROM account WHERE id = $id;

-- name: account_owners_other :one
SELECT COUNT(*) FROM account WHERE role = 'owner' AND disabled = 0 AND password <> '' AND id <> $id
    AND organization = (SELECT organization FROM account WHERE id = $id);

-- name: account_standing_set :exec
UPDATE account SET role = $role, disabled = $disabled WHERE id = $id;

-- name: account_password_change :exec
UPDATE account SET password = $password, password_set = $now
WHERE id = $id AND password = $former AND disabled = 0;

-- name: account_leave :exec
UPDATE account SET role = 'member', disabled = 1, password = '' WHERE id = $id;

-- name: account_delete :exec
DELETE FROM account WHERE id = $id AND disabled = 1;

-- name: account_session_delete_of :exec
DELETE FROM account_session WHERE account = $account;

-- name: account_session_delete_others :exec
DELETE FROM account_session WHERE account = $account AND id <> $keep;

-- name: account_session_count_of :one
SELECT COUNT(*) FROM account_session WHERE account = $account;

-- name: account_browser_delete_of :exec
DELETE FROM account_browser WHERE account = $account;

-- name: account_browser_count_of :one
SELECT COUNT(*) FROM account_browser WHERE account = $account;

-- name: account_invitation_all :many
SELECT id, role, note, grants, created, expires, created_by, organization FROM account_invitation
WHERE expires > $now AND organization = $organization ORDER BY created DESC, id;

-- name: account_invitation_by_hash :one
SELECT id, role, note, grants, created, expires, created_by, organization FROM account_invitation
WHERE token_hash = $token_hash AND expires > $now;

-- name: account_invitation_insert :exec
INSERT INTO account_invitation (id, token_hash, role, note, grants, created, expires, created_by, organization)
VALUES ($id, $token_hash, $role, $note, $grants, $created, $expires, $created_by, $organization);

-- name: account_invitation_role :one
SELECT role FROM account_invitation WHERE id = $id AND organization = $organization;

-- name: account_invitation_delete :exec
DELETE FROM account_invitation WHERE id = $id;

-- name: account_invitation_delete_of :exec
DELETE FROM account_invitation WHERE created_by = $account;

-- name: account_invitation_count :one
SELECT COUNT(*) FROM account_invitation;

-- name: account_invitation_delete_all :exec
DELETE FROM account_invitation;

-- name: account_invitation_count_of :one
SELECT COUNT(*) FROM account_invitation WHERE created_by = $account AND expires > $now;

-- name: account_invitation_purge :exec
DELETE FROM account_invitation WHERE expires <= $now;

-- name: account_grant_all :many
SELECT id, account, role, object_kind, object, actions, not_before, not_after, schedule, reason, created, created_by, organization
FROM account_grant ORDER BY created DESC, id;

-- name: account_grant_count :one
SELECT COUNT(*) FROM account_grant;

-- name: account_grant_insert :exec
INSERT INTO account_grant (id, account, role, object_kind, object, actions, not_before, not_after, schedule, reason, created, created_by, organization)
VALUES ($id, $account, $role, $object_kind, $object, $actions, $not_before, $not_after, $schedule, $reason, $created, $created_by, $organization);

-- name: account_grant_delete :exec
DELETE FROM account_grant WHERE id = $id AND organization = $organization;

-- name: account_grant_delete_of :exec
DELETE FROM account_grant WHERE account = $account;

-- name: account_grant_delete_object :exec
DELETE FROM account_grant WHERE object_kind = 'device' AND object = $device;

-- name: account_grant_count_of :one
SELECT COUNT(*) FROM account_grant WHERE account = $account;

-- name: organization_all :many
SELECT id, name, kind, suspended, created FROM organization ORDER BY name, id;

-- name: organization_count :one
SELECT COUNT(*) FROM organization;

-- name: organization_insert :exec
INSERT INTO organization (id, name, kind, suspended, created) VALUES ($id, $name, $kind, 0, $now);

-- name: organization_set :exec
UPDATE organization SET name = $name, suspended = $suspended WHERE id = $id;

-- name: organization_people :one
SELECT COUNT(*) FROM account WHERE organization = $id;

-- name: organization_delete :exec
DELETE FROM organization WHERE id = $id AND kind <> 'home';

-- name: account_invitation_delete_in :exec
DELETE FROM account_invitation WHERE organization = $organization;

-- name: account_grant_delete_in :exec
DELETE FROM account_grant WHERE organization = $organization;

-- name: account_session_delete_in :exec
DELETE FROM account_session WHERE account IN (SELECT id FROM account WHERE organization = $organization);

-- name: account_operator_all :many
SELECT account, module, level FROM account_operator ORDER BY account, module;

-- name: account_operator_insert :exec
INSERT INTO account_operator (account, module, level, created_by) VALUES ($account, $module, $level, $created_by);

-- name: account_operator_delete_of :exec
DELETE FROM account_operator WHERE account = $account;

-- name: account_operator_count_of :one
SELECT COUNT(*) FROM account_operator WHERE account = $account;

-- name: account_totp_all :many
SELECT account FROM account_totp;

-- name: account_totp_of :many
SELECT secret, last_step, created FROM account_totp WHERE account = $account;

-- name: account_totp_insert :exec
INSERT INTO account_totp (account, secret, last_step, created) VALUES ($account, $secret, $last_step, $now)
ON CONFLICT (account) DO UPDATE SET secret = $secret, last_step = $last_step, created = $now;

-- name: account_totp_spend :exec
UPDATE account_totp SET secret = $secret, last_step = $step WHERE account = $account AND last_step < $step;

-- name: account_totp_delete :exec
DELETE FROM account_totp WHERE account = $account;

-- name: account_recovery_all :many
SELECT DISTINCT account FROM account_recovery;

-- name: account_recovery_of :one
SELECT COUNT(*), COALESCE(MAX(created), 0) FROM account_recovery WHERE account = $account;

-- name: account_recovery_insert :exec
INSERT INTO account_recovery (account, code_hash, created) VALUES ($account, $code_hash, $now);

-- name: account_recovery_spend :exec
DELETE FROM account_recovery WHERE account = $account AND code_hash = $code_hash;

-- name: account_recovery_delete :exec
DELETE FROM account_recovery WHERE account = $account;

-- name: account_passkey_all :many
SELECT DISTINCT account FROM account_passkey;

-- name: account_passkey_of :many
SELECT id, account, credential, public_key, sign_count, backed_up, name, created, last_used
FROM account_passkey WHERE account = $account ORDER BY created, id;

-- name: account_passkey_by_credential :many
SELECT id, account, credential, public_key, sign_count, backed_up, name, created, last_used
FROM account_passkey WHERE credential = $credential;

-- name: account_passkey_insert :exec
INSERT INTO account_passkey (id, account, credential, public_key, sign_count, backed_up, name, created, last_used)
VALUES ($id, $account, $credential, $public_key, $sign_count, $backed_up, $name, $now, 0)
ON CONFLICT (credential) DO NOTHING;

-- name: account_passkey_spend :exec
UPDATE account_passkey SET sign_count = $sign_count, backed_up = $backed_up, last_used = $now
WHERE id = $id AND account = $account AND (sign_count < $sign_count OR (sign_count = 0 AND $sign_count = 0));

-- name: account_passkey_rename :exec
UPDATE account_passkey SET name = $name WHERE id = $id AND account = $account;

-- name: account_passkey_delete :exec
DELETE FROM account_passkey WHERE id = $id AND account = $account;

-- name: account_passkey_delete_of :exec
DELETE FROM account_passkey WHERE account = $account;

-- name: account_factor_count :one
SELECT (SELECT COUNT(*) FROM account_totp WHERE account = $account)
     + (SELECT COUNT(*) FROM account_passkey WHERE account = $account);

-- name: account_passkey_count :one
SELECT COUNT(*) FROM account_passkey WHERE account = $account;

-- name: account_owners_all :many
SELECT id FROM account WHERE role = 'owner' AND organization = 'home';

-- name: account_may_enter :one
SELECT COUNT(*) FROM account WHERE id = $id AND disabled = 0 AND password <> ''
    AND organization NOT IN (SELECT id FROM organization WHERE suspended = 1);

-- name: account_approval_of :many
SELECT id, kind, what, label, organization, author, why, created, expires, state, decided, decided_by FROM account_approval
WHERE (organization = $organization OR author = $account) AND (state = 'open' OR decided > $since)
ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END, created DESC, id;

-- name: account_approval_by_id :many
SELECT id, kind, what, label, organization, author, why, created, expires, state, decided, decided_by FROM account_approval
WHERE id = $id;

-- name: account_approval_same :many
SELECT id FROM account_approval
WHERE author = $account AND kind = $kind AND what = $what AND state = 'open' AND expires > $now;

-- name: account_approval_count_of :one
SELECT COUNT(*) FROM account_approval WHERE author = $account AND state = 'open' AND expires > $now;

-- name: account_approval_count :one
SELECT COUNT(*) FROM account_approval;

-- name: account_approval_insert :exec
INSERT INTO account_approval (id, kind, what, label, organization, author, why, created, expires, state, decided, decided_by)
VALUES ($id, $kind, $what, $label, $organization, $account, $why, $created, $expires, 'open', 0, '');

-- name: account_approval_decide :exec
UPDATE account_approval SET state = $state, decided = $now, decided_by = $account
WHERE id = $id AND state = 'open' AND expires > $now;

-- name: account_approval_reopen :exec
UPDATE account_approval SET state = 'open', decided = 0, decided_by = '' WHERE id = $id AND state = 'approved';

-- name: account_approval_withdraw_of :exec
UPDATE account_approval SET state = 'withdrawn', decided = $now, decided_by = $account
WHERE author = $account AND state = 'open';

-- name: account_approval_purge :exec
DELETE FROM account_approval WHERE (state = 'open' AND expires < $before) OR (state <> 'open' AND decided < $before);

-- name: account_emergency_get :many
SELECT made, made_by, used FROM account_emergency;

-- name: account_emergency_account :exec
INSERT INTO account (id, name, role, password, lang, theme, created, password_set, organization)
VALUES ('emergency', $name, 'owner', '', '', 'auto', $now, $now, 'home')
ON CONFLICT (id) DO UPDATE SET role = 'owner', disabled = 0, password = '';

-- name: account_emergency_set :exec
INSERT INTO account_emergency (account, code_hash, made, made_by, used) VALUES ('emergency', $code_hash, $now, $account, 0)
ON CONFLICT (account) DO UPDATE SET code_hash = excluded.code_hash, made = excluded.made,
    made_by = excluded.made_by, used = 0;

-- name: account_emergency_spend :exec
UPDATE account_emergency SET used = $now, code_hash = $zeros
WHERE used = 0 AND code_hash = $code_hash
    AND EXISTS (SELECT 1 FROM account WHERE id = 'emergency' AND disabled = 0 AND role = 'owner');

-- name: account_emergency_delete :exec
DELETE FROM account_emergency;

-- name: account_mail_count_of :one
SELECT COUNT(*) FROM account_mail WHERE account = $account;
