/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Everything in which the supported versions of libwiretap (4.0 and later) differ, and the
 * command's only file with a condition on the version.
 */
#ifndef TCPSTATE_WTAP_COMPAT_H
#define TCPSTATE_WTAP_COMPAT_H

#include <wireshark.h>
#include <wiretap/wtap.h>
#include <wsutil/buffer.h>
#include <wsutil/wslog.h>

#include "ws_supported.h"

#define WTAP_FIRST_ROOM 2048 /* octets of a record; it grows */

/* Without this libwiretap tells all it does. */
static inline void
wtap_log_init(const char *program)
{
    g_set_prgname(program);
#if WS_VERSION_AT_LEAST(4, 6)
    ws_log_init(NULL);
#else
    ws_log_init(program, NULL);
#endif
}

/* A record with its octets, which it holds itself since 4.6. */
struct wtap_record {
    wtap_rec rec;
    Buffer octets;
};

static inline void
wtap_record_init(struct wtap_record *record)
{
#if WS_VERSION_AT_LEAST(4, 6)
    wtap_rec_init(&record->rec, WTAP_FIRST_ROOM);
#else
    wtap_rec_init(&record->rec);
    ws_buffer_init(&record->octets, WTAP_FIRST_ROOM);
#endif
}

static inline void
wtap_record_free(struct wtap_record *record)
{
    wtap_rec_cleanup(&record->rec);
#if !WS_VERSION_AT_LEAST(4, 6)
    ws_buffer_free(&record->octets);
#endif
}

/* Reads the next record, in the place of the one before; false at the end and, with *error set,
 * where it cannot go on. */
static inline bool
wtap_record_read(wtap *file, struct wtap_record *record, int *error, char **details)
{
    gint64 offset;
    wtap_rec_reset(&record->rec);
#if WS_VERSION_AT_LEAST(4, 6)
    return wtap_read(file, &record->rec, error, details, &offset);
#else
    return wtap_read(file, &record->rec, &record->octets, error, details, &offset);
#endif
}

static inline const uint8_t *
wtap_record_octets(struct wtap_record *record)
{
#if WS_VERSION_AT_LEAST(4, 6)
    return ws_buffer_start_ptr(&record->rec.data);
#else
    return ws_buffer_start_ptr(&record->octets);
#endif
}

#endif
