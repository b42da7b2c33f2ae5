/* From start to exit: reads the payload, hands it over, tells syslog where it is lost. */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

#define RANDOM_BYTES 10
#define REPORT_BYTES_MAX 2048
#define SYSLOG_ERROR "<11>" /* facility user, severity error (RFC 5424, section 6.2.1) */

static const char *const SYSLOG_ADDRESSES[] = {"/dev/log", "/var/run/syslog"}; /* Linux, macOS */

/* Give the event its time, and an id that sorts by it and is nobody else's. */
static void name_event(struct event *event)
{
    struct timespec now;
    unsigned char random[RANDOM_BYTES] = {0};
    uint32_t unique[2];
    char *end = event->id;

    clock_gettime(CLOCK_REALTIME, &now);
    event->fired_ns = now.tv_sec * NS_PER_SECOND + now.tv_nsec;
    if (getentropy(random, sizeof random)) {
        /* Without it nanosecond and process are unique on one machine. */
        unique[0] = (uint32_t)now.tv_nsec;
        unique[1] = (uint32_t)getpid();
        memcpy(random, unique, sizeof unique);
    }
    end += snprintf(end, sizeof event->id, "%012llx",
                    (unsigned long long)(event->fired_ns / NS_PER_MS) & 0xffffffffffffULL);
    for (size_t i = 0; i < sizeof random; i++)
        end += snprintf(end, 3, "%02x", random[i]);
}

/* Write `path` to `to`, of at least `room` bytes, in printable ASCII; cut it where it ends. */
static void escape(char *to, size_t room, const char *path)
{
    for (; *path && room > 5; path++) {
        unsigned char byte = (unsigned char)*path;
        bool plain = byte >= ' ' && byte <= '~' && byte != '\\';
        int written = snprintf(to, room, plain ? "%c" : "\\x%02x", byte);
        to += written;
        room -= (size_t)written;
    }
    *to = '\0';
}

/* Send syslog one line that names the event and the failure, and nothing of the payload. */
static void report_lost(const struct event *event, struct failure why)
{
    char report[REPORT_BYTES_MAX], path[REPORT_BYTES_MAX / 2] = "";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct sockaddr *to = (const struct sockaddr *)&address;
    int syslog, size;

    if (why.path)
        escape(path, sizeof path, why.path);
    size = snprintf(report, sizeof report,
                    SYSLOG_ERROR "traced-hook[%ld]: lost event %s of %zu bytes: "
                                 "[Errno %d] %s%s%s%s",
                    (long)getpid(), event->id, event->payload_size, why.error,
                    strerror(why.error), *path ? ": '" : "", path, *path ? "'" : "");
    syslog = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (size < 0 || syslog == -1)
        return;
    fcntl(syslog, F_SETFL, O_NONBLOCK);
    for (size_t i = 0; i < sizeof SYSLOG_ADDRESSES / sizeof *SYSLOG_ADDRESSES; i++) {
        strcpy(address.sun_path, SYSLOG_ADDRESSES[i]);
        if (sendto(syslog, report, (size_t)size, 0, to, sizeof address) >= 0)
            break;
    }
    close(syslog);
}

/* Get the line settled within the deadline, else written to the spool. */
static struct failure pass_on(const struct event *event, const struct flags *flags)
{
    long limit_ms = whole_number(flags->deadline_ms);
    long long deadline_ns;
    const char *spool = spool_of(flags), *sockets[2];
    enum outcome outcome = NOT_DELIVERED;
    struct failure failure;

    if (limit_ms < 0)
        limit_ms = DEADLINE_MS;
    if (limit_ms > DEADLINE_MS_MAX)
        limit_ms = DEADLINE_MS_MAX;
    deadline_ns = monotonic_ns() + limit_ms * NS_PER_MS;
    sockets_of(flags, sockets);
    if (!spool || !is_stuck(spool))
        outcome = deliver(event, sockets, deadline_ns);
    if (outcome == SETTLED)
        return (struct failure){0};
    if (!spool) /* a user without HOME and without an entry in /etc/passwd */
        return (struct failure){ENOENT, "$HOME"};
    failure = write_spool(spool, event);
    if (!failure.error && outcome == MISSED_DEADLINE)
        mark_stuck(spool); /* only now: who does not connect needs a spool that works */
    return failure;
}

/* Read stdin and get its payload settled or spooled; say why it is lost where it is. */
static struct failure hand_over(struct event *event, int count, char **arguments)
{
    struct flags flags = flags_of(count, arguments);
    struct failure failure = {.error = begin_line(event, &flags)};
    size_t head_size = event->size;

    if (!failure.error)
        failure.error = read_payload(event);
    if (failure.error == ENOMEM)
        drain(event);
    if (failure.error || event->size == head_size)
        return failure;
    end_line(event);
    /* From here on the event exists nowhere else, and the deadline bounds the wait. */
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    return pass_on(event, &flags);
}

/* End as ever: before stdin is read to its end, nothing was handed over. */
static void leave(int number)
{
    (void)number;
    _exit(0);
}

int main(int count, char **arguments)
{
    struct event event = {0};
    struct failure failure;

    name_event(&event);
    signal(SIGPIPE, SIG_IGN); /* a daemon that hangs up, a file beyond its limit: errors, no end */
    signal(SIGXFSZ, SIG_IGN);
    if (signal(SIGINT, leave) == SIG_IGN) /* the shell's `trap` */
        signal(SIGINT, SIG_IGN);
    failure = hand_over(&event, count, arguments);
    if (failure.error && event.payload_size) /* without a payload there was no event */
        report_lost(&event, failure);
    _exit(0);
}
