#include "core/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

static char landlock_state[96] = "off (core.sandbox)", seccomp_state[96] = "off (core.sandbox)";

const char *sandbox_landlock(void)
{
    return landlock_state;
}

const char *sandbox_seccomp(void)
{
    return seccomp_state;
}

/* ---- landlock -------------------------------------------------------------------------------- */

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

static const uint64_t access_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

static uint64_t access_all(int abi)
{
    uint64_t all = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | access_read |
                   LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                   LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                   LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                   LANDLOCK_ACCESS_FS_MAKE_SYM;

    if (abi >= 2)
        all |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3)
        all |= LANDLOCK_ACCESS_FS_TRUNCATE;
    return all;
}

static int path_allow(int ruleset, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT ? 0 : -1; /* what is not there needs no rule */
    int err = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    return err;
}

static int readable_allow(int ruleset, const char *const *readable)
{
    for (; *readable; readable++)
        if (path_allow(ruleset, *readable, access_read) &&
            path_allow(ruleset, *readable, LANDLOCK_ACCESS_FS_READ_FILE)) /* a file, no folder */
            return -1;
    return 0;
}

static void landlock_enter(const char *data_dir, const char *const *readable)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) {
        snprintf(landlock_state, sizeof(landlock_state), "off (this kernel has no landlock)");
        return;
    }
    struct landlock_ruleset_attr attr = {.handled_access_fs = access_all(abi)};
    uint64_t data_access =
        access_all(abi) & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                      LANDLOCK_ACCESS_FS_MAKE_BLOCK);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0 || path_allow(ruleset, data_dir, data_access) ||
        readable_allow(ruleset, readable) || syscall(SYS_landlock_restrict_self, ruleset, 0))
        snprintf(landlock_state, sizeof(landlock_state), "off (%s)", strerror(errno));
    else
        snprintf(landlock_state, sizeof(landlock_state), "on (ABI %d)", abi);
    if (ruleset >= 0)
        close(ruleset);
}

/* ---- seccomp: what a server of ours never does ----------------------------------------------- */

#define DENY(name)                                                                                 \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),                                         \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static void seccomp_enter(void)
{
#if defined(__x86_64__)
    const uint32_t arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
    const uint32_t arch = AUDIT_ARCH_AARCH64;
#else
    const uint32_t arch = 0;
#endif
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* the x32 numbers */
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
#endif
        DENY(execve),
        DENY(execveat),
        DENY(ptrace),
        DENY(process_vm_readv),
        DENY(process_vm_writev),
        DENY(mount),
        DENY(umount2),
        DENY(pivot_root),
        DENY(chroot),
        DENY(unshare),
        DENY(setns),
        DENY(bpf),
        DENY(perf_event_open),
        DENY(init_module),
        DENY(finit_module),
        DENY(delete_module),
        DENY(kexec_load),
        DENY(reboot),
        DENY(swapon),
        DENY(swapoff),
        DENY(keyctl),
        DENY(add_key),
        DENY(request_key),
        DENY(userfaultfd),
        DENY(io_uring_setup),
        DENY(personality),
        DENY(acct),
        DENY(open_tree),
        DENY(move_mount),
        DENY(mount_setattr),
        DENY(fsopen),
        DENY(fsconfig),
        DENY(fsmount),
        DENY(fspick),
        DENY(pidfd_getfd),
        DENY(open_by_handle_at),
        DENY(kexec_file_load),
        DENY(quotactl),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

    if (!arch || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program))
        snprintf(seccomp_state, sizeof(seccomp_state), "off (refused by the kernel)");
    else
        snprintf(seccomp_state, sizeof(seccomp_state), "on");
}

void sandbox_core_off(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none))
        log_warn("core", "core-files", "reason=%s", strerror(errno));
}

void sandbox_enter(const char *data_dir, const char *const *readable)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
        log_warn("core", "sandbox", "reason=%s", strerror(errno));
        return;
    }
    prctl(PR_SET_DUMPABLE, 0);
    landlock_enter(data_dir, readable);
    seccomp_enter();
    log_info("core", "sandbox", "landlock=\"%s\" seccomp=\"%s\"", landlock_state, seccomp_state);
}

/* ---- privileges ------------------------------------------------------------------------------ */

int sandbox_become(const char *user, const char *data_dir)
{
    const struct passwd *pw = getpwnam(user);

    if (!pw)
        return -SK_ENOTFOUND;
    if (geteuid() != 0)
        return geteuid() == pw->pw_uid ? 0 : -SK_EDENIED;
    if (chown(data_dir, pw->pw_uid, pw->pw_gid) && errno != ENOENT)
        return -SK_EDENIED;
    if (setgroups(0, NULL) || setgid(pw->pw_gid) || setuid(pw->pw_uid) || setuid(0) == 0)
        return -SK_EDENIED;
    return 0;
}
