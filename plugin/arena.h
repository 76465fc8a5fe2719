/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory for what lives as long as the capture: many small pieces, never freed one by one.
 */
#ifndef TCPSTATE_ARENA_H
#define TCPSTATE_ARENA_H

#include <stddef.h>
#include <stdint.h>

void arena_reset(void);
uint32_t arena_take(size_t size);
void *arena_at(uint32_t place);

#endif
