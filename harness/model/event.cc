// SPDX-License-Identifier: Apache-2.0
#include "harness/model/event.h"

#include <array>
#include <iterator>
#include <utility>

namespace driftcage::model {
namespace {

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

template <class Enum, std::size_t N>
std::string_view name_in(const Names<Enum, N>& names, Enum value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "unknown";
}

template <class Enum, std::size_t N>
std::optional<Enum> value_in(const Names<Enum, N>& names,
                             std::string_view name) {
  for (const auto& [value, known] : names) {
    if (known == name) return value;
  }
  return std::nullopt;
}

constexpr Names<Verb, 12> kVerbs{{
    {Verb::Exec, "exec"},
    {Verb::Open, "open"},
    {Verb::Stat, "stat"},
    {Verb::Readlink, "readlink"},
    {Verb::Mkdir, "mkdir"},
    {Verb::Getcwd, "getcwd"},
    {Verb::Write, "write"},
    {Verb::Map, "map"},
    {Verb::Spawn, "spawn"},
    {Verb::Connect, "connect"},
    {Verb::Lookup, "lookup"},
    {Verb::Load, "load"},
}};

struct CallRow {
  Syscall call;
  std::string_view name;
  std::optional<Verb> verb;
};

constexpr CallRow kCalls[] = {
    {Syscall::Open, "open", Verb::Open},
    {Syscall::Openat, "openat", Verb::Open},
    {Syscall::Openat2, "openat2", Verb::Open},
    {Syscall::Creat, "creat", Verb::Open},
    {Syscall::Execve, "execve", Verb::Exec},
    {Syscall::Execveat, "execveat", Verb::Exec},
    {Syscall::Stat, "stat", Verb::Stat},
    {Syscall::Lstat, "lstat", Verb::Stat},
    {Syscall::Newfstatat, "newfstatat", Verb::Stat},
    {Syscall::Statx, "statx", Verb::Stat},
    {Syscall::Access, "access", Verb::Stat},
    {Syscall::Faccessat, "faccessat", Verb::Stat},
    {Syscall::Faccessat2, "faccessat2", Verb::Stat},
    {Syscall::Readlink, "readlink", Verb::Readlink},
    {Syscall::Readlinkat, "readlinkat", Verb::Readlink},
    {Syscall::Mkdir, "mkdir", Verb::Mkdir},
    {Syscall::Mkdirat, "mkdirat", Verb::Mkdir},
    {Syscall::Getcwd, "getcwd", Verb::Getcwd},
    {Syscall::Fork, "fork", Verb::Spawn},
    {Syscall::Vfork, "vfork", Verb::Spawn},
    {Syscall::Clone, "clone", Verb::Spawn},
    {Syscall::Clone3, "clone3", Verb::Spawn},
    {Syscall::Connect, "connect", Verb::Connect},
    {Syscall::Mmap, "mmap", Verb::Map},
    {Syscall::Write, "write", Verb::Write},
    {Syscall::Pwrite64, "pwrite64", Verb::Write},
    {Syscall::Fallocate, "fallocate", Verb::Write},
    {Syscall::Ftruncate, "ftruncate", Verb::Write},
    {Syscall::Stat64, "stat64", Verb::Stat},
    {Syscall::Lstat64, "lstat64", Verb::Stat},
    {Syscall::Fstatat64, "fstatat64", Verb::Stat},
    {Syscall::Mmap2, "mmap2", Verb::Map},
    {Syscall::Chdir, "chdir", std::nullopt},
    {Syscall::Fchdir, "fchdir", std::nullopt},
    {Syscall::Chroot, "chroot", std::nullopt},
    {Syscall::Unlink, "unlink", std::nullopt},
    {Syscall::Unlinkat, "unlinkat", std::nullopt},
    {Syscall::Rmdir, "rmdir", std::nullopt},
    {Syscall::Rename, "rename", std::nullopt},
    {Syscall::Renameat, "renameat", std::nullopt},
    {Syscall::Renameat2, "renameat2", std::nullopt},
    {Syscall::Link, "link", std::nullopt},
    {Syscall::Linkat, "linkat", std::nullopt},
    {Syscall::Symlink, "symlink", std::nullopt},
    {Syscall::Symlinkat, "symlinkat", std::nullopt},
    {Syscall::Chmod, "chmod", std::nullopt},
    {Syscall::Fchmodat, "fchmodat", std::nullopt},
    {Syscall::Seccomp, "seccomp", std::nullopt},
    {Syscall::Prctl, "prctl", std::nullopt},
    {Syscall::Ptrace, "ptrace", std::nullopt},
    {Syscall::IoUringSetup, "io_uring_setup", std::nullopt},
    {Syscall::Unknown, "unknown", std::nullopt},
};

// The table is indexed by the enumeration: both must keep the same order.
static_assert([] {
  std::size_t index = 0;
  for (const CallRow& row : kCalls) {
    if (static_cast<std::size_t>(row.call) != index++) return false;
  }
  return index == static_cast<std::size_t>(Syscall::Unknown) + 1;
}());

constexpr Names<Cause, 23> kCauses{{
    {Cause::None, "none"},
    {Cause::Missing, "missing"},
    {Cause::MissingDirectory, "missing-directory"},
    {Cause::Dangling, "dangling"},
    {Cause::NotDirectory, "not-directory"},
    {Cause::NoSearchPermission, "no-search-permission"},
    {Cause::NoPermission, "no-permission"},
    {Cause::NoExecute, "no-execute"},
    {Cause::Noexec, "noexec"},
    {Cause::NoLoader, "no-loader"},
    {Cause::NoInterpreter, "no-interpreter"},
    {Cause::NotElf, "not-elf"},
    {Cause::WrongArch, "wrong-arch"},
    {Cause::TextBusy, "text-busy"},
    {Cause::ReadOnly, "read-only"},
    {Cause::Full, "full"},
    {Cause::Limit, "limit"},
    {Cause::Loop, "loop"},
    {Cause::NameTooLong, "name-too-long"},
    {Cause::Immutable, "immutable"},
    {Cause::NotOwner, "not-owner"},
    {Cause::Nodev, "nodev"},
    {Cause::Injected, "injected"},
}};

constexpr Names<Abi, 5> kAbis{{
    {Abi::X86_64, "x86_64"},
    {Abi::I386, "i386"},
    {Abi::X32, "x32"},
    {Abi::Arm64, "arm64"},
    {Abi::Arm, "arm"},
}};

constexpr Names<std::uint32_t, 8> kIntegrity{{
    {kNestedFilter, "nested-filter"},
    {kIoUring, "io-uring"},
    {kCloneUntraced, "clone-untraced"},
    {kNestedPtrace, "nested-ptrace"},
    {kForeignAbi, "foreign-abi"},
    {kUnreadable, "unreadable"},
    {kTruncated, "truncated"},
    {kDetachedMount, "detached-mount"},
}};

}  // namespace

std::string_view verb_name(Verb verb) { return name_in(kVerbs, verb); }

std::optional<Verb> verb_from_name(std::string_view name) {
  return value_in(kVerbs, name);
}

std::string_view syscall_name(Syscall call) {
  const auto index = static_cast<std::size_t>(call);
  return index < std::size(kCalls) ? kCalls[index].name : "unknown";
}

std::optional<Syscall> syscall_from_name(std::string_view name) {
  for (const CallRow& row : kCalls) {
    if (row.name == name) return row.call;
  }
  return std::nullopt;
}

std::optional<Verb> verb_of(Syscall call) {
  const auto index = static_cast<std::size_t>(call);
  return index < std::size(kCalls) ? kCalls[index].verb : std::nullopt;
}

std::string_view cause_name(Cause cause) { return name_in(kCauses, cause); }

std::optional<Cause> cause_from_name(std::string_view name) {
  return value_in(kCauses, name);
}

std::string_view abi_name(Abi abi) { return name_in(kAbis, abi); }

std::string integrity_text(std::uint32_t flags) {
  if (flags == kComplete) return "complete";
  std::string text;
  for (const auto& [flag, name] : kIntegrity) {
    if ((flags & flag) == 0) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace driftcage::model
