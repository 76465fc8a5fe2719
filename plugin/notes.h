/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A note of each TCP header of the frame at hand.
 */
#ifndef TCPSTATE_NOTES_H
#define TCPSTATE_NOTES_H

#include "extract.h"

void notes_handoff(void);
GArray *notes_begin(bool wanted);
struct extracted *notes_take(const packet_info *pinfo, const proto_tree *tree, size_t *count);

#endif
