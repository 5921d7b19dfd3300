/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Steps and causes
 *
 * "After X expect Y within Z, else say W" is a row here. A deadline counts from
 * the beginning of a step, or from the last sign that it goes on.
 */
#include "lib/node/operation.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define SECONDS 1000U
#define MINUTES (60U * SECONDS)

const char *const operation_kind_names[OPERATION_KIND_COUNT + 1] = {
        [OPERATION_INSTALL] = "install",
};

/*
 * Deadlines: a machine with 1 TB of RAM tests it for 10 minutes before its firmware
 * asks the network for anything; a disk of the slow kind writes a 4 MiB frame in
 * seconds, so a minute without progress is a stall. In the queue a day is enough
 * for a thousand installs of half an hour, twenty at once.
 */
/* clang-format off */
const struct operation_step_row operation_steps[OPERATION_STEP_COUNT] = {
        [INSTALL_QUEUE] = {"queue", "waits for its turn", "an operation before it", "comes to an end",
                24 * 60 * MINUTES, CAUSE_QUEUE_STUCK, STEP_NONE, false},
        [INSTALL_AGENT] = {"agent", "waits for the machine", "the agent", "asks for orders",
                30 * MINUTES, CAUSE_AGENT_ABSENT, STEP_NONE, false},
        [INSTALL_PLAN] = {"plan", "gives the plan", "the agent", "fetches its plan",
                1 * MINUTES, CAUSE_AGENT_SILENT, STEP_NONE, false},
        [INSTALL_CHECK] = {"check", "looks at the disk", "the agent", "has checked the disk",
                2 * MINUTES, CAUSE_AGENT_SILENT, STEP_CHECK, true},
        [INSTALL_IMAGE] = {"image", "verifies the image", "the agent", "has verified the image",
                5 * MINUTES, CAUSE_AGENT_SILENT, STEP_IMAGE, true},
        [INSTALL_WIPE] = {"wipe", "wipes the disk", "the agent", "has wiped the disk",
                2 * MINUTES, CAUSE_AGENT_SILENT, STEP_WIPE, true},
        [INSTALL_WRITE] = {"write", "writes the image", "the agent", "writes on",
                3 * MINUTES, CAUSE_AGENT_SILENT, STEP_WRITE, true},
        [INSTALL_SEED] = {"seed", "writes the seed", "the agent", "has written the seed",
                2 * MINUTES, CAUSE_AGENT_SILENT, STEP_SEED, true},
        [INSTALL_TABLE] = {"table", "writes the partition table", "the agent", "has written the partition table",
                2 * MINUTES, CAUSE_AGENT_SILENT, STEP_TABLE, true},
        [INSTALL_BOOT] = {"boot", "sets the boot entry", "the agent", "has set the boot entry",
                2 * MINUTES, CAUSE_AGENT_SILENT, STEP_BOOT_ENTRY, true},
        [INSTALL_REBOOT] = {"reboot", "restarts", "the agent", "says that it restarts",
                2 * MINUTES, CAUSE_AGENT_SILENT, STEP_REBOOT, true},
        [INSTALL_PHONE_HOME] = {"phone-home", "boots from its disk", "the installed system", "phones home",
                20 * MINUTES, CAUSE_PHONE_HOME_ABSENT, STEP_PHONE_HOME, false},
};

/* Of the last step, in place of what its row says. An operator may be asleep. */
static const struct until_row {
        const char *waits_for, *signal;
        uint32_t deadline_ms;
        enum node_cause cause;
} untils[INSTALL_UNTIL_COUNT] = {
        [UNTIL_PHONE_HOME] = {"the installed system", "phones home", 20 * MINUTES, CAUSE_PHONE_HOME_ABSENT},
        [UNTIL_LEASE] = {"the installed system", "asks for an address", 20 * MINUTES, CAUSE_LEASE_ABSENT},
        [UNTIL_OPERATOR] = {"an operator", "says that it runs (`cloudie node deployed`)", 24 * 60 * MINUTES, CAUSE_UNCONFIRMED},
        [UNTIL_TCP] = {"the installed system", "answers at TCP port", 20 * MINUTES, CAUSE_PORT_SILENT},
};

const struct node_cause_row node_causes[CAUSE_COUNT] = {
        [CAUSE_NONE] = {"none", "", ""},
        [CAUSE_AGENT_ABSENT] = {"agent-absent", "no agent asked for orders",
                "Power the machine on, and see that it boots from the network; `cloudie node timeline` shows how far it came."},
        [CAUSE_AGENT_SILENT] = {"agent-silent", "the agent fell silent",
                "Look at the machine's console: it lost its power, its network or its controller."},
        [CAUSE_AGENT_OLD] = {"agent-old", "the agent in the ramdisk is of an older version than the controller",
                "Build the netboot package anew (cloudie-mkimage netboot), restart cloudied, then `cloudie node retry`."},
        [CAUSE_DISK_GONE] = {"disk-gone", "the disk of the plan is not in the machine",
                "See that it is plugged in and detected (`cloudie node show --inventory`), then retry."},
        [CAUSE_DISK_CHANGED] = {"disk-changed", "the disk of the plan has another size than it had",
                "Let the machine report its inventory anew (restart it), then install again."},
        [CAUSE_DISK_TOO_SMALL] = {"disk-too-small", "the image does not fit on the disk",
                "Take a larger disk or a smaller image."},
        [CAUSE_DISK_BUSY] = {"disk-busy", "something on the machine uses the disk",
                "It may be a member of an array that was assembled: restart the machine, then retry."},
        [CAUSE_DISK_HOLDS_DATA] = {"disk-holds-data", "the disk holds data, and the profile wants one that holds nothing",
                "Look at what it holds; `cloudie node install --erase` destroys it."},
        [CAUSE_DISK_FAILED] = {"disk-failed", "the disk does not read or write",
                "Replace the disk."},
        [CAUSE_DISK_SECTORS] = {"disk-sectors", "the disk's sectors are not of the size that the image was made for",
                "Make an image for this sector size, or format the disk to the other one."},
        [CAUSE_IMAGE_UNREACHABLE] = {"image-unreachable", "the edge did not give the image",
                "See that cloudie-netbootd runs and reaches its controller, then retry."},
        [CAUSE_IMAGE_GONE] = {"image-gone", "the controller does not have the image any more",
                "It was found damaged, or its files were taken away: `cloudie image show` tells. Import it again, then retry."},
        [CAUSE_IMAGE_SIGNATURE] = {"image-signature-wrong", "the image is not signed by this site",
                "Its manifest or signature was changed on the way or on disk: import the image anew, and find out who changed it."},
        [CAUSE_IMAGE_MANIFEST] = {"image-manifest-wrong", "the image's manifest makes no sense, or is of another image",
                "Import the image anew."},
        [CAUSE_IMAGE_TABLE] = {"image-table-wrong", "the image's table is not the one that the manifest names",
                "The image was changed on the way or on disk: `cloudie image verify` tells whether the controller's copy is whole."},
        [CAUSE_IMAGE_FRAME] = {"image-frame-wrong", "a frame of the image does not verify",
                "The image was changed on the way or on disk: `cloudie image verify` tells whether the controller's copy is whole."},
        [CAUSE_IMAGE_LAYOUT] = {"image-layout-wrong", "the image has no GPT that can be fitted to this disk",
                "Make the image with a GUID partition table whose partitions end within it."},
        [CAUSE_SEED] = {"seed-no-room", "the seed has no place on the disk",
                "Give the image a partition named 'cidata' of 4 MiB, or take a larger disk."},
        [CAUSE_BOOT_ENTRY] = {"boot-entry-failed", "the firmware did not take the boot entry",
                "Its variable store may be full or read-only: set the boot order by hand, then retry."},
        [CAUSE_OUT_OF_MEMORY] = {"out-of-memory", "the machine has too little memory to install",
                "See the README for how much is needed."},
        [CAUSE_INSTALLER_CRASHED] = {"installer-crashed", "cloudie-install ended without a word",
                "Its last lines are the evidence. This is a fault of ours: please report it."},
        [CAUSE_TOO_MANY_ATTEMPTS] = {"too-many-attempts", "the machine restarted in the middle of the install, again and again",
                "Look at its console and its power supply."},
        [CAUSE_REBOOT_ABSENT] = {"reboot-absent", "the machine was told to restart and was not seen since",
                "Look at its console; power it off and on. If it boots its disk first, the system there does not reach the controller."},
        [CAUSE_LOADER_ABSENT] = {"loader-absent", "the machine got an address and did not ask what to boot",
                "Look at its console: its firmware stopped, or boots something else."},
        [CAUSE_PHONE_HOME_ABSENT] = {"phone-home-absent", "the machine was sent to its disk, and the system there does not call",
                "Look at its console: the firmware boots another disk, or the image does not boot on this machine, lacks cloudie-worker, or does not reach the controller."},
        [CAUSE_QUEUE_STUCK] = {"queue-stuck", "its turn in the queue did not come within a day",
                "`cloudie operation list` shows what runs and what waits; 'install_limit' and 'link_mbit' of cloudied.yaml say how many may run at once."},
        [CAUSE_LEASE_ABSENT] = {"lease-absent", "the machine was sent to its disk, and the system there asks for no address",
                "Look at its console: the image does not boot on this machine, or has an address of its own; then its profile needs another 'done'."},
        [CAUSE_UNCONFIRMED] = {"unconfirmed", "no operator said within a day that its system runs",
                "Look at its console; `cloudie node retry` installs it once more."},
        [CAUSE_PORT_SILENT] = {"port-silent", "the machine was sent to its disk, and no system there answers at the port of its profile",
                "Look at its console: the image does not boot on this machine, serves nothing at that port, has a firewall before it, or an address that no netbootd leased it; then its profile needs another 'done'."},
        [CAUSE_ABORTED] = {"aborted", "an operator gave it up", "`cloudie node retry` begins anew."},
        [CAUSE_INTERNAL] = {"internal", "something failed that should not",
                "The evidence may say what. This is a fault of ours: please report it."},
        [CAUSE_NEVER_HEARD] = {"never-heard", "nothing was heard of this machine",
                "See that it is powered, cabled to a network that cloudie-netbootd serves, and boots from the network first."},
        [CAUSE_STRANGER] = {"stranger", "it asked to boot, and its network only lists machines that nobody knows",
                "`cloudie discovery open` has the strangers of its network discovered for a while; restart the machine then."},
        [CAUSE_OFFER_ABSENT] = {"offer-absent", "it asks for an address and is offered none",
                "The lines `event=dhcp` in the log of cloudie-netbootd say why: the pool may be full, or the network not be ours to serve."},
        [CAUSE_OFFER_IGNORED] = {"offer-ignored", "it was offered an address and did not take it",
                "Another DHCP server may answer there, or our answers do not reach it: look at switch, VLAN and relay."},
        [CAUSE_ADDRESS_REFUSED] = {"address-refused", "it insists on an address that is not its own",
                "It got that one elsewhere: see whether another DHCP server answers there, and restart the machine."},
        [CAUSE_SCRIPT_ABSENT] = {"script-absent", "its boot loader was fetched, and did not ask what to boot",
                "Look at its console: the loader stopped, or does not reach cloudie-netbootd by the way that `protocol` of its network says."},
        [CAUSE_CONTROLLER_AWAY] = {"controller-away", "its edge has no plan for it: it asks again every 5 seconds, or by a restart where it boots by HTTP",
                "See that cloudied runs and that `cloudie status` has heard this edge lately. The machine goes on by itself."},
        [CAUSE_KERNEL_ABSENT] = {"kernel-absent", "its loader was told what to boot, and did not fetch all of it",
                "Look at its console. A loader with too little memory ends here, too."},
        [CAUSE_FETCH_STOPPED] = {"fetch-stopped", "it stopped in the middle of a file",
                "It lost its power or its network, or has too little memory: 192 MB are needed with a BIOS, 320 MB with UEFI."},
        [CAUSE_LOADER_FAILED] = {"loader-failed", "its loader did not start what it fetched",
                "Its console says why: a file does not verify, or it has too little memory (192 MB are needed with a BIOS, 320 MB with UEFI)."},
        [CAUSE_LOADER_MEMORY] = {"loader-out-of-memory", "GRUB is out of memory",
                "Give the machine 320 MB of memory. If it has that, its console says what else GRUB did not like."},
        [CAUSE_KERNEL_SILENT] = {"kernel-silent", "it fetched kernel and ramdisk, and was not heard of since",
                "Look at its console: it has too little memory (192 MB are needed with a BIOS, 320 MB with UEFI), its network card has no driver in the ramdisk, or the kernel does not start."},
        [CAUSE_CLAIM_ABSENT] = {"claim-absent", "its agent has an address and does not reach the controller",
                "`event=agent.retry` on its console says why. Most often `names` of cloudied.yaml lacks an address that is reachable from the machine's network."},
        [CAUSE_CLAIM_REFUSED] = {"claim-refused", "the claim of its boot number was refused",
                "Restart the machine: it gets a new number. If that happens again, somebody else on its network pretends to be this machine."},
        [CAUSE_INVENTORY_ABSENT] = {"inventory-absent", "its agent claimed its boot number and did not report what the machine is",
                "Look at its console: a device may not answer, or the machine has too little memory."},
        [CAUSE_DISK_SILENT] = {"disk-silent", "its loader was sent to the disk and came back: nothing there starts",
                "Its console says what is missing. See that the disk is plugged in and detected; `cloudie node release` and an install make it anew."},
        [CAUSE_AGENT_FAILED] = {"agent-failed", "its agent says that something failed",
                "Look at its console; restart the machine."},
        [CAUSE_CONFLICT] = {"conflict", "another machine claims to be this one",
                "Find out who else is on its network. `cloudie node accept` says that this node is right, `cloudie node delete` forgets it."},
        [CAUSE_DEGRADED] = {"degraded", "its installed system is not well",
                "Look at its console. `cloudie node show` has what its cloudie-worker said last."},
};

const char *const install_until_names[INSTALL_UNTIL_COUNT + 1] = {"phone-home", "lease", "operator", "tcp"};

const char *const operation_step_names[OPERATION_STEP_COUNT + 1] = {
        "queue", "agent", "plan", "check", "image", "wipe", "write", "seed", "table", "boot", "reboot", "phone-home",
};

const char *const node_cause_names[CAUSE_COUNT + 1] = {
        [CAUSE_AGENT_ABSENT] = "agent-absent",
        [CAUSE_AGENT_SILENT] = "agent-silent",
        [CAUSE_AGENT_OLD] = "agent-old",
        [CAUSE_DISK_GONE] = "disk-gone",
        [CAUSE_DISK_CHANGED] = "disk-changed",
        [CAUSE_DISK_TOO_SMALL] = "disk-too-small",
        [CAUSE_DISK_BUSY] = "disk-busy",
        [CAUSE_DISK_HOLDS_DATA] = "disk-holds-data",
        [CAUSE_DISK_FAILED] = "disk-failed",
        [CAUSE_DISK_SECTORS] = "disk-sectors",
        [CAUSE_IMAGE_UNREACHABLE] = "image-unreachable",
        [CAUSE_IMAGE_GONE] = "image-gone",
        [CAUSE_IMAGE_SIGNATURE] = "image-signature-wrong",
        [CAUSE_IMAGE_MANIFEST] = "image-manifest-wrong",
        [CAUSE_IMAGE_TABLE] = "image-table-wrong",
        [CAUSE_IMAGE_FRAME] = "image-frame-wrong",
        [CAUSE_IMAGE_LAYOUT] = "image-layout-wrong",
        [CAUSE_SEED] = "seed-no-room",
        [CAUSE_BOOT_ENTRY] = "boot-entry-failed",
        [CAUSE_OUT_OF_MEMORY] = "out-of-memory",
        [CAUSE_INSTALLER_CRASHED] = "installer-crashed",
        [CAUSE_TOO_MANY_ATTEMPTS] = "too-many-attempts",
        [CAUSE_REBOOT_ABSENT] = "reboot-absent",
        [CAUSE_LOADER_ABSENT] = "loader-absent",
        [CAUSE_PHONE_HOME_ABSENT] = "phone-home-absent",
        [CAUSE_QUEUE_STUCK] = "queue-stuck",
        [CAUSE_LEASE_ABSENT] = "lease-absent",
        [CAUSE_UNCONFIRMED] = "unconfirmed",
        [CAUSE_PORT_SILENT] = "port-silent",
        [CAUSE_ABORTED] = "aborted",
        [CAUSE_INTERNAL] = "internal",
        [CAUSE_NEVER_HEARD] = "never-heard",
        [CAUSE_STRANGER] = "stranger",
        [CAUSE_OFFER_ABSENT] = "offer-absent",
        [CAUSE_OFFER_IGNORED] = "offer-ignored",
        [CAUSE_ADDRESS_REFUSED] = "address-refused",
        [CAUSE_SCRIPT_ABSENT] = "script-absent",
        [CAUSE_CONTROLLER_AWAY] = "controller-away",
        [CAUSE_KERNEL_ABSENT] = "kernel-absent",
        [CAUSE_FETCH_STOPPED] = "fetch-stopped",
        [CAUSE_LOADER_FAILED] = "loader-failed",
        [CAUSE_LOADER_MEMORY] = "loader-out-of-memory",
        [CAUSE_KERNEL_SILENT] = "kernel-silent",
        [CAUSE_CLAIM_ABSENT] = "claim-absent",
        [CAUSE_CLAIM_REFUSED] = "claim-refused",
        [CAUSE_INVENTORY_ABSENT] = "inventory-absent",
        [CAUSE_DISK_SILENT] = "disk-silent",
        [CAUSE_AGENT_FAILED] = "agent-failed",
        [CAUSE_CONFLICT] = "conflict",
        [CAUSE_DEGRADED] = "degraded",
};
/* clang-format on */

static const struct doc_field disk_id_fields[] = {
        DOC_FIELD(struct disk_id, name, DOC_TEXT, 0),
        DOC_FIELD(struct disk_id, serial, DOC_TEXT, 0),
        DOC_FIELD(struct disk_id, wwn, DOC_TEXT, 0),
        DOC_FIELD(struct disk_id, model, DOC_TEXT, 0),
        DOC_FIELD(struct disk_id, size, DOC_U64, 0, .max = INT64_MAX),
};
DOC_TABLE(disk_id_table, struct disk_id, "disk", disk_id_fields);

bool disk_id_is_same(const struct disk_id *a, const struct disk_id *b)
{
        const bool know_serial = a->serial[0] && b->serial[0], know_wwn = a->wwn[0] && b->wwn[0];

        return (know_serial || know_wwn) && (!know_serial || strcmp(a->serial, b->serial) == 0) &&
               (!know_wwn || strcmp(a->wwn, b->wwn) == 0);
}

static const struct doc_field operation_fields[] = {
        DOC_FIELD(struct operation, number, DOC_U64, 0),
        DOC_FIELD(struct operation, kind, DOC_ENUM, 0, .names = operation_kind_names),
        DOC_FIELD(struct operation, state, DOC_ENUM, 0, .names = operation_state_names),
        DOC_FIELD(struct operation, generation, DOC_U64, 0),
        DOC_FIELD(struct operation, profile, DOC_TEXT, 0),
        DOC_FIELD(struct operation, profile_hash, DOC_TEXT, 0),
        DOC_FIELD(struct operation, image, DOC_TEXT, 0),
        DOC_FIELD(struct operation, image_id, DOC_TEXT, 0),
        DOC_FIELD(struct operation, disk, DOC_OBJECT, 0, .table = &disk_id_table),
        DOC_FIELD(struct operation, until, DOC_ENUM, 0, .names = install_until_names),
        DOC_FIELD(struct operation, port, DOC_U32, 0, .max = UINT16_MAX),
        DOC_FIELD(struct operation, step, DOC_ENUM, 0, .names = operation_step_names),
        DOC_FIELD(struct operation, attempt, DOC_U32, 0),
        DOC_FIELD(struct operation, done, DOC_U64, 0, .max = INT64_MAX),
        DOC_FIELD(struct operation, total, DOC_U64, 0, .max = INT64_MAX),
        DOC_FIELD(struct operation, queued_ms, DOC_U64, 0),
        DOC_FIELD(struct operation, started_ms, DOC_U64, 0),
        DOC_FIELD(struct operation, step_started_ms, DOC_U64, 0),
        DOC_FIELD(struct operation, deadline_ms, DOC_U64, 0),
        DOC_FIELD(struct operation, ended_ms, DOC_U64, 0),
        DOC_FIELD(struct operation, cause, DOC_ENUM, 0, .names = node_cause_names),
        DOC_FIELD(struct operation, evidence, DOC_TEXT, 0),
        DOC_FIELD(struct operation, by, DOC_TEXT, 0),
};
DOC_TABLE(operation_table, struct operation, "operation", operation_fields);

static const char *running_text(const struct operation *o, char to[static OPERATION_TEXT_SIZE])
{
        const struct operation_step_row *row = &operation_steps[o->step];
        const struct until_row *until = o->step == INSTALL_PHONE_HOME ? &untils[o->until] : NULL;
        char bytes[64] = "", port[16] = "";

        if (o->total > 0)
                snprintf(bytes, sizeof(bytes), ", %llu of %llu MB",
                         (unsigned long long)(o->done / 1000000),
                         (unsigned long long)(o->total / 1000000));
        if (until && o->until == UNTIL_TCP)
                snprintf(port, sizeof(port), " %u", o->port);
        snprintf(to, OPERATION_TEXT_SIZE, "%s%s; next: %s %s%s%s", row->title, bytes,
                 until ? until->waits_for : row->waits_for, until ? until->signal : row->signal,
                 port, o->step == INSTALL_AGENT ? "; if it is off, power it on" : "");
        return to;
}

const char *operation_text(const struct operation *operation, char to[static OPERATION_TEXT_SIZE])
{
        switch (operation->state) {
        case OPERATION_NONE:
                snprintf(to, OPERATION_TEXT_SIZE, "nothing was done yet");
                break;
        case OPERATION_WAITING:
        case OPERATION_RUNNING:
                return running_text(operation, to);
        case OPERATION_SUCCEEDED:
                snprintf(to, OPERATION_TEXT_SIZE, "installed '%s'", operation->profile);
                break;
        case OPERATION_FAILED:
        case OPERATION_ABORTED:
                snprintf(to, OPERATION_TEXT_SIZE, "%s at '%s': %s",
                         operation_state_names[operation->state],
                         operation_steps[operation->step].name,
                         node_causes[operation->cause].sentence);
                break;
        case OPERATION_STATE_COUNT:
                break;
        }
        return to;
}

enum node_cause operation_cause_of_silence(enum operation_step step, uint32_t seen)
{
        if (step != INSTALL_PHONE_HOME)
                return operation_steps[step].cause;
        if (seen & 1u << STEP_SCRIPT)
                return CAUSE_PHONE_HOME_ABSENT;
        return seen & (1u << STEP_DHCP_DISCOVER | 1u << STEP_DHCP_ACK) ? CAUSE_LOADER_ABSENT
                                                                       : CAUSE_REBOOT_ABSENT;
}

uint32_t operation_patience_ms(const struct operation *operation)
{
        return operation->step == INSTALL_PHONE_HOME ? untils[operation->until].deadline_ms
                                                     : operation_steps[operation->step].deadline_ms;
}

enum node_cause operation_cause(const struct operation *operation, uint32_t seen)
{
        const enum node_cause cause = operation_cause_of_silence(operation->step, seen);

        if (operation->step != INSTALL_PHONE_HOME || operation->until == UNTIL_PHONE_HOME)
                return cause;
        /* An operator is asked, whatever the machine did. */
        return operation->until == UNTIL_OPERATOR || cause == CAUSE_PHONE_HOME_ABSENT
                       ? untils[operation->until].cause
                       : cause;
}
