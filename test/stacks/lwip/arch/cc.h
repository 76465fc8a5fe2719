/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What lwIP asks of the machine it runs on.
 */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdio.h>
#include <stdlib.h>

unsigned int host_random(void);

#define LWIP_RAND() host_random()
#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message) (fprintf(stderr, "lwIP: %s\n", message), abort())

#endif
