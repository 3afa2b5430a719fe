#include "base/suggest.h"

#include <stddef.h>
#include <string.h>

/* longer words are not compared: nothing of ours is named so */
enum { WORD_MAX = 48 };

/* what a letter too many, too few or wrong costs, and two in the wrong order */
enum { EDIT = 2, SWAP = 1 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Optimal string alignment, a row at a time; see Damerau (1964).  Fingers that were too fast are
 * likelier than fingers that were wrong. */
static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
    size_t rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= lb; j++)
        rows[0][j] = j * EDIT;
    for (size_t i = 1; i <= la; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *twice_above = rows[(i + 1) % 3];

        row[0] = i * EDIT;
        for (size_t j = 1; j <= lb; j++) {
            row[j] = least(above[j] + EDIT, row[j - 1] + EDIT,
                           above[j - 1] + (a[i - 1] != b[j - 1] ? EDIT : 0));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                twice_above[j - 2] + SWAP < row[j])
                row[j] = twice_above[j - 2] + SWAP;
        }
    }
    return rows[la % 3][lb];
}

const char *suggest(const char *word, const char *const *candidates)
{
    size_t len = strlen(word), best = (len / 3 + 1) * EDIT + 1;
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
