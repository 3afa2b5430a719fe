/* release.h -- releases of a project: what it was resolved to, with copies of the files its
 * services only read, below operations/PROJECT/releases. ID/project.json   the resolved project,
 * with the paths of its files; of secrets their names only ID/meta.json
 * {"id","label","time","user","copies":[{"from","digest","files","bytes"}]} ID/N/NAME         copy
 * number N ID/index.json     where the content of which file is, for the next one pins/ID it is
 * kept history           one JSON object per line: {"id","time","verb","message","user"} A release
 * is made in a directory of another name and renamed: who finds one finds all of it, and nothing of
 * it is written again.  Its name is made from what it holds, secrets left out. Runs in: CLI. Fails:
 * negative errno; ERR_USAGE for a release there is none of. */
#ifndef IPAM_OPS_RELEASE_H
#define IPAM_OPS_RELEASE_H

#include <jansson.h>

#include "base/err.h"
#include "model/project.h"

enum { RELEASE_ID = 16, RELEASE_KEEP = 5 };

/* Makes the release of `p` unless it is there.  Afterwards `p` uses its copies, and the digests of
 * its units tell their content. */
int release_make(struct project *p, char id[RELEASE_ID], struct err *e);
/* The same without making it: what the release is called and what it holds; its copies may not be
 * there. */
int release_name(struct project *p, char id[RELEASE_ID], struct err *e);
/* The project of a release, using its copies.  A secret has the value of the first of `known`
 * (ended by NULL) that has it, -ENOKEY if none does; `known` NULL: secrets are empty, for
 * comparing. */
int release_load(const char *project, const char *id, const struct project *const *known,
                 struct project **out, struct err *e);
/* The whole name of one that begins so, or is labelled so. */
int release_find(const char *project, const char *word, char id[RELEASE_ID], struct err *e);

/* `id` serves from now on. */
int release_note(const char *project, const char *id, const char *verb, const char *message,
                 struct err *e);
/* All, the newest first: those of meta.json, and "state": current, previous or "", and "pinned",
 * "served": when it began to serve last, with "verb" and "message"; new reference. */
int release_list(const char *project, json_t **out, struct err *e);
/* "" when there is none */
int release_current(const char *project, char current[RELEASE_ID], char previous[RELEASE_ID],
                    struct err *e);
int release_pin(const char *project, const char *id, bool pinned, struct err *e);
/* Refused (ERR_UNSAFE) for one that serves, is used by `status` (of the manager, may be NULL), is
 * the previous one or pinned. */
int release_remove(const char *project, const char *id, const json_t *status, struct err *e);
/* Removes what is beyond the newest `keep` and could be removed, and what was half made or half
 * removed by somebody who was killed; *removed (new reference) lists. */
int release_prune(const char *project, const json_t *status, size_t keep, json_t **removed,
                  struct err *e);

#endif
