#include "logs/line_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/limits.h"
#include "logs/log_page.h"
#include "logs/rotation.h"

struct line_reader {
    char *path;
    struct log_page page;
    char *line;
    size_t room;
};

struct line_reader *line_reader_new(const char *path)
{
    struct line_reader *r = calloc(1, sizeof *r);

    if (!r || !(r->path = strdup(path)))
        abort();
    r->page = LOG_PAGE_NONE;
    return r;
}

void line_reader_free(struct line_reader *r)
{
    if (!r)
        return;
    log_page_close(&r->page);
    free(r->path);
    free(r->line);
    free(r);
}

/* ---- which file: numbers grow under the hands of who reads ---- */

/* how often the file that is read was rotated; -ENOENT: so often that it is gone */
static int number_now(const struct line_reader *r)
{
    for (unsigned n = 0; n <= LIMIT_LOG_FILES; n++)
        if (log_page_is(&r->page, r->path, n))
            return (int) n;
    return -ENOENT;
}

/* none while there is none */
static struct log_page open_oldest(const struct line_reader *r)
{
    for (;;) {
        unsigned n = rotation_oldest(r->path);
        struct log_page page = log_page_open(r->path, n);

        if ((page.text || n == 0) && rotation_oldest(r->path) <= n)
            return page;
        log_page_close(&page); /* it was rotated while we looked, and the oldest is another one */
    }
}

/* The next file in a direction, 1 = older, -1 = younger.  There may be gaps in the numbers, for a
 * moment or for ever; a name is only right if the file that is read is still called afterwards what
 * it was called before. */
static struct log_page open_neighbour(const struct line_reader *r, int direction)
{
    for (;;) {
        int n = number_now(r);
        struct log_page page = LOG_PAGE_NONE;

        if (n < 0)
            return direction < 0 ? open_oldest(r) : page;
        for (int k = n + direction; !page.text && k >= 0 && k <= LIMIT_LOG_FILES; k += direction)
            page = log_page_open(r->path, (unsigned) k);
        if (log_page_is(&r->page, r->path, (unsigned) n))
            return page;
        log_page_close(&page);
    }
}

static bool turn_to(struct line_reader *r, struct log_page page)
{
    if (!page.text)
        return false;
    log_page_close(&r->page);
    r->page = page;
    return true;
}

static FILE *stream(struct line_reader *r)
{
    if (!r->page.text)
        r->page = open_oldest(r);
    return r->page.text;
}

/* At the end of a file: true when there is something to read after all, in it or in the next.
 * What was written before it was rotated may have come after we looked. */
static bool turn_page(struct line_reader *r)
{
    struct log_page next = open_neighbour(r, -1);
    int c;

    if (!next.text)
        return false;
    clearerr(r->page.text);
    c = getc(r->page.text);
    if (c == EOF)
        return turn_to(r, next);
    (void) ungetc(c, r->page.text);
    log_page_close(&next);
    return true;
}

/* the end of the file before this one */
static bool go_back(struct line_reader *r, long *at)
{
    if (!turn_to(r, open_neighbour(r, 1)) || fseek(r->page.text, 0, SEEK_END) < 0)
        return false;
    *at = ftell(r->page.text);
    return *at > 0;
}

void line_reader_tail(struct line_reader *r, size_t lines)
{
    enum { STEP = 64 * 1024 };
    auto_free char *block = malloc(STEP);
    long at;

    if (!block)
        abort();
    if (!turn_to(r, log_page_open(r->path, 0)) || fseek(r->page.text, 0, SEEK_END) < 0)
        return;
    at = ftell(r->page.text);
    /* newlines are counted from the end; the one that ends the last file is the first */
    for (size_t seen = 0; at > 0 || go_back(r, &at);) {
        long start = at > STEP ? at - STEP : 0;
        size_t n = (size_t) (at - start);

        if (fseek(r->page.text, start, SEEK_SET) < 0 || fread(block, 1, n, r->page.text) != n)
            break;
        while (n > 0)
            if (block[--n] == '\n' && seen++ == lines) {
                (void) fseek(r->page.text, start + (long) n + 1, SEEK_SET);
                return;
            }
        at = start;
    }
    (void) fseek(r->page.text, 0, SEEK_SET);
}

const char *line_reader_next(struct line_reader *r)
{
    if (!stream(r))
        return NULL;
    for (;;) {
        long at;
        ssize_t n;

        clearerr(r->page.text);
        at = ftell(r->page.text);
        n = getline(&r->line, &r->room, r->page.text);
        if (n <= 0 && turn_page(r))
            continue;
        if (n > 0 && r->line[n - 1] == '\n')
            return r->line;
        /* a line still being written is read again when it is whole */
        (void) fseek(r->page.text, at, SEEK_SET);
        return NULL;
    }
}

void line_reader_where(const struct line_reader *r, uint64_t *inode, uint64_t *offset)
{
    long at = r->page.text ? ftell(r->page.text) : 0;

    *inode = r->page.text ? r->page.inode : 0;
    *offset = at > 0 ? (uint64_t) at : 0;
}

static bool reaches(FILE *text, uint64_t offset)
{
    return fseek(text, 0, SEEK_END) == 0 && (uint64_t) ftell(text) >= offset &&
           fseek(text, (long) offset, SEEK_SET) == 0;
}

bool line_reader_seek(struct line_reader *r, uint64_t inode, uint64_t offset)
{
    for (unsigned n = 0; n <= rotation_oldest(r->path); n++) {
        struct log_page page = log_page_open(r->path, n);

        if (page.text && page.inode == inode && reaches(page.text, offset))
            return turn_to(r, page);
        log_page_close(&page);
    }
    log_page_close(&r->page);
    return false;
}
