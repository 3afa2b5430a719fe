/* etc.h -- the generated files of an instance's /etc.
 * Runs in: broker.  Owns: nothing; results are malloc'd. */
#ifndef IPAM_SANDBOX_ETC_H
#define IPAM_SANDBOX_ETC_H

#include "sandbox/spec.h"

enum etc_file {
    ETC_PASSWD,
    ETC_GROUP,
    ETC_HOSTS,
    ETC_HOSTNAME,
    ETC_RESOLV,
    ETC_NSSWITCH,
    ETC_HOST_CONF,
    ETC_COUNT
};

/* "/etc/passwd" and so on */
const char *etc_path(enum etc_file which);
char *etc_text(enum etc_file which, const struct spec *s);

#endif
