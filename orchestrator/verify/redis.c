/* Is the cache as closed as it should be (R8.3)? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "verify/lines.h"
#include "verify/verify_impl.h"

/* Arguments: user, file with the password, commands.  The password goes through the shell's own
 * printf into the pipe. */
static const char client[] =
    "{ [ -z \"$1\" ] || printf 'AUTH %s \"%s\"\\n' \"$1\" \"$(sed 's/[\\\\\"]/\\\\&/g' \"$2\")\"\n"
    "printf '%s\\n' \"$3\"; } | redis-cli -h 127.0.0.1 -p 6379 2>&1";

/* the same, each command alone: a line for each, the first of its answer, "-" if that is empty */
static const char client_each[] =
    "printf '%s\\n' \"$3\" | while read -r c; do\n"
    "said=$({ printf 'AUTH %s \"%s\"\\n' \"$1\" \"$(sed 's/[\\\\\"]/\\\\&/g' \"$2\")\"\n"
    "printf '%s\\n' \"$c\"; } | redis-cli -h 127.0.0.1 -p 6379 2>&1 | sed -n 2p)\n"
    "printf '%s\\n' \"${said:--}\"; done";

static int run_client(const struct verify *v, const char *script, const char *user,
                      const char *commands, char **out, struct err *e)
{
    const struct verify_spec *spec = &v->project->verify;
    const char *secret = verify_secret_path(v, spec->cache, spec->cache_secret);

    if (user && !secret)
        return err_set(e, -ENOENT, "service '%s' has no secret '%s'", spec->cache,
                       spec->cache_secret);
    if (user && user[0] == '\0')
        user = "default";
    return verify_inside(
        v, spec->cache, script,
        (const char *const[]){ user ? user : "", user ? secret : "", commands, NULL }, out, e);
}

int verify_redis(const struct verify *v, const char *user, const char *commands, char **out,
                 struct err *e)
{
    return run_client(v, client, user, commands, out, e);
}

/* what it answers to the commands, malloc'd; NULL when that is said */
static char *ask(struct verify *v, const char *user, const char *commands)
{
    char *output = NULL;
    struct err e = ERR_INIT;

    if (!verify_needs(v, v->project->verify.cache, "verify.cache"))
        return NULL;
    if (verify_redis(v, user, commands, &output, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        verify_next(v, "ipam-orch logs %s", v->project->verify.cache);
        return NULL;
    }
    return output;
}

void verify_redis_password(struct verify *v)
{
    auto_free char *output = ask(v, NULL, "PING");

    if (!output)
        return;
    output[strcspn(output, "\n")] = '\0';
    if (strncmp(output, "NOAUTH", 6) == 0) {
        verify_say(v, VERIFY_OK, NULL, "PING without a password: %s", output);
    } else {
        verify_say(v, VERIFY_FAIL, NULL, "PING without a password is answered: %.200s", output);
        verify_next(v, "give its users a password (ACL), then: ipam-orch restart %s",
                    v->project->verify.cache);
    }
}

/* the line behind the one that names it, as CONFIG GET prints */
static const char *setting(const char *output, const char *name, char *value, size_t room)
{
    size_t len = strlen(name);

    value[0] = '\0';
    for (const char *at = output; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, name, len) != 0 || at[len] != '\n')
            continue;
        (void) snprintf(value, room, "%.*s", (int) strcspn(at + len + 1, "\n"), at + len + 1);
        break;
    }
    return value;
}

void verify_redis_settings(struct verify *v)
{
    auto_free char *output = ask(v, "",
                                 "CONFIG GET protected-mode\nCONFIG GET maxmemory\n"
                                 "CONFIG GET maxmemory-policy\nCONFIG GET appendonly\n"
                                 "CONFIG GET save");
    char mode[16], memory[32], policy[32], append[16], save[64];
    const char *wrong = NULL;

    if (!output)
        return;
    if (strstr(output, "NOPERM")) {
        verify_say(v, VERIFY_SKIP, NULL, "the default user may not ask for settings");
        return;
    }
    (void) setting(output, "protected-mode", mode, sizeof mode);
    (void) setting(output, "maxmemory", memory, sizeof memory);
    (void) setting(output, "maxmemory-policy", policy, sizeof policy);
    (void) setting(output, "appendonly", append, sizeof append);
    (void) setting(output, "save", save, sizeof save);
    if (strcmp(mode, "yes") != 0)
        wrong = "protected mode is off";
    else if (memory[0] == '\0' || strcmp(memory, "0") == 0)
        wrong = "there is no ceiling of memory (maxmemory 0)";
    else if (strcmp(append, "yes") != 0 && save[0] == '\0')
        wrong = "nothing is kept on disk (appendonly no, no save)";
    if (wrong) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", wrong);
        verify_next(v, "put it right in the configuration of '%s', then: ipam-orch restart %s",
                    v->project->verify.cache, v->project->verify.cache);
    } else {
        verify_say(v, VERIFY_OK, NULL,
                   "protected-mode yes, maxmemory %s with %s, appendonly %s%s%s", memory, policy,
                   append, save[0] ? ", save " : "", save);
    }
}

/* each does nothing where it is allowed: no key, no such argument, only a question */
static const char *const dangerous[] = {
    "FLUSHALL nothing",
    "FLUSHDB nothing",
    "CONFIG GET maxmemory",
    "DEBUG HELP",
    "KEYS ipam-orch-verify",
    "SHUTDOWN ABORT",
    "MODULE LIST",
    "ACL LIST",
    "GET ipam-orch-verify-of-others", /* a key without the application's beginning */
};

static char *all_dangerous(void)
{
    char *commands = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&commands, &len);

    if (!stream)
        abort();
    for (size_t i = 0; i < ARRAY_LEN(dangerous); i++)
        fprintf(stream, "%s%s", i ? "\n" : "", dangerous[i]);
    (void) fclose(stream);
    return commands;
}

static bool is_refused(const char *answer)
{
    return answer && (strncmp(answer, "NOPERM", 6) == 0 || strstr(answer, "not allowed"));
}

void verify_redis_acl(struct verify *v)
{
    const struct verify_spec *spec = &v->project->verify;
    auto_free char *commands = all_dangerous(), *output = NULL;
    char allowed[512] = "";
    struct err e = ERR_INIT;
    char *rest;

    if (!verify_needs(v, spec->cache, "verify.cache"))
        return;
    if (spec->cache_user[0] == '\0') {
        verify_say(v, VERIFY_FAIL, NULL, "the application uses the default user");
        return;
    }
    if (run_client(v, client_each, spec->cache_user, commands, &output, &e) < 0) {
        verify_say(v, VERIFY_FAIL, NULL, "%s", e.msg);
        return;
    }
    rest = output;
    for (size_t i = 0; i < ARRAY_LEN(dangerous); i++) {
        const char *answer = strsep(&rest, "\n");
        size_t used = strlen(allowed);

        if (!is_refused(answer))
            (void) snprintf(allowed + used, sizeof allowed - used, "%s%s (%.40s)", used ? ", " : "",
                            dangerous[i], answer ? answer : "no answer");
    }
    if (allowed[0]) {
        verify_say(v, VERIFY_FAIL, NULL, "'%s' may do what it must not: %s", spec->cache_user,
                   allowed);
        verify_next(v, "restrict the user '%s' (ACL SETUSER), then: ipam-orch restart %s",
                    spec->cache_user, spec->cache);
    } else {
        verify_say(v, VERIFY_OK, NULL,
                   "'%s' is refused FLUSHALL, FLUSHDB, CONFIG, DEBUG, KEYS, SHUTDOWN, MODULE, ACL "
                   "and keys of others",
                   spec->cache_user);
    }
}
