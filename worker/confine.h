/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/**
 * worker_confine() - the process of the tiny worker that reads the seed and hears the network
 * @state:  its folder
 *
 * One way. What is left: three capabilities (an address, packet sockets, the clock), reading
 * devices, /proc, /sys and /etc, writing @state, resolv.conf, the machine's name and its network's
 * settings, connections to anybody. It starts no program, loads no module, mounts nothing, restarts
 * nothing.
 *
 * Return: 0; -errno: it must not go on.
 */
int worker_confine(const char *state);
