/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The only place where a state changes: after each step the facts of both ends are gathered anew,
 * and what became of them is told as transitions along the state diagram, or as a revision.
 */
#include "observation.h"

#define STEPS_MAX 8

/* The facts in the order in which an endpoint came to them; follows is what its FIN brings along.
 * Figure 7: of crossing SYNs an endpoint takes its peer's before its own is acknowledged, unless
 * one segment of it says both. Section 3.6: a FIN that acknowledges ours is its answer; one that
 * does not has crossed it. */
static void
order_facts(const struct observation *o, const struct tcpstate_endpoint *endpoint,
            const struct tcpstate_endpoint *peer, unsigned *steps)
{
    const bool crossed =
        (o->connection->syns_crossed && endpoint->syn_inferred) || o->connection->self;
    const bool follows = endpoint->fin_sent && is_fin_covered(peer, endpoint->fin_ack);
    const bool answered = peer->fin_sent && is_fin_covered(endpoint, peer->fin_ack);

    *steps++ = FACT_SYN_SENT;
    *steps++ = crossed ? FACT_SYN_TAKEN : FACT_SYN_ACKED;
    *steps++ = crossed ? FACT_SYN_ACKED : FACT_SYN_TAKEN;
    *steps++ = follows ? FACT_FIN_TAKEN : FACT_FIN_SENT;
    *steps++ = follows ? FACT_FIN_SENT | FACT_FOLLOWS : answered ? FACT_FIN_ACKED : FACT_FIN_TAKEN;
    *steps++ = follows || !answered ? FACT_FIN_ACKED : FACT_FIN_TAKEN;
    *steps++ = FACT_EXPIRED;
    *steps++ = FACT_RST_SENT | FACT_RST_TAKEN | FACT_PASSIVE;
}

/* Takes out of the record what led the endpoint away from a phase to which it is back within the
 * segment. Returns whether it was there. */
static bool
close_loop(struct tcpstate_record *record, unsigned role, enum tcpstate_phase phase)
{
    unsigned kept = 0;
    bool looping = false;

    for (unsigned i = 0; i < record->transition_count; i++) {
        const struct tcpstate_transition transition = record->transition[i];

        looping |= transition.role == role && transition.from == phase;
        if (!looping || transition.role != role)
            record->transition[kept++] = transition;
    }
    record->transition_count = (uint8_t)kept;
    return looping;
}

static void
enter(struct observation *o, enum tcpstate_role role, enum tcpstate_phase phase, bool revision)
{
    struct tcpstate_endpoint *endpoint = &o->connection->end[role];
    struct tcpstate_record *record = o->record;

    if (endpoint->phase == phase)
        return;
    if ((record->transition_count == 0 ||
         !close_loop(record, o->connection->self ? TCPSTATE_SELF : role, phase)) &&
        record->transition_count < TCPSTATE_MAX_TRANSITIONS)
        record->transition[record->transition_count++] = (struct tcpstate_transition){
            .role = (uint8_t)(o->connection->self ? TCPSTATE_SELF : role),
            .from = endpoint->phase,
            .to = (uint8_t)phase,
            .revision = revision,
        };
    endpoint->since = o->segment->time;
    if (phase == TCPSTATE_PHASE_TIME_WAIT)
        o->connection->wait_time = o->segment->time;
    endpoint->phase = (unsigned)phase & 15;
    record->changed = true;
}

/* Whether the facts, added to those that are known in this order, lead along the diagram. */
static bool
is_along_diagram(unsigned known, unsigned facts, const unsigned *steps, enum tcpstate_phase base)
{
    enum tcpstate_phase phase = tcpstate_phase_of(known, base);

    for (size_t i = 0; i < STEPS_MAX && known != facts; i++) {
        enum tcpstate_phase next;

        if (!(facts & ~known & steps[i]))
            continue;
        known |= facts & steps[i];
        next = tcpstate_phase_of(known, base);
        if (next != phase && !tcpstate_is_edge(phase, next))
            return false;
        phase = next;
    }
    return true;
}

/* Tells how the endpoint came from the facts before to those of now, along the diagram. Where a
 * fact is learned so late that no edge leads on, what it had come to behind that fact is taken back
 * first: of the known ones as many are kept, in order, as let the rest follow. */
static void
tell_path(struct observation *o, enum tcpstate_role role, const struct tcpstate_endpoint *peer,
          unsigned facts)
{
    const struct tcpstate_endpoint *endpoint = &o->connection->end[role];
    const enum tcpstate_phase base = (enum tcpstate_phase)endpoint->base;
    unsigned known = endpoint->facts & facts, steps[STEPS_MAX];

    order_facts(o, endpoint, peer, steps);
    if (facts & ~known & FACT_SYN_SENT) /* its first is a SYN,ACK if it has taken one */
        steps[0] |= FACT_SYN_TAKEN;
    for (size_t i = STEPS_MAX; i > 0 && !is_along_diagram(known, facts, steps, base); i--)
        known &= ~steps[i - 1];
    enter(o, role, tcpstate_phase_of(known, base), true);
    for (size_t i = 0; i < STEPS_MAX && known != facts; i++) {
        if (!(facts & ~known & steps[i]))
            continue;
        known |= facts & steps[i];
        enter(o, role, tcpstate_phase_of(known, base), false);
    }
}

/* Whether the facts are those that were known and one more, so that no order matters. */
static bool
is_one_more(unsigned known, unsigned facts)
{
    const unsigned more = facts & ~known;

    return (known & (~facts | FACT_EXPIRED)) == 0 &&
           ((more & (more - 1)) == 0 || more == (FACT_FIN_SENT | FACT_FOLLOWS));
}

static void
move(struct observation *o, enum tcpstate_role role, const struct tcpstate_endpoint *peer,
     unsigned facts)
{
    struct tcpstate_endpoint *endpoint = &o->connection->end[role];
    const enum tcpstate_phase phase = tcpstate_phase_of(facts, (enum tcpstate_phase)endpoint->base);

    if (is_one_more(endpoint->facts, facts) &&
        tcpstate_is_edge((enum tcpstate_phase)endpoint->phase, phase))
        enter(o, role, phase, false);
    else if (phase != endpoint->phase)
        tell_path(o, role, peer, facts);
    if (facts & ~endpoint->facts & FACT_FIN_TAKEN)
        endpoint->text_from = endpoint->snd_nxt;
    endpoint->facts = facts & 0x7ff;
}

static void
settle_end(struct observation *o, struct tcpstate_endpoint *endpoint,
           const struct tcpstate_endpoint *peer, enum tcpstate_role role)
{
    const unsigned facts = tcpstate_facts_of(endpoint, peer);

    if (facts != endpoint->facts)
        move(o, role, peer, facts);
}

static void
weigh_end(struct observation *o, struct tcpstate_endpoint *endpoint,
          const struct tcpstate_endpoint *peer)
{
    const enum tcpstate_evidence evidence = tcpstate_evidence_of(o->connection, endpoint, peer);

    if (evidence == endpoint->evidence)
        return;
    endpoint->evidence = (unsigned)evidence & 3;
    o->record->changed = true;
}

/*
 * After the last step: how the states of both ends are known now.
 */
void
tcpstate_weigh_states(struct observation *o)
{
    if (o->steady)
        return;
    weigh_end(o, o->snd, o->rcv);
    if (!o->connection->self)
        weigh_end(o, o->rcv, o->snd);
}

/*
 * Gives both ends the states that they are assumed to have had before the first segment captured.
 */
void
tcpstate_begin_states(struct observation *o)
{
    for (int role = 0; role < 2; role++) {
        struct tcpstate_endpoint *endpoint = &o->connection->end[role];

        endpoint->facts = tcpstate_facts_of(endpoint, &o->connection->end[role ^ 1]) & 0x7ff;
        endpoint->phase =
            15u & (unsigned)tcpstate_phase_of(endpoint->facts, (enum tcpstate_phase)endpoint->base);
    }
}

/*
 * Brings the states of both ends into line with what is known of them now, the segment's sender
 * first.
 */
void
tcpstate_settle_states(struct observation *o)
{
    o->unsettled = false;
    if (o->steady)
        return;
    settle_end(o, o->snd, o->rcv, o->snd_role);
    if (!o->connection->self)
        settle_end(o, o->rcv, o->snd, o->rcv_role);
}
