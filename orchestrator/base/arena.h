/* arena.h -- one lifetime, one free: memory of an immutable tree (a project, a node tree).
 * Runs in: every program.  Owns: everything allocated from it.  Out of memory ends the program.
 * A thin layer over glibc's obstack (The GNU C Library, "Obstacks"). */
#ifndef IPAM_BASE_ARENA_H
#define IPAM_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* accepts NULL */
void arena_free_(struct arena **a);
#define auto_arena __attribute__((cleanup(arena_free_))) struct arena *

void *arena_alloc(struct arena *a, size_t size);           /* zeroed, aligned for any type */
void *arena_array(struct arena *a, size_t n, size_t size); /* zeroed; overflow ends the program */
char *arena_strdup(struct arena *a, const char *s);        /* NULL stays NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
