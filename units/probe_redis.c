#include <errno.h>
#include <hiredis.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "units/probe.h"

/* the reply of a command whose failure is told in `e`; NULL then */
static redisReply *command(redisContext *c, int argc, const char **argv, struct err *e)
{
    redisReply *reply = redisCommandArgv(c, argc, argv, NULL);

    if (!reply)
        err_set(e, -EIO, "%s", c->errstr);
    else if (reply->type == REDIS_REPLY_ERROR)
        err_set(e, -EACCES, "%s", reply->str);
    else
        return reply;
    if (reply)
        freeReplyObject(reply);
    return NULL;
}

static int log_in(redisContext *c, const struct probe_request *r, struct err *e)
{
    const char *with_user[] = { "AUTH", r->user, r->password };
    const char *without[] = { "AUTH", r->password };
    redisReply *reply;

    if (r->password[0] == '\0')
        return 0;
    reply = r->user[0] ? command(c, 3, with_user, e) : command(c, 2, without, e);
    if (!reply)
        return -EACCES;
    freeReplyObject(reply);
    return 0;
}

static int expect(redisContext *c, int argc, const char **argv, const char *wanted, struct err *e)
{
    redisReply *reply = command(c, argc, argv, e);
    bool good = reply && reply->str && strstr(reply->str, wanted);

    if (reply && !good)
        err_set(e, -EAGAIN, "%s does not say %s", argv[0], wanted);
    if (reply)
        freeReplyObject(reply);
    return good ? 0 : -EIO;
}

static int run(const struct probe_request *r, struct err *e)
{
    struct timeval limit = { .tv_sec = (time_t) (r->timeout_us / USEC_PER_SEC),
                             .tv_usec = (suseconds_t) (r->timeout_us % USEC_PER_SEC) };
    redisContext *c = redisConnectWithTimeout(r->host, r->port, limit);
    const char *ping[] = { "PING" }, *info[] = { "INFO", "persistence" };
    int code;

    if (!c || c->err) {
        code = err_set(e, -ECONNREFUSED, "%s", c ? c->errstr : "hiredis does not start");
        redisFree(c);
        return code;
    }
    (void) redisSetTimeout(c, limit);
    code = log_in(c, r, e);
    if (code == 0)
        code = expect(c, 1, ping, "PONG", e);
    if (code == 0)
        code = expect(c, 2, info, "loading:0", e);
    redisFree(c);
    return code;
}

const struct probe_ops probe_redis = { .name = "redis", .run = run };
