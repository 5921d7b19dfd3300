/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/api/shape.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/schema.h"
#include "lib/node/install.h"
#include "lib/node/lease_report.h"
#include "lib/node/operation.h"
#include "lib/node/summary.h"
#include "lib/node/why.h"
#include "lib/node/wire.h"
#include "lib/node/worker.h"

#define REF(name)  "{\"$ref\":\"#/components/schemas/" name "\"}"
#define LIST(name) "{\"type\":\"array\",\"items\":" REF(name) "}"
#define TEXT       "{\"type\":\"string\"}"
#define TEXTS      "{\"type\":\"array\",\"items\":" TEXT "}"
#define NUMBER     "{\"type\":\"integer\"}"
#define TRUTH      "{\"type\":\"boolean\"}"
#define LABELS     "{\"type\":\"object\",\"additionalProperties\":" TEXT "}"
/* @required: names in quotes, with commas. */
#define OBJECT(required, properties)                                                               \
        "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"
#define P(name, schema) "\"" name "\":" schema
#define ITEMS(name)     OBJECT("\"items\"", P("items", LIST(name)) "," P("next", TEXT))

static const struct shape {
        const char *name;
        const struct doc_table *table; /* NULL: @json */
        const char *json;
} shapes[] = {
  /* of edges, agents and workers */
        {"EdgeJoin",                                                          &edge_join_table,        NULL                                                           },
        {"EdgeJoined",                                                        &edge_joined_table,      NULL                                                           },
        {"EdgeConfig",                                                        NULL,                    "{\"type\":\"object\"}"                                        },
        {"PlanRequest",                                                       &plan_request_table,     NULL                                                           },
        {"BootPlan",                                                          &boot_plan_table,        NULL                                                           },
        {"AgentClaim",                                                        &agent_claim_table,      NULL                                                           },
        {"AgentClaimed",                                                      &agent_claimed_table,    NULL                                                           },
        {"AgentOrders",                                                       &agent_orders_table,     NULL                                                           },
        {"InstallPlan",                                                       &install_plan_table,     NULL                                                           },
        {"InstallProgress",                                                   &install_progress_table, NULL                                                           },
        {"PhoneHome",                                                         &phone_home_table,       NULL                                                           },
        {"Beat",                                                              &beat_table,             NULL                                                           },
        {"WorkerAnswer",                                                      &worker_answer_table,    NULL                                                           },
        {"NodeName",                                                          NULL,                    OBJECT("\"node\"",                                               P("node", TEXT))},
        {"Acknowledged",                                                             NULL,                                                                                    OBJECT("\"acknowledged\"",                                                                                                                                      P("acknowledged", NUMBER))},
        {"Event",                                          &node_event_table,NULL},
        {"Events",                                                             NULL,
         "{\"type\":\"object\",\"properties\":{" P("items",                                                                                                                        LIST("Event")) "," P(
                 "events", LIST("Event")) "}}"},

 /* of people */
        {"Problem",                                                            NULL,
         OBJECT("\"type\",\"title\",\"status\",\"code\",\"detail\",\"hint\"",
         P("type", TEXT) "," P("title", TEXT) "," P("status", NUMBER) "," P(
                        "code", TEXT) "," P("detail", TEXT) "," P("hint", TEXT))},
        {"Health",                                                NULL,                                                                       OBJECT("\"status\"",                                                                                                                              P("status", TEXT))},
        {"Login", NULL,                                                                                     OBJECT("\"token\"",                                                                                                                                 P("token", TEXT))},
        {"LoginToken",                                      NULL,
         OBJECT("\"token\",\"user\",\"role\",\"expires_ms\"",
         P("token", TEXT) "," P("user", TEXT) "," P("role", TEXT) "," P("expires_ms",
         NUMBER))},
        {"Status",                                                                   NULL,
         OBJECT("\"version\",\"uptime_ms\",\"nodes\",\"edges\"",
         P("version", TEXT) "," P("uptime_ms", NUMBER) "," P(
                        "nodes", "{\"type\":\"object\",\"additionalProperties\":" NUMBER
                        "}") "," P("edges",
         "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}"))},
        {"Summary",                                                         &node_summary_table,                                                                          NULL           },
        {"Operation",                                                               &operation_table,NULL},
        {"Condition",                                                                   NULL,
         OBJECT("\"name\",\"since_ms\",\"reason\"",
         P("name", TEXT) "," P("since_ms", NUMBER) "," P("reason", TEXT))},
        {"Node",                                                           NULL,
         OBJECT("\"kind\",\"name\",\"version\",\"labels\",\"spec\",\"status\"",
         P("kind", "{\"const\":\"node\"}") "," P("name", TEXT) "," P("version", NUMBER) "," P("labels", LABELS) "," P("spec", "{\"type\":\"object\"}") "," P(
                        "advice", TEXT) "," P("status",
         OBJECT("\"phase\",\"conditions\",\"macs\",\"summary\"",
         P("phase", TEXT) "," P("conditions", LIST("Condition")) "," P(
                                                   "macs", TEXTS) "," P("summary",
         REF("Summary")) "," P("operation",
         REF("Operatio"
                                                                                          "n")))))},
        {"Nodes",                                                            NULL,                                                                                   ITEMS("Node")                                                                                                                                          },
        {"NodeDocument",              NULL,
         OBJECT("\"kind\"",
         P("kind", "{\"const\":\"node\"}") "," P("name", TEXT) "," P(
                        "version", NUMBER) "," P("labels", LABELS) "," P("spec",
         "{\"type\":\"object\"}"))},
        {"NodeOrPlan",                          NULL,
         "{\"anyOf\":[" REF("Node") "," OBJECT("\"because\"",                                                                                                    P("because", TEXTS)) "]}"},
        {"Install",NULL,
         OBJECT("\"profile\"",P("profile", TEXT) "," P("erase", TRUTH) "," P("dry_run", TRUTH))},
        {"Maintenance",NULL,                         OBJECT("",                                                                                                                                                                                   P("on", TRUTH) "," P("reason", TEXT))},
        {"Explain",NULL,
         OBJECT("\"plan\",\"because\"",                                                                                                                                                      P("plan", REF("BootPlan")) "," P("because", TEXTS))},
        {"Why",                                             &why_table,                                                              NULL                                                                                                                            },
        {"Inventory",     NULL,                        "{\"type\":\"object\"}"                                                                                                                                                     },
        {"Sighting",                                              NULL,
         OBJECT("\"hash\"",
         P("hash", TEXT) "," P("first_ms", NUMBER) "," P("last_ms", NUMBER) "," P(
                        "times", NUMBER) "," P("changes", NUMBER) "," P("accepted", TRUTH))},
        {"Sightings",                                               NULL,                                       ITEMS("Sighting")                                                                                                                                                    },
        {"Diff",           NULL,
         OBJECT("\"node\",\"count\",\"changes\",\"drift\"",
         P("node", TEXT) "," P("before", REF("Sighting")) "," P(
                        "after", REF("Sighting")) "," P("count",
         NUMBER) "," P("changes",
         TEXTS) "," P("drift",
         TEXTS))},
        {"Odd",                                                                   NULL,
         OBJECT("\"nodes\",\"items\",\"classes\"",
         P("nodes", NUMBER) "," P("without_class", NUMBER) "," P("rows", NUMBER) "," P(
                        "items", "{\"type\":\"array\",\"items\":{\"type\":\"object\"}"
                                 "}") "," P("classes", "{\"type\":\"array\",\"items\":"
                                                       "{\"type\":\"object\"}}"))},
        {"DiscoveryNetwork",                                                                   NULL,                                                                             OBJECT("\"name\"",P("name", TEXT) "," P("strangers", TEXT))},
        {"Discovery",                                                            NULL,
         OBJECT("\"networks\",\"items\"",
         P("networks", LIST("DiscoveryNetwork")) "," P(
                        "items", "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}"))},
        {"DiscoveryOpen",                                               NULL,                                                                    OBJECT("\"for_ms\"",                                                                                                                                   P("for_ms", NUMBER))},
        {"Document",                                      NULL,
         OBJECT("\"kind\"",
         P("kind", TEXT) "," P("name", TEXT) "," P("version", NUMBER) "," P(
                        "labels", LABELS) "," P("spec",
         "{\"type\":\"object\"}") "," P("status",
         "{\"type\":\"object\"}"))},
        {"Documents",                                                                   NULL,                                                                                  ITEMS("Document")                                                                                                                                                     },
        {"Image",                                                        NULL,
         OBJECT("\"kind\",\"name\",\"status\"",
         P("kind", "{\"const\":\"image\"}") "," P("name", TEXT) "," P(
                        "spec", "{\"type\":\"object\"}") "," P("status", "{\"type\":\"object\"}"))},
        {"Images",                                                                   NULL,                                                                              ITEMS("Image")                                                                                                                                                    },
        {"Import",                                                             NULL,                                                               OBJECT("\"next\"",P("next", NUMBER) "," P("frames", NUMBER))},
        {"Verified",                                                           NULL,                                                                                  OBJECT("\"ok\",\"detail\"",                                                                                                                                 P("ok", TRUTH) "," P("detail", TEXT))},
        {"LeaseReport",                                   NULL,                                                   "{\"type\":\"object\"}"                                                                                                                 },
        {"LeaseAnswer",             &lease_answer_table,NULL},
        {"Lease",                                                           NULL,
         OBJECT("\"address\",\"network\",\"state\"",
         P("address", TEXT) "," P("network", TEXT) "," P("state", TEXT) "," P("mac", TEXT) "," P(
                        "node", TEXT) "," P("name",
         TEXT) "," P("is_reserved",
         TRUTH) "," P("edge",
         TEXT) "," P("lease_s",
         NUMBER) "," P("expires_ms",
         NUMBER))},
        {"Leases",                  NULL,                                                                            ITEMS("Lease")                                                                                                                                                     },
        {"Pool",                                            NULL,
         OBJECT("\"network\"",                                                                             P("network", TEXT) "," P("first", TEXT) "," P("last", TEXT) "," P(
                                       "size", NUMBER) "," P("taken", NUMBER))},
        {"Pools",                                                            NULL,                                                                                   ITEMS("Pool")                                                                                                                                       },
        {"Version",                                                  NULL,
         OBJECT("\"version\",\"at_ms\"",
         P("version", NUMBER) "," P("at_ms", NUMBER) "," P("deleted", TRUTH) "," P(
                        "phase", TEXT) "," P("labels", LABELS) "," P("spec",
         "{\"type\":\"object\"}"))},
        {"History",                   NULL,
         OBJECT("\"kind\",\"name\",\"items\"",
         P("kind", TEXT) "," P("name", TEXT) "," P("items", LIST("Version")))},
        {"OpenApi",                                     NULL,                                                                      "{\"type\":\"object\"}"                                                                                                                                         },
};

bool shape_is_known(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
                if (text_is_equal(shapes[i].name, name))
                        return true;
        return false;
}

struct doc *shapes_schemas(void)
{
        struct doc *schemas = doc_object();

        for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
                const struct shape *shape = &shapes[i];
                struct doc *schema = NULL;

                if (shape->table)
                        schema = doc_table_schema(shape->table);
                else
                        (void)doc_parse(shape->json, strlen(shape->json), &doc_limits_message, NULL,
                                        &schema);
                (void)doc_set(schemas, shape->name, schema);
        }
        return schemas;
}
