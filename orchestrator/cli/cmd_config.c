#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "compose/load.h"

enum { OPT_SERVICES = 256, OPT_VOLUMES, OPT_NETWORKS, OPT_IMAGES, OPT_FORMAT };

struct input {
    const char *list;   /* section whose names are printed, "images", or NULL */
    const char *output; /* file, NULL = stdout */
    bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_SERVICES: in->list = "services"; return 0;
    case OPT_VOLUMES: in->list = "volumes"; return 0;
    case OPT_NETWORKS: in->list = "networks"; return 0;
    case OPT_IMAGES: in->list = "images"; return 0;
    case OPT_FORMAT:
        if (strcmp(arg, "json") != 0 && strcmp(arg, "yaml") != 0)
            argp_error(state, "unknown format '%s'", arg);
        in->json = strcmp(arg, "json") == 0;
        return 0;
    case 'o': in->output = arg; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "services", OPT_SERVICES, NULL, 0, "print the names of services", 0 },
    { "volumes", OPT_VOLUMES, NULL, 0, "print the names of volumes", 0 },
    { "networks", OPT_NETWORKS, NULL, 0, "print the names of networks", 0 },
    { "images", OPT_IMAGES, NULL, 0, "print the images", 0 },
    { "format", OPT_FORMAT, "FORM", 0, "yaml (default) or json", 0 },
    { "output", 'o', "FILE", 0, "write to a file", 0 },
    { 0 },
};
static const struct argp argp = { .options = options,
                                  .parser = parse,
                                  .doc = "Checks the compose file and prints it in canonical form: "
                                         "variables replaced, short forms long, paths absolute.  "
                                         "With --quiet it only checks." };

static void print_names(const json_t *document, const char *list)
{
    bool images = strcmp(list, "images") == 0;
    const char *key;
    json_t *value;

    json_object_foreach (json_object_get(document, images ? "services" : list), key, value) {
        const char *image = json_string_value(json_object_get(value, "image"));
        puts(images ? image ? image : "" : key);
    }
}

static int write_out(const char *path, const char *text, struct err *e)
{
    int r = fsio_write_atomic(AT_FDCWD, path, text, strlen(text), 0644);

    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

static int config(const struct cli *cli, const struct input *in, struct err *e)
{
    struct load_options load = options_load(cli);
    bool json = in->json || in->list || cli->format == FORMAT_JSON;
    auto_free char *text = NULL;
    int r = load_canonical(&load, json ? LOAD_JSON : LOAD_YAML, &text, e);

    if (r < 0 || cli->quiet)
        return r;
    if (in->list) {
        json_t *document = json_loads(text, 0, NULL);
        print_names(document, in->list);
        json_decref(document);
        return 0;
    }
    if (in->output)
        return write_out(in->output, text, e);
    fputs(text, stdout);
    if (json)
        putchar('\n');
    return 0;
}

int cmd_config(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    return config(cli, &in, &e) < 0 ? cli_fail(cli, &e) : 0;
}
