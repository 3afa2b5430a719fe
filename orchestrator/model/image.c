#include "model/image.h"

#include <string.h>

bool image_is(const char *image, const char *name)
{
    const char *slash = strrchr(image, '/'), *base = slash ? slash + 1 : image;
    size_t len = strlen(name);

    return strncmp(base, name, len) == 0 && strchr(":@", base[len]);
}
