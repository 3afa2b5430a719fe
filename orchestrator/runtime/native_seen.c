#include "runtime/native_seen.h"

#include <stdio.h>
#include <stdlib.h>

void native_seen_read(const json_t *json, struct runtime_seen *seen)
{
    const json_t *list = json_object_get(json, "ports"), *reasons = json_object_get(json, "shut");
    size_t n = json_array_size(list) > json_array_size(reasons) ? json_array_size(list)
                                                                : json_array_size(reasons);
    uint16_t *ports = calloc(n + 1, sizeof *ports);
    const char **shut = calloc(n + 1, sizeof *shut);

    if (!ports || !shut)
        abort();
    for (size_t i = 0; i < n; i++) {
        const char *reason = json_string_value(json_array_get(reasons, i));

        shut[i] = reason ? reason : "";
    }
    for (size_t i = 0; i < json_array_size(list); i++)
        ports[i] = (uint16_t) json_integer_value(json_array_get(list, i));
    *seen = (struct runtime_seen){ .id = json_string_value(json_object_get(json, "id")),
                                   .pid = (int) json_integer_value(json_object_get(json, "pid")),
                                   .ended = json_is_true(json_object_get(json, "ended")),
                                   .frozen = json_is_true(json_object_get(json, "frozen")),
                                   .memory_limit = (uint64_t) json_integer_value(
                                       json_object_get(json, "memory_limit")),
                                   .ports = ports,
                                   .n_ports = n,
                                   .shut = shut };
}

void native_seen_clear(struct runtime_seen *seen)
{
    free((uint16_t *) (uintptr_t) seen->ports);
    free((void *) (uintptr_t) seen->shut);
}

void native_seen_end(json_t *json, struct exit_info *how)
{
    const char *stage = "";
    json_int_t wall = 0, memory_limit = 0;
    int oom = 0;

    *how = (struct exit_info){ 0 };
    (void) json_unpack(json, "{s?i,s?i,s?s,s?i,s?b,s?I,s?I}", "code", &how->code, "signal",
                       &how->signal, "stage", &stage, "errno", &how->error, "oom", &oom,
                       "memory_limit", &memory_limit, "time_us", &wall);
    (void) snprintf(how->stage, sizeof how->stage, "%s", stage);
    how->oom = oom;
    how->memory_limit = (uint64_t) memory_limit;
    how->wall_us = (uint64_t) wall;
}
