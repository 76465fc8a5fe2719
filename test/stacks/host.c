/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The lines in and out of a host, its applications by name, and the account of its connections.
 */
#include "host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATIONS 64
#define LIVES 1024
#define LINE 16384
#define BEGIN 1000000 /* microseconds: no time is zero */

/* A connection of the stack, from its first state to its last. */
struct life {
    uint16_t local, remote;
    const char *told; /* the state last told; NULL before the first */
    const char *is;   /* the state found just now; NULL if the stack knows it no more */
};

int64_t now = BEGIN;
static struct application applications[APPLICATIONS];
static size_t application_count;
static struct life lives[LIVES];
static int life_count;

static _Noreturn void
fail(const char *why)
{
    fprintf(stderr, "host: %s\n", why);
    exit(2);
}

struct application *
application_add(const char *name)
{
    struct application *added = &applications[application_count];

    if (++application_count > APPLICATIONS)
        fail("too many applications");
    snprintf(added->name, sizeof added->name, "%s", name);
    return added;
}

/* The application that takes the next connection of a listener: "l.0", "l.1", ... */
struct application *
application_accepted(struct application *listener)
{
    char name[sizeof listener->name + 12];

    snprintf(name, sizeof name, "%s.%d", listener->name, listener->accepted++);
    host_tells(name, "accepted");
    return application_add(name);
}

/* The application named last so, or NULL. */
struct application *
application_named(const char *name)
{
    for (size_t i = application_count; i-- > 0;)
        if (strcmp(applications[i].name, name) == 0)
            return &applications[i];
    return NULL;
}

/* Each in turn, then NULL. */
struct application *
application_at(size_t place)
{
    return place < application_count ? &applications[place] : NULL;
}

void
host_tells(const char *name, const char *word)
{
    printf("E %s %s\n", name, word);
}

/* An IPv4 packet leaves; before it the states are told that led to it. */
void
host_sends(const uint8_t *packet, size_t size)
{
    stack_states();
    fputs("O ", stdout);
    for (size_t i = 0; i < size; i++)
        printf("%02x", packet[i]);
    putchar('\n');
}

/* Another connection of the stack: its number, from 0. */
int
life_begins(uint16_t local, uint16_t remote)
{
    if (life_count == LIVES)
        fail("too many connections");
    lives[life_count] = (struct life){.local = local, .remote = remote};
    return life_count++;
}

/* The stack was asked, and says that a connection is in that state. */
void
life_is(int life, const char *state)
{
    lives[life].is = state;
}

static void
tell(int number, const char *state)
{
    struct life *life = &lives[number];

    if (life->told && strcmp(life->told, state) == 0)
        return;
    life->told = state;
    printf("S %d %d %d %s\n", number, life->local, life->remote, state);
}

/* The stack was asked about all its connections: tell what has changed, first what has ended. */
void
lives_told(void)
{
    for (int i = 0; i < life_count; i++)
        if (!lives[i].is && lives[i].told)
            tell(i, "CLOSED");
    for (int i = 0; i < life_count; i++) {
        if (lives[i].is)
            tell(i, lives[i].is);
        lives[i].is = NULL;
    }
}

static void
take_packet(const char *hex)
{
    static uint8_t packet[LINE / 2];
    size_t size = strlen(hex) / 2;

    for (size_t i = 0; i < size; i++) {
        char octet[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        packet[i] = (uint8_t)strtoul(octet, NULL, 16);
    }
    stack_packet(packet, size);
}

static void
take_call(char *line)
{
    struct call call = {.verb = strtok(line, " "), .name = strtok(NULL, " ")};
    struct application *application;

    for (int i = 0; i < 3; i++)
        call.argument[i] = strtok(NULL, " ");
    if (!call.verb || !call.name)
        fail("a call without verb or name");
    if (strcmp(call.verb, "listen") == 0 || strcmp(call.verb, "connect") == 0)
        application = application_add(call.name);
    else
        application = application_named(call.name);
    if (application)
        stack_call(&call, application);
    else
        host_tells(call.name, "no-socket");
}

int
main(int count, char **argument)
{
    static char line[LINE];

    if (count != 4)
        fail("usage: ADDRESS PEER SEED");
    stack_begin(argument[1], argument[2], (uint32_t)strtoul(argument[3], NULL, 10));
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == 'T') {
            now = strtoll(line + 2, NULL, 10);
            stack_clock();
        } else if (line[0] == 'P') {
            take_packet(line + 2);
        } else {
            take_call(line + 2);
        }
        stack_settle();
        printf("N %lld\n.\n", (long long)stack_wake());
        fflush(stdout);
    }
    return 0;
}
