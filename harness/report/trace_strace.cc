// SPDX-License-Identifier: Apache-2.0
//
// As `strace -f -o FILE` writes it, so that what people wrote for strace reads
// it: "PID call(arguments) = result". Structures that a call fills in are not
// recorded: they stand as {...}, as strace -e abbrev would have them.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "harness/base/result.h"
#include "harness/report/trace_view.h"

namespace driftcage::report {
namespace {

using model::Syscall;

std::string quoted(std::string_view bytes) {
  std::string text = "\"";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    switch (byte) {
      case '\n':
        text += "\\n";
        break;
      case '\t':
        text += "\\t";
        break;
      case '\r':
        text += "\\r";
        break;
      case '"':
      case '\\':
        text += '\\';
        text += bytes[i];
        break;
      default:
        if (byte >= 0x20 && byte < 0x7f) {
          text += bytes[i];
        } else {
          // Octal, at full length where a digit follows, as strace does.
          const bool digit = i + 1 < bytes.size() && bytes[i + 1] >= '0' &&
                             bytes[i + 1] <= '9';
          text += digit ? fmt::format("\\{:03o}", byte)
                        : fmt::format("\\{:o}", byte);
        }
    }
  }
  return text + '"';
}

using Names = std::initializer_list<std::pair<std::uint64_t, const char*>>;

// "A|B|0x10"; `none` when no bit is set.
std::string bits(std::uint64_t value, const Names& names, const char* none) {
  std::string text;
  for (const auto& [bit, name] : names) {
    if (bit == 0 || (value & bit) != bit) continue;
    value &= ~bit;
    if (!text.empty()) text += '|';
    text += name;
  }
  if (value != 0)
    text += fmt::format("{}{:#x}", text.empty() ? "" : "|", value);
  return text.empty() ? none : text;
}

std::string open_flags(std::uint64_t flags) {
  static constexpr const char* kAccess[] = {"O_RDONLY", "O_WRONLY", "O_RDWR",
                                            "O_ACCMODE"};
  const std::string more =
      bits(flags & ~std::uint64_t{O_ACCMODE} & ~std::uint64_t{0100000},
           {{O_CREAT, "O_CREAT"},
            {O_EXCL, "O_EXCL"},
            {O_NOCTTY, "O_NOCTTY"},
            {O_TRUNC, "O_TRUNC"},
            {O_APPEND, "O_APPEND"},
            {O_NONBLOCK, "O_NONBLOCK"},
            {__O_TMPFILE & ~O_DIRECTORY, "__O_TMPFILE"},
            {O_SYNC, "O_SYNC"},
            {O_DSYNC, "O_DSYNC"},
            {O_DIRECT, "O_DIRECT"},
            {O_NOFOLLOW, "O_NOFOLLOW"},
            {O_DIRECTORY, "O_DIRECTORY"},
            {O_NOATIME, "O_NOATIME"},
            {O_CLOEXEC, "O_CLOEXEC"},
            {O_PATH, "O_PATH"}},
           "");
  return kAccess[flags & O_ACCMODE] + (more.empty() ? "" : "|" + more);
}

std::string at_flags(std::uint64_t flags) {
  return bits(flags,
              {{AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"},
               {AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT"},
               {AT_EMPTY_PATH, "AT_EMPTY_PATH"},
               {0x2000, "AT_STATX_FORCE_SYNC"},
               {0x4000, "AT_STATX_DONT_SYNC"}},
              "0");
}

std::string access_flags(std::uint64_t flags) {
  return bits(flags,
              {{AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"},
               {AT_EACCESS, "AT_EACCESS"},
               {AT_EMPTY_PATH, "AT_EMPTY_PATH"}},
              "0");
}

std::string access_mode(std::uint32_t mode) {
  return bits(mode, {{R_OK, "R_OK"}, {W_OK, "W_OK"}, {X_OK, "X_OK"}}, "F_OK");
}

std::string mode_text(std::uint32_t mode) {
  return mode == 0 ? "000" : fmt::format("{:#o}", mode);
}

std::string clone_flags(std::uint64_t flags) {
  std::string text = bits(flags & ~std::uint64_t{0xff},
                          {{CLONE_VM, "CLONE_VM"},
                           {CLONE_FS, "CLONE_FS"},
                           {CLONE_FILES, "CLONE_FILES"},
                           {CLONE_SIGHAND, "CLONE_SIGHAND"},
                           {CLONE_PIDFD, "CLONE_PIDFD"},
                           {CLONE_PTRACE, "CLONE_PTRACE"},
                           {CLONE_VFORK, "CLONE_VFORK"},
                           {CLONE_PARENT, "CLONE_PARENT"},
                           {CLONE_THREAD, "CLONE_THREAD"},
                           {CLONE_NEWNS, "CLONE_NEWNS"},
                           {CLONE_SYSVSEM, "CLONE_SYSVSEM"},
                           {CLONE_SETTLS, "CLONE_SETTLS"},
                           {CLONE_PARENT_SETTID, "CLONE_PARENT_SETTID"},
                           {CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID"},
                           {CLONE_UNTRACED, "CLONE_UNTRACED"},
                           {CLONE_CHILD_SETTID, "CLONE_CHILD_SETTID"},
                           {CLONE_NEWUSER, "CLONE_NEWUSER"},
                           {CLONE_NEWPID, "CLONE_NEWPID"},
                           {CLONE_NEWNET, "CLONE_NEWNET"}},
                          "");
  const auto signal = static_cast<int>(flags & 0xff);
  if (signal != 0) {
    if (!text.empty()) text += '|';
    text += base::signal_name(signal);
  }
  return text.empty() ? "0" : text;
}

std::string dirfd_text(std::int32_t dirfd) {
  return dirfd == AT_FDCWD ? "AT_FDCWD" : std::to_string(dirfd);
}

std::string list_text(const std::vector<std::string>& words) {
  std::string text = "[";
  for (const std::string& word : words) {
    if (text.size() > 1) text += ", ";
    text += quoted(word);
  }
  return text + "]";
}

std::string exec_arguments(const model::Event& event) {
  const std::size_t n = event.exec ? event.exec->environment.size() : 0;
  return quoted(event.path) + ", " +
         list_text(event.exec ? event.exec->argv : std::vector<std::string>()) +
         fmt::format(", [/* {} vars */]", n);
}

std::string arguments(const model::Event& event) {
  const std::string path = quoted(event.path);
  const std::string dirfd = dirfd_text(event.dirfd) + ", ";
  const bool creates = (event.flags & (O_CREAT | __O_TMPFILE)) != 0;
  const std::string mode = creates ? ", " + mode_text(event.mode) : "";
  switch (event.syscall) {
    case Syscall::Open:
      return path + ", " + open_flags(event.flags) + mode;
    case Syscall::Openat:
      return dirfd + path + ", " + open_flags(event.flags) + mode;
    case Syscall::Openat2:
      return dirfd + path + ", {flags=" + open_flags(event.flags) +
             (creates ? ", mode=" + mode_text(event.mode) : "") + ", ...}, 24";
    case Syscall::Creat:
    case Syscall::Mkdir:
      return path + ", " + mode_text(event.mode);
    case Syscall::Mkdirat:
      return dirfd + path + ", " + mode_text(event.mode);
    case Syscall::Execve:
      return exec_arguments(event);
    case Syscall::Execveat:
      return dirfd + exec_arguments(event) + ", " + at_flags(event.flags);
    case Syscall::Stat:
    case Syscall::Lstat:
    case Syscall::Stat64:
    case Syscall::Lstat64:
      return path + ", {...}";
    case Syscall::Newfstatat:
    case Syscall::Fstatat64:
      return dirfd + path + ", {...}, " + at_flags(event.flags);
    case Syscall::Statx:
      return dirfd + path + ", " + at_flags(event.flags) + ", ..., {...}";
    case Syscall::Access:
      return path + ", " + access_mode(event.mode);
    case Syscall::Faccessat:
      return dirfd + path + ", " + access_mode(event.mode);
    case Syscall::Faccessat2:
      return dirfd + path + ", " + access_mode(event.mode) + ", " +
             access_flags(event.flags);
    case Syscall::Readlink:
      return path + ", ..., ...";
    case Syscall::Readlinkat:
      return dirfd + path + ", ..., ...";
    case Syscall::Getcwd:
      return (event.ok() ? path : std::string("...")) + ", ...";
    case Syscall::Clone:
      return "child_stack=..., flags=" + clone_flags(event.flags);
    case Syscall::Clone3:
      return "{flags=" + clone_flags(event.flags) + ", ...}, 88";
    case Syscall::Connect:
      return std::to_string(event.dirfd) + ", {" + path + "}, ...";
    case Syscall::Mmap:
    case Syscall::Mmap2:
      return "..., ..., " +
             bits(event.flags,
                  {{PROT_READ, "PROT_READ"},
                   {PROT_WRITE, "PROT_WRITE"},
                   {PROT_EXEC, "PROT_EXEC"}},
                  "PROT_NONE") +
             ", ..., " + std::to_string(event.dirfd) + ", ...";
    case Syscall::Write:
    case Syscall::Pwrite64:
    case Syscall::Fallocate:
    case Syscall::Ftruncate:
      return std::to_string(event.dirfd) + ", ...";
    default:
      return event.path.empty() ? "" : path;
  }
}

// The kernel's own codes for calls that it restarts have no name in errno.h.
std::string result(const model::Event& event) {
  if (event.ok()) return std::to_string(event.result);
  constexpr int kFirstRestart = 512;
  switch (event.err) {
    case kFirstRestart:
      return "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
    case kFirstRestart + 1:
      return "? ERESTARTNOINTR (To be restarted)";
    case kFirstRestart + 2:
      return "? ERESTARTNOHAND (To be restarted if no handler)";
    case kFirstRestart + 4:
      return "? ERESTART_RESTARTBLOCK (Interrupted by signal)";
    default:
      return fmt::format("-1 {} ({})", base::errno_name(event.err),
                         strerrordesc_np(event.err) == nullptr
                             ? "?"
                             : strerrordesc_np(event.err));
  }
}

class StraceView : public TraceView {
 public:
  StraceView(const TraceContext& context, const WriteLine& write)
      : context_(context), write_(write) {}

  void hello(const wire::Hello&) override {}
  void start(const model::ProcessStart&) override {}
  void mapped(const model::Mapped&) override {}
  void end(const wire::End&) override {}

  void event(const model::Event& event) override {
    // Searches are driftcage's own; their calls stand here one by one.
    if (match::is_derived(event.verb)) return;
    write_(fmt::format("{:<5} {}({}) = {}\n", event.tid,
                       model::syscall_name(event.syscall), arguments(event),
                       result(event)));
  }

  void exit(const model::ProcessEnd& end) override {
    const std::int32_t pid = context_.table.pid(end.process);
    if (const auto signal = end.status.signal()) {
      write_(fmt::format("{:<5} +++ killed by {} +++\n", pid,
                         base::signal_name(*signal)));
    } else {
      write_(fmt::format("{:<5} +++ exited with {} +++\n", pid,
                         end.status.exit_code().value_or(0)));
    }
  }

 private:
  const TraceContext& context_;
  const WriteLine& write_;
};

}  // namespace

std::unique_ptr<TraceView> make_strace_view(const TraceContext& context,
                                            const WriteLine& write) {
  return std::make_unique<StraceView>(context, write);
}

}  // namespace driftcage::report
