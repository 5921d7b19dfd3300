/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ethtool
 *
 * By ioctl, one socket for all cards: the same as by netlink, in fewer system
 * calls. What a driver does not implement is an error, and not known.
 */
#include "discover/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "discover/field.h"
#include "lib/base/net.h"
#include "lib/base/text.h"

#define WORDS_MAX 16 /* 512 link modes; the kernel has some 120 */
#define WORD_BITS 32

/* Bits of enum ethtool_link_mode_bit_indices, from first to last, and Mb/s; 93 and up: Linux 6.2.
 */
static const struct {
        unsigned first, last, mbps;
} modes[] = {
        {0,  1,  10    },
        {2,  3,  100   },
        {4,  5,  1000  },
        {12, 12, 10000 },
        {15, 15, 2500  },
        {17, 17, 1000  },
        {18, 20, 10000 },
        {21, 22, 20000 },
        {23, 26, 40000 },
        {27, 30, 56000 },
        {31, 33, 25000 },
        {34, 35, 50000 },
        {36, 39, 100000},
        {40, 40, 50000 },
        {41, 41, 1000  },
        {42, 46, 10000 },
        {47, 47, 2500  },
        {48, 48, 5000  },
        {52, 56, 50000 },
        {57, 61, 100000},
        {62, 66, 200000},
        {67, 67, 100   },
        {68, 68, 1000  },
        {69, 73, 400000},
        {75, 79, 100000},
        {80, 84, 200000},
        {85, 89, 400000},
        {90, 91, 100   },
        {92, 92, 10    },
        {93, 98, 800000},
};

static const unsigned all_speeds[] = {10,    100,   1000,  2500,   5000,   10000,  20000, 25000,
                                      40000, 50000, 56000, 100000, 200000, 400000, 800000};

static bool has_speed(const uint32_t *words, size_t count, unsigned mbps)
{
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                if (modes[i].mbps != mbps)
                        continue;
                for (unsigned bit = modes[i].first; bit <= modes[i].last; bit++)
                        if (bit / WORD_BITS < count &&
                            (words[bit / WORD_BITS] & 1U << bit % WORD_BITS))
                                return true;
        }
        return false;
}

struct doc *ethtool_speeds(const uint32_t *words, size_t count)
{
        struct doc *list = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(all_speeds); i++) {
                if (!has_speed(words, count, all_speeds[i]))
                        continue;
                list = list ? list : doc_list();
                (void)doc_append_number(list, all_speeds[i]);
        }
        return list;
}

/* An interface that is asked. */
struct card {
        struct tree *tree;
        int fd;
        const char *name;
};

/* @what: under which the answer is noted. */
static bool ask(const struct card *card, const char *what, void *data, size_t size)
{
        struct ifreq request = {.ifr_data = data};
        char path[TREE_PATH_MAX];
        size_t got;

        snprintf(path, sizeof(path), "ethtool/%s/%s", card->name, what);
        if (!tree_is_live(card->tree))
                return tree_recall(card->tree, path, data, size, &got) && got == size;
        if (card->fd < 0 || text_copy(request.ifr_name, sizeof(request.ifr_name), card->name) < 0 ||
            ioctl(card->fd, SIOCETHTOOL, &request) < 0)
                return false;
        tree_note(card->tree, path, data, size);
        return true;
}

/* The address burnt into the card, which a bond or an operator changes but the firmware boots with.
 */
static void take_permanent_mac(const struct card *card, struct doc *nic)
{
        struct {
                struct ethtool_perm_addr header;
                struct mac_address mac;
        } address = {
                .header = {.cmd = ETHTOOL_GPERMADDR, .size = sizeof(struct mac_address)}
        };
        char text[MAC_TEXT_SIZE];

        if (ask(card, "permanent-mac", &address, sizeof(address)) &&
            address.header.size == sizeof(struct mac_address) && mac_is_usable(&address.mac))
                (void)doc_set_text(nic, "permanent_mac", mac_text(text, &address.mac));
}

static void take_driver(const struct card *card, struct doc *nic)
{
        struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

        if (!ask(card, "driver", &info, sizeof(info)))
                return;
        info.fw_version[sizeof(info.fw_version) - 1] = '\0';
        field_set_text(nic, "firmware", info.fw_version);
}

static const char *port_name(uint8_t port)
{
        static const char *const names[] = {
                [PORT_TP] = "twisted-pair", [PORT_AUI] = "aui", [PORT_MII] = "mii",
                [PORT_FIBRE] = "fibre",     [PORT_BNC] = "bnc", [PORT_DA] = "direct-attach",
        };

        return port < ARRAY_SIZE(names) ? names[port] : port == PORT_NONE ? "none" : NULL;
}

/* Asked twice: the kernel answers the first time how many words it has. */
static void take_link(const struct card *card, struct doc *nic)
{
        struct {
                struct ethtool_link_settings settings;
                uint32_t words[3 * WORDS_MAX];
        } link = {.settings = {.cmd = ETHTOOL_GLINKSETTINGS}};
        int words;

        if (!ask(card, "link-words", &link, sizeof(link)))
                return;
        words = -link.settings.link_mode_masks_nwords;
        if (words <= 0 || words > WORDS_MAX)
                return;
        link.settings = (struct ethtool_link_settings){.cmd = ETHTOOL_GLINKSETTINGS,
                                                       .link_mode_masks_nwords = (int8_t)words};
        if (!ask(card, "link", &link, sizeof(link)) ||
            link.settings.link_mode_masks_nwords != words)
                return;
        (void)doc_set(nic, "supported_mbps", ethtool_speeds(link.words, (size_t)words));
        (void)doc_set(nic, "advertised_mbps", ethtool_speeds(link.words + words, (size_t)words));
        (void)doc_set_text(nic, "port", port_name(link.settings.port));
        (void)doc_set_bool(nic, "autonegotiation", link.settings.autoneg == AUTONEG_ENABLE);
}

static void take_wake(const struct card *card, struct doc *nic)
{
        struct ethtool_wolinfo wake = {.cmd = ETHTOOL_GWOL};

        if (!ask(card, "wake", &wake, sizeof(wake)))
                return;
        (void)doc_set_bool(nic, "wake_on_lan", (wake.supported & WAKE_MAGIC) != 0);
        (void)doc_set_bool(nic, "wake_on_lan_enabled", (wake.wolopts & WAKE_MAGIC) != 0);
}

void ethtool_take(struct tree *tree, int fd, const char *name, struct doc *nic)
{
        const struct card card = {.tree = tree, .fd = fd, .name = name};

        take_permanent_mac(&card, nic);
        take_driver(&card, nic);
        take_link(&card, nic);
        take_wake(&card, nic);
}
