#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "units/probe.h"

/* the beginning of the body, for the message when the status is bad */
struct excerpt {
    char text[256];
    size_t len;
};

static size_t keep_excerpt(char *data, size_t size, size_t n, void *userdata)
{
    struct excerpt *x = userdata;
    size_t room = sizeof x->text - 1 - x->len, take = size * n < room ? size * n : room;

    memcpy(x->text + x->len, data, take);
    x->len += take;
    return size * n;
}

static int judge(CURLcode code, long status, const struct excerpt *body, struct err *e)
{
    if (code != CURLE_OK)
        return err_set(e, -EIO, "%s", curl_easy_strerror(code));
    if (status < 200 || status >= 400)
        return err_set(e, -EIO, "HTTP status %ld: %s", status, body->text);
    return 0;
}

static int run(const struct probe_request *r, struct err *e)
{
    CURL *curl = curl_easy_init();
    struct excerpt body = { 0 };
    CURLcode code;
    long status = 0;

    if (!curl)
        return err_set(e, -ENOMEM, "libcurl does not start");
    (void) curl_easy_setopt(curl, CURLOPT_URL, r->url);
    (void) curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long) (r->timeout_us / 1000));
    (void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void) curl_easy_setopt(curl, CURLOPT_USERAGENT, "ipam-orch/" VERSION);
    (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, r->insecure ? 0L : 1L);
    (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, r->insecure ? 0L : 2L);
    (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_excerpt);
    (void) curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    code = curl_easy_perform(curl);
    (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    return judge(code, status, &body, e);
}

const struct probe_ops probe_http = { .name = "http", .run = run };
