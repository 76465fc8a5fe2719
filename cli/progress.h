/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A line on a terminal that says how far the work is.
 */
#ifndef TCPSTATE_PROGRESS_H
#define TCPSTATE_PROGRESS_H

#include "source.h"

struct progress {
    bool wanted;
    int64_t begun, shown; /* microseconds of a clock; shown is 0 until a line is there */
    int64_t total, done;  /* octets of all files; of those before the open one */
};

void progress_begin(struct progress *progress, char **files);
void progress_show(struct progress *progress, const struct source *source);
void progress_end(struct progress *progress);

#endif
