// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/wait_status.h"
#include "harness/model/cage_spec.h"
#include "harness/wire/record.h"

// The only header of the project whose implementation includes Boost.
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
  Capture,  // stdin /dev/null, stdout and stderr to the observer
  Inherit,  // the runner's own: `driftcage trace`
};

// One event loop over many driftcage-cell processes; one thread.
class Launcher {
 public:
  // `cell` is the path of driftcage-cell.
  explicit Launcher(std::string cell);
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // Starts a cell. Returns at once; everything else comes by the observer.
  void start(const model::CageSpec& spec, Stdio stdio, CellObserver observer);
  // Runs until every started cell is done. SIGINT and SIGTERM: first asks
  // `on_signal`; a second one cancels all cells. Returns the signal or 0.
  int run(const std::function<void(int signal)>& on_signal = {});
  // Ends all running cells; their `done` still comes.
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
