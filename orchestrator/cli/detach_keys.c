#include "cli/detach_keys.h"

#include <errno.h>
#include <string.h>

/* the code of ctrl and a key is the key's without the bits of its row */
enum { CONTROL_BITS = 0x1f };

static int key_of(const char *word, size_t len, char *out)
{
    static const char control[] = "ctrl-";
    size_t skip = strlen(control);

    if (len == 1 && word[0] > ' ' && word[0] <= '~') {
        *out = word[0];
        return 0;
    }
    if (len != skip + 1 || strncmp(word, control, skip) != 0 ||
        !strchr("abcdefghijklmnopqrstuvwxyz@[\\]^_", word[skip]))
        return -EINVAL;
    *out = (char) (word[skip] & CONTROL_BITS);
    return 0;
}

int detach_keys_parse(const char *text, struct detach_keys *out, struct err *e)
{
    struct detach_keys k = { .n = 0 };

    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, ",");

        if (k.n == DETACH_KEYS_MAX || key_of(at, len, &k.keys[k.n]) < 0) {
            err_set(e, -EINVAL,
                    "--detach-keys '%s': at most %d keys such as a or ctrl-p, with commas", text,
                    DETACH_KEYS_MAX);
            return err_classify(e, ERR_USAGE);
        }
        k.n++;
        at += len + (at[len] == ',');
    }
    *out = k;
    return 0;
}

bool detach_keys_take(struct detach_keys *k, const char *in, size_t len, char *out, size_t *out_len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (k->seen < k->n && in[i] == k->keys[k->seen]) {
            if (++k->seen < k->n)
                continue;
            *out_len = n;
            return true;
        }
        /* they were no beginning: they are typed */
        memcpy(out + n, k->keys, k->seen);
        n += k->seen;
        k->seen = k->n > 0 && in[i] == k->keys[0];
        if (!k->seen)
            out[n++] = in[i];
    }
    *out_len = n;
    return false;
}
