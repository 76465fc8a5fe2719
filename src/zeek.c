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
 * counts, or else the last. Text beyond a hole is taken to have no further hole, so that the count
 * of gaps can be low. Counts end at 65535, so that the letters for 100,000 and more are missing.
 */
#include "observation.h"
#include "zeek_state.h"

/* Zeek trusts the number of a SYN or RST only within this distance of the numbers before. */
#define TRUSTED_SPAN (1 << 20)

/* A segment on its way through the steps, and its ends. */
struct step {
    struct tcpstate_zeek *zeek;
    const struct tcpstate_segment *segment;
    struct tcpstate_zeek_end *snd, *rcv;
    uint32_t end; /* the number after the segment; the text of a RST does not count */
    bool syn, ack, fin, rst;
};

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
    tcpstate_zeek_note(s->zeek, s->snd, letter);
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
            tcpstate_zeek_note(s->zeek, s->snd, s->ack ? 'H' : 'S');
    } else if (s->fin) {
        if (is_again(s, KIND_FIN, 'F') && fin != s->snd->fin)
            tcpstate_zeek_note(s->zeek, s->snd, 'F');
        s->snd->fin = fin;
    } else if (s->rst) {
        if (is_again(s, KIND_RST, 'R') && seq != s->snd->rst)
            tcpstate_zeek_note(s->zeek, s->snd, 'R');
        s->snd->rst = seq;
    } else if (segment->len != 0 || s->ack) {
        tcpstate_zeek_reconsider(s->zeek);
        is_again(s, segment->len != 0 ? KIND_TEXT : KIND_ACK, segment->len != 0 ? 'D' : 'A');
    }
    if (segment->window == 0 && !s->rst && s->rcv->state != CLOSED && s->snd->state != RESET)
        tcpstate_zeek_count(s->zeek, s->snd, &s->snd->zero_windows, 'W');
}

/* Whether the connection is partial: until each side's first segment, what that segment says. */
static void
note_partial(struct step *s)
{
    if (s->snd->kinds != 0 || s->snd->state != INACTIVE)
        return;
    if (zeek_is_originator(s->zeek, s->snd))
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
        tcpstate_zeek_count(s->zeek, snd, &snd->repeats, 'T');
}

static void
leave_inactive_by_syn(struct step *s)
{
    if (zeek_is_originator(s->zeek, s->snd)) {
        enter(s->snd, s->ack ? SYN_ACK_SENT : SYN_SENT);
        return;
    }
    if (!s->ack && s->rcv->state == SYN_ACK_SENT) {
        tcpstate_zeek_flip(s->zeek);
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
    const bool responds = !zeek_is_originator(s->zeek, s->snd);

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
        tcpstate_zeek_count(s->zeek, s->rcv, &s->rcv->gaps, 'G');
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

/* Whether the segment moves numbers and nothing else: text or an acknowledgement, not the first of
 * its kind, of an endpoint past its handshake. */
static bool
is_plain(const struct step *s)
{
    return s->ack && !s->syn && !s->fin && !s->rst && s->segment->window != 0 &&
           (s->snd->state == ESTABLISHED || s->snd->state == PARTIAL) &&
           (s->snd->kinds & (s->segment->len != 0 ? KIND_TEXT : KIND_ACK));
}

static void
process(struct step *s)
{
    const struct tcpstate_segment *segment = s->segment;
    const bool plain = is_plain(s);
    bool acknowledges = false, underflow;

    if (!plain) {
        note_partial(s);
        take_start(s);
        add_history(s);
    }
    underflow = seq_lt(segment->seq, s->snd->start);
    if (s->ack && s->rcv->state == INACTIVE)
        set_start(s->rcv, segment->ack - 1, segment->ack - 1);
    else if (s->ack)
        acknowledges = seq_le(s->rcv->start, segment->ack);
    advance(s);
    if (!plain)
        move(s);
    if (acknowledges)
        take_gap(s, segment->ack);
    if (segment->len != 0 && !s->rst && !underflow && !segment->text_cut)
        take_text(s->snd, segment->seq + s->syn, segment->seq + s->syn + segment->len);
}

/*
 * Takes the next segment of a connection, copies made by the capturing included, as Zeek counts
 * them. Left out are a segment whose header was cut or whose IP header is damaged, and a SYN that
 * Zeek would take for another connection after this one was answered. A segment with a wrong
 * checksum gives its letter and nothing else.
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
    if (!tcpstate_zeek_originate(zeek, segment))
        return;
    if (segment->options_cut)
        return;
    if (segment->bad_checksum) {
        tcpstate_zeek_count(zeek, s.snd, &s.snd->corrupt, 'C');
        return;
    }
    s.end = segment->seq + s.syn + s.fin + (s.rst ? 0 : segment->len);
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
