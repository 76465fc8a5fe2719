/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What must hold of a walk, whatever the frame: it reads nothing beyond the octets that were
 * captured (the sanitizer sees to that: the frame is copied to memory of just its size), and what
 * it finds lies in the frame.
 */
#include "walk_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

static void
check_found(const struct frame *frame, const struct walked *walked)
{
    for (int end = 0; end < 2; end++) {
        const uint8_t *address = walked->address[end];

        require(walked->address_size == 4 || walked->address_size == 16, "an address of IP");
        require(address >= frame->octets &&
                    address + walked->address_size <= frame->octets + frame->captured,
                "the addresses lie in the frame");
    }
    require(walked->segment.frame == frame->number, "the segment is of this frame");
    require(walked->vlan < 1 << 24, "two VLAN identifiers at most");
}

/* Walks a frame twice: with and without a look at its checksums, the result is one. */
void
walk_check(const struct frame *frame)
{
    struct walked walked, verified;
    uint8_t *exact = malloc(frame->captured ? frame->captured : 1);
    struct frame copy = *frame;

    require(exact != NULL, "memory");
    memcpy(exact, frame->octets, frame->captured);
    copy.octets = exact;
    for (int verify = 0; verify < 2; verify++) {
        enum walk_result result;

        copy.verify = verify;
        result = walk(&copy, verify ? &verified : &walked);
        require(result < WALK_COUNT, "a result that there is");
        if (result == WALK_SEGMENT || result == WALK_REFUSAL)
            check_found(&copy, verify ? &verified : &walked);
        require(!verify || result == walk(frame, &walked), "checksums do not change the way");
    }
    free(exact);
}
