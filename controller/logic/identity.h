/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Identity: which node is this machine? A set, not one number (design section 4):
 * MACs, and the SMBIOS UUID where it tells machines apart.
 */

#include "controller/logic/logic.h"

/* An inventory as it came: decoded by another thread than the one that decides. */
struct report {
        struct node_summary summary;
        struct mac_address macs[NODE_MAX_MACS];
        size_t mac_count;
        const char *body; /* borrowed */
        size_t size;
};

/* Pure: reads what is in an inventory. 0; -EBADMSG, -E2BIG, -ENOMEM with a sentence. */
int report_decode(const char *text, size_t size, char *error, struct report *ret);

/**
 * inventory_take() - a machine reports what it is
 * @claim:     who reports
 * @ret_node:  the node that it is: an old one, or a new one in phase `discovered`
 *
 * Return: 0, -ENOSPC at NODES_MAX, -ENOMEM.
 */
int inventory_take(struct logic *logic, struct claim *claim, const struct report *report,
                   uint64_t now_ms, struct store_change *change, struct node **ret_node);
