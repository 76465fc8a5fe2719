/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads capture files one after the other, as one capture.
 */
#ifndef TCPSTATE_SOURCE_H
#define TCPSTATE_SOURCE_H

#include "walk.h"

struct source {
    struct wtap *file; /* NULL = none is open */
    const char *name;  /* as messages call it */
    struct wtap_record *record;
    uint32_t frames;             /* of all files so far */
    int64_t size;                /* octets of the open file, 0 if it has no size */
    volatile const int *stopped; /* what a signal sets: an interrupted reading is no error */
};

void source_init(struct source *source);
void source_free(struct source *source);
bool source_open(struct source *source, const char *name);
bool source_next(struct source *source, struct frame *frame, bool *damaged);
void source_close(struct source *source);
int64_t source_position(const struct source *source);

#endif
