#include "cli/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_ROOM = 128 };

int confirm_project(const struct cli *cli, const char *project, const char *what, const char *next,
                    struct err *e)
{
    char answer[NAME_ROOM] = "";

    if (cli->yes)
        return 0;
    if (!isatty(STDIN_FILENO)) {
        err_set(e, -EPERM, "%s And nobody is there to ask.", what);
        err_hint(e, "%s", next);
        return err_classify(e, ERR_UNSAFE);
    }
    fprintf(stderr, "%s Type the name of the project: ", what);
    (void) fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin))
        answer[0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, project) == 0)
        return 0;
    err_set(e, -EPERM, "that is not its name: nothing was changed");
    return err_classify(e, ERR_UNSAFE);
}
