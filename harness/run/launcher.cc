// SPDX-License-Identifier: Apache-2.0
//
// One event loop over the cells. A cell is forked by a nursery, or spawned with
// posix_spawn(3), and not by Boost.Process's own launcher: that one forks, and
// in Boost 1.81 its child re-registers every descriptor of the loop, leaves
// descriptors open, leaves a zombie and runs exit(3) handlers when the exec
// fails. Boost.Process then attaches to the pid and waits for it through a
// pidfd.
//
// Descriptors of a cell: 0 to 2 as Stdio says, 3 reads the spec, 4 takes the
// event stream. The spec's pipe stays open until the end; closing it is the
// request to stop, and also what a dying runner does.
#include "harness/run/launcher.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "harness/run/asio.h"
#include "harness/run/cell_process.h"
#include "harness/run/loop_extras.h"
#include "harness/run/nursery.h"
#include "harness/wire/nursery.h"

namespace driftcage::run {
namespace {

using std::chrono::milliseconds;

// Signals that come this close together are one. No finger is that fast.
constexpr milliseconds kOneWish{50};

// By whoever started this program, who wants it to be so: nohup(1), or a shell
// for what it runs in the background.
bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 &&
         action.sa_handler == SIG_IGN;
}

// Everything of the loop that needs descriptors of its own, made at once: a
// limit of open files that is too low for it shows here and nowhere later.
struct Loop {
  asio::io_context io{1};  // one thread: no locks
  asio::signal_set pipe{io};
};

}  // namespace

struct Launcher::State {
  State(std::string cell, milliseconds patience)
      : program(std::move(cell)), grace(patience) {
    try {
      loop.emplace();
    } catch (const boost::system::system_error& error) {
      no_loop = base::fail("make the event loop", {}, error.code().value());
    }
  }

  std::uint8_t take_slot();
  base::Result<Spawned> spawn(Stdio stdio, int terminal, std::uint8_t slot,
                              int cpu);
  void await_signal(asio::signal_set& signals, int& first,
                    const std::function<void(int)>& on_signal);

  const std::string program;
  const milliseconds grace;
  std::optional<Loop> loop;
  base::Status no_loop;
  std::vector<CellObserver> refused;  // started without a loop
  std::set<std::shared_ptr<CellProcess>> cells;
  std::optional<Nursery> nursery;
  std::array<bool, wire::kNurserySlots> taken{};       // slots
  std::chrono::steady_clock::time_point first_signal;  // of the first signal
  std::size_t captured = 0;  // cells started with Stdio::Capture so far
  bool no_nursery = false;   // it was tried
  struct sigaction old_pipe_action {};
};

Launcher::Launcher(std::string cell, milliseconds grace)
    : state_(std::make_unique<State>(std::move(cell), grace)) {
  // A cell that dies while its spec is written must not end the runner.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &state_->old_pipe_action);
}

Launcher::~Launcher() {
  ::sigaction(SIGPIPE, &state_->old_pipe_action, nullptr);
}

std::uint8_t Launcher::State::take_slot() {
  auto* const free = std::find(taken.begin(), taken.end(), false);
  if (free != taken.end()) *free = true;
  return static_cast<std::uint8_t>(free - taken.begin());
}

// A nursery pays from the second cell on. Cells can be had without it, too:
// where one cannot be started, or has died, nothing is lost but time.
base::Result<Spawned> Launcher::State::spawn(Stdio stdio, int terminal,
                                             std::uint8_t slot, int cpu) {
  if (stdio == Stdio::Capture && captured++ > 0 && !no_nursery) {
    if (!nursery) {
      if (auto started = Nursery::start(program)) {
        nursery.emplace(*std::move(started));
      }
    }
    if (nursery) {
      if (auto spawned = nursery->spawn(slot, cpu)) return spawned;
      nursery.reset();
    }
    no_nursery = true;
  }
  auto spawned = spawn_cell(program, stdio, terminal);
  if (spawned) pin(spawned->pid, cpu);
  return spawned;
}

void Launcher::start(const model::CageSpec& spec, Stdio stdio,
                     CellObserver observer, int terminal) {
  State& state = *state_;
  if (!state.loop) {
    state.refused.push_back(std::move(observer));
    return;
  }
  const std::uint8_t slot = state.take_slot();
  auto cell = std::make_shared<CellProcess>(
      state.loop->io, state.grace, std::move(observer),
      [&state, slot](const std::shared_ptr<CellProcess>& ended, bool gone) {
        state.cells.erase(ended);
        // Whoever is left may still use what belongs to the slot.
        if (gone && slot < wire::kNurserySlots) state.taken.at(slot) = false;
      });
  state.cells.insert(cell);
  auto spawned = state.spawn(stdio, terminal, slot,
                             spec.trace.pin_cpu ? spec.trace.cpu : -1);
  if (!spawned) {
    cell->fail(std::move(spawned).error());
    return;
  }
  auto started = cell->start(*std::move(spawned), state.program, spec);
  if (!started) cell->fail(std::move(started).error());
}

void Launcher::State::await_signal(asio::signal_set& signals, int& first,
                                   const std::function<void(int)>& on_signal) {
  signals.async_wait([&, this](ErrorCode error, int number) {
    if (error) return;
    const bool again = first != 0;
    const auto now = std::chrono::steady_clock::now();
    // timeout(1) signals its child and then the whole group: one wish.
    if (again && now - first_signal < kOneWish) {
      await_signal(signals, first, on_signal);
      return;
    }
    if (!again) first = number;
    if (!again && on_signal) {
      on_signal(number);
    } else {
      // A copy: a cell that fails at once leaves the set.
      const auto running = cells;
      for (const auto& cell : running) cell->cancel();
    }
    // What was answered slowly, to a terminal that is held, was not asked
    // twice.
    if (!again) first_signal = std::chrono::steady_clock::now();
    await_signal(signals, first, on_signal);
  });
}

int Launcher::run(const LoopHooks& hooks) {
  State& state = *state_;
  while (!state.refused.empty()) {
    // Its `done` may start more.
    const CellObserver observer = std::move(state.refused.back());
    state.refused.pop_back();
    observer.done(tl::make_unexpected(state.no_loop.error()));
  }
  if (!state.loop) return 0;
  asio::io_context& io = state.loop->io;
  int first = 0;
  io.restart();
  Extras extras(io, hooks);
  std::optional<Relay> relay;
  if (hooks.pty >= 0) relay.emplace(io, hooks);
  {
    asio::signal_set signals(io);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      if (!is_ignored(number)) signals.add(number);
    }
    state.await_signal(signals, first, hooks.on_signal);
    while (!state.cells.empty()) io.run_one();
  }
  state.nursery.reset();
  extras.stop();
  if (relay) relay->stop();
  io.restart();
  io.poll();  // handlers of what was just cancelled
  return first;
}

int Launcher::run(const std::function<void(int signal)>& on_signal) {
  LoopHooks hooks;
  hooks.on_signal = on_signal;
  return run(hooks);
}

void Launcher::cancel_all() {
  const auto running = state_->cells;
  for (const auto& cell : running) cell->cancel();
}

std::size_t Launcher::running() const { return state_->cells.size(); }

}  // namespace driftcage::run
