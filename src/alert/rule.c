/* What can be judged, and by which rules a new box judges. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/life.h"
#include "base/text.h"
#include "crypto/hash.h"

enum { SECOND_MS = 1000, DAY_MS = 24 * 3600 * 1000, DURATION_MAX_MS = DAY_MS };

static const double VALUE_MAX = 1e12;

/* name, unit, English, Chinese; is_state, is_offset. */
static const struct alert_metric metrics[] = {
    {"cpu_pct", "%", "CPU", "处理器占用", 0, 0},
    {"mem_pct", "%", "Memory", "内存占用", 0, 0},
    {"disk_pct", "%", "Disk", "磁盘占用", 0, 0},
    {"inode_pct", "%", "Inodes of the disk", "磁盘索引节点占用", 0, 0},
    {"disk_read_only", "", "A disk has become read-only", "磁盘已变为只读", 1, 0},
    {"load_per_cpu", "", "Load per processor", "每核负载", 0, 0},
    {"bw_gap_pct", "%", "Network card and relay ledger differ by", "网卡与中继账目相差", 0, 0},
    {"bw_mbps", "Mbit/s", "Bandwidth in", "入向带宽", 0, 0},
    {"temperature_c", "°C", "Temperature", "温度", 0, 0},
    {"clock_offset_s", "s", "The clock is off by", "时钟偏差", 0, 1},
    {"service_down", "", "The service does not answer", "服务无响应", 1, 0},
    {"host_absent_s", "s", "Nothing heard of the host for", "主机失联时长", 0, 0},
    {"backup_age_h", "h", "Age of the last verified backup", "最近一次已验证备份距今", 0, 0},
    {"audit_not_whole", "", "The audit log does not fit its last signed head",
     "审计日志与最近签名的日志头不符", 1, 0},
    {"certificate_days", "d", "The certificate ends in", "证书剩余有效期", 0, 0},
    {"channel_failing", "", "Messages through this channel fail", "该通知渠道发送失败", 1, 0},
};

/* A rule of the table is enabled, of all hosts and built in. */
#define RULE(id_, name_, title_, metric_, below_, limit_, clear_, for_, clears_, level_, hides_)   \
    {                                                                                              \
        .id = id_, .name = name_, .title = title_, .metric = &metrics[metric_],                    \
        .is_below = below_, .limit = (int64_t)limit_ * MILLI, .clear = (int64_t)clear_ * MILLI,    \
        .for_ms = (int64_t)for_ * SECOND_MS, .clear_ms = (int64_t)clears_ * SECOND_MS,             \
        .level = level_, .is_enabled = 1, .is_builtin = 1, .inhibits = hides_                      \
    }

/* clang-format off */ /* a table; numbers are rows of the one above */
static const struct alert_rule builtin[] = {
    RULE("hi-cpu", "CPU", "HI-CPU[{v}]", 0, 0, 90, 80, 20, 60, ALERT_WARNING, 0),
    RULE("hi-mem", "Memory", "HI-MEM[{v}]", 1, 0, 90, 85, 20, 60, ALERT_WARNING, 0),
    RULE("hi-disk", "Disk", "HI-DISK[{v}]", 2, 0, 85, 82, 0, 60, ALERT_WARNING, 0),
    RULE("disk-full", "Disk full", "DISK-FULL[{v}]", 2, 0, 97, 95, 0, 60, ALERT_ERROR, 0),
    RULE("hi-inode", "Inodes", "HI-INODE[{v}]", 3, 0, 90, 85, 0, 60, ALERT_WARNING, 0),
    RULE("read-only", "Disk read-only", "DISK-READ-ONLY", 4, 0, 1, 0, 0, 60, ALERT_ERROR, 0),
    RULE("bw-gap", "Bandwidth gap", "HI-BW[ABN:{v}%]", 6, 0, 25, 15, 20, 120, ALERT_WARNING, 0),
    RULE("hi-bw", "Bandwidth", "HI-BW[in:{v}-Out:{w} Mbps]", 7, 0, 900, 800, 20, 60, ALERT_WARNING, 0),
    RULE("clock", "Clock", "CLOCK[{v}]", 9, 0, 2, 1, 10, 60, ALERT_WARNING, 0),
    RULE("service-down", "Service", "Service Not Running", 10, 0, 1, 0, 10, 20, ALERT_ERROR, 0),
    RULE("host-absent", "Host", "HOST-ABSENT[{v}s]", 11, 0, 25, 15, 0, 20, ALERT_ERROR, 1),
    RULE("backup-age", "Backup", "BACKUP-AGE[{v}h]", 12, 0, 30, 26, 0, 0, ALERT_ERROR, 0),
    RULE("audit-not-whole", "Audit log", "AUDIT-NOT-WHOLE", 13, 0, 1, 0, 0, 0, ALERT_ERROR, 0),
    RULE("certificate-expiry", "Certificate", "CERTIFICATE[{v}d]", 14, 1, 14, 20, 0, 0, ALERT_WARNING, 0),
    RULE("channel-failing", "Channel", "CHANNEL[{s}]", 15, 0, 1, 0, 0, 0, ALERT_WARNING, 0),
};
/* clang-format on */

const char *alert_level_name(enum alert_level l)
{
    return l == ALERT_ERROR ? "error" : "warning";
}

const struct alert_metric *alert_metric_at(size_t i)
{
    return i < sizeof(metrics) / sizeof(metrics[0]) ? &metrics[i] : NULL;
}

const struct alert_metric *alert_metric_find(const char *name)
{
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    return NULL;
}

const struct alert_rule *alert_rule_builtin(size_t i)
{
    return i < sizeof(builtin) / sizeof(builtin[0]) ? &builtin[i] : NULL;
}

int alert_text_is_plain(const char *s, size_t max)
{
    size_t len = strnlen(s, max + 1);

    if (len == 0 || len > max || !sk_utf8_is_valid(s, len))
        return 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return 0;
    return 1;
}

static int duration_is_valid(int64_t ms)
{
    return ms >= 0 && ms <= DURATION_MAX_MS;
}

int alert_rule_check(const struct alert_rule *r)
{
    if (!r->metric || !alert_text_is_plain(r->name, RULE_TEXT_MAX) ||
        !alert_text_is_plain(r->title, RULE_TITLE_MAX) || !duration_is_valid(r->for_ms) ||
        !duration_is_valid(r->clear_ms))
        return -SK_EINVAL;
    if (r->host[0] && !alert_text_is_plain(r->host, ALERT_NAME_MAX))
        return -SK_EINVAL;
    return r->is_below ? (r->clear > r->limit ? 0 : -SK_EINVAL)
                       : (r->clear < r->limit ? 0 : -SK_EINVAL);
}

int alert_rule_breached(const struct alert_rule *r, int64_t milli)
{
    return r->is_below ? milli <= r->limit : milli >= r->limit;
}

int alert_rule_cleared(const struct alert_rule *r, int64_t milli)
{
    return r->is_below ? milli >= r->clear : milli <= r->clear;
}

int alert_milli_of(int64_t *out, double v)
{
    if (!isfinite(v) || v > VALUE_MAX || v < -VALUE_MAX)
        return -SK_EINVAL;
    *out = (int64_t)llround(v * MILLI);
    return 0;
}

/* Rounded half away from zero, `step` thousandths at a time. */
static int64_t round_to(int64_t milli, int64_t step)
{
    return (milli >= 0 ? milli + step / 2 : milli - step / 2) / step;
}

const char *alert_milli_text(char out[MILLI_TEXT_SIZE], int64_t milli)
{
    int64_t tenths = round_to(milli, 100), size = tenths < 0 ? -tenths : tenths;

    if (size >= 100 || size % 10 == 0)
        snprintf(out, MILLI_TEXT_SIZE, "%lld", (long long)round_to(milli, MILLI));
    else
        snprintf(out, MILLI_TEXT_SIZE, "%s%lld.%lld", tenths < 0 ? "-" : "", (long long)(size / 10),
                 (long long)(size % 10));
    return out;
}

static size_t put(char *out, size_t at, size_t cap, const char *text)
{
    size_t n = strlen(text);

    if (at + n >= cap)
        return at;
    memcpy(out + at, text, n + 1);
    return at + n;
}

void alert_title(char out[TITLE_MAX + 1], const struct alert *a)
{
    char v[MILLI_TEXT_SIZE], w[MILLI_TEXT_SIZE];
    size_t at = 0;

    out[0] = '\0';
    alert_milli_text(v, a->value);
    alert_milli_text(w, a->other);
    for (const char *t = a->title; *t;) {
        const char *with = strncmp(t, "{v}", 3) == 0   ? v
                           : strncmp(t, "{w}", 3) == 0 ? w
                           : strncmp(t, "{s}", 3) == 0 ? a->service
                                                       : NULL;
        const char one[2] = {*t, '\0'};
        at = put(out, at, TITLE_MAX + 1, with ? with : one);
        t += with ? 3 : 1;
    }
}

void alert_content(char out[CONTENT_MAX + 1], const struct alert *a, int is_zh)
{
    const struct alert_metric *m = a->metric;
    char v[MILLI_TEXT_SIZE], l[MILLI_TEXT_SIZE];
    const char *name = is_zh ? m->zh : m->en, *gap = a->service[0] ? ": " : "";

    if (m->is_state) {
        snprintf(out, CONTENT_MAX + 1, "%s%s%s", a->service, gap, name);
        return;
    }
    alert_milli_text(v, a->value);
    alert_milli_text(l, a->limit);
    snprintf(out, CONTENT_MAX + 1, is_zh ? "%s%s%s %s %s，限值 %s" : "%s%s%s %s %s, limit %s",
             a->service, gap, name, v, m->unit, l);
}

void alert_fingerprint(char out[17], const char *rule, const char *host, const char *service)
{
    const struct crypto_part parts[] = {
        {rule, strlen(rule) + 1}, {host, strlen(host) + 1}, {service, strlen(service) + 1}};
    uint8_t hash[32];

    crypto_sha256_parts(hash, parts, 3);
    sk_hex_encode(out, hash, 8);
}
