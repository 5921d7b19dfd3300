/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where Debian's packages come from: the mirrors that this machine's apt is set up with. */

#include <stddef.h>

/**
 * debian_sources() - the lines of a sources.list(5)
 * @mirror:  URL of a mirror in place of this machine's: DEBIAN_SUITE and its updates from there,
 *           the security updates from the URL with "-security" behind it. Or NULL
 * @ret:     the caller's
 *
 * Of this machine's sources only Debian's own for DEBIAN_SUITE, its updates and security updates
 * are taken.
 *
 * Return: 0; -EINVAL: that is no URL, or one with a user name or password, as the lines stand in
 * the image; -ENOENT: apt has no such source; as run_program().
 */
int debian_sources(const char *mirror, char *error, char **ret);

/* How this machine's apt reaches its mirrors (proxies and the like), as lines of apt.conf(5);
 * without those that may hold a password. The caller's. As run_program(). */
int debian_apt_configuration(char *error, char **ret);

/* What a line that apt, dpkg, tar or mmdebstrap said means for who builds; NULL: nothing known. */
const char *debian_trouble(const char *line);
