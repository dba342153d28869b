// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/cell.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <optional>
#include <utility>

#include "harness/base/sys.h"
#include "harness/cell/keeper.h"
#include "harness/cell/output.h"
#include "harness/trace/tracer.h"
#include "harness/wire/codec.h"

namespace driftcage::cell {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
// How long a killed cage may take to disappear before it counts as a leak.
constexpr int kKillPatienceMs = 10'000;
// A spec holds files of scenarios, never images.
constexpr std::uint32_t kMaxSpec = 256u << 20;

base::Status read_exactly(int fd, char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(fd, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail("read", "cage spec", errno);
    if (got == 0) return base::fail("read", "cage spec", ECANCELED);
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

std::uint64_t wall_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

const char* engine_name(model::Engine engine) {
  switch (engine) {
    case model::Engine::Seccomp:
      return "seccomp";
    case model::Engine::Ptrace:
      return "ptrace";
    case model::Engine::Untraced:
      return "untraced";
  }
  return "";
}

int install_filter(void* filter) {
  return static_cast<const trace::Filter*>(filter)->install();
}

// One leg. The members are in the order in which they come to life; the cage
// goes before the filter that its payload installs.
class Leg {
 public:
  Leg(const model::CageSpec& spec, int cancel_fd, cage::IdleNetwork network,
      Output& output)
      : spec_(spec),
        cancel_fd_(cancel_fd),
        network_(network),
        output_(output) {}

  wire::End run();
  // The cage's mounts, which are there as long as this is open.
  base::UniqueFd take_mounts() { return std::move(mounts_); }

 private:
  base::Status set_up();
  base::Status run_traced();
  base::Status run_untraced();
  void take_spawn_error();
  void blame_outside();
  [[nodiscard]] wire::Outcome outcome_of(const base::Error& error,
                                         wire::Outcome otherwise) const;
  [[nodiscard]] bool traced() const {
    return spec_.trace.engine != model::Engine::Untraced;
  }

  const model::CageSpec& spec_;
  int cancel_fd_;
  cage::IdleNetwork network_;
  Output& output_;
  std::uint64_t deadline_ns_ = 0;
  wire::End end_;
  std::optional<trace::Filter> filter_;
  std::optional<cage::Cage> cage_;
  base::UniqueFd mounts_;
};

wire::Outcome Leg::outcome_of(const base::Error& error,
                              wire::Outcome otherwise) const {
  if (error.err == ECANCELED) return wire::Outcome::Cancelled;
  if (error.err == ETIMEDOUT && deadline_ns_ != 0 &&
      base::sys::monotonic_ns() >= deadline_ns_) {
    return wire::Outcome::Timeout;
  }
  return otherwise;
}

base::Status Leg::set_up() {
  cage::Cage::Hooks hooks;
  if (spec_.trace.engine == model::Engine::Seccomp) {
    filter_ = DRIFTCAGE_TRY(trace::Filter::make(spec_.trace));
    hooks.before_exec = install_filter;
    hooks.context = &*filter_;
  }
  hooks.deadline_ns = deadline_ns_;
  hooks.cancel_fd = cancel_fd_;
  hooks.network = network_;
  cage_ = DRIFTCAGE_TRY(cage::Cage::create(spec_, hooks));
  return {};
}

// Whatever the payload's end was then, it was not its own. In the cage nobody
// can kill pid 1 (pid_namespaces(7)).
void Leg::blame_outside() {
  end_.outcome = wire::Outcome::CageError;
  end_.error = {"run", "cage", 0,
                "something outside killed its pid 1 and so everything in it: "
                "was memory short?"};
}

// The payload's execve, once its process has ended: the pipe is closed then.
void Leg::take_spawn_error() {
  const auto failed = cage_->spawn_error();
  if (!failed) {
    end_.outcome = wire::Outcome::TraceError;
    end_.error = failed.error();
  } else if (*failed != 0) {
    end_.outcome = wire::Outcome::SpawnFailed;
    end_.error = {"exec", spec_.argv.empty() ? "" : spec_.argv.front(), *failed,
                  ""};
  }
}

base::Status Leg::run_traced() {
  trace::Tracer tracer(spec_.trace, output_, spec_.injections);
  DRIFTCAGE_CHECK_OK(tracer.seize(cage_->payload_pid()));
  DRIFTCAGE_CHECK_OK(cage_->release());
  trace::Tracer::Limits limits;
  limits.timeout_ns = spec_.timeout_ms * kMillisecond;
  limits.cancel_fd = cancel_fd_;
  limits.kill_pidfd = cage_->init_pidfd();
  limits.init_pid = cage_->init_pid();
  const auto ran = tracer.run(limits);
  output_.stop_ticking();
  const trace::TraceEnd end = DRIFTCAGE_TRY(ran);
  end_.status = end.status;
  end_.integrity = end.integrity;
  end_.events = end.events;
  end_.duration_ns = end.duration_ns;
  end_.left_behind = end.left_behind;
  if (end.cancelled) {
    end_.outcome = wire::Outcome::Cancelled;
  } else if (end.timeout) {
    end_.outcome = wire::Outcome::Timeout;
  } else if (end.init_killed) {
    blame_outside();
  } else {
    take_spawn_error();
  }
  return {};
}

base::Status Leg::run_untraced() {
  DRIFTCAGE_CHECK_OK(cage_->release());
  const std::uint64_t start = base::sys::monotonic_ns();
  deadline_ns_ =
      spec_.timeout_ms == 0 ? 0 : start + spec_.timeout_ms * kMillisecond;
  const auto ended = cage_->wait_payload(deadline_ns_, cancel_fd_);
  end_.duration_ns = base::sys::monotonic_ns() - start;
  end_.status = base::WaitStatus::signalled(SIGKILL);
  if (!ended) {
    end_.outcome = outcome_of(ended.error(), wire::Outcome::Cancelled);
    cage_->kill();
  } else if (*ended) {
    end_.status = (*ended)->status;
    end_.left_behind = (*ended)->left_behind;
  } else {
    blame_outside();
  }
  // Readable when pid 1 has ended, which is after everybody else.
  pollfd gone{cage_->init_pidfd(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&gone, 1, kKillPatienceMs);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    end_.outcome = wire::Outcome::Leak;
    return {};
  }
  if (end_.outcome == wire::Outcome::Finished) take_spawn_error();
  return {};
}

wire::End Leg::run() {
  const std::uint64_t start = base::sys::monotonic_ns();
  if (spec_.timeout_ms != 0) {
    deadline_ns_ = start + spec_.timeout_ms * kMillisecond;
  }
  if (auto up = set_up(); !up) {
    end_.outcome = outcome_of(up.error(), wire::Outcome::CageError);
    end_.error = up.error();
    end_.cage_ns = base::sys::monotonic_ns() - start;
    return end_;
  }
  end_.cage_ns = base::sys::monotonic_ns() - start;
  wire::CageUp up{cage_->rung(), {}, cage_->notes(), cage_->ids()};
  for (const cage::StepTime& step : cage_->steps()) {
    up.steps.push_back({step.step, step.ns});
  }
  output_.record(up);
  // Opened now: afterwards nobody can reach the cage any more.
  const Keeper keeper(spec_, cage_->init_pid());
  if (auto mounts = base::sys::open(
          "/proc/" + std::to_string(cage_->init_pid()) + "/ns/mnt", O_RDONLY)) {
    mounts_ = *std::move(mounts);
  }
  if (auto ran = traced() ? run_traced() : run_untraced(); !ran) {
    end_.outcome = wire::Outcome::TraceError;
    end_.error = ran.error();
  }
  keeper.keep();
  // Before the End record: it says that nothing is left.
  cage_.reset();
  return end_;
}

}  // namespace

base::Result<model::CageSpec> read_spec(int fd) {
  std::array<char, 4> head{};
  DRIFTCAGE_CHECK_OK(read_exactly(fd, head.data(), head.size()));
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    size |= std::uint32_t{static_cast<unsigned char>(head[i])} << (8 * i);
  }
  if (size > kMaxSpec) return base::fail("read", "cage spec", EFBIG);
  std::string body(size, '\0');
  DRIFTCAGE_CHECK_OK(read_exactly(fd, body.data(), body.size()));
  return wire::decode_spec(body);
}

bool run_cell(int in, int out, cage::IdleNetwork network) {
  Output output(out);
  wire::Hello hello;
  hello.wall_ns = wall_ns();
  auto spec = read_spec(in);
  wire::End end;
  if (!spec) {
    output.record(hello);
    end.outcome = spec.error().err == ECANCELED ? wire::Outcome::Cancelled
                                                : wire::Outcome::CageError;
    end.error = spec.error();
  } else {
    if (spec->trace.engine == model::Engine::Seccomp &&
        !trace::Filter::is_possible()) {
      spec->trace.engine = model::Engine::Ptrace;
    }
    output.set_watched(spec->terminal);
    hello.engine = engine_name(spec->trace.engine);
    output.record(hello);
    Leg leg(*spec, in, network, output);
    end = leg.run();
    // For the process's end to close, when all is told: unmounting waits for
    // RCU grace periods, and the next leg need not wait with it.
    static_cast<void>(leg.take_mounts().release());
  }
  output.record(end);
  return output.ok();
}

}  // namespace driftcage::cell
