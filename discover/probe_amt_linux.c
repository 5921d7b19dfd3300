/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * amt: what Intel's management engine says of AMT
 *
 * Asked through the kernel's driver, by messages that change nothing. An engine that
 * is busy answers late or never: this runs beside the other probes. Nothing of it was
 * seen on hardware.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mei.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "discover/probe.h"
#include "lib/bmc/amt.h"

#define TIMEOUT_MS 2000 /* of one message; crew.h gives a device 5000 */

/* clang-format off */
const struct field bmc_amt_fields[] = {
        {.name = "present",      .kind = FIELD_BOOL, .help = "the management engine has AMT; false: it has not"},
        {.name = "version",      .kind = FIELD_TEXT, .help = "of AMT"},
        {.name = "build",        .kind = FIELD_TEXT, .help = "of its firmware"},
        {.name = "sku",          .kind = FIELD_TEXT, .help = "bits that tell what the engine was sold with"},
        {.name = "provisioning", .kind = FIELD_TEXT, .help = "none, in-progress, done: somebody manages the machine through it"},
        {.name = NULL},
};
/* clang-format on */

static int engine = -EBADF; /* mei0; machines have one with AMT */

void amt_open(void)
{
        engine = open("/dev/mei0", O_RDWR | O_CLOEXEC);
}

void amt_close(void)
{
        if (engine >= 0)
                close(TAKE_FD(engine));
}

struct link {
        struct tree *tree;
        size_t message_max;
};

/* 1, 0: the engine has no AMT, -1: nobody knows. */
static int join(struct link *l)
{
        struct mei_connect_client_data data;

        if (!tree_is_live(l->tree)) {
                l->message_max = AMT_ANSWER_MAX;
                return 1;
        }
        memcpy(&data.in_client_uuid, amt_client, sizeof(amt_client));
        if (ioctl(engine, IOCTL_MEI_CONNECT_CLIENT, &data) < 0)
                return errno == ENOTTY ? 0 : -1;
        l->message_max = data.out_client_properties.max_msg_length;
        return 1;
}

static bool ask(const struct link *l, enum amt_question question, const char *note,
                uint8_t to[static AMT_ANSWER_MAX], size_t *ret_size)
{
        struct pollfd polled = {.fd = engine, .events = POLLIN};
        uint8_t request[AMT_REQUEST_SIZE];
        ssize_t n;

        if (!tree_is_live(l->tree))
                return tree_recall(l->tree, note, to, AMT_ANSWER_MAX, ret_size);
        amt_ask(request, question);
        if (l->message_max < sizeof(request) ||
            write(engine, request, sizeof(request)) != (ssize_t)sizeof(request) ||
            poll(&polled, 1, TIMEOUT_MS) <= 0)
                return false;
        n = read(engine, to, AMT_ANSWER_MAX);
        if (n <= 0)
                return false;
        *ret_size = (size_t)n;
        tree_note(l->tree, note, to, *ret_size);
        return true;
}

/* NULL: it has told nothing. */
static struct doc *take_amt(struct link *l)
{
        uint8_t answer[AMT_ANSWER_MAX];
        struct amt_versions versions;
        struct doc *amt = doc_object();
        const char *state;
        size_t size;
        const int rc = join(l);

        if (rc == 0)
                (void)doc_set_bool(amt, "present", false);
        if (rc <= 0)
                return rc == 0 ? amt : doc_free(amt);
        if (ask(l, AMT_CODE_VERSIONS, "amt/versions", answer, &size) &&
            amt_versions_parse(answer, size, &versions) == 0) {
                (void)doc_set_bool(amt, "present", true);
                field_set_text(amt, "version", versions.amt);
                field_set_text(amt, "build", versions.build);
                field_set_text(amt, "sku", versions.sku);
        }
        if (ask(l, AMT_PROVISIONING_STATE, "amt/state", answer, &size) &&
            amt_state_parse(answer, size, &state) == 0) {
                (void)doc_set_bool(amt, "present", true);
                (void)doc_set_text(amt, "provisioning", state); /* "none" is an answer here */
        }
        return doc_count(amt) > 0 ? amt : doc_free(amt);
}

void probe_amt(struct probe_context *context)
{
        struct link l = {.tree = context->tree};
        struct doc *found, *amt;

        if (tree_is_live(context->tree) ? engine < 0
                                        : !tree_has(context->tree, TREE_ANSWERS "/amt"))
                return;
        if (!probe_begin(context, "mei0"))
                return;
        amt = take_amt(&l);
        if (!amt) {
                probe_error(context, "mei0: the management engine does not answer for AMT");
                return;
        }
        found = doc_object();
        (void)doc_set(found, "amt", amt);
        probe_item(context, found);
}
