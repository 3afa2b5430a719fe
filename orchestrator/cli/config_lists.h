/* config_lists.h -- what `config` prints instead of the model: names, variables, digests, what
 * native mode makes of it, mistakes.
 * Runs in: CLI.  Writes to stdout. */
#ifndef IPAM_CLI_CONFIG_LISTS_H
#define IPAM_CLI_CONFIG_LISTS_H

#include "base/err.h"
#include "compose/load.h"

enum {
    CONFIG_SERVICES,
    CONFIG_VOLUMES,
    CONFIG_NETWORKS,
    CONFIG_MODELS,
    CONFIG_IMAGES,
    CONFIG_PROFILES,
    CONFIG_VARIABLES,
    CONFIG_ENVIRONMENT,
    CONFIG_HASH,
    CONFIG_EXPLAIN,
    CONFIG_CHECK,
    CONFIG_LIST_COUNT
};

struct config_list {
    bool raw; /* of the files as they are written, not of the model */
    /* `argument` is that of the option; `json` asks for JSON where the list is a table */
    int (*print)(const struct loaded *l, const char *argument, bool json, struct err *e);
};

extern const struct config_list config_lists[CONFIG_LIST_COUNT];

#endif
