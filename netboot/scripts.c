/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/scripts.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/list.h"
#include "lib/daemon/log.h"
#include "netboot/flood.h"
#include "pxe/script.h"
#include "pxe/script_grub.h"

struct waiter {
        struct list link;
        struct script_question question;
        script_fn fn;
        void *context;
        uint64_t start_ms;
};

struct scripts {
        struct scripts_options options;
        struct edge *edge;
        struct loop_timer *timer;
        struct list waiters; /* oldest first: all wait equally long */
        size_t count;
        struct flood flood; /* of lines about what is refused */
        atomic_bool is_posted;
};

static void note(struct scripts *scripts, const struct waiter *w, const struct boot_plan *plan,
                 size_t size, const char *reason)
{
        const char *action = boot_action_names[plan->action];
        struct node_event event = {
                .mac = w->question.mac,
                .address = w->question.from,
                .step = STEP_SCRIPT,
                .bytes = size,
                .took_ms = clock_monotonic_ms() - w->start_ms,
        };
        char mac[MAC_TEXT_SIZE], ip[IP_TEXT_SIZE];

        if (!boots_is_news(scripts->options.boots, &event.mac, plan->action, clock_monotonic_ms()))
                return;
        log_info("script", "mac=%s ip=%s action=%s boot=%s reason=%s", mac_text(mac, &event.mac),
                 ip_text(ip, event.address), action, plan->boot, QUOTE(reason));
        memcpy(event.boot, plan->boot, sizeof(event.boot));
        snprintf(event.text, sizeof(event.text), "%s by %s%s: %s", action,
                 w->question.transport == TRANSPORT_TFTP ? "tftp" : "http",
                 w->question.language == LANGUAGE_IPXE ? "" : ", GRUB", reason);
        events_add(scripts->options.events, &event);
}

/* Everything that a script needs besides the plan. */
static int facts_get(struct scripts *scripts, const struct script_question *question,
                     struct pxe_script_facts *ret)
{
        struct edge_network network;

        *ret = (struct pxe_script_facts){.mac = question->mac, .time_s = clock_wall_ms() / 1000};
        return site_find(scripts->options.site, question->from, &network, &ret->site);
}

/* What a machine boots of which the controller said nothing: @ret, or NULL to ask again. */
static const struct boot_plan *plan_without_controller(struct scripts *scripts,
                                                       const struct mac_address *mac,
                                                       struct boot_plan *ret)
{
        *ret = (struct boot_plan){.action = BOOT_DISK,
                                  .reason =
                                          "the controller is away: a deployed node boots its disk"};
        return site_boots_disk(scripts->options.site, mac, &ret->esp) ? ret : NULL;
}

static int script_write(enum boot_language language, const struct boot_plan *plan,
                        const struct pxe_script_facts *facts, char *to, size_t *ret_size)
{
        switch (language) {
        case LANGUAGE_IPXE:
                return pxe_script_write(plan, facts, to, ret_size);
        case LANGUAGE_GRUB:
                return pxe_grub_script_write(plan, facts, to, ret_size);
        case LANGUAGE_GRUB_IMAGE:
                return pxe_grub_image_write(plan, facts, to, ret_size);
        }
        return -EINVAL;
}

/* Renders @plan, or the script that asks again where it cannot be rendered. NULL: the controller
 * gave none. */
static void answer(struct scripts *scripts, struct waiter *w, const struct boot_plan *plan)
{
        static const struct boot_plan none = {.action = BOOT_ASK_AGAIN};
        char kernel[WIRE_NAME_SIZE] = "", ramdisk[WIRE_NAME_SIZE] = "";
        struct pxe_script_facts facts;
        struct boot_plan own;
        char *text = malloc(PXE_SCRIPT_SIZE);
        const char *reason;
        size_t size = 0;
        int rc;

        if (!plan)
                plan = plan_without_controller(scripts, &w->question.mac, &own);
        reason = plan ? plan->reason : "no answer of the controller yet";
        rc = text ? facts_get(scripts, &w->question, &facts) : -ENOMEM;
        if (rc == 0 && plan && boot_action_runs_agent(plan->action)) {
                facts.kernel = kernel;
                facts.ramdisk = ramdisk;
                (void)assets_name_of(scripts->options.assets, ROLE_KERNEL, kernel);
                (void)assets_name_of(scripts->options.assets, ROLE_RAMDISK, ramdisk);
                if (!assets_are_ready(scripts->options.assets)) {
                        plan = NULL;
                        reason = "kernel and ramdisk did not come from the controller yet";
                }
        }
        if (rc == 0 && plan && script_write(w->question.language, plan, &facts, text, &size) < 0) {
                plan = NULL;
                reason = "the plan holds something that cannot stand in a script";
        }
        if (rc == 0 && !plan)
                rc = script_write(w->question.language, &none, &facts, text, &size);
        if (rc == 0) {
                note(scripts, w, plan ? plan : &none, size, reason);
        } else {
                free(text);
                text = NULL;
        }
        w->fn(w->context, rc, text, size);
}

static void finish(struct scripts *scripts, struct waiter *w, const struct boot_plan *plan)
{
        list_remove(&w->link);
        scripts->count--;
        answer(scripts, w, plan);
        free(w);
}

static void arm(struct scripts *scripts)
{
        const struct waiter *oldest;

        if (list_is_empty(&scripts->waiters)) {
                loop_timer_disarm(scripts->timer);
                return;
        }
        oldest = container_of(scripts->waiters.next, struct waiter, link);
        loop_timer_arm(scripts->timer, oldest->start_ms + SCRIPTS_WAIT_MS);
}

/* Who can be answered now, or has waited long enough, is. */
static void look(void *context)
{
        struct scripts *scripts = context;
        const uint64_t now_ms = clock_monotonic_ms();

        atomic_store(&scripts->is_posted, false);
        LIST_FOR_EACH(&scripts->waiters, at)
        {
                struct waiter *w = container_of(at, struct waiter, link);
                struct boot_plan plan;

                switch (boots_plan_get(scripts->options.boots, &w->question.mac, now_ms, &plan)) {
                case PLAN_READY:
                        finish(scripts, w, &plan);
                        break;
                case PLAN_ASKED:
                        if (now_ms - w->start_ms >= SCRIPTS_WAIT_MS)
                                finish(scripts, w, NULL);
                        break;
                case PLAN_NONE:
                        finish(scripts, w, NULL);
                        break;
                }
        }
        arm(scripts);
}

void scripts_plan_came(struct scripts *scripts)
{
        if (!atomic_exchange(&scripts->is_posted, true) &&
            loop_post(scripts->options.loop, look, scripts) < 0)
                atomic_store(&scripts->is_posted, false); /* the timer looks */
}

void scripts_ask(struct scripts *scripts, const struct script_question *question, script_fn fn,
                 void *context)
{
        struct waiter here = {.question = *question,
                              .fn = fn,
                              .context = context,
                              .start_ms = clock_monotonic_ms()};
        char mac[MAC_TEXT_SIZE], ip[IP_TEXT_SIZE];
        enum boots_plan_state state;
        struct waiter *w = NULL;
        struct boot_plan plan;

        if (!boots_is_leased(scripts->options.boots, &question->mac, question->from)) {
                if (flood_allows_line(&scripts->flood, "script.refused"))
                        log_info("script.refused", "mac=%s ip=%s reason=%s",
                                 mac_text(mac, &question->mac), ip_text(ip, question->from),
                                 QUOTE("this address is not leased to this MAC"));
                fn(context, -EACCES, NULL, 0);
                return;
        }
        state = boots_plan_get(scripts->options.boots, &question->mac, here.start_ms, &plan);
        if (state == PLAN_READY) {
                answer(scripts, &here, &plan);
                return;
        }
        if (state == PLAN_NONE)
                edge_want_plan_again(scripts->edge, &question->mac, question->from,
                                     question->language == LANGUAGE_IPXE);
        if (scripts->count < SCRIPTS_MAX_WAITING)
                w = malloc(sizeof(*w));
        if (!w) {
                answer(scripts, &here, NULL);
                return;
        }
        *w = here;
        list_append(&scripts->waiters, &w->link);
        scripts->count++;
        arm(scripts);
}

int scripts_grub_configuration(struct scripts *scripts, struct ip_address from, char **take_text,
                               size_t *ret_size)
{
        struct edge_network network;
        struct pxe_site site;
        char *text;
        int rc;

        rc = site_find(scripts->options.site, from, &network, &site);
        if (rc < 0)
                return rc;
        text = malloc(PXE_SCRIPT_SIZE);
        if (!text)
                return -ENOMEM;
        rc = pxe_grub_configuration_write(&site, text, ret_size);
        if (rc < 0)
                free(text);
        else
                *take_text = text;
        return rc;
}

void scripts_cancel_all(struct scripts *scripts)
{
        LIST_FOR_EACH(&scripts->waiters, at)
        {
                struct waiter *w = container_of(at, struct waiter, link);

                list_remove(&w->link);
                scripts->count--;
                w->fn(w->context, -ECANCELED, NULL, 0);
                free(w);
        }
}

int scripts_new(const struct scripts_options *options, struct scripts **ret)
{
        struct scripts *scripts = calloc(1, sizeof(*scripts));
        int rc;

        if (!scripts)
                return -ENOMEM;
        scripts->options = *options;
        list_init(&scripts->waiters);
        rc = loop_add_timer(options->loop, look, scripts, &scripts->timer);
        if (rc < 0) {
                free(scripts);
                return rc;
        }
        *ret = scripts;
        return 0;
}

void scripts_set_edge(struct scripts *scripts, struct edge *edge)
{
        scripts->edge = edge;
}

struct scripts *scripts_free(struct scripts *scripts)
{
        if (!scripts)
                return NULL;
        loop_remove_timer(scripts->timer);
        free(scripts);
        return NULL;
}
