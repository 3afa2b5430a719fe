#include "base/suggest.h"

#include <stddef.h>
#include <string.h>

/* longer words are not compared: nothing of ours is named so */
enum { WORD_MAX = 48 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Levenshtein distance, one row at a time */
static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
    size_t row[WORD_MAX + 1];

    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[lb];
}

const char *suggest(const char *word, const char *const *candidates)
{
    size_t len = strlen(word), best = len / 3 + 2;
    const char *found = NULL;

    for (; len <= WORD_MAX && candidates && *candidates; candidates++) {
        size_t other = strlen(*candidates), d;

        if (other > WORD_MAX)
            continue;
        d = distance(word, len, *candidates, other);
        if (d < best) {
            best = d;
            found = *candidates;
        }
    }
    return found;
}
