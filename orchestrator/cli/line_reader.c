#include "cli/line_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/limits.h"
#include "logs/rotation.h"

struct line_reader {
    char *path;
    FILE *file;
    char *line;
    size_t room;
};

struct line_reader *line_reader_new(const char *path)
{
    struct line_reader *r = calloc(1, sizeof *r);

    if (!r || !(r->path = strdup(path)))
        abort();
    return r;
}

void line_reader_free(struct line_reader *r)
{
    if (!r)
        return;
    if (r->file)
        fclose(r->file);
    free(r->path);
    free(r->line);
    free(r);
}

/* ---- which file: numbers grow under the hands of who reads ---- */

static FILE *open_number(const struct line_reader *r, unsigned n)
{
    auto_free char *path = rotation_name(r->path, n);

    return fopen(path, "re");
}

static bool is_number(const struct line_reader *r, FILE *file, unsigned n)
{
    auto_free char *path = rotation_name(r->path, n);
    struct stat ours, there;

    return fstat(fileno(file), &ours) == 0 && stat(path, &there) == 0 &&
           ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

/* how often the file that is read was rotated; -ENOENT: so often that it is gone */
static int number_now(const struct line_reader *r)
{
    for (unsigned n = 0; n <= LIMIT_LOG_FILES; n++)
        if (is_number(r, r->file, n))
            return (int) n;
    return -ENOENT;
}

/* NULL while there is none */
static FILE *open_oldest(const struct line_reader *r)
{
    for (;;) {
        unsigned n = rotation_oldest(r->path);
        FILE *file = open_number(r, n);

        if ((file || n == 0) && rotation_oldest(r->path) <= n)
            return file;
        if (file)
            fclose(file); /* it was rotated while we looked, and the oldest is another one */
    }
}

/* The next file in a direction, 1 = older, -1 = younger.  There may be gaps in the numbers, for a
 * moment or for ever; a name is only right if the file that is read is still called afterwards what
 * it was called before. */
static FILE *open_neighbour(const struct line_reader *r, int direction)
{
    for (;;) {
        int n = number_now(r);
        FILE *file = NULL;

        if (n < 0)
            return direction < 0 ? open_oldest(r) : NULL;
        for (int k = n + direction; !file && k >= 0 && k <= LIMIT_LOG_FILES; k += direction)
            file = open_number(r, (unsigned) k);
        if (is_number(r, r->file, (unsigned) n))
            return file;
        if (file)
            fclose(file);
    }
}

static bool turn_to(struct line_reader *r, FILE *file)
{
    if (!file)
        return false;
    if (r->file)
        fclose(r->file);
    r->file = file;
    return true;
}

static FILE *stream(struct line_reader *r)
{
    if (!r->file)
        r->file = open_oldest(r);
    return r->file;
}

/* At the end of a file: true when there is something to read after all, in it or in the next.
 * What was written before it was rotated may have come after we looked. */
static bool turn_page(struct line_reader *r)
{
    FILE *next = open_neighbour(r, -1);
    int c;

    if (!next)
        return false;
    clearerr(r->file);
    c = getc(r->file);
    if (c == EOF)
        return turn_to(r, next);
    (void) ungetc(c, r->file);
    fclose(next);
    return true;
}

/* the end of the file before this one */
static bool go_back(struct line_reader *r, long *at)
{
    if (!turn_to(r, open_neighbour(r, 1)) || fseek(r->file, 0, SEEK_END) < 0)
        return false;
    *at = ftell(r->file);
    return *at > 0;
}

void line_reader_tail(struct line_reader *r, size_t lines)
{
    enum { STEP = 64 * 1024 };
    auto_free char *block = malloc(STEP);
    long at;

    if (!block)
        abort();
    if (!turn_to(r, open_number(r, 0)) || fseek(r->file, 0, SEEK_END) < 0)
        return;
    at = ftell(r->file);
    /* newlines are counted from the end; the one that ends the last file is the first */
    for (size_t seen = 0; at > 0 || go_back(r, &at);) {
        long start = at > STEP ? at - STEP : 0;
        size_t n = (size_t) (at - start);

        if (fseek(r->file, start, SEEK_SET) < 0 || fread(block, 1, n, r->file) != n)
            break;
        while (n > 0)
            if (block[--n] == '\n' && seen++ == lines) {
                (void) fseek(r->file, start + (long) n + 1, SEEK_SET);
                return;
            }
        at = start;
    }
    (void) fseek(r->file, 0, SEEK_SET);
}

const char *line_reader_next(struct line_reader *r)
{
    if (!stream(r))
        return NULL;
    for (;;) {
        long at;
        ssize_t n;

        clearerr(r->file);
        at = ftell(r->file);
        n = getline(&r->line, &r->room, r->file);
        if (n <= 0 && turn_page(r))
            continue;
        if (n > 0 && r->line[n - 1] == '\n')
            return r->line;
        /* a line still being written is read again when it is whole */
        (void) fseek(r->file, at, SEEK_SET);
        return NULL;
    }
}
