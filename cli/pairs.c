/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Finds the pair that a segment belongs to. Frames without a tag belong to the first VLAN of their
 * addresses and ports, as in the plugin: a capture often holds one direction without its tags.
 */
#include "pairs.h"

#define PAIR_ADDRESS_SHORT 4 /* octets of an IPv4 address */

/* A key on the stack, with room for the longest addresses. */
union key_buffer {
    struct pair_key key;
    uint8_t room[sizeof(struct pair_key) + 2 * PAIR_ADDRESS_MAX];
};

/* mortal: pairs will be removed before the end, and have a struct pair_life. */
void
pairs_init(struct pairs *pairs, bool vlans_apart, bool mortal)
{
    *pairs = (struct pairs){.table = g_hash_table_new(pair_key_hash, pair_key_equal),
                            .vlans_apart = vlans_apart,
                            .mortal = mortal};
    for (int is_long = 0; is_long < 2; is_long++) {
        const size_t address = is_long ? PAIR_ADDRESS_MAX : PAIR_ADDRESS_SHORT;
        const size_t keyed = offsetof(struct pair, key) + sizeof(struct pair_key) + 2 * address;
        const size_t life = mortal ? sizeof(struct pair_life) : 0;
        pool_init(&pairs->memory[is_long], life + MAX(keyed, sizeof(struct pair)));
    }
    pool_init(&pairs->keys, sizeof(union key_buffer));
}

void
pairs_clear(struct pairs *pairs)
{
    g_hash_table_destroy(pairs->table);
    pool_clear(&pairs->memory[0]);
    pool_clear(&pairs->memory[1]);
    pool_clear(&pairs->keys);
}

/* The life of a pair stands before it in memory. */
struct pair_life *
pair_life(struct pair *pair)
{
    return (struct pair_life *)(void *)pair - 1;
}

static struct pool *
pool_of(struct pairs *pairs, const struct pair_key *key)
{
    return &pairs->memory[key->address_size > PAIR_ADDRESS_SHORT];
}

static void
make_key(const struct walked *walked, uint32_t vlan, bool swap, struct pair_key *key)
{
    key->vlan = vlan & 0xffffff;
    key->address_size = walked->address_size & 0xff;
    pair_key_put(key, swap, walked->address[0], walked->port[0]);
    pair_key_put(key, !swap, walked->address[1], walked->port[1]);
}

static int
order_of(const struct walked *walked)
{
    return pair_key_order(walked->address[0], walked->address[1], walked->address_size,
                          walked->port);
}

/* The table's values point to the pair's own key: where that is the entry's key too, the table
 * keeps one pointer for both. */
static struct pair *
lookup(const struct pairs *pairs, const struct pair_key *key)
{
    char *found = (char *)g_hash_table_lookup(pairs->table, key);
    return found ? (struct pair *)(void *)(found - offsetof(struct pair, key)) : NULL;
}

static struct pair *
make_pair(struct pairs *pairs, const struct pair_key *key)
{
    void *memory = pool_take(pool_of(pairs, key));
    struct pair *pair = (struct pair *)(pairs->mortal ? (struct pair_life *)memory + 1 : memory);
    memcpy(&pair->key, key, pair_key_size(key));
    g_hash_table_add(pairs->table, &pair->key);
    return pair;
}

/* Lets a pair be found by one more key. */
static void
add_key(struct pairs *pairs, struct pair *pair, const struct pair_key *key)
{
    void *copy = pool_take(&pairs->keys);
    memcpy(copy, key, pair_key_size(key));
    g_hash_table_insert(pairs->table, copy, &pair->key);
}

/* The pair of a tagged frame's key that is in no pair yet: that of the frames without a tag, if no
 * other VLAN has it, or a new one. A pair's own key says which VLAN it is: it is the tagged one
 * once there is one. */
static struct pair *
make_tagged(struct pairs *pairs, const struct pair_key *key, bool *made)
{
    union key_buffer untagged;
    memcpy(&untagged, key, pair_key_size(key));
    untagged.key.vlan = 0;
    struct pair *pair = lookup(pairs, &untagged.key);
    *made = !pair || pair->key.vlan != 0;
    if (*made) {
        struct pair *tagged = make_pair(pairs, key);
        if (!pair)
            add_key(pairs, tagged, &untagged.key);
        return tagged;
    }
    g_hash_table_remove(pairs->table, &pair->key);
    pair->key.vlan = key->vlan;
    g_hash_table_add(pairs->table, &pair->key);
    add_key(pairs, pair, &untagged.key);
    return pair;
}

/* The pair of a key, made if it is new. */
static struct pair *
find_or_make(struct pairs *pairs, const struct pair_key *key, bool *made)
{
    struct pair *pair = lookup(pairs, key);
    *made = false;
    if (pair)
        return pair;
    if (key->vlan)
        return make_tagged(pairs, key, made);
    *made = true;
    return make_pair(pairs, key);
}

static struct pair **
recent_of(struct pairs *pairs, const struct pair_key *key)
{
    return &pairs->recent[pair_key_hash(key) % PAIRS_RECENT];
}

/* The pair that a segment belongs to, made if it is new. Fills in the segment's side and self. */
struct pair *
pairs_find(struct pairs *pairs, struct walked *walked, bool *made)
{
    const int order = order_of(walked);
    union key_buffer buffer;
    walked->segment.self = order == 0;
    walked->segment.side = order > 0;
    make_key(walked, pairs->vlans_apart ? walked->vlan : 0, order > 0, &buffer.key);
    struct pair **recent = recent_of(pairs, &buffer.key);
    *made = false;
    if (!*recent || !pair_key_equal(&(*recent)->key, &buffer.key))
        *recent = find_or_make(pairs, &buffer.key, made);
    return *recent;
}

/* Forgets a pair, its keys and its life. */
void
pairs_remove(struct pairs *pairs, struct pair *pair)
{
    union key_buffer untagged;
    gpointer key, value;
    memcpy(&untagged, &pair->key, pair_key_size(&pair->key));
    untagged.key.vlan = 0;
    *recent_of(pairs, &pair->key) = NULL;
    *recent_of(pairs, &untagged.key) = NULL;
    g_hash_table_remove(pairs->table, &pair->key);
    if (pair->key.vlan && lookup(pairs, &untagged.key) == pair &&
        g_hash_table_steal_extended(pairs->table, &untagged.key, &key, &value))
        pool_give(&pairs->keys, key);
    pool_give(pool_of(pairs, &pair->key), pairs->mortal ? (void *)pair_life(pair) : pair);
}

/* A number that a pair's segments of both directions have in common, whatever their VLANs. */
uint32_t
pairs_digest(const struct walked *walked)
{
    union key_buffer buffer;
    make_key(walked, 0, order_of(walked) > 0, &buffer.key);
    const uint64_t hash = pair_key_mix(&buffer.key);
    return (uint32_t)(hash >> 32 ^ hash);
}
