/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Captures of real firmware, for tests: the UDP payloads of a pcap file. They
 * lie beside the source tree, in ../shared; where they are missing, the test
 * that wants them skips and says so.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/frame.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define CAPTURE_FOLDER "/../shared/data/firmware-pcaps"
#define CAPTURE_MAX    (8 << 20)

typedef void (*capture_fn)(void *context, const struct dhcp_frame *frame);

/* @folder: at least 4096 bytes. NULL where there are none. */
static inline DIR *captures_open(char *folder, size_t size)
{
        const char *source = getenv("CLOUDIE_SOURCE");
        DIR *dir;

        snprintf(folder, size, "%s" CAPTURE_FOLDER, source ? source : ".");
        dir = opendir(folder);
        if (!dir)
                printf("skipped: no captures in %s\n", folder);
        return dir;
}

/* Calls @fn with each UDP packet; returns their number, or -1 if the file is no pcap file. */
static inline int capture_walk(const char *path, capture_fn fn, void *context)
{
        static uint8_t bytes[CAPTURE_MAX];
        FILE *file = fopen(path, "rbe");
        uint32_t magic, size;
        struct reader r;
        int n = 0;

        if (!file)
                return -1;
        r = reader_over(bytes, fread(bytes, 1, sizeof(bytes), file));
        fclose(file);
        if (reader_le32(&r, &magic) < 0 || magic != 0xa1b2c3d4 || reader_skip(&r, 20) < 0)
                return -1;

        while (reader_skip(&r, 8) == 0 && reader_le32(&r, &size) == 0 && reader_skip(&r, 4) == 0) {
                struct dhcp_frame frame;
                struct reader packet;

                if (reader_take(&r, size, &packet) < 0)
                        return -1;
                if (dhcp_frame_parse(packet, false, &frame) < 0)
                        continue;
                fn(context, &frame);
                n++;
        }
        return n;
}

/* Every capture in turn: @begin may be NULL. Returns the number of files, or -1 without any. */
static inline int captures_walk(void (*begin)(void *context, const char *name), capture_fn fn,
                                void *context)
{
        char folder[2048], path[4096];
        DIR *dir = captures_open(folder, sizeof(folder));
        int n = 0;

        if (!dir)
                return -1;
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (!text_has_suffix(entry->d_name, ".pcap"))
                        continue;
                if (begin)
                        begin(context, entry->d_name);
                snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
                if (capture_walk(path, fn, context) < 0)
                        printf("not a capture: %s\n", path);
                else
                        n++;
        }
        closedir(dir);
        return n;
}
