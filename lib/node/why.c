/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * After X expect Y within Z, else say W
 *
 * A boot is judged by the first row whose mark it reached and whose next mark it did
 * not: the rows go from the end of a boot to its beginning. What is known of the node
 * comes before: an operation has deadlines of its own.
 */
#include "lib/node/why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/trail.h"

static const struct doc_field why_fields[] = {
        DOC_FIELD(struct why, wrong, DOC_BOOL, DOC_ALWAYS),
        DOC_FIELD(struct why, cause, DOC_ENUM, 0, .names = node_cause_names),
        DOC_FIELD(struct why, sentence, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct why, hint, DOC_TEXT, 0),
        DOC_LIST_FIELD(struct why, evidence, evidence_count, 0, &node_event_table),
};
DOC_TABLE(why_table, struct why, "why", why_fields);

/* A server's firmware takes minutes to come to its network card. */
#define RESTART_S 600U

/* Asks for an address come again and again: their time counts from the first. */
enum since { SINCE_LAST, SINCE_FIRST };

static const struct expectation {
        enum trail_mark after, expect; /* MARK_NONE: nothing ends it */
        uint32_t within_s;
        enum since since;
        enum node_cause cause;       /* once that is over */
        enum node_cause grub_cause;  /* the same for GRUB; CAUSE_NONE: no other */
        enum node_cause early_cause; /* until then; CAUSE_NONE: nothing is wrong */
        const char *next;            /* "next: ..." */
} expectations[] = {
  /* clang-format off */
        {MARK_DISK_AGAIN, MARK_PHONE_HOME, 0, SINCE_LAST, CAUSE_DISK_SILENT, CAUSE_NONE, CAUSE_NONE, ""},
        {MARK_FAILED, MARK_INVENTORY, 60, SINCE_LAST, CAUSE_AGENT_FAILED, CAUSE_NONE, CAUSE_NONE,
                "its agent reports what it is"},
        {MARK_CLAIM, MARK_INVENTORY, 180, SINCE_LAST, CAUSE_INVENTORY_ABSENT, CAUSE_NONE, CAUSE_NONE,
                "its agent reports what it is"},
        {MARK_REFUSED, MARK_CLAIM, 0, SINCE_LAST, CAUSE_CLAIM_REFUSED, CAUSE_NONE, CAUSE_NONE, ""},
        {MARK_AGENT_ADDRESS, MARK_CLAIM, 60, SINCE_LAST, CAUSE_CLAIM_ABSENT, CAUSE_NONE, CAUSE_NONE,
                "its agent calls the controller"},
        /* It asks every 5 s; who does not is not there any more. */
        {MARK_WAITS, MARK_NONE, 60, SINCE_LAST, CAUSE_SCRIPT_ABSENT, CAUSE_NONE, CAUSE_CONTROLLER_AWAY, ""},
        {MARK_RETURNED, MARK_NONE, 0, SINCE_LAST, CAUSE_LOADER_FAILED, CAUSE_LOADER_MEMORY, CAUSE_NONE, ""},
        {MARK_SITE_STOPPED, MARK_NONE, 0, SINCE_LAST, CAUSE_FETCH_STOPPED, CAUSE_NONE, CAUSE_NONE, ""},
        {MARK_RAMDISK_STOPPED, MARK_NONE, 0, SINCE_LAST, CAUSE_FETCH_STOPPED, CAUSE_NONE, CAUSE_NONE, ""},
        {MARK_KERNEL_STOPPED, MARK_NONE, 0, SINCE_LAST, CAUSE_FETCH_STOPPED, CAUSE_NONE, CAUSE_NONE, ""},
        /* A kernel unpacks the ramdisk and tries the drivers of every card: 20 s under emulation. */
        {MARK_SITE, MARK_AGENT_ADDRESS, 120, SINCE_LAST, CAUSE_KERNEL_SILENT, CAUSE_NONE, CAUSE_NONE,
                "its agent asks for an address"},
        {MARK_RAMDISK, MARK_SITE, 60, SINCE_LAST, CAUSE_KERNEL_ABSENT, CAUSE_NONE, CAUSE_NONE,
                "it fetches the site's addresses and keys"},
        {MARK_KERNEL, MARK_RAMDISK, 60, SINCE_LAST, CAUSE_KERNEL_ABSENT, CAUSE_NONE, CAUSE_NONE,
                "it fetches the ramdisk"},
        {MARK_SCRIPT, MARK_KERNEL, 60, SINCE_LAST, CAUSE_KERNEL_ABSENT, CAUSE_NONE, CAUSE_NONE,
                "it fetches the kernel"},
        {MARK_LOADER_STOPPED, MARK_NONE, 30, SINCE_LAST, CAUSE_FETCH_STOPPED, CAUSE_NONE, CAUSE_NONE,
                "it fetches its loader whole"},
        {MARK_LOADER, MARK_NONE, 60, SINCE_LAST, CAUSE_SCRIPT_ABSENT, CAUSE_NONE, CAUSE_NONE,
                "its loader asks what to boot"},
        {MARK_ADDRESS, MARK_NONE, 60, SINCE_LAST, CAUSE_LOADER_ABSENT, CAUSE_NONE, CAUSE_NONE,
                "it fetches its loader"},
        {MARK_NAK, MARK_NONE, 30, SINCE_FIRST, CAUSE_ADDRESS_REFUSED, CAUSE_NONE, CAUSE_NONE,
                "it asks for another address"},
        {MARK_OFFERED, MARK_NONE, 30, SINCE_FIRST, CAUSE_OFFER_IGNORED, CAUSE_NONE, CAUSE_NONE,
                "it takes the address"},
        {MARK_ASKED, MARK_NONE, 30, SINCE_FIRST, CAUSE_OFFER_ABSENT, CAUSE_NONE, CAUSE_NONE,
                "it is offered an address"},
        {MARK_STRANGER, MARK_NONE, 0, SINCE_LAST, CAUSE_STRANGER, CAUSE_NONE, CAUSE_NONE, ""},
  /* clang-format on */
};

static void say(char to[static WHY_SENTENCE_SIZE], const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static void say(char to[static WHY_SENTENCE_SIZE], const char *format, ...)
{
        va_list list;

        va_start(list, format);
        (void)vsnprintf(to, WHY_SENTENCE_SIZE, format, list);
        va_end(list);
}

static uint64_t age_s(uint64_t now_ms, uint64_t then_ms)
{
        return now_ms > then_ms ? (now_ms - then_ms) / 1000 : 0;
}

static void blame(struct why *why, enum node_cause cause, const char *detail)
{
        why->wrong = true;
        why->cause = cause;
        say(why->sentence, "%s%s%s", node_causes[cause].sentence, detail[0] ? ": " : "", detail);
        say(why->hint, "%s", node_causes[cause].hint);
}

/* The events of a boot that it reached its marks by, in their order, the last of them. */
static void show_trail(const struct why_facts *facts, const struct trail *trail, struct why *why)
{
        size_t places[TRAIL_MARK_COUNT], count = 0, first;

        for (unsigned mark = MARK_NONE + 1; mark < TRAIL_MARK_COUNT; mark++) {
                size_t at = count;

                /* Its event is the script's. */
                if (mark == MARK_RETURNED || mark == MARK_DISK_AGAIN ||
                    !trail_has(trail, (enum trail_mark)mark))
                        continue;
                for (; at > 0 && places[at - 1] > trail->place[mark]; at--)
                        places[at] = places[at - 1];
                places[at] = trail->place[mark];
                count++;
        }
        first = count > WHY_EVIDENCE_MAX ? count - WHY_EVIDENCE_MAX : 0;
        why->evidence_count = count - first;
        for (size_t i = first; i < count; i++)
                why->evidence[i - first] = facts->events[places[i]];
}

/* The last events of these steps; evidence of what is no boot. */
static void show_steps(const struct why_facts *facts, uint64_t steps, struct why *why)
{
        size_t first = facts->event_count, count = 0;

        while (first > 0 && count < WHY_EVIDENCE_MAX)
                if (steps >> facts->events[--first].step & 1)
                        count++;
        why->evidence_count = 0;
        for (; first < facts->event_count && why->evidence_count < count; first++)
                if (steps >> facts->events[first].step & 1)
                        why->evidence[why->evidence_count++] = facts->events[first];
}

/* What an event adds to the sentence: how much of a file, or why a claim was refused. */
static const char *detail_of(const struct why_facts *facts, const struct trail *trail,
                             enum trail_mark mark, char to[static WHY_SENTENCE_SIZE])
{
        const struct node_event *event = &facts->events[trail->place[mark]];
        char got[TEXT_SIZE_MAX], whole[TEXT_SIZE_MAX];

        to[0] = '\0';
        if (mark == MARK_RETURNED)
                say(to, "%s",
                    trail_has(trail, MARK_RAMDISK)
                            ? "it fetched kernel and ramdisk, and asked again"
                            : "it fetched the kernel and not the ramdisk, and asked again");
        else if (event->step == STEP_STOPPED)
                say(to, "%s of %s of %s", text_size(got, event->bytes),
                    text_size(whole, event->total), event->text);
        else if (event->step == STEP_REFUSED || event->step == STEP_FAILED)
                say(to, "%s", event->text);
        return to;
}

/* NULL: this boot is at its end, and nothing is wrong about it. */
static const struct expectation *find(const struct trail *trail)
{
        if (trail_has(trail, MARK_INVENTORY) || trail_has(trail, MARK_PHONE_HOME) ||
            (trail_has(trail, MARK_DISK) && !trail_has(trail, MARK_DISK_AGAIN)))
                return NULL;
        for (size_t i = 0; i < ARRAY_SIZE(expectations); i++) {
                const struct expectation *e = &expectations[i];

                if (trail_has(trail, e->after) && !trail_has(trail, e->expect))
                        return e;
        }
        return NULL;
}

static enum node_cause cause_of(const struct why_facts *facts, const struct trail *trail,
                                const struct expectation *e, uint64_t now_ms)
{
        const uint64_t since_ms = e->since == SINCE_FIRST
                                          ? trail->first_ms
                                          : facts->events[trail->place[e->after]].at_ms;

        if (age_s(now_ms, since_ms) <
            (e->after == MARK_WAITS && trail->is_image ? RESTART_S : e->within_s))
                return e->early_cause;
        return trail->is_grub && e->grub_cause != CAUSE_NONE ? e->grub_cause : e->cause;
}

/* True: something is wrong about this boot, and is said. */
static bool judge_trail(const struct why_facts *facts, const struct trail *trail, uint64_t now_ms,
                        struct why *why)
{
        const struct expectation *e = find(trail);
        char detail[WHY_SENTENCE_SIZE];
        enum node_cause cause;

        if (!e)
                return false;
        cause = cause_of(facts, trail, e, now_ms);
        if (cause == CAUSE_NONE)
                return false;
        blame(why, cause, detail_of(facts, trail, e->after, detail));
        show_trail(facts, trail, why);
        return true;
}

/*
 * The last boot; but one that has just begun tells less than the one before it, when that
 * came farther and ended badly: a machine that starts anew every minute is not well.
 */
static bool judge_boots(const struct why_facts *facts, const struct trail *last,
                        const struct trail *previous, struct why *why)
{
        const struct expectation *at = find(last), *was = find(previous);

        if (judge_trail(facts, last, facts->now_ms, why))
                return true;
        return at && was && was <= at && was->early_cause == CAUSE_NONE &&
               judge_trail(facts, previous, UINT64_MAX, why);
}

/* It boots, and all is as it should be so far. False: it does not. */
static bool describe_boot(const struct why_facts *facts, const struct trail *trail, struct why *why)
{
        const struct expectation *e = find(trail);
        const struct node_event *event;

        if (!e)
                return false;
        event = &facts->events[trail->place[e->after]];
        say(why->sentence, "it boots: it %s %" PRIu64 " s ago; next: %s, within %u s",
            node_steps[event->step].title, age_s(facts->now_ms, event->at_ms), e->next,
            (unsigned)e->within_s);
        show_trail(facts, trail, why);
        return true;
}

static void describe_phase(const struct why_facts *facts, const struct trail *last, struct why *why)
{
        static const struct {
                const char *sentence, *hint;
        } rows[PHASE_COUNT] = {
                [PHASE_NONE] = {"it has not reported yet",                         ""},
                [PHASE_DISCOVERED] = {"it is discovered, and waits for an operator",
                                "`cloudie node accept` takes it into service."       },
                [PHASE_READY] = {"it is ready; nothing is to be done to it",
                                "`cloudie node install` puts a system on its disk."  },
                [PHASE_RESERVED] = {"it is reserved: it is its holder's",              ""},
                [PHASE_DEPLOYED] = {"it is deployed: its installed system has called", ""},
                [PHASE_RETIRED] = {"it is retired: nothing of ours runs on it",       ""},
        };

        const char *more = "";

        if (facts->is_agent_online)
                more = "; its agent waits for orders";
        else if (facts->phase == PHASE_DISCOVERED && trail_has(last, MARK_DISK))
                more = "; it went back to the system on its disk";
        say(why->sentence, "%s%s", rows[facts->phase].sentence, more);
        say(why->hint, "%s", rows[facts->phase].hint);
}

/* What operations leave in the timeline. */
#define OPERATION_EVENTS                                                                           \
        (UINT64_C(1) << STEP_OPERATION | UINT64_C(1) << STEP_CHECK | UINT64_C(1) << STEP_IMAGE |   \
         UINT64_C(1) << STEP_WIPE | UINT64_C(1) << STEP_WRITE | UINT64_C(1) << STEP_SEED |         \
         UINT64_C(1) << STEP_TABLE | UINT64_C(1) << STEP_BOOT_ENTRY | UINT64_C(1) << STEP_REBOOT | \
         UINT64_C(1) << STEP_PHONE_HOME | UINT64_C(1) << STEP_FAILED |                             \
         UINT64_C(1) << STEP_REFUSED | UINT64_C(1) << STEP_PHASE)
#define CONFLICT_EVENTS                                                                            \
        (UINT64_C(1) << STEP_CONFLICT | UINT64_C(1) << STEP_REFUSED | UINT64_C(1) << STEP_CLAIM |  \
         UINT64_C(1) << STEP_INVENTORY)

static uint32_t seen_since(const struct why_facts *facts, uint64_t since_ms)
{
        uint32_t seen = 0;

        for (size_t i = 0; i < facts->event_count; i++)
                if (facts->events[i].at_ms >= since_ms && facts->events[i].step < 32 &&
                    strcmp(facts->events[i].by, "edge") == 0)
                        seen |= 1u << facts->events[i].step;
        return seen;
}

/* An operation that waits for a machine which boots is judged by how that boots. */
static bool waits_for_boot(const struct operation *o)
{
        return o->cause == CAUSE_NONE
                       ? o->step == INSTALL_AGENT
                       : o->cause == CAUSE_AGENT_ABSENT || o->cause == CAUSE_AGENT_SILENT;
}

static void judge_running(const struct why_facts *facts, const struct trail *last,
                          const struct trail *previous, struct why *why)
{
        const struct operation *o = facts->operation;
        char text[OPERATION_TEXT_SIZE];

        if (o->step == INSTALL_AGENT && !facts->is_agent_online && last->count > 0 &&
            last->last_ms >= o->started_ms &&
            (judge_boots(facts, last, previous, why) || describe_boot(facts, last, why)))
                return;
        if (facts->now_ms > o->deadline_ms) {
                blame(why, operation_cause(o, seen_since(facts, o->step_started_ms)),
                      "the deadline of its step passed");
        } else {
                say(why->sentence, "install '%s': it %s", o->profile, operation_text(o, text));
                if (o->step == INSTALL_AGENT && !facts->is_agent_online)
                        say(why->hint, "If the machine is off, power it on; if it runs its own "
                                       "system, restart it; let it boot from the network.");
        }
        show_steps(facts, OPERATION_EVENTS, why);
}

static void judge_failed(const struct why_facts *facts, const struct trail *last,
                         const struct trail *previous, struct why *why)
{
        const struct operation *o = facts->operation;

        if (waits_for_boot(o) && last->last_ms >= o->started_ms &&
            judge_boots(facts, last, previous, why))
                return;
        blame(why, o->cause, o->evidence);
        show_steps(facts, OPERATION_EVENTS, why);
}

/* True: the operation is what there is to say. */
static bool judge_operation(const struct why_facts *facts, const struct trail *last,
                            const struct trail *previous, struct why *why)
{
        const struct operation *o = facts->operation;

        switch (o ? o->state : OPERATION_NONE) {
        case OPERATION_WAITING:
        case OPERATION_RUNNING:
                judge_running(facts, last, previous, why);
                return true;
        case OPERATION_FAILED:
                judge_failed(facts, last, previous, why);
                return true;
        case OPERATION_ABORTED:
        case OPERATION_SUCCEEDED:
        case OPERATION_NONE:
        case OPERATION_STATE_COUNT:
                break;
        }
        return false;
}

void why_find(const struct why_facts *facts, struct why *ret)
{
        struct trail last, previous;

        *ret = (struct why){0};
        trail_read(facts->events, facts->event_count, &last, &previous);
        if (facts->conflict) {
                blame(ret, CAUSE_CONFLICT, facts->conflict);
                show_steps(facts, CONFLICT_EVENTS, ret);
                return;
        }
        if (judge_operation(facts, &last, &previous, ret))
                return;
        /* Whose system speaks has started it, whatever became of a boot from the network. */
        if (facts->heard_ms <= last.last_ms &&
            (judge_boots(facts, &last, &previous, ret) || describe_boot(facts, &last, ret)))
                return;
        if (!facts->name && facts->event_count == 0) {
                blame(ret, CAUSE_NEVER_HEARD, "");
                return;
        }
        if (facts->degraded)
                blame(ret, CAUSE_DEGRADED, facts->degraded);
        else
                describe_phase(facts, &last, ret);
        show_trail(facts, &last, ret);
}
