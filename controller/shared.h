/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Several controllers with one database: one of them decides, the others pass on to
 * it what comes to them, until it is gone. docs/decisions/0019.
 */

#include "controller/config.h"
#include "controller/state.h"
#include "controller/store/store.h"
#include "lib/base/loop.h"

/* What 'store_password_file' holds, one line; NULL: none is named. The caller's, to be erased.
 * 0 or -errno with a sentence (DAEMON_ERROR_SIZE bytes). */
int shared_password(const struct config *config, char *error, char **ret);

/* Whose database it is: those who have the same signing key and the same key of what is sealed. */
int shared_site(const struct keys *keys, char ret[static SHA256_TEXT_SIZE]);

/**
 * shared_wait() - until it is this controller that decides
 * @loop:   runs here meanwhile; loop_stop() by whoever else ends the wait
 * @place:  where the database is
 *
 * What comes to the port of HTTPS meanwhile goes to the controller that decides.
 *
 * Return: 0; -ECANCELED: the loop was stopped; -errno with a sentence.
 */
int shared_wait(struct loop *loop, const struct config *config, const struct store_place *place,
                char *error, struct store_seat **ret);
