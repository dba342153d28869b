// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/wait_status.h"
#include "harness/model/event.h"

namespace driftcage::wire {

// Bumped whenever a record's bytes change. Runner and cell are built together,
// stored traces are not: a reader refuses another version by name.
inline constexpr std::uint32_t kVersion = 8;

// First record of every stream.
struct Hello {
  std::uint32_t version = kVersion;
  std::uint64_t wall_ns = 0;  // CLOCK_REALTIME of event time zero
  std::string engine;         // "seccomp", "ptrace", "untraced"
  bool operator==(const Hello&) const = default;
};

// How long one step of the cage's set-up took.
struct StepTime {
  std::string step;
  std::uint64_t ns = 0;
  bool operator==(const StepTime&) const = default;
};

// The cage stands and the payload is about to start.
struct CageUp {
  std::string rung;  // "full", "no-fresh-proc", "chroot", "in-place"
  std::vector<StepTime> steps;
  std::vector<std::string> notes;  // fallbacks that were taken
  std::uint32_t ids = 1;           // user and group ids that it has, from 0 on
  bool operator==(const CageUp&) const = default;
};

enum class Outcome : std::uint8_t {
  Finished,     // the payload ended by itself: see status
  SpawnFailed,  // execve of the payload failed: see error.err
  Timeout,
  Cancelled,  // asked to stop by the runner
  CageError,  // the cage could not be made: see error
  TraceError,
  Leak,
};
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

// Last record of a cell: the only source of truth for how a leg ended.
struct End {
  Outcome outcome = Outcome::Finished;
  base::WaitStatus status;  // of the payload's first process
  base::Error error;
  std::uint32_t integrity = 0;  // model::Integrity bits
  std::uint64_t events = 0;
  std::uint64_t duration_ns = 0;  // payload start to its end
  std::uint64_t cage_ns = 0;      // set-up before that
  std::uint64_t left_behind = 0;  // processes still alive when it ended
  bool operator==(const End&) const = default;
};

// Behind the End of a stored trace that is whole.
struct Seal {
  std::string digest;  // of all bytes before: "sha256:..."
  bool operator==(const Seal&) const = default;
};

using Record = std::variant<Hello, CageUp, model::ProcessStart, model::Event,
                            model::ProcessEnd, End, model::Mapped, Seal>;

}  // namespace driftcage::wire
