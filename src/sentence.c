/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The sentences that people read: templates, and what their placeholders stand for.
 */
#include "sentence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AT_ONCE 1000000 /* nanoseconds */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const struct {
    const char *happened, *advice;
} sentences[] = {
#define EVENT(slug, severity, group, terms, rfc, happened, advice) { happened, advice },
#include "event.def"
#undef EVENT
};
/* clang-format on */

/*
 * Appends octets to a text.
 */
void
tcpstate_put(struct text *text, const char *from, size_t length)
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
    tcpstate_put(text, number, size > 0 ? (size_t)size : 0);
}

/* How much later something was; nothing if it was at once. */
static void
put_later(struct text *text, int64_t span)
{
    if (span < AT_ONCE)
        return;
    tcpstate_put(text, ", ", 2);
    put_span(text, span);
    tcpstate_put(text, " later", 6);
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

    tcpstate_put(text, digits, length > 0 ? (size_t)length : 0);
}

static void
put_number(struct text *text, uint32_t number)
{
    char digits[12];
    int length = snprintf(digits, sizeof digits, "%" PRIu32, number);

    tcpstate_put(text, digits, length > 0 ? (size_t)length : 0);
}

/* A number of octets; without the number if it is not known. */
static void
put_octets(struct text *text, uint32_t number)
{
    if (number != 0) {
        put_number(text, number);
        tcpstate_put(text, " ", 1);
    }
    tcpstate_put(text, "octets", number == 1 ? 5 : 6);
}

/* Where something stands, in brackets; nothing if it was not captured. */
static void
put_place(struct text *text, uint32_t frame)
{
    if (frame == 0)
        return;
    tcpstate_put(text, " (frame ", 8);
    put_number(text, frame);
    tcpstate_put(text, ")", 1);
}

/* Puts what a placeholder stands for; false if there is no such placeholder. */
static bool
put_value(struct text *text, const char *name, size_t length,
          const struct tcpstate_occurrence *occurrence)
{
    static const char *const who[] = {"the client", "the server", "the socket", "one endpoint"};
    static const char *const peer[] = {"the server", "the client", "the socket", "the other"};
    const size_t role = occurrence->role < COUNT_OF(who) ? occurrence->role : 0;

    if (length == 3 && strncmp(name, "who", length) == 0)
        tcpstate_put(text, who[role], strlen(who[role]));
    else if (length == 4 && strncmp(name, "peer", length) == 0)
        tcpstate_put(text, peer[role], strlen(peer[role]));
    else if (length == 4 && strncmp(name, "span", length) == 0)
        put_span(text, occurrence->span);
    else if (length == 5 && strncmp(name, "later", length) == 0)
        put_later(text, occurrence->span);
    else if (length == 5 && strncmp(name, "count", length) == 0)
        put_number(text, occurrence->count);
    else if (length == 5 && strncmp(name, "times", length) == 0)
        put_times(text, occurrence->count);
    else if (length == 6 && strncmp(name, "octets", length) == 0)
        put_octets(text, occurrence->count);
    else if (length == 5 && strncmp(name, "frame", length) == 0)
        put_number(text, occurrence->frame);
    else if (length == 2 && strncmp(name, "at", length) == 0)
        put_place(text, occurrence->frame);
    else
        return false;
    return true;
}

/* Where a part in brackets goes on: its figures, or the words that stand for them. */
static const char *
choose(const char *open, bool figures)
{
    const char *bar = strchr(open, '|'), *close = strchr(open, ']');

    if (figures)
        return open + 1;
    return bar && bar < close ? bar + 1 : close + 1;
}

/* Appends a sentence, with or without its figures. */
static void
put_sentence(struct text *text, const char *pattern, const struct tcpstate_occurrence *occurrence,
             bool figures)
{
    const size_t first = text->length;

    while (*pattern != '\0') {
        const char *close = *pattern == '{' ? strchr(pattern, '}') : NULL;

        if (*pattern == '[')
            pattern = choose(pattern, figures);
        else if (*pattern == '|')
            pattern = strchr(pattern, ']') + 1;
        else if (*pattern == ']')
            pattern++;
        else if (close && put_value(text, pattern + 1, (size_t)(close - pattern - 1), occurrence))
            pattern = close + 1;
        else
            tcpstate_put(text, pattern++, 1);
    }
    if (text->length > first && first + 1 < text->size && text->to[first] >= 'a' &&
        text->to[first] <= 'z')
        text->to[first] = (char)(text->to[first] - 'a' + 'A');
}

/*
 * Appends a sentence: the template with what its placeholders stand for, the first letter a
 * capital.
 */
void
tcpstate_put_sentence(struct text *text, const char *pattern,
                      const struct tcpstate_occurrence *occurrence)
{
    put_sentence(text, pattern, occurrence, true);
}

/*
 * Ends a text with a NUL, if it has room for one; returns its length as if all of it had fitted.
 */
size_t
tcpstate_end_text(struct text *text)
{
    if (text->size != 0)
        text->to[text->length < text->size ? text->length : text->size - 1] = '\0';
    return text->length;
}

/*
 * Writes what happened, as one sentence with its figures.
 *
 * text receives at most size octets, the closing NUL included (size 0 writes nothing). Returns the
 * length of the whole line without the NUL, so a result of size or more tells that it was cut.
 */
size_t
tcpstate_event_text(const struct tcpstate_occurrence *occurrence, char *text, size_t size)
{
    struct text line = {.to = text, .size = size};

    if (occurrence->event < COUNT_OF(sentences))
        put_sentence(&line, sentences[occurrence->event].happened, occurrence, true);
    return tcpstate_end_text(&line);
}

/*
 * Writes what such an event says of every connection, and what it usually means: "What happened.
 * What to look at". The same for all occurrences with one event and role; TCPSTATE_SELF + 1 names
 * neither end.
 *
 * text, size and the result as above.
 */
size_t
tcpstate_event_message(enum tcpstate_event event, enum tcpstate_role role, char *text, size_t size)
{
    const struct tcpstate_occurrence occurrence = {.role = (uint8_t)role};
    struct text line = {.to = text, .size = size};

    if ((size_t)event < COUNT_OF(sentences)) {
        put_sentence(&line, sentences[event].happened, &occurrence, false);
        if (sentences[event].advice[0] != '\0')
            tcpstate_put(&line, ". ", 2);
        put_sentence(&line, sentences[event].advice, &occurrence, false);
    }
    return tcpstate_end_text(&line);
}
