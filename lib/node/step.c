/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/step.h"

/* One row a step; its name is on the wire and in stores, and never changes. */
/* clang-format off */
#define STEPS(row) \
        row(STEP_DHCP_DISCOVER, "dhcp-discover", "asks for an address") \
        row(STEP_DHCP_OFFER, "dhcp-offer", "is offered an address") \
        row(STEP_DHCP_ACK, "dhcp-ack", "has its address") \
        row(STEP_DHCP_NAK, "dhcp-nak", "is refused an address") \
        row(STEP_LOADER, "loader", "fetched its boot loader") \
        row(STEP_PLAN, "plan", "has a plan") \
        row(STEP_SCRIPT, "script", "fetched its boot script") \
        row(STEP_KERNEL, "kernel", "fetched the kernel") \
        row(STEP_RAMDISK, "ramdisk", "fetched the ramdisk") \
        row(STEP_SITE, "site", "fetched the site's addresses and keys") \
        row(STEP_AGENT, "agent", "runs cloudie-agent") \
        row(STEP_CLAIM, "claim", "claimed its boot number") \
        row(STEP_STAGE_TWO, "stage-two", "verified and mounted stage two") \
        row(STEP_INVENTORY, "inventory", "reported its inventory") \
        row(STEP_DISCOVERED, "discovered", "is a new node") \
        row(STEP_HELD, "held", "waits for an operator") \
        row(STEP_OPERATION, "operation", "has an operation") \
        row(STEP_CHECK, "check", "found the disk of the plan") \
        row(STEP_IMAGE, "image", "verified the image's signature") \
        row(STEP_WIPE, "wipe", "wiped the disk") \
        row(STEP_WRITE, "write", "verified and wrote the image") \
        row(STEP_SEED, "seed", "wrote the seed") \
        row(STEP_TABLE, "table", "wrote the partition table") \
        row(STEP_BOOT_ENTRY, "boot-entry", "set the boot entry") \
        row(STEP_REBOOT, "reboot", "restarts") \
        row(STEP_PHONE_HOME, "phone-home", "called from its installed system") \
        row(STEP_PHASE, "phase", "changed its phase") \
        row(STEP_CONFLICT, "conflict", "shares its identity with another machine") \
        row(STEP_STRANGER, "stranger", "is unknown, and was told nothing") \
        row(STEP_FOREIGN_DHCP, "foreign-dhcp", "is somebody else's DHCP server") \
        row(STEP_POOL_NEARLY, "pool-nearly-full", "a pool of addresses is nearly all taken") \
        row(STEP_POOL_FULL, "pool-exhausted", "a pool has no address left") \
        row(STEP_POOL_FREE, "pool-free", "a pool has addresses again") \
        row(STEP_DISCOVERY, "discovery", "strangers are discovered, or no more") \
        row(STEP_FAILED, "failed", "failed") \
        row(STEP_STOPPED, "stopped", "stopped while it fetched a file") \
        row(STEP_REFUSED, "refused", "was refused") \
        row(STEP_DOCUMENT, "document", "was written or deleted") \
        row(STEP_HEALTH, "health", "is degraded, or well again") \
        row(STEP_MAINTENANCE, "maintenance", "is in maintenance, or no more") \
        row(STEP_DRIFT, "drift", "has other parts than were accepted, or the same again") \
        row(STEP_RULE, "rule", "was taken by a rule, or is quarantined, or no more") \
        row(STEP_RENAMED, "renamed", "has another name") \
        row(STEP_SYSTEM, "system", "took an address from the system on its disk") \
        row(STEP_PORT, "port", "has a TCP port that answers, of the system on its disk") \
        row(STEP_RETIRED, "retired", "is retired, and was seen all the same")
/* clang-format on */

#define STEP_ROW(step, step_name, step_title)  [step] = {step_name, step_title},
#define STEP_NAME(step, step_name, step_title) [step] = (step_name),

const struct node_step_row node_steps[STEP_COUNT] = {
        [STEP_NONE] = {"none", ""},
          STEPS(STEP_ROW)
};
const char *const node_step_names[STEP_COUNT + 1] = {[STEP_NONE] = "none", STEPS(STEP_NAME)};
static const char *const of_names[STEP_COUNT + 1] = {STEPS(STEP_NAME)}; /* absent for none */

static const struct doc_field event_fields[] = {
        DOC_FIELD(struct node_event, id, DOC_U64, 0, .help = "the event's place in all events"),
        DOC_FIELD(struct node_event, seq, DOC_U64, 0, .help = "the reporter's own count"),
        DOC_FIELD(struct node_event, at_ms, DOC_U64, DOC_REQUIRED,
                  .help = "when, in ms since 1970 UTC"),
        DOC_FIELD(struct node_event, mac, DOC_MAC, 0),
        DOC_FIELD(struct node_event, address, DOC_IP, 0),
        DOC_FIELD(struct node_event, boot, DOC_TEXT, 0, .help = "boot number"),
        DOC_FIELD(struct node_event, node, DOC_TEXT, 0, .help = "name of the node, where known"),
        DOC_FIELD(struct node_event, step, DOC_ENUM, DOC_REQUIRED, .names = node_step_names),
        DOC_FIELD(struct node_event, text, DOC_TEXT, 0, .help = "one line for people"),
        DOC_FIELD(struct node_event, bytes, DOC_U64, 0, .help = "bytes that the step moved"),
        DOC_FIELD(struct node_event, took_ms, DOC_U64, 0, .help = "how long the step took"),
        DOC_FIELD(struct node_event, of, DOC_ENUM, 0, .names = of_names,
                  .help = "of stopped and refused: the step that was not taken"),
        DOC_FIELD(struct node_event, total, DOC_U64, 0, .max = INT64_MAX,
                  .help = "of stopped: bytes that there were to move"),
        DOC_FIELD(struct node_event, operation, DOC_U64, 0,
                  .help = "of port: the number of the operation that waits for it"),
        DOC_FIELD(struct node_event, by, DOC_TEXT, 0, .help = "edge, agent or controller"),
};
DOC_TABLE(node_event_table, struct node_event, "event", event_fields);
