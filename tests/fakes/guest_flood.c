/* guest_flood LINES: writes so many lines of 120 bytes, numbered from 1, as fast as it can: for
 * benchmarks of what takes them.  Unaware of us: it runs below other programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 120, NUMBER = 12, BUFFER = 64 * 1024 };

int main(int argc, char **argv)
{
    static char buffer[BUFFER];
    char line[LINE + 1];
    unsigned long lines = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;

    (void) setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    memset(line, 'x', LINE - 1);
    line[LINE - 1] = '\n';
    for (unsigned long n = 1; n <= lines; n++) {
        char number[NUMBER + 1];

        (void) snprintf(number, sizeof number, "%0*lu", NUMBER - 1, n);
        memcpy(line, number, NUMBER - 1);
        line[NUMBER - 1] = ' ';
        if (fwrite(line, 1, LINE, stdout) != LINE)
            return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
