/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What stands in an identity of a DHCPv6 client: for the table of v6_option.c alone. @n counts the
 * identities of one kind. */

#include "dhcp/v6_option.h"

bool dhcp6_status_is_said(const void *field, size_t n);
int dhcp6_status_store(void *field, size_t field_size, struct reader value);
void dhcp6_status_write(const void *field, size_t n, struct writer *w);

bool dhcp6_ia_is_said(const void *field, size_t n);
int dhcp6_ia_na_store(void *field, size_t field_size, struct reader value);
int dhcp6_ia_ta_store(void *field, size_t field_size, struct reader value);
int dhcp6_ia_pd_store(void *field, size_t field_size, struct reader value);
void dhcp6_ia_na_write(const void *field, size_t n, struct writer *w);
void dhcp6_ia_ta_write(const void *field, size_t n, struct writer *w);
void dhcp6_ia_pd_write(const void *field, size_t n, struct writer *w);
