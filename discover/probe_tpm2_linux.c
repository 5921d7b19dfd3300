/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tpm2: what a TPM 2.0 says when it is asked
 *
 * A chip takes tens of milliseconds for an answer. It is asked through the kernel's
 * resource manager, so that nobody is disturbed, by commands that change nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "discover/probe.h"
#include "discover/tpm2.h"

#define TIMEOUT_MS 4000 /* crew.h gives a device 5000 */

static int chip = -EBADF; /* tpm0; machines have one */

void tpm2_open(void)
{
        chip = open("/dev/tpmrm0", O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

void tpm2_close(void)
{
        if (chip >= 0)
                close(TAKE_FD(chip));
}

/* False: there is no answer. */
static bool ask(struct tree *tree, const char *note, const uint8_t *command, size_t command_size,
                uint8_t *to, size_t *ret_size)
{
        struct pollfd polled = {.fd = chip, .events = POLLIN};
        ssize_t n;

        if (!tree_is_live(tree))
                return tree_recall(tree, note, to, TPM2_ANSWER_MAX, ret_size);
        if (write(chip, command, command_size) != (ssize_t)command_size ||
            poll(&polled, 1, TIMEOUT_MS) <= 0)
                return false;
        n = read(chip, to, TPM2_ANSWER_MAX);
        if (n <= 0)
                return false;
        *ret_size = (size_t)n;
        tree_note(tree, note, to, *ret_size);
        return true;
}

void probe_tpm2(struct probe_context *context)
{
        uint8_t command[TPM2_COMMAND_MAX], answer[TPM2_ANSWER_MAX];
        char vendor[5], firmware[32], key[TPM2_KEY_SIZE];
        struct tree *tree = context->tree;
        struct doc *tpm;
        size_t size;

        if (tree_is_live(tree) ? chip < 0 : !tree_has(tree, TREE_ANSWERS "/tpm0"))
                return;
        if (!probe_begin(context, "tpm0"))
                return;
        tpm = doc_object();
        (void)doc_set_text(tpm, "name", "tpm0");
        if (ask(tree, "tpm0/maker", command, tpm2_ask_maker(command), answer, &size) &&
            tpm2_maker_parse(answer, size, vendor, firmware)) {
                field_set_text(tpm, "vendor", vendor);
                (void)doc_set_text(tpm, "firmware", firmware);
        }
        if (ask(tree, "tpm0/key", command, tpm2_ask_key(command), answer, &size) &&
            tpm2_key_parse(answer, size, key))
                (void)doc_set_text(tpm, "endorsement_key", key);
        probe_item(context, tpm);
}
