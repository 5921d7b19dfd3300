/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/pci_resources.h"

#include <errno.h>
#include <stdlib.h>

#define FLAG_MEMORY   0x00000200 /* include/linux/ioport.h */
#define FLAG_PREFETCH 0x00002000

bool pci_resource_next(const char **at, struct pci_resource *ret)
{
        unsigned long long numbers[3];
        const char *text = *at;

        for (int i = 0; i < 3; i++) {
                char *end;

                if (text[0] != '0' || text[1] != 'x')
                        return false;
                errno = 0;
                numbers[i] = strtoull(text, &end, 16);
                if (errno != 0 || *end != (i < 2 ? ' ' : '\n') || end == text + 2)
                        return false;
                text = end + 1;
        }
        if (numbers[1] < numbers[0] || numbers[1] - numbers[0] >= INT64_MAX)
                return false;
        *ret = (struct pci_resource){
                .size = numbers[1] == 0 ? 0 : numbers[1] - numbers[0] + 1,
                .is_memory = (numbers[2] & FLAG_MEMORY) != 0,
                .is_prefetchable = (numbers[2] & FLAG_PREFETCH) != 0,
        };
        *at = text;
        return true;
}
