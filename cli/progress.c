/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A line on a terminal that says how far the work is.
 */
#include "progress.h"

#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#define INTERVAL (G_USEC_PER_SEC / 4)

/* files: ends with NULL. */
void
progress_begin(struct progress *progress, char **files)
{
    progress->wanted = progress->wanted && isatty(STDERR_FILENO);
    progress->begun = g_get_monotonic_time();
    for (; *files; files++) {
        GStatBuf status;
        if (g_stat(*files, &status) == 0)
            progress->total += status.st_size;
    }
}

/* How much of all the files was read, in percent, and how long the rest takes. */
static void
put_rest(const struct progress *progress, int64_t done, double seconds)
{
    if (progress->total <= 0 || done <= 0)
        return;
    const double part = MIN((double)done / (double)progress->total, 1.0);
    g_printerr(", %.0f %%, %.0f s left", 100 * part, seconds / part - seconds);
}

/* Shows how far the reading is, a few times a second. */
void
progress_show(struct progress *progress, const struct source *source)
{
    if (!progress->wanted)
        return;
    const int64_t now = g_get_monotonic_time();
    if (now - MAX(progress->shown, progress->begun) < INTERVAL)
        return;
    const double seconds = (double)(now - progress->begun) / G_USEC_PER_SEC;
    progress->shown = now;
    g_printerr("\r%s: %.1f million packets, %.2f million a second", source->name,
               source->frames / 1e6, source->frames / 1e6 / seconds);
    put_rest(progress, progress->done + source_position(source), seconds);
    g_printerr("\033[K");
}

/* Takes the line away. */
void
progress_end(struct progress *progress)
{
    if (progress->shown)
        g_printerr("\r\033[K");
    progress->shown = 0;
}
