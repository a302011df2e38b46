/* The room's routes, each with its permission, its body and what it answers. */
#include "account/approval.h"
#include "account/factor.h"
#include "account/mail.h"
#include "account/refresh.h"

#define TEXT "{\"type\":\"string\"}"
#define NUMBER "{\"type\":\"integer\"}"
#define FLAG "{\"type\":\"boolean\"}"
#define ROLE "{\"enum\":[\"owner\",\"admin\",\"member\"]}"
#define LIST(of) "{\"type\":\"array\",\"items\":" of "}"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required                  \
    "],\"properties\":{" properties "}}"

#define PREFS                                                                                      \
    OBJECT("", "\"lang\":{\"enum\":[\"en\",\"zh-CN\"]},"                                           \
               "\"theme\":{\"enum\":[\"auto\",\"light\",\"dark\"]}")
#define ORGANIZATION_BRIEF                                                                         \
    OBJECT("\"id\",\"name\",\"kind\"", "\"id\":" TEXT ",\"name\":" TEXT ",\"kind\":" TEXT)
#define ACCOUNT                                                                                    \
    OBJECT("\"id\",\"name\",\"role\"", "\"id\":" TEXT ",\"name\":" TEXT ",\"role\":" ROLE          \
                                       ",\"organization\":" ORGANIZATION_BRIEF)
#define SESSION                                                                                    \
    OBJECT("\"id\",\"created\",\"expires\"",                                                       \
           "\"id\":" TEXT ",\"created\":" NUMBER ",\"expires\":" NUMBER)
#define ENTERED                                                                                    \
    OBJECT("\"account\",\"session\",\"csrf\",\"prefs\"",                                           \
           "\"account\":" ACCOUNT ",\"session\":" SESSION ",\"csrf\":" TEXT ",\"prefs\":" PREFS    \
           ",\"token\":" TEXT ",\"owes\":{\"enum\":[\"factor\"]},\"emergency\":" OBJECT(           \
               "\"until\"", "\"until\":" NUMBER))
#define ENTRANCE                                                                                   \
    OBJECT("\"registration\",\"recovery\"",                                                        \
           "\"registration\":{\"enum\":[\"closed\",\"invitation\",\"open\"]},\"recovery\":" FLAG   \
           ",\"sso\":" OBJECT("\"name\"", "\"name\":" TEXT))
#define MAIL_START OBJECT("\"mail\"", "\"mail\":" TEXT ",\"lang\":{\"enum\":[\"en\",\"zh-CN\"]}")
#define LINK_BODY OBJECT("\"token\"", "\"token\":" TEXT)
#define RECOVER_BODY OBJECT("\"token\",\"password\"", "\"token\":" TEXT ",\"password\":" TEXT)
#define MY_MAIL                                                                                    \
    OBJECT("\"available\"", "\"available\":" FLAG ",\"mail\":" TEXT ",\"verified\":" NUMBER)
#define REFRESH_BEGIN_BODY                                                                         \
    OBJECT("\"device_key\",\"at\",\"sig\"",                                                        \
           "\"device_key\":" TEXT ",\"at\":" NUMBER ",\"sig\":" TEXT)
#define REFRESH_BODY                                                                               \
    OBJECT("\"token\",\"at\",\"sig\"", "\"token\":" TEXT ",\"at\":" NUMBER ",\"sig\":" TEXT)
#define REFRESHED                                                                                  \
    OBJECT("\"session\",\"token\",\"token_expires\",\"refresh\"",                                  \
           "\"session\":" OBJECT("\"id\",\"expires\"",                                             \
                                 "\"id\":" TEXT                                                    \
                                 ",\"expires\":" NUMBER) ",\"token\":" TEXT                        \
                                                         ",\"token_expires\":" NUMBER              \
                                                         ",\"refresh\":" TEXT)
#define SETUP_STATE                                                                                \
    OBJECT("\"needed\",\"fingerprint\",\"fingerprint_raw\",\"host\"",                              \
           "\"needed\":" FLAG ",\"fingerprint\":" TEXT ",\"fingerprint_raw\":" TEXT                \
           ",\"host\":" TEXT)
#define SETUP_BODY                                                                                 \
    OBJECT("\"token\",\"name\",\"password\"",                                                      \
           "\"token\":" TEXT ",\"name\":" TEXT ",\"password\":" TEXT)
#define LOGIN_BODY                                                                                 \
    OBJECT("\"name\",\"password\"", "\"name\":" TEXT ",\"password\":" TEXT ",\"bearer\":" FLAG     \
                                    ",\"proof\":{\"type\":\"object\"}")
#define REASON "{\"enum\":[\"short\",\"long\",\"common\",\"context\",\"guessable\"]}"
#define STRENGTH                                                                                   \
    OBJECT("\"score\",\"guesses_log10\",\"reasons\"",                                              \
           "\"score\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":4},"                         \
           "\"guesses_log10\":{\"type\":\"number\"},\"reasons\":" LIST(REASON) ",\"min\":" NUMBER)
#define SESSION_TIMES "\"created\":" NUMBER ",\"last_seen\":" NUMBER ",\"expires\":" NUMBER
#define SESSION_ROW                                                                                \
    OBJECT("\"id\",\"created\",\"last_seen\",\"expires\",\"source\",\"client\",\"current\"",       \
           "\"id\":" TEXT "," SESSION_TIMES ",\"source\":" TEXT ",\"client\":" TEXT                \
           ",\"current\":" FLAG)
#define SESSIONS OBJECT("\"sessions\"", "\"sessions\":" LIST(SESSION_ROW))
#define REVOKED OBJECT("\"revoked\"", "\"revoked\":" NUMBER)

/* ---- people and grants ---- */

#define ACTIONS                                                                                    \
    LIST("{\"enum\":[\"list\",\"view\",\"live-main\",\"live-sub\",\"listen\",\"talk\",\"ptz\","    \
         "\"playback\",\"snapshot\",\"config\",\"download\"]}")
#define RANGE                                                                                      \
    OBJECT("\"days\",\"from\",\"to\"",                                                             \
           "\"days\":" LIST(NUMBER) ",\"from\":" NUMBER ",\"to\":" NUMBER)
#define GRANT_OBJECT OBJECT("", "\"device\":" TEXT ",\"tag\":" TEXT ",\"all\":" FLAG)
#define SUBJECT OBJECT("", "\"account\":" TEXT ",\"role\":" ROLE)
#define TERMS_MEMBERS                                                                              \
    "\"object\":" GRANT_OBJECT ",\"actions\":" ACTIONS ",\"not_before\":" NUMBER                   \
    ",\"not_after\":" NUMBER ",\"schedule\":" LIST(RANGE) ",\"reason\":" TEXT
#define TERMS OBJECT("\"object\",\"actions\"", TERMS_MEMBERS)
#define GRANT_BODY                                                                                 \
    OBJECT("\"subject\",\"object\",\"actions\"", "\"subject\":" SUBJECT "," TERMS_MEMBERS)
#define GRANT                                                                                      \
    OBJECT("\"id\",\"subject\",\"object\",\"actions\",\"created\",\"created_by\",\"active\"",      \
           "\"id\":" TEXT ",\"subject\":" SUBJECT ",\"subject_name\":" TEXT "," TERMS_MEMBERS      \
           ",\"created\":" NUMBER ",\"created_by\":" TEXT ",\"active\":" FLAG)
#define PERSON                                                                                     \
    OBJECT("\"id\",\"name\",\"role\",\"state\",\"created\",\"sessions\",\"grants\",\"self\"",      \
           "\"id\":" TEXT ",\"name\":" TEXT ",\"role\":" ROLE                                      \
           ",\"state\":{\"enum\":[\"active\",\"disabled\"]},\"created\":" NUMBER                   \
           ",\"last_seen\":" NUMBER ",\"sessions\":" NUMBER ",\"grants\":" NUMBER                  \
           ",\"factors\":" FLAG ",\"self\":" FLAG)
#define HOLDS                                                                                      \
    OBJECT("\"sessions\",\"browsers\",\"grants\",\"invitations\"",                                 \
           "\"sessions\":" NUMBER ",\"browsers\":" NUMBER ",\"grants\":" NUMBER                    \
           ",\"invitations\":" NUMBER ",\"factors\":" NUMBER ",\"operator\":" NUMBER               \
           ",\"approvals\":" NUMBER ",\"mail\":" NUMBER ",\"apps\":" NUMBER ",\"codes\":" NUMBER   \
           ",\"enrolment-tokens\":" NUMBER ",\"viewer-keys\":" NUMBER)
#define PERSON_SESSION                                                                             \
    OBJECT("\"id\",\"created\",\"last_seen\",\"source\",\"client\"",                               \
           "\"id\":" TEXT ",\"created\":" NUMBER ",\"last_seen\":" NUMBER ",\"source\":" TEXT      \
           ",\"client\":" TEXT)
#define PERSON_ACCESS                                                                              \
    OBJECT("\"account\",\"holds\",\"grants\",\"sessions\"",                                        \
           "\"account\":" PERSON ",\"holds\":" HOLDS                                               \
           ",\"grants\":" LIST(GRANT) ",\"sessions\":" LIST(PERSON_SESSION))
#define PERSON_PATCH OBJECT("", "\"role\":" ROLE ",\"state\":{\"enum\":[\"active\",\"disabled\"]}")
#define INVITATION                                                                                 \
    OBJECT("\"id\",\"role\",\"created\",\"expires\",\"created_by\",\"grants\"",                    \
           "\"id\":" TEXT ",\"role\":" ROLE ",\"note\":" TEXT ",\"created\":" NUMBER               \
           ",\"expires\":" NUMBER ",\"created_by\":" TEXT ",\"grants\":" LIST(TERMS))
#define INVITATION_BODY                                                                            \
    OBJECT("\"role\"", "\"role\":" ROLE ",\"note\":" TEXT ",\"grants\":" LIST(TERMS))
#define INVITATION_MADE                                                                            \
    OBJECT("\"id\",\"token\",\"link\",\"expires\"",                                                \
           "\"id\":" TEXT ",\"token\":" TEXT ",\"link\":" TEXT ",\"expires\":" NUMBER)
#define JOIN_STATE                                                                                 \
    OBJECT("\"role\",\"expires\",\"host\"",                                                        \
           "\"role\":" ROLE ",\"expires\":" NUMBER ",\"host\":" TEXT)
#define JOIN_BODY                                                                                  \
    OBJECT("\"token\",\"name\",\"password\"",                                                      \
           "\"token\":" TEXT ",\"name\":" TEXT ",\"password\":" TEXT ",\"bearer\":" FLAG)
#define MY_ACCESS                                                                                  \
    OBJECT("\"role\",\"permissions\",\"grants\"",                                                  \
           "\"role\":" ROLE ",\"permissions\":" LIST(TEXT) ",\"grants\":" LIST(GRANT))
#define WHO OBJECT("\"id\",\"name\",\"role\"", "\"id\":" TEXT ",\"name\":" TEXT ",\"role\":" ROLE)
#define CAMERA_ACCESS                                                                              \
    OBJECT("\"people\"", "\"people\":" LIST(OBJECT("\"account\",\"actions\",\"grants\"",           \
                                                   "\"account\":" WHO ",\"actions\":" ACTIONS      \
                                                   ",\"grants\":" LIST(TEXT))))

#define TEST_BODY                                                                                  \
    OBJECT("\"account\",\"action\",\"device\"",                                                    \
           "\"account\":" TEXT ",\"action\":" TEXT ",\"device\":" TEXT)
#define TEST_ANSWER                                                                                \
    OBJECT("\"allowed\",\"by\",\"reason\"",                                                        \
           "\"allowed\":" FLAG ",\"by\":{\"enum\":[\"role\",\"grant\",\"none\"]},\"grant\":" TEXT  \
           ",\"reason\":{\"enum\":[\"role\",\"grant\",\"disabled\",\"none\",\"not-yet\","          \
           "\"hours\",\"ended\"]}")

/* ---- organizations ---- */

#define ORGANIZATION_STATE "{\"enum\":[\"active\",\"suspended\"]}"
#define ORGANIZATION                                                                               \
    OBJECT("\"id\",\"name\",\"kind\",\"state\",\"created\",\"people\",\"cameras\"",                \
           "\"id\":" TEXT ",\"name\":" TEXT ",\"kind\":{\"enum\":[\"home\",\"team\",\"person\"]}"  \
           ",\"state\":" ORGANIZATION_STATE ",\"created\":" NUMBER ",\"people\":" NUMBER           \
           ",\"cameras\":" NUMBER)
#define ORGANIZATION_NAME OBJECT("\"name\"", "\"name\":" TEXT)
#define ORGANIZATION_PATCH OBJECT("", "\"name\":" TEXT ",\"state\":" ORGANIZATION_STATE)
#define ORGANIZATION_MADE                                                                          \
    OBJECT("\"organization\",\"token\",\"link\",\"expires\"",                                      \
           "\"organization\":" ORGANIZATION ",\"token\":" TEXT ",\"link\":" TEXT                   \
           ",\"expires\":" NUMBER)
#define LEVELS                                                                                     \
    "{\"type\":\"object\",\"additionalProperties\":{\"enum\":[\"view\",\"operate\",\"approve\"]}}"
#define OPERATORS                                                                                  \
    OBJECT("\"operators\",\"modules\"",                                                            \
           "\"operators\":" LIST(OBJECT("\"id\",\"name\",\"role\",\"levels\"",                     \
                                        "\"id\":" TEXT ",\"name\":" TEXT ",\"role\":" ROLE         \
                                        ",\"levels\":" LEVELS)) ",\"modules\":" LIST(TEXT))

/* ---- approvals and the emergency login ---- */

#define APPROVAL                                                                                   \
    OBJECT("\"id\",\"kind\",\"what\",\"by\",\"created\",\"expires\",\"state\",\"can_decide\","     \
           "\"mine\"",                                                                             \
           "\"id\":" TEXT ",\"kind\":" TEXT ",\"what\":{\"type\":\"object\"},\"label\":" TEXT      \
           ",\"by\":" NAMED ",\"why\":" TEXT ",\"created\":" NUMBER ",\"expires\":" NUMBER         \
           ",\"state\":{\"enum\":[\"open\",\"approved\",\"refused\",\"withdrawn\",\"expired\"]}"   \
           ",\"decided\":" NUMBER ",\"decided_by\":" NAMED ",\"can_decide\":" FLAG                 \
           ",\"mine\":" FLAG)
#define NAMED OBJECT("\"id\",\"name\"", "\"id\":" TEXT ",\"name\":" TEXT)
#define WISH                                                                                       \
    OBJECT("\"object\",\"actions\"", "\"object\":" GRANT_OBJECT ",\"actions\":" ACTIONS            \
                                     ",\"not_after\":" NUMBER ",\"why\":" TEXT)
#define EMERGENCY                                                                                  \
    OBJECT("\"open\"", "\"open\":" FLAG ",\"until\":" NUMBER                                       \
                       ",\"seal\":" OBJECT("\"made\",\"by\"", "\"made\":" NUMBER ",\"by\":" TEXT   \
                                                              ",\"used\":" NUMBER))

/* ---- second factors ---- */

#define KINDS LIST("{\"enum\":[\"password\",\"totp\",\"passkey\",\"recovery\"]}")
#define PASSKEY                                                                                    \
    OBJECT("\"id\",\"name\",\"created\",\"backed_up\"",                                            \
           "\"id\":" TEXT ",\"name\":" TEXT ",\"created\":" NUMBER ",\"last_used\":" NUMBER        \
           ",\"backed_up\":" FLAG)
#define PASSKEY_REQUEST                                                                            \
    OBJECT("\"challenge\",\"rp\"", "\"challenge\":" TEXT ",\"rp\":" TEXT ",\"allow\":" LIST(TEXT))
#define PASSKEY_CREATION                                                                           \
    OBJECT("\"challenge\",\"rp\",\"user\",\"name\",\"exclude\"",                                   \
           "\"challenge\":" TEXT ",\"rp\":" TEXT ",\"user\":" TEXT ",\"name\":" TEXT               \
           ",\"exclude\":" LIST(TEXT))
#define ASSERTION                                                                                  \
    OBJECT("\"id\",\"client_data\",\"authenticator_data\",\"signature\"",                          \
           "\"id\":" TEXT ",\"client_data\":" TEXT ",\"authenticator_data\":" TEXT                 \
           ",\"signature\":" TEXT ",\"user_handle\":" TEXT)
#define FACTOR_ASKED                                                                               \
    OBJECT("\"factor\"",                                                                           \
           "\"factor\":" OBJECT("\"ticket\",\"expires\",\"kinds\"",                                \
                                "\"ticket\":" TEXT ",\"expires\":" NUMBER ",\"kinds\":" KINDS      \
                                ",\"passkey\":" PASSKEY_REQUEST))
#define LOGGED_IN "{\"anyOf\":[" ENTERED "," FACTOR_ASKED "]}"
#define FACTOR_BODY                                                                                \
    OBJECT("\"ticket\"",                                                                           \
           "\"ticket\":" TEXT ",\"totp\":" TEXT ",\"recovery\":" TEXT ",\"passkey\":" ASSERTION)
#define REAUTH_BODY OBJECT("", "\"password\":" TEXT ",\"totp\":" TEXT ",\"passkey\":" ASSERTION)
#define FACTORS                                                                                                        \
    OBJECT(                                                                                                            \
        "\"recovery\",\"passkeys\",\"offer\",\"required\",\"fresh_until\"",                                            \
        "\"totp\":" OBJECT("\"since\"", "\"since\":" NUMBER) ",\"recovery\":" OBJECT(                                  \
            "\"left\"",                                                                                                \
            "\"left\":" NUMBER                                                                                         \
            ",\"made\":" NUMBER) ",\"passkeys\":" LIST(PASSKEY) ",\"offer\":" OBJECT("\"rp\","                         \
                                                                                     "\"passkeys"                      \
                                                                                     "\"",                             \
                                                                                     "\"rp\""                          \
                                                                                     ":" TEXT                          \
                                                                                     ",\"passkeys"                     \
                                                                                     "\":" FLAG) ",\"required\":" FLAG \
                                                                                                 ",\"fresh_until\":" NUMBER)
#define CODES OBJECT("\"codes\"", "\"codes\":" LIST(TEXT))
#define EMPTY OBJECT("", "")

#define JSON_OF(schema) "\"content\":{\"application/json\":{\"schema\":" schema "}}"
#define TAKES(schema) ",\"requestBody\":{\"required\":true," JSON_OF(schema) "}"
#define NOTHING ""
#define GIVES(status, schema) "\"" status "\":{\"description\":\"Done\"," JSON_OF(schema) "}"
#define DONE "\"204\":{\"description\":\"Done\"}"
#define DOC(summary, takes, gives)                                                                 \
    "{\"summary\":\"" summary "\"" takes ",\"responses\":{" gives "}}"

const struct route account_routes[] = {
    {"GET", "/api/v1/setup", "public", 0, NULL, api_setup_get,
     DOC("Does the box need an owner, and which certificate has it", NOTHING,
         GIVES("200", SETUP_STATE))},
    {"POST", "/api/v1/setup/strength", "public", 4096, NULL, api_setup_strength,
     DOC("Weigh a password; needs the setup token", TAKES(SETUP_BODY), GIVES("200", STRENGTH))},
    {"POST", "/api/v1/setup", "public", 4096, NULL, api_setup_post,
     DOC("Take the box with the one-time setup token", TAKES(SETUP_BODY), GIVES("201", ENTERED))},
    {"POST", "/api/v1/login", "public", 4096, NULL, api_login,
     DOC("Log in; with a second factor set: a ticket for the second step", TAKES(LOGIN_BODY),
         GIVES("200", LOGGED_IN))},
    {"POST", "/api/v1/login/factor", "public", 16384, NULL, api_login_factor,
     DOC("The second step of a login", TAKES(FACTOR_BODY), GIVES("200", ENTERED))},
    {"POST", "/api/v1/login/passkey/request", "public", 64, NULL, api_login_passkey_request,
     DOC("What a browser asks an authenticator for", TAKES(EMPTY),
         GIVES("200", OBJECT("\"passkey\"", "\"passkey\":" PASSKEY_REQUEST)))},
    {"POST", "/api/v1/login/passkey", "public", 16384, NULL, api_login_passkey,
     DOC("Log in by a passkey alone",
         TAKES(OBJECT("\"passkey\"", "\"passkey\":" ASSERTION ",\"bearer\":" FLAG)),
         GIVES("200", ENTERED))},
    {"GET", "/api/v1/entrance", "public", 0, NULL, api_entrance,
     DOC("What the login page offers", NOTHING, GIVES("200", ENTRANCE))},
    {"POST", "/api/v1/register/start", "public", 512, NULL, api_register_start,
     DOC("Ask for a link to register with", TAKES(MAIL_START),
         "\"202\":{\"description\":\"Taken\"}")},
    {"POST", "/api/v1/register/check", "public", 512, NULL, api_register_check,
     DOC("What a registration link is for", TAKES(LINK_BODY),
         GIVES("200", OBJECT("\"mail\",\"expires\"", "\"mail\":" TEXT ",\"expires\":" NUMBER)))},
    {"POST", "/api/v1/register/strength", "public", 4096, NULL, api_register_strength,
     DOC("Weigh a password; needs a registration link", TAKES(SETUP_BODY), GIVES("200", STRENGTH))},
    {"POST", "/api/v1/register", "public", 4096, NULL, api_register,
     DOC("Make an account by a mailed link", TAKES(SETUP_BODY), GIVES("201", ENTERED))},
    {"POST", "/api/v1/recover/start", "public", 512, NULL, api_recover_start,
     DOC("Ask for a link to choose a new password", TAKES(MAIL_START),
         "\"202\":{\"description\":\"Taken\"}")},
    {"POST", "/api/v1/recover/check", "public", 512, NULL, api_recover_check,
     DOC("Whose a recovery link is", TAKES(LINK_BODY),
         GIVES("200", OBJECT("\"name\",\"expires\"", "\"name\":" TEXT ",\"expires\":" NUMBER)))},
    {"POST", "/api/v1/recover/strength", "public", 4096, NULL, api_recover_strength,
     DOC("Weigh a password; needs a recovery link", TAKES(RECOVER_BODY), GIVES("200", STRENGTH))},
    {"POST", "/api/v1/recover", "public", 4096, NULL, api_recover,
     DOC("Set a new password by a mailed link; all sessions end", TAKES(RECOVER_BODY), DONE)},
    {"GET", "/api/v1/me/mail", "session", 0, NULL, api_me_mail,
     DOC("My confirmed mail address", NOTHING, GIVES("200", MY_MAIL))},
    {"PUT", "/api/v1/me/mail", "session", 1024, NULL, api_me_mail_put,
     DOC("Use another address, once it is confirmed; or none",
         TAKES(OBJECT("\"password\"", "\"mail\":" TEXT ",\"password\":" TEXT)),
         "\"202\":{\"description\":\"A link was sent\"}," DONE)},
    {"POST", "/api/v1/mail/verify", "public", 512, NULL, api_mail_verify,
     DOC("Confirm an address by a mailed link", TAKES(LINK_BODY), DONE)},
    {"POST", "/api/v1/refresh/begin", "session", 1024, NULL, api_refresh_begin,
     DOC("Keep this bearer session by a device key", TAKES(REFRESH_BEGIN_BODY),
         GIVES("201", REFRESHED))},
    {"POST", "/api/v1/refresh", "public", 1024, NULL, api_refresh,
     DOC("The next access and refresh token; needs the device key's proof", TAKES(REFRESH_BODY),
         GIVES("200", REFRESHED))},
    {"POST", "/api/v1/logout", "session.self", 0, NULL, api_logout,
     DOC("End this session", NOTHING, DONE)},
    {"GET", "/api/v1/me", "session.self", 0, NULL, api_me,
     DOC("Who am I", NOTHING, GIVES("200", ENTERED))},
    {"GET", "/api/v1/sessions", "session", 0, NULL, api_sessions,
     DOC("My sessions, oldest first", NOTHING, GIVES("200", SESSIONS))},
    {"DELETE", "/api/v1/sessions/{id}", "session", 0, NULL, api_session_delete,
     DOC("End one of my sessions", NOTHING, DONE)},
    {"POST", "/api/v1/sessions/revoke-others", "session", 0, NULL, api_sessions_revoke_others,
     DOC("End all my sessions but this", NOTHING, GIVES("200", REVOKED))},
    {"PUT", "/api/v1/me/prefs", "session.self", 256, NULL, api_prefs,
     DOC("Language and theme", TAKES(PREFS), DONE)},
    {"GET", "/api/v1/me/access", "session", 0, NULL, api_me_access,
     DOC("What my role and my grants bring", NOTHING, GIVES("200", MY_ACCESS))},
    {"PUT", "/api/v1/me/password", "session", 4096, NULL, api_password,
     DOC("Change my password; my other sessions end",
         TAKES(OBJECT("\"old\",\"new\"", "\"old\":" TEXT ",\"new\":" TEXT)), DONE)},
    {"POST", "/api/v1/me/password/strength", "session", 4096, NULL, api_password_strength,
     DOC("Weigh a new password", TAKES(OBJECT("\"password\"", "\"password\":" TEXT)),
         GIVES("200", STRENGTH))},
    {"GET", "/api/v1/accounts", "people.view", 0, NULL, api_accounts,
     DOC("Everybody, by name", NOTHING,
         GIVES("200", OBJECT("\"accounts\"", "\"accounts\":" LIST(PERSON))))},
    {"GET", "/api/v1/accounts/{id}", "people.view", 0, NULL, api_account,
     DOC("One person", NOTHING, GIVES("200", PERSON))},
    {"PATCH", "/api/v1/accounts/{id}", "people.manage", 256, NULL, api_account_patch,
     DOC("Change a role, disable or enable", TAKES(PERSON_PATCH), GIVES("200", PERSON))},
    {"DELETE", "/api/v1/accounts/{id}", "people.manage", 0, NULL, api_account_delete,
     DOC("Revoke everything of a person and remove the account", NOTHING, DONE)},
    {"GET", "/api/v1/accounts/{id}/access", "people.view", 0, NULL, api_account_access,
     DOC("What a person holds", NOTHING, GIVES("200", PERSON_ACCESS))},
    {"POST", "/api/v1/accounts/{id}/leave", "people.manage", 64, NULL, api_account_leave,
     DOC("Revoke everything of a person who leaves", TAKES(OBJECT("", "")),
         GIVES("200",
               OBJECT("\"revoked\",\"remaining\"", "\"revoked\":" HOLDS ",\"remaining\":" HOLDS)))},
    {"GET", "/api/v1/invitations", "people.view", 0, NULL, api_invitations,
     DOC("Open invitations, newest first", NOTHING,
         GIVES("200", OBJECT("\"invitations\"", "\"invitations\":" LIST(INVITATION))))},
    {"POST", "/api/v1/invitations", "people.manage", 16384, NULL, api_invitation_add,
     DOC("Make a link by which one person joins", TAKES(INVITATION_BODY),
         GIVES("201", INVITATION_MADE))},
    {"DELETE", "/api/v1/invitations/{id}", "people.manage", 0, NULL, api_invitation_end,
     DOC("End an invitation", NOTHING, DONE)},
    {"POST", "/api/v1/join/check", "public", 512, NULL, api_join_check,
     DOC("What an invitation is for", TAKES(OBJECT("\"token\"", "\"token\":" TEXT)),
         GIVES("200", JOIN_STATE))},
    {"POST", "/api/v1/join/strength", "public", 4096, NULL, api_join_strength,
     DOC("Weigh a password; needs an invitation", TAKES(SETUP_BODY), GIVES("200", STRENGTH))},
    {"POST", "/api/v1/join", "public", 4096, NULL, api_join,
     DOC("Join by an invitation", TAKES(JOIN_BODY), GIVES("201", ENTERED))},
    {"GET", "/api/v1/grants", "grant.view", 0, NULL, api_grants,
     "{\"summary\":\"Grants, newest first\",\"parameters\":["
     "{\"name\":\"account\",\"in\":\"query\",\"schema\":" TEXT "},"
     "{\"name\":\"role\",\"in\":\"query\",\"schema\":" TEXT "},"
     "{\"name\":\"device\",\"in\":\"query\",\"schema\":" TEXT
     "}],\"responses\":{" GIVES("200", OBJECT("\"grants\"", "\"grants\":" LIST(GRANT))) "}}"},
    {"POST", "/api/v1/grants", "grant.manage", 4096, NULL, api_grant_add,
     DOC("Give rights to a person or a role", TAKES(GRANT_BODY), GIVES("201", GRANT))},
    {"DELETE", "/api/v1/grants/{id}", "grant.manage", 0, NULL, api_grant_end,
     DOC("Take rights back: what no longer holds is cut", NOTHING, DONE)},
    {"GET", "/api/v1/devices/{id}/access", "grant.view", 0, NULL, api_device_access,
     DOC("Who may what with this camera now", NOTHING, GIVES("200", CAMERA_ACCESS))},
    {"POST", "/api/v1/access/test", "people.view", 512, NULL, api_access_test,
     DOC("May a person do this with a camera now, and which rule says so", TAKES(TEST_BODY),
         GIVES("200", TEST_ANSWER))},
    {"GET", "/api/v1/organization", "session", 0, NULL, api_organization,
     DOC("The own organization", NOTHING, GIVES("200", ORGANIZATION))},
    {"PATCH", "/api/v1/organization", "organization.manage", 512, NULL, api_organization_patch,
     DOC("Rename the own organization", TAKES(ORGANIZATION_NAME), GIVES("200", ORGANIZATION))},
    {"GET", "/api/v1/organizations", "organizations.view", 0, NULL, api_organizations,
     DOC("All organizations of the box, by name: counts, no contents", NOTHING,
         GIVES("200", OBJECT("\"organizations\"", "\"organizations\":" LIST(ORGANIZATION))))},
    {"POST", "/api/v1/organizations", "organizations.operate", 512, NULL, api_organization_add,
     DOC("Make an organization, and the link of its first owner", TAKES(ORGANIZATION_NAME),
         GIVES("201", ORGANIZATION_MADE))},
    {"PATCH", "/api/v1/organizations/{id}", "organizations.approve", 512, NULL,
     api_organizations_patch,
     DOC("Rename, suspend or reopen: suspending ends its people's sessions",
         TAKES(ORGANIZATION_PATCH), GIVES("200", ORGANIZATION))},
    {"DELETE", "/api/v1/organizations/{id}", "organizations.approve", 0, NULL,
     api_organizations_delete, DOC("Remove an organization that is empty", NOTHING, DONE)},
    {"GET", "/api/v1/operators", "organizations.view", 0, NULL, api_operators,
     DOC("Who runs the box, and up to which level in each module", NOTHING,
         GIVES("200", OPERATORS))},
    {"PUT", "/api/v1/operators/{id}", "organizations.approve", 1024, NULL, api_operator_put,
     DOC("What a person is given beside the role",
         TAKES(OBJECT("\"levels\"", "\"levels\":" LEVELS)), DONE)},
    {"GET", "/api/v1/approvals", "session", 0, NULL, api_approvals,
     DOC("Requests that I may decide, and my own", NOTHING,
         GIVES("200", OBJECT("\"approvals\"", "\"approvals\":" LIST(APPROVAL))))},
    {"POST", "/api/v1/approvals", "session", 4096, NULL, api_approval_add,
     DOC("Ask for a grant", TAKES(WISH), GIVES("201", APPROVAL))},
    {"POST", "/api/v1/approvals/{id}/approve", "session", 64, NULL, api_approval_approve,
     DOC("Say yes: the act is done now", TAKES(EMPTY), GIVES("200", APPROVAL))},
    {"POST", "/api/v1/approvals/{id}/refuse", "session", 64, NULL, api_approval_refuse,
     DOC("Say no; by its author: take it back", TAKES(EMPTY), GIVES("200", APPROVAL))},
    {"GET", "/api/v1/emergency", "session", 0, NULL, api_emergency,
     DOC("Is the emergency login open, and how old is its seal", NOTHING, GIVES("200", EMERGENCY))},
    {"POST", "/api/v1/emergency/seal", "organization.manage", 64, NULL, api_emergency_seal,
     DOC("Make the emergency code; the former ends", TAKES(EMPTY),
         GIVES("201", OBJECT("\"code\"", "\"code\":" TEXT)))},
    {"DELETE", "/api/v1/emergency", "organization.manage", 0, NULL, api_emergency_end,
     DOC("End the emergency code and its sessions", NOTHING, DONE)},
    {"POST", "/api/v1/emergency/open", "public", 512, NULL, api_emergency_open,
     DOC("Log in with the emergency code, once, for an hour",
         TAKES(OBJECT("\"code\"", "\"code\":" TEXT)), GIVES("200", ENTERED))},
    {"GET", "/api/v1/me/factors", "session.self", 0, NULL, api_factors,
     DOC("My second factors", NOTHING, GIVES("200", FACTORS))},
    {"POST", "/api/v1/me/reauth", "session.self", 16384, NULL, api_reauth,
     DOC("Show the password or a factor again", TAKES(REAUTH_BODY),
         GIVES("200", OBJECT("\"fresh_until\"", "\"fresh_until\":" NUMBER)))},
    {"POST", "/api/v1/me/reauth/request", "session.self", 64, NULL, api_reauth_request,
     DOC("What I may show again", TAKES(EMPTY),
         GIVES("200", OBJECT("\"kinds\"", "\"kinds\":" KINDS ",\"passkey\":" PASSKEY_REQUEST)))},
    {"POST", "/api/v1/me/totp", "session.self", 64, NULL, api_totp_begin,
     DOC("A secret for time codes; nothing is on yet", TAKES(EMPTY),
         GIVES("201", OBJECT("\"secret\",\"uri\",\"expires\"",
                             "\"secret\":" TEXT ",\"uri\":" TEXT ",\"expires\":" NUMBER)))},
    {"POST", "/api/v1/me/totp/confirm", "session.self", 256, NULL, api_totp_confirm,
     DOC("Switch time codes on with one of them", TAKES(OBJECT("\"code\"", "\"code\":" TEXT)),
         GIVES("200", CODES))},
    {"POST", "/api/v1/me/totp/off", "session.self", 4096, NULL, api_totp_off,
     DOC("Switch time codes off", TAKES(OBJECT("\"password\"", "\"password\":" TEXT)), DONE)},
    {"POST", "/api/v1/me/recovery", "session.self", 64, NULL, api_recovery,
     DOC("Fresh recovery codes; the former end", TAKES(EMPTY), GIVES("201", CODES))},
    {"POST", "/api/v1/me/passkeys/request", "session.self", 64, NULL, api_passkey_request,
     DOC("What a browser makes a passkey from", TAKES(EMPTY),
         GIVES("200", OBJECT("\"passkey\"", "\"passkey\":" PASSKEY_CREATION)))},
    {"POST", "/api/v1/me/passkeys", "session.self", 16384, NULL, api_passkey_add,
     DOC("Keep a new passkey",
         TAKES(OBJECT("\"name\",\"client_data\",\"attestation\"",
                      "\"name\":" TEXT ",\"client_data\":" TEXT ",\"attestation\":" TEXT)),
         GIVES("201",
               OBJECT("\"passkey\",\"codes\"", "\"passkey\":" PASSKEY ",\"codes\":" LIST(TEXT))))},
    {"PATCH", "/api/v1/me/passkeys/{id}", "session.self", 1024, NULL, api_passkey_rename,
     DOC("Rename a passkey of mine", TAKES(OBJECT("\"name\"", "\"name\":" TEXT)),
         GIVES("200", PASSKEY))},
    {"DELETE", "/api/v1/me/passkeys/{id}", "session.self", 0, NULL, api_passkey_remove,
     DOC("Remove a passkey of mine", NOTHING, DONE)},
    {"POST", "/api/v1/accounts/{id}/factors/reset", "people.manage", 64, NULL,
     api_account_factors_reset,
     DOC("Remove the second factors of a person who lost them", TAKES(EMPTY), DONE)},
    {0},
};
