#include "cli/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_ROOM = 128 };

/* what was typed, without its end; "" where nothing was */
static void ask(const char *what, const char *for_what, char answer[NAME_ROOM])
{
    fprintf(stderr, "%s Type %s: ", what, for_what);
    (void) fflush(stderr);
    if (!fgets(answer, NAME_ROOM, stdin))
        answer[0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
}

int confirm_project(const struct cli *cli, const char *project, const char *what, const char *next,
                    struct err *e)
{
    char answer[NAME_ROOM];

    if (cli->yes)
        return 0;
    if (!isatty(STDIN_FILENO)) {
        err_set(e, -EPERM, "%s And nobody is there to ask.", what);
        err_hint(e, "%s", next);
        return err_classify(e, ERR_UNSAFE);
    }
    ask(what, "the name of the project", answer);
    if (strcmp(answer, project) == 0)
        return 0;
    err_set(e, -EPERM, "that is not its name: nothing was changed");
    return err_classify(e, ERR_UNSAFE);
}

int confirm_yes(const struct cli *cli, const char *question, const char *again, struct err *e)
{
    char answer[NAME_ROOM];

    if (cli->yes)
        return 0;
    if (!isatty(STDIN_FILENO)) {
        err_set(e, -EPERM, "%s Nobody is there to ask", question);
        err_hint(e, "ipam-orch -y %s", again);
        return err_classify(e, ERR_UNSAFE);
    }
    ask(question, "yes", answer);
    if (strcmp(answer, "yes") == 0)
        return 0;
    err_set(e, -EPERM, "nothing was changed");
    return err_classify(e, ERR_UNSAFE);
}
