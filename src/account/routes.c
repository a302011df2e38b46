/* The room's routes, each with its permission, its body and what it answers. */
#include "account/internal.h"

#define TEXT "{\"type\":\"string\"}"
#define NUMBER "{\"type\":\"integer\"}"
#define FLAG "{\"type\":\"boolean\"}"
#define LIST(of) "{\"type\":\"array\",\"items\":" of "}"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required                  \
    "],\"properties\":{" properties "}}"

#define PREFS                                                                                      \
    OBJECT("", "\"lang\":{\"enum\":[\"en\",\"zh-CN\"]},"                                           \
               "\"theme\":{\"enum\":[\"auto\",\"light\",\"dark\"]}")
#define ACCOUNT                                                                                    \
    OBJECT("\"id\",\"name\",\"role\"",                                                             \
           "\"id\":" TEXT ",\"name\":" TEXT ",\"role\":{\"enum\":[\"owner\"]}")
#define SESSION                                                                                    \
    OBJECT("\"id\",\"created\",\"expires\"",                                                       \
           "\"id\":" TEXT ",\"created\":" NUMBER ",\"expires\":" NUMBER)
#define ENTERED                                                                                    \
    OBJECT("\"account\",\"session\",\"csrf\",\"prefs\"",                                           \
           "\"account\":" ACCOUNT ",\"session\":" SESSION ",\"csrf\":" TEXT ",\"prefs\":" PREFS    \
           ",\"token\":" TEXT)
#define SETUP_STATE                                                                                \
    OBJECT("\"needed\",\"fingerprint\",\"fingerprint_raw\",\"host\"",                              \
           "\"needed\":" FLAG ",\"fingerprint\":" TEXT ",\"fingerprint_raw\":" TEXT                \
           ",\"host\":" TEXT)
#define SETUP_BODY                                                                                 \
    OBJECT("\"token\",\"name\",\"password\"",                                                      \
           "\"token\":" TEXT ",\"name\":" TEXT ",\"password\":" TEXT)
#define LOGIN_BODY                                                                                 \
    OBJECT("\"name\",\"password\"", "\"name\":" TEXT ",\"password\":" TEXT ",\"bearer\":" FLAG)
#define REASON "{\"enum\":[\"short\",\"long\",\"common\",\"context\",\"guessable\"]}"
#define STRENGTH                                                                                   \
    OBJECT("\"score\",\"guesses_log10\",\"reasons\"",                                              \
           "\"score\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":4},"                         \
           "\"guesses_log10\":{\"type\":\"number\"},\"reasons\":" LIST(REASON))
#define SESSION_TIMES "\"created\":" NUMBER ",\"last_seen\":" NUMBER ",\"expires\":" NUMBER
#define SESSION_ROW                                                                                \
    OBJECT("\"id\",\"created\",\"last_seen\",\"expires\",\"source\",\"client\",\"current\"",       \
           "\"id\":" TEXT "," SESSION_TIMES ",\"source\":" TEXT ",\"client\":" TEXT                \
           ",\"current\":" FLAG)
#define SESSIONS OBJECT("\"sessions\"", "\"sessions\":" LIST(SESSION_ROW))
#define REVOKED OBJECT("\"revoked\"", "\"revoked\":" NUMBER)

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
     DOC("Log in", TAKES(LOGIN_BODY), GIVES("200", ENTERED))},
    {"POST", "/api/v1/logout", "session", 0, NULL, api_logout,
     DOC("End this session", NOTHING, DONE)},
    {"GET", "/api/v1/me", "session", 0, NULL, api_me,
     DOC("Who am I", NOTHING, GIVES("200", ENTERED))},
    {"GET", "/api/v1/sessions", "session", 0, NULL, api_sessions,
     DOC("My sessions, oldest first", NOTHING, GIVES("200", SESSIONS))},
    {"DELETE", "/api/v1/sessions/{id}", "session", 0, NULL, api_session_delete,
     DOC("End one of my sessions", NOTHING, DONE)},
    {"POST", "/api/v1/sessions/revoke-others", "session", 0, NULL, api_sessions_revoke_others,
     DOC("End all my sessions but this", NOTHING, GIVES("200", REVOKED))},
    {"PUT", "/api/v1/me/prefs", "session", 256, NULL, api_prefs,
     DOC("Language and theme", TAKES(PREFS), DONE)},
    {0},
};
