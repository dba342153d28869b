// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/cage.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "harness/base/sys.h"
#include "harness/cage/clone.h"
#include "harness/cage/idmap.h"
#include "harness/cage/init.h"
#include "harness/cage/sync.h"

namespace driftcage::cage {

struct Cage::State {
  pid_t init = 0;
  pid_t payload = 0;
  base::UniqueFd pidfd;
  base::UniqueFd sync;
  base::UniqueFd spawn;
  std::string rung;
  std::vector<StepTime> steps;
  std::vector<std::string> notes;
  std::uint32_t ids = 1;

  ~State();
};

namespace {

// pidfd_send_signal(2). As the descriptor holds the process, no other one can
// be hit, however long ago it ended.
void kill_by(const base::UniqueFd& pidfd) noexcept {
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

// True when a socket is left: one that io_uring(7) or another socket held goes
// some time after its process. Opening the file anew costs ten times more.
bool has_sockets(int sockstat) {
  constexpr std::string_view kNone = "sockets: used 0\n";
  std::array<char, kNone.size()> text{};
  return ::pread(sockstat, text.data(), text.size(), 0) !=
             static_cast<ssize_t>(text.size()) ||
         std::string_view(text.data(), text.size()) != kNone;
}

// Where that is root it belongs to the caller, given or its own: what can be
// done in it is the same.
bool enter_network(const IdleNetwork& idle) {
  if (idle.network >= 0 && !has_sockets(idle.sockets) &&
      ::setns(idle.network, CLONE_NEWNET) == 0) {
    return true;
  }
  return ::unshare(CLONE_NEWNET) == 0;
}

std::uint64_t namespaces_of(const model::CageSpec& spec,
                            const IdleNetwork& idle) {
  std::uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                        CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  if (spec.network == model::Network::Host) return flags;
  // With loopback connections are left behind, in TIME_WAIT, and the cage has
  // to bring it up.
  if (spec.network == model::Network::Loopback) return flags | CLONE_NEWNET;
  return enter_network(idle) ? flags : flags | CLONE_NEWNET;
}

base::Error interrupted(sync::Tag tag, const char* step) {
  if (tag == sync::Tag::Expired) return {step, "cage", ETIMEDOUT, ""};
  return {step, "cage", ECANCELED, ""};
}

}  // namespace

Cage::State::~State() {
  if (!pidfd) return;
  kill_by(pidfd);
  // Pid 1 ends after all others; a process that the caller traces ends only
  // when the caller reaps it, so whatever ends is reaped here.
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(init, &status, WNOHANG | __WALL)) == 0) {
    if (::waitpid(-1, &status, __WALL) == init) break;
  }
}

base::Result<Cage> Cage::create(const model::CageSpec& spec,
                                const Hooks& hooks) {
  auto [ours, theirs] = DRIFTCAGE_TRY(sync::pair());
  auto [spawn_read, spawn_write] = DRIFTCAGE_TRY(base::sys::pipe());
  auto state = std::make_unique<State>();
  Sources sources = DRIFTCAGE_TRY(begin_sources(spec, state->notes));
  int pidfd = -1;
  state->init =
      DRIFTCAGE_TRY(clone_into(namespaces_of(spec, hooks.network), &pidfd));
  if (state->init == 0) {
    static_cast<void>(state.release());  // pid 1 must not kill itself
    ours.reset();
    spawn_read.reset();
    run_init(spec, hooks, std::move(theirs), std::move(spawn_write),
             std::move(sources));
  }
  state->pidfd.reset(pidfd);
  theirs.reset();
  spawn_write.reset();
  sources = {};
  state->sync = std::move(ours);
  state->spawn = std::move(spawn_read);

  const auto mapped = map_ids(state->init, state->notes);
  if (!mapped) {
    // Nothing can be mapped in a process that has given up: its own error, sent
    // before, says why.
    const sync::Message sent = sync::receive(state->sync.get(), {1, -1});
    return tl::make_unexpected(
        sent.tag == sync::Tag::Failed ? sync::error_of(sent) : mapped.error());
  }
  state->ids = *mapped;
  // Its name in the cage can be opened only by its owner, which is the
  // payload's user: see exchange().
  if (spec.terminal && state->ids == kRangeSize && ::geteuid() == 0) {
    static_cast<void>(::fchown(STDIN_FILENO, kRangeStart + spec.owner_uid,
                               static_cast<gid_t>(-1)));
  }
  sync::send_mapped(state->sync.get(), {state->ids});
  const sync::Message message =
      sync::receive(state->sync.get(), {hooks.deadline_ns, hooks.cancel_fd});
  switch (message.tag) {
    case sync::Tag::Ready:
      break;
    case sync::Tag::Failed:
      return tl::make_unexpected(sync::error_of(message));
    case sync::Tag::Expired:
    case sync::Tag::Stopped:
      return tl::make_unexpected(interrupted(message.tag, "set up"));
    default:
      return base::fail("set up", "cage", 0, "its pid 1 died unexpectedly");
  }
  sync::Report report = sync::report_of(message);
  state->payload = message.sender;
  state->rung = std::move(report.rung);
  state->steps = std::move(report.steps);
  state->notes.insert(state->notes.end(), report.notes.begin(),
                      report.notes.end());
  return Cage(std::move(state));
}

Cage::Cage(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cage::Cage(Cage&&) noexcept = default;
Cage& Cage::operator=(Cage&&) noexcept = default;
Cage::~Cage() = default;

pid_t Cage::init_pid() const { return state_->init; }
pid_t Cage::payload_pid() const { return state_->payload; }
int Cage::init_pidfd() const { return state_->pidfd.get(); }
const std::string& Cage::rung() const { return state_->rung; }
std::uint32_t Cage::ids() const { return state_->ids; }
const std::vector<StepTime>& Cage::steps() const { return state_->steps; }
const std::vector<std::string>& Cage::notes() const { return state_->notes; }

base::Status Cage::release() {
  sync::send(state_->sync.get(), sync::Tag::Go);
  return {};
}

base::Result<int> Cage::spawn_error() {
  SpawnFailure failure;
  ssize_t size = 0;
  do {
    size = ::read(state_->spawn.get(), &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return base::fail("read", "spawn pipe", errno);
  if (size != sizeof failure) return 0;
  if (failure.hook) {
    return base::fail("install trace filter", "payload", failure.err);
  }
  return failure.err;
}

base::Result<std::optional<Cage::PayloadEnd>> Cage::wait_payload(
    std::uint64_t deadline_ns, int cancel_fd) {
  const sync::Message message =
      sync::receive(state_->sync.get(), {deadline_ns, cancel_fd});
  switch (message.tag) {
    case sync::Tag::Ended: {
      const sync::Ended ended = sync::ended_of(message);
      return PayloadEnd{base::WaitStatus(ended.status), ended.left_behind};
    }
    case sync::Tag::Expired:
    case sync::Tag::Stopped:
      return tl::make_unexpected(interrupted(message.tag, "run"));
    default:
      return std::nullopt;
  }
}

void Cage::kill() noexcept { kill_by(state_->pidfd); }

}  // namespace driftcage::cage
