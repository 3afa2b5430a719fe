#include "units/fetch.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/bytetext.h"
#include "base/clock.h"

enum { TIMES_MAX = 200, BODY_MAX = 4 * 1024 * 1024, HEADERS_MAX = 64, SHA256_TEXT = 65 };

struct fetch {
    const char *url, *method, *connect, *body, *token, *tls_max;
    json_t *headers;
    json_int_t announce, times, timeout_us, max;
    int follow;
};

/* one transfer under way */
struct transfer {
    CURL *curl;
    struct curl_slist *list, *hosts;
    char *body;
    size_t len, room, seen;
    EVP_MD_CTX *digest;
    json_int_t announced;
    char error[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t size, size_t n, void *userdata)
{
    struct transfer *t = userdata;
    size_t len = size * n, left = t->room - t->len, take = len < left ? len : left;

    (void) EVP_DigestUpdate(t->digest, data, len);
    memcpy(t->body + t->len, data, take);
    t->len += take;
    t->seen += len;
    return len;
}

/* of a body that is only announced; a server that refuses it never reads it */
static size_t give_zeros(char *data, size_t size, size_t n, void *userdata)
{
    struct transfer *t = userdata;
    size_t len = size * n;

    if ((json_int_t) len > t->announced)
        len = (size_t) t->announced;
    t->announced -= (json_int_t) len;
    memset(data, 0, len);
    return len;
}

static void set_body(struct transfer *t, const struct fetch *f)
{
    if (f->announce > 0) {
        t->announced = f->announce;
        (void) curl_easy_setopt(t->curl, CURLOPT_UPLOAD, 1L);
        (void) curl_easy_setopt(t->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t) f->announce);
        (void) curl_easy_setopt(t->curl, CURLOPT_READFUNCTION, give_zeros);
        (void) curl_easy_setopt(t->curl, CURLOPT_READDATA, t);
        (void) curl_easy_setopt(t->curl, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        t->list = curl_slist_append(t->list, "Expect: 100-continue");
    } else if (f->body) {
        (void) curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE, (long) strlen(f->body));
        (void) curl_easy_setopt(t->curl, CURLOPT_COPYPOSTFIELDS, f->body);
    }
    if (f->method && strcmp(f->method, "HEAD") == 0)
        (void) curl_easy_setopt(t->curl, CURLOPT_NOBODY, 1L);
    else if (f->method)
        (void) curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, f->method);
}

static void set_tls(struct transfer *t, const struct fetch *f)
{
    bool old = f->tls_max != NULL;

    /* whose certificate it is, is judged by whoever asked: it is in the answer */
    (void) curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, 0L);
    (void) curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    (void) curl_easy_setopt(t->curl, CURLOPT_CERTINFO, 1L);
    if (!old)
        return;
    (void) curl_easy_setopt(t->curl, CURLOPT_SSLVERSION,
                            (long) CURL_SSLVERSION_TLSv1_0 |
                                (strcmp(f->tls_max, "1.0") == 0 ? CURL_SSLVERSION_MAX_TLSv1_0
                                                                : CURL_SSLVERSION_MAX_TLSv1_1));
    /* so that it is the server who refuses, not our own library */
    (void) curl_easy_setopt(t->curl, CURLOPT_SSL_CIPHER_LIST, "ALL@SECLEVEL=0");
}

static void set_headers(struct transfer *t, const struct fetch *f)
{
    auto_free char *bearer = NULL;
    const json_t *one;
    size_t i;

    json_array_foreach (f->headers, i, one)
        if (json_is_string(one) && i < HEADERS_MAX)
            t->list = curl_slist_append(t->list, json_string_value(one));
    if (f->token && asprintf(&bearer, "Authorization: Bearer %s", f->token) >= 0)
        t->list = curl_slist_append(t->list, bearer);
}

static void prepare(struct transfer *t, const struct fetch *f)
{
    auto_free char *where = NULL;

    *t = (struct transfer){ .curl = curl_easy_init(), .digest = EVP_MD_CTX_new() };
    t->room = (size_t) f->max;
    t->body = calloc(1, t->room + 1);
    if (!t->curl || !t->digest || !t->body)
        abort();
    (void) EVP_DigestInit_ex(t->digest, EVP_sha256(), NULL);
    if (f->connect && asprintf(&where, "::%s:", f->connect) >= 0)
        t->hosts = curl_slist_append(NULL, where);
    (void) curl_easy_setopt(t->curl, CURLOPT_CONNECT_TO, t->hosts);
    (void) curl_easy_setopt(t->curl, CURLOPT_URL, f->url);
    (void) curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void) curl_easy_setopt(t->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    (void) curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, f->follow ? 1L : 0L);
    (void) curl_easy_setopt(t->curl, CURLOPT_MAXREDIRS, 5L);
    (void) curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long) (f->timeout_us / 1000));
    (void) curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(t->curl, CURLOPT_NOPROXY, "*");
    (void) curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "ipam-orch/" VERSION);
    (void) curl_easy_setopt(t->curl, CURLOPT_ACCEPT_ENCODING, "");
    (void) curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->error);
    (void) curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, take_body);
    (void) curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    (void) curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
    set_body(t, f);
    set_tls(t, f);
    set_headers(t, f);
    (void) curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->list);
}

static void release(struct transfer *t)
{
    curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->list);
    curl_slist_free_all(t->hosts);
    EVP_MD_CTX_free(t->digest);
    free(t->body);
}

static json_t *text_of(const char *bytes, size_t len)
{
    size_t text_len = 0;
    auto_free char *text = bytetext_encode(bytes, len, &text_len);

    return json_stringn(text, text_len);
}

static json_t *headers_of(CURL *curl)
{
    json_t *all = json_object();
    struct curl_header *h = NULL;

    while ((h = curl_easy_nextheader(curl, CURLH_HEADER, -1, h))) {
        char name[128];
        size_t i = 0;

        for (; h->name[i] && i + 1 < sizeof name; i++)
            name[i] = (char) tolower((unsigned char) h->name[i]);
        name[i] = '\0';
        (void) json_object_set_new(all, name, text_of(h->value, strlen(h->value)));
    }
    return all;
}

/* what curl knows of the first certificate of the chain under that name, "" if nothing */
static const char *certificate_of(CURL *curl, const char *name)
{
    struct curl_certinfo *chain = NULL;
    size_t len = strlen(name);

    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
        chain->num_of_certs < 1)
        return "";
    for (const struct curl_slist *s = chain->certinfo[0]; s; s = s->next)
        if (strncmp(s->data, name, len) == 0 && s->data[len] == ':')
            return s->data + len + 1;
    return "";
}

static json_t *describe(struct transfer *t, CURLcode code)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char sha256[SHA256_TEXT] = "", *url = NULL, *location = NULL;
    long status = 0, redirects = 0;
    curl_off_t us = 0;

    (void) EVP_DigestFinal_ex(t->digest, sum, &n);
    for (unsigned i = 0; i < n && 2 * i + 2 < sizeof sha256; i++)
        (void) snprintf(sha256 + 2 * i, 3, "%02x", sum[i]);
    (void) curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_COUNT, &redirects);
    (void) curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &url);
    (void) curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &location);
    (void) curl_easy_getinfo(t->curl, CURLINFO_TOTAL_TIME_T, &us);
    return json_pack("{s:i,s:i,s:I,s:s,s:s,s:s,s:I,s:s,s:o,s:o,s:s,s:I}", "status", (int) status,
                     "redirects", (int) redirects, "us", (json_int_t) us, "url", url ? url : "",
                     "location", location ? location : "", "error",
                     code == CURLE_OK ? ""
                     : t->error[0]    ? t->error
                                      : curl_easy_strerror(code),
                     "size", (json_int_t) t->seen, "sha256", sha256, "headers", headers_of(t->curl),
                     "body", text_of(t->body, t->len), "certificate",
                     certificate_of(t->curl, "Cert"), "not_after",
                     (json_int_t) curl_getdate(certificate_of(t->curl, "Expire date"), NULL));
}

static json_t *once(const struct fetch *f)
{
    struct transfer t;
    json_t *answer;

    prepare(&t, f);
    answer = describe(&t, curl_easy_perform(t.curl));
    release(&t);
    return answer;
}

static void count(json_t *counts, CURL *curl, CURLcode code)
{
    char key[32] = "error";
    long status = 0;

    (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK)
        (void) snprintf(key, sizeof key, "%ld", status);
    (void) json_object_set_new(counts, key,
                               json_integer(1 + json_integer_value(json_object_get(counts, key))));
}

/* all at once, over one connection where the server speaks HTTP/2 */
static json_t *many(const struct fetch *f)
{
    auto_free struct transfer *all = calloc((size_t) f->times, sizeof *all);
    CURLM *multi = curl_multi_init();
    json_t *counts = json_object();
    uint64_t began = clock_now_us();
    int running = 1, left = 0;
    CURLMsg *m;

    if (!all || !multi)
        abort();
    (void) curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long) CURLPIPE_MULTIPLEX);
    for (json_int_t i = 0; i < f->times; i++) {
        prepare(&all[i], f);
        (void) curl_easy_setopt(all[i].curl, CURLOPT_PIPEWAIT, 1L);
        (void) curl_multi_add_handle(multi, all[i].curl);
    }
    while (running > 0 && curl_multi_perform(multi, &running) == CURLM_OK) {
        while ((m = curl_multi_info_read(multi, &left)))
            if (m->msg == CURLMSG_DONE)
                count(counts, m->easy_handle, m->data.result);
        if (running > 0)
            (void) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    for (json_int_t i = 0; i < f->times; i++) {
        (void) curl_multi_remove_handle(multi, all[i].curl);
        release(&all[i]);
    }
    (void) curl_multi_cleanup(multi);
    return json_pack("{s:s,s:I,s:o}", "url", f->url, "us", (json_int_t) (clock_now_us() - began),
                     "counts", counts);
}

int fetch_run(const json_t *request, json_t **answer, struct err *e)
{
    struct fetch f = { .times = 1, .timeout_us = 10 * 1000 * 1000, .max = 256 * 1024 };
    json_error_t where;

    if (json_unpack_ex((json_t *) (size_t) request, &where, JSON_STRICT,
                       "{s:s,s?s,s?s,s?o,s?s,s?I,s?s,s?b,s?s,s?I,s?I,s?I}", "url", &f.url, "method",
                       &f.method, "connect", &f.connect, "headers", &f.headers, "body", &f.body,
                       "announce", &f.announce, "token", &f.token, "follow", &f.follow, "tls_max",
                       &f.tls_max, "times", &f.times, "timeout_us", &f.timeout_us, "max",
                       &f.max) < 0)
        return err_set(e, -EINVAL, "%s", where.text);
    if (f.times < 1 || f.times > TIMES_MAX || f.max < 0 || f.max > BODY_MAX || f.timeout_us < 1000)
        return err_set(e, -EINVAL, "'times', 'max' or 'timeout_us' is out of range");
    *answer = f.times > 1 ? many(&f) : once(&f);
    return 0;
}
