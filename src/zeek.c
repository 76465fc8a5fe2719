/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Follows a connection as Zeek does, for its conn_state and its history.
 *
 * The rules are those of Zeek 8's TCP analyzer and of its script for conn.log, described at
 * https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html; docs/zeek.md says
 * where they came from and which differences remain. A segment goes through the same steps in the
 * same order as in Zeek, since the order of the letters depends on it.
 *
 * Limitations: Zeek ends connections by timers; here a connection is one incarnation of a pair of
 * addresses and ports, and where Zeek would begin another within it, the one that was answered
 * counts, or the last. Text beyond a hole is taken to have no further hole, so that the count of
 * gaps can be low. Counts end at 65535, so that the letters for 100,000 and more are missing.
 */
#include <string.h>

#include "observation.h"
#include "zeek_log.h"

/* Zeek trusts the number of a SYN or RST, and an acknowledgement of 0, only within this distance.
 */
#define TRUSTED_SPAN (1 << 20)

/* A segment on its way through the steps, and its ends. */
struct step {
    struct tcpstate_zeek *zeek;
    const struct tcpstate_segment *segment;
    struct tcpstate_zeek_end *snd, *rcv;
    uint32_t end; /* the number after the segment; the text of a RST does not count */
    bool syn, ack, fin, rst;
};

/* TCP ports that Zeek takes for a server's (likely_server_ports, as its default scripts fill it),
 * in ascending order. */
static const uint16_t server_ports[] = {
    21,   22,   25,   53,   79,   80,   81,   88,   110,  135,  139,  143,  389,  443,  445,  502,
    563,  585,  587,  614,  631,  636,  989,  990,  992,  993,  995,  1080, 1434, 1883, 2811, 3128,
    3268, 3306, 3389, 5222, 5223, 5269, 5432, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000,
};

static bool
is_server_port(uint16_t port)
{
    for (size_t i = 0; i < sizeof server_ports / sizeof server_ports[0]; i++)
        if (server_ports[i] == port)
            return true;
    return false;
}

/* Letters */

static bool
is_originator(const struct tcpstate_zeek *zeek, const struct tcpstate_zeek_end *end)
{
    return end == &zeek->end[zeek->originator];
}

/* Adds a letter, given in upper case, for something that this endpoint did. */
static void
add_letter(struct tcpstate_zeek *zeek, const struct tcpstate_zeek_end *end, char letter)
{
    tcpstate_zeek_add(zeek, is_originator(zeek, end) ? letter : (char)(letter - 'A' + 'a'));
}

/* Counts, and adds a letter at 1, 10, 100, and so on. */
static void
count_letter(struct tcpstate_zeek *zeek, const struct tcpstate_zeek_end *end, uint16_t *count,
             char letter)
{
    uint16_t rest;

    if (*count == UINT16_MAX)
        return;
    rest = ++*count;
    while (rest % 10 == 0)
        rest /= 10;
    if (rest == 1)
        add_letter(zeek, end, letter);
}

/* The originator */

static void
flip(struct tcpstate_zeek *zeek)
{
    zeek->originator ^= 1;
    zeek->partial = false;
}

/* The first segment of a connection. Unless it is a SYN, a likely server's port makes its sender
 * the responder; if both ports are, the lower one does, but a SYN,ACK is left alone. */
static void
begin(struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment)
{
    const bool syn = segment->flags & TCPSTATE_SYN;
    const bool first_syn = syn && !(segment->flags & TCPSTATE_ACK);

    memset(zeek, 0, sizeof *zeek);
    zeek->begun = true;
    zeek->originator = segment->side == 1;
    if (first_syn || !is_server_port(segment->source_port))
        return;
    if (is_server_port(segment->destination_port) &&
        (syn || segment->source_port >= segment->destination_port))
        return;
    flip(zeek);
    tcpstate_zeek_add(zeek, ZEEK_FLIPPED);
}

/* Whether Zeek ends its connection here and begins another. */
static bool
is_reuse(const struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment)
{
    const struct tcpstate_zeek_end *originator = &zeek->end[zeek->originator];
    const struct tcpstate_zeek_end *responder = &zeek->end[zeek->originator ^ 1];
    const bool ack = segment->flags & TCPSTATE_ACK;

    if (!(segment->flags & TCPSTATE_SYN) || (ack && originator->state != INACTIVE))
        return false;
    if (originator->state == CLOSED || originator->state == RESET || responder->state == CLOSED ||
        responder->state == RESET)
        return true;
    if (segment->seq == (ack ? responder : originator)->start)
        return false;
    return ack || originator->state != SYN_ACK_SENT || responder->state != INACTIVE ||
           segment->seq != responder->start;
}

/* Whether the responder took a SYN, so that another does not replace this connection here. */
static bool
is_answered(const struct tcpstate_zeek *zeek)
{
    return zeek->end[zeek->originator ^ 1].kinds & KIND_SYN;
}

/* A connection that began with an unsolicited SYN,ACK is no stealth scan once an acknowledgement or
 * text follows, from either side: the SYN was missed, and the sender of the SYN,ACK responds. */
static void
flip_after_syn_ack(struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment)
{
    const uint8_t control = TCPSTATE_SYN | TCPSTATE_FIN | TCPSTATE_RST;

    if ((segment->flags & control) || !((segment->flags & TCPSTATE_ACK) || segment->len != 0))
        return;
    if (tcpstate_zeek_letter(zeek, 0) != 'H' || tcpstate_zeek_letter(zeek, 1) != '\0' ||
        zeek->end[zeek->originator].state != SYN_ACK_SENT)
        return;
    zeek->end[zeek->originator].before = SYN_ACK_SENT;
    zeek->end[zeek->originator].state = ESTABLISHED;
    flip(zeek);
    memset(zeek->letters, 0, sizeof zeek->letters);
    tcpstate_zeek_add(zeek, ZEEK_FLIPPED);
    add_letter(zeek, &zeek->end[zeek->originator ^ 1], 'H');
}

/* The steps of a segment, in Zeek's order */

static void
enter(struct tcpstate_zeek_end *end, enum zeek_state state)
{
    if (end->state == state)
        return;
    end->before = end->state;
    end->state = state & 7;
}

/* Moves an endpoint's numbers to a new start. What was delivered keeps its distance from it. */
static void
set_start(struct tcpstate_zeek_end *end, uint32_t start, uint32_t last)
{
    if (end->state == INACTIVE)
        end->delivered = start + 1;
    else
        end->delivered += start - end->start;
    end->start = start;
    end->last = last;
}

/* The first number of an endpoint; a SYN in most states is believed again. */
static void
take_start(struct step *s)
{
    struct tcpstate_zeek_end *snd = s->snd;
    const uint32_t seq = s->segment->seq;

    switch ((enum zeek_state)snd->state) {
    case INACTIVE:
        set_start(snd, s->syn ? seq : seq - 1, s->syn ? s->end : seq);
        break;
    case SYN_SENT:
    case SYN_ACK_SENT:
        if (s->syn && seq != snd->start)
            set_start(snd, seq, s->end);
        break;
    case ESTABLISHED:
    case PARTIAL:
        if (s->syn)
            set_start(snd, seq, s->end);
        break;
    case RESET:
        if (s->syn && snd->before == INACTIVE)
            set_start(snd, seq, s->end);
        break;
    case CLOSED:
        break;
    }
}

/* Adds a letter for the first segment of a kind. Returns whether there was one before. */
static bool
is_again(struct step *s, enum zeek_kind kind, char letter)
{
    if (s->snd->kinds & kind)
        return true;
    s->snd->kinds = (s->snd->kinds | kind) & 0x7f;
    add_letter(s->zeek, s->snd, letter);
    return false;
}

static void
add_history(struct step *s)
{
    const struct tcpstate_segment *segment = s->segment;
    const uint16_t seq = (uint16_t)segment->seq, fin = (uint16_t)(segment->seq + segment->len);

    if (s->fin && s->rst) {
        is_again(s, KIND_FIN_RST, 'I');
    } else if (s->syn && (s->fin || s->rst)) {
        is_again(s, KIND_SYN_OTHER, 'Q');
    } else if (s->syn) {
        if (is_again(s, KIND_SYN, s->ack ? 'H' : 'S') && segment->seq != s->snd->start)
            add_letter(s->zeek, s->snd, s->ack ? 'H' : 'S');
    } else if (s->fin) {
        if (is_again(s, KIND_FIN, 'F') && fin != s->snd->fin)
            add_letter(s->zeek, s->snd, 'F');
        s->snd->fin = fin;
    } else if (s->rst) {
        if (is_again(s, KIND_RST, 'R') && seq != s->snd->rst)
            add_letter(s->zeek, s->snd, 'R');
        s->snd->rst = seq;
    } else if (segment->len != 0) {
        is_again(s, KIND_TEXT, 'D');
    } else if (s->ack) {
        is_again(s, KIND_ACK, 'A');
    }
    if (segment->window == 0 && !s->rst && s->rcv->state != CLOSED && s->snd->state != RESET)
        count_letter(s->zeek, s->snd, &s->snd->zero_windows, 'W');
}

/* Whether the connection is partial: until each side's first segment, what that segment says. */
static void
note_partial(struct step *s)
{
    if (s->snd->kinds != 0)
        return;
    if (is_originator(s->zeek, s->snd))
        s->zeek->partial = !s->syn || s->ack;
    else if (!s->zeek->partial)
        s->zeek->partial = !s->syn;
}

/* Moves on what the sender used; text that does not is a retransmission. */
static void
advance(struct step *s)
{
    struct tcpstate_zeek_end *snd = s->snd;
    const int32_t by = seq_diff(s->end, snd->last);

    if ((s->syn || s->rst) && (by > TRUSTED_SPAN || by < -TRUSTED_SPAN))
        return;
    if (s->fin && snd->last == snd->start + 1) {
        snd->last = s->end;
        return;
    }
    if (snd->state == RESET)
        return;
    if (by > 0)
        snd->last = s->end;
    else if (s->segment->len != 0)
        count_letter(s->zeek, snd, &snd->repeats, 'T');
}

static void
leave_inactive_by_syn(struct step *s)
{
    if (is_originator(s->zeek, s->snd)) {
        enter(s->snd, s->ack ? SYN_ACK_SENT : SYN_SENT);
        return;
    }
    if (!s->ack && s->rcv->state == SYN_ACK_SENT) {
        flip(s->zeek);
        tcpstate_zeek_add(s->zeek, ZEEK_FLIPPED);
        enter(s->rcv, ESTABLISHED);
    }
    if (s->rcv->state == SYN_SENT)
        enter(s->rcv, ESTABLISHED);
    enter(s->snd, ESTABLISHED);
}

static void
leave_inactive(struct step *s)
{
    const bool responds = !is_originator(s->zeek, s->snd);

    if (s->syn)
        leave_inactive_by_syn(s);
    if (s->fin)
        enter(s->snd, CLOSED);
    if (s->rst)
        enter(s->snd, RESET);
    if (s->snd->state != INACTIVE ||
        (responds && s->segment->len == 0 && s->rcv->state == SYN_SENT))
        return;
    if (s->ack && s->rcv->state == ESTABLISHED) {
        enter(s->snd, ESTABLISHED);
        s->zeek->partial = false;
    } else {
        enter(s->snd, PARTIAL);
    }
}

static void
leave_established(struct step *s)
{
    if (s->syn && !s->ack && s->snd->state == PARTIAL && s->rcv->state == INACTIVE)
        enter(s->snd, SYN_SENT);
    if (s->fin && !s->rst) {
        enter(s->snd, CLOSED);
        if (s->rcv->state == RESET && s->rcv->before == CLOSED)
            enter(s->rcv, CLOSED);
    }
    if (s->rst)
        enter(s->snd, RESET);
}

static void
move(struct step *s)
{
    switch ((enum zeek_state)s->snd->state) {
    case INACTIVE:
        leave_inactive(s);
        break;
    case SYN_SENT:
    case SYN_ACK_SENT:
        if (s->fin)
            enter(s->snd, CLOSED);
        if (s->rst)
            enter(s->snd, RESET);
        break;
    case ESTABLISHED:
    case PARTIAL:
        leave_established(s);
        break;
    case CLOSED:
        if (s->rst && s->rcv->state != CLOSED)
            enter(s->snd, RESET);
        break;
    case RESET:
        break;
    }
}

/* The number of an endpoint's last FIN, which is not far below the highest that it used. */
static uint32_t
fin_of(const struct tcpstate_zeek_end *end)
{
    return end->last - (uint16_t)(end->last - end->fin);
}

/* The end of the text that lies beyond an endpoint's hole. */
static uint32_t
text_end(const struct tcpstate_zeek_end *end)
{
    return end->kinds & KIND_FIN ? fin_of(end) : end->last;
}

static bool
is_clean(const struct tcpstate_zeek_end *end)
{
    return end->state == ESTABLISHED || (end->state == CLOSED && end->before == ESTABLISHED);
}

/* A gap is told only on a connection that was opened and is not reset. */
static void
add_gap(struct step *s)
{
    if (is_clean(s->snd) && is_clean(s->rcv))
        count_letter(s->zeek, s->rcv, &s->rcv->gaps, 'G');
}

/* Text that the receiver's peer acknowledges without its having been captured is a gap. */
static void
take_gap(struct step *s, uint32_t ack)
{
    struct tcpstate_zeek_end *rcv = s->rcv;

    if ((rcv->kinds & KIND_FIN) && seq_lt(fin_of(rcv), ack))
        ack = fin_of(rcv);
    if (seq_le(ack, rcv->delivered) || (s->zeek->partial && ack - rcv->start <= 2))
        return;
    if (rcv->hole != 0 && seq_lt(rcv->delivered + rcv->hole, ack)) {
        add_gap(s);
        rcv->delivered = seq_max(rcv->delivered, text_end(rcv));
        rcv->hole = 0;
    }
    if (seq_le(ack, rcv->delivered))
        return;
    add_gap(s);
    rcv->hole = 0;
    rcv->delivered = ack;
}

/* Puts text into order, as far as one hole allows. */
static void
take_text(struct tcpstate_zeek_end *snd, uint32_t from, uint32_t to)
{
    if (seq_le(to, snd->delivered))
        return;
    if (seq_lt(snd->delivered, from)) {
        const uint32_t beyond = from - snd->delivered;
        const uint16_t hole = beyond > UINT16_MAX ? UINT16_MAX : (uint16_t)beyond;

        if (snd->hole == 0 || hole < snd->hole)
            snd->hole = hole;
    } else if (snd->hole != 0 && to - snd->delivered < snd->hole) {
        snd->hole = (uint16_t)(snd->hole - (to - snd->delivered));
        snd->delivered = to;
    } else {
        snd->delivered = snd->hole != 0 ? seq_max(to, text_end(snd)) : to;
        snd->hole = 0;
    }
}

static void
process(struct step *s)
{
    const struct tcpstate_segment *segment = s->segment;
    bool acknowledges = false, underflow;

    note_partial(s);
    take_start(s);
    underflow = seq_lt(segment->seq, s->snd->start);
    add_history(s);
    if (s->ack && s->rcv->state == INACTIVE)
        set_start(s->rcv, segment->ack - 1, segment->ack - 1);
    else if (s->ack)
        acknowledges = seq_le(s->rcv->start, segment->ack);
    advance(s);
    move(s);
    if (acknowledges)
        take_gap(s, segment->ack);
    if (segment->len != 0 && !s->rst && !underflow && !segment->text_cut)
        take_text(s->snd, segment->seq + s->syn, segment->seq + s->syn + segment->len);
}

/*
 * Takes the next segment of a connection, copies made by the capturing included, as Zeek counts
 * them. A segment whose header was cut or whose IP header is damaged is left out; one with a wrong
 * checksum gives its letter and nothing else. So is a SYN that Zeek would take for a connection of
 * its own, unless this one was not answered yet.
 */
void
tcpstate_zeek_observe(struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment)
{
    const uint8_t flags = segment->flags;
    const unsigned side = segment->side == 1;
    struct step s = {
        .zeek = zeek,
        .segment = segment,
        .snd = &zeek->end[side],
        .rcv = &zeek->end[side ^ 1],
        .syn = flags & TCPSTATE_SYN,
        .ack = flags & TCPSTATE_ACK,
        .fin = flags & TCPSTATE_FIN,
        .rst = flags & TCPSTATE_RST,
    };

    if (segment->bad_packet)
        return;
    if (zeek->begun && is_reuse(zeek, segment) && is_answered(zeek))
        return;
    if (!zeek->begun || is_reuse(zeek, segment))
        begin(zeek, segment);
    if (segment->options_cut)
        return;
    if (segment->bad_checksum) {
        count_letter(zeek, s.snd, &s.snd->corrupt, 'C');
        return;
    }
    s.end = segment->seq + s.syn + s.fin + (s.rst ? 0 : segment->len);
    flip_after_syn_ack(zeek, segment);
    process(&s);
}

/*
 * Takes a segment of the connection that the core assigned it to. A SYN that waits for its receiver
 * to decide is left out; Zeek would take it at once for a new connection. When it is accepted, the
 * connection it begins is given it first: opened says that this segment began the connection.
 */
void
tcpstate_zeek_follow(struct tcpstate_connection *connection, const struct tcpstate_pair *pair,
                     const struct tcpstate_segment *segment, bool opened)
{
    const struct tcpstate_pending *pending = &pair->pending;
    const uint8_t control = segment->flags & (TCPSTATE_SYN | TCPSTATE_ACK);

    if (pending->active && control == TCPSTATE_SYN && pending->iss == segment->seq &&
        pending->side == segment->side)
        return;
    if (opened && connection->segments != 0) {
        struct tcpstate_segment syn = {
            .frame = pending->frame,
            .seq = pending->iss,
            .len = pending->len,
            .source_port = segment->destination_port,
            .destination_port = segment->source_port,
            .window = UINT16_MAX,
            .flags = TCPSTATE_SYN,
            .side = pending->side,
        };

        tcpstate_zeek_observe(&connection->zeek, &syn);
    }
    tcpstate_zeek_observe(&connection->zeek, segment);
}
