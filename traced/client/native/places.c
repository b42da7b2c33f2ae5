/* Flags and environment: which socket, which spool. Only harmless variables are read. */
#include "hook.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS_MAX 9 /* of a process id or a deadline */

/* Point to where the value of the flag that `name` begins with goes; NULL if we do not know it. */
static const char **value_of(struct flags *flags, const char *name, size_t size)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"--agent", &flags->agent},
        {"--event", &flags->event},
        {"--socket", &flags->socket},
        {"--spool", &flags->spool},
        {"--agent-pid", &flags->agent_pid},
        {"--deadline-ms", &flags->deadline_ms},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == size && !strncmp(known[i].name, name, size))
            return known[i].value;
    return NULL;
}

/* Take `--flag value` and `--flag=value`; anything else does no harm. */
struct flags flags_of(int count, char **arguments)
{
    struct flags flags = {"", "", "", "", "", ""};
    const char **pending = NULL;

    for (int i = 1; i < count; i++) {
        const char *argument = arguments[i];
        const char *equals = strchr(argument, '=');
        const char **value;
        if (strncmp(argument, "--", 2)) {
            if (pending)
                *pending = argument;
            pending = NULL;
        } else if (equals) {
            value = value_of(&flags, argument, (size_t)(equals - argument));
            if (value)
                *value = equals + 1;
            pending = NULL;
        } else {
            pending = value_of(&flags, argument, strlen(argument));
        }
    }
    return flags;
}

/* Return the number that `text` writes in up to DIGITS_MAX ASCII digits, else -1. */
long whole_number(const char *text)
{
    size_t size = strlen(text);

    if (size == 0 || size > DIGITS_MAX || strspn(text, "0123456789") != size)
        return -1;
    return atol(text);
}

/* Return the variable `name`; "" if it is unset. */
const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

/* Return what printf would print, in memory of its own; NULL if there is none. */
char *text(const char *format, ...)
{
    va_list values, again;
    int size;
    char *made;

    va_start(values, format);
    va_copy(again, values);
    size = vsnprintf(NULL, 0, format, values);
    made = size < 0 ? NULL : malloc((size_t)size + 1);
    if (made)
        vsnprintf(made, (size_t)size + 1, format, again);
    va_end(again);
    va_end(values);
    return made;
}

/*
 * Return the home folder that /etc/passwd names, else NULL.
 *
 * Not by getpwuid: in a static program that loads libraries of the machine. It is asked only
 * where HOME is unset, and what install writes names every path.
 */
static const char *home_in_passwd(void)
{
    char line[4096], *fields[7];
    const char *home = NULL;
    FILE *file = fopen("/etc/passwd", "r");

    while (file && !home && fgets(line, sizeof line, file)) {
        size_t count = 0;
        for (char *at = line; at && count < 7; count++) {
            fields[count] = at;
            at = strchr(at, ':');
            if (at)
                *at++ = '\0';
        }
        if (count == 7 && *fields[5] == '/' && strtoull(fields[2], NULL, 10) == getuid() &&
            strspn(fields[2], "0123456789") == strlen(fields[2]))
            home = text("%s", fields[5]);
    }
    if (file)
        fclose(file);
    return home;
}

/* Return the user's folder of traced; a relative path counts as unset (XDG). */
const char *state_folder(void)
{
    const char *state = environment("XDG_STATE_HOME"), *home = environment("HOME");

    if (*state == '/')
        return text("%s/traced", state);
    if (*home != '/')
        home = home_in_passwd();
    return home ? text("%s/.local/state/traced", home) : NULL;
}

/* Return the spool: the one that is named, else that in the state folder. */
const char *spool_of(const struct flags *flags)
{
    const char *state;

    if (*flags->spool)
        return flags->spool;
    if (*environment("TRACED_SPOOL"))
        return environment("TRACED_SPOOL");
    state = state_folder();
    return state ? text("%s/spool", state) : NULL;
}

/* Give the sockets to try in turn: the one that is named, else both defaults; NULL for none. */
void sockets_of(const struct flags *flags, const char *sockets[2])
{
    const char *named = *flags->socket ? flags->socket : environment("TRACED_SOCKET");
    const char *runtime = environment("XDG_RUNTIME_DIR"), *state;

    sockets[0] = sockets[1] = NULL;
    if (*named) {
        sockets[0] = named;
        return;
    }
    state = state_folder();
    if (*runtime == '/')
        sockets[0] = text("%s/traced/traced.sock", runtime);
    if (state)
        sockets[1] = text("%s/run/traced.sock", state);
}
