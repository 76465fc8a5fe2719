/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What every unit test includes: cmocka, with the headers it needs before it, and the core.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpstate.h"

#endif
