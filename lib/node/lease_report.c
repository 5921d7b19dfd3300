/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/lease_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

const char *const lease_word_names[LEASE_WORD_COUNT + 1] = {
        [LEASE_GONE] = "gone",
        [LEASE_BOUND] = "bound",
        [LEASE_DECLINED] = "declined",
};

static const struct doc_field row_fields[] = {
        DOC_FIELD(struct lease_row, address, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct lease_row, state, DOC_ENUM, DOC_REQUIRED, .names = lease_word_names),
        DOC_FIELD(struct lease_row, mac, DOC_MAC, 0),
        DOC_FIELD(struct lease_row, client, DOC_TEXT, 0),
        DOC_FIELD(struct lease_row, iaid, DOC_U32, 0),
        DOC_FIELD(struct lease_row, lease_s, DOC_U32, 0),
        DOC_FIELD(struct lease_row, expires_ms, DOC_U64, 0, .max = INT64_MAX),
        DOC_FIELD(struct lease_row, name, DOC_TEXT, 0),
};
static DOC_TABLE(row_table, struct lease_row, "lease", row_fields);

static const struct doc_field pool_fields[] = {
        DOC_FIELD(struct lease_pool, network, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct lease_pool, first, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct lease_pool, last, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct lease_pool, size, DOC_U32, DOC_ALWAYS),
        DOC_FIELD(struct lease_pool, taken, DOC_U32, DOC_ALWAYS),
};
static DOC_TABLE(pool_table, struct lease_pool, "pool", pool_fields);

static const struct doc_field report_fields[] = {
        DOC_FIELD(struct lease_report, cycle, DOC_U64, DOC_REQUIRED | DOC_ALWAYS),
        DOC_FIELD(struct lease_report, is_first, DOC_BOOL, 0),
        DOC_FIELD(struct lease_report, is_whole, DOC_BOOL, 0),
        DOC_FIELD(struct lease_report, has_pools, DOC_BOOL, 0),
        DOC_LIST_FIELD(struct lease_report, rows, row_count, 0, &row_table),
        DOC_LIST_FIELD(struct lease_report, pools, pool_count, 0, &pool_table),
};
DOC_TABLE(lease_report_table, struct lease_report, "leases", report_fields);

static const struct doc_field answer_fields[] = {
        DOC_FIELD(struct lease_answer, again, DOC_BOOL, DOC_ALWAYS),
};
DOC_TABLE(lease_answer_table, struct lease_answer, "answer to leases", answer_fields);

struct doc *lease_report_encode(const struct lease_report *report)
{
        return doc_encode(&lease_report_table, report);
}

int lease_address_parse(const char *text, struct ip6_address *ret)
{
        struct ip4_address four;
        struct ip6_address address = {0};

        if (ip4_parse(text, &four) < 0)
                return ip6_parse(text, ret);
        address.bytes[10] = address.bytes[11] = 0xff;
        memcpy(address.bytes + 12, &four.be, sizeof(four.be));
        *ret = address;
        return 0;
}

static int refuse(char *error, const char *what)
{
        if (error)
                snprintf(error, DOC_ERROR_SIZE, "leases: '%.40s' is no address", what);
        return -EBADMSG;
}

int lease_report_decode(const struct doc *object, char *error, struct lease_report *ret)
{
        struct ip6_address address;
        int rc;

        memset(ret, 0, sizeof(*ret));
        rc = doc_decode(&lease_report_table, object, error, ret);
        if (rc < 0)
                return rc;
        for (size_t i = 0; i < ret->row_count; i++)
                if (lease_address_parse(ret->rows[i].address, &address) < 0)
                        return refuse(error, ret->rows[i].address);
        for (size_t i = 0; i < ret->pool_count; i++)
                if (lease_address_parse(ret->pools[i].first, &address) < 0 ||
                    lease_address_parse(ret->pools[i].last, &address) < 0)
                        return refuse(error, ret->pools[i].first);
        return 0;
}
