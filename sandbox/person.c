#include "sandbox/person.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/num.h"

enum { NAME_ROOM = 128 };

static bool means(const char *text, const char *name, uint32_t id)
{
    uint64_t number = 0;

    return num_u64(text, UINT32_MAX, &number) == 0 ? number == id
                                                   : name[0] && strcmp(text, name) == 0;
}

int person_group(const struct spec *s, const char *text, gid_t *out, struct err *e)
{
    char user[NAME_ROOM];
    const char *colon = strchr(text, ':'), *group = colon ? colon + 1 : NULL;
    size_t len = colon ? (size_t) (colon - text) : strlen(text);
    const struct spec_group *found = NULL;

    if (len >= sizeof user)
        return err_set(e, -EINVAL, "user: '%.64s...' is too long", text);
    memcpy(user, text, len);
    user[len] = '\0';
    if (user[0] && !means(user, s->user, s->uid))
        return err_set(e, -EPERM,
                       "user: '%s' is not the user of the service, which is %s (%u); a service "
                       "cannot become anybody else",
                       user, s->user, s->uid);
    if (!group || means(group, s->user, s->gid)) {
        *out = s->gid;
        return 0;
    }
    for (size_t i = 0; i < s->n_groups && !found; i++)
        found = means(group, s->groups[i].name, s->groups[i].gid) ? &s->groups[i] : NULL;
    if (!found)
        return err_set(e, -EPERM, "user: '%.64s' is not a group of the service", group);
    *out = found->gid;
    return 0;
}
