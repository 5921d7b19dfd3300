/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load SERVER RELAY FIRST MACHINES OUTSTANDING RATE SECONDS [ACKED]: machines that take addresses,
 * through a relay, which we are: RELAY is an address of this host. DISCOVER, OFFER, REQUEST, ACK is
 * an exchange; their MACs are numbers from FIRST on.
 *
 * OUTSTANDING exchanges are always under way (closed loop); where it is 0, RATE of them begin each
 * second, whatever becomes of them (open loop). Nothing is repeated: what has no answer within a
 * second, in the open loop within a quarter of one, is lost. One line of JSON; ACKED is written
 * with a line "MAC ADDRESS" for each ACK.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "dhcp/message.h"

#define SECOND_NS    UINT64_C(1000000000)
#define LOST_NS      SECOND_NS
#define LOST_OPEN_NS (SECOND_NS / 4)  /* or all machines would be under way */
#define LOOK_NS      (SECOND_NS / 20) /* how often for what is lost */
#define BATCH        64
#define READ_BATCHES 16
#define PACKET_SIZE  1536
#define BUFFER_SIZE  (8 << 20)
#define MACHINE_BITS 18 /* of an xid: which machine; the others: which exchange of it */
#define MACHINES_MAX (1u << MACHINE_BITS)
#define RECORDS_MAX  (1u << 22) /* exchanges that are remembered */
#define OPTIONS_AT   240

enum state { IDLE, ASKED, REQUESTED };

struct machine {
        enum state state;
        uint32_t exchange;
        uint64_t begun_ns, said_ns;
};

struct record {
        uint32_t machine, address_be, took_us;
};

static struct load {
        int fd;
        struct sockaddr_in server;
        uint32_t relay_be, first;
        struct machine *machines;
        size_t count, next, under_way;

        uint8_t out[BATCH][DHCP_MESSAGE_MIN];
        size_t out_count;

        struct record *records;
        size_t done;
        uint64_t begun, lost, lost_acks, refused, strays, missed;
} load;

static uint64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static void mac_of(uint32_t number, uint8_t to[static 6])
{
        to[0] = 0x02;
        to[1] = 0x0c;
        for (size_t i = 0; i < 4; i++)
                to[2 + i] = (uint8_t)(number >> (24 - 8 * i));
}

static void flush(void)
{
        struct mmsghdr messages[BATCH] = {0};
        struct iovec parts[BATCH];

        for (size_t i = 0; i < load.out_count; i++) {
                parts[i] = (struct iovec){load.out[i], DHCP_MESSAGE_MIN};
                messages[i].msg_hdr = (struct msghdr){.msg_name = &load.server,
                                                      .msg_namelen = sizeof(load.server),
                                                      .msg_iov = &parts[i],
                                                      .msg_iovlen = 1};
        }
        for (size_t sent = 0; sent < load.out_count;) {
                const int n = sendmmsg(load.fd, messages + sent,
                                       (unsigned int)(load.out_count - sent), 0);

                if (n < 0)
                        break;
                sent += (size_t)n;
        }
        load.out_count = 0;
}

/* What a relay passes on, RFC 2131 4.1: hops 1 and giaddr. */
static void say(uint32_t number, enum dhcp_message_type type, uint32_t wanted_be)
{
        static const uint8_t head[OPTIONS_AT] = {
                1, 1, 6, 1, [236] = 0x63, [237] = 0x82, [238] = 0x53, [239] = 0x63};
        static const uint8_t asked[] = {DHCP_OPT_PARAMETERS, 6, 1, 3, 6, 15, 66, 67, DHCP_OPT_END};
        struct machine *machine = &load.machines[number];
        const uint32_t xid = htonl(number | machine->exchange << MACHINE_BITS);
        uint8_t *to = load.out[load.out_count++];
        uint8_t *at = to + OPTIONS_AT;

        memset(to, 0, DHCP_MESSAGE_MIN);
        memcpy(to, head, sizeof(head));
        memcpy(to + 4, &xid, sizeof(xid));
        memcpy(to + 24, &load.relay_be, sizeof(load.relay_be));
        mac_of(load.first + number, to + 28);
        *at++ = DHCP_OPT_MESSAGE_TYPE;
        *at++ = 1;
        *at++ = (uint8_t)type;
        if (type == DHCP_REQUEST) {
                *at++ = DHCP_OPT_WANTED_ADDRESS;
                *at++ = 4;
                memcpy(at, &wanted_be, 4);
                at += 4;
                *at++ = DHCP_OPT_SERVER_ID;
                *at++ = 4;
                memcpy(at, &load.server.sin_addr, 4);
                at += 4;
        }
        memcpy(at, asked, sizeof(asked));
        machine->said_ns = now_ns();
        if (load.out_count == BATCH)
                flush();
}

/* False: all of them are busy. */
static bool begin(void)
{
        for (size_t tries = 0; tries < load.count; tries++) {
                const uint32_t number = (uint32_t)load.next;
                struct machine *machine = &load.machines[number];

                load.next = (load.next + 1) % load.count;
                if (machine->state != IDLE)
                        continue;
                machine->state = ASKED;
                machine->exchange++;
                machine->begun_ns = now_ns();
                load.under_way++;
                load.begun++;
                say(number, DHCP_DISCOVER, 0);
                return true;
        }
        return false;
}

static void end(struct machine *machine)
{
        machine->state = IDLE;
        load.under_way--;
}

static void acknowledged(uint32_t number, uint32_t address_be)
{
        struct machine *machine = &load.machines[number];

        if (load.done < RECORDS_MAX)
                load.records[load.done++] = (struct record){
                        number, address_be, (uint32_t)((now_ns() - machine->begun_ns) / 1000)};
        end(machine);
}

static uint8_t type_of(const uint8_t *bytes, size_t size)
{
        size_t at = OPTIONS_AT;

        while (size > 2 && at < size - 2 && bytes[at] != DHCP_OPT_END) {
                if (bytes[at] == DHCP_OPT_MESSAGE_TYPE)
                        return bytes[at + 2];
                at += bytes[at] == DHCP_OPT_PAD ? 1 : 2u + bytes[at + 1];
        }
        return DHCP_NONE;
}

static void take(const uint8_t *bytes, size_t size)
{
        const uint8_t type = size < OPTIONS_AT ? DHCP_NONE : type_of(bytes, size);
        struct machine *machine;
        uint32_t xid, number, address_be;

        if (type == DHCP_NONE)
                return;
        memcpy(&xid, bytes + 4, sizeof(xid));
        memcpy(&address_be, bytes + 16, sizeof(address_be));
        xid = ntohl(xid);
        number = xid & (MACHINES_MAX - 1);
        machine = number < load.count ? &load.machines[number] : NULL;
        if (!machine || machine->state == IDLE ||
            xid != (number | machine->exchange << MACHINE_BITS)) {
                load.strays++;
        } else if (type == DHCP_OFFER && machine->state == ASKED) {
                machine->state = REQUESTED;
                say(number, DHCP_REQUEST, address_be);
        } else if (type == DHCP_ACK && machine->state == REQUESTED) {
                acknowledged(number, address_be);
        } else if (type == DHCP_NAK) {
                load.refused++;
                end(machine);
        }
}

/* True: there may be more. */
static bool receive(int timeout_ms)
{
        static uint8_t bytes[BATCH][PACKET_SIZE];
        struct pollfd watch = {load.fd, POLLIN, 0};
        struct mmsghdr messages[BATCH] = {0};
        struct iovec parts[BATCH];
        int count;

        if (poll(&watch, 1, timeout_ms) <= 0)
                return false;
        for (size_t i = 0; i < BATCH; i++) {
                parts[i] = (struct iovec){bytes[i], PACKET_SIZE};
                messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        }
        count = recvmmsg(load.fd, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++)
                take(bytes[i], messages[i].msg_len);
        return count == BATCH;
}

static void look_for_lost(uint64_t lost_ns)
{
        static uint64_t looked_ns;
        const uint64_t now = now_ns();

        if (now - looked_ns < LOOK_NS)
                return;
        looked_ns = now;
        for (size_t i = 0; i < load.count; i++) {
                struct machine *machine = &load.machines[i];

                if (machine->state == IDLE || now - machine->said_ns < lost_ns)
                        continue;
                load.lost++;
                load.lost_acks += machine->state == REQUESTED;
                end(machine);
        }
}

/* Until @until_ns, then what is under way is waited for. */
static void work(size_t outstanding, double rate, uint64_t from_ns, uint64_t until_ns)
{
        while (now_ns() < until_ns) {
                if (outstanding > 0) {
                        while (load.under_way < outstanding && begin())
                                continue;
                } else {
                        const double due = (double)(now_ns() - from_ns) / SECOND_NS * rate;

                        for (size_t i = 0; i < BATCH && (double)(load.begun + load.missed) < due;
                             i++)
                                load.missed += !begin();
                }
                flush();
                /* What came is read first: a load that does not keep up begins less. */
                for (size_t i = 0; i < READ_BATCHES && receive(outstanding > 0 ? 5 : 0); i++)
                        continue;
                flush();
                look_for_lost(outstanding > 0 ? LOST_NS : LOST_OPEN_NS);
        }
}

static int compare(const void *a, const void *b)
{
        const struct record *x = a, *y = b;

        return (x->took_us > y->took_us) - (x->took_us < y->took_us);
}

static double percentile_ms(size_t count, double part)
{
        return count == 0 ? 0 : load.records[(size_t)((double)(count - 1) * part)].took_us / 1e3;
}

/* Done are those that ended in time, also where others were waited for. */
static void report(size_t in_time, double seconds)
{
        qsort(load.records, in_time, sizeof(*load.records), compare);
        printf("{\"done\": %zu, \"seconds\": %.3f, \"begun\": %llu, \"lost\": %llu, "
               "\"lost_acks\": %llu, \"refused\": %llu, \"strays\": %llu, \"missed\": %llu, "
               "\"p50_ms\": %.3f, "
               "\"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
               in_time, seconds, (unsigned long long)load.begun, (unsigned long long)load.lost,
               (unsigned long long)load.lost_acks, (unsigned long long)load.refused,
               (unsigned long long)load.strays, (unsigned long long)load.missed,
               percentile_ms(in_time, 0.5), percentile_ms(in_time, 0.99),
               percentile_ms(in_time, 1));
}

static int write_acked(const char *path)
{
        FILE *file = fopen(path, "we");
        char text[INET_ADDRSTRLEN];
        uint8_t mac[6];

        if (!file)
                return -1;
        for (size_t i = 0; i < load.done; i++) {
                mac_of(load.first + load.records[i].machine, mac);
                fprintf(file, "%02x%02x%02x%02x%02x%02x %s\n", mac[0], mac[1], mac[2], mac[3],
                        mac[4], mac[5],
                        inet_ntop(AF_INET, &load.records[i].address_be, text, sizeof(text)));
        }
        return fclose(file);
}

static int open_relay(const char *server, const char *relay)
{
        struct sockaddr_in ours = {.sin_family = AF_INET, .sin_port = htons(DHCP_PORT_SERVER)};
        const int size = BUFFER_SIZE;

        load.server = ours;
        if (inet_pton(AF_INET, server, &load.server.sin_addr) != 1 ||
            inet_pton(AF_INET, relay, &ours.sin_addr) != 1)
                return -1;
        load.relay_be = ours.sin_addr.s_addr;
        load.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (load.fd < 0)
                return -1;
        (void)setsockopt(load.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
        return bind(load.fd, (const struct sockaddr *)&ours, sizeof(ours));
}

int main(int argc, char **argv)
{
        uint64_t from_ns, until_ns;
        size_t in_time;
        double seconds;

        if (argc < 8 || argc > 9 || open_relay(argv[1], argv[2]) < 0) {
                fprintf(stderr, "load: SERVER RELAY FIRST MACHINES OUTSTANDING RATE SECONDS "
                                "[ACKED], and RELAY is an address of this host\n");
                return 2;
        }
        load.first = (uint32_t)strtoul(argv[3], NULL, 10);
        load.count = strtoul(argv[4], NULL, 10);
        if (load.count == 0 || load.count > MACHINES_MAX)
                return 2;
        load.machines = calloc(load.count, sizeof(*load.machines));
        load.records = calloc(RECORDS_MAX, sizeof(*load.records));
        if (!load.machines || !load.records)
                return 2;
        /* No xid of an earlier run: its late answers are strays. */
        for (size_t i = 0; i < load.count; i++)
                load.machines[i].exchange = (uint32_t)(now_ns() >> 20) & 0x1fff;

        seconds = strtod(argv[7], NULL);
        from_ns = now_ns();
        until_ns = from_ns + (uint64_t)(seconds * SECOND_NS);
        work(strtoul(argv[5], NULL, 10), strtod(argv[6], NULL), from_ns, until_ns);
        in_time = load.done;
        seconds = (double)(now_ns() - from_ns) / SECOND_NS;
        for (until_ns = now_ns() + LOST_NS / 2; load.under_way > 0 && now_ns() < until_ns;) {
                (void)receive(5);
                flush();
        }
        if (argc > 8 && write_acked(argv[8]) != 0)
                return 2;
        report(in_time, seconds);
        return 0;
}
