/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Registers the protocol, its fields, and one expert information per event.
 */
#include "fields.h"

#include <epan/column-info.h>

#define MESSAGE_MAX 512

int proto_tcpstate = -1;
int field_hf[FIELD_COUNT];
int ett_tcpstate = -1;

/* Wireshark keeps pointers to these; written once, for the life of the process. */
static expert_field event_ei[TCPSTATE_EVENT_COUNT];

/* The fixed messages, by role; the last names neither end. Made when needed, for the life of the
 * process. */
#define ROLES (TCPSTATE_SELF + 2)
static const char *messages[TCPSTATE_EVENT_COUNT][ROLES];

static const char *const event_names[] = {
#define EVENT(slug, severity, group, terms, rfc, happened, advice) "tcpstate.event." #slug,
#include "event.def"
#undef EVENT
};

static int
severity_of(enum tcpstate_severity severity)
{
    static const int severities[] = {PI_CHAT, PI_NOTE, PI_WARN, PI_ERROR};
    return severities[severity];
}

static int
group_of(enum tcpstate_group group)
{
    static const int groups[] = {PI_SEQUENCE, PI_SECURITY, PI_ASSUMPTION};
    return groups[group];
}

static const char *
message_of(enum tcpstate_event event, int role)
{
    if (!messages[event][role]) {
        char text[MESSAGE_MAX];
        tcpstate_event_message(event, (enum tcpstate_role)role, text, sizeof(text));
        messages[event][role] = wmem_strdup(wmem_epan_scope(), text);
    }
    return messages[event][role];
}

/* What an occurrence has in common with all others of its event and role: lists of expert
 * informations count equal messages, so its figures are not in it. */
const char *
fields_message(const struct tcpstate_occurrence *occurrence)
{
    return message_of((enum tcpstate_event)occurrence->event, MIN(occurrence->role, TCPSTATE_SELF));
}

static void
describe(ei_register_info *info, expert_field *id, enum tcpstate_event event)
{
    static const ei_register_info blank = {NULL, {NULL, 0, 0, NULL, EXPFILL}};
    *info = blank;
    info->ids = id;
    info->eiinfo.name = event_names[event];
    info->eiinfo.group = group_of(tcpstate_event_group(event));
    info->eiinfo.severity = severity_of(tcpstate_event_severity(event));
    info->eiinfo.summary = message_of(event, TCPSTATE_SELF + 1);
    id->ei = EI_INIT_EI;
    id->hf = EI_INIT_HF;
}

static void
register_events(void)
{
    ei_register_info *info = g_new0(ei_register_info, TCPSTATE_EVENT_COUNT);
    for (int event = 0; event < TCPSTATE_EVENT_COUNT; event++)
        describe(&info[event], &event_ei[event], (enum tcpstate_event)event);
    expert_register_field_array(expert_register_protocol(proto_tcpstate), info,
                                TCPSTATE_EVENT_COUNT);
}

/* Registers all there is to register about the protocol's items. Called once, at start-up. */
void
fields_register(void)
{
    static hf_register_info hf[] = {
#define X(id, abbrev, name, type, base, blurb)                                                     \
    {&field_hf[FIELD_##id], {name, "tcpstate." abbrev, FT_##type, base, NULL, 0, blurb, HFILL}},
        TCPSTATE_FIELDS(X)
#undef X
    };
    static int *ett[] = {&ett_tcpstate};

    proto_tcpstate = proto_register_protocol("TCP connection state", "TCP State", "tcpstate");
    proto_register_field_array(proto_tcpstate, hf, G_N_ELEMENTS(hf));
    proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
    register_events();
}

/* The expert information that shows an occurrence. */
expert_field *
fields_expert(const struct tcpstate_occurrence *occurrence)
{
    return &event_ei[occurrence->event];
}

/* Whether an occurrence leaves a trace that no tree and no list shows: in the packet list's column
 * of severities, or as the severest of the capture, which Wireshark shows in its status bar. */
bool
fields_expert_noticed(const packet_info *pinfo, const struct tcpstate_occurrence *occurrence)
{
    const column_info *columns = pinfo->cinfo;
    return (columns && columns->col_first[COL_EXPERT] >= 0) ||
           severity_of((enum tcpstate_severity)occurrence->severity) >
               expert_get_highest_severity();
}

/* Whether somebody lists expert informations: "tshark -z expert", the Expert Information window. */
bool
fields_expert_listened(void)
{
    static int tap = 0;
    if (tap == 0)
        tap = find_tap_id("expert");
    return tap != 0 && have_tap_listener(tap);
}
