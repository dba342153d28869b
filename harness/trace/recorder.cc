// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/recorder.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/trace/cause.h"
#include "harness/trace/registers.h"
#include "harness/trace/tracee_memory.h"

namespace driftcage::trace {
namespace {

using model::Syscall;
using model::Verb;

constexpr std::size_t kMaxPath = PATH_MAX;  // with its NUL, as the kernel's

// The kernel marks the links of unlinked files; such a name is no longer one.
void strip_deleted(std::string& link) {
  constexpr std::string_view kMark = " (deleted)";
  if (link.ends_with(kMark)) link.resize(link.size() - kMark.size());
}

bool wide_pointers(model::Abi abi) {
  return abi == model::Abi::X86_64 || abi == model::Abi::Arm64;
}

}  // namespace

Recorder::Recorder(const model::TraceSpec& spec, Sink& sink)
    : sink_(sink), explain_(spec.explain), verbs_(wanted_verbs(spec.verbs)) {}

std::uint64_t Recorder::now() const {
  return base::sys::monotonic_ns() - start_ns_;
}

ProcView& Recorder::proc_of(Thread& thread) {
  if (!thread.proc.is_open()) thread.proc = ProcView(thread.tid);
  return thread.proc;
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
  if (tag == kRootChange) return true;

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
  event.exec.reset();
  // Registers hold 64 bits; the kernel looks at an int: 0xffffff9c is AT_FDCWD.
  event.dirfd =
      shape.dirfd < 0 ? AT_FDCWD : static_cast<std::int32_t>(args[shape.dirfd]);
  event.flags = shape.flags < 0 ? 0 : args[shape.flags] & 0xffffffffU;
  event.mode =
      shape.mode < 0 ? 0 : static_cast<std::uint32_t>(args[shape.mode]);

  thread.child = 0;
  thread.rooted = false;
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
      if (tag == kUntracedClone) trace_untraced_clone(thread);
      break;
    case Syscall::Clone3:
      read_clone3(thread);
      break;
    default:
      break;
  }
  if (shape.path >= 0) read_path(thread, shape);
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

void Recorder::read_path(Thread& thread, const Shape& shape) {
  model::Event& event = thread.event;
  if (memory::read_string(thread.tid, thread.args[shape.path], event.path,
                          kMaxPath)) {
    resolve(thread);
  }
  // What can not be read can not be read by the kernel either: the call fails
  // with EFAULT, and leave() says so when it does not.
}

void Recorder::directory_of(Thread& thread, int dirfd, std::string& out) {
  const ProcView& proc = proc_of(thread);
  const bool known =
      dirfd == AT_FDCWD ? proc.link("cwd", out) : proc.fd_link(dirfd, out);
  if (!known || out.empty() || out.front() != '/') {
    out.clear();
    return;
  }
  strip_deleted(out);
  out = in_cage(std::move(out));
}

std::string Recorder::in_cage(std::string link) const {
  if (!root_prefix_.empty() && base::path::is_below(link, root_prefix_)) {
    link.erase(0, root_prefix_.size());
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
  if (event.path.empty() && (event.flags & AT_EMPTY_PATH) == 0) return;
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
  if (!memory::read(thread.tid, thread.args[2], &how, size)) return;
  thread.event.flags = how.flags;
  thread.event.mode = static_cast<std::uint32_t>(how.mode);
  thread.rooted = (how.resolve & RESOLVE_IN_ROOT) != 0;
}

void Recorder::read_clone3(Thread& thread) {
  std::uint64_t flags = 0;
  if (thread.args[1] < sizeof(flags) ||
      !memory::read(thread.tid, thread.args[0], &flags, sizeof(flags))) {
    return;  // the kernel will refuse it as well
  }
  thread.event.flags = flags;
  if ((flags & CLONE_UNTRACED) == 0) return;
  // An untraced child would keep the filter and have nobody to answer it: each
  // traced call would fail with ENOSYS. leave() puts the flag back.
  flags &= ~std::uint64_t{CLONE_UNTRACED};
  thread.flag_cleared =
      memory::write(thread.tid, thread.args[0], &flags, sizeof(flags));
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
    if (!memory::read(thread.tid, thread.args[1], args.data(), sizeof(args)))
      return;
    event.dirfd = static_cast<std::int32_t>(args[0]);
    address_at = args[1];
    given_size = args[2];
  }
  sockaddr_storage storage{};
  const std::size_t size = std::min<std::size_t>(sizeof(storage), given_size);
  if (!memory::read(thread.tid, address_at, &storage, size)) return;
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
  const auto argv = memory::read_string_array(thread.tid, thread.args[first],
                                              wide, detail.argv);
  const auto environment = memory::read_string_array(
      thread.tid, thread.args[first + 1], wide, thread.new_environment);
  if (argv == memory::ArrayRead::Cut || environment == memory::ArrayRead::Cut)
    flag(model::kTruncated);
}

void Recorder::finish_exec_environment(Thread& thread, bool succeeded) {
  Process& process = *thread.process;
  model::ExecDetail& detail = *thread.event.exec;
  const bool complete =
      process.environment == nullptr || (succeeded && !process.exec_seen);
  detail.environment_complete = complete;
  if (!complete) {
    detail.environment =
        environment_change(*process.environment, thread.new_environment);
  } else {
    detail.environment = thread.new_environment;
  }
  if (succeeded) {
    process.environment =
        std::make_shared<const Environment>(std::move(thread.new_environment));
    process.exec_seen = true;
  }
  thread.new_environment.clear();
}

void Recorder::executed(Thread& thread) {
  // The old tid's directory went with the old thread of a non-leader's exec.
  thread.proc = ProcView(thread.tid);
  thread.inner_tid = thread.process->inner_pid;
  model::Event& event = thread.event;
  if (!event.exec) return;
  // The kernel's own copies: no other thread can have changed them since. With
  // a #! script its argv is the interpreter's, so the caller's is kept then.
  bool script = false;
  if (thread.proc.file("cmdline", text_)) {
    auto argv = split_zero(text_);
    script = argv.size() > event.exec->argv.size() &&
             !(event.exec->argv.empty() && argv.size() == 1);
    if (argv.size() == event.exec->argv.size())
      event.exec->argv = std::move(argv);
  }
  if (thread.proc.file("environ", text_))
    thread.new_environment = split_zero(text_);
  if (thread.proc.link("exe", event.exec->exe))
    event.exec->exe = in_cage(std::move(event.exec->exe));
  if (!script)
    event.real = event.exec->exe;
  else if (!thread.process->own_root)
    event.real = in_cage(tree_.real_path(event.abs));
  finish_exec_environment(thread, true);
  event.exit_ns = now();
  event.result = 0;
  event.err = 0;
  emit(thread);
  ++thread.process->generation;
  thread.state = ThreadState::Running;
}

void Recorder::finish_success(Thread& thread) {
  model::Event& event = thread.event;
  switch (event.verb) {
    case Verb::Open:
      if (explain_ &&
          proc_of(thread).fd_link(static_cast<int>(event.result), event.real)) {
        event.real = in_cage(std::move(event.real));
      }
      break;
    case Verb::Getcwd:
      if (memory::read_string(thread.tid, thread.args[0], event.path, kMaxPath))
        event.abs = event.path;
      else
        flag(model::kUnreadable);
      break;
    default:
      break;
  }
}

void Recorder::explain_failure(Thread& thread) {
  model::Event& event = thread.event;
  // Most failures of a healthy run are searches: one look tells.
  if (event.err == ENOENT && !thread.process->own_root && tree_.is_open() &&
      event.abs.starts_with('/') && !event.abs.starts_with("/proc/") &&
      tree_.is_plainly_missing(event.abs)) {
    event.cause = model::Cause::Missing;
    event.cause_at = event.abs;
    return;
  }
  if (!thread.process->own_root) {
    explain_slowly(thread, tree_);
    return;
  }
  RootTree tree(base::UniqueFd(::openat(proc_of(thread).dir(), "root",
                                        O_PATH | O_DIRECTORY | O_CLOEXEC)));
  explain_slowly(thread, tree);
}

void Recorder::explain_slowly(Thread& thread, RootTree& tree) {
  if (!tree.is_open()) return;
  model::Event& event = thread.event;
  tree.set_self(thread.process->inner_pid, inner_tid(thread));
  Failure failure{.syscall = event.syscall,
                  .err = event.err,
                  .abs = event.abs,
                  .directory = {},
                  .flags = event.flags,
                  .mode = event.mode};
  if (event.exec) directory_of(thread, AT_FDCWD, failure.directory);
  Asked asked;
  asked.credentials = [this, &thread](bool real) {
    std::string uid_map;
    std::string gid_map;
    const ProcView& proc = proc_of(thread);
    if (!proc.file("status", text_) || !proc.file("uid_map", uid_map) ||
        !proc.file("gid_map", gid_map)) {
      return Credentials{};
    }
    return parse_credentials(text_, uid_map, gid_map, real);
  };
  asked.memory_limit = [&thread]() -> std::string {
    rlimit limit{};
    if (prlimit(thread.tid, RLIMIT_AS, nullptr, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY) {
      return "as";
    }
    if (prlimit(thread.tid, RLIMIT_DATA, nullptr, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY) {
      return "data";
    }
    return {};
  };
  Explanation why = explain(tree, failure, asked);
  event.cause = why.cause;
  event.cause_at = std::move(why.at);
}

void Recorder::guard_result(const Thread& thread, bool is_error) {
  if (thread.tag == kRootChange) {
    if (!is_error) thread.process->own_root = true;
    return;
  }
  if (is_error) return;
  switch (syscall_of(thread.tag)) {
    case Syscall::Seccomp:
    case Syscall::Prctl:
      flag(model::kNestedFilter);
      break;
    case Syscall::IoUringSetup:
      flag(model::kIoUring);
      break;
    default:
      break;
  }
}

void Recorder::leave(Thread& thread, std::int64_t value, bool is_error) {
  if (thread.tag == kRootChange || !model::verb_of(syscall_of(thread.tag))) {
    guard_result(thread, is_error);
    return;
  }
  model::Event& event = thread.event;
  if (thread.flag_cleared) {
    thread.flag_cleared = false;
    if (!memory::write(thread.tid, thread.args[0], &event.flags,
                       sizeof(event.flags))) {
      flag(model::kCloneUntraced);
    }
  }
  const bool wanted = ((verbs_ >> static_cast<unsigned>(event.verb)) & 1U) != 0;
  if (!wanted) return;  // a clone that was looked at for its flags only
  event.exit_ns = now();
  event.err = is_error ? static_cast<int>(-value) : 0;
  event.result = is_error ? -1 : value;
  if (!is_error) {
    const Shape shape = shape_of(event.syscall);
    if (shape.path >= 0 && event.path.empty() && event.abs.empty())
      flag(model::kUnreadable);
    finish_success(thread);
  } else {
    // The name that is gone is what a reader looks for.
    if (event.verb == Verb::Getcwd) directory_of(thread, AT_FDCWD, event.abs);
    if (explain_) explain_failure(thread);
  }
  if (event.exec) finish_exec_environment(thread, false);
  emit(thread);
}

void Recorder::emit(Thread& thread) {
  model::Event& event = thread.event;
  event.seq = ++events_;
  event.process = thread.process->number;
  event.generation = thread.process->generation;
  event.tid = inner_tid(thread);
  sink_.event(event);
}

}  // namespace driftcage::trace
