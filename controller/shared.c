/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/relay.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/secret.h"

#define PASSWORD_MAX_SIZE 1024
#define ASK_AGAIN_MS      200 /* for the seat: as long as nobody answers after a controller's end */

struct wait {
        const struct config *config;
        struct loop *loop;
        struct loop_timer *timer;
        struct store_seat *seat;
        struct relay *relay;
        char address[CONFIG_URL_SIZE], holder[STORE_ADDRESS_SIZE];
        int rc; /* 1: it is ours */
};

int shared_password(const struct config *config, char *error, char **ret)
{
        const char *path = config->store_password_file;
        char *text = NULL;
        struct stat st;
        int rc;

        *ret = NULL;
        if (!path[0])
                return 0;
        rc = stat(path, &st) < 0 ? -errno : 0;
        if (rc == 0 && (st.st_mode & S_IRWXO)) {
                snprintf(error, DAEMON_ERROR_SIZE,
                         "%s: everybody may read it; take that away with chmod o-rwx", path);
                return -EPERM;
        }
        if (rc == 0)
                rc = file_read(AT_FDCWD, path, PASSWORD_MAX_SIZE, &text, NULL);
        if (rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE, "%s: the password of 'store' cannot be read: %s",
                         path, strerror(-rc));
                return rc;
        }
        if (text)
                text[strcspn(text, "\r\n")] = '\0';
        *ret = text;
        return 0;
}

int shared_site(const struct keys *keys, char ret[static SHA256_TEXT_SIZE])
{
        struct public_key both[2];
        struct sha256 hash;
        int rc;

        signing_key_public(keys->signing, &both[0]);
        signing_key_public(keys->vault, &both[1]);
        rc = sha256_of(both, sizeof(both), &hash);
        if (rc == 0)
                (void)sha256_text(ret, &hash);
        return rc;
}

static void tell_holder(struct wait *wait, const char *holder)
{
        if (strcmp(wait->holder, holder) != 0) {
                (void)text_copy(wait->holder, sizeof(wait->holder), holder);
                log_info("standby", "decides=%s", QUOTE(holder));
        }
        /* It was us, before we were started again; who decides now has not said so yet. */
        relay_set_target(wait->relay, strcmp(holder, wait->address) == 0 ? "" : holder);
}

static void ask(void *context)
{
        struct wait *wait = context;
        char holder[STORE_ADDRESS_SIZE];

        wait->rc = store_seat_take(wait->seat, wait->address, holder);
        if (wait->rc != 0) {
                loop_stop(wait->loop);
                return;
        }
        tell_holder(wait, holder);
        loop_timer_arm(wait->timer, clock_monotonic_ms() + ASK_AGAIN_MS);
}

/* Nobody serves here yet. */
static int wait_in_line(struct wait *wait, char *error)
{
        const struct config *config = wait->config;
        int rc;

        rc = relay_start(wait->loop, config->address, (uint16_t)config->port, &wait->relay);
        if (rc == 0)
                rc = loop_add_timer(wait->loop, ask, wait, &wait->timer);
        if (rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE, "cannot listen on port %u: %s", config->port,
                         strerror(-rc));
                return rc;
        }
        notify_ready("another controller decides");
        loop_timer_arm(wait->timer, 0);
        rc = loop_run(wait->loop);
        relay_stop(wait->relay);
        loop_remove_timer(wait->timer);
        if (rc == 0 && wait->rc == 0)
                rc = -ECANCELED;
        return rc;
}

int shared_wait(struct loop *loop, const struct config *config, const struct store_place *place,
                char *error, struct store_seat **ret)
{
        CLEANUP(store_seat_close) struct store_seat *seat = NULL;
        struct wait wait = {.config = config, .loop = loop};
        char url[CONFIG_URL_SIZE], holder[STORE_ADDRESS_SIZE];
        int rc;

        config_url(config, 0, url);
        (void)text_copy(wait.address, sizeof(wait.address), url + strlen("https://"));
        rc = store_seat_open(place, error, &seat);
        if (rc < 0)
                return rc;
        wait.seat = seat;
        wait.rc = store_seat_take(seat, wait.address, holder);
        if (wait.rc == 0)
                rc = wait_in_line(&wait, error);
        if (rc < 0)
                return rc;
        if (wait.rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE, "%s", store_seat_error(seat));
                return wait.rc;
        }
        *ret = TAKE_PTR(seat);
        return 0;
}
