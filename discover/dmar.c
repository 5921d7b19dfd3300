/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/dmar.h"

#include <stdlib.h>
#include <string.h>

#include "discover/probe.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define HEADER_SIZE     36 /* of every ACPI table */
#define REST_SIZE       12 /* width, flags, reserved */
#define RESERVED_MEMORY 1  /* type of a structure */
#define SCOPE_ENDPOINT  1
#define SCOPE_BRIDGE    2 /* and all that is behind it */
#define SCOPE_HEAD      6
#define STRUCTURE_HEAD  4

/* One part of a path in sysfs, "0000:03:00.0", whose form pci_address_in() has checked. */
static void add_hop(const char *address, struct dmar_path *to)
{
        char *end;
        const unsigned long segment = strtoul(address, &end, 16);
        const unsigned long bus = strtoul(end + 1, &end, 16);
        const unsigned long device = strtoul(end + 1, &end, 16);
        const unsigned long function = strtoul(end + 1, NULL, 16);

        if (to->count == 0) {
                to->segment = (uint16_t)segment;
                to->bus = (uint8_t)bus;
        }
        to->hops[to->count].device = (uint8_t)device;
        to->hops[to->count++].function = (uint8_t)function;
}

bool dmar_path_parse(const char *link, struct dmar_path *ret)
{
        struct dmar_path path = {0};

        for (const char *at = link; *at; at += strcspn(at, "/"), at += *at == '/') {
                char part[32], address[32];

                if (text_copy_bytes(part, sizeof(part), at, strcspn(at, "/")) < 0 ||
                    !pci_address_in(part, address, sizeof(address)))
                        continue;
                /* Intel VMD's domains are beyond what the table can name. */
                if (path.count == DMAR_HOPS_MAX || strcspn(address, ":") > 4)
                        return false;
                add_hop(address, &path);
        }
        *ret = path;
        return path.count > 0;
}

/* Is it the function that the scope names, or behind the bridge that it names? */
static bool is_in_scope(uint8_t type, uint8_t bus, struct reader hops, const struct dmar_path *of)
{
        const size_t count = reader_left(&hops) / 2;

        if (count == 0 || bus != of->bus || count > of->count ||
            (type == SCOPE_ENDPOINT && count != of->count))
                return false;
        for (size_t i = 0; i < count; i++) {
                uint8_t device, function;

                if (reader_u8(&hops, &device) < 0 || reader_u8(&hops, &function) < 0 ||
                    device != of->hops[i].device || function != of->hops[i].function)
                        return false;
        }
        return true;
}

/* Whether one of the scopes that a structure ends with is of the function. */
static bool names(struct reader scopes, const struct dmar_path *of)
{
        uint8_t type, size, bus;
        struct reader hops;

        while (reader_u8(&scopes, &type) == 0 && reader_u8(&scopes, &size) == 0 &&
               size >= SCOPE_HEAD && reader_skip(&scopes, 3) == 0 &&
               reader_u8(&scopes, &bus) == 0 && reader_take(&scopes, size - SCOPE_HEAD, &hops) == 0)
                if ((type == SCOPE_ENDPOINT || type == SCOPE_BRIDGE) &&
                    is_in_scope(type, bus, hops, of))
                        return true;
        return false;
}

/* Behind type and length of a structure. */
static bool take_reserved(struct reader r, const struct dmar_path *of, struct dmar_region *ret)
{
        uint16_t segment;

        return reader_skip(&r, 2) == 0 && reader_le16(&r, &segment) == 0 &&
               reader_le64(&r, &ret->start) == 0 && reader_le64(&r, &ret->end) == 0 &&
               ret->end >= ret->start && (!of || (segment == of->segment && names(r, of)));
}

size_t dmar_reserved(const void *bytes, size_t size, const struct dmar_path *of,
                     struct dmar_region *ret, size_t max)
{
        struct reader r = reader_over(bytes, size), signature, structure;
        uint16_t type, len;
        size_t count = 0;

        if (reader_take(&r, 4, &signature) < 0 || memcmp(signature.at, "DMAR", 4) != 0 ||
            reader_skip(&r, HEADER_SIZE - 4 + REST_SIZE) < 0)
                return 0;
        while (count < max && reader_le16(&r, &type) == 0 && reader_le16(&r, &len) == 0 &&
               len >= STRUCTURE_HEAD && reader_take(&r, len - STRUCTURE_HEAD, &structure) == 0) {
                struct dmar_region region;

                if (type == RESERVED_MEMORY && take_reserved(structure, of, &region))
                        ret[count++] = region;
        }
        return count;
}
