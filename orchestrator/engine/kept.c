#include "engine/kept.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

enum { STATE_MAX = 16 * 1024 };

/* NULL: nothing of that kind, or nothing that can be told */
static json_t *describe(int dir, const char *file)
{
    auto_fd fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    auto_free char *text = NULL;
    const char *state;
    json_t *all, *out = NULL;
    json_int_t time_s, done_s, bytes;

    if (fd < 0 || fsio_read_fd(fd, STATE_MAX, &text, NULL) < 0)
        return NULL;
    all = json_loads(text, 0, NULL);
    if (json_unpack(all, "{s:s,s:I,s:I,s:I}", "state", &state, "time_s", &time_s, "done_s", &done_s,
                    "bytes", &bytes) == 0)
        out = json_pack("{s:s,s:I,s:I,s:I}", "state", state, "time_s", time_s, "done_s", done_s,
                        "bytes", bytes);
    json_decref(all);
    return out;
}

json_t *kept_describe(const char *operations, const char *project)
{
    static const char *const kinds[] = { "backup", "drill" };
    auto_free char *path = operations ? paths_join("%s/%s", operations, project) : NULL;
    auto_fd dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    json_t *out = json_object();

    for (size_t i = 0; dir >= 0 && i < ARRAY_LEN(kinds); i++) {
        auto_free char *file = paths_join("%s.json", kinds[i]);
        json_t *one = describe(dir, file);

        if (one)
            (void) json_object_set_new(out, kinds[i], one);
    }
    return out;
}
