// SPDX-License-Identifier: Apache-2.0
//
// The kernel's own order of checks decides which cause is told when several
// hold: search permission on each directory of the way, then the file's type,
// then its mount (may_open), then its mode bits, then what is in it.
#include "harness/trace/cause.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "harness/base/path.h"
#include "harness/trace/executable.h"

namespace driftcage::trace {
namespace {

using model::Cause;
using model::Syscall;
using model::Verb;

constexpr int kMaxScripts = 5;  // interpreters of interpreters, as the kernel

bool is_exec(const Failure& failure) {
  return failure.syscall == Syscall::Execve ||
         failure.syscall == Syscall::Execveat;
}

bool is_open(const Failure& failure) {
  return model::verb_of(failure.syscall) == Verb::Open;
}

bool creates(const Failure& failure) {
  return is_open(failure) && (failure.flags & O_CREAT) != 0;
}

bool makes_directory(const Failure& failure) {
  return failure.syscall == Syscall::Mkdir ||
         failure.syscall == Syscall::Mkdirat;
}

// Whether the call follows a link that is the last component of its path.
bool follows_last(const Failure& failure) {
  switch (failure.syscall) {
    case Syscall::Lstat:
    case Syscall::Lstat64:
    case Syscall::Readlink:
    case Syscall::Readlinkat:
    case Syscall::Mkdir:
    case Syscall::Mkdirat:
      return false;
    default:
      break;
  }
  if (is_open(failure)) {
    const bool exclusive =
        (failure.flags & O_CREAT) != 0 && (failure.flags & O_EXCL) != 0;
    return (failure.flags & O_NOFOLLOW) == 0 && !exclusive;
  }
  return (failure.flags & AT_SYMLINK_NOFOLLOW) == 0;
}

// What the call wants to do with the file itself.
unsigned wanted_access(const Failure& failure) {
  switch (failure.syscall) {
    case Syscall::Access:
    case Syscall::Faccessat:
    case Syscall::Faccessat2:
      return failure.mode & 7U;
    case Syscall::Connect:
      return kWrite;
    default:
      break;
  }
  if (is_exec(failure)) return kExecute;
  if (!is_open(failure) || (failure.flags & O_PATH) != 0) return 0;
  unsigned access = (failure.flags & O_TRUNC) != 0 ? kWrite : 0U;
  switch (failure.flags & O_ACCMODE) {
    case O_RDONLY:
      return access | kRead;
    case O_WRONLY:
      return access | kWrite;
    default:
      return access | kRead | kWrite;
  }
}

std::string directory_of(const std::string& path) {
  return std::string(base::path::dir_name(path));
}

// With the mode, the owner and the caller, which decide together.
Explanation by_mode(Cause cause, const std::string& at, const Credentials* who,
                    const Owner& owner) {
  return {cause, at, who == nullptr ? std::string() : judged_by(*who, owner)};
}

Explanation from_walk(const Walk& walk) {
  if (walk.cause == Cause::None || walk.unknown) return {};
  return {walk.cause, walk.at, {}};
}

// A script's interpreter is a program again; the loader of an ELF file is
// taken as it is, its own PT_INTERP is not looked at.
enum class Role : std::uint8_t { Program, Loader };

Explanation explain_contents(Tree& tree, const Credentials* who, int err,
                             const Walk& file, const std::string& directory,
                             Role role, int depth);

Explanation explain_interpreter(Tree& tree, const Credentials* who, int err,
                                const Executable& program,
                                const std::string& directory, int depth) {
  if (program.interpreter.empty() || depth >= kMaxScripts) return {};
  const bool script = program.kind == Executable::Kind::Script;
  const std::string path = base::path::absolute(directory, program.interpreter);
  const Walk found = walk(tree, err == EACCES ? who : nullptr, path, true);
  if (found.unknown) return {};
  switch (found.cause) {
    case Cause::None:
      return explain_contents(tree, who, err, found, directory,
                              script ? Role::Program : Role::Loader, depth + 1);
    case Cause::Missing:
    case Cause::MissingDirectory:
    case Cause::Dangling:
      if (err != ENOENT) return {};
      return {script ? Cause::NoInterpreter : Cause::NoLoader,
              program.interpreter,
              {}};
    case Cause::NoSearchPermission:
      return by_mode(found.cause, found.at, who, found.node.owner);
    default:
      return from_walk(found);
  }
}

// Why a file that is there can not be executed, given the errno.
Explanation explain_contents(Tree& tree, const Credentials* who, int err,
                             const Walk& file, const std::string& directory,
                             Role role, int depth) {
  if (!S_ISREG(file.node.owner.mode)) return {};
  if (err == EACCES) {
    if (tree.mount_facts(file.at).noexec)
      return {Cause::Noexec, mount_point(tree, file.at), {}};
    if ((file.node.owner.mode & 0111) == 0)
      return by_mode(Cause::NoExecute, file.at, who, file.node.owner);
    if (who != nullptr && !may(*who, file.node.owner, kExecute))
      return by_mode(Cause::NoPermission, file.at, who, file.node.owner);
  }
  const bool about_loader = err == EIO || err == ELIBBAD;
  if (role == Role::Loader && !about_loader) return {};
  const Executable program =
      read_executable([&](std::uint64_t offset, std::size_t size) {
        return tree.read(file.at, offset, size);
      });
  const bool wrong_arch = program.kind == Executable::Kind::WrongArch;
  if (wrong_arch || program.kind == Executable::Kind::NotElf) {
    if (err != ENOEXEC && role != Role::Loader) return {};
    return {wrong_arch ? Cause::WrongArch : Cause::NotElf, file.at, {}};
  }
  if (role == Role::Loader) return {};
  return explain_interpreter(tree, who, err, program, directory, depth);
}

Explanation explain_access(Tree& tree, const Failure& failure,
                           const Asked& asked) {
  const bool real = failure.syscall == Syscall::Access ||
                    failure.syscall == Syscall::Faccessat ||
                    (failure.syscall == Syscall::Faccessat2 &&
                     (failure.flags & AT_EACCESS) == 0);
  const Credentials who = asked.credentials(real);
  const Walk found = walk(tree, &who, failure.abs, follows_last(failure));
  if (found.unknown) return {};
  if (found.cause == Cause::NoSearchPermission)
    return by_mode(found.cause, found.at, &who, found.node.owner);
  if (found.cause == Cause::None && !makes_directory(failure)) {
    if (is_exec(failure)) {
      return explain_contents(tree, &who, EACCES, found, failure.directory,
                              Role::Program, 0);
    }
    const unsigned access = wanted_access(failure);
    // access(X_OK) on a noexec mount fails as an execve would.
    if ((access & kExecute) != 0 && S_ISREG(found.node.owner.mode) &&
        tree.mount_facts(found.at).noexec) {
      return {Cause::Noexec, mount_point(tree, found.at), {}};
    }
    const mode_t type = found.node.owner.mode & S_IFMT;
    if (is_open(failure) && (type == S_IFCHR || type == S_IFBLK) &&
        tree.mount_facts(found.at).nodev) {
      return {Cause::Nodev, mount_point(tree, found.at), {}};
    }
    if (!may(who, found.node.owner, access)) {
      const bool nobody = access == kExecute &&
                          (found.node.owner.mode & 0111) == 0 &&
                          S_ISREG(found.node.owner.mode);
      return by_mode(nobody ? Cause::NoExecute : Cause::NoPermission, found.at,
                     &who, found.node.owner);
    }
    return {};
  }
  if (found.cause == Cause::Missing &&
      (makes_directory(failure) || creates(failure))) {
    // What is missing was to be made: its directory does not let us.
    const std::string above = directory_of(found.at);
    Node node;
    if (tree.stat(above, node) == 0 &&
        !may(who, node.owner, kWrite | kExecute)) {
      return by_mode(Cause::NoPermission, above, &who, node.owner);
    }
  }
  return {};
}

// ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: the way itself.
Explanation explain_way(Tree& tree, const Failure& failure) {
  const Walk found = walk(tree, nullptr, failure.abs, follows_last(failure));
  if (found.unknown) return {};
  const Cause cause = found.cause;
  switch (failure.err) {
    case ENOENT:
      if (cause == Cause::None && is_exec(failure)) {
        return explain_contents(tree, nullptr, ENOENT, found, failure.directory,
                                Role::Program, 0);
      }
      if (cause == Cause::Missing || cause == Cause::MissingDirectory ||
          cause == Cause::Dangling) {
        return from_walk(found);
      }
      return {};
    case ENOTDIR:
      if (cause == Cause::NotDirectory) return from_walk(found);
      if (cause == Cause::None && !S_ISDIR(found.node.owner.mode))
        return {Cause::NotDirectory, found.at, {}};  // O_DIRECTORY
      return {};
    case ELOOP:
      if (cause == Cause::Loop) return from_walk(found);
      if (cause == Cause::None && S_ISLNK(found.node.owner.mode))
        return {Cause::Loop, found.at, {}};  // O_NOFOLLOW
      return {};
    default:
      return cause == Cause::NameTooLong
                 ? from_walk(found)
                 : Explanation{Cause::NameTooLong, failure.abs, {}};
  }
}

Explanation explain_format(Tree& tree, const Failure& failure) {
  const Walk found = walk(tree, nullptr, failure.abs, true);
  if (found.cause != Cause::None || found.unknown) return {};
  return explain_contents(tree, nullptr, failure.err, found, failure.directory,
                          Role::Program, 0);
}

Explanation at_mount(Tree& tree, Cause cause, const Failure& failure) {
  if (!failure.abs.starts_with('/')) return {cause, {}, {}};
  Walk found = walk(tree, nullptr, failure.abs, follows_last(failure));
  Explanation why{
      cause, mount_point(tree, found.unknown ? failure.abs : found.at), {}};
  if (failure.err == EDQUOT) {
    why.note = "quota of the user or group";
  } else if (cause == Cause::Full) {
    // Space may be there and inodes not, which df(1) shows only when asked.
    const MountFacts facts = tree.mount_facts(why.at);
    if (facts.no_inodes) why.note = "no inode left";
    if (facts.no_blocks) why.note = "no block left";
  }
  return why;
}

Explanation explain_memory(const Asked& asked) {
  std::string limit = asked.memory_limit();
  if (limit.empty()) return {};
  return {Cause::Limit, std::move(limit), {}};
}

// EPERM is never about mode bits: what was asked is not for this caller, or
// not for this file, whoever asks.
Explanation explain_forbidden(Tree& tree, const Failure& failure,
                              const Asked& asked) {
  if (model::verb_of(failure.syscall) == Verb::Map) {
    if (!tree.mount_facts(failure.abs).noexec) return {};
    return {Cause::Noexec, mount_point(tree, failure.abs), {}};
  }
  const Walk found = walk(tree, nullptr, failure.abs, follows_last(failure));
  if (found.unknown) return {};
  if (found.cause == Cause::Missing &&
      (creates(failure) || makes_directory(failure))) {
    const std::string above = directory_of(found.at);
    Node node;
    if (tree.stat(above, node) == 0 && node.immutable)
      return {Cause::Immutable, above, {}};
  }
  if (found.cause != Cause::None || !is_open(failure)) return {};
  if (found.node.immutable && (wanted_access(failure) & kWrite) != 0)
    return {Cause::Immutable, found.at, {}};
  if ((failure.flags & O_NOATIME) != 0) {
    const Credentials who = asked.credentials(false);
    if (who.uid != found.node.owner.uid)
      return by_mode(Cause::NotOwner, found.at, &who, found.node.owner);
  }
  return {};
}

}  // namespace

Explanation explain(Tree& tree, const Failure& failure, const Asked& asked) {
  switch (failure.err) {
    case EMFILE:
      return {Cause::Limit, "nofile", {}};
    case ENFILE:
      return {Cause::Limit, "file-max", {}};
    case EFBIG:
      return {Cause::Limit, "fsize", {}};
    case EAGAIN:
      if (model::verb_of(failure.syscall) == Verb::Spawn || is_exec(failure)) {
        return {Cause::Limit, "nproc", {}};
      }
      return {};
    case ENOMEM:
      return explain_memory(asked);
    case ENOSPC:
    case EDQUOT:
      return at_mount(tree, Cause::Full, failure);
    default:
      break;
  }
  // Nothing to walk along: no path, or the address of a socket.
  if (!failure.abs.starts_with('/')) return {};
  switch (failure.err) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return explain_way(tree, failure);
    case EACCES:
      return explain_access(tree, failure, asked);
    case EROFS:
      return at_mount(tree, Cause::ReadOnly, failure);
    case ETXTBSY:
      return {Cause::TextBusy, failure.abs, {}};
    case ENOEXEC:
    case EIO:
    case ELIBBAD:
      return is_exec(failure) ? explain_format(tree, failure) : Explanation{};
    case EPERM:
      return explain_forbidden(tree, failure, asked);
    default:
      return {};
  }
}

}  // namespace driftcage::trace
