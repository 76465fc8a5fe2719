/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The names that users see, and the sentences of the events.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tcpstate.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const char *const phase_names[] = {
#define X(name) #name,
    TCPSTATE_PHASES(X)
#undef X
};

#define X(name, text) text,
static const char *const evidence_names[] = { TCPSTATE_EVIDENCES(X) };
static const char *const stage_names[] = { TCPSTATE_STAGES(X) };
static const char *const open_names[] = { TCPSTATE_OPENS(X) };
static const char *const close_names[] = { TCPSTATE_CLOSES(X) };
static const char *const closer_names[] = { TCPSTATE_CLOSERS(X) };
static const char *const cause_names[] = { TCPSTATE_CAUSES(X) };
static const char *const resetter_names[] = { TCPSTATE_RESETTERS(X) };
#undef X

static const char *const role_names[] = { "client", "server", "self" };

static const struct event_info {
    const char *slug, *happened, *advice;
    enum tcpstate_severity severity;
    enum tcpstate_group group;
} event_infos[] = {
#define EVENT(slug, severity, group, terms, rfc, happened, advice) \
    { #slug, happened, advice, TCPSTATE_SEVERITY_##severity, TCPSTATE_GROUP_##group },
#include "event.def"
#undef EVENT
};
/* clang-format on */

/*
 * The name of a value as it stands in fields and filters. Each returns "" for a value out of range;
 * the strings are constant.
 */
const char *
tcpstate_phase_name(enum tcpstate_phase phase)
{
    return (size_t)phase < COUNT_OF(phase_names) ? phase_names[phase] : "";
}

const char *
tcpstate_evidence_name(enum tcpstate_evidence evidence)
{
    return (size_t)evidence < COUNT_OF(evidence_names) ? evidence_names[evidence] : "";
}

const char *
tcpstate_stage_name(enum tcpstate_stage stage)
{
    return (size_t)stage < COUNT_OF(stage_names) ? stage_names[stage] : "";
}

const char *
tcpstate_role_name(enum tcpstate_role role)
{
    return (size_t)role < COUNT_OF(role_names) ? role_names[role] : "";
}

const char *
tcpstate_open_name(enum tcpstate_open open)
{
    return (size_t)open < COUNT_OF(open_names) ? open_names[open] : "";
}

const char *
tcpstate_close_name(enum tcpstate_close close)
{
    return (size_t)close < COUNT_OF(close_names) ? close_names[close] : "";
}

const char *
tcpstate_closer_name(enum tcpstate_closer closer)
{
    return (size_t)closer < COUNT_OF(closer_names) ? closer_names[closer] : "";
}

const char *
tcpstate_cause_name(enum tcpstate_cause cause)
{
    return (size_t)cause < COUNT_OF(cause_names) ? cause_names[cause] : "";
}

const char *
tcpstate_resetter_name(enum tcpstate_resetter resetter)
{
    return (size_t)resetter < COUNT_OF(resetter_names) ? resetter_names[resetter] : "";
}

const char *
tcpstate_event_slug(enum tcpstate_event event)
{
    return (size_t)event < COUNT_OF(event_infos) ? event_infos[event].slug : "";
}

/*
 * How serious an event is as a rule; an occurrence may say otherwise. Chat for a value out of
 * range.
 */
enum tcpstate_severity
tcpstate_event_severity(enum tcpstate_event event)
{
    return (size_t)event < COUNT_OF(event_infos) ? event_infos[event].severity
                                                 : TCPSTATE_SEVERITY_CHAT;
}

/*
 * Which of Wireshark's expert groups an event belongs to. Sequence for a value out of range.
 */
enum tcpstate_group
tcpstate_event_group(enum tcpstate_event event)
{
    return (size_t)event < COUNT_OF(event_infos) ? event_infos[event].group
                                                 : TCPSTATE_GROUP_SEQUENCE;
}

/* Text under construction: what does not fit is left out, but counted. */
struct text {
    char *to;
    size_t size, length;
};

static void
put(struct text *text, const char *from, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text->length + 1 < text->size)
            text->to[text->length] = from[i];
        text->length++;
    }
}

/* A time in the unit that suits it, with three digits that tell something: 12.3 s, 4 ms, 0.146 ms,
 * 25 min. */
static void
put_span(struct text *text, int64_t span)
{
    static const struct {
        double least, unit;
        const char *name;
    } units[] = {{7200e9, 3600e9, "h"}, {600e9, 60e9, "min"}, {0.9995e9, 1e9, "s"}, {0, 1e6, "ms"}};
    const double length = span < 0 ? -(double)span : (double)span;
    char number[48];
    size_t unit = 0;
    int size;

    while (length < units[unit].least)
        unit++;
    if (length < 1000)
        size = snprintf(number, sizeof number, "less than 0.001 ms");
    else
        size = snprintf(number, sizeof number,
                        length < 999.5 * units[unit].unit ? "%.3g %s" : "%.0f %s",
                        (double)span / units[unit].unit, units[unit].name);
    put(text, number, size > 0 ? (size_t)size : 0);
}

/* How often something happened: once, twice, 3 times. */
static void
put_times(struct text *text, uint32_t number)
{
    static const char *const words[] = {"never", "once", "twice"};
    char digits[24];
    int length = number < COUNT_OF(words)
                     ? snprintf(digits, sizeof digits, "%s", words[number])
                     : snprintf(digits, sizeof digits, "%" PRIu32 " times", number);

    put(text, digits, length > 0 ? (size_t)length : 0);
}

static void
put_number(struct text *text, uint32_t number)
{
    char digits[12];
    int length = snprintf(digits, sizeof digits, "%" PRIu32, number);

    put(text, digits, length > 0 ? (size_t)length : 0);
}

/* A number of octets; without the number if it is not known. */
static void
put_octets(struct text *text, uint32_t number)
{
    if (number != 0) {
        put_number(text, number);
        put(text, " ", 1);
    }
    put(text, "octets", number == 1 ? 5 : 6);
}

/* Puts what a placeholder stands for; false if there is no such placeholder. */
static bool
put_value(struct text *text, const char *name, size_t length,
          const struct tcpstate_occurrence *occurrence)
{
    static const char *const who[] = {"the client", "the server", "the socket"};
    static const char *const peer[] = {"the server", "the client", "the socket"};
    const size_t role = occurrence->role < COUNT_OF(who) ? occurrence->role : 0;

    if (length == 3 && strncmp(name, "who", length) == 0)
        put(text, who[role], strlen(who[role]));
    else if (length == 4 && strncmp(name, "peer", length) == 0)
        put(text, peer[role], strlen(peer[role]));
    else if (length == 4 && strncmp(name, "span", length) == 0)
        put_span(text, occurrence->span);
    else if (length == 5 && strncmp(name, "count", length) == 0)
        put_number(text, occurrence->count);
    else if (length == 5 && strncmp(name, "times", length) == 0)
        put_times(text, occurrence->count);
    else if (length == 6 && strncmp(name, "octets", length) == 0)
        put_octets(text, occurrence->count);
    else if (length == 5 && strncmp(name, "frame", length) == 0)
        put_number(text, occurrence->frame);
    else
        return false;
    return true;
}

static void
put_sentence(struct text *text, const char *template, const struct tcpstate_occurrence *occurrence)
{
    const size_t first = text->length;

    while (*template != '\0') {
        const char *close = *template == '{' ? strchr(template, '}') : NULL;

        if (close && put_value(text, template + 1, (size_t)(close - template - 1), occurrence))
            template = close + 1;
        else
            put(text, template ++, 1);
    }
    if (text->length > first && first + 1 < text->size && text->to[first] >= 'a' &&
        text->to[first] <= 'z')
        text->to[first] = (char)(text->to[first] - 'a' + 'A');
}

/*
 * Writes what happened, and what it usually means, as one line: "What happened. What to look at".
 *
 * text receives at most size octets, the closing NUL included (size 0 writes nothing). Returns the
 * length of the whole line without the NUL, so a result of size or more tells that it was cut.
 */
size_t
tcpstate_event_text(const struct tcpstate_occurrence *occurrence, char *text, size_t size)
{
    struct text line = {.to = text, .size = size};

    if (occurrence->event < COUNT_OF(event_infos)) {
        const struct event_info *info = &event_infos[occurrence->event];

        put_sentence(&line, info->happened, occurrence);
        if (info->advice[0] != '\0')
            put(&line, ". ", 2);
        put_sentence(&line, info->advice, occurrence);
    }
    if (size != 0)
        line.to[line.length < size ? line.length : size - 1] = '\0';
    return line.length;
}
