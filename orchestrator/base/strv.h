/* strv.h -- lists of strings on the heap, ended by NULL.
 * Runs in: every program.  Owns: the list and its strings.  NULL is an empty list.
 * Out of memory ends the program. */
#ifndef IPAM_BASE_STRV_H
#define IPAM_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

void strv_free(char **v);
void strv_free_(char ***v);
#define auto_strv __attribute__((cleanup(strv_free_))) char **

size_t strv_len(char *const *v);
/* Appends a copy of `s`; the list may move. */
void strv_append(char ***v, const char *s);
void strv_appendf(char ***v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool strv_has(char *const *v, const char *s);
/* all of them with `between` in between; malloc'd */
char *strv_join(char *const *v, const char *between);

#endif
