/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Takes a note of each TCP header where Wireshark dissects it: a dissector that stands in front of
 * Wireshark's own in the table of IP's protocols.
 *
 * Why there: a post-dissector can have the headers from the tree, but to ask for one has Wireshark
 * build a tree of every frame, which costs a fourth of a packet's time in a run that needs none.
 * A tap's data come too late, and not in every program. Here all that is needed is at hand: the
 * octets, and IP's layer as it was just dissected.
 *
 * What it cannot change: it calls Wireshark's dissector with what it got itself, returns what that
 * returns, and touches neither tree nor columns nor what Wireshark knows of the packet. Its
 * protocol is one in name only that belongs to TCP: it is no layer of the frame, and is disabled
 * with TCP.
 *
 * Limitations: a dissector that calls TCP by its name, not by IP's protocol number, passes by here,
 * and so does one that the user puts in the place of number 6 by "Decode As".
 */
#include "notes.h"

#define NEXT_HEADER_TCP 6
#define CHECKSUM_OFFSET 16
#define IN_FRONT "tcpstate_tcp"

static int id_tcp = -1, id_checksum = -1; /* Wireshark's numbers; written once, at start-up */
static dissector_handle_t tcp;            /* Wireshark's dissector; for the life of the process */

static bool wanted, verify; /* for the capture at hand: take notes; checksums are verified */

/* The notes of the frame at hand. Frames are told apart by where they begin in their file: a read
 * filter (tshark -2 -R) gives the number of a frame that it rejects to the next one. */
static struct {
    struct extracted found[EXTRACT_MAX];
    size_t count;
    gint64 frame;
} notes;

static void
take_note(tvbuff_t *tvb, const packet_info *pinfo)
{
    if (notes.frame != pinfo->fd->file_off) {
        notes.frame = pinfo->fd->file_off;
        notes.count = 0;
    }
    if (notes.count < EXTRACT_MAX && extract(tvb, pinfo, &notes.found[notes.count]))
        notes.count++;
}

/* In front of TCP. The note comes first: an exception in what TCP carries leaves this function. */
static int
dissect_in_front(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (wanted && !PINFO_FD_VISITED(pinfo))
        take_note(tvb, pinfo);
    return call_dissector_only(tcp, tvb, pinfo, tree, data);
}

/* Takes the place in front of TCP. Called once, when every protocol is registered. */
void
notes_handoff(void)
{
    extract_register();
    tcp = find_dissector("tcp");
    id_tcp = proto_get_id_by_filter_name("tcp");
    id_checksum = proto_registrar_get_id_byname("tcp.checksum.status");
    if (!tcp)
        return;
    const int proto = proto_register_protocol_in_name_only("TCP, noted by TCP State", "TCP, noted",
                                                           IN_FRONT, id_tcp, FT_PROTOCOL);
    dissector_add_uint("ip.proto", NEXT_HEADER_TCP,
                       create_dissector_handle_with_name(dissect_in_front, proto, IN_FRONT));
}

/* A capture is about to be dissected, with the preferences as they are. take: notes are wanted.
 * Returns the fields that Wireshark must put into the tree for notes_take(), which the caller owns:
 * none, unless the user has it verify checksums. Without that they are not judged, since a capture
 * made on the sending host often holds those that its network card fills in. */
GArray *
notes_begin(bool take)
{
    wanted = take;
    verify = take && ws_preference("tcp", "check_checksum");
    notes.count = 0;
    notes.frame = -1;
    extract_begin();
    if (!verify)
        return NULL;
    GArray *fields = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_val(fields, id_checksum);
    if (WS_UNWANTED_PROTOCOLS_ARE_FAKED)
        g_array_append_val(fields, id_tcp);
    return fields;
}

/* Marks the segment whose checksum Wireshark found wrong. */
static void
mark_wrong(const field_info *status)
{
    const uint8_t *header = tvb_get_ptr(status->ds_tvb, status->start - CHECKSUM_OFFSET, 1);
    for (size_t i = 0; i < notes.count; i++)
        if (notes.found[i].header == header)
            notes.found[i].segment.bad_checksum = true;
}

static void
judge_checksums(const proto_tree *tree)
{
    const GPtrArray *all = tree ? proto_get_finfo_ptr_array(tree, id_checksum) : NULL;
    for (guint i = 0; all && i < all->len; i++) {
        const field_info *status = (const field_info *)g_ptr_array_index(all, i);
        if (ws_finfo_uint(status) == PROTO_CHECKSUM_E_BAD && status->start >= CHECKSUM_OFFSET)
            mark_wrong(status);
    }
}

/* The notes of a frame, outermost header first; they are valid, and the caller's, until the next
 * frame. tree: the frame's, as far as notes_begin() asked for it. Sets *count. */
struct extracted *
notes_take(const packet_info *pinfo, const proto_tree *tree, size_t *count)
{
    *count = notes.frame == pinfo->fd->file_off ? notes.count : 0;
    if (*count > 0 && verify)
        judge_checksums(tree);
    notes.count = 0;
    return notes.found;
}
