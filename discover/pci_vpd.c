/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/pci_vpd.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define TAG_NAME  0x82 /* large resources: the length is in two bytes behind */
#define TAG_READ  0x90
#define TAGS_MAX  16
#define LARGE     0x80
#define WORDS_MAX 64 /* keywords of one resource */

/* Without blanks and NUL bytes at its end. */
static void take_text(struct reader value, char to[static PCI_VPD_TEXT])
{
        size_t len = strnlen((const char *)value.at, reader_left(&value));

        while (len > 0 && value.at[len - 1] == ' ')
                len--;
        (void)text_copy_bytes(to, PCI_VPD_TEXT, value.at, len);
}

/* Two letters, a length, a value; the rest after a cut tells nothing. */
static void take_words(struct reader r, struct pci_vpd *vpd)
{
        const struct {
                const char *word;
                char *to;
        } words[] = {
                {"PN", vpd->part  },
                {"SN", vpd->serial},
                {"EC", vpd->change},
        };
        struct reader value;
        char word[3] = "";
        uint8_t len;

        for (int i = 0; i < WORDS_MAX; i++) {
                if (reader_copy(&r, word, 2) < 0 || reader_u8(&r, &len) < 0 ||
                    reader_take(&r, len, &value) < 0)
                        return;
                for (size_t j = 0; j < ARRAY_SIZE(words); j++)
                        if (strcmp(words[j].word, word) == 0)
                                take_text(value, words[j].to);
        }
}

bool pci_vpd_parse(const void *bytes, size_t size, struct pci_vpd *ret)
{
        struct reader r = reader_over(bytes, size), value;
        struct pci_vpd vpd = {.name = ""};
        bool is_known = false;
        uint16_t len;
        uint8_t tag;

        for (int i = 0; i < TAGS_MAX && reader_u8(&r, &tag) == 0 && tag & LARGE; i++) {
                if (reader_le16(&r, &len) < 0)
                        break;
                if (len > reader_left(&r))
                        len = (uint16_t)reader_left(&r);
                if (reader_take(&r, len, &value) < 0)
                        break;
                if (tag == TAG_NAME)
                        take_text(value, vpd.name);
                else if (tag == TAG_READ)
                        take_words(value, &vpd);
                is_known |= tag == TAG_NAME || tag == TAG_READ;
        }
        if (is_known)
                *ret = vpd;
        return is_known;
}
