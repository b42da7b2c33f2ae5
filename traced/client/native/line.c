/* The line that is sent: the envelope, and in it the payload, which is held once. */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL "}\n"
#define FIRST_BYTES (3 * READ_BYTES) /* one allocation for nearly every event */
#define ESCAPED_BYTES 6 /* \u0000 */

/* Make room for `more` bytes and the tail; growing by a quarter keeps the waste small. */
static bool make_room(struct event *event, size_t more)
{
    size_t wanted = event->size + more + sizeof TAIL;
    char *grown;

    if (wanted <= event->room)
        return true;
    wanted += event->size / 4;
    grown = realloc(event->line, wanted);
    if (!grown)
        return false;
    event->line = grown;
    event->room = wanted;
    return true;
}

/* Append up to what is there of `string`; there must be room. */
static void append(struct event *event, const char *string)
{
    size_t size = strlen(string);

    memcpy(event->line + event->size, string, size);
    event->size += size;
}

/* Return the length of the character of UTF-8 at `at`, 0 if the bytes there are none. */
static size_t character(const unsigned char *at)
{
    size_t length = *at < 0x80   ? 1
                    : *at < 0xc2 ? 0
                    : *at < 0xe0 ? 2
                    : *at < 0xf0 ? 3
                    : *at < 0xf5 ? 4
                                 : 0;
    /* No longer form than needed, no surrogate, nothing above U+10FFFF (RFC 3629, section 4). */
    unsigned char low = *at == 0xe0 ? 0xa0 : *at == 0xf0 ? 0x90 : 0x80;
    unsigned char high = *at == 0xed ? 0x9f : *at == 0xf4 ? 0x8f : 0xbf;

    for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf)
        if (at[i] < low || at[i] > high)
            return 0;
    return length;
}

/* Append `value` as a JSON string; a byte that is no UTF-8 becomes a lone surrogate. */
static bool append_string(struct event *event, const char *value)
{
    const unsigned char *at = (const unsigned char *)value;

    if (!make_room(event, strlen(value) * ESCAPED_BYTES + sizeof "\"\""))
        return false;
    append(event, "\"");
    while (*at) {
        size_t length = character(at);
        if (!length || *at < ' ' || *at == '"' || *at == '\\') {
            char escaped[ESCAPED_BYTES + 1];
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(length ? *at : 0xdc00 + *at));
            append(event, escaped);
            at++;
        } else {
            memcpy(event->line + event->size, at, length);
            event->size += length;
            at += length;
        }
    }
    append(event, "\"");
    return true;
}

/* Begin the line up to its payload; what is not known is left out. */
int begin_line(struct event *event, const struct flags *flags)
{
    char known[160];
    const struct {
        const char *key, *value;
    } named[] = {{",\"agent\":", flags->agent}, {",\"event\":", flags->event}};
    long pid = whole_number(*flags->agent_pid ? flags->agent_pid : environment("CLAUDE_PID"));
    int size;

    if (!make_room(event, FIRST_BYTES))
        return ENOMEM;
    append(event, "{\"v\":1,\"ack\":true");
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (!*named[i].value)
            continue;
        if (!make_room(event, sizeof known))
            return ENOMEM;
        append(event, named[i].key);
        if (!append_string(event, named[i].value))
            return ENOMEM;
    }
    size = snprintf(known, sizeof known, ",\"event_id\":\"%s\",\"sent_at\":%lld", event->id,
                    event->fired_ns / NS_PER_MS);
    if (pid > 0)
        snprintf(known + size, sizeof known - (size_t)size, ",\"agent_pid\":%ld", pid);
    if (!make_room(event, sizeof known + sizeof ",\"payload\":"))
        return ENOMEM;
    append(event, known);
    append(event, ",\"payload\":");
    return 0;
}

static bool is_white(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Take in the `size` bytes that were read behind the line; `first` ones without leading white. */
static void keep(struct event *event, size_t size, bool first)
{
    char *piece = event->line + event->size, *at = piece;
    size_t white = 0;

    while (first && white < size && is_white(piece[white]))
        white++;
    size -= white;
    if (white)
        memmove(piece, piece + white, size);
    /* In JSON a newline byte is only ever white space: a space changes no value. */
    while ((at = memchr(at, '\n', size - (size_t)(at - piece))))
        *at++ = ' ';
    event->size += size;
}

/* Read what is left of stdin: the agent must not meet a broken pipe. */
void drain(struct event *event)
{
    static char scrap[READ_BYTES];
    ssize_t got;

    while ((got = read(STDIN_FILENO, scrap, sizeof scrap)) > 0 || (got == -1 && errno == EINTR))
        if (got > 0)
            event->payload_size += (size_t)got;
}

/* Append stdin to its end, without the white space around it. */
int read_payload(struct event *event)
{
    size_t start = event->size;
    int how = fcntl(STDIN_FILENO, F_GETFL);

    /* It is our own end, whatever the agent's event loop made of it. */
    if (how == -1 || fcntl(STDIN_FILENO, F_SETFL, how & ~O_NONBLOCK) == -1)
        return errno;
    for (;;) {
        ssize_t got;
        if (!make_room(event, READ_BYTES))
            return ENOMEM;
        got = read(STDIN_FILENO, event->line + event->size, READ_BYTES);
        if (got == -1 && errno == EINTR)
            continue;
        if (got == -1)
            return errno;
        if (got == 0)
            break;
        event->payload_size += (size_t)got;
        if (event->size - start < STDIN_BYTES_MAX)
            keep(event, (size_t)got, event->size == start);
    }
    while (event->size > start && is_white(event->line[event->size - 1]))
        event->size--;
    return 0;
}

/* Close the envelope; read_payload left room. */
void end_line(struct event *event)
{
    append(event, TAIL);
}
