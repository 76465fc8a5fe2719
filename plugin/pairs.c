/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Finds the pair a segment belongs to, and holds the memory of pairs and connections.
 */
#include "arena.h"
#include "pairs.h"

#include <string.h>

#include <epan/to_str.h>

/* What the map holds: the core's knowledge of the pair, and behind it the key. */
struct pair_node {
    struct tcpstate_pair_memory pair;
    struct pair_key key; /* the last member: its addresses stand behind it */
};

/* A key on the stack, with room for the longest addresses. */
union key_buffer {
    struct pair_key key;
    uint8_t room[sizeof(struct pair_key) + 2 * EXTRACT_ADDRESS_MAX];
};

/* From keys to pairs of the capture at hand: Wireshark empties it with each file. A pair may have a
 * second key: frames without a tag belong to the first VLAN of their addresses and ports, since a
 * capture often holds one direction without its tags, or a frame once with and once without. */
static wmem_map_t *pairs;

/* The connection that the core may take next; in the arena, NULL if there is none. */
static struct connection *spare;
static uint32_t next_index; /* of the next connection */

/* Makes the table. Called once, at start-up. */
void
pairs_register(void)
{
    pairs =
        wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), pair_key_hash, pair_key_equal);
}

/* Forgets the capture before; its memory goes with Wireshark's file scope. */
void
pairs_reset(void)
{
    spare = NULL;
    next_index = 0;
}

static void
make_key(const struct endpoints *endpoints, bool vlans_apart, bool swap, struct pair_key *key)
{
    key->vlan = vlans_apart ? endpoints->vlan & 0xffffff : 0;
    key->address_size = endpoints->address_size;
    pair_key_put(key, swap, endpoints->address[0], endpoints->port[0]);
    pair_key_put(key, !swap, endpoints->address[1], endpoints->port[1]);
}

static struct pair_node *
make_pair(const struct pair_key *key)
{
    size_t size = offsetof(struct pair_node, key) + pair_key_size(key);
    struct pair_node *node = (struct pair_node *)arena_at(arena_take(MAX(size, sizeof(*node))));
    memcpy(&node->key, key, pair_key_size(key));
    wmem_map_insert(pairs, &node->key, node);
    return node;
}

/* Lets a pair be found by one more key. */
static void
add_key(struct pair_node *node, const struct pair_key *key)
{
    void *copy = arena_at(arena_take(pair_key_size(key)));
    memcpy(copy, key, pair_key_size(key));
    wmem_map_insert(pairs, copy, node);
}

/* The pair of a tagged frame's key that is in no pair yet: that of the frames without a tag, if no
 * other VLAN has it, or a new one. */
static struct pair_node *
make_tagged(const struct pair_key *key)
{
    union key_buffer untagged;
    const void *stored;
    void *found;
    memcpy(&untagged, key, pair_key_size(key));
    untagged.key.vlan = 0;
    if (!wmem_map_lookup_extended(pairs, &untagged.key, &stored, &found)) {
        struct pair_node *node = make_pair(key);
        add_key(node, &untagged.key);
        return node;
    }
    struct pair_node *node = (struct pair_node *)found;
    if (stored != &node->key)
        return make_pair(key);
    wmem_map_remove(pairs, &untagged.key);
    node->key.vlan = key->vlan;
    wmem_map_insert(pairs, &node->key, node);
    add_key(node, &untagged.key);
    return node;
}

/* The pair that a segment belongs to, made if it is new.
 *
 * Fills in the segment's side and self. Sets *key to the pair's key, which lives as long as the
 * pair: until the capture is closed. */
struct tcpstate_pair *
pairs_find(struct extracted *found, bool vlans_apart, const struct pair_key **key)
{
    const struct endpoints *endpoints = &found->endpoints;
    const int order = pair_key_order(endpoints->address[0], endpoints->address[1],
                                     endpoints->address_size, endpoints->port);
    found->segment.self = order == 0;
    found->segment.side = order > 0;

    union key_buffer buffer;
    make_key(endpoints, vlans_apart, order > 0, &buffer.key);
    struct pair_node *node = (struct pair_node *)wmem_map_lookup(pairs, &buffer.key);
    if (!node)
        node = buffer.key.vlan ? make_tagged(&buffer.key) : make_pair(&buffer.key);
    *key = &node->key;
    return tcpstate_pair_of(&node->pair);
}

/* The connection that the core may take for a segment of the pair with this key. */
struct connection *
pairs_spare(const struct pair_key *key)
{
    if (!spare) {
        uint32_t place = arena_take(sizeof(*spare));
        spare = (struct connection *)arena_at(place);
        spare->place = place;
        tcpstate_connection_init(&spare->core, next_index);
    }
    spare->key = key;
    return spare;
}

/* The core took the spare connection: the next one gets the next index. */
void
pairs_take_spare(void)
{
    spare = NULL;
    next_index++;
}

/* An endpoint as "address:port", in memory of the given scope; NULL stands for g_malloc(). */
char *
pairs_endpoint_text(wmem_allocator_t *scope, const struct connection *connection,
                    enum tcpstate_role role)
{
    const struct pair_key *key = connection->key;
    unsigned side = tcpstate_connection_side(core_of(connection), role);
    const uint8_t *octets = pair_key_address(key, side);
    int type = key->address_size == 4 ? AT_IPv4 : key->address_size == 16 ? AT_IPv6 : AT_NONE;
    address shown;
    set_address(&shown, type, type == AT_NONE ? 0 : (int)key->address_size, octets);
    char *name = address_to_str(NULL, &shown);
    char *text =
        wmem_strdup_printf(scope, type == AT_IPv6 ? "[%s]:%u" : "%s:%u", name, key->port[side]);
    wmem_free(NULL, name);
    return text;
}
