// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/wait_status.h"

namespace driftcage::model {

// What a traced call does, one word per family. `Lookup` (a PATH search for a
// program) and `Load` (the dynamic loader's search for a shared object) are
// derived from raw calls by harness/match.
enum class Verb : std::uint8_t {
  Exec,
  Open,
  Stat,  // stat, access and their *at forms
  Readlink,
  Mkdir,
  Getcwd,
  Write,  // write and fallocate families
  Map,
  Spawn,  // fork, vfork, clone
  Connect,
  Lookup,
  Load,
};
[[nodiscard]] std::string_view verb_name(Verb verb);
[[nodiscard]] std::optional<Verb> verb_from_name(std::string_view name);

// The system calls the tracer knows, independent of the caller's ABI. The
// order is part of the wire format: append only.
enum class Syscall : std::uint8_t {
  Open,
  Openat,
  Openat2,
  Creat,
  Execve,
  Execveat,
  Stat,
  Lstat,
  Newfstatat,
  Statx,
  Access,
  Faccessat,
  Faccessat2,
  Readlink,
  Readlinkat,
  Mkdir,
  Mkdirat,
  Getcwd,
  Fork,
  Vfork,
  Clone,
  Clone3,
  Connect,
  Mmap,
  Write,
  Pwrite64,
  Fallocate,
  Ftruncate,
  Stat64,
  Lstat64,
  Fstatat64,
  Mmap2,
  Chdir,
  Fchdir,
  Chroot,
  Unlink,
  Unlinkat,
  Rmdir,
  Rename,
  Renameat,
  Renameat2,
  Link,
  Linkat,
  Symlink,
  Symlinkat,
  Chmod,
  Fchmodat,
  // Guards: traced only to set integrity flags, never reported as events.
  Seccomp,
  Prctl,
  Ptrace,
  IoUringSetup,
  Unknown,
};
[[nodiscard]] std::string_view syscall_name(Syscall call);
[[nodiscard]] std::optional<Syscall> syscall_from_name(std::string_view name);
// The verb under which a call is reported; nothing for guards.
[[nodiscard]] std::optional<Verb> verb_of(Syscall call);

// Why a call failed, found in the cage's root with the tracee's credentials.
// The order is part of the wire format: append only.
enum class Cause : std::uint8_t {
  None,                // success, or a failure that errno alone explains
  Missing,             // the last component does not exist
  MissingDirectory,    // an earlier component does not exist
  Dangling,            // a symbolic link whose target does not exist
  NotDirectory,        // an earlier component is not a directory
  NoSearchPermission,  // no x on a directory on the way
  NoPermission,        // r, w or x missing on the object itself
  NoExecute,           // file without an execute bit
  Noexec,              // mount with the noexec flag
  NoLoader,            // ELF interpreter (PT_INTERP) missing
  NoInterpreter,       // #! interpreter missing
  NotElf,              // neither ELF nor #!, or truncated
  WrongArch,           // ELF of another class or machine
  TextBusy,            // open for writing while executed, or the reverse
  ReadOnly,            // read-only file system
  Full,                // no blocks or no inodes left
  Limit,               // EMFILE, ENFILE, EAGAIN of clone: a resource limit
  Loop,                // too many symbolic links
  NameTooLong,
  Immutable,  // a file with the immutable or the append-only flag
  NotOwner,   // only the owner may: O_NOATIME
  Nodev,      // a device on a mount with the nodev flag
  Injected,   // driftcage itself answered this call
};
// "no-loader", "dangling", ...; the spelling of event lines.
[[nodiscard]] std::string_view cause_name(Cause cause);
[[nodiscard]] std::optional<Cause> cause_from_name(std::string_view name);

enum class Abi : std::uint8_t { X86_64, I386, X32, Arm64, Arm };
[[nodiscard]] std::string_view abi_name(Abi abi);

// What an execve carried. `environment` is complete until an exec of the trace
// has succeeded; afterwards it is the change against what the process had
// before, or has from its parent: "K=V" for new and changed, "K" for removed.
struct ExecDetail {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  bool environment_complete = false;
  // Successful exec: /proc/PID/exe, the program that really runs. With a #!
  // script this is the interpreter, and Event::abs the script.
  std::string exe;
  // What the kernel started for it, outermost first: the #! interpreters, as
  // written, then the ELF interpreter. Empty for a static program.
  std::vector<std::string> interpreters;
  // With TraceSpec::mapped: the last of them, links followed.
  std::string loader;
  bool operator==(const ExecDetail&) const = default;
};

// The file behind a descriptor, as the kernel knows it.
struct FileId {
  std::uint64_t device = 0;  // makedev(3)
  std::uint64_t inode = 0;
  bool deleted = false;  // no name is left
  bool operator==(const FileId&) const = default;
};

// What the dynamic loader makes of a file. The order is part of the wire
// format: append only.
enum class ElfKind : std::uint8_t {
  Object,     // a shared object, or a program with an ELF interpreter
  Static,     // a program without one: nothing loads for it
  Loader,     // the loader itself, executed as a program
  NotElf,     // opened as a shared object and refused: no ELF file, or cut off
  WrongArch,  // refused for its class or machine; the loader looks further
};

// Where an ELF file wants its shared objects to be looked for, see ld.so(8);
// $ORIGIN is replaced. A file with a RUNPATH has its RPATH ignored.
struct ElfSearch {
  std::string rpath;
  std::string runpath;
  std::vector<std::string> needed = {};  // DT_NEEDED, in order
  ElfKind kind = ElfKind::Object;
  bool operator==(const ElfSearch&) const = default;
};

// One traced call, atomic: entry and result together.
struct Event {
  std::uint64_t seq = 0;         // position in the trace, from 1
  std::uint32_t process = 0;     // ProcessStart::process, dense, from 1
  std::uint32_t generation = 0;  // successful execs of the process before it
  std::int32_t tid = 0;          // as the cage's pid namespace shows it
  Verb verb = Verb::Open;
  Syscall syscall = Syscall::Unknown;
  Abi abi = Abi::X86_64;
  std::uint64_t enter_ns = 0;  // since the payload's start
  std::uint64_t exit_ns = 0;
  std::int64_t result = 0;    // what the call returned; -1 on failure
  int err = 0;                // errno, 0 on success
  std::int32_t dirfd = -100;  // AT_FDCWD
  std::uint64_t flags = 0;    // open flags, at-flags, clone flags, mmap prot
  std::uint32_t mode = 0;
  std::string path;  // bytes as the tracee passed them
  std::string abs;   // absolute in the cage's root, by cwd or dirfd
  std::string real;  // success: what the kernel really opened; else empty
  Cause cause = Cause::None;
  std::string cause_at;  // the component, target or interpreter it is about
  // What the cause was judged by: "mode 0700, owner 0:0, caller 1000:1000".
  std::string cause_note;
  std::optional<ExecDetail> exec;
  std::optional<FileId> file;    // a successful open, when asked for
  std::optional<ElfSearch> elf;  // of a program, or a file opened as a library
  // Of a derived load: by which rule each directory of `cause_at` was tried,
  // joined by ':' too ("LD_LIBRARY_PATH", "RUNPATH", "ld.so.cache", ...).
  std::string origins;

  [[nodiscard]] bool ok() const { return err == 0; }
  bool operator==(const Event&) const = default;
};

struct ProcessStart {
  std::uint32_t process = 0;
  std::uint32_t parent = 0;  // 0 for the payload's first process
  std::int32_t pid = 0;      // in the cage's pid namespace
  std::uint64_t at_ns = 0;
  bool operator==(const ProcessStart&) const = default;
};

struct ProcessEnd {
  std::uint32_t process = 0;
  std::uint64_t at_ns = 0;
  base::WaitStatus status;
  bool operator==(const ProcessEnd&) const = default;
};

// A file that a program had mapped when it ended or was replaced, taken from
// /proc/PID/maps; `rights` has the bit 1 << P for each P, made of PROT_READ,
// PROT_WRITE and PROT_EXEC, that a part of it is mapped with.
struct MappedFile {
  std::string path;
  FileId file;
  std::uint32_t rights = 0;
  bool operator==(const MappedFile&) const = default;
};

struct Mapped {
  std::uint32_t process = 0;
  std::uint32_t generation = 0;
  std::uint64_t at_ns = 0;
  std::vector<MappedFile> files;
  bool operator==(const Mapped&) const = default;
};

// Ways in which the kernel can hide calls from the tracer (reference: the
// seccomp(2) action precedence, io_uring(7), clone(2) CLONE_UNTRACED).
enum Integrity : std::uint32_t {
  kComplete = 0,
  kNestedFilter = 1u << 0,   // the tracee installed its own seccomp filter
  kIoUring = 1u << 1,        // io_uring_setup succeeded
  kCloneUntraced = 1u << 2,  // CLONE_UNTRACED seen
  kNestedPtrace = 1u << 3,   // the tracee wanted to trace
  kForeignAbi = 1u << 4,     // a call by an ABI that was not decoded
  kUnreadable = 1u << 5,     // a path argument could not be read
  kTruncated = 1u << 6,      // events were lost or cut off
  kDetachedMount = 1u << 7,  // a mount was made that has no place
};
// "nested-filter, io-uring"; "complete" for 0.
[[nodiscard]] std::string integrity_text(std::uint32_t flags);

}  // namespace driftcage::model
