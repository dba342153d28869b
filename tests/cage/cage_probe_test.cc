// SPDX-License-Identifier: Apache-2.0
// Places that are like those in which cages cannot be made, made for real.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <functional>
#include <string>

#include "harness/base/sys.h"
#include "tests/cage/cage_test.h"
#include "tests/cage/in_place.h"
#include "tests/must_work.h"

namespace driftcage::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Sanitizers need libraries, which other roots do not have.
constexpr const char* kNotStatic =
#ifdef __SANITIZE_ADDRESS__
    "a sanitized program cannot be static";
#else
    "";
#endif

// The doctor is opened before and static, so that it runs in any root.
std::string doctor_after(const std::function<void()>& set_up) {
  const int doctor = ::open(DRIFTCAGE_BUILT_DOCTOR, O_RDONLY);
  std::string text = in_place(set_up, [doctor] {
    std::array<char*, 1> none = {nullptr};
    std::string name = "doctor";
    std::array<char*, 2> argv = {name.data(), nullptr};
    ::fexecve(doctor, argv.data(), none.data());
    ::_exit(98);
  });
  ::close(doctor);
  return text;
}

void write_proc(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY);
  MUST(fd >= 0);
  MUST(::write(fd, text.data(), text.size()) > 0);
  ::close(fd);
}

// A user namespace in which the caller is root, and a mount namespace.
void enter_sandbox() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  MUST(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
  write_proc("/proc/self/setgroups", "deny");
  write_proc("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
  write_proc("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
  MUST(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
}

// What container engines' default profiles answer.
void deny_namespaces() {
  constexpr auto kNamespaces =
      static_cast<std::uint32_t>(CLONE_NEWUSER | CLONE_NEWNS);
  const auto eq = [](std::uint32_t nr, std::uint8_t yes, std::uint8_t no) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, yes, no);
  };
  std::array<sock_filter, 11> program = {
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
       eq(SYS_clone3, 6, 0), eq(SYS_unshare, 7, 0), eq(SYS_mount, 6, 0),
       eq(SYS_pivot_root, 5, 0), eq(SYS_clone, 0, 3),
       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
       BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNamespaces, 2, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)}};
  const sock_fprog filter{program.size(), program.data()};
  MUST(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  MUST(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0);
}

class ProbeTest : public CageTest {
 protected:
  // Set-ups begin as the caller of the test parameter.
  static std::string doctor(const std::function<void()>& set_up) {
    return doctor_after([&] {
      if (GetParam() == Caller::Ordinary) become_ordinary();
      set_up();
    });
  }
};
DRIFTCAGE_BOTH_CALLERS(ProbeTest);

TEST_P(ProbeTest, AHealthyHostIsFull) {
  const std::string text = doctor([] {});
  EXPECT_THAT(text, HasSubstr("\ncode \nrung full\n"));
  EXPECT_THAT(text, HasSubstr("step userns ok\n"));
}

TEST_P(ProbeTest, AContainersSeccompProfile) {
  const std::string text = doctor(deny_namespaces);
  EXPECT_THAT(text, HasSubstr("step userns EPERM\n"));
  EXPECT_THAT(text, HasSubstr("step seccomp ok\n"));
  EXPECT_THAT(text, HasSubstr("\ncode E-CONTAINER-SECCOMP\nrung \n"));
  EXPECT_THAT(text, HasSubstr("Seccomp=2"));
}

TEST_P(ProbeTest, ALimitOfNoUserNamespaces) {
  const std::string text = doctor([] {
    enter_sandbox();
    write_proc("/proc/sys/user/max_user_namespaces", "0");
  });
  EXPECT_THAT(text, HasSubstr("step userns ENOSPC\n"));
  EXPECT_THAT(text, HasSubstr("\ncode E-USERNS-MAX\nrung \n"));
  EXPECT_THAT(text, HasSubstr("remedy sudo sysctl -w user.max_user"));
}

TEST_P(ProbeTest, ALimitOfNoSecondUserNamespace) {
  const std::string text = doctor([] {
    enter_sandbox();
    write_proc("/proc/sys/user/max_user_namespaces", "1");
  });
  EXPECT_THAT(text, HasSubstr("step second-userns ENOSPC\n"));
  EXPECT_THAT(text, HasSubstr("\ncode E-USERNS-DEPTH\nrung \n"));
}

TEST_P(ProbeTest, ALimitOfNoNetworkNamespaces) {
  const std::string text = doctor([] {
    enter_sandbox();
    write_proc("/proc/sys/user/max_net_namespaces", "0");
  });
  EXPECT_THAT(text, HasSubstr("step netns ENOSPC\n"));
  EXPECT_THAT(text, HasSubstr("\ncode E-NAMESPACE-LIMIT\nrung \n"));
  EXPECT_THAT(text, HasSubstr("user.max_net_namespaces=0"));
}

TEST_P(ProbeTest, AChroot) {
  if (*kNotStatic != 0) GTEST_SKIP() << kNotStatic;
  const std::string text = doctor([] {
    enter_sandbox();
    MUST(::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0);
    MUST(::mkdir("/tmp/root", 0755) == 0);
    MUST(::mkdir("/tmp/root/proc", 0755) == 0);
    MUST(::mount("/proc", "/tmp/root/proc", nullptr, MS_BIND | MS_REC,
                 nullptr) == 0);
    MUST(::chroot("/tmp/root") == 0 && ::chdir("/") == 0);
  });
  EXPECT_THAT(text, HasSubstr("step userns EPERM\n"));
  EXPECT_THAT(text, HasSubstr("fact chrooted yes\n"));
  EXPECT_THAT(text, HasSubstr("\ncode E-CHROOT\nrung \n"));
}

// A machine with the usual directories but for /tmp, /run, /mnt and /var.
void enter_root_without_tmp() {
  enter_sandbox();
  const int cell = ::open(cell_path().c_str(), O_PATH);
  const int payload = ::open(payload_path().c_str(), O_PATH);
  MUST(cell >= 0 && payload >= 0);
  MUST(::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0);
  MUST(::chdir("/tmp") == 0);
  for (const std::string name : {"usr", "proc", "dev", "sys"}) {
    MUST(::mkdir(name.c_str(), 0755) == 0);
    MUST(::mount(("/" + name).c_str(), name.c_str(), nullptr, MS_BIND | MS_REC,
                 nullptr) == 0);
  }
  for (const auto& [fd, name] : {std::pair{cell, "cell"}, {payload, "tool"}}) {
    const std::string from = "/proc/self/fd/" + std::to_string(fd);
    MUST(::mknod(name, S_IFREG | 0755, 0) == 0);
    MUST(::mount(from.c_str(), name, nullptr, MS_BIND, nullptr) == 0);
  }
  MUST(::syscall(SYS_pivot_root, ".", ".") == 0);
  MUST(::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0);
  MUST(::setenv("DRIFTCAGE_CELL", "/cell", 1) == 0);
}

TEST_P(ProbeTest, ARootWithoutATemporaryDirectory) {
  if (*kNotStatic != 0) GTEST_SKIP() << kNotStatic;
  EXPECT_THAT(doctor(enter_root_without_tmp), HasSubstr("\nrung full\n"));
  const std::string text = in_place(
      [] {
        if (GetParam() == Caller::Ordinary) become_ordinary();
        enter_root_without_tmp();
      },
      [] {
        auto spec = payload_spec({"open", "/usr/bin/env"});
        spec.let_in = {{"/tool", kPayload}};
        const CellRun result = run_cell(spec);
        std::printf("%s%s", unlike_exit(result, 0).c_str(), result.out.c_str());
        std::fflush(stdout);
      });
  EXPECT_EQ(text, "/usr/bin/env ok\n");
}

void mask_proc() {
  enter_sandbox();
  MUST(::mount("none", "/proc/sys/kernel", "tmpfs", 0, nullptr) == 0);
}

TEST_P(ProbeTest, ACoveredProc) {
  const std::string text = doctor(mask_proc);
  EXPECT_THAT(text, HasSubstr("step proc EPERM\n"));
  EXPECT_THAT(text, HasSubstr("\nrung no-fresh-proc\n"));
  EXPECT_THAT(text, HasSubstr("code E-PROC-MASKED\n"));
}

TEST_P(ProbeTest, ACageUnderACoveredProcShowsTheHosts) {
  const std::string text = in_place(
      [] {
        if (GetParam() == Caller::Ordinary) become_ordinary();
        mask_proc();
      },
      [] {
        const CellRun result =
            run_cell(shell_spec("readlink /proc/self/exe; ls -A "
                                "/proc/sys/kernel; test -w "
                                "/proc/self/oom_score_adj || echo read-only"));
        std::printf("%s%s%s\n", unlike_exit(result, 0).c_str(),
                    result.up.rung.c_str(), result.out.c_str());
        std::fflush(stdout);
      });
  EXPECT_EQ(text, "no-fresh-proc/usr/bin/readlink\nread-only\n\n");
}

TEST_P(ProbeTest, AContainersSeccompProfileFailsACageWithAHint) {
  const std::string text = in_place(
      [] {
        if (GetParam() == Caller::Ordinary) become_ordinary();
        deny_namespaces();
      },
      [] {
        const CellRun result = run_cell(shell_spec("true"));
        std::printf("%s (%s)\n", result.end.error.message().c_str(),
                    result.end.error.hint.c_str());
        std::fflush(stdout);
      });
  EXPECT_THAT(text, HasSubstr("clone: namespaces of the cage: "));
  EXPECT_THAT(text, HasSubstr("(EPERM)"));
  EXPECT_THAT(text, HasSubstr("doctor"));
}

// A cage in a cage: an overlay over overlays, ids that are mapped already,
// no_new_privs, few capabilities.
TEST_P(ProbeTest, ACageIsAPlaceForCages) {
  auto spec = shell_spec("/opt/doctor");
  spec.let_in = {{DRIFTCAGE_BUILT_DOCTOR, "/opt/doctor"}};
  EXPECT_THAT(output(spec), HasSubstr("\ncode \nrung full\n"));
  spec.uid = 1000;
  EXPECT_THAT(output(spec), HasSubstr("\ncode \nrung full\n"));
}

// Root that lacks capabilities, as in some containers.
void lose(std::initializer_list<unsigned> lost) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  MUST(::syscall(SYS_capget, &header, data.data()) == 0);
  for (const unsigned cap : lost) {
    MUST(::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0);
    data[cap / 32].permitted &= ~(1u << (cap % 32));
    data[cap / 32].effective = data[cap / 32].permitted;
  }
  MUST(::syscall(SYS_capset, &header, data.data()) == 0);
}

std::string doctor_without(std::initializer_list<unsigned> lost) {
  return doctor_after([lost] { lose(lost); });
}

TEST(ProbeRootTest, WithoutTheCapabilityToShiftIds) {
  DRIFTCAGE_ROOT_ONLY("only root can lose capabilities");
  EXPECT_THAT(doctor_without({CAP_SETUID, CAP_SETGID}),
              HasSubstr("\ncode \nrung full\n"));
}

// The cage's root is the host's then: what it owns must be read-only.
TEST(ProbeRootTest, RootWithoutShiftedIdsCannotWriteToTheHost) {
  DRIFTCAGE_ROOT_ONLY("only root can lose capabilities");
  const auto writes = [](const std::function<void()>& set_up) {
    return in_place(
        [&] {
          set_up();
          lose({CAP_SETUID, CAP_SETGID});
        },
        [] {
          const CellRun result = run_cell(payload_spec({"host-writes"}));
          std::printf("%s%s", unlike_exit(result, 0).c_str(),
                      result.out.c_str());
          std::fflush(stdout);
        });
  };
  const auto none = [](const std::string& own_process) {
    return "core_pattern EROFS\novercommit EROFS\noom_score_adj " +
           own_process + "\nmode of null EROFS\nnull ok\n";
  };
  EXPECT_EQ(writes([] {}), none("ok"));
  EXPECT_EQ(
      writes([] {
        MUST(::unshare(CLONE_NEWNS) == 0);
        MUST(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
        MUST(::mount("none", "/proc/fs", "tmpfs", 0, nullptr) == 0);
      }),
      none("EROFS"));
}

TEST(ProbeRootTest, WithoutTheCapabilityToMapIds) {
  DRIFTCAGE_ROOT_ONLY("only root can lose capabilities");
  const std::string text =
      doctor_without({CAP_SETUID, CAP_SETGID, CAP_SETFCAP});
  EXPECT_THAT(text, HasSubstr("step id-map EPERM\n"));
  EXPECT_THAT(text, HasSubstr("\ncode E-IDMAP-CAPS\nrung \n"));
}

}  // namespace
}  // namespace driftcage::testing
