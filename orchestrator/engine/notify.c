/* What instances say of themselves with sd_notify(3).  A datagram counts if its sender is in the
 * control groups of the main program, which is asked when the datagram is read: who has ended by
 * then is not believed.  Descriptors that come along are closed, which is what a barrier waits for.
 * Source: sd_notify(3), unix(7). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/paths.h"
#include "engine/supervisor_impl.h"

enum { MESSAGE_MAX = 4096, GROUPS_MAX = 16 * 1024, AT_ONCE = 32, RIGHTS_MAX = 253 };

/* ---- who may say so ---- */

/* "" when it is not known (any more) */
static char *groups_of(pid_t pid)
{
    auto_free char *path = paths_join("/proc/%d/cgroup", (int) pid);
    char *text = NULL;

    return pid > 0 && fsio_read_pseudo(AT_FDCWD, path, GROUPS_MAX, &text) == 0 ? text : strdup("");
}

static bool belongs(const struct instance *i, pid_t sender)
{
    auto_free char *theirs = groups_of(sender), *ours = groups_of(i->pid);

    return theirs && ours && ours[0] != '\0' && strcmp(theirs, ours) == 0;
}

static void disbelieve(struct instance *i, pid_t sender)
{
    if (!i->disbelieved)
        log_line(LOG_WARN, "%s: process %d says something in its name and is none of it", i->id,
                 (int) sender);
    i->disbelieved = true;
}

/* ---- what is said ---- */

/* text for a terminal and for JSON */
static void keep_status(struct instance *i, const char *text)
{
    size_t len = strlen(text);

    len = len < sizeof i->says ? len : sizeof i->says - 1;
    while (len > 0 && text[len] != '\0' && (text[len] & 0xc0) == 0x80)
        len--;
    memcpy(i->says, text, len);
    i->says[len] = '\0';
    for (char *c = i->says; *c; c++)
        if ((unsigned char) *c < ' ' || *c == 0x7f)
            *c = ' ';
    json_t *readable = json_string(i->says);
    for (char *c = i->says; *c && !readable; c++)
        if ((unsigned char) *c > 0x7f)
            *c = '?';
    json_decref(readable);
}

static void on_watchdog(void *owner)
{
    probing_failed(owner, "no WATCHDOG=1 in time");
}

void notify_watch(struct instance *i)
{
    uint64_t after_us = i->unit ? i->unit->health.probe.watchdog_us : 0;

    if (after_us > 0 && !i->paused)
        timers_set(i->in->timers, &i->watchdog, timers_now(i->in->timers) + after_us, on_watchdog,
                   i);
}

static void on_sign_of_life(struct instance *i)
{
    if (timer_is_set(&i->watchdog))
        notify_watch(i);
    else if (i->ready_seen && i->state == STATE_SICK)
        probing_told(i);
}

static void take_line(struct instance *i, const char *line)
{
    if (strcmp(line, "READY=1") == 0)
        probing_told(i);
    else if (strncmp(line, "STATUS=", strlen("STATUS=")) == 0)
        keep_status(i, line + strlen("STATUS="));
    else if (strcmp(line, "WATCHDOG=1") == 0)
        on_sign_of_life(i);
    else if (strcmp(line, "WATCHDOG=trigger") == 0)
        probing_failed(i, "it said WATCHDOG=trigger");
    else if (strcmp(line, "STOPPING=1") == 0)
        timers_cancel(i->in->timers, &i->watchdog); /* who ends need not say so again and again */
}

/* false: nothing more is there */
static bool take_datagram(struct instance *i)
{
    union {
        char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
        struct cmsghdr align;
    } control;
    char text[MESSAGE_MAX + 1], *rest = text;
    struct iovec part = { text, MESSAGE_MAX };
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t n = recvmsg(i->notify, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct ucred who = { 0 };

    if (n < 0)
        return false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_CREDENTIALS)
            memcpy(&who, CMSG_DATA(c), sizeof who);
        for (size_t k = 0;
             c->cmsg_type == SCM_RIGHTS && k < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); k++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + k * sizeof fd, sizeof fd);
            close(fd);
        }
    }
    if (!belongs(i, who.pid)) {
        disbelieve(i, who.pid);
        return true;
    }
    text[m.msg_flags & MSG_TRUNC ? 0 : n] = '\0';
    /* what is said may lead to the end of listening */
    for (char *line; i->notify >= 0 && (line = strsep(&rest, "\n"));)
        take_line(i, line);
    return i->notify >= 0;
}

static int on_datagram(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct instance *i = userdata;

    (void) source, (void) fd, (void) revents;
    for (int k = 0; k < AT_ONCE && take_datagram(i); k++)
        ;
    return 0;
}

/* ---- beginning and end ---- */

void notify_begin(struct instance *i)
{
    if (i->notify_source)
        (void) sd_event_source_set_enabled(i->notify_source, SD_EVENT_ON);
}

void notify_open(struct supervisor *s, const char *id, int fd)
{
    struct instance *i = supervisor_by_id(s, id);
    auto_fd taken = fd;

    if (!i || !state_is_live(i->state))
        return;
    if (i->notify_source)
        notify_close(i);
    if (sd_event_add_io(s->config.loop, &i->notify_source, taken, EPOLLIN, on_datagram, i) < 0)
        return;
    i->notify = take_fd(&taken);
    /* until it has been heard that it runs nobody belongs to it */
    if (i->pid <= 0)
        (void) sd_event_source_set_enabled(i->notify_source, SD_EVENT_OFF);
}

void notify_close(struct instance *i)
{
    i->notify_source = sd_event_source_disable_unref(i->notify_source);
    if (i->notify >= 0)
        close(take_fd(&i->notify));
    timers_cancel(i->in->timers, &i->watchdog);
    i->says[0] = '\0';
    i->disbelieved = false;
}
