// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/model/cage_spec.h"
#include "harness/model/event.h"
#include "harness/wire/record.h"

namespace driftcage::testing {

// What one driftcage-cell said and did.
struct CellRun {
  wire::Hello hello;
  wire::CageUp up;
  wire::End end;
  std::vector<model::Event> events;
  bool ended = false;   // an End record came, and nothing after it
  int cell_status = 0;  // as waitpid(2) gives it
  std::string out;      // the payload's standard streams
  std::string err;
};

// What a cell's records say.
[[nodiscard]] CellRun decode_run(const std::string& records);

// Who starts the cell.
enum class Caller : std::uint8_t {
  Self,      // whoever runs the tests
  Ordinary,  // a user without any privilege: another one than root
};

// Makes the calling process Caller::Ordinary, or ends it. Whoever is not root
// is ordinary already.
void become_ordinary();

// A running driftcage-cell.
class Cell {
 public:
  explicit Cell(const model::CageSpec& spec, Caller caller = Caller::Self);
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;
  ~Cell();

  // Closes the descriptor that the cell reads its spec from.
  void cancel() { spec_.reset(); }
  // Reads the payload's stdout until `text` came, or the end.
  void wait_for_output(const std::string& text);
  // Reads everything and reaps the cell.
  CellRun finish();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  bool read_some();

  pid_t pid_ = -1;
  base::UniqueFd spec_;
  base::UniqueFd trace_;
  base::UniqueFd out_;
  base::UniqueFd err_;
  std::string records_;
  CellRun run_;
};

// Path of the driftcage-cell that was built with the tests.
[[nodiscard]] std::string cell_path();

// Path of the static program cage_payload, of tests/fixtures.
[[nodiscard]] std::string payload_path();

[[nodiscard]] CellRun run_cell(const model::CageSpec& spec,
                               Caller caller = Caller::Self);

// A healthy cage over the host: run-time folders masked, own home and work
// directory, untraced.
[[nodiscard]] model::CageSpec host_spec(std::vector<std::string> argv);
// The same for a shell line.
[[nodiscard]] model::CageSpec shell_spec(const std::string& line);

// The same for cage_payload with arguments; it is at kPayload in the cage.
inline constexpr const char* kPayload = "/opt/cage_payload";
[[nodiscard]] model::CageSpec payload_spec(std::vector<std::string> arguments);

// "" when `caller` can make cages on this machine, else why not.
[[nodiscard]] std::string why_no_cages(Caller caller = Caller::Self);
// What is wrong with a run that should have ended with `code`; "" for nothing.
[[nodiscard]] std::string unlike_exit(const CellRun& run, int code);

}  // namespace driftcage::testing
