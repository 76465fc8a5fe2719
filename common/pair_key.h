/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * By what a pair of endpoints is found, in the plugin's table and in the command's.
 */
#ifndef TCPSTATE_PAIR_KEY_H
#define TCPSTATE_PAIR_KEY_H

#include <string.h>

#include <glib.h>

/* A pair of endpoints in canonical order: the lower address and port is side 0. Behind it stand the
 * addresses, side 0's, then side 1's, so that a pair of IPv4 endpoints takes 16 octets. They are no
 * flexible array: not every compiler takes one inside another structure or a union. */
struct pair_key {
    guint32 vlan : 24;        /* identifiers of two VLAN tags; 0 = none, or VLANs do not count */
    guint32 address_size : 8; /* octets of each address */
    guint16 port[2];          /* by side */
};

/* Where the address of a side stands, address_size octets. */
static inline const guint8 *
pair_key_address(const struct pair_key *key, unsigned side)
{
    return (const guint8 *)(key + 1) + (side ? key->address_size : 0);
}

static inline size_t
pair_key_size(const struct pair_key *key)
{
    return sizeof(*key) + 2 * (size_t)key->address_size;
}

/* Less than 0 if the source is side 0, more if it is side 1, 0 if both are one endpoint. */
static inline int
pair_key_order(const guint8 *source, const guint8 *destination, size_t address_size,
               const guint16 port[2])
{
    const int order = memcmp(source, destination, address_size);
    return order ? order : (int)port[0] - (int)port[1];
}

/* Sets one side; the size of the addresses must be there. */
static inline void
pair_key_put(struct pair_key *key, unsigned side, const guint8 *address, guint16 port)
{
    key->port[side] = port;
    memcpy((guint8 *)(key + 1) + (side ? key->address_size : 0), address, key->address_size);
}

/* Eight octets at a time, which a key of IP addresses is made of; of others, as many as there are.
 */
static inline guint64
pair_key_mix(const struct pair_key *key)
{
    const guint8 *octets = (const guint8 *)key;
    guint64 hash = 0;
    for (size_t at = 0; at + 8 <= pair_key_size(key); at += 8) {
        guint64 word;
        memcpy(&word, octets + at, sizeof(word));
        hash = (hash ^ word) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

/* For tables of glib and of Wireshark. */
static inline guint
pair_key_hash(gconstpointer key)
{
    return (guint)pair_key_mix((const struct pair_key *)key);
}

static inline gboolean
pair_key_equal(gconstpointer a, gconstpointer b)
{
    guint32 head_a, head_b; /* VLAN and size of the addresses at once */
    memcpy(&head_a, a, sizeof(head_a));
    memcpy(&head_b, b, sizeof(head_b));
    return head_a == head_b && memcmp(a, b, pair_key_size((const struct pair_key *)a)) == 0;
}

#endif
