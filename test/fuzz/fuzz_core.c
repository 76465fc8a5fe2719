/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The core as libFuzzer's target.
 */
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)fuzz_check(data, size);
    return 0;
}
