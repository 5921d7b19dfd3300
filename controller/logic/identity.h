/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Identity: which node is this machine? A set, not one number (design section 4):
 * MACs, and the SMBIOS UUID where it tells machines apart.
 */

#include "controller/logic/drift.h"

/* An inventory as it came: decoded by another thread than the one that decides. One block of
 * memory, with the texts that it points to but for @body. */
struct report {
        struct node_summary summary;
        struct mac_address macs[NODE_MAX_MACS];
        size_t mac_count;
        const char *body; /* borrowed */
        size_t size;
        char hash[STORE_HASH_SIZE]; /* of @lasting; see struct store_inventory */
        const char *lasting, *facts;
        const struct traits *traits; /* NULL: not known */
        bool is_looked_at;           /* out: @look is to be answered, and decided */
        struct drift_look look;
};

/* Pure: reads what is in an inventory. @ret: the caller's to free(). 0; -EBADMSG, -E2BIG, -ENOMEM
 * with a sentence. */
int report_decode(const char *text, size_t size, char *error, struct report **ret);

/**
 * inventory_take() - a machine reports what it is
 * @claim:     who reports
 * @report:    its question is filled
 * @ret_node:  the node that it is: an old one, or a new one in phase `discovered`
 *
 * Return: 0, -ENOSPC at NODES_MAX, -ENOMEM.
 */
int inventory_take(struct logic *logic, struct claim *claim, struct report *report, uint64_t now_ms,
                   struct store_change *change, struct node **ret_node);
