#include "model/shared.h"

#include <assert.h>

#include "base/auto.h"

const char *const shared_text[] = {
    [SHARED_NETWORK] = "network", [SHARED_IPC] = "IPC namespace", [SHARED_PID] = "PID namespace"
};
static_assert(ARRAY_LEN(shared_text) == SHARED_COUNT, "a namespace has no text");

const char *shared_of(const struct unit *u, enum shared which)
{
    const char *const of[SHARED_COUNT] = {
        [SHARED_NETWORK] = u->network_of, [SHARED_IPC] = u->ipc_of, [SHARED_PID] = u->pid_of
    };

    return of[which];
}
