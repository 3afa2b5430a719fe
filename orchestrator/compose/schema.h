/* schema.h -- every attribute of a compose file: what it may look like, how two of them merge, what
 * its canonical form is, and what native mode makes of it.  One table per kind of thing; reading,
 * checking, merging, writing, explaining and docs/COMPOSE-SUPPORT.md all follow it.
 * Runs in: CLI.  Data only.
 * Source: the Compose specification and its JSON schema; where that is silent, what Docker Compose
 * 2.40 does. */
#ifndef IPAM_COMPOSE_SCHEMA_H
#define IPAM_COMPOSE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compose/node.h"

/* what a value may be, as a set */
enum {
    IS_NULL = 1 << NODE_NULL,
    IS_BOOL = 1 << NODE_BOOL,
    IS_INT = 1 << NODE_INT,
    IS_NUMBER = IS_INT | 1 << NODE_FLOAT,
    IS_TEXT = 1 << NODE_TEXT,
    IS_LIST = 1 << NODE_LIST,
    IS_MAP = 1 << NODE_MAP,
    IS_ANY = IS_NULL | IS_BOOL | IS_NUMBER | IS_TEXT | IS_LIST | IS_MAP
};

/* what a value means, and thereby its one canonical form */
enum form {
    FORM_ANY,     /* kept as it is written */
    FORM_DROPPED, /* allowed, without meaning */
    FORM_TEXT,
    FORM_BOOL,
    FORM_INT,
    FORM_COUNT,    /* an int of 0 or more */
    FORM_REAL,     /* single precision, as Docker keeps it */
    FORM_BYTES,    /* "512m" */
    FORM_DURATION, /* "1m30s" */
    FORM_CPUS,
    FORM_MODE,         /* permission bits */
    FORM_DEVICE_COUNT, /* a number, or "all" for -1 */
    FORM_COMMAND,      /* words; a text is split as a shell splits it */
    FORM_TEST,         /* words of a health check; a text is for the shell */
    FORM_TEXTS,        /* a list of texts; a single one is a list of it */
    FORM_VARIABLES,    /* NAME: value, or null for "from outside" */
    FORM_MAPPING,      /* key: text */
    FORM_LABELS,       /* the same, written as list or map */
    FORM_LISTS,        /* key: list of texts */
    FORM_HOSTS,        /* "name=address" */
    FORM_SSH,          /* id: path */
    FORM_ULIMITS,      /* name: number, or soft and hard */
    FORM_ENV_FILES,    /* files with `required` and `format` */
    FORM_OBJECT,       /* one thing of the attribute's kind */
    FORM_OBJECTS,      /* a list of them */
    FORM_NAMED         /* a map of them, under names the author chose */
};

/* how a later file, or an extending service, changes an earlier value */
enum merge {
    MERGE_DEEP,     /* maps key by key, lists one after the other, the rest replaced */
    MERGE_REPLACE,  /* the later one */
    MERGE_SEQUENCE, /* both as lists of KEY=value, one after the other */
    MERGE_HOSTS,    /* the same, without repetition */
    MERGE_NAMES,    /* a list is a map of names without details */
    MERGE_DEPENDS,  /* the same, with the default condition */
    MERGE_BUILD,    /* a text is the context */
    MERGE_LOGGING,  /* options only mix when the driver is the same */
    MERGE_IPAM      /* by subnet */
};

/* what makes two items of a list the same: the later one takes the place of the earlier */
enum unique {
    UNIQUE_NONE,
    UNIQUE_KEY, /* what stands before = */
    UNIQUE_TARGET,
    UNIQUE_DEVICE,
    UNIQUE_CONFIG,
    UNIQUE_SECRET,
    UNIQUE_PORT,
    UNIQUE_ENV_FILE,
    UNIQUE_VALUE
};

/* what a text becomes once its variables are replaced */
enum cast { CAST_NONE, CAST_INT, CAST_REAL, CAST_BOOL };

/* which relative paths it holds */
enum path_rule {
    PATH_NONE,
    PATH_FILE,     /* a file or a list of files */
    PATH_LOCAL,    /* a file; a Windows path stays */
    PATH_LINK,     /* a file; its first symbolic link is followed */
    PATH_CONTEXT,  /* a directory, unless it is a URL or service:NAME */
    PATH_CONTEXTS, /* a map of those */
    PATH_LOCALS    /* a map of PATH_LOCAL */
};

/* what native mode does with it */
enum native {
    NATIVE_REFUSED, /* an error that says so */
    NATIVE_HONOURED,
    NATIVE_MEANINGLESS /* nothing to do without images or an engine: allowed, named by --explain */
};

struct attribute {
    const char *name;
    const struct kind *kind;        /* FORM_OBJECT, FORM_OBJECTS, FORM_NAMED */
    const char *const *words;       /* the only texts allowed, ended by NULL; NULL = any */
    bool (*fits)(const char *text); /* a text must satisfy it; NULL = any */
    const char *note;               /* how native mode honours it, or why not */
    const char *const *only; /* the only values native mode honours, ended by NULL; NULL = any */
    int64_t min, max;        /* of a number, when they differ */
    uint16_t accepts;        /* IS_* of the value */
    uint16_t items;          /* IS_* of the items of a list; 0 = any */
    uint16_t values;         /* IS_* of the values of a map with free keys; 0 = any */
    enum form form;
    enum merge merge;
    enum unique unique;
    enum cast cast;
    enum path_rule path;
    enum native native;
    bool listed;   /* a single text is a list already when files are merged */
    bool nullable; /* FORM_NAMED: a name without details stays null in the model */
    bool distinct; /* a list without repetition */
    bool required;
    bool keep;      /* written down even when it is false, zero or empty */
    bool empty;     /* an empty text is not the same as none, though JSON has neither */
    bool always;    /* in JSON even when it is absent, as an empty object */
    bool yaml_only; /* not in JSON, as the reference has it */
    bool loose;     /* FORM_NAMED: names that are none are let through unread */
};

struct kind {
    const char *what; /* "service", for messages */
    const struct attribute *list;
    size_t n;
    bool open;     /* attributes that it does not have are let through unread */
    bool closed;   /* not even x- attributes */
    bool capitals; /* in JSON its attributes begin with a capital, as the reference has it */
};

extern const struct kind schema_project, schema_service, schema_build, schema_network,
    schema_volume, schema_secret, schema_config, schema_include, schema_ours, schema_native,
    schema_log_keep;

/* What a node of a document is: the value of an attribute, an object of a kind, or neither. */
struct shape {
    const struct attribute *attribute; /* NULL for an item, a named thing, or what nobody knows */
    const struct kind *kind;           /* of an object; NULL for everything else */
};
#define SHAPE_PROJECT ((struct shape){ .kind = &schema_project })
/* of the member `key` of a map of that shape */
struct shape schema_member(struct shape map, const char *key);
/* of an item of a list of that shape */
struct shape schema_item(struct shape list);

/* NULL if the kind has no such attribute */
const struct attribute *schema_find(const struct kind *kind, const char *name);
/* Is the name that of an extension, which every open kind may carry? */
bool schema_is_extension(const char *name);
/* May a service, network, volume, ... be called so? */
bool schema_is_name(const char *name);

#endif
