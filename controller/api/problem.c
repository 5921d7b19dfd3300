/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/api/problem.h"

#include "lib/doc/value.h"

/* clang-format off */
const struct problem_row problem_rows[PROBLEM_COUNT] = {
        [PROBLEM_NONE] = {500, "internal", "Internal Server Error",
                "Something failed that should not.", "The log of cloudied may say why."},
        [PROBLEM_NO_MEMORY] = {503, "no-memory", "Service Unavailable",
                "The controller has no memory for this.", "Give the controller's machine more memory."},
        [PROBLEM_NO_PATH] = {404, "path-unknown", "Not Found",
                "There is nothing at this path.", "docs/protocol.md lists all paths."},
        [PROBLEM_METHOD] = {405, "method-wrong", "Method Not Allowed",
                "This path does not answer to this method.", "The Allow header names one that it answers to."},
        [PROBLEM_BODY] = {400, "body-malformed", "Bad Request",
                "The body is not what this call takes.", "docs/protocol.md shows the body of each call."},
        [PROBLEM_QUERY] = {400, "query-malformed", "Bad Request",
                "The query is not what this call takes.", "docs/protocol.md shows the query of each call."},
        [PROBLEM_TOKEN_MISSING] = {401, "token-missing", "Unauthorized",
                "The request carries no token.", "Log in with the line that `cloudied --login-link` prints."},
        [PROBLEM_TOKEN_UNKNOWN] = {401, "token-unknown", "Unauthorized",
                "The token is not known here, or no longer.", "Log in with the line that `cloudied --login-link` prints."},
        [PROBLEM_TOKEN_STALE] = {401, "token-stale", "Unauthorized",
                "The token is not known, or a later boot of this node took its place.",
                "Boot the machine again over the network."},
        [PROBLEM_LOGIN_WRONG] = {403, "login-wrong", "Forbidden",
                "The login token is wrong, was used already, or is older than 24 hours.",
                "Print a fresh link with `cloudied --login-link` on the controller."},
        [PROBLEM_JOIN_WRONG] = {403, "join-token-wrong", "Forbidden",
                "The join token is wrong, or was used already.",
                "Take the one that stands in the file join-token of the controller's state folder."},
        [PROBLEM_ROLE] = {403, "role-insufficient", "Forbidden",
                "Your role does not allow this.", "Ask an administrator."},
        [PROBLEM_TOO_MANY] = {429, "too-many-tries", "Too Many Requests",
                "This address tried too often within a minute.", "Wait as long as Retry-After says."},
        [PROBLEM_BUSY] = {503, "busy", "Service Unavailable",
                "More is waiting for the disk than the controller may hold.", "Wait as long as Retry-After says."},
        [PROBLEM_FULL] = {503, "full", "Service Unavailable",
                "The controller holds as many of these as it may.", "docs/configuration.md names the limits."},
        [PROBLEM_STORE] = {503, "store-failed", "Service Unavailable",
                "The store did not keep what was asked; nothing was changed.", "The log of cloudied says why."},
        [PROBLEM_STOPPING] = {503, "stopping", "Service Unavailable",
                "The controller is stopping.", "Wait as long as Retry-After says."},
        [PROBLEM_NODE_UNKNOWN] = {404, "node-unknown", "Not Found",
                "There is no such node.", "`cloudie node list` shows all nodes."},
        [PROBLEM_PHASE] = {409, "phase-wrong", "Conflict",
                "The node's phase does not allow this.", "`cloudie node show` tells its phase."},
        [PROBLEM_VERSION] = {412, "version-changed", "Precondition Failed",
                "The node was changed since you read it.", "Read it again and decide anew."},
        [PROBLEM_BOOT_UNKNOWN] = {404, "boot-unknown", "Not Found",
                "There is no such boot number.", "Boot the machine again over the network."},
        [PROBLEM_BOOT_EXPIRED] = {410, "boot-expired", "Gone",
                "The boot number is older than 10 minutes.", "Boot the machine again over the network."},
        [PROBLEM_BOOT_CONFLICT] = {409, "boot-conflict", "Conflict",
                "Two keys claimed this boot number; both are void.",
                "Find out who else is on the provisioning network, then boot the machine again."},
        [PROBLEM_BOOT_NOT_ITS] = {403, "boot-not-its", "Forbidden",
                "The boot number was given to another MAC.", "Boot the machine again over the network."},
        [PROBLEM_SIGNATURE] = {403, "signature-wrong", "Forbidden",
                "The signature over the boot number is not of this key.",
                "Build the ramdisk with the same version of Cloudie as the controller."},
        [PROBLEM_ASSET_UNKNOWN] = {404, "asset-unknown", "Not Found",
                "The netboot package has no such file.",
                "Check netboot_package in cloudied.yaml; manifest.json lists its files."},
        [PROBLEM_ASSET_CHANGED] = {503, "asset-changed", "Service Unavailable",
                "The file is not the one that was checked at the start.", "Restart cloudied after building the netboot package."},
        [PROBLEM_IMAGE_UNKNOWN] = {404, "image-unknown", "Not Found",
                "There is no such image.", "`cloudie image list` shows all images."},
        [PROBLEM_IMAGE_IN_USE] = {409, "image-in-use", "Conflict",
                "An operation that runs needs this image.", "Wait until it has ended, or abort it."},
        [PROBLEM_IMAGE_BROKEN] = {409, "image-broken", "Conflict",
                "The image's files do not fit one another.", "`cloudie image show` says what is wrong; import it again."},
        [PROBLEM_IMPORT_UNKNOWN] = {404, "import-unknown", "Not Found",
                "No import of this image was begun, or nothing came for 10 minutes and it was dropped.",
                "Begin it with PUT on the image's own path."},
        [PROBLEM_FRAME_ORDER] = {409, "frame-order", "Conflict",
                "Another frame comes next.", "Begin again with the same size: the answer says which one."},
        [PROBLEM_FRAME_WRONG] = {400, "frame-wrong", "Bad Request",
                "This is not one Zstandard frame of the right size.",
                "Compress each 4 MiB of the disk into a frame of its own, with a window of at most 8 MiB."},
        [PROBLEM_DISK_FULL] = {507, "disk-full", "Insufficient Storage",
                "The controller's disk is full; what was uploaded of this image was removed.",
                "Make space in the state folder's file system, then import again."},
};
/* clang-format on */

char *problem_text(enum problem problem, const char *detail)
{
        const struct problem_row *row = &problem_rows[problem];
        _doc_ struct doc *object = doc_object();
        char *text = NULL;

        doc_set_text(object, "type", "about:blank");
        doc_set_text(object, "title", row->title);
        doc_set_number(object, "status", row->status);
        doc_set_text(object, "code", row->code);
        doc_set_text(object, "detail", detail ? detail : row->detail);
        doc_set_text(object, "hint", row->hint);
        return doc_print(object, DOC_COMPACT, &text) < 0 ? NULL : text;
}
