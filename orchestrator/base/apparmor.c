#include "base/apparmor.h"

#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"

enum { SWITCH_BYTES = 16, NAME_BYTES = 128 };

bool apparmor_is_active(void)
{
    auto_free char *text = NULL;

    return fsio_read_pseudo(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", SWITCH_BYTES,
                            &text) == 0 &&
           text[0] == 'Y';
}

bool apparmor_is_profile(const char *name)
{
    static const char chars[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+@/-";
    size_t len = strnlen(name, NAME_BYTES + 1);

    return len > 0 && len <= NAME_BYTES && strspn(name, chars) == len &&
           strcmp(name, "unconfined") != 0;
}
