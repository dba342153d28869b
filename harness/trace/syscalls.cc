// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/syscalls.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <array>

namespace driftcage::trace {
namespace {

using model::Syscall;
using model::Verb;

constexpr std::uint32_t bit(Verb verb) {
  return 1U << static_cast<std::uint32_t>(verb);
}

constexpr auto kShapes = [] {
  std::array<Shape, static_cast<std::size_t>(Syscall::Unknown) + 1> shapes{};
  const auto set = [&shapes](Syscall call, Shape shape) {
    shapes[static_cast<std::size_t>(call)] = shape;
  };
  set(Syscall::Open, {-1, 0, 1, 2});
  set(Syscall::Openat, {0, 1, 2, 3});
  set(Syscall::Openat2, {0, 1, -1, -1});  // flags and mode in struct open_how
  set(Syscall::Creat, {-1, 0, -1, 1});
  set(Syscall::Execve, {-1, 0, -1, -1});
  set(Syscall::Execveat, {0, 1, 4, -1});
  set(Syscall::Stat, {-1, 0, -1, -1});
  set(Syscall::Lstat, {-1, 0, -1, -1});
  set(Syscall::Newfstatat, {0, 1, 3, -1});
  set(Syscall::Statx, {0, 1, 2, -1});
  set(Syscall::Access, {-1, 0, -1, 1});
  set(Syscall::Faccessat, {0, 1, -1, 2});
  set(Syscall::Faccessat2, {0, 1, 3, 2});
  set(Syscall::Readlink, {-1, 0, -1, -1});
  set(Syscall::Readlinkat, {0, 1, -1, -1});
  set(Syscall::Mkdir, {-1, 0, -1, 1});
  set(Syscall::Mkdirat, {0, 1, -1, 2});
  set(Syscall::Clone, {-1, -1, 0, -1});
  set(Syscall::Connect, {0, -1, -1, -1});
  set(Syscall::Mmap, {4, -1, 2, -1});
  set(Syscall::Write, {0, -1, -1, -1});
  set(Syscall::Pwrite64, {0, -1, -1, -1});
  set(Syscall::Fallocate, {0, -1, 1, -1});
  set(Syscall::Ftruncate, {0, -1, -1, -1});
  set(Syscall::Stat64, {-1, 0, -1, -1});
  set(Syscall::Lstat64, {-1, 0, -1, -1});
  set(Syscall::Fstatat64, {0, 1, 3, -1});
  set(Syscall::Mmap2, {4, -1, 2, -1});
  return shapes;
}();

constexpr std::uint64_t kLow32 = 0xffffffff;

// Rules of the calls that the tracer needs whatever was asked for.
void add_guards(std::vector<CallRule>& rules) {
  // Operations 0 and 1 install a filter, the others only ask questions.
  rules.push_back({"seccomp", tag_of(Syscall::Seccomp), {{0, kLow32 - 1, 0}}});
  rules.push_back(
      {"prctl", tag_of(Syscall::Prctl), {{0, kLow32, PR_SET_SECCOMP}}});
  rules.push_back({"ptrace", tag_of(Syscall::Ptrace), {}});
  rules.push_back({"io_uring_setup", tag_of(Syscall::IoUringSetup), {}});
  rules.push_back(
      {"clone", kSpecialClone, {{0, CLONE_UNTRACED, CLONE_UNTRACED}}});
  rules.push_back({"clone",
                   kSpecialClone,
                   {{0, CLONE_UNTRACED | CLONE_NEWNS, CLONE_NEWNS}}});
  rules.push_back({"chroot", kRootChange, {}});
  rules.push_back({"pivot_root", kRootChange, {}});
  rules.push_back({"setns", kRootChange, {}});
  rules.push_back({"unshare", kRootChange, {{0, CLONE_NEWNS, CLONE_NEWNS}}});
  rules.push_back(
      {"open_tree", kMountMade, {{2, OPEN_TREE_CLONE, OPEN_TREE_CLONE}}});
  rules.push_back(
      {"open_tree_attr", kMountMade, {{2, OPEN_TREE_CLONE, OPEN_TREE_CLONE}}});
  rules.push_back({"fsmount", kMountMade, {}});
  rules.push_back({"umount2", kMountDetached, {{1, MNT_DETACH, MNT_DETACH}}});
}

void add_call(Syscall call, std::vector<CallRule>& rules) {
  const CallTag tag = tag_of(call);
  const char* name = model::syscall_name(call).data();
  switch (call) {
    case Syscall::Newfstatat:
    case Syscall::Statx:
    case Syscall::Fstatat64: {
      // fstat(3) is stat of an open file by AT_EMPTY_PATH: no path, no search.
      const auto flags = static_cast<std::uint8_t>(shape_of(call).flags);
      rules.push_back({name, tag, {{flags, AT_EMPTY_PATH, 0}}});
      rules.push_back(
          {name, tag, {{0, kLow32, static_cast<std::uint32_t>(AT_FDCWD)}}});
      return;
    }
    case Syscall::Mmap:
    case Syscall::Mmap2:
      // Code from files; and reserved address space, which is where a limit
      // on memory shows first.
      rules.push_back(
          {name, tag, {{2, PROT_EXEC, PROT_EXEC}, {3, MAP_ANONYMOUS, 0}}});
      rules.push_back({name, tag, {{2, kLow32, PROT_NONE}}});
      return;
    case Syscall::Connect:
      rules.push_back({name, tag, {}});
      // i386 has it twice: by itself and as operation 3 of socketcall(2).
      rules.push_back({"socketcall", tag, {{0, kLow32, 3}}});
      return;
    case Syscall::Clone:
      rules.push_back({name, tag, {{0, CLONE_UNTRACED | CLONE_NEWNS, 0}}});
      return;
    default:
      rules.push_back({name, tag, {}});
  }
}

}  // namespace

Shape shape_of(Syscall call) { return kShapes[static_cast<std::size_t>(call)]; }

std::uint32_t wanted_verbs(std::uint32_t verbs) {
  if ((verbs & bit(Verb::Lookup)) != 0) verbs |= bit(Verb::Stat);
  if ((verbs & bit(Verb::Load)) != 0)
    verbs |= bit(Verb::Open) | bit(Verb::Stat);
  return (verbs | bit(Verb::Exec)) & ~(bit(Verb::Lookup) | bit(Verb::Load));
}

bool must_see(std::uint32_t verbs, CallTag tag) {
  // The flags of clone3 are in memory, where a filter cannot look.
  if (tag > tag_of(Syscall::Unknown) || tag == tag_of(Syscall::Clone3))
    return true;
  const auto verb = model::verb_of(syscall_of(tag));
  return !verb || (verbs & bit(*verb)) != 0;
}

std::vector<CallRule> call_rules() {
  std::vector<CallRule> rules;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Syscall::Unknown); ++i) {
    const auto call = static_cast<Syscall>(i);
    if (model::verb_of(call)) add_call(call, rules);
  }
  add_guards(rules);
  return rules;
}

const std::vector<AbiRow>& abi_rows() {
  static const std::vector<AbiRow> rows = {
#if defined(__x86_64__)
    {model::Abi::X86_64, AUDIT_ARCH_X86_64, "x86_64", 0},
    {model::Abi::I386, AUDIT_ARCH_I386, "x86", 0},
    {model::Abi::X32, AUDIT_ARCH_X86_64, "x32", 0x40000000},
#elif defined(__aarch64__)
    {model::Abi::Arm64, AUDIT_ARCH_AARCH64, "aarch64", 0},
    {model::Abi::Arm, AUDIT_ARCH_ARM, "arm", 0},
#else
#error "this machine's calling conventions are not known to the tracer"
#endif
  };
  return rows;
}

const AbiRow* abi_of(std::uint32_t audit_arch, std::uint64_t number) {
  const AbiRow* found = nullptr;
  for (const AbiRow& row : abi_rows()) {
    if (row.audit_arch != audit_arch) continue;
    // x32 shares the architecture of x86-64 and marks its numbers.
    if ((number & row.number_bit) == row.number_bit) found = &row;
  }
  return found;
}

}  // namespace driftcage::trace
