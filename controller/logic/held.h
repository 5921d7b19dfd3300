/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Held: a machine in phase `discovered` that has a system on its disk is never
 * trapped in the ramdisk. It is told once to restart, and each boot from then on
 * goes to its disk, until an operator accepts it or asks to see it once more.
 */

#include "controller/logic/logic.h"

/* Where the machine of a claim stands. */
enum held_place {
        HELD_NOT,    /* accepted, without a system, or without a node */
        HELD_LEAVES, /* in the boot in which it is told to restart into its disk */
        HELD_STAYS,  /* in the ramdisk all the same: seen once more, or it came back by itself */
};
enum held_place held_place(const struct claim *claim);

/* One sentence on it, PLAN_REASON_SIZE bytes. -ENOENT for HELD_NOT. */
int held_explain(const struct claim *claim, char *ret);

/* An inventory of @node came by node->claim, and is in node->summary; the caller saves the node. */
void held_reported(struct logic *logic, struct node *node, uint64_t now_ms,
                   struct store_change *change);

/**
 * held_look() - an operator wants to see a held machine in the ramdisk once more
 * @by:   who, for the event
 * @why:  one sentence on refusal
 *
 * Its next boot from the network is `discover`, and it stays there; the one after goes to its disk
 * again. One without a system is in the ramdisk at each boot anyhow.
 *
 * Return: 0, -EPERM.
 */
int held_look(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
              struct store_change *change, const char **why);
