/* Lines of exported rows and of signed heads, as `skep audit verify FILE` reads them from anybody.
 * What is taken must come out again as it went in. */
#include <stdlib.h>
#include <string.h>

#include "audit/internal.h"
#include "base/json.h"
#include "base/sys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void row_try(const char *line, size_t len)
{
    struct audit_row row, again;
    uint8_t bytes[ROW_BYTES_MAX], bytes_again[ROW_BYTES_MAX];

    if (row_parse(&row, line, len))
        return;
    json_t *v = row_json(&row);
    size_t out_len = 0;
    char *text = sk_json_text(v, &out_len);
    SK_ASSERT(text && row_parse(&again, text, out_len) == 0);
    size_t n = row_encode(bytes, &row);
    SK_ASSERT(n <= ROW_BYTES_MAX && n == row_encode(bytes_again, &again));
    SK_ASSERT(memcmp(bytes, bytes_again, n) == 0);
    SK_ASSERT(memcmp(row.hash, again.hash, AUDIT_HASH) == 0);
    free(text);
    json_decref(v);
}

static void head_try(const char *line, size_t len)
{
    struct audit_head head, again;

    if (head_parse(&head, line, len))
        return;
    json_t *v = head_json(&head);
    size_t out_len = 0;
    char *text = sk_json_text(v, &out_len);
    SK_ASSERT(text && head_parse(&again, text, out_len) == 0);
    SK_ASSERT(memcmp(&head, &again, sizeof(head)) == 0);
    free(text);
    json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    row_try((const char *)data, size);
    head_try((const char *)data, size);
    return 0;
}
