// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/wait_status.h"
#include "harness/model/cage_spec.h"
#include "harness/wire/record.h"

// What the rest of the project sees of Boost.Asio and Boost.Process: nothing.
namespace driftcage::run {

// What comes out of one cell. All calls happen on the loop's thread.
struct CellObserver {
  std::function<void(std::string_view bytes)> trace_bytes;  // raw, for storing
  std::function<void(const wire::Record&)> record;
  std::function<void(std::string_view)> out;  // the payload's stdout
  std::function<void(std::string_view)> err;
  // Once, last, after all streams have ended and the cell was reaped. An error
  // when the cell could not be started or its stream is broken.
  std::function<void(base::Result<wire::End>)> done;
};

// How a payload's standard streams are connected.
enum class Stdio : std::uint8_t {
  Capture,   // stdin /dev/null, stdout and stderr to the observer
  Inherit,   // the runner's own: `driftcage trace`
  Terminal,  // all three are the terminal that start() was given
};

// What happens in the loop besides cells. All calls on the loop's thread.
struct LoopHooks {
  // The first SIGINT, SIGTERM, SIGHUP or SIGQUIT; cancel_all when there is
  // none.
  std::function<void(int signal)> on_signal;
  // SIGUSR1, or a byte that can be read from `keys`: somebody asks what is
  // going on. Without it SIGUSR1 keeps its meaning and `keys` is left alone.
  std::function<void()> on_query;
  int keys = -1;
  std::chrono::milliseconds tick{0};  // 0: none
  std::function<void()> on_tick;
  std::chrono::milliseconds deadline{
      0};  // once, that long after run(); 0: none
  std::function<void()> on_deadline;
  // Called whenever `door`, a listening socket of the caller's, has a visitor.
  int door = -1;
  std::function<void()> on_door;
  // A terminal in raw mode and the side of a pty that bytes are relayed to and
  // from; its size follows the terminal's (SIGWINCH). Both stay the caller's.
  int terminal = -1;
  int pty = -1;
};

// One event loop over many driftcage-cell processes; one thread.
class Launcher {
 public:
  // `cell` is the path of driftcage-cell. A cell keeps its own time; one that
  // is still there `grace` after it should have ended is killed. SIGPIPE is
  // ignored for as long as a Launcher exists.
  explicit Launcher(std::string cell,
                    std::chrono::milliseconds grace = std::chrono::seconds(15));
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // Starts a cell. Returns at once; everything else comes by the observer.
  // `terminal`: for Stdio::Terminal, the other side of a pty(7).
  void start(const model::CageSpec& spec, Stdio stdio, CellObserver observer,
             int terminal = -1);
  // Runs until every started cell is done. SIGINT, SIGTERM, SIGHUP and SIGQUIT,
  // unless
  // they are ignored: the first one calls `on_signal`, each further one calls
  // cancel_all, unless it follows within 50 ms. Returns the first signal or 0.
  int run(const LoopHooks& hooks);
  int run(const std::function<void(int signal)>& on_signal = {});
  // Asks all running cells to end; those asked before are killed. Their `done`
  // still comes.
  void cancel_all();
  [[nodiscard]] std::size_t running() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Path of driftcage-cell: DRIFTCAGE_CELL, beside the running program, or in
// ../libexec/driftcage of it.
[[nodiscard]] base::Result<std::string> find_cell();

}  // namespace driftcage::run
