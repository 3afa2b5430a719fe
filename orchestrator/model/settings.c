#include "model/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/password.h"
#include "base/strv.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
#define BLANKS       " \t\r"

enum { DAY_S = 24 * 3600, SUM_TEXT = 5, DATE_TEXT = 11, WORD_MAX = 128 };

const char *const setting_type_text[] = {
    [SETTING_STRING] = "string",   [SETTING_SECRET] = "secret", [SETTING_DOMAIN] = "domain",
    [SETTING_EMAIL] = "email",     [SETTING_PORT] = "port",     [SETTING_NUMBER] = "number",
    [SETTING_BOOLEAN] = "boolean",
};
_Static_assert(ARRAY_LEN(setting_type_text) == SETTING_TYPE_COUNT, "a type has no text");

static char *copy(const char *text, size_t n)
{
    char *out = strndup(text, n);

    if (!out)
        abort();
    return out;
}

/* ---- reading ---- */

/* the word behind "key=" of a description, NULL if it has none; malloc'd */
static char *word_of(const char *description, const char *key)
{
    size_t n = strlen(key);

    for (const char *at = description; (at = strstr(at, key)); at += n)
        if (at[-1] == ' ' && at[n] == '=')
            return copy(at + n + 1, strcspn(at + n + 1, BLANKS));
    return NULL;
}

static bool has_word(const char *description, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = description; (at = strstr(at, word)); at += n)
        if (at[-1] == ' ' && (at[n] == '\0' || strchr(BLANKS, at[n])))
            return true;
    return false;
}

static void describe(struct setting *item, const char *description)
{
    auto_free char *type = word_of(description, "type");
    auto_free char *required = word_of(description, "required");
    auto_free char *generate = word_of(description, "generate");
    uint64_t n = 0;

    item->described = true;
    for (int i = 0; type && i < SETTING_TYPE_COUNT; i++)
        if (strcmp(setting_type_text[i], type) == 0)
            item->type = (enum setting_type) i;
    item->required = required && strcmp(required, "yes") == 0;
    item->once = has_word(description, "once");
    if (generate && num_u64(generate, PASSWORD_MAX, &n) == 0)
        item->generate = (unsigned) n;
    item->previous = word_of(description, "previous");
    item->since = word_of(description, "since");
}

/* what stands above a key, until the empty line before it */
struct above {
    const char *description; /* NULL if none */
    char *comment;
    size_t len;
    unsigned first; /* 0 = nothing */
};

static void forget(struct above *a)
{
    free(a->comment);
    *a = (struct above){ 0 };
}

static void remember(struct above *a, const char *line, unsigned number)
{
    size_t n;

    if (a->first == 0)
        a->first = number;
    if (strncmp(line, "#:", 2) == 0) {
        a->description = line;
        return;
    }
    line += strspn(line, "# \t");
    n = strcspn(line, "\r");
    a->comment = realloc(a->comment, a->len + n + 2);
    if (!a->comment)
        abort();
    if (a->len > 0)
        a->comment[a->len++] = ' ';
    memcpy(a->comment + a->len, line, n);
    a->len += n;
    a->comment[a->len] = '\0';
}

/* where the key of a line begins, and its length; NULL for a line that sets nothing */
static const char *key_of(const char *line, size_t *n, const char **value)
{
    line += strspn(line, BLANKS);
    if (strncmp(line, "export ", 7) == 0)
        line += 7 + strspn(line + 7, BLANKS);
    *n = strspn(line, NAME_LETTERS);
    if (*n == 0 || line[*n] != '=')
        return NULL;
    *value = line + *n + 1;
    return line;
}

/* Of a value in quotes that end on its line, what is between them; of another one all of it but
 * blanks at the ends and a comment behind. */
static char *plain_value(const char *raw, bool *several)
{
    const char *end;
    size_t n;

    raw += strspn(raw, BLANKS);
    *several = false;
    if (*raw == '"' || *raw == '\'') {
        end = strchr(raw + 1, *raw);
        *several = !end;
        return end ? copy(raw + 1, (size_t) (end - raw - 1)) : copy(raw, strlen(raw));
    }
    for (n = 0; raw[n] && !(raw[n] == '#' && (n == 0 || strchr(BLANKS, raw[n - 1]))); n++)
        continue;
    while (n > 0 && strchr(BLANKS, raw[n - 1]))
        n--;
    return copy(raw, n);
}

static void add(struct settings *s, const char *key, size_t n, const char *value, unsigned number,
                struct above *above)
{
    struct setting *item;

    s->items = realloc(s->items, (s->n + 1) * sizeof *s->items);
    if (!s->items)
        abort();
    item = &s->items[s->n++];
    *item = (struct setting){ .name = copy(key, n), .line = number };
    item->value = plain_value(value, &item->several);
    item->first = above->first ? above->first : number;
    item->comment = above->comment ? take_ptr(above->comment) : copy("", 0);
    if (above->description)
        describe(item, above->description);
}

void settings_parse(const char *text, struct settings *out)
{
    struct above above = { 0 };
    unsigned number = 0;
    char quote = '\0';

    *out = (struct settings){ 0 };
    for (const char *next = text; *next;) {
        size_t length = strcspn(next, "\n"), n;
        auto_free char *line = copy(next, length);
        const char *key, *value;

        strv_append(&out->lines, line);
        out->open_end = next[length] == '\0';
        next += length + !out->open_end;
        number++;
        if (quote) { /* inside of a value */
            quote = strchr(line, quote) ? '\0' : quote;
            continue;
        }
        key = key_of(out->lines[number - 1], &n, &value);
        if (key) {
            add(out, key, n, value, number, &above);
            quote = out->items[out->n - 1].several ? value[strspn(value, BLANKS)] : '\0';
        }
        if (line[strspn(line, BLANKS)] == '#')
            remember(&above, out->lines[number - 1], number);
        else
            forget(&above);
    }
    forget(&above);
}

void settings_clear(struct settings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct setting *item = &s->items[i];

        explicit_bzero(item->value, strlen(item->value));
        free(item->name);
        free(item->value);
        free(item->previous);
        free(item->since);
        free(item->comment);
    }
    free(s->items);
    for (char **line = s->lines; line && *line; line++)
        explicit_bzero(*line, strlen(*line));
    strv_free(s->lines);
    *s = (struct settings){ 0 };
}

struct setting *settings_find(const struct settings *s, const char *name)
{
    for (size_t i = s->n; i > 0; i--)
        if (strcmp(s->items[i - 1].name, name) == 0)
            return &s->items[i - 1];
    return NULL;
}

/* ---- writing ---- */

char *settings_text(const struct settings *s, size_t *len)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort();
    for (char **line = s->lines; line && *line; line++)
        fprintf(out, "%s%s", *line, line[1] || !s->open_end ? "\n" : "");
    (void) fclose(out);
    if (len)
        *len = size;
    return text;
}

static void replace_line(struct settings *s, unsigned number, char *line)
{
    char **at = &s->lines[number - 1];

    explicit_bzero(*at, strlen(*at));
    free(*at);
    *at = line;
}

int settings_set(struct settings *s, const char *name, const char *value, struct err *e)
{
    struct setting *item = settings_find(s, name);
    const char *line, *old;
    char *changed = NULL;
    size_t n;

    if (!item)
        return err_set(e, -ENOENT, "%s is not set there", name);
    if (item->several)
        return err_set(e, -EINVAL, "%s goes on over several lines: change it by hand", name);
    if (strpbrk(value, "\n\r") || value[strcspn(value, "'\"\\$# \t")])
        return err_set(e, -EINVAL, "the value of %s would not be read back as it is", name);
    line = s->lines[item->line - 1];
    (void) key_of(line, &n, &old);
    if (asprintf(&changed, "%.*s%s%s", (int) (old - line), line, value,
                 strchr(line, '\r') ? "\r" : "") < 0)
        abort();
    replace_line(s, item->line, changed);
    explicit_bzero(item->value, strlen(item->value));
    free(item->value);
    item->value = copy(value, strlen(value));
    return 0;
}

void settings_append(struct settings *s, const struct settings *from, const char *name)
{
    const struct setting *item = settings_find(from, name);
    auto_free char *text = NULL;
    struct settings both = { 0 };
    size_t size = 0;
    FILE *out = item ? open_memstream(&text, &size) : NULL;

    if (!out)
        return;
    for (char **line = s->lines; line && *line; line++)
        fprintf(out, "%s\n", *line);
    fputs("\n", out);
    for (unsigned n = item->first; n <= item->line; n++)
        fprintf(out, "%s\n", from->lines[n - 1]);
    (void) fclose(out);
    settings_parse(text, &both);
    explicit_bzero(text, size);
    settings_clear(s);
    *s = both;
}

static bool fingerprint(const char *value, char out[SUM_TEXT])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(value, strlen(value), sum, &len, EVP_sha256(), NULL) != 1)
        return false;
    (void) snprintf(out, SUM_TEXT, "%02x%02x", sum[0], sum[1]);
    return true;
}

static unsigned description_line(const struct settings *s, const struct setting *item)
{
    for (unsigned n = item->first; n < item->line; n++)
        if (strncmp(s->lines[n - 1], "#:", 2) == 0)
            return n;
    return 0;
}

void settings_date(struct settings *s, const char *name, long long now_s)
{
    struct setting *item = settings_find(s, name);
    unsigned number = item ? description_line(s, item) : 0;
    char date[DATE_TEXT] = "", sum[SUM_TEXT] = "";
    time_t at = (time_t) now_s;
    char *changed = NULL, *line, *word;
    struct tm tm;

    if (number == 0 || !gmtime_r(&at, &tm) || !fingerprint(item->value, sum))
        return;
    (void) strftime(date, sizeof date, "%Y-%m-%d", &tm);
    line = s->lines[number - 1];
    word = strstr(line, " since=");
    if (asprintf(&changed, "%.*s since=%s/%s%s",
                 (int) (word ? (size_t) (word - line) : strcspn(line, "\r")), line, date, sum,
                 word ? word + 1 + strcspn(word + 1, BLANKS) : "") < 0)
        abort();
    replace_line(s, number, changed);
    free(item->since);
    item->since = word_of(changed, "since");
}

int settings_age_days(const struct setting *item, long long now_s)
{
    char sum[SUM_TEXT] = "";
    struct tm tm = { 0 };
    const char *rest = item->since ? strptime(item->since, "%Y-%m-%d", &tm) : NULL;
    long long then = rest ? (long long) timegm(&tm) : 0;

    if (!rest || *rest != '/' || !fingerprint(item->value, sum) || strcmp(rest + 1, sum) != 0)
        return -1;
    return now_s < then ? 0 : (int) ((now_s - then) / DAY_S);
}

/* ---- values ---- */

static bool is_domain(const char *text)
{
    size_t length = strlen(text), label = 0;

    for (const char *c = text; *c; c++) {
        if (*c == '.' ? label == 0 || c[-1] == '-' : !isalnum((unsigned char) *c) && *c != '-')
            return false;
        if (*c == '-' && label == 0)
            return false;
        label = *c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return length > 0 && length <= 253 && label > 0 && text[length - 1] != '-';
}

static bool is_email(const char *text)
{
    const char *at = strrchr(text, '@');

    return at && at > text && strcspn(text, " \t\"'<>()$#\\") == strlen(text) &&
           strchr(text, '@') == at && is_domain(at + 1);
}

bool setting_refuse(const struct setting *item, const char *value, char *why, size_t size)
{
    static const char *const truths[] = { "yes", "no", "true", "false", "on", "off", "1", "0" };
    uint16_t port;
    uint64_t number;

    why[0] = '\0';
    switch (item->type) {
    case SETTING_STRING:
    case SETTING_TYPE_COUNT: break;
    case SETTING_SECRET:
        if (password_refuse(value, why, size))
            return true;
        break;
    case SETTING_DOMAIN:
        if (!is_domain(value))
            (void) snprintf(why, size, "'%.*s' is no name of a host", WORD_MAX, value);
        break;
    case SETTING_EMAIL:
        if (!is_email(value))
            (void) snprintf(why, size, "'%.*s' is no e-mail address", WORD_MAX, value);
        break;
    case SETTING_PORT:
        if (num_port(value, &port) < 0)
            (void) snprintf(why, size, "'%.*s' is no port (1 to 65535)", WORD_MAX, value);
        break;
    case SETTING_NUMBER:
        if (num_u64(value, UINT64_MAX, &number) < 0)
            (void) snprintf(why, size, "'%.*s' is no number", WORD_MAX, value);
        break;
    case SETTING_BOOLEAN:
        (void) snprintf(why, size, "'%.*s' is neither yes nor no", WORD_MAX, value);
        for (size_t i = 0; i < ARRAY_LEN(truths); i++)
            if (strcmp(truths[i], value) == 0)
                why[0] = '\0';
        break;
    }
    return why[0] != '\0';
}
