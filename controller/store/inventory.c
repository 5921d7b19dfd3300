/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What addresses an inventory: what lasts of it, and the hash of that. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/store.h"
#include "lib/node/inventory_form.h"
#include "lib/node/siblings.h"
#include "lib/trust/hash.h"

static int fill(const struct doc *lasting, const struct doc *facts, struct inventory_digest *to)
{
        struct sha256 hash;
        int rc = lasting && facts ? doc_print(lasting, DOC_COMPACT, &to->lasting) : -ENOMEM;

        if (rc == 0)
                rc = doc_print(facts, DOC_COMPACT, &to->facts);
        if (rc == 0)
                rc = sha256_of(to->lasting, strlen(to->lasting), &hash);
        if (rc == 0)
                (void)sha256_text(to->hash, &hash);
        return rc;
}

int inventory_digest(const struct doc *inventory, struct inventory_digest *ret)
{
        _doc_ struct doc *lasting = inventory_lasting(inventory);
        _doc_ struct doc *facts = inventory_facts(inventory);
        struct inventory_digest digest = {0};
        const int rc = fill(lasting, facts, &digest);

        if (rc < 0)
                inventory_digest_done(&digest);
        else
                *ret = digest;
        return rc;
}

void inventory_digest_done(struct inventory_digest *digest)
{
        free(digest->lasting);
        free(digest->facts);
        *digest = (struct inventory_digest){0};
}
