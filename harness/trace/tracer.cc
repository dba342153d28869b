// SPDX-License-Identifier: Apache-2.0
//
// One loop: wait for a stop, classify it, tell the recorder, resume. A traced
// call costs two stops: the filter's, after which PTRACE_SYSCALL runs to the
// exit, and the exit's, after which PTRACE_CONT skips every call until the
// filter asks again. The other engine uses PTRACE_SYSCALL throughout.
#include "harness/trace/tracer.h"

#include <fnmatch.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "harness/trace/checked_sink.h"
#include "harness/trace/deadline.h"
#include "harness/trace/recorder.h"
#include "harness/trace/registers.h"
#include "harness/trace/stop.h"
#include "harness/trace/syscalls.h"
#include "harness/trace/tracee.h"

namespace driftcage::trace {
namespace {

// The library's ptrace(2) takes pointers even where the kernel takes numbers.
long request(unsigned int what, pid_t tid, std::uintptr_t address,
             std::uintptr_t data) {
  return syscall(SYS_ptrace, what, tid, address, data);
}

std::uintptr_t address_of(void* object) {
  return reinterpret_cast<std::uintptr_t>(object);
}

bool is_in_group(pid_t tgid, pid_t tid) {
  // Signal 0 is never sent; ESRCH means that the group has no such thread.
  return syscall(SYS_tgkill, tgid, tid, 0) == 0 || errno != ESRCH;
}

// While it lives the kernel does not also raise SIGCHLD for each stop, which
// wait4(2) reports anyway.
class QuietStops {
 public:
  QuietStops() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    action.sa_flags = SA_NOCLDSTOP;
    sigaction(SIGCHLD, &action, &old_);
  }
  ~QuietStops() { sigaction(SIGCHLD, &old_, nullptr); }
  QuietStops(const QuietStops&) = delete;
  QuietStops& operator=(const QuietStops&) = delete;

 private:
  struct sigaction old_ {};
};

// Each process of a trace takes two descriptors, each thread two more. The
// payload has its own copy of the limit by now.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
}

// A call that is to be answered may not be let go.
model::TraceSpec stopping_at(const std::vector<model::Injection>& injections,
                             model::TraceSpec spec) {
  spec.gated &= ~model::verbs_of(injections);
  return spec;
}

struct Waited {
  pid_t tid = 0;
  int status = 0;
};

}  // namespace

struct Tracer::State {
  State(const model::TraceSpec& trace_spec, Sink& sink,
        std::vector<model::Injection> answers)
      : spec(stopping_at(answers, trace_spec)),
        injections(std::move(answers)),
        checked(sink, spec.engine == model::Engine::Seccomp),
        recorder(spec, checked) {}

  model::TraceSpec spec;
  std::vector<model::Injection> injections;
  CheckedSink checked;
  Recorder recorder;
  ThreadTable threads;
  pid_t payload = 0;
  pid_t init_pid = 0;
  bool init_ended = false;
  bool recording = false;  // Engine::Ptrace: the payload's first exec was seen
  bool killing = false;
  std::uint32_t processes = 0;
  // Calls whose entry was seen are ended by their exit, by a successful exec or
  // by the death of their thread, and by one of these only.
  std::uint64_t calls_entered = 0;
  std::uint64_t calls_ended = 0;
  TraceEnd end;

  base::Status seize(pid_t pid);
  void pin() const;
  base::Result<TraceEnd> run(const Limits& limits);

  void handle(const Waited& waited);
  void on_first_sight(const Waited& waited);
  void on_end(Thread& thread, int status);
  void on_seccomp(Thread& thread);
  void on_syscall(Thread& thread);
  void on_exec(Thread& thread);
  void on_spawned(Thread& thread);
  void on_trap(Thread& thread);
  void identify(Thread& child, Thread& parent);
  void adopt_orphans(pid_t tgid);
  void enter_call(Thread& thread) {
    thread.state = ThreadState::InCall;
    ++calls_entered;
    inject(thread);
  }
  void inject(Thread& thread) const;
  void forget(pid_t tid);
  void resume(Thread& thread, int signal = 0);
  void kill_all();
  [[nodiscard]] std::uint64_t live_processes();
  [[nodiscard]] bool finished() const;
};

base::Status Tracer::State::seize(pid_t pid) {
  long options = PTRACE_O_EXITKILL;
  if (spec.engine != model::Engine::Untraced) {
    options |= PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
               PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  }
  if (spec.engine == model::Engine::Seccomp) options |= PTRACE_O_TRACESECCOMP;
  if (spec.mapped) options |= PTRACE_O_TRACEEXIT;
  if (request(PTRACE_SEIZE, pid, 0, static_cast<std::uintptr_t>(options)) != 0)
    return base::fail("ptrace", "PTRACE_SEIZE", errno,
                      "a debugger, another tracer or a security policy keeps "
                      "driftcage from tracing its own child");
  raise_descriptor_limit();
  payload = pid;
  Thread& thread = threads.add(pid);
  thread.process = std::make_shared<Process>();
  thread.process->number = ++processes;
  thread.process->tgid = pid;
  thread.state = ThreadState::Running;
  recorder.begin(thread);
  if (spec.pin_cpu) pin();
  if (spec.engine == model::Engine::Ptrace) {
    // Nothing would ever stop a tracee that has no filter: stop it once.
    int status = 0;
    if (request(PTRACE_INTERRUPT, pid, 0, 0) != 0 ||
        waitpid(pid, &status, __WALL) != pid) {
      return base::fail("ptrace", "PTRACE_INTERRUPT", errno);
    }
    if (!WIFSTOPPED(status))
      return base::fail("ptrace", "the payload ended before it was released");
    resume(thread);
  }
  return {};
}

void Tracer::State::pin() const {
  // A stop on another, idle CPU costs 20 times more. Failure costs only time.
  cpu_set_t set;
  CPU_ZERO(&set);
  const int cpu = spec.cpu >= 0 ? spec.cpu : sched_getcpu();
  if (cpu < 0 || cpu >= CPU_SETSIZE) return;
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) return;
  static_cast<void>(sched_setaffinity(payload, sizeof(set), &set));
}

void Tracer::State::resume(Thread& thread, int signal) {
  const bool to_exit = thread.state == ThreadState::InCall ||
                       spec.engine == model::Engine::Ptrace;
  if (thread.state == ThreadState::Listening)
    thread.state = ThreadState::Running;
  // ESRCH: it was killed while stopped, and wait will say so.
  static_cast<void>(request(to_exit ? PTRACE_SYSCALL : PTRACE_CONT, thread.tid,
                            0, static_cast<std::uintptr_t>(signal)));
}

void Tracer::State::handle(const Waited& waited) {
  if (waited.tid == init_pid && init_pid != 0) {
    init_ended = !WIFSTOPPED(waited.status);
    end.init_killed = WIFSIGNALED(waited.status);
    return;
  }
  Thread* thread = threads.find(waited.tid);
  if (thread == nullptr) {
    on_first_sight(waited);
    return;
  }
  const Stop stop = decode_stop(waited.status);
  if (stop.kind != StopKind::Ended && killing) {
    static_cast<void>(kill(thread->tid, SIGKILL));
    return;
  }
  switch (stop.kind) {
    case StopKind::Ended:
      on_end(*thread, waited.status);
      return;
    case StopKind::Seccomp:
      on_seccomp(*thread);
      return;
    case StopKind::Syscall:
      on_syscall(*thread);
      return;
    case StopKind::Exec:
      on_exec(*thread);
      return;
    case StopKind::Spawned:
      on_spawned(*thread);
      return;
    case StopKind::Exiting:
      if (thread->process) recorder.report_mapped(*thread);
      resume(*thread);
      return;
    case StopKind::Trap:
      on_trap(*thread);
      return;
    case StopKind::Group:
      thread->state = ThreadState::Listening;
      static_cast<void>(request(PTRACE_LISTEN, thread->tid, 0, 0));
      return;
    case StopKind::Signal:
      resume(*thread, stop.signal);
      return;
    case StopKind::Other:
      resume(*thread);
      return;
  }
}

void Tracer::State::on_first_sight(const Waited& waited) {
  if (!WIFSTOPPED(waited.status)) return;  // not ours, or ended unannounced
  if (killing) {
    static_cast<void>(kill(waited.tid, SIGKILL));
    return;
  }
  // A new tracee that was faster than its parent's event. It is held until its
  // parent is known: its events need a process to belong to.
  threads.add(waited.tid).state = ThreadState::Early;
}

void Tracer::State::on_trap(Thread& thread) {
  if (thread.state == ThreadState::Early) return;
  if (thread.state == ThreadState::Expected)
    thread.state = ThreadState::Running;
  resume(thread);
}

void Tracer::State::on_spawned(Thread& thread) {
  unsigned long message = 0;
  if (request(PTRACE_GETEVENTMSG, thread.tid, 0, address_of(&message)) == 0) {
    const auto tid = static_cast<pid_t>(message);
    thread.child = tid;
    Thread* child = threads.find(tid);
    if (child != nullptr && child->state == ThreadState::Early) {
      identify(*child, thread);
      child->state = ThreadState::Running;
      resume(*child);
    } else if (child == nullptr || !child->adopted) {
      // An entry that is neither early nor adopted is a leftover of a thread
      // that vanished in another thread's exec: its id has come again.
      identify(threads.add(tid), thread);
    }
  }
  resume(thread);
}

void Tracer::State::identify(Thread& child, Thread& parent) {
  if (is_in_group(parent.process->tgid, child.tid)) {
    child.process = parent.process;
    return;
  }
  child.process = std::make_shared<Process>();
  child.process->number = ++processes;
  child.process->parent = parent.process->number;
  child.process->tgid = child.tid;
  // Mounts of its own are not in the cage's tree.
  child.process->own_root =
      parent.process->own_root || (parent.state == ThreadState::InCall &&
                                   parent.event.verb == model::Verb::Spawn &&
                                   (parent.event.flags & CLONE_NEWNS) != 0);
  child.process->environment = parent.process->environment;
  recorder.process_started(child);
}

// A parent that was killed before its event was read never announces what it
// made; `tgid` is the process that just lost a thread.
void Tracer::State::adopt_orphans(pid_t tgid) {
  std::vector<Thread*> early;
  threads.for_each([&early](Thread& thread) {
    if (thread.state == ThreadState::Early) early.push_back(&thread);
  });
  for (Thread* thread : early) {
    std::string status;
    if (!ProcView(thread->tid).file("status", status)) continue;
    const StatusIds ids = parse_status_ids(status);
    Thread* relative = nullptr;
    threads.for_each([&](Thread& other) {
      if (other.process && (other.process->tgid == ids.tgid ||
                            other.process->tgid == ids.parent)) {
        relative = &other;
      }
    });
    if (ids.tgid != tgid && ids.parent != tgid && relative != nullptr) continue;
    // Its parent is gone without a trace: the first process stands in.
    if (relative == nullptr) relative = threads.find(payload);
    if (relative == nullptr) {
      static_cast<void>(kill(thread->tid, SIGKILL));
      continue;
    }
    identify(*thread, *relative);
    thread->adopted = true;
    thread->state = ThreadState::Running;
    resume(*thread);
  }
}

void Tracer::State::forget(pid_t tid) {
  const Thread* thread = threads.find(tid);
  if (thread != nullptr && thread->state == ThreadState::InCall) ++calls_ended;
  threads.erase(tid);
}

void Tracer::State::on_end(Thread& thread, int status) {
  const std::shared_ptr<Process> process = thread.process;
  const pid_t tid = thread.tid;
  const bool leads = thread.leads();
  forget(tid);
  if (!process) return;
  if (leads) {
    // The leader's end is reported last: whatever is left in the table are
    // ids that vanished in an exec that did not come to its event.
    std::vector<pid_t> gone;
    threads.for_each([&](Thread& other) {
      if (other.process == process) gone.push_back(other.tid);
    });
    for (const pid_t other : gone) forget(other);
    if (tid == payload) {
      end.status = base::WaitStatus(status);
      end.payload_ended = true;
      end.duration_ns = recorder.now();
      end.left_behind = live_processes();
      if (init_pid == 0) kill_all();
    }
    recorder.process_ended(*process, status);
  }
  adopt_orphans(process->tgid);
}

void Tracer::State::on_seccomp(Thread& thread) {
  __ptrace_syscall_info info{};
  if (request(PTRACE_GET_SYSCALL_INFO, thread.tid, sizeof(info),
              address_of(&info)) <= 0) {
    return;  // killed meanwhile
  }
  if (info.op != PTRACE_SYSCALL_INFO_SECCOMP) {
    resume(thread);
    return;
  }
  const AbiRow* abi = abi_of(info.arch, info.seccomp.nr);
  if (abi == nullptr) {
    recorder.flag(model::kForeignAbi);
    resume(thread);
    return;
  }
  const auto tag = static_cast<CallTag>(info.seccomp.ret_data);
  const auto* args = reinterpret_cast<const std::uint64_t*>(info.seccomp.args);
  if (recorder.enter(thread, tag, *abi, info.seccomp.nr, args))
    enter_call(thread);
  resume(thread);
}

void Tracer::State::inject(Thread& thread) const {
  if (injections.empty() || thread.tag > tag_of(model::Syscall::Unknown)) {
    return;
  }
  const model::Event& event = thread.event;
  for (const model::Injection& injection : injections) {
    if (injection.syscall != model::syscall_name(event.syscall)) continue;
    const std::string& path = event.abs.empty() ? event.path : event.abs;
    if (!injection.path_glob.empty() &&
        fnmatch(injection.path_glob.c_str(), path.c_str(), 0) != 0) {
      continue;
    }
    thread.injected = registers::skip_call(thread.tid, -injection.err);
    return;
  }
}

void Tracer::State::on_syscall(Thread& thread) {
  __ptrace_syscall_info info{};
  if (request(PTRACE_GET_SYSCALL_INFO, thread.tid, sizeof(info),
              address_of(&info)) <= 0) {
    return;
  }
  // The kernel says which side of the call this is: a restarted call makes two
  // exits in a row, so nothing may be concluded from taking turns.
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    if (thread.state == ThreadState::InCall) {
      if (thread.child != 0 && info.exit.is_error == 0) {
        if (Thread* child = threads.find(thread.child);
            child != nullptr && child->inner_tid == 0) {
          child->inner_tid = static_cast<pid_t>(info.exit.rval);
        }
      }
      recorder.leave(thread, info.exit.rval, info.exit.is_error != 0);
      ++calls_ended;
    }
    thread.state = ThreadState::Running;
  } else if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    thread.state = ThreadState::InIgnored;
    const AbiRow* abi = abi_of(info.arch, info.entry.nr);
    const auto* args = reinterpret_cast<const std::uint64_t*>(info.entry.args);
    const CallTag tag =
        abi == nullptr ? CallTag{0} : match_call(*abi, info.entry.nr, args);
    if (abi == nullptr) recorder.flag(model::kForeignAbi);
    // Between its release and its exec the payload runs driftcage's code.
    recording = recording || tag == tag_of(model::Syscall::Execve) ||
                tag == tag_of(model::Syscall::Execveat);
    if (tag != 0 && recording && recorder.wants(tag) &&
        recorder.enter(thread, tag, *abi, info.entry.nr, args))
      enter_call(thread);
  }
  resume(thread);
}

void Tracer::State::on_exec(Thread& thread) {
  unsigned long message = 0;
  if (request(PTRACE_GETEVENTMSG, thread.tid, 0, address_of(&message)) != 0)
    return;
  const auto former = static_cast<pid_t>(message);
  if (former != thread.tid) {
    // The calling thread took over the leader's id; with it goes its call.
    if (Thread* caller = threads.find(former)) {
      if (thread.state == ThreadState::InCall) ++calls_ended;  // the leader's
      thread.state = std::exchange(caller->state, ThreadState::Running);
      thread.tag = caller->tag;
      thread.abi = caller->abi;
      std::swap(thread.event, caller->event);
      std::swap(thread.new_environment, caller->new_environment);
      std::swap(thread.mapped, caller->mapped);
    }
  }
  // Every other thread of the process is dead; some ends are never reported.
  std::vector<pid_t> gone;
  threads.for_each([&](Thread& other) {
    if (other.process == thread.process && other.tid != thread.tid)
      gone.push_back(other.tid);
  });
  for (const pid_t other : gone) forget(other);
  Recorder::renew_memory(thread);
  if (thread.state == ThreadState::InCall) {
    recorder.executed(thread);
    ++calls_ended;
  } else {
    recorder.flag(model::kTruncated);  // its entry was hidden from us
  }
  thread.state = ThreadState::Running;
  resume(thread);
}

void Tracer::State::kill_all() {
  killing = true;
  threads.for_each(
      [](Thread& thread) { static_cast<void>(kill(thread.tid, SIGKILL)); });
}

std::uint64_t Tracer::State::live_processes() {
  std::unordered_set<const Process*> seen;
  threads.for_each([&seen](Thread& thread) {
    // Without a process it is a new one whose parent has not told of it yet.
    if (thread.process) seen.insert(thread.process.get());
  });
  return seen.size();
}

bool Tracer::State::finished() const {
  if (init_pid != 0 && !init_ended) return false;
  return threads.size() == 0 || init_pid != 0;
}

base::Result<TraceEnd> Tracer::State::run(const Limits& limits) {
  init_pid = limits.init_pid;
  const QuietStops quiet;
  Deadline deadline;
  DRIFTCAGE_CHECK_OK(deadline.arm({limits.kill_pidfd, payload},
                                  limits.timeout_ns, limits.cancel_fd));
  if (Thread* first = threads.find(payload)) recorder.process_started(*first);

  // wait4 starts at the first tracee each time: a busy one would starve the
  // others if each stop was handled as it comes. Collecting all of them costs a
  // call more, so it is done now and then only.
  constexpr unsigned kUnfairStops = 16;
  constexpr std::size_t kMaxBatch = 1000;
  unsigned stops = 0;
  std::vector<Waited> batch;
  while (!finished()) {
    Waited waited;
    checked.before_wait();
    waited.tid = wait4(-1, &waited.status, __WALL, nullptr);
    if (waited.tid < 0) {
      if (errno == EINTR) {
        if ((Deadline::timed_out() || Deadline::cancelled()) && init_pid == 0)
          kill_all();
        continue;
      }
      if (errno == ECHILD) break;
      return base::fail("wait4", "tracees", errno);
    }
    if (threads.size() <= 1 || ++stops < kUnfairStops) {
      handle(waited);
      continue;
    }
    stops = 0;
    batch.clear();
    do {
      batch.push_back(waited);
      waited.tid = wait4(-1, &waited.status, __WALL | WNOHANG, nullptr);
    } while (waited.tid > 0 && batch.size() < kMaxBatch);
    for (const Waited& one : batch) handle(one);
  }

  recorder.finish();
  if (threads.size() == 0) checked.expect_balance(calls_entered, calls_ended);
  end.timeout = Deadline::timed_out();
  end.cancelled = Deadline::cancelled();
  end.integrity = recorder.integrity();
  end.events = recorder.events();
  if (!end.payload_ended) end.duration_ns = recorder.now();
  return end;
}

Tracer::Tracer(const model::TraceSpec& spec, Sink& sink,
               std::vector<model::Injection> injections)
    : state_(std::make_unique<State>(spec, sink, std::move(injections))) {}
Tracer::~Tracer() = default;

base::Status Tracer::seize(pid_t payload) { return state_->seize(payload); }

base::Result<TraceEnd> Tracer::run(const Limits& limits) {
  return state_->run(limits);
}

}  // namespace driftcage::trace
