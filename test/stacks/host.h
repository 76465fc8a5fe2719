/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A host with a TCP stack of its own, driven line by line: what is the same whatever the stack.
 * README.md has the lines.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An application with one socket, which does at once whatever its stack lets it do. */
struct application {
    char name[16];
    bool listens;
    int accepted;    /* connections of a listener so far */
    void *socket;    /* the stack's; NULL once it is gone */
    int fd;          /* of a stack whose applications are processes' sockets */
    long unsent;     /* octets that it wants to send */
    bool held;       /* it does not read */
    long unread;     /* octets that were received meanwhile */
    bool half_close; /* shutdown() for writing is due once all is sent */
    bool close;      /* so is close() */
};

struct call {
    const char *verb;
    const char *name;
    const char *argument[3];
};

extern int64_t now; /* microseconds */

/* Offered to the stack. */
struct application *application_add(const char *name);
struct application *application_accepted(struct application *listener);
struct application *application_named(const char *name);
struct application *application_at(size_t place);
void host_tells(const char *name, const char *word);
void host_sends(const uint8_t *packet, size_t size);
int life_begins(uint16_t local, uint16_t remote);
void life_is(int life, const char *state);
void lives_told(void);

/* Given by the stack. */
void stack_begin(const char *address, const char *peer, uint32_t seed);
void stack_clock(void);
void stack_packet(const uint8_t *packet, size_t size);
void stack_call(const struct call *call, struct application *application);
void stack_settle(void);
void stack_states(void);
int64_t stack_wake(void);

#endif
