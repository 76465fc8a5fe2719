/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What must hold of a walk, whatever the frame.
 */
#ifndef TCPSTATE_WALK_CHECK_H
#define TCPSTATE_WALK_CHECK_H

#include "walk.h"

void walk_check(const struct frame *frame);

#endif
