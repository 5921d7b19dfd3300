/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Talker: the agent's process that hears the network: DHCP, TLS, JSON. It is root, as an
 * address is root's to set, with two capabilities left; it starts no program, loads no
 * module, mounts nothing, opens no device, and asks the first process for what it needs
 * (installer/deeds.h).
 */

/**
 * talker_confine() - one way
 * @name:  of the program, for what is said on stderr where there is no Landlock
 *
 * What is left: CAP_NET_ADMIN and CAP_NET_RAW; reading /proc and /sys, writing /etc (resolv.conf)
 * and /proc/sys/net; connections to anybody.
 *
 * Return: 0; -errno: it must not go on.
 */
int talker_confine(const char *name);
