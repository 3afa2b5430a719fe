/* fake_dir.h -- a directory for one test: `in/`, where things are to happen, and `out/`, where
 * nothing may. Runs in: unit tests, as the set-up and tear-down of cmocka; *state is the directory.
 */
#ifndef IPAM_TESTS_FAKE_DIR_H
#define IPAM_TESTS_FAKE_DIR_H

struct fake_dir {
    char path[64];
    int top, in;
};

/* everything below a directory that a test made with mkdtemp, and itself */
int fake_tree_remove(const char *path);

int fake_dir_set_up(void **state);
int fake_dir_tear_down(void **state);

#endif
