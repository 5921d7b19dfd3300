/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Where facts come from: files, the kernel, and systemctl, which anybody may ask. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "worker/health.h"
#include "worker/probe.h"
#include "worker/run_linux.h"

#define FILE_MAX_BYTES  ((size_t)64 << 10)
#define PATH_SIZE       512
#define SYSTEMCTL       "/bin/systemctl"
#define SYSTEMCTL_MS    10000
#define SYSTEMCTL_BYTES 8192 /* lines of some 80 failed units; a row has place for less */

CLEANUP_DEFINE(struct ifaddrs *, freeifaddrs)

/* NULL: it is not there, or too large. */
static char *read_text(const char *root, const char *path)
{
        char whole[PATH_SIZE];
        char *text = NULL;

        snprintf(whole, sizeof(whole), "%s%s", root, path);
        return file_read(AT_FDCWD, whole, FILE_MAX_BYTES, &text, NULL) < 0 ? NULL : text;
}

static bool is_there(const char *root, const char *path)
{
        char whole[PATH_SIZE];

        snprintf(whole, sizeof(whole), "%s%s", root, path);
        return access(whole, F_OK) == 0;
}

static bool probe_systemd(const char *root, struct worker_check *ret)
{
        static const char *const ask[] = {SYSTEMCTL, "show", "--property=SystemState", "--value",
                                          NULL};
        static const char *const list[] = {SYSTEMCTL, "list-units",  "--failed",   "--plain",
                                           "--full",  "--no-legend", "--no-pager", NULL};
        char state[64] = "", failed[SYSTEMCTL_BYTES] = "";

        if (!is_there(root, "/run/systemd/system") ||
            run_read(ask, SYSTEMCTL_MS, state, sizeof(state)) < 0)
                return false;
        if (text_has_prefix(state, "degraded"))
                (void)run_read(list, SYSTEMCTL_MS, failed, sizeof(failed));
        return health_systemd(state, failed, ret);
}

static bool probe_root(const char *root, struct worker_check *ret)
{
        char path[PATH_SIZE];
        struct statvfs of;

        snprintf(path, sizeof(path), "%s/", root);
        return statvfs(path, &of) == 0 && health_root((uint64_t)of.f_blocks * of.f_frsize,
                                                      (uint64_t)of.f_bavail * of.f_frsize, ret);
}

static bool probe_load(const char *root, struct worker_check *ret)
{
        _free_ char *text = read_text(root, "/proc/loadavg");
        const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

        return text && health_load(text, cpus > 0 ? (unsigned)cpus : 1, ret);
}

static bool probe_memory(const char *root, struct worker_check *ret)
{
        _free_ char *text = read_text(root, "/proc/meminfo");

        return text && health_memory(text, ret);
}

static bool probe_clock(const char *root, struct worker_check *ret)
{
        struct timex timex = {.modes = 0}; /* asks, and sets nothing */
        const int rc = adjtimex(&timex);

        (void)root;
        return rc >= 0 && health_clock(!(timex.status & STA_UNSYNC), ret);
}

static bool probe_cloud_init(const char *root, struct worker_check *ret)
{
        _free_ char *text = read_text(root, "/run/cloud-init/result.json");

        return (text || is_there(root, "/run/cloud-init")) && health_cloud_init(text, ret);
}

/* In the order in which they are told. */
static bool (*const probes[])(const char *root, struct worker_check *ret) = {
        probe_systemd, probe_root, probe_load, probe_memory, probe_clock, probe_cloud_init,
};

static void set_mac(const struct ifaddrs *all, struct worker_address *of)
{
        for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
                struct sockaddr_ll link;

                if (!at->ifa_addr || at->ifa_addr->sa_family != AF_PACKET ||
                    strcmp(at->ifa_name, of->interface) != 0)
                        continue;
                memcpy(&link, at->ifa_addr, sizeof(link));
                if (link.sll_halen == sizeof(of->mac.bytes))
                        memcpy(of->mac.bytes, link.sll_addr, sizeof(of->mac.bytes));
        }
}

static unsigned count_bits(const void *mask, size_t size)
{
        const uint8_t *at = mask;
        unsigned bits = 0;

        for (size_t i = 0; i < size; i++)
                for (unsigned bit = 0; bit < 8; bit++)
                        bits += at[i] >> bit & 1u;
        return bits;
}

/* False: not an address of IP. */
static bool read_address(const struct ifaddrs *at, struct worker_address *ret)
{
        char text[INET6_ADDRSTRLEN];
        unsigned prefix;

        if (at->ifa_addr->sa_family == AF_INET) {
                struct sockaddr_in address, mask;

                memcpy(&address, at->ifa_addr, sizeof(address));
                memcpy(&mask, at->ifa_netmask, sizeof(mask));
                inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
                prefix = count_bits(&mask.sin_addr, sizeof(mask.sin_addr));
        } else if (at->ifa_addr->sa_family == AF_INET6) {
                struct sockaddr_in6 address, mask;

                memcpy(&address, at->ifa_addr, sizeof(address));
                memcpy(&mask, at->ifa_netmask, sizeof(mask));
                inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof(text));
                prefix = count_bits(&mask.sin6_addr, sizeof(mask.sin6_addr));
        } else {
                return false;
        }
        snprintf(ret->address, sizeof(ret->address), "%s/%u", text, prefix);
        return text_copy(ret->interface, sizeof(ret->interface), at->ifa_name) == 0;
}

static void probe_addresses(struct worker_facts *ret)
{
        CLEANUP(freeifaddrs) struct ifaddrs *all = NULL;

        if (getifaddrs(&all) < 0)
                return;
        for (const struct ifaddrs *at = all; at && ret->address_count < WORKER_ADDRESSES_MAX;
             at = at->ifa_next) {
                struct worker_facts one = {.address_count = 1};

                if (!at->ifa_addr || !at->ifa_netmask || (at->ifa_flags & IFF_LOOPBACK) ||
                    !read_address(at, &one.addresses[0]) || worker_facts_check(&one, NULL) < 0)
                        continue;
                set_mac(all, &one.addresses[0]);
                ret->addresses[ret->address_count++] = one.addresses[0];
        }
}

static void probe_host_keys(const char *root, struct worker_facts *ret)
{
        static const char *const files[] = {"ed25519", "ecdsa", "rsa"};

        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                char path[64];
                _free_ char *text = NULL;

                snprintf(path, sizeof(path), "/etc/ssh/ssh_host_%s_key.pub", files[i]);
                text = read_text(root, path);
                if (text && ssh_key_parse(text, &ret->host_keys[ret->host_key_count]) == 0)
                        ret->host_key_count++;
        }
}

void probe_facts(const char *root, struct worker_facts *ret)
{
        struct timespec up = {0};
        struct utsname name;

        memset(ret, 0, sizeof(*ret));
        if (uname(&name) == 0)
                (void)text_copy(ret->kernel, sizeof(ret->kernel), name.release);
        if (clock_gettime(CLOCK_BOOTTIME, &up) == 0)
                ret->uptime_s = (uint64_t)up.tv_sec;
        probe_addresses(ret);
        probe_host_keys(root, ret);
        for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
                if (probes[i](root, &ret->health[ret->check_count]))
                        ret->check_count++;
}
