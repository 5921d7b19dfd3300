/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Problem: every error that leaves cloudied (RFC 9457). A row a code; codes are stable. */

enum problem {
        PROBLEM_NONE, /* all is well */
        PROBLEM_NO_MEMORY,
        PROBLEM_NO_PATH,
        PROBLEM_METHOD,
        PROBLEM_BODY,
        PROBLEM_MEDIA_TYPE,
        PROBLEM_QUERY,
        PROBLEM_TOKEN_MISSING,
        PROBLEM_TOKEN_UNKNOWN,
        PROBLEM_TOKEN_STALE,
        PROBLEM_LOGIN_WRONG,
        PROBLEM_JOIN_WRONG,
        PROBLEM_ROLE,
        PROBLEM_TOO_MANY,
        PROBLEM_BUSY,
        PROBLEM_FULL,
        PROBLEM_STORE,
        PROBLEM_STOPPING,
        PROBLEM_NODE_UNKNOWN,
        PROBLEM_NODE_MALFORMED,
        PROBLEM_NODE_EXISTS,
        PROBLEM_HISTORY_UNKNOWN,
        PROBLEM_PHASE,
        PROBLEM_MAINTENANCE,
        PROBLEM_RESERVED,
        PROBLEM_VERSION,
        PROBLEM_BOOT_UNKNOWN,
        PROBLEM_BOOT_EXPIRED,
        PROBLEM_BOOT_CONFLICT,
        PROBLEM_BOOT_NOT_ITS,
        PROBLEM_SIGNATURE,
        PROBLEM_ASSET_UNKNOWN,
        PROBLEM_ASSET_CHANGED,
        PROBLEM_GENERATION,
        PROBLEM_AGENT_OLD,
        PROBLEM_OPERATION_NONE,
        PROBLEM_OPERATION_RUNNING,
        PROBLEM_OPERATION_UNKNOWN,
        PROBLEM_KEY_REUSED,
        PROBLEM_KEY_BUSY,
        PROBLEM_STEP_ORDER,
        PROBLEM_SECRET_WRONG,
        PROBLEM_SECRET_USED,
        PROBLEM_WORKER_UNKNOWN,
        PROBLEM_NETWORK_UNKNOWN,
        PROBLEM_LEASE_UNKNOWN,
        PROBLEM_NETWORK_OPEN,
        PROBLEM_NETWORK_CLOSED,
        PROBLEM_PROFILE_UNKNOWN,
        PROBLEM_PROFILE_MALFORMED,
        PROBLEM_KEY_UNKNOWN,
        PROBLEM_KEY_MALFORMED,
        PROBLEM_FILE_UNKNOWN,
        PROBLEM_FILE_MALFORMED,
        PROBLEM_NETWORK_MALFORMED,
        PROBLEM_NETWORK_CLASH,
        PROBLEM_SETTING_UNKNOWN,
        PROBLEM_SETTING_MALFORMED,
        PROBLEM_RULE_UNKNOWN,
        PROBLEM_RULE_MALFORMED,
        PROBLEM_NAME_TAKEN,
        PROBLEM_REFERENCE,
        PROBLEM_DOCUMENT_IN_USE,
        PROBLEM_INVENTORY_NONE,
        PROBLEM_INVENTORY_UNKNOWN,
        PROBLEM_MACHINE_UNFIT,
        PROBLEM_DISK_NONE,
        PROBLEM_HOSTNAME,
        PROBLEM_IMAGE_UNKNOWN,
        PROBLEM_IMAGE_MALFORMED,
        PROBLEM_IMAGE_IN_USE,
        PROBLEM_IMAGE_BROKEN,
        PROBLEM_IMPORT_UNKNOWN,
        PROBLEM_IMPORT_REPLACED,
        PROBLEM_FRAME_ORDER,
        PROBLEM_FRAME_WRONG,
        PROBLEM_DISK_FULL,
        PROBLEM_BACKUP_RUNNING,
        PROBLEM_BACKUP_FAILED,
        PROBLEM_PASSPHRASE,
        PROBLEM_COUNT
};

struct problem_row {
        unsigned status;
        const char *code;
        const char *title;
        const char *detail; /* when the caller has nothing closer to say */
        const char *hint;
};
extern const struct problem_row problem_rows[PROBLEM_COUNT];

/* The caller's text. @detail may be NULL. NULL without memory. */
char *problem_text(enum problem problem, const char *detail);
