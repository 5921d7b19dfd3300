/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a switch says of itself and of the port that a cable goes to (IEEE 802.1AB-2016, LLDP). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doc/value.h"

#define LLDP_FRAME_MAX 1536
#define LLDP_TEXT_MAX  255

/**
 * lldp_parse() - one message, without its Ethernet header
 * @to:  gets what it says: chassis, port, names, VLAN
 *
 * Return: false, and nothing is set, if it does not begin with chassis, port and
 * time to live as 8.2 wants it, or takes itself back (its time to live is 0).
 */
bool lldp_parse(const void *bytes, size_t size, struct doc *to);
