#include "control/authz.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define OPERATOR_GROUP "ipam-orch"

/* more groups than this one user has never been seen with; the rest are not looked at */
enum { GROUPS_MAX = 256 };

const char *const role_text[] = { [ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator" };

static bool is_member(uid_t uid, gid_t group)
{
    const struct passwd *pw = getpwuid(uid);
    gid_t groups[GROUPS_MAX];
    int n = GROUPS_MAX;

    if (!pw || getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
        return false;
    for (int i = 0; i < n; i++)
        if (groups[i] == group)
            return true;
    return false;
}

enum role authz_role(const struct ucred *peer)
{
    const struct group *gr;

    if (peer->uid == 0 || peer->uid == getuid())
        return ROLE_OPERATOR;
    gr = getgrnam(OPERATOR_GROUP);
    return gr && (peer->gid == gr->gr_gid || is_member(peer->uid, gr->gr_gid)) ? ROLE_OPERATOR
                                                                               : ROLE_VIEWER;
}

void authz_name(const struct ucred *peer, char *out, size_t room)
{
    const struct passwd *pw = getpwuid(peer->uid);

    if (pw)
        (void) snprintf(out, room, "%s (pid %d)", pw->pw_name, (int) peer->pid);
    else
        (void) snprintf(out, room, "uid %u (pid %d)", peer->uid, (int) peer->pid);
}
