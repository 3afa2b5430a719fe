/* auto.h -- cleanup attributes: a scope-bound thing releases itself.
 * Runs in: every program.  Owns: the variable it is written on, until take_*() hands it over.
 * Source: GCC manual, "Common Variable Attributes", cleanup. */
#ifndef IPAM_BASE_AUTO_H
#define IPAM_BASE_AUTO_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

static inline void auto_free_(void *p)
{
    free(*(void **) p);
}

static inline void auto_close_(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void auto_fclose_(FILE **f)
{
    if (*f)
        fclose(*f);
}

static inline void auto_closedir_(DIR **d)
{
    if (*d)
        closedir(*d);
}

#define auto_free __attribute__((cleanup(auto_free_)))
#define auto_fd   __attribute__((cleanup(auto_close_))) int
#define auto_file __attribute__((cleanup(auto_fclose_))) FILE *
#define auto_dir  __attribute__((cleanup(auto_closedir_))) DIR *

/* hands the descriptor over and empties the variable */
static inline int take_fd(int *fd)
{
    int r = *fd;

    *fd = -1;
    return r;
}

/* hands the pointer over and empties the variable */
#define take_ptr(p)                                                                                \
    __extension__({                                                                                \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

#endif
