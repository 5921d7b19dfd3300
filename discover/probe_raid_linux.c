/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * raid: the kernel's arrays, and controllers that make their own
 *
 * Arrays are told by /proc/mdstat; sysfs adds what stands nowhere else. What a
 * hardware controller made of its disks only the controller knows.
 */
#include <stdio.h>
#include <string.h>

#include "discover/mdstat.h"
#include "discover/naming.h"
#include "discover/probe.h"
#include "discover/raid_signatures.h"
#include "lib/base/text.h"

#define MDSTAT_MAX    ((size_t)1 << 20)
#define CLASS_RAID    0x0104 /* PCI Code and ID Assignment: mass storage, RAID */
#define CLASS_STORAGE 0x01

/* clang-format off */
static const struct field member_fields[] = {
        {.name = "name",  .kind = FIELD_TEXT,   .help = "disk or partition"},
        {.name = "role",  .kind = FIELD_NUMBER, .help = "place in the array"},
        {.name = "state", .kind = FIELD_TEXT,   .help = "active, spare, faulty, journal, write-mostly, replacement"},
        {.name = NULL},
};

static const struct field array_fields[] = {
        {.name = "name",      .kind = FIELD_TEXT,   .help = "md127"},
        {.name = "level",     .kind = FIELD_TEXT,   .help = "raid0, raid1, raid5, ..., container"},
        {.name = "size",      .kind = FIELD_NUMBER, .help = "bytes"},
        {.name = "metadata",  .kind = FIELD_TEXT,   .help = "1.2, external:imsm, external:ddf"},
        {.name = "container", .kind = FIELD_TEXT,   .help = "the array that this one is a volume of"},
        {.name = "uuid",      .kind = FIELD_TEXT, .is_identity = true,   .help = "in its superblock"},
        {.name = "active",    .kind = FIELD_BOOL,   .help = "it can be used"},
        {.name = "read_only", .kind = FIELD_BOOL,   .help = "until somebody writes, or for good"},
        {.name = "state",     .kind = FIELD_TEXT,   .file = "array_state", .help = "clean, active, ..."},
        {.name = "chunk",     .kind = FIELD_NUMBER, .help = "bytes"},
        {.name = "members",   .kind = FIELD_NUMBER, .help = "members that it should have"},
        {.name = "missing",   .kind = FIELD_NUMBER, .help = "of these, not there or faulty"},
        {.name = "degraded",  .kind = FIELD_BOOL,   .help = "members are missing"},
        {.name = "action",    .kind = FIELD_TEXT,   .help = "recovery, resync, reshape, check, repair"},
        {.name = "action_permille", .kind = FIELD_NUMBER, .help = "how far it is; absent while it waits"},
        {.name = "disks",     .kind = FIELD_ITEMS,  .inner = member_fields, .help = "a member each"},
        {.name = NULL},
};

static const struct field controller_fields[] = {
        {.name = "pci",    .kind = FIELD_TEXT, .help = "address of the PCI function"},
        {.name = "vendor", .kind = FIELD_TEXT, .file = "vendor", .help = "PCI vendor"},
        {.name = "device", .kind = FIELD_TEXT, .file = "device", .help = "PCI device"},
        PCI_NAME_FIELDS,
        {.name = "driver", .kind = FIELD_TEXT, .link = "driver", .help = "driver"},
        {.name = "model",    .kind = FIELD_TEXT, .help = "as its firmware says"},
        {.name = "serial",   .kind = FIELD_TEXT, .is_identity = true, .help = "serial number"},
        {.name = "firmware", .kind = FIELD_TEXT, .help = "version of its firmware"},
        {.name = "battery",  .kind = FIELD_OBJECT, .inner = raid_battery_fields, .help = "what keeps its cache when the power fails"},
        {.name = "volumes",  .kind = FIELD_ITEMS, .inner = raid_volume_fields, .help = "a volume each"},
        {.name = "drives",   .kind = FIELD_ITEMS, .inner = raid_drive_fields, .help = "a drive each, those in no volume too"},
        {.name = "volumes_unknown", .kind = FIELD_TEXT, .help = "why its volumes are not told"},
        {.name = NULL},
};

const struct field raid_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = array_fields, .help = "an array of the kernel's each"},
        {.name = "signatures", .kind = FIELD_ITEMS, .inner = raid_signature_fields, .help = "what disks say that they are members of: BIOS RAID, DDF, md; a set each"},
        {.name = "controllers", .kind = FIELD_ITEMS, .inner = controller_fields, .help = "hardware that makes arrays itself"},
        {.name = NULL},
};
/* clang-format on */

static const char *member_state(const struct mdstat_member *member)
{
        static const struct {
                char flag;
                const char *state;
        } states[] = {
                {'S', "spare"       },
                {'F', "faulty"      },
                {'J', "journal"     },
                {'W', "write-mostly"},
                {'R', "replacement" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                if (states[i].flag == member->flag)
                        return states[i].state;
        return "active";
}

static struct doc *members_of(const struct mdstat_array *array)
{
        struct doc *list = doc_list();

        for (size_t i = 0; i < array->count; i++) {
                struct doc *member = doc_object();

                field_set_text(member, "name", array->members[i].device);
                (void)doc_set_number(member, "role", array->members[i].role);
                (void)doc_set_text(member, "state", member_state(&array->members[i]));
                (void)doc_append(list, member);
        }
        return list;
}

static void set_action(struct doc *doc, const struct mdstat_array *array)
{
        if (!array->action[0])
                return;
        (void)doc_set_text(doc, "action", array->action);
        if (!array->is_waiting)
                (void)doc_set_number(doc, "action_permille", array->permille);
}

/* "external:/md127/0" is a volume of md127; "external:imsm" is a container. */
static void set_metadata(struct doc *doc, const char *metadata)
{
        char name[MDSTAT_NAME_SIZE];
        const char *at = metadata + strlen("external:/");

        if (!metadata[0])
                return;
        field_set_text(doc, "metadata", metadata);
        if (!text_has_prefix(metadata, "external:"))
                return;
        if (metadata[strlen("external:")] != '/' && metadata[strlen("external:")] != '-')
                (void)doc_set_text(doc, "level", "container");
        else if (text_copy_bytes(name, sizeof(name), at, strcspn(at, "/")) == 0)
                field_set_text(doc, "container", name);
}

static struct doc *take_array(struct tree *tree, const struct mdstat_array *array)
{
        struct doc *doc = doc_object();
        char folder[TREE_PATH_MAX], text[TREE_LINE_SIZE];

        (void)doc_set_text(doc, "name", array->name);
        if (array->level[0])
                field_set_text(doc, "level", array->level);
        if (array->size > 0)
                field_set_number(doc, "size", array->size);
        set_metadata(doc, array->metadata);
        (void)doc_set_bool(doc, "active", array->is_active);
        (void)doc_set_bool(doc, "read_only", array->is_read_only);
        if (array->chunk > 0)
                field_set_number(doc, "chunk", array->chunk);
        if (array->wanted > 0) {
                const bool is_degraded = array->working < array->wanted;

                (void)doc_set_number(doc, "members", array->wanted);
                (void)doc_set_number(doc, "missing",
                                     is_degraded ? array->wanted - array->working : 0);
                (void)doc_set_bool(doc, "degraded", is_degraded);
        }
        set_action(doc, array);
        (void)doc_set(doc, "disks", members_of(array));
        snprintf(folder, sizeof(folder), "sys/block/%s/md", array->name);
        fields_read(tree, folder, array_fields, doc);
        if (tree_line(tree, text, "%s/uuid", folder))
                field_set_text(doc, "uuid", text);
        return doc;
}

static void take_arrays(struct probe_context *context)
{
        _free_ struct mdstat_array *array = malloc(sizeof(*array));
        _free_ char *text = NULL;
        const char *at;

        /* A kernel without md has no such file. */
        if (!array || tree_read(context->tree, "proc/mdstat", MDSTAT_MAX, &text, NULL) < 0)
                return;
        for (at = text; mdstat_next(&at, array);)
                if (probe_begin(context, array->name))
                        probe_item(context, take_array(context->tree, array));
}

/*
 * Drivers of controllers that make volumes, or show those of others, and why these are not told.
 * Where the class of the device is not RAID's the driver alone says that it is such a controller.
 */
#define MAKERS_OWN                                                                                 \
        "what its firmware answers only the maker's own tools know: nothing of it is documented"
static const struct {
        const char *driver, *reason;
} silent[] = {
        {"megaraid_sas",  "the controller was not asked, or has not answered"                            },
        {"hpsa",          "the controller was not asked, or has not answered"                            },
        {"smartpqi",      "the controller was not asked, or has not answered"                            },
        {"mpt3sas",       "the controller was not asked, or has not answered"                            },
        {"mpt2sas",       "the controller was not asked, or has not answered"                            },
        {"mpi3mr",        "its firmware is asked in another way (MPI 3.0) than this version speaks"      },
        {"mptsas",        "its firmware is asked in another way (MPI 1.x) than this version speaks"      },
        {"mptspi",        "its firmware is asked in another way (MPI 1.x) than this version speaks"      },
        {"megaraid_mbox", "its firmware is older than the way that this version asks MegaRAID in"        },
        {"megaraid",      "its firmware is older than the way that this version asks MegaRAID in"        },
        {"aacraid",       MAKERS_OWN                                                                     },
        {"3w-sas",        MAKERS_OWN                                                                     },
        {"3w-9xxx",       MAKERS_OWN                                                                     },
        {"3w-xxxx",       MAKERS_OWN                                                                     },
        {"arcmsr",        MAKERS_OWN                                                                     },
        {"esas2r",        MAKERS_OWN                                                                     },
        {"hptiop",        MAKERS_OWN                                                                     },
        {"ips",           MAKERS_OWN                                                                     },
        {"ipr",           MAKERS_OWN                                                                     },
        {"mvumi",         MAKERS_OWN                                                                     },
        {"pmcraid",       MAKERS_OWN                                                                     },
        {"stex",          MAKERS_OWN                                                                     },
        {"mvsas",         "the driver knows no volumes: its disks are told each, and their volumes by md"},
        {"isci",          "the driver knows no volumes: its disks are told each, and their volumes by md"},
        {"ahci",          "the firmware's RAID is made by the kernel: its volumes are arrays of md"      },
        {"vmd",           "the firmware's RAID is made by the kernel: its volumes are arrays of md"      },
};

static const char *reason_of(const char *driver)
{
        if (!driver)
                return "no driver has taken the controller";
        for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
                if (strcmp(silent[i].driver, driver) == 0)
                        return silent[i].reason;
        return "this version does not speak with the controller";
}

/* LSI's controllers for SAS make volumes, too, and are not of RAID's class. */
static bool is_controller(struct tree *tree, const char *folder)
{
        static const char *const drivers[] = {"mpt3sas", "mpt2sas", "mpi3mr", "mptsas"};
        char driver[TREE_LINE_SIZE];
        uint64_t class;

        if (!tree_number(tree, &class, "%s/class", folder))
                return false;
        if (class >> 8 == CLASS_RAID)
                return true;
        if (class >> 16 != CLASS_STORAGE || !tree_link(tree, driver, "%s/driver", folder))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
                if (strcmp(drivers[i], driver) == 0)
                        return true;
        return false;
}

static void take_controllers(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *list = doc_list();

        (void)tree_list(context->tree, "sys/bus/pci/devices", &names);
        for (size_t i = 0; i < names.count; i++) {
                char folder[TREE_PATH_MAX];
                struct doc *controller;

                snprintf(folder, sizeof(folder), "sys/bus/pci/devices/%s", names.names[i]);
                if (!is_controller(context->tree, folder))
                        continue;
                controller = doc_object();
                (void)doc_set_text(controller, "pci", names.names[i]);
                fields_read(context->tree, folder, controller_fields, controller);
                (void)doc_set_text(controller, "volumes_unknown",
                                   reason_of(doc_get_text(controller, "driver")));
                (void)doc_append(list, controller);
        }
        (void)doc_set(context->section, "controllers", list);
}

void probe_raid(struct probe_context *context)
{
        take_arrays(context);
        take_controllers(context);
}

/* What a slow probe found goes to its controller, and makes the excuse untrue. */
void raid_finish(struct doc *section)
{
        const struct doc *controllers = doc_get(section, "controllers");
        _doc_ struct doc *answers = doc_copy(section);
        struct doc *answer, *value;
        const char *name, *member;

        for (size_t at = 0; doc_next(answers, &at, &name, &answer) > 0;) {
                if (!text_has_prefix(name, RAID_ANSWER))
                        continue;
                (void)doc_remove(section, name);
                for (size_t i = 0; i < doc_count(controllers); i++) {
                        struct doc *controller = doc_at(controllers, i);

                        if (!text_is_equal(doc_get_text(controller, "pci"),
                                           name + strlen(RAID_ANSWER)))
                                continue;
                        if (doc_get(answer, "volumes"))
                                (void)doc_remove(controller, "volumes_unknown");
                        for (size_t j = 0; doc_next(answer, &j, &member, &value) > 0;)
                                (void)doc_set(controller, member, doc_copy(value));
                }
        }
}
