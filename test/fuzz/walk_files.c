/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Checks the walk of every frame of capture files, and how it goes of each when it is cut at every
 * place: walk_files FILE...
 */
#include <stdio.h>

#include "source.h"
#include "walk_check.h"

int
main(int argc, char **argv)
{
    static const int never = 0;
    struct source source = {.stopped = &never};
    uint64_t walks = 0;

    source_init(&source);
    for (int i = 1; i < argc; i++) {
        struct frame frame;
        bool damaged = false;

        if (!source_open(&source, argv[i]))
            return 2;
        while (source_next(&source, &frame, &damaged)) {
            const uint32_t captured = frame.captured;

            if (!frame.octets)
                continue;
            for (frame.captured = 0; frame.captured < captured && frame.captured < 160;
                 frame.captured++, walks++)
                walk_check(&frame);
            frame.captured = captured;
            walk_check(&frame);
            walks++;
        }
        source_close(&source);
    }
    source_free(&source);
    printf("%llu walks\n", (unsigned long long)walks);
    return 0;
}
