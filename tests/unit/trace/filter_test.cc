// SPDX-License-Identifier: Apache-2.0
//
// Runs the filter's instructions here and compares what they say with
// match_call(), which the engine without filter uses.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstring>

#include "harness/trace/syscalls.h"

namespace driftcage::trace {
namespace {

// The part of classic BPF that the program uses.
std::uint32_t run_filter(const seccomp_data& data) {
  std::uint32_t a = 0;
  std::size_t at = 0;
  while (at < kFilterProgramSize) {
    const FilterInstruction& one = kFilterProgram[at++];
    const auto jump = [&](bool yes) {
      at += yes ? one.jump_true : one.jump_false;
    };
    switch (one.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + one.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= one.k;
        break;
      case BPF_JMP | BPF_JA:
        at += one.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(a == one.k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump(a > one.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(a >= one.k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump((a & one.k) != 0);
        break;
      case BPF_RET | BPF_K:
        return one.k;
      default:
        ADD_FAILURE() << "instruction " << one.code;
        return 0;
    }
  }
  ADD_FAILURE() << "ran off the end";
  return 0;
}

CallTag by_filter(const AbiRow& abi, std::uint64_t number,
                  const std::uint64_t* args) {
  seccomp_data data{};
  data.arch = abi.audit_arch;
  data.nr = static_cast<int>(number);
  std::copy_n(args, 6, data.args);
  const std::uint32_t verdict = run_filter(data);
  if (verdict == SECCOMP_RET_ALLOW) return 0;
  EXPECT_EQ(verdict & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_TRACE);
  return static_cast<CallTag>(verdict & SECCOMP_RET_DATA);
}

TEST(Filter, AgreesWithTheTableOnEveryCall) {
  const std::uint64_t values[] = {0,
                                  1,
                                  2,
                                  4,
                                  22,
                                  100,
                                  0x100,
                                  AT_EMPTY_PATH,
                                  AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
                                  CLONE_UNTRACED | SIGCHLD,
                                  0xffffff9c,
                                  static_cast<std::uint64_t>(AT_FDCWD)};
  int traced = 0;
  for (const AbiRow& abi : abi_rows()) {
    for (std::uint64_t number = 0; number < 600; ++number) {
      for (const std::uint64_t first : values) {
        for (const std::uint64_t rest : values) {
          const std::uint64_t args[6] = {first, rest, rest, rest, rest, rest};
          const std::uint64_t nr = number | abi.number_bit;
          const CallTag tag = match_call(abi, nr, args);
          traced += tag != 0 ? 1 : 0;
          ASSERT_EQ(by_filter(abi, nr, args), tag)
              << model::abi_name(abi.abi) << " call " << number << " with "
              << first << ", " << rest;
        }
      }
    }
  }
  EXPECT_GT(traced, 0);
}

TEST(Filter, LetsForeignAbisThrough) {
  seccomp_data data{};
  data.arch = AUDIT_ARCH_MIPS;
  data.nr = 2;
  EXPECT_EQ(run_filter(data), SECCOMP_RET_ALLOW);
}

CallTag native(long number, std::initializer_list<std::uint64_t> given) {
  std::uint64_t args[6] = {};
  std::copy(given.begin(), given.end(), args);
  return match_call(abi_rows()[0], static_cast<std::uint64_t>(number), args);
}

TEST(CallRules, FstatOfAnOpenFileDoesNotStop) {
  const auto stat = tag_of(model::Syscall::Newfstatat);
  const auto cwd = static_cast<std::uint64_t>(AT_FDCWD);
  EXPECT_EQ(native(SYS_newfstatat, {cwd, 0, 0, 0}), stat);
  EXPECT_EQ(native(SYS_newfstatat, {3, 0, 0, AT_SYMLINK_NOFOLLOW}), stat);
  EXPECT_EQ(native(SYS_newfstatat, {3, 0, 0, AT_EMPTY_PATH}), 0);
  EXPECT_EQ(native(SYS_newfstatat, {cwd, 0, 0, AT_EMPTY_PATH}), stat);
  // The kernel looks at 32 bits of a directory's descriptor.
  EXPECT_EQ(native(SYS_newfstatat, {0xffffff9c, 0, 0, AT_EMPTY_PATH}), stat);
}

TEST(CallRules, MemoryMaps) {
  const auto map = tag_of(model::Syscall::Mmap);
  EXPECT_EQ(native(SYS_mmap, {0, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, 3}),
            map);
  EXPECT_EQ(native(SYS_mmap, {0, 1, PROT_READ, MAP_PRIVATE, 3}), 0);
  EXPECT_EQ(native(SYS_mmap, {0, 1, PROT_EXEC, MAP_ANONYMOUS, 0}), 0);
  EXPECT_EQ(native(SYS_mmap, {0, 1, PROT_NONE, MAP_ANONYMOUS, 0}), map);
}

TEST(CallRules, Guards) {
  EXPECT_EQ(native(SYS_prctl, {PR_SET_SECCOMP}), tag_of(model::Syscall::Prctl));
  EXPECT_EQ(native(SYS_prctl, {PR_SET_NAME}), 0);
  EXPECT_EQ(native(SYS_seccomp, {SECCOMP_SET_MODE_FILTER}),
            tag_of(model::Syscall::Seccomp));
  EXPECT_EQ(native(SYS_seccomp, {SECCOMP_GET_ACTION_AVAIL}), 0);
  EXPECT_EQ(native(SYS_clone, {CLONE_UNTRACED}), kSpecialClone);
  EXPECT_EQ(native(SYS_clone, {CLONE_UNTRACED | CLONE_NEWNS}), kSpecialClone);
  EXPECT_EQ(native(SYS_clone, {CLONE_NEWNS | SIGCHLD}), kSpecialClone);
  EXPECT_EQ(native(SYS_clone, {SIGCHLD}), tag_of(model::Syscall::Clone));
  EXPECT_EQ(native(SYS_unshare, {CLONE_NEWUSER}), 0);
  EXPECT_EQ(native(SYS_unshare, {CLONE_NEWUSER | CLONE_NEWNS}), kRootChange);
  EXPECT_EQ(native(SYS_fsmount, {}), kMountMade);
  EXPECT_EQ(native(SYS_open_tree, {0, 0, OPEN_TREE_CLONE}), kMountMade);
  EXPECT_EQ(native(SYS_open_tree, {0, 0, OPEN_TREE_CLOEXEC}), 0);
  EXPECT_EQ(native(SYS_umount2, {0, MNT_DETACH}), kMountDetached);
  EXPECT_EQ(native(SYS_umount2, {0, MNT_FORCE}), 0);
  constexpr long kOpenTreeAttr = 467;
  EXPECT_EQ(native(kOpenTreeAttr, {0, 0, OPEN_TREE_CLONE}), kMountMade);
}

std::uint32_t bit(model::Verb verb) {
  return 1U << static_cast<std::uint32_t>(verb);
}

TEST(MustSee, DerivedVerbsImplyTheirCalls) {
  EXPECT_EQ(wanted_verbs(0), bit(model::Verb::Exec));
  EXPECT_EQ(wanted_verbs(bit(model::Verb::Lookup)),
            bit(model::Verb::Exec) | bit(model::Verb::Stat));
  EXPECT_EQ(wanted_verbs(bit(model::Verb::Load)), bit(model::Verb::Exec) |
                                                      bit(model::Verb::Stat) |
                                                      bit(model::Verb::Open));
}

TEST(MustSee, GuardsInEveryTrace) {
  const std::uint32_t least = wanted_verbs(0);
  EXPECT_TRUE(must_see(least, tag_of(model::Syscall::Execveat)));
  EXPECT_FALSE(must_see(least, tag_of(model::Syscall::Openat)));
  EXPECT_FALSE(must_see(least, tag_of(model::Syscall::Clone)));
  for (const CallTag guard :
       {kRootChange, kMountMade, kMountDetached, kSpecialClone,
        tag_of(model::Syscall::Clone3), tag_of(model::Syscall::Seccomp),
        tag_of(model::Syscall::Prctl), tag_of(model::Syscall::Ptrace),
        tag_of(model::Syscall::IoUringSetup)}) {
    EXPECT_TRUE(must_see(least, guard)) << guard;
  }
}

}  // namespace
}  // namespace driftcage::trace
