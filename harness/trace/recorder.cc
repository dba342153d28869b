// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/recorder.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/redact.h"
#include "harness/base/sys.h"
#include "harness/trace/maps.h"
#include "harness/trace/registers.h"
#include "harness/trace/tracee_memory.h"

namespace driftcage::trace {
namespace {

using model::Syscall;
using model::Verb;

// For open(2) the same bit is O_DSYNC.
bool may_be_empty(const model::Event& event) {
  return (event.verb == Verb::Stat || event.verb == Verb::Exec) &&
         (event.flags & AT_EMPTY_PATH) != 0;
}

bool wide_pointers(model::Abi abi) {
  return abi == model::Abi::X86_64 || abi == model::Abi::Arm64;
}

}  // namespace

void strip_deleted(std::string& link) {
  if (link.ends_with(kDeleted)) link.resize(link.size() - kDeleted.size());
}

Recorder::Recorder(const model::TraceSpec& spec, Sink& sink)
    : sink_(sink),
      explain_(spec.explain),
      redact_(spec.redact),
      identify_(spec.identify),
      mapped_(spec.mapped),
      loads_((spec.verbs >> static_cast<unsigned>(Verb::Load) & 1U) != 0),
      verbs_(wanted_verbs(spec.verbs)),
      gate_(spec) {}

std::uint64_t Recorder::now() const {
  return base::sys::monotonic_ns() - start_ns_;
}

ProcView& Recorder::proc_of(Thread& thread) {
  if (!thread.proc.is_open()) {
    thread.proc = ProcView(thread.tid);
    // What cannot be looked up now is missing in the record.
    if (!thread.proc.is_open() && (errno == EMFILE || errno == ENFILE))
      flag(model::kUnreadable);
  }
  return thread.proc;
}

memory::Source Recorder::memory_of(Thread& thread) {
  Process& process = *thread.process;
  if (!process.memory_sought) {
    process.memory_sought = true;
    process.memory.reset(
        ::openat(proc_of(thread).dir(), "mem", O_RDONLY | O_CLOEXEC));
  }
  return {thread.tid, process.memory.get()};
}

void Recorder::renew_memory(Thread& thread) {
  thread.process->memory.reset();
  thread.process->memory_sought = false;
}

void Recorder::begin(Thread& first) {
  start_ns_ = base::sys::monotonic_ns();
  ProcView& proc = proc_of(first);
  if (proc.file("status", text_)) {
    const StatusIds ids = parse_status_ids(text_);
    depth_ = ids.nested.empty() ? 0 : ids.nested.size() - 1;
  }
  // Not "/" when the cage was made with chroot(2) inside our mount namespace.
  if (proc.link("root", root_prefix_) && root_prefix_ == "/")
    root_prefix_.clear();
  tree_ = RootTree(base::UniqueFd(
      ::openat(proc.dir(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC)));
}

pid_t Recorder::inner_tid(Thread& thread) {
  if (thread.inner_tid != 0) return thread.inner_tid;
  thread.inner_tid = thread.tid;
  if (depth_ > 0 && proc_of(thread).file("status", text_)) {
    const StatusIds ids = parse_status_ids(text_);
    if (depth_ < ids.nested.size()) thread.inner_tid = ids.nested[depth_];
  }
  return thread.inner_tid;
}

void Recorder::process_started(Thread& leader) {
  Process& process = *leader.process;
  process.inner_pid = inner_tid(leader);
  sink_.process_start({.process = process.number,
                       .parent = process.parent,
                       .pid = process.inner_pid,
                       .at_ns = now()});
}

void Recorder::process_ended(const Process& process, int status) {
  sink_.process_end({.process = process.number,
                     .at_ns = now(),
                     .status = base::WaitStatus(status)});
}

bool Recorder::enter(Thread& thread, CallTag tag, const AbiRow& abi,
                     std::uint64_t number, const std::uint64_t* args) {
  thread.tag = tag;
  thread.abi = &abi;
  std::copy_n(args, thread.args.size(), thread.args.begin());
  thread.child = 0;
  thread.injected = false;
  thread.rooted = false;
  thread.path_unread = false;
  if (is_plain_guard(tag)) return true;

  constexpr std::uint64_t kSocketcall = 102;
  thread.multiplexed = abi.abi == model::Abi::I386 && number == kSocketcall;
  const Syscall call = syscall_of(tag);
  const Shape shape = shape_of(call);
  model::Event& event = thread.event;
  event.enter_ns = now();
  event.syscall = call;
  event.abi = abi.abi;
  event.path.clear();
  event.abs.clear();
  event.real.clear();
  event.cause = model::Cause::None;
  event.cause_at.clear();
  event.cause_note.clear();
  event.exec.reset();
  event.file.reset();
  event.elf.reset();
  // Registers hold 64 bits; the kernel looks at an int: 0xffffff9c is AT_FDCWD.
  event.dirfd =
      shape.dirfd < 0 ? AT_FDCWD : static_cast<std::int32_t>(args[shape.dirfd]);
  event.flags = shape.flags < 0 ? 0 : args[shape.flags] & 0xffffffffU;
  event.mode =
      shape.mode < 0 ? 0 : static_cast<std::uint32_t>(args[shape.mode]);

  const auto verb = model::verb_of(call);
  if (!verb) {
    // A guard. The caller's wish to trace can not come true: it has a tracer.
    if (call == Syscall::Ptrace) {
      constexpr std::uint64_t kTraceMe = 0, kAttach = 16, kSeize = 0x4206;
      if (args[0] == kTraceMe || args[0] == kAttach || args[0] == kSeize)
        flag(model::kNestedPtrace);
      return false;
    }
    return true;
  }
  event.verb = *verb;
  switch (call) {
    case Syscall::Creat:
      event.flags = O_CREAT | O_WRONLY | O_TRUNC;
      break;
    case Syscall::Openat2:
      read_open_how(thread);
      break;
    case Syscall::Clone:
      if ((event.flags & CLONE_UNTRACED) != 0) trace_untraced_clone(thread);
      break;
    case Syscall::Clone3:
      read_clone3(thread);
      break;
    default:
      break;
  }
  if (shape.path >= 0 && !read_path(thread, shape)) return false;
  switch (*verb) {
    case Verb::Exec:
      read_exec(thread);
      break;
    case Verb::Connect:
      read_socket_address(thread);
      break;
    case Verb::Write:
    case Verb::Map:
      resolve_descriptor(thread);
      break;
    default:
      break;
  }
  return true;
}

bool Recorder::read_path(Thread& thread, const Shape& shape) {
  model::Event& event = thread.event;
  const std::uint64_t address = thread.args[shape.path];
  // Linux 6.11 takes NULL for the empty path.
  const bool none = address == 0 && may_be_empty(event);
  // What can not be read can not be read by the kernel either: the call fails
  // with EFAULT, and leave() says so when it does not.
  thread.path_unread = !none && !memory::read_string(memory_of(thread), address,
                                                     event.path, kMaxPath);
  if (thread.path_unread) return true;
  if (!gate_.lets_stop(event.verb, event.path)) return false;
  resolve(thread);
  return true;
}

void Recorder::directory_of(Thread& thread, int dirfd, std::string& out) {
  const ProcView& proc = proc_of(thread);
  const bool known =
      dirfd == AT_FDCWD ? proc.link("cwd", out) : proc.fd_link(dirfd, out);
  if (!known || out.empty() || out.front() != '/') {
    out.clear();
    return;
  }
  if (out.ends_with(kDeleted) || detached_) {
    const auto info =
        dirfd == AT_FDCWD ? proc.stat("cwd") : proc.fd_stat(dirfd);
    if (!info) {
      out.clear();
      return;
    }
    if (info->stx_nlink == 0) strip_deleted(out);
    if (!is_placed(thread, *info, out)) {
      out.clear();
      return;
    }
  }
  out = as_seen(thread, std::move(out));
}

bool Recorder::is_placed(Thread& thread, const struct statx& file,
                         const std::string& name) {
  if (!detached_ || file.stx_nlink == 0 || !name.starts_with('/')) return true;
  // By its number; the first field of each line, see proc_pid_mountinfo(5).
  std::string mounts;
  if ((file.stx_mask & STATX_MNT_ID) == 0 ||
      !proc_of(thread).file("mountinfo", mounts)) {
    return true;
  }
  const std::string line = "\n" + std::to_string(file.stx_mnt_id) + " ";
  if (("\n" + mounts).find(line) != std::string::npos) return true;
  // Nor is the mount listed that a chroot(2) led into, or one that a descriptor
  // keeps of another namespace: there the name leads to the file.
  RootTree own;
  const std::string seen = as_seen(thread, name);
  if (seen.empty() || tree_of(thread, own).leads_to(seen, file)) return true;
  flag(model::kDetachedMount);
  return false;
}

std::string Recorder::as_seen(Thread& thread, std::string link) {
  if (!link.starts_with('/') || link.starts_with("/memfd:")) return link;
  std::string root = root_prefix_;
  if (thread.process->own_root) {
    std::string own;
    if (proc_of(thread).link("root", own)) root = own == "/" ? "" : own;
    if (!root.empty() && !base::path::is_below(link, root)) return {};
  }
  if (!root.empty() && base::path::is_below(link, root)) {
    link.erase(0, root.size());
    if (link.empty()) link = "/";
  }
  return link;
}

void Recorder::resolve(Thread& thread) {
  model::Event& event = thread.event;
  if (event.path.starts_with('/') && !thread.rooted) {
    event.abs = base::path::absolute("/", event.path);
    return;
  }
  if (event.path.empty() && !may_be_empty(event)) return;
  directory_of(thread, event.dirfd, text_);
  if (text_.empty()) return;  // a bad descriptor, or one without a name
  // openat2(2) with RESOLVE_IN_ROOT takes the directory for the root.
  std::string_view path = event.path;
  while (thread.rooted && path.starts_with('/')) path.remove_prefix(1);
  event.abs = base::path::absolute(text_, path);
}

void Recorder::resolve_descriptor(Thread& thread) {
  model::Event& event = thread.event;
  if (event.dirfd < 0) return;
  if (!proc_of(thread).fd_link(event.dirfd, event.abs)) event.abs.clear();
}

void Recorder::read_open_how(Thread& thread) {
  open_how how{};
  const std::size_t size = std::min<std::size_t>(sizeof(how), thread.args[3]);
  if (!memory::read(memory_of(thread), thread.args[2], &how, size)) return;
  thread.event.flags = how.flags;
  thread.event.mode = static_cast<std::uint32_t>(how.mode);
  thread.rooted = (how.resolve & RESOLVE_IN_ROOT) != 0;
}

void Recorder::read_clone3(Thread& thread) {
  std::uint64_t flags = 0;
  if (thread.args[1] < sizeof(flags) ||
      !memory::read(memory_of(thread), thread.args[0], &flags, sizeof(flags))) {
    return;  // the kernel will refuse it as well
  }
  thread.event.flags = flags;
  if ((flags & CLONE_UNTRACED) == 0) return;
  // An untraced child would keep the filter and have nobody to answer it: each
  // traced call would fail with ENOSYS. leave() puts the flag back.
  flags &= ~std::uint64_t{CLONE_UNTRACED};
  thread.flag_cleared =
      memory::write(memory_of(thread), thread.args[0], &flags, sizeof(flags));
  if (!thread.flag_cleared) flag(model::kCloneUntraced);
}

void Recorder::trace_untraced_clone(Thread& thread) {
  const std::uint64_t flags = thread.args[0] & ~std::uint64_t{CLONE_UNTRACED};
  if (!registers::set_first_argument(thread.tid, thread.abi->abi, flags))
    flag(model::kCloneUntraced);
}

void Recorder::read_socket_address(Thread& thread) {
  model::Event& event = thread.event;
  std::uint64_t address_at = thread.args[1];
  std::uint64_t given_size = thread.args[2] & 0xffffffffU;
  if (thread.multiplexed) {
    std::array<std::uint32_t, 3> args{};  // socketcall: they are in memory
    if (!memory::read(memory_of(thread), thread.args[1], args.data(),
                      sizeof(args)))
      return;
    event.dirfd = static_cast<std::int32_t>(args[0]);
    address_at = args[1];
    given_size = args[2];
  }
  sockaddr_storage storage{};
  const std::size_t size = std::min<std::size_t>(sizeof(storage), given_size);
  if (!memory::read(memory_of(thread), address_at, &storage, size)) return;
  char text[INET6_ADDRSTRLEN];
  if (storage.ss_family == AF_UNIX) {
    sockaddr_un address{};
    std::memcpy(&address, &storage, sizeof(address));
    constexpr std::size_t kStart = offsetof(sockaddr_un, sun_path);
    const std::size_t room = size > kStart ? size - kStart : 0;
    // A leading NUL is an abstract name, which is written with '@'.
    if (room > 0 && address.sun_path[0] == '\0') {
      event.path.assign(address.sun_path,
                        std::min(room, sizeof(address.sun_path)));
      event.path[0] = '@';
      event.abs = event.path;
      return;
    }
    event.path.assign(
        address.sun_path,
        strnlen(address.sun_path, std::min(room, sizeof(address.sun_path))));
    event.dirfd = AT_FDCWD;
    resolve(thread);
  } else if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof(address));
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
    event.path = text + (":" + std::to_string(ntohs(address.sin_port)));
    event.abs = event.path;
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &storage, sizeof(address));
    inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof(text));
    event.path = "[";
    event.path += text;
    event.path += "]:" + std::to_string(ntohs(address.sin6_port));
    event.abs = event.path;
  }
}

void Recorder::read_exec(Thread& thread) {
  const int first = syscall_of(thread.tag) == Syscall::Execveat ? 2 : 1;
  const bool wide = wide_pointers(thread.abi->abi);
  model::ExecDetail& detail = thread.event.exec.emplace();
  const auto argv = memory::read_string_array(
      memory_of(thread), thread.args[first], wide, detail.argv);
  const auto environment = memory::read_string_array(
      memory_of(thread), thread.args[first + 1], wide, thread.new_environment);
  if (argv == memory::ArrayRead::Cut || environment == memory::ArrayRead::Cut)
    flag(model::kTruncated);
  // Its memory is gone when the exec has succeeded.
  if (mapped_ && thread.process->exec_seen)
    thread.mapped = mapped_files(thread);
}

std::optional<std::vector<model::MappedFile>> Recorder::mapped_files(
    Thread& thread) {
  if (!proc_of(thread).file("maps", text_)) return std::nullopt;
  std::vector<model::MappedFile> files = parse_maps(text_);
  for (model::MappedFile& file : files) {
    // What was mapped before a chroot(2) lies outside, and keeps its name.
    std::string seen = as_seen(thread, file.path);
    if (!seen.empty()) file.path = std::move(seen);
    if (redact_) file.path = base::redact_text(file.path);
  }
  return files;
}

}  // namespace driftcage::trace
