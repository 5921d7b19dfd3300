/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All that cloudied answers to. docs/protocol.md says what each call means. */
#include "controller/api/call.h"
#include "controller/logic/documents.h"
#include "lib/node/lease_report.h"
#include "lib/node/worker.h"

#define SMALL     4096        /* a token and a name; a claim is 500 bytes */
#define NODE_MAX  (64 << 10)  /* labels, metadata, and the status that comes along */
#define EVENTS    (256 << 10) /* EVENTS_MAX events of at most 1 KiB */
#define INVENTORY (8 << 20)   /* as doc_limits_inventory */

/* clang-format off */
const struct route routes[] = {
        {"GET", "/healthz", NEED_NOTHING, ROUTE_IN_PLACE, 0, NULL, handle_health, "it runs", "", "", "Health"},
        {"GET", "/readyz", NEED_NOTHING, ROUTE_IN_PLACE, 0, NULL, handle_ready, "it runs, and its store is sound", "", "", "Health"},

        {"POST", "/edge/v1/join", NEED_NOTHING, ROUTE_GUESSES | ROUTE_WRITES, SMALL, prepare_join, handle_edge_join, "a netbootd buys its credential", "", "EdgeJoin", "EdgeJoined"},
        {"GET", "/edge/v1/config", NEED_EDGE, 0, 0, NULL, handle_edge_config, "what to serve", "", "", "EdgeConfig"},
        {"POST", "/edge/v1/plan", NEED_EDGE, 0, SMALL, prepare_plan, handle_edge_plan, "what a machine is to boot", "", "PlanRequest", "BootPlan"},
        {"POST", "/edge/v1/events", NEED_EDGE, ROUTE_WRITES, EVENTS, prepare_events, handle_edge_events, "what machines did", "", "EventReport", "Acknowledged"},
        {"GET", "/edge/v1/images/{name}", NEED_EDGE, ROUTE_IN_PLACE, 0, NULL, handle_edge_image, "a file of an image", "", "", "bytes"},
        {"GET", "/edge/v1/assets/{name}", NEED_EDGE, ROUTE_IN_PLACE, 0, NULL, handle_edge_asset, "a file of the netboot package", "", "", "bytes"},
        {"POST", "/edge/v1/leases", NEED_EDGE, 0, LEASE_REPORT_BYTES, prepare_leases, handle_edge_leases, "which addresses are whose", "", "LeaseReport", "LeaseAnswer"},

        {"POST", "/agent/v1/claim", NEED_NOTHING, ROUTE_COSTS | ROUTE_WRITES, SMALL, prepare_claim, handle_agent_claim, "a machine claims its boot number", "", "AgentClaim", "AgentClaimed"},
        {"POST", "/agent/v1/events", NEED_AGENT, ROUTE_WRITES, EVENTS, prepare_events, handle_agent_events, "how far it is", "", "EventReport", "Acknowledged"},
        {"PUT", "/agent/v1/inventory", NEED_AGENT, ROUTE_WRITES, INVENTORY, prepare_inventory, handle_agent_inventory, "what it is", "", "Inventory", "NodeName"},
        {"GET", "/agent/v1/orders", NEED_AGENT, 0, 0, NULL, handle_agent_orders, "what it is to do; waits", "generation", "", "AgentOrders"},
        {"GET", "/agent/v1/plan", NEED_AGENT, ROUTE_WRITES, 0, NULL, handle_agent_plan, "what to install, and a fresh secret", "generation sealed", "", "InstallPlan"},
        {"POST", "/agent/v1/progress", NEED_AGENT, ROUTE_WRITES, SMALL, prepare_progress, handle_agent_progress, "how far the install is", "", "InstallProgress", "AgentOrders"},
        {"POST", "/agent/v1/phone-home", NEED_NOTHING, ROUTE_COSTS | ROUTE_WRITES, WORKER_BODY_MAX, prepare_phone_home, handle_agent_phone_home, "the installed system runs", "", "PhoneHome", "WorkerAnswer"},
        {"POST", "/agent/v1/beat", NEED_NOTHING, ROUTE_COSTS | ROUTE_WRITES, WORKER_BODY_MAX, prepare_beat, handle_agent_beat, "it still runs, and how it is", "", "Beat", "WorkerAnswer"},

        {"POST", "/api/v1/login", NEED_NOTHING, ROUTE_GUESSES | ROUTE_WRITES, SMALL, prepare_login, handle_login, "a one-time token for a token", "", "Login", "LoginToken"},
        {"GET", "/api/v1/status", NEED_VIEWER, 0, 0, NULL, handle_status, "counts", "", "", "Status"},
        {"POST", "/api/v1/backup", NEED_ADMIN, 0, SMALL, prepare_backup, handle_backup, "database, keys and certificate, locked by a passphrase", "", "Backup", "bytes"},
        {"GET", "/api/v1/nodes", NEED_VIEWER, 0, 0, NULL, handle_nodes, "all nodes", "select limit after sort", "", "Nodes"},
        {"GET", "/api/v1/nodes/{name}", NEED_VIEWER, 0, 0, NULL, handle_node, "one node", "inventory", "", "Node"},
        {"PUT", "/api/v1/nodes/{name}", NEED_OPERATOR, ROUTE_WRITES, NODE_MAX, prepare_node, handle_node_put, "its labels, and what else people keep with it", "If-Match", "NodeDocument", "Node"},
        {"DELETE", "/api/v1/nodes/{name}", NEED_OPERATOR, ROUTE_WRITES, 0, NULL, handle_node_delete, "forgets a node", "If-Match force", "", ""},
        {"POST", "/api/v1/nodes/{name}/load", NEED_ADMIN, ROUTE_WRITES, NODE_MAX, prepare_node, handle_node_load, "a node of a dump, which is not here yet", "Idempotency-Key", "NodeDocument", "Node"},
        {"GET", "/api/v1/nodes/{name}/history", NEED_VIEWER, 0, 0, NULL, handle_history, "what was written of it, and when", "", "", "History"},
        {"GET", "/api/v1/nodes/{name}/timeline", NEED_VIEWER, 0, 0, NULL, handle_node_timeline, "its events", "boot limit after", "", "Events"},
        {"GET", "/api/v1/nodes/{name}/explain", NEED_VIEWER, 0, 0, NULL, handle_node_explain, "what it would boot, and why", "", "", "Explain"},
        {"GET", "/api/v1/nodes/{name}/why", NEED_VIEWER, 0, 0, NULL, handle_node_why, "where it is, and why; {name} may be a MAC", "", "", "Why"},
        {"GET", "/api/v1/nodes/{name}/inventory", NEED_VIEWER, 0, 0, NULL, handle_node_inventory, "its inventory: the newest, or one of before", "at back", "", "Inventory"},
        {"GET", "/api/v1/nodes/{name}/inventories", NEED_VIEWER, 0, 0, NULL, handle_node_inventories, "when it reported which inventory", "", "", "Sightings"},
        {"GET", "/api/v1/nodes/{name}/diff", NEED_VIEWER, 0, 0, NULL, handle_node_diff, "what changed in it", "since back", "", "Diff"},
        {"POST", "/api/v1/nodes/{name}/acknowledge", NEED_OPERATOR, ROUTE_WRITES, SMALL, NULL, handle_node_acknowledge, "as it is now is right: it has not drifted", "If-Match Idempotency-Key", "", "Node"},
        {"POST", "/api/v1/nodes/{name}/accept", NEED_OPERATOR, ROUTE_WRITES, SMALL, NULL, handle_node_accept, "takes a node into service", "If-Match force Idempotency-Key", "", "Node"},
        {"POST", "/api/v1/nodes/{name}/discover", NEED_OPERATOR, ROUTE_WRITES, SMALL, NULL, handle_node_discover, "has a held node in the ramdisk once more", "If-Match Idempotency-Key", "", "Node"},
        {"POST", "/api/v1/nodes/{name}/maintenance", NEED_OPERATOR, ROUTE_WRITES, SMALL, prepare_maintenance, handle_node_maintenance, "an operator works on it, or no more", "If-Match Idempotency-Key", "Maintenance", "Node"},
        {"POST", "/api/v1/nodes/{name}/rename", NEED_OPERATOR, ROUTE_WRITES, SMALL, prepare_rename, handle_node_rename, "gives it another name; all that is known of it stays", "If-Match Idempotency-Key", "Rename", "Node"},
        {"POST", "/api/v1/nodes/{name}/install", NEED_OPERATOR, ROUTE_WRITES, SMALL, prepare_install, handle_node_install, "installs a profile, or says what that would do", "If-Match force Idempotency-Key", "Install", "NodeOrPlan"},
        {"POST", "/api/v1/nodes/{name}/retry", NEED_OPERATOR, ROUTE_WRITES, SMALL, NULL, handle_node_retry, "begins the last operation anew", "If-Match force Idempotency-Key", "", "Node"},
        {"POST", "/api/v1/nodes/{name}/deployed", NEED_OPERATOR, ROUTE_WRITES, SMALL, NULL, handle_node_deployed, "an operator says that its installed system runs", "If-Match Idempotency-Key", "", "Node"},
        {"POST", "/api/v1/nodes/{name}/abort", NEED_OPERATOR, ROUTE_WRITES, SMALL, NULL, handle_node_abort, "ends the operation that runs", "If-Match Idempotency-Key", "", "Node"},
        {"POST", "/api/v1/nodes/{name}/release", NEED_OPERATOR, ROUTE_WRITES, SMALL, NULL, handle_node_release, "makes a deployed node free again", "If-Match force Idempotency-Key", "", "Node"},

        {"GET", "/api/v1/operations", NEED_VIEWER, 0, 0, NULL, handle_operations, "what runs, what waits for its turn, and what ended last", "state limit", "", "Operations"},
        {"GET", "/api/v1/operations/{name}", NEED_VIEWER, 0, 0, NULL, handle_operation, "one operation, by its number", "", "", "OperationItem"},
        {"GET", "/api/v1/odd", NEED_VIEWER, 0, 0, NULL, handle_odd, "nodes that differ from their siblings, and in what", "class select", "", "Odd"},
        {"GET", "/api/v1/discovery", NEED_VIEWER, 0, 0, NULL, handle_discovery, "what becomes of strangers, and who asked", "", "", "Discovery"},
        {"POST", "/api/v1/discovery/{name}/open", NEED_OPERATOR, ROUTE_WRITES, SMALL, prepare_discovery, handle_discovery_open, "has the strangers of a network discovered for a while", "Idempotency-Key", "DiscoveryOpen", "DiscoveryNetwork"},
        {"POST", "/api/v1/discovery/{name}/close", NEED_OPERATOR, ROUTE_WRITES, SMALL, NULL, handle_discovery_close, "ends that", "Idempotency-Key", "", "DiscoveryNetwork"},
        {"GET", "/api/v1/profiles", NEED_VIEWER, 0, 0, NULL, handle_documents, "all profiles", "", "", "Documents"},
        {"GET", "/api/v1/profiles/{name}", NEED_VIEWER, 0, 0, NULL, handle_document, "one profile", "", "", "Document"},
        {"GET", "/api/v1/profiles/{name}/history", NEED_VIEWER, 0, 0, NULL, handle_history, "what was written of it, and when", "", "", "History"},
        {"PUT", "/api/v1/profiles/{name}", NEED_OPERATOR, ROUTE_WRITES, PROFILE_MAX, prepare_document, handle_document_put, "a new version of a profile", "If-Match", "Document", "Document"},
        {"DELETE", "/api/v1/profiles/{name}", NEED_OPERATOR, ROUTE_WRITES, 0, NULL, handle_document_delete, "forgets a profile", "If-Match", "", ""},
        {"GET", "/api/v1/rules", NEED_VIEWER, 0, 0, NULL, handle_documents, "all rules", "", "", "Documents"},
        {"GET", "/api/v1/rules/{name}", NEED_VIEWER, 0, 0, NULL, handle_document, "one rule", "", "", "Document"},
        {"GET", "/api/v1/rules/{name}/history", NEED_VIEWER, 0, 0, NULL, handle_history, "what was written of it, and when", "", "", "History"},
        {"GET", "/api/v1/rules/{name}/test", NEED_VIEWER, 0, 0, NULL, handle_rule_test, "which nodes it takes, would take, and misses", "", "", "RuleTest"},
        {"PUT", "/api/v1/rules/{name}", NEED_OPERATOR, ROUTE_WRITES, RULE_MAX, prepare_document, handle_document_put, "a new version of a rule; discovered nodes are asked for once more", "If-Match", "Document", "Document"},
        {"DELETE", "/api/v1/rules/{name}", NEED_OPERATOR, ROUTE_WRITES, 0, NULL, handle_document_delete, "forgets a rule; what it took stays as it is", "If-Match", "", ""},
        {"GET", "/api/v1/keys", NEED_VIEWER, 0, 0, NULL, handle_documents, "all keys of SSH", "", "", "Documents"},
        {"GET", "/api/v1/keys/{name}", NEED_VIEWER, 0, 0, NULL, handle_document, "one key", "", "", "Document"},
        {"GET", "/api/v1/keys/{name}/history", NEED_VIEWER, 0, 0, NULL, handle_history, "what was written of it, and when", "", "", "History"},
        {"PUT", "/api/v1/keys/{name}", NEED_OPERATOR, ROUTE_WRITES, KEY_MAX, prepare_document, handle_document_put, "a new version of a key of SSH", "If-Match", "Document", "Document"},
        {"DELETE", "/api/v1/keys/{name}", NEED_OPERATOR, ROUTE_WRITES, 0, NULL, handle_document_delete, "forgets a key of SSH", "If-Match", "", ""},
        {"GET", "/api/v1/files", NEED_VIEWER, 0, 0, NULL, handle_documents, "all files, without what they say", "", "", "Documents"},
        {"GET", "/api/v1/files/{name}", NEED_VIEWER, 0, 0, NULL, handle_document, "one file, without what it says", "", "", "Document"},
        {"GET", "/api/v1/files/{name}/history", NEED_VIEWER, 0, 0, NULL, handle_history, "what was written of it, and when", "", "", "History"},
        {"PUT", "/api/v1/files/{name}", NEED_OPERATOR, ROUTE_WRITES, FILE_MAX, prepare_document, handle_document_put, "a new version of a file", "If-Match", "Document", "Document"},
        {"DELETE", "/api/v1/files/{name}", NEED_OPERATOR, ROUTE_WRITES, 0, NULL, handle_document_delete, "forgets a file", "If-Match", "", ""},
        {"GET", "/api/v1/settings", NEED_VIEWER, 0, 0, NULL, handle_documents, "settings that take the place of cloudied.yaml's", "", "", "Documents"},
        {"GET", "/api/v1/settings/{name}", NEED_VIEWER, 0, 0, NULL, handle_document, "one setting", "", "", "Document"},
        {"GET", "/api/v1/settings/{name}/history", NEED_VIEWER, 0, 0, NULL, handle_history, "what was written of it, and when", "", "", "History"},
        {"PUT", "/api/v1/settings/{name}", NEED_OPERATOR, ROUTE_WRITES, SETTING_MAX, prepare_document, handle_document_put, "a new version of a setting; it holds at once", "If-Match", "Document", "Document"},
        {"DELETE", "/api/v1/settings/{name}", NEED_OPERATOR, ROUTE_WRITES, 0, NULL, handle_document_delete, "forgets a setting: cloudied.yaml's holds again", "If-Match", "", ""},
        {"GET", "/api/v1/images", NEED_VIEWER, ROUTE_IN_PLACE, 0, NULL, handle_images, "all images", "", "", "Images"},
        {"GET", "/api/v1/images/{name}", NEED_VIEWER, ROUTE_IN_PLACE, 0, NULL, handle_image, "one image", "", "", "Image"},
        {"DELETE", "/api/v1/images/{name}", NEED_OPERATOR, 0, 0, NULL, handle_image_delete, "deletes an image", "", "", ""},
        {"PUT", "/api/v1/images/{name}", NEED_OPERATOR, ROUTE_IN_PLACE, SMALL, NULL, handle_image_begin, "begins an import, or goes on with it", "size sector_size source os architecture", "", "Import"},
        {"PUT", "/api/v1/images/{name}/frame", NEED_OPERATOR, ROUTE_IN_PLACE, IMAGE_STORED_MAX, NULL, handle_image_frame, "the next frame of an import", "number source", "bytes", "Import"},
        {"POST", "/api/v1/images/{name}/finish", NEED_OPERATOR, 0, SMALL, NULL, handle_image_finish, "signs it, and puts it in its place", "source", "", "Image"},
        {"POST", "/api/v1/images/{name}/verify", NEED_OPERATOR, ROUTE_IN_PLACE, SMALL, NULL, handle_image_verify, "reads all of it", "", "", "Verified"},
        {"GET", "/api/v1/openapi.json", NEED_VIEWER, ROUTE_IN_PLACE, 0, NULL, handle_openapi, "this table, as OpenAPI 3.1", "", "", "OpenApi"},
        {"GET", "/api/v1/events", NEED_VIEWER, 0, 0, NULL, handle_events, "a stream of all events", "after follow", "", "stream"},
        {"GET", "/api/v1/leases", NEED_VIEWER, 0, 0, NULL, handle_leases, "addresses that are somebody's", "network select after limit", "", "Leases"},
        {"GET", "/api/v1/leases/{address}", NEED_VIEWER, 0, 0, NULL, handle_lease, "one of them", "", "", "Lease"},
        {"GET", "/api/v1/pools", NEED_VIEWER, 0, 0, NULL, handle_pools, "how many addresses of each pool are taken", "", "", "Pools"},
        {"GET", "/metrics", NEED_VIEWER, 0, 0, NULL, handle_metrics, "numbers for Prometheus", "", "", "text"},
};
/* clang-format on */
const size_t route_count = ARRAY_SIZE(routes);
