/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the walker's files over IP share.
 */
#ifndef TCPSTATE_IP_H
#define TCPSTATE_IP_H

#include "step.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define PROTOCOL_TCP 6
#define TCP_HEADER_MAX 60

void note_ipv4(struct walk *walk, const uint8_t *header);
void note_ipv6(struct walk *walk, const uint8_t *header);
void note_segment(struct walk *walk, const uint8_t *header);
uint32_t sum_of(const uint8_t *octets, uint32_t size, uint32_t sum);

#endif
