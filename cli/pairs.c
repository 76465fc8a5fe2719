/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Finds the pair that a segment belongs to. Frames without a tag belong to the first VLAN of their
 * addresses and ports, as in the plugin: a capture often holds one direction without its tags.
 */
#include "pairs.h"

#include <string.h>

/* A key on the stack, with room for the longest addresses. */
union key_buffer {
    struct pair_key key;
    uint8_t room[sizeof(struct pair_key) + 2 * PAIR_ADDRESS_MAX];
};

static size_t
key_size(const struct pair_key *key)
{
    return sizeof(*key) + 2 * (size_t)key->address_size;
}

/* Of so many octets, a multiple of eight. */
static uint64_t
mix(const uint8_t *octets, size_t size)
{
    uint64_t hash = 0;
    for (size_t at = 0; at + 8 <= size; at += 8) {
        uint64_t word;
        memcpy(&word, octets + at, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

static guint
key_hash(gconstpointer data)
{
    return (guint)mix(data, key_size(data));
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
    uint32_t head_a, head_b; /* VLAN and size of the addresses at once */
    memcpy(&head_a, a, sizeof(head_a));
    memcpy(&head_b, b, sizeof(head_b));
    return head_a == head_b && memcmp(a, b, key_size(a)) == 0;
}

/* mortal: pairs will be removed before the end, and have a struct pair_life. */
void
pairs_init(struct pairs *pairs, bool vlans_apart, bool mortal)
{
    *pairs = (struct pairs){.table = g_hash_table_new(key_hash, key_equal),
                            .vlans_apart = vlans_apart,
                            .mortal = mortal};
}

/* The life of a pair stands before it in memory. */
struct pair_life *
pair_life(struct pair *pair)
{
    return (struct pair_life *)(void *)pair - 1;
}

static void
free_pair(const struct pairs *pairs, struct pair *pair)
{
    g_free(pairs->mortal ? (void *)pair_life(pair) : pair);
}

static void
free_entry(gpointer key, gpointer value, gpointer data)
{
    struct pair *pair = (struct pair *)(void *)((char *)value - offsetof(struct pair, key));
    if (key == value)
        free_pair(data, pair);
    else
        g_free(key);
}

void
pairs_clear(struct pairs *pairs)
{
    g_hash_table_foreach(pairs->table, free_entry, pairs);
    g_hash_table_destroy(pairs->table);
}

static void
make_key(const struct walked *walked, uint32_t vlan, bool swap, struct pair_key *key)
{
    size_t size = walked->address_size;
    key->vlan = vlan & 0xffffff;
    key->address_size = size & 0xff;
    key->port[swap] = walked->port[0];
    key->port[!swap] = walked->port[1];
    memcpy(key->address + (swap ? size : 0), walked->address[0], size);
    memcpy(key->address + (swap ? 0 : size), walked->address[1], size);
}

/* Which end is side 0: less than 0 the sender, more the receiver, 0 both are one. */
static int
order_of(const struct walked *walked)
{
    int order = memcmp(walked->address[0], walked->address[1], walked->address_size);
    return order ? order : (int)walked->port[0] - (int)walked->port[1];
}

/* The table's values point to the pair's own key: where that is the entry's key too, the table
 * keeps one pointer for both. */
static struct pair *
lookup(const struct pairs *pairs, const struct pair_key *key)
{
    char *found = g_hash_table_lookup(pairs->table, key);
    return found ? (struct pair *)(void *)(found - offsetof(struct pair, key)) : NULL;
}

static struct pair *
make_pair(struct pairs *pairs, const struct pair_key *key)
{
    size_t size = MAX(offsetof(struct pair, key) + key_size(key), sizeof(struct pair));
    struct pair *pair;
    if (pairs->mortal)
        pair =
            (struct pair *)(void *)((struct pair_life *)g_malloc0(sizeof(struct pair_life) + size) +
                                    1);
    else
        pair = g_malloc0(size);
    memcpy(&pair->key, key, key_size(key));
    g_hash_table_add(pairs->table, &pair->key);
    return pair;
}

/* Lets a pair be found by one more key. */
static void
add_key(struct pairs *pairs, struct pair *pair, const struct pair_key *key)
{
    void *copy = g_malloc(key_size(key));
    memcpy(copy, key, key_size(key));
    g_hash_table_insert(pairs->table, copy, &pair->key);
}

/* The pair of a tagged frame's key that is in no pair yet: that of the frames without a tag, if no
 * other VLAN has it, or a new one. A pair's own key says which VLAN it is: it is the tagged one
 * once there is one. */
static struct pair *
make_tagged(struct pairs *pairs, const struct pair_key *key, bool *made)
{
    union key_buffer untagged;
    memcpy(&untagged, key, key_size(key));
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

/* The pair that a segment belongs to, made if it is new. Fills in the segment's side and self. */
struct pair *
pairs_find(struct pairs *pairs, struct walked *walked, bool *made)
{
    const int order = order_of(walked);
    union key_buffer buffer;
    walked->segment.self = order == 0;
    walked->segment.side = order > 0;
    make_key(walked, pairs->vlans_apart ? walked->vlan : 0, order > 0, &buffer.key);
    struct pair *pair = lookup(pairs, &buffer.key);
    *made = false;
    if (pair)
        return pair;
    if (buffer.key.vlan)
        return make_tagged(pairs, &buffer.key, made);
    *made = true;
    return make_pair(pairs, &buffer.key);
}

/* Forgets a pair, its keys and its life. */
void
pairs_remove(struct pairs *pairs, struct pair *pair)
{
    union key_buffer untagged;
    gpointer key, value;
    memcpy(&untagged, &pair->key, key_size(&pair->key));
    untagged.key.vlan = 0;
    g_hash_table_remove(pairs->table, &pair->key);
    if (pair->key.vlan && lookup(pairs, &untagged.key) == pair &&
        g_hash_table_steal_extended(pairs->table, &untagged.key, &key, &value))
        g_free(key);
    free_pair(pairs, pair);
}

/* A number that a pair's segments of both directions have in common, whatever their VLANs. */
uint32_t
pairs_digest(const struct walked *walked)
{
    union key_buffer buffer;
    make_key(walked, 0, order_of(walked) > 0, &buffer.key);
    const uint64_t hash = mix(buffer.room, key_size(&buffer.key));
    return (uint32_t)(hash >> 32 ^ hash);
}
