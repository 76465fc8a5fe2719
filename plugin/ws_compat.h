/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Everything in which the supported versions of Wireshark (4.0 and later) differ, and the only file
 * with a condition on the version.
 */
#ifndef TCPSTATE_WS_COMPAT_H
#define TCPSTATE_WS_COMPAT_H

#include <stdlib.h>

#include <wireshark.h>
#include <epan/packet.h>
#include <epan/conversation_filter.h>
#include <epan/prefs.h>
#include <epan/prefs-int.h>
#include <epan/proto.h>
#include <epan/tap.h>

#include "ws_supported.h"

/* The value of an unsigned field: a structure inside field_info at first, a pointer since 4.2. */
static inline uint32_t
ws_finfo_uint(const field_info *finfo)
{
#if WS_VERSION_AT_LEAST(4, 2)
    return finfo->value ? fvalue_get_uinteger(finfo->value) : 0;
#else
    return fvalue_get_uinteger((fvalue_t *)&finfo->value);
#endif
}

/* Whether a tree that is not shown lacks the items of protocols that nobody asks for: since 4.6.
 * Before, it has them, and to ask would only cost time. */
#define WS_UNWANTED_PROTOCOLS_ARE_FAKED WS_VERSION_AT_LEAST(4, 6)

/* The type behind a boolean preference, and the result of a conversation filter's predicate. */
#if WS_VERSION_AT_LEAST(4, 4)
typedef bool ws_bool;
#else
typedef gboolean ws_bool;
#endif

/* A conversation filter's callbacks got an argument for user data in 4.2. */
#if WS_VERSION_AT_LEAST(4, 2)
#define WS_FILTER_ARGUMENTS packet_info *pinfo, void *user_data _U_
#define ws_register_conversation_filter(proto, name, valid, build)                                 \
    register_conversation_filter(proto, name, valid, build, NULL)
#else
#define WS_FILTER_ARGUMENTS packet_info *pinfo
#define ws_register_conversation_filter(proto, name, valid, build)                                 \
    register_conversation_filter(proto, name, valid, build)
#endif

/* What begins a statistic says since 4.6 whether it could; before, it ends the process if it
 * cannot. */
#if WS_VERSION_AT_LEAST(4, 6)
typedef bool ws_begun;
#define WS_BEGUN(begun) return begun
#else
typedef void ws_begun;
#define WS_BEGUN(begun)                                                                            \
    if (!(begun))                                                                                  \
    exit(1)
#endif

/* Whether labels will be read: a tree made only for filters and columns is not visible. */
static inline bool
ws_tree_is_visible(const proto_tree *tree)
{
    return tree && PTREE_DATA(tree)->visible;
}

/* Another protocol's preference that is on or off; false if there is none of that name. */
static inline bool
ws_preference(const char *protocol, const char *name)
{
    module_t *module = prefs_find_module(protocol);
    pref_t *preference = module ? prefs_find_preference(module, name) : NULL;
    return preference && prefs_get_bool_value(preference, pref_current);
}

/* The flow graph's interface. Debian leaves its header out of the development files although the
 * library exports the functions: declare what is used of it, as it is in 4.0 to 4.6. */
#if __has_include(<epan/sequence_analysis.h>)
#include <epan/sequence_analysis.h>
#elif WS_VERSION_AT_LEAST(4, 7)
#error "the layout of seq_analysis_item_t is not known: install epan/sequence_analysis.h"
#else
typedef struct _seq_analysis_item {
    guint32 frame_number;
    address src_addr;
    guint16 port_src;
    address dst_addr;
    guint16 port_dst;
    gchar *frame_label;
    gchar *time_str;
    gchar *comment;
    guint16 conv_num;
    unsigned fg_color;
    unsigned bg_color;
    ws_bool has_color_filter;
    ws_bool display;
    guint src_node;
    guint dst_node;
    guint16 line_style;
    int info_type;
    void *info_ptr;
} seq_analysis_item_t;

typedef struct _seq_analysis_info {
    const char *name;
    ws_bool any_addr;
    int nconv;
    GQueue *items;
    /* The rest belongs to Wireshark. */
} seq_analysis_info_t;

WS_DLL_PUBLIC void register_seq_analysis(const char *name, const char *ui_name, const int proto_id,
                                         const char *tap_listener, guint tap_flags,
                                         tap_packet_cb tap_func);
WS_DLL_PUBLIC seq_analysis_item_t *
sequence_analysis_create_sai_with_addresses(packet_info *pinfo, seq_analysis_info_t *sainfo);
WS_DLL_PUBLIC void sequence_analysis_use_color_filter(packet_info *pinfo, seq_analysis_item_t *sai);
#endif

#endif
