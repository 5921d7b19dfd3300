/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What cloudie-netbootd may still touch when the first packet is read. */

#include "netboot/config.h"

/**
 * netbootd_confine() - its state folder, what names are resolved by, and the controller's port
 * @error:  DAEMON_ERROR_SIZE bytes
 *
 * Sockets that firmware talks to stay open, and new ones can be bound. A kernel without Landlock is
 * logged, and is no error. Before the first thread is made.
 *
 * Return: 0, -errno.
 */
int netbootd_confine(const struct netbootd_config *config, char *error);

/* Where "https://[::1]:8443" listens: 8443; without a number 443; 0: none can be read. */
uint16_t netbootd_controller_port(const char *url);
