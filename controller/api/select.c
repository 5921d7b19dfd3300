/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/api/select.h"

#include <errno.h>

#include "lib/base/buffer.h"

bool call_select(struct call *call, struct filter **ret)
{
        const char *text = serve_query(call->request, "select");
        _buffer_ struct buffer said = {0};
        char error[DOC_ERROR_SIZE] = "";
        int rc = filter_parse(text ? text : "", node_field_bind, error, ret);

        if (rc == 0)
                return true;
        if (rc == -ENOMEM) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return false;
        }
        buffer_format(&said, "select, %s.", error);
        for (size_t i = 0; rc == -ENOENT && node_field_name(i); i++)
                buffer_format(&said, "%s%s", i > 0 ? ", " : " Fields are labels, and ",
                              node_field_name(i));
        call_refuse(call, PROBLEM_QUERY, said.bytes);
        return false;
}

bool node_is_selected(const struct node *node, const struct filter *filter)
{
        return filter_holds(filter, node_field_values, node);
}
