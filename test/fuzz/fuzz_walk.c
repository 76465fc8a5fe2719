/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walker as libFuzzer's target: of an input, an octet says which link layer, another how much
 * longer the frame was than what was captured of it, and the rest is the frame.
 */
#include "walk_check.h"

#include <wiretap/wtap.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int links[] = {WTAP_ENCAP_ETHERNET, WTAP_ENCAP_SLL,     WTAP_ENCAP_SLL2,
                                WTAP_ENCAP_RAW_IP,   WTAP_ENCAP_RAW_IP6, WTAP_ENCAP_NULL,
                                WTAP_ENCAP_LOOP,     WTAP_ENCAP_PPP,     WTAP_ENCAP_CHDLC};
    struct frame frame = {.number = 1};

    if (size < 2)
        return 0;
    frame.encapsulation = links[data[0] % (sizeof(links) / sizeof(links)[0])];
    frame.octets = data + 2;
    frame.captured = (uint32_t)(size - 2);
    frame.length = frame.captured + data[1] * 8u;
    walk_check(&frame);
    return 0;
}
