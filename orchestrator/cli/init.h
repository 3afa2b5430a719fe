/* init.h -- makes the configuration of a project: its files from the shipped template, .env.prod
 * with generated secrets.  Never overwrites anything.
 * Beside .env.prod stays a copy of the template that it was made from, .env.prod.base, without a
 * secret, so that it can be said what a newer template would add (cli/template_diff.h).
 * Runs in: CLI.  Fails: ERR_CONFIG, ERR_MISSING (no template). */
#ifndef IPAM_CLI_INIT_H
#define IPAM_CLI_INIT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

#define INIT_BASE      ".env.prod.base"
#define INIT_BASE_FROM "# made from "

struct init_options {
    bool ask;                   /* somebody is at the terminal */
    const char *domain, *email; /* NULL = what the template says */
    void (*say)(void *owner, const char *path, const char *what); /* about every file made */
    void *owner;
};

/* `dir` is made from the template when it holds no compose file.  An existing .env.prod is left
 * alone; so is a project without env.template, which may need none. */
int init_project(const char *dir, const struct init_options *o, struct err *e);
/* Only .env.prod, for a project that has its compose file, whatever that is called. */
int init_variables(const char *dir, const struct init_options *o, struct err *e);

/* 0, or class ERR_CONFIG when `dir` has a template and no variables: they are not in .env.prod, nor
 * .env, nor in the environment of the caller. */
int init_check(const char *dir, struct err *e);

/* Fills in what is empty in an existing .env.prod and the template says how to make, and adds keys
 * that only a newer template has; what has a value keeps it.  *made: how many values. */
int init_complete(const char *dir, unsigned *made, struct err *e);

/* Data from before knows other passwords than those that were just made: is there any? */
bool init_warn_of_data(const char *volume);
/* mode and owner of a new file with secrets: 0600, of the person behind sudo */
void init_private(struct stat *out);
/* The template that is the newest for the project; malloc'd path, NULL if it has none. */
char *init_template(const char *dir);

#endif
