/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Walks a list of segments through the core and prints what each did: one line in, one line out.
 *
 *   segment TIME FRAME PAIR SIDE SELF IP_ID TTL LEN HEADER    one captured segment
 *   icmp    TIME FRAME PAIR SIDE SELF IP_ID TTL LEN HEADER    one quoted by an ICMP error
 *   end     TIME                                              a line per connection, then a dot
 *
 * Times are nanoseconds, PAIR is a small number chosen by the caller, HEADER is the TCP header in
 * hexadecimal. Columns of the answer are separated by tabs:
 *
 *   FRAME CONNECTION SENDER CLIENT EVIDENCE SERVER EVIDENCE STAGE OPEN_STEP CLOSE_STEP
 *   TRANSITIONS EVENTS OPEN CLOSE CLOSER CAUSE ANSWERS_FRAME
 *
 * A segment that yields no record prints its frame alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../settings.h"
#include "tcpstate.h"

#define PAIRS 65536
#define HEADER_MAX 60

static struct tcpstate_pair pairs[PAIRS];
static struct tcpstate_connection **connections;
static uint32_t connection_count;
static struct tcpstate_connection *spare;

static _Noreturn void
fail(const char *why)
{
    fprintf(stderr, "walk: %s\n", why);
    exit(2);
}

/* The connection the next new incarnation takes. */
static struct tcpstate_connection *
spare_connection(void)
{
    connections = realloc(connections, (connection_count + 1) * sizeof *connections);
    if (!connections || !(connections[connection_count] = calloc(1, sizeof **connections)))
        fail("out of memory");
    connections[connection_count]->index = connection_count;
    return connections[connection_count];
}

/* An event's sentence must be whole: every {placeholder} replaced. */
static void
print_events(const struct tcpstate_occurrence *events, size_t count)
{
    char text[512];

    for (size_t i = 0; i < count; i++) {
        size_t length = tcpstate_event_text(&events[i], text, sizeof text);
        if (length == 0 || length >= sizeof text || strpbrk(text, "{}"))
            fail(text);
        printf("%s%s", i ? "," : "", tcpstate_event_slug(events[i].event));
    }
}

static void
print_record(uint32_t frame, const struct tcpstate_record *record)
{
    const struct tcpstate_connection *connection = record->connection;
    bool open = record->settled & TCPSTATE_SETTLED_OPEN;
    bool close = record->settled & TCPSTATE_SETTLED_CLOSE;
    bool cause = record->settled & TCPSTATE_SETTLED_CAUSE;

    printf("%" PRIu32 "\t%" PRIu32 "\t%s", frame, connection->index,
           tcpstate_role_name(record->sender));
    for (int role = 0; role < 2; role++)
        printf("\t%s\t%s", tcpstate_phase_name(record->phase[role]),
               tcpstate_evidence_name(record->evidence[role]));
    printf("\t%s\t%d\t%d\t", tcpstate_stage_name(record->stage), record->open_step,
           record->close_step);
    for (int i = 0; i < record->transition_count; i++)
        printf("%s%s %s -> %s", i ? "," : "",
               tcpstate_role_name(connection->self ? TCPSTATE_SELF : record->transition[i].role),
               tcpstate_phase_name(record->transition[i].from),
               tcpstate_phase_name(record->transition[i].to));
    printf("\t");
    print_events(record->event, record->event_count);
    printf("\t%s\t%s\t%s\t%s\t%" PRIu32 "\n", open ? tcpstate_open_name(connection->open) : "",
           close ? tcpstate_close_name(connection->close) : "",
           close ? tcpstate_closer_name(connection->closer) : "",
           cause ? tcpstate_cause_name(connection->cause) : "", record->answers_frame);
}

static size_t
parse_hex(const char *text, uint8_t *octets, size_t room)
{
    size_t size = 0;
    unsigned int octet;

    for (; size < room && sscanf(text, "%2x", &octet) == 1; text += 2)
        octets[size++] = (uint8_t)octet;
    return size;
}

static void
walk_segment(const char *line, bool quoted)
{
    struct tcpstate_segment segment = {0};
    struct tcpstate_record record = {0};
    int64_t time;
    uint32_t frame, pair, side, self, ip_id, ttl, length;
    char hex[2 * HEADER_MAX + 1];
    uint8_t header[HEADER_MAX];

    if (sscanf(line,
               "%*s %" SCNd64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32
               " %" SCNu32 " %" SCNu32 " %120s",
               &time, &frame, &pair, &side, &self, &ip_id, &ttl, &length, hex) != 9 ||
        pair >= PAIRS)
        fail(line);
    if (!tcpstate_segment_parse(header, parse_hex(hex, header, sizeof header), &segment))
        fail("a header that the core does not take");
    segment.time = time;
    segment.frame = frame;
    segment.side = (uint8_t)side;
    segment.self = self != 0;
    segment.ip_id = (uint16_t)ip_id;
    segment.ttl = (uint8_t)ttl;
    segment.len = length;

    if (!spare)
        spare = spare_connection();
    bool shown = true;
    if (quoted)
        shown = tcpstate_observe_unreachable(&pairs[pair], &segment, &record);
    else
        tcpstate_observe(&pairs[pair], &segment, &settings, spare, &record);
    if (record.opened) {
        connection_count++;
        spare = NULL;
    }
    if (shown)
        print_record(frame, &record);
    else
        printf("%" PRIu32 "\n", frame);
}

static void
walk_end(const char *line)
{
    int64_t end;

    if (sscanf(line, "end %" SCNd64, &end) != 1)
        fail(line);
    for (uint32_t i = 0; i < connection_count; i++) {
        struct tcpstate_occurrence events[TCPSTATE_MAX_EVENTS];
        size_t count = tcpstate_finish(connections[i], &settings, end, events, TCPSTATE_MAX_EVENTS);
        printf("%" PRIu32 "\t%s\t%s\t%s\t", i,
               tcpstate_phase_name(
                   tcpstate_final_phase(connections[i], TCPSTATE_CLIENT, &settings, end)),
               tcpstate_phase_name(
                   tcpstate_final_phase(connections[i], TCPSTATE_SERVER, &settings, end)),
               tcpstate_open_name(tcpstate_final_open(connections[i])));
        print_events(events, count);
        printf("\n");
    }
    printf(".\n");
}

int
main(void)
{
    char line[512];

    while (fgets(line, sizeof line, stdin)) {
        if (strncmp(line, "segment ", 8) == 0)
            walk_segment(line, false);
        else if (strncmp(line, "icmp ", 5) == 0)
            walk_segment(line, true);
        else if (strncmp(line, "end ", 4) == 0)
            walk_end(line);
        else
            fail(line);
    }
    for (uint32_t i = 0; i < connection_count; i++)
        free(connections[i]);
    free(spare);
    free(connections);
    return 0;
}
