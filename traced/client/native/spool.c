/* The other side: a file in the spool, and the marker of a missed deadline beside it. */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Make the folder `path` and those above it, as far as they are missing, for us alone. */
static void make_folders(const char *path)
{
    char *part = text("%s", path);

    /* Mostly they are there; where not, who opens a file in `path` hears why. */
    for (char *at = part; part && (at = strchr(at + 1, '/'));) {
        *at = '\0';
        mkdir(part, 0700);
        *at = '/';
    }
    mkdir(path, 0700);
}

static bool write_whole(int file, const struct event *event)
{
    size_t done = 0;

    while (done < event->size) {
        ssize_t written = write(file, event->line + done, event->size - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/* Let the group of a spool that a group drops its events into read the file: see hook.py. */
static void share(int file, const char *spool)
{
    struct stat folder;

    if (stat(spool, &folder) == 0 && (folder.st_mode & DROP_BITS) == DROP_BITS)
        (void)!fchmod(file, 0640);
}

/* Write the line to a new file in `spool`; on failure an empty one ending in `.lost` tells it. */
struct failure write_spool(const char *spool, const struct event *event)
{
    /* With the time it tells the whole id: see hook.py. */
    char *stem = text("%020lld-%ld-%s", event->fired_ns, (long)getpid(),
                      event->id + EVENT_ID_TIME_CHARS);
    char *hidden = stem ? text("%s/.%s.ndjson", spool, stem) : NULL;
    char *final = stem ? text("%s/%s.ndjson", spool, stem) : NULL;
    char *lost = stem ? text("%s/.%s.lost", spool, stem) : NULL;
    int file, error;
    bool whole;

    if (!hidden || !final || !lost)
        return (struct failure){ENOMEM, NULL};
    umask(077);
    make_folders(spool);
    file = open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (file == -1)
        return (struct failure){errno, hidden};
    share(file, spool);
    whole = write_whole(file, event);
    error = errno;
    if (close(file) && whole) {
        whole = false;
        error = errno;
    }
    if (whole && rename(hidden, final) == 0)
        return (struct failure){0, NULL};
    if (whole)
        error = errno;
    /* On a full disk there is room for a name, and it counts as one. */
    if (truncate(hidden, 0) == 0)
        rename(hidden, lost);
    return (struct failure){error, hidden};
}

/* Return the folder part of `path`, "." where it has none, in memory of its own. */
static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash > path ? text("%.*s", (int)(slash - path), path) : text(".");
}

/*
 * Return the path of the empty file whose time is that of the last missed deadline.
 *
 * It stands beside the spool, for that holds nothing but events; where that folder is not ours to
 * write in (a system-wide spool), in our state folder. NULL if there is none.
 */
static char *marker_of(const char *spool)
{
    char *named = text("%s", spool), *folder;
    const char *state;
    size_t size = named ? strlen(named) : 0;

    while (size && named[size - 1] == '/')
        named[--size] = '\0';
    folder = named ? parent_of(named) : NULL;
    if (!folder)
        return NULL;
    if (access(folder, W_OK) == 0)
        return text("%s.stuck", named);
    state = state_folder();
    for (char *at = named; (at = strchr(at, '/'));)
        *at = '-';
    return state ? text("%s/%s.stuck", state, named) : NULL;
}

/* Tell whether a deadline was missed lately; a time to come (the clock was set) is not. */
bool is_stuck(const char *spool)
{
    const char *marker = marker_of(spool);
    struct stat found;
    struct timespec now, then;
    double age_seconds; /* not whole nanoseconds: a time to come can be centuries away */

    if (!marker || stat(marker, &found))
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
#ifdef __APPLE__
    then = found.st_mtimespec;
#else
    then = found.st_mtim;
#endif
    age_seconds = difftime(now.tv_sec, then.tv_sec) + (double)(now.tv_nsec - then.tv_nsec) / 1e9;
    return age_seconds >= 0 && age_seconds < STUCK_SECONDS;
}

/* Note that a deadline was missed now; where that fails, the next client waits as well. */
void mark_stuck(const char *spool)
{
    const char *marker = marker_of(spool);
    const char *folder = marker ? parent_of(marker) : NULL;
    int file;

    if (!folder)
        return;
    make_folders(folder);
    file = open(marker, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
    if (file == -1)
        return;
    futimens(file, NULL);
    close(file);
}
