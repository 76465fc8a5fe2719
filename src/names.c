/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The names that users see.
 */
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

static const struct {
    const char *slug;
    enum tcpstate_severity severity;
    enum tcpstate_group group;
} event_infos[] = {
#define EVENT(slug, severity, group, terms, rfc, happened, advice) \
    { #slug, TCPSTATE_SEVERITY_##severity, TCPSTATE_GROUP_##group },
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
