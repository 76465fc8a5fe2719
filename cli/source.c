/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads capture files through libwiretap: every format that Wireshark knows, compressed ones too.
 */
#include "wtap_compat.h"
#include "source.h"

#include <string.h>

#define SECONDS_MAX INT64_C(4611686000) /* a little less than 2^62 nanoseconds, 146 years */

/* Called once, before any other. */
void
source_init(struct source *source)
{
    wtap_log_init("tcpstate");
    wtap_init(FALSE);
    source->record = g_new0(struct wtap_record, 1);
    wtap_record_init(source->record);
}

void
source_free(struct source *source)
{
    source_close(source);
    wtap_record_free(source->record);
    g_free(source->record);
    wtap_cleanup();
}

/* Says on standard error why a file cannot be read, or not to its end. */
static void
complain(const struct source *source, int error, char *details)
{
    const char *reason = wtap_strerror(error);
    if (error == WTAP_ERR_FILE_UNKNOWN_FORMAT)
        reason = "this is not a capture file in a format that Wireshark knows";
    else if (error == WTAP_ERR_SHORT_READ)
        reason = "the file is cut in the middle of a packet";
    else if (error == WTAP_ERR_BAD_FILE)
        reason = "the file is damaged";
    else if (error == WTAP_ERR_NOT_REGULAR_FILE)
        reason = "this is neither a file nor a pipe";
    g_printerr("tcpstate: %s: %s%s%s%s\n", source->name, reason, details ? " (" : "",
               details ? details : "", details ? ")" : "");
    g_free(details);
}

/* Opens a file; "-" is standard input. False if it cannot be read, which is said. */
bool
source_open(struct source *source, const char *name)
{
    int error = 0;
    char *details = NULL;
    source->name = strcmp(name, "-") == 0 ? "standard input" : name;
    source->file = wtap_open_offline(name, WTAP_TYPE_AUTO, &error, &details, FALSE);
    if (!source->file) {
        complain(source, error, details);
        return false;
    }
    source->size = wtap_file_size(source->file, &error);
    return true;
}

void
source_close(struct source *source)
{
    if (source->file)
        wtap_close(source->file);
    source->file = NULL;
}

/* How many octets of the file were read, compressed ones if it is compressed. */
int64_t
source_position(const struct source *source)
{
    return source->file ? wtap_read_so_far(source->file) : 0;
}

/* When a frame was captured, nanoseconds since the epoch. Absurd times are cut to what the core
 * takes.
 */
static int64_t
time_of(const wtap_rec *rec)
{
    int64_t seconds = rec->ts.secs;
    seconds = CLAMP(seconds, -SECONDS_MAX, SECONDS_MAX);
    return seconds * INT64_C(1000000000) + rec->ts.nsecs;
}

/* No more frames: says why, if that is not the end of the file. Of a file without an octet, as a
 * pipe is whose writer failed, libwiretap finds nothing wrong. Returns whether something is. */
static bool
is_damaged(const struct source *source, int error, char *details)
{
    if (*source->stopped)
        return false;
    if (error)
        complain(source, error, details);
    else if (source_position(source) == 0)
        g_printerr("tcpstate: %s: it is empty, which no format of a capture is\n", source->name);
    else
        return false;
    return true;
}

/* The next frame of the open file; its octets are valid until the one after it is read. A record
 * that is no packet has a number and no octets. False at the end; *damaged says that the file goes
 * on, but cannot be read, which is said. */
bool
source_next(struct source *source, struct frame *frame, bool *damaged)
{
    int error = 0;
    char *details = NULL;
    const wtap_rec *rec = &source->record->rec;
    *damaged = false;
    if (!wtap_record_read(source->file, source->record, &error, &details)) {
        *damaged = is_damaged(source, error, details);
        return false;
    }
    frame->number = ++source->frames;
    frame->time = time_of(rec);
    frame->octets = NULL;
    frame->captured = frame->length = 0;
    frame->encapsulation = WTAP_ENCAP_UNKNOWN;
    if (rec->rec_type == REC_TYPE_PACKET) {
        frame->octets = wtap_record_octets(source->record);
        frame->length = rec->rec_header.packet_header.len;
        frame->captured = MIN(rec->rec_header.packet_header.caplen, frame->length);
        frame->encapsulation = rec->rec_header.packet_header.pkt_encap;
    }
    return true;
}
