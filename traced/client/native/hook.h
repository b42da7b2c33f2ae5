/*
 * The hook client in C: hook.py's twin, for machines with a compiler.
 *
 * Law: each rule here is one of hook.py, and the same tests run against both; whatever happens it
 * prints nothing and exits 0; and once stdin is read to its end, the event is settled by the
 * daemon, or in the spool, or syslog has a line that it is lost.
 *
 *   hook.c     from start to exit: reads, hands over, tells of a loss
 *   line.c     the line that is sent: envelope and payload
 *   places.c   flags and environment: which socket, which spool
 *   deliver.c  the daemon's side: send, wait for the ack
 *   spool.c    the other side: a file in the spool, the marker of a missed deadline
 *
 * C11 and POSIX only. Paths that are made here are never freed: the process lives a millisecond.
 */
#ifndef TRACED_HOOK_H
#define TRACED_HOOK_H

#define _DEFAULT_SOURCE 1 /* getentropy, which is POSIX only since 2024 */
#define _DARWIN_C_SOURCE 1

#include <stdbool.h>
#include <stddef.h>

#define DEADLINE_MS 250
#define DEADLINE_MS_MAX 60000
#define READ_BYTES ((size_t)65536) /* a pipe's capacity on Linux */
#define STDIN_BYTES_MAX ((size_t)64 << 20)
#define ANSWER_BYTES_MAX ((size_t)65536)
#define STUCK_SECONDS 10
#define EVENT_ID_CHARS 32
#define EVENT_ID_TIME_CHARS 12 /* of these, the first: when it fired, in milliseconds */
#define DROP_BITS (S_ISGID | S_ISVTX) /* of a spool that a group drops its events into */
#define NS_PER_MS 1000000LL
#define NS_PER_SECOND 1000000000LL

/* One event: its id, and the only copy of its line. */
struct event {
    char id[EVENT_ID_CHARS + 1];
    long long fired_ns;  /* Unix time */
    size_t payload_size; /* all that stdin held, kept or not */
    char *line;
    size_t size, room; /* of the line: used, allocated */
};

/* The values that argv gives to each flag; "" where it gives none. */
struct flags {
    const char *agent, *event, *socket, *spool, *agent_pid, *deadline_ms;
};

/* Why an event is lost: an errno, and the path that it concerns, or NULL. */
struct failure {
    int error;
    const char *path;
};

enum outcome { SETTLED, MISSED_DEADLINE, NOT_DELIVERED };

/* line.c: 0, or the errno of what failed. */
int begin_line(struct event *event, const struct flags *flags);
int read_payload(struct event *event);
void drain(struct event *event);
void end_line(struct event *event);

/* places.c: those that return a path return NULL where memory or a home folder is missing. */
struct flags flags_of(int count, char **arguments);
long whole_number(const char *text);
const char *environment(const char *name);
const char *spool_of(const struct flags *flags);
void sockets_of(const struct flags *flags, const char *sockets[2]);
const char *state_folder(void);
char *text(const char *format, ...);

/* deliver.c */
long long monotonic_ns(void);
enum outcome deliver(const struct event *event, const char *const sockets[2],
                     long long deadline_ns);

/* spool.c */
struct failure write_spool(const char *spool, const struct event *event);
bool is_stuck(const char *spool);
void mark_stuck(const char *spool);

#endif
