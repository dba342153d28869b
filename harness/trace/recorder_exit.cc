// SPDX-License-Identifier: Apache-2.0
//
// The second half of a call: what came of it, what the kernel really did, and
// why it failed.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/redact.h"
#include "harness/base/retry.h"
#include "harness/base/zero_list.h"
#include "harness/model/environment.h"
#include "harness/trace/cause.h"
#include "harness/trace/elf_search.h"
#include "harness/trace/maps.h"
#include "harness/trace/program.h"
#include "harness/trace/recorder.h"
#include "harness/trace/tracee_memory.h"

namespace driftcage::trace {
namespace {

using model::Syscall;
using model::Verb;

// Whether a call may fail so before the kernel has looked at the path, or
// because it could not.
bool is_before_path(int err) {
  return err == EFAULT || err == EINVAL || err == ENOSYS || err == E2BIG;
}

}  // namespace

void Recorder::finish_exec_environment(Thread& thread, bool succeeded) {
  Process& process = *thread.process;
  model::ExecDetail& detail = *thread.event.exec;
  // A child has its parent's until it executes a program.
  const bool complete = process.environment == nullptr;
  detail.environment_complete = complete;
  if (!complete) {
    detail.environment =
        model::environment_change(*process.environment, thread.new_environment);
  } else {
    detail.environment = thread.new_environment;
  }
  if (succeeded) {
    process.environment = std::make_shared<const model::Environment>(
        std::move(thread.new_environment));
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
    auto argv = base::split_zero(text_);
    script = argv.size() > event.exec->argv.size() &&
             !(event.exec->argv.empty() && argv.size() == 1);
    if (argv.size() == event.exec->argv.size())
      event.exec->argv = std::move(argv);
  }
  if (thread.proc.file("environ", text_))
    thread.new_environment = base::split_zero(text_);
  if (thread.proc.link("exe", event.exec->exe)) {
    // A program from outside of its process's root keeps its name there.
    std::string seen = as_seen(thread, event.exec->exe);
    if (!seen.empty()) event.exec->exe = std::move(seen);
  }
  if (!script)
    event.real = event.exec->exe;
  else if (!thread.process->own_root)
    event.real = as_seen(thread, tree_.real_path(event.abs));
  thread.process->awaits_program = false;
  if (explain_) follow_program(thread);
  if (thread.mapped) {
    sink_.mapped({.process = thread.process->number,
                  .generation = thread.process->generation,
                  .at_ns = now(),
                  .files = *std::exchange(thread.mapped, std::nullopt)});
  }
  finish_exec_environment(thread, true);
  event.exit_ns = now();
  event.result = 0;
  event.err = 0;
  emit(thread);
  ++thread.process->generation;
  thread.state = ThreadState::Running;
}

RootTree& Recorder::tree_of(Thread& thread, RootTree& own) {
  if (!thread.process->own_root) return tree_;
  own = RootTree(base::UniqueFd(::openat(proc_of(thread).dir(), "root",
                                         O_PATH | O_DIRECTORY | O_CLOEXEC)));
  return own;
}

void Recorder::follow_program(Thread& thread) {
  RootTree own;
  RootTree& tree = tree_of(thread, own);
  model::Event& event = thread.event;
  if (!tree.is_open()) return;
  tree.set_self(thread.process->inner_pid, inner_tid(thread));
  // By a descriptor, as of fexecve(3), the file may have no name that leads to
  // it, as that of a memfd: it is known by what really runs then.
  Node node;
  const bool named = !event.path.empty() || tree.stat(event.abs, node) == 0;
  const std::string& file = named ? event.abs : event.exec->exe;
  if (!file.starts_with('/')) return;
  std::string directory;
  directory_of(thread, AT_FDCWD, directory);
  Program program = read_program(tree, file, directory, loads_);
  if (mapped_ && !program.interpreters.empty())
    event.exec->loader = tree.real_path(program.interpreters.back());
  event.exec->interpreters = std::move(program.interpreters);
  event.elf = std::move(program.elf);
  thread.process->awaits_program =
      event.elf && event.elf->kind == model::ElfKind::Loader;
}

void Recorder::verify_open(Thread& thread) {
  model::Event& event = thread.event;
  const ProcView& proc = proc_of(thread);
  const int fd = static_cast<int>(event.result);
  if (!proc.fd_link(fd, event.real)) return;
  const bool marked = event.real.ends_with(kDeleted);
  if (identify_ || marked || detached_) {
    const auto info = proc.fd_stat(fd);
    if (!info) return;
    // The mark may also be part of a name: the number of names decides.
    const bool deleted = info->stx_nlink == 0;
    if (deleted) strip_deleted(event.real);
    if (identify_ || marked) {
      event.file =
          model::FileId{makedev(info->stx_dev_major, info->stx_dev_minor),
                        info->stx_ino, deleted};
    }
    if (!is_placed(thread, *info, event.real)) event.real.clear();
  }
  event.real = as_seen(thread, std::move(event.real));
  const auto object = [](std::string_view path) {
    return base::path::base_name(path).find(".so") != std::string_view::npos;
  };
  if (loads_ && (event.flags & O_CLOEXEC) != 0 &&
      (object(event.path) || object(event.real) ||
       thread.process->awaits_program)) {
    const base::UniqueFd file = proc.reopen(fd);
    if (!file) return;
    // The loader takes $ORIGIN of a library from the name that it opened.
    const std::string& place =
        event.abs.starts_with('/') ? event.abs : event.real;
    event.elf = read_elf_search(
        [&file](std::uint64_t offset, std::size_t size) {
          std::string bytes(size, '\0');
          const ssize_t n = base::retry_some([&] {
            return pread(file.get(), bytes.data(), size,
                         static_cast<off_t>(offset));
          });
          bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
          return bytes;
        },
        std::string(base::path::dir_name(place)), event.abi);
    if (event.elf->kind == model::ElfKind::Object)
      thread.process->awaits_program = false;
  }
}

void Recorder::report_mapped(Thread& thread) {
  if (!mapped_ || !thread.leads() || !thread.process->exec_seen) return;
  auto files = mapped_files(thread);
  if (!files) return;
  sink_.mapped({.process = thread.process->number,
                .generation = thread.process->generation,
                .at_ns = now(),
                .files = *std::move(files)});
}

void Recorder::finish_success(Thread& thread) {
  model::Event& event = thread.event;
  switch (event.verb) {
    case Verb::Open:
      if (explain_) verify_open(thread);
      break;
    case Verb::Getcwd:
      if (memory::read_string(memory_of(thread), thread.args[0], event.path,
                              kMaxPath))
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
  RootTree own;
  explain_slowly(thread, tree_of(thread, own));
  if (event.cause == model::Cause::Limit) note_limit(thread);
}

void Recorder::note_limit(Thread& thread) {
  static constexpr std::array<std::pair<std::string_view, int>, 5> kLimits{
      {{"nofile", RLIMIT_NOFILE},
       {"nproc", RLIMIT_NPROC},
       {"fsize", RLIMIT_FSIZE},
       {"as", RLIMIT_AS},
       {"data", RLIMIT_DATA}}};
  model::Event& event = thread.event;
  for (const auto& [name, resource] : kLimits) {
    rlimit limit{};
    if (event.cause_at == name &&
        prlimit(thread.tid, static_cast<__rlimit_resource>(resource), nullptr,
                &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY) {
      event.cause_note = std::to_string(limit.rlim_cur);
    }
  }
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
  event.cause_note = std::move(why.note);
}

void Recorder::guard_result(const Thread& thread, bool is_error) {
  if (thread.tag == kRootChange) {
    if (!is_error) thread.process->own_root = true;
    return;
  }
  if (is_error) return;
  if (thread.tag == kMountMade) {
    flag(model::kDetachedMount);
    return;
  }
  if (thread.tag == kMountDetached) {
    detached_ = true;
    return;
  }
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
  if (is_plain_guard(thread.tag) || !model::verb_of(syscall_of(thread.tag))) {
    guard_result(thread, is_error);
    return;
  }
  model::Event& event = thread.event;
  if (thread.flag_cleared) {
    thread.flag_cleared = false;
    if (!memory::write(memory_of(thread), thread.args[0], &event.flags,
                       sizeof(event.flags))) {
      flag(model::kCloneUntraced);
    }
  }
  const bool wanted = ((verbs_ >> static_cast<unsigned>(event.verb)) & 1U) != 0;
  if (!wanted) return;  // a clone that was looked at for its flags only
  event.exit_ns = now();
  event.err = is_error ? static_cast<int>(-value) : 0;
  event.result = is_error ? -1 : value;
  if (thread.path_unread && !thread.injected && !is_before_path(event.err))
    flag(model::kUnreadable);
  if (!is_error) {
    finish_success(thread);
  } else {
    // The name that is gone is what a reader looks for.
    if (event.verb == Verb::Getcwd) directory_of(thread, AT_FDCWD, event.abs);
    if (thread.injected) {
      event.cause = model::Cause::Injected;
    } else if (explain_) {
      explain_failure(thread);
    }
  }
  if (event.exec) finish_exec_environment(thread, false);
  emit(thread);
}

// Last of all: the cause of a failure can be a ".." in a locked directory.
void Recorder::fold_dots(Thread& thread) {
  model::Event& event = thread.event;
  if (!event.abs.starts_with('/') ||
      event.abs.find("/..") == std::string::npos) {
    return;
  }
  RootTree own;
  RootTree& tree = tree_of(thread, own);
  if (!tree.is_open()) return;
  std::string folded = tree.fold(event.abs);
  if (event.cause_at == event.abs) event.cause_at = folded;
  event.abs = std::move(folded);
}

void Recorder::emit(Thread& thread) {
  model::Event& event = thread.event;
  fold_dots(thread);
  event.seq = ++events_;
  event.process = thread.process->number;
  event.generation = thread.process->generation;
  event.tid = inner_tid(thread);
  if (redact_) hide_secrets(event);
  sink_.event(event);
}

// Before anything leaves the tracer: what is not written needs no guarding.
void Recorder::hide_secrets(model::Event& event) {
  for (std::string* path :
       {&event.path, &event.abs, &event.real, &event.cause_at}) {
    if (path->find(":/") != std::string::npos) *path = base::redact_text(*path);
  }
  if (!event.exec) return;
  event.exec->exe = base::redact_text(event.exec->exe);
  event.exec->loader = base::redact_text(event.exec->loader);
  for (std::string& interpreter : event.exec->interpreters)
    interpreter = base::redact_text(interpreter);
  event.exec->argv = base::redact_arguments(event.exec->argv);
  event.exec->environment = base::redact_environment(event.exec->environment);
}

}  // namespace driftcage::trace
