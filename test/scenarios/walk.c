/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Walks lists of segments through the core and prints what each did: one line in, one line out.
 *
 *   begin   NAME                        another capture: all before it is forgotten; echoed
 *   segment TIME FRAME PAIR SIDE SELF IP_ID TTL LINK LEN HEADER    one captured segment
 *   icmp    TIME FRAME PAIR SIDE SELF IP_ID TTL LINK LEN HEADER    one quoted by an ICMP error
 *   end     TIME                        a line per connection, then a dot
 *
 * Times are nanoseconds, PAIR is a small number chosen by the caller, HEADER is the TCP header in
 * hexadecimal, LINK tells link-layer addresses apart. Columns of the answer are separated by tabs:
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
#include "story.h"
#include "tcpstate.h"

#define PAIRS 65536
#define HEADER_MAX 60

/* Of the capture at hand; the memory of connections is used again for the next. */
static struct tcpstate_pair_memory pairs[PAIRS];
static uint32_t pair_count; /* one more than the highest PAIR named */
static struct tcpstate_connection_memory **connections;
static uint32_t connection_count; /* that the core has taken; the next one is its spare */
static uint32_t connections_made;

static _Noreturn void
fail(const char *why)
{
    fprintf(stderr, "walk: %s\n", why);
    exit(2);
}

static void
print_verdicts(const struct tcpstate_connection *connection, unsigned int settled)
{
    struct tcpstate_summary summary;
    bool close = settled & TCPSTATE_SETTLED_CLOSE;

    tcpstate_summarize(connection, &summary);
    printf("\t%s\t%s\t%s\t%s",
           settled & TCPSTATE_SETTLED_OPEN ? tcpstate_open_name(summary.open) : "",
           close ? tcpstate_close_name(summary.close) : "",
           close ? tcpstate_closer_name(summary.closer) : "",
           settled & TCPSTATE_SETTLED_CAUSE ? tcpstate_cause_name(summary.cause) : "");
}

/* The connection that the next new incarnation takes. */
static struct tcpstate_connection *
spare_connection(void)
{
    if (connection_count == connections_made) {
        connections = realloc(connections, (connections_made + 1) * sizeof *connections);
        if (!connections || !(connections[connections_made] = malloc(sizeof **connections)))
            fail("out of memory");
        connections_made++;
    }
    memset(connections[connection_count], 0, sizeof **connections);
    return tcpstate_connection_init(connections[connection_count], connection_count);
}

/* An event's sentence must be whole: every {placeholder} replaced. */
static void
print_events(const struct tcpstate_occurrence *events, size_t count)
{
    char text[512];

    for (size_t i = 0; i < count; i++) {
        size_t length = tcpstate_event_text(&events[i], text, sizeof text);
        if (length == 0 || length >= sizeof text || strpbrk(text, "{}[]|"))
            fail(text);
        printf("%s%s", i ? "," : "", tcpstate_event_slug(events[i].event));
    }
}

/* So must the story of a connection be, and it is never empty. */
static void
check_story(const struct tcpstate_connection *connection, int64_t end)
{
    char text[TCPSTATE_STORY_TEXT];
    size_t length = tcpstate_story(connection, &settings, end, text, sizeof text);

    if (length == 0 || length >= sizeof text || text[length - 1] != '.' || strpbrk(text, "{}[]|"))
        fail(text);
}

static void
print_record(uint32_t frame, const struct tcpstate_record *record)
{
    printf("%" PRIu32 "\t%" PRIu32 "\t%s", frame, tcpstate_connection_index(record->connection),
           tcpstate_role_name(record->sender));
    for (int role = 0; role < 2; role++)
        printf("\t%s\t%s", tcpstate_phase_name(record->phase[role]),
               tcpstate_evidence_name(record->evidence[role]));
    printf("\t%s\t%d\t%d\t", tcpstate_stage_name(record->stage), record->open_step,
           record->close_step);
    for (int i = 0; i < record->transition_count; i++)
        printf("%s%s %s -> %s", i ? "," : "", tcpstate_role_name(record->transition[i].role),
               tcpstate_phase_name(record->transition[i].from),
               tcpstate_phase_name(record->transition[i].to));
    printf("\t");
    print_events(record->event, record->event_count);
    print_verdicts(record->connection, record->settled);
    printf("\t%" PRIu32 "\n", record->answers_frame);
}

static unsigned int
digit_of(char letter)
{
    const char *digits = "0123456789abcdef", *found = letter ? strchr(digits, letter) : NULL;

    if (!found)
        fail("what is no hexadecimal digit");
    return (unsigned int)(found - digits);
}

static size_t
parse_hex(const char *text, uint8_t *octets, size_t room)
{
    size_t size = 0;

    for (; size < room && *text; text += 2)
        octets[size++] = (uint8_t)(digit_of(text[0]) << 4 | digit_of(text[1]));
    return size;
}

/* Reads a line into a segment; returns its pair. */
static struct tcpstate_pair *
parse_segment(const char *line, struct tcpstate_segment *segment)
{
    uint32_t pair, side, self;
    char hex[2 * HEADER_MAX + 1];
    uint8_t header[HEADER_MAX];

    if (sscanf(line,
               "%*s %" SCNd64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu16 " %" SCNu8
               " %" SCNu16 " %" SCNu32 " %120s",
               &segment->time, &segment->frame, &pair, &side, &self, &segment->ip_id, &segment->ttl,
               &segment->link, &segment->len, hex) != 10 ||
        pair >= PAIRS)
        fail(line);
    if (!tcpstate_segment_parse(header, parse_hex(hex, header, sizeof header), segment))
        fail("a header that the core does not take");
    segment->side = side != 0;
    segment->self = self != 0;
    if (pair >= pair_count)
        pair_count = pair + 1;
    return tcpstate_pair_of(&pairs[pair]);
}

static void
walk_segment(const char *line, bool quoted)
{
    struct tcpstate_segment segment = {0};
    struct tcpstate_record record = {0};
    struct tcpstate_pair *pair = parse_segment(line, &segment);
    bool shown = true;

    if (quoted)
        shown = tcpstate_observe_unreachable(pair, &segment, &record);
    else
        tcpstate_observe(pair, &segment, &settings, spare_connection(), &record);
    if (record.opened)
        connection_count++;
    if (shown)
        print_record(segment.frame, &record);
    else
        printf("%" PRIu32 "\n", segment.frame);
}

static void
walk_begin(const char *line)
{
    memset(pairs, 0, pair_count * sizeof *pairs);
    pair_count = 0;
    connection_count = 0;
    fputs(line, stdout);
}

static void
walk_end(const char *line)
{
    int64_t end;

    if (sscanf(line, "end %" SCNd64, &end) != 1)
        fail(line);
    for (uint32_t i = 0; i < connection_count; i++) {
        const struct tcpstate_connection *connection = tcpstate_connection_of(connections[i]);
        struct tcpstate_occurrence events[TCPSTATE_MAX_EVENTS];
        size_t count = tcpstate_finish(connection, &settings, end, events, TCPSTATE_MAX_EVENTS);
        printf(
            "%" PRIu32 "\t%s\t%s\t%s\t", i,
            tcpstate_phase_name(tcpstate_final_phase(connection, TCPSTATE_CLIENT, &settings, end)),
            tcpstate_phase_name(tcpstate_final_phase(connection, TCPSTATE_SERVER, &settings, end)),
            tcpstate_open_name(tcpstate_final_open(connection)));
        print_events(events, count);
        check_story(connection, end);
        printf("\n");
    }
    printf(".\n");
}

int
main(void)
{
    char line[512];

    while (fgets(line, sizeof line, stdin)) {
        if (strncmp(line, "begin ", 6) == 0)
            walk_begin(line);
        else if (strncmp(line, "segment ", 8) == 0)
            walk_segment(line, false);
        else if (strncmp(line, "icmp ", 5) == 0)
            walk_segment(line, true);
        else if (strncmp(line, "end ", 4) == 0)
            walk_end(line);
        else
            fail(line);
    }
    for (uint32_t i = 0; i < connections_made; i++)
        free(connections[i]);
    free(connections);
    return 0;
}
