/* Where the output of a service goes, and how much of it is kept. */
#include <string.h>

#include "base/auto.h"
#include "base/endpoint.h"
#include "base/limits.h"
#include "base/num.h"
#include "compose/resolve.h"
#include "compose/scalar.h"

/* What holds where a file says nothing: 80 MiB of each service.  Docker keeps everything, until the
 * disk is full. */
enum { MAX_SIZE = 16 * 1024 * 1024, FILES = 5 };

/* ---- where lines go besides the file ---- */

/* syslog(3), in the order of their numbers */
static const char *const facilities[] = { "kern",         "user",   "mail",   "daemon",   "auth",
                                          "syslog",       "lpr",    "news",   "uucp",     "cron",
                                          "authpriv",     "ftp",    "ntp",    "security", "console",
                                          "solaris-cron", "local0", "local1", "local2",   "local3",
                                          "local4",       "local5", "local6", "local7" };
enum { FACILITY_DAEMON = 3 };

/* Docker's forms: unixgram:///dev/log, udp://127.0.0.1:514, tcp://[::1]:601 */
static int syslog_address(struct resolve *r, const struct node *value, struct err *e)
{
    static const char *const schemes[][2] = { { "unixgram://", "unix:" },
                                              { "unix://", "unix:" },
                                              { "udp://", "udp:" },
                                              { "tcp://", "tcp:" } };
    const char *text = scalar_print(r->arena, value), *address = "";
    struct endpoint parsed;

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (address[0] == '\0' && strncmp(text, schemes[i][0], strlen(schemes[i][0])) == 0)
            address = arena_printf(r->arena, "%s%s", schemes[i][1], text + strlen(schemes[i][0]));
    if (strncmp(address, "unix:", 5) != 0 && address[0] != '\0' && !strchr(address + 4, ':'))
        address = arena_printf(r->arena, "%s:514", address);
    r->unit->log_forward.address = address;
    return endpoint_parse(address, &parsed) < 0
               ? resolve_refuse(value, e,
                                "'syslog-address' must be unixgram://PATH, "
                                "udp://ADDRESS:PORT or tcp://ADDRESS:PORT, an address as a number")
               : 0;
}

static int syslog_facility(struct resolve *r, const struct node *value, struct err *e)
{
    const char *text = scalar_print(r->arena, value);
    uint64_t n = 0;

    for (uint32_t i = 0; i < ARRAY_LEN(facilities); i++) {
        if (strcmp(facilities[i], text) != 0)
            continue;
        r->unit->log_forward.facility = i;
        return 0;
    }
    if (num_u64(text, ARRAY_LEN(facilities) - 1, &n) < 0)
        return resolve_refuse(value, e, "'syslog-facility' must be one of syslog(3), as daemon");
    r->unit->log_forward.facility = (uint32_t) n;
    return 0;
}

static int syslog_format(struct resolve *r, const struct node *value, struct err *e)
{
    const char *text = scalar_print(r->arena, value);

    r->unit->log_forward.format = text;
    return strcmp(text, "rfc3164") == 0 || strcmp(text, "rfc5424") == 0 ||
                   strcmp(text, "rfc5424micro") == 0
               ? 0
               : resolve_refuse(value, e,
                                "'syslog-format' must be rfc3164, rfc5424 or rfc5424micro");
}

/* Docker's templates, as far as there is something of that name here */
static int log_tag(struct resolve *r, const struct node *value, struct err *e)
{
    const struct unit *u = r->unit;
    const struct {
        const char *what, *is;
    } known[] = { { "{{.Name}}", u->log_forward.tag },
                  { "{{.ID}}", u->log_forward.tag },
                  { "{{.FullID}}", u->log_forward.tag },
                  { "{{.ImageName}}", u->image },
                  { "{{.DaemonName}}", "ipam-orch" } };
    const char *rest = scalar_print(r->arena, value), *done = "";

    while (rest[0] != '\0') {
        size_t plain = strcspn(rest, "{"), k = 0;

        done = arena_printf(r->arena, "%s%.*s", done, (int) plain, rest);
        rest += plain;
        if (strncmp(rest, "{{", 2) != 0) {
            done = arena_printf(r->arena, "%s%.1s", done, rest);
            rest += rest[0] != '\0';
            continue;
        }
        while (k < ARRAY_LEN(known) && strncmp(rest, known[k].what, strlen(known[k].what)) != 0)
            k++;
        if (k == ARRAY_LEN(known))
            return resolve_refuse(value, e, "'tag' has a template that means nothing here: %s",
                                  rest);
        done = arena_printf(r->arena, "%s%s", done, known[k].is);
        rest += strlen(known[k].what);
    }
    r->unit->log_forward.tag = done;
    return 0;
}

static int driver_option(struct resolve *r, const char *key, const struct node *value,
                         struct err *e)
{
    bool to_syslog = strcmp(r->unit->log_forward.driver, "syslog") == 0;

    if (strcmp(key, "tag") == 0)
        return log_tag(r, value, e);
    if (to_syslog && strcmp(key, "syslog-address") == 0)
        return syslog_address(r, value, e);
    if (to_syslog && strcmp(key, "syslog-facility") == 0)
        return syslog_facility(r, value, e);
    if (to_syslog && strcmp(key, "syslog-format") == 0)
        return syslog_format(r, value, e);
    return 1;
}

/* ---- the file ---- */

static int option(struct resolve *r, const char *key, const struct node *value, struct err *e)
{
    const char *text = scalar_print(r->arena, value);
    struct unit *u = r->unit;
    uint64_t n = 0;
    int code = u->log_forward.driver[0] != '\0' ? driver_option(r, key, value, e) : 1;

    if (code <= 0)
        return code;
    if (strcmp(key, "max-size") == 0) {
        if (strcmp(text, "-1") == 0)
            u->log_max_size = 0; /* as in Docker: any */
        else if (num_bytes(text, &u->log_max_size) < 0 || u->log_max_size == 0)
            return resolve_refuse(value, e, "'max-size' must be bytes such as 10m, or -1");
        return 0;
    }
    if (strcmp(key, "compress") == 0) {
        u->log_compress = strcmp(text, "true") == 0;
        if (!u->log_compress && strcmp(text, "false") != 0)
            return resolve_refuse(value, e, "'compress' must be true or false");
        return 0;
    }
    if (strcmp(key, "max-file") != 0)
        return resolve_refuse(
            value, e,
            u->log_forward.driver[0] == '\0'
                ? "of the options of logs, max-size, max-file and compress are honoured"
                : "of the options of logs, tag, max-size, max-file and compress are honoured, and "
                  "of "
                  "syslog syslog-address, syslog-facility and syslog-format");
    if (num_u64(text, LIMIT_LOG_FILES, &n) < 0 || n == 0)
        return resolve_refuse(value, e, "'max-file' must be a number from 1 to %d",
                              LIMIT_LOG_FILES);
    u->log_files = (unsigned) n;
    return 0;
}

int resolve_log_keep(struct resolve *r, const struct node *n, struct log_keep *out, struct err *e)
{
    const struct node *budget = node_get(n, "budget");

    if (budget && (num_bytes(scalar_print(r->arena, budget), &out->budget) < 0 || out->budget == 0))
        return resolve_refuse(budget, e, "'budget' must be bytes such as 500m");
    return resolve_duration(n, "max_age", 0, &out->max_age_us, e);
}

int resolve_logging(struct resolve *r, struct err *e)
{
    const struct node *logging = node_get(r->service, "logging");
    const struct node *options = node_get(logging, "options");

    const char *driver = node_get_text(logging, "driver", "");

    r->unit->log_max_size = MAX_SIZE;
    r->unit->log_files = FILES;
    r->unit->log_silent = strcmp(driver, "none") == 0;
    r->unit->log_forward = (struct log_forward) LOG_FORWARD_NONE;
    if (strcmp(driver, "journald") == 0 || strcmp(driver, "syslog") == 0)
        r->unit->log_forward = (struct log_forward){
            .driver = driver,
            .address = strcmp(driver, "syslog") == 0 ? "unix:/dev/log" : "",
            .format = "rfc3164",
            .facility = FACILITY_DAEMON,
            .tag = arena_printf(r->arena, "%s-%s", r->project->name, r->unit->name),
        };
    for (size_t i = 0; i < node_count(options); i++) {
        int code = option(r, options->entries[i].key, options->entries[i].value, e);

        if (code < 0)
            return code;
    }
    return resolve_log_keep(r, node_get(r->native, "logs"), &r->unit->logs, e);
}
