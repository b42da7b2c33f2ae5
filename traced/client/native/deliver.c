/* The daemon's side: send the line, wait for its ack, never beyond the deadline. */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)4096)

/* Return the time on a clock that nobody sets. */
long long monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* Wait until `connection` is ready for `what` (poll's words); tell if the deadline came first. */
static bool missed(int connection, short what, long long deadline_ns)
{
    for (;;) {
        struct pollfd one = {.fd = connection, .events = what};
        long long left_ns = deadline_ns - monotonic_ns();
        if (left_ns <= 0)
            return true;
        if (poll(&one, 1, (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS)) > 0)
            return false;
    }
}

/* Connect to the socket at `path`; NOT_DELIVERED if nobody listens there. */
static enum outcome connect_to(const char *path, int connection, long long deadline_ns)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int error = 0;
    socklen_t size = sizeof error;

    if (strlen(path) >= sizeof address.sun_path)
        return NOT_DELIVERED;
    strcpy(address.sun_path, path);
    if (deadline_ns <= monotonic_ns())
        return MISSED_DEADLINE;
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0)
        return SETTLED;
    if (errno != EINPROGRESS && errno != EINTR)
        return NOT_DELIVERED;
    if (missed(connection, POLLOUT, deadline_ns))
        return MISSED_DEADLINE;
    if (getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &size) || error)
        return NOT_DELIVERED;
    return SETTLED;
}

static enum outcome send_line(int connection, const struct event *event, long long deadline_ns)
{
    size_t sent = 0;

    while (sent < event->size) {
        ssize_t written;
        if (missed(connection, POLLOUT, deadline_ns))
            return MISSED_DEADLINE;
        written = send(connection, event->line + sent, event->size - sent, 0);
        if (written >= 0)
            sent += (size_t)written;
        else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return NOT_DELIVERED;
    }
    return SETTLED;
}

/*
 * Tell whether `answer`, the first line back, is an ack that takes the event off our hands.
 *
 * An ack holds no white space, and a quote within a value is escaped: so what is looked for can
 * only be a key with its value. The event_id is null where the daemon could not read the line.
 */
static bool settles(const char *answer, const struct event *event)
{
    static const char *const statuses[] = {
        "\"status\":\"stored\"",
        "\"status\":\"duplicate\"",
        "\"status\":\"rejected\"",
        "\"status\":\"ignored\"",
    };
    char ours[EVENT_ID_CHARS + sizeof "\"event_id\":\"\""];

    snprintf(ours, sizeof ours, "\"event_id\":\"%s\"", event->id);
    if (!strstr(answer, ours) && !strstr(answer, "\"event_id\":null"))
        return false;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (strstr(answer, statuses[i]))
            return true;
    return false;
}

static enum outcome receive_ack(int connection, const struct event *event, long long deadline_ns)
{
    static char answer[ANSWER_BYTES_MAX + CHUNK_BYTES + 1];
    size_t size = 0;

    while (!memchr(answer, '\n', size)) {
        ssize_t got;
        if (missed(connection, POLLIN, deadline_ns))
            return MISSED_DEADLINE;
        got = recv(connection, answer + size, CHUNK_BYTES, 0);
        if (got == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            continue;
        if (got <= 0)
            return NOT_DELIVERED;
        size += (size_t)got;
        if (size > ANSWER_BYTES_MAX)
            return NOT_DELIVERED;
    }
    answer[size] = '\0';
    return settles(answer, event) ? SETTLED : NOT_DELIVERED;
}

/* Send the line to the first of `sockets` where somebody listens, and wait for its ack. */
enum outcome deliver(const struct event *event, const char *const sockets[2],
                     long long deadline_ns)
{
    for (size_t i = 0; i < 2; i++) {
        enum outcome outcome;
        int connection;
        if (!sockets[i])
            continue;
        connection = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connection == -1 || fcntl(connection, F_SETFL, O_NONBLOCK) == -1)
            return NOT_DELIVERED;
        outcome = connect_to(sockets[i], connection, deadline_ns);
        if (outcome == NOT_DELIVERED) {
            close(connection);
            continue;
        }
        if (outcome == SETTLED)
            outcome = send_line(connection, event, deadline_ns);
        if (outcome == SETTLED)
            outcome = receive_ack(connection, event, deadline_ns);
        close(connection);
        return outcome;
    }
    return NOT_DELIVERED;
}
