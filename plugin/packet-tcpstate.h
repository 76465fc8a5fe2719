/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The dissector's two registration routines, and what taps of the plugin share.
 */
#ifndef TCPSTATE_PACKET_H
#define TCPSTATE_PACKET_H

void proto_register_tcpstate(void);
void proto_reg_handoff_tcpstate(void);

#endif
