/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls the core as the plugin does.
 */
#include <string.h>

#include "../settings.h"
#include "world.h"

/*
 * Forgets everything, at the cost of what was used.
 */
void
world_begin(struct world *world)
{
    memset(world->pairs, 0, sizeof world->pairs);
    memset(world->connections, 0, (world->used + 1) * sizeof world->connections[0]);
    world->used = 0;
}

/*
 * One packet through the core. Returns false if the packet was an ICMP error that changed nothing;
 * then the record is as it was.
 */
bool
world_observe(struct world *world, const struct packet *packet, struct tcpstate_record *record)
{
    struct tcpstate_pair *pair = tcpstate_pair_of(&world->pairs[packet->pair]);
    struct tcpstate_connection *spare =
        tcpstate_connection_init(&world->connections[world->used], world->used);

    if (packet->quoted)
        return tcpstate_observe_unreachable(pair, &packet->segment, record);
    tcpstate_observe(pair, &packet->segment, &settings, spare, record);
    if (record->opened)
        world->used++;
    return true;
}
