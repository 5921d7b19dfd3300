/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Image document: what an operator says of an image, beside its bytes and their manifest. A
 * document {kind: image, name, labels?, spec: {os?, architecture?, firmware?, user?, disk?,
 * memory?, notes?}}. What it needs of a machine is asked for before an install is begun.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/doc/value.h"
#include "lib/node/profile.h"

#define IMAGE_OS_SIZE    128 /* as in the manifest */
#define IMAGE_ARCH_SIZE  16  /* the same */
#define IMAGE_USER_SIZE  33  /* a login name of Linux, useradd(8) */
#define IMAGE_NOTES_SIZE 2048

enum image_firmware { IMAGE_BIOS, IMAGE_UEFI, IMAGE_FIRMWARE_COUNT };
extern const char *const image_firmware_names[IMAGE_FIRMWARE_COUNT + 1]; /* "bios", "uefi" */

struct image_document {
        char name[NODE_NAME_SIZE]; /* "": there is no document, so nothing is needed */
        char os[IMAGE_OS_SIZE], architecture[IMAGE_ARCH_SIZE];
        bool firmware[IMAGE_FIRMWARE_COUNT]; /* that it starts with; none: not said */
        char user[IMAGE_USER_SIZE];          /* who it has to log in as */
        uint64_t disk_bytes, memory_bytes;   /* at least; 0: not said */
};

/**
 * image_document_decode() - a document of the kind `image`
 * @error:  DOC_ERROR_SIZE bytes, one sentence; may be NULL
 *
 * `status` is what the controller says when it shows one, and is passed over.
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int image_document_decode(const struct doc *document, char *error, struct image_document *ret);

/**
 * image_pick_disk() - profile_pick_disk(), for a machine that this image can run on
 * @image_size:  bytes of its disk; a disk is not picked if it is smaller, or than what is needed
 *
 * What the image needs and the inventory does not tell speaks against the machine.
 *
 * Return: as profile_pick_disk(); -ENOEXEC also where the image does not fit, and @why says what
 * the machine has.
 */
int image_pick_disk(const struct image_document *image, const struct profile *profile,
                    const struct doc *inventory, uint64_t image_size,
                    char why[static PROFILE_WHY_SIZE], struct disk_id *ret);
