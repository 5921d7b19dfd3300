/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mkimage/debian_files.h"

#include <fnmatch.h>
#include <string.h>

#include "lib/base/cleanup.h"

/*
 * Documentation (the licences stay), and drivers of what no server has. Modules
 * stay as Debian signed them: with Secure Boot the kernel loads no others.
 */
/* clang-format off */
#define DPKG_CONFIGURATION \
        "path-exclude=/usr/share/doc/*\n" \
        "path-include=/usr/share/doc/*/copyright\n" \
        "path-exclude=/usr/share/man/*\n" \
        "path-exclude=/usr/share/info/*\n" \
        "path-exclude=/usr/share/locale/*\n" \
        "path-exclude=/usr/share/i18n/locales/*\n" \
        "path-exclude=/usr/share/lintian/*\n" \
        "path-exclude=/lib/modules/*/kernel/sound/*\n" \
        "path-exclude=/lib/modules/*/kernel/drivers/bluetooth/*\n" \
        "path-exclude=/lib/modules/*/kernel/drivers/comedi/*\n" \
        "path-exclude=/lib/modules/*/kernel/drivers/iio/*\n" \
        "path-exclude=/lib/modules/*/kernel/drivers/media/*\n" \
        "path-exclude=/lib/modules/*/kernel/drivers/net/wireless/*\n" \
        "path-exclude=/lib/modules/*/kernel/drivers/staging/*\n" \
        "path-exclude=/lib/modules/*/kernel/drivers/usb/gadget/*\n" \
        "path-exclude=/lib/modules/*/kernel/net/bluetooth/*\n" \
        "path-exclude=/lib/modules/*/kernel/net/mac80211/*\n" \
        "path-exclude=/lib/modules/*/kernel/net/wireless/*\n"
/* clang-format on */
const char debian_dpkg_option[] = "--dpkgopt=" DPKG_CONFIGURATION;

/*
 * Another disk of the machine may hold this image, too, so its partitions have the
 * same GUIDs. What differs is the serial number that the installer gives to the
 * volume of a seed: GRUB reads it from the disk that it was started from, and says it
 * to the kernel. Of all partitions with our GUIDs only those beside that volume get
 * a link. The seed is partition 3, the root 4 (mkimage/layout.h). Without a number, as
 * that volume is gone, they are those of any disk with this image.
 */
#define OWN_DISK   "/dev/cloudie/"
#define UDEV_RULES "etc/udev/rules.d/70-cloudie.rules"
#define UDEV_RULE                                                                                  \
        "# The seed and the root of the disk that this system was started from.\n"                 \
        "ACTION==\"remove\", GOTO=\"cloudie_end\"\n"                                               \
        "ENV{ID_PART_ENTRY_UUID}!=\"" DEBIAN_SEED_ID "|" DEBIAN_ROOT_ID                            \
        "\", GOTO=\"cloudie_end\"\n"                                                               \
        "IMPORT{cmdline}=\"cloudie.seed\"\n"                                                       \
        "PROGRAM==\"/bin/sh -c 'id=$env{cloudie.seed}; part=%k; [ x$$id = x ] || "                 \
        "[ x$$(/sbin/blkid -p -s UUID -o value /dev/$${part%%?}3) = x$$id ]'\", "                  \
        "SYMLINK+=\"cloudie/$env{ID_PART_ENTRY_NAME}\"\n"                                          \
        "LABEL=\"cloudie_end\"\n"

/* Debian puts rules that are not its own into the initramfs. */
const char debian_hook_option[] =
        "--essential-hook=mkdir -p \"$1/etc/udev/rules.d\" && cat >\"$1/" UDEV_RULES
        "\" <<'END'\n" UDEV_RULE "END\n";

/* Patterns of fnmatch(3), in which "*" also stands for slashes. Folders stay. */
static const char *const dropped[] = {
        "etc/.pwd.lock",
        "etc/apt/apt.conf.d/99mmdebstrap",
        "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
        "etc/group-",
        "etc/gshadow-",
        "etc/passwd-",
        "etc/shadow-",
        "etc/ssh/ssh_host_*",
        "etc/subgid-",
        "etc/subuid-",
        "run/*",
        "tmp/*",
        "var/cache/apt/*",
        "var/cache/debconf/*-old",
        "var/cache/ldconfig/*",
        "var/lib/apt/lists/*",
        "var/lib/dbus/machine-id",
        "var/lib/dpkg/*-old",
        "var/lib/systemd/random-seed",
        "var/log/*.log",
        "var/log/apt/*",
        "var/log/journal/*",
        "var/tmp/*",
};

bool debian_is_dropped(const struct tar_entry *entry)
{
        if (entry->kind == TAR_FOLDER)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
                if (fnmatch(dropped[i], entry->path, 0) == 0)
                        return true;
        return false;
}

#define EMBED(name, file)                                                                          \
        __asm__(".pushsection .rodata\n"                                                           \
                ".global " #name "\n" #name ":\n"                                                  \
                ".incbin \"" file "\"\n"                                                           \
                ".byte 0\n"                                                                        \
                ".popsection\n")

EMBED(debian_worker_unit, CLOUDIE_WORKER_UNIT);
EMBED(debian_packages, CLOUDIE_MODULES "/../debian.packages");
extern const char debian_worker_unit[];

/*
 * The links are Debian's, which change with its kernels. A machine without a
 * serial port says so and goes on with its screen.
 */
#define GRUB_CONFIGURATION                                                                         \
        "# Read by GRUB of a BIOS and of UEFI alike.\n"                                            \
        "if [ \"$grub_platform\" = pc ]; then\n"                                                   \
        "  if serial --unit=0 --speed=115200; then\n"                                              \
        "    terminal_input console serial\n"                                                      \
        "    terminal_output console serial\n"                                                     \
        "  fi\n"                                                                                   \
        "fi\n"                                                                                     \
        "set gfxpayload=keep\n"                                                                    \
        "set default=0\n"                                                                          \
        "set timeout=1\n"                                                                          \
        "regexp --set=1:disk '^([^,]*),' \"$root\"\n"                                              \
        "probe --set=seed --fs-uuid ($disk,gpt3)\n"                                                \
        "set options=\"root=" OWN_DISK                                                             \
        "root cloudie.seed=$seed ro console=tty0 console=ttyS0,115200\"\n"                         \
        "menuentry 'Debian' {\n"                                                                   \
        "  linux /vmlinuz $options\n"                                                              \
        "  initrd /initrd.img\n"                                                                   \
        "}\n"                                                                                      \
        "menuentry 'Debian, with the kernel before' {\n"                                           \
        "  linux /vmlinuz.old $options\n"                                                          \
        "  initrd /initrd.img.old\n"                                                               \
        "}\n"

/* That of this disk, not by the label. Whoever is not root must not read it. */
#define SEED_FOLDER "/var/lib/cloud/seed/nocloud"
#define SEED_MOUNT  "var-lib-cloud-seed-nocloud.mount"
#define FSTAB                                                                                      \
        OWN_DISK "root / ext4 errors=remount-ro 0 1\n" OWN_DISK "cidata " SEED_FOLDER              \
                 " vfat ro,nofail,umask=0077,x-systemd.device-timeout=5min 0 0\n"

#define CLOUD_CONFIGURATION                                                                        \
        "# The seed that the installer left, and nothing else.\n"                                  \
        "datasource_list: [ NoCloud ]\n"                                                           \
        "datasource:\n"                                                                            \
        "  NoCloud:\n"                                                                             \
        "    fs_label: null\n"                                                                     \
        "system_info:\n"                                                                           \
        "  network:\n"                                                                             \
        "    renderers: [ networkd ]\n"                                                            \
        "ssh_pwauth: false\n"                                                                      \
        "ssh_genkeytypes: [ ed25519, ecdsa ]\n"                                                    \
        "manage_etc_hosts: localhost\n"                                                            \
        "locale: C.UTF-8\n"                                                                        \
        "grub_dpkg:\n"                                                                             \
        "  enabled: false\n"                                                                       \
        "growpart:\n"                                                                              \
        "  mode: auto\n"                                                                           \
        "  devices: [ / ]\n"

#define SSH_CONFIGURATION                                                                          \
        "PasswordAuthentication no\n"                                                              \
        "KbdInteractiveAuthentication no\n"                                                        \
        "PermitRootLogin prohibit-password\n"

#define UNITS "etc/systemd/system/"
#define LIB   "/lib/systemd/system/"

/* Folders that are not named here come with the files in them. */
/* clang-format off */
const struct debian_file debian_files[] = {
        {TAR_FILE,    0644, "boot/grub/grub.cfg", GRUB_CONFIGURATION},
        {TAR_FILE,    0644, "etc/apt/apt.conf.d/90cloudie", "APT::Install-Recommends \"false\";\n"},
        {TAR_FILE,    0644, "etc/cloud/cloud.cfg.d/90_cloudie.cfg", CLOUD_CONFIGURATION},
        {TAR_FILE,    0644, "etc/default/locale", "LANG=C.UTF-8\n"},
        {TAR_FILE,    0644, "etc/dpkg/dpkg.cfg.d/90cloudie", DPKG_CONFIGURATION},
        {TAR_FILE,    0644, "etc/fstab", FSTAB},
        {TAR_FILE,    0644, "etc/hostname", "localhost\n"},
        {TAR_FILE,    0644, "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"},
        {TAR_FILE,    0644, "etc/machine-id", ""}, /* empty: made on the first boot */
        {TAR_SYMLINK, 0777, "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf"},
        /* Behind cloud-init's own 50-: the first word counts, and user data may ask for passwords. */
        {TAR_FILE,    0644, "etc/ssh/sshd_config.d/60-cloudie.conf", SSH_CONFIGURATION},
        {TAR_FILE,    0644, UDEV_RULES, UDEV_RULE},
        {TAR_FILE,    0644, UNITS "cloud-init-local.service.d/cloudie.conf",
                            "[Unit]\nWants=" SEED_MOUNT "\nAfter=" SEED_MOUNT "\n"},
        /* One address is enough to be online, and none is no reason to wait for ever. */
        {TAR_FILE,    0644, UNITS "systemd-networkd-wait-online.service.d/cloudie.conf",
                            "[Service]\nExecStart=\n"
                            "ExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=60\n"},
        {TAR_SYMLINK, 0777, UNITS "dbus-org.freedesktop.network1.service", LIB "systemd-networkd.service"},
        {TAR_SYMLINK, 0777, UNITS "multi-user.target.wants/cloudie-worker.service", LIB "cloudie-worker.service"},
        {TAR_SYMLINK, 0777, UNITS "multi-user.target.wants/systemd-networkd.service", LIB "systemd-networkd.service"},
        {TAR_SYMLINK, 0777, UNITS "network-online.target.wants/systemd-networkd-wait-online.service",
                            LIB "systemd-networkd-wait-online.service"},
        {TAR_SYMLINK, 0777, UNITS "sockets.target.wants/systemd-networkd.socket", LIB "systemd-networkd.socket"},
        {TAR_SYMLINK, 0777, UNITS "sysinit.target.wants/systemd-network-generator.service",
                            LIB "systemd-network-generator.service"},
        {TAR_FILE,    0644, "usr/lib/systemd/system/cloudie-worker.service", debian_worker_unit},
        {TAR_FOLDER,  0700, "var/lib/cloud/seed", NULL},
        {TAR_FOLDER,  0700, "var/lib/cloud/seed/nocloud", NULL},
};
/* clang-format on */
const size_t debian_file_count = ARRAY_SIZE(debian_files);

const struct debian_file *debian_file_find(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(debian_files); i++)
                if (strcmp(debian_files[i].path, path) == 0)
                        return &debian_files[i];
        return NULL;
}
