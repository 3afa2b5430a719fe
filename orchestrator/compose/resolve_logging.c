/* Where the output of a service goes, and how much of it is kept. */
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "compose/resolve.h"
#include "compose/scalar.h"

/* What holds where a file says nothing: 80 MiB of each service.  Docker keeps everything, until the
 * disk is full. */
enum { MAX_SIZE = 16 * 1024 * 1024, FILES = 5 };

static int option(struct resolve *r, const char *key, const struct node *value, struct err *e)
{
    const char *text = scalar_print(r->arena, value);
    struct unit *u = r->unit;
    uint64_t n = 0;

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
            value, e, "of the options of logs, max-size, max-file and compress are honoured");
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

    r->unit->log_max_size = MAX_SIZE;
    r->unit->log_files = FILES;
    r->unit->log_silent = strcmp(node_get_text(logging, "driver", ""), "none") == 0;
    for (size_t i = 0; i < node_count(options); i++) {
        int code = option(r, options->entries[i].key, options->entries[i].value, e);

        if (code < 0)
            return code;
    }
    return resolve_log_keep(r, node_get(r->native, "logs"), &r->unit->logs, e);
}
