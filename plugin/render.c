/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shows one segment: its subtree, its fields, its expert informations.
 *
 * Everything comes from the timeline, on the first visit to a frame as on every later one, so that
 * facts are the same on all of them. Leaves are added whether or not the subtree is real: a custom
 * column reads them from a tree that has nothing else.
 */
#include "fields.h"
#include "prefs.h"
#include "render.h"
#include "story.h"

#define EVENT_TEXT_MAX 512
#define NANOSECONDS 1000000000

/* What is at hand while one segment is shown. */
struct canvas {
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *tree; /* the segment's subtree; NULL when nobody asks for one */
    const struct sighting *sighting;
    const struct tcpstate_connection *connection;
    bool sentences; /* the events' sentences are read */
};

static proto_item *
add_string(const struct canvas *canvas, enum field field, const char *value)
{
    proto_item *item =
        proto_tree_add_string(canvas->tree, field_hf[field], canvas->tvb, 0, 0, value);
    proto_item_set_generated(item);
    return item;
}

/* A leaf that is only for filters. One that was faked is the subtree's own item: leave that. */
static void
add_hidden(const struct canvas *canvas, enum field field, const char *value)
{
    proto_item *item = add_string(canvas, field, value);
    if (item != canvas->tree)
        proto_item_set_hidden(item);
}

static void
add_uint(const struct canvas *canvas, enum field field, uint32_t value)
{
    proto_item_set_generated(
        proto_tree_add_uint(canvas->tree, field_hf[field], canvas->tvb, 0, 0, value));
}

/* A frame's number, if it is known and not after this frame: a link forward would be there on later
 * visits only. */
static void
add_frame(const struct canvas *canvas, enum field field, uint32_t frame)
{
    if (frame != 0 && frame <= canvas->sighting->frame)
        add_uint(canvas, field, frame);
}

static void
add_age(const struct canvas *canvas, enum field field, int64_t since)
{
    int64_t age = canvas->sighting->time - since;
    nstime_t shown = {.secs = (time_t)(age / NANOSECONDS), .nsecs = (int)(age % NANOSECONDS)};
    proto_item_set_generated(
        proto_tree_add_time(canvas->tree, field_hf[field], canvas->tvb, 0, 0, &shown));
}

/* An endpoint's state. Its line says too how that is known and for how long, which are fields of
 * their own further down. */
static void
add_phase(const struct canvas *canvas, enum field field, enum tcpstate_role role)
{
    static const char *const names[] = {"Client", "Server"};
    const struct sighting *sighting = canvas->sighting;
    const struct entry *entry = &sighting->entry;
    const char *phase = tcpstate_phase_name((enum tcpstate_phase)entry->phase[role]);
    const char *evidence = tcpstate_evidence_name((enum tcpstate_evidence)entry->evidence[role]);
    const int64_t age = sighting->time - entry->since[role];
    if (!ws_tree_is_visible(canvas->tree)) {
        add_string(canvas, field, phase);
        return;
    }
    proto_item *item;
    if (age > 0)
        item = proto_tree_add_string_format(canvas->tree, field_hf[field], canvas->tvb, 0, 0, phase,
                                            "%s: %s, %s, for %" PRId64 ".%06d s", names[role],
                                            phase, evidence, age / NANOSECONDS,
                                            (int)(age % NANOSECONDS / 1000));
    else
        item = proto_tree_add_string_format(canvas->tree, field_hf[field], canvas->tvb, 0, 0, phase,
                                            "%s: %s, %s", names[role], phase, evidence);
    proto_item_set_generated(item);
}

static void
add_phases(const struct canvas *canvas)
{
    const struct entry *entry = &canvas->sighting->entry;
    add_phase(canvas, FIELD_CLIENT_PHASE, TCPSTATE_CLIENT);
    add_phase(canvas, FIELD_SERVER_PHASE, TCPSTATE_SERVER);
    add_hidden(canvas, FIELD_PHASE,
               tcpstate_phase_name((enum tcpstate_phase)entry->phase[TCPSTATE_CLIENT]));
    add_hidden(canvas, FIELD_PHASE,
               tcpstate_phase_name((enum tcpstate_phase)entry->phase[TCPSTATE_SERVER]));
}

static void
add_evidence(const struct canvas *canvas)
{
    const struct entry *entry = &canvas->sighting->entry;
    add_string(canvas, FIELD_CLIENT_EVIDENCE,
               tcpstate_evidence_name((enum tcpstate_evidence)entry->evidence[TCPSTATE_CLIENT]));
    add_string(canvas, FIELD_SERVER_EVIDENCE,
               tcpstate_evidence_name((enum tcpstate_evidence)entry->evidence[TCPSTATE_SERVER]));
}

static void
add_ages(const struct canvas *canvas)
{
    const struct entry *entry = &canvas->sighting->entry;
    add_age(canvas, FIELD_CLIENT_TIME, entry->since[TCPSTATE_CLIENT]);
    add_age(canvas, FIELD_SERVER_TIME, entry->since[TCPSTATE_SERVER]);
}

static enum tcpstate_role
shown_role(const struct sighting *sighting, enum tcpstate_role role)
{
    return tcpstate_connection_is_self(core_of(sighting->entry.connection)) ? TCPSTATE_SELF : role;
}

/* "client FIN_WAIT_2 -> TIME_WAIT". There are few of these and they are shown often, so each is
 * made once and kept for the life of the process. */
static const char *
transition_text(enum tcpstate_role role, enum tcpstate_phase from, enum tcpstate_phase to)
{
    static const char *texts[TCPSTATE_SELF + 1][TCPSTATE_PHASE_COUNT][TCPSTATE_PHASE_COUNT];
    const char **text = &texts[role][from][to];
    if (!*text)
        *text = wmem_strdup_printf(wmem_epan_scope(), "%s %s -> %s", tcpstate_role_name(role),
                                   tcpstate_phase_name(from), tcpstate_phase_name(to));
    return *text;
}

static void
add_transitions(const struct canvas *canvas)
{
    const struct entry *entry = &canvas->sighting->entry;
    for (size_t i = 0; i < entry->transition_count; i++) {
        struct tcpstate_transition transition = entry_transition(entry, i);
        const char *text = transition_text(
            shown_role(canvas->sighting, (enum tcpstate_role)transition.role),
            (enum tcpstate_phase)transition.from, (enum tcpstate_phase)transition.to);
        add_string(canvas, FIELD_TRANSITION, text);
        if (transition.revision)
            add_string(canvas, FIELD_REVISION, text);
    }
}

static void
add_links(const struct canvas *canvas, const struct tcpstate_summary *summary)
{
    const struct entry *entry = &canvas->sighting->entry;
    add_frame(canvas, FIELD_CLIENT_SYN, summary->syn_frame[TCPSTATE_CLIENT]);
    add_frame(canvas, FIELD_SERVER_SYN, summary->syn_frame[TCPSTATE_SERVER]);
    add_frame(canvas, FIELD_CLIENT_FIN, summary->fin_frame[TCPSTATE_CLIENT]);
    add_frame(canvas, FIELD_SERVER_FIN, summary->fin_frame[TCPSTATE_SERVER]);
    add_frame(canvas, FIELD_RESET_FRAME, entry->reset_frame);
    if (canvas->sighting->changes)
        add_frame(canvas, FIELD_ANSWERS_FRAME, entry->answers_frame);
}

static void
add_steps(const struct canvas *canvas)
{
    const struct entry *entry = &canvas->sighting->entry;
    if (canvas->sighting->changes && entry->open_step)
        add_uint(canvas, FIELD_OPEN_STEP, entry->open_step);
    if (canvas->sighting->changes && entry->close_step)
        add_uint(canvas, FIELD_CLOSE_STEP, entry->close_step);
}

static void
add_verdict(const struct canvas *canvas, enum field field, const char *value)
{
    if (value[0] != '\0')
        add_string(canvas, field, value);
}

/* Zeek's words. Letters can still be added after the segment that ends the connection, so what the
 * first visit shows there is what Zeek would have logged then. */
static void
add_zeek(const struct canvas *canvas)
{
    char history[TCPSTATE_ZEEK_TEXT];
    tcpstate_zeek_history(canvas->connection, history, sizeof(history));
    add_verdict(canvas, FIELD_CONN_STATE, tcpstate_zeek_state(canvas->connection));
    add_verdict(canvas, FIELD_HISTORY, history);
}

/* Whether all is known of the connection, as far as this visit can know. */
static bool
is_told(const struct sighting *sighting, const struct tcpstate_summary *summary)
{
    const unsigned settled = sighting->changes ? sighting->entry.settled : 0;
    return sighting->later || settled & TCPSTATE_SETTLED_CLOSE ||
           (settled & TCPSTATE_SETTLED_OPEN && summary->reset);
}

/* What happened to the connection. On the first visit it is told as if the capture ended here. */
static void
add_story(const struct canvas *canvas)
{
    const struct sighting *sighting = canvas->sighting;
    char story[TCPSTATE_STORY_TEXT];
    tcpstate_story(canvas->connection, prefs_settings(),
                   sighting->later ? timeline_end() : sighting->time, story, sizeof(story));
    add_verdict(canvas, FIELD_STORY, story);
}

/* How the connection was opened and closed: on the first visit only on the segment that settles
 * it, later on every segment of the connection. */
static void
add_verdicts(const struct canvas *canvas, const struct tcpstate_summary *summary)
{
    const struct sighting *sighting = canvas->sighting;
    unsigned settled = sighting->changes ? sighting->entry.settled : 0;
    if (sighting->later)
        add_verdict(canvas, FIELD_OPEN,
                    tcpstate_open_name(tcpstate_final_open(canvas->connection)));
    else if (settled & TCPSTATE_SETTLED_OPEN)
        add_verdict(canvas, FIELD_OPEN, tcpstate_open_name((enum tcpstate_open)summary->open));
    if (sighting->later || settled & TCPSTATE_SETTLED_CLOSE) {
        add_verdict(canvas, FIELD_CLOSE, tcpstate_close_name((enum tcpstate_close)summary->close));
        add_verdict(canvas, FIELD_CLOSER,
                    tcpstate_closer_name((enum tcpstate_closer)summary->closer));
    }
    if (sighting->later || settled & TCPSTATE_SETTLED_CAUSE) {
        add_verdict(canvas, FIELD_RESET_CAUSE,
                    tcpstate_cause_name((enum tcpstate_cause)summary->cause));
        add_verdict(canvas, FIELD_RESET_SENDER,
                    tcpstate_resetter_name((enum tcpstate_resetter)summary->resetter));
    }
}

/* One event. Its sentence is made only where somebody reads it, since making it costs as much as
 * all the rest. Where nobody sees the event either, only its severity may be noticed. */
static void
add_event(const struct canvas *canvas, const struct tcpstate_occurrence *occurrence)
{
    expert_field *expert = fields_expert(occurrence);
    proto_item *item = NULL;
    if (canvas->tree) {
        item = add_string(canvas, FIELD_EVENT,
                          tcpstate_event_slug((enum tcpstate_event)occurrence->event));
        add_frame(canvas, FIELD_EVENT_FRAME, occurrence->frame);
    }
    if (canvas->sentences) {
        char text[EVENT_TEXT_MAX];
        tcpstate_event_text(occurrence, text, sizeof(text));
        proto_item_append_text(item, ": %s", text);
        expert_add_info_format(canvas->pinfo, item, expert, "%s", fields_message(occurrence));
    } else if (canvas->tree || fields_expert_noticed(canvas->pinfo, occurrence)) {
        expert_add_info(canvas->pinfo, item, expert);
    }
}

/* What happened on this segment, and, once the end of the capture is known, on the last segment of
 * a connection what that end means for it. Writes the events, for which there must be room for
 * RENDER_MAX_EVENTS, and returns how many. */
size_t
render_events(const struct sighting *sighting, struct tcpstate_occurrence *events)
{
    const struct tcpstate_connection *connection = core_of(sighting->entry.connection);
    const size_t count = sighting->changes ? entry_events(&sighting->entry, events) : 0;
    if (!sighting->later || sighting->frame != tcpstate_connection_last_frame(connection))
        return count;
    return count + tcpstate_finish(connection, prefs_settings(), timeline_end(), events + count,
                                   TCPSTATE_MAX_EVENTS);
}

static void
add_events(const struct canvas *canvas)
{
    struct tcpstate_occurrence events[RENDER_MAX_EVENTS];
    const size_t count = render_events(canvas->sighting, events);
    for (size_t i = 0; i < count; i++)
        add_event(canvas, &events[i]);
}

/* One endpoint's part of the title: its states on this segment, in order. */
static void
append_chain(wmem_strbuf_t *title, const struct sighting *sighting, enum tcpstate_role role)
{
    const struct entry *entry = &sighting->entry;
    size_t count = sighting->changes ? entry->transition_count : 0;
    bool begun = false;
    wmem_strbuf_append_printf(title, "%s ", tcpstate_role_name(shown_role(sighting, role)));
    for (size_t i = 0; i < count; i++) {
        struct tcpstate_transition transition = entry_transition(entry, i);
        if (shown_role(sighting, (enum tcpstate_role)transition.role) != shown_role(sighting, role))
            continue;
        if (!begun)
            wmem_strbuf_append(title, tcpstate_phase_name((enum tcpstate_phase)transition.from));
        wmem_strbuf_append_printf(title, " -> %s",
                                  tcpstate_phase_name((enum tcpstate_phase)transition.to));
        begun = true;
    }
    if (!begun)
        wmem_strbuf_append(title, tcpstate_phase_name((enum tcpstate_phase)entry->phase[role]));
}

static const char *
make_summary(wmem_allocator_t *scope, const struct sighting *sighting)
{
    wmem_strbuf_t *title = wmem_strbuf_new(scope, "");
    append_chain(title, sighting, TCPSTATE_CLIENT);
    if (!tcpstate_connection_is_self(core_of(sighting->entry.connection))) {
        wmem_strbuf_append(title, ", ");
        append_chain(title, sighting, TCPSTATE_SERVER);
    }
    return wmem_strbuf_get_str(title);
}

/* "client FIN_WAIT_2 -> TIME_WAIT, server LAST_ACK -> CLOSED": both endpoints at a glance. Without
 * a transition there are few of these and they are shown often: each is then made once and kept for
 * the life of the process.
 *
 * scope: whose memory any other text is in. */
const char *
render_summary(wmem_allocator_t *scope, const struct sighting *sighting)
{
    static const char *texts[2][TCPSTATE_PHASE_COUNT][TCPSTATE_PHASE_COUNT];
    const struct entry *entry = &sighting->entry;
    if (sighting->changes && entry->transition_count > 0)
        return make_summary(scope, sighting);
    bool self = tcpstate_connection_is_self(core_of(entry->connection));
    const char **text = &texts[self][entry->phase[TCPSTATE_CLIENT]][entry->phase[TCPSTATE_SERVER]];
    if (!*text)
        *text = make_summary(wmem_epan_scope(), sighting);
    return *text;
}

/* What the segment is to its connection, for the title; nothing if it is one of many. */
static const char *
part_of(const struct sighting *sighting)
{
    static const char *const opens[] = {"", "opens: ", "answers: ", "completes the handshake: "};
    const struct entry *entry = &sighting->entry;
    if (!sighting->changes)
        return "";
    if (entry->reset_frame == sighting->frame)
        return "resets: ";
    if (entry->close_step)
        return entry->close_step == 1 ? "begins the close: " : "goes on closing: ";
    return entry->open_step < G_N_ELEMENTS(opens) ? opens[entry->open_step] : "goes on opening: ";
}

/* The segment's subtree. Its title is made only for a tree that somebody looks at. */
static proto_tree *
add_subtree(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct sighting *sighting)
{
    proto_item *item = proto_tree_add_item(tree, proto_tcpstate, tvb, 0, 0, ENC_NA);
    if (ws_tree_is_visible(tree))
        proto_item_set_text(item, "TCP State: %s%s", part_of(sighting),
                            render_summary(pinfo->pool, sighting));
    return proto_item_add_subtree(item, ett_tcpstate);
}

/* What happened here; the events come right after it. */
static void
add_changes(const struct canvas *canvas)
{
    if (canvas->sighting->changes)
        add_transitions(canvas);
}

/* In the order in which a person asks: where the two are, who said so, what it is all about, then
 * the rest. */
static void
add_details(const struct canvas *canvas)
{
    struct tcpstate_summary summary;
    tcpstate_summarize(canvas->connection, &summary);
    add_phases(canvas);
    add_string(canvas, FIELD_SENDER,
               tcpstate_role_name((enum tcpstate_role)canvas->sighting->sender));
    if (is_told(canvas->sighting, &summary))
        add_story(canvas);
    add_string(canvas, FIELD_STAGE,
               tcpstate_stage_name((enum tcpstate_stage)canvas->sighting->entry.stage));
    add_steps(canvas);
    add_verdicts(canvas, &summary);
    add_links(canvas, &summary);
    add_uint(canvas, FIELD_CONNECTION, tcpstate_connection_index(canvas->connection));
    if (is_told(canvas->sighting, &summary))
        add_zeek(canvas);
    add_evidence(canvas);
    add_ages(canvas);
}

/* Whether the sentences of expert informations are read: by a tree that is looked at, by a filter
 * or a column, or by a list of them. */
static bool
are_experts_read(proto_tree *tree)
{
    return fields_expert_listened() || proto_field_is_referenced(tree, proto_expert);
}

/* Whether anything but events is shown of a frame's segments. */
bool
render_is_wanted(proto_tree *tree)
{
    return proto_field_is_referenced(tree, proto_tcpstate) || prefs_transitions_in_info();
}

/* Shows one segment of a frame: adds its subtree to the tree, its expert informations to the
 * packet, and, if the user wants them, its transitions to the Info column.
 *
 * tree: the frame's root, NULL when there is none: expert informations are counted all the same.
 * Asking whether items are wanted costs less than items that are dropped. */
void
render(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct sighting *sighting)
{
    const struct entry *entry = &sighting->entry;
    bool has_events = sighting->later || (sighting->changes && entry->event_count > 0);
    bool fields = proto_field_is_referenced(tree, proto_tcpstate);
    bool sentences = has_events && are_experts_read(tree);
    const struct canvas canvas = {
        .tvb = tvb,
        .pinfo = pinfo,
        .tree = tree && (fields || sentences) ? add_subtree(tvb, pinfo, tree, sighting) : NULL,
        .sighting = sighting,
        .connection = core_of(entry->connection),
        .sentences = sentences,
    };
    if (fields)
        add_changes(&canvas);
    add_events(&canvas);
    if (fields)
        add_details(&canvas);
    if (prefs_transitions_in_info() && sighting->changes && entry->transition_count)
        col_append_fstr(pinfo->cinfo, COL_INFO, " {%s}", render_summary(pinfo->pool, sighting));
}
