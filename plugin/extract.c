/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Finds the TCP headers of a dissected frame and reads them from the frame's own bytes.
 *
 * The tree says only where a header lies: numbers are read from the bytes, because fields such as
 * tcp.seq depend on the user's preferences. The one field that is asked for is tcp.len, which copes
 * with offloaded and cut segments; it also tells a segment from a header that is only quoted, or is
 * in a fragment: those have none. Checksums are judged only if the user has Wireshark verify them,
 * since a capture made on the sending host often holds those that its network card fills in.
 *
 * Limitations: a TCP layer inside another protocol's subtree (several packets in one 802.11
 * aggregate) is found only if it is the only one, and an IPv6 routing header is not looked into.
 */
#include "extract.h"

#include <string.h>

/* Wireshark's numbers of the protocols and the field looked for; written once, at start-up. */
static int id_tcp = -1, id_tcp_len = -1, id_tcp_checksum = -1;
static int id_ip = -1, id_ipv6 = -1, id_icmp = -1, id_icmpv6 = -1;
static int id_vlan = -1, id_vlan_outer = -1;

/* Whether Wireshark verifies the checksums; written by extract_wanted() for each capture. */
static bool verify_tcp, verify_ip;

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER_MAX 60
#define ICMP_HEADER 8
#define PORTS_AND_SEQ 8  /* the least of a TCP header that an ICMP error quotes */
#define LENGTH_OFFSET 12 /* the octet of the header that Wireshark marks as tcp.len */
#define NEXT_HEADER_TCP 6
#define SECONDS_MAX INT64_C(4611686000) /* a little less than 2^62 nanoseconds, 146 years */

/* What the layers before the one at hand said. */
struct outer {
    struct endpoints endpoints;
    const tvbuff_t *tvb; /* where the last IP packet lies, and where in there it ends by its own */
    uint32_t end;        /* length */
    uint16_t ip_id;
    uint8_t ttl;
    bool bad_checksum; /* the IP header's, if it was verified */
};

/* Looks up the numbers of what this file reads. Called once, when every protocol is registered. */
void
extract_register(void)
{
    id_tcp = proto_get_id_by_filter_name("tcp");
    id_tcp_len = proto_registrar_get_id_byname("tcp.len");
    id_tcp_checksum = proto_registrar_get_id_byname("tcp.checksum.status");
    id_ip = proto_get_id_by_filter_name("ip");
    id_ipv6 = proto_get_id_by_filter_name("ipv6");
    id_icmp = proto_get_id_by_filter_name("icmp");
    id_icmpv6 = proto_get_id_by_filter_name("icmpv6");
    id_vlan = proto_get_id_by_filter_name("vlan");
    id_vlan_outer = proto_get_id_by_filter_name("ieee8021ad");
}

/* The fields that Wireshark must put into the tree for extract(); the caller owns the array. To be
 * called when a capture begins: the answer depends on the preferences. */
GArray *
extract_wanted(void)
{
    GArray *wanted = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_val(wanted, id_tcp_len);
    verify_ip = ws_preference("ip", "check_checksum");
    verify_tcp = ws_preference("tcp", "check_checksum");
    if (verify_tcp)
        g_array_append_val(wanted, id_tcp_checksum);
    if (WS_UNWANTED_PROTOCOLS_ARE_FAKED) {
        const int protocols[] = {id_ip,   id_ipv6,       id_icmp, id_icmpv6,
                                 id_vlan, id_vlan_outer, id_tcp};
        g_array_append_vals(wanted, protocols, G_N_ELEMENTS(protocols));
    }
    return wanted;
}

static uint16_t
read16(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

/* The captured octets from start on, at least size of them, or NULL. Sets *available. */
static const uint8_t *
octets_at(tvbuff_t *tvb, int start, int size, int *available)
{
    if (!tvb || start < 0)
        return NULL;
    *available = tvb_captured_length_remaining(tvb, start);
    return *available >= size ? tvb_get_ptr(tvb, start, *available) : NULL;
}

/* The same from the start of an item on. */
static const uint8_t *
octets_of(const field_info *item, int size, int *available)
{
    return octets_at(item->ds_tvb, item->start, size, available);
}

static void
set_addresses(struct endpoints *endpoints, const uint8_t *source, const uint8_t *destination,
              uint8_t size)
{
    memcpy(endpoints->address[0], source, size);
    memcpy(endpoints->address[1], destination, size);
    endpoints->address_size = size;
}

/* Whether an IPv4 header of so many octets has a wrong checksum (RFC 1071). */
static bool
is_damaged(const uint8_t *header, int size)
{
    uint32_t sum = 0;
    for (int i = 0; i + 1 < size; i += 2)
        sum += read16(header + i);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16) != 0xffff;
}

static void
read_ipv4(const uint8_t *header, struct outer *outer)
{
    outer->ip_id = read16(header + 4);
    outer->ttl = header[8];
    set_addresses(&outer->endpoints, header + 12, header + 16, 4);
}

static void
read_ipv6(const uint8_t *header, struct outer *outer)
{
    outer->ip_id = 0;
    outer->ttl = header[7];
    set_addresses(&outer->endpoints, header + 8, header + 24, 16);
}

/* A layer that carries TCP without IP, or IP inside another protocol's subtree: what Wireshark
 * says of the frame's innermost addresses. */
static void
use_frame_addresses(const packet_info *pinfo, struct outer *outer)
{
    int size = pinfo->src.len;
    if (size == pinfo->dst.len && size > 0 && size <= EXTRACT_ADDRESS_MAX)
        set_addresses(&outer->endpoints, pinfo->src.data, pinfo->dst.data, (uint8_t)size);
}

/* When a frame was captured, nanoseconds since the epoch. A damaged capture's absurd times are cut
 * to what the core takes. */
int64_t
extract_time(const packet_info *pinfo)
{
    int64_t seconds = pinfo->abs_ts.secs;
    seconds = CLAMP(seconds, -SECONDS_MAX, SECONDS_MAX);
    return seconds * INT64_C(1000000000) + pinfo->abs_ts.nsecs;
}

/* FNV-1a of the sender's link-layer address, 0 if the frame has none. */
static uint32_t
link_digest(const packet_info *pinfo)
{
    const uint8_t *octets = pinfo->dl_src.data;
    if (!octets || pinfo->dl_src.len <= 0)
        return 0;
    uint32_t digest = 2166136261u;
    for (int i = 0; i < pinfo->dl_src.len; i++)
        digest = (digest ^ octets[i]) * 16777619u;
    return digest ? digest : 1;
}

static void
set_context(const packet_info *pinfo, const struct outer *outer, struct extracted *found)
{
    found->segment.time = extract_time(pinfo);
    found->segment.frame = pinfo->num;
    found->segment.ip_id = outer->ip_id;
    found->segment.ttl = outer->ttl;
    found->segment.link = link_digest(pinfo);
}

static const field_info *
child_of(const proto_node *node, int id)
{
    for (const proto_node *child = node->first_child; child; child = child->next) {
        const field_info *finfo = PNODE_FINFO(child);
        if (finfo && finfo->hfinfo && finfo->hfinfo->id == id)
            return finfo;
    }
    return NULL;
}

/* Whether a TCP layer has a wrong checksum. */
static bool
is_wrong(const proto_node *tcp)
{
    const field_info *status = child_of(tcp, id_tcp_checksum);
    return status && ws_finfo_uint(status) == PROTO_CHECKSUM_E_BAD;
}

/* How many octets of text a segment has from there on: tcp.len, or what its IP packet says if it
 * should be longer than its frame. That is so where a capture was cut and its file gives the cut
 * length as the original one: Wireshark takes the file's word, and the packet's own is the true
 * one. */
static uint32_t
text_length(const tvbuff_t *tvb, uint32_t text, const field_info *length, const struct outer *outer)
{
    bool longer = outer->tvb == tvb && outer->end > tvb_reported_length(tvb);
    return longer && outer->end > text ? outer->end - text : ws_finfo_uint(length);
}

/* The segment whose header is at start; length is its tcp.len, NULL if it has none. */
static bool
read_segment(tvbuff_t *tvb, int start, const field_info *length, const packet_info *pinfo,
             const struct outer *outer, struct extracted *found)
{
    int available = 0;
    const uint8_t *header = length ? octets_at(tvb, start, PORTS_AND_SEQ, &available) : NULL;
    if (!header)
        return false;
    memset(found, 0, sizeof(*found));
    if (!tcpstate_segment_parse(header, (size_t)MIN(available, TCP_HEADER_MAX), &found->segment))
        return false;
    found->endpoints = outer->endpoints;
    found->endpoints.port[0] = read16(header);
    found->endpoints.port[1] = read16(header + 2);
    uint32_t size = (uint32_t)(header[12] >> 4) * 4;
    found->segment.len = text_length(tvb, (uint32_t)start + size, length, outer);
    found->segment.bad_packet = outer->bad_checksum;
    found->segment.text_cut = (uint32_t)available < size + found->segment.len;
    set_context(pinfo, outer, found);
    return true;
}

/* The TCP header quoted behind an IP header, as far as it was captured: RFC 792 promises eight
 * octets of it. */
static bool
read_quoted_tcp(const uint8_t *header, int available, const packet_info *pinfo,
                const struct outer *outer, struct extracted *found)
{
    if (available < PORTS_AND_SEQ)
        return false;
    memset(found, 0, sizeof(*found));
    if (!tcpstate_segment_parse(header, (size_t)MIN(available, TCP_HEADER_MAX), &found->segment))
        found->segment.seq = (uint32_t)read16(header + 4) << 16 | read16(header + 6);
    found->endpoints = outer->endpoints;
    found->endpoints.port[0] = read16(header);
    found->endpoints.port[1] = read16(header + 2);
    found->unreachable = true;
    set_context(pinfo, outer, found);
    return true;
}

/* Whether an ICMP error ends a connection attempt: any unreachable destination but "fragmentation
 * needed", and an exceeded time to live. */
static bool
icmp_refuses(uint8_t type, uint8_t code)
{
    return (type == 3 && code != 4) || (type == 11 && code == 0);
}

static bool
icmpv6_refuses(uint8_t type, uint8_t code)
{
    return type == 1 || (type == 3 && code == 0) || (type == 4 && code == 1);
}

static bool
read_icmp(const field_info *icmp, const packet_info *pinfo, const struct outer *outer,
          struct extracted *found)
{
    int available = 0;
    const uint8_t *message = octets_of(icmp, ICMP_HEADER + IPV4_HEADER, &available);
    if (!message || !icmp_refuses(message[0], message[1]))
        return false;
    const uint8_t *ip = message + ICMP_HEADER;
    int header = (ip[0] & 0xf) * 4;
    bool first_fragment = (read16(ip + 6) & 0x1fff) == 0;
    if (ip[0] >> 4 != 4 || header < IPV4_HEADER || ip[9] != NEXT_HEADER_TCP || !first_fragment)
        return false;
    struct outer quoted = *outer;
    read_ipv4(ip, &quoted);
    return read_quoted_tcp(ip + header, available - ICMP_HEADER - header, pinfo, &quoted, found);
}

static bool
read_icmpv6(const field_info *icmp, const packet_info *pinfo, const struct outer *outer,
            struct extracted *found)
{
    int available = 0;
    const uint8_t *message = octets_of(icmp, ICMP_HEADER + IPV6_HEADER, &available);
    if (!message || !icmpv6_refuses(message[0], message[1]))
        return false;
    const uint8_t *ip = message + ICMP_HEADER;
    if (ip[0] >> 4 != 6 || ip[6] != NEXT_HEADER_TCP)
        return false;
    struct outer quoted = *outer;
    read_ipv6(ip, &quoted);
    return read_quoted_tcp(ip + IPV6_HEADER, available - ICMP_HEADER - IPV6_HEADER, pinfo, &quoted,
                           found);
}

static void
note_outer(const field_info *item, struct outer *outer)
{
    int available = 0;
    const uint8_t *octets;
    int id = item->hfinfo->id;
    if (id == id_ip && (octets = octets_of(item, IPV4_HEADER, &available)) != NULL) {
        int size = (octets[0] & 0xf) * 4;
        read_ipv4(octets, outer);
        outer->tvb = item->ds_tvb;
        outer->end = (uint32_t)item->start + read16(octets + 2);
        outer->bad_checksum = verify_ip && size <= available && is_damaged(octets, size);
    } else if (id == id_ipv6 && (octets = octets_of(item, IPV6_HEADER, &available)) != NULL) {
        read_ipv6(octets, outer);
        outer->tvb = item->ds_tvb;
        outer->end = (uint32_t)item->start + IPV6_HEADER + read16(octets + 4);
        outer->bad_checksum = false;
    }
    if ((id == id_vlan || id == id_vlan_outer) && (octets = octets_of(item, 2, &available)) != NULL)
        outer->endpoints.vlan = (outer->endpoints.vlan << 12 | (read16(octets) & 0xfff)) & 0xffffff;
}

/* A TCP layer that some protocol put into its own subtree. Of that tree only the field asked for
 * is real: it covers the header's octet LENGTH_OFFSET, and the ports must be those that Wireshark
 * found. */
static size_t
extract_nested(const proto_tree *tree, const packet_info *pinfo, struct extracted *found)
{
    const GPtrArray *lengths = proto_get_finfo_ptr_array(tree, id_tcp_len);
    if (!lengths || lengths->len != 1)
        return 0;
    const field_info *length = g_ptr_array_index(lengths, 0);
    struct outer outer = {0};
    use_frame_addresses(pinfo, &outer);
    return length->start >= LENGTH_OFFSET &&
           read_segment(length->ds_tvb, length->start - LENGTH_OFFSET, length, pinfo, &outer,
                        found) &&
           found->endpoints.port[0] == pinfo->srcport &&
           found->endpoints.port[1] == pinfo->destport;
}

/* The segments of a frame, outermost first.
 *
 * tree: the frame's root; NULL finds nothing. found: room for EXTRACT_MAX. Returns how many were
 * found. Assumes nothing about what other dissectors left in the tree. */
size_t
extract(const proto_tree *tree, const packet_info *pinfo, struct extracted *found)
{
    struct outer outer = {0};
    size_t count = 0;
    bool tcp_seen = false, icmp_seen = false;

    for (const proto_node *node = tree ? tree->first_child : NULL; node; node = node->next) {
        const field_info *item = PNODE_FINFO(node);
        if (!item || !item->hfinfo || count == EXTRACT_MAX)
            continue;
        int id = item->hfinfo->id;
        if (id == id_tcp) {
            tcp_seen = true;
            if (outer.endpoints.address_size == 0)
                use_frame_addresses(pinfo, &outer);
            if (read_segment(item->ds_tvb, item->start, child_of(node, id_tcp_len), pinfo, &outer,
                             &found[count])) {
                found[count].segment.bad_checksum = verify_tcp && is_wrong(node);
                count++;
            }
        } else if (id == id_icmp || id == id_icmpv6) {
            icmp_seen = true;
            count += id == id_icmp ? read_icmp(item, pinfo, &outer, &found[count])
                                   : read_icmpv6(item, pinfo, &outer, &found[count]);
        } else {
            note_outer(item, &outer);
        }
    }
    if (tree && !tcp_seen && !icmp_seen)
        count = extract_nested(tree, pinfo, found);
    return count;
}
