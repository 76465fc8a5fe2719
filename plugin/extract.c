/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads a TCP header where Wireshark calls its dissector of TCP, and what lies before it.
 *
 * The layers that Wireshark has found so far say what lies there: the IP header, the VLAN tags, the
 * ICMP error that quotes the header. All numbers are read from the frame's own octets: what IP
 * hands on to TCP differs from one caller to the next, and other fields depend on the user's
 * preferences. The length of a segment is that of its buffer, as tcp.len's is, which copes with
 * offloaded and cut segments.
 *
 * Limitations: of several VLAN tags only those of the frame's own Ethernet header and those right
 * before the IP header are found.
 */
#include "extract.h"

#include <string.h>

/* Wireshark's numbers of the protocols looked for; written once, at start-up. */
static int id_eth = -1, id_ip = -1, id_ipv6 = -1, id_icmp = -1, id_icmpv6 = -1;
static int id_vlan = -1, id_vlan_outer = -1;

/* Whether Wireshark verifies IP's checksums; written by extract_begin() for each capture. */
static bool verify_ip;

#define ETHERNET_ADDRESSES 12
#define IPV4_HEADER 20
#define IPV4_SOURCE 12
#define IPV6_HEADER 40
#define TCP_HEADER_MAX 60
#define ICMP_HEADER 8
#define PORTS_AND_SEQ 8 /* the least of a TCP header that an ICMP error quotes */
#define NEXT_HEADER_TCP 6
#define SECONDS_MAX INT64_C(4611686000) /* a little less than 2^62 nanoseconds, 146 years */

/* Octets of one of the frame's data sources: the frame itself, or what was put together from it. */
struct place {
    tvbuff_t *source; /* NULL: nowhere */
    const uint8_t *octets;
    int start;     /* in the source */
    int available; /* captured octets from there on */
};

/* What Wireshark dissected before it came to this header. */
struct layers {
    int ip;        /* the last of IP's protocols, or -1 */
    int before_ip; /* the protocol before that, or -1 */
};

/* Looks up the numbers of what this file reads. Called once, when every protocol is registered. */
void
extract_register(void)
{
    id_eth = proto_get_id_by_filter_name("eth");
    id_ip = proto_get_id_by_filter_name("ip");
    id_ipv6 = proto_get_id_by_filter_name("ipv6");
    id_icmp = proto_get_id_by_filter_name("icmp");
    id_icmpv6 = proto_get_id_by_filter_name("icmpv6");
    id_vlan = proto_get_id_by_filter_name("vlan");
    id_vlan_outer = proto_get_id_by_filter_name("ieee8021ad");
}

/* A capture is about to be dissected, with the preferences as they are. */
void
extract_begin(void)
{
    verify_ip = ws_preference("ip", "check_checksum");
}

static uint16_t
read16(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

static struct place
place_in(tvbuff_t *source, int start)
{
    int available = start < 0 ? 0 : tvb_captured_length_remaining(source, start);
    if (available <= 0)
        return (struct place){0};
    return (struct place){source, tvb_get_ptr(source, start, available), start, available};
}

static int
protocol_at(wmem_list_frame_t *layer)
{
    return layer ? GPOINTER_TO_INT(wmem_list_frame_data(layer)) : -1;
}

static struct layers
layers_of(const packet_info *pinfo)
{
    wmem_list_frame_t *at = wmem_list_tail(pinfo->layers);
    int id;
    while ((id = protocol_at(at)) != -1 && id != id_ip && id != id_ipv6)
        at = wmem_list_frame_prev(at);
    return (struct layers){id, at ? protocol_at(wmem_list_frame_prev(at)) : -1};
}

static bool
is_ipv4(const struct place *ip)
{
    return ip->octets[0] >> 4 == 4;
}

/* The octets at an address in a data source, if it is there. */
static struct place
place_at(const struct place *whole, uintptr_t address)
{
    uintptr_t offset = address - (uintptr_t)whole->octets;
    if (!whole->source || offset >= (uintptr_t)whole->available)
        return (struct place){0};
    return (struct place){whole->source, whole->octets + offset, whole->start + (int)offset,
                          whole->available - (int)offset};
}

static tvbuff_t *
tvb_of(const GSList *source)
{
    return get_data_source_tvb((const struct data_source *)source->data);
}

/* The IPv4 header whose source address Wireshark points at. */
static struct place
find_ipv4(const struct place *tcp, const packet_info *pinfo)
{
    const uintptr_t wanted = (uintptr_t)pinfo->net_src.data - IPV4_SOURCE;
    const struct place whole = {tcp->source, tcp->octets - tcp->start, 0,
                                tcp->start + tcp->available};
    struct place ip = place_at(&whole, wanted);
    for (const GSList *item = pinfo->data_src; item && !ip.source; item = item->next) {
        const struct place other = place_in(tvb_of(item), 0);
        ip = place_at(&other, wanted);
    }
    return ip.available >= IPV4_HEADER && is_ipv4(&ip) ? ip : (struct place){0};
}

static bool
is_ipv6(const uint8_t *octets, const packet_info *pinfo)
{
    return octets[0] >> 4 == 6 && memcmp(octets + 8, pinfo->net_src.data, 16) == 0 &&
           memcmp(octets + 24, pinfo->net_dst.data, 16) == 0;
}

/* The IPv6 header with the addresses that Wireshark has a copy of, the last that ends at or before
 * an offset. */
static struct place
find_ipv6_in(tvbuff_t *source, int end, const packet_info *pinfo)
{
    struct place whole = place_in(source, 0);
    for (int start = MIN(end, whole.available) - IPV6_HEADER; start >= 0; start--)
        if (is_ipv6(whole.octets + start, pinfo))
            return place_in(source, start);
    return (struct place){0};
}

/* Before the TCP header, or where a fragment of what was put together lies. */
static struct place
find_ipv6(const struct place *tcp, const packet_info *pinfo)
{
    if (pinfo->net_src.len != 16 || pinfo->net_dst.len != 16)
        return (struct place){0};
    struct place place = find_ipv6_in(tcp->source, tcp->start, pinfo);
    for (const GSList *item = pinfo->data_src; item && !place.source; item = item->next)
        if (tvb_of(item) != tcp->source)
            place = find_ipv6_in(tvb_of(item), INT_MAX, pinfo);
    return place;
}

static struct place
find_ip(const struct layers *layers, const struct place *tcp, const packet_info *pinfo)
{
    if (layers->ip == id_ip && pinfo->net_src.type == AT_IPv4)
        return find_ipv4(tcp, pinfo);
    if (layers->ip == id_ipv6 && pinfo->net_src.type == AT_IPv6)
        return find_ipv6(tcp, pinfo);
    return (struct place){0};
}

static bool
is_tag(const uint8_t *ethertype)
{
    uint16_t type = read16(ethertype);
    return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

/* How many VLAN tags there are. Sets *ethernet: the frame begins with an Ethernet header. */
static int
count_tags(const packet_info *pinfo, bool *ethernet)
{
    int count = 0;
    *ethernet = false;
    for (wmem_list_frame_t *at = wmem_list_head(pinfo->layers); at; at = wmem_list_frame_next(at)) {
        int id = protocol_at(at);
        if (id == id_vlan || id == id_vlan_outer)
            count++;
        else if (id == id_eth && at == wmem_list_frame_next(wmem_list_head(pinfo->layers)))
            *ethernet = true;
    }
    return count;
}

/* Puts the identifiers of the tags from an Ethernet type on behind those there are, at most so
 * many. Returns how many there were. */
static int
read_tags(const struct place *frame, int at, int most, uint32_t *vlan)
{
    int count = 0;
    for (; count < most && at + 4 <= frame->available && is_tag(frame->octets + at); at += 4) {
        *vlan = (*vlan << 12 | (read16(frame->octets + at + 2) & 0xfff)) & 0xffffff;
        count++;
    }
    return count;
}

/* The identifiers of the VLAN tags before the header, as struct endpoints has them: those of the
 * frame's Ethernet header, then those right before the IP header. */
static uint32_t
find_tags(const struct place *ip, const packet_info *pinfo)
{
    bool ethernet;
    uint32_t vlan = 0;
    int left = count_tags(pinfo, &ethernet), inner = 0;
    struct place frame = {0};
    if (pinfo->data_src)
        frame = place_in(tvb_of(pinfo->data_src), 0);
    if (ethernet)
        left -= read_tags(&frame, ETHERNET_ADDRESSES, left, &vlan);
    const struct place whole = {ip->source, ip->octets - ip->start, 0, ip->start};
    while (inner < left && ip->start >= 4 * inner + 6 && is_tag(ip->octets - 4 * inner - 6))
        inner++;
    read_tags(&whole, ip->start - 4 * inner - 2, inner, &vlan);
    return vlan ? vlan : pinfo->vlan_id & 0xfff;
}

/* Whether to look for VLAN tags, which few frames have. Wireshark notes the identifier of the first
 * one, but not of an outer one of 802.1ad. */
static bool
may_be_tagged(const struct place *ip, const packet_info *pinfo)
{
    if (pinfo->vlan_id != 0)
        return true;
    if (ip->start < ETHERNET_ADDRESSES + 2)
        return false;
    return is_tag(ip->octets - ip->start + ETHERNET_ADDRESSES) || is_tag(ip->octets - 6);
}

/* Whether an IPv4 header has a wrong checksum (RFC 1071), if it is all there. */
static bool
is_damaged(const struct place *ip)
{
    uint32_t sum = 0;
    int size = (ip->octets[0] & 0xf) * 4;
    if (size > ip->available)
        return false;
    for (int i = 0; i + 1 < size; i += 2)
        sum += read16(ip->octets + i);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16) != 0xffff;
}

static void
set_addresses(struct endpoints *endpoints, const uint8_t *source, const uint8_t *destination,
              size_t size)
{
    memcpy(endpoints->address[0], source, size);
    memcpy(endpoints->address[1], destination, size);
    endpoints->address_size = (uint8_t)size;
}

/* Who talks to whom. Without an IP header (TCP alone was exported, or something else carries it)
 * Wireshark's word counts. */
static void
set_endpoints(const uint8_t *tcp, const struct place *ip, const packet_info *pinfo,
              struct endpoints *endpoints)
{
    int size = pinfo->src.len;
    if (ip->source && is_ipv4(ip))
        set_addresses(endpoints, ip->octets + 12, ip->octets + 16, 4);
    else if (ip->source)
        set_addresses(endpoints, ip->octets + 8, ip->octets + 24, 16);
    else if (size == pinfo->dst.len && size > 0 && size <= EXTRACT_ADDRESS_MAX)
        set_addresses(endpoints, (const uint8_t *)pinfo->src.data, (const uint8_t *)pinfo->dst.data,
                      (size_t)size);
    endpoints->port[0] = read16(tcp);
    endpoints->port[1] = read16(tcp + 2);
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
    const uint8_t *octets = (const uint8_t *)pinfo->dl_src.data;
    if (!octets || pinfo->dl_src.len <= 0)
        return 0;
    uint32_t digest = 2166136261u;
    for (int i = 0; i < pinfo->dl_src.len; i++)
        digest = (digest ^ octets[i]) * 16777619u;
    return digest ? digest : 1;
}

static void
set_context(const packet_info *pinfo, const struct place *ip, struct tcpstate_segment *segment)
{
    segment->time = extract_time(pinfo);
    segment->frame = pinfo->num;
    segment->link = link_digest(pinfo);
    if (ip->source && is_ipv4(ip)) {
        segment->ip_id = read16(ip->octets + 4);
        segment->ttl = ip->octets[8];
        segment->bad_packet = verify_ip && is_damaged(ip);
    } else if (ip->source) {
        segment->ttl = ip->octets[7];
    }
}

/* How many octets follow the beginning of the TCP header: its buffer's length, or what its IP
 * header says if the packet should be longer than its frame. That is so where a capture was cut and
 * its file gives the cut length as the original one: Wireshark takes the file's word, and the
 * packet's own is the true one. */
static uint32_t
length_of(tvbuff_t *tvb, const struct place *tcp, const struct place *ip)
{
    uint32_t length = tvb_reported_length(tvb);
    if (ip->source != tcp->source)
        return length;
    uint32_t end = (uint32_t)ip->start;
    end += is_ipv4(ip) ? read16(ip->octets + 2) : IPV6_HEADER + (uint32_t)read16(ip->octets + 4);
    bool longer = end > tvb_reported_length(tcp->source) && end > (uint32_t)tcp->start;
    return longer ? MAX(length, end - (uint32_t)tcp->start) : length;
}

/* A segment, unless its header is not whole. */
static bool
read_segment(tvbuff_t *tvb, const struct place *tcp, const struct place *ip,
             struct extracted *found)
{
    struct tcpstate_segment *segment = &found->segment;
    if (!tcpstate_segment_parse(tcp->octets, (size_t)MIN(tcp->available, TCP_HEADER_MAX), segment))
        return false;
    uint32_t size = (uint32_t)(tcp->octets[12] >> 4) * 4;
    if (size > tvb_reported_length(tvb))
        return false;
    uint32_t length = length_of(tvb, tcp, ip);
    segment->len = length - size;
    segment->text_cut = (uint32_t)tcp->available < length;
    return true;
}

/* Whether an ICMP error ends a connection attempt: any unreachable destination but "fragmentation
 * needed", and an exceeded time to live. */
static bool
icmp_refuses(const uint8_t *message)
{
    uint8_t type = message[0], code = message[1];
    return (type == 3 && code != 4) || (type == 11 && code == 0);
}

static bool
icmpv6_refuses(const uint8_t *message)
{
    uint8_t type = message[0], code = message[1];
    return type == 1 || (type == 3 && code == 0) || (type == 4 && code == 1);
}

/* A header that an error quotes, as far as it was captured, if the error is one of ICMP's that
 * refuses it: RFC 792 promises eight octets. */
static bool
read_quoted(const struct place *tcp, const struct layers *layers, const struct place *ip,
            struct extracted *found)
{
    struct tcpstate_segment *segment = &found->segment;
    if (ip->source != tcp->source || ip->start < ICMP_HEADER)
        return false;
    const uint8_t *message = ip->octets - ICMP_HEADER, *header = tcp->octets;
    if (!(layers->before_ip == id_icmp && icmp_refuses(message)) &&
        !(layers->before_ip == id_icmpv6 && icmpv6_refuses(message)))
        return false;
    if (!tcpstate_segment_parse(header, (size_t)MIN(tcp->available, TCP_HEADER_MAX), segment))
        segment->seq = (uint32_t)read16(header + 4) << 16 | read16(header + 6);
    found->unreachable = true;
    return true;
}

/* The segment, or the quoted header, that Wireshark hands to TCP in this buffer. Returns false if
 * it is neither: a fragment, a header that is not whole, one quoted by an error that refuses
 * nothing. */
bool
extract(tvbuff_t *tvb, const packet_info *pinfo, struct extracted *found)
{
    const struct place tcp = place_in(tvb_get_ds_tvb(tvb), tvb_raw_offset(tvb));
    if (tcp.available < PORTS_AND_SEQ || (pinfo->fragmented && !pinfo->flags.in_error_pkt))
        return false;
    const struct layers layers = layers_of(pinfo);
    const struct place ip = find_ip(&layers, &tcp, pinfo);

    memset(found, 0, sizeof(*found));
    if (!(pinfo->flags.in_error_pkt ? read_quoted(&tcp, &layers, &ip, found)
                                    : read_segment(tvb, &tcp, &ip, found)))
        return false;
    found->header = tcp.octets;
    set_endpoints(tcp.octets, &ip, pinfo, &found->endpoints);
    if (may_be_tagged(&ip, pinfo))
        found->endpoints.vlan = find_tags(&ip, pinfo);
    set_context(pinfo, &ip, &found->segment);
    return true;
}
