#include "cli/wizard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

enum { TRIES = 5, ANSWER_ROOM = 512, WHY_ROOM = 256 };

bool wizard_has_person(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* a line without its end; false when there is none any more */
static bool read_answer(FILE *in, char out[ANSWER_ROOM])
{
    size_t n;

    if (!fgets(out, ANSWER_ROOM, in))
        return false;
    n = strcspn(out, "\r\n");
    out[n] = '\0';
    while (n > 0 && out[n - 1] == ' ')
        out[--n] = '\0';
    memmove(out, out + strspn(out, " "), strlen(out + strspn(out, " ")) + 1);
    return true;
}

bool wizard_agrees(const char *question)
{
    char answer[ANSWER_ROOM];

    fprintf(stderr, "%s [Y/n] ", question);
    (void) fflush(stderr);
    return read_answer(stdin, answer) && answer[0] != 'n' && answer[0] != 'N';
}

static bool is_asked(const struct setting *item)
{
    if (!item->described || item->type == SETTING_SECRET || item->several)
        return false;
    return item->type == SETTING_DOMAIN || item->type == SETTING_EMAIL ||
           item->type == SETTING_PORT || (item->required && item->value[0] == '\0');
}

static int give_up(const char *name, struct err *e)
{
    err_set(e, -ECANCELED, "no value for %s: nothing was written", name);
    err_hint(e, "ipam-orch init --non-interactive");
    return err_classify(e, ERR_CONFIG);
}

static int ask_one(struct settings *s, const struct setting *item, FILE *in, FILE *out,
                   struct err *e)
{
    char answer[ANSWER_ROOM], why[WHY_ROOM];

    fprintf(out, "\n%s\n", item->comment);
    for (int i = 0; i < TRIES; i++) {
        fprintf(out, "%s (%s, %s) [%s]: ", item->name, setting_type_text[item->type],
                item->required ? "required" : "optional", item->value);
        (void) fflush(out);
        if (!read_answer(in, answer))
            break;
        if (answer[0] == '\0' && (item->value[0] != '\0' || !item->required))
            return 0;
        if (answer[0] == '\0')
            (void) snprintf(why, sizeof why, "a value is required");
        else if (!setting_refuse(item, answer, why, sizeof why)) {
            struct err unwritable = ERR_INIT;

            if (settings_set(s, item->name, answer, &unwritable) == 0)
                return 0;
            (void) snprintf(why, sizeof why, "%.*s", WHY_ROOM - 1, unwritable.msg);
        }
        fprintf(out, "  %s\n", why);
    }
    return give_up(item->name, e);
}

int wizard_ask(struct settings *s, FILE *in, FILE *out, struct err *e)
{
    int r = 0;

    fputs("Settings of the project. Enter takes what stands in brackets; secrets are made for "
          "you.\n",
          out);
    for (size_t i = 0; r == 0 && i < s->n; i++)
        if (is_asked(&s->items[i]))
            r = ask_one(s, &s->items[i], in, out, e);
    return r;
}
