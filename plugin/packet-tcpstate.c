/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The post-dissector: on a frame's first visit it has the core judge the segments that were noted;
 * on every visit, the first included, it shows what was judged.
 *
 * Specification: RFC 9293.
 *
 * Limitations: it sees only frames that Wireshark dissects as TCP, so a preference that hides TCP
 * (a disabled protocol, a decoding of one's own) hides it from here too. Frames are judged in the
 * order of the capture; one captured out of order is judged where it stands.
 */
#include "arena.h"
#include "fields.h"
#include "notes.h"
#include "packet-tcpstate.h"
#include "pairs.h"
#include "prefs.h"
#include "render.h"
#include "taps.h"
#include "timeline.h"

static dissector_handle_t handle; /* set at start-up, for the life of the process */
static int tap = -1;              /* likewise */

/* Keeps what the core said; returns whether the segment raised an event. */
static bool
keep(const struct tcpstate_record *record, const struct extracted *found)
{
    timeline_add(record, &found->segment);
    if (have_tap_listener(tap))
        taps_segment(record, found);
    return record->event_count > 0;
}

static bool
judge(struct extracted *found)
{
    const struct pair_key *key;
    struct tcpstate_record record;
    struct tcpstate_pair *pair = pairs_find(found, prefs_vlans_apart(), &key);
    if (found->unreachable)
        return tcpstate_observe_unreachable(pair, &found->segment, &record) && keep(&record, found);
    tcpstate_observe(pair, &found->segment, prefs_settings(),
                     tcpstate_connection_of(&pairs_spare(key)->core), &record);
    if (record.opened)
        pairs_take_spare();
    return keep(&record, found);
}

/* Returns whether a segment of the frame raised an event. */
static bool
judge_frame(const packet_info *pinfo, const proto_tree *tree)
{
    size_t count;
    struct extracted *found = notes_take(pinfo, tree, &count);
    bool eventful = false;
    for (size_t i = 0; i < count; i++)
        eventful |= judge(&found[i]);
    return eventful;
}

static void
show(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, struct sighting *sighting)
{
    render(tvb, pinfo, tree, sighting);
    if (have_tap_listener(tap))
        tap_queue_packet(tap, pinfo, wmem_memdup(pinfo->pool, sighting, sizeof(*sighting)));
}

/* Shows what is kept of a frame. later: it was visited before. */
static void
show_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, bool later)
{
    struct sighting sightings[EXTRACT_MAX];
    size_t count = timeline_at(pinfo->num, sightings);
    for (size_t i = 0; i < count; i++) {
        sightings[i].time = extract_time(pinfo);
        sightings[i].later = later;
        show(tvb, pinfo, tree, &sightings[i]);
    }
}

static int
dissect_tcpstate(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    bool later = PINFO_FD_VISITED(pinfo);
    bool eventful = later;
    if (!later) {
        timeline_begin_frame(pinfo->num, extract_time(pinfo));
        eventful = judge_frame(pinfo, tree);
    }
    bool listened = have_tap_listener(tap);
    if (listened)
        taps_advance(timeline_end());
    if (eventful || listened || render_is_wanted(tree))
        show_frame(tvb, pinfo, tree, later);
    return tvb_captured_length(tvb);
}

static void
forget_capture(void)
{
    taps_forget();
    timeline_reset();
    pairs_reset();
    arena_reset();
}

/* A capture is about to be dissected, or dissected again. */
static void
begin_capture(void)
{
    bool enabled = proto_is_protocol_enabled(find_protocol_by_id(proto_tcpstate));
    set_postdissector_wanted_hfids(handle, notes_begin(enabled));
    prefs_take();
    forget_capture();
}

static ws_bool
has_connection(WS_FILTER_ARGUMENTS)
{
    struct sighting sightings[EXTRACT_MAX];
    return timeline_at(pinfo->num, sightings) > 0;
}

/* The filter behind "Conversation Filter > TCP connection" in the packet list's menu. */
static gchar *
connection_filter(WS_FILTER_ARGUMENTS)
{
    struct sighting sightings[EXTRACT_MAX];
    size_t count = timeline_at(pinfo->num, sightings);
    if (count == 0)
        return NULL;
    return g_strdup_printf(
        "tcpstate.connection == %u",
        tcpstate_connection_index(core_of(sightings[count - 1].entry.connection)));
}

/* Wireshark's own entry: registers the protocol. Called once, at start-up. */
void
proto_register_tcpstate(void)
{
    fields_register();
    prefs_register(proto_tcpstate);
    pairs_register();
    handle = register_dissector("tcpstate", dissect_tcpstate, proto_tcpstate);
    tap = register_tap(TCPSTATE_TAP);
    taps_register();
    ws_register_conversation_filter("tcpstate", "TCP connection (one incarnation)", has_connection,
                                    connection_filter);
    register_init_routine(begin_capture);
    register_cleanup_routine(forget_capture);
    register_postdissector(handle);
}

/* Wireshark's second entry: called when every protocol is registered. */
void
proto_reg_handoff_tcpstate(void)
{
    notes_handoff();
}
