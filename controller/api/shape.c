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
#define LIST_OF(s) "{\"type\":\"array\",\"items\":" s "}"
#define LIST(name) LIST_OF(REF(name))
#define TEXT       "{\"type\":\"string\"}"
#define TEXTS      LIST_OF(TEXT)
#define NUMBER     "{\"type\":\"integer\"}"
#define TRUTH      "{\"type\":\"boolean\"}"
#define ANY        "{\"type\":\"object\"}"
#define MAP(s)     "{\"type\":\"object\",\"additionalProperties\":" s "}"
/* @required: names in quotes, with commas. */
#define OBJECT(required, properties)                                                               \
        "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"
#define P(name, schema) "\"" name "\":" schema
#define ITEMS(name)     OBJECT("\"items\"", P("items", LIST(name)) "," P("next", TEXT))

/* clang-format off */
static const struct shape {
        const char *name;
        const struct doc_table *table; /* NULL: @json */
        const char *json;
} shapes[] = {
        /* of edges, agents and workers */
        {"EdgeJoin",        &edge_join_table,        NULL},
        {"EdgeJoined",      &edge_joined_table,      NULL},
        {"EdgeConfig",      NULL,                    ANY},
        {"PlanRequest",     &plan_request_table,     NULL},
        {"BootPlan",        &boot_plan_table,        NULL},
        {"AgentClaim",      &agent_claim_table,      NULL},
        {"AgentClaimed",    &agent_claimed_table,    NULL},
        {"AgentOrders",     &agent_orders_table,     NULL},
        {"InstallPlan",     &install_plan_table,     NULL},
        {"InstallProgress", &install_progress_table, NULL},
        {"PhoneHome",       &phone_home_table,       NULL},
        {"Beat",            &beat_table,             NULL},
        {"WorkerAnswer",    &worker_answer_table,    NULL},
        {"LeaseReport",     &lease_report_table,     NULL},
        {"LeaseAnswer",     &lease_answer_table,     NULL},
        {"NodeName",        NULL, OBJECT("\"node\"", P("node", TEXT))},
        {"Acknowledged",    NULL, OBJECT("\"acknowledged\"", P("acknowledged", NUMBER))},
        {"Event",           &node_event_table,       NULL},
        {"EventReport",     NULL, OBJECT("\"events\"", P("events", LIST("Event")))},
        {"Events",          NULL, ITEMS("Event")},

        /* of people */
        {"Problem", NULL, OBJECT("\"type\",\"title\",\"status\",\"code\",\"detail\",\"hint\"",
                P("type", TEXT) "," P("title", TEXT) "," P("status", NUMBER) "," P("code", TEXT) ","
                P("detail", TEXT) "," P("hint", TEXT))},
        {"Health", NULL, OBJECT("\"status\"", P("status", TEXT))},
        {"Login", NULL, OBJECT("\"token\"", P("token", TEXT))},
        {"LoginToken", NULL, OBJECT("\"token\",\"user\",\"role\",\"expires_ms\"",
                P("token", TEXT) "," P("user", TEXT) "," P("role", TEXT) "," P("expires_ms", NUMBER))},
        {"Backup", NULL, OBJECT("\"passphrase\"", P("passphrase", TEXT) "," P("images", TEXTS))},
        {"Edge", NULL, OBJECT("\"name\",\"joined_ms\"",
                P("name", TEXT) "," P("joined_ms", NUMBER) "," P("heard_ms", NUMBER))},
        {"Status", NULL, OBJECT("\"version\",\"uptime_ms\",\"nodes\",\"edges\",\"agents_waiting\",\"last_event\"",
                P("version", TEXT) "," P("uptime_ms", NUMBER) "," P("nodes", MAP(NUMBER)) ","
                P("edges", LIST("Edge")) "," P("agents_waiting", NUMBER) "," P("last_event", NUMBER))},
        {"Summary",   &node_summary_table, NULL},
        {"Operation", &operation_table,    NULL},
        {"OperationItem", NULL, OBJECT("\"node\",\"operation\",\"steps\"",
                P("node", TEXT) "," P("operation", REF("Operation")) "," P("steps", MAP(NUMBER)) ","
                P("place", NUMBER) "," P("expected_ms", NUMBER))},
        {"Operations", NULL, OBJECT("\"items\",\"running\",\"waiting\",\"limit\"",
                P("items", LIST("OperationItem")) "," P("running", NUMBER) "," P("waiting", NUMBER) ","
                P("limit", NUMBER))},
        {"Condition", NULL, OBJECT("\"name\",\"since_ms\",\"reason\"",
                P("name", TEXT) "," P("since_ms", NUMBER) "," P("reason", TEXT))},
        {"NodeStatus", NULL, OBJECT("\"phase\",\"conditions\",\"macs\",\"summary\"",
                P("phase", TEXT) "," P("conditions", LIST("Condition")) "," P("macs", TEXTS) ","
                P("summary", REF("Summary")) "," P("operation", REF("Operation")) "," P("address", TEXT) ","
                P("boot", TEXT) "," P("first_seen_ms", NUMBER) "," P("last_seen_ms", NUMBER) ","
                P("generation", NUMBER) "," P("decided_claim", NUMBER) "," P("inventory_hash", TEXT) ","
                P("accepted_hash", TEXT) "," P("esp", TEXT) "," P("named_by", TEXT) "," P("rule", TEXT) ","
                P("profile", TEXT) "," P("is_install_wanted", TRUTH) "," P("rule_failures", NUMBER) "," P("install", ANY) "," P("held", ANY) ","
                P("installed", ANY) "," P("steps", MAP(NUMBER)) "," P("edge", NUMBER) "," P("reserved", REF("Reservation")))},
        {"Reservation", NULL, OBJECT("\"holder\"",
                P("holder", TEXT) "," P("since_ms", NUMBER) "," P("reason", TEXT))},
        {"Node", NULL, OBJECT("\"kind\",\"name\",\"version\",\"labels\",\"spec\",\"status\"",
                P("kind", "{\"const\":\"node\"}") "," P("name", TEXT) "," P("version", NUMBER) ","
                P("labels", MAP(TEXT)) "," P("spec", ANY) "," P("status", REF("NodeStatus")) ","
                P("advice", TEXT) "," P("worker", ANY) "," P("queue", ANY) "," P("inventory", REF("Inventory")))},
        {"Nodes", NULL, ITEMS("Node")},
        {"NodeDocument", NULL, OBJECT("\"kind\"",
                P("kind", "{\"const\":\"node\"}") "," P("name", TEXT) "," P("version", NUMBER) ","
                P("labels", MAP(TEXT)) "," P("spec", ANY) "," P("status", ANY))},
        {"InstallDryRun", NULL, OBJECT("\"operation\",\"because\"",
                P("operation", REF("Operation")) "," P("because", TEXTS))},
        {"NodeOrPlan", NULL, "{\"anyOf\":[" REF("Node") "," REF("InstallDryRun") "]}"},
        {"Install", NULL, OBJECT("\"profile\"",
                P("profile", TEXT) "," P("erase", TRUTH) "," P("dry_run", TRUTH))},
        {"Rename", NULL, OBJECT("\"name\"", P("name", TEXT))},
        {"RuleVerdict", NULL, OBJECT("\"name\",\"priority\",\"match\",\"action\",\"outcome\",\"taken\"",
                P("name", TEXT) "," P("priority", NUMBER) "," P("match", TEXT) "," P("action", TEXT) ","
                P("outcome", TEXT) "," P("why", TEXT) "," P("taken", NUMBER) "," P("limit", NUMBER))},
        {"ValueFrom", NULL, OBJECT("\"what\",\"value\",\"from\"",
                P("what", TEXT) "," P("value", TEXT) "," P("from", TEXT))},
        {"RuleTestItem", NULL, OBJECT("\"name\",\"phase\",\"outcome\"",
                P("name", TEXT) "," P("phase", TEXT) "," P("outcome", TEXT) "," P("why", TEXT))},
        {"RuleTest", NULL, OBJECT("\"rule\",\"match\",\"action\",\"taken\",\"items\"",
                P("rule", TEXT) "," P("match", TEXT) "," P("action", TEXT) "," P("taken", NUMBER) ","
                P("limit", NUMBER) "," P("items", LIST("RuleTestItem")) "," P("more", NUMBER))},
        {"Maintenance", NULL, OBJECT("\"on\"", P("on", TRUTH) "," P("reason", TEXT))},
        {"Reserve", NULL, OBJECT("", P("holder", TEXT) "," P("reason", TEXT))},
        {"Explain", NULL, OBJECT("\"plan\",\"because\",\"rules\",\"values\"",
                P("plan", REF("BootPlan")) "," P("because", TEXTS) "," P("rules", LIST("RuleVerdict")) ","
                P("values", LIST("ValueFrom")))},
        {"Why", &why_table, NULL},
        {"Inventory", NULL, ANY},
        {"Sighting", NULL, OBJECT("\"hash\"",
                P("hash", TEXT) "," P("first_ms", NUMBER) "," P("last_ms", NUMBER) "," P("times", NUMBER) ","
                P("changes", NUMBER) "," P("accepted", TRUTH))},
        {"Sightings", NULL, ITEMS("Sighting")},
        {"Diff", NULL, OBJECT("\"node\",\"count\",\"changes\",\"drift\"",
                P("node", TEXT) "," P("before", REF("Sighting")) "," P("after", REF("Sighting")) ","
                P("count", NUMBER) "," P("changes", TEXTS) "," P("drift", TEXTS))},
        {"Odd", NULL, OBJECT("\"nodes\",\"items\",\"classes\"",
                P("nodes", NUMBER) "," P("without_class", NUMBER) "," P("rows", NUMBER) ","
                P("items", LIST_OF(ANY)) "," P("classes", LIST_OF(ANY)))},
        {"DiscoveryNetwork", NULL, OBJECT("\"name\",\"subnet\",\"strangers\"",
                P("name", TEXT) "," P("subnet", TEXT) "," P("strangers", TEXT) "," P("opened_ms", NUMBER) ","
                P("open_until_ms", NUMBER) "," P("opened_by", TEXT))},
        {"Stranger", NULL, OBJECT("\"mac\",\"first_seen_ms\",\"last_seen_ms\",\"count\"",
                P("mac", TEXT) "," P("network", TEXT) "," P("firmware", TEXT) "," P("is_ipxe", TRUTH) ","
                P("uuid", TEXT) "," P("vendor_class", TEXT) "," P("first_seen_ms", NUMBER) ","
                P("last_seen_ms", NUMBER) "," P("count", NUMBER))},
        {"Discovery", NULL, OBJECT("\"networks\",\"items\"",
                P("networks", LIST("DiscoveryNetwork")) "," P("items", LIST("Stranger")))},
        {"DiscoveryOpen", NULL, OBJECT("\"for_ms\"", P("for_ms", NUMBER))},
        {"Document", NULL, OBJECT("\"kind\"",
                P("kind", TEXT) "," P("name", TEXT) "," P("version", NUMBER) "," P("labels", MAP(TEXT)) ","
                P("spec", ANY) "," P("status", ANY))},
        {"Documents", NULL, ITEMS("Document")},
        {"Image", NULL, OBJECT("\"kind\",\"name\",\"version\",\"labels\",\"spec\"",
                P("kind", "{\"const\":\"image\"}") "," P("name", TEXT) "," P("version", NUMBER) ","
                P("labels", MAP(TEXT)) "," P("spec", ANY) "," P("status", ANY))},
        {"Images", NULL, ITEMS("Image")},
        {"Import", NULL, OBJECT("\"next\"", P("next", NUMBER) "," P("frames", NUMBER))},
        {"Verified", NULL, OBJECT("\"ok\",\"detail\"", P("ok", TRUTH) "," P("detail", TEXT))},
        {"Lease", NULL, OBJECT("\"address\",\"network\",\"state\"",
                P("address", TEXT) "," P("network", TEXT) "," P("state", TEXT) "," P("mac", TEXT) ","
                P("node", TEXT) "," P("name", TEXT) "," P("is_reserved", TRUTH) "," P("uuid", TEXT) ","
                P("client_id", TEXT) "," P("circuit", TEXT) "," P("remote", TEXT) "," P("client", TEXT) ","
                P("iaid", NUMBER) "," P("lease_s", NUMBER) "," P("expires_ms", NUMBER) "," P("edge", TEXT) ","
                P("heard_ms", NUMBER))},
        {"LeaseSource", NULL, OBJECT("\"name\",\"is_whole\"",
                P("name", TEXT) "," P("is_whole", TRUTH) "," P("heard_ms", NUMBER))},
        {"Leases", NULL, OBJECT("\"items\",\"edges\"",
                P("items", LIST("Lease")) "," P("edges", LIST("LeaseSource")) "," P("next", TEXT))},
        {"Pool", NULL, OBJECT("\"network\",\"first\",\"last\",\"size\",\"taken\",\"edge\",\"heard_ms\"",
                P("network", TEXT) "," P("first", TEXT) "," P("last", TEXT) "," P("size", NUMBER) ","
                P("taken", NUMBER) "," P("edge", TEXT) "," P("heard_ms", NUMBER))},
        {"Pools", NULL, ITEMS("Pool")},
        {"Version", NULL, OBJECT("\"version\",\"at_ms\"",
                P("version", NUMBER) "," P("at_ms", NUMBER) "," P("deleted", TRUTH) "," P("phase", TEXT) ","
                P("labels", MAP(TEXT)) "," P("spec", ANY))},
        {"History", NULL, OBJECT("\"kind\",\"name\",\"items\"",
                P("kind", TEXT) "," P("name", TEXT) "," P("items", LIST("Version")))},
        {"OpenApi", NULL, ANY},
};
/* clang-format on */

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
